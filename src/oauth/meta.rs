//! Meta's numbers (Facebook, Instagram, Threads) in words for people: its code alone says little.

use crate::model::failure::FailureClass::{Misconfigured, NeedsLogin, Transient};
use crate::model::likely::LikelyCause;
use crate::oauth::explain::{Explanation, LET_PASS};

/// How [`crate::oauth::refusal`] writes code and subcode as one reason.
pub const MARK: &str = "meta_";

/// What a code and its subcode mean: `meta_190_460`.
pub fn meta(reason: &str) -> Option<Explanation> {
    let numbers = reason.strip_prefix(MARK)?;
    let (code, subcode) = numbers.split_once('_').unwrap_or((numbers, ""));
    let (code, subcode) = (code.parse().ok()?, subcode.parse().unwrap_or(0));
    ended(code, subcode).or_else(|| other(code))
}

/// Why a token is over; Meta has no refresh tokens, an access token is exchanged for a newer one.
fn ended(code: u32, subcode: u32) -> Option<Explanation> {
    if !matches!(code, 102 | 190) {
        return None;
    }
    let (cause, fix, likely) = match subcode {
        458 => (
            "The person removed the app from the account, or never allowed it.",
            "Sign in again and allow it.",
            LikelyCause::Revoked,
        ),
        459 => (
            "Meta wants the person to confirm something on its own page first.",
            "Sign in to Meta's page in a browser and do what it asks, then sign in again.",
            LikelyCause::SessionEnded,
        ),
        460 => (
            "The account's password changed.",
            "Sign in again.",
            LikelyCause::PasswordChanged,
        ),
        463 => (
            "The token has expired; Meta exchanges one only while it is alive.",
            "Sign in again.",
            LikelyCause::Expired,
        ),
        464 => (
            "The account is not confirmed.",
            "Confirm the account on Meta's own page, then sign in again.",
            LikelyCause::AccountChanged,
        ),
        466 | 467 => (
            "The session behind the token ended: the person signed out everywhere, or it was revoked.",
            "Sign in again.",
            LikelyCause::SessionEnded,
        ),
        468 => (
            "The token was not used for too long.",
            "Sign in again.",
            LikelyCause::Unused,
        ),
        492 => (
            "The account no longer has a role on the page that the token is for.",
            "Ask for the role again, then sign in again.",
            LikelyCause::AccountChanged,
        ),
        _ => {
            return Some(
                Explanation::new(
                    NeedsLogin,
                    "Meta no longer accepts the token: it has expired or was revoked.",
                    "Sign in again.",
                )
                .open(),
            );
        }
    };
    Some(Explanation::new(NeedsLogin, cause, fix).likely(likely))
}

fn other(code: u32) -> Option<Explanation> {
    let (class, cause, fix) = match code {
        1 | 2 => (Transient, "Meta is having trouble.", LET_PASS),
        4 | 17 | 32 | 341 | 613 => (
            Transient,
            "Meta gets too many requests from this client or account.",
            LET_PASS,
        ),
        368 => (
            Transient,
            "Meta holds the account back for a while because of its rules.",
            LET_PASS,
        ),
        3 | 10 | 200..=299 => (
            Misconfigured,
            "The app or the account lacks a permission that the request needs.",
            "Add the permission to the app on Meta's developer page, then sign in again with it.",
        ),
        101 => (
            Misconfigured,
            "The client id or the client secret is wrong.",
            "Compare both with the app's page at Meta and sign in again with them.",
        ),
        191 => (
            Misconfigured,
            "The redirect address is not one of the app's.",
            "Add the redirect address shown in the sign-in to the app, exactly as it is spelt.",
        ),
        _ => return None,
    };
    Some(Explanation::new(class, cause, fix))
}
