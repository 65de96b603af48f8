//! `[notify]`: how a person is told that something needs them.

use serde::{Deserialize, Serialize};

/// The settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NotifySettings {
    /// Tell the desktop, where there is one.
    pub desktop: bool,
    /// Have the UI tell its terminal.
    pub terminal: TerminalNotice,
    /// Name the credentials; otherwise only how many there are.
    pub names: bool,
}

impl Default for NotifySettings {
    fn default() -> Self {
        Self {
            desktop: true,
            terminal: TerminalNotice::Auto,
            names: true,
        }
    }
}

/// How a terminal is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TerminalNotice {
    /// One that is known to show it, where no desktop is told.
    #[default]
    Auto,
    /// Not at all.
    Off,
    /// By OSC 9.
    Osc9,
    /// By OSC 777.
    Osc777,
}
