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
    pub fn happening(&self) -> Happening {
        Happening::AlertSeen {
            alert: self.kind,
            program: self.program.clone(),
            day: self.day,
        }
    }
}

impl Alert {
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
    /// What speaks for it, a sentence.
    pub text: String,
    /// What shows more, to be typed.
    pub command: String,
}
