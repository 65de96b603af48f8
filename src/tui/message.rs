//! What reaches the UI: keys, answers, events, the clock.

use crate::engine::api::{EngineStatus, Event, FateOf, Refusal, RevokeOutcome};
use crate::engine::gate::{GateError, Place};
use crate::model::analysis::Analysis;
use crate::model::credential::CredentialView;
use crate::model::event::{self, Activity};
use crate::model::grant::{GrantName, GrantView};
use crate::model::identity::Identity;
use crate::model::name::CredentialName;
use crate::model::parcel::ParcelView;
use crate::model::question::QuestionView;
use crate::model::signin::{ProviderView, SignInId};
use crate::model::token::IssuedToken;
use crate::model::why::Why;
use crate::tui::clipboard;
use crate::tui::effect::TakeIn;
use crate::tui::preferences::Preferences;
use crossterm::event::{KeyEvent, MouseEvent};
use zeroize::Zeroizing;

/// What has reached the UI. It has no `Debug`: keys and pasted text may be parts of a secret.
pub enum Message {
    /// Time went on; it is told to the app before every message.
    Tick,
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// Text was pasted.
    Paste(Zeroizing<String>),
    /// The terminal has this size now, columns and rows.
    Resize(u16, u16),
    /// The gate answered.
    Opened(Result<Place, GateError>),
    /// Whether the vault was locked, or only the screens; or why not.
    Locked(Result<bool, GateError>),
    /// Whether a passphrase was right.
    Proved(Result<(), GateError>),
    /// Something happened in the engine.
    Event(Event),
    /// The engine answered.
    Answer(Box<Answer>),
    /// Whether a copy reached a clipboard, or why not.
    Copied(clipboard::Outcome),
    /// Whether a browser was started, or why not.
    Browser(Result<(), String>),
    /// The person's settings were read anew.
    Preferred(Preferences),
    /// Whether there was a sign-in to approve (demo).
    Approved(bool),
}

/// What a token is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be shown for ten seconds.
    Reveal,
    /// To be put on the clipboard for thirty.
    Copy,
}

impl From<Purpose> for event::Purpose {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Reveal => Self::Reveal,
            Purpose::Copy => Self::Copy,
        }
    }
}

/// An answer of the engine, with what it answers to.
pub enum Answer {
    /// To the question for all credentials.
    Listed(Result<Vec<CredentialView>, Refusal>),
    /// To the question for a token.
    Token(CredentialName, Purpose, Result<IssuedToken, Refusal>),
    /// To the question for the story of a credential.
    Why(CredentialName, Result<Box<Why>, Refusal>),
    /// To a rotation.
    Rotated(CredentialName, Result<CredentialView, Refusal>),
    /// To a revocation.
    Revoked(CredentialName, Result<RevokeOutcome, Refusal>),
    /// To a removal.
    Removed(CredentialName, Result<(), Refusal>),
    /// To another account's name.
    Renamed(CredentialName, Result<Box<CredentialView>, Refusal>),
    /// To the question whose a token is.
    Identified(Result<Box<Identity>, Refusal>),
    /// To the start of a sign-in.
    SignInStarted(SignInId, Result<(), Refusal>),
    /// To a pasted address.
    Pasted(SignInId, Result<(), Refusal>),
    /// To the question for providers.
    Providers(Result<Vec<ProviderView>, Refusal>),
    /// To the question for activity; of one credential, or of all.
    Activity(Option<CredentialName>, Result<Vec<Activity>, Refusal>),
    /// To the question what the activity adds up to.
    Analysis(Result<Box<Analysis>, Refusal>),
    /// What became of everything that was to be revoked.
    RevokedAll(Result<Vec<FateOf>, Refusal>),
    /// That an alert was looked at was noted, or not.
    AlertSeen(Result<(), Refusal>),
    /// To the question what came in while the vault was locked.
    Parcels(Result<Vec<ParcelView>, Refusal>),
    /// To the order to take something in that came while the vault was locked.
    TakenIn(TakeIn, Result<Box<CredentialView>, Refusal>),
    /// That something of it was thrown away, or not.
    ParcelRefused(Box<ParcelView>, Result<(), Refusal>),
    /// To the question for the grants.
    Grants(Result<Vec<GrantView>, Refusal>),
    /// To the question which programs wait for an answer.
    Questions(Result<Vec<QuestionView>, Refusal>),
    /// That a grant was made for a program that asked, or not.
    GrantMade(Box<QuestionView>, Result<Box<GrantView>, Refusal>),
    /// That a program was answered, with yes or no, or not.
    QuestionAnswered(Box<QuestionView>, bool, Result<(), Refusal>),
    /// To the revocation of a grant.
    GrantRevoked(GrantName, Result<(), Refusal>),
    /// What became of it, which was to be revoked and thrown away.
    ParcelEnded(Box<ParcelView>, Result<FateOf, Refusal>),
    /// To the question how the engine is.
    Status(Box<Result<EngineStatus, Refusal>>),
}
