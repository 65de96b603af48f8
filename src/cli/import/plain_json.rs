//! Reads JSON in the words of the standard: an answer of a token endpoint and its client, or several.

use crate::cli::import::file::Source;
use crate::cli::import::made::Found;
use crate::cli::import::offer::Elsewhere;
use crate::cli::import::reading::{Read, Unread, json, moment};
use crate::cli::import::record;
use crate::clock::Timestamp;
use crate::model::client::ClientAuth;
use crate::model::name::CredentialName;
use crate::model::provider::Provider;
use crate::oauth::{catalogue, template};
use crate::secret::{AccessToken, ClientSecret, IdToken, RefreshToken};
use crate::vault::secret_wire::Hidden;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// The longest life that is believed: a hundred years.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 24 * 3600);

/// From here on a number means milliseconds: as seconds it would be the year 5138.
const MILLIS: f64 = 1e11;

/// One credential; all of it may be left out but a token. Some libraries write a member under two of its names.
#[derive(Deserialize)]
struct One {
    name: Option<CredentialName>,
    provider: Option<String>,
    account: Option<String>,
    issuer: Option<String>,
    token_endpoint: Option<String>,
    token_uri: Option<String>,
    token_url: Option<String>,
    authorization_endpoint: Option<String>,
    auth_uri: Option<String>,
    client_id: Option<String>,
    client_secret: Option<Hidden>,
    client_auth: Option<ClientAuth>,
    access_token: Option<Hidden>,
    token: Option<Hidden>,
    refresh_token: Option<Hidden>,
    id_token: Option<Hidden>,
    token_type: Option<String>,
    scope: Option<Scopes>,
    scopes: Option<Scopes>,
    expires_at: Option<Figure>,
    expiry: Option<Figure>,
    expires_in: Option<Figure>,
}

impl One {
    fn token_endpoint(&self) -> Option<&str> {
        let names = [&self.token_endpoint, &self.token_uri, &self.token_url];
        names.into_iter().find_map(Option::as_deref)
    }

    fn authorization_endpoint(&self) -> Option<&str> {
        let names = [&self.authorization_endpoint, &self.auth_uri];
        names.into_iter().find_map(Option::as_deref)
    }

    /// When its access token ends, by the moment that is told.
    fn end(&self) -> Result<Option<Timestamp>, Unread> {
        let told = [&self.expires_at, &self.expiry];
        let told = told.into_iter().flatten().find(|it| !it.is_empty());
        told.map(|figure| figure.moment().ok_or(Unread::Shape))
            .transpose()
    }
}

/// A list, or a text with spaces between.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scopes {
    Text(String),
    List(Vec<String>),
}

/// A number, with a fraction or without, or a text that may hold one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Figure {
    Number(f64),
    Text(String),
}

impl Figure {
    fn is_empty(&self) -> bool {
        matches!(self, Self::Text(text) if text.trim().is_empty())
    }

    fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
        }
    }

    /// Seconds or milliseconds since 1970, or RFC 3339. What is before 1970 is over like any other.
    fn moment(&self) -> Option<Timestamp> {
        let number = match (self.number(), self) {
            (Some(number), _) => number.max(0.0),
            (None, Self::Text(text)) => return moment(text),
            (None, Self::Number(_)) => return None,
        };
        let seconds = if number >= MILLIS {
            number / 1000.0
        } else {
            number
        };
        let since = Duration::try_from_secs_f64(seconds).ok()?;
        Some(Timestamp::from_secs(0).plus(since))
    }

    /// A span in seconds, if it can be one.
    fn span(&self) -> Option<Duration> {
        let span = Duration::try_from_secs_f64(self.number()?).ok()?;
        (span <= LONGEST).then_some(span)
    }
}

/// Reads an object, or an array of them.
pub fn read(source: &Source, now: Timestamp) -> Result<Read, Unread> {
    let is_list = source.bytes.trim_ascii_start().starts_with(b"[");
    let all: Vec<One> = match is_list {
        true => json(&source.bytes)?,
        false => vec![json(&source.bytes)?],
    };
    // A life counts from when the answer was written down.
    let since = source.written().map_or(now, |written| written.min(now));
    let mut read = Read::default();
    for (at, one) in all.into_iter().enumerate() {
        match found(one, since) {
            Ok(found) => read.found.push(found),
            Err(unread) if !is_list => return Err(unread),
            Err(_) => read.elsewhere.push(Elsewhere {
                what: format!("entry {} of {}", at + 1, source.place().display()),
                why: "its end or its addresses are not in the words of the standard".to_owned(),
                hint: "write expires_at as seconds since 1970 or RFC 3339, addresses whole"
                    .to_owned(),
            }),
        }
    }
    Ok(read)
}

fn found(one: One, since: Timestamp) -> Result<Found, Unread> {
    let provider = provider(&one).ok_or(Unread::Shape)?;
    let end = one.end()?;
    let account = one
        .account
        .or_else(|| Some(one.name.as_ref()?.account().to_owned()));
    let mut found = Found::of(provider, account.unwrap_or_default());
    let life = one.expires_in.as_ref().and_then(Figure::span);
    found.expires_at = end.or_else(|| Some(since.plus(life?)));
    found.is_end_guessed = end.is_none() && life.is_some();
    found.client_id = one.client_id.filter(|id| !id.is_empty());
    found.client_secret = some(one.client_secret).map(ClientSecret::new);
    found.client_auth = one.client_auth;
    found.access = some(one.access_token)
        .or(some(one.token))
        .map(AccessToken::new);
    found.refresh = some(one.refresh_token).map(RefreshToken::new);
    found.id_token = some(one.id_token).map(IdToken::new);
    found.token_type = one
        .token_type
        .filter(|kind| !kind.eq_ignore_ascii_case("bearer"));
    found.scopes = match one.scope.or(one.scopes) {
        Some(Scopes::Text(text)) => text.split_whitespace().map(str::to_owned).collect(),
        Some(Scopes::List(scopes)) => scopes,
        None => Vec::new(),
    };
    Ok(found)
}

fn some(hidden: Option<Hidden>) -> Option<String> {
    hidden.map(Hidden::take).filter(|text| !text.is_empty())
}

/// By its name in the catalogue; else by its token endpoint, its issuer, or its name alone.
fn provider(one: &One) -> Option<Provider> {
    let named = one.name.as_ref().map(|name| name.provider().to_owned());
    let named = one.provider.clone().or(named);
    let listed = named.as_deref().and_then(catalogue::find);
    let listed = listed.and_then(|listed| template::fill(&listed, &BTreeMap::new()).ok());
    let (authorization, issuer) = (one.authorization_endpoint(), one.issuer.as_deref());
    let told = match (one.token_endpoint(), issuer) {
        (Some(address), _) => Some(record::by_token_endpoint(address, authorization, issuer)?),
        (None, Some(issuer)) => Some(record::by_issuer(issuer)?),
        (None, None) => None,
    };
    match (told, listed, named) {
        (None, Some(listed), _) => Some(listed),
        (Some(mut told), _, Some(name)) => {
            told.name = record::own(&name).name;
            Some(told)
        }
        (Some(told), _, None) => Some(told),
        (None, None, Some(name)) => Some(record::own(&name)),
        (None, None, None) => Some(record::own("unknown")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::provenance::Provenance;
    use std::fs::File;
    use std::time::SystemTime;
    use zeroize::Zeroizing;

    const NOW: Timestamp = Timestamp::from_secs(1_900_000_000);

    fn one(text: &str) -> Found {
        let source = Source {
            bytes: Zeroizing::new(text.as_bytes().to_vec()),
            path: None,
        };
        read(&source, NOW).unwrap().found.swap_remove(0)
    }

    #[test]
    fn an_end_is_read_in_seconds_or_milliseconds_and_as_a_text() {
        let end = Some(Timestamp::from_secs(1_900_003_600));
        for told in [
            r#""expires_at": 1900003600"#,
            r#""expires_at": 1900003600.0"#,
            r#""expires_at": 1900003600000"#,
            r#""expires_at": "1900003600""#,
            r#""expires_at": "1900003600000""#,
            r#""expiry": "2030-03-17T18:46:40Z""#,
            r#""expires_at": null, "expiry": "2030-03-17T18:46:40Z""#,
            r#""expires_at": "", "expiry": 1900003600, "expires_in": 5"#,
            r#""expires_in": 3600"#,
            r#""expires_in": "3600""#,
            r#""expires_in": 3600.0"#,
        ] {
            let found = one(&format!(r#"{{"access_token": "hidden", {told}}}"#));
            assert_eq!(found.expires_at, end, "{told}");
        }
        for odd in [
            r#""expires_in": -1"#,
            r#""expires_in": 1e300"#,
            r#""expires_in": "soon""#,
        ] {
            let found = one(&format!(r#"{{"access_token": "hidden", {odd}}}"#));
            assert_eq!(found.expires_at, None, "{odd}");
        }
    }

    #[test]
    fn one_entry_that_cannot_be_read_stops_no_other() {
        let text =
            r#"[{"access_token": "hidden", "expires_at": "soon"}, {"access_token": "hidden"}]"#;
        let source = Source {
            bytes: Zeroizing::new(text.as_bytes().to_vec()),
            path: None,
        };
        let read = read(&source, NOW).unwrap();
        assert_eq!(read.found.len(), 1);
        assert_eq!(read.elsewhere[0].what, "entry 1 of standard input");
    }

    #[test]
    fn a_member_under_two_of_its_names_is_no_error() {
        let found = one(
            r#"{"token": "other", "access_token": "hidden", "expiry": 1, "expires_at": 1900003600,
                "scope": "a b", "scopes": ["c"], "token_uri": "https://x.example/t",
                "token_endpoint": "https://y.example/t"}"#,
        );
        let hidden = AccessToken::new("hidden".to_owned());
        assert!(found.access.unwrap().matches(&hidden));
        assert_eq!(found.expires_at, Some(Timestamp::from_secs(1_900_003_600)));
        assert_eq!(found.scopes, ["a", "b"]);
        assert_eq!(found.provider.name, "y.example");
    }

    #[test]
    fn a_life_counts_from_when_the_file_was_written_and_what_renews_itself_is_fetched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token.json");
        std::fs::write(&path, "").unwrap();
        let written = SystemTime::UNIX_EPOCH + Duration::from_secs(1_899_999_000);
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(written).unwrap();
        let read_file = |text: &str| {
            let source = Source {
                bytes: Zeroizing::new(text.as_bytes().to_vec()),
                path: Some(path.clone()),
            };
            read(&source, NOW).unwrap().found.swap_remove(0)
        };
        let key = read_file(r#"{"access_token": "hidden", "expires_in": 3600}"#);
        assert_eq!(key.expires_at, Some(Timestamp::from_secs(1_900_002_600)));
        let from = Provenance {
            from: "json".to_owned(),
            file: None,
            at: NOW,
        };
        let key = key.offer(&from, NOW).unwrap().unwrap();
        assert!(key.profile.expires_at > Some(NOW));
        let renewable = r#"{"access_token": "hidden", "refresh_token": "hidden", "client_id": "c",
            "token_endpoint": "https://x.example/t", "expires_in": 3600}"#;
        let offer = read_file(renewable).offer(&from, NOW).unwrap().unwrap();
        assert!(offer.profile.is_renewable());
        assert!(
            offer.profile.expires_at <= Some(NOW),
            "{:?}",
            offer.profile.expires_at
        );
        assert!(
            offer.remarks[0].contains("first refresh"),
            "{:?}",
            offer.remarks
        );
    }
}
