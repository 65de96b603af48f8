//! Opening a secret without this program: the README's commands, run as they stand there.

use crate::vault_fixture::{key_pair, new_vault, save};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;
use tokenward::secret::Passphrase;
use tokenward::vault::file::VaultFile;
use tokenward::vault::slot::{Key, NewSlot};

/// From a slot that a key file opens. `id = 1` is the slot, and the credential.
const WITH_A_KEY_FILE: &str = r#"
sqlite3 vault.db "SELECT writefile('slot.age', sealed) FROM slot WHERE id = 1"
age -d -i key.txt slot.age > identity.txt
"#;

/// From a slot that a passphrase opens: age asks for it.
const WITH_A_PASSPHRASE: &str = r#"
sqlite3 vault.db "SELECT writefile('slot.age', sealed) FROM slot WHERE id = 1"
age -d slot.age > identity.txt
"#;

const THEN: &str = r#"
sqlite3 vault.db "SELECT writefile('secret.age', secret) FROM credential WHERE id = 1"
age -d -i identity.txt secret.age
"#;

fn tools_are_missing() -> bool {
    let missing: Vec<&str> = ["age", "sqlite3"]
        .into_iter()
        .filter(|tool| Command::new(tool).arg("--version").output().is_err())
        .collect();
    if !missing.is_empty() {
        // Past the test harness, which would keep it to itself.
        let message = format!(
            "SKIPPED the recovery test: {} not installed\n",
            missing.join(" and ")
        );
        std::io::stderr().write_all(message.as_bytes()).unwrap();
    }
    !missing.is_empty()
}

fn run(folder: &Path, script: &str) -> String {
    let output = Command::new("sh")
        .args(["-e", "-c", script])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn assert_is_the_secret(json: &str) {
    let start = json.find('{').unwrap();
    let secret: serde_json::Value = serde_json::from_str(&json[start..]).unwrap();
    assert_eq!(secret["v"], 1);
    assert_eq!(secret["access_token"], "marker-access-github/alice-1");
    assert_eq!(secret["refresh_token"], "marker-refresh-github/alice-1");
    assert_eq!(
        secret["client"]["client_secret"],
        "marker-client-secret-github"
    );
}

#[test]
fn the_readme_has_the_commands_that_are_run_here() {
    let readme = include_str!("../../README.md");
    for script in [WITH_A_KEY_FILE, WITH_A_PASSPHRASE, THEN] {
        assert!(readme.contains(&format!("```sh{script}```")), "{script}");
    }
}

#[test]
fn sqlite3_and_age_open_a_secret_with_a_key_file() {
    if tools_are_missing() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (mut vault, key) = new_vault(&folder.path().join("vault.db"));
    save(&mut vault, "github/alice");
    drop(vault);
    let Key::Identity(identity) = key else {
        panic!("a key file was asked for");
    };
    let file = format!("# created by hand\n{}\n", identity.text().expose_secret());
    fs::write(folder.path().join("key.txt"), file).unwrap();
    assert_is_the_secret(&run(folder.path(), &format!("{WITH_A_KEY_FILE}{THEN}")));
}

#[test]
fn sqlite3_and_age_open_a_secret_with_the_passphrase() {
    if tools_are_missing() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let phrase = "correct horse battery";
    let slot = NewSlot::Passphrase(Passphrase::new(phrase.to_owned()));
    let mut vault = VaultFile::create(&folder.path().join("vault.db"), slot, 10).unwrap();
    save(&mut vault, "github/alice");
    drop(vault);
    type_passphrase(folder.path(), WITH_A_PASSPHRASE, phrase);
    assert_is_the_secret(&run(folder.path(), THEN));
}

/// age reads a passphrase from a terminal only: this is one.
fn type_passphrase(folder: &Path, script: &str, phrase: &str) {
    let pty = native_pty_system().openpty(PtySize::default()).unwrap();
    let mut command = CommandBuilder::new("sh");
    command.args(["-e", "-c", script]);
    command.cwd(folder);
    let mut child = pty.slave.spawn_command(command).unwrap();
    drop(pty.slave);
    let mut screen = pty.master.try_clone_reader().unwrap();
    let mut keyboard = pty.master.take_writer().unwrap();
    let mut seen = String::new();
    let mut buffer = [0; 256];
    while !seen.contains("passphrase") {
        let read = screen.read(&mut buffer).unwrap();
        assert!(read > 0, "age asked for nothing: {seen}");
        seen.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    keyboard
        .write_all(format!("{phrase}\r").as_bytes())
        .unwrap();
    // Drained until the end, so that the child never waits for us.
    std::thread::spawn(move || std::io::copy(&mut screen, &mut std::io::sink()));
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_slot_is_no_file_of_a_stranger() {
    if tools_are_missing() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    drop(new_vault(&folder.path().join("vault.db")));
    let (stranger, _) = key_pair();
    fs::write(folder.path().join("key.txt"), stranger.expose_secret()).unwrap();
    let status = Command::new("sh")
        .args(["-e", "-c", WITH_A_KEY_FILE])
        .current_dir(folder.path())
        .output()
        .unwrap()
        .status;
    assert!(!status.success());
}
