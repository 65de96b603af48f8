//! The AADSTS numbers of Microsoft Entra in words for people: its error codes alone say little.

use crate::model::failure::FailureClass::{Misconfigured, NeedsLogin, Transient};
use crate::oauth::explain::{Explanation, LET_PASS};
use crate::oauth::step::Step;

/// What the first number in `error_codes` or in the words means.
pub fn microsoft(reason: &str, words: &str, step: Step) -> Option<Explanation> {
    let number = aadsts(reason).or_else(|| aadsts(words))?;
    let (class, cause, fix) = match number {
        16000 | 50058 => (
            NeedsLogin,
            "Microsoft does not know which account is meant, or its session is over.",
            "Sign in again and choose the account.",
        ),
        50011 => (
            Misconfigured,
            "The redirect address is not registered with the client.",
            "Add the redirect address http://localhost to the app, under the platform 'Mobile and desktop applications'.",
        ),
        50020 => (
            Misconfigured,
            "The account does not belong to this tenant.",
            "Sign in with an account of the tenant, or use the tenant 'common' or 'organizations'.",
        ),
        50034 => (
            NeedsLogin,
            "The account does not exist in this tenant.",
            "Check the account and the tenant, then sign in again.",
        ),
        50053 | 50057 => (
            NeedsLogin,
            "The account is locked or disabled.",
            "Ask whoever administers the account.",
        ),
        50055 | 50126 | 50056 => (
            NeedsLogin,
            "The account's password is wrong or has expired.",
            "Change the password with Microsoft, then sign in again.",
        ),
        50076 | 50079 | 50074 | 53004 => (
            NeedsLogin,
            "The organisation now demands a second factor.",
            "Sign in again and answer the second factor.",
        ),
        50078 | 50089 => (
            NeedsLogin,
            "The second factor has grown too old.",
            "Sign in again and answer the second factor.",
        ),
        50105 => (
            NeedsLogin,
            "The account is not assigned to this app.",
            "Ask an administrator to assign the account to the app.",
        ),
        50132 | 50133 | 50173 => (
            NeedsLogin,
            "The grant was ended: the password changed, or an administrator revoked the account's sessions.",
            "Sign in again.",
        ),
        50196 => (
            Transient,
            "Microsoft sees this client ask in a loop.",
            LET_PASS,
        ),
        53000..=53003 | 530_032..=530_036 => (
            NeedsLogin,
            "A conditional access rule of the organisation refuses this device or sign-in.",
            "Use a device and a network that the organisation allows, or ask its administrator.",
        ),
        54005 => (
            NeedsLogin,
            "The authorization code was already used.",
            "Start the sign-in again.",
        ),
        65001 | 65004 => (
            NeedsLogin,
            "The consent of the person or of an administrator is missing.",
            "Sign in again and consent; some organisations need an administrator's consent first.",
        ),
        // The same numbers stand for a code that is over (RFC 6749 5.2 has one word for both); that has its own words.
        70000 | 70002 | 70008 if step != Step::Refresh => return None,
        70000 | 70002 | 70008 | 700_081 | 700_082 | 700_084 => (
            NeedsLogin,
            "The refresh token has expired: it was not used for too long (90 days; 24 hours for browser apps), or it was ended.",
            "Sign in again.",
        ),
        70011 | 28002 | 28003 => (
            Misconfigured,
            "A scope is unknown to Microsoft or malformed.",
            "Check the spelling of the scopes; those of one resource only can be asked for at once.",
        ),
        70016 => (
            Transient,
            "The person has not answered yet.",
            "Enter the code on Microsoft's page.",
        ),
        70019 => (
            NeedsLogin,
            "The device code has expired.",
            "Start the sign-in again.",
        ),
        90002 | 900_023 | 900_021 => (
            Misconfigured,
            "There is no such tenant.",
            "Give the tenant's id or its domain.",
        ),
        90033 | 90025 | 90024 | 50000 => (Transient, "Microsoft is having trouble.", LET_PASS),
        700_016 => (
            Misconfigured,
            "Microsoft knows no such client in this tenant.",
            "Compare the client id with the app's overview page, and check the tenant.",
        ),
        700_025 => (
            Misconfigured,
            "The client is public at Microsoft, so no secret may be sent with this token.",
            "Sign in again with the client id alone, without a secret.",
        ),
        7_000_215 | 7_000_222 => (
            Misconfigured,
            "The client secret is wrong or has expired.",
            "Make a new secret under 'Certificates & secrets' of the app and sign in again with it.",
        ),
        7_000_218 => (
            Misconfigured,
            "Microsoft wants a secret of this client, because public client flows are off for it.",
            "Turn on 'Allow public client flows' under the app's authentication settings, or give the client's secret.",
        ),
        7_000_112 | 7_000_014 => (
            Misconfigured,
            "The app is disabled in this tenant.",
            "Ask an administrator to enable the app.",
        ),
        9_002_327 | 9_002_326 => (
            Misconfigured,
            "The redirect address is registered for browser apps, whose tokens only a browser may use.",
            "Register the redirect address under the platform 'Mobile and desktop applications' instead.",
        ),
        _ => return None,
    };
    Some(Explanation::new(class, cause, fix))
}

fn aadsts(text: &str) -> Option<u32> {
    let lower = text.to_ascii_lowercase();
    let rest = &lower[lower.find("aadsts")? + "aadsts".len()..];
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
