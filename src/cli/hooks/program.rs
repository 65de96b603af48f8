//! The program of a hook: where it is, and whether anybody else could change it.

use rustix::process::geteuid;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Others may not write it.
const WRITABLE_BY_OTHERS: u32 = 0o022;
/// Somebody may run it.
const RUNNABLE: u32 = 0o111;

/// Finds the program, a whole path or a bare name in `PATH`; what is wrong with it is the error.
pub fn find(program: &str) -> Result<PathBuf, String> {
    if program.starts_with('/') {
        return checked(PathBuf::from(program));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&path).map(|folder| folder.join(program));
    match places.find(|file| file.is_absolute() && file.is_file()) {
        Some(file) => checked(file),
        None => Err(format!("{program} is not in PATH")),
    }
}

/// Refuses a program that is not there, that cannot be run, or that somebody else could change.
fn checked(file: PathBuf) -> Result<PathBuf, String> {
    let place = file.display();
    let real = fs::canonicalize(&file).map_err(|error| format!("{place}: {error}"))?;
    let found = fs::metadata(&real).map_err(|error| format!("{place}: {error}"))?;
    if !found.is_file() || found.mode() & RUNNABLE == 0 {
        return Err(format!("{place} is no program: chmod u+x {place}"));
    }
    for part in [Some(real.as_path()), real.parent()].into_iter().flatten() {
        others_may_write(part)?;
    }
    Ok(file)
}

fn others_may_write(part: &Path) -> Result<(), String> {
    let place = part.display();
    let found = fs::metadata(part).map_err(|error| format!("{place}: {error}"))?;
    let is_ours = [0, geteuid().as_raw()].contains(&found.uid());
    // In a folder like /tmp (sticky) nobody replaces another's file.
    let is_sticky = found.is_dir() && found.mode() & 0o1000 != 0;
    if is_ours && (is_sticky || found.mode() & WRITABLE_BY_OTHERS == 0) {
        return Ok(());
    }
    let who = match is_ours {
        true => "others can write",
        false => "another user owns",
    };
    Err(format!(
        "{who} {place}: a hook there could be anybody's (chmod go-w {place})"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_program_that_others_can_change_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("hook");
        let place = file.to_str().unwrap();
        assert!(find(place).unwrap_err().contains("hook"));
        fs::write(&file, "#!/bin/sh\n").unwrap();
        let rights = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        rights(&file, 0o600);
        assert!(find(place).unwrap_err().contains("chmod u+x"));
        rights(&file, 0o700);
        assert_eq!(find(place).unwrap(), file);
        rights(&file, 0o722);
        assert!(find(place).unwrap_err().contains("others can write"));
        rights(&file, 0o755);
        rights(folder.path(), 0o777);
        assert!(find(place).unwrap_err().contains("others can write"));
        rights(folder.path(), 0o700);
        assert!(find("sh").is_ok());
        assert!(find("no-such-hook").unwrap_err().contains("not in PATH"));
    }
}
