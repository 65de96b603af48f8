//! Credentials that leave in a file and come in from one: whole, sealed, noted, never over another.

use crate::accounts::single_use;
use crate::sandbox::{Run, Sandbox, provider};
use crate::vault_fixture::key_pair;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tokenward::demo::tokens::{ACCESS_PREFIX, REFRESH_PREFIX};

const WORD: &str = "seven pale owls sing below the harbour";

/// A sandbox with a passphrase for exports, and where that is.
fn with_word(sandbox: &Sandbox) -> String {
    let file = sandbox.write("export.word", WORD);
    file.to_str().unwrap().to_owned()
}

fn export(sandbox: &Sandbox, names: &[&str], file: &Path, more: &[&str]) -> Run {
    let word = with_word(sandbox);
    let mut arguments = vec!["export", "--work-factor", "10"];
    arguments.extend(["--export-passphrase-file", &word]);
    arguments.extend(more);
    arguments.extend(names);
    arguments.push(file.to_str().unwrap());
    sandbox.run(arguments)
}

fn import(sandbox: &Sandbox, file: &Path, more: &[&str]) -> Run {
    let word = with_word(sandbox);
    let mut arguments = vec!["import", "--export-passphrase-file", &word];
    arguments.push(file.to_str().unwrap());
    arguments.extend(more);
    sandbox.run(arguments)
}

/// What stock age finds in the file.
fn opened(file: &Path) -> Value {
    let bytes = std::fs::read(file).unwrap();
    let identity = age::scrypt::Identity::new(WORD.to_owned().into());
    let text = age::decrypt(&identity, &bytes).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn kinds(sandbox: &Sandbox, kind: &str) -> Vec<Value> {
    let listed = sandbox
        .run(["audit", "list", "--kind", kind, "--json"])
        .ok();
    let lines = listed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let found: Vec<Value> = lines.collect();
    match &found[..] {
        [Value::Array(all)] => all.clone(),
        _ => found,
    }
}

fn left_behind(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.to_str().unwrap().contains(".new-"))
        .collect()
}

#[test]
fn what_is_exported_lives_on_in_another_vault() {
    let home = Sandbox::with_vault();
    let provider = provider(single_use());
    home.sign_in(&provider, "alice");
    let file = home.path("alice.age");
    let said = export(&home, &["demo/alice"], &file, &["--json"]).json();
    assert_eq!(said["credentials"][0]["name"], "demo/alice", "{said}");
    assert_eq!(said["moved"], false, "{said}");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let bytes = std::fs::read(&file).unwrap();
    assert!(bytes.starts_with(b"age-encryption.org/v1\n"));
    let text = opened(&file);
    assert_eq!(text["format"], "tokenward-export");
    assert_eq!(text["v"], 1);
    let one = &text["credentials"][0];
    assert_eq!(one["profile"]["name"], "demo/alice");
    let token = one["secret"]["access_token"].as_str().unwrap();
    assert!(token.starts_with(ACCESS_PREFIX));
    assert!(one["secret"]["provider"]["endpoints"]["token"].is_string());
    let lines = kinds(&home, "exported");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["name"], "demo/alice");
    assert_eq!(left_behind(&home.path("")), Vec::<PathBuf>::new());

    let away = Sandbox::with_vault();
    let word = with_word(&away);
    let by_its_other_name = ["import", "--import-passphrase-file", &word, "--dry-run"];
    let file_name = file.to_str().unwrap();
    away.run(by_its_other_name.into_iter().chain([file_name]))
        .ok();
    let found = import(&away, &file, &["--dry-run", "--json"]).json();
    assert_eq!(found["found"][0]["name"], "demo/alice", "{found}");
    assert_eq!(found["found"][0]["renewable"], true, "{found}");
    let shown = import(&away, &file, &["--dry-run"]).ok();
    assert!(shown.contains("refreshed by itself"), "{shown}");
    assert!(!shown.contains(token), "{shown}");
    assert_eq!(away.run(["list", "--json"]).json(), serde_json::json!([]));
    let words = import(&away, &file, &[]).fails(7);
    assert!(words.contains("--yes"), "{words}");
    let done = import(&away, &file, &["--yes", "--json"]).json();
    assert_eq!(done[0]["ok"], true, "{done}");
    let list = away.run(["list", "--json"]).json();
    assert_eq!(list[0]["provenance"]["from"], "tokenward", "{list}");
    assert_eq!(list[0]["provenance"]["file"], file.to_str().unwrap());
    assert_eq!(away.run(["get", "demo/alice"]).ok().trim(), token);
    away.run(["refresh", "demo/alice"]).ok();
    assert_ne!(away.run(["get", "demo/alice"]).ok().trim(), token);
    let why = away.run(["why", "demo/alice"]).ok();
    assert!(why.contains("imported from tokenward"), "{why}");
    assert_eq!(kinds(&away, "imported")[0]["from"], "tokenward");
    // The one who refreshes first ends the other's sign-in.
    home.run(["refresh", "demo/alice"]).fails(5);
}

#[test]
fn beside_a_living_owner_it_is_the_same_and_the_owner_notes_who_asked() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(single_use());
    sandbox.sign_in(&provider, "alice");
    sandbox.sign_in(&provider, "bob");
    let owner = sandbox.daemon();
    let file = sandbox.path("all.age");
    export(&sandbox, &["--all"], &file, &[]).ok();
    let lines = kinds(&sandbox, "exported");
    assert_eq!(lines.len(), 2, "{lines:?}");
    let by = lines[0]["by"].to_string();
    assert!(by.contains("suite"), "the caller is named: {by}");
    assert_eq!(opened(&file)["credentials"].as_array().unwrap().len(), 2);
    import(
        &sandbox,
        &file,
        &["--yes", "--only", "demo/bob", "--as", "demo/carol"],
    )
    .ok();
    let list = sandbox.run(["list"]).ok();
    assert!(
        list.contains("demo/carol") && !list.contains("demo/bob-2"),
        "{list}"
    );
    drop(owner);
}

#[test]
fn a_credential_is_moved_only_as_it_is_in_the_file() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(single_use());
    sandbox.sign_in(&provider, "alice");
    sandbox.run(["refresh", "demo/alice"]).ok();
    let file = sandbox.path("alice.age");
    let copied = export(&sandbox, &["demo/alice"], &file, &[]);
    let words = copied.stderr.clone();
    copied.ok();
    assert!(words.contains("replaced at each use"), "{words}");
    assert!(words.contains("--move"), "{words}");
    assert!(sandbox.run(["list"]).ok().contains("demo/alice"));
    let _owner = sandbox.daemon();
    let generation = sandbox.run(["list", "--json"]).json()[0]["generation"].clone();
    let said = export(
        &sandbox,
        &["demo/alice"],
        &file,
        &["--move", "--force", "--json"],
    )
    .json();
    assert_eq!(said["moved"], true, "{said}");
    assert_eq!(said["credentials"][0]["rotates"], true, "{said}");
    assert_eq!(said["credentials"][0]["generation"], generation);
    assert_eq!(
        sandbox.run(["list", "--json"]).json(),
        serde_json::json!([])
    );
    import(&sandbox, &file, &["--yes"]).ok();
    sandbox.run(["refresh", "demo/alice"]).ok();
}

#[test]
fn one_that_is_refreshed_before_it_is_forgotten_stays_and_the_others_go() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(single_use());
    sandbox.sign_in(&provider, "alice");
    sandbox.sign_in(&provider, "bob");
    let _owner = sandbox.daemon();
    let (key, recipient) = key_pair();
    // The export waits at this pipe: after it was noted, before anything is forgotten.
    let pipe = sandbox.path("identity");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let file = sandbox.path("all.age");
    let arguments = [
        "export",
        "--all",
        "--move",
        "--json",
        "--recipient",
        &recipient,
        "--export-identity",
        pipe.to_str().unwrap(),
        file.to_str().unwrap(),
    ];
    let run = std::thread::scope(|scope| {
        let exporting = scope.spawn(|| sandbox.run(arguments));
        let mut open = std::fs::File::options().write(true).open(&pipe).unwrap();
        sandbox.run(["refresh", "demo/alice"]).ok();
        std::io::Write::write_all(&mut open, key.expose_secret().as_bytes()).unwrap();
        drop(open);
        exporting.join().unwrap()
    });
    assert_ne!(run.code, Some(0), "{run:?}");
    let said: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(said["moved"], false, "{said}");
    let of = |at: usize| {
        (
            said["credentials"][at]["name"].clone(),
            &said["credentials"][at],
        )
    };
    let told = std::collections::BTreeMap::from([0, 1].map(|at| {
        let (name, one) = of(at);
        (name.as_str().unwrap().to_owned(), one)
    }));
    assert_eq!(told["demo/alice"]["moved"], false, "{said}");
    assert_eq!(told["demo/bob"]["moved"], true, "{said}");
    let hint = told["demo/alice"]["hint"].to_string();
    assert!(hint.contains("export --move demo/alice"), "{said}");
    let list = sandbox.run(["list"]).ok();
    assert!(
        list.contains("demo/alice") && !list.contains("demo/bob"),
        "{list}"
    );
}

#[test]
fn a_file_for_recipients_opens_by_each_of_them_and_without_a_passphrase() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(single_use());
    sandbox.sign_in(&provider, "alice");
    let (one, first) = key_pair();
    let (_, second) = key_pair();
    let key = sandbox.write("one.txt", one.expose_secret());
    let other = sandbox.write("other.txt", key_pair().0.expose_secret());
    let file = sandbox.path("alice.age");
    let name = file.to_str().unwrap();
    let wrong = other.to_str().unwrap();
    let arguments = ["export", "--recipient", &first, "--recipient", &second];
    let refused = sandbox.run(arguments.into_iter().chain([
        "--export-identity",
        wrong,
        "--move",
        "demo/alice",
        name,
    ]));
    let words = refused.fails(4);
    assert!(words.contains("does not open"), "{words}");
    assert!(!file.exists(), "it was published though it does not open");
    assert!(sandbox.run(["list"]).ok().contains("demo/alice"));
    let done = arguments.into_iter().chain(["demo/alice", name]);
    sandbox.run(done).ok();
    let right = key.to_str().unwrap();
    for (identity, code) in [(wrong, 4), (right, 0)] {
        let run = sandbox.run(["import", name, "--export-identity", identity, "--dry-run"]);
        assert_eq!(run.code, Some(code), "{run:?}");
    }
    assert_eq!(sandbox.run(["import", name, "--dry-run"]).code, Some(4));
}

#[test]
fn nothing_is_overwritten_without_a_yes() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(single_use());
    sandbox.sign_in(&provider, "alice");
    let file = sandbox.write("alice.age", "Dear diary");
    let words = export(&sandbox, &["demo/alice"], &file, &[]).fails(1);
    assert!(
        words.contains("exists already") && words.contains("--force"),
        "{words}"
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "Dear diary");
    export(&sandbox, &["demo/alice"], &file, &["--force"]).ok();
    let vault = sandbox.vault();
    let words = export(&sandbox, &["demo/alice"], &vault, &["--force"]).fails(1);
    assert!(words.contains("the vault itself"), "{words}");
    let words = export(&sandbox, &["demo/alice"], Path::new("-"), &[]).fails(2);
    assert!(words.contains("never written to stdout"), "{words}");
    let words = import(&sandbox, &file, &["--yes"]).fails(7);
    assert!(
        words.contains("demo/alice") && words.contains("--replace"),
        "{words}"
    );
    import(&sandbox, &file, &["--yes", "--rename"]).ok();
    let list = sandbox.run(["list"]).ok();
    assert!(list.contains("demo/alice-2"), "{list}");
    let before = sandbox.run(["list", "--json"]).json()[0]["generation"].clone();
    let said = import(&sandbox, &file, &["--yes", "--replace", "--json"]).json();
    assert_eq!(said[0]["replaced"], true, "{said}");
    let after = sandbox.run(["list", "--json"]).json();
    assert_eq!(after.as_array().unwrap().len(), 2, "{after}");
    let generation = |value: &Value| value.as_u64().unwrap();
    assert_eq!(generation(&after[0]["generation"]), generation(&before) + 1);
}

#[test]
fn what_does_not_open_or_is_no_export_is_refused_without_a_word_of_it() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(single_use());
    sandbox.sign_in(&provider, "alice");
    let file = sandbox.path("alice.age");
    export(&sandbox, &["demo/alice"], &file, &[]).ok();
    let wrong = sandbox.write("wrong.word", "another one altogether");
    let name = file.to_str().unwrap();
    let by = |word: &Path| {
        let word = word.to_str().unwrap();
        sandbox.run(["import", name, "--yes", "--export-passphrase-file", word])
    };
    let words = by(&wrong).fails(4);
    assert!(words.contains("does not open"), "{words}");
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() - 9]).unwrap();
    let words = import(&sandbox, &file, &["--yes"]).fails(1);
    assert!(words.contains("damaged"), "{words}");
    let newer = r#"{"format":"tokenward-export","v":9,"credentials":[{"hush":1}]}"#;
    for (text, said) in [
        ("Dear diary, hush", "no export"),
        (r#"{"hush":true}"#, "no export"),
        (newer, "format 9"),
        (r#"{"format":"tokenward-export","v":1,"hush":2}"#, "damaged"),
    ] {
        let letter = sandbox.write("letter", text);
        let words = import(&sandbox, &letter, &["--yes"]).fails(1);
        assert!(words.contains(said) && !words.contains("hush"), "{words}");
    }
    let words = export(&sandbox, &["demo/nobody"], &sandbox.path("b.age"), &[]).fails(3);
    assert!(words.contains("demo/nobody"), "{words}");
}

#[test]
fn neither_says_a_token() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(single_use());
    sandbox.sign_in(&provider, "alice");
    let file = sandbox.path("alice.age");
    let mut said = Vec::new();
    for run in [
        export(&sandbox, &["demo/alice"], &file, &[]),
        import(&sandbox, &file, &["--dry-run", "--json"]),
        import(&sandbox, &file, &["--yes", "--rename"]),
        import(&sandbox, &file, &["--yes", "--replace", "--json"]),
    ] {
        said.push(run.stderr.clone());
        said.push(run.ok());
    }
    let said = said.concat();
    assert!(said.contains("demo/alice-2"), "{said}");
    for marker in [ACCESS_PREFIX, REFRESH_PREFIX, WORD] {
        assert!(!said.contains(marker), "{said}");
    }
}
