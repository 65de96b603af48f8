//! Reads the error in an answer, in whatever shape it came, and never shows what was sent.

use crate::oauth::challenge;
use crate::oauth::clean;
use crate::oauth::error::{OAuthError, Refused};
use crate::oauth::fields::{Fields, nonempty};
use crate::oauth::meta::MARK;
use crate::oauth::step::Step;
use crate::oauth::wire::Reply;
use serde_json::Value;

/// The error in an answer, in whatever shape it came.
pub fn refused(step: Step, reply: &Reply, read: Option<&Fields>, secrets: &[&str]) -> OAuthError {
    let challenge = reply.challenge.as_deref().map(challenge::read);
    let challenge = challenge.unwrap_or_default();
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
        .or_else(|| {
            ["errorCode", "error_code", "code", "status", "type"]
                .iter()
                .find_map(|name| fields.text(name).filter(|text| is_telling(text)))
        })
        .or(challenge.error.as_deref())
        .and_then(|code| clean::code(code, secrets));
    let words = [
        "error_description",
        "error_message",
        "errorSummary",
        "message",
        "msg",
        "detail",
        "reason",
    ]
    .iter()
    .find_map(|name| fields.text(name).or_else(|| nested_text(name)))
    .and_then(|words| clean::clean(words, secrets));
    let reason = microsofts(fields)
        .or_else(|| nested.and_then(metas))
        .or_else(|| {
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
        clock_ahead: reply.clock_ahead,
        needed_scopes: challenge.scopes,
        is_page,
    }))
}

/// Whether a word beside the error says more than that there is one.
fn is_telling(text: &str) -> bool {
    let says_nothing = ["error", "fail", "failed", "failure", "false", "ko"];
    !says_nothing
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word))
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// The number among Microsoft's `error_codes` that says most: some only say that there are others.
fn microsofts(fields: &Fields) -> Option<String> {
    let numbers: Vec<u64> = fields
        .value("error_codes")?
        .as_array()?
        .iter()
        .filter_map(Value::as_u64)
        .collect();
    let telling = numbers
        .iter()
        .find(|number| !matches!(number, 70000 | 70002));
    let number = telling.or(numbers.first())?;
    Some(format!("AADSTS{number}"))
}

/// Meta's code and subcode (`{"error":{"type":"OAuthException","code":190,"error_subcode":460}}`).
fn metas(error: &serde_json::Map<String, Value>) -> Option<String> {
    error
        .get("type")?
        .as_str()
        .filter(|text| text.ends_with("Exception"))?;
    let code = error.get("code")?.as_u64()?;
    Some(match error.get("error_subcode").and_then(Value::as_u64) {
        Some(subcode) => format!("{MARK}{code}_{subcode}"),
        None => format!("{MARK}{code}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::provider::Provider;
    use crate::oauth::reply::token_set;

    fn refusal(status: u16, body: &str) -> Refused {
        let reply = Reply::sample(status, body.as_bytes());
        let provider = Provider::unknown("p", "P");
        match token_set(Step::Refresh, &reply, &provider, &["sent-secret"]) {
            Err(OAuthError::Refused(refused)) => *refused,
            other => panic!("{body}: {other:?}"),
        }
    }

    #[test]
    fn an_error_is_found_in_every_shape_it_comes_in() {
        for (status, body, code, words) in [
            (
                400,
                r#"{"error":"invalid_grant","error_description":"Gone."}"#,
                Some("invalid_grant"),
                Some("Gone."),
            ),
            (
                200,
                "error=bad_verification_code&error_description=Wrong+code.",
                Some("bad_verification_code"),
                Some("Wrong code."),
            ),
            (
                200,
                r#"{"access_token":"","error":"invalid_grant"}"#,
                Some("invalid_grant"),
                None,
            ),
            (
                401,
                r#"{"error":{"code":"token_expired","message":"Again."}}"#,
                Some("token_expired"),
                Some("Again."),
            ),
            (
                403,
                r#"{"errorCode":"invalid_client","errorSummary":"No."}"#,
                Some("invalid_client"),
                Some("No."),
            ),
            (404, r#"{"message":"Not Found"}"#, None, Some("Not Found")),
            (
                400,
                r#"{"status":"BAD_REFRESH_TOKEN","message":"missing or invalid refresh token"}"#,
                Some("BAD_REFRESH_TOKEN"),
                Some("missing or invalid refresh token"),
            ),
            (
                400,
                r#"{"status":"error","message":"No."}"#,
                None,
                Some("No."),
            ),
            (
                401,
                r#"{"error":"invalid_request","reason":"Invalid Token!"}"#,
                Some("invalid_request"),
                Some("Invalid Token!"),
            ),
            (400, "", None, None),
            (500, "oops", None, None),
            (400, "\u{1}\u{2}", None, None),
        ] {
            let refused = refusal(status, body);
            assert_eq!(refused.code.as_deref(), code, "{body}");
            assert_eq!(refused.words.as_deref(), words, "{body}");
            assert!(!refused.is_page, "{body}");
        }
        assert!(refusal(403, "<!doctype html><p>blocked</p>").is_page);
        let microsoft =
            r#"{"error":"invalid_client","error_codes":[700025],"error_description":"x"}"#;
        assert_eq!(
            refusal(401, microsoft).reason.as_deref(),
            Some("AADSTS700025")
        );
        let several = r#"{"error":"invalid_grant","error_codes":[70002,70008]}"#;
        assert_eq!(refusal(400, several).reason.as_deref(), Some("AADSTS70008"));
        let meta =
            r#"{"error":{"message":"x","type":"OAuthException","code":190,"error_subcode":460}}"#;
        assert_eq!(refusal(400, meta).reason.as_deref(), Some("meta_190_460"));
        let google = r#"{"error":"invalid_grant","error_subtype":"invalid_rapt"}"#;
        assert_eq!(refusal(400, google).reason.as_deref(), Some("invalid_rapt"));
    }
}
