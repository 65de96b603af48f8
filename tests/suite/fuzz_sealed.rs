//! Age files that were written by nobody, what exports hold, and key files: nearly right ones and noise.

use crate::fuzz_rig::{Plan, RECEIVED, REFUSED, SENT, TAKEN, try_all, try_made};
use crate::vault_fixture::{key_pair, new_vault, secret};
use std::fs::{self, File};
use std::path::Path;
use tokenward::clock::Timestamp;
use tokenward::model::credential::Generation;
use tokenward::secret::VaultIdentity;
use tokenward::vault::bundle::{self, Bundle, Bundled};
use tokenward::vault::error::VaultError;
use tokenward::vault::key_file::{self, KeyFile};
use tokenward::vault::locked_file::{self, FileKey, FileLock};
use tokenward::vault::wrap;

/// An error as people and logs see it.
fn shown(error: &VaultError) -> (&'static str, Vec<String>) {
    let told = vec![error.to_string(), error.hint(), format!("{error:?}")];
    ("refused", told)
}

/// What an export of two credentials holds; the markers stand where tokens and a client's secret do.
fn an_export() -> String {
    let folder = tempfile::tempdir().unwrap();
    let (vault, _) = new_vault(&folder.path().join("vault.db"));
    let one = |name: &str| {
        let (profile, secret) = secret(&vault, name, 1);
        Bundled {
            generation: Generation(1),
            profile,
            secret,
        }
    };
    let bundle = Bundle {
        exported_at: Timestamp::from_secs(1_000),
        by: "tokenward".to_owned(),
        credentials: vec![one("github/alice"), one("google/bob")],
    };
    let text = String::from_utf8(bundle::write(&bundle).to_vec()).unwrap();
    let text = text.replace("marker-refresh-github/alice-1", RECEIVED);
    let text = text.replace("marker-client-secret-github", SENT);
    assert!(text.contains(RECEIVED) && text.contains(SENT));
    text
}

/// What a credential shows of its secrets. Whatever else it says is what its file says, and may be anything.
fn kept(one: &Bundled) -> String {
    let secret = &one.secret;
    let tokens = (&secret.access, &secret.refresh, &secret.id_token);
    let others = (&secret.previous_refresh, &secret.client.secret);
    format!("{tokens:?} {others:?}")
}

#[test]
fn no_export_makes_its_reader_panic_hang_or_show_a_token() {
    let export = an_export();
    let seeds = [export.as_str(), "{\"format\":\"tokenward-export\",\"v\":2}"];
    try_all("exports", &seeds, |input, _| {
        let _ = bundle::is_one(input);
        match bundle::read(input, Path::new("export.age")) {
            Ok(bundle) => ("taken", bundle.credentials.iter().map(kept).collect()),
            Err(error) => shown(&error),
        }
    });
}

#[test]
fn no_age_file_makes_its_reader_panic_or_hang_and_none_that_was_changed_opens() {
    let folder = tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap();
    let (identity, recipient) = key_pair();
    let key = FileKey::Identity(identity.into());
    let FileKey::Identity(wraps) = &key else {
        unreachable!("it was made a line above")
    };
    let content = vec![0x5a; 10_000];
    let lock = FileLock::Recipients(vec![key_file::recipient(&recipient).unwrap()]);
    let good = locked_file::seal(&lock, &content).unwrap();
    let (path, out) = (
        folder.path().join("copy.age"),
        folder.path().join("copy.db"),
    );
    let make = |plan: &Plan| plan.damaged(&good);
    try_made("age files", 300, make, |input, _| {
        let opened = locked_file::open(input, &key, &path);
        fs::write(&path, input).unwrap();
        let unwrapped = wrap::unwrap(&path, &mut File::create(&out).unwrap(), wraps);
        assert_eq!(
            opened.is_ok(),
            unwrapped.is_ok(),
            "both readers say the same"
        );
        match opened {
            Ok(opened) => {
                assert_eq!(*opened, content, "a change went unnoticed");
                assert_eq!(fs::read(&out).unwrap(), content);
                TAKEN
            }
            Err(error) => shown(&error),
        }
    });
}

#[test]
fn no_key_file_makes_its_reader_panic_or_hang_or_shows_what_it_holds() {
    let (identity, recipient) = key_pair();
    let native = format!(
        "# created: 2026-11-21\n# public key: {recipient}\n{}\n",
        identity.expose_secret()
    );
    let plugin = "AGE-PLUGIN-YUBIKEY-1QXYZWDYH8\n";
    let marked = format!("# {SENT}\n{}\n{RECEIVED}\n", identity.expose_secret());
    let seeds = [native.as_str(), plugin, &marked, &recipient];
    try_all("key files", &seeds, |input, _| {
        let Ok(text) = std::str::from_utf8(input) else {
            return REFUSED; // The file's reader has refused it already.
        };
        if let Err(error) = key_file::recipient(text.trim()) {
            // What is no recipient is shown, as it was given on the command line; it is never a secret there.
            let _ = error.hint();
        }
        let file = KeyFile::from(VaultIdentity::new(text.to_owned()));
        let seen = format!("{file:?}");
        match file.keys() {
            Ok(_) => ("taken", vec![seen]),
            Err(error) => {
                let (was, mut told) = shown(&error);
                told.push(seen);
                (was, told)
            }
        }
    });
}
