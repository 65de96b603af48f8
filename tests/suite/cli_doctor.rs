//! `tokenward doctor`: each thing it looks at, once as it should be and once as it should not.

use crate::sandbox::{Sandbox, provider};
use rusqlite::Connection;
use serde_json::Value;
use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::{Duration, SystemTime};
use tokenward::demo::quirks::{Quirks, RevocationRule};
use tokenward::vault::owner::OwnerLock;

/// What one run said.
struct Report {
    code: i32,
    findings: Vec<Value>,
    text: String,
}

impl Report {
    /// Verdict and words of a check, of the worst finding it has.
    #[track_caller]
    fn of(&self, check: &str) -> (&str, &str) {
        let order = ["ok", "mended", "not_looked_at", "warning", "problem"];
        let rank = |it: &&Value| order.iter().position(|word| it["verdict"] == **word);
        let worst = self
            .findings
            .iter()
            .filter(|it| it["check"] == check)
            .max_by_key(rank);
        let worst = worst.unwrap_or_else(|| panic!("no {check}: {}", self.text));
        (
            worst["verdict"].as_str().unwrap(),
            worst["what"].as_str().unwrap(),
        )
    }

    /// What mends a check's worst finding.
    fn mend(&self, check: &str) -> &str {
        let what = self.of(check).1;
        let one = self.findings.iter().find(|it| it["what"] == what);
        one.unwrap()["mend"].as_str().unwrap()
    }

    #[track_caller]
    fn says(&self, check: &str, verdict: &str, words: &str) {
        let (found, what) = self.of(check);
        assert!(
            found == verdict && what.contains(words),
            "{check}: {found}: {what}"
        );
    }
}

fn doctor(sandbox: &Sandbox, arguments: &[&str]) -> Report {
    let run = sandbox.run(["doctor", "--json"].iter().chain(arguments));
    let object: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"));
    assert_eq!(object["ok"], run.code == Some(0), "{run:?}");
    Report {
        code: run.code.unwrap(),
        findings: object["findings"].as_array().unwrap().clone(),
        text: format!("{}{}", run.stdout, run.stderr),
    }
}

fn open_to(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_sandbox_in_order_has_no_problem_with_an_owner_and_without() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let checks = [
        "files",
        "place",
        "vault",
        "keyring",
        "owner",
        "socket",
        "core_dumps",
        "environment",
        "settings",
        "unit",
        "outlook",
    ];
    let alone = doctor(&sandbox, &[]);
    for check in checks.iter().chain(&["unlocking"]) {
        alone.says(check, "ok", "");
    }
    alone.says("outlook", "ok", "demo/alice");
    alone.says("memory_lock", "not_looked_at", "nobody owns");
    alone.says("providers", "not_looked_at", "--online");
    assert_eq!(alone.code, 0);

    let daemon = sandbox.daemon();
    let owned = doctor(&sandbox, &["--online"]);
    for check in checks.iter().chain(&["providers", "clock"]) {
        owned.says(check, "ok", "");
    }
    owned.says("owner", "ok", &format!("pid {}", daemon.pid()));
    owned.says("socket", "ok", "only you are behind it");
    owned.says("outlook", "ok", "demo/alice: fresh");
    let lines = sandbox.run(["doctor"]).ok();
    assert!(
        lines
            .lines()
            .any(|line| line.starts_with("ok ") && line.contains("demo/alice"))
    );
}

#[test]
fn rights_of_others_are_found_and_taken_away_only_when_that_is_asked_for() {
    let sandbox = Sandbox::with_vault();
    let vault = sandbox.vault();
    let folder = vault.parent().unwrap();
    let settings = sandbox.write("home/.config/tokenward/config.toml", "");
    let runtime = sandbox.path("run/tokenward");
    fs::create_dir_all(&runtime).unwrap();
    let wide = [
        (vault.as_path(), 0o644, 0o600),
        (folder, 0o755, 0o700),
        (&settings, 0o666, 0o644),
        (&runtime, 0o777, 0o700),
        (&sandbox.path("passphrase"), 0o640, 0o600),
    ];
    for (path, before, _) in wide {
        open_to(path, before);
    }
    let report = doctor(&sandbox, &[]);
    assert_eq!(report.code, 1);
    assert!(report.mend("files").starts_with("chmod go-"));
    report.says("outlook", "not_looked_at", "mend that first");
    for (path, before, _) in wide {
        assert!(
            report.text.contains(&format!("{} (mode", path.display())),
            "{path:?}"
        );
        assert_eq!(mode(path), before, "{path:?} was changed");
    }
    let mended = doctor(&sandbox, &["--fix"]);
    assert_eq!(mended.code, 0, "{}", mended.text);
    mended.says("files", "mended", "yours alone now");
    for (path, _, after) in wide {
        assert_eq!(mode(path), after, "{path:?}");
    }
    doctor(&sandbox, &[]).says("files", "ok", "");
}

#[test]
fn backups_that_others_may_read_are_named_and_taken_back_wherever_they_lie() {
    let mut sandbox = Sandbox::with_vault();
    let beside = sandbox.vault().parent().unwrap().join("backups");
    let elsewhere = sandbox.path("elsewhere");
    for folder in [&beside, &elsewhere] {
        fs::create_dir(folder).unwrap();
        let file = folder.join("vault-2026-11-20.db");
        fs::copy(sandbox.vault(), &file).unwrap();
        open_to(&file, 0o644);
        open_to(folder, 0o755);
        let report = doctor(&sandbox, &[]);
        for path in [folder, &file] {
            let named = format!("{} (mode", path.display());
            assert!(report.text.contains(&named), "{}", report.text);
        }
        doctor(&sandbox, &["--fix"]).says("files", "mended", "yours alone now");
        assert_eq!((mode(folder), mode(&file)), (0o700, 0o600));
        sandbox.set("TOKENWARD_BACKUP_FOLDER", elsewhere.to_str().unwrap());
    }
    // A folder that was named and holds other things too is left to the person.
    fs::write(elsewhere.join("thesis.tex"), "x").unwrap();
    open_to(&elsewhere, 0o755);
    doctor(&sandbox, &["--fix"]).says("files", "problem", "others may enter");
    assert_eq!(mode(&elsewhere), 0o755);
}

#[test]
fn a_folder_with_other_things_in_it_is_left_to_the_person() {
    let sandbox = Sandbox::with_vault();
    let shared = sandbox.path("shared");
    fs::create_dir(&shared).unwrap();
    fs::copy(sandbox.vault(), shared.join("v.db")).unwrap();
    open_to(&shared.join("v.db"), 0o600);
    fs::write(shared.join("thesis.tex"), "x").unwrap();
    open_to(&shared, 0o755);
    let vault = shared.join("v.db");
    let report = doctor(&sandbox, &["--fix", "--vault", vault.to_str().unwrap()]);
    report.says("files", "problem", "others may enter");
    assert_eq!((report.code, mode(&shared)), (1, 0o755));
}

#[test]
fn files_of_another_user_are_a_problem() {
    if !rustix::process::geteuid().is_root() {
        return; // Only root can give a file away.
    }
    let sandbox = Sandbox::with_vault();
    std::os::unix::fs::chown(sandbox.vault(), Some(12345), None).unwrap();
    let report = doctor(&sandbox, &["--fix"]);
    report.says("files", "problem", "belongs to another user (uid 12345)");
}

#[test]
fn a_vault_in_a_work_tree_or_a_synced_folder_is_warned_of() {
    let sandbox = Sandbox::with_vault();
    for (mark, by) in [(".git", "git"), (".stfolder", "Syncthing")] {
        let mark = sandbox.path("home").join(mark);
        fs::create_dir(&mark).unwrap();
        let report = doctor(&sandbox, &[]);
        report.says("place", "warning", &format!("which {by} copies away"));
        assert_eq!(report.code, 0, "a warning is no problem");
        fs::remove_dir(mark).unwrap();
    }
    doctor(&sandbox, &[]).says("place", "ok", "");
}

#[test]
fn secrets_outside_the_vault_are_named_and_never_shown() {
    let mut sandbox = Sandbox::with_vault();
    sandbox.set("GH_TOKEN", "marker-in-variable");
    sandbox.set("EMPTY_SECRET", "");
    let text = "[providers.corp.parameters]\nclient_secret = \"marker-in-file\"\n";
    sandbox.write("home/.config/tokenward/config.toml", text);
    let report = doctor(&sandbox, &[]);
    report.says("environment", "warning", "inherits GH_TOKEN");
    report.says(
        "settings",
        "problem",
        "providers.corp.parameters.client_secret in ",
    );
    assert!(
        !report.text.contains("marker-in-") && !report.text.contains("EMPTY"),
        "{}",
        report.text
    );
    // One that no record has keeps every other command from working; here it is a finding like the rest.
    sandbox.write(
        "home/.config/tokenward/config.toml",
        "passphrase = \"marker-in-file\"\n",
    );
    let report = doctor(&sandbox, &[]);
    report.says("settings", "problem", "passphrase");
    report.says("vault", "ok", "");
    assert!(!report.text.contains("marker-in-"), "{}", report.text);
}

#[test]
fn a_dead_owners_socket_is_removed_when_that_is_asked_for() {
    let sandbox = Sandbox::with_vault();
    let socket = sandbox.socket();
    fs::create_dir_all(socket.parent().unwrap()).unwrap();
    open_to(socket.parent().unwrap(), 0o700);
    drop(UnixListener::bind(&socket).unwrap());
    doctor(&sandbox, &[]).says("socket", "warning", "a dead owner left");
    assert!(socket.exists());
    let report = doctor(&sandbox, &["--fix"]);
    report.says("socket", "mended", "was removed");
    assert!(!socket.exists());

    fs::write(&socket, "mine").unwrap();
    doctor(&sandbox, &["--fix"]).says("socket", "problem", "it is no socket");
    assert!(socket.exists());
}

#[test]
fn a_socket_that_others_could_replace_is_a_problem() {
    let sandbox = Sandbox::with_vault();
    let (real, link) = (sandbox.path("elsewhere"), sandbox.path("run/tokenward"));
    fs::create_dir(&real).unwrap();
    open_to(&real, 0o700);
    std::os::unix::fs::symlink(&real, &link).unwrap();
    doctor(&sandbox, &[]).says("socket", "problem", "others can put a socket");
}

#[test]
fn an_owner_that_does_not_answer_is_a_problem_and_a_lock_left_behind_is_none() {
    let sandbox = Sandbox::with_vault();
    let lock = OwnerLock::acquire(&sandbox.vault()).unwrap();
    let report = doctor(&sandbox, &["--fix"]);
    let pid = std::process::id();
    report.says(
        "owner",
        "problem",
        &format!("pid {pid} holds the vault's lock"),
    );
    assert!(report.mend("owner").starts_with(&format!("kill {pid}")));
    drop(lock);
    doctor(&sandbox, &[]).says("owner", "ok", "none just now");
}

#[test]
fn a_locked_vault_is_not_looked_into_unless_its_owner_has_it_open() {
    let mut sandbox = Sandbox::with_vault();
    let daemon = sandbox.daemon();
    sandbox.unset("TOKENWARD_PASSPHRASE_FILE");
    doctor(&sandbox, &[]).says("outlook", "ok", "no credentials yet");
    drop(daemon);
    let report = doctor(&sandbox, &["--online"]);
    report.says("outlook", "not_looked_at", "locked");
    report.says("providers", "not_looked_at", "locked");
    assert_eq!(report.code, 0);

    let wrong = sandbox.write("wrong", "not the passphrase\n");
    sandbox.set("TOKENWARD_PASSPHRASE_FILE", wrong.to_str().unwrap());
    let report = doctor(&sandbox, &[]);
    report.says("unlocking", "problem", "does not open the vault");
    report.says("outlook", "not_looked_at", "locked");
}

#[test]
fn a_vault_that_is_missing_or_none_at_all_is_told() {
    let sandbox = Sandbox::new();
    let report = doctor(&sandbox, &[]);
    report.says("vault", "warning", "there is none");
    assert_eq!((report.code, report.mend("vault")), (0, "tokenward init"));
    sandbox.write("home/.local/share/tokenward/vault.db", "Dear diary");
    open_to(sandbox.vault().parent().unwrap(), 0o700);
    doctor(&sandbox, &[]).says("vault", "problem", "");
}

#[test]
fn a_keyring_that_does_not_answer_is_a_problem() {
    let sandbox = Sandbox::with_vault();
    let vault = Connection::open(sandbox.vault()).unwrap();
    vault
        .execute("UPDATE slot SET kind = 'keyring'", [])
        .unwrap();
    drop(vault);
    doctor(&sandbox, &[]).says("keyring", "problem", "does not open the vault");
}

#[test]
fn an_old_unit_is_told_with_what_it_lacks() {
    let sandbox = Sandbox::with_vault();
    let unit = sandbox.run(["daemon", "--print-unit"]).ok();
    let file = "home/.config/systemd/user/tokenward.service";
    sandbox.write(file, &unit.replace("RestrictRealtime=yes\n", ""));
    let report = doctor(&sandbox, &[]);
    report.says("unit", "warning", "lacks RestrictRealtime=yes");
    assert!(
        report
            .mend("unit")
            .starts_with("tokenward setup systemd --write")
    );
    sandbox.write(file, &unit);
    doctor(&sandbox, &[]).says("unit", "ok", "is the one of this version");
}

#[test]
fn a_credential_that_needs_a_person_is_a_problem_with_the_command_that_mends_it() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    for grant in provider.control().grants() {
        provider.control().revoke(grant.id);
    }
    sandbox.run(["refresh", "demo/alice"]).fails(5);
    let report = doctor(&sandbox, &[]);
    report.says("outlook", "problem", "demo/alice: sign in again: ");
    assert!(
        report
            .mend("outlook")
            .contains("tokenward login demo --account alice")
    );
}

#[test]
fn tokens_that_outlived_their_revocation_are_warned_of() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks {
        revocation: RevocationRule::Missing,
        ..Quirks::default()
    });
    sandbox.sign_in(&provider, "alice");
    sandbox.run(["revoke", "demo/alice", "--yes"]).ok();
    doctor(&sandbox, &[]).says("outlook", "warning", "seen alive afterwards");
}

#[test]
fn a_row_that_cannot_be_opened_is_a_problem() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let vault = Connection::open(sandbox.vault()).unwrap();
    vault
        .execute("UPDATE credential SET profile = zeroblob(90)", [])
        .unwrap();
    drop(vault);
    doctor(&sandbox, &[]).says("outlook", "problem", "1 credentials cannot be opened");
}

/// Answers one request at this address with that date.
fn answer_with(address: &str, date: SystemTime) {
    let listener = TcpListener::bind(address).unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        let date = httpdate::fmt_http_date(date);
        let head = "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0";
        write!(stream, "{head}\r\nDate: {date}\r\n\r\n").unwrap();
    });
}

#[test]
fn a_provider_that_is_gone_and_a_clock_that_is_off_are_found_when_asked_for() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let issuer = provider.issuer();
    let address = issuer.strip_prefix("http://").unwrap();
    drop(provider);
    let report = doctor(&sandbox, &["--online"]);
    report.says("providers", "problem", &format!("demo ({address}): "));
    report.says("clock", "not_looked_at", "no provider told");
    answer_with(address, SystemTime::now() - Duration::from_secs(7200));
    let report = doctor(&sandbox, &["--online"]);
    report.says("clock", "problem", "ahead of the providers'");
    report.says("providers", "ok", "answers");
    answer_with(address, SystemTime::now() + Duration::from_secs(90));
    doctor(&sandbox, &["--online"]).says("clock", "warning", "behind the providers'");
}

#[test]
fn programs_that_would_leave_a_core_are_warned_of() {
    let sandbox = Sandbox::with_vault();
    let may_leave_one =
        rustix::process::getrlimit(rustix::process::Resource::Core).maximum != Some(0);
    let is_kept =
        fs::read_to_string("/proc/sys/kernel/core_pattern").is_ok_and(|it| !it.trim().is_empty());
    if !may_leave_one || !is_kept {
        return; // This system keeps none, whoever asks.
    }
    let run = sandbox.shell("ulimit -c 4096; exec \"$0\" doctor --json");
    let said = run.ok();
    let object: Value = serde_json::from_str(&said).unwrap();
    let found = object["findings"].as_array().unwrap();
    let found = found.iter().find(|it| it["check"] == "core_dumps").unwrap();
    assert_eq!(found["verdict"], "warning", "{found}");
}
