//! Finer reasons than the error code, from the provider's sub-reason or its own words, for people.

use crate::model::failure::FailureClass::{Misconfigured, NeedsLogin, Transient};
use crate::model::likely::LikelyCause;
use crate::oauth::error::Refused;
use crate::oauth::explain::{Explanation, LET_PASS};
use crate::oauth::google::google;
use crate::oauth::meta::meta;
use crate::oauth::microsoft::microsoft;
use crate::oauth::spoken;
use crate::oauth::step::Step;

/// A finer reason than the code, where there is one.
pub fn finer(refused: &Refused) -> Option<Explanation> {
    let words = refused
        .words
        .as_deref()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let reason = refused.reason.as_deref().unwrap_or_default();
    microsoft(refused, &words)
        .or_else(|| meta(reason))
        .or_else(|| google(refused, &words))
        .or_else(|| bound(&words))
        .or_else(|| limited(&words))
        .or_else(|| salesforce(&words))
        .or_else(|| atlassian(refused, &words))
        .or_else(|| refused_refresh(refused, &words))
}

/// Tokens bound to a key or a certificate (RFC 9449, RFC 8705), asked for in words where the code is a bare one.
fn bound(words: &str) -> Option<Explanation> {
    if words.contains("dpop") {
        return Some(Explanation::new(
            Misconfigured,
            "The client is set to want tokens bound to a key (DPoP, RFC 9449).",
            "Sign in again with --dpop; if that was done, check this machine's clock.",
        ));
    }
    let is_mutual = ["mtls", "mutual tls", "mutual-tls", "client certificate"]
        .iter()
        .any(|word| words.contains(word));
    is_mutual.then(|| {
        Explanation::new(
            Misconfigured,
            "The client is set to want tokens bound to a certificate (mTLS, RFC 8705), which tokenward does not do.",
            "Turn the demand for mTLS off for the client on the provider's developer page, then sign in again.",
        )
    })
}

/// A limit said in words under another code (Zoho: "Access Denied").
fn limited(words: &str) -> Option<Explanation> {
    ["too many requests", "rate limit exceeded", "rate limited"]
        .iter()
        .any(|phrase| words.contains(phrase))
        .then(|| {
            Explanation::new(
                Transient,
                "The provider gets too many requests from this client or address.",
                LET_PASS,
            )
        })
}

/// What only Salesforce says.
fn salesforce(words: &str) -> Option<Explanation> {
    let (class, cause, fix) = if words.contains("expired access/refresh token") {
        (
            NeedsLogin,
            "Salesforce ended the refresh token: its app's policy lets it expire, somebody revoked it, or a newer sign-in \
             pushed it out (five are kept of one app and user).",
            "Sign in again; if it happens often, look at the refresh token policy of the app in Salesforce's setup.",
        )
    } else if words.contains("ip restricted") || words.contains("ip address not allowed") {
        (
            NeedsLogin,
            "The organisation does not allow this app from this machine's address.",
            "Use a network that the organisation allows, or ask its administrator to relax the app's IP rules.",
        )
    } else {
        return None;
    };
    let said = Explanation::new(class, cause, fix);
    Some(if words.contains("token") {
        said.open()
    } else {
        said
    })
}

/// Atlassian has one sentence for several causes, and names them in its documentation.
fn atlassian(refused: &Refused, words: &str) -> Option<Explanation> {
    (refused.step == Step::Refresh
        && refused.host.ends_with("atlassian.com")
        && words.contains("unknown or invalid refresh token"))
    .then(|| {
        Explanation::new(
            NeedsLogin,
            "Atlassian no longer knows the refresh token: the account's password changed, it was not used for 90 days, or \
             an older one was sent after it had been replaced.",
            "Sign in again; if it happens often, make sure that no other program uses the same refresh token.",
        )
        .open()
    })
}

/// One of the causes of a refused refresh token, when the provider's words tell which.
fn refused_refresh(refused: &Refused, words: &str) -> Option<Explanation> {
    if refused.step != Step::Refresh {
        return None;
    }
    let code = refused.code.as_deref().unwrap_or_default();
    let may_mean_the_token = matches!(
        code,
        "" | "unauthorized_client" | "access_denied" | "invalid_request" | "invalid_token"
    );
    if code != "invalid_grant" && !(may_mean_the_token && spoken::is_refused_token(words)) {
        return None;
    }
    let Some(cause) = spoken::cause(words) else {
        return (code != "invalid_grant").then(|| {
            Explanation::new(
                NeedsLogin,
                "The provider no longer accepts the refresh token.",
                "Sign in again.",
            )
            .open()
        });
    };
    let (text, fix) = said(cause);
    Some(Explanation::new(NeedsLogin, text, fix).likely(cause))
}

/// The words for a cause that the provider named.
fn said(cause: LikelyCause) -> (&'static str, &'static str) {
    match cause {
        LikelyCause::Reused | LikelyCause::AnswerLost => (
            "The refresh token was already used: another program, or an older copy of it, spent it first.",
            "Sign in again, and make sure that no other program uses the same refresh token.",
        ),
        LikelyCause::ClientChanged => (
            "The refresh token belongs to another client.",
            "Sign in again with the client id that is kept now.",
        ),
        LikelyCause::AccountChanged => (
            "The account behind the refresh token was disabled, locked or deleted.",
            "Ask whoever administers the account, then sign in again.",
        ),
        LikelyCause::SessionEnded => (
            "The provider ended the session behind the refresh token.",
            "Sign in again; where the provider knows offline access, ask for that scope, so that no session is needed.",
        ),
        LikelyCause::PasswordChanged => ("The account's password changed.", "Sign in again."),
        LikelyCause::Revoked | LikelyCause::EndedEarly => (
            "The refresh token was revoked: by the person, by an administrator, or because a copy of it was used.",
            "Sign in again.",
        ),
        LikelyCause::Unused => (
            "The refresh token has expired: it was not used for too long.",
            "Sign in again; a credential that is refreshed in time does not lapse through disuse.",
        ),
        LikelyCause::PushedOut => (
            "Newer sign-ins of the same client and account pushed the refresh token out.",
            "Sign in again, and remove credentials of the account that are no longer needed.",
        ),
        LikelyCause::Expired | LikelyCause::TestMode | LikelyCause::ClockWrong => (
            "The refresh token has expired.",
            "Sign in again; a credential that is refreshed in time does not lapse through disuse.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use crate::model::failure::{Failure, FailureClass};
    use crate::model::likely::LikelyCause;
    use crate::oauth::error::{OAuthError, Refused};
    use crate::oauth::step::Step;

    fn told(host: &str, code: Option<&str>, words: &str, reason: Option<&str>) -> Failure {
        let words = (!words.is_empty()).then(|| words.to_owned());
        OAuthError::Refused(Box::new(Refused {
            step: Step::Refresh,
            host: host.to_owned(),
            status: 400,
            code: code.map(str::to_owned),
            words,
            reason: reason.map(str::to_owned),
            retry_after: None,
            clock_ahead: None,
            needed_scopes: Vec::new(),
            is_page: false,
        }))
        .failure()
    }

    fn cause(code: Option<&str>, words: &str) -> Option<LikelyCause> {
        let failure = told("p.example", code, words, None);
        failure.likely().first().map(|it| it.cause)
    }

    #[test]
    fn the_standards_own_sentence_is_never_read_as_one_of_the_causes_it_lists() {
        let sentence = "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI \
             used in the authorization request, or was issued to another client.";
        let failure = told("gitlab.com", Some("invalid_grant"), sentence, None);
        assert_eq!(failure.class, FailureClass::NeedsLogin);
        assert!(failure.likely().is_empty() && failure.cause.contains("no longer accepted"));
    }

    #[test]
    fn a_providers_words_are_only_its_own() {
        let words = "Token has been expired or revoked.";
        let other = told("identity.xero.com", Some("invalid_grant"), words, None);
        assert!(!other.cause.contains("Google"), "{}", other.cause);
        let google = told("oauth2.googleapis.com", Some("invalid_grant"), words, None);
        assert!(google.cause.contains("Google"), "{}", google.cause);
        let sham = told("notgoogle.com", Some("invalid_grant"), words, None);
        assert!(!sham.cause.contains("Google"), "{}", sham.cause);
    }

    #[test]
    fn a_token_refused_under_another_code_or_none_is_recognised() {
        assert_eq!(
            cause(None, "Refresh token revoked"),
            Some(LikelyCause::Revoked)
        );
        for (code, words) in [
            (None, "Invalid refresh token"),
            (
                Some("invalid_request"),
                "Value passed for the token was invalid.",
            ),
            (Some("unauthorized_client"), "refresh_token is invalid"),
        ] {
            let failure = told("p.example", code, words, None);
            assert_eq!(failure.class, FailureClass::NeedsLogin, "{words}");
            assert!(
                failure.cause.contains("no longer accepts"),
                "{}",
                failure.cause
            );
        }
        let limits =
            "You have made too many requests continuously. Please try again after some time.";
        let limited = told("accounts.zoho.com", Some("Access_Denied"), limits, None);
        assert_eq!(limited.class, FailureClass::Transient);
    }

    #[test]
    fn a_number_of_meta_names_its_cause() {
        for (reason, part) in [
            ("meta_190_458", "removed the app"),
            ("meta_190_460", "password"),
            ("meta_190_463", "expired"),
            ("meta_190_467", "session"),
            ("meta_190_999", "no longer accepts"),
            ("meta_190", "no longer accepts"),
            ("meta_4", "too many"),
            ("meta_101_3", "client id"),
        ] {
            let failure = told(
                "graph.facebook.com",
                Some("OAuthException"),
                "",
                Some(reason),
            );
            assert!(failure.cause.contains(part), "{reason}: {}", failure.cause);
        }
        let unknown = told(
            "graph.facebook.com",
            Some("OAuthException"),
            "",
            Some("meta_77777"),
        );
        assert!(
            unknown.cause.contains("error of its own"),
            "{}",
            unknown.cause
        );
    }
}
