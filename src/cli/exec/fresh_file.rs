//! The file that holds a token while a program runs: for its owner alone, replaced whole, gone at the end.

use crate::cli::failure::{Failure, Kind};
use crate::cli::token;
use crate::model::token::IssuedToken;
use rand::Rng;
use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, Stat, fstat, openat, renameat, statat, unlinkat,
};
use rustix::io::Errno;
use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// One file in one folder. The folder is opened once: who moves it away meanwhile leads no token elsewhere.
#[derive(Debug)]
pub struct FreshFile {
    path: PathBuf,
    folder: OwnedFd,
    name: OsString,
    /// What was put there last, held open: as long as it is, no other file can get its inode number.
    ours: Option<File>,
}

impl FreshFile {
    /// Looks whether a file can be there; puts nothing there yet. What is there already is somebody's: only with
    /// `replaces` is it taken for one that a killed run left, and never if it is a link, a folder or another user's.
    pub fn new(path: &Path, replaces: bool) -> Result<Self, Failure> {
        let name = path.file_name().ok_or_else(|| {
            Failure::usage(format!("{} names no file", path.display()))
                .hint("give a file: --refresh-file \"$XDG_RUNTIME_DIR/token\"")
        })?;
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            Some(_) | None => Path::new("."),
        };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened = openat(CWD, folder, flags, Mode::empty());
        let opened = opened.map_err(|error| {
            failed(error, format!("cannot open the folder {}", folder.display()))
                .hint("the folder has to be there; $XDG_RUNTIME_DIR is a good one: it never reaches a disk")
        })?;
        let file = Self {
            path: path.to_path_buf(),
            folder: opened,
            name: name.to_owned(),
            ours: None,
        };
        file.look(replaces)?;
        Ok(file)
    }

    fn look(&self, replaces: bool) -> Result<(), Failure> {
        let found = match statat(&self.folder, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Ok(()),
            Err(error) => return Err(failed(error, self.cannot("look at"))),
            Ok(found) => found,
        };
        let refuse = |why: &str, hint: &str| {
            let text = format!("{} {why}", self.path.display());
            Err(Failure::new(Kind::Refused, text).hint(hint))
        };
        match FileType::from_raw_mode(found.st_mode) {
            FileType::RegularFile => {}
            FileType::Symlink => {
                return refuse(
                    "is a link, and a token goes nowhere but where it was told to",
                    "name the file itself, or one that is not there yet",
                );
            }
            _ => return refuse("is there and is no file", "name one that is not there yet"),
        }
        if found.st_uid != rustix::process::geteuid().as_raw() {
            return refuse("belongs to another user", "name one that is not there yet");
        }
        if !replaces {
            return refuse(
                "is there already",
                "name one that is not there yet; one that a killed run left is replaced with --replace-file",
            );
        }
        Ok(())
    }

    /// Puts the token there, in one step: who reads finds the one before or this one, whole.
    pub fn put(&mut self, token: &IssuedToken) -> Result<(), Failure> {
        let beside = format!(".tokenward-{:016x}", rand::rng().random::<u64>());
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let made = openat(&self.folder, &beside, flags, Mode::RUSR | Mode::WUSR);
        let made = made.map_err(|error| failed(error, self.cannot("write")))?;
        let written = self.fill(File::from(made), &beside, token);
        if written.is_err() {
            // Of what did not become the file nothing is left.
            let _ = unlinkat(&self.folder, &beside, AtFlags::empty());
        }
        written
    }

    fn fill(&mut self, mut file: File, beside: &str, token: &IssuedToken) -> Result<(), Failure> {
        let bytes = token::bare(token);
        let io = |error: std::io::Error| {
            let kind = Kind::Failed;
            let failure = Failure {
                kind,
                ..error.into()
            };
            failure.within(format!("cannot write {}", self.path.display()))
        };
        file.write_all(bytes.as_bytes()).map_err(io)?;
        renameat(&self.folder, beside, &self.folder, &self.name)
            .map_err(|error| failed(error, self.cannot("replace")))?;
        self.ours = Some(file);
        Ok(())
    }

    /// Takes it away, if it is still what was put there.
    pub fn remove(&mut self) {
        let Some(ours) = self.ours.take() else { return };
        let found = statat(&self.folder, &self.name, AtFlags::SYMLINK_NOFOLLOW);
        let same = |ours: Stat| {
            found.is_ok_and(|found| (found.st_dev, found.st_ino) == (ours.st_dev, ours.st_ino))
        };
        if fstat(&ours).is_ok_and(same) {
            // Whoever took it away before did what is wanted.
            let _ = unlinkat(&self.folder, &self.name, AtFlags::empty());
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn cannot(&self, verb: &str) -> String {
        format!("cannot {verb} {}", self.path.display())
    }
}

impl Drop for FreshFile {
    fn drop(&mut self) {
        self.remove();
    }
}

fn failed(error: Errno, text: String) -> Failure {
    let kind = Kind::Failed;
    let failure = Failure {
        kind,
        ..Failure::from(std::io::Error::from(error))
    };
    failure.within(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::AccessToken;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn token(text: &str) -> IssuedToken {
        IssuedToken {
            access: AccessToken::new(text.to_owned()),
            token_type: "Bearer".to_owned(),
            expires_at: None,
            scopes: Vec::new(),
        }
    }

    fn names(folder: &Path) -> Vec<OsString> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    }

    #[test]
    fn it_is_private_replaced_whole_and_gone_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let mut file = FreshFile::new(&path, false).unwrap();
        file.put(&token("one")).unwrap();
        let first = fs::File::open(&path).unwrap();
        file.put(&token("two, longer")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two, longer");
        // Who had it open reads the whole token that was there.
        assert_eq!(std::io::read_to_string(first).unwrap(), "one");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(names(folder.path()), ["token"]);
        drop(file);
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn a_link_that_is_put_in_its_place_leads_nowhere_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (path, elsewhere) = (folder.path().join("token"), folder.path().join("elsewhere"));
        fs::write(&elsewhere, "mine").unwrap();
        symlink(&elsewhere, &path).unwrap();
        let refused = FreshFile::new(&path, true).unwrap_err();
        assert_eq!(refused.kind, Kind::Refused);
        fs::remove_file(&path).unwrap();
        let mut file = FreshFile::new(&path, false).unwrap();
        symlink(&elsewhere, &path).unwrap();
        file.put(&token("one")).unwrap();
        assert!(fs::symlink_metadata(&path).unwrap().is_file());
        fs::remove_file(&path).unwrap();
        symlink(&elsewhere, &path).unwrap();
        drop(file);
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }

    #[test]
    fn what_is_there_is_somebodys_unless_that_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "mine").unwrap();
        assert_eq!(
            FreshFile::new(&path, false).unwrap_err().kind,
            Kind::Refused
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        FreshFile::new(&path, true)
            .unwrap()
            .put(&token("one"))
            .unwrap();
        assert!(!path.exists());
        assert!(FreshFile::new(folder.path(), true).is_err());
        assert!(FreshFile::new(Path::new("/"), true).is_err());
        assert!(FreshFile::new(&folder.path().join("no/token"), true).is_err());
    }

    #[test]
    fn a_folder_that_was_moved_away_takes_the_file_along() {
        let folder = tempfile::tempdir().unwrap();
        let (place, moved) = (folder.path().join("a"), folder.path().join("b"));
        fs::create_dir(&place).unwrap();
        let mut file = FreshFile::new(&place.join("token"), false).unwrap();
        fs::rename(&place, &moved).unwrap();
        fs::create_dir(&place).unwrap();
        file.put(&token("one")).unwrap();
        assert!(names(&place).is_empty());
        assert_eq!(names(&moved), ["token"]);
    }
}
