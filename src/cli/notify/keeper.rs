//! Tells the desktop what needs a human, for as long as an owner runs.

use crate::agent::door::Door;
use crate::agent::listener::Listener;
use crate::cli::follower::{Follower, Told};
use crate::cli::notify::desktop::{Desktop, Order};
use crate::cli::notify::words;
use crate::clock;
use crate::config::settings::Config;
use crate::engine::api::Event;
use crate::model::needing::Needing;
use crate::model::question::{self, QuestionView};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// What comes within so long is told in one.
const GATHERED_FOR: Duration = Duration::from_secs(1);

/// Keeps the notifications.
pub struct Keeper {
    follower: Follower,
    settings: watch::Receiver<Config>,
    desktop: Desktop,
    needing: Needing,
    /// What programs ask, as far as it was told.
    questions: Vec<QuestionView>,
    /// Something is to be told then.
    due: Option<Instant>,
    /// Something is shown, or was until the person put it away.
    is_shown: bool,
}

impl Keeper {
    /// Tells of these events, as the settings want it, whatever they come to be.
    pub fn new(door: Door, events: Listener, settings: watch::Receiver<Config>) -> Self {
        Self {
            follower: Follower::new(door, events),
            settings,
            desktop: Desktop::start(),
            needing: Needing::default(),
            questions: Vec::new(),
            due: None,
            is_shown: false,
        }
    }

    /// Goes on until the engine's events end.
    pub async fn keep(mut self) {
        loop {
            let due = self.due;
            tokio::select! {
                told = self.follower.next() => match told {
                    Some(told) => self.heard(told),
                    None => return,
                },
                () = at(due), if due.is_some() => self.tell(),
            }
        }
    }

    fn heard(&mut self, told: Told) {
        let now = clock::now();
        let mut is_locked = false;
        let is_news = match told {
            Told::All(views) => self.needing.learn(&views, now),
            Told::Event(Event::Changed { view }) => self.needing.see(&view, now).is_some(),
            Told::Event(Event::Removed { name }) => {
                self.needing.forget(&name);
                false
            }
            Told::Event(Event::Alerts { new, .. }) => {
                let settings = self.settings.borrow().notify;
                for alert in new.iter().filter(|_| settings.desktop) {
                    let words = words::alert(alert, settings.names);
                    self.desktop.give(Order::Beside(words));
                }
                false
            }
            Told::Event(Event::Questions { open }) => {
                self.asked(open);
                false
            }
            Told::Event(Event::Locked { .. }) => {
                // What waited is over with the engine that kept it.
                self.questions.clear();
                is_locked = true;
                false
            }
            Told::Event(Event::ScreenLocked { .. }) => {
                is_locked = true;
                false
            }
            Told::Event(
                Event::Happened { .. }
                | Event::SignIn { .. }
                | Event::Loaded { .. }
                | Event::Unlocked
                | Event::Lagged
                | Event::Stopped,
            ) => false,
        };
        if is_news {
            self.due.get_or_insert(Instant::now() + GATHERED_FOR);
        } else if is_locked || self.needing.is_empty() {
            self.hide();
        }
    }

    /// Programs wait for a person.
    fn asked(&mut self, open: Vec<QuestionView>) {
        let settings = self.settings.borrow().notify;
        let new = question::news(&self.questions, &open);
        for question in new.into_iter().filter(|_| settings.desktop) {
            let words = words::question(question, settings.names);
            self.desktop.give(Order::Beside(words));
        }
        self.questions = open;
    }

    /// What nobody needs any more, or what a locked one must not show.
    fn hide(&mut self) {
        self.due = None;
        if std::mem::take(&mut self.is_shown) {
            self.desktop.give(Order::NoneNeeds);
        }
    }

    fn tell(&mut self) {
        self.due = None;
        let settings = self.settings.borrow().notify;
        if settings.desktop
            && let Some(words) = words::needing(&self.needing, settings.names)
        {
            self.is_shown = true;
            self.desktop.give(Order::Needing(words));
        }
    }
}

async fn at(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}
