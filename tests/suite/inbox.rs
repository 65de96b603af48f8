//! What comes in while the vault is locked: sealed without a key, shown to a person, taken in or refused.

use crate::sandbox::{Run, Running, Sandbox, eventually, provider};
use crate::vault_fixture::{key_pair, new_vault, secret};
use rand::Rng;
use rusqlite::Connection;
use serde_json::Value;
use std::io::Write;
use std::process::{Child, Stdio};
use std::time::Duration;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::{Consent, Fault, Quirks, RequestKind};
use tokenward::model::credential::Generation;
use tokenward::vault::bundle::Bundled;
use tokenward::vault::error::VaultError;
use tokenward::vault::file::VaultFile;
use tokenward::vault::open::OpenVault;
use tokenward::vault::parcel;
use tokenward::vault::rotation::Kept;
use tokenward::vault::slot::NewSlot;

/// A sign-in without the vault, its person saying yes.
#[track_caller]
pub fn sign_in_apart(sandbox: &Sandbox, provider: &DemoProvider, account: &str) {
    let mut command = sandbox.login(provider, "loopback", account);
    command.arg("--no-unlock");
    let mut login = Running::start(&mut command);
    let mut lines = login.lines();
    let authorize = lines.next_json();
    let consent = Consent::Allow(account.to_owned());
    let url = authorize["url"].as_str().unwrap();
    assert!(provider.control().visit(url, &consent));
    let end = lines.next_json();
    let told = (&end["event"], &end["stored"]);
    assert_eq!(told, (&"signed_in".into(), &"inbox".into()), "{end}");
    assert!(login.wait().success());
}

fn keep_key(sandbox: &Sandbox, name: &str) -> Child {
    let mut command =
        sandbox.command(["login", name, "--account", "me", "--api-key", "--no-unlock"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"sk-marker-of-a-key\n").unwrap();
    child
}

fn key(sandbox: &Sandbox, name: &str) -> Run {
    keep_key(sandbox, name).wait_with_output().unwrap().into()
}

pub fn inbox(sandbox: &Sandbox) -> Vec<Value> {
    let items = sandbox.run(["inbox", "--json"]).json();
    items.as_array().unwrap().clone()
}

#[test]
fn a_sign_in_while_the_vault_is_locked_waits_sealed_until_it_is_taken_in() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let _daemon = sandbox.daemon();
    sandbox.run(["lock"]).ok();
    let words = sandbox
        .login(&provider, "loopback", "bob")
        .output()
        .unwrap();
    assert_eq!(words.status.code(), Some(4), "{words:?}");
    let words = String::from_utf8_lossy(&words.stderr);
    assert!(words.contains("--no-unlock"), "{words}");

    sign_in_apart(&sandbox, &provider, "bob");
    assert_eq!(sandbox.run(["status", "--json"]).json()["inbox"], 1);
    assert!(sandbox.run(["status"]).ok().contains("tokenward inbox"));
    sandbox.run(["inbox"]).fails(4);
    let file = std::fs::read(sandbox.vault()).unwrap();
    for clear in ["demo/bob", "demo_at_", "demo_rt_"] {
        let found = file.windows(clear.len()).any(|it| it == clear.as_bytes());
        assert!(!found, "{clear} stands in the clear");
    }

    sandbox.run(["unlock"]).ok();
    let waiting = inbox(&sandbox);
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0]["content"]["name"], "demo/bob");
    let id = waiting[0]["id"].to_string();
    sandbox.run(["get", "demo/bob"]).fails(3);
    let taken = sandbox.run(["inbox", "accept", &id]).ok();
    assert_eq!(taken.trim(), "demo/bob");
    let token = sandbox.run(["get", "demo/bob"]).ok();
    assert!(provider.control().is_live(token.trim()));
    sandbox.run(["refresh", "demo/bob"]).ok();
    assert!(inbox(&sandbox).is_empty());
    sandbox.run(["inbox", "accept", &id]).fails(1);
    let log = sandbox.run(["audit", "list", "--kind", "imported"]).ok();
    assert!(log.contains("while the vault was locked"), "{log}");
}

#[test]
fn a_name_that_is_taken_is_asked_for_and_nothing_is_replaced_unasked() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    sign_in_apart(&sandbox, &provider, "alice");
    let id = inbox(&sandbox)[0]["id"].to_string();
    let before = sandbox.run(["get", "demo/alice"]).ok();
    let words = sandbox.run(["inbox", "accept", &id]).fails(1);
    assert!(words.contains("--as"), "{words}");
    assert_eq!(sandbox.run(["get", "demo/alice"]).ok(), before);
    assert_eq!(inbox(&sandbox).len(), 1, "it is still there");
    let taken = sandbox.run(["inbox", "accept", &id, "--as", "second"]).ok();
    assert_eq!(taken.trim(), "demo/second");
    assert_ne!(sandbox.run(["get", "demo/second"]).ok(), before);
}

#[test]
fn what_is_refused_is_gone_and_its_tokens_are_revoked_on_wish() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    for account in ["alice", "bob"] {
        sign_in_apart(&sandbox, &provider, account);
    }
    let ids: Vec<String> = inbox(&sandbox)
        .iter()
        .map(|item| item["id"].to_string())
        .collect();
    sandbox.run(["inbox", "refuse", &ids[0]]).fails(7);
    let run = sandbox.run(["inbox", "refuse", &ids[0], "--yes"]);
    assert!(run.stderr.contains("go on living"), "{run:?}");
    run.ok();
    let revoked = provider.control().counts();
    let run = sandbox.run(["inbox", "refuse", &ids[1], "--yes", "--revoke"]);
    assert!(run.stderr.contains("were revoked"), "{run:?}");
    run.ok();
    assert!(provider.control().counts().of(RequestKind::Revoke) > revoked.of(RequestKind::Revoke));
    assert!(inbox(&sandbox).is_empty());
    assert_eq!(
        sandbox.run(["list", "--json"]).json(),
        serde_json::json!([])
    );
}

fn log_of(sandbox: &Sandbox, kind: &str) -> Vec<Value> {
    let lines = sandbox
        .run(["audit", "list", "--kind", kind, "--json"])
        .ok();
    let read = |line: &str| serde_json::from_str(line).unwrap();
    lines.lines().map(read).collect()
}

#[test]
fn of_tokens_that_no_provider_was_asked_to_end_it_is_said_so_everywhere() {
    let sandbox = Sandbox::with_vault();
    key(&sandbox, "openai").ok();
    key(&sandbox, "openai").ok();
    let ids: Vec<String> = inbox(&sandbox)
        .iter()
        .map(|item| item["id"].to_string())
        .collect();
    let run = sandbox.run(["inbox", "refuse", &ids[0], "--yes", "--revoke"]);
    assert!(run.stderr.contains("were not revoked"), "{run:?}");
    run.ok();
    let told = sandbox.run(["inbox", "refuse", &ids[1], "--yes", "--revoke", "--json"]);
    let told = told.json();
    assert_eq!(
        (&told["revoked"], &told["outcome"]),
        (&false.into(), &"by_hand".into())
    );
    assert_eq!(told["kept_as"], Value::Null);
    let lines = log_of(&sandbox, "revoked");
    assert_eq!(lines.len(), 2);
    assert!(
        lines.iter().all(|line| line["by_hand"] == true),
        "{lines:?}"
    );
    let log = sandbox.run(["audit", "list", "--kind", "revoked"]).ok();
    assert!(log.contains("by hand"), "{log}");
    assert!(!log.contains("revoked at the provider"), "{log}");
}

#[test]
fn what_is_refused_while_its_provider_is_away_is_kept_withheld_and_told_later() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sign_in_apart(&sandbox, &provider, "bob");
    let id = inbox(&sandbox)[0]["id"].to_string();
    let away = Fault::Status {
        status: 503,
        retry_after: None,
    };
    let control = provider.control();
    control.change_quirks(|quirks| {
        *quirks = quirks.clone().failing(RequestKind::Revoke, u32::MAX, away);
    });
    let run = sandbox.run(["inbox", "refuse", &id, "--yes", "--revoke", "--json"]);
    assert_eq!(run.code, Some(6), "{run:?}");
    let told: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (&told["revoked"], &told["code"]),
        (&false.into(), &"unavailable".into())
    );
    let kept_as = format!("demo/bob-refused-{id}");
    assert_eq!(told["kept_as"], *kept_as);
    assert!(inbox(&sandbox).is_empty());
    sandbox.run(["get", &kept_as]).fails(5);
    control.change_quirks(|quirks| quirks.faults.clear());
    let _daemon = sandbox.daemon();
    eventually("its provider is told, and it is forgotten", || {
        sandbox.run(["list", "--json"]).json() == serde_json::json!([])
    });
}

#[test]
fn what_is_thrown_away_leaves_a_line_in_the_log() {
    let sandbox = Sandbox::with_vault();
    let file = sandbox.write(
        "keys.json",
        r#"[{"name": "corp/ci", "access_token": "hush-key"}]"#,
    );
    let file = file.to_str().unwrap();
    let import = ["import", "--from", "json", file, "--no-unlock", "--yes"];
    sandbox.run(import).ok();
    let id = inbox(&sandbox)[0]["id"].to_string();
    sandbox.run(["inbox", "refuse", &id, "--yes"]).ok();
    let lines = log_of(&sandbox, "parcel_refused");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["name"], "corp/ci");
    assert_eq!(lines[0]["from"], "json while the vault was locked");
    assert!(lines[0]["by"].is_object(), "{lines:?}");
    let log = sandbox.run(["audit", "list"]).ok();
    assert!(log.contains("refused from the inbox"), "{log}");
}

#[test]
fn an_exchanged_recipient_is_found_told_and_put_right_and_nothing_is_lost_silently() {
    let sandbox = Sandbox::with_vault();
    let (_, somebody) = key_pair();
    let exchange = "UPDATE recipient SET recipient = ?1";
    let file = Connection::open(sandbox.vault()).unwrap();
    file.execute(exchange, [&somebody]).unwrap();
    drop(file);
    key(&sandbox, "openai").ok();
    let waiting = inbox(&sandbox);
    assert!(waiting[0]["content"].is_null(), "{waiting:?}");
    assert_eq!(waiting[0]["recipient"], somebody);
    let log = sandbox
        .run(["audit", "list", "--kind", "recipient_exchanged"])
        .ok();
    assert!(log.contains(&somebody), "{log}");
    let id = waiting[0]["id"].to_string();
    let words = sandbox.run(["inbox", "accept", &id]).fails(1);
    assert!(words.contains("who can write"), "{words}");
    sandbox.run(["inbox", "refuse", &id, "--yes"]).ok();
    // From now on it is sealed to the vault again.
    key(&sandbox, "openai").ok();
    assert_eq!(inbox(&sandbox)[0]["content"]["name"], "openai/me");
}

fn bundled(vault: &OpenVault, name: &str) -> Bundled {
    let (profile, secret) = secret(vault, name, 1);
    Bundled {
        generation: Generation(1),
        profile,
        secret,
    }
}

#[test]
fn no_more_is_put_there_than_an_inbox_holds_and_what_is_no_parcel_harms_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let (vault, _) = new_vault(&path);
    let file = Connection::open(&path).unwrap();
    let junk = "INSERT INTO parcel (at, recipient, sealed) VALUES (?1, 'x', ?2)";
    file.execute(junk, (i64::MIN, vec![0_u8; 3])).unwrap();
    let large = vec![b'a'; parcel::LARGEST + 1];
    file.execute(junk, (i64::MAX, large)).unwrap();
    for number in 2..parcel::MOST {
        parcel::put(&path, "a test", bundled(&vault, &format!("demo/{number}"))).unwrap();
    }
    let one_more = parcel::put(&path, "a test", bundled(&vault, "demo/late"));
    assert!(matches!(one_more, Err(VaultError::ParcelsFull { .. })));
    let seen = vault.parcels().unwrap();
    assert_eq!(seen.len(), parcel::MOST);
    assert!(seen[..2].iter().all(|it| it.content.is_none()));
    assert!(seen[2..].iter().all(|it| it.content.is_some()));
    for one in seen {
        vault.drop_parcel(one.id).unwrap();
    }
    let mut huge = bundled(&vault, "demo/huge");
    huge.profile.scopes = vec!["s".repeat(parcel::LARGEST)];
    let refused = parcel::put(&path, "a test", huge);
    assert!(matches!(refused, Err(VaultError::ParcelTooLarge { .. })));
}

#[test]
fn what_waits_opens_with_the_vaults_new_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let (mut vault, key) = new_vault(&path);
    let id = parcel::put(&path, "a test", bundled(&vault, "demo/late")).unwrap();
    let kept: Vec<Kept> = vault
        .slots()
        .unwrap()
        .into_iter()
        .map(|slot| Kept {
            id: slot.id,
            way: NewSlot::Recipient(slot.label),
        })
        .collect();
    vault.rotate_key(&kept, 1).unwrap();
    drop(vault);
    let vault = VaultFile::open(&path).unwrap().unlock(&key).unwrap();
    let (one, from) = vault.parcel(id).unwrap();
    assert_eq!(
        (one.profile.name.as_str(), from.as_str()),
        ("demo/late", "a test")
    );
    let next = parcel::put(&path, "a test", bundled(&vault, "demo/next")).unwrap();
    assert!(vault.parcel(next).is_ok(), "it is sealed to the new one");
}

/// Waiting items that open, and the rest of the vault.
pub fn is_whole(sandbox: &Sandbox) -> usize {
    sandbox.run(["vault", "verify"]).ok();
    let waiting = inbox(sandbox);
    assert!(
        waiting.iter().all(|it| !it["content"].is_null()),
        "{waiting:?}"
    );
    waiting.len()
}

#[test]
fn a_sign_in_that_is_killed_at_any_moment_leaves_a_whole_item_or_none() {
    let sandbox = Sandbox::with_vault();
    let mut said = 0;
    for _ in 0..12 {
        let mut login = keep_key(&sandbox, "openai");
        let moment = rand::rng().random_range(0..60);
        std::thread::sleep(Duration::from_millis(moment));
        let _ = login.kill();
        let ended = login.wait_with_output().unwrap();
        said += usize::from(ended.status.success());
        let there = is_whole(&sandbox);
        assert!(
            there >= said,
            "{said} were said to be kept, {there} are there"
        );
    }
}
