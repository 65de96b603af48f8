//! What reaches the shell from the vault's thread, from requests and from sign-ins.

use crate::engine::api::Refusal;
use crate::engine::ending_parcels::EndWish;
use crate::engine::importing::{ImportWish, Waiting};
use crate::engine::minting::Minted;
use crate::engine::parcels::Acceptance;
use crate::engine::putting_back::PutBackWish;
use crate::engine::step::{Fingerprints, FlightId, Input, TokenChoice, VaultTrouble};
use crate::model::alert::Alert;
use crate::model::credential::{CredentialId, Generation, Profile, Restored, Secret};
use crate::model::event::Activity;
use crate::model::failure::Failure;
use crate::model::inquiry::Liveness;
use crate::model::operation::OperationId;
use crate::model::signin::{SignInId, SignInStep};
use crate::model::token::TokenSet;
use crate::model::watcher::Watcher;
use crate::secret::AccessToken;
use crate::vault::bundle::Bundled;
use crate::vault::generation::Kept;
use crate::vault::store::Written;
use std::sync::Arc;
use std::time::Duration;

/// One fact, secrets and all; the core gets it without them.
#[derive(Debug)]
pub enum Fact {
    /// Something the core understands as it is.
    Known(Input),
    /// The intent to refresh was written and the secret opened, or not.
    Opened {
        /// The flight.
        flight: FlightId,
        /// What became of it; `None`: the vault holds another generation.
        outcome: Result<Option<Box<Secret>>, VaultTrouble>,
    },
    /// The provider answered, or failed to.
    Answered {
        /// The flight.
        flight: FlightId,
        /// Which refresh token was sent.
        choice: TokenChoice,
        /// Scopes that were asked for, where not those of the grant.
        narrow: Vec<String>,
        /// How long it took.
        took: Duration,
        /// The answer.
        outcome: Result<Box<TokenSet>, Failure>,
    },
    /// An access token was read for those who asked.
    Fetched {
        /// Whose.
        id: CredentialId,
        /// The token and the generation it is of.
        outcome: Result<(Generation, AccessToken), VaultTrouble>,
    },
    /// A client was deleted at its provider.
    ClientDeleted {
        /// The provider's name.
        provider: String,
        /// The client's id.
        client_id: String,
        /// What that belongs to.
        operation: OperationId,
    },
    /// Something that only has to be told.
    Happened(Activity),
    /// The log was read up to its end, or could not be; so many lines were new.
    Watched {
        /// What has been read of it.
        watcher: Box<Watcher>,
        /// So many lines were new, and the alerts that nobody has looked at.
        read: Result<(u64, Vec<Alert>), Refusal>,
    },
    /// A sampled check ended.
    Checked {
        /// Whose token.
        id: CredentialId,
        /// Its generation.
        generation: Generation,
        /// What the provider said.
        liveness: Liveness,
    },
    /// A parcel was opened, to be taken in.
    ParcelOpened {
        /// What is in it.
        one: Box<Bundled>,
        /// Who wants it, and how.
        wish: Acceptance,
    },
    /// A parcel was opened, to be revoked and thrown away.
    ParcelDoomed {
        /// What is in it.
        one: Box<Bundled>,
        /// Who wants that.
        wish: EndWish,
    },
    /// A credential from elsewhere was compared with what the vault knows of its refresh token.
    Weighed {
        /// The credential.
        one: (Box<Profile>, Box<Secret>),
        /// What is known of its refresh token.
        known: Result<Option<Restored>, VaultTrouble>,
        /// Who wants it taken in.
        wish: Box<ImportWish>,
    },
    /// A credential from elsewhere, or an earlier generation of one, was written, or not.
    Arrived {
        /// The number under which it was being written.
        number: u64,
        /// What may be seen of it.
        profile: Box<Profile>,
        /// What became of it.
        outcome: Result<Written, VaultTrouble>,
        /// Who waits for it, and what is told when it is there.
        waiting: Box<Waiting>,
    },
    /// A kept generation was looked for, to be put back.
    Unkept {
        /// It; `None`: there is no such one.
        found: Result<Option<Box<Kept>>, VaultTrouble>,
        /// Who wants it.
        wish: Box<PutBackWish>,
    },
    /// A sign-in came a step further.
    Step {
        /// Which.
        id: SignInId,
        /// How far.
        step: SignInStep,
    },
    /// A sign-in was refused before its first step.
    NotStarted {
        /// Which.
        id: SignInId,
    },
    /// A sign-in brought tokens: they have to be kept.
    Minted {
        /// Which.
        id: SignInId,
        /// They.
        minted: Arc<Minted>,
        /// How often they could not be written.
        tries: u32,
    },
    /// The tokens of a sign-in were written, or not.
    Kept {
        /// Which.
        id: SignInId,
        /// They.
        minted: Arc<Minted>,
        /// How often they could not be written before.
        tries: u32,
        /// What became of it.
        outcome: Result<Written, VaultTrouble>,
        /// Keyed hashes of the tokens.
        prints: Fingerprints,
    },
}
