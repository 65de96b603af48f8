//! AWS STS: temporary keys of a role for a token of an OpenID provider (`AssumeRoleWithWebIdentity`).

use crate::clock::Timestamp;
use crate::model::provider::BodyFormat;
use crate::oauth::clean::{clean, code};
use crate::oauth::error::OAuthError;
use crate::oauth::form::Form;
use crate::oauth::http::Http;
use crate::oauth::step::Step;
use crate::oauth::wire::{Reply, Request};
use crate::secret::{AccessToken, CloudKey};
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use zeroize::Zeroizing;

/// Version of the API.
const VERSION: &str = "2011-06-15";
/// Elements of an answer that are read.
const MOST: usize = 64;

/// Codes that AWS documents for this action and for all: they may be as long as a token, and are none.
const CODES: [&str; 19] = [
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "IDPCommunicationError",
    "IDPRejectedClaim",
    "IncompleteSignature",
    "InternalFailure",
    "InvalidIdentityToken",
    "MalformedPolicyDocument",
    "MalformedPolicyDocumentException",
    "NotAuthorized",
    "OptInRequired",
    "PackedPolicyTooLarge",
    "RegionDisabledException",
    "RequestExpired",
    "ServiceUnavailable",
    "ThrottlingException",
    "ValidationError",
];

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct RoleWish<'a> {
    /// The role's ARN.
    pub role: &'a str,
    /// What the session is called in the account's log.
    pub session: &'a str,
    /// How long the keys shall live; `None`: as the service likes, an hour.
    pub duration: Option<Duration>,
    /// The token.
    pub token: &'a AccessToken,
}

/// Temporary keys.
#[derive(Debug)]
pub struct RoleKeys {
    /// Names the key.
    pub id: String,
    /// The key.
    pub secret: CloudKey,
    /// Goes beside it.
    pub session: CloudKey,
    /// When they expire.
    pub expires_at: Timestamp,
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum StsError {
    /// Nothing came back.
    #[error(transparent)]
    Http(#[from] OAuthError),
    /// The service said no.
    #[error("AWS refuses: {code}{}", said(.words.as_ref()))]
    Refused {
        /// Its code, `AccessDenied`.
        code: String,
        /// Its own words, cleaned.
        words: Option<String>,
        /// HTTP status.
        status: u16,
    },
    /// The answer is none of AWS STS.
    #[error("{host} answered with HTTP status {status}, and not as AWS STS does")]
    Unreadable {
        /// Who answered.
        host: String,
        /// HTTP status.
        status: u16,
    },
}

fn said(words: Option<&String>) -> String {
    words.map(|words| format!(" ({words})")).unwrap_or_default()
}

/// Asks once.
pub async fn assume(http: &Http, endpoint: &str, wish: RoleWish<'_>) -> Result<RoleKeys, StsError> {
    let mut form = Form::new();
    form.add("Action", "AssumeRoleWithWebIdentity")
        .add("Version", VERSION)
        .add("RoleArn", wish.role)
        .add("RoleSessionName", wish.session)
        .add_secret("WebIdentityToken", wish.token.expose_secret());
    if let Some(duration) = wish.duration {
        form.add("DurationSeconds", &duration.as_secs().to_string());
    }
    let request = Request {
        body: Some(form.body(BodyFormat::Form)),
        ..Request::new(Method::POST, endpoint, "AWS STS endpoint")
    };
    let reply = http.send(Step::TokenExchange, request).await?;
    read(&reply, &[wish.token.expose_secret()])
}

/// Reads an answer: XML, as it is documented, or JSON, as it comes to who asks for that.
fn read(reply: &Reply, secrets: &[&str]) -> Result<RoleKeys, StsError> {
    let status = reply.status;
    let unreadable = || StsError::Unreadable {
        host: reply.host.clone(),
        status,
    };
    let leaves = leaves(reply.body.bytes()).ok_or_else(unreadable)?;
    let text = |name: &str| leaves.get(name).map(|text| text.as_str());
    if !reply.is_success() {
        let known = |text: &str| CODES.contains(&text).then(|| text.to_owned());
        let code = text("Code").and_then(|text| known(text).or_else(|| code(text, secrets)));
        return Err(StsError::Refused {
            code: code.ok_or_else(unreadable)?,
            words: text("Message").and_then(|text| clean(text, secrets)),
            status,
        });
    }
    let needed =
        |name: &str| text(name).filter(|text| !text.is_empty() && !text.contains(char::is_control));
    let keys = || {
        Some(RoleKeys {
            id: needed("AccessKeyId")?.to_owned(),
            secret: CloudKey::new(needed("SecretAccessKey")?.to_owned()),
            session: CloudKey::new(needed("SessionToken")?.to_owned()),
            expires_at: moment(needed("Expiration")?)?,
        })
    };
    keys().ok_or_else(unreadable)
}

/// A date in words (RFC 3339), or seconds since 1970.
fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(Timestamp::from_millis(moment.as_millisecond()));
    }
    let seconds = text.split('.').next()?.parse().ok()?;
    Some(Timestamp::from_secs(seconds))
}

type Leaves = BTreeMap<String, Zeroizing<String>>;

/// The text of each element (or member), the first of each name.
fn leaves(body: &[u8]) -> Option<Leaves> {
    let text = std::str::from_utf8(body).ok()?;
    if text.trim_start().starts_with('{') {
        let mut found = Leaves::new();
        of_json("", &serde_json::from_str(text).ok()?, &mut found);
        return Some(found);
    }
    of_xml(text)
}

fn of_json(name: &str, value: &Value, found: &mut Leaves) {
    let leaf = match value {
        Value::Object(members) => {
            for (name, value) in members {
                of_json(name, value, found);
            }
            return;
        }
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) => return,
    };
    if found.len() < MOST {
        found.entry(name.to_owned()).or_insert(Zeroizing::new(leaf));
    }
}

fn of_xml(text: &str) -> Option<Leaves> {
    let mut reader = Reader::from_str(text);
    let mut found = Leaves::new();
    let mut leaf = Zeroizing::new(String::new());
    let mut is_leaf = false;
    loop {
        match reader.read_event().ok()? {
            Event::Start(_) => {
                leaf.clear();
                is_leaf = true;
            }
            Event::Text(text) => leaf.push_str(&text.decode().ok()?),
            Event::CData(text) => leaf.push_str(&text.decode().ok()?),
            Event::GeneralRef(entity) => match entity.resolve_char_ref().ok()? {
                Some(letter) => leaf.push(letter),
                None => leaf.push_str(resolve_predefined_entity(&entity.decode().ok()?)?),
            },
            Event::End(end) => {
                let name = String::from_utf8_lossy(end.local_name().as_ref()).into_owned();
                if is_leaf && found.len() < MOST {
                    let text = Zeroizing::new(leaf.trim().to_owned());
                    found.entry(name).or_insert(text);
                }
                is_leaf = false;
            }
            Event::Eof => break,
            // Whoever sends entities of their own is not AWS.
            Event::DocType(_) => return None,
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    (!found.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIVEN: &str = r#"<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <SubjectFromWebIdentityToken>alice</SubjectFromWebIdentityToken>
    <AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/s</Arn></AssumedRoleUser>
    <Credentials>
      <SessionToken>se+ss/ion==</SessionToken>
      <SecretAccessKey>sec&amp;ret&#x2F;</SecretAccessKey>
      <Expiration>2026-11-21T12:00:00Z</Expiration>
      <AccessKeyId>ASIAEXAMPLE</AccessKeyId>
    </Credentials>
  </AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>"#;

    fn of(status: u16, body: &str) -> Result<RoleKeys, StsError> {
        read(
            &Reply::sample(status, body.as_bytes()),
            &["the-token-itself"],
        )
    }

    #[test]
    fn keys_are_read_from_xml_and_from_json() {
        let keys = of(200, GIVEN).unwrap();
        assert_eq!(keys.id, "ASIAEXAMPLE");
        assert_eq!(keys.secret.expose_secret(), "sec&ret/");
        assert_eq!(keys.session.expose_secret(), "se+ss/ion==");
        assert_eq!(keys.expires_at.to_string(), "2026-11-21T12:00:00.000Z");
        let json = r#"{"AssumeRoleWithWebIdentityResponse":{"AssumeRoleWithWebIdentityResult":{"Credentials":
            {"AccessKeyId":"A","SecretAccessKey":"B","SessionToken":"C","Expiration":1.7953812E9}}}}"#;
        assert_eq!(of(200, json).unwrap().id, "A");
    }

    #[test]
    fn a_refusal_is_told_without_the_token() {
        let body = "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidIdentityToken</Code>\
                    <Message>the-token-itself is not &lt;good&gt;</Message></Error></ErrorResponse>";
        let error = of(400, body).unwrap_err().to_string();
        assert_eq!(
            error,
            "AWS refuses: InvalidIdentityToken ([removed] is not <good>)"
        );
        let expired = body.replace("InvalidIdentityToken", "ExpiredTokenException");
        let error = of(400, &expired).unwrap_err().to_string();
        assert!(error.contains("ExpiredTokenException"), "{error}");
        let echoed = body.replace("InvalidIdentityToken", "the-token-itself");
        assert!(!of(400, &echoed).unwrap_err().to_string().contains("itself"));
    }

    #[test]
    fn what_is_no_answer_of_sts_is_said_to_be_none() {
        let without = GIVEN.replace("ASIAEXAMPLE", "");
        let doctype = format!("<!DOCTYPE x [<!ENTITY a \"b\">]>{GIVEN}");
        for (status, body) in [
            (200, ""),
            (200, "<html><body>hello</body></html>"),
            (200, "{}"),
            (502, "<html><p>Bad gateway</p></html>"),
            (200, without.as_str()),
            (200, doctype.as_str()),
            (200, "<a>&unknown;</a>"),
        ] {
            assert!(
                matches!(of(status, body), Err(StsError::Unreadable { .. })),
                "{body}"
            );
        }
    }

    #[test]
    fn an_end_in_seconds_is_read_with_and_without_an_exponent() {
        assert_eq!(
            moment("1795381200"),
            Some(Timestamp::from_secs(1_795_381_200))
        );
        assert_eq!(
            moment("1795381200.0"),
            Some(Timestamp::from_secs(1_795_381_200))
        );
        assert_eq!(moment("soon"), None);
    }
}
