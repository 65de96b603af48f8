//! Secrets where they do not belong: in the environment, which every child inherits, and in the settings.

use crate::cli::doctor::finding::Finding;
use std::path::Path;
use toml::{Table, Value};

const ENVIRONMENT: &str = "environment";
const SETTINGS: &str = "settings";

/// How names of secrets end.
const ENDINGS: [&str; 9] = [
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "api_key",
    "apikey",
    "access_key",
    "private_key",
];

/// Looks at the names of the variables that are set to something. Values are neither shown nor kept.
pub fn in_environment(variables: impl Iterator<Item = (String, String)>) -> Finding {
    let mut names: Vec<String> = variables
        .filter(|(name, value)| is_secret(name) && !value.is_empty())
        .map(|(name, _)| name)
        .collect();
    names.sort();
    if names.is_empty() {
        return Finding::ok(ENVIRONMENT, "no variable is called like a secret");
    }
    let what = format!(
        "every program started from here inherits {}",
        names.join(", ")
    );
    let mend = format!(
        "unset {}; give it to one program only: tokenward exec NAME -- COMMAND",
        names.join(" ")
    );
    Finding::warning(ENVIRONMENT, what, mend)
}

/// Looks for members of the settings that are called like secrets. Text that is no TOML is told by who reads it.
pub fn in_settings(file: &Path) -> Finding {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let table: Table = toml::from_str(&text).unwrap_or_default();
    let mut names = Vec::new();
    gather(&table, "", &mut names);
    if names.is_empty() {
        return Finding::ok(SETTINGS, "no secret lies in them");
    }
    let file = file.display();
    let what = format!("{} in {file} looks like a secret", names.join(", "));
    let mend = format!(
        "take it out of {file}; secrets are asked for and kept in the vault: tokenward login PROVIDER"
    );
    Finding::problem(SETTINGS, what, mend)
}

fn gather(table: &Table, path: &str, names: &mut Vec<String>) {
    for (name, value) in table {
        let here = format!("{path}{name}");
        match value {
            Value::Table(inner) => gather(inner, &format!("{here}."), names),
            Value::String(text) if is_secret(name) && !text.is_empty() && !is_address(text) => {
                names.push(here);
            }
            _ => {}
        }
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    ENDINGS.iter().any(|ending| {
        let rest = name.strip_suffix(ending);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('_'))
    })
}

/// `endpoints.token` is where tokens are fetched, not one.
fn is_address(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://") || text.starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::finding::Verdict;

    #[test]
    fn names_of_secrets_are_known_and_others_are_not() {
        for name in [
            "GH_TOKEN",
            "client_secret",
            "PGPASSWORD_PASSWORD",
            "OPENAI_API_KEY",
            "token",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "TOKENWARD_VAULT",
            "SSH_AUTH_SOCK",
            "TOKENWARD_PASSPHRASE_FILE",
            "broken",
            "KEY",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn the_settings_that_come_with_the_program_hold_nothing_like_a_secret() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
        for file in ["config.toml", "providers.toml"] {
            let found = in_settings(&folder.join(file));
            assert_eq!(found.verdict, Verdict::Ok, "{found:?}");
        }
    }
}
