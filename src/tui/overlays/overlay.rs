//! The stack of overlays: which there are, and what they do with keys.

use crate::tui::app::App;
use crate::tui::keymap::Scope;
use crate::tui::overlays::again::{self, Again};
use crate::tui::overlays::arrival::{self, Arrival};
use crate::tui::overlays::asked::{self, Asked};
use crate::tui::overlays::confirm::{self, Confirm};
use crate::tui::overlays::help;
use crate::tui::overlays::identify::{self, Identify};
use crate::tui::overlays::naming::{self, Naming};
use crate::tui::overlays::palette::{self, Palette};
use crate::tui::overlays::story::{self, Story};
use crate::tui::overlays::trend::{self, Trend};
use crate::tui::signin::dialog;
use crate::tui::signin::wizard::Wizard;
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;

/// One overlay.
pub enum Overlay {
    /// The keys; lines scrolled away.
    Help(usize),
    /// The commands.
    Palette(Palette),
    /// A question before something dangerous.
    Confirm(Confirm),
    /// The passphrase asked for once more.
    Again(Again),
    /// The whole story of one line.
    Story(Story),
    /// What the activity adds up to.
    Trend(Box<Trend>),
    /// The question for the name of an account.
    Naming(Naming),
    /// The question whose a token is.
    Identify(Identify),
    /// What came in while the vault was locked, looked at.
    Arrival(Box<Arrival>),
    /// A program's question, looked at.
    Asked(Box<Asked>),
    /// A sign-in.
    Wizard(Box<Wizard>),
}

impl Overlay {
    /// Where its keys have their meaning.
    pub fn scopes(&self) -> Vec<Scope> {
        match self {
            Self::Help(_) | Self::Story(_) | Self::Trend(_) => {
                vec![Scope::Reading, Scope::Moving]
            }
            Self::Palette(_) => vec![Scope::Picking],
            Self::Confirm(_) => vec![Scope::Confirm],
            Self::Again(_) => vec![Scope::Again],
            Self::Naming(_) => vec![Scope::Naming],
            Self::Identify(identify) => identify.scopes(),
            Self::Arrival(arrival) => arrival.scopes(),
            Self::Asked(asked) => asked.scopes(),
            Self::Wizard(wizard) => wizard.scopes(),
        }
    }

    /// Takes a key that may be typing into a field.
    pub fn type_key(&mut self, key: KeyEvent) -> bool {
        match self {
            Self::Help(_) | Self::Story(_) | Self::Trend(_) => false,
            Self::Palette(palette) => palette.pick.type_key(key),
            Self::Confirm(confirm) => confirm.type_key(key),
            Self::Again(again) => again.type_key(key),
            Self::Naming(naming) => naming.type_key(key),
            Self::Identify(identify) => identify.type_key(key),
            Self::Arrival(arrival) => arrival.type_key(key),
            Self::Asked(asked) => asked.type_key(key),
            Self::Wizard(wizard) => wizard.type_key(key),
        }
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        match self {
            Self::Help(_) | Self::Story(_) | Self::Trend(_) => {}
            Self::Palette(palette) => palette.pick.paste(text),
            Self::Confirm(confirm) => confirm.paste(text),
            Self::Again(again) => again.paste(text),
            Self::Naming(naming) => naming.paste(text),
            Self::Identify(identify) => identify.paste(text),
            Self::Arrival(arrival) => arrival.paste(text),
            Self::Asked(asked) => asked.paste(text),
            Self::Wizard(wizard) => wizard.paste(text),
        }
    }
}

/// Draws an overlay over whatever is there.
pub fn draw(app: &App, overlay: &Overlay, buf: &mut Buffer) {
    match overlay {
        Overlay::Help(scroll) => help::draw(app, *scroll, buf),
        Overlay::Palette(palette) => palette::draw(app, palette, buf),
        Overlay::Confirm(confirm) => confirm::draw(app, confirm, buf),
        Overlay::Story(story) => story::draw(app, story, buf),
        Overlay::Trend(trend) => trend::draw(app, trend, buf),
        Overlay::Again(again) => again::draw(app, again, buf),
        Overlay::Naming(naming) => naming::draw(app, naming, buf),
        Overlay::Identify(identify) => identify::draw(app, identify, buf),
        Overlay::Arrival(arrival) => arrival::draw(app, arrival, buf),
        Overlay::Asked(asked) => asked::draw(app, asked, buf),
        Overlay::Wizard(wizard) => dialog::draw(app, wizard, buf),
    }
}
