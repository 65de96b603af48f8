//! `[[hooks]]`: commands that are run when something happened to a credential.

use crate::config::keys::Key;
use crate::config::settings::Config;
use crate::model::hook::HookEvent;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Most hooks.
const MOST: usize = 32;
/// Longest time that one may take, in seconds.
const LONGEST: u64 = 600;

/// One hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HookSettings {
    /// What it is run for.
    pub on: Vec<HookEvent>,
    /// The program and its arguments; no shell reads them.
    pub command: Vec<String>,
    /// For which credentials: a name, `*` standing for anything.
    pub credentials: String,
    /// It is killed after so many seconds, 1 to 600.
    pub timeout_secs: u64,
}

impl Default for HookSettings {
    fn default() -> Self {
        Self {
            on: Vec::new(),
            command: Vec::new(),
            credentials: "*".to_owned(),
            timeout_secs: 30,
        }
    }
}

impl HookSettings {
    /// Whether it is run for that event of that credential.
    pub fn is_for(&self, event: HookEvent, name: &str) -> bool {
        self.on.contains(&event) && matches(&self.credentials, name)
    }

    /// How long it may take.
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_secs)
    }

    /// What is wrong with it: the member and why.
    fn fault(&self) -> Option<(&'static str, String)> {
        let program = self.command.first().map_or("", String::as_str);
        if self.on.is_empty() {
            let words = HookEvent::ALL.map(HookEvent::word).join(", ");
            return Some(("on", format!("it names no event: {words}")));
        }
        if program.is_empty() {
            let text = "it names no program: command = [\"/path/of/the/program\", \"argument\"]";
            return Some(("command", text.to_owned()));
        }
        if !program.starts_with('/') && program.contains('/') {
            let text =
                format!("{program} is no whole path: write one, or a bare name that is in PATH");
            return Some(("command", text));
        }
        if self.command.iter().any(|word| word.contains('\0')) {
            return Some(("command", "no program takes a NUL".to_owned()));
        }
        if !(1..=LONGEST).contains(&self.timeout_secs) {
            let secs = self.timeout_secs;
            let text = format!("it is {secs}; it must lie between 1 and {LONGEST}");
            return Some(("timeout_secs", text));
        }
        None
    }
}

/// Finds what is wrong with a hook: the key, and why.
pub fn check(config: &Config) -> Result<(), (Key, String)> {
    if config.hooks.len() > MOST {
        let many = config.hooks.len();
        let text = format!("there are {many} hooks; {MOST} are the most");
        return Err((vec!["hooks".to_owned()], text));
    }
    for (at, hook) in config.hooks.iter().enumerate() {
        if let Some((member, why)) = hook.fault() {
            let key = ["hooks", &at.to_string(), member].map(str::to_owned);
            return Err((key.to_vec(), format!("`hooks.{member}`: {why}")));
        }
    }
    Ok(())
}

/// Whether a name fits a pattern in which `*` stands for anything.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut name) = name.strip_prefix(start) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or("");
    for part in parts {
        match name.find(part) {
            Some(at) => name = &name[at + part.len()..],
            None => return false,
        }
    }
    name.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, name) in [
            ("*", "google/alice"),
            ("google/*", "google/alice"),
            ("*/alice", "google/alice"),
            ("g*le/*i*e", "google/alice"),
            ("google/alice", "google/alice"),
        ] {
            assert!(matches(pattern, name), "{pattern}");
        }
        for pattern in [
            "google",
            "google/*x",
            "x*",
            "google/alice*e",
            "*alice*alice",
        ] {
            assert!(!matches(pattern, "google/alice"), "{pattern}");
        }
    }

    #[test]
    fn a_hook_that_could_never_run_is_refused() {
        let right = HookSettings {
            on: vec![HookEvent::Failed],
            command: vec!["/bin/true".to_owned()],
            ..HookSettings::default()
        };
        assert_eq!(right.fault(), None);
        let wrong = |change: fn(&mut HookSettings)| {
            let mut hook = right.clone();
            change(&mut hook);
            hook.fault().unwrap().0
        };
        assert_eq!(wrong(|hook| hook.on.clear()), "on");
        assert_eq!(wrong(|hook| hook.command.clear()), "command");
        assert_eq!(
            wrong(|hook| hook.command[0] = "bin/tell".to_owned()),
            "command"
        );
        assert_eq!(wrong(|hook| hook.timeout_secs = 0), "timeout_secs");
        assert_eq!(wrong(|hook| hook.timeout_secs = 601), "timeout_secs");
    }
}
