//! Error codes that single providers made up, in words for people.

use crate::model::failure::FailureClass::{Misconfigured, NeedsLogin, Transient};
use crate::model::likely::LikelyCause;
use crate::oauth::explain::{END_BY_HAND, Explanation, LET_PASS};
use crate::oauth::step::Step;

/// What a provider's own code means at a step; `None`: it is not known here.
pub fn code(code: &str, step: Step) -> Option<Explanation> {
    let code = code.to_ascii_lowercase().replace(['-', '.'], "_");
    let code = code.as_str();
    refresh_token(code, step)
        .or_else(|| sign_in(code, step))
        .or_else(|| client(code, step))
        .or_else(|| person(code))
        .or_else(|| request(code))
        .or_else(|| trouble(code))
}

/// The refresh token (GitHub, Slack, OpenAI, Zoho, HubSpot, Okta, Salesforce).
fn refresh_token(code: &str, step: Step) -> Option<Explanation> {
    let (cause, fix, likely) = match code {
        "refresh_token_reused" | "refresh_token_already_used" | "token_reused" => (
            "The refresh token was already used: another program, or an older copy of it, spent it first.",
            "Sign in again, and make sure that no other program uses the same refresh token.",
            Some(LikelyCause::Reused),
        ),
        "refresh_token_expired" | "expired_refresh_token" => (
            "The refresh token has expired.",
            "Sign in again; a credential that is refreshed in time does not lapse through disuse.",
            Some(LikelyCause::Expired),
        ),
        "refresh_token_revoked" | "refresh_token_invalidated" | "authorization_not_found" => (
            "The refresh token was revoked: by the person, by an administrator, or because a copy of it was used.",
            "Sign in again.",
            Some(LikelyCause::Revoked),
        ),
        "bad_refresh_token" | "invalid_refresh_token" | "refresh_token_invalid" => (
            "The refresh token has expired, was already used or was revoked.",
            "Sign in again, and make sure that no other program uses the same refresh token.",
            None,
        ),
        // Zoho has one code for a code and for a refresh token.
        "invalid_code" if step == Step::Refresh => (
            "The provider does not know the refresh token: it was revoked, pushed out by newer sign-ins, or is of another \
             data centre.",
            "Sign in again.",
            None,
        ),
        "token_revoked" => (
            "The provider says that the token was revoked.",
            "Sign in again.",
            Some(LikelyCause::Revoked),
        ),
        "token_expired" if step == Step::DevicePoll || step == Step::DeviceStart => return None,
        "token_expired" | "expired_access_token" => (
            "The provider says that the token has expired.",
            "Sign in again.",
            Some(LikelyCause::Expired),
        ),
        "invalid_auth" | "not_authed" | "invalid_access_token" | "e0000011" => (
            "The provider says that the token is invalid, expired or revoked.",
            "Sign in again.",
            None,
        ),
        _ => return None,
    };
    let said = Explanation::new(NeedsLogin, cause, fix);
    Some(match likely {
        Some(cause) => said.likely(cause),
        None => said.open(),
    })
}

/// The steps of a sign-in: codes, device codes (GitHub, Slack).
fn sign_in(code: &str, step: Step) -> Option<Explanation> {
    let (cause, fix) = match code {
        "bad_verification_code"
        | "invalid_code"
        | "code_already_used"
        | "code_expired"
        | "bad_auth_code" => (
            "The authorization code is wrong, has expired or was already used.",
            "Start the sign-in again.",
        ),
        "token_expired" | "code_timeout" if step != Step::Refresh => (
            "The device code expired before it was entered.",
            "Start the sign-in again and enter the new code in time.",
        ),
        "incorrect_device_code" | "incorrect_user_code" => (
            "The device code is not known to the provider.",
            "Start the sign-in again.",
        ),
        "authorization_declined"
        | "user_denied"
        | "user_cancelled"
        | "user_cancelled_login"
        | "user_cancelled_authorize" => (
            "The sign-in was denied by the person.",
            "Sign in again and allow it.",
        ),
        "disallowed_useragent" => (
            "The provider does not allow signing in from an embedded browser.",
            "Open the address in an ordinary browser.",
        ),
        _ => return None,
    };
    Some(Explanation::new(NeedsLogin, cause, fix))
}

/// The client: id, secret, redirect, state at the provider.
fn client(code: &str, step: Step) -> Option<Explanation> {
    let (cause, fix) = match code {
        "incorrect_client_credentials"
        | "bad_client_secret"
        | "bad_client_id"
        | "invalid_client_id"
        | "invalid_client_secret"
        | "invalid_client_credentials" => (
            "The client id or the client secret is wrong.",
            "Compare both with the provider's developer page and sign in again with them.",
        ),
        "invalid_redirect_uri" if step == Step::Registration => (
            "The provider does not register a client with these redirect addresses.",
            "Its own words say what it wants; else register a client on its page and give its id.",
        ),
        "redirect_uri_mismatch"
        | "bad_redirect_uri"
        | "invalid_redirect_uri"
        | "redirect_uri_missing"
        | "redirect_mismatch"
        | "origin_mismatch" => (
            "The redirect address is not the one registered with the client.",
            "Register the redirect address shown in the sign-in with the client, exactly as it is spelt.",
        ),
        "device_flow_disabled" => (
            "The device flow is off for this client.",
            "Tick 'Enable Device Flow' in the client's settings at the provider.",
        ),
        "application_suspended"
        | "deleted_client"
        | "disabled_client"
        | "app_disabled"
        | "client_disabled"
        | "oauth_app_blocked"
        | "invalid_app_access" => (
            "The client was suspended, blocked or deleted at the provider.",
            "Restore it on the provider's developer page, or register a new one and sign in again.",
        ),
        "team_added_to_org" | "oauth_authorization_url_mismatch" => (
            "The workspace or the address of the client changed at the provider.",
            "Compare the client's addresses with the provider's developer page, then sign in again.",
        ),
        "bad_authorization" if step == Step::Revocation => (
            "The provider does not let this client revoke tokens.",
            END_BY_HAND,
        ),
        "deprecated_endpoint" | "method_deprecated" => (
            "The provider has switched this endpoint off.",
            "Look for the newer endpoint in the provider's documentation and correct its record.",
        ),
        _ => return None,
    };
    Some(Explanation::new(Misconfigured, cause, fix))
}

/// The account and its organisation.
fn person(code: &str) -> Option<Explanation> {
    let (cause, fix) = match code {
        "unverified_user_email" => (
            "The account's primary email address is not verified.",
            "Verify it at the provider, then sign in again.",
        ),
        "account_inactive" | "user_disabled" | "account_disabled" | "inactive_user"
        | "inactive_org" | "user_suspended" | "user_is_inactive" => {
            return Some(
                Explanation::new(
                    NeedsLogin,
                    "The account or workspace is no longer active.",
                    "Ask whoever administers it, or sign in with another account.",
                )
                .likely(LikelyCause::AccountChanged),
            );
        }
        "org_internal"
        | "admin_policy_enforced"
        | "access_blocked"
        | "team_access_not_granted"
        | "enterprise_is_restricted"
        | "ekm_access_denied"
        | "accesslimited"
        | "org_login_required"
        | "oauth_approval_error_generic" => (
            "The account's organisation does not allow this client.",
            "Ask whoever administers the account to allow it, or sign in with another account.",
        ),
        "admin_consent_required"
        | "mfa_required"
        | "two_factor_setup_required"
        | "reauthorization_required"
        | "reauth_required" => (
            "The provider wants something of the person or of an administrator.",
            "Sign in again and follow the provider's page.",
        ),
        "password_expired" | "password_change_required" | "password_leaked" => (
            "The account's password has to be changed.",
            "Change it at the provider, then sign in again.",
        ),
        _ => return None,
    };
    Some(Explanation::new(NeedsLogin, cause, fix))
}

/// Grant types and scopes.
fn request(code: &str) -> Option<Explanation> {
    let (cause, fix) = match code {
        "invalid_grant_type" | "bad_grant_type" => (
            "The provider does not know this grant type, or not for this client.",
            "Choose another flow, or allow the grant type on the provider's developer page.",
        ),
        "invalid_scope_requested"
        | "bad_scopes"
        | "no_scopes"
        | "scope_not_allowed_on_enterprise"
        | "invalid_scopes" => (
            "A scope is unknown, or more than the client may ask for.",
            "Choose scopes that the provider and the client's registration allow.",
        ),
        "missing_scope" | "no_permission" => (
            "The token lacks a scope that the request needs.",
            "Sign in again with the scope that is missing.",
        ),
        _ => return None,
    };
    Some(Explanation::new(Misconfigured, cause, fix))
}

/// The provider's own trouble, and its limits.
fn trouble(code: &str) -> Option<Explanation> {
    let cause = match code {
        "ratelimited"
        | "rate_limited"
        | "rate_limit_exceeded"
        | "rate_limit_error"
        | "ratelimitexceeded"
        | "userratelimitexceeded"
        | "quotaexceeded"
        | "too_many_requests"
        | "too_many_attempts"
        | "e0000047" => "The provider gets too many requests from this client or address.",
        "internal_error"
        | "internal_server_error"
        | "internal_failure"
        | "fatal_error"
        | "api_error"
        | "overloaded_error"
        | "service_unavailable"
        | "request_timeout"
        | "unavailable"
        | "backend_error"
        | "e0000009" => "The provider is having trouble.",
        _ => return None,
    };
    Some(Explanation::new(Transient, cause, LET_PASS))
}
