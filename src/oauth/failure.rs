//! Turns each error into what people and the engine need: class, stable code, cause, fix.

use crate::model::failure::{Failure, FailureClass};
use crate::oauth::error::{OAuthError, Refused};
use crate::oauth::explain::{Explanation, explain_status, explain_transport, explain_words};

impl OAuthError {
    /// What it means for people and for the engine: class, stable code, cause, fix.
    pub fn failure(&self) -> Failure {
        match self {
            Self::Transport {
                step,
                host,
                problem,
                detail,
            } => {
                let said = explain_transport(*problem, *step, host, detail);
                failure(problem.code(), said).unsent(problem.is_unsent())
            }
            Self::Refused(refused) => refused_failure(refused),
            Self::Unreadable {
                step,
                host,
                status,
                why,
            } => failure(
                "unreadable_reply",
                Explanation::new(
                    FailureClass::Transient,
                    format!("{host} answered HTTP {status} with {why} while {step}."),
                    "It is tried again by itself; if it stays so, check the provider's endpoints and any proxy on the way.",
                ),
            ),
            Self::Endpoint { what, why } => misconfigured(
                "bad_endpoint",
                format!("The {what} {why}."),
                "Correct the address in the provider's record, or sign in again with the right issuer.",
            ),
            Self::NoEndpoint { what, provider } => misconfigured(
                "no_endpoint",
                format!(
                    "No {what} is known for {provider}: neither its record nor its metadata names one."
                ),
                "Give the endpoint by hand, or choose a flow the provider offers.",
            ),
            Self::UnknownProvider { name } => misconfigured(
                "unknown_provider",
                format!(
                    "No provider named {name} is in the catalogue, and none was signed in to before."
                ),
                "Give its issuer: tokenward login NAME --issuer URL.",
            ),
            Self::Parameter {
                provider,
                name,
                why,
            } => misconfigured(
                "bad_parameter",
                format!("The parameter {name} of {provider} {why}."),
                "Give the parameter its value, a plain host or tenant name.",
            ),
            Self::IssuerMismatch { asked, said } => misconfigured(
                "issuer_mismatch",
                format!(
                    "The metadata found at {asked} belongs to the issuer {said}, so it was not used."
                ),
                "Give the issuer exactly as the provider spells it.",
            ),
            Self::NotOurs(which) => failure(
                "not_this_sign_in",
                Explanation::new(
                    FailureClass::NeedsLogin,
                    format!("The answer does not belong to this sign-in: {which}."),
                    "Start the sign-in again and use only the browser tab it opens; if it happens again, somebody may be interfering.",
                ),
            ),
            Self::BadPaste(why) => failure(
                "bad_paste",
                Explanation::new(
                    FailureClass::NeedsLogin,
                    format!("The pasted text is no callback address: {why}."),
                    "Copy the whole address from the browser's address bar after the provider sent it on, and paste it again.",
                ),
            ),
            Self::Listen { address, detail } => misconfigured(
                "cannot_listen",
                format!("Cannot listen on {address} for the browser's answer: {detail}."),
                "End the program that uses the port, choose another port, or use the device flow.",
            ),
        }
    }

    /// The error code, as in [`Failure::code`].
    pub fn code(&self) -> String {
        self.failure().code
    }
}

fn refused_failure(refused: &Refused) -> Failure {
    let (code, said) = match &refused.code {
        Some(code) => (code.clone(), explain_words(code, refused)),
        None => (format!("http_{}", refused.status), explain_status(refused)),
    };
    let mut failure = failure(&code, said);
    failure.provider_words.clone_from(&refused.words);
    failure.retry_after_secs = refused.retry_after.map(|after| after.as_secs());
    failure
}

fn misconfigured(code: &str, cause: String, fix: &str) -> Failure {
    let said = Explanation::new(FailureClass::Misconfigured, cause, fix);
    failure(code, said).unsent(true)
}

fn failure(code: &str, said: Explanation) -> Failure {
    Failure {
        class: said.class,
        code: code.to_owned(),
        cause: said.cause,
        fix: said.fix,
        provider_words: None,
        retry_after_secs: None,
        unsent: false,
    }
}

trait Unsent {
    fn unsent(self, unsent: bool) -> Self;
}

impl Unsent for Failure {
    fn unsent(mut self, unsent: bool) -> Self {
        self.unsent = unsent;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::error::Step;

    const STEPS: [Step; 8] = [
        Step::Discovery,
        Step::Authorization,
        Step::PushedAuthorization,
        Step::CodeExchange,
        Step::DeviceStart,
        Step::DevicePoll,
        Step::Refresh,
        Step::Revocation,
    ];

    /// RFC 6749 4.1.2.1 and 5.2, RFC 8628 3.5, RFC 7009 2.2.1, RFC 6750 3.1, OpenID Connect Core 3.1.2.6.
    const CODES: &str = "invalid_request unauthorized_client access_denied unsupported_response_type invalid_scope \
        server_error temporarily_unavailable invalid_client invalid_grant unsupported_grant_type \
        authorization_pending slow_down expired_token unsupported_token_type invalid_token insufficient_scope \
        login_required interaction_required consent_required account_selection_required use_dpop_nonce";

    fn said(step: Step, code: &str, words: &str, reason: Option<&str>) -> Failure {
        OAuthError::Refused(Box::new(Refused {
            step,
            host: "p.example".to_owned(),
            status: 400,
            code: Some(code.to_owned()),
            words: (!words.is_empty()).then(|| words.to_owned()),
            reason: reason.map(str::to_owned),
            retry_after: None,
            is_page: false,
        }))
        .failure()
    }

    #[test]
    fn every_code_of_the_standards_has_its_cause_and_its_fix_at_every_step() {
        for code in CODES.split_whitespace() {
            for step in STEPS {
                let failure = said(step, code, "", None);
                assert_eq!(failure.code, code);
                assert!(!failure.cause.contains("error of its own"), "{code} {step}");
                for sentence in [&failure.cause, &failure.fix] {
                    assert!(sentence.ends_with('.') && sentence.len() > 10, "{sentence}");
                }
            }
        }
    }

    #[test]
    fn the_same_code_means_what_was_being_done() {
        let causes: std::collections::BTreeSet<String> = [
            Step::Refresh,
            Step::CodeExchange,
            Step::DevicePoll,
            Step::Revocation,
        ]
        .map(|step| said(step, "invalid_grant", "", None).cause)
        .into();
        assert_eq!(causes.len(), 4);
    }

    #[test]
    fn the_providers_words_tell_which_of_the_causes_it_was() {
        use FailureClass::{Misconfigured, NeedsLogin};
        for (code, words, reason, class, part) in [
            (
                "invalid_grant",
                "Refresh token already used",
                None,
                NeedsLogin,
                "already used: another",
            ),
            (
                "invalid_grant",
                "Token was issued to another client",
                None,
                NeedsLogin,
                "another client",
            ),
            (
                "invalid_grant",
                "refresh token expired",
                None,
                NeedsLogin,
                "has expired",
            ),
            (
                "invalid_grant",
                "Token has been expired or revoked.",
                None,
                NeedsLogin,
                "Google",
            ),
            (
                "unauthorized_client",
                "refresh_token is invalid",
                None,
                NeedsLogin,
                "no longer accepts",
            ),
            (
                "unauthorized_client",
                "not allowed",
                None,
                Misconfigured,
                "may not use refresh",
            ),
            (
                "invalid_client",
                "AADSTS700025: Client is public",
                None,
                Misconfigured,
                "no secret may be sent",
            ),
            (
                "invalid_grant",
                "",
                Some("AADSTS50173"),
                NeedsLogin,
                "password changed",
            ),
            (
                "invalid_grant",
                "",
                Some("AADSTS700082"),
                NeedsLogin,
                "not used for too long",
            ),
            (
                "invalid_grant",
                "",
                Some("invalid_rapt"),
                NeedsLogin,
                "session control",
            ),
            ("bad_refresh_token", "", None, NeedsLogin, "revoked"),
            (
                "incorrect_client_credentials",
                "",
                None,
                Misconfigured,
                "client secret is wrong",
            ),
            ("token_expired", "", None, NeedsLogin, "expired"),
        ] {
            let failure = said(Step::Refresh, code, words, reason);
            assert_eq!(failure.class, class, "{code} {words}");
            assert!(
                failure.cause.contains(part),
                "{code} {words}: {}",
                failure.cause
            );
        }
    }
}
