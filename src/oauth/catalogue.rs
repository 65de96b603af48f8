//! The providers that are known by name: the catalogue, and the person's own records over it.

use crate::config::layers;
use crate::model::provider::Provider;
use crate::oauth::own_records::{self, OwnRecordError};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, OnceLock, PoisonError, RwLock};
use std::time::SystemTime;
use toml::Table;

/// What stands before each record of the text.
const HEAD: &str = "[[provider]]\n";

/// A record that is read when it is asked for: most commands need none of them, and few more than one.
struct Listed {
    name: &'static str,
    text: &'static str,
    record: OnceLock<Arc<Provider>>,
}

#[derive(Deserialize)]
struct One<T> {
    provider: [T; 1],
}

impl Listed {
    fn read<T: for<'de> Deserialize<'de>>(&self) -> T {
        let one: One<T> = toml::from_str(self.text).expect("a test reads the same text");
        let [record] = one.provider;
        record
    }

    fn record(&self) -> Arc<Provider> {
        Arc::clone(self.record.get_or_init(|| Arc::new(self.read())))
    }
}

static LISTED: LazyLock<Vec<Listed>> = LazyLock::new(|| {
    let text = include_str!("../../assets/providers.toml");
    let starts: Vec<usize> = text.match_indices(HEAD).map(|(at, _)| at).collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let texts = starts.iter().zip(ends).map(|(from, to)| &text[*from..to]);
    texts
        .map(|text| Listed {
            name: name_in(text),
            text,
            record: OnceLock::new(),
        })
        .collect()
});

/// The name, which is the first member of each record.
fn name_in(text: &'static str) -> &'static str {
    let line = text[HEAD.len()..].lines().next().unwrap_or_default();
    line.trim_start_matches("name = ").trim_matches('"')
}

fn listed(name: &str) -> Option<&'static Listed> {
    let at = LISTED.binary_search_by(|listed| listed.name.cmp(name));
    at.ok().map(|at| &LISTED[at])
}

/// The person's own records, and the file they are read from again when it changes.
#[derive(Default)]
struct Own {
    records: BTreeMap<String, Arc<Provider>>,
    file: Option<PathBuf>,
    stamp: Option<(SystemTime, u64)>,
}

static OWN: RwLock<Own> = RwLock::new(Own {
    records: BTreeMap::new(),
    file: None,
    stamp: None,
});

/// Lays the person's own records over the catalogue, in place of those that were there before.
pub fn extend(tables: &BTreeMap<String, Table>) -> Result<(), OwnRecordError> {
    let records = read(tables)?;
    OWN.write().unwrap_or_else(PoisonError::into_inner).records = records;
    Ok(())
}

/// Looks at this file of settings from now on: when it changes, the records that stand there then are the person's own.
pub fn follow(file: &Path) {
    let mut own = OWN.write().unwrap_or_else(PoisonError::into_inner);
    own.file = Some(file.to_path_buf());
    own.stamp = stamp(file);
}

fn stamp(file: &Path) -> Option<(SystemTime, u64)> {
    let found = std::fs::metadata(file).ok()?;
    Some((found.modified().ok()?, found.len()))
}

/// Each table as a record: over the catalogue's of the same name, or by itself.
pub fn read(
    tables: &BTreeMap<String, Table>,
) -> Result<BTreeMap<String, Arc<Provider>>, OwnRecordError> {
    tables
        .iter()
        .map(|(name, table)| {
            let base = listed(name).map(Listed::read::<Table>);
            let record = own_records::record(name, base, table)?;
            Ok((name.clone(), Arc::new(record)))
        })
        .collect()
}

/// Reads the file that is followed again, if it has changed. One that cannot be used changes nothing: whoever starts a
/// command with it is told, with the line.
fn look() {
    let own = OWN.read().unwrap_or_else(PoisonError::into_inner);
    let Some(file) = own.file.clone() else { return };
    let now = stamp(&file);
    if own.stamp == now {
        return;
    }
    drop(own);
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let records = layers::own_records(&text, &file)
        .map_err(|error| error.to_string())
        .and_then(|tables| read(&tables).map_err(|error| error.to_string()));
    let mut own = OWN.write().unwrap_or_else(PoisonError::into_inner);
    own.stamp = now;
    match records {
        Ok(records) => own.records = records,
        Err(error) => tracing::warn!(%error, "the changed settings' provider records are not used"),
    }
}

fn own(name: &str) -> Option<Arc<Provider>> {
    let own = OWN.read().unwrap_or_else(PoisonError::into_inner);
    own.records.get(name).map(Arc::clone)
}

/// All of them, by name.
pub fn all() -> Vec<Arc<Provider>> {
    look();
    let listed = LISTED.iter().map(|listed| (listed.name.to_owned(), listed));
    let mut all: BTreeMap<String, Arc<Provider>> = listed
        .map(|(name, listed)| (name, listed.record()))
        .collect();
    let own = OWN.read().unwrap_or_else(PoisonError::into_inner);
    all.extend(own.records.clone());
    all.into_values().collect()
}

/// The names of all of them, in order.
pub fn names() -> Vec<String> {
    look();
    let own = OWN.read().unwrap_or_else(PoisonError::into_inner);
    let listed = LISTED.iter().map(|listed| listed.name.to_owned());
    let mut names: Vec<String> = listed.chain(own.records.keys().cloned()).collect();
    names.sort();
    names.dedup();
    names
}

/// The one of that name.
pub fn find(name: &str) -> Option<Arc<Provider>> {
    look();
    own(name).or_else(|| listed(name).map(Listed::record))
}

/// Whether the person wrote a record of that name, or changed the catalogue's.
pub fn is_own(name: &str) -> bool {
    look();
    own(name).is_some()
}

/// Whether the catalogue has one of that name, whatever the person wrote.
pub fn is_listed(name: &str) -> bool {
    listed(name).is_some()
}

/// The names of the person's own records.
pub fn own_names() -> Vec<String> {
    look();
    let own = OWN.read().unwrap_or_else(PoisonError::into_inner);
    own.records.keys().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_is_found_by_the_name_before_it_is_read() {
        for listed in LISTED.iter() {
            assert_eq!(listed.record().name, listed.name);
            assert_eq!(
                find(listed.name).map(|found| found.name.clone()).as_deref(),
                Some(listed.name)
            );
        }
        assert!(find("no-such").is_none());
    }

    #[test]
    fn a_table_lies_over_the_catalogues_record_and_a_new_name_is_a_new_provider() {
        let tables: BTreeMap<String, Table> = toml::from_str(
            "[gitlab]\npkce = \"required\"\n[gitlab.parameters]\nhost = \"git.corp.example\"\n[corp]\nissuer = \"https://id.corp.example\"\n",
        )
        .unwrap();
        let records = read(&tables).unwrap();
        let gitlab = &records["gitlab"];
        assert_eq!(gitlab.parameters["host"], "git.corp.example");
        assert_eq!(gitlab.display_name, "GitLab");
        assert_eq!(gitlab.endpoints, find("gitlab").unwrap().endpoints);
        assert_eq!(records["corp"].display_name, "corp");
    }
}
