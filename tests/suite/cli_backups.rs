//! The daily backups from outside: listed, checked, told apart where vaults share a folder, brought back by time.

use crate::sandbox::{Run, Sandbox, provider};
use crate::tui_rig::Terminal;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokenward::clock::now;
use tokenward::demo::quirks::{Quirks, RotationRule};
use tokenward::vault::daily::{Daily, folder_beside};

fn single_use() -> Quirks {
    Quirks {
        access_lifetime: Some(Duration::from_secs(3600)),
        rotation: RotationRule::SingleUse,
        ..Quirks::default()
    }
}

fn daily(sandbox: &Sandbox) -> Daily {
    Daily {
        folder: folder_beside(&sandbox.vault()),
        vault: sandbox.vault(),
        keep_daily: 7,
        keep_weekly: 4,
        after: Duration::ZERO,
    }
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// What a command that fails says on its standard output all the same.
fn said_failing(run: Run, code: i32) -> Value {
    let said = serde_json::from_str(&run.stdout).unwrap();
    run.fails(code);
    said
}

#[test]
fn the_status_names_the_newest_daily_backup_and_it_can_be_restored() {
    let sandbox = Sandbox::with_vault();
    assert!(sandbox.run(["status", "--json"]).json()["backup"].is_null());
    let daily = daily(&sandbox);
    daily.make(now()).unwrap();
    let mode = std::fs::metadata(&daily.folder)
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
    let said = sandbox.run(["status", "--json"]).json();
    let file = said["backup"].as_str().unwrap().to_owned();
    assert_eq!(Some(Path::new(&file)), daily.newest().as_deref());
    assert!(sandbox.run(["status"]).ok().contains(&file));
    sandbox.run(["vault", "restore", &file]).ok();
}

#[test]
fn the_daily_backup_of_a_time_comes_back_and_all_of_them_are_listed() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(single_use());
    let empty = sandbox.run(["vault", "backups"]);
    assert!(empty.stderr.contains("no daily backup"), "{empty:?}");
    let words = sandbox.run(["vault", "restore", "--at", "1h"]).fails(1);
    assert!(words.contains("vault backups"), "{words}");
    sandbox.sign_in(&provider, "alice");
    let daily = daily(&sandbox);
    daily.make(now()).unwrap();
    let newest = daily.newest().unwrap();
    // One of another day, with a credential more.
    let old = daily.folder.join("vault-2026-01-05.db");
    std::fs::copy(&newest, &old).unwrap();
    std::fs::remove_file(&newest).unwrap();
    sandbox.sign_in(&provider, "bob");
    daily.make(now()).unwrap();
    let said = sandbox
        .run(["vault", "backups", "--verify", "--json"])
        .json();
    assert_eq!(
        (&said["whole"], &said["of_other_vaults"]),
        (&true.into(), &0.into())
    );
    let all = said["backups"].as_array().unwrap();
    assert_eq!(all.len(), 2, "{said}");
    assert_eq!(all[0]["file"], newest.to_str().unwrap());
    assert_eq!(
        (&all[0]["credentials"], &all[1]["credentials"]),
        (&2.into(), &1.into())
    );
    assert_eq!(
        all[1]["made_at"], "2026-01-05T23:59:59.999Z",
        "copied since: its day's end"
    );
    assert!(all.iter().all(|one| one["problem"].is_null()), "{said}");
    let shown = sandbox.run(["vault", "backups"]).ok();
    assert!(shown.contains("readable"), "{shown}");
    let words = sandbox
        .run(["vault", "restore", "--at", "2026-01-05T12:00:00Z"])
        .fails(1);
    assert!(
        words.contains("the oldest is of 2026-01-05T23:59:59"),
        "{words}"
    );
    let said = sandbox
        .run(["vault", "restore", "--at", "2026-01-07", "--json"])
        .json();
    assert_eq!(said["file"], old.to_str().unwrap(), "{said}");
    assert_eq!(said["credentials"], 1, "{said}");
    let said = sandbox
        .run(["vault", "restore", "--at", "0s", "--json"])
        .json();
    assert_eq!(said["file"], newest.to_str().unwrap(), "{said}");
}

#[test]
fn how_old_the_newest_backup_is_shows_on_the_health_screen_in_the_status_and_to_the_doctor() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(single_use());
    sandbox.sign_in(&provider, "alice");
    let found = |sandbox: &Sandbox| {
        let said = sandbox.run(["doctor", "--json"]);
        let said: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
        let all = said["findings"].as_array().unwrap().clone();
        all.into_iter().find(|it| it["check"] == "backups").unwrap()
    };
    assert_eq!(found(&sandbox)["verdict"], "warning");
    let _owner = sandbox.daemon();
    let mut ui = Terminal::start(&sandbox, &[], 120, 36);
    ui.wait_for("demo/alice");
    ui.keys("4");
    ui.wait_for("no daily backup yet");
    daily(&sandbox).make(now()).unwrap();
    ui.wait_for("newest backup");
    assert_eq!(found(&sandbox)["verdict"], "ok");
    assert!(sandbox.run(["status"]).ok().contains(" ago\n"));
    ui.keys("q");
}

#[test]
fn a_broken_backup_is_told_in_words_in_json_and_by_the_exit_code() {
    let sandbox = Sandbox::with_vault();
    let verify = ["vault", "backups", "--verify"];
    let words = sandbox.run(verify).fails(1);
    assert!(words.contains("no daily backup is in"), "{words}");
    sandbox.run(["vault", "backups"]).ok();
    let daily = daily(&sandbox);
    daily.make(now()).unwrap();
    let newest = daily.newest().unwrap();
    sandbox.run(verify).ok();
    let whole = std::fs::read(&newest).unwrap();
    // What can be read and is not what was written shows only to the key.
    let conn = rusqlite::Connection::open(&newest).unwrap();
    conn.execute("DELETE FROM event", []).unwrap();
    drop(conn);
    sandbox.run(["vault", "backups"]).ok();
    let words = sandbox.run(verify).fails(1);
    assert!(
        words.contains("1 of 1 daily backups cannot be used"),
        "{words}"
    );
    let said = said_failing(sandbox.run(["vault", "backups", "--verify", "--json"]), 1);
    assert_eq!(said["whole"], false, "{said}");
    assert!(said["backups"][0]["problem"].is_string(), "{said}");
    // What cannot be read shows without.
    std::fs::write(&newest, &whole[..whole.len() / 2]).unwrap();
    let said = said_failing(sandbox.run(["vault", "backups", "--json"]), 1);
    assert!(said["backups"][0]["problem"].is_string(), "{said}");
    std::fs::write(&newest, &whole).unwrap();
    set_mode(&daily.folder, 0o777);
    let words = sandbox.run(verify).fails(1);
    assert!(
        words.contains("mode 777") && words.contains("chmod go-w"),
        "{words}"
    );
    let said = said_failing(sandbox.run(["vault", "backups", "--verify", "--json"]), 1);
    assert!(
        said["folder_problem"].as_str().unwrap().contains("write"),
        "{said}"
    );
    assert!(said["backups"][0]["problem"].is_null(), "{said}");
    set_mode(&daily.folder, 0o700);
    sandbox.run(verify).ok();
}

/// A second vault called `vault.db`, whose backups go where the first one's go.
fn namesake(sandbox: &Sandbox) -> (PathBuf, Daily) {
    let vault = sandbox.path("second/vault.db");
    let name = vault.to_str().unwrap();
    let passphrase = sandbox.path("passphrase");
    let file = passphrase.to_str().unwrap();
    sandbox
        .run(["--vault", name, "init", "--passphrase-file", file])
        .ok();
    let daily = Daily {
        vault: vault.clone(),
        ..daily(sandbox)
    };
    (vault, daily)
}

#[test]
fn vaults_of_one_name_that_share_a_folder_do_not_restore_each_others_backups() {
    let mut sandbox = Sandbox::with_vault();
    let provider = provider(single_use());
    sandbox.sign_in(&provider, "alice");
    let (second, its) = namesake(&sandbox);
    sandbox.set("TOKENWARD_BACKUP_FOLDER", its.folder.to_str().unwrap());
    its.make(now()).unwrap();
    // The only backup there is is the other vault's.
    let before = std::fs::read(sandbox.vault()).unwrap();
    let words = sandbox.run(["vault", "restore", "--at", "0s"]).fails(1);
    assert!(words.contains("of another vault of this name"), "{words}");
    assert_eq!(std::fs::read(sandbox.vault()).unwrap(), before);
    assert!(sandbox.run(["status", "--json"]).json()["backup"].is_null());
    daily(&sandbox).make(now()).unwrap();
    let own = daily(&sandbox).newest().unwrap();
    let said = sandbox
        .run(["vault", "backups", "--verify", "--json"])
        .json();
    assert_eq!(said["backups"].as_array().unwrap().len(), 1, "{said}");
    assert_eq!(said["backups"][0]["file"], own.to_str().unwrap());
    assert_eq!(said["of_other_vaults"], 1, "{said}");
    let told = sandbox.run(["vault", "backups"]);
    assert!(
        told.stderr.contains("1 backup in") && told.stderr.contains("not listed"),
        "{told:?}"
    );
    let said = sandbox
        .run(["vault", "restore", "--at", "0s", "--json"])
        .json();
    assert_eq!(said["file"], own.to_str().unwrap(), "{said}");
    assert_eq!(said["compared"], true, "{said}");
    // A vault that is gone does not say which backups were its own.
    let elsewhere = sandbox.path("gone.db");
    std::fs::rename(sandbox.vault(), &elsewhere).unwrap();
    let words = sandbox.run(["vault", "restore", "--at", "0s"]).fails(1);
    assert!(words.contains("more than one vault"), "{words}");
    assert!(!sandbox.vault().exists());
    sandbox
        .run(["vault", "restore", own.to_str().unwrap()])
        .ok();
    assert!(sandbox.run(["list"]).ok().contains("demo/alice"));
    let other = ["--vault", second.to_str().unwrap(), "vault", "restore"];
    let said = sandbox
        .run(other.iter().chain(&["--at", "0s", "--json"]))
        .json();
    assert_eq!(said["file"], its.newest().unwrap().to_str().unwrap());
    assert_eq!(said["credentials"], 0, "{said}");
}
