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
