//! Settings from the environment: `TOKENWARD_SECTION_KEY` for each key of each section whose keys are known.

use crate::config::error::ConfigError;
use crate::config::keys::{self, Key};
use crate::config::settings::Config;
use toml::{Table, Value};

/// A variable that set something, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The variable.
    pub variable: String,
    /// The setting.
    pub key: Key,
}

/// Puts the variables over the file's settings; gives those that counted.
pub fn overlay(
    table: &mut Table,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<Vec<Taken>, ConfigError> {
    let sections = keys::plain_sections();
    let mut taken = Vec::new();
    for (variable, text) in environment {
        let Some((section, key)) = named(&variable, &sections) else {
            continue;
        };
        let known = keys::keys_in(section);
        if !known.contains(&key) {
            return Err(ConfigError::Wrong {
                place: variable,
                message: format!("there is no setting `{section}.{key}`"),
                suggestion: keys::similar(&key, &known).map(|name| variable_for(section, &name)),
            });
        }
        let value = value_of(section, &key, &text);
        if let Value::Table(inner) = table
            .entry(section.to_owned())
            .or_insert_with(|| Value::Table(Table::new()))
        {
            inner.insert(key.clone(), value);
        }
        let key = vec![section.to_owned(), key];
        taken.push(Taken { variable, key });
    }
    Ok(taken)
}

/// Section and key that a variable names, where it is one for settings.
fn named<'a>(variable: &str, sections: &'a [String]) -> Option<(&'a str, String)> {
    let lower = variable.strip_prefix("TOKENWARD_")?.to_ascii_lowercase();
    sections.iter().find_map(|section| {
        let key = lower.strip_prefix(section.as_str())?.strip_prefix('_')?;
        Some((section.as_str(), key.to_owned()))
    })
}

/// Whether a variable's name is one that a setting could have: whatever else stands there would be taken for one.
pub fn is_for_settings(variable: &str) -> bool {
    let upper = variable.to_ascii_uppercase();
    upper == variable && named(variable, &keys::plain_sections()).is_some()
}

/// The variable that sets one setting.
pub fn variable_for(section: &str, key: &str) -> String {
    format!("TOKENWARD_{section}_{key}").to_ascii_uppercase()
}

/// A variable's text as the value that its setting takes: a folder may well be called `2026` or `true`.
fn value_of(section: &str, key: &str, text: &str) -> Value {
    let word = Value::String(text.to_owned());
    let value = match (text.parse::<i64>(), text.parse::<f64>(), text) {
        (Ok(number), _, _) => Value::Integer(number),
        (_, Ok(number), _) => Value::Float(number),
        (_, _, "true") => Value::Boolean(true),
        (_, _, "false") => Value::Boolean(false),
        _ => return word,
    };
    let takes = |value: &Value| {
        let inner = Table::from_iter([(key.to_owned(), value.clone())]);
        let table = Table::from_iter([(section.to_owned(), Value::Table(inner))]);
        table.try_into::<Config>().is_ok()
    };
    match !takes(&value) && takes(&word) {
        true => word,
        false => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_one_of_settings_by_its_section() {
        assert!(is_for_settings("TOKENWARD_LIMITS_IN_FLIGHT"));
        assert!(is_for_settings("TOKENWARD_LIMITS_ALICE"));
        assert!(!is_for_settings("TOKENWARD_LIMITS"));
        assert!(!is_for_settings("TOKENWARD_GITHUB_ALICE"));
        assert!(!is_for_settings("TOKENWARD_PROVIDERS_ALICE"));
    }

    #[test]
    fn every_known_setting_has_a_variable_that_sets_it() {
        let sections = keys::plain_sections();
        for section in &sections {
            for key in keys::keys_in(section) {
                let variable = variable_for(section, &key);
                let found = named(&variable, &sections);
                assert_eq!(found, Some((section.as_str(), key)), "{variable}");
            }
        }
    }

    #[test]
    fn a_text_is_taken_as_its_setting_takes_it() {
        let folder = value_of("backup", "folder", "2026");
        assert_eq!(folder, Value::String("2026".to_owned()));
        assert_eq!(value_of("backup", "keep_daily", "9"), Value::Integer(9));
        assert_eq!(value_of("backup", "daily", "false"), Value::Boolean(false));
        let many = value_of("backup", "keep_daily", "many");
        assert_eq!(many, Value::String("many".to_owned()));
    }
}
