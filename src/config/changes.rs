//! What differs between two readings of the settings, and what of it waits for the next start.

use crate::config::keys::{self, Key};
use crate::config::settings::Config;
use serde_json::Value;
use std::collections::BTreeMap;

/// Sections that are looked at when an owner starts, and then not again: what they name is open by then.
const AT_THE_START: [&str; 2] = ["api", "grants"];

/// The names of settings that differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Those that count from now on.
    pub now: Vec<String>,
    /// Those that count once the owner is started again.
    pub at_the_next_start: Vec<String>,
}

impl Changes {
    /// What has changed from one to the other.
    pub fn between(before: &Config, after: &Config) -> Self {
        let (before, after) = (by_name(before), by_name(after));
        let names: std::collections::BTreeSet<&Key> = before.keys().chain(after.keys()).collect();
        let mut changes = Self::default();
        for name in names {
            if before.get(name) == after.get(name) {
                continue;
            }
            let section = name.first().map_or("", String::as_str);
            match AT_THE_START.contains(&section) {
                true => changes.at_the_next_start.push(keys::dotted(name)),
                false => changes.now.push(keys::dotted(name)),
            }
        }
        changes
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.now.is_empty() && self.at_the_next_start.is_empty()
    }
}

fn by_name(config: &Config) -> BTreeMap<Key, Value> {
    keys::flattened(config).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_called_by_its_name() {
        let before = Config::default();
        let mut after = before.clone();
        assert!(Changes::between(&before, &after).is_empty());
        after.limits.in_flight = 3;
        let over = after.overrides.entry("demo/alice".to_owned()).or_default();
        over.background = Some(false);
        let changes = Changes::between(&before, &after);
        assert_eq!(
            changes.now,
            ["limits.in_flight", "overrides.\"demo/alice\".background"]
        );
        assert_eq!(changes.at_the_next_start, [""; 0]);
    }
}
