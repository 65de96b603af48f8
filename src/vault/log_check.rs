//! Checks the whole activity log, portion by portion, and names the first line that is not as it was written.

use crate::model::audit::{Broken, Verdict};
use crate::vault::binding::Table;
use crate::vault::error::VaultError;
use crate::vault::store::Store;

/// Lines that are read at once.
const PORTION: usize = 2000;

/// A check under way.
#[derive(Debug)]
pub struct LogCheck {
    verdict: Verdict,
    after: u64,
    limit: usize,
}

impl Default for LogCheck {
    fn default() -> Self {
        Self {
            verdict: Verdict {
                lines: 0,
                first: None,
                broken: None,
            },
            after: 0,
            limit: PORTION,
        }
    }
}

impl LogCheck {
    /// Reads the next portion; gives the verdict when that was the last one. An error says nothing of the log.
    pub fn step(&mut self, store: &mut dyn Store) -> Result<Option<Verdict>, VaultError> {
        let ended = match store.log_after(self.after, self.limit) {
            Ok(portion) => match (portion.first(), portion.last()) {
                (Some(first), Some(last)) => {
                    let verdict = &mut self.verdict;
                    verdict.first = verdict.first.or(Some(first.number));
                    verdict.lines += portion.len() as u64;
                    self.after = last.number;
                    return Ok(None);
                }
                _ => store.check_log_ends(),
            },
            // How far it is whole: up to the line before the one that is not.
            Err(_) if self.limit > 1 => {
                self.limit = self.limit.div_ceil(2);
                return Ok(None);
            }
            Err(error) => Err(error),
        };
        if let Err(error) = ended {
            self.verdict.broken = Some(broken(error)?);
        }
        Ok(Some(self.verdict.clone()))
    }
}

fn broken(error: VaultError) -> Result<Broken, VaultError> {
    let line = match &error {
        VaultError::Tampered { table, row, .. } | VaultError::NewerPayload { table, row, .. }
            if *table == Table::Event.name() =>
        {
            row.parse().ok()
        }
        VaultError::Tampered { .. } => None,
        VaultError::LogCut { after } => Some(after + 1),
        _ => return Err(error),
    };
    let what = match &error {
        VaultError::Tampered { what, .. } if line.is_some() => (*what).to_owned(),
        VaultError::LogCut { .. } => "it is missing, and all after it".to_owned(),
        other => other.to_string(),
    };
    Ok(Broken { line, what })
}
