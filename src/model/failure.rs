//! What went wrong with a provider, in words a person can act on.

use crate::clock::Timestamp;
use crate::model::likely::{Evidence, Likelihood};
use serde::{Deserialize, Serialize};

/// What a failure means for what happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// Worth trying again by itself: network, 5xx, 408, 429.
    Transient,
    /// The person has to sign in again.
    NeedsLogin,
    /// The client, the scopes or the endpoints are wrong: the person has to change a setting.
    Misconfigured,
}

/// What the request that failed was for: it decides who makes it again once the failure has passed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Errand {
    /// Not said: the fix alone tells what to do.
    #[default]
    Unsaid,
    /// A step of a sign-in: the person begins it again.
    SignIn,
    /// A refresh that the engine makes again by itself.
    Refresh,
    /// A refresh that nobody makes again before somebody asks.
    AskedRefresh,
    /// A revocation that the engine makes again by itself.
    Revocation,
    /// A revocation that is made again when somebody asks, or when a daemon or the UI runs.
    AskedRevocation,
    /// A question about a token, or an exchange of it: whoever wanted to know asks again.
    Inquiry,
}

/// One failure, safe to show, to log and to store: it never holds a token or a raw reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What it means for what happens next.
    pub class: FailureClass,
    /// A short stable code: the RFC's error code (`invalid_grant`), or ours (`network`, `timeout`, `http_503`).
    pub code: String,
    /// What happened, a sentence.
    pub cause: String,
    /// What to do, a sentence; who tries again stands in [`Failure::advice`]. Empty when it only has to pass.
    pub fix: String,
    /// What the request was for.
    #[serde(default)]
    pub errand: Errand,
    /// The provider's own words, cleaned of anything that looks like a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_words: Option<String>,
    /// The provider asked not to be called before this many seconds have passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_secs: Option<u32>,
    /// Whether it is certain that the request never reached the provider (so a single-use token was not spent).
    #[serde(default)]
    pub unsent: bool,
    /// What is known about it beside the provider's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Box<Evidence>>,
}

impl Failure {
    /// A failure of which no more is known than this.
    pub fn new(
        class: FailureClass,
        code: impl Into<String>,
        cause: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            class,
            code: code.into(),
            cause: cause.into(),
            fix: fix.into(),
            errand: Errand::Unsaid,
            provider_words: None,
            retry_after_secs: None,
            unsent: false,
            evidence: None,
        }
    }

    /// The same, certain that the request never reached the provider.
    pub fn unsent(mut self) -> Self {
        self.unsent = true;
        self
    }

    /// What to do, and who tries again: the sentences to show.
    pub fn advice(&self) -> String {
        match self.class {
            FailureClass::Transient => self.passing_advice(),
            FailureClass::NeedsLogin | FailureClass::Misconfigured => self.fix.clone(),
        }
    }

    /// The same with what is known about it, if anything is.
    pub fn with_evidence(mut self, evidence: Evidence) -> Self {
        self.evidence = (evidence != Evidence::default()).then(|| Box::new(evidence));
        self
    }

    /// Scopes that the token would need, where the provider named them.
    pub fn needed_scopes(&self) -> &[String] {
        self.evidence
            .as_ref()
            .map_or(&[], |known| &known.needed_scopes)
    }

    /// What probably caused it, the likeliest first, where the provider's one word means many things.
    pub fn likely(&self) -> &[Likelihood] {
        self.evidence.as_ref().map_or(&[], |known| &known.likely)
    }

    /// Whether it proves that no refresh token was used up.
    pub fn is_nothing_spent(&self) -> bool {
        self.unsent
            || self.class != FailureClass::Transient
            || matches!(self.code.as_str(), "http_429" | "slow_down")
    }

    /// What it means for the credential, a sentence; empty where the errand was not said.
    pub fn meaning(&self) -> &'static str {
        match (self.errand, self.class) {
            (Errand::Unsaid, _) => "",
            (Errand::SignIn, _) => "Nothing was stored, and nothing that was there has changed.",
            (Errand::Inquiry, _) => {
                "The credential is kept as it is: only a question about it failed."
            }
            (Errand::Revocation | Errand::AskedRevocation, FailureClass::Transient) => {
                "The tokens may still work at the provider; here they are no longer handed out."
            }
            (Errand::Revocation | Errand::AskedRevocation, _) => {
                "The tokens may still work at the provider, and here everything is as it was."
            }
            (Errand::Refresh | Errand::AskedRefresh, FailureClass::Transient) => {
                "The credential is kept as it is; its access token works until it expires."
            }
            (Errand::Refresh | Errand::AskedRefresh, FailureClass::NeedsLogin) => {
                "No new access token comes before somebody signs in again; the present one may work until it expires."
            }
            (Errand::Refresh | Errand::AskedRefresh, FailureClass::Misconfigured) => {
                "The refresh token is kept; refreshing stands still until the setting is right."
            }
        }
    }

    fn passing_advice(&self) -> String {
        let (alone, after) = match self.errand {
            Errand::Unsaid => return self.fix.clone(),
            Errand::SignIn => ("Start the sign-in again", "Then start the sign-in again."),
            Errand::Refresh => {
                let after = "It is tried again by itself.";
                return match self.fix.as_str() {
                    "" => "Nothing to do: it is tried again by itself.".to_owned(),
                    fix => format!("{fix} {after}"),
                };
            }
            Errand::AskedRefresh => (
                "Nobody tries it again by itself: ask again",
                "Then ask again: nobody tries it by itself.",
            ),
            Errand::Inquiry => ("Ask again", "Then ask again."),
            Errand::Revocation => {
                let after = "The provider is told again by itself.";
                return match self.fix.as_str() {
                    "" => after.to_owned(),
                    fix => format!("{fix} {after}"),
                };
            }
            Errand::AskedRevocation => (
                "The provider is told again when a daemon or the UI runs; or revoke it again",
                "Then revoke it again, or let a daemon or the UI run: the token may still work.",
            ),
        };
        match (self.fix.as_str(), self.retry_after_secs) {
            ("", Some(secs)) if secs > 1 => format!("{alone} in {secs} seconds."),
            ("", _) => format!("{alone} in a moment."),
            (fix, _) => format!("{fix} {after}"),
        }
    }
}

/// One refresh that ended, for the history strip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it ended.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// The failure's code, or `None` for a success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Errand; 6] = [
        Errand::AskedRevocation,
        Errand::Inquiry,
        Errand::SignIn,
        Errand::Refresh,
        Errand::AskedRefresh,
        Errand::Revocation,
    ];

    fn passing(errand: Errand, fix: &str) -> Failure {
        Failure {
            errand,
            ..Failure::new(FailureClass::Transient, "network", "No connection.", fix)
        }
    }

    #[test]
    fn only_what_the_engine_repeats_is_said_to_be_tried_again_by_itself() {
        for fix in ["", "Check the network connection."] {
            for errand in ALL {
                let advice = passing(errand, fix).advice();
                let promises = advice.contains("is tried again by itself");
                let told = advice.contains("is told again by itself");
                assert_eq!(promises, errand == Errand::Refresh, "{advice}");
                assert_eq!(told, errand == Errand::Revocation, "{advice}");
                assert!(advice.starts_with(fix) && advice.ends_with('.'), "{advice}");
            }
        }
    }

    #[test]
    fn each_errand_says_how_it_is_begun_again() {
        let ask = |errand| passing(errand, "").advice();
        assert_eq!(ask(Errand::SignIn), "Start the sign-in again in a moment.");
        assert!(ask(Errand::AskedRefresh).contains("ask again"));
        assert!(ask(Errand::AskedRevocation).contains("revoke it again"));
        let told = Failure {
            retry_after_secs: Some(30),
            ..passing(Errand::SignIn, "")
        };
        assert_eq!(told.advice(), "Start the sign-in again in 30 seconds.");
    }

    #[test]
    fn what_does_not_pass_is_not_said_to_be_tried_again() {
        for class in [FailureClass::NeedsLogin, FailureClass::Misconfigured] {
            for errand in ALL {
                let failure = Failure {
                    class,
                    ..passing(errand, "Sign in again.")
                };
                assert_eq!(failure.advice(), "Sign in again.");
            }
        }
    }

    #[test]
    fn a_failure_kept_before_errands_were_is_read_and_shown_as_it_is() {
        let kept = r#"{"class":"transient","code":"network","cause":"c","fix":"f"}"#;
        let read: Failure = serde_json::from_str(kept).unwrap();
        assert_eq!((read.errand, read.advice().as_str()), (Errand::Unsaid, "f"));
    }
}
