//! Reads the hosts of GitHub's `gh`: tokens that stand in its file, and which ones lie in the keyring.

use crate::cli::import::file::Source;
use crate::cli::import::helper::Helper;
use crate::cli::import::made::Found;
use crate::cli::import::offer::Elsewhere;
use crate::cli::import::reading::{Read, Unread};
use crate::cli::import::record;
use crate::cli::import::yaml::{self, Node};
use crate::secret::AccessToken;

/// How GitHub's own tokens begin; before 2021 they were forty hexadecimal digits.
const BEGINNINGS: [&str; 6] = ["gho_", "ghp_", "ghu_", "ghs_", "ghr_", "github_pat_"];

/// Reads `hosts.yml`, or one bare token as `gh auth token` prints it.
pub fn read(source: &Source, helper: Option<&dyn Helper>) -> Result<Read, Unread> {
    let text = source.text().ok_or(Unread::Shape)?;
    if is_token(text.trim()) {
        return Ok(Read::found(one("github.com", "default", text.trim())));
    }
    let hosts = yaml::read(text)?;
    let mut read = Read::default();
    for (host, settings) in hosts.members().ok_or(Unread::Shape)? {
        for (user, token) in users(settings) {
            match token {
                Some(token) => read.found.push(one(host, user, token)),
                None => read.add(in_keyring(host, user, helper)),
            }
        }
    }
    Ok(read)
}

/// The accounts at a host, each with its token when that stands in the file.
fn users(settings: &Node) -> Vec<(&str, Option<&str>)> {
    let active = settings.text("user").unwrap_or("default");
    let token = settings.text("oauth_token").filter(|it| !it.is_empty());
    let several = settings
        .get("users")
        .and_then(Node::members)
        .unwrap_or_default();
    let mut all: Vec<(&str, Option<&str>)> = several
        .iter()
        .map(|(user, own)| {
            let own = own.text("oauth_token").filter(|it| !it.is_empty());
            let token = own.or(token.filter(|_| user == active));
            (user.as_str(), token)
        })
        .collect();
    if all.iter().all(|(user, _)| *user != active) {
        all.push((active, token));
    }
    all
}

fn one(host: &str, user: &str, token: &str) -> Found {
    let mut found = Found::of(record::by_host(host), user);
    found.access = Some(AccessToken::new(token.to_owned()));
    found
}

/// Whether a text looks like one of GitHub's own tokens.
pub fn is_token(text: &str) -> bool {
    let is_plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let is_old = text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
    is_plain && (is_old || BEGINNINGS.iter().any(|start| text.starts_with(start)))
}

fn in_keyring(host: &str, user: &str, helper: Option<&dyn Helper>) -> Read {
    let arguments = ["auth", "token", "--hostname", host, "--user", user];
    let elsewhere = |why: String| {
        let provider = record::by_host(host).name;
        Read::elsewhere(Elsewhere {
            what: format!("{user} at {host}"),
            why,
            hint: format!(
                "let gh be asked: --helpers, or: gh {} | tokenward import --from gh --as {provider}/{user} -",
                arguments.join(" ")
            ),
        })
    };
    let is_plain = |text: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
        !text.is_empty() && !text.starts_with('-') && text.chars().all(fits)
    };
    let Some(helper) = helper.filter(|_| is_plain(host) && is_plain(user)) else {
        return elsewhere("gh keeps its token in the system's keyring".to_owned());
    };
    match helper.ask("gh", &arguments, "") {
        Err(why) => elsewhere(why),
        Ok(said) => match std::str::from_utf8(&said).map(str::trim) {
            Ok(token) if is_token(token) => Read::found(one(host, user, token)),
            Ok(_) | Err(_) => elsewhere("gh gave no token".to_owned()),
        },
    }
}
