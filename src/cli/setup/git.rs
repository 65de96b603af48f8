//! `tokenward setup git`: for the hosts of the credentials, git asks here and nowhere else.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::helpers::git::hosts;
use crate::cli::session::Session;
use crate::cli::setup::command::Wish;
use crate::cli::setup::program::for_a_shell;
use clap::Args;
use std::collections::BTreeSet;
use std::process::Command;

/// How the line of ours ends, wherever the program is.
const OURS: &str = " git-credential$";

/// Arguments of `tokenward setup git`.
#[derive(Debug, Args)]
#[command(after_help = "\
Without --write the commands are printed, for you to run. For each host two lines come into git's own settings: an empty
helper, so that no other one is asked or told of the token, and this program. --undo takes these two out.")]
pub struct SetupGitArgs {
    /// The host, with its port where that is not the usual one; several times for several. Without it: those of the
    /// credentials that are there.
    #[arg(long, value_name = "HOST")]
    host: Vec<String>,
    /// What becomes of the lines.
    #[command(flatten)]
    wish: Wish,
}

/// Prints, writes or takes out the lines.
pub fn run(args: &SetupGitArgs, context: &Context) -> Result<(), Failure> {
    let hosts = match args.host.is_empty() {
        true => known(context)?,
        false => args.host.iter().cloned().collect(),
    };
    if hosts.is_empty() {
        let text = "no credential is there that git could use";
        return Err(Failure::new(Kind::NoSuchCredential, text)
            .hint("sign in first: tokenward login github")
            .hint("or name the host: tokenward setup git --host git.example.org"));
    }
    for host in &hosts {
        check(host)?;
    }
    let commands: Vec<Vec<String>> = hosts
        .iter()
        .flat_map(|host| match args.wish.undo {
            true => undoing(host),
            false => making(host),
        })
        .collect();
    if !args.wish.write && !args.wish.undo {
        let lines: Vec<String> = commands.iter().map(|words| line(words)).collect();
        return context.output.data(&format!("{}\n", lines.join("\n")));
    }
    for words in &commands {
        carry_out(words)?;
    }
    let done = if args.wish.undo {
        "no longer asks"
    } else {
        "asks"
    };
    for host in &hosts {
        context
            .output
            .say(&format!("git {done} tokenward for https://{host}."));
    }
    Ok(())
}

fn known(context: &Context) -> Result<BTreeSet<String>, Failure> {
    let views = Session::with(context, Session::all)?;
    Ok(views.iter().flat_map(hosts).collect())
}

/// A host becomes part of a setting's name.
fn check(host: &str) -> Result<(), Failure> {
    let is_host = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    if !host.is_empty() && host.chars().all(is_host) {
        return Ok(());
    }
    Err(Failure::usage(format!("{host} is no host"))
        .hint("write it without https:// and without a path: github.com"))
}

fn key(host: &str) -> String {
    format!("credential.https://{host}.helper")
}

fn making(host: &str) -> Vec<Vec<String>> {
    let ours = format!("!{} git-credential", for_a_shell());
    // The two of an earlier time go first, so that they are there once.
    let mut commands = undoing(host);
    commands.push(words(&["--add", &key(host), ""]));
    commands.push(words(&["--add", &key(host), &ours]));
    commands
}

fn undoing(host: &str) -> Vec<Vec<String>> {
    vec![
        words(&["--unset-all", &key(host), OURS]),
        words(&["--unset-all", &key(host), "^$"]),
    ]
}

fn words(rest: &[&str]) -> Vec<String> {
    let words = ["config", "--global"].iter().chain(rest);
    words.map(|word| (*word).to_owned()).collect()
}

fn line(words: &[String]) -> String {
    let quote = |word: &String| match word.contains(['!', ' ', '$', '^', '[']) || word.is_empty() {
        true => format!("'{}'", word.replace('\'', r"'\''")),
        false => word.clone(),
    };
    let words: Vec<String> = words.iter().map(quote).collect();
    format!("git {}", words.join(" "))
}

fn carry_out(words: &[String]) -> Result<(), Failure> {
    /// What `git config --unset-all` says when there is nothing to take out.
    const NOTHING_THERE: i32 = 5;
    let ran = Command::new("git").args(words).output();
    let output = ran.map_err(|error| {
        let kind = Kind::Failed;
        let failure = Failure {
            kind,
            ..Failure::from(error)
        };
        failure
            .within("cannot run git".to_owned())
            .hint("is git installed, and in PATH?")
    })?;
    if output.status.success() || output.status.code() == Some(NOTHING_THERE) {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    let text = format!("git does not take its setting: {said}");
    Err(Failure::new(Kind::Failed, text)
        .hint("look at it: git config --global --list --show-origin"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_can_be_pasted_into_a_shell() {
        let words = words(&[
            "--add",
            "credential.https://a.example.helper",
            "!tokenward git-credential",
        ]);
        assert_eq!(
            line(&words),
            "git config --global --add credential.https://a.example.helper '!tokenward git-credential'"
        );
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for wrong in ["", "https://github.com", "a b", "a/b", "a\nb"] {
            assert!(check(wrong).is_err(), "{wrong:?}");
        }
        for right in ["github.com", "127.0.0.1:8080", "[::1]:80"] {
            assert!(check(right).is_ok(), "{right}");
        }
    }
}
