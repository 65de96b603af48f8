//! What in the activity log a person should look at: the thresholds, and what an alert says.

use crate::clock::Timestamp;
use crate::model::event::Happening;
use crate::model::name::CredentialName;
use serde::{Deserialize, Serialize};

/// From where on something is told. Zero (or `false`): never.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// Most events of one credential a day. What the engine does as planned does not count, hand-outs that were gathered
    /// into one line count once, and a day that is no more than twice what that credential usually has is not told.
    pub credential_a_day: u64,
    /// Most requests from one address an hour.
    pub address_an_hour: u64,
    /// Largest share of refreshes that fail, where there are ten at least.
    pub refresh_failures: f64,
    /// Most violations of limits by one program a day.
    pub limits_a_day: u64,
    /// Most wrong passphrases a day.
    pub passphrases_a_day: u64,
    /// Whether programs that never asked before are told; not while the log is younger than a week, when all are new.
    pub new_programs: bool,
    /// A hand-out is told at an hour of the day without any in so many days before.
    pub quiet_days: u64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            credential_a_day: 20,
            address_an_hour: 50,
            refresh_failures: 0.1,
            limits_a_day: 10,
            passphrases_a_day: 2,
            new_programs: true,
            quiet_days: 30,
        }
    }
}

/// By what an alert is known again, though more lines may come to rest it on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertKey {
    /// What it is about.
    pub kind: AlertKind,
    /// Whose.
    #[serde(default)]
    pub credential: Option<CredentialName>,
    /// By whom.
    #[serde(default)]
    pub program: Option<String>,
    /// The day (UTC) of the newest line it rests on, counted from 1 January 1970.
    pub day: i64,
}

impl AlertKey {
    /// The line that tells that somebody has looked at it; the credential stands beside.
    pub fn happening(&self, seen: Seen) -> Happening {
        Happening::AlertSeen {
            alert: self.kind,
            program: self.program.clone(),
            day: self.day,
            until: Some(seen.until),
            count: Some(seen.count),
        }
    }
}

/// How far somebody has looked at an alert: what comes beyond it is news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The newest line that it rested on then.
    pub until: Timestamp,
    /// How many it counted then.
    pub count: u64,
}

impl Seen {
    /// All of the alert's day, as a line tells that notes no more.
    pub const ALL_OF_THE_DAY: Self = Self {
        until: Timestamp::from_millis(i64::MAX),
        count: u64::MAX,
    };

    /// The alerts of one key, as they are now; `None`: there is none.
    pub fn of(alerts: &[Alert], key: &AlertKey) -> Option<Self> {
        let of_key = alerts.iter().filter(|alert| alert.key() == *key);
        of_key
            .map(|alert| Self {
                until: alert.at,
                count: alert.count,
            })
            .reduce(|one, other| Self {
                until: one.until.max(other.until),
                count: one.count.max(other.count),
            })
    }
}

impl Alert {
    /// Whether there is more to look at than somebody has looked at.
    pub fn goes_beyond(&self, seen: Seen) -> bool {
        match self.kind {
            AlertKind::NewProgram => false,
            // Each copy that comes back is told.
            AlertKind::QuietHour | AlertKind::ReplayedToken => self.at > seen.until,
            // Whoever guesses, or runs into a limit, goes on after it was noticed.
            AlertKind::WrongPassphrases | AlertKind::LimitViolations => self.count > seen.count,
            AlertKind::BusyCredential | AlertKind::BusyAddress | AlertKind::RefreshFailures => {
                self.is_much_more_than(seen)
            }
        }
    }

    /// Whether it is worth telling of while an earlier state of it is still open.
    pub fn is_news_beside(&self, told: &Self) -> bool {
        let seen = Seen {
            until: told.at,
            count: told.count,
        };
        match self.kind {
            AlertKind::LimitViolations => self.is_much_more_than(seen),
            AlertKind::NewProgram
            | AlertKind::QuietHour
            | AlertKind::ReplayedToken
            | AlertKind::WrongPassphrases
            | AlertKind::BusyCredential
            | AlertKind::BusyAddress
            | AlertKind::RefreshFailures => self.goes_beyond(seen),
        }
    }

    /// As much again, or the count of a later hour.
    fn is_much_more_than(&self, seen: Seen) -> bool {
        let is_of_later_hour = self.at > seen.until && self.count < seen.count;
        self.count / 2 >= seen.count || is_of_later_hour
    }

    /// By what it is known again.
    pub fn key(&self) -> AlertKey {
        AlertKey {
            kind: self.kind,
            credential: self.credential.clone(),
            program: self.program.clone(),
            day: self.at.as_millis().div_euclid(24 * 3600 * 1000),
        }
    }
}

impl AlertKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::BusyCredential,
        Self::BusyAddress,
        Self::RefreshFailures,
        Self::LimitViolations,
        Self::WrongPassphrases,
        Self::NewProgram,
        Self::QuietHour,
        Self::ReplayedToken,
    ];

    /// The word machines read.
    pub const fn key(self) -> &'static str {
        match self {
            Self::BusyCredential => "busy_credential",
            Self::BusyAddress => "busy_address",
            Self::RefreshFailures => "refresh_failures",
            Self::LimitViolations => "limit_violations",
            Self::WrongPassphrases => "wrong_passphrases",
            Self::NewProgram => "new_program",
            Self::QuietHour => "quiet_hour",
            Self::ReplayedToken => "replayed_token",
        }
    }

    /// What it is called.
    pub const fn words(self) -> &'static str {
        match self {
            Self::BusyCredential => "busy credential",
            Self::BusyAddress => "busy address",
            Self::RefreshFailures => "refreshes fail",
            Self::LimitViolations => "limits exceeded",
            Self::WrongPassphrases => "wrong passphrases",
            Self::NewProgram => "new program",
            Self::QuietHour => "quiet hour",
            Self::ReplayedToken => "used token came back",
        }
    }
}

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// Many events of one credential in a day.
    BusyCredential,
    /// Many requests from one address in an hour.
    BusyAddress,
    /// Many refreshes fail.
    RefreshFailures,
    /// One program exceeds limits again and again.
    LimitViolations,
    /// Passphrases were wrong again and again.
    WrongPassphrases,
    /// A program asked that never did before.
    NewProgram,
    /// A token was handed out at an hour at which none ever is.
    QuietHour,
    /// A grant's refresh token was used a second time: somebody has a copy.
    ReplayedToken,
}

/// Something that a person should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The newest line that it rests on.
    pub at: Timestamp,
    /// What it is about.
    pub kind: AlertKind,
    /// Whose, where it is about one credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<CredentialName>,
    /// By whom, where it is about one program or address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// How many lines, requests, tries or failures it counts.
    #[serde(default)]
    pub count: u64,
    /// What speaks for it, a sentence.
    pub text: String,
    /// What shows more, to be typed.
    pub command: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(kind: AlertKind, at: i64, count: u64) -> Alert {
        Alert {
            at: Timestamp::from_secs(1_800_000_000 + at),
            kind,
            credential: None,
            program: Some("/usr/bin/curl".to_owned()),
            count,
            text: String::new(),
            command: String::new(),
        }
    }

    #[test]
    fn what_was_looked_at_comes_back_when_it_goes_on() {
        use AlertKind::{
            BusyAddress, BusyCredential, LimitViolations, NewProgram, QuietHour, RefreshFailures,
            WrongPassphrases,
        };
        for (kind, at, count, comes_back) in [
            (WrongPassphrases, 60, 3, false),
            (WrongPassphrases, 60, 4, true),
            (LimitViolations, 60, 4, true),
            (BusyCredential, 60, 5, false),
            (BusyCredential, 60, 6, true),
            (RefreshFailures, 60, 5, false),
            (RefreshFailures, 60, 6, true),
            // Less than before is the count of another hour.
            (BusyAddress, 3600, 2, true),
            (BusyAddress, -3600, 2, false),
            (QuietHour, 0, 1, false),
            (QuietHour, 3600, 1, true),
            (NewProgram, 60, 9, false),
        ] {
            let seen = Seen::of(&[alert(kind, 0, 3)], &alert(kind, 0, 3).key()).unwrap();
            let now = alert(kind, at, count);
            assert_eq!(now.goes_beyond(seen), comes_back, "{kind:?} {count}");
            assert!(!now.goes_beyond(Seen::ALL_OF_THE_DAY), "{kind:?}");
        }
        let other = alert(NewProgram, 0, 1);
        assert_eq!(Seen::of(&[other], &alert(QuietHour, 0, 1).key()), None);
    }

    #[test]
    fn while_it_is_open_more_wrong_passphrases_are_news_and_a_loop_is_not_told_each_minute() {
        let is_news = |kind, count| alert(kind, 60, count).is_news_beside(&alert(kind, 0, 11));
        assert!(is_news(AlertKind::WrongPassphrases, 12));
        assert!(!is_news(AlertKind::WrongPassphrases, 11));
        assert!(!is_news(AlertKind::LimitViolations, 12));
        assert!(is_news(AlertKind::LimitViolations, 22));
        assert!(!is_news(AlertKind::NewProgram, 22));
    }
}
