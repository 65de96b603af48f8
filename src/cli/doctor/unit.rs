//! The systemd unit: whether the one that is installed is the one that this program comes with.

use crate::cli::doctor::finding::Finding;
use std::collections::BTreeSet;
use std::path::Path;

const CHECK: &str = "unit";

/// The unit that this program comes with.
pub const UNIT: &str = include_str!("../../../assets/tokenward.service");

/// Settings that everybody writes as it fits the machine.
const OWN: [&str; 6] = [
    "ExecStart=",
    "Environment=",
    "EnvironmentFile=",
    "LoadCredential=",
    "LoadCredentialEncrypted=",
    "ReadWritePaths=",
];

/// Looks at the user's unit; `folder` is that of the user's settings (`~/.config`).
pub fn examine(folder: &Path) -> Finding {
    let file = folder.join("systemd/user/tokenward.service");
    match std::fs::read_to_string(&file) {
        Ok(text) => of(&text, &file),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Finding::ok(
            CHECK,
            "none is installed; for one: tokenward daemon --print-unit",
        ),
        Err(error) => {
            let file = file.display();
            let what = format!("{file} cannot be read: {error}");
            Finding::warning(CHECK, what, format!("ls -l {file}"))
        }
    }
}

fn of(text: &str, file: &Path) -> Finding {
    let (theirs, ours) = (settings(text), settings(UNIT));
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
    let mend = format!("tokenward daemon --print-unit > {file}; systemctl --user daemon-reload");
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
        assert_eq!(of(&path, file).verdict, Verdict::Ok);
        let open = of(&UNIT.replace("NoNewPrivileges=yes\n", ""), file);
        assert!(open.what.contains("lacks NoNewPrivileges=yes"), "{open:?}");
        let odd = of(&UNIT.replace("LimitCORE=0", "LimitCORE=infinity"), file);
        assert!(odd.what.contains("has LimitCORE=infinity"), "{odd:?}");
    }
}
