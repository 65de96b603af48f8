//! A sign-in: what the person asks for and what happens on the way.

use crate::clock::Timestamp;
use crate::model::client::Client;
use crate::model::credential::Flow;
use crate::model::failure::Failure;
use crate::model::name::CredentialName;
use crate::model::provider::{Endpoints, Provider};
use crate::secret::{ApiKey, RegistrationToken};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Number of a sign-in, chosen by whoever asks for it; unique per owner (random is good enough).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SignInId(pub u64);

/// What the person asks for.
#[derive(Debug)]
pub struct SignInRequest {
    /// Its number.
    pub id: SignInId,
    /// Which provider.
    pub provider: ProviderChoice,
    /// The account part of the name; `None`: from the ID token's email, else its subject, else `default`.
    pub account: Option<String>,
    /// The client to use, kept for the next time; `None`: the one kept from last time.
    pub client: Option<Client>,
    /// Scopes; `None`: the provider's defaults.
    pub scopes: Option<Vec<String>>,
    /// The flow; `None`: the provider's first that metadata allows.
    pub flow: Option<Flow>,
    /// Port of the loopback redirect; `None`: by the provider's rule.
    pub redirect_port: Option<u16>,
    /// Resources the tokens shall be for (RFC 8707 2).
    pub resources: Vec<String>,
    /// Whether the tokens shall be bound to a key (RFC 9449), where the record leaves it open.
    pub dpop: bool,
    /// Register a client with the provider first (RFC 7591), when none is given.
    pub register: Option<RegisterWish>,
    /// A static key to keep; then nobody is asked and nothing else counts but provider and account.
    pub key: Option<KeyWish>,
}

/// A static key that a person has.
#[derive(Debug)]
pub struct KeyWish {
    /// The key.
    pub key: ApiKey,
    /// When it ends, if the person knows.
    pub expires_at: Option<Timestamp>,
}

/// How a client shall be registered (RFC 7591 3.1).
#[derive(Debug, Default)]
pub struct RegisterWish {
    /// The initial access token, where the provider wants one.
    pub token: Option<RegistrationToken>,
}

impl SignInRequest {
    /// A sign-in that leaves everything to the provider's record.
    pub fn new(id: SignInId, provider: ProviderChoice) -> Self {
        Self {
            id,
            provider,
            account: None,
            client: None,
            scopes: None,
            flow: None,
            redirect_port: None,
            resources: Vec::new(),
            dpop: false,
            register: None,
            key: None,
        }
    }
}

/// Which provider a sign-in is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderChoice {
    /// One of the catalogue, or one signed in to before.
    Known {
        /// Its name.
        name: String,
        /// Values for its placeholders, `tenant`.
        parameters: BTreeMap<String, String>,
    },
    /// Any other, found by discovery.
    Issuer {
        /// Name it gets; becomes the provider part of credential names.
        name: String,
        /// Issuer identifier.
        issuer: String,
        /// Endpoints given by hand; they win over discovery.
        endpoints: Box<Endpoints>,
    },
}

impl ProviderChoice {
    /// The provider's part of credential names.
    pub fn name(&self) -> &str {
        match self {
            Self::Known { name, .. } | Self::Issuer { name, .. } => name,
        }
    }
}

/// What the person sees while a sign-in is under way. Never a secret: the user code and the addresses are for the
/// person's eyes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "step")]
pub enum SignInStep {
    /// Reading the provider's metadata.
    Discovering,
    /// Enter this code at that address (RFC 8628 3.3).
    DeviceCode {
        /// What the person enters.
        user_code: String,
        /// Where.
        verification_uri: String,
        /// The address with the code in it, for the QR code.
        verification_uri_complete: Option<String>,
        /// When the code dies.
        expires_at: Timestamp,
        /// When the provider is asked next.
        next_poll: Timestamp,
    },
    /// The provider was asked and the person has not answered yet.
    Polled {
        /// When the provider is asked next.
        next_poll: Timestamp,
        /// Seconds between questions now (RFC 8628 3.5: `slow_down` adds five).
        interval_secs: u64,
    },
    /// Open this address in a browser; the answer comes to the loopback listener.
    Authorize {
        /// The address.
        url: String,
        /// Where the answer comes.
        redirect_uri: String,
        /// When we stop listening.
        expires_at: Timestamp,
        /// The provider's usual port, when another program has it: the answer comes only if the redirect address with
        /// the other port is registered too.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        taken_port: Option<u16>,
    },
    /// The address expired before it was opened; this one stands for the same request (RFC 9126 2.2).
    Renewed {
        /// The address.
        url: String,
    },
    /// The answer came and is exchanged for tokens.
    Exchanging,
    /// Reading the registration endpoint's answer: a client is made for this sign-in (RFC 7591).
    Registering,
    /// The tokens came, or a key was given, and the vault cannot be written: they wait in memory.
    Unkept {
        /// Why, and what to do.
        failure: Failure,
        /// When they are written again.
        next_try: Timestamp,
    },
    /// Done: the credential is in the vault.
    SignedIn {
        /// Its name.
        name: CredentialName,
        /// Why it is not the name that was meant, if it is not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        apart: Option<Apart>,
        /// Nobody told whose tokens these are: the account part of the name says nothing, and the person can be asked.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_unnamed: bool,
        /// What had the name until now and is still to be revoked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        aside: Option<Aside>,
    },
    /// Over, without a credential.
    Failed {
        /// Why and what to do.
        failure: Failure,
    },
    /// Given up by the person.
    Cancelled,
}

/// New tokens that were not put in the place of those under the name that was meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Apart {
    /// The name that was meant.
    pub from: CredentialName,
    /// Why they are kept apart.
    pub why: KeptApart,
}

/// Tokens that are to be revoked and whose name a new sign-in took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aside {
    /// What they are called from now on.
    pub name: CredentialName,
    /// Revoking them may end the new ones too.
    pub may_end_new: bool,
}

impl Aside {
    /// What is said of it, a sentence or two.
    pub fn sentence(&self) -> String {
        let then = if self.may_end_new {
            " That may end the new ones too: sign in again then."
        } else {
            ""
        };
        format!(
            "The tokens before are still to be revoked; they are kept as {} until the provider was told.{then}",
            self.name
        )
    }
}

/// Why new tokens do not take the place of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeptApart {
    /// They are another account's.
    OtherAccount,
    /// Neither the ID token nor the provider tells whose they are.
    Untold,
}

impl Apart {
    /// What is said of it, a sentence.
    pub fn sentence(&self) -> String {
        match self.why {
            KeptApart::OtherAccount => format!(
                "{} holds the tokens of another account, so these are kept beside it.",
                self.from
            ),
            KeptApart::Untold => format!(
                "The provider does not tell whose tokens these are, so {} keeps its own and these are kept beside it.",
                self.from
            ),
        }
    }
}

/// Why a person is asked for the account's name.
pub fn why_asked(apart: Option<&Apart>) -> String {
    apart.map_or_else(
        || "The provider does not tell whose account this is.".to_owned(),
        Apart::sentence,
    )
}

/// What a wizard can offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderView {
    /// The record.
    pub provider: Provider,
    /// The client kept for it, if any.
    pub client_id: Option<String>,
    /// How many credentials there are of it.
    pub credentials: u64,
}
