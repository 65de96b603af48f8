//! Reads what git keeps: the lines of `git credential-store`, or the answer of `git credential fill`.

use crate::cli::import::file::Source;
use crate::cli::import::gh;
use crate::cli::import::made::Found;
use crate::cli::import::offer::Elsewhere;
use crate::cli::import::reading::{Read, Unread, moment};
use crate::cli::import::record;
use crate::secret::{AccessToken, RefreshToken};
use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;

/// User names that tools put where the account's own is of no matter.
const NOBODYS: [&str; 5] = ["oauth2", "x-access-token", "x-token-auth", "git", "token"];
/// What tools put for a password where the token stands in the user's place.
const FILLERS: [&str; 6] = [
    "",
    "x",
    "x-oauth-basic",
    "x-token-auth",
    "x-access-token",
    "oauth2",
];
/// How tokens of other code hosts than GitHub begin.
const BEGINNINGS: [&str; 9] = [
    "glpat-", "gldt-", "gloas-", "glcbt-", "glrt-", "glptt-", "ATBB", "ATATT3x", "ATCTT3x",
];

/// Reads either of the two forms. A line or block that cannot be read is told by its number, and stops no other.
pub fn read(source: &Source) -> Result<Read, Unread> {
    let text = source.text().ok_or(Unread::Shape)?;
    let is_store = text.lines().any(|line| cut(line.trim()).is_some());
    let read = match is_store {
        true => store(text, source),
        false => answers(text, source),
    };
    match read.found.is_empty() && !text.trim().is_empty() {
        true => Err(Unread::Shape),
        false => Ok(read),
    }
}

fn store(text: &str, source: &Source) -> Read {
    let mut read = Read::default();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match stored(line) {
            Some(found) => read.found.push(found),
            None => read.elsewhere.push(unread(source, "line", at + 1)),
        }
    }
    read
}

/// What is told of a piece that cannot be read: never a word of it.
fn unread(source: &Source, what: &str, number: usize) -> Elsewhere {
    let place = source.place();
    Elsewhere {
        what: format!("{what} {number} of {}", place.display()),
        why: "it holds no host, user and password as git writes them".to_owned(),
        hint: "look at it, and take it out if it is of no use".to_owned(),
    }
}

/// Scheme and the rest of an address.
fn cut(line: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = line.split_once("://")?;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    (!scheme.is_empty() && scheme.chars().all(fits)).then_some((scheme, rest))
}

/// One line of the store: `https://user:password@host`, each part percent-encoded, the host too
/// (git-credential-store(1); git writes a port as `%3a8080`).
fn stored(line: &str) -> Option<Found> {
    let (scheme, rest) = cut(line)?;
    let place = rest.split(['/', '?', '#']).next()?;
    let (who, host) = place.rsplit_once('@')?;
    let host = decoded(host)?.to_ascii_lowercase();
    let usual = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => "",
    };
    let host = host.strip_suffix(usual).unwrap_or(&host);
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || matches!(c, '/' | '@')) {
        return None;
    }
    match who.split_once(':') {
        Some((user, password)) => one(host, &decoded(user)?, decoded(password)?),
        // A name alone is a name, unless it is seen to be a token.
        None => {
            let user = decoded(who)?;
            is_token(&user).then(|| one(host, &user, String::new()))?
        }
    }
}

/// The text behind the percent signs; git takes no line break in it either.
fn decoded(text: &str) -> Option<String> {
    let text = percent_decode_str(text).decode_utf8().ok()?.into_owned();
    (!text.contains(char::is_control)).then_some(text)
}

fn is_token(text: &str) -> bool {
    gh::is_token(text) || BEGINNINGS.iter().any(|start| text.starts_with(start))
}

/// Where the user's place holds the token (`https://TOKEN:x-oauth-basic@host`), the account has no name: that token is
/// shown nowhere.
fn one(host: &str, user: &str, password: String) -> Option<Found> {
    let is_filler = FILLERS.contains(&password.as_str());
    let is_nobody = user.is_empty() || NOBODYS.contains(&user);
    let (account, token) = match (is_nobody, is_filler) {
        (true, true) => return None,
        (true, false) => ("git", password),
        (false, true) => ("git", user.to_owned()),
        (false, false) if is_token(user) && is_token(&password) => ("git", password),
        (false, false) if is_token(user) => ("git", user.to_owned()),
        (false, false) => (user, password),
    };
    let mut found = Found::of(record::by_host(host), account);
    if !user.is_empty() && (is_nobody || account == user) {
        found.kept.insert("username".to_owned(), user.to_owned());
    }
    found.access = Some(AccessToken::new(token));
    Some(found)
}

/// Blocks of `key=value` (gitcredentials(7)), an empty line between them.
fn answers(text: &str, source: &Source) -> Read {
    let mut read = Read::default();
    for (at, block) in text.split("\n\n").enumerate() {
        let pairs: BTreeMap<&str, &str> = block
            .lines()
            .filter_map(|line| line.split_once('='))
            .collect();
        if pairs.is_empty() {
            continue;
        }
        match answer(&pairs) {
            Some(found) => read.found.push(found),
            None => read.elsewhere.push(unread(source, "answer", at + 1)),
        }
    }
    read
}

fn answer(pairs: &BTreeMap<&str, &str>) -> Option<Found> {
    let password = pairs.get("password").or(pairs.get("credential"))?;
    let user = pairs.get("username").copied().unwrap_or_default();
    let mut found = one(pairs.get("host")?, user, (*password).to_owned())?;
    if let Some(text) = pairs.get("password_expiry_utc") {
        found.expires_at = moment(text);
        let odd = "when it ends could not be read";
        let odd = found.expires_at.is_none().then(|| odd.to_owned());
        found.remarks.extend(odd);
    }
    let refresh = pairs.get("oauth_refresh_token").filter(|it| !it.is_empty());
    found.refresh = refresh.map(|it| RefreshToken::new((*it).to_owned()));
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    fn read_all(text: &str) -> Read {
        read(&source(text)).unwrap()
    }

    fn source(text: &str) -> Source {
        Source {
            bytes: Zeroizing::new(text.as_bytes().to_vec()),
            path: None,
        }
    }

    /// Provider, account, token and what is kept of each.
    fn told(read: &Read) -> Vec<String> {
        let found = read.found.iter();
        let told = found.map(|one| {
            let token = one.access.as_ref().unwrap();
            let is = |text: &str| AccessToken::new(text.to_owned()).matches(token);
            let tokens = ["ghp_abcDEF123", "glpat-secret", "hidden", "p@ss"];
            let token = tokens.into_iter().find(|it| is(it)).unwrap();
            let kept: Vec<&String> = one.kept.values().collect();
            format!("{}/{} {token} {kept:?}", one.provider.name, one.account)
        });
        told.collect()
    }

    #[test]
    fn a_token_in_the_users_place_names_nothing() {
        let read = read_all(
            "https://ghp_abcDEF123:x-oauth-basic@github.com\n\
             https://ghp_abcDEF123:@github.com\n\
             https://ghp_abcDEF123@github.com\n\
             https://ghp_abcDEF123:ghp_abcDEF123@github.com\n\
             https://glpat-secret:whatever@gitlab.com\n\
             https://hidden:x-token-auth@bitbucket.example\n\
             https://alice:ghp_abcDEF123@github.com\n\
             https://oauth2:glpat-secret@gitlab.com\n",
        );
        let github = "github/git ghp_abcDEF123 []";
        let expected = [
            github,
            github,
            github,
            github,
            "gitlab/git glpat-secret []",
            "bitbucket.example/git hidden []",
            "github/alice ghp_abcDEF123 [\"alice\"]",
            "gitlab/git glpat-secret [\"oauth2\"]",
        ];
        assert_eq!(told(&read), expected);
        assert!(read.elsewhere.is_empty(), "{:?}", read.elsewhere);
        let answer =
            "protocol=https\nhost=github.com\nusername=ghp_abcDEF123\npassword=x-oauth-basic\n";
        assert_eq!(told(&read_all(answer)), [github]);
    }

    #[test]
    fn a_line_is_read_as_git_writes_it_and_a_wrong_one_is_told_by_its_number() {
        let read = read_all(
            "https://u:p%40ss@a%3a8080\n\
             Dear diary: hidden\n\
             \n\
             https://alice@github.com\n\
             https://u:hidden%0a@a.example\n\
             https://oauth2:@a.example\n\
             https://u:hidden@A.example:443/team?x=@\n\
             https://u:hidden@[::1]%3a8080\n",
        );
        let expected = [
            "a-8080/u p@ss [\"u\"]",
            "a.example/u hidden [\"u\"]",
            "---1--8080/u hidden [\"u\"]",
        ];
        assert_eq!(told(&read), expected);
        let whats = read.elsewhere.iter().map(|one| one.what.as_str());
        let lines = [2, 4, 5, 6].map(|number| format!("line {number} of standard input"));
        assert_eq!(whats.collect::<Vec<_>>(), lines);
        assert!(!format!("{:?}", read.elsewhere).contains("hidden"));
    }

    #[test]
    fn of_several_answers_one_that_is_wrong_stops_no_other() {
        let read = read_all(
            "host=a.example\nusername=u\npassword=hidden\npassword_expiry_utc=soon\n\n\
             host=b.example\nusername=u\n",
        );
        assert_eq!(told(&read), ["a.example/u hidden [\"u\"]"]);
        assert!(read.found[0].remarks[0].contains("when it ends"));
        assert_eq!(read.elsewhere[0].what, "answer 2 of standard input");
    }

    #[test]
    fn a_file_without_any_is_refused_and_an_empty_one_is_not() {
        let unread = super::read(&source("https://alice@github.com\n"));
        assert_eq!(unread.unwrap_err(), Unread::Shape);
        assert_eq!(
            super::read(&source("Dear diary")).unwrap_err(),
            Unread::Shape
        );
        assert!(read_all("\n").found.is_empty());
    }
}
