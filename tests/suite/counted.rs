//! Wrong passphrases, counted at the vault whatever copy of it they were tried on.

use crate::sandbox::{PASSPHRASE, Run, Sandbox};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokenward::clock::now;
use tokenward::vault::daily::{Daily, folder_beside};
use tokenward::vault::tries::Tries;

/// A vault with a backup of today and two of January; they open with its passphrase.
fn with_backups() -> (Sandbox, PathBuf) {
    let mut sandbox = Sandbox::with_vault();
    for which in ["FIRST", "LONGEST"] {
        let wait = format!("TOKENWARD_LIMITS_PASSPHRASE_{which}_WAIT_SECS");
        sandbox.set(&wait, "3600");
    }
    let daily = Daily {
        folder: folder_beside(&sandbox.vault()),
        vault: sandbox.vault(),
        keep_daily: 7,
        keep_weekly: 4,
        after: Duration::ZERO,
    };
    daily.make(now()).unwrap();
    let newest = daily.newest().unwrap();
    for day in ["2026-01-05", "2026-01-06"] {
        std::fs::copy(&newest, daily.folder.join(format!("vault-{day}.db"))).unwrap();
    }
    (sandbox, newest)
}

fn with(sandbox: &Sandbox, passphrase: &str, arguments: &[&str]) -> Run {
    let file = sandbox.write("given", passphrase);
    let mut command = sandbox.command(arguments);
    command.args(["--passphrase-file", file.to_str().unwrap()]);
    command.output().unwrap().into()
}

/// How many wrong ones are counted at the vault; elsewhere there must be none.
#[track_caller]
fn wrong(sandbox: &Sandbox) -> u32 {
    let vault = sandbox.vault();
    let folders = [vault.parent().unwrap().to_path_buf(), folder_beside(&vault)];
    let files = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let counts: Vec<PathBuf> = files
        .map(|file| file.unwrap().path())
        .filter(|path| path.to_string_lossy().contains(".tries"))
        .collect();
    let own = PathBuf::from(format!("{}.tries", vault.display()));
    assert!(counts.iter().all(|path| *path == own), "{counts:?}");
    Tries::read(&vault).wrong
}

#[test]
fn a_wrong_passphrase_is_counted_at_the_vault_once_whatever_it_was_given_for() {
    let (sandbox, backup) = with_backups();
    let backup = backup.to_str().unwrap();
    let commands: [&[&str]; 3] = [
        &["vault", "verify"],
        &["vault", "backups", "--verify"],
        &["vault", "restore", backup],
    ];
    for (before, command) in (0..).zip(commands) {
        assert_eq!(wrong(&sandbox), before);
        let words = with(&sandbox, "not this one", command).fails(4);
        assert!(words.contains("opens no slot"), "{command:?}: {words}");
    }
    assert_eq!(wrong(&sandbox), 3);
    // All of them wait now, and so does the right one.
    for command in commands {
        let words = with(&sandbox, PASSPHRASE, command).fails(7);
        assert!(
            words.contains("3 wrong passphrases in a row"),
            "{command:?}: {words}"
        );
    }
    assert!(Path::new(backup).exists());
}

#[test]
fn who_knows_the_vaults_passphrase_guesses_nothing_at_backups_with_another_one() {
    let (sandbox, _) = with_backups();
    let new = sandbox.write("new", "a passphrase of today");
    let change = ["vault", "change-passphrase", "--new-passphrase-file"];
    let mut command = sandbox.command(change);
    let changed: Run = command.arg(&new).output().unwrap().into();
    changed.ok();
    let words = with(
        &sandbox,
        "a passphrase of today",
        &["vault", "backups", "--verify"],
    )
    .fails(1);
    assert!(
        words.contains("3 of 3 daily backups cannot be used"),
        "{words}"
    );
    assert_eq!(wrong(&sandbox), 0);
    with(&sandbox, "a passphrase of today", &["vault", "verify"]).ok();
}

#[test]
fn backups_of_a_vault_that_is_broken_are_opened_and_wrong_passphrases_counted_where_it_was() {
    let (sandbox, _) = with_backups();
    std::fs::write(sandbox.vault(), "no vault any more").unwrap();
    let verify = ["vault", "backups", "--verify"];
    with(&sandbox, PASSPHRASE, &verify).ok();
    assert_eq!(wrong(&sandbox), 0);
    let words = with(&sandbox, "not this one", &verify).fails(1);
    assert!(
        words.contains("3 of 3 daily backups cannot be used"),
        "{words}"
    );
    assert_eq!(wrong(&sandbox), 3);
}
