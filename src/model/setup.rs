//! What a person does at a provider first: registers a client, or makes a key.

use regex_lite::Regex;
use serde::{Deserialize, Serialize};

/// How a person registers a client.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Setup {
    /// The page where it is done.
    pub url: Option<String>,
    /// What to do there, a sentence a step.
    pub steps: Vec<String>,
    /// Regular shape of client ids in words, `Ov23li… or Iv1.…`, empty when there is none.
    pub client_id_hint: String,
    /// Regular expression that every client id matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id_pattern: Option<String>,
    /// Whether the provider's clients have a secret that must be given.
    pub needs_secret: bool,
}

impl Setup {
    /// Whether a client id can be one of the provider's.
    pub fn fits(&self, client_id: &str) -> bool {
        let pattern = self.client_id_pattern.as_deref();
        !client_id.trim().is_empty() && pattern.is_none_or(|pattern| matches(pattern, client_id))
    }
}

/// Static API keys of a provider: no refresh, an end that the person gives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApiKeys {
    /// Where one is made.
    pub url: Option<String>,
    /// What to do there, a sentence a step.
    pub steps: Vec<String>,
    /// Regular expression that a key matches, where the provider documents one.
    pub pattern: Option<String>,
    /// Seconds a key lives at the most.
    pub longest_life: Option<u64>,
}

impl ApiKeys {
    /// The regular shape of a key in words: `sk-ant-…` where it is told by its beginning, else the expression.
    pub fn shape(&self) -> String {
        let pattern = self.pattern.as_deref().unwrap_or_default();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let inner = pattern.trim_start_matches('^');
        let start: String = inner.chars().take_while(|c| plain(*c)).collect();
        match &inner[start.len()..] {
            "" if !start.is_empty() => format!("{start}…"),
            _ => pattern.to_owned(),
        }
    }

    /// Whether a key can be one of the provider's.
    pub fn fits(&self, key: &str) -> bool {
        let pattern = self.pattern.as_deref();
        !key.trim().is_empty() && pattern.is_none_or(|pattern| matches(pattern, key))
    }
}

/// A pattern that is none says nothing.
fn matches(pattern: &str, text: &str) -> bool {
    Regex::new(pattern).map_or(true, |regex| regex.is_match(text))
}
