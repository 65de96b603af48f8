//! What the engine asks of a store of sealed rows; nothing in it assumes a local file.

use crate::clock::Timestamp;
use crate::model::client::{Client, ClientView};
use crate::model::credential::{CredentialId, Generation, Profile, Secret};
use crate::model::event::{Activity, Entry};
use crate::model::extent::Extent;
use crate::model::family::Family;
use crate::model::fingerprint::Fingerprint;
use crate::model::grant::{Grant, GrantName};
use crate::model::identity::Trace;
use crate::model::kept::{Past, Replaced};
use crate::model::name::CredentialName;
use crate::model::parcel::ParcelView;
use crate::model::policy::GenerationKeeping;
use crate::model::provider::Provider;
use crate::vault::bundle::Bundled;
use crate::vault::error::VaultError;
use crate::vault::generation::Kept;
use zeroize::Zeroizing;

/// A credential as the list needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredProfile {
    /// Its number.
    pub id: CredentialId,
    /// Its generation.
    pub generation: Generation,
    /// Its opened profile.
    pub profile: Profile,
}

/// An open entry of the journal: a refresh token was about to be spent and no outcome was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spending {
    /// Whose.
    pub id: CredentialId,
    /// Generation whose refresh token was spent.
    pub generation: Generation,
    /// Which refresh token.
    pub fingerprint: Fingerprint,
    /// When.
    pub started_at: Timestamp,
}

/// One change. A batch of them is one transaction: all or nothing.
#[derive(Debug)]
pub enum Write {
    /// A new credential (or, under a name that exists, a new family for it: the generation goes on). Answered by
    /// [`Written::Saved`].
    SignIn {
        /// What may be seen of it.
        profile: Box<Profile>,
        /// Its tokens.
        secret: Box<Secret>,
    },
    /// The same, and in the same transaction another credential gives its name away. Refused when that one is of another
    /// generation ([`Written::Stale`]).
    SignInBeside {
        /// The other one under its new name.
        aside: Box<StoredProfile>,
        /// What may be seen of the new one.
        profile: Box<Profile>,
        /// Its tokens.
        secret: Box<Secret>,
    },
    /// A credential that comes from elsewhere, or back from its own past. Answered by [`Written::Saved`].
    Admit {
        /// The generation it takes the place of under its name; `None`: the name must be free. Anything else is refused
        /// ([`Written::Stale`]) and changes nothing.
        over: Option<Generation>,
        /// What may be seen of it.
        profile: Box<Profile>,
        /// Its tokens.
        secret: Box<Secret>,
        /// What is said of the generation it takes the place of.
        replaced: Replaced,
    },
    /// A refresh token is about to be spent: opens the journal's entry. Refused when one is open already for a
    /// different token, or when the credential is of another generation ([`Written::Stale`]).
    Spend(Spending),
    /// The answer to a spending: new secret (with the previous refresh token), new profile, fingerprints, generation + 1,
    /// journal entry closed. Answered by [`Written::Saved`].
    Rotate {
        /// Whose.
        id: CredentialId,
        /// The generation that was spent; anything else is refused ([`Written::Stale`]) and changes nothing.
        spent: Generation,
        /// What may be seen of it now.
        profile: Box<Profile>,
        /// Its tokens now.
        secret: Box<Secret>,
    },
    /// A spending failed for certain (refused, or never sent): the profile says why and the entry is closed.
    FailSpending {
        /// Whose.
        id: CredentialId,
        /// The generation that was to be spent.
        generation: Generation,
        /// What may be seen of it now.
        profile: Box<Profile>,
    },
    /// The outcome of a spending is not known (time-out, connection lost): the profile says so, the entry stays open.
    UnknownSpending {
        /// Whose.
        id: CredentialId,
        /// The generation that may have been spent.
        generation: Generation,
        /// What may be seen of it now.
        profile: Box<Profile>,
    },
    /// Only the profile changes.
    Profile {
        /// Whose.
        id: CredentialId,
        /// Its generation; anything else is refused ([`Written::Stale`]) and changes nothing.
        generation: Generation,
        /// What may be seen of it now.
        profile: Box<Profile>,
    },
    /// Forget a credential: rows, kept generations and journal; its fingerprints stay known.
    Remove {
        /// Which.
        id: CredentialId,
        /// The generation it must be of; anything else is refused ([`Written::Stale`]) and changes nothing.
        only: Option<Generation>,
    },
    /// Keep a client registration.
    Client {
        /// The provider it is registered with, and all that is known of it.
        provider: Box<Provider>,
        /// The client.
        client: Client,
    },
    /// Forget a client registration.
    ForgetClient {
        /// The provider's name.
        provider: String,
        /// The client's id.
        client_id: String,
    },
    /// Keep a grant, in the place of the one of its name.
    Grant(Box<StoredGrant>),
    /// Forget a grant.
    ForgetGrant(GrantName),
    /// Add a line to the activity log.
    Activity(Activity),
    /// Let old lines of the activity log go; what is left can still be verified. Answered by [`Written::Pruned`].
    Prune(Pruning),
}

/// Which lines of the activity log may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pruning {
    /// Those older than this, as far as no younger one stands before them.
    pub before: Timestamp,
    /// The oldest ones beyond so many.
    pub most: u64,
    /// At most so many at once: other writes wait meanwhile.
    pub portion: usize,
}

/// What became of one [`Write`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It is on disk.
    Done,
    /// So many lines of the activity log went.
    Pruned(usize),
    /// A credential is on disk under this number and generation.
    Saved(CredentialId, Generation),
    /// The credential is not of that generation any more, or is gone, or another token's spending is open: this write
    /// changed nothing, the others of the batch stand.
    Stale,
}

/// A client registration that was kept.
#[derive(Debug)]
pub struct StoredClient {
    /// The provider it is registered with.
    pub provider: Provider,
    /// The client.
    pub client: Client,
}

/// A grant with what is kept of its tokens.
#[derive(Debug)]
pub struct StoredGrant {
    /// Its terms.
    pub grant: Grant,
    /// The families that are alive, the oldest first.
    pub families: Vec<Family>,
}

/// A store of sealed rows, unlocked. One thread owns it.
pub trait Store: Send {
    /// How many credentials there are.
    fn count(&mut self) -> Result<u64, VaultError>;

    /// Opens all profiles and hands them over in portions, as they are ready (the first one small, so that a screen
    /// has something to show). A row that cannot be opened is handed over as its error and the rest goes on.
    fn profiles(
        &mut self,
        portion: &mut dyn FnMut(Vec<Result<StoredProfile, VaultError>>),
    ) -> Result<(), VaultError>;

    /// Opens one credential's secret, with the generation it belongs to.
    fn secret(&mut self, id: CredentialId) -> Result<(Generation, Secret), VaultError>;

    /// The generations that are kept of a credential, the newest first, opened.
    fn generations(&mut self, id: CredentialId) -> Result<Vec<Kept>, VaultError>;

    /// Carries a batch out in one transaction: when this returns, it is on disk.
    fn apply(&mut self, writes: Vec<Write>) -> Result<Vec<Written>, VaultError>;

    /// Open entries of the journal.
    fn open_spendings(&mut self) -> Result<Vec<Spending>, VaultError>;

    /// The client kept for a provider, with the record it was used with; the newest one.
    fn client(&mut self, provider: &str) -> Result<Option<StoredClient>, VaultError>;

    /// All clients that are kept.
    fn clients(&mut self) -> Result<Vec<ClientView>, VaultError>;

    /// The newest lines of the activity log, newest last; of one credential (its hand-outs aside), or of all.
    fn activity(
        &mut self,
        name: Option<&CredentialName>,
        limit: usize,
    ) -> Result<Vec<Activity>, VaultError>;

    /// Lines of the activity log in their order: at most `limit` after number `after`. The first line that is not as
    /// it was written, or that is missing, is the error.
    fn log_after(&mut self, after: u64, limit: usize) -> Result<Vec<Entry>, VaultError>;

    /// The newest lines of the activity log before number `before`: at most `limit` of them, newest last.
    fn log_before(&mut self, before: u64, limit: usize) -> Result<Vec<Entry>, VaultError>;

    /// Refuses an activity log whose newest or oldest lines are gone, which no line that is left can tell.
    fn check_log_ends(&mut self) -> Result<(), VaultError>;

    /// What an account is called where its name shall not stand: always the same in one vault, and a name again.
    fn pseudonym(&self, name: &CredentialName) -> String;

    /// The keyed hash of a token, as profiles and the fingerprint table hold it.
    fn fingerprint(&self, token: &str) -> Fingerprint;

    /// Where the fingerprint of a token leads, if any credential ever held it.
    fn find_fingerprint(&mut self, fingerprint: Fingerprint) -> Result<Option<Trace>, VaultError>;

    /// What is known here of a refresh token that comes from elsewhere; `None`: no credential ever held it.
    fn past(&mut self, fingerprint: Fingerprint) -> Result<Option<Past>, VaultError>;

    /// What came in while the vault was locked, the oldest first.
    fn parcels(&mut self) -> Result<Vec<ParcelView>, VaultError> {
        Ok(Vec::new())
    }

    /// Opens a parcel: the credential, and what it says it comes from.
    fn parcel(&mut self, id: i64) -> Result<(Bundled, String), VaultError> {
        Err(VaultError::NoSuchParcel { id })
    }

    /// Throws a parcel away.
    fn drop_parcel(&mut self, id: i64) -> Result<(), VaultError> {
        Err(VaultError::NoSuchParcel { id })
    }

    /// Keeps so much of tokens that are replaced from now on.
    fn keep(&mut self, _: GenerationKeeping) {}

    /// What local programs may have, the oldest grant first.
    fn grants(&mut self) -> Result<Vec<StoredGrant>, VaultError>;

    /// What the access tokens of grants are signed with: another one when the vault's identity is another.
    fn grant_key(&self) -> Zeroizing<[u8; 32]>;

    /// Where the store is, for people.
    fn place(&self) -> String;

    /// What it takes on a disk of this machine; `None`: it lies elsewhere.
    fn extent(&self) -> Option<Extent>;
}
