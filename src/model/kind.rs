//! The kinds of lines of the activity log: one table of the names that JSON, filters and people know them by.

use crate::model::event::Happening;

macro_rules! kinds {
    ($($variant:ident => $name:literal,)*) => {
        /// Every kind of line, as [`Happening::kind`] names it.
        pub const KINDS: [&str; [$($name),*].len()] = [$($name),*];

        impl Happening {
            /// Its name, as it stands in JSON and in filters.
            pub fn kind(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $name,)*
                }
            }
        }
    };
}

kinds! {
    SignedIn => "signed_in",
    HandedOut => "handed_out",
    Asked => "asked",
    Validated => "validated",
    LinesLost => "lines_lost",
    SettingsChanged => "settings_changed",
    SettingsRefused => "settings_refused",
    Grant => "grant",
    HookFailed => "hook_failed",
    LimitExceeded => "limit_exceeded",
    AlertSeen => "alert_seen",
    WrongPassphrase => "wrong_passphrase",
    Locked => "locked",
    Unlocked => "unlocked",
    RecipientExchanged => "recipient_exchanged",
    SlotAdded => "slot_added",
    SlotRemoved => "slot_removed",
    KeyRotated => "key_rotated",
    BackedUp => "backed_up",
    CopiesRemoved => "copies_removed",
    Restored => "restored",
    PutBack => "put_back",
    Exported => "exported",
    Imported => "imported",
    ParcelRefused => "parcel_refused",
    Identified => "identified",
    SignInFailed => "sign_in_failed",
    Refreshed => "refreshed",
    RefreshFailed => "refresh_failed",
    Recovered => "recovered",
    EndsSoon => "ends_soon",
    Revoked => "revoked",
    RevokeFailed => "revoke_failed",
    ScopesMissed => "scopes_missed",
    Renamed => "renamed",
    Superseded => "superseded",
    Checked => "checked",
    ClientDeleted => "client_deleted",
    Removed => "removed",
    VaultCreated => "vault_created",
    SlotsChanged => "slots_changed",
    EngineStarted => "engine_started",
    Unreadable => "unreadable",
    TokensLost => "tokens_lost",
    ClockJumped => "clock_jumped",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_can_be_asked_for() {
        let unknown = serde_json::from_str::<Happening>(r#"{"event":"no_such_kind"}"#);
        let said = unknown.unwrap_err().to_string();
        let known: Vec<&str> = said.split('`').skip(3).step_by(2).collect();
        assert_eq!(known, KINDS);
    }
}
