//! Keeping the process's memory to itself: no core dumps, no tracing by others, private files.

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
}

/// No core dump and no tracing by other processes of the user. Ends with this program: what `exec` starts is as always.
pub fn hide_memory() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}
