//! Keeping the process's memory to itself: no core dumps, no tracing by others, no swap, private files.

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, setrlimit, umask};

/// Hardens an owner as far as the system lets it. What it does not let is no reason to stop.
pub fn harden() {
    umask(Mode::RWXG | Mode::RWXO);
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _ = setrlimit(Resource::Core, none);
    hide_memory();
    #[cfg(target_os = "linux")]
    locked::lock();
}

/// No core dump and no tracing by other processes of the user. Ends with this program: what `exec` starts is as always.
pub fn hide_memory() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

#[cfg(target_os = "linux")]
mod locked {
    use rustix::mm::{MlockAllFlags, mlockall, munlockall};
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    /// Keeps all memory out of swap, what comes later too. All or nothing: single pages cannot be locked without unsafe
    /// code, and a secret would lie on others as well (buffers of TLS, of SQLite).
    pub(super) fn lock() {
        let limit = getrlimit(Resource::Memlock);
        let raised = Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        };
        let _ = setrlimit(Resource::Memlock, raised);
        let all = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
        if mlockall(all).is_ok() && !is_boundless() {
            // It would run into the limit later, and an allocation that fails ends the program.
            let _ = munlockall();
        }
    }

    /// Whether no limit holds: as much as the whole of it is given on top of what the program has.
    fn is_boundless() -> bool {
        let Some(limit) = getrlimit(Resource::Memlock).current else {
            return true;
        };
        let mut trial: Vec<u8> = Vec::new();
        let given =
            usize::try_from(limit).is_ok_and(|limit| trial.try_reserve_exact(limit).is_ok());
        std::hint::black_box(&trial);
        given
    }
}
