//! What single providers say beyond the standard: their own codes and finer reasons, for people.

use crate::model::failure::FailureClass::{Misconfigured, NeedsLogin, Transient};
use crate::oauth::error::Refused;
use crate::oauth::explain::{END_BY_HAND, Explanation, LET_PASS};
use crate::oauth::microsoft::microsoft;
use crate::oauth::step::Step;

/// A finer reason than the code, from the provider's sub-reason or its own words.
pub fn finer(refused: &Refused) -> Option<Explanation> {
    let words = refused
        .words
        .as_deref()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let reason = refused.reason.as_deref().unwrap_or_default();
    microsoft(reason, &words, refused.step)
        .or_else(|| google(reason, &words))
        .or_else(|| bound(&words))
        .or_else(|| refused_refresh(refused, &words))
}

/// Tokens bound to a key or a certificate (RFC 9449, RFC 8705), asked for in words where the code is a bare one.
fn bound(words: &str) -> Option<Explanation> {
    let (what, how) = if words.contains("dpop") {
        ("a key", "DPoP")
    } else if ["mtls", "mutual tls", "mutual-tls", "client certificate"]
        .iter()
        .any(|word| words.contains(word))
    {
        ("a certificate", "mTLS")
    } else {
        return None;
    };
    Some(Explanation::new(
        Misconfigured,
        format!(
            "The client is set to want tokens bound to {what} ({how}), which tokenward does not do."
        ),
        format!(
            "Turn the demand for {how} off for the client on the provider's developer page, then sign in again."
        ),
    ))
}

/// Google's sub-reasons.
fn google(reason: &str, words: &str) -> Option<Explanation> {
    let (class, cause, fix) = match reason {
        "invalid_rapt" | "rapt_required" => (
            NeedsLogin,
            "The organisation's session control wants the person to sign in again.",
            "Sign in again; an administrator sets how often this is asked.",
        ),
        "access_not_configured" => (
            Misconfigured,
            "The API is not enabled for the client's project.",
            "Enable the API in the Google Cloud project of the client.",
        ),
        _ if words.contains("account has been deleted") => (
            NeedsLogin,
            "The account was deleted.",
            "Sign in with another account.",
        ),
        _ if words.contains("token has been expired or revoked") => (
            NeedsLogin,
            "Google ended the refresh token: the person or an administrator revoked it, the password changed, it was not \
             used for six months, newer sign-ins pushed it out, or the client's consent screen is in testing (seven days).",
            "Sign in again; if it dies every seven days, publish the app on its consent screen page.",
        ),
        _ => return None,
    };
    Some(Explanation::new(class, cause, fix))
}

/// One of the five causes of a refused refresh token, when the provider's words tell which.
fn refused_refresh(refused: &Refused, words: &str) -> Option<Explanation> {
    if refused.step != Step::Refresh {
        return None;
    }
    let code = refused.code.as_deref().unwrap_or_default();
    let about_the_token = code == "invalid_grant"
        || (matches!(
            code,
            "unauthorized_client" | "access_denied" | "invalid_request"
        ) && words.contains("refresh")
            && words.contains("token")
            && ["invalid", "expired", "revoked", "unknown"]
                .iter()
                .any(|word| words.contains(word)));
    if !about_the_token {
        return None;
    }
    let has = |list: &[&str]| list.iter().any(|word| words.contains(word));
    let (cause, fix) = if has(&[
        "already used",
        "reuse",
        "re-use",
        "been used",
        "rotated",
        "replay",
        "superseded",
    ]) {
        (
            "The refresh token was already used: another program, or an older copy of it, spent it first.",
            "Sign in again, and make sure that no other program uses the same refresh token.",
        )
    } else if has(&[
        "different client",
        "another client",
        "issued to",
        "client mismatch",
        "not issued",
    ]) {
        (
            "The refresh token belongs to another client.",
            "Sign in again with the client id that is kept now.",
        )
    } else if has(&[
        "password",
        "session",
        "user is",
        "account",
        "disabled",
        "inactive",
        "not active",
        "not found in",
    ]) {
        (
            "The provider ended the session behind the refresh token, or the account changed.",
            "Sign in again; if that is refused, ask whoever administers the account.",
        )
    } else if has(&["revoked"]) && !has(&["expired", "invalid"]) {
        (
            "The refresh token was revoked: by the person, by an administrator, or because a copy of it was used.",
            "Sign in again.",
        )
    } else if has(&["expired", "inactivity", "too old", "max age", "lifetime"])
        && !has(&["revoked", "invalid"])
    {
        (
            "The refresh token has expired.",
            "Sign in again; a credential that is refreshed in time does not lapse through disuse.",
        )
    } else if code == "invalid_grant" {
        return None;
    } else {
        (
            "The provider no longer accepts the refresh token.",
            "Sign in again.",
        )
    };
    Some(Explanation::new(NeedsLogin, cause, fix))
}

/// Codes that single providers made up.
pub fn providers_own(code: &str, step: Step) -> Option<Explanation> {
    let (class, cause, fix) = match code {
        // GitHub
        "bad_verification_code" | "invalid_code" | "code_already_used" | "code_expired" => (
            NeedsLogin,
            "The authorization code is wrong, has expired or was already used.",
            "Start the sign-in again.",
        ),
        "incorrect_client_credentials"
        | "bad_client_secret"
        | "invalid_client_id"
        | "invalid_client_secret" => (
            Misconfigured,
            "The client id or the client secret is wrong.",
            "Compare both with the provider's developer page and sign in again with them.",
        ),
        "redirect_uri_mismatch"
        | "bad_redirect_uri"
        | "invalid_redirect_uri"
        | "redirect_mismatch" => (
            Misconfigured,
            "The redirect address is not the one registered with the client.",
            "Register the redirect address shown in the sign-in with the client, exactly as it is spelt.",
        ),
        "incorrect_device_code" => (
            NeedsLogin,
            "The device code is not known to the provider.",
            "Start the sign-in again.",
        ),
        "device_flow_disabled" => (
            Misconfigured,
            "The device flow is off for this client.",
            "Tick 'Enable Device Flow' in the client's settings at the provider.",
        ),
        "bad_refresh_token"
        | "invalid_refresh_token"
        | "refresh_token_expired"
        | "refresh_token_revoked" => (
            NeedsLogin,
            "The refresh token has expired, was already used or was revoked.",
            "Sign in again, and make sure that no other program uses the same refresh token.",
        ),
        "application_suspended" | "deleted_client" | "disabled_client" | "app_disabled" => (
            Misconfigured,
            "The client was suspended or deleted at the provider.",
            "Restore it on the provider's developer page, or register a new one and sign in again.",
        ),
        "unverified_user_email" => (
            NeedsLogin,
            "The account's primary email address is not verified.",
            "Verify it at the provider, then sign in again.",
        ),
        // Slack
        "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" => (
            NeedsLogin,
            "The provider says that the token is invalid, expired or revoked.",
            "Sign in again.",
        ),
        "account_inactive" | "user_disabled" | "account_disabled" => (
            NeedsLogin,
            "The account or workspace is no longer active.",
            "Ask whoever administers it, or sign in with another account.",
        ),
        "org_internal"
        | "admin_policy_enforced"
        | "access_blocked"
        | "team_access_not_granted"
        | "org_login_required" => (
            NeedsLogin,
            "The account's organisation does not allow this client.",
            "Ask whoever administers the account to allow it, or sign in with another account.",
        ),
        "disallowed_useragent" => (
            NeedsLogin,
            "The provider does not allow signing in from an embedded browser.",
            "Open the address in an ordinary browser.",
        ),
        "ratelimited"
        | "rate_limited"
        | "rate_limit_exceeded"
        | "too_many_requests"
        | "Too_Many_Requests" => (
            Transient,
            "The provider gets too many requests from this client or address.",
            LET_PASS,
        ),
        "internal_error"
        | "fatal_error"
        | "service_unavailable"
        | "request_timeout"
        | "unavailable"
        | "backend_error"
        | "internal_failure" => (Transient, "The provider is having trouble.", LET_PASS),
        "invalid_grant_type" => (
            Misconfigured,
            "The provider does not know this grant type, or not for this client.",
            "Choose another flow, or allow the grant type on the provider's developer page.",
        ),
        "invalid_scope_requested"
        | "bad_scopes"
        | "scope_not_allowed_on_enterprise"
        | "invalid_scopes" => (
            Misconfigured,
            "A scope is unknown, or more than the client may ask for.",
            "Choose scopes that the provider and the client's registration allow.",
        ),
        "admin_consent_required" | "mfa_required" | "reauthorization_required" => (
            NeedsLogin,
            "The provider wants something of the person or of an administrator.",
            "Sign in again and follow the provider's page.",
        ),
        "authorization_declined" | "user_denied" | "user_cancelled" => (
            NeedsLogin,
            "The sign-in was denied by the person.",
            "Sign in again and allow it.",
        ),
        "bad_authorization" if step == Step::Revocation => (
            Misconfigured,
            "The provider does not let this client revoke tokens.",
            END_BY_HAND,
        ),
        _ => return None,
    };
    Some(Explanation::new(class, cause, fix))
}
