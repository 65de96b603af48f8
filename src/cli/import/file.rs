//! Reads a file that another program keeps secrets in: bounded, and only if it is one's own.

use crate::cli::failure::{Failure, Kind};
use crate::cli::output::talk;
use crate::clock::Timestamp;
use rustix::process::geteuid;
use std::fs::{File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use zeroize::Zeroizing;

/// Largest file that is read, in bytes: ten thousand credentials and more.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Rights by which others read a file.
const READ: u32 = 0o044;
/// Rights by which others change a file.
const WRITE: u32 = 0o022;

/// What was read, and where.
#[derive(Debug)]
pub struct Source {
    /// The bytes.
    pub bytes: Zeroizing<Vec<u8>>,
    /// The file; `None`: it came through a pipe.
    pub path: Option<PathBuf>,
}

impl Source {
    /// Where it is from, for people.
    pub fn place(&self) -> PathBuf {
        let stdin = || PathBuf::from("standard input");
        self.path.clone().unwrap_or_else(stdin)
    }

    /// Where it is from, as it is kept.
    pub fn kept(&self) -> Option<String> {
        let path = self.path.as_ref()?;
        Some(path.to_string_lossy().into_owned())
    }

    /// When it was written; `None`: it came through a pipe, or nobody knows.
    pub fn written(&self) -> Option<Timestamp> {
        let about = std::fs::metadata(self.path.as_ref()?).ok()?;
        let since = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(Timestamp::from_secs(0).plus(since))
    }

    /// Its text; `None`: it is none.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }
}

/// Reads a file that was named; `-` is standard input.
pub fn named(path: &Path) -> Result<Source, Failure> {
    if path == Path::new("-") {
        let bytes = all(std::io::stdin().lock(), path)?;
        return Ok(Source { bytes, path: None });
    }
    let file = File::open(path).map_err(|error| unreadable(path, error))?;
    let about = file.metadata().map_err(|error| unreadable(path, error))?;
    check(path, &about)?;
    let bytes = all(file, path)?;
    // What came through a pipe (`<(...)`) has no place of its own.
    let path = about.is_file().then(|| absolute(path));
    Ok(Source { bytes, path })
}

/// Reads a file where a tool keeps it, if it is there.
pub fn kept(path: &Path) -> Result<Option<Source>, Failure> {
    match std::fs::metadata(path) {
        Ok(about) if about.is_file() => named(path).map(Some),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(path, error)),
    }
}

/// The files of a folder whose names end so, in order; a link that leads out of the folder is left alone.
pub fn in_folder(folder: &Path, end: &str) -> Vec<PathBuf> {
    let Ok(real) = folder.canonicalize() else {
        return Vec::new();
    };
    let entries = std::fs::read_dir(&real).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    let mut found: Vec<PathBuf> = paths
        .filter(|path| path.to_string_lossy().ends_with(end))
        .filter(|path| path.canonicalize().is_ok_and(|it| it.starts_with(&real)))
        .collect();
    found.sort();
    found
}

/// Whose file it is and who else reaches it: another user's is refused, and so is one that others may write.
fn check(path: &Path, about: &Metadata) -> Result<(), Failure> {
    let place = path.display();
    if about.is_dir() {
        let text = format!("{place} is a folder");
        return Err(Failure::usage(text).hint("name a file in it"));
    }
    if !about.is_file() {
        return Ok(());
    }
    let owner = about.uid();
    if owner != geteuid().as_raw() {
        let text =
            format!("{place} belongs to another user (uid {owner}): what is in it is not yours");
        return Err(Failure::new(Kind::Refused, text)
            .hint("if it is meant for you, copy it to a file of your own first"));
    }
    if about.mode() & WRITE != 0 {
        let text = format!("others can write {place}: what is in it may be theirs");
        return Err(Failure::new(Kind::Refused, text).hint(format!(
            "look into it, then take that right away: chmod go-w {place}"
        )));
    }
    if about.mode() & READ != 0 {
        talk(&format!(
            "warning: others can read {place}: chmod 600 {place}"
        ));
    }
    Ok(())
}

fn all(from: impl Read, path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(64 * 1024));
    from.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(path, error))?;
    if bytes.len() as u64 > LARGEST {
        let text = format!("{} is too large: more than 64 MB", path.display());
        return Err(Failure::new(Kind::Failed, text).hint("name the right file"));
    }
    Ok(bytes)
}

fn unreadable(path: &Path, error: std::io::Error) -> Failure {
    let text = format!("cannot read {}", path.display());
    let failure = Failure::from(error);
    Failure {
        kind: Kind::Failed,
        ..failure
    }
    .within(text)
    .hint(format!("look at it: ls -l {}", path.display()))
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn write(folder: &Path, name: &str, mode: u32) -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, "content").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn a_file_that_others_may_write_is_refused_and_a_folder_too() {
        let folder = tempfile::tempdir().unwrap();
        let fine = named(&write(folder.path(), "fine", 0o600)).unwrap();
        assert_eq!(fine.text(), Some("content"));
        let open = named(&write(folder.path(), "open", 0o666)).unwrap_err();
        assert_eq!(open.kind, Kind::Refused);
        assert!(named(folder.path()).is_err());
        let absent = folder.path().join("absent");
        assert!(kept(&absent).unwrap().is_none());
        assert!(named(&absent).is_err());
    }

    #[test]
    fn a_link_that_leads_out_of_a_folder_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let outside = write(folder.path(), "outside.json", 0o600);
        let cache = folder.path().join("cache");
        std::fs::create_dir(&cache).unwrap();
        let inside = write(&cache, "inside.json", 0o600);
        std::os::unix::fs::symlink(&outside, cache.join("link.json")).unwrap();
        write(&cache, "other.txt", 0o600);
        let found = in_folder(&cache, ".json");
        assert_eq!(found, [inside.canonicalize().unwrap()]);
    }
}
