//! `tokenward setup git`: for the hosts of the credentials, git asks here and nowhere else.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::helpers::git::hosts;
use crate::cli::session::Session;
use crate::cli::setup::program::for_a_shell;
use crate::cli::setup::wish::Wish;
use clap::Args;
use std::collections::BTreeSet;
use std::process::Command;

/// How a line of ours ends, wherever the program is: `!tokenward git-credential`.
const OURS: &str = "tokenward'? git-credential$";

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
    if !args.wish.write && !args.wish.undo {
        let lines: Vec<String> = hosts
            .iter()
            .flat_map(|host| adding(host).into_iter().map(|words| line(&words)))
            .collect();
        return context.output.data(&format!("{}\n", lines.join("\n")));
    }
    for host in &hosts {
        if args.wish.write && values(host)?.ends_with(&wanted()) {
            continue;
        }
        // The two of an earlier time go first, so that they are there once.
        take_out(host)?;
        if args.wish.write {
            for words in adding(host) {
                git(&words)?;
            }
        }
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

/// The values that come in.
fn wanted() -> [String; 2] {
    [String::new(), format!("!{} git-credential", for_a_shell())]
}

fn adding(host: &str) -> [Vec<String>; 2] {
    wanted().map(|value| words(&["--add", &key(host), &value]))
}

/// Takes out our line, and the empty one that stands directly before it; those of others stay as they are.
fn take_out(host: &str) -> Result<(), Failure> {
    let found = values(host)?;
    let Some(rest) = without_ours(&found) else {
        return Ok(());
    };
    let empty = |values: &[String]| values.iter().filter(|value| value.is_empty()).count();
    let (before, after) = (empty(&found), empty(&rest));
    // Which empty one is ours only its place tells, where there are several.
    if before > after && after > 0 {
        git(&words(&["--unset-all", &key(host)]))?;
        for value in &rest {
            git(&words(&["--add", &key(host), value]))?;
        }
        return Ok(());
    }
    git(&words(&["--unset-all", &key(host), OURS]))?;
    if before > after {
        git(&words(&["--unset-all", &key(host), "^$"]))?;
    }
    Ok(())
}

fn values(host: &str) -> Result<Vec<String>, Failure> {
    let said = git(&words(&["--null", "--get-all", &key(host)]))?;
    let values = said.split_terminator('\0').map(str::to_owned);
    Ok(values.collect())
}

/// The values without ours; `None`: ours is not there.
fn without_ours(values: &[String]) -> Option<Vec<String>> {
    let mut rest: Vec<String> = Vec::with_capacity(values.len());
    for value in values {
        let is_ours = value.ends_with("tokenward git-credential")
            || value.ends_with("tokenward' git-credential");
        if !is_ours {
            rest.push(value.clone());
        } else if rest.last().is_some_and(String::is_empty) {
            rest.pop();
        }
    }
    (rest.len() < values.len()).then_some(rest)
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

/// Runs git; gives what it printed, nothing where there was nothing.
fn git(words: &[String]) -> Result<String, Failure> {
    /// What `git config` says when there is nothing to get, and nothing to take out.
    const NOTHING_THERE: [i32; 2] = [1, 5];
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
    let code = output.status.code();
    if output.status.success() || code.is_some_and(|code| NOTHING_THERE.contains(&code)) {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
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
    fn lines_of_others_stay_with_their_own_empty_one() {
        let list = |values: &[&str]| values.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let gh = ["", "!/usr/bin/gh auth git-credential"];
        assert_eq!(without_ours(&list(&gh)), None);
        let both = [gh[0], gh[1], "", "!'/my own/tokenward' git-credential"];
        assert_eq!(without_ours(&list(&both)), Some(list(&gh)));
        let alone = ["", "!tokenward git-credential"];
        assert_eq!(without_ours(&list(&alone)), Some(Vec::new()));
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
