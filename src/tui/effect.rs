//! What the UI wishes to be done outside of it.

use crate::model::alert::AlertKey;
use crate::model::grant::{GrantName, GrantWish};
use crate::model::lock::LockReason;
use crate::model::name::CredentialName;
use crate::model::parcel::ParcelView;
use crate::model::question::QuestionView;
use crate::model::signin::{SignInId, SignInRequest};
use crate::secret::{AccessToken, AuthorizationCode, FoundToken, Passphrase};
use crate::tui::message::Purpose;

/// A wish that `run.rs` carries out; what comes of it arrives as a message.
#[derive(Debug)]
pub enum Effect {
    /// Leave.
    Quit,
    /// Leave for the demo.
    Demo,
    /// Go to the background.
    Suspend,
    /// Draw the whole screen anew.
    Redraw,
    /// Create the vault.
    Create(Passphrase),
    /// Unlock the vault; without a passphrase by whatever else opens it.
    Unlock(Option<Passphrase>),
    /// Lock the vault.
    Lock(LockReason),
    /// See whether this passphrase is right.
    Prove(Passphrase),
    /// Ask the engine.
    Ask(Ask),
    /// Put a token on the clipboard.
    CopyToken(AccessToken),
    /// Put something that is no secret on the clipboard.
    CopyText(String),
    /// Empty the clipboard, if the token is still on it.
    ClearClipboard,
    /// Send this to the terminal, so that it shows a notification.
    Ring(String),
    /// Open an address in a browser.
    OpenBrowser(String),
    /// Approve the pending sign-in (demo).
    Approve,
}

/// A question or an order for the engine.
#[derive(Debug)]
pub enum Ask {
    /// All credentials.
    List,
    /// An access token.
    Token(CredentialName, Purpose),
    /// The story of a credential.
    Why(CredentialName),
    /// A rotation.
    Rotate(CredentialName),
    /// A revocation.
    Revoke(CredentialName),
    /// The revocation of everything.
    RevokeAll,
    /// A removal.
    Remove(CredentialName),
    /// Another account's name.
    Rename(CredentialName, String),
    /// Whose a token is.
    Identify(FoundToken),
    /// A sign-in.
    SignIn(Box<SignInRequest>),
    /// A pasted address for a sign-in.
    Paste(SignInId, AuthorizationCode),
    /// The end of a sign-in.
    CancelSignIn(SignInId),
    /// What a wizard can offer.
    Providers,
    /// What happened, of one credential or of all; at most so many of the newest.
    Activity(Option<CredentialName>, usize),
    /// What the activity adds up to.
    Analysis,
    /// Somebody has looked at an alert.
    SeeAlert(AlertKey),
    /// What came in while the vault was locked.
    Parcels,
    /// Take one of it in.
    TakeIn(TakeIn),
    /// Throw one of it away.
    Refuse(Box<ParcelView>),
    /// What local programs may have.
    Grants,
    /// End what one of them may have.
    RevokeGrant(GrantName),
    /// Which programs wait for an answer.
    Questions,
    /// Answer one.
    AnswerQuestion(Box<QuestionView>, Verdict),
    /// Have the tokens of one of it revoked and throw it away.
    End(Box<ParcelView>),
    /// How the engine is.
    Status,
}

/// What is answered to a program that asks for a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It has it, as it asked for it.
    Approved,
    /// It has it once the grant is made with these terms.
    WithTerms(Box<GrantWish>),
    /// It does not have it.
    Refused,
}

/// How something that came in while the vault was locked is taken in.
#[derive(Debug, Clone)]
pub struct TakeIn {
    /// Its number.
    pub id: i64,
    /// What it wants to be called.
    pub name: CredentialName,
    /// The account part of its name, if it shall be another one.
    pub account: Option<String>,
    /// It takes the place of the credential of its name.
    pub replaces: bool,
}

impl TakeIn {
    /// As it is, under its own name.
    pub const fn of(id: i64, name: CredentialName) -> Self {
        Self {
            id,
            name,
            account: None,
            replaces: false,
        }
    }
}
