//! What other programs tell this one while it waits for the one it runs: passed on, each once.

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::signal::{
    SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2,
};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::Origin;

/// What is passed on. What only stops and wakes reaches the whole job by itself.
const PASSED_ON: [(i32, Signal); 7] = [
    (SIGHUP, Signal::HUP),
    (SIGINT, Signal::INT),
    (SIGQUIT, Signal::QUIT),
    (SIGTERM, Signal::TERM),
    (SIGUSR1, Signal::USR1),
    (SIGUSR2, Signal::USR2),
    (SIGCONT, Signal::CONT),
];

/// The signals that come from now on.
pub struct Signals(SignalsInfo<WithOrigin>);

impl Signals {
    /// Listens. What is ignored (nohup) stays so, for the program too.
    pub fn listen() -> std::io::Result<Self> {
        let ignored = ignored();
        let heard = PASSED_ON.iter().map(|(number, _)| *number);
        let heard = heard.filter(|number| ignored & (1 << (number - 1)) == 0);
        SignalsInfo::new(heard.chain([SIGCHLD])).map(Self)
    }

    /// Waits until something came; passes on to `child` what other programs sent.
    pub fn pass_on(&mut self, child: Pid) {
        for origin in self.0.wait() {
            let known = PASSED_ON.iter().find(|it| it.0 == origin.signal);
            if let Some((_, signal)) = known
                && is_for_this_process_alone(&origin)
            {
                // It may have ended a moment ago.
                let _ = kill_process(child, *signal);
            }
        }
    }
}

/// Whether a program sent it. The keys of a terminal, and its hanging up, reach the child without help: once more would
/// be once too often.
fn is_for_this_process_alone(origin: &Origin) -> bool {
    origin.process.is_some_and(|process| process.pid > 0)
}

/// The signals that are ignored, a bit each, as far as that can be known.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}
