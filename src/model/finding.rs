//! What a sign-in is meant to be, and something that stands in its way.

use crate::model::client::Client;
use crate::model::credential::Flow;
use crate::model::provider::Provider;

/// What shall be done, as far as it is known beforehand.
#[derive(Debug, Clone, Copy)]
pub struct Intent<'a> {
    /// The provider's record, with its metadata when it was read.
    pub provider: &'a Provider,
    /// The way to sign in.
    pub flow: Flow,
    /// Scopes that will be asked for.
    pub scopes: &'a [String],
    /// The client, if one was chosen.
    pub client: Option<&'a Client>,
    /// Port of the loopback redirect, if one was named.
    pub redirect_port: Option<u16>,
    /// Whether the tokens shall be bound to a key.
    pub dpop: bool,
}

impl Intent<'_> {
    /// What people call the provider.
    pub fn name(&self) -> String {
        self.provider.display_name.clone()
    }
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// It cannot work.
    Stops,
    /// It may not work, or not for long.
    Warns,
}

/// Something that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How much it weighs.
    pub weight: Weight,
    /// A word for machines.
    pub topic: &'static str,
    /// What is wrong, a sentence without its full stop.
    pub what: String,
    /// What to change, a sentence.
    pub fix: String,
}

impl Finding {
    /// A finding of that weight.
    pub fn new(weight: Weight, topic: &'static str, what: String, fix: impl Into<String>) -> Self {
        Self {
            weight,
            topic,
            what,
            fix: fix.into(),
        }
    }

    /// Something that cannot work.
    pub fn stops(topic: &'static str, what: String, fix: impl Into<String>) -> Option<Self> {
        Some(Self::new(Weight::Stops, topic, what, fix))
    }

    /// Something that may not work.
    pub fn warns(topic: &'static str, what: String, fix: impl Into<String>) -> Option<Self> {
        Some(Self::new(Weight::Warns, topic, what, fix))
    }
}
