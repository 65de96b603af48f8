//! Which environment variable holds whose token.

use crate::cli::failure::Failure;
use crate::cli::token;
use crate::config::environment::is_for_settings;
use crate::model::name::{CredentialName, NameError};
use crate::oauth::catalogue;
use std::collections::BTreeMap;

/// What goes where.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Variables {
    /// Whose token each variable holds.
    pub holds: BTreeMap<String, CredentialName>,
    /// Variables that two credentials have the same right to, so that none gets it.
    pub disputed: BTreeMap<String, Vec<CredentialName>>,
}

/// Reads `NAME=VAR`.
pub fn read_env(text: &str) -> Result<(CredentialName, String), String> {
    let (name, variable) = text
        .rsplit_once('=')
        .ok_or("write NAME=VAR, github/alice=GITHUB_TOKEN")?;
    let name: CredentialName = name.parse().map_err(|error: NameError| error.to_string())?;
    if !is_variable(variable) {
        return Err(format!("`{variable}` is no name of a variable"));
    }
    Ok((name, variable.to_owned()))
}

/// Whether an environment variable can be called so.
pub fn is_variable(text: &str) -> bool {
    let begins = |c: u8| c.is_ascii_alphabetic() || c == b'_';
    text.bytes().next().is_some_and(begins)
        && text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
}

impl Variables {
    /// Those of each name, its provider's usual ones, and those that were given by hand.
    pub fn new(
        names: &[CredentialName],
        own: &[(CredentialName, String)],
    ) -> Result<Self, Failure> {
        let mut variables = Self::default();
        for name in names {
            let variable = token::variable(name);
            if is_for_settings(&variable) {
                let text =
                    format!("{variable}, where the token of {name} belongs, is a setting's name");
                return Err(Failure::usage(text).hint(format!(
                    "leave {name} out in front of -- and give it a name of your own: --env {name}=MY_TOKEN"
                )));
            }
            variables.put(variable, name)?;
        }
        for (name, variable) in own {
            variables.put(variable.clone(), name)?;
        }
        if let [only] = names {
            let short = "TOKENWARD_TOKEN".to_owned();
            variables.holds.entry(short).or_insert_with(|| only.clone());
        }
        variables.add_usual(names);
        Ok(variables)
    }

    fn put(&mut self, variable: String, name: &CredentialName) -> Result<(), Failure> {
        if let Some(other) = self.holds.insert(variable.clone(), name.clone())
            && other != *name
        {
            let text = format!("{other} and {name} both want the variable {variable}");
            return Err(Failure::usage(text).hint(format!(
                "give one a name of your own: --env {name}=MY_TOKEN"
            )));
        }
        Ok(())
    }

    /// What programs of that provider read: what somebody said by hand stays, and of two accounts none is guessed.
    fn add_usual(&mut self, names: &[CredentialName]) {
        let mut wanted: BTreeMap<String, Vec<CredentialName>> = BTreeMap::new();
        for name in names {
            let record = catalogue::find(name.provider());
            for variable in record.iter().flat_map(|record| &record.token_variables) {
                let askers = wanted.entry(variable.clone()).or_default();
                if !askers.contains(name) {
                    askers.push(name.clone());
                }
            }
        }
        for (variable, mut askers) in wanted {
            if self.holds.contains_key(&variable) {
                continue;
            }
            if askers.len() == 1 {
                self.holds.insert(variable, askers.remove(0));
            } else {
                self.disputed.insert(variable, askers);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::failure::Kind;

    fn name(text: &str) -> CredentialName {
        text.parse().unwrap()
    }

    fn keys(variables: &Variables) -> Vec<&str> {
        variables.holds.keys().map(String::as_str).collect()
    }

    #[test]
    fn one_credential_is_in_the_short_variable_too() {
        let one = Variables::new(&[name("demo/alice")], &[]).unwrap();
        assert_eq!(keys(&one), ["TOKENWARD_DEMO_ALICE", "TOKENWARD_TOKEN"]);
        let two = Variables::new(&[name("demo/alice"), name("demo/bob")], &[]).unwrap();
        assert!(!two.holds.contains_key("TOKENWARD_TOKEN"));
    }

    #[test]
    fn what_programs_of_the_provider_read_is_there_too() {
        let one = Variables::new(&[name("github/alice"), name("gitlab/bob")], &[]).unwrap();
        let holds = |variable: &str| one.holds.get(variable).map(CredentialName::as_str);
        for variable in ["GH_TOKEN", "GITHUB_TOKEN", "TOKENWARD_GITHUB_ALICE"] {
            assert_eq!(holds(variable), Some("github/alice"), "{variable}");
        }
        assert_eq!(holds("GITLAB_TOKEN"), Some("gitlab/bob"));
        assert!(one.disputed.is_empty());
    }

    #[test]
    fn of_two_accounts_none_is_guessed_and_a_word_by_hand_decides() {
        let both = [name("github/alice"), name("github/bob")];
        let unclear = Variables::new(&both, &[]).unwrap();
        assert!(!unclear.holds.contains_key("GITHUB_TOKEN"));
        assert_eq!(unclear.disputed["GITHUB_TOKEN"], both);
        let said = [(both[1].clone(), "GITHUB_TOKEN".to_owned())];
        let clear = Variables::new(&both, &said).unwrap();
        assert_eq!(clear.holds["GITHUB_TOKEN"], both[1]);
        assert!(!clear.disputed.contains_key("GITHUB_TOKEN"));
        // Who is named by hand alone is there by that name alone.
        let alone = Variables::new(&[], &[(both[0].clone(), "X".to_owned())]).unwrap();
        assert_eq!(keys(&alone), ["X"]);
    }

    #[test]
    fn two_credentials_never_share_a_variable() {
        let error = Variables::new(&[name("a/b.c"), name("a/b-c")], &[]).unwrap_err();
        assert_eq!(error.kind, Kind::Usage);
        assert!(error.for_people().contains("TOKENWARD_A_B_C"));
    }

    #[test]
    fn no_token_is_put_where_a_setting_would_be_read() {
        let error = Variables::new(&[name("vault/alice")], &[]).unwrap_err();
        assert_eq!(error.kind, Kind::Usage);
        assert!(error.for_people().contains("--env vault/alice=MY_TOKEN"));
        let own = [(name("vault/alice"), "MY_TOKEN".to_owned())];
        assert!(Variables::new(&[], &own).is_ok());
        assert!(Variables::new(&[name("vaulted/alice")], &[]).is_ok());
    }

    #[test]
    fn a_variable_of_ones_own_must_be_a_name() {
        assert_eq!(
            read_env("github/a=b=TOKEN").unwrap(),
            (name("github/a=b"), "TOKEN".to_owned())
        );
        for text in [
            "github/alice",
            "github/alice=",
            "github/alice=1X",
            "github=X",
        ] {
            assert!(read_env(text).is_err(), "{text}");
        }
    }
}
