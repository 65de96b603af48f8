//! What a callback says: a code, an error, or nothing of this sign-in (RFC 6749 4.1.2, RFC 9207).

use crate::oauth::authorize::AuthorizationRequest;
use crate::oauth::clean;
use crate::oauth::error::{NotOurs, OAuthError, Refused};
use crate::oauth::issuer;
use crate::oauth::reply;
use crate::oauth::step::Step;
use crate::secret::AuthorizationCode;
use std::borrow::Cow;
use std::collections::BTreeMap;
use subtle::ConstantTimeEq as _;
use url::form_urlencoded;

/// What an answer is checked by.
#[derive(Debug)]
pub struct Expected {
    /// The request's state.
    state: String,
    /// Issuer, where known.
    issuer: Option<String>,
    /// Whether an answer without `iss` is refused.
    is_issuer_required: bool,
    /// Names of parameters that are kept beside the code (QuickBooks' `realmId`).
    keep: Vec<String>,
    /// What people call the provider.
    pub provider_name: String,
    /// Path of the redirect address.
    pub path: String,
    /// Values of `Host` that mean us.
    pub hosts: [String; 3],
}

impl Expected {
    /// For an answer to this request that comes to that port and path.
    pub fn new(request: &AuthorizationRequest, port: u16, path: &str) -> Self {
        Self {
            state: request.state.clone(),
            issuer: request.issuer.clone(),
            is_issuer_required: request.is_issuer_required,
            keep: request.keep.clone(),
            provider_name: request.provider_name.clone(),
            path: path.to_owned(),
            hosts: ["127.0.0.1", "localhost", "[::1]"].map(|host| format!("{host}:{port}")),
        }
    }
}

/// A yes.
#[derive(Debug)]
pub struct Callback {
    /// The code.
    pub code: AuthorizationCode,
    /// What the provider's record keeps of the other parameters.
    pub kept: BTreeMap<String, String>,
}

/// What a callback said.
#[derive(Debug)]
pub enum Answer {
    /// Yes.
    Code(Callback),
    /// No, or a yes that cannot be trusted.
    Failed(OAuthError),
    /// Something that belongs to another sign-in.
    Stray,
}

/// Reads a query or a posted form. `None`: it is no callback at all.
pub fn read_answer(query: &[u8], expected: &Expected) -> Option<Answer> {
    let parameters = Parameters::read(query)?;
    let has_answer = parameters.code.is_some() || parameters.error.is_some();
    if !has_answer {
        return None;
    }
    let is_ours = parameters
        .state
        .as_ref()
        .is_some_and(|state| state.as_bytes().ct_eq(expected.state.as_bytes()).into());
    // Some providers forget the state in errors. Believing those costs a sign-in at the worst, never a token.
    let is_error_without_state = parameters.error.is_some() && parameters.state.is_none();
    if !(is_ours || is_error_without_state) {
        return Some(Answer::Stray);
    }
    if let Some(error) = &parameters.error {
        return Some(Answer::Failed(denied(error, &parameters, expected)));
    }
    if let Some(wrong) = issuer_trouble(parameters.iss.as_deref(), expected) {
        return Some(Answer::Failed(OAuthError::NotOurs(wrong)));
    }
    let code = parameters.code?;
    let kept = form_urlencoded::parse(query)
        .filter(|(name, _)| expected.keep.iter().any(|kept| kept == name))
        .filter_map(|(name, value)| {
            Some((name.into_owned(), reply::shown(&value.as_ref().into())?))
        })
        .collect();
    Some(Answer::Code(Callback {
        code: AuthorizationCode::new(code.into_owned()),
        kept,
    }))
}

fn issuer_trouble(said: Option<&str>, expected: &Expected) -> Option<NotOurs> {
    match (said, &expected.issuer) {
        (Some(said), Some(issuer)) => (!issuer::is_same(issuer, said)).then_some(NotOurs::Issuer),
        (Some(_), None) => None,
        (None, _) => expected.is_issuer_required.then_some(NotOurs::NoIssuer),
    }
}

fn denied(error: &str, parameters: &Parameters<'_>, expected: &Expected) -> OAuthError {
    OAuthError::Refused(Box::new(Refused {
        step: Step::Authorization,
        host: expected.provider_name.clone(),
        status: 0,
        code: Some(clean::code(error, &[]).unwrap_or_else(|| "unknown_error".to_owned())),
        words: parameters
            .description
            .as_deref()
            .and_then(|words| clean::clean(words, &[&expected.state])),
        reason: None,
        retry_after: None,
        clock_ahead: None,
        needed_scopes: Vec::new(),
        is_page: false,
    }))
}

#[derive(Default)]
struct Parameters<'a> {
    code: Option<Cow<'a, str>>,
    state: Option<Cow<'a, str>>,
    iss: Option<Cow<'a, str>>,
    error: Option<Cow<'a, str>>,
    description: Option<Cow<'a, str>>,
}

impl<'a> Parameters<'a> {
    /// `None` when one that counts stands twice (RFC 6749 3.1 forbids it; which one was meant is anybody's guess).
    fn read(query: &'a [u8]) -> Option<Self> {
        let mut read = Self::default();
        for (name, value) in form_urlencoded::parse(query) {
            let place = match name.as_ref() {
                "code" => &mut read.code,
                "state" => &mut read.state,
                "iss" => &mut read.iss,
                "error" => &mut read.error,
                "error_description" => &mut read.description,
                _ => continue,
            };
            if place.is_some() {
                return None;
            }
            if !value.is_empty() {
                *place = Some(value);
            }
        }
        Some(read)
    }
}
