//! What Google says beyond the standard, in words for people.

use crate::model::failure::FailureClass::{Misconfigured, NeedsLogin};
use crate::model::likely::LikelyCause;
use crate::oauth::error::Refused;
use crate::oauth::explain::Explanation;

/// Google's sub-reasons, and what its own words mean.
pub fn google(refused: &Refused, words: &str) -> Option<Explanation> {
    let reason = refused.reason.as_deref().unwrap_or_default();
    match reason {
        "invalid_rapt" | "rapt_required" => {
            return Some(
                Explanation::new(
                    NeedsLogin,
                    "The organisation's session control wants the person to sign in again.",
                    "Sign in again; an administrator sets how often this is asked.",
                )
                .likely(LikelyCause::SessionEnded),
            );
        }
        "access_not_configured" => {
            return Some(Explanation::new(
                Misconfigured,
                "The API is not enabled for the client's project, or an administrator has not set the app up.",
                "Enable the API in the Google Cloud project of the client, or ask the administrator of the account.",
            ));
        }
        _ => {}
    }
    let is_google = ["googleapis.com", "google.com"]
        .iter()
        .any(|host| refused.host == *host || refused.host.ends_with(&format!(".{host}")));
    if is_google { by_words(words) } else { None }
}

fn by_words(words: &str) -> Option<Explanation> {
    if words.contains("account has been deleted") {
        return Some(
            Explanation::new(
                NeedsLogin,
                "The account was deleted.",
                "Sign in with another account.",
            )
            .likely(LikelyCause::AccountChanged),
        );
    }
    if words.contains("token has been expired or revoked") {
        return Some(Explanation::new(
            NeedsLogin,
            "Google ended the refresh token: the person or an administrator revoked it, the password changed, it was not \
             used for six months, newer sign-ins pushed it out, or the client's consent screen is in testing (seven days).",
            "Sign in again; if it dies every seven days, publish the app on its consent screen page.",
        ).open());
    }
    None
}
