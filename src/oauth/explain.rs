//! Words for people: what each error code means at each step, and what to do about it.

use crate::model::failure::FailureClass::{Misconfigured, NeedsLogin, Transient};
use crate::model::failure::{Errand, FailureClass};
use crate::model::likely::LikelyCause;
use crate::oauth::codes::{anywhere, at_step};
use crate::oauth::error::Refused;
use crate::oauth::own;
use crate::oauth::reasons;
use crate::oauth::step::Step;
use crate::oauth::transport::Transport;

/// What a failure means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What it means for what happens next.
    pub class: FailureClass,
    /// What happened, a sentence.
    pub cause: String,
    /// What to do, a sentence.
    pub fix: String,
    /// What ended the refresh token, where the provider names it.
    pub likely: Option<LikelyCause>,
    /// The refresh token is refused, and which of the many causes it was is not said.
    pub is_open: bool,
}

impl Explanation {
    /// Class, cause and fix.
    pub fn new(class: FailureClass, cause: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            class,
            cause: cause.into(),
            fix: fix.into(),
            likely: None,
            is_open: false,
        }
    }

    /// The same, naming what ended the refresh token.
    pub fn likely(mut self, cause: LikelyCause) -> Self {
        self.likely = Some(cause);
        self
    }

    /// The same, leaving open what ended the refresh token.
    pub fn open(mut self) -> Self {
        self.is_open = true;
        self
    }

    /// The same, said to whoever is at that step: who is signing in cannot "sign in again", and who wants a grant ended
    /// is not helped by a new one.
    pub fn said_at(mut self, step: Step) -> Self {
        let fix = self.fix.as_str();
        let reworded = |from: usize, to: usize| {
            ANEW.iter()
                .fold(fix.to_owned(), |fix, row| fix.replace(row[from], row[to]))
        };
        self.fix = match step.errand() {
            Errand::SignIn => reworded(0, 1),
            Errand::Refresh | Errand::AskedRefresh | Errand::Inquiry | Errand::Unsaid => {
                reworded(1, 0)
            }
            Errand::Revocation | Errand::AskedRevocation
                if ANEW.iter().flatten().any(|words| fix.contains(words)) =>
            {
                END_BY_HAND.to_owned()
            }
            Errand::Revocation | Errand::AskedRevocation => return self,
        };
        self
    }
}

/// What is left when the provider does not let us revoke.
pub const END_BY_HAND: &str =
    "Remove the grant on the provider's own page, then remove the credential here.";
/// How a new sign-in is asked for: of whoever holds a credential, and of whoever is signing in.
const ANEW: [[&str; 2]; 2] = [
    ["Sign in again", "Start the sign-in again"],
    ["sign in again", "start the sign-in again"],
];
/// It only has to pass; who tries again is said by [`crate::model::failure::Failure::advice`].
pub const LET_PASS: &str = "";

/// A request that did not get through.
pub fn explain_transport(problem: Transport, step: Step, host: &str, detail: &str) -> Explanation {
    let (class, cause, fix) = match problem {
        Transport::Dns => (
            Transient,
            format!("The name {host} could not be resolved ({detail})."),
            "Check the network connection.",
        ),
        Transport::Connect => (
            Transient,
            format!("No connection to {host} could be made ({detail})."),
            "Check the network connection and whether the provider is up.",
        ),
        Transport::ConnectTimeout => (
            Transient,
            format!("{host} did not accept a connection in time."),
            "Check the network connection, VPN and firewall.",
        ),
        Transport::Tls => (
            Transient,
            format!("No trusted TLS connection to {host} could be made ({detail})."),
            "Check this machine's clock and any intercepting proxy; a company's own authority is named by SSL_CERT_FILE.",
        ),
        Transport::NoRoots => (
            Misconfigured,
            "This machine has no root certificates, so no provider can be recognised.".to_owned(),
            "Install the system's CA certificates (package ca-certificates), or name a file by SSL_CERT_FILE, and start again.",
        ),
        Transport::Timeout => (
            Transient,
            format!("{host} gave no whole answer in time while {step}."),
            LET_PASS,
        ),
        Transport::Cut => (
            Transient,
            format!(
                "{host} cut the connection before its answer was whole while {step} ({detail})."
            ),
            LET_PASS,
        ),
        Transport::TooLarge => (
            Transient,
            format!("{host} sent more than an answer may hold while {step}."),
            "Check that the endpoint is the provider's token endpoint.",
        ),
        Transport::Unbuilt => (
            Misconfigured,
            format!("The request to {host} could not be built ({detail})."),
            "Check the client id, the secret and the endpoint for characters that do not belong there.",
        ),
    };
    Explanation::new(class, cause, fix)
}

/// A refusal without an error code: the HTTP status has to speak.
pub fn explain_status(refused: &Refused) -> Explanation {
    let Refused {
        step, host, status, ..
    } = refused;
    let (class, cause, fix) = match status {
        429 => (
            Transient,
            format!("{host} gets too many requests from this client or address."),
            LET_PASS,
        ),
        408 | 425 | 500..=599 => (
            Transient,
            format!("{host} is having trouble (HTTP {status})."),
            LET_PASS,
        ),
        301 | 308 => (
            Misconfigured,
            format!(
                "{host} says that the endpoint has moved; a token is never sent after a redirect."
            ),
            "Give the endpoint's new address, often one with or without a slash at its end.",
        ),
        300..=399 => (
            Transient,
            format!(
                "{host} answered with a redirect while {step}; a token is never sent after one."
            ),
            "Check the endpoint's address and any proxy that asks for a login.",
        ),
        404 | 405 | 406 | 410 | 415 => (
            Misconfigured,
            format!(
                "{host} has nothing that answers at this endpoint (HTTP {status}) while {step}."
            ),
            "Check the endpoint's address in the provider's record.",
        ),
        400..=499 if refused.is_page => (
            Transient,
            format!(
                "{host} answered HTTP {status} with a web page: a firewall or a proxy may stand in between."
            ),
            "Open the provider in a browser from this machine.",
        ),
        400 | 401 | 403 if *step == Step::Refresh => (
            NeedsLogin,
            format!(
                "{host} refused the refresh token or the client without saying why (HTTP {status})."
            ),
            "Sign in again; if that fails too, check the client id and secret.",
        ),
        401 | 403 if *step == Step::Revocation => (
            Misconfigured,
            format!(
                "{host} does not let this client revoke tokens (HTTP {status}); public clients often may not."
            ),
            END_BY_HAND,
        ),
        400..=499 => (
            Misconfigured,
            format!("{host} refused the request without saying why (HTTP {status}) while {step}."),
            "Check the client id, the secret, the scopes and the redirect address at the provider.",
        ),
        _ => (
            Transient,
            format!("{host} gave an answer that means nothing here (HTTP {status}) while {step}."),
            LET_PASS,
        ),
    };
    let said = Explanation::new(class, cause, fix);
    if class == NeedsLogin {
        said.open()
    } else {
        said
    }
}

/// A refusal with an error code.
pub fn explain_words(code: &str, refused: &Refused) -> Explanation {
    if refused.status == 429 {
        return explain_status(refused);
    }
    if let Some(finer) = reasons::finer(refused) {
        return finer;
    }
    if let Some(known) = at_step(code, refused.step).or_else(|| anywhere(code)) {
        return known;
    }
    if let Some(own) = own::code(code, refused.step) {
        return own;
    }
    unknown(code, refused)
}

fn unknown(code: &str, refused: &Refused) -> Explanation {
    if refused.status >= 500 || refused.status == 408 {
        return explain_status(refused);
    }
    let (step, host) = (refused.step, &refused.host);
    match step {
        Step::Refresh => Explanation::new(
            NeedsLogin,
            format!("{host} refused the refresh with an error of its own, {code}."),
            "Sign in again; the provider's own words may say more.",
        ),
        _ => Explanation::new(
            Misconfigured,
            format!("{host} refused with an error of its own, {code}, while {step}."),
            "See the provider's own words and its documentation for this code.",
        ),
    }
}
