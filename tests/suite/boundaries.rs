//! Holds the house plan: which floor may import which, and who may look at a secret.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Floors from the bottom; a module imports from floors of a lower number only, or from its own.
const FLOORS: [(&str, u8); 14] = [
    ("secret", 0),
    ("clock", 0),
    ("paths", 0),
    ("jose", 1),
    ("model", 2),
    ("config", 3),
    ("vault", 4),
    ("oauth", 4),
    ("engine", 5),
    ("agent", 6),
    ("tui", 6),
    ("demo", 6),
    ("cli", 7),
    ("main", 8),
];

/// Files that may call `expose_secret()`, each with its reason.
const MAY_EXPOSE: &[(&str, &str)] = &[
    ("src/secret.rs", "defines it"),
    ("src/jose/key.rs", "reads a private key"),
    (
        "src/agent/wire.rs",
        "tokens and client secrets on the socket of their owner",
    ),
    (
        "src/agent/grant_wire.rs",
        "pairs of tokens on their way to the program they are for",
    ),
    (
        "src/engine/grants/token.rs",
        "signs, takes apart and hashes the tokens of grants",
    ),
    (
        "src/engine/grants/desk.rs",
        "compares a refresh token with the hash that is kept of it",
    ),
    (
        "src/engine/grants/questions.rs",
        "hashes what a question's answer is looked up with",
    ),
    (
        "src/engine/grants/registry_property.rs",
        "tests which token of a family is alive",
    ),
    ("src/engine/grants/registry_tests.rs", "compares tokens"),
    (
        "src/vault/grant_wire.rs",
        "writes what is kept of a grant's tokens into its age file",
    ),
    (
        "src/agent/lock_wire.rs",
        "a passphrase on the socket of the owner it unlocks",
    ),
    (
        "src/demo/seed.rs",
        "takes fingerprints of the tokens it seeds",
    ),
    (
        "src/engine/identifying.rs",
        "compares a found token with the fingerprints",
    ),
    ("src/engine/keys.rs", "looks whether a key can be one"),
    ("src/engine/hand.rs", "takes fingerprints of new tokens"),
    ("src/engine/signin_loopback.rs", "reads a pasted address"),
    ("src/oauth/authorize.rs", "its test reads the verifier"),
    ("src/oauth/client_auth.rs", "sends the client secret"),
    ("src/oauth/device.rs", "sends the device code"),
    ("src/oauth/id_token.rs", "reads the claims"),
    ("src/oauth/exchange.rs", "sends the token that is exchanged"),
    (
        "src/oauth/introspect.rs",
        "sends the token that is asked about",
    ),
    (
        "src/oauth/registration.rs",
        "sends the registration's token",
    ),
    ("src/oauth/userinfo.rs", "sends the access token"),
    (
        "src/oauth/dpop.rs",
        "hashes the token that a proof goes with",
    ),
    ("src/oauth/revoke.rs", "sends both tokens"),
    (
        "src/oauth/token.rs",
        "sends code, verifier and refresh token",
    ),
    (
        "src/oauth/sts.rs",
        "sends the token that AWS gives keys for",
    ),
    ("src/cli/token.rs", "prints tokens, hands them to programs"),
    ("src/cli/helpers/keys.rs", "prints keys of AWS"),
    ("src/model/strength.rs", "judges a new passphrase"),
    (
        "src/tui/clipboard.rs",
        "puts an access token on the clipboard",
    ),
    (
        "src/tui/screens/reveal.rs",
        "shows an access token for ten seconds",
    ),
    ("src/vault/fingerprint.rs", "hashes tokens"),
    (
        "src/vault/keys.rs",
        "derives the vault's keys from its identity",
    ),
    (
        "src/vault/os_keyring.rs",
        "hands a slot's identity to the keyring",
    ),
    ("src/vault/seal.rs", "gives keys and passphrases to age"),
    ("src/vault/secret_wire.rs", "writes what is sealed"),
];

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    walk(&root.join("src"), &mut found);
    assert!(found.len() > 20, "the sources were not found");
    found
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (path.strip_prefix(root).unwrap().to_path_buf(), text)
        })
        .collect()
}

fn floor_of(path: &Path) -> String {
    let inside = path.strip_prefix("src").unwrap();
    let first = inside
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_str()
        .unwrap();
    first.trim_end_matches(".rs").to_owned()
}

fn height(floor: &str) -> Option<u8> {
    FLOORS
        .iter()
        .find(|(name, _)| *name == floor)
        .map(|(_, height)| *height)
}

/// Every `crate::a::b` (or, in the program, `tokenward::a::b`) of a text, as (a, b).
fn imports(text: &str, root: &str) -> BTreeSet<(String, String)> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| {
            line.match_indices(root)
                .map(move |(at, _)| &line[at + root.len()..])
        })
        .map(|rest| {
            let mut parts = rest.split("::").map(|part| {
                part.chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect::<String>()
            });
            (
                parts.next().unwrap_or_default(),
                parts.next().unwrap_or_default(),
            )
        })
        .collect()
}

#[test]
fn floors_import_from_lower_floors_only() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let floor = floor_of(&path);
        if floor == "lib" {
            continue;
        }
        let mine =
            height(&floor).unwrap_or_else(|| panic!("{} stands on no floor", path.display()));
        let root = if floor == "main" {
            "tokenward::"
        } else {
            "crate::"
        };
        for (target, inner) in imports(&text, root) {
            let Some(theirs) = height(&target) else {
                wrong.push(format!(
                    "{}: crate::{target} is no floor: import from the defining file",
                    path.display()
                ));
                continue;
            };
            if target != floor && theirs >= mine {
                wrong.push(format!(
                    "{}: {floor} may not import {target}",
                    path.display()
                ));
            }
            // What is wished of the grants is a part of the engine's commands, in a file of its own.
            let mut of_grants = text.split("engine::grants::").skip(1);
            let is_wish = inner == "grants" && of_grants.all(|rest| rest.starts_with("ask::"));
            if floor == "tui"
                && target == "engine"
                && !is_wish
                && !matches!(inner.as_str(), "api" | "link" | "gate")
            {
                wrong.push(format!(
                    "{}: tui sees engine::{{api, link, gate, grants::ask}} only, not {inner}",
                    path.display()
                ));
            }
            if floor == "tui" && matches!(target.as_str(), "vault" | "oauth") {
                wrong.push(format!("{}: tui never sees {target}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn secrets_are_exposed_in_listed_files_only() {
    let allowed: BTreeSet<&str> = MAY_EXPOSE.iter().map(|(file, _)| *file).collect();
    let exposing: BTreeSet<String> = sources()
        .into_iter()
        .filter(|(_, text)| text.contains("expose_secret"))
        .map(|(path, _)| path.to_str().unwrap().to_owned())
        .collect();
    let exposing: BTreeSet<&str> = exposing.iter().map(String::as_str).collect();
    assert_eq!(
        exposing, allowed,
        "left: files that expose; right: files that may"
    );
}

#[test]
fn module_roots_hold_docs_and_modules_only() {
    for (path, text) in sources() {
        if !(path.ends_with("mod.rs") || path.ends_with("lib.rs")) {
            continue;
        }
        for line in text.lines().filter(|line| !line.is_empty()) {
            assert!(
                line.starts_with("//!") || (line.starts_with("pub mod ") && line.ends_with(';')),
                "{}: {line}",
                path.display()
            );
        }
    }
}

#[test]
fn every_file_opens_with_one_sentence_of_what_it_is_for() {
    for (path, text) in sources() {
        let first = text.lines().next().unwrap_or_default();
        assert!(
            first.starts_with("//! ") && first.len() <= 110,
            "{}: {first}",
            path.display()
        );
    }
}

#[test]
fn nobody_imports_from_super() {
    for (path, text) in sources() {
        let code = text.split("#[cfg(test)]").next().unwrap();
        for line in code
            .lines()
            .filter(|line| line.trim_start().starts_with("use "))
        {
            assert!(!line.contains("super::"), "{}: {line}", path.display());
        }
    }
}

#[test]
fn nothing_ends_the_program_without_its_drops() {
    let forbidden = [
        "process::exit",
        "process::abort",
        "mem::forget",
        "ManuallyDrop",
        ".leak()",
        "Box::leak",
    ];
    for (path, text) in sources() {
        let code = text.split("#[cfg(test)]").next().unwrap().lines();
        for line in code.filter(|line| !line.trim_start().starts_with("//")) {
            let found = forbidden.iter().find(|word| line.contains(**word));
            assert!(found.is_none(), "{}: {line}", path.display());
        }
    }
    let manifest = include_str!("../../Cargo.toml");
    assert!(
        !manifest.contains("panic = \"abort\""),
        "a panic has to unwind: drops zeroize"
    );
}
