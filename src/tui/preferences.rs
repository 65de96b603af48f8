//! What the person's settings say of the UI itself, and may say otherwise while it runs.

use crate::config::notify::NotifySettings;
use crate::tui::app::App;
use std::time::Duration;

/// The settings of a UI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preferences {
    /// How long a passphrase that was given counts.
    pub counts_for: Duration,
    /// Minutes without a key or the mouse until it is locked; 0: never.
    pub idle_minutes: u64,
    /// Only the screen is locked.
    pub screen_only: bool,
    /// How a person is told that something needs them.
    pub notify: NotifySettings,
}

impl Preferences {
    /// Goes by them from now on.
    pub fn take_effect(self, app: &mut App) {
        app.notify = self.notify;
        if let Some(proof) = &mut app.proof {
            proof.counts_for = self.counts_for;
        }
        if let Some(locking) = &mut app.locking {
            locking.idle_minutes = self.idle_minutes;
            locking.screen_only = self.screen_only;
        }
    }
}
