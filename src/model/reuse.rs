//! What is known of a refresh token that a provider calls reused: its origin, and who else may hold it.

use crate::clock::Timestamp;
use crate::model::credential::{CredentialView, Generation, Restored};
use crate::model::event::{Activity, Happening};
use crate::model::failure::Failure;
use crate::model::likely::LikelyCause;
use crate::model::operation::OperationId;
use crate::model::program::Program;
use std::sync::Arc;

/// A generation's beginning, by the line that tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// When.
    pub at: Timestamp,
    /// A person signed in; otherwise a refresh brought it.
    pub by_sign_in: bool,
    /// What it belongs to.
    pub operation: Option<OperationId>,
    /// Who asked for it, where somebody did.
    pub by: Option<Arc<Program>>,
}

/// Who may have spent it first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suspect {
    /// This vault itself, before a backup was restored or an earlier generation put back.
    Restored(Restored),
    /// This vault itself, in a refresh whose answer was lost.
    CutOff {
        /// When.
        at: Timestamp,
    },
    /// Somebody else: the log knows of no second use from here.
    SecondHolder,
}

/// What is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reuse {
    /// The generation whose refresh token was presented.
    pub presented: Generation,
    /// When and how it came, as far as the log reaches.
    pub came: Option<Origin>,
    /// The next generation, where one came after all: what was presented was an older copy.
    pub replaced: Option<Origin>,
    /// Who may have spent it first.
    pub suspect: Suspect,
}

/// Explains a failure that is about reuse; others have nothing to do with this.
pub fn of(view: &CredentialView, failure: &Failure, history: &[Activity]) -> Option<Reuse> {
    let is_reuse = failure
        .likely()
        .iter()
        .any(|likely| likely.cause == LikelyCause::Reused);
    if !is_reuse {
        return None;
    }
    let presented = view.generation;
    let next = Generation(presented.0.saturating_add(1));
    let cut_off = history.iter().rev().find(
        |line| matches!(line.what, Happening::Recovered { generation } if generation == presented),
    );
    let suspect = match (view.profile.restored, cut_off) {
        (Some(restored), _) => Suspect::Restored(restored),
        (None, Some(line)) => Suspect::CutOff { at: line.at },
        (None, None) => Suspect::SecondHolder,
    };
    Some(Reuse {
        presented,
        came: origin(history, presented),
        replaced: origin(history, next),
        suspect,
    })
}

/// The newest line that tells of a generation, with who asked for what it belongs to.
fn origin(history: &[Activity], generation: Generation) -> Option<Origin> {
    let newest = history.iter().rev();
    let (line, by_sign_in) = newest.clone().find_map(|line| match line.what {
        Happening::SignedIn { generation: it } if it == generation => Some((line, true)),
        Happening::Refreshed { generation: it, .. } if it == generation => Some((line, false)),
        _ => None,
    })?;
    let mut same = newest.filter(|other| {
        line.operation.is_some() && other.operation == line.operation && other.by.is_some()
    });
    Some(Origin {
        at: line.at,
        by_sign_in,
        operation: line.operation,
        by: line.by.clone().or_else(|| same.next()?.by.clone()),
    })
}
