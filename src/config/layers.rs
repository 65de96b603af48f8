//! Reading the settings: the file over the defaults, the environment over the file.

use crate::config::error::ConfigError;
use crate::config::members;
use crate::config::ranges::check_ranges;
use crate::config::settings::Config;
use crate::model::name::is_provider_name;
use crate::model::policy::PolicyOverride;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

impl Config {
    /// Reads the settings: defaults, then the file if there is one, then the environment.
    pub fn load(
        file: &Path,
        named_by_hand: bool,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(source) => {
                return Err(ConfigError::Unreadable {
                    path: file.to_path_buf(),
                    source,
                });
            }
        };
        if text.is_none() && named_by_hand {
            return Err(ConfigError::Missing {
                path: file.to_path_buf(),
            });
        }
        Self::from_layers(text.as_deref().unwrap_or(""), file, environment)
    }

    /// The same from the file's text.
    pub fn from_layers(
        text: &str,
        file: &Path,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let layer = Layer { text, file };
        layer.refuse_unknown_keys()?;
        let mut table = layer.table()?;
        let from_environment = overlay(&mut table, environment)?;
        let config: Self = match table.try_into() {
            Ok(config) => config,
            // Read again from the text alone: only then does the error know its line.
            Err(error) => {
                layer.typed()?;
                return Err(ConfigError::Wrong {
                    place: from_environment.join(", "),
                    message: toml_words(&error),
                    suggestion: None,
                });
            }
        };
        check_ranges(&config, file)?;
        Ok(config)
    }
}

/// The file's text and where it came from.
struct Layer<'a> {
    text: &'a str,
    file: &'a Path,
}

impl Layer<'_> {
    fn table(&self) -> Result<Table, ConfigError> {
        toml::from_str(self.text).map_err(|error| self.wrong(&error))
    }

    /// Reads the settings with the places of the text, so that an error says where.
    fn typed(&self) -> Result<(), ConfigError> {
        toml::from_str::<Config>(self.text)
            .map(drop)
            .map_err(|error| self.wrong(&error))
    }

    fn wrong(&self, error: &toml::de::Error) -> ConfigError {
        let line = error.span().map_or(1, |span| self.line_of(span.start));
        ConfigError::Wrong {
            place: format!("{}, line {line}", self.file.display()),
            message: toml_words(error),
            suggestion: None,
        }
    }

    fn line_of(&self, offset: usize) -> usize {
        let before = self.text.get(..offset).unwrap_or(self.text);
        before.matches('\n').count() + 1
    }

    fn refuse_unknown_keys(&self) -> Result<(), ConfigError> {
        let table = DeTable::parse(self.text).map_err(|error| self.wrong(&error))?;
        for (section, value) in table.get_ref() {
            let sections = keys_of(&Config::default());
            self.must_be_known(section.get_ref(), section.span().start, "", &sections)?;
            let Some(inner) = value.get_ref().as_table() else {
                continue;
            };
            let name = section.get_ref().as_ref();
            for (key, value) in inner {
                if name == "overrides" {
                    self.check_override(key.get_ref(), value.get_ref())?;
                } else if name == "providers" {
                    self.must_be_a_name(key.get_ref(), key.span().start)?;
                    self.check_record(key.get_ref(), &[], value.get_ref())?;
                } else {
                    let path = format!("{name}.");
                    self.must_be_known(key.get_ref(), key.span().start, &path, &keys_in(name))?;
                }
            }
        }
        Ok(())
    }

    fn check_override(&self, name: &str, value: &DeValue<'_>) -> Result<(), ConfigError> {
        let known = keys_of(&PolicyOverride::default());
        for (key, _) in value.as_table().into_iter().flatten() {
            let path = format!("overrides.\"{name}\".");
            self.must_be_known(key.get_ref(), key.span().start, &path, &known)?;
        }
        Ok(())
    }

    /// Refuses a member that no record has, at any depth.
    fn check_record(
        &self,
        name: &str,
        at: &[&str],
        value: &DeValue<'_>,
    ) -> Result<(), ConfigError> {
        let known = members::of_record(at);
        for (key, value) in value.as_table().into_iter().flatten() {
            let path: Vec<&str> = ["providers", name].iter().chain(at).copied().collect();
            let path = format!("{}.", path.join("."));
            if let Some(known) = &known {
                self.must_be_known(key.get_ref(), key.span().start, &path, known)?;
            }
            let inner: Vec<&str> = at.iter().copied().chain([key.get_ref().as_ref()]).collect();
            self.check_record(name, &inner, value.get_ref())?;
        }
        Ok(())
    }

    fn must_be_a_name(&self, name: &str, offset: usize) -> Result<(), ConfigError> {
        if is_provider_name(name) {
            return Ok(());
        }
        Err(ConfigError::Wrong {
            place: format!("{}, line {}", self.file.display(), self.line_of(offset)),
            message: format!(
                "`providers.{name}` is no name for a provider: write 1 to 64 of a-z, 0-9, dot, underscore and dash"
            ),
            suggestion: None,
        })
    }

    fn must_be_known(
        &self,
        key: &str,
        offset: usize,
        path: &str,
        known: &[String],
    ) -> Result<(), ConfigError> {
        if known.iter().any(|name| name == key) {
            return Ok(());
        }
        Err(ConfigError::Wrong {
            place: format!("{}, line {}", self.file.display(), self.line_of(offset)),
            message: format!("there is no setting `{path}{key}`"),
            suggestion: similar(key, known).map(|name| format!("{path}{name}")),
        })
    }
}

/// The first line of what the parser says, without its drawing of the text.
fn toml_words(error: &toml::de::Error) -> String {
    error.message().lines().next().unwrap_or("").to_owned()
}

/// The keys of a table of settings, as its defaults have them.
fn keys_of(defaults: &impl Serialize) -> Vec<String> {
    match serde_json::to_value(defaults) {
        Ok(serde_json::Value::Object(map)) => map.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

fn keys_in(section: &str) -> Vec<String> {
    match serde_json::to_value(Config::default()) {
        Ok(serde_json::Value::Object(map)) => map.get(section).map_or_else(Vec::new, keys_of),
        _ => Vec::new(),
    }
}

/// The person's own provider records in a text of settings, each a table; members that no record has are refused.
pub fn own_records(text: &str, file: &Path) -> Result<BTreeMap<String, Table>, ConfigError> {
    let config = Config::from_layers(text, file, std::iter::empty())?;
    Ok(config.providers)
}

/// The error for a value at `path` that only shows when it is used, with its line.
pub fn wrong_at(text: &str, file: &Path, path: &[String], message: &str) -> ConfigError {
    let layer = Layer { text, file };
    let line = offset_of(text, path).map_or(1, |offset| layer.line_of(offset));
    // What the reader of an enum says holds the words that were possible.
    let words: Vec<String> = message
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect();
    let meant = words
        .split_first()
        .and_then(|(wrong, known)| similar(wrong, known));
    ConfigError::Wrong {
        place: format!("{}, line {line}", file.display()),
        message: format!("`{}`: {message}", path.join(".")),
        suggestion: meant,
    }
}

/// Where the key stands, or the nearest table above it that the text has.
fn offset_of(text: &str, path: &[String]) -> Option<usize> {
    let table = DeTable::parse(text).ok()?;
    let mut here = table.get_ref();
    let mut found = None;
    for name in path {
        let Some((key, value)) = here.iter().find(|(key, _)| key.get_ref() == name) else {
            break;
        };
        found = Some(key.span().start);
        let Some(inner) = value.get_ref().as_table() else {
            break;
        };
        here = inner;
    }
    found
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

/// Sections whose settings can come from the environment.
const FROM_ENVIRONMENT: [&str; 9] = [
    "refresh", "limits", "forecast", "checks", "audit", "backup", "unlock", "lock", "vault",
];

/// Puts `TOKENWARD_SECTION_KEY` over the file's settings; returns the variables that counted.
fn overlay(
    table: &mut Table,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<Vec<String>, ConfigError> {
    let mut taken = Vec::new();
    for (variable, text) in environment {
        let Some(lower) = variable
            .strip_prefix("TOKENWARD_")
            .map(str::to_ascii_lowercase)
        else {
            continue;
        };
        let Some((section, key)) = FROM_ENVIRONMENT.iter().find_map(|section| {
            let key = lower.strip_prefix(section)?.strip_prefix('_')?;
            Some((*section, key.to_owned()))
        }) else {
            continue;
        };
        let known = keys_in(section);
        if !known.contains(&key) {
            return Err(ConfigError::Wrong {
                place: variable,
                message: format!("there is no setting `{section}.{key}`"),
                suggestion: similar(&key, &known).map(|name| variable_for(section, &name)),
            });
        }
        if let Value::Table(inner) = table
            .entry(section.to_owned())
            .or_insert_with(|| Value::Table(Table::new()))
        {
            inner.insert(key, value_of(&text));
        }
        taken.push(variable);
    }
    Ok(taken)
}

/// Whether a variable's name is one that a setting could have: whatever else stands there would be taken for one.
pub fn is_for_settings(variable: &str) -> bool {
    variable
        .strip_prefix("TOKENWARD_")
        .and_then(|rest| rest.split_once('_'))
        .is_some_and(|(section, _)| {
            FROM_ENVIRONMENT.contains(&section.to_ascii_lowercase().as_str())
        })
}

/// The variable that sets one setting.
pub fn variable_for(section: &str, key: &str) -> String {
    format!("TOKENWARD_{section}_{key}").to_ascii_uppercase()
}

fn value_of(text: &str) -> Value {
    if let Ok(number) = text.parse::<i64>() {
        return Value::Integer(number);
    }
    if let Ok(number) = text.parse::<f64>() {
        return Value::Float(number);
    }
    match text {
        "true" => Value::Boolean(true),
        "false" => Value::Boolean(false),
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::LimitSettings;

    fn read(text: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let variables = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::from_layers(text, Path::new("config.toml"), variables)
    }

    fn complaint(text: &str, environment: &[(&str, &str)]) -> (String, String) {
        let error = read(text, environment).unwrap_err();
        (error.to_string(), error.hint())
    }

    #[test]
    fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
        let text = "[refresh]\nlifetime_share = 0.5\nbefore_expiry_secs = 60\n";
        let config = read(text, &[("TOKENWARD_REFRESH_LIFETIME_SHARE", "0.7")]).unwrap();
        assert_eq!(config.refresh.lifetime_share, 0.7);
        assert_eq!(config.refresh.before_expiry_secs, 60);
        assert_eq!(config.limits, LimitSettings::default());
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line_and_what_was_meant() {
        let (message, hint) = complaint("[refresh]\n\nlifetime_shar = 0.5\n", &[]);
        assert_eq!(
            message,
            "config.toml, line 3: there is no setting `refresh.lifetime_shar`"
        );
        assert_eq!(hint, "did you mean `refresh.lifetime_share`?");
        let (message, hint) = complaint("[refesh]\n", &[]);
        assert!(message.contains("line 1"), "{message}");
        assert_eq!(hint, "did you mean `refresh`?");
        let (message, _) = complaint("[overrides.\"github/me\"]\nbackgrund = true\n", &[]);
        assert!(message.contains("line 2"), "{message}");
    }

    #[test]
    fn an_unknown_variable_of_a_section_is_refused_and_others_are_left_alone() {
        let (message, hint) = complaint("", &[("TOKENWARD_LIMITS_INFLIGHT", "3")]);
        assert!(
            message.starts_with("TOKENWARD_LIMITS_INFLIGHT"),
            "{message}"
        );
        assert_eq!(hint, "did you mean `TOKENWARD_LIMITS_IN_FLIGHT`?");
        assert!(read("", &[("TOKENWARD_GITHUB_ALICE", "x"), ("PATH", "y")]).is_ok());
    }

    #[test]
    fn a_value_of_the_wrong_type_is_refused_with_its_line() {
        let (message, _) = complaint("[limits]\n# how many\nin_flight = \"many\"\n", &[]);
        assert!(message.contains("config.toml, line 3"), "{message}");
        let (message, _) = complaint("", &[("TOKENWARD_LIMITS_IN_FLIGHT", "many")]);
        assert!(message.contains("TOKENWARD_LIMITS_IN_FLIGHT"), "{message}");
        let (message, _) = complaint("[limits\n", &[]);
        assert!(message.contains("line 1"), "{message}");
    }

    #[test]
    fn a_value_out_of_its_range_is_refused_with_the_range() {
        for text in [
            "[limits]\nin_flight = 0\n",
            "[refresh]\nlifetime_share = 1.5\n",
            "[vault]\nwork_factor = 30\n",
            "[overrides.github]\njitter_share = 0.5\n",
        ] {
            let (message, _) = complaint(text, &[]);
            assert!(message.contains("must lie between"), "{message}");
        }
    }

    #[test]
    fn a_member_that_no_record_has_is_refused_at_any_depth() {
        let text =
            "[providers.corp]\nissuer = \"https://id.corp.example\"\noffline_scope = \"offline\"\n";
        assert!(read(text, &[]).unwrap().providers["corp"].contains_key("offline_scope"));
        let (message, hint) = complaint("[providers.corp]\nisuer = \"x\"\n", &[]);
        assert!(message.contains("line 2"), "{message}");
        assert!(hint.contains("providers.corp.issuer"), "{hint}");
        let text = "[providers.corp]\n[providers.corp.redirect]\nhots = \"x\"\n";
        let (message, hint) = complaint(text, &[]);
        assert!(message.contains("line 3"), "{message}");
        assert!(hint.contains("providers.corp.redirect.host"), "{hint}");
        let (message, _) = complaint("[providers.\"Cor p\"]\nissuer = \"x\"\n", &[]);
        assert!(message.contains("line 1"), "{message}");
    }

    #[test]
    fn a_value_that_only_shows_when_it_is_used_has_its_line_too() {
        let text =
            "[providers.corp]\n# how\npkce = \"requird\"\n[providers.corp.redirect]\nports = 1\n";
        let path = |last: &[&str]| -> Vec<String> {
            ["providers", "corp"]
                .iter()
                .chain(last)
                .map(|it| (*it).to_owned())
                .collect()
        };
        let file = Path::new("config.toml");
        let message =
            "unknown variant `requird`, expected one of `required`, `optional`, `forbidden`";
        let error = wrong_at(text, file, &path(&["pkce"]), message);
        assert!(
            error
                .to_string()
                .starts_with("config.toml, line 3: `providers.corp.pkce`"),
            "{error}"
        );
        assert_eq!(error.hint(), "did you mean `required`?");
        let error = wrong_at(text, file, &path(&["redirect", "ports"]), "no");
        assert!(error.to_string().contains("line 5"), "{error}");
        let error = wrong_at(text, file, &path(&["flows"]), "missing");
        assert!(error.to_string().contains("line 1"), "{error}");
    }

    #[test]
    fn the_example_file_says_the_defaults() {
        let text = include_str!("../../assets/config.toml");
        assert_eq!(read(text, &[]).unwrap(), Config::default());
        let uncommented: String = text
            .lines()
            .map(|line| line.strip_prefix("#: ").unwrap_or(line))
            .map(|line| format!("{line}\n"))
            .collect();
        read(&uncommented, &[]).unwrap();
    }
}
