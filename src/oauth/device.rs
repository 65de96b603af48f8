//! The device authorization grant (RFC 8628), read leniently.

use crate::clock;
use crate::model::provider::{BodyFormat, ExpiresInUnit};
use crate::model::token::TokenSet;
use crate::oauth::caller::{Caller, Target};
use crate::oauth::endpoint;
use crate::oauth::error::{OAuthError, Unreadable};
use crate::oauth::fields::Fields;
use crate::oauth::form::Form;
use crate::oauth::id_token::{self, Expected};
use crate::oauth::lifetime::lifetime;
use crate::oauth::reply;
use crate::oauth::step::Step;
use crate::oauth::token::Wish;
use crate::oauth::wire::Reply;
use crate::secret::DeviceCode;
use std::time::Duration;

/// RFC 8628 3.2: without `interval`, five seconds.
const USUAL_INTERVAL: Duration = Duration::from_secs(5);

/// Nobody is asked less often than that.
const LONGEST_INTERVAL: Duration = Duration::from_secs(300);

/// When the provider does not say how long its code lives.
const USUAL_LIFE: Duration = Duration::from_secs(600);

/// A sign-in that waits for a person with a code.
#[derive(Debug)]
pub struct DeviceAuthorization {
    /// What only we and the provider know.
    pub device_code: DeviceCode,
    /// What the person enters.
    pub user_code: String,
    /// Where.
    pub verification_uri: String,
    /// The address with the code in it.
    pub verification_uri_complete: Option<String>,
    /// How long the codes live, from now.
    pub expires_in: Duration,
    /// How long to wait between two questions.
    pub interval: Duration,
}

/// What a question was answered with.
#[derive(Debug)]
pub enum Poll {
    /// The person has not answered yet.
    Pending,
    /// Not yet, and ask less often: at this interval where the provider names one, else five seconds more than before
    /// (RFC 8628 3.5).
    SlowDown {
        /// The interval the provider names.
        interval: Option<Duration>,
    },
    /// The person said yes.
    Done(TokenSet),
}

/// Asks for a device code (RFC 8628 3.1).
pub async fn start(caller: &Caller<'_>, wish: Wish<'_>) -> Result<DeviceAuthorization, OAuthError> {
    let (provider, client, scopes) = (caller.provider, caller.client, wish.scopes);
    let (step, what) = (Step::DeviceStart, "device authorization endpoint");
    let url = provider.endpoints.device_authorization.as_deref();
    let url = endpoint::needed(url, what, provider)?;
    let mut form = Form::new();
    if !scopes.is_empty() {
        form.add("scope", &scopes.join(&provider.scope_separator.to_string()));
    }
    for resource in wish.resources {
        form.add("resource", resource);
    }
    form.add_extra(&provider.extra.device);
    if client.auth == crate::model::client::ClientAuth::ClientSecretBasic {
        // RFC 8628 3.1 asks for it in the body; harmless beside Basic.
        form.add("client_id", &client.id);
    }
    let to = Target {
        step,
        url,
        what,
        format: BodyFormat::Form,
    };
    let reply = caller.post(to, &mut form).await?;
    let fields = reply::fields(step, &reply, provider, &form.secrets())?;
    read(&fields).map_err(|why| OAuthError::Unreadable {
        step,
        host: reply.host.clone(),
        status: reply.status,
        why,
    })
}

/// Reads what the provider answered (RFC 8628 3.2).
pub fn read(fields: &Fields) -> Result<DeviceAuthorization, Unreadable> {
    let missing = Unreadable::Missing;
    let device_code = fields.text("device_code").ok_or(missing("device_code"))?;
    let user_code = fields.text("user_code").ok_or(missing("user_code"))?.trim();
    if user_code.len() > 64 || !user_code.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
        return Err(Unreadable::Malformed("user_code"));
    }
    let uri = fields
        .text("verification_uri")
        .or_else(|| fields.text("verification_url"))
        .ok_or(missing("verification_uri"))?;
    let verification_uri = safe_to_open(uri).ok_or(Unreadable::Malformed("verification_uri"))?;
    let complete = fields
        .text("verification_uri_complete")
        .or_else(|| fields.text("verification_url_complete"))
        .and_then(safe_to_open);
    let seconds = |name: &str| {
        fields
            .value(name)
            .and_then(|value| lifetime(value, ExpiresInUnit::Seconds))
    };
    Ok(DeviceAuthorization {
        device_code: DeviceCode::new(device_code.to_owned()),
        user_code: user_code.to_owned(),
        verification_uri,
        verification_uri_complete: complete,
        expires_in: seconds("expires_in").unwrap_or(USUAL_LIFE),
        interval: bounded(seconds("interval").unwrap_or(USUAL_INTERVAL)),
    })
}

/// The address a person will open: of a web page, and spelt without anything that could fool a terminal.
fn safe_to_open(text: &str) -> Option<String> {
    endpoint::read(text.trim(), "verification address")
        .ok()
        .map(String::from)
}

fn bounded(interval: Duration) -> Duration {
    interval.clamp(Duration::from_secs(1), LONGEST_INTERVAL)
}

/// Asks once whether the person has answered (RFC 8628 3.4). An expired or denied code is an error.
pub async fn poll(caller: &Caller<'_>, waiting: &DeviceAuthorization) -> Result<Poll, OAuthError> {
    let (provider, step) = (caller.provider, Step::DevicePoll);
    let mut form = Form::new();
    form.add("grant_type", "urn:ietf:params:oauth:grant-type:device_code")
        .add_secret("device_code", waiting.device_code.expose_secret());
    let reply = caller.ask_for_token(step, &mut form).await?;
    match reply::token_set(step, &reply, provider, &form.secrets()) {
        Ok(mut set) => {
            if let Some(token) = &set.id_token {
                let (expected, now) = (Expected::default(), clock::now());
                set.is_id_verified = id_token::check(caller, token, expected, now).await?;
            }
            Ok(Poll::Done(set))
        }
        Err(error) => not_yet(&reply, error),
    }
}

fn not_yet(reply: &Reply, error: OAuthError) -> Result<Poll, OAuthError> {
    let OAuthError::Refused(refused) = &error else {
        return Err(error);
    };
    let named = Fields::read(reply.body.bytes())
        .ok()
        .and_then(|fields| {
            let interval = fields.value("interval")?;
            lifetime(interval, ExpiresInUnit::Seconds)
        })
        .or(refused.retry_after)
        .map(bounded);
    let asks_less = refused.status == 429;
    match refused.code.as_deref() {
        Some("authorization_pending") if !asks_less => Ok(Poll::Pending),
        Some("slow_down") => Ok(Poll::SlowDown { interval: named }),
        None | Some("authorization_pending" | "rate_limited" | "ratelimited") if asks_less => {
            Ok(Poll::SlowDown { interval: named })
        }
        // Microsoft's number for the same (AADSTS70016).
        _ if refused.reason.as_deref() == Some("AADSTS70016") => Ok(Poll::Pending),
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::provider::Provider;

    fn fields(json: &str) -> Fields {
        Fields::read(json.as_bytes()).unwrap()
    }

    const WHOLE: &str = r#"{"device_code":"d","user_code":"ABCD-EFGH","verification_uri":"https://p.example/d",
        "verification_uri_complete":"https://p.example/d?c=ABCD-EFGH","expires_in":"900","interval":"7"}"#;

    #[test]
    fn a_device_code_is_read_in_every_spelling() {
        let read_whole = read(&fields(WHOLE)).unwrap();
        assert_eq!(read_whole.interval, Duration::from_secs(7));
        assert_eq!(read_whole.expires_in, Duration::from_secs(900));
        assert_eq!(
            read_whole.verification_uri_complete.as_deref(),
            Some("https://p.example/d?c=ABCD-EFGH")
        );
        let google =
            r#"{"device_code":"d","user_code":"A B","verification_url":"https://p.example/d"}"#;
        let read_google = read(&fields(google)).unwrap();
        assert_eq!(read_google.interval, USUAL_INTERVAL);
        assert_eq!(read_google.expires_in, USUAL_LIFE);
        assert_eq!(read_google.verification_uri, "https://p.example/d");
    }

    #[test]
    fn nobody_is_asked_all_the_time_nor_as_good_as_never() {
        for (said, seconds) in [("0.2", 1), ("\"7\"", 7), ("100000", 300), ("0", 5)] {
            let whole = WHOLE.replace("\"7\"", said);
            let begun = read(&fields(&whole)).unwrap();
            assert_eq!(begun.interval, Duration::from_secs(seconds), "{said}");
        }
        let body = r#"{"error":"slow_down","interval":100000}"#;
        assert!(matches!(
            asked(400, body),
            Ok(Poll::SlowDown {
                interval: Some(LONGEST_INTERVAL)
            })
        ));
    }

    #[test]
    fn nothing_dangerous_is_shown_or_opened() {
        for (from, to) in [
            ("https://p.example/d\"", "javascript:alert(1)\""),
            ("https://p.example/d\"", "file:///etc/passwd\""),
            ("https://p.example/d\"", "http://p.example/d\""),
            ("ABCD-EFGH\",\"ver", "A\\u001b[2J\",\"ver"),
            ("\"device_code\"", "\"devicecode\""),
        ] {
            let bad = WHOLE.replacen(from, to, 1);
            assert_ne!(bad, WHOLE);
            assert!(read(&fields(&bad)).is_err(), "{to}");
        }
        let complete = WHOLE.replace("https://p.example/d?c", "javascript:d?c");
        assert_eq!(
            read(&fields(&complete)).unwrap().verification_uri_complete,
            None
        );
    }

    fn asked(status: u16, body: &str) -> Result<Poll, OAuthError> {
        let reply = Reply::sample(status, body.as_bytes());
        let provider = Provider::unknown("p", "P");
        match reply::token_set(Step::DevicePoll, &reply, &provider, &[]) {
            Ok(set) => Ok(Poll::Done(set)),
            Err(error) => not_yet(&reply, error),
        }
    }

    #[test]
    fn every_answer_to_a_question_means_what_it_should() {
        let pending = r#"{"error":"authorization_pending"}"#;
        for status in [200, 400, 403, 428] {
            assert!(
                matches!(asked(status, pending), Ok(Poll::Pending)),
                "{status}"
            );
        }
        let slower = |body: &str| match asked(400, body) {
            Ok(Poll::SlowDown { interval }) => interval.map(|interval| interval.as_secs()),
            other => panic!("{body}: {other:?}"),
        };
        assert_eq!(slower(r#"{"error":"slow_down"}"#), None);
        assert_eq!(slower(r#"{"error":"slow_down","interval":"12"}"#), Some(12));
        assert!(matches!(
            asked(429, ""),
            Ok(Poll::SlowDown { interval: None })
        ));
        for (code, status) in [
            ("access_denied", 400),
            ("expired_token", 400),
            ("invalid_grant", 400),
        ] {
            let error = asked(status, &format!("{{\"error\":\"{code}\"}}")).unwrap_err();
            assert_eq!(error.code(), code);
        }
        assert!(matches!(
            asked(200, r#"{"access_token":"a"}"#),
            Ok(Poll::Done(_))
        ));
        assert_eq!(asked(503, "").unwrap_err().code(), "http_503");
    }
}
