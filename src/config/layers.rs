//! Reading the settings: the file over the defaults, the environment over the file.

use crate::config::environment::{self, Taken};
use crate::config::error::ConfigError;
use crate::config::hooks::{self, HookSettings};
use crate::config::keys::{keys_in, keys_of, similar};
use crate::config::members;
use crate::config::origin::{self, Origin, Setting};
use crate::config::places::settle;
use crate::config::ranges::{self, Unfit};
use crate::config::settings::Config;
use crate::config::text::{Text, toml_words};
use crate::model::name::is_provider_name;
use crate::model::policy::PolicyOverride;
use crate::paths::home;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Table;
use toml::de::{DeTable, DeValue};

/// Settings as they were read, with what tells where each value comes from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// They.
    pub config: Config,
    text: String,
    file: PathBuf,
    taken: Vec<Taken>,
}

impl Loaded {
    /// Each setting with its origin.
    pub fn settings(&self) -> Vec<Setting> {
        let text = Text {
            text: &self.text,
            file: &self.file,
        };
        origin::settings(&self.config, text, &self.taken)
    }

    /// The same with the provider record at fault, as the catalogue found it.
    pub fn wrong_at(&self, path: &[String], message: &str) -> ConfigError {
        wrong_at(&self.text, &self.file, path, message)
    }
}

impl Config {
    /// Reads the settings: defaults, then the file if there is one, then the environment.
    pub fn load(
        file: &Path,
        named_by_hand: bool,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Loaded, ConfigError> {
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
        load(text.unwrap_or_default(), file, environment)
    }

    /// The same from the file's text.
    pub fn from_layers(
        text: &str,
        file: &Path,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        load(text.to_owned(), file, environment).map(|loaded| loaded.config)
    }
}

fn load(
    text: String,
    file: &Path,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<Loaded, ConfigError> {
    let layer = Layer(Text { text: &text, file });
    layer.refuse_unknown_keys()?;
    let mut table = layer.table()?;
    let taken = environment::overlay(&mut table, environment)?;
    let mut config: Config = match table.try_into() {
        Ok(config) => config,
        // Read again from the text alone: only then does the error know its line.
        Err(error) => {
            layer.typed()?;
            let names: Vec<&str> = taken.iter().map(|it| it.variable.as_str()).collect();
            return Err(ConfigError::Wrong {
                place: names.join(", "),
                message: toml_words(&error),
                suggestion: None,
            });
        }
    };
    let checked = ranges::check(&config).and_then(|()| settle(&mut config, home().as_deref()));
    checked.map_err(|out| layer.unfit(out, &taken))?;
    hooks::check(&config).map_err(|(key, message)| {
        let offset = layer.0.find(&key).map_or(0, |(offset, _)| offset);
        layer.0.wrong(offset, message)
    })?;
    Ok(Loaded {
        config,
        file: file.to_path_buf(),
        taken,
        text,
    })
}

/// The file's layer, being checked.
struct Layer<'a>(Text<'a>);

impl Layer<'_> {
    fn table(&self) -> Result<Table, ConfigError> {
        toml::from_str(self.0.text).map_err(|error| self.0.refused(&error))
    }

    /// Reads the settings with the places of the text, so that an error says where.
    fn typed(&self) -> Result<(), ConfigError> {
        toml::from_str::<Config>(self.0.text)
            .map(drop)
            .map_err(|error| self.0.refused(&error))
    }

    /// A value that a type allows and its setting does not: who set it stands in the error.
    fn unfit(&self, out: Unfit, taken: &[Taken]) -> ConfigError {
        let place = match origin::origin(&out.key, self.0, taken) {
            Origin::Environment { variable } => variable,
            Origin::File { line, column, .. } => {
                format!("{}, line {line}, column {column}", self.0.file.display())
            }
            Origin::Default | Origin::Argument { .. } => self.0.file.display().to_string(),
        };
        ConfigError::Wrong {
            place,
            message: out.message,
            suggestion: None,
        }
    }

    fn refuse_unknown_keys(&self) -> Result<(), ConfigError> {
        let table = DeTable::parse(self.0.text).map_err(|error| self.0.refused(&error))?;
        for (section, value) in table.get_ref() {
            let sections = keys_of(&Config::default());
            self.must_be_known(section.get_ref(), section.span().start, "", &sections)?;
            if section.get_ref() == "hooks" {
                self.check_hooks(value.get_ref())?;
            }
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

    fn check_hooks(&self, value: &DeValue<'_>) -> Result<(), ConfigError> {
        let known = keys_of(&HookSettings::default());
        let hooks = value.as_array().into_iter().flatten();
        for table in hooks.filter_map(|hook| hook.get_ref().as_table()) {
            for key in table.keys() {
                self.must_be_known(key.get_ref(), key.span().start, "hooks.", &known)?;
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
        let message = format!(
            "`providers.{name}` is no name for a provider: write 1 to 64 of a-z, 0-9, dot, underscore and dash"
        );
        Err(self.0.wrong(offset, message))
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
            place: self.0.place(offset),
            message: format!("there is no setting `{path}{key}`"),
            suggestion: similar(key, known).map(|name| format!("{path}{name}")),
        })
    }
}

/// The person's own provider records in a text of settings, each a table; members that no record has are refused.
pub fn own_records(text: &str, file: &Path) -> Result<BTreeMap<String, Table>, ConfigError> {
    let config = Config::from_layers(text, file, std::iter::empty())?;
    Ok(config.providers)
}

/// The error for a value at `path` that only shows when it is used, with its line.
pub fn wrong_at(text: &str, file: &Path, path: &[String], message: &str) -> ConfigError {
    let text = Text { text, file };
    let offset = text.find(path).map_or(0, |(offset, _)| offset);
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
        place: text.place(offset),
        message: format!("`{}`: {message}", path.join(".")),
        suggestion: meant,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys::{dotted, flattened};
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
            "config.toml, line 3, column 1: there is no setting `refresh.lifetime_shar`"
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
                .starts_with("config.toml, line 3, column 1: `providers.corp.pkce`"),
            "{error}"
        );
        assert_eq!(error.hint(), "did you mean `required`?");
        let error = wrong_at(text, file, &path(&["redirect", "ports"]), "no");
        assert!(error.to_string().contains("line 5"), "{error}");
        let error = wrong_at(text, file, &path(&["flows"]), "missing");
        assert!(error.to_string().contains("line 1"), "{error}");
    }

    #[test]
    fn a_value_out_of_its_range_says_who_set_it() {
        let (message, _) = complaint("[vault]\n  work_factor = 30\n", &[]);
        assert!(
            message.starts_with("config.toml, line 2, column 3: `vault.work_factor` is 30"),
            "{message}"
        );
        let (message, _) = complaint("", &[("TOKENWARD_VAULT_WORK_FACTOR", "30")]);
        assert!(
            message.starts_with("TOKENWARD_VAULT_WORK_FACTOR: "),
            "{message}"
        );
    }

    #[test]
    fn a_path_that_begins_nowhere_is_refused_and_says_who_set_it() {
        let (message, _) = complaint("[backup]\nfolder = \"backups\"\n", &[]);
        assert!(
            message
                .starts_with("config.toml, line 2, column 1: `backup.folder` is `backups`, which"),
            "{message}"
        );
        let (message, _) = complaint("", &[("TOKENWARD_UNLOCK_IDENTITY_FILE", "key.txt")]);
        assert!(
            message.starts_with("TOKENWARD_UNLOCK_IDENTITY_FILE: "),
            "{message}"
        );
        let home = home().unwrap();
        let config = read("[unlock]\npassphrase_file = \"~/p\"\n", &[]).unwrap();
        assert_eq!(config.unlock.passphrase_file, Some(home.join("p")));
    }

    #[test]
    fn a_hook_is_read_and_a_wrong_one_is_refused_with_its_line() {
        let text = "[[hooks]]\non = [\"needs_login\"]\ncommand = [\"/bin/tell\"]\n";
        let hook = &read(text, &[]).unwrap().hooks[0];
        assert_eq!((hook.timeout_secs, hook.credentials.as_str()), (30, "*"));
        let (message, hint) = complaint(&format!("{text}timout_secs = 3\n"), &[]);
        assert!(message.contains("line 4, column 1"), "{message}");
        assert_eq!(hint, "did you mean `hooks.timeout_secs`?");
        let (message, _) = complaint(&text.replace("needs_login", "need_login"), &[]);
        assert!(message.contains("line 2"), "{message}");
        let (message, _) = complaint(&format!("{text}[[hooks]]\non = []\n"), &[]);
        assert!(
            message.starts_with("config.toml, line 5, column 1"),
            "{message}"
        );
    }

    #[test]
    fn each_value_tells_where_it_is_from() {
        let text = "[refresh]\nlifetime_share = 0.5\n[overrides.demo]\nbackground = false\n";
        let variables = [("TOKENWARD_LIMITS_IN_FLIGHT", "3")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let file = Path::new("config.toml");
        let loaded = load(text.to_owned(), file, variables.into_iter()).unwrap();
        let settings = loaded.settings();
        let words = |name: &str| {
            let found = settings.iter().find(|it| dotted(&it.key) == name);
            found.unwrap().origin.words()
        };
        assert_eq!(words("refresh.lifetime_share"), "config.toml, line 2");
        assert_eq!(words("overrides.demo.background"), "config.toml, line 4");
        assert_eq!(
            words("limits.in_flight"),
            "environment, TOKENWARD_LIMITS_IN_FLIGHT"
        );
        assert_eq!(words("refresh.unknown_expiry_secs"), "default");
        assert_eq!(words("vault.work_factor"), "default");
    }

    const EXAMPLE: &str = include_str!("../../assets/config.toml");

    /// The example with its commented examples as if they counted.
    fn all_of_the_example() -> String {
        EXAMPLE
            .lines()
            .map(|line| line.strip_prefix("#: ").unwrap_or(line))
            .map(|line| format!("{line}\n"))
            .collect()
    }

    #[test]
    fn the_example_file_says_the_defaults() {
        assert_eq!(read(EXAMPLE, &[]).unwrap(), Config::default());
        read(&all_of_the_example(), &[]).unwrap();
    }

    #[test]
    fn the_example_file_tells_of_every_setting_what_it_means() {
        let all = all_of_the_example();
        let text = Text {
            text: &all,
            file: Path::new("config.toml"),
        };
        let lines: Vec<&str> = all.lines().collect();
        for (key, value) in flattened(&Config::default()) {
            let name = dotted(&key);
            let found = text.find(&key).filter(|(_, is_there)| *is_there);
            let (offset, _) = found.unwrap_or_else(|| panic!("nothing is said of {name}"));
            let line = text.position(offset).0;
            // Its own comment, or the one of the keys that stand directly above it.
            let above = lines[..line - 1].iter().rev();
            let said = above.take_while(|line| !line.is_empty() && !line.starts_with('['));
            assert!(
                said.into_iter().any(|line| line.starts_with("# ")),
                "{name}"
            );
            let is_active = EXAMPLE.lines().any(|it| it == lines[line - 1]);
            assert_eq!(is_active, !value.is_null(), "{name}");
        }
        for section in keys_of(&Config::default()) {
            assert!(
                text.find(std::slice::from_ref(&section)).is_some(),
                "{section}"
            );
        }
    }
}
