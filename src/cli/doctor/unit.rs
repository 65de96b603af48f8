//! The systemd unit: whether the one that is installed is the one that this program comes with.

use crate::cli::doctor::finding::Finding;
use std::collections::BTreeSet;
use std::path::Path;

const CHECK: &str = "unit";

/// The unit that this program comes with.
pub const UNIT: &str = include_str!("../../../assets/tokenward.service");

/// The unit of its socket, for who wants it started by the first program that asks.
pub const SOCKET: &str = include_str!("../../../assets/tokenward.socket");

/// Settings that everybody writes as it fits the machine.
const OWN: [&str; 7] = [
    "ExecStart=",
    "Environment=",
    "EnvironmentFile=",
    "LoadCredential=",
    "ListenStream=",
    "LoadCredentialEncrypted=",
    "ReadWritePaths=",
];

/// Looks at the user's units; `folder` is that of the user's settings (`~/.config`).
pub fn examine(folder: &Path) -> Vec<Finding> {
    let folder = folder.join("systemd/user");
    let service = one(&folder.join("tokenward.service"), UNIT).unwrap_or_else(|| {
        let what = "none is installed; for one: tokenward setup systemd --write";
        Finding::ok(CHECK, what)
    });
    let socket = one(&folder.join("tokenward.socket"), SOCKET);
    [service].into_iter().chain(socket).collect()
}

/// `None`: there is no such file.
fn one(file: &Path, ours: &str) -> Option<Finding> {
    match std::fs::read_to_string(file) {
        Ok(text) => Some(of(&text, ours, file)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => {
            let file = file.display();
            let what = format!("{file} cannot be read: {error}");
            Some(Finding::warning(CHECK, what, format!("ls -l {file}")))
        }
    }
}

fn of(text: &str, ours: &str, file: &Path) -> Finding {
    let (theirs, ours) = (settings(text), settings(ours));
    let file = file.display();
    let missing: Vec<&str> = ours.difference(&theirs).copied().collect();
    let other: Vec<&str> = theirs.difference(&ours).copied().collect();
    if missing.is_empty() && other.is_empty() {
        return Finding::ok(CHECK, format!("{file} is the one of this version"));
    }
    let mut parts = Vec::new();
    if !missing.is_empty() {
        parts.push(format!("lacks {}", missing.join(", ")));
    }
    if !other.is_empty() {
        parts.push(format!("has {}", other.join(", ")));
    }
    let what = format!(
        "{file} differs from the one of this version: it {}",
        parts.join("; it ")
    );
    let mend = "tokenward setup systemd --write; systemctl --user daemon-reload";
    Finding::warning(CHECK, what, mend)
}

fn settings(text: &str) -> BTreeSet<&str> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with(['#', ';', '[']))
        .filter(|line| !OWN.iter().any(|own| line.starts_with(own)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::finding::Verdict;

    #[test]
    fn what_everybody_writes_differently_does_not_count() {
        let file = Path::new("unit");
        let path = UNIT.replace("%h/.cargo/bin/tokenward", "/usr/bin/tokenward");
        assert_ne!(path, UNIT);
        assert_eq!(of(&path, UNIT, file).verdict, Verdict::Ok);
        let open = of(&UNIT.replace("NoNewPrivileges=yes\n", ""), UNIT, file);
        assert!(open.what.contains("lacks NoNewPrivileges=yes"), "{open:?}");
        let written = UNIT.replace("#LoadCredentialEncrypted", "LoadCredentialEncrypted");
        assert_eq!(of(&written, UNIT, file).verdict, Verdict::Ok);
        let socket = SOCKET.replace("%t/tokenward/agent.sock", "/run/x/agent-0.sock");
        assert_eq!(of(&socket, SOCKET, file).verdict, Verdict::Ok);
        let many = of(
            &socket.replace("SocketMode=0600", "Accept=yes"),
            SOCKET,
            file,
        );
        assert!(many.what.contains("has Accept=yes"), "{many:?}");
        let odd = of(
            &UNIT.replace("LimitCORE=0", "LimitCORE=infinity"),
            UNIT,
            file,
        );
        assert!(odd.what.contains("has LimitCORE=infinity"), "{odd:?}");
    }
}
