//! A file of settings that belongs to a person: read whole, replaced in one step, never damaged.

use crate::cli::failure::{Failure, Kind};
use rand::Rng;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Largest file that is taken for one, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;

/// A file of settings, as it was when it was opened.
#[derive(Debug)]
pub struct Dotfile {
    /// As the program that reads it knows it.
    pub path: PathBuf,
    /// Where it really is: elsewhere, when it is a link to another place in the home folder.
    pub place: PathBuf,
    /// What is in it; `None`: it is not there.
    pub text: Option<String>,
}

impl Dotfile {
    /// Reads it. A link is followed inside of the home folder alone: dotfiles that are kept elsewhere there are a person's
    /// own, what lies outside is not theirs to have changed.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let place = place(path)?;
        let text = match fs::symlink_metadata(&place) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error, "look at", path)),
            Ok(found) => {
                look(path, &found)?;
                Some(read(path, &place)?)
            }
        };
        Ok(Self {
            path: path.to_path_buf(),
            place,
            text,
        })
    }

    /// Puts a new text there, in one step; a file that was not there gets this mode, any other keeps its own.
    pub fn put(&self, text: &str, mode: u32) -> Result<(), Failure> {
        let wrong = |error| failed(error, "write", &self.path);
        let folder = self.folder();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(wrong)?;
        let beside = folder.join(format!(".tokenward-{:016x}", rand::rng().random::<u64>()));
        let written = self
            .fill(&beside, text, mode)
            .map_err(wrong)
            .and_then(|()| self.is_unchanged())
            .and_then(|()| fs::rename(&beside, &self.place).map_err(wrong));
        if written.is_err() {
            // Of what did not become the file nothing is left.
            let _ = fs::remove_file(&beside);
        }
        written?;
        sync(folder).map_err(wrong)
    }

    /// Removes it.
    pub fn remove(&self) -> Result<(), Failure> {
        self.is_unchanged()?;
        let removed = fs::remove_file(&self.place).and_then(|()| sync(self.folder()));
        removed.map_err(|error| failed(error, "remove", &self.path))
    }

    fn folder(&self) -> &Path {
        match self.place.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            Some(_) | None => Path::new("."),
        }
    }

    fn fill(&self, beside: &Path, text: &str, mode: u32) -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(beside)?;
        file.write_all(text.as_bytes())?;
        match fs::metadata(&self.place) {
            Ok(old) => {
                if old.gid() != file.metadata()?.gid() {
                    std::os::unix::fs::fchown(&file, None, Some(old.gid()))?;
                }
                file.set_permissions(old.permissions())?;
            }
            Err(_) => file.set_permissions(Permissions::from_mode(mode))?,
        }
        file.sync_all()
    }

    /// An editor or the program itself may have written meanwhile.
    fn is_unchanged(&self) -> Result<(), Failure> {
        let now = match read(&self.path, &self.place) {
            Ok(text) => Some(text),
            Err(_) if !self.place.exists() => None,
            Err(failure) => return Err(failure),
        };
        if now == self.text {
            return Ok(());
        }
        let text = format!("{} was changed meanwhile", self.path.display());
        Err(Failure::new(Kind::Unavailable, text).hint("run this again"))
    }
}

/// Where a file really is.
fn place(path: &Path) -> Result<PathBuf, Failure> {
    let is_link = fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
    let Ok(real) = fs::canonicalize(path) else {
        if is_link {
            let text = format!("{} is a link that leads nowhere", path.display());
            return Err(Failure::new(Kind::Refused, text)
                .hint("make the file it leads to, or remove the link"));
        }
        return Ok(path.to_path_buf());
    };
    let home = std::env::home_dir().and_then(|home| home.canonicalize().ok());
    if is_link && !home.is_some_and(|home| real.starts_with(home)) {
        let text = format!(
            "{} is a link that leads out of the home folder, to {}",
            path.display(),
            real.display()
        );
        return Err(Failure::new(Kind::Refused, text).hint(
            "without --write the lines are printed: put them where that file is made (home-manager, chezmoi, ...)",
        ));
    }
    Ok(real)
}

fn look(path: &Path, found: &fs::Metadata) -> Result<(), Failure> {
    let refuse = |why: &str| {
        let text = format!("{} {why}", path.display());
        Err(Failure::new(Kind::Refused, text)
            .hint("without --write the lines are printed, for you to put there"))
    };
    if !found.is_file() {
        return refuse("is no file");
    }
    if found.uid() != rustix::process::geteuid().as_raw() {
        return refuse("belongs to another user");
    }
    // A new file takes the place of one name alone.
    if found.nlink() > 1 {
        return refuse("has a second name (a hard link)");
    }
    if found.len() > LARGEST {
        return refuse("is too large for settings");
    }
    Ok(())
}

fn read(path: &Path, place: &Path) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let opened = File::open(place).map_err(|error| failed(error, "read", path))?;
    opened
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| failed(error, "read", path))?;
    String::from_utf8(bytes).map_err(|_| {
        let text = format!("{} is no text in UTF-8, and is left alone", path.display());
        Failure::new(Kind::Refused, text)
            .hint("without --write the lines are printed, for you to put there")
    })
}

fn sync(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

fn failed(error: std::io::Error, what: &str, path: &Path) -> Failure {
    let kind = Kind::Failed;
    let failure = Failure {
        kind,
        ..Failure::from(error)
    };
    failure.within(format!("cannot {what} {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_keeps_its_mode_and_a_new_one_gets_what_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/rc");
        Dotfile::open(&path).unwrap().put("one\n", 0o600).unwrap();
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let file = Dotfile::open(&path).unwrap();
        assert_eq!(file.text.as_deref(), Some("one\n"));
        file.put("two\n", 0o600).unwrap();
        assert_eq!(mode(), 0o640);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn what_was_written_meanwhile_is_not_lost() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rc");
        let early = Dotfile::open(&path).unwrap();
        fs::write(&path, "theirs").unwrap();
        assert_eq!(
            early.put("ours", 0o600).unwrap_err().kind,
            Kind::Unavailable
        );
        let late = Dotfile::open(&path).unwrap();
        fs::write(&path, "theirs again").unwrap();
        assert!(late.put("ours", 0o600).is_err() && late.remove().is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs again");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_plain_file_of_ones_own_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let refusal = |name: &str| Dotfile::open(&at(name)).unwrap_err().source.to_string();
        std::os::unix::fs::symlink("nowhere", at("dangling")).unwrap();
        assert!(refusal("dangling").contains("leads nowhere"));
        std::os::unix::fs::symlink("/etc/passwd", at("outside")).unwrap();
        assert!(refusal("outside").contains("/etc/passwd"));
        fs::create_dir(at("folder")).unwrap();
        assert!(refusal("folder").contains("no file"));
        fs::write(at("one"), "x").unwrap();
        fs::hard_link(at("one"), at("two")).unwrap();
        assert!(refusal("two").contains("hard link"));
        fs::write(at("latin"), b"gr\xfc\xdfe").unwrap();
        assert!(refusal("latin").contains("UTF-8"));
    }
}
