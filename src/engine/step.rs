//! The words of the pure core: inputs are facts, effects are wishes; neither ever holds a secret.

use crate::clock::Timestamp;
use crate::engine::api::{Refusal, RevokeOutcome};
use crate::engine::operations::Begun;
use crate::engine::settings::CoreSettings;
use crate::model::chore::{Chore, Ended};
use crate::model::credential::{CredentialId, CredentialView, Generation, Profile};
use crate::model::event::Activity;
use crate::model::failure::Failure;
use crate::model::fingerprint::Fingerprint;
use crate::model::name::CredentialName;
use crate::model::operation::OperationId;
use crate::model::token::IdClaims;
use crate::vault::store::{Spending, StoredProfile};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Somebody who waits for an answer, by the number the shell gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallerId(pub u64);

/// One refresh from its first write to its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlightId(pub u64);

/// Which refresh token is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenChoice {
    /// The present one.
    Current,
    /// The one before: the present one was refused, perhaps because it never reached the provider's own disk.
    Previous,
}

/// What could not be done with the vault, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultTrouble {
    /// What went wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl VaultTrouble {
    /// The same, for somebody who asked.
    pub fn refusal(&self) -> Refusal {
        Refusal::Vault {
            message: self.message.clone(),
            hint: self.hint.clone(),
        }
    }
}

/// A provider's answer to a refresh without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Lifetime of the access token, if it ends.
    pub expires_in: Option<Duration>,
    /// Lifetime of the refresh token, where the provider tells.
    pub refresh_expires_in: Option<Duration>,
    /// The access token's type.
    pub token_type: String,
    /// Scopes, where the answer names them.
    pub scopes: Option<Vec<String>>,
    /// What a new ID token says.
    pub claims: Option<IdClaims>,
    /// What the answer brings anew of what is kept beside tokens (the record's `keep`).
    pub kept: BTreeMap<String, String>,
    /// Whether the refresh token was replaced.
    pub rotated: bool,
}

/// Which tokens were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprints {
    /// The access token.
    pub access: Fingerprint,
    /// The refresh token.
    pub refresh: Option<Fingerprint>,
}

/// What became of writing an intent to refresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpendOutcome {
    /// It is on disk and the secret is open; a previous refresh token is kept until then.
    Written {
        /// Until when a previous refresh token is of use, if one is kept.
        previous_until: Option<Timestamp>,
    },
    /// The vault holds another generation: somebody else rotated or removed it.
    Stale,
    /// The vault could not be written or read: nothing was spent.
    Failed(VaultTrouble),
}

/// What became of writing new tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RotateOutcome {
    /// They are on disk.
    Written(Fingerprints),
    /// The vault holds another generation: a new sign-in or a removal came first.
    Stale,
    /// The vault could not be written; the shell still has them in hand.
    Failed(VaultTrouble),
}

/// What became of forgetting a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RemoveOutcome {
    /// It is gone.
    Removed,
    /// The vault holds another generation than the one that was to go: nothing was done.
    Stale,
    /// The vault could not be written: it is there as it was.
    Failed(VaultTrouble),
}

/// What has happened.
#[derive(Debug)]
pub enum Input {
    /// The journal has open entries; comes before the first profile.
    FoundOpen(Vec<Spending>),
    /// Profiles were opened.
    Loaded {
        /// They.
        profiles: Vec<StoredProfile>,
        /// How many there will be.
        total: u64,
    },
    /// All that can be opened was opened.
    LoadEnded {
        /// How many could not be.
        unreadable: u64,
    },
    /// A program wants an access token.
    TokenAsked {
        /// Who asks.
        caller: CallerId,
        /// Whose token.
        name: CredentialName,
        /// How long it must live yet.
        min_ttl: Duration,
        /// How long the caller waits.
        timeout: Duration,
    },
    /// Somebody wants a rotation.
    RefreshAsked {
        /// Who asks.
        caller: CallerId,
        /// Of which.
        name: CredentialName,
        /// How long the caller waits.
        timeout: Duration,
    },
    /// Somebody wants a revocation.
    RevokeAsked {
        /// Who asks.
        caller: CallerId,
        /// Of which.
        name: CredentialName,
        /// What it is part of, where it is.
        within: Option<OperationId>,
    },
    /// Somebody wants a credential forgotten.
    RemoveAsked {
        /// Who asks.
        caller: CallerId,
        /// Which.
        name: CredentialName,
        /// Only while it is of this generation and nothing of it is under way.
        only: Option<Generation>,
    },
    /// A program needs scopes.
    ScopesNeeded {
        /// Who asks.
        caller: CallerId,
        /// Of which.
        name: CredentialName,
        /// Which.
        scopes: Vec<String>,
    },
    /// A program wants a token with these scopes only.
    NarrowAsked {
        /// Who asks.
        caller: CallerId,
        /// Of which.
        name: CredentialName,
        /// Which scopes.
        scopes: Vec<String>,
    },
    /// Somebody wants a credential called otherwise.
    RenameAsked {
        /// Who asks.
        caller: CallerId,
        /// Which.
        name: CredentialName,
        /// What it shall be called.
        to: CredentialName,
    },
    /// The provider says that an access token is dead before its time.
    FoundDead {
        /// Whose.
        id: CredentialId,
        /// The generation it is of.
        generation: Generation,
    },
    /// The intent to refresh was written, or not.
    Spent {
        /// Of which flight.
        flight: FlightId,
        /// What became of it.
        outcome: SpendOutcome,
    },
    /// The provider gave new tokens; the shell has them in hand.
    Granted {
        /// Of which flight.
        flight: FlightId,
        /// What may be known of them.
        grant: Grant,
        /// How long the provider took.
        took: Duration,
    },
    /// The provider, or the way to it, failed.
    Refused {
        /// Of which flight.
        flight: FlightId,
        /// Why.
        failure: Failure,
        /// How long it took.
        took: Duration,
    },
    /// The new tokens were written, or not.
    Rotated {
        /// Of which flight.
        flight: FlightId,
        /// What became of it.
        outcome: RotateOutcome,
    },
    /// A changed profile could not be written.
    ProfileNotWritten {
        /// Whose.
        id: CredentialId,
    },
    /// A revocation ended.
    RevokeEnded {
        /// Whose.
        id: CredentialId,
        /// The generation whose tokens were to be revoked.
        generation: Generation,
        /// How.
        outcome: Result<RevokeOutcome, Refusal>,
    },
    /// A removal was written, or not.
    RemoveEnded {
        /// Who asked, if anyone did.
        caller: Option<CallerId>,
        /// Whose.
        id: CredentialId,
        /// How it ended.
        outcome: RemoveOutcome,
    },
    /// A person begins to sign in at this provider.
    SignInBegun {
        /// Its name.
        provider: String,
    },
    /// A new sign-in takes the name of what is to be revoked there: that goes on under another one.
    SetAside {
        /// Which.
        id: CredentialId,
        /// What it is called from now on.
        to: CredentialName,
    },
    /// A person signed in and the tokens are on disk.
    SignedIn {
        /// Its number.
        id: CredentialId,
        /// Its generation.
        generation: Generation,
        /// What may be seen of it.
        profile: Box<Profile>,
        /// How it began, where that is known.
        begun: Option<Begun>,
    },
    /// A credential came from elsewhere, or an earlier generation came back, and is on disk.
    Arrived {
        /// Its number.
        id: CredentialId,
        /// Its generation.
        generation: Generation,
        /// What may be seen of it.
        profile: Box<Profile>,
    },
    /// Programs got access tokens without the core's help.
    Used {
        /// Whose and when.
        uses: Vec<(CredentialName, Timestamp)>,
    },
    /// The machine slept, or its clock was set.
    ClockJumped {
        /// By how many milliseconds the wall clock ran ahead of the steady one.
        by_ms: i64,
    },
    /// Recurring work that was wished for ended.
    ChoreEnded {
        /// Which.
        chore: Chore,
        /// How.
        ended: Ended,
    },
    /// A line was added to the activity log.
    LogGrew,
    /// Other settings count from now on.
    SettingsChanged {
        /// They.
        settings: Box<CoreSettings>,
    },
    /// Time has passed.
    Woke,
    /// The engine is asked to leave: nothing new is begun.
    Leaving,
}

impl Input {
    /// The refresh that this is about, if it is about one.
    pub fn flight(&self) -> Option<FlightId> {
        match self {
            Self::Spent { flight, .. }
            | Self::Granted { flight, .. }
            | Self::Refused { flight, .. }
            | Self::Rotated { flight, .. } => Some(*flight),
            Self::FoundOpen(_)
            | Self::Loaded { .. }
            | Self::LoadEnded { .. }
            | Self::TokenAsked { .. }
            | Self::RefreshAsked { .. }
            | Self::RevokeAsked { .. }
            | Self::RemoveAsked { .. }
            | Self::ScopesNeeded { .. }
            | Self::NarrowAsked { .. }
            | Self::RenameAsked { .. }
            | Self::FoundDead { .. }
            | Self::ProfileNotWritten { .. }
            | Self::RevokeEnded { .. }
            | Self::RemoveEnded { .. }
            | Self::SignedIn { .. }
            | Self::Arrived { .. }
            | Self::Used { .. }
            | Self::SignInBegun { .. }
            | Self::SetAside { .. }
            | Self::ClockJumped { .. }
            | Self::ChoreEnded { .. }
            | Self::LogGrew
            | Self::SettingsChanged { .. }
            | Self::Woke
            | Self::Leaving => None,
        }
    }

    /// Who asks about which credential, if this is a question.
    pub fn question(&self) -> Option<(CallerId, &CredentialName)> {
        match self {
            Self::TokenAsked { caller, name, .. }
            | Self::RefreshAsked { caller, name, .. }
            | Self::RevokeAsked { caller, name, .. }
            | Self::RemoveAsked { caller, name, .. }
            | Self::ScopesNeeded { caller, name, .. }
            | Self::NarrowAsked { caller, name, .. }
            | Self::RenameAsked { caller, name, .. } => Some((*caller, name)),
            Self::FoundOpen(_)
            | Self::Loaded { .. }
            | Self::LoadEnded { .. }
            | Self::FoundDead { .. }
            | Self::Spent { .. }
            | Self::Granted { .. }
            | Self::Refused { .. }
            | Self::Rotated { .. }
            | Self::ProfileNotWritten { .. }
            | Self::RevokeEnded { .. }
            | Self::RemoveEnded { .. }
            | Self::SignInBegun { .. }
            | Self::SetAside { .. }
            | Self::SignedIn { .. }
            | Self::Arrived { .. }
            | Self::Used { .. }
            | Self::ClockJumped { .. }
            | Self::ChoreEnded { .. }
            | Self::LogGrew
            | Self::SettingsChanged { .. }
            | Self::Woke
            | Self::Leaving => None,
        }
    }
}

/// What is answered to a caller.
#[derive(Debug)]
pub enum Answer {
    /// The access token of that credential; the shell fetches it.
    Token(CredentialId),
    /// The narrow token that the flight has in hand.
    Narrow(FlightId),
    /// The credential now.
    View(Box<CredentialView>),
    /// What the provider did.
    Revoked(RevokeOutcome),
    /// It was removed.
    Removed,
    /// It was not done.
    Refused(Refusal),
}

/// What shall happen.
#[derive(Debug)]
pub enum Effect {
    /// Write the intent to refresh, and open the secret.
    Spend {
        /// The flight.
        flight: FlightId,
        /// The intent.
        spending: Spending,
    },
    /// Send the refresh token.
    Send {
        /// The flight.
        flight: FlightId,
        /// Which of them.
        token: TokenChoice,
        /// Scopes that the new access token shall carry; empty: those of the grant.
        narrow: Vec<String>,
        /// What it is of: how it was minted decides how newer tokens are asked for.
        profile: Arc<Profile>,
    },
    /// Write the new tokens that are in hand.
    Rotate {
        /// The flight.
        flight: FlightId,
        /// Whose.
        id: CredentialId,
        /// The generation that was spent.
        spent: Generation,
        /// What may be seen of it now, fingerprints aside.
        profile: Arc<Profile>,
    },
    /// Write that a spending failed.
    FailSpending {
        /// Whose.
        id: CredentialId,
        /// Its generation.
        generation: Generation,
        /// What may be seen of it now.
        profile: Arc<Profile>,
        /// Whether it is certain that nothing was spent; otherwise the journal's entry stays open.
        certain: bool,
    },
    /// The new tokens are on disk: whoever asks from now on gets them.
    Landed {
        /// The flight.
        flight: FlightId,
        /// Whose.
        id: CredentialId,
        /// Its name.
        name: CredentialName,
        /// Whether somebody waits for the token.
        awaited: bool,
    },
    /// The flight is over: what is in hand can be dropped.
    Drop(FlightId),
    /// Write a profile.
    WriteProfile {
        /// Whose.
        id: CredentialId,
        /// Its generation.
        generation: Generation,
        /// The profile.
        profile: Arc<Profile>,
    },
    /// Tell the provider that its tokens shall die.
    Revoke {
        /// Whose.
        id: CredentialId,
        /// The generation that is to be revoked.
        generation: Generation,
    },
    /// Forget a credential on disk.
    Remove {
        /// Who asked, if anyone did.
        caller: Option<CallerId>,
        /// Which.
        id: CredentialId,
        /// Only while the vault holds this generation of it.
        only: Option<Generation>,
    },
    /// Serve no access token of it from memory any more.
    Withdraw(CredentialName),
    /// Tell a caller.
    Answer {
        /// Who.
        caller: CallerId,
        /// What.
        answer: Answer,
        /// What it belongs to.
        operation: Option<OperationId>,
    },
    /// Tell everyone that a credential has changed.
    Changed(CredentialId),
    /// Tell everyone that a credential is gone.
    Gone(CredentialName),
    /// Tell everyone how far the loading is.
    Progress {
        /// So many are there.
        loaded: u64,
        /// So many there will be.
        total: u64,
    },
    /// A caller ran into a limit; who that is the shell knows, and how often it is worth a line.
    Exceeded {
        /// Who.
        caller: CallerId,
        /// What is told.
        line: Activity,
    },
    /// Keep a line in the activity log and tell everyone.
    Happened(Activity),
    /// Do recurring work, and say how it ended.
    Chore(Chore),
}
