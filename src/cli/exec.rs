//! `tokenward exec`: runs a program with tokens in its environment.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::session::Session;
use crate::cli::span;
use crate::cli::token;
use crate::config::layers::is_for_settings;
use crate::engine::api::Command as Asked;
use crate::model::event::Purpose;
use crate::model::name::CredentialName;
use clap::Args;
use futures_util::future::try_join_all;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

/// Arguments of `tokenward exec`.
#[derive(Debug, Args)]
#[command(after_help = "\
Each token is in TOKENWARD_<PROVIDER>_<ACCOUNT>: the name in capitals, all but letters and digits as _
(github/alice: TOKENWARD_GITHUB_ALICE). With one credential it is in TOKENWARD_TOKEN too. --env gives a name of
your own instead. The program takes the place of this one: its exit code is the result. It gets the tokens once;
one that runs longer than they live asks for new ones with `tokenward get`.")]
pub struct ExecArgs {
    /// Whose tokens.
    #[arg(value_name = "NAME", required_unless_present = "env")]
    names: Vec<CredentialName>,
    /// Put the token of NAME into the variable VAR.
    #[arg(long, value_name = "NAME=VAR", value_parser = read_env)]
    env: Vec<(CredentialName, String)>,
    /// Each token lives at least that long yet.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = span::parse)]
    min_ttl: Duration,
    /// Wait that long for each refresh.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = span::parse)]
    timeout: Duration,
    /// The program and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

fn read_env(text: &str) -> Result<(CredentialName, String), String> {
    let (name, variable) = text
        .rsplit_once('=')
        .ok_or("write NAME=VAR, github/alice=GITHUB_TOKEN")?;
    let name: CredentialName = name
        .parse()
        .map_err(|error: crate::model::name::NameError| error.to_string())?;
    let mut letters = variable.chars();
    let begins = letters
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if !begins || !letters.all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(format!("`{variable}` is no name of a variable"));
    }
    Ok((name, variable.to_owned()))
}

/// Fetches the tokens, then becomes the program.
pub fn run(args: ExecArgs, context: &Context) -> Result<(), Failure> {
    let wanted = variables(&args.names, &args.env)?;
    let mut parts = args.command.into_iter();
    let program = parts
        .next()
        .ok_or_else(|| Failure::usage("there is no program to run"))?;
    let mut command = Command::new(&program);
    command.args(parts);
    let tokens = Session::with(context, |session| {
        let fetch = |name: &CredentialName| {
            let name = name.clone();
            session.link().ask(|reply| Asked::Token {
                name,
                min_ttl: args.min_ttl,
                purpose: Purpose::Exec,
                timeout: args.timeout,
                reply,
            })
        };
        let fetched = session.block_on(try_join_all(wanted.values().map(fetch)));
        fetched.map_err(Failure::from)
    })?;
    for (variable, token) in wanted.keys().zip(&tokens) {
        command.env(variable, token::value(token));
    }
    // Comes back only when it failed. Every owner of our own was put away by then.
    let error = command.exec();
    let kind = Kind::Failed;
    let failure = Failure {
        kind,
        ..Failure::from(error)
    };
    Err(failure
        .within(format!("cannot run {}", program.to_string_lossy()))
        .hint("the program comes after `--`, with its path if it is not in PATH"))
}

/// Which variable holds whose token.
fn variables(
    names: &[CredentialName],
    own: &[(CredentialName, String)],
) -> Result<BTreeMap<String, CredentialName>, Failure> {
    let mut variables = BTreeMap::new();
    let standard = names.iter().map(|name| (name, token::variable(name)));
    for (name, variable) in standard.clone() {
        if is_for_settings(&variable) {
            let text =
                format!("{variable}, where the token of {name} belongs, is a setting's name");
            return Err(Failure::usage(text).hint(format!(
                "leave {name} out in front of -- and give it a name of your own: --env {name}=MY_TOKEN"
            )));
        }
    }
    let own = own.iter().map(|(name, variable)| (name, variable.clone()));
    for (name, variable) in standard.chain(own) {
        if let Some(other) = variables.insert(variable.clone(), name.clone())
            && other != *name
        {
            return Err(Failure::usage(format!(
                "{other} and {name} both want the variable {variable}"
            ))
            .hint(format!(
                "give one a name of your own: --env {name}=MY_TOKEN"
            )));
        }
    }
    if let [only] = names {
        variables
            .entry("TOKENWARD_TOKEN".to_owned())
            .or_insert_with(|| only.clone());
    }
    Ok(variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> CredentialName {
        text.parse().unwrap()
    }

    #[test]
    fn one_credential_is_in_the_short_variable_too() {
        let one = variables(&[name("github/alice")], &[]).unwrap();
        assert_eq!(
            one.keys().collect::<Vec<_>>(),
            ["TOKENWARD_GITHUB_ALICE", "TOKENWARD_TOKEN"]
        );
        let two = variables(&[name("github/alice"), name("github/bob")], &[]).unwrap();
        assert!(!two.contains_key("TOKENWARD_TOKEN"));
    }

    #[test]
    fn two_credentials_never_share_a_variable() {
        let error = variables(&[name("a/b.c"), name("a/b-c")], &[]).unwrap_err();
        assert_eq!(error.kind, Kind::Usage);
        assert!(error.for_people().contains("TOKENWARD_A_B_C"));
    }

    #[test]
    fn no_token_is_put_where_a_setting_would_be_read() {
        let error = variables(&[name("vault/alice")], &[]).unwrap_err();
        assert_eq!(error.kind, Kind::Usage);
        assert!(error.for_people().contains("--env vault/alice=MY_TOKEN"));
        let own = [(name("vault/alice"), "MY_TOKEN".to_owned())];
        assert!(variables(&[], &own).is_ok());
        assert!(variables(&[name("vaulted/alice")], &[]).is_ok());
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
