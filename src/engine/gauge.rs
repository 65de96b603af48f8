//! What the owner takes of the machine: measured now and then, on the thread that may wait for a disk.

use crate::engine::vault_thread::{Job, VaultThread};
use crate::model::extent::{DailyBackups, Extent};
use crate::vault::daily::Daily;
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
    /// The daily backups, where they are made.
    pub backups: Option<DailyBackups>,
}

/// The last measurement.
#[derive(Debug, Default)]
pub struct Gauge {
    last: Arc<Mutex<Reading>>,
    asked_at: Option<Instant>,
}

impl Gauge {
    /// The last measurement; asks for a new one when it is old, and does not wait for it.
    pub fn read(&mut self, vault: &VaultThread, daily: Option<&Daily>) -> Reading {
        if self.asked_at.is_none_or(|at| at.elapsed() >= EVERY) {
            self.asked_at = Some(Instant::now());
            let (last, daily) = (Arc::clone(&self.last), daily.cloned());
            vault.ask(Job::Read(Box::new(move |store| {
                let reading = Reading {
                    memory: resident(),
                    extent: store.extent(),
                    backups: daily.as_ref().map(backups),
                };
                *last.lock().unwrap_or_else(PoisonError::into_inner) = reading;
            })));
        }
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn backups(daily: &Daily) -> DailyBackups {
    let all = daily.all();
    let newest = all.last();
    DailyBackups {
        count: all.len() as u64,
        newest: newest.map(|made| made.made_at),
        bytes: newest.map_or(0, |made| made.bytes),
    }
}

/// Bytes of this process in memory (`VmRSS` of proc(5)).
pub fn resident() -> Option<u64> {
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
