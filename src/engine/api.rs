//! The engine's words: commands (wishes) and events (facts, in the past tense, never a secret).

use crate::clock::Timestamp;
use crate::engine::grants::ask::GrantAsk;
use crate::model::alert::{Alert, AlertKey};
use crate::model::analysis::Analysis;
use crate::model::audit::{Search, Verdict};
use crate::model::chore::ChoreView;
use crate::model::client::ClientView;
use crate::model::credential::{CredentialView, Generation, Profile, Secret};
use crate::model::event::{Activity, Entry, Purpose};
use crate::model::extent::{DailyBackups, Extent};
use crate::model::failure::{Failure, FailureClass};
use crate::model::grant_fault::GrantFault;
use crate::model::health::HealthKind;
use crate::model::hook::HookState;
use crate::model::identity::Identity;
use crate::model::inquiry::{ExchangeWish, Liveness, ProofRequest, ProvenToken, Validation};
use crate::model::kept::KeptGeneration;
use crate::model::limit::{Limit, LimitUse};
use crate::model::lock::Locked;
use crate::model::name::CredentialName;
use crate::model::parcel::ParcelView;
use crate::model::question::QuestionView;
use crate::model::reading::Reading;
use crate::model::signin::{ProviderView, SignInId, SignInRequest, SignInStep};
use crate::model::token::IssuedToken;
use crate::model::why::Why;
use crate::secret::FoundToken;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::oneshot;

/// Where an answer goes. Dropped without an answer: the engine is gone.
pub type Reply<T> = oneshot::Sender<Result<T, Refusal>>;

/// What can be wished for. Answers go to `reply`; what everybody should know also becomes an [`Event`].
#[derive(Debug)]
pub enum Command {
    /// All credentials, by name.
    List {
        /// The answer.
        reply: Reply<Vec<CredentialView>>,
    },
    /// One credential.
    Show {
        /// Which.
        name: CredentialName,
        /// The answer.
        reply: Reply<CredentialView>,
    },
    /// The story of one credential: what was decided when and why.
    Why {
        /// Whose.
        name: CredentialName,
        /// The answer.
        reply: Reply<Box<Why>>,
    },
    /// An access token that lives at least `min_ttl` longer; refreshed first when it does not.
    Token {
        /// Whose.
        name: CredentialName,
        /// How long it must live yet; more than the token ever lives means: refreshed now.
        min_ttl: Duration,
        /// How long the caller waits for a refresh.
        timeout: Duration,
        /// What becomes of it.
        purpose: Purpose,
        /// The answer.
        reply: Reply<IssuedToken>,
    },
    /// Rotate: refresh now.
    Refresh {
        /// Whose.
        name: CredentialName,
        /// How long the caller waits.
        timeout: Duration,
        /// The answer: the credential afterwards.
        reply: Reply<CredentialView>,
    },
    /// Revoke at the provider, then mark.
    Revoke {
        /// Whose.
        name: CredentialName,
        /// The answer: what the provider did.
        reply: Reply<RevokeOutcome>,
    },
    /// Revoke all there are, at once.
    RevokeAll {
        /// The answer: what became of each.
        reply: Reply<Vec<FateOf>>,
    },
    /// Forget locally.
    Remove {
        /// Whose.
        name: CredentialName,
        /// Only while it is of this generation and nothing of it is under way.
        only: Option<Generation>,
        /// The answer.
        reply: Reply<()>,
    },
    /// Credentials are about to leave in a file: noted before they do.
    NoteExport {
        /// Which, each with the generation that the file holds.
        credentials: Vec<(CredentialName, Generation)>,
        /// The answer: those that have moved on; where there is one, nothing was noted.
        reply: Reply<Vec<CredentialName>>,
    },
    /// A backup was written beside the engine.
    NoteBackup {
        /// How many credentials it holds.
        credentials: u64,
        /// The answer, when the line is on disk.
        reply: Reply<()>,
    },
    /// Take a credential in that nobody signed in to here; its profile says where it is from.
    Import {
        /// What may be seen of it.
        profile: Box<Profile>,
        /// Its tokens.
        secret: Box<Secret>,
        /// Whether it takes the place of one of its name.
        replaces: bool,
        /// The answer: the credential now.
        reply: Reply<CredentialView>,
    },
    /// The generations that are kept of a credential, the newest first.
    Generations {
        /// Whose.
        name: CredentialName,
        /// The answer.
        reply: Reply<Vec<KeptGeneration>>,
    },
    /// Put a kept generation back, as the next one.
    PutBack {
        /// Whose.
        name: CredentialName,
        /// Which; `None`: the newest that is kept.
        generation: Option<Generation>,
        /// The answer: the credential now.
        reply: Reply<CredentialView>,
    },
    /// What came in while the vault was locked.
    Parcels {
        /// The answer.
        reply: Reply<Vec<ParcelView>>,
    },
    /// Take in what came while the vault was locked.
    AcceptParcel {
        /// Its number.
        id: i64,
        /// The account part of its name, if it shall be another one.
        account: Option<String>,
        /// It may take the place of a credential of that name.
        replaces: bool,
        /// The answer: the credential.
        reply: Reply<CredentialView>,
    },
    /// Throw away what came while the vault was locked.
    RefuseParcel {
        /// Its number.
        id: i64,
        /// The answer.
        reply: Reply<()>,
    },
    /// Have the tokens of one of it revoked and throw it away: until that was done it is kept as a credential that is handed
    /// out to nobody.
    EndParcel {
        /// Its number.
        id: i64,
        /// The answer: what became of it.
        reply: Reply<FateOf>,
    },
    /// Ask the provider whether the access token lives, without using it up.
    Validate {
        /// Whose.
        name: CredentialName,
        /// By introspection (RFC 7662), or by asking who it is of.
        introspect: bool,
        /// The answer.
        reply: Reply<Validation>,
    },
    /// The access token there is, with a proof for one request (RFC 9449).
    Prove {
        /// Whose.
        name: CredentialName,
        /// The request.
        request: ProofRequest,
        /// The answer.
        reply: Reply<ProvenToken>,
    },
    /// Another token for one program (RFC 8693): narrower, or for another audience.
    Exchange {
        /// Whose access token is exchanged.
        name: CredentialName,
        /// What the other one shall be for.
        wish: ExchangeWish,
        /// The answer.
        reply: Reply<IssuedToken>,
    },
    /// The ID token there is, for a service that takes it in the place of an access token.
    IdToken {
        /// Whose.
        name: CredentialName,
        /// What becomes of it.
        purpose: Purpose,
        /// The answer; it expires when the ID token says so.
        reply: Reply<IssuedToken>,
    },
    /// Whose is this token?
    Identify {
        /// The token.
        token: FoundToken,
        /// Ask its provider for the keys of a JWT, if it is one of this vault's.
        verify: bool,
        /// The answer.
        reply: Reply<Box<Identity>>,
    },
    /// Another access token that carries these scopes only (RFC 6749 6); the one there is stays.
    Narrow {
        /// Whose.
        name: CredentialName,
        /// Scopes.
        scopes: Vec<String>,
        /// The answer.
        reply: Reply<IssuedToken>,
    },
    /// A program needs these scopes: what is missing waits for a person to sign in again.
    Need {
        /// Whose.
        name: CredentialName,
        /// Scopes.
        scopes: Vec<String>,
        /// The answer: all are there, or [`Refusal::MissingScopes`].
        reply: Reply<CredentialView>,
    },
    /// Call a credential by another account's name.
    Rename {
        /// Which.
        name: CredentialName,
        /// The account part it gets.
        account: String,
        /// The answer: the credential afterwards.
        reply: Reply<CredentialView>,
    },
    /// Delete a client that was registered from here, at the provider and in the vault (RFC 7592 2.3).
    DeleteClient {
        /// The provider it is registered with.
        provider: String,
        /// The answer.
        reply: Reply<()>,
    },
    /// Start a sign-in; its steps come as [`Event::SignIn`].
    SignIn {
        /// What is asked for.
        request: Box<SignInRequest>,
        /// The answer: it was started, or why not.
        reply: Reply<()>,
    },
    /// The address the browser ended at, pasted by hand.
    PasteCallback {
        /// Of which sign-in.
        id: SignInId,
        /// The whole address with its query. Holds an authorization code.
        url: PastedUrl,
        /// The answer: it was taken, or why not.
        reply: Reply<()>,
    },
    /// Give a sign-in up.
    CancelSignIn {
        /// Which.
        id: SignInId,
    },
    /// What a wizard can offer, the ones used before first.
    Providers {
        /// The answer.
        reply: Reply<Vec<ProviderView>>,
    },
    /// The clients that are kept.
    Clients {
        /// The answer.
        reply: Reply<Vec<ClientView>>,
    },
    /// The activity log, newest last.
    Activity {
        /// Of one credential, or of all.
        name: Option<CredentialName>,
        /// At most so many of the newest.
        limit: usize,
        /// The answer.
        reply: Reply<Vec<Activity>>,
    },
    /// Lines of the activity log with their numbers, in their order.
    Audit {
        /// Which.
        search: Box<Search>,
        /// The answer.
        reply: Reply<Vec<Entry>>,
    },
    /// What the activity log adds up to.
    AuditAnalysis {
        /// Not before this moment; older lines only tell what is usual.
        since: Option<Timestamp>,
        /// Before this moment.
        until: Option<Timestamp>,
        /// The answer.
        reply: Reply<Box<Analysis>>,
    },
    /// Whether the whole activity log is as it was written.
    AuditVerify {
        /// The answer.
        reply: Reply<Verdict>,
    },
    /// Somebody has looked at an alert: it stays away from now on.
    SeeAlert {
        /// Which.
        alert: AlertKey,
        /// The answer.
        reply: Reply<()>,
    },
    /// Something about grants.
    Grant(GrantAsk),
    /// How the engine is.
    Status {
        /// The answer.
        reply: Reply<EngineStatus>,
    },
}

/// An address with an authorization code in its query: redacted in `Debug`.
pub struct PastedUrl(pub crate::secret::AuthorizationCode);

impl std::fmt::Debug for PastedUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PastedUrl([redacted])")
    }
}

/// What has happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Event {
    /// A credential is new or has changed in any way: here it is now.
    Changed {
        /// The credential.
        view: CredentialView,
    },
    /// A credential is gone.
    Removed {
        /// Which.
        name: CredentialName,
    },
    /// A sign-in came a step further.
    SignIn {
        /// Which.
        id: SignInId,
        /// How far.
        step: SignInStep,
    },
    /// A line was added to the activity log.
    Happened {
        /// The line.
        activity: Activity,
    },
    /// More credentials were loaded after the vault was opened; `loaded == total` ends the loading.
    Loaded {
        /// How many are there.
        loaded: u64,
        /// How many there will be.
        total: u64,
    },
    /// The vault was locked: nothing can be asked until it is unlocked. The last event of an engine that is locked.
    Locked {
        /// Since when, and why.
        lock: Locked,
    },
    /// The vault was unlocked again: what was known of it may be old.
    Unlocked,
    /// The screens were locked, and nothing else: each asks for the passphrase before it shows anything.
    ScreenLocked {
        /// Since when, and why.
        lock: Locked,
    },
    /// Alerts that nobody has looked at have come or gone.
    Alerts {
        /// All of them now, the newest first.
        open: Vec<Alert>,
        /// Those of them that are news.
        new: Vec<Alert>,
    },
    /// Programs on the port asked for a grant's tokens, or have been answered.
    Questions {
        /// Those that wait for a person now, the oldest first.
        open: Vec<QuestionView>,
    },
    /// Events were missed (a slow reader): ask for the list again.
    Lagged,
    /// The engine is leaving: nothing follows.
    Stopped,
}

/// What became of a revocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum RevokeOutcome {
    /// The provider confirmed it (RFC 7009 2.2).
    Confirmed {
        /// Whether the tokens were seen dead afterwards.
        #[serde(default)]
        proof: Liveness,
    },
    /// The provider has no revocation; the person can end the grant on this page.
    ByHand {
        /// Where.
        page: Option<String>,
        /// Whether the tokens were seen dead or alive.
        #[serde(default)]
        proof: Liveness,
    },
}

impl RevokeOutcome {
    /// Whether the tokens were seen dead or alive afterwards.
    pub const fn proof(&self) -> Liveness {
        match self {
            Self::Confirmed { proof } | Self::ByHand { proof, .. } => *proof,
        }
    }
}

/// What became of one of all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FateOf {
    /// Which.
    pub name: CredentialName,
    /// The number it had in the inbox, if it waited there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<i64>,
    /// What it is kept as although it was thrown out of the inbox: its tokens live, or its provider is told again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_as: Option<CredentialName>,
    /// What.
    #[serde(flatten)]
    pub fate: Fate,
}

impl FateOf {
    /// What became of a credential.
    pub fn new(name: CredentialName, outcome: Result<RevokeOutcome, Refusal>) -> Self {
        Self {
            name,
            item: None,
            kept_as: None,
            fate: Fate::of(outcome),
        }
    }
}

/// What became of a credential that was to be revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "fate", content = "of")]
pub enum Fate {
    /// What the provider did.
    Revoked(RevokeOutcome),
    /// Why it was not; see [`Fate::is_queued`].
    Refused(Refusal),
}

impl Fate {
    /// What came of a revocation.
    pub fn of(outcome: Result<RevokeOutcome, Refusal>) -> Self {
        match outcome {
            Ok(outcome) => Self::Revoked(outcome),
            Err(refusal) => Self::Refused(refusal),
        }
    }

    /// Whether the provider is told again by itself.
    pub fn is_queued(&self) -> bool {
        match self {
            Self::Refused(Refusal::Failed { failure }) => failure.class == FailureClass::Transient,
            Self::Refused(Refusal::Vault { .. } | Refusal::TimedOut | Refusal::Stopped) => true,
            Self::Revoked(_) | Self::Refused(_) => false,
        }
    }
}

/// How the engine is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EngineStatus {
    /// Version of the program that owns the vault.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// Since when it runs.
    pub started_at: Timestamp,
    /// How many credentials are in each health.
    pub healths: Vec<(HealthKind, u64)>,
    /// Whether credentials are still being loaded: until then a list is a part.
    #[serde(default)]
    pub loading: bool,
    /// Credentials of the vault that could not be opened.
    #[serde(default)]
    pub unreadable: u64,
    /// Refreshes under way.
    pub in_flight: u64,
    /// Refreshes that are due and wait for a place.
    pub queued: u64,
    /// Refreshes that succeeded since the start.
    pub refreshed: u64,
    /// Refreshes that failed since the start.
    pub failed: u64,
    /// The next refresh that is planned.
    pub next_refresh: Option<Timestamp>,
    /// When the first access token in use expires, of those that do.
    #[serde(default)]
    pub soonest_expiry: Option<Timestamp>,
    /// Where the vault is.
    pub vault: String,
    /// Its limits, with how much of each is used.
    #[serde(default)]
    pub limits: Vec<LimitUse>,
    /// What a person should look at, the newest first.
    #[serde(default)]
    pub alerts: Vec<Alert>,
    /// Its recurring work, the most urgent first.
    #[serde(default)]
    pub chores: Vec<ChoreView>,
    /// Bytes of the owner in memory, once measured and where the system tells.
    #[serde(default)]
    pub memory: Option<u64>,
    /// What the vault takes on the disk, once measured.
    #[serde(default)]
    pub extent: Option<Extent>,
    /// The daily backups, once looked at; `None` also where it makes none.
    #[serde(default)]
    pub backups: Option<DailyBackups>,
    /// How its settings were read; `None`: it reads none.
    #[serde(default)]
    pub settings: Option<Reading>,
    /// The loopback port at which programs with a grant ask; `None`: there is none.
    #[serde(default)]
    pub port: Option<SocketAddr>,
    /// Grants that local programs have.
    #[serde(default)]
    pub grants: u64,
    /// Questions of programs that wait for a person.
    #[serde(default)]
    pub questions: u64,
    /// Its hooks.
    #[serde(default)]
    pub hooks: Vec<HookState>,
    /// The vault is locked: there is no engine, and what it would count is nought.
    #[serde(default)]
    pub locked: Option<Locked>,
}

impl EngineStatus {
    /// How much of a limit is allowed.
    pub fn most(&self, limit: Limit) -> Option<u64> {
        let mut limits = self.limits.iter();
        limits.find(|one| one.limit == limit).map(|one| one.most)
    }
}

/// Why a command was not carried out. Safe to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "refusal")]
pub enum Refusal {
    /// There is no credential of that name.
    #[error("there is no credential named {name}")]
    NoSuchCredential {
        /// As asked for.
        name: CredentialName,
        /// Names that look alike.
        similar: Vec<CredentialName>,
    },
    /// The provider, or the way to it, failed; see the class for what it means.
    #[error("{}", .failure.cause)]
    Failed {
        /// Why and what to do.
        failure: Failure,
    },
    /// It was revoked or has no refresh token, and its access token is over.
    #[error("{name} has no refresh token and its access token is no longer valid")]
    CannotRefresh {
        /// Which.
        name: CredentialName,
    },
    /// It was revoked.
    #[error("{name} was revoked")]
    Revoked {
        /// Which.
        name: CredentialName,
    },
    /// The grant lacks scopes that a program needs; a sign-in that asks for them waits for a person.
    #[error("{name} lacks the scopes {}", .missing.join(" "))]
    MissingScopes {
        /// Which.
        name: CredentialName,
        /// What it lacks.
        missing: Vec<String>,
        /// What to ask for at the next sign-in: what it has and what it lacks.
        wanted: Vec<String>,
    },
    /// It was asked for more often than is allowed.
    #[error("too often: {limit} are allowed")]
    LimitExceeded {
        /// Which limit, in words.
        limit: String,
        /// How often is allowed within its span.
        most: u64,
        /// Seconds until one more is.
        wait_secs: u64,
    },
    /// The caller's own time limit came first; the work goes on.
    #[error("no fresh token within the time allowed; the refresh goes on in the background")]
    TimedOut,
    /// The vault could not be read or written.
    #[error("the vault: {message}")]
    Vault {
        /// What went wrong with it.
        message: String,
        /// What to do.
        hint: String,
    },
    /// What was asked for makes no sense as it stands.
    #[error("{message}")]
    Invalid {
        /// What is wrong with it.
        message: String,
        /// What to do.
        hint: String,
    },
    /// The vault is locked: nothing in it can be reached until somebody unlocks it.
    #[error("the vault is locked: {}", .lock.reason.words())]
    Locked {
        /// Since when, and why.
        lock: Locked,
    },
    /// The vault was not unlocked, or not locked.
    #[error("{message}")]
    NotUnlocked {
        /// Why.
        message: String,
        /// What to do.
        hint: String,
        /// The passphrase was wrong: ask again.
        wrong_passphrase: bool,
        /// Seconds until the next passphrase is looked at.
        wait_secs: Option<u64>,
    },
    /// A grant, or a token of one, was not taken.
    #[error("{fault}")]
    Grant {
        /// Why.
        #[serde(flatten)]
        fault: GrantFault,
    },
    /// Nobody answers: the engine has stopped.
    #[error("the engine has stopped")]
    Stopped,
}

impl From<GrantFault> for Refusal {
    fn from(fault: GrantFault) -> Self {
        Self::Grant { fault }
    }
}

impl Refusal {
    /// What to do next, a sentence.
    pub fn hint(&self) -> String {
        match self {
            Self::NoSuchCredential { similar, .. } => match similar.first() {
                Some(near) => format!("did you mean {near}? `tokenward list` shows all names"),
                None => "`tokenward list` shows all names".to_owned(),
            },
            Self::Failed { failure } => failure.advice(),
            Self::CannotRefresh { name } | Self::Revoked { name } => {
                format!("sign in again: tokenward login {}", name.provider())
            }
            Self::MissingScopes { name, wanted, .. } => format!(
                "sign in again with them: tokenward login {} --account {} --scope '{}'",
                name.provider(),
                name.account(),
                wanted.join(" ")
            ),
            Self::LimitExceeded { wait_secs, .. } => format!(
                "ask again in {wait_secs} s; what the schedule does goes on meanwhile, and `[limits]` in the settings says \
                 how much is allowed"
            ),
            Self::TimedOut => "try again in a moment, or allow more with --timeout".to_owned(),
            Self::Locked { .. } => "unlock it: tokenward unlock".to_owned(),
            Self::Vault { hint, .. }
            | Self::Invalid { hint, .. }
            | Self::NotUnlocked { hint, .. } => hint.clone(),
            Self::Grant { fault } => fault.hint(),
            Self::Stopped => "start `tokenward` or `tokenward --daemon`".to_owned(),
        }
    }
}
