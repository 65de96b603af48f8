//! A file under way that has no name yet: a program that is killed leaves nothing of it.
//!
//! Where the system or the file system has no such files, it is a [`Draft`], which a killed program leaves.

use crate::vault::draft::{Draft, draft_of};
use crate::vault::error::VaultError;
use crate::vault::file::sync_folder;
use crate::vault::permissions::folder_of;
use std::fs::File;
use std::io::{self, Seek};
use std::path::Path;

/// A file under way, for this user alone; gone when dropped.
#[derive(Debug)]
pub struct Nameless {
    file: File,
    draft: Option<Draft>,
}

impl Nameless {
    /// An empty file in the folder of `place`.
    pub fn beside(place: &Path) -> Result<Self, VaultError> {
        if let Some(file) = without_name(&folder_of(place)) {
            return Ok(Self { file, draft: None });
        }
        let draft = Draft::beside(place)?;
        let file = draft.open()?;
        Ok(Self {
            file,
            draft: Some(draft),
        })
    }

    /// What is to be written into it.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Brings it to the disk and gives it its name. What had the name is replaced only if `replaces`, else it is
    /// [`VaultError::Exists`].
    pub fn publish(self, place: &Path, replaces: bool) -> Result<(), VaultError> {
        let Self { mut file, draft } = self;
        if let Some(draft) = draft {
            return draft.publish(place, replaces);
        }
        let wrong = |source| VaultError::io("write", place, source);
        file.sync_all().map_err(wrong)?;
        if !replaces {
            match give_name(&file, place) {
                Ok(()) => return sync_folder(place),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    let path = place.to_path_buf();
                    return Err(VaultError::Exists { path });
                }
                // It is copied below.
                Err(_) => {}
            }
        }
        // A name that a file has cannot be given to it: it gets one of its own first.
        let name = draft_of(place);
        let draft = match give_name(&file, &name) {
            Ok(()) => Draft::of(name),
            Err(_) => {
                let draft = Draft::beside(place)?;
                file.rewind().map_err(wrong)?;
                io::copy(&mut file, &mut draft.open()?).map_err(wrong)?;
                draft
            }
        };
        draft.publish(place, replaces)
    }
}

#[cfg(target_os = "linux")]
fn without_name(folder: &Path) -> Option<File> {
    use rustix::fs::{Mode, OFlags, open};
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let file = open(folder, flags, Mode::RUSR | Mode::WUSR);
    file.ok().map(File::from)
}

#[cfg(not(target_os = "linux"))]
fn without_name(_: &Path) -> Option<File> {
    None
}

#[cfg(target_os = "linux")]
fn give_name(file: &File, name: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    use std::os::fd::AsRawFd;
    // open(2): how a file without a name gets one, where there is no right to do it by the file itself.
    let file = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, file, CWD, name, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn give_name(_: &File, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn nothing_is_there_before_it_is_whole_and_nothing_stays_of_one_that_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("copy");
        let file = Nameless::beside(&place).unwrap();
        file.file().write_all(b"half").unwrap();
        if cfg!(target_os = "linux") {
            assert_eq!(names(folder.path()), Vec::<String>::new());
        }
        drop(file);
        assert_eq!(names(folder.path()), Vec::<String>::new());
        let file = Nameless::beside(&place).unwrap();
        file.file().write_all(b"whole").unwrap();
        file.publish(&place, false).unwrap();
        assert_eq!(names(folder.path()), ["copy"]);
        assert_eq!(fs::read(&place).unwrap(), b"whole");
        let mode = fs::metadata(&place).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_is_there_is_replaced_only_on_wish() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("copy");
        fs::write(&place, b"first").unwrap();
        let anew = || {
            let file = Nameless::beside(&place).unwrap();
            file.file().write_all(b"second").unwrap();
            file
        };
        let refused = anew().publish(&place, false).unwrap_err();
        assert!(matches!(refused, VaultError::Exists { .. }), "{refused}");
        assert_eq!(fs::read(&place).unwrap(), b"first");
        anew().publish(&place, true).unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"second");
        assert_eq!(names(folder.path()), ["copy"]);
    }
}
