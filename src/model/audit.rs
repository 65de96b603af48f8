//! What the activity log is asked: which lines are looked for, and whether all are as they were written.

use crate::clock::Timestamp;
use crate::model::event::{Activity, Outcome};
use crate::model::name::CredentialName;
use crate::model::operation::OperationId;
use crate::model::program::Program;
use serde::{Deserialize, Serialize};

/// Every kind of line, as [`Happening::kind`](crate::model::event::Happening::kind) names it.
pub const KINDS: [&str; 45] = [
    "signed_in",
    "handed_out",
    "asked",
    "validated",
    "lines_lost",
    "settings_changed",
    "settings_refused",
    "grant",
    "hook_failed",
    "limit_exceeded",
    "alert_seen",
    "wrong_passphrase",
    "locked",
    "unlocked",
    "recipient_exchanged",
    "slot_added",
    "slot_removed",
    "key_rotated",
    "backed_up",
    "copies_removed",
    "restored",
    "put_back",
    "exported",
    "imported",
    "parcel_refused",
    "identified",
    "sign_in_failed",
    "refreshed",
    "refresh_failed",
    "recovered",
    "ends_soon",
    "revoked",
    "revoke_failed",
    "scopes_missed",
    "renamed",
    "superseded",
    "checked",
    "client_deleted",
    "removed",
    "vault_created",
    "slots_changed",
    "engine_started",
    "unreadable",
    "tokens_lost",
    "clock_jumped",
];

/// Which lines are looked for; what is left out is not asked about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this credential.
    pub credential: Option<CredentialName>,
    /// Of this kind, one of [`KINDS`].
    pub kind: Option<String>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// Asked for by this program: its path, or its file's name.
    pub program: Option<String>,
    /// Not before this moment.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// Of this operation.
    pub operation: Option<OperationId>,
}

impl Filter {
    /// Whether a line is one of those.
    pub fn fits(&self, activity: &Activity) -> bool {
        let is = |wanted: &str, program: &Program| {
            program.name() == wanted || program.short_name() == wanted
        };
        let by = activity.by.as_deref();
        self.since.is_none_or(|since| activity.at >= since)
            && self.until.is_none_or(|until| activity.at < until)
            && (self.credential.is_none() || self.credential == activity.name)
            && (self.operation.is_none() || self.operation == activity.operation)
            && self
                .kind
                .as_ref()
                .is_none_or(|kind| kind == activity.what.kind())
            && self
                .outcome
                .is_none_or(|outcome| outcome == activity.what.outcome())
            && self
                .program
                .as_ref()
                .is_none_or(|wanted| by.is_some_and(|program| is(wanted, program)))
    }
}

/// Which lines are wanted, and how many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// Which.
    pub filter: Filter,
    /// The first ones after this number; `None`: the newest.
    pub after: Option<u64>,
    /// At most so many.
    pub limit: usize,
    /// With keyed hashes where the accounts stand, and without the providers' own words.
    pub hides_accounts: bool,
}

/// Whether the log is as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// How many lines are, from the first on.
    pub lines: u64,
    /// The number of the first line that is kept; `None`: there is none.
    pub first: Option<u64>,
    /// What is wrong first; `None`: nothing is.
    pub broken: Option<Broken>,
}

/// The first thing that is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// The line's number; `None`: it is no single line.
    pub line: Option<u64>,
    /// What is wrong.
    pub what: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::event::{Happening, Purpose};
    use std::sync::Arc;

    #[test]
    fn every_kind_of_line_can_be_asked_for() {
        let unknown = serde_json::from_str::<Happening>(r#"{"event":"no_such_kind"}"#);
        let said = unknown.unwrap_err().to_string();
        let known: Vec<&str> = said.split('`').skip(3).step_by(2).collect();
        assert_eq!(known, KINDS);
    }

    fn line() -> Activity {
        let what = Happening::HandedOut {
            purpose: Purpose::Get,
            count: 2,
        };
        let by = Program {
            executable: Some("/usr/bin/curl".to_owned()),
            ..Program::default()
        };
        Activity::new(
            Timestamp::from_secs(100),
            Some("demo/a".parse().unwrap()),
            what,
        )
        .within(Some(OperationId(7)))
        .by(Some(Arc::new(by)))
    }

    #[test]
    fn each_part_of_a_filter_leaves_out_what_does_not_fit() {
        type Set = fn(&mut Filter);
        let parts: [(Set, Set); 8] = [
            (
                |f| f.credential = "demo/a".parse().ok(),
                |f| f.credential = "demo/b".parse().ok(),
            ),
            (
                |f| f.kind = Some("handed_out".to_owned()),
                |f| f.kind = Some("asked".to_owned()),
            ),
            (
                |f| f.outcome = Some(Outcome::Done),
                |f| f.outcome = Some(Outcome::Failed),
            ),
            (
                |f| f.program = Some("curl".to_owned()),
                |f| f.program = Some("url".to_owned()),
            ),
            (
                |f| f.program = Some("/usr/bin/curl".to_owned()),
                |f| f.program = Some("/usr/bin".to_owned()),
            ),
            (
                |f| f.since = Some(Timestamp::from_secs(100)),
                |f| f.since = Some(Timestamp::from_secs(101)),
            ),
            (
                |f| f.until = Some(Timestamp::from_secs(101)),
                |f| f.until = Some(Timestamp::from_secs(100)),
            ),
            (
                |f| f.operation = Some(OperationId(7)),
                |f| f.operation = Some(OperationId(8)),
            ),
        ];
        let mut all = Filter::default();
        assert!(all.fits(&line()));
        for (fits, does_not) in parts {
            fits(&mut all);
            assert!(all.fits(&line()), "{all:?}");
            let mut other = all.clone();
            does_not(&mut other);
            assert!(!other.fits(&line()), "{other:?}");
        }
        let unasked = Activity::new(Timestamp::from_secs(100), None, Happening::Unlocked);
        assert!(!all.fits(&unasked));
    }
}
