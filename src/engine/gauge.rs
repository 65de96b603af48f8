//! What the owner takes of the machine: measured now and then, on the thread that may wait for a disk.

use crate::engine::vault_thread::{Job, VaultThread};
use crate::model::extent::Extent;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two measurements.
const EVERY: Duration = Duration::from_secs(2);

/// What was measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// Bytes of this process in memory, where the system tells.
    pub memory: Option<u64>,
    /// What the vault takes on the disk.
    pub extent: Option<Extent>,
}

/// The last measurement.
#[derive(Debug, Default)]
pub struct Gauge {
    last: Arc<Mutex<Reading>>,
    asked_at: Option<Instant>,
}

impl Gauge {
    /// The last measurement; asks for a new one when it is old, and does not wait for it.
    pub fn read(&mut self, vault: &VaultThread) -> Reading {
        if self.asked_at.is_none_or(|at| at.elapsed() >= EVERY) {
            self.asked_at = Some(Instant::now());
            let last = Arc::clone(&self.last);
            vault.ask(Job::Read(Box::new(move |store| {
                let reading = Reading {
                    memory: resident(),
                    extent: store.extent(),
                };
                *last.lock().unwrap_or_else(PoisonError::into_inner) = reading;
            })));
        }
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes of this process in memory (`VmRSS` of proc(5)).
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_takes_some_memory_where_the_system_tells() {
        let more_than_a_little = resident().is_some_and(|bytes| bytes > 1 << 20);
        assert_eq!(more_than_a_little, cfg!(target_os = "linux"));
    }
}
