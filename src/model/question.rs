//! A question of a program that has no token: whether it may have one.

use crate::clock::Timestamp;
use crate::model::grant::GrantName;
use crate::model::name::CredentialName;
use crate::model::program::Program;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// The number of a question, as a person types it; it means nothing to another owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct QuestionId(pub u64);

impl fmt::Display for QuestionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A question that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionView {
    /// Its number.
    pub id: QuestionId,
    /// The grant it asks for.
    pub grant: GrantName,
    /// Whose tokens it wants, where there is no such grant yet.
    pub credentials: Vec<CredentialName>,
    /// Who asks, as far as the port tells.
    pub by: Arc<Program>,
    /// When.
    pub asked_at: Timestamp,
    /// Until when an answer is waited for.
    pub until: Timestamp,
}

/// Which of the questions that wait now are news to somebody who knows those of before: each once, and not one that a
/// program asks in the place of another.
pub fn news<'a>(before: &[QuestionView], now: &'a [QuestionView]) -> Vec<&'a QuestionView> {
    // Numbers begin anew with each owner, and a program has one question at a time.
    let is_known = |it: &&QuestionView| before.iter().any(|old| old.by.is_same(&it.by));
    now.iter().filter(|it| !is_known(it)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(id: u64, agent: &str) -> QuestionView {
        QuestionView {
            id: QuestionId(id),
            grant: "ci".parse().unwrap(),
            credentials: Vec::new(),
            by: Arc::new(Program {
                user_agent: Some(agent.to_owned()),
                ..Program::default()
            }),
            asked_at: Timestamp::from_secs(100),
            until: Timestamp::from_secs(700),
        }
    }

    #[test]
    fn each_program_that_asks_is_news_once() {
        let (one, other) = (question(1, "one"), question(2, "other"));
        let both = [one.clone(), other.clone()];
        assert_eq!(news(&[], &both), [&one, &other]);
        assert_eq!(news(&both[..1], &both), [&other]);
        assert!(news(&both, &both[1..]).is_empty());
        let instead = [question(3, "one")];
        assert!(news(&both, &instead).is_empty(), "it asks something else");
        assert_eq!(news(&[], &instead).len(), 1, "it asks anew");
    }
}
