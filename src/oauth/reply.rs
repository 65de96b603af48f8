//! Reads answers of token endpoints leniently, and never shows them.

use crate::clock;
use crate::model::provider::{BodyFormat, Provider};
use crate::model::token::TokenSet;
use crate::oauth::error::{OAuthError, Unreadable};
use crate::oauth::fields::Fields;
use crate::oauth::lifetime::{left_until, lifetime, refresh_life};
use crate::oauth::refusal::refused;
use crate::oauth::step::Step;
use crate::oauth::wire::Reply;
use crate::secret::{AccessToken, IdToken, RefreshToken};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use zeroize::Zeroize;

/// The error of a server that wants its nonce in the proof (RFC 9449 8).
pub const USE_DPOP_NONCE: &str = "use_dpop_nonce";

/// No account and nothing that is kept beside tokens is longer.
const LONGEST_KEPT: usize = 512;
/// What is shorter may be a word, and is no token.
const SHORTEST_SECRET: usize = 16;

/// Reads the answer to a token request (RFC 6749 5.1, 5.2) with all the provider's habits. `secrets` are what was
/// sent: whatever comes back of them is taken out of the error.
pub fn token_set(
    step: Step,
    reply: &Reply,
    provider: &Provider,
    secrets: &[&str],
) -> Result<TokenSet, OAuthError> {
    let unreadable = |why| unreadable(step, reply, why);
    let mut top = fields(step, reply, provider, secrets)?;
    let account = provider.account_in_reply.iter();
    let account = account.filter_map(|at| top.pointed(at)).find_map(shown);
    let kept = kept(&top, provider);
    let mut inner = provider
        .token_at
        .as_deref()
        .and_then(|pointer| top.take_object(pointer))
        .filter(|inner| inner.text("access_token").is_some());
    let own = inner.as_mut().unwrap_or(&mut top);
    let access = token(own, "access_token").map_err(unreadable)?;
    let access = access.ok_or_else(|| unreadable(Unreadable::Missing("access_token")))?;
    let refresh = token(own, "refresh_token").map_err(unreadable)?;
    let unit = provider.expires_in_unit;
    let refresh_life = refresh_life(own, unit, clock::now());
    let expires_in = own
        .value("expires_in")
        .and_then(|value| lifetime(value, unit));
    let expires_in = expires_in.or_else(|| {
        let moment = own.value("expires_at")?;
        left_until(moment, clock::now())
    });
    let token_type = token_type(own.text("token_type"));
    let scopes = own.value("scope").and_then(scopes);
    let id_token = token(own, "id_token").map_err(unreadable)?;
    let id_token = match id_token {
        Some(id_token) => Some(id_token),
        None => token(&mut top, "id_token").map_err(unreadable)?,
    };
    let tokens = [Some(&access), refresh.as_ref(), id_token.as_ref()];
    let tokens = tokens.into_iter().flatten().map(String::as_str);
    let tokens: Vec<&str> = tokens.chain(secrets.iter().copied()).collect();
    let is_fit = |text: &String| !holds_one_of(text, &tokens);
    let (scopes, account, kept) = (
        scopes
            .map(|scopes| scopes.into_iter().filter(is_fit).collect::<Vec<_>>())
            .filter(|scopes| !scopes.is_empty()),
        account.filter(is_fit),
        kept.into_iter().filter(|(_, text)| is_fit(text)).collect(),
    );
    Ok(TokenSet {
        access: AccessToken::new(access),
        token_type,
        expires_in: expires_in.or(provider.assumed_expires_in.map(Duration::from_secs)),
        refresh: refresh.map(RefreshToken::new),
        refresh_expires_in: refresh_life,
        id_token: id_token.map(IdToken::new),
        is_id_verified: false,
        scopes,
        account,
        kept,
    })
}

/// Whether a token stands where a scope or a name should: it would be shown.
fn holds_one_of(text: &str, tokens: &[&str]) -> bool {
    let mut tokens = tokens.iter().filter(|token| token.len() >= SHORTEST_SECRET);
    tokens.any(|token| text.contains(token))
}

/// What programs need beside the tokens, under the last part of its pointer.
fn kept(top: &Fields, provider: &Provider) -> BTreeMap<String, String> {
    let one = |at: &String| {
        let name = at.rsplit('/').next()?;
        Some((name.to_owned(), shown(top.pointed(at)?)?))
    };
    provider.keep.iter().filter_map(one).collect()
}

/// A string or a number, one line, nothing that moves a terminal's cursor, not endless.
pub fn shown(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let tame: String = text
        .chars()
        .filter(|c| !c.is_control())
        .take(LONGEST_KEPT)
        .collect();
    (!tame.trim().is_empty()).then_some(tame)
}

/// The members of an answer of success; everything else is an error.
pub fn fields(
    step: Step,
    reply: &Reply,
    provider: &Provider,
    secrets: &[&str],
) -> Result<Fields, OAuthError> {
    let read = Fields::read(reply.body.bytes());
    let read = match provider.body_format {
        BodyFormat::CamelJson => read.map(Fields::spelt_as_usual),
        BodyFormat::Form | BodyFormat::Json => read,
    };
    if !reply.is_success() {
        return Err(refused(step, reply, read.ok().as_ref(), secrets));
    }
    let read = read.map_err(|why| unreadable(step, reply, why))?;
    let flag_says_no = provider
        .success_flag
        .as_deref()
        .is_some_and(|flag| !read.pointed(flag).is_some_and(is_true));
    let has_error = match read.value("error") {
        Some(Value::String(text)) => !text.trim().is_empty(),
        Some(Value::Object(members)) => !members.is_empty(),
        Some(Value::Bool(flag)) => *flag,
        Some(Value::Null | Value::Number(_) | Value::Array(_)) | None => false,
    };
    if flag_says_no || has_error {
        return Err(refused(step, reply, Some(&read), secrets));
    }
    Ok(read)
}

fn unreadable(step: Step, reply: &Reply, why: Unreadable) -> OAuthError {
    OAuthError::Unreadable {
        step,
        host: reply.host.clone(),
        status: reply.status,
        why,
    }
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => *flag,
        Value::String(text) => text.eq_ignore_ascii_case("true"),
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

/// A token may hold visible ASCII characters and spaces only (RFC 6749 A.12); anything else could forge a header.
fn token(fields: &mut Fields, name: &'static str) -> Result<Option<String>, Unreadable> {
    match fields.take(name) {
        Some(text) if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) => Ok(Some(text)),
        Some(mut text) => {
            text.zeroize();
            Err(Unreadable::Malformed(name))
        }
        None => Ok(None),
    }
}

fn token_type(said: Option<&str>) -> String {
    let said = said.unwrap_or("Bearer");
    let known = [("dpop", "DPoP"), ("mac", "MAC"), ("pop", "PoP")];
    // Slack says `user` and `bot`, others say `access_token`: all of them mean a bearer token.
    known
        .iter()
        .find(|(lower, _)| said.eq_ignore_ascii_case(lower))
        .map_or("Bearer", |(_, name)| name)
        .to_owned()
}

/// A list, or one string with spaces or commas; `None` when it names none.
pub fn scopes(value: &Value) -> Option<Vec<String>> {
    let split = |text: &str| -> Vec<String> {
        text.split(|c: char| c == ',' || c.is_whitespace())
            .filter(|scope| !scope.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let scopes: Vec<String> = match value {
        Value::String(text) => split(text),
        Value::Array(items) => items
            .iter()
            .filter_map(Value::as_str)
            .flat_map(split)
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    };
    let mut unique: Vec<String> = Vec::new();
    for scope in scopes {
        if !unique.contains(&scope) && scope.chars().all(|c| !c.is_control()) {
            unique.push(scope);
        }
    }
    (!unique.is_empty()).then_some(unique)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn provider(record: &str) -> Provider {
        toml::from_str(&format!("name = \"p\"\ndisplay_name = \"P\"\n{record}")).unwrap()
    }

    fn read(record: &str, body: &str) -> Result<TokenSet, OAuthError> {
        token_set(
            Step::Refresh,
            &Reply::sample(200, body.as_bytes()),
            &provider(record),
            &[],
        )
    }

    #[test]
    fn json_and_forms_are_read_whatever_they_call_themselves() {
        for body in [
            r#"{"access_token":"at","token_type":"bearer","expires_in":60,"refresh_token":"rt","scope":"a b"}"#,
            "access_token=at&token_type=BEARER&expires_in=60&refresh_token=rt&scope=a+b",
            "\u{feff} {\"access_token\":\"at\",\"expires_in\":\"60\",\"refresh_token\":\"rt\",\"scope\":[\"a\",\"b\"]}\n",
            r#"{"access_token":"old","access_token":"at","expires_in":60.0,"refresh_token":"rt","scope":"a,b,a"}"#,
        ] {
            let set = read("", body).unwrap();
            assert!(
                set.access.matches(&AccessToken::new("at".to_owned())),
                "{body}"
            );
            assert!(
                set.refresh
                    .unwrap()
                    .matches(&RefreshToken::new("rt".to_owned())),
                "{body}"
            );
            assert_eq!(set.token_type, "Bearer", "{body}");
            assert_eq!(set.expires_in, Some(Duration::from_secs(60)), "{body}");
            assert_eq!(set.scopes.unwrap(), ["a", "b"], "{body}");
        }
    }

    #[test]
    fn the_record_says_what_lifetimes_mean_and_what_they_are_when_unsaid() {
        let body = r#"{"access_token":"a","expires_in":60000,"refresh_token_expires_in":"90000"}"#;
        let set = read("expires_in_unit = \"milliseconds\"", body).unwrap();
        assert_eq!(set.expires_in, Some(Duration::from_secs(60)));
        assert_eq!(set.refresh_expires_in, Some(Duration::from_secs(90)));
        let set = read("assumed_expires_in = 7", r#"{"access_token":"a"}"#).unwrap();
        assert_eq!(set.expires_in, Some(Duration::from_secs(7)));
    }

    #[test]
    fn a_token_lies_where_the_record_says_or_at_the_top() {
        let record = "token_at = \"/authed_user\"\nsuccess_flag = \"/ok\"";
        let nested = r#"{"ok":true,"authed_user":{"access_token":"xoxp","scope":"a,b","token_type":"user"}}"#;
        let set = read(record, nested).unwrap();
        assert!(set.access.matches(&AccessToken::new("xoxp".to_owned())));
        assert_eq!(set.token_type, "Bearer");
        let top = r#"{"ok":true,"access_token":"top","authed_user":{"id":"U1"}}"#;
        assert!(
            read(record, top)
                .unwrap()
                .access
                .matches(&AccessToken::new("top".to_owned()))
        );
        let no = r#"{"ok":false,"error":"token_expired","access_token":"top"}"#;
        let error = read(record, no).unwrap_err();
        assert_eq!(error.code(), "token_expired");
        assert_eq!(
            read(record, r#"{"access_token":"top"}"#)
                .unwrap_err()
                .code(),
            "http_200"
        );
    }

    #[test]
    fn an_answer_without_a_usable_token_is_unreadable_and_says_why() {
        for (body, why) in [
            ("", Unreadable::Empty),
            (" \u{feff}", Unreadable::Garbage),
            ("<html>", Unreadable::Page),
            ("[1]", Unreadable::Garbage),
            ("null", Unreadable::Garbage),
            ("{\"access_token\":", Unreadable::Garbage),
            ("{}", Unreadable::Missing("access_token")),
            (r#"{"access_token":5}"#, Unreadable::Missing("access_token")),
            (
                r#"{"access_token":" "}"#,
                Unreadable::Missing("access_token"),
            ),
            (
                r#"{"access_token":"a\r\nEvil: 1"}"#,
                Unreadable::Malformed("access_token"),
            ),
            (
                r#"{"access_token":"a","refresh_token":"é"}"#,
                Unreadable::Malformed("refresh_token"),
            ),
        ] {
            match read("", body) {
                Err(OAuthError::Unreadable { why: said, .. }) => assert_eq!(said, why, "{body}"),
                other => panic!("{body}: {other:?}"),
            }
        }
    }

    #[test]
    fn no_refresh_token_and_no_scopes_stay_unsaid() {
        for body in [
            r#"{"access_token":"a"}"#,
            r#"{"access_token":"a","refresh_token":null,"scope":null}"#,
            r#"{"access_token":"a","refresh_token":"","scope":""}"#,
        ] {
            let set = read("", body).unwrap();
            assert!(
                set.refresh.is_none() && set.scopes.is_none() && set.id_token.is_none(),
                "{body}"
            );
        }
    }

    #[test]
    fn a_token_in_place_of_a_scope_or_a_name_is_not_taken_for_one() {
        let record = "keep = [\"/host\", \"/site\"]\naccount_in_reply = [\"/user\"]";
        let body = r#"{"access_token":"access-0123456789","refresh_token":"refresh-0123456789",
            "scope":"read access-0123456789","user":"refresh-0123456789","host":"h.example",
            "site":"https://h.example/?t=sent-0123456789ab"}"#;
        let reply = Reply::sample(200, body.as_bytes());
        let set = token_set(
            Step::Refresh,
            &reply,
            &provider(record),
            &["sent-0123456789ab"],
        );
        let set = set.unwrap();
        assert_eq!(set.scopes.unwrap(), ["read"]);
        assert_eq!(set.account, None);
        assert_eq!(
            set.kept,
            [("host".to_owned(), "h.example".to_owned())].into()
        );
    }

    #[test]
    fn deep_nesting_is_refused_and_never_overflows() {
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(read("", &deep).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic_and_never_reach_the_error(
            status in 200_u16..600,
            noise in proptest::collection::vec(any::<u8>(), 0..300),
            wrap in 0_usize..5,
        ) {
            let secret = "sEcReT-ToKeN-0123456789-aBcDeF";
            let text = String::from_utf8_lossy(&noise).into_owned();
            let quoted = serde_json::to_string(&format!("{text}{secret}{text}")).unwrap();
            let mut body = match wrap {
                0 => noise.clone(),
                1 => format!("{{\"error\":{quoted},\"error_description\":{quoted}}}").into_bytes(),
                2 => format!("error=x&error_description={secret}&{text}").into_bytes(),
                3 => format!("{{\"error\":{{\"message\":{quoted},\"code\":{quoted}}}}}").into_bytes(),
                _ => format!("{{\"expires_in\":{quoted},\"scope\":{quoted},\"error_codes\":[{quoted}]}}").into_bytes(),
            };
            body.truncate(4000);
            for record in ["", "token_at = \"/error\"\nsuccess_flag = \"/error/code\""] {
                let read = token_set(Step::Refresh, &Reply::sample(status, &body), &provider(record), &[secret]);
                if let Err(error) = read {
                    let shown = format!("{error} {error:?} {:?}", error.failure());
                    prop_assert!(!shown.contains(secret), "{}", shown);
                    prop_assert!(!shown.contains('\u{1b}'), "{}", shown);
                }
            }
        }
    }
}
