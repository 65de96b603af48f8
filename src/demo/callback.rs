//! The way back to the client after a sign-in: code or error, `state` and `iss` (RFC 6749 4.1.2, RFC 9207).

use crate::demo::quirks::{IssRule, Quirks, StateRule};
use crate::demo::shared::Inner;
use url::Url;

/// The way back to a client.
pub struct Back<'a> {
    shared: &'a Inner,
    quirks: &'a Quirks,
    redirect: &'a str,
    state: Option<&'a str>,
}

impl<'a> Back<'a> {
    /// To a redirect address that was checked.
    pub fn new(
        shared: &'a Inner,
        quirks: &'a Quirks,
        redirect: &'a str,
        state: Option<&'a str>,
    ) -> Self {
        Self {
            shared,
            quirks,
            redirect,
            state,
        }
    }

    /// Where the browser goes with a code.
    pub fn code(&self, code: &str) -> String {
        self.to(&[("code", code)], true)
    }

    /// Where the browser goes with an error.
    pub fn error(&self, error: &str, description: &str) -> String {
        let pairs = [("error", error), ("error_description", description)];
        self.to(&pairs, false)
    }

    fn to(&self, pairs: &[(&str, &str)], success: bool) -> String {
        let Ok(mut url) = Url::parse(self.redirect) else {
            return self.redirect.to_owned();
        };
        {
            let mut query = url.query_pairs_mut();
            query.extend_pairs(pairs);
            let state = self.state.and_then(|sent| match self.quirks.state {
                StateRule::Same => Some(sent),
                StateRule::Wrong => Some("a-state-of-another-sign-in"),
                StateRule::Missing => None,
            });
            if let Some(state) = state {
                query.append_pair("state", state);
            }
            if success {
                query.extend_pairs(&self.quirks.shape.callback);
            }
            if let Some(iss) = self.iss(success) {
                query.append_pair("iss", iss);
            }
        }
        url.into()
    }

    fn iss(&self, success: bool) -> Option<&str> {
        let own = self.shared.issuer.as_str();
        match self.quirks.iss {
            IssRule::Always => Some(own),
            IssRule::SuccessOnly => success.then_some(own),
            IssRule::Wrong => Some("https://another-issuer.test"),
            IssRule::Never => None,
        }
    }
}
