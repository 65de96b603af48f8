//! Turns each error into what people and the engine need: class, stable code, cause, fix.

use crate::model::failure::{Failure, FailureClass};
use crate::model::likely::{Evidence, Likelihood};
use crate::oauth::error::{NotOurs, OAuthError, Refused};
use crate::oauth::explain::{Explanation, explain_status, explain_transport, explain_words};
use crate::oauth::reasons;
use crate::oauth::step::Step;

impl OAuthError {
    /// What it means for people and for the engine: class, stable code, cause, fix, and what it was done for.
    pub fn failure(&self) -> Failure {
        match self {
            Self::Transport {
                step,
                host,
                problem,
                detail,
            } => {
                let said = explain_transport(*problem, *step, host, detail);
                let mut failure = at_step(*step, problem.code(), said);
                failure.unsent = problem.is_unsent();
                failure
            }
            Self::Refused(refused) => refused_failure(refused),
            Self::Unreadable {
                step,
                host,
                status,
                why,
            } => {
                let cause = format!("{host} answered HTTP {status} with {why} while {step}.");
                let fix =
                    "If it stays so, check the provider's endpoints and any proxy on the way.";
                let said = Explanation::new(FailureClass::Transient, cause, fix);
                at_step(*step, "unreadable_reply", said)
            }
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
            Self::NotOurs(NotOurs::Issuer) => Failure::new(
                FailureClass::NeedsLogin,
                "issuer_mix_up",
                "The answer names another issuer than the one you are signing in to: possibly a mix-up attack (RFC 9207). Its code was not used.",
                "Do not go on in that browser tab. Start the sign-in again from here; if it happens again, check the issuer in the provider's record.",
            ),
            Self::NotOurs(which) => Failure::new(
                FailureClass::NeedsLogin,
                "not_this_sign_in",
                format!("The answer does not belong to this sign-in: {which}."),
                "Start the sign-in again and use only the browser tab it opens; if it happens again, somebody may be interfering.",
            ),
            Self::BadPaste(why) => Failure::new(
                FailureClass::NeedsLogin,
                "bad_paste",
                format!("The pasted text is no callback address: {why}."),
                "Copy the whole address from the browser's address bar after the provider sent it on, and paste it again.",
            ),
            Self::Key(why) => misconfigured(
                "bad_key",
                format!("A key cannot be used: {why}."),
                "Give the client another key: login NAME --client-id ID --client-key-file FILE.",
            ),
            Self::NoKey => misconfigured(
                "no_key",
                "The client authenticates with a private key, and none is kept with it.".to_owned(),
                "Give it once: login NAME --client-id ID --client-key-file FILE.",
            ),
            Self::Listen { address, detail } => misconfigured(
                "cannot_listen",
                format!("Cannot listen on {address} for the browser's answer: {detail}."),
                "End the program that uses the port, choose another one that is registered with the client too, or use the device flow.",
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
        None => {
            let said = finer_than_status(refused).unwrap_or_else(|| explain_status(refused));
            (format!("http_{}", refused.status), said)
        }
    };
    let is_refresh = refused.step == Step::Refresh;
    let (likely, is_open) = (
        said.likely.filter(|_| is_refresh),
        said.is_open && is_refresh,
    );
    let mut failure = at_step(refused.step, &code, said);
    failure.provider_words.clone_from(&refused.words);
    failure.retry_after_secs = refused
        .retry_after
        .map(|after| u32::try_from(after.as_secs()).unwrap_or(u32::MAX));
    failure.with_evidence(Evidence {
        needed_scopes: refused.needed_scopes.clone(),
        clock_ahead_secs: refused.clock_ahead,
        is_open,
        likely: likely
            .map(|cause| Likelihood::new(cause, spoken_evidence(refused)))
            .into_iter()
            .collect(),
        ..Evidence::default()
    })
}

/// Words without a code, where the status alone says that they are about the request.
fn finer_than_status(refused: &Refused) -> Option<Explanation> {
    matches!(refused.status, 200..=299 | 400 | 401 | 403)
        .then(|| reasons::finer(refused))
        .flatten()
}

/// How the provider named the cause.
fn spoken_evidence(refused: &Refused) -> String {
    match (&refused.words, &refused.reason, &refused.code) {
        (Some(words), _, _) => format!("The provider says so: \"{words}\"."),
        (None, Some(reason), _) => format!("The provider says so by its code {reason}."),
        (None, None, Some(code)) => format!("The provider says so by its code {code}."),
        (None, None, None) => "The provider says so.".to_owned(),
    }
}

/// Nothing was sent: a setting stands in the way.
fn misconfigured(code: &str, cause: String, fix: &str) -> Failure {
    Failure::new(FailureClass::Misconfigured, code, cause, fix).unsent()
}

fn at_step(step: Step, code: &str, said: Explanation) -> Failure {
    let said = said.said_at(step);
    Failure {
        errand: step.errand(),
        ..Failure::new(said.class, code, said.cause, said.fix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::failure::Errand;
    use crate::oauth::transport::Transport;

    const STEPS: [Step; 14] = [
        Step::ClientCredentials,
        Step::TokenExchange,
        Step::Introspection,
        Step::UserInfo,
        Step::Registration,
        Step::Keys,
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

    fn refusal(step: Step, code: &str) -> Refused {
        Refused {
            step,
            host: "p.example".to_owned(),
            status: 400,
            code: Some(code.to_owned()),
            words: None,
            reason: None,
            retry_after: None,
            clock_ahead: None,
            needed_scopes: Vec::new(),
            is_page: false,
        }
    }

    fn said(step: Step, code: &str, words: &str, reason: Option<&str>) -> Failure {
        OAuthError::Refused(Box::new(Refused {
            words: (!words.is_empty()).then(|| words.to_owned()),
            reason: reason.map(str::to_owned),
            ..refusal(step, code)
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
                for sentence in [&failure.cause, &failure.advice()] {
                    assert!(sentence.ends_with('.') && sentence.len() > 10, "{sentence}");
                }
            }
        }
    }

    /// Everything there are words for: codes of the standards and of single providers, AADSTS numbers, bare statuses,
    /// and what stops a request on its way.
    fn everything(step: Step) -> Vec<Failure> {
        let own = "invalid_grant access_denied bad_verification_code incorrect_client_credentials redirect_uri_mismatch \
            incorrect_device_code device_flow_disabled bad_refresh_token application_suspended invalid_code \
            unverified_user_email invalid_auth account_inactive org_internal disallowed_useragent ratelimited \
            internal_error invalid_grant_type bad_scopes mfa_required user_denied bad_authorization made_up \
            refresh_token_reused refresh_token_invalidated refresh_token_expired token_revoked token_expired \
            missing_scope password_expired deprecated_endpoint team_added_to_org BAD_REFRESH_TOKEN inactive_user";
        let numbers = "16000 16003 28002 40010 50001 50002 50005 50011 50020 50034 50053 50055 50057 50059 50072 50076 \
            50078 50085 50089 50105 50126 50132 50158 50173 50194 50196 53000 53003 53011 54000 54005 65001 65002 70000 \
            70001 70002 70003 70004 70008 70011 70012 70016 70018 70019 70043 90002 90014 90033 90038 90055 90072 90094 \
            90120 500011 500021 501481 530032 650052 700005 700016 700020 700022 700025 700027 700082 700084 7000112 \
            7000215 7000218 7000222 9001023 9002327 9002341 12345";
        let mut all: Vec<Failure> = CODES
            .split_whitespace()
            .chain(own.split_whitespace())
            .map(|code| said(step, code, "", None))
            .collect();
        let numbers = numbers.split_whitespace();
        let numbers = numbers.map(|number| format!("AADSTS{number}"));
        let numbers = numbers.chain((0..700).map(|code| format!("meta_{code}")));
        let numbers = numbers.chain((450..500).map(|code| format!("meta_190_{code}")));
        all.extend(numbers.map(|reason| said(step, "invalid_grant", "", Some(&reason))));
        all.extend(
            [
                "already used",
                "another client",
                "session is over",
                "revoked",
                "expired",
                "token has been expired or revoked",
            ]
            .map(|words| said(step, "invalid_grant", words, None)),
        );
        all.extend(
            [200, 301, 302, 400, 401, 403, 404, 408, 429, 500, 503].map(|status| {
                let mut refused = refusal(step, "");
                refused.status = status;
                refused.code = None;
                OAuthError::Refused(Box::new(refused)).failure()
            }),
        );
        all.extend(PROBLEMS.map(|problem| stopped(step, problem)));
        all
    }

    const PROBLEMS: [Transport; 9] = [
        Transport::Dns,
        Transport::Connect,
        Transport::ConnectTimeout,
        Transport::Tls,
        Transport::NoRoots,
        Transport::Timeout,
        Transport::Cut,
        Transport::TooLarge,
        Transport::Unbuilt,
    ];

    fn stopped(step: Step, problem: Transport) -> Failure {
        OAuthError::Transport {
            step,
            host: "p.example".to_owned(),
            problem,
            detail: "no details".to_owned(),
        }
        .failure()
    }

    #[test]
    fn nothing_but_a_refresh_is_said_to_be_tried_again_by_itself() {
        for step in STEPS {
            for failure in everything(step) {
                assert_eq!(failure.errand, step.errand());
                let advice = failure.advice();
                let promised = advice.contains("by itself") && !advice.contains("obody tries");
                let passes = failure.class == FailureClass::Transient;
                assert_eq!(
                    promised,
                    passes && matches!(step, Step::Refresh | Step::Revocation),
                    "{step}: {failure:?}"
                );
                assert!(!failure.cause.contains("by itself"), "{failure:?}");
            }
        }
    }

    #[test]
    fn whoever_signs_in_is_not_told_to_sign_in_again_nor_is_whoever_revokes() {
        for step in STEPS
            .into_iter()
            .filter(|step| matches!(step.errand(), Errand::SignIn | Errand::Revocation))
        {
            for failure in everything(step) {
                let advice = failure.advice().to_lowercase();
                assert!(!advice.contains("sign in again"), "{step}: {advice}");
                let starts = advice.contains("start the sign-in again");
                assert!(
                    !starts || step.errand() == Errand::SignIn,
                    "{step}: {advice}"
                );
                assert!(!advice.contains("nothing to do"), "{step}: {advice}");
            }
        }
    }

    #[test]
    fn a_refresh_is_never_explained_as_a_sign_in_that_goes_on() {
        for failure in everything(Step::Refresh) {
            let advice = failure.advice();
            assert!(!advice.contains("tart the sign-in again"), "{advice}");
        }
        let expired = Some("AADSTS70008");
        let refresh = said(Step::Refresh, "invalid_grant", "", expired).cause;
        let exchange = said(Step::CodeExchange, "invalid_grant", "", expired).cause;
        assert!(refresh.contains("refresh token"), "{refresh}");
        assert!(exchange.contains("authorization code"), "{exchange}");
    }

    #[test]
    fn a_code_that_is_not_accepted_names_all_that_it_may_be() {
        let failure = said(Step::CodeExchange, "invalid_grant", "", None);
        for part in [
            "expired",
            "already used",
            "another client",
            "redirect",
            "PKCE",
            "DPoP",
            "mTLS",
        ] {
            assert!(failure.cause.contains(part), "{part}: {}", failure.cause);
        }
    }

    #[test]
    fn a_demand_for_bound_tokens_is_recognised_in_the_providers_words() {
        for (code, words, how) in [
            ("invalid_grant", "DPoP proof is missing", "DPoP"),
            ("invalid_request", "A dpop header is required", "DPoP"),
            ("invalid_client", "client certificate not presented", "mTLS"),
            ("invalid_grant", "mTLS required", "mTLS"),
        ] {
            for step in [Step::CodeExchange, Step::DevicePoll, Step::Refresh] {
                let failure = said(step, code, words, None);
                assert_eq!(failure.class, FailureClass::Misconfigured, "{words}");
                assert!(failure.cause.contains(how), "{words}: {}", failure.cause);
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
