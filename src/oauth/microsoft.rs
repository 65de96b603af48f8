//! The AADSTS numbers of Microsoft Entra in words for people: its error codes alone say little.

use crate::model::failure::FailureClass::{Misconfigured, NeedsLogin, Transient};
use crate::model::likely::LikelyCause;
use crate::oauth::error::Refused;
use crate::oauth::explain::{Explanation, LET_PASS};
use crate::oauth::step::Step;

const ASK_ADMIN: &str = "Ask the organisation's administrator, then sign in again.";
const APP_PAGE: &str = "Compare the client id with the app's overview page, and check the tenant.";

/// What the number in `error_codes` or in the words means.
pub fn microsoft(refused: &Refused, words: &str) -> Option<Explanation> {
    let reason = refused.reason.as_deref().unwrap_or_default();
    let number = aadsts(reason).or_else(|| aadsts(words))?;
    token(number, refused)
        .or_else(|| person(number))
        .or_else(|| organisation(number))
        .or_else(|| client(number))
        .or_else(|| request(number))
        .or_else(|| trouble(number))
}

/// The token or the code itself.
fn token(number: u32, refused: &Refused) -> Option<Explanation> {
    let is_refresh = refused.step == Step::Refresh;
    let is_secret = refused.code.as_deref() == Some("invalid_client");
    let (cause, fix, likely) = match number {
        50132 | 50133 => (
            "The session is over: the password expired or was changed.",
            "Sign in again.",
            LikelyCause::PasswordChanged,
        ),
        50173 => (
            "The grant was ended: the password changed, or an administrator revoked the account's sessions.",
            "Sign in again.",
            LikelyCause::Revoked,
        ),
        // One number for a secret, a code and a refresh token: the error code and the step tell which.
        70002 if is_secret => return client(7_000_215),
        // The same numbers stand for a code that is over (RFC 6749 5.2 has one word for both); that has its own words.
        70000 | 70002 | 70008 if !is_refresh => return None,
        70000 | 70002 => {
            return Some(Explanation::new(
                NeedsLogin,
                "Microsoft no longer accepts the refresh token: it is not valid, or the person or an administrator ended it.",
                "Sign in again.",
            ).open());
        }
        70008 | 700_081 | 700_082 => (
            "The refresh token has expired: it was not used for too long (90 days; 24 hours for browser apps).",
            "Sign in again; a credential that is refreshed in time does not lapse.",
            LikelyCause::Unused,
        ),
        700_084 => (
            "The refresh token has expired: it was issued to a browser app, where it lives 24 hours and no refresh prolongs it.",
            "Register the redirect address under the platform 'Mobile and desktop applications', then sign in again.",
            LikelyCause::Expired,
        ),
        70043 => (
            "The organisation wants a new sign-in at intervals (sign-in frequency), and that time is over.",
            "Sign in again; the organisation's administrator sets how often this is asked.",
            LikelyCause::Expired,
        ),
        50085 | 50139 => (
            "The account belongs to another identity provider, whose session is over.",
            "Sign in again.",
            LikelyCause::SessionEnded,
        ),
        50089 | 50197 => (
            "The sign-in took too long, or its session is over.",
            "Sign in again.",
            LikelyCause::SessionEnded,
        ),
        54005 => {
            return Some(Explanation::new(
                NeedsLogin,
                "The authorization code was already used.",
                "Start the sign-in again.",
            ));
        }
        700_005 => {
            return Some(Explanation::new(
                Misconfigured,
                "The authorization code is for another tenant.",
                "Use the same tenant throughout: its id, 'common' or 'organizations'.",
            ));
        }
        501_481 | 50147 | 501_491 => {
            return Some(Explanation::new(
                NeedsLogin,
                "Microsoft found that the PKCE verifier does not fit the sign-in.",
                "Start the sign-in again, in one window only.",
            ));
        }
        _ => return None,
    };
    Some(Explanation::new(NeedsLogin, cause, fix).likely(likely))
}

/// The person: account, password, second factor, device code.
fn person(number: u32) -> Option<Explanation> {
    let (class, cause, fix) = match number {
        16000 | 16001 | 160_021 | 50058 | 51006 => (
            NeedsLogin,
            "Microsoft does not know which account is meant, or its session is over.",
            "Sign in again and choose the account.",
        ),
        16003 | 50014 | 50020 | 50034 | 51004 | 90072 | 500_208 => (
            NeedsLogin,
            "The account does not belong to this tenant.",
            "Sign in again with an account of the tenant, or use the tenant 'common' or 'organizations'.",
        ),
        50053 => (
            NeedsLogin,
            "The account is locked after too many attempts, or the sign-in came from an address with a bad name.",
            "Wait and sign in again from another network, or ask whoever administers the account.",
        ),
        50057 => (
            NeedsLogin,
            "The account is disabled.",
            "Ask whoever administers the account.",
        ),
        50055 | 50144 | 50135 | 50125 => (
            NeedsLogin,
            "The account's password has expired or has to be changed.",
            "Change the password with Microsoft, then sign in again.",
        ),
        50056 | 50064 | 50126 | 120_000 => (
            NeedsLogin,
            "The account's name or password is wrong.",
            "Sign in again with the right password.",
        ),
        50072 | 50079 | 53004 | 53010 => (
            NeedsLogin,
            "The organisation demands a second factor, and the account has none set up yet.",
            "Set up a second factor with Microsoft, then sign in again.",
        ),
        50074 | 50076 | 50158 | 700_020 => (
            NeedsLogin,
            "The organisation now demands a second factor or another check.",
            "Sign in again and answer it.",
        ),
        50078 => (
            NeedsLogin,
            "The second factor has grown too old.",
            "Sign in again and answer the second factor.",
        ),
        70018 | 90119 => (
            NeedsLogin,
            "The user code that was typed in is not known.",
            "Start the sign-in again and type the new code.",
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
        90120 | 50134 => (
            NeedsLogin,
            "The device code was answered already, or in another of Microsoft's data centres.",
            "Start the sign-in again.",
        ),
        54000 | 50015 => (
            NeedsLogin,
            "The account is a minor's and needs a parent's or an administrator's consent.",
            ASK_ADMIN,
        ),
        _ => return None,
    };
    Some(Explanation::new(class, cause, fix))
}

/// The organisation: consent, conditional access, tenants.
fn organisation(number: u32) -> Option<Explanation> {
    let (class, cause, fix) = match number {
        50005
        | 50097
        | 50129
        | 50131
        | 50155
        | 50187
        | 53000..=53003
        | 135_011
        | 530_021
        | 530_031..=530_036 => (
            NeedsLogin,
            "A conditional access rule of the organisation refuses this device or sign-in.",
            "Use a device and a network that the organisation allows, or ask its administrator.",
        ),
        53011 => (
            NeedsLogin,
            "The account is blocked because Microsoft sees a risk in it.",
            ASK_ADMIN,
        ),
        50002 | 500_021 | 500_022 | 500_212 | 500_213 => (
            NeedsLogin,
            "The organisation's rules for other tenants refuse this sign-in.",
            ASK_ADMIN,
        ),
        50105 => (
            NeedsLogin,
            "The account is not assigned to this app.",
            "Ask an administrator to assign the account to the app.",
        ),
        65001 | 65004 | 9_002_341 => (
            NeedsLogin,
            "The consent of the person or of an administrator is missing.",
            "Sign in again and consent; some organisations need an administrator's consent first.",
        ),
        90008 | 90094 | 90095 | 90099 | 650_051 => (
            NeedsLogin,
            "An administrator has to consent to this app first.",
            ASK_ADMIN,
        ),
        650_052 | 650_054 | 650_056 | 650_057 | 65005 | 65002 => (
            Misconfigured,
            "The app asks for permissions that are not in its registration, or for a service that the organisation does not have.",
            "Compare the scopes with the app's 'API permissions' page, or ask the organisation's administrator.",
        ),
        _ => return None,
    };
    Some(Explanation::new(class, cause, fix))
}

/// The client: its id, its secret, its kind.
fn client(number: u32) -> Option<Explanation> {
    let (cause, fix) = match number {
        700_016 | 700_011 => ("Microsoft knows no such client in this tenant.", APP_PAGE),
        70001 | 7_000_112 | 7_000_014 | 1_000_031 => (
            "The app is disabled in this tenant, or unknown there.",
            "Ask an administrator to enable the app, and compare the client id with its overview page.",
        ),
        700_025 => (
            "The client is public at Microsoft, so no secret may be sent with this token.",
            "Sign in again with the client id alone, without a secret.",
        ),
        7_000_215 => (
            "The client secret is wrong.",
            "Give the secret's value, not its id; make a new one under 'Certificates & secrets' of the app and sign in again with it.",
        ),
        7_000_222 => (
            "The client secret has expired.",
            "Make a new secret under 'Certificates & secrets' of the app and sign in again with it.",
        ),
        7_000_218 => (
            "Microsoft wants a secret of this client, because public client flows are off for it.",
            "Turn on 'Allow public client flows' under the app's authentication settings, or give the client's secret.",
        ),
        700_027 | 50012 | 50013 | 700_030 => (
            "The key or certificate that the client signs with is not the one registered for the app.",
            "Compare it with the app's 'Certificates & secrets' page.",
        ),
        9_002_327 | 9_002_326 => (
            "The redirect address is registered for browser apps, whose tokens only a browser may use.",
            "Register the redirect address under the platform 'Mobile and desktop applications' instead.",
        ),
        50011 | 70004 | 900_971 => (
            "The redirect address is not registered with the client.",
            "Add the redirect address http://localhost to the app, under the platform 'Mobile and desktop applications'.",
        ),
        _ => return None,
    };
    Some(Explanation::new(Misconfigured, cause, fix))
}

/// The request: tenant, scopes, grant type.
fn request(number: u32) -> Option<Explanation> {
    let (cause, fix) = match number {
        90002 | 900_023 | 900_021 | 50059 | 50128 | 90019 => (
            "There is no such tenant.",
            "Give the tenant's id or its domain.",
        ),
        50194 => (
            "The app is for one tenant only, so the tenant 'common' does not fit.",
            "Give the tenant's id, or make the app multitenant.",
        ),
        9_002_332 | 9_001_023 | 90124 | 90130 | 9_002_346 => (
            "The app does not take the kind of accounts that this tenant setting stands for.",
            "Use the tenant 'organizations', 'consumers' or the tenant's id, as the app's 'Supported account types' say.",
        ),
        90038 | 90043 | 90051 | 900_432 | 900_382 => (
            "The tenant lies in another of Microsoft's national clouds.",
            "Use the endpoints of that cloud.",
        ),
        70011 | 28002 | 28003 | 700_022 | 700_023 => (
            "A scope is unknown to Microsoft or malformed.",
            "Check the spelling of the scopes; those of one resource only can be asked for at once.",
        ),
        50001 | 500_011 => (
            "The resource that the scopes belong to is unknown in this tenant.",
            "Check the scopes and the tenant; an administrator may have to add the resource.",
        ),
        70003 | 70005 | 70007 => (
            "Microsoft does not allow this flow to the app.",
            "Choose another flow, or allow it under the app's authentication settings.",
        ),
        90004 | 90013..=90015 | 90023 | 90100 | 900_144 | 901_002 | 9_002_313 => (
            "Microsoft found the request incomplete or malformed.",
            "Check the provider's record: extra parameters, endpoints and client authentication.",
        ),
        _ => return None,
    };
    Some(Explanation::new(Misconfigured, cause, fix))
}

/// Microsoft's own trouble, and its limits.
fn trouble(number: u32) -> Option<Explanation> {
    let cause = match number {
        50196 => "Microsoft sees this client ask in a loop.",
        50088 | 90055 | 50166 => "Microsoft gets too many requests from this client or tenant.",
        50000 | 50033 | 50087 | 70012 | 80001 | 80002 | 80005 | 80007 | 80014 | 90006 | 90012
        | 90024 | 90025 | 90033 | 90090 | 40010 => "Microsoft is having trouble.",
        _ => return None,
    };
    Some(Explanation::new(Transient, cause, LET_PASS))
}

/// The number of an `AADSTS` mark.
pub fn aadsts(text: &str) -> Option<u32> {
    let lower = text.to_ascii_lowercase();
    let rest = &lower[lower.find("aadsts")? + "aadsts".len()..];
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
