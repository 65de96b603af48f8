//! What the kernel tells of a running owner: its limits, its locked memory (proc(5)).

use std::fs;
use std::path::PathBuf;

/// A process whose accounts anybody of this user may read.
#[derive(Debug, Clone)]
pub struct Process(PathBuf);

impl Process {
    /// The process of that number.
    pub fn of(pid: u32) -> Self {
        Self(PathBuf::from(format!("/proc/{pid}")))
    }

    /// Bytes that are never written to swap; `None`: the system does not tell.
    pub fn locked(&self) -> Option<u64> {
        let status = fs::read_to_string(self.0.join("status")).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmLck:"))?;
        let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kilobytes * 1024)
    }

    /// Its soft limit of that name, in the kernel's words: a number or `unlimited`.
    pub fn limit(&self, name: &str) -> Option<String> {
        let limits = fs::read_to_string(self.0.join("limits")).ok()?;
        let rest = limits.lines().find_map(|line| line.strip_prefix(name))?;
        rest.split_whitespace().next().map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_is_told_of() {
        let me = Process::of(std::process::id());
        assert!(me.locked().is_some());
        assert!(me.limit("Max core file size").is_some());
        assert_eq!(me.limit("Max nonsense"), None);
    }
}
