//! What is known of a refresh token called reused: where it came from, and who can have spent it first.
//!
//! Somebody else is named only where nothing that is known of this vault explains the second use.

use crate::clock::Timestamp;
use crate::model::credential::{CredentialView, Generation, Restored};
use crate::model::event::{Activity, Happening};
use crate::model::failure::Failure;
use crate::model::likely::{Evidence, LikelyCause};
use crate::model::name::CredentialName;
use crate::model::operation::OperationId;
use crate::model::program::Program;
use crate::model::provenance::Provenance;
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Suspect {
    /// This vault itself, before a backup was restored or an earlier generation put back.
    Restored(Restored),
    /// This vault itself: another of its credentials holds the same refresh token.
    Sibling(CredentialName),
    /// This vault itself: the present one was refused, and the one before it, long spent, was tried after it.
    OneBefore,
    /// This vault itself, in a refresh that a crash cut off.
    CutOff {
        /// When.
        at: Timestamp,
    },
    /// This vault itself: what a refresh brought could not be written, and was lost when the owner left.
    Unwritten {
        /// When.
        at: Timestamp,
    },
    /// This vault itself, in a refresh whose answer was lost on its way.
    AnswerLost {
        /// When the last such refresh failed, as far as the log tells.
        at: Option<Timestamp>,
    },
    /// This vault itself: a later generation had come, and an older copy was presented.
    OlderCopy,
    /// Whoever it was taken in from, if it is used there still.
    Source(Provenance),
    /// Whoever has the file it was written to.
    Export {
        /// When.
        at: Timestamp,
    },
    /// Nobody can be told: the log does not reach back to when it came.
    Untold,
    /// Somebody else: the log reaches back to when it came, and knows of no second use from here.
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
    let evidence = failure.evidence.as_deref()?;
    let is_of = |cause| evidence.likely.iter().any(|likely| likely.cause == cause);
    if !is_of(LikelyCause::Reused) {
        return None;
    }
    let presented = match evidence.of_one_before {
        true => Generation(view.generation.0.saturating_sub(1)),
        false => view.generation,
    };
    let next = Generation(presented.0.saturating_add(1));
    let came = origin(history, presented);
    let replaced = origin(history, next);
    let suspect = itself(view, evidence, history)
        .or_else(|| {
            let at = || last(history, is_lost);
            is_of(LikelyCause::AnswerLost).then(|| Suspect::AnswerLost { at: at() })
        })
        .or_else(|| replaced.is_some().then_some(Suspect::OlderCopy))
        .or_else(|| others(view, history))
        .unwrap_or(match came {
            Some(_) => Suspect::SecondHolder,
            None => Suspect::Untold,
        });
    Some(Reuse {
        presented,
        came,
        replaced,
        suspect,
    })
}

/// What this vault did itself, and knows of.
fn itself(view: &CredentialView, evidence: &Evidence, history: &[Activity]) -> Option<Suspect> {
    if let Some(restored) = view.profile.restored {
        return Some(Suspect::Restored(restored));
    }
    if let Some(other) = &evidence.shared_with {
        return Some(Suspect::Sibling(other.clone()));
    }
    if evidence.of_one_before {
        return Some(Suspect::OneBefore);
    }
    let present = view.generation;
    let is_cut = |what: &Happening| matches!(what, Happening::Recovered { generation } if *generation == present);
    if let Some(at) = last(history, is_cut) {
        return Some(Suspect::CutOff { at });
    }
    // Those of an earlier generation were made good: the present one came after them.
    let since = history.iter().rposition(|line| came(line) == Some(present));
    let lines = &history[since.unwrap_or(0)..];
    let at = last(lines, |what| matches!(what, Happening::TokensLost));
    at.map(|at| Suspect::Unwritten { at })
}

/// Who else was given it, as far as is known here.
fn others(view: &CredentialView, history: &[Activity]) -> Option<Suspect> {
    let since = view.profile.signed_in_at;
    if let Some(source) = &view.profile.provenance
        && source.at >= since
    {
        return Some(Suspect::Source(source.clone()));
    }
    let lines = history.iter().filter(|line| line.at >= since);
    let is_export = |line: &&Activity| matches!(line.what, Happening::Exported { .. });
    let at = lines.rev().find(is_export).map(|line| line.at);
    at.map(|at| Suspect::Export { at })
}

/// A refresh that was sent, and of which no answer came that says what became of it.
fn is_lost(what: &Happening) -> bool {
    matches!(what, Happening::RefreshFailed { failure, .. } if !failure.is_nothing_spent())
}

fn last(history: &[Activity], fits: impl Fn(&Happening) -> bool) -> Option<Timestamp> {
    let line = history.iter().rev().find(|line| fits(&line.what));
    line.map(|line| line.at)
}

/// The generation of which a line tells that it came.
const fn came(line: &Activity) -> Option<Generation> {
    match line.what {
        Happening::SignedIn { generation } | Happening::Refreshed { generation, .. } => {
            Some(generation)
        }
        _ => None,
    }
}

/// The newest line that tells of a generation, with who asked for what it belongs to.
fn origin(history: &[Activity], generation: Generation) -> Option<Origin> {
    let newest = history.iter().rev();
    let line = newest.clone().find(|line| came(line) == Some(generation))?;
    let mut same = newest.filter(|other| {
        line.operation.is_some() && other.operation == line.operation && other.by.is_some()
    });
    Some(Origin {
        at: line.at,
        by_sign_in: matches!(line.what, Happening::SignedIn { .. }),
        operation: line.operation,
        by: line.by.clone().or_else(|| same.next()?.by.clone()),
    })
}
