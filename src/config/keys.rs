//! The names of all settings, as the defaults themselves have them: nobody keeps a second list.

use crate::config::settings::Config;
use serde::Serialize;
use serde_json::Value;

/// Sections that hold what a person names: their keys are not known beforehand, and no variable sets them.
const NAMED_BY_PEOPLE: [&str; 3] = ["overrides", "providers", "hooks"];

/// One setting's name, from its section inwards.
pub type Key = Vec<String>;

/// The members of a table of settings, as its defaults have them.
pub fn keys_of(defaults: &impl Serialize) -> Vec<String> {
    match serde_json::to_value(defaults) {
        Ok(Value::Object(map)) => map.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

/// The keys of one section.
pub fn keys_in(section: &str) -> Vec<String> {
    let defaults = serde_json::to_value(Config::default()).unwrap_or_default();
    defaults.get(section).map_or_else(Vec::new, keys_of)
}

/// The sections whose keys are known.
pub fn plain_sections() -> Vec<String> {
    let mut sections = keys_of(&Config::default());
    sections.retain(|section| !NAMED_BY_PEOPLE.contains(&section.as_str()));
    sections
}

/// Every setting with its value: the known ones whatever they are, of the rest what was set.
pub fn flattened(config: &Config) -> Vec<(Key, Value)> {
    let mut found = Vec::new();
    let Ok(Value::Object(sections)) = serde_json::to_value(config) else {
        return found;
    };
    for (section, value) in sections {
        let is_plain = !NAMED_BY_PEOPLE.contains(&section.as_str());
        walk(vec![section], value, is_plain, &mut found);
    }
    found
}

fn walk(at: Key, value: Value, keeps_unset: bool, found: &mut Vec<(Key, Value)>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let inner = at.iter().cloned().chain([name]).collect();
                walk(inner, value, keeps_unset, found);
            }
        }
        Value::Null if !keeps_unset => {}
        Value::Array(all) if all.is_empty() && !keeps_unset => {}
        value => found.push((at, value)),
    }
}

/// A key as it can be written in a settings file: `overrides."demo/alice".background`.
pub fn dotted(key: &[String]) -> String {
    let part = |name: &String| {
        let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        match !name.is_empty() && name.chars().all(is_bare) {
            true => name.clone(),
            false => format!("{name:?}"),
        }
    };
    key.iter().map(part).collect::<Vec<_>>().join(".")
}

/// The known word that looks most like this one, if any looks much like it.
pub fn similar(word: &str, known: &[String]) -> Option<String> {
    known
        .iter()
        .map(|name| (strsim::jaro_winkler(word, name), name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::policy::PolicyOverride;

    #[test]
    fn what_is_not_set_is_listed_where_it_is_known_and_nowhere_else() {
        let mut config = Config::default();
        let over = PolicyOverride {
            background: Some(false),
            ..PolicyOverride::default()
        };
        config.overrides.insert("demo/alice".to_owned(), over);
        let keys: Vec<String> = flattened(&config)
            .iter()
            .map(|(key, _)| dotted(key))
            .collect();
        assert!(keys.contains(&"refresh.unknown_expiry_secs".to_owned()));
        assert!(keys.contains(&"overrides.\"demo/alice\".background".to_owned()));
        assert!(
            !keys
                .iter()
                .any(|key| key.ends_with("jitter_share") && key.starts_with("overrides"))
        );
        assert!(!plain_sections().contains(&"providers".to_owned()));
    }
}
