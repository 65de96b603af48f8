//! Slots that an age plugin opens: one of our own that asks for a PIN, and a real one that keeps its keys in software.

use crate::sandbox::Sandbox;
use crate::tui_rig::Terminal;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

const RECIPIENT: &str = "age1fake1v3exzam9wghgx8d4";
const IDENTITY: &str = "AGE-PLUGIN-FAKE-1V3EXZAM9WG2QJ5WU";

/// A user with the plugin of our own and its identity file.
fn with_plugin() -> (Sandbox, String) {
    let mut sandbox = Sandbox::new();
    let plugin = sandbox.write("bin/age-plugin-fake", include_str!("age_plugin.sh"));
    fs::set_permissions(&plugin, fs::Permissions::from_mode(0o700)).unwrap();
    let path = format!("{}:/usr/bin:/bin", sandbox.path("bin").display());
    sandbox.set("PATH", &path);
    let key = sandbox.write("key.txt", &format!("# in the drawer\n{IDENTITY}\n"));
    let key = key.to_str().unwrap().to_owned();
    (sandbox, key)
}

fn runs(sandbox: &Sandbox) -> usize {
    let runs = fs::read_to_string(sandbox.path("home/plugin-runs")).unwrap_or_default();
    runs.lines().count()
}

#[test]
fn a_plugin_shows_what_it_wants_and_opens_the_vault_for_the_right_pin() {
    let (sandbox, key) = with_plugin();
    sandbox.run(["init", "--recipient", RECIPIENT]).ok();
    assert_eq!(runs(&sandbox), 1);
    let list = ["list", "--identity-file", &key];
    let mut terminal = Terminal::start(&sandbox, &list, 100, 24);
    terminal.wait_for("PIN of the fake key:");
    terminal.secret("1234");
    let (status, screen) = terminal.finish();
    assert!(status.success(), "{screen}");
    assert!(
        screen.contains("Touch the fake key.") && !screen.contains("1234"),
        "{screen}"
    );

    let mut terminal = Terminal::start(&sandbox, &list, 100, 24);
    terminal.wait_for("PIN of the fake key:");
    terminal.secret("9999");
    let (status, screen) = terminal.finish();
    assert_eq!(status.exit_code(), 4, "{screen}");
    assert!(screen.contains("the PIN is wrong"), "{screen}");
}

#[test]
fn with_nobody_there_a_plugin_is_refused_and_a_missing_one_is_named() {
    let (mut sandbox, key) = with_plugin();
    sandbox.run(["init", "--recipient", RECIPIENT]).ok();
    let words = sandbox.run(["list", "--identity-file", &key]).fails(4);
    assert!(words.contains("the PIN is wrong"), "{words}");
    sandbox.set("PATH", "/usr/bin:/bin");
    let words = sandbox.run(["list", "--identity-file", &key]).fails(4);
    assert!(
        words.contains("age-plugin-fake is not installed"),
        "{words}"
    );
    let other = Sandbox::new();
    let words = other.run(["init", "--recipient", RECIPIENT]).fails(4);
    assert!(
        words.contains("age-plugin-fake is not installed"),
        "{words}"
    );
    assert!(!other.vault().exists());
}

#[test]
fn a_plugin_is_not_troubled_for_slots_that_it_cannot_open() {
    let (sandbox, key) = with_plugin();
    let (identity, recipient) = crate::vault_fixture::key_pair();
    sandbox.run(["init", "--recipient", &recipient]).ok();
    sandbox.run(["list", "--identity-file", &key]).fails(4);
    assert_eq!(runs(&sandbox), 0);
    let plain = sandbox.write("plain.txt", identity.expose_secret());
    let plain = plain.to_str().unwrap();
    let add = ["vault", "add-slot", "--recipient", RECIPIENT];
    sandbox
        .run([add.as_slice(), &["--identity-file", plain]].concat())
        .ok();
    // A new key for the vault needs nobody but the plugin: its recipient is in the slot.
    let rotate = ["vault", "rotate-key", "--identity-file", plain];
    sandbox.run(rotate).ok();
    assert_eq!(runs(&sandbox), 2);
    let mut terminal = Terminal::start(&sandbox, &["list", "--identity-file", &key], 100, 24);
    terminal.wait_for("PIN of the fake key:");
    terminal.secret("1234");
    let (status, screen) = terminal.finish();
    assert!(status.success(), "{screen}");
}

/// Says something to the program at a terminal where the plugin asks for its PIN; gives the exit code and the screen.
fn with_pin(sandbox: &Sandbox, arguments: &[&str], pin: &str) -> (u32, String) {
    let mut terminal = Terminal::start(sandbox, arguments, 100, 24);
    terminal.wait_for("PIN of the fake key:");
    terminal.secret(pin);
    let (status, screen) = terminal.finish();
    (status.exit_code(), screen)
}

#[test]
fn a_plugin_asks_where_the_person_is_and_opens_an_owner_that_has_nobody_to_ask() {
    let (sandbox, key) = with_plugin();
    sandbox.run(["init", "--recipient", RECIPIENT]).ok();
    let daemon = ["daemon", "--identity-file", &key];
    let mut daemon = Terminal::start(&sandbox, &daemon, 100, 24);
    daemon.wait_for("PIN of the fake key:");
    daemon.secret("1234");
    daemon.wait_for("ready");
    sandbox.run(["lock"]).ok();
    let before = runs(&sandbox);
    let unlock = ["unlock", "--identity-file", &key];
    let words = sandbox.run(unlock).fails(4);
    assert!(words.contains("the PIN is wrong"), "{words}");
    let (code, screen) = with_pin(&sandbox, &unlock, "9999");
    assert_eq!(code, 4, "{screen}");
    sandbox.run(["list"]).fails(4);
    let (code, screen) = with_pin(&sandbox, &unlock, "1234");
    assert!(code == 0 && screen.contains("Unlocked."), "{screen}");
    sandbox.run(["list"]).ok();
    assert_eq!(runs(&sandbox), before + 3, "each try troubled it once");
    let said = sandbox
        .run(["unlock", "--identity-file", &key, "--json"])
        .json();
    assert_eq!(
        (&said["was_locked"], &said["checked"]),
        (&false.into(), &false.into())
    );
    assert_eq!(
        runs(&sandbox),
        before + 3,
        "nobody is troubled for an open vault"
    );
}

/// The folder of the real plugin, whose keys are post-quantum ones (ML-KEM with X25519) in a file.
fn real_plugin() -> Option<String> {
    std::env::var("TOKENWARD_TEST_AGE_PLUGIN").ok()
}

#[test]
#[ignore = "needs a real age plugin: tests/providers/run plugin"]
fn a_plugin_by_others_opens_slots_backups_and_a_vault_with_a_new_key() {
    let folder = real_plugin().expect("TOKENWARD_TEST_AGE_PLUGIN names the plugin's folder");
    let mut sandbox = Sandbox::new();
    sandbox.set("PATH", &format!("{folder}:/usr/bin:/bin"));
    let new_key = || {
        let program = Path::new(&folder).join("age-plugin-xwing");
        let made = Command::new(program).output().unwrap();
        String::from_utf8(made.stdout).unwrap()
    };
    let made = new_key();
    let recipient = made
        .split_whitespace()
        .find(|word| word.starts_with("age1xwing1"))
        .unwrap();
    let key = sandbox.write("key.txt", &made);
    let key = key.to_str().unwrap();
    sandbox.run(["init", "--recipient", recipient]).ok();
    sandbox.set("TOKENWARD_IDENTITY_FILE", key);
    sandbox.run(["list"]).ok();
    sandbox.run(["vault", "rotate-key"]).ok();
    sandbox.run(["vault", "verify"]).ok();
    let slots = sandbox.run(["vault", "slots"]).ok();
    assert!(
        slots.lines().all(|line| line.chars().count() <= 100),
        "{slots}"
    );

    let backup = sandbox.path("backup.age");
    let backup = backup.to_str().unwrap();
    sandbox
        .run(["vault", "backup", "--recipient", recipient, backup])
        .ok();
    fs::remove_file(sandbox.vault()).unwrap();
    sandbox.run(["vault", "restore", backup]).ok();
    sandbox.run(["list"]).ok();
    fs::write(key, new_key()).unwrap();
    sandbox.run(["list"]).fails(4);
}
