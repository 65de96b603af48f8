//! Whether a crash writes memory to the disk: the owner's, and that of programs that are handed a token.

use crate::cli::doctor::finding::Finding;
use crate::cli::process::Process;
use rustix::process::{Resource, getrlimit};
use std::fs;

const CHECK: &str = "core_dumps";

/// Looks at the owner's limit, then at what a program that is started from here would leave.
pub fn examine(owner: Option<u32>) -> Finding {
    let limit = owner.and_then(|pid| Process::of(pid).limit("Max core file size"));
    if let Some(limit) = limit.filter(|limit| limit != "0") {
        let pid = owner.unwrap_or_default();
        let what = format!("the owner (pid {pid}) may leave a core of {limit} bytes");
        return Finding::problem(CHECK, what, format!("kill {pid}; tokenward --daemon"));
    }
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
    of_children(pattern.trim(), getrlimit(Resource::Core).current)
}

fn of_children(pattern: &str, limit: Option<u64>) -> Finding {
    let ours = "tokenward leaves none";
    if limit == Some(0) || pattern.is_empty() {
        return Finding::ok(CHECK, format!("{ours}, nor does what is started from here"));
    }
    let place = match pattern.strip_prefix('|') {
        Some(program) => format!("given to {}", program.split(' ').next().unwrap_or_default()),
        None => format!("written as {pattern}"),
    };
    let what =
        format!("{ours}; but programs that `exec` hands a token to may: a core would be {place}");
    Finding::warning(CHECK, what, "ulimit -c 0 (in the shell's profile)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::finding::Verdict;

    #[test]
    fn only_a_core_that_would_be_kept_is_warned_of() {
        let verdict = |pattern, limit| of_children(pattern, limit).verdict;
        assert_eq!(verdict("core", Some(0)), Verdict::Ok);
        assert_eq!(verdict("", None), Verdict::Ok);
        assert_eq!(verdict("core", None), Verdict::Warning);
        let piped = of_children("|/usr/lib/systemd/systemd-coredump %P", Some(1));
        assert!(
            piped
                .what
                .contains("given to /usr/lib/systemd/systemd-coredump")
        );
    }
}
