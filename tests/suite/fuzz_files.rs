//! Files that were written by nobody: vaults, settings and provider records, nearly right ones and noise.

use crate::fuzz_rig::{REFUSED, Read, TAKEN, try_all, try_made};
use crate::vault_fixture::{everything, fill, new_vault};
use std::collections::HashSet;
use std::fs;
use std::path::Path;
use tokenward::config::settings::Config;
use tokenward::oauth::own_records::record;
use tokenward::oauth::template;
use tokenward::vault::file::VaultFile;
use tokenward::vault::slot::Key;
use tokenward::vault::verify::verify;
use toml_edit::{DocumentMut, Item, Table};

/// The parts of SQLite's log: its head, then frames of a head and a page.
const LOG_HEAD: usize = 32;
const LOG_FRAME: usize = 24 + 4096;

/// A good vault, what it says, what it said earlier, and what opens it.
struct Original {
    bytes: Vec<u8>,
    says: String,
    earlier: HashSet<String>,
    key: Key,
}

impl Original {
    fn make(folder: &Path) -> Self {
        let path = folder.join("good.db");
        let (mut vault, key) = new_vault(&path);
        fill(&mut vault);
        let says = everything(&mut vault).unwrap();
        drop(vault);
        let bytes = fs::read(&path).unwrap();
        Self {
            bytes,
            says,
            earlier: HashSet::new(),
            key,
        }
    }

    /// Opens what stands at `path` in every way there is. Nothing that was changed may be opened as if it were right.
    fn open(&self, path: &Path) -> Read {
        if let Ok(mut vault) = VaultFile::open_read_only(path)
            .and_then(|locked| locked.slots().map(|_| locked))
            .and_then(|locked| locked.unlock_to_verify(&self.key))
        {
            let report = verify(&mut vault);
            assert!(report.problems.len() <= 10_000);
        }
        let Ok(mut vault) = VaultFile::open(path).and_then(|locked| locked.unlock(&self.key))
        else {
            return REFUSED;
        };
        let said = everything(&mut vault);
        if said.as_ref().is_ok_and(|said| *said == self.says) {
            return TAKEN;
        }
        if said.as_ref().is_ok_and(|said| self.earlier.contains(said)) {
            return ("older", Vec::new());
        }
        let states = self.earlier.iter().chain([&self.says]);
        let right: HashSet<&str> = states.flat_map(|it| it.lines()).collect();
        let shown = said.as_deref().unwrap_or_default();
        let wrong = shown
            .lines()
            .find(|line| line.contains("marker-") && !right.contains(line));
        assert!(wrong.is_none(), "opened though it was changed: {wrong:?}");
        let report = verify(&mut vault);
        assert!(
            said.is_err() || !report.is_whole(),
            "a change went unnoticed"
        );
        ("noticed", Vec::new())
    }
}

#[test]
fn no_vault_file_makes_its_reader_panic_hang_or_open_a_changed_row() {
    let folder = tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap();
    let original = Original::make(folder.path());
    let path = folder.path().join("vault.db");
    let make = |plan: &crate::fuzz_rig::Plan| plan.damaged(&original.bytes);
    try_made("vault files", 300, make, |input, _| {
        for leftover in ["vault.db-wal", "vault.db-shm"] {
            let _ = fs::remove_file(path.with_file_name(leftover));
        }
        fs::write(&path, input).unwrap();
        original.open(&path)
    });
}

#[test]
fn no_log_beside_a_vault_makes_its_reader_panic_hang_or_open_a_changed_row() {
    let folder = tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap();
    let good = folder.path().join("good.db");
    let (mut vault, key) = new_vault(&good);
    fill(&mut vault);
    let says = everything(&mut vault).unwrap();
    // While it is open all that was written stands in the log.
    let (bytes, log) = (
        fs::read(&good).unwrap(),
        fs::read(folder.path().join("good.db-wal")).unwrap(),
    );
    assert!(log.len() > 4096);
    drop(vault);
    let mut original = Original {
        bytes,
        says,
        earlier: HashSet::new(),
        key,
    };
    let path = folder.path().join("vault.db");
    let put = |log: &[u8], original: &Original| {
        let _ = fs::remove_file(path.with_file_name("vault.db-shm"));
        fs::write(&path, &original.bytes).unwrap();
        fs::write(path.with_file_name("vault.db-wal"), log).unwrap();
    };
    // A log that ends earlier is the vault as it was then, as an old backup is.
    for end in (LOG_HEAD..=log.len()).step_by(LOG_FRAME) {
        put(&log[..end], &original);
        let opened = VaultFile::open(&path).and_then(|locked| locked.unlock(&original.key));
        if let Some(state) = opened
            .ok()
            .and_then(|mut vault| everything(&mut vault).ok())
        {
            original.earlier.insert(state);
        }
    }
    try_made(
        "vault logs",
        300,
        |plan| plan.damaged(&log),
        |input, _| {
            put(input, &original);
            original.open(&path)
        },
    );
}

/// The settings that come with the program, with every example in force.
fn all_settings() -> String {
    include_str!("../../assets/config.toml").replace("#: ", "")
}

const OWN: &str = r#"
[refresh]
lifetime_share = 0.8
[overrides."github/alice"]
background = false
[providers.corp]
display_name = "Corp"
issuer = "https://id.corp.example"
default_scopes = ["openid", "email"]
flows = ["device", "loopback"]
[providers.corp.endpoints]
token = "https://{host}/token"
[providers.corp.parameters]
host = "id.corp.example"
[providers.corp.revocation]
kind = "page"
url = "https://corp.example/apps"
"#;

#[test]
fn no_settings_make_their_reader_panic_hang_or_take_much() {
    let all = all_settings();
    let seeds = [all.as_str(), OWN, "[refresh]\nlifetime_share = 0.5\n", ""];
    try_all("settings", &seeds, |input, plan| {
        let Ok(text) = std::str::from_utf8(input) else {
            return REFUSED; // The file's reader has refused it already.
        };
        let environment = [(
            "TOKENWARD_LIMITS_IN_FLIGHT".to_owned(),
            plan.dice.to_string(),
        )];
        let environment = environment
            .into_iter()
            .filter(|_| plan.dice.is_multiple_of(4));
        match Config::from_layers(text, Path::new("config.toml"), environment) {
            Ok(config) => {
                records(&config);
                assert!((1..=1024).contains(&config.limits().in_flight));
                TAKEN
            }
            Err(error) => {
                let words = format!("{error} {}", error.hint());
                assert!(!words.contains('\u{1b}'), "shown to a terminal: {words:?}");
                REFUSED
            }
        }
    });
}

/// Makes the records that the settings name, as a sign-in would.
fn records(config: &Config) {
    for (name, table) in &config.providers {
        if let Ok(record) = record(name, None, table) {
            let _ = template::fill(&record, &record.parameters.clone());
        }
    }
}

/// A record of the catalogue as settings of one's own.
fn alone(record: &Table) -> String {
    let name = record["name"].as_str().unwrap().to_owned();
    let mut record = record.clone();
    record.remove("name");
    let mut providers = Table::new();
    providers.insert(&name, Item::Table(record));
    let mut settings = DocumentMut::new();
    settings.insert("providers", Item::Table(providers));
    settings.to_string()
}

#[test]
fn no_provider_records_make_their_reader_panic_hang_or_take_much() {
    let catalogue = include_str!("../../assets/providers.toml");
    let catalogue: DocumentMut = catalogue.parse().unwrap();
    let listed = catalogue["provider"].as_array_of_tables().unwrap();
    let named: Vec<String> = listed.iter().map(alone).collect();
    assert!(named.len() > 100, "{} records", named.len());
    let seeds: Vec<&str> = named.iter().map(String::as_str).collect();
    try_all("provider records", &seeds, |input, _| {
        let Ok(text) = std::str::from_utf8(input) else {
            return REFUSED;
        };
        match Config::from_layers(text, Path::new("providers.toml"), std::iter::empty()) {
            Ok(config) => {
                records(&config);
                TAKEN
            }
            Err(_) => REFUSED,
        }
    });
}
