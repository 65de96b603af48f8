//! Who ran into a limit, for the activity log: once a minute of each program and credential.

use crate::clock::Timestamp;
use crate::engine::runner::Runner;
use crate::engine::step::CallerId;
use crate::model::event::Activity;
use crate::model::name::CredentialName;
use crate::model::program::Program;
use std::collections::HashMap;
use std::time::Duration;

/// A limit that is run into again and again is noted that often.
const NOTED_EVERY: Duration = Duration::from_secs(60);

/// What was noted lately: of which credential and program.
#[derive(Debug, Default)]
pub struct Noted(HashMap<(Option<CredentialName>, String), Timestamp>);

impl Noted {
    /// Whether it is worth a line now.
    fn is_news(&mut self, name: Option<&CredentialName>, program: &str, now: Timestamp) -> bool {
        // A clock that was set back would keep one for long.
        self.0
            .retain(|_, at| *at <= now && at.plus(NOTED_EVERY) > now);
        let key = (name.cloned(), program.to_owned());
        let is_news = !self.0.contains_key(&key);
        if is_news {
            self.0.insert(key, now);
        }
        is_news
    }
}

impl Runner {
    pub(in crate::engine) fn exceeded(&mut self, caller: CallerId, line: Activity) {
        let by = self.callers.program(caller).cloned();
        let program = by.as_deref().map_or("", Program::name);
        if self.exceeding.is_news(line.name.as_ref(), program, line.at) {
            self.happened(line.by(by));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_program_is_told_once_a_minute() {
        let mut noted = Noted::default();
        let name: CredentialName = "demo/alice".parse().unwrap();
        let at = |secs: i64| Timestamp::from_secs(1_800_000_000 + secs);
        let mut news = |program, secs: i64| noted.is_news(Some(&name), program, at(secs));
        assert!(news("curl", 0) && !news("curl", 59));
        assert!(news("git", 59), "another one hides behind nobody");
        assert!(news("curl", 60));
        assert!(news("curl", 10), "the clock was set back");
        assert_eq!(noted.0.len(), 1);
    }
}
