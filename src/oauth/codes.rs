//! The standards' error codes in words for people, by what was being done.

use crate::model::failure::FailureClass::{Misconfigured, NeedsLogin, Transient};
use crate::oauth::explain::{END_BY_HAND, Explanation, LET_PASS};
use crate::oauth::step::Step;

const SIGN_IN: &str = "Sign in again.";

/// Codes whose meaning depends on what was being done.
pub fn at_step(code: &str, step: Step) -> Option<Explanation> {
    let (class, cause, fix) = match (code, step) {
        ("invalid_grant", Step::Refresh) => (
            NeedsLogin,
            "The refresh token is no longer accepted: it has expired, it was already used by another program, the person \
             or an administrator ended the grant (or the password changed), it belongs to another client, or newer \
             sign-ins pushed it out.",
            "Sign in again; if it happens often, make sure that no other program uses the same refresh token.",
        ),
        ("invalid_grant", Step::CodeExchange) => (
            NeedsLogin,
            "The authorization code is not accepted: it has expired or was already used, it belongs to another client, the \
             redirect address or the PKCE verifier differs, or the client is set to want tokens bound to a key (DPoP) or a \
             certificate (mTLS).",
            "Start the sign-in again and answer the provider's page without a long pause; if it stays so, compare client \
             id and redirect address with the provider's developer page; where it wants DPoP, sign in with --dpop; mTLS has to \
             be turned off there.",
        ),
        ("invalid_grant", Step::DevicePoll) => (
            NeedsLogin,
            "The device code is no longer accepted: it has expired, was already used, or belongs to another client.",
            "Start the sign-in again.",
        ),
        ("invalid_grant", Step::Revocation) => (
            NeedsLogin,
            "The provider does not know the token, so it is already without effect.",
            "Remove the credential here.",
        ),
        ("unauthorized_client", Step::DeviceStart | Step::DevicePoll) => (
            Misconfigured,
            "This client may not use the device flow.",
            "Allow the device flow for the client on the provider's developer page, or sign in through the browser.",
        ),
        ("unauthorized_client", Step::Refresh) => (
            Misconfigured,
            "This client may not use refresh tokens.",
            "Allow the grant type refresh_token for the client on the provider's developer page, then sign in again.",
        ),
        ("unauthorized_client", Step::Revocation) => (
            Misconfigured,
            "This client may not revoke tokens, or not this one.",
            END_BY_HAND,
        ),
        ("unauthorized_client", _) => (
            Misconfigured,
            "This client may not use the authorization code flow.",
            "Allow it for the client on the provider's developer page, or choose the device flow.",
        ),
        ("invalid_client", Step::Revocation) => (
            Misconfigured,
            "The provider did not accept the client for revoking; public clients often may not revoke.",
            END_BY_HAND,
        ),
        ("invalid_scope", Step::Refresh) => (
            Misconfigured,
            "The refresh asked for scopes that the grant does not cover.",
            "Sign in again with the scopes you need.",
        ),
        ("invalid_request", Step::Refresh) => (
            Misconfigured,
            "The provider found the refresh request incomplete or malformed.",
            "Check the provider's record: extra parameters, client authentication and body format.",
        ),
        ("invalid_request", Step::Authorization | Step::PushedAuthorization) => (
            Misconfigured,
            "The provider found the sign-in request incomplete or malformed; often the redirect address is not registered.",
            "Register the redirect address shown in the sign-in with the client, exactly as it is spelt.",
        ),
        ("invalid_token", Step::Refresh) => (
            NeedsLogin,
            "The provider says that the token is expired, revoked or malformed.",
            SIGN_IN,
        ),
        ("access_denied", Step::Refresh) => (
            NeedsLogin,
            "The person or an administrator no longer allows this client.",
            "Ask whoever administers the account, then sign in again.",
        ),
        ("expired_token", Step::DeviceStart | Step::DevicePoll) => (
            NeedsLogin,
            "The device code expired before it was entered.",
            "Start the sign-in again and enter the new code in time.",
        ),
        _ => return None,
    };
    let said = Explanation::new(class, cause, fix);
    let is_open = step == Step::Refresh && matches!(code, "invalid_grant" | "invalid_token");
    Some(if is_open { said.open() } else { said })
}

/// Codes of RFC 6749 4.1.2.1 and 5.2, RFC 8628 3.5, RFC 7009 2.2.1, RFC 6750 3.1, RFC 9126, RFC 9449, RFC 8707 and
/// OpenID Connect Core 3.1.2.6, wherever they come.
pub fn anywhere(code: &str) -> Option<Explanation> {
    let (class, cause, fix) = match code {
        "invalid_request" => (
            Misconfigured,
            "The provider found the request incomplete or malformed.",
            "Check the provider's record: endpoints, extra parameters and client authentication.",
        ),
        "invalid_client" => (
            Misconfigured,
            "The provider does not accept the client: the id or the secret is wrong, the secret has expired, or the client \
             authenticates in another way than the provider expects.",
            "Compare client id and secret with the provider's developer page, make a new secret there if needed, and sign \
             in again with them.",
        ),
        "invalid_grant" => (
            NeedsLogin,
            "The provider does not accept the grant.",
            SIGN_IN,
        ),
        "unsupported_grant_type" => (
            Misconfigured,
            "The provider does not know this grant type, or not for this client.",
            "Choose another flow, or allow the grant type on the provider's developer page.",
        ),
        "invalid_scope" => (
            Misconfigured,
            "A scope is unknown, malformed, or more than the client may ask for.",
            "Choose scopes that the provider and the client's registration allow.",
        ),
        "access_denied" => (
            NeedsLogin,
            "The sign-in was denied, by the person or by a rule of the account's organisation.",
            "Sign in again and allow it, or ask whoever administers the account.",
        ),
        "unsupported_response_type" => (
            Misconfigured,
            "The provider does not issue authorization codes to this client.",
            "Allow the authorization code flow for the client on the provider's developer page.",
        ),
        "server_error" => (Transient, "The provider has an internal error.", LET_PASS),
        "temporarily_unavailable" => (
            Transient,
            "The provider is overloaded or under maintenance.",
            LET_PASS,
        ),
        "authorization_pending" => (
            Transient,
            "The person has not answered yet.",
            "Enter the code on the provider's page.",
        ),
        "slow_down" => (Transient, "The provider is asked too often.", LET_PASS),
        "expired_token" => (NeedsLogin, "The code or token has expired.", SIGN_IN),
        "unsupported_token_type" => (
            Misconfigured,
            "The provider cannot revoke this kind of token.",
            END_BY_HAND,
        ),
        "invalid_token" => (
            NeedsLogin,
            "The provider says that the token is expired, revoked or malformed.",
            SIGN_IN,
        ),
        "insufficient_scope" => (
            Misconfigured,
            "The token lacks a scope that the request needs.",
            "Sign in again with the scope that is missing.",
        ),
        "login_required" => (
            NeedsLogin,
            "The provider wants the person to sign in.",
            SIGN_IN,
        ),
        "interaction_required" => (
            NeedsLogin,
            "The provider wants something of the person: a second factor, new terms, or a new consent.",
            SIGN_IN,
        ),
        "consent_required" => (
            NeedsLogin,
            "The person's consent is missing or was withdrawn.",
            "Sign in again and consent; some organisations need an administrator's consent first.",
        ),
        "account_selection_required" => (
            NeedsLogin,
            "The provider does not know which of several accounts is meant.",
            "Sign in again and choose the account.",
        ),
        "invalid_target" => (
            Misconfigured,
            "The resource or audience asked for is unknown to the provider.",
            "Check the extra parameters `resource` and `audience` of the provider's record.",
        ),
        "invalid_request_uri"
        | "invalid_request_object"
        | "request_uri_not_supported"
        | "request_not_supported" => (
            Misconfigured,
            "The provider does not accept the announced sign-in request.",
            "Start the sign-in again; if it stays so, check the provider's endpoint for pushed authorization requests.",
        ),
        "invalid_authorization_details" => (
            Misconfigured,
            "The provider does not accept what the sign-in asks for in detail (RFC 9396).",
            "Check the extra parameter `authorization_details` of the provider's record.",
        ),
        "insufficient_user_authentication" => (
            NeedsLogin,
            "The provider wants a stronger or a newer sign-in than the one behind the token (RFC 9470).",
            "Sign in again and follow the provider's page.",
        ),
        "invalid_client_metadata"
        | "invalid_software_statement"
        | "unapproved_software_statement" => (
            Misconfigured,
            "The provider does not accept the client's registration (RFC 7591).",
            "Register the client by hand on the provider's developer page.",
        ),
        "registration_not_supported" | "unmet_authentication_requirements" => (
            Misconfigured,
            "The provider cannot do what the sign-in asked for.",
            "Check the extra parameters of the provider's record.",
        ),
        "use_dpop_nonce" | "invalid_dpop_proof" => (
            Misconfigured,
            "The provider wants tokens bound to a key (DPoP, RFC 9449), or does not take the proof that was sent.",
            "Sign in again with --dpop; if that was done, check this machine's clock.",
        ),
        _ => return None,
    };
    Some(Explanation::new(class, cause, fix))
}
