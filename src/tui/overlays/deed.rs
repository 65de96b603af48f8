//! What is asked about before it is done: its words, and what comes of it.

/// What is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Revoke at the provider.
    Revoke,
    /// Forget here.
    Remove,
    /// Refresh many at once.
    RotateAll,
    /// Revoke all there are.
    RevokeAll,
    /// Take all in that came while the vault was locked.
    TakeIn,
    /// Take one in, in the place of the credential of its name.
    Replace,
    /// Throw away what came while the vault was locked.
    Refuse,
    /// The same, its tokens revoked first.
    RefuseRevoking,
    /// End what a local program may have.
    RevokeGrant,
}

impl Deed {
    /// The verb of the question.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Revoke => "Revoke",
            Self::RevokeAll => "Panic: revoke everything, that is",
            Self::Remove => "Remove",
            Self::RotateAll => "Rotate",
            Self::TakeIn => "Take in",
            Self::Replace => "Replace",
            Self::Refuse => "Refuse",
            Self::RefuseRevoking => "Revoke and refuse",
            Self::RevokeGrant => "Revoke the grant",
        }
    }

    /// The word that is typed, or stands beside the key.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Revoke | Self::RevokeAll | Self::RevokeGrant => "revoke",
            Self::Remove => "remove",
            Self::RotateAll => "rotate",
            Self::TakeIn => "take in",
            Self::Replace => "replace",
            Self::Refuse => "refuse",
            Self::RefuseRevoking => "revoke and refuse",
        }
    }

    /// What is said once it was done.
    pub const fn done(self) -> &'static str {
        match self {
            Self::Revoke | Self::RevokeAll | Self::RevokeGrant => "revoked",
            Self::Remove => "removed",
            Self::RotateAll => "rotated",
            Self::TakeIn | Self::Replace => "taken in",
            Self::Refuse | Self::RefuseRevoking => "refused",
        }
    }

    /// Whether something is lost by it.
    pub const fn is_dangerous(self) -> bool {
        match self {
            Self::RotateAll | Self::TakeIn => false,
            Self::Revoke
            | Self::Remove
            | Self::RevokeAll
            | Self::Replace
            | Self::Refuse
            | Self::RefuseRevoking
            | Self::RevokeGrant => true,
        }
    }

    /// What comes of it: to one or to several, and whether the vault is locked then.
    pub const fn consequence(self, several: bool, then_locks: bool) -> &'static str {
        match self {
            Self::Revoke if several => {
                "The providers are told to end all of them at once. Programs that use them stop working until somebody signs in again. It cannot be taken back."
            }
            Self::Revoke => {
                "The provider is told to end this access at once. Programs that use it stop working until somebody signs in again. It cannot be taken back."
            }
            Self::Remove if several => {
                "They are forgotten here, tokens and all. The providers are not told: the tokens stay valid there until they expire. Revoke first to end them."
            }
            Self::Remove => {
                "It is forgotten here, tokens and all. The provider is not told: the tokens stay valid there until they expire. Revoke first to end them."
            }
            Self::RevokeAll if !then_locks => {
                "Nothing is handed out from this moment, and every provider is told to end its access. What cannot be told now is queued. It cannot be taken back."
            }
            Self::RevokeAll => {
                "Nothing is handed out from this moment, every provider is told to end its access, and the vault is locked. What cannot be told now is queued. It cannot be taken back."
            }
            Self::RotateAll => {
                "Every credential that is shown is refreshed now, as many at a time as the limits allow."
            }
            Self::TakeIn => {
                "They become credentials and are kept fresh from now on. Whoever may write the vault's file can put something here: take in only what you know. One whose name is taken stays here."
            }
            Self::Replace => {
                "The tokens that came in take the place of those that are there now. Those stay sealed for a while as an earlier generation (tokenward vault put-back); their provider is not told."
            }
            Self::Refuse => {
                "What is refused is thrown away, tokens and all. No provider is told: the tokens stay valid there until they expire. It cannot be taken back."
            }
            Self::RevokeGrant => {
                "No token of it is good from this moment: programs that have one get nothing until they have another grant. The credentials stay as they are. It cannot be taken back."
            }
            Self::RefuseRevoking => {
                "The provider is told to end its tokens, and it is thrown away. It cannot be taken back."
            }
        }
    }
}
