//! An open vault's state: the credentials and the five screens that show them.

use crate::clock::Timestamp;
use crate::engine::gate::Place;
use crate::model::credential::CredentialView;
use crate::model::name::CredentialName;
use crate::model::needing::Needing;
use crate::model::signin::ProviderView;
use crate::model::token::IssuedToken;
use crate::tui::rows::Rows;
use crate::tui::screens::activity::Log;
use crate::tui::screens::detail::Detail;
use crate::tui::screens::figures::Figures;
use crate::tui::screens::grants::Grants;
use crate::tui::screens::inbox::Inbox;
use crate::tui::screens::list::List;
use std::time::Duration;

/// How long a revealed token shows.
pub const REVEAL_STAYS: Duration = Duration::from_secs(10);

/// Which screen shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// The credentials.
    Credentials,
    /// What needs a human.
    Inbox,
    /// What happened.
    Activity,
    /// How everything is.
    Health,
    /// What local programs may have.
    Grants,
}

impl Tab {
    /// All, in their order.
    pub const ALL: [Self; 5] = [
        Self::Credentials,
        Self::Inbox,
        Self::Activity,
        Self::Health,
        Self::Grants,
    ];

    /// How it is called.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Credentials => "Credentials",
            Self::Inbox => "Inbox",
            Self::Activity => "Activity",
            Self::Health => "Health",
            Self::Grants => "Grants",
        }
    }

    /// The tab so many further, in a circle.
    pub fn turned(self, by: usize) -> Self {
        let at = Self::ALL.iter().position(|tab| *tab == self).unwrap_or(0);
        Self::ALL[(at + by) % Self::ALL.len()]
    }
}

/// An access token that shows for a moment.
#[derive(Debug)]
pub struct Revealed {
    /// Whose.
    pub name: CredentialName,
    /// The token.
    pub token: IssuedToken,
    /// When it is masked again.
    pub until: Timestamp,
}

/// Several rotations, revocations or removals that were asked for at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// `rotated`, `revoked`, `removed`.
    pub verb: &'static str,
    /// How many were asked for.
    pub total: usize,
    /// How many answers came.
    pub done: usize,
    /// How many of them were refusals.
    pub failed: usize,
}

/// The state.
pub struct Workspace {
    /// Where the engine runs.
    pub place: Place,
    /// The credentials.
    pub rows: Rows,
    /// Whether the list has come.
    pub listed: bool,
    /// How many were loaded of how many, while loading.
    pub loading: Option<(u64, u64)>,
    /// Which screen shows.
    pub tab: Tab,
    /// The list's state.
    pub list: List,
    /// One credential, when the person went into it.
    pub detail: Option<Detail>,
    /// What needs a human.
    pub inbox: Inbox,
    /// The same as it was told.
    pub needing: Needing,
    /// What happened.
    pub log: Log,
    /// How everything is.
    pub figures: Figures,
    /// What local programs may have.
    pub grants: Grants,
    /// What can be signed in to.
    pub providers: Vec<ProviderView>,
    /// A token that shows.
    pub revealed: Option<Revealed>,
    /// Several orders under way.
    pub batch: Option<Batch>,
    /// The engine has left.
    pub stopped: bool,
    /// A credential to be selected as soon as it is listed.
    pub expected: Option<CredentialName>,
}

impl Workspace {
    /// The state right after a vault was opened.
    pub fn new(place: Place) -> Self {
        Self {
            place,
            rows: Rows::default(),
            listed: false,
            loading: None,
            tab: Tab::Credentials,
            list: List::default(),
            detail: None,
            inbox: Inbox::default(),
            needing: Needing::default(),
            log: Log::default(),
            figures: Figures::default(),
            grants: Grants::default(),
            providers: Vec::new(),
            revealed: None,
            batch: None,
            stopped: false,
            expected: None,
        }
    }

    /// The credential that the person looks at: the open one, else the selected row's.
    pub fn looked_at(&self) -> Option<&CredentialView> {
        match &self.detail {
            Some(detail) => self.rows.get(&detail.name),
            None => self.list.selected(&self.rows),
        }
    }

    /// Where a provider lets a person end a grant by hand, as far as its record tells.
    pub fn grants_page(&self, provider: &str) -> Option<&str> {
        let mut known = self.providers.iter();
        let view = known.find(|view| view.provider.name == provider)?;
        view.provider.page_to_end_grants()
    }

    /// Names an order is meant for: the open credential, else the marked ones, else the selected one.
    pub fn targets(&self) -> Vec<CredentialName> {
        if self.detail.is_none() && !self.list.marked.is_empty() {
            return self.list.marked.iter().cloned().collect();
        }
        self.looked_at()
            .map(|view| view.profile.name.clone())
            .into_iter()
            .collect()
    }

    /// Brings everything that is made from the credentials up to date with them.
    pub fn settle(&mut self, now: Timestamp, height: u16) {
        let changes = self.rows.settle();
        self.inbox.follow(&changes, &self.rows, now);
        self.list.forget_marks(&changes, &self.rows);
        if let Some(name) = self.expected.take() {
            if self.rows.get(&name).is_some() {
                self.list.filter.clear();
                self.rows.set_filter("");
                self.rows.settle();
                self.list.select(&name, &self.rows);
            } else {
                self.expected = Some(name);
            }
        }
        self.list.settle(&self.rows, height);
        if self
            .detail
            .as_ref()
            .is_some_and(|detail| self.rows.get(&detail.name).is_none())
        {
            self.detail = None;
        }
    }
}
