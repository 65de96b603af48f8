//! A credential: a grant that we hold, as a profile anyone may see and a secret that is opened when used.

use crate::clock::Timestamp;
use crate::model::client::{Client, ClientAuth};
use crate::model::failure::{Attempt, Failure};
use crate::model::fingerprint::Fingerprint;
use crate::model::health::{Forecast, Health};
use crate::model::inquiry::Liveness;
use crate::model::name::CredentialName;
use crate::model::policy::PolicyOverride;
use crate::model::provenance::Provenance;
use crate::model::provider::Provider;
use crate::model::token::IdClaims;
use crate::secret::{AccessToken, IdToken, PrivateKey, RefreshToken};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A credential's number within its vault; never used again after it was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CredentialId(pub i64);

/// Counts what a credential has held: one more at every refresh and every new sign-in.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Generation(pub u64);

/// How a person signs in, and how a credential was minted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// Device authorization grant (RFC 8628).
    Device,
    /// Authorization code with PKCE over a loopback redirect (RFC 8252).
    Loopback,
    /// The client's own credentials, no person (RFC 6749 4.4); refreshed by asking again.
    ClientCredentials,
    /// A static key that a person pasted: no refresh, the end that the person gave.
    ApiKey,
}

/// What is remembered of a credential's standing across restarts; [`Health`] is made from it and the time.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "standing")]
pub enum Standing {
    /// As far as is known the grant lives.
    #[default]
    Active,
    /// The provider refused the refresh token.
    NeedsLogin {
        /// Why.
        cause: Failure,
    },
    /// The provider refused the client or its request.
    Misconfigured {
        /// Why.
        cause: Failure,
    },
    /// Revoked at the provider, on purpose.
    Revoked {
        /// When.
        at: Timestamp,
        /// Whether its tokens were seen dead there afterwards.
        #[serde(default)]
        proof: Liveness,
    },
    /// To be revoked: the provider was not told yet. Nothing of it is handed out or refreshed.
    Revoking {
        /// Since when that is wished.
        since: Timestamp,
        /// How often the provider could not be told.
        tries: u32,
        /// When it is told again.
        next: Timestamp,
        /// Why it could not be told the last time.
        #[serde(default)]
        cause: Option<Failure>,
        /// A new sign-in has its name: nobody needs it any more once the provider was told.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_aside: bool,
    },
}

impl Standing {
    /// Whether its tokens are over by the person's own wish, whatever the provider knows of that.
    pub const fn is_revoked(&self) -> bool {
        matches!(self, Self::Revoked { .. } | Self::Revoking { .. })
    }

    /// Whether its provider was told so too, or the person that it could not be: nothing is left to do about its tokens.
    pub const fn is_ended(&self) -> bool {
        matches!(self, Self::Revoked { .. })
    }
}

/// That a credential came back from its past: with a backup, or because an earlier generation was put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// The moment whose state it is.
    pub of: Timestamp,
    /// How many generations newer the vault was that the backup took the place of; `None`: there was none to compare.
    #[serde(default)]
    pub behind: Option<u64>,
    /// A person put an earlier generation back; otherwise it came with a backup.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub put_back: bool,
    /// It was imported as it was before; otherwise it came with a backup.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub imported: bool,
}

impl Restored {
    /// Of two things that are known of one refresh token, the one that asks for more care.
    pub fn graver(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        let weight = |it: &Self| it.behind.map_or(0, |behind| behind.saturating_add(1));
        match (one, other) {
            (Some(one), Some(other)) if weight(&other) > weight(&one) => Some(other),
            (one, other) => one.or(other),
        }
    }
}

/// Everything the list needs of a credential, and no token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Its name.
    pub name: CredentialName,
    /// What people call the provider.
    pub provider_name: String,
    /// Host the tokens are refreshed at; refreshes are counted and limited by it.
    pub host: String,
    /// Scopes the access token carries.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// `Bearer`, nearly always.
    pub token_type: String,
    /// How it was minted.
    pub flow: Flow,
    /// The client it was minted with.
    pub client_id: String,
    /// How that client authenticates.
    pub client_auth: ClientAuth,
    /// What the ID token says, if there is one.
    #[serde(default)]
    pub claims: Option<IdClaims>,
    /// Whether there is a refresh token.
    pub has_refresh_token: bool,
    /// Whether the access token itself is exchanged for a newer one.
    #[serde(default)]
    pub renews_itself: bool,
    /// Thumbprint of the key its tokens are bound to (RFC 9449 6.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound_to: Option<String>,
    /// The resources its tokens were asked for (RFC 8707).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// What the provider said beside the tokens that programs need (the record's `keep`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kept: BTreeMap<String, String>,
    /// It came back with a backup, and nothing was refreshed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<Restored>,
    /// Where it was taken in from, unless a person signed in to it here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
    /// Scopes that a program needs and the grant lacks: the person is asked to sign in again with them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wanted_scopes: Vec<String>,
    /// When the credential was first stored.
    pub created_at: Timestamp,
    /// When its present family of refresh tokens began: the last sign-in.
    pub signed_in_at: Timestamp,
    /// When the present access token was issued.
    pub issued_at: Timestamp,
    /// When the present access token expires, if it does.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// When the provider says the refresh token expires.
    #[serde(default)]
    pub refresh_expires_at: Option<Timestamp>,
    /// Seconds the refresh token lives unused (copied from the provider's record).
    #[serde(default)]
    pub refresh_idle_life: Option<u64>,
    /// Seconds the refresh token lives after sign-in (copied from the provider's record).
    #[serde(default)]
    pub refresh_absolute_life: Option<u64>,
    /// Seconds the refresh token lives in the provider's test mode (copied from the provider's record).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_life: Option<u64>,
    /// Whether a refresh moves the end that the provider names for the refresh token; `None`: not seen yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_end_moves: Option<bool>,
    /// The end of the refresh token that was told in the activity in good time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_end: Option<Timestamp>,
    /// Seconds that earlier families of its refresh token lived before the provider refused them, the last few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen_lives: Vec<u64>,
    /// When somebody caused a refresh beyond its schedule, within the last hour.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked_at: Vec<Timestamp>,
    /// The provider refuses refreshes earlier than that many seconds before expiry.
    #[serde(default)]
    pub earliest_refresh: Option<u64>,
    /// When a program last got the access token; kept to the minute, so that reading does not mean writing.
    #[serde(default)]
    pub last_used_at: Option<Timestamp>,
    /// Which access token it holds.
    pub access_fingerprint: Fingerprint,
    /// Which refresh token it holds.
    #[serde(default)]
    pub refresh_fingerprint: Option<Fingerprint>,
    /// Its standing.
    #[serde(default)]
    pub standing: Standing,
    /// The last failure that has not been followed by a success.
    #[serde(default)]
    pub last_failure: Option<Failure>,
    /// Consecutive transient failures.
    #[serde(default)]
    pub failures_in_a_row: u32,
    /// What overrides the policy for this credential.
    #[serde(default)]
    pub policy: PolicyOverride,
    /// The last refreshes, oldest first, 24 at most.
    #[serde(default)]
    pub attempts: Vec<Attempt>,
}

/// How many lives of earlier families a profile keeps.
const KEPT_LIVES: usize = 4;
/// How many attempts a profile keeps.
pub const KEPT_ATTEMPTS: usize = 24;

impl Profile {
    /// Whether newer tokens can be had without a person.
    pub fn is_renewable(&self) -> bool {
        self.has_refresh_token || self.renews_itself || self.flow == Flow::ClientCredentials
    }

    /// Whether its refresh token was replaced after the backup it came back with, and is probably spent.
    pub fn is_overtaken(&self) -> bool {
        self.restored
            .is_some_and(|restored| restored.behind.is_some())
    }

    /// Until when its access token is of use; `None`: it has no end, or it was revoked.
    pub fn usable_until(&self) -> Option<Timestamp> {
        self.expires_at.filter(|_| !self.standing.is_revoked())
    }

    /// Notes that its family of refresh tokens ended at that moment; the oldest fall out.
    pub fn record_life(&mut self, ended_at: Timestamp) {
        let extra = (self.seen_lives.len() + 1).saturating_sub(KEPT_LIVES);
        self.seen_lives.drain(..extra);
        self.seen_lives
            .push(ended_at.since(self.signed_in_at).as_secs());
    }

    /// Whether its access token counts as over since nobody said when it ends: it came from elsewhere.
    pub fn ended_untold(&self) -> bool {
        self.expires_at.is_some_and(|end| end < self.issued_at)
    }

    /// Adds an ended attempt to the history strip; the oldest fall out.
    pub fn record_attempt(&mut self, at: Timestamp, took_ms: u64, failed: Option<String>) {
        let extra = (self.attempts.len() + 1).saturating_sub(KEPT_ATTEMPTS);
        self.attempts.drain(..extra);
        self.attempts.push(Attempt {
            at,
            took_ms,
            failed,
        });
    }
}

/// What is opened only for the moment it is used.
#[derive(Debug)]
pub struct Secret {
    /// The present access token.
    pub access: AccessToken,
    /// The present refresh token.
    pub refresh: Option<RefreshToken>,
    /// The one before, kept until its grace ends.
    pub previous_refresh: Option<PreviousRefresh>,
    /// The last ID token.
    pub id_token: Option<IdToken>,
    /// The client the tokens were minted with.
    pub client: Client,
    /// The key the tokens are bound to (RFC 9449).
    pub bound_to: Option<PrivateKey>,
    /// The provider's record, templates filled in: the only endpoints these tokens may be sent to.
    pub provider: Provider,
}

impl Secret {
    /// A second copy, for a write that may have to be tried again.
    pub fn duplicate(&self) -> Self {
        let previous = self.previous_refresh.as_ref();
        Self {
            access: self.access.duplicate(),
            refresh: self.refresh.as_ref().map(RefreshToken::duplicate),
            previous_refresh: previous.map(|previous| PreviousRefresh {
                token: previous.token.duplicate(),
                kept_until: previous.kept_until,
            }),
            id_token: self.id_token.as_ref().map(IdToken::duplicate),
            client: self.client.duplicate(),
            bound_to: self.bound_to.as_ref().map(PrivateKey::duplicate),
            provider: self.provider.clone(),
        }
    }
}

/// A refresh token that was replaced.
#[derive(Debug)]
pub struct PreviousRefresh {
    /// The token.
    pub token: RefreshToken,
    /// After this it is of no use.
    pub kept_until: Timestamp,
}

/// One credential as everybody above the vault sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CredentialView {
    /// Its number.
    pub id: CredentialId,
    /// How many token sets it has held.
    pub generation: Generation,
    /// What is stored of it.
    pub profile: Arc<Profile>,
    /// How it is now.
    pub health: Health,
    /// When the engine will next refresh it.
    pub refresh_at: Option<Timestamp>,
    /// When the refresh token will die.
    pub forecast: Forecast,
}

impl CredentialView {
    /// Whether it was revoked and its tokens were seen alive afterwards.
    pub fn is_alive_though_revoked(&self) -> bool {
        matches!(
            self.profile.standing,
            Standing::Revoked {
                proof: Liveness::Alive,
                ..
            }
        )
    }
}
