//! What a provider says about a refresh token that it refused; unclear words say nothing.

use crate::model::likely::LikelyCause;

/// Phrases of one meaning each; the first that fits counts. They are those of Keycloak, Auth0, Okta, Box, Cognito,
/// Spotify, Salesforce, Zoom, Stripe, Dropbox, OpenAI and of servers built on well-known libraries.
const PHRASES: &[(LikelyCause, &[&str])] = &[
    (
        LikelyCause::PasswordChanged,
        &[
            "password was changed",
            "password has changed",
            "password has been changed",
            "password changed",
            "password was reset",
            "password has been reset",
            "password has expired",
            "password expired",
        ],
    ),
    (
        LikelyCause::Unused,
        &[
            "inactivity",
            "inactive for",
            "not been used",
            "was not used",
            "idle timeout",
            "idle for",
            "unused for",
        ],
    ),
    (
        LikelyCause::ClientChanged,
        &[
            "different client",
            "another client",
            "other client",
            "client mismatch",
            "client don't match",
            "client does not match",
            "not issued to",
            "not issued for",
            "not belong to",
        ],
    ),
    (
        LikelyCause::Reused,
        &[
            "already used",
            "already been used",
            "been used",
            "reuse",
            "re-use",
            "used more than once",
            "already redeemed",
            "already been redeemed",
            "already been exchanged",
            "been consumed",
            "been rotated",
            "was rotated",
            "replay",
            "superseded",
            "stale token",
        ],
    ),
    (
        LikelyCause::AccountChanged,
        &[
            "inactive user",
            "inactive organization",
            "user is inactive",
            "user inactive",
            "user is not active",
            "user disabled",
            "user is disabled",
            "user account is disabled",
            "account disabled",
            "account is disabled",
            "account has been disabled",
            "account is inactive",
            "account has been deleted",
            "account was deleted",
            "account is locked",
            "account locked",
            "user is blocked",
            "user blocked",
            "user is suspended",
            "user deactivated",
            "user is deactivated",
            "deactivated user",
            "user not found",
            "user does not exist",
            "user no longer exists",
            "user has been deleted",
        ],
    ),
    (
        LikelyCause::SessionEnded,
        &[
            "session not active",
            "session is not active",
            "session not found",
            "session has expired",
            "session expired",
            "session has ended",
            "session ended",
            "session is over",
            "session was terminated",
            "session terminated",
            "session doesn't have required client",
            "logged out",
            "signed out",
        ],
    ),
    (
        LikelyCause::PushedOut,
        &[
            "maximum number of refresh tokens",
            "refresh token limit",
            "too many refresh tokens",
        ],
    ),
    (
        LikelyCause::Revoked,
        &[
            "no longer has requested consent",
            "consent was revoked",
            "consent has been revoked",
            "consent was withdrawn",
            "not approved this consumer",
            "hasn't approved this consumer",
            "app was uninstalled",
            "app has been uninstalled",
        ],
    ),
    // What Keycloak and its kin say of a token whose own end has passed.
    (LikelyCause::Expired, &["token is not active"]),
];

/// The one cause that the words name; `None` when they name none, or several of which it may be any.
pub fn cause(words: &str) -> Option<LikelyCause> {
    let words = words.to_ascii_lowercase();
    if is_any_of(&words) {
        return None;
    }
    PHRASES
        .iter()
        .find(|(_, phrases)| phrases.iter().any(|phrase| words.contains(phrase)))
        .map(|(cause, _)| *cause)
        .or_else(|| plain(&words))
}

/// One plain word, and none of the others that people put beside it for safety.
fn plain(words: &str) -> Option<LikelyCause> {
    let has = |list: &[&str]| list.iter().any(|word| words.contains(word));
    let expired = has(&[
        "expired",
        "too old",
        "max age",
        "maximum age",
        "end of life",
    ]);
    let revoked = has(&["revoked", "invalidated"]);
    let invalid =
        has(&["invalid ", "invalid.", "malformed", "unknown"]) || words.ends_with("invalid");
    match (expired, revoked, invalid) {
        (true, false, false) => Some(LikelyCause::Expired),
        (false, true, false) => Some(LikelyCause::Revoked),
        (false, false, false) | (true, true, _) | (_, _, true) => None,
    }
}

/// The sentence of RFC 6749 5.2, which lists all that `invalid_grant` may be, and sentences that list two of them.
fn is_any_of(words: &str) -> bool {
    // Salesforce says it of a token that expired, was revoked or was pushed out.
    if words.contains("access/refresh token") {
        return true;
    }
    let kinds = [
        &["expired", "inactiv"][..],
        &["revoked", "invalidated"],
        &["another client", "different client"],
        &["redirect"],
        &["invalid,", "invalid or", "or invalid", "invalid/"],
        &["already used", "been used"],
    ];
    let named = kinds
        .iter()
        .filter(|kind| kind.iter().any(|word| words.contains(word)))
        .count();
    named >= 2 && (words.contains(" or ") || words.contains('/') || words.contains(", "))
}

/// Whether the words speak of a refresh token that is no longer accepted, for whatever reason.
pub fn is_refused_token(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    let has = |list: &[&str]| list.iter().any(|word| words.contains(word));
    let is_named = words.contains("refresh") && words.contains("token")
        || words.contains("value passed for the token");
    is_named
        && has(&[
            "invalid",
            "expired",
            "revoked",
            "unknown",
            "not found",
            "not valid",
            "already used",
            "been used",
            "no longer",
        ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_providers_say_names_its_cause() {
        use LikelyCause::{
            AccountChanged, ClientChanged, Expired, PasswordChanged, Reused, Revoked, SessionEnded,
            Unused,
        };
        for (words, expected) in [
            ("Maximum allowed refresh token reuse exceeded", Reused),
            ("Stale token", Reused),
            (
                "Your refresh token has already been used to generate a new access token.",
                Reused,
            ),
            ("Token is not active", Expired),
            ("Refresh token has expired", Expired),
            ("Refresh Token has been revoked", Revoked),
            ("Refresh token revoked", Revoked),
            ("Session not active", SessionEnded),
            ("Offline user session not found", SessionEnded),
            ("inactive user", AccountChanged),
            ("user is blocked", AccountChanged),
            ("The refresh token has expired due to inactivity.", Unused),
            ("The token has not been used for 90 days", Unused),
            (
                "Invalid refresh token. Token client and authorized client don't match",
                ClientChanged,
            ),
            (
                "The refresh token was issued to a different client",
                ClientChanged,
            ),
            ("The user's password has been changed", PasswordChanged),
            ("user hasn't approved this consumer", Revoked),
        ] {
            assert_eq!(cause(words), Some(expected), "{words}");
        }
    }

    #[test]
    fn words_that_list_several_causes_or_none_name_none() {
        for words in [
            "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in \
             the authorization request, or was issued to another client.",
            "Token has been expired or revoked.",
            "The refresh token is invalid or expired.",
            "expired access/refresh token",
            "Refresh token is invalid, expired or already used",
            "Unknown or invalid refresh token.",
            "Invalid refresh token",
            "refresh_token is invalid",
            "authentication failure",
            "Bad Request",
            "the account manager page has more about passwords",
            "",
        ] {
            assert_eq!(cause(words), None, "{words}");
        }
    }
}
