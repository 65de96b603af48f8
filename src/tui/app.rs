//! The whole state of the UI, and the time it is shown at.

use crate::clock::Timestamp;
use crate::config::notify::NotifySettings;
use crate::engine::gate::Place;
use crate::model::name::CredentialName;
use crate::model::signin::SignInId;
use crate::tui::clipboard::Where;
use crate::tui::curtain::{Curtain, Locking};
use crate::tui::keymap::Scope;
use crate::tui::notices::Notices;
use crate::tui::overlays::again::Proof;
use crate::tui::overlays::overlay::Overlay;
use crate::tui::screens::create::Create;
use crate::tui::screens::remarks::Remark;
use crate::tui::screens::unlock::Unlock;
use crate::tui::surroundings::Surroundings;
use crate::tui::theme::{Theme, Tone};
use crate::tui::workspace::{Tab, Workspace};
use std::time::Duration;

/// How long a token stays on the clipboard.
pub const CLIPBOARD_STAYS: Duration = Duration::from_secs(30);

const FASTEST: Duration = Duration::from_millis(125);
const SLOWEST: Duration = Duration::from_secs(1);

/// The state.
pub struct App {
    /// The present moment; told before every message, read by everything else.
    pub now: Timestamp,
    /// What is known of terminal and person.
    pub around: Surroundings,
    /// How things are drawn.
    pub theme: Theme,
    /// Columns and rows.
    pub size: (u16, u16),
    /// Locked, missing or open.
    pub session: Session,
    /// What lies over the screen, the uppermost last.
    pub overlays: Vec<Overlay>,
    /// Short-lived notices.
    pub notices: Notices,
    /// A token that was put on the clipboard.
    pub clipboard: Option<Lease>,
    /// Pending sign-ins can be approved by a key (demo).
    pub can_approve: bool,
    /// When the passphrase was given last; `None`: the vault has none to ask for.
    pub proof: Option<Proof>,
    /// How it is locked; `None`: it cannot be (demo).
    pub locking: Option<Locking>,
    /// What hides everything while it is locked.
    pub curtain: Option<Curtain>,
    /// When a key was pressed or the mouse moved last.
    pub used_at: Timestamp,
    /// What is wrong with this machine.
    pub remarks: Vec<Remark>,
    first_id: u64,
    /// How a person is told that something needs them.
    pub notify: NotifySettings,
    next_id: u64,
}

/// Where the person stands.
pub enum Session {
    /// There is no vault yet.
    Create(Create),
    /// The vault is locked.
    Unlock(Unlock),
    /// There is an engine.
    Open(Box<Workspace>),
}

/// A token on the clipboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Whose.
    pub name: CredentialName,
    /// When it is cleared.
    pub until: Timestamp,
    /// Where it went, as far as it is known.
    pub place: Where,
}

impl App {
    /// A state at its beginning; `seed` makes the numbers of its sign-ins unlike those of others.
    pub fn new(
        session: Session,
        around: Surroundings,
        size: (u16, u16),
        now: Timestamp,
        seed: u64,
    ) -> Self {
        Self {
            now,
            theme: around.theme,
            around,
            size,
            session,
            overlays: Vec::new(),
            notices: Notices::default(),
            clipboard: None,
            can_approve: false,
            proof: None,
            locking: None,
            curtain: None,
            used_at: now,
            remarks: Vec::new(),
            first_id: seed,
            notify: NotifySettings::default(),
            next_id: seed,
        }
    }

    /// Sets the time. Where the clock on the wall was set back, what runs out moves with it: nothing stays bare or unlocked
    /// for longer by that.
    pub fn tell_time(&mut self, now: Timestamp) {
        let back = self.now.since(now);
        self.now = now;
        if back.is_zero() {
            return;
        }
        self.used_at = self.used_at.minus(back);
        self.notices.turn_back(back);
        if let Some(lease) = &mut self.clipboard {
            lease.until = lease.until.minus(back);
        }
        let revealed = self.open_mut().and_then(|open| open.revealed.as_mut());
        if let Some(revealed) = revealed {
            revealed.until = revealed.until.minus(back);
        }
    }

    /// The open vault's state, if it is open.
    pub const fn open(&self) -> Option<&Workspace> {
        match &self.session {
            Session::Open(workspace) => Some(workspace),
            Session::Create(_) | Session::Unlock(_) => None,
        }
    }

    /// The same, to be changed.
    pub const fn open_mut(&mut self) -> Option<&mut Workspace> {
        match &mut self.session {
            Session::Open(workspace) => Some(workspace),
            Session::Create(_) | Session::Unlock(_) => None,
        }
    }

    /// Whether this process has the engine, and with it the work in flight.
    pub fn place(&self) -> Option<Place> {
        self.open().map(|workspace| workspace.place)
    }

    /// A number for a new sign-in.
    pub const fn next_sign_in(&mut self) -> SignInId {
        self.next_id = self.next_id.wrapping_add(1);
        SignInId(self.next_id)
    }

    /// Whether a sign-in was begun here.
    pub const fn began(&self, id: SignInId) -> bool {
        let at = id.0.wrapping_sub(self.first_id);
        at > 0 && at <= self.next_id.wrapping_sub(self.first_id)
    }

    /// Says something: a notice now, a line of the activity for later.
    pub fn say(&mut self, tone: Tone, text: &str) {
        self.notices.say(self.now, tone, text);
        let now = self.now;
        if let Some(workspace) = self.open_mut() {
            workspace.log.say(now, tone, text);
        }
    }

    /// Where the keys have their meaning now, the nearest first.
    pub fn scopes(&self) -> Vec<Scope> {
        if self.curtain.is_some() {
            return vec![Scope::Lock, Scope::Program];
        }
        let mut scopes = match (self.overlays.last(), &self.session) {
            (Some(overlay), _) => overlay.scopes(),
            (None, Session::Create(_) | Session::Unlock(_)) => vec![Scope::Lock],
            (None, Session::Open(workspace)) => {
                let screen = match workspace.tab {
                    Tab::Credentials if workspace.detail.is_some() => Scope::Detail,
                    Tab::Credentials => Scope::Credentials,
                    Tab::Inbox => Scope::Inbox,
                    Tab::Activity => Scope::Activity,
                    Tab::Health => Scope::Health,
                    Tab::Grants if workspace.grants.is_open() => Scope::Grant,
                    Tab::Grants => Scope::Grants,
                };
                vec![screen, Scope::Moving, Scope::Everywhere]
            }
        };
        scopes.push(Scope::Program);
        scopes
    }

    /// How soon the screen changes by itself: bars that drain in sight want more than a tick a second.
    pub fn pace(&self) -> Duration {
        let draining = self
            .open()
            .is_some_and(|workspace| workspace.revealed.is_some())
            || self.clipboard.is_some();
        if draining {
            return FASTEST;
        }
        // A bar of a dozen cells has some hundred steps: short lives step oftener than once a second.
        let shortest = self
            .open()
            .and_then(|workspace| workspace.list.shortest_life(&workspace.rows));
        let step = shortest.map_or(SLOWEST, |life| life / 96);
        step.clamp(FASTEST, SLOWEST)
    }
}
