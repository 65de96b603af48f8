//! What one engine of an owner hands on to the next, so that a lock resets no limit: never a secret.

use crate::clock::Timestamp;
use crate::engine::book::Book;
use crate::engine::core::Core;
use crate::engine::grants::handle::Used;
use std::collections::{BTreeMap, VecDeque};

/// What is handed on.
#[derive(Debug, Clone, Default)]
pub struct Carried {
    /// What programs got, with the notes of it that are not written yet; `None`: there was no engine before.
    pub book: Option<Book>,
    /// What is known of each host, by its name.
    pub hosts: BTreeMap<String, Host>,
    /// What was used of the limits of grants.
    pub grants: Used,
}

/// What is known of a host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Host {
    /// When refreshes beyond the schedule were asked of it lately.
    pub asked: VecDeque<Timestamp>,
    /// Until when it wants to be left alone.
    pub paused_until: Option<Timestamp>,
}

impl Core {
    /// What the next core has to know of the hosts.
    pub fn hosts(&self) -> BTreeMap<String, Host> {
        let known = self.queue.pauses().map(|(name, id, paused_until)| {
            let asked = self.allowance.asked_of(id).cloned().unwrap_or_default();
            let host = Host {
                asked,
                paused_until,
            };
            (name.to_owned(), host)
        });
        known.filter(|(_, host)| *host != Host::default()).collect()
    }

    /// Goes on with what an earlier core knew of the hosts.
    pub fn take_up(&mut self, hosts: &BTreeMap<String, Host>) {
        for (name, host) in hosts {
            let id = self.queue.host(name);
            self.allowance.take_up(id, host.asked.clone());
            if let Some(until) = host.paused_until {
                self.queue.pause(id, until);
            }
        }
    }
}
