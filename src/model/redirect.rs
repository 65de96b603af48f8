//! Which loopback redirects a provider takes (RFC 8252 7.3).

use serde::{Deserialize, Serialize};

/// Which loopback redirect URIs work (RFC 8252 7.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedirectRule {
    /// Host in the redirect URI: `127.0.0.1`, `localhost` or `[::1]`.
    pub host: String,
    /// Ports that may be used, in order; empty: any free one.
    #[serde(default)]
    pub ports: Vec<u16>,
    /// Path of the redirect URI.
    #[serde(default = "callback_path")]
    pub path: String,
}

fn callback_path() -> String {
    "/callback".to_owned()
}

impl Default for RedirectRule {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            ports: Vec::new(),
            path: callback_path(),
        }
    }
}
