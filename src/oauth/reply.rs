//! Reads answers of token endpoints leniently, and never shows them.

use crate::model::provider::{ExpiresInUnit, Provider};
use crate::model::token::TokenSet;
use crate::oauth::clean;
use crate::oauth::error::{OAuthError, Refused, Step, Unreadable};
use crate::oauth::wire::Reply;
use crate::secret::{AccessToken, IdToken, RefreshToken};
use serde_json::{Map, Value};
use std::time::Duration;
use zeroize::Zeroize;

/// No lifetime is believed beyond a hundred years.
const LONGEST_LIFE: f64 = 100.0 * 365.25 * 86_400.0;

/// The members of an answer; wiped on drop.
#[derive(Default)]
pub struct Fields(Map<String, Value>);

impl Drop for Fields {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

impl Fields {
    /// Reads a body by what it is, not by what its content type says it is: JSON, or a form.
    pub fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let bytes = bytes.trim_ascii();
        match bytes.first() {
            None => Err(Unreadable::Empty),
            Some(b'<') => Err(Unreadable::Page),
            Some(b'{') => serde_json::from_slice(bytes)
                .map(Self)
                .map_err(|_| Unreadable::Garbage),
            Some(_) if looks_like_a_form(bytes) => Ok(Self(
                url::form_urlencoded::parse(bytes)
                    .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
                    .collect(),
            )),
            Some(_) => Err(Unreadable::Garbage),
        }
    }

    /// A member that is a string with something in it.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(nonempty)
    }

    /// A member as it is.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// What a JSON pointer (RFC 6901) points to.
    pub fn pointed(&self, pointer: &str) -> Option<&Value> {
        let mut parts = pointer.strip_prefix('/')?.splitn(2, '/');
        let first = parts.next()?.replace("~1", "/").replace("~0", "~");
        let value = self.0.get(&first)?;
        match parts.next() {
            Some(rest) => value.pointer(&format!("/{rest}")),
            None => Some(value),
        }
    }

    /// Moves a string out, so that no second copy of it is made.
    fn take(&mut self, name: &str) -> Option<String> {
        match self.0.get_mut(name) {
            Some(Value::String(text)) if !text.trim().is_empty() => Some(std::mem::take(text)),
            _ => None,
        }
    }

    /// Moves an object out, as fields of its own.
    fn take_object(&mut self, pointer: &str) -> Option<Self> {
        let mut parts = pointer.strip_prefix('/')?.splitn(2, '/');
        let first = parts.next()?.replace("~1", "/").replace("~0", "~");
        let value = self.0.get_mut(&first)?;
        let value = match parts.next() {
            Some(rest) => value.pointer_mut(&format!("/{rest}"))?,
            None => value,
        };
        value.as_object_mut().map(std::mem::take).map(Self)
    }
}

fn nonempty(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.trim().is_empty())
}

fn looks_like_a_form(bytes: &[u8]) -> bool {
    bytes.contains(&b'=')
        && bytes.iter().all(|byte| {
            byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'{' | b'}')
        })
}

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
    let refresh_life = ["refresh_expires_in", "refresh_token_expires_in"]
        .iter()
        .find_map(|name| own.value(name).and_then(|value| lifetime(value, unit)));
    let expires_in = own
        .value("expires_in")
        .and_then(|value| lifetime(value, unit));
    let token_type = token_type(own.text("token_type"));
    let scopes = own.value("scope").and_then(scopes);
    let id_token = token(own, "id_token").map_err(unreadable)?;
    let id_token = match id_token {
        Some(id_token) => Some(id_token),
        None => token(&mut top, "id_token").map_err(unreadable)?,
    };
    Ok(TokenSet {
        access: AccessToken::new(access),
        token_type,
        expires_in: expires_in.or(provider.assumed_expires_in.map(Duration::from_secs)),
        refresh: refresh.map(RefreshToken::new),
        refresh_expires_in: refresh_life,
        id_token: id_token.map(IdToken::new),
        scopes,
    })
}

/// The members of an answer of success; everything else is an error.
pub fn fields(
    step: Step,
    reply: &Reply,
    provider: &Provider,
    secrets: &[&str],
) -> Result<Fields, OAuthError> {
    let read = Fields::read(reply.body.bytes());
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

/// The error in an answer, in whatever shape it came.
pub fn refused(step: Step, reply: &Reply, read: Option<&Fields>, secrets: &[&str]) -> OAuthError {
    let nothing = Fields::default();
    let fields = read.unwrap_or(&nothing);
    let nested = fields.value("error").and_then(Value::as_object);
    let nested_text = |name: &str| nested.and_then(|error| error.get(name)).and_then(nonempty);
    let code = fields
        .text("error")
        .or_else(|| {
            ["code", "status", "type"]
                .iter()
                .find_map(|name| nested_text(name))
        })
        .or_else(|| fields.text("errorCode"))
        .or_else(|| fields.text("error_code"))
        .and_then(|code| clean::code(code, secrets));
    let words = [
        "error_description",
        "error_message",
        "errorSummary",
        "message",
        "msg",
        "detail",
    ]
    .iter()
    .find_map(|name| fields.text(name).or_else(|| nested_text(name)))
    .and_then(|words| clean::clean(words, secrets));
    let number = fields
        .value("error_codes")
        .and_then(|codes| codes.get(0))
        .and_then(Value::as_u64)
        .map(|number| format!("AADSTS{number}"));
    let reason = number.or_else(|| {
        ["error_subtype", "suberror", "error_reason"]
            .iter()
            .find_map(|name| fields.text(name))
            .and_then(|reason| clean::code(reason, secrets))
    });
    let is_page =
        reply.is_overlong || (read.is_none() && reply.body.bytes().trim_ascii().starts_with(b"<"));
    OAuthError::Refused(Box::new(Refused {
        step,
        host: reply.host.clone(),
        status: reply.status,
        code,
        words,
        reason,
        retry_after: reply.retry_after,
        is_page,
    }))
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
fn scopes(value: &Value) -> Option<Vec<String>> {
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

/// A lifetime as number, string, or `hours:minutes:seconds`; zero, negative and senseless ones mean that none was
/// named (Keycloak's offline tokens say 0).
pub fn lifetime(value: &Value, unit: ExpiresInUnit) -> Option<Duration> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => {
            let text = text.trim();
            match text.parse::<f64>() {
                Ok(number) => number,
                Err(_) => return clock_time(text),
            }
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let seconds = match unit {
        ExpiresInUnit::Seconds => number,
        ExpiresInUnit::Milliseconds => number / 1000.0,
    };
    from_seconds(seconds)
}

fn clock_time(text: &str) -> Option<Duration> {
    let parts: Vec<f64> = text
        .split(':')
        .map(|part| part.parse::<u32>().map(f64::from))
        .collect::<Result<_, _>>()
        .ok()?;
    match parts.as_slice() {
        [hours, minutes, seconds] => from_seconds(hours * 3600.0 + minutes * 60.0 + seconds),
        _ => None,
    }
}

fn from_seconds(seconds: f64) -> Option<Duration> {
    (seconds > 0.0).then(|| Duration::from_secs_f64(seconds.min(LONGEST_LIFE)))
}
