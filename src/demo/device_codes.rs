//! Device sign-ins: their codes, the person's decision, and polls that come too fast (RFC 8628).

use crate::clock::Timestamp;
use crate::demo::bounded::Bounded;
use crate::demo::codes::PendingId;
use crate::demo::quirks::Quirks;
use crate::demo::tokens::{DEVICE_PREFIX, Digest, digest, normalized_user_code, random, user_code};
use std::time::Duration;

/// What `slow_down` adds to the interval (RFC 8628 3.5).
const SLOWER_BY: Duration = Duration::from_secs(5);
/// A poll this much early is not early: clocks and networks are not that exact.
const TOLERANCE: Duration = Duration::from_millis(50);

/// What the person said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Nothing yet.
    Open,
    /// Yes, for this account.
    Allowed(String),
    /// No.
    Denied,
}

/// A device sign-in.
#[derive(Debug)]
pub struct DeviceSignIn {
    /// Its number.
    pub id: PendingId,
    /// What the person enters.
    pub user_code: String,
    /// The client.
    pub client: String,
    /// Scopes asked for.
    pub scopes: Vec<String>,
    /// When the codes die.
    pub expires_at: Timestamp,
    /// What the person said.
    pub decision: Decision,
    /// Who is signing in, once they said so.
    pub account: Option<String>,
    interval: Duration,
    last_poll: Timestamp,
    slow_down_due: bool,
    used: bool,
}

/// The answer to a poll.
#[derive(Debug, PartialEq, Eq)]
pub enum Polled {
    /// The device code was never issued, is another client's, or was used.
    Bad,
    /// It is too old.
    Expired,
    /// Nothing yet.
    Pending,
    /// Too fast; this is the interval from now on.
    SlowDown(Duration),
    /// The person said no.
    Denied,
    /// The person said yes.
    Allowed {
        /// Who.
        account: String,
        /// What for.
        scopes: Vec<String>,
    },
}

/// All device sign-ins.
#[derive(Debug)]
pub struct DeviceCodes {
    sign_ins: Bounded<Digest, DeviceSignIn>,
}

impl Default for DeviceCodes {
    fn default() -> Self {
        Self {
            sign_ins: Bounded::new(1_000),
        }
    }
}

impl DeviceCodes {
    /// Starts a sign-in: gives the device code and the user code.
    pub fn start(
        &mut self,
        id: PendingId,
        client: &str,
        scopes: Vec<String>,
        quirks: &Quirks,
        now: Timestamp,
    ) -> (String, String) {
        let (device_code, user_code) = (random(DEVICE_PREFIX), user_code());
        let sign_in = DeviceSignIn {
            id,
            user_code: user_code.clone(),
            client: client.to_owned(),
            scopes,
            expires_at: now.plus(quirks.device_lifetime),
            decision: Decision::Open,
            account: None,
            interval: quirks.device_interval,
            // The first poll may come at once: clients differ in whether they wait before it.
            last_poll: Timestamp::from_millis(i64::MIN),
            slow_down_due: quirks.slow_down_once,
            used: false,
        };
        self.sign_ins.insert(digest(&device_code), sign_in);
        (device_code, user_code)
    }

    /// The client polls.
    pub fn poll(
        &mut self,
        device_code: &str,
        client: &str,
        quirks: &Quirks,
        now: Timestamp,
    ) -> Polled {
        let Some(found) = self
            .sign_ins
            .get_mut(&digest(device_code))
            .filter(|found| found.client == client && !found.used)
        else {
            return Polled::Bad;
        };
        if found.expires_at <= now {
            return Polled::Expired;
        }
        if let Some(interval) = found.too_fast(now) {
            return Polled::SlowDown(interval);
        }
        match &found.decision {
            Decision::Open => Polled::Pending,
            Decision::Denied if quirks.denied_stays_pending => Polled::Pending,
            Decision::Denied => Polled::Denied,
            Decision::Allowed(account) => {
                found.used = true;
                Polled::Allowed {
                    account: account.clone(),
                    scopes: found.scopes.clone(),
                }
            }
        }
    }

    /// The open sign-in with that user code, as a person types it.
    pub fn by_user_code(&mut self, typed: &str, now: Timestamp) -> Option<&mut DeviceSignIn> {
        let code = normalized_user_code(typed);
        self.open(now).find(|found| found.user_code == code)
    }

    /// The open sign-in with that number.
    pub fn by_id(&mut self, id: PendingId, now: Timestamp) -> Option<&mut DeviceSignIn> {
        self.open(now).find(|found| found.id == id)
    }

    fn open(&mut self, now: Timestamp) -> impl Iterator<Item = &mut DeviceSignIn> {
        self.sign_ins
            .values_mut()
            .filter(move |found| found.is_open(now))
    }

    /// All that wait for a person, the oldest first.
    pub fn all_waiting(&self, now: Timestamp) -> impl Iterator<Item = &DeviceSignIn> {
        self.sign_ins
            .iter()
            .map(|(_, found)| found)
            .filter(move |found| found.is_open(now))
    }
}

impl DeviceSignIn {
    fn is_open(&self, now: Timestamp) -> bool {
        self.decision == Decision::Open && self.expires_at > now
    }

    fn too_fast(&mut self, now: Timestamp) -> Option<Duration> {
        let early = self.last_poll.plus(self.interval) > now.plus(TOLERANCE);
        self.last_poll = now;
        if early || std::mem::take(&mut self.slow_down_due) {
            self.interval += SLOWER_BY;
            return Some(self.interval);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started() -> (DeviceCodes, String, String, Quirks, Timestamp) {
        let (mut codes, quirks, now) = (
            DeviceCodes::default(),
            Quirks::default(),
            Timestamp::from_secs(1_000),
        );
        let (device, user) = codes.start(PendingId(1), "c", Vec::new(), &quirks, now);
        (codes, device, user, quirks, now)
    }

    #[test]
    fn polling_too_fast_costs_five_seconds_each_time() {
        let (mut codes, device, _, quirks, now) = started();
        let mut poll = |at| codes.poll(&device, "c", &quirks, now.plus(Duration::from_secs(at)));
        assert_eq!(poll(0), Polled::Pending);
        assert_eq!(poll(1), Polled::SlowDown(Duration::from_secs(7)));
        assert_eq!(poll(7), Polled::SlowDown(Duration::from_secs(12)));
        assert_eq!(poll(19), Polled::Pending);
    }

    #[test]
    fn an_allowed_code_is_good_once() {
        let (mut codes, device, user, quirks, now) = started();
        let typed = user.to_lowercase();
        codes.by_user_code(&typed, now).unwrap().decision = Decision::Allowed("al".to_owned());
        assert!(codes.by_user_code(&typed, now).is_none(), "it is decided");
        assert_eq!(codes.poll(&device, "other", &quirks, now), Polled::Bad);
        let allowed = codes.poll(&device, "c", &quirks, now);
        assert!(matches!(allowed, Polled::Allowed { .. }));
        assert_eq!(codes.poll(&device, "c", &quirks, now), Polled::Bad);
    }

    #[test]
    fn an_old_code_is_expired_and_cannot_be_allowed() {
        let (mut codes, device, user, quirks, now) = started();
        let late = now.plus(quirks.device_lifetime);
        assert_eq!(codes.poll(&device, "c", &quirks, late), Polled::Expired);
        assert!(codes.by_user_code(&user, late).is_none());
    }
}
