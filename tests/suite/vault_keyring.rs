//! A real keyring: `gnome-keyring-daemon` on a D-Bus of its own, never the person's.

use crate::vault_fixture::{everything, fill, key_pair};
use std::fs;
use std::path::Path;
use std::process::Command;
use tokenward::secret::Passphrase;
use tokenward::vault::error::VaultError;
use tokenward::vault::file::VaultFile;
use tokenward::vault::rotation::{Kept, verify_anew};
use tokenward::vault::slot::{Key, NewSlot};

/// One bus, its own home, an unlocked keyring; then the test named in `$1` in the program `$0`.
const UNLOCKED: &str = r#"
echo -n test | gnome-keyring-daemon --unlock --components=secrets --daemonize >/dev/null
exec "$0" --ignored --exact "$1"
"#;

/// The same, but nobody has unlocked the keyring, and nobody is there to ask.
const LOCKED: &str = r#"
echo -n test | gnome-keyring-daemon --unlock --components=secrets --daemonize >/dev/null
TOKENWARD_TEST_KEYRING=fill "$0" --ignored --exact "$1" >/dev/null
gdbus call --session --dest org.freedesktop.secrets --object-path /org/freedesktop/secrets \
  --method org.freedesktop.Secret.Service.Lock "['/org/freedesktop/secrets/collection/login']" >/dev/null
exec "$0" --ignored --exact "$1"
"#;

/// A bus on which a service is started on demand, and no keyring was ever made.
const NOT_SET_UP: &str = r#"exec "$0" --ignored --exact "$1""#;

const HOME: &str = "TOKENWARD_TEST_KEYRING_HOME";
const STEP: &str = "TOKENWARD_TEST_KEYRING";

/// Runs the test again inside a session of its own; `None`: this is that run, and here is its home.
fn in_a_session(test: &str, script: &str) -> Option<std::path::PathBuf> {
    if let Some(home) = std::env::var_os(HOME) {
        return Some(home.into());
    }
    let home = tempfile::tempdir().unwrap();
    let output = Command::new("dbus-run-session")
        .args(["--", "sh", "-e", "-c", script])
        .arg(std::env::current_exe().unwrap())
        .arg(format!("vault_keyring::{test}"))
        .env("HOME", home.path())
        .env(HOME, home.path())
        .env("XDG_RUNTIME_DIR", home.path())
        .env("XDG_DATA_HOME", home.path().join("data"))
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .output()
        .expect("dbus-run-session is installed");
    let said = String::from_utf8_lossy(&output.stdout);
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{why}"
    );
    None
}

fn create(path: &Path) -> Result<(), VaultError> {
    let mut vault = VaultFile::create(path, NewSlot::Keyring, 1)?;
    fill(&mut vault);
    Ok(())
}

#[test]
#[ignore = "needs dbus-run-session and gnome-keyring-daemon"]
fn a_real_keyring_opens_the_vault() {
    let Some(home) = in_a_session("a_real_keyring_opens_the_vault", UNLOCKED) else {
        return;
    };
    let path = home.join("vault/vault.db");
    create(&path).unwrap();
    let locked = VaultFile::open(&path).unwrap();
    let mut vault = locked.unlock(&Key::Keyring).unwrap();
    assert!(everything(&mut vault).unwrap().contains("github/alice"));
    assert!(matches!(
        vault.add_slot(&NewSlot::Keyring, 1),
        Err(VaultError::KeyringSlotExists { id: 1 })
    ));
    let (identity, recipient) = key_pair();
    vault.add_slot(&NewSlot::Recipient(recipient), 1).unwrap();
    vault.remove_slot(1).unwrap();
    drop(vault);

    // The slot is put back, but its entry left the keyring with it.
    let locked_again = VaultFile::open(&path).unwrap();
    assert!(matches!(
        locked_again.unlock(&Key::Keyring),
        Err(VaultError::NoSlot { kind: "keyring" })
    ));
    assert!(matches!(
        locked.unlock(&Key::Keyring),
        Err(VaultError::KeyringEntryMissing)
    ));
    let mut vault = locked_again
        .unlock(&Key::Identity(identity.into()))
        .unwrap();
    vault.add_slot(&NewSlot::Keyring, 1).unwrap();
    VaultFile::open(&path)
        .unwrap()
        .unlock(&Key::Keyring)
        .unwrap();
}

#[test]
#[ignore = "needs dbus-run-session and gnome-keyring-daemon"]
fn a_keyring_slot_goes_along_when_the_vaults_key_is_replaced() {
    let test = "a_keyring_slot_goes_along_when_the_vaults_key_is_replaced";
    let Some(home) = in_a_session(test, UNLOCKED) else {
        return;
    };
    let path = home.join("vault/vault.db");
    create(&path).unwrap();
    let open = || VaultFile::open(&path)?.unlock(&Key::Keyring);
    let mut vault = open().unwrap();
    let before = vault.keys().recipient().to_string();
    let kept = Kept {
        id: 1,
        way: NewSlot::Keyring,
    };
    let rotated = vault.rotate_key(&[kept], 1).unwrap();
    let report = verify_anew(&path, &Key::Keyring).unwrap();
    assert!(report.is_whole(), "{report:?}");
    vault.forget_unused_keyring().unwrap();
    drop(vault);
    let mut anew = open().unwrap();
    assert_ne!(anew.keys().recipient().to_string(), before);
    assert!(everything(&mut anew).unwrap().contains("github/alice"));
    // The entry is still the one of the copy from before, which opens as well until it goes.
    VaultFile::open_read_only(&rotated.copy)
        .unwrap()
        .unlock(&Key::Keyring)
        .unwrap();
}

#[test]
#[ignore = "needs dbus-run-session and gnome-keyring-daemon"]
fn what_the_keyring_opens_wants_the_passphrase_for_a_change_of_slots() {
    let test = "what_the_keyring_opens_wants_the_passphrase_for_a_change_of_slots";
    let Some(home) = in_a_session(test, UNLOCKED) else {
        return;
    };
    let path = home.join("vault/vault.db");
    let word = || Passphrase::new("a word of mine".to_owned());
    let mut vault = VaultFile::create(&path, NewSlot::Passphrase(word()), 1).unwrap();
    vault.add_slot(&NewSlot::Keyring, 1).unwrap();
    drop(vault);
    let file = home.join("word");
    fs::write(&file, "a word of mine").unwrap();
    let add = |extra: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tokenward"));
        command
            .arg("--vault")
            .arg(&path)
            .args(["vault", "add-slot"]);
        command.arg("--recipient").arg(key_pair().1).args(extra);
        command.env("XDG_CONFIG_HOME", &home).output().unwrap()
    };
    let refused = add(&[]);
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(4), "{words}");
    assert!(words.contains("once more"), "{words}");
    let done = add(&["--passphrase-file", file.to_str().unwrap()]);
    assert!(done.status.success(), "{done:?}");
}

#[test]
#[ignore = "needs dbus-run-session, gnome-keyring-daemon and gdbus"]
fn a_locked_keyring_is_named_as_such() {
    let Some(home) = in_a_session("a_locked_keyring_is_named_as_such", LOCKED) else {
        return;
    };
    let path = home.join("vault/vault.db");
    if std::env::var_os(STEP).is_some() {
        return create(&path).unwrap();
    }
    let error = VaultFile::open(&path)
        .unwrap()
        .unlock(&Key::Keyring)
        .unwrap_err();
    assert!(
        matches!(error, VaultError::KeyringLocked { .. }),
        "{error:?}"
    );
}

#[test]
#[ignore = "needs dbus-run-session and gnome-keyring-daemon"]
fn a_keyring_that_was_never_set_up_is_named_as_such() {
    let test = "a_keyring_that_was_never_set_up_is_named_as_such";
    let Some(home) = in_a_session(test, NOT_SET_UP) else {
        return;
    };
    let error = create(&home.join("vault/vault.db")).unwrap_err();
    assert!(matches!(error, VaultError::NoDefaultKeyring), "{error:?}");
    assert_nothing_is_left(&home);
}

#[test]
fn a_session_without_keyring_is_named_as_such() {
    if let Some(home) = std::env::var_os(HOME) {
        let home = Path::new(&home);
        let error = create(&home.join("vault/vault.db")).unwrap_err();
        assert!(matches!(error, VaultError::NoKeyring), "{error:?}");
        return assert_nothing_is_left(home);
    }
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "vault_keyring::a_session_without_keyring_is_named_as_such",
        ])
        .env(HOME, home.path())
        .env("XDG_RUNTIME_DIR", home.path())
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

fn assert_nothing_is_left(home: &Path) {
    assert_eq!(std::fs::read_dir(home.join("vault")).unwrap().count(), 0);
}
