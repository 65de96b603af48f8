//! Keeps the vault's files to one user: repaired where that is ours to do, else refused.

use crate::vault::error::VaultError;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

const OTHERS: u32 = 0o077;

/// The folder a file stands in.
pub fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// Makes the folder of a file, and those above it, for this user alone.
pub fn make_folder(file: &Path) -> Result<(), VaultError> {
    let folder = folder_of(file);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .map_err(|source| VaultError::io("create the folder", &folder, source))
}

/// Creates an empty file for this user alone; refuses one that exists.
pub fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Checks the vault's folder and files; takes rights away that others should not have, or refuses.
pub fn secure(vault: &Path) -> Result<(), VaultError> {
    secure_folder(vault)?;
    for suffix in ["", "-wal", "-shm"] {
        let file = with_suffix(vault, suffix);
        match fs::metadata(&file) {
            Ok(metadata) => secure_file(&file, &metadata)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(VaultError::io("look at", &file, source)),
        }
    }
    Ok(())
}

/// The vault's path with something behind its name.
pub fn with_suffix(vault: &Path, suffix: &str) -> PathBuf {
    let mut path = vault.as_os_str().to_owned();
    path.push(suffix);
    PathBuf::from(path)
}

fn secure_file(file: &Path, metadata: &Metadata) -> Result<(), VaultError> {
    if !metadata.is_file() {
        return Err(VaultError::NotAVault {
            path: file.to_path_buf(),
        });
    }
    refuse_others(file, metadata)?;
    tighten(file, metadata, 0o600)
}

fn secure_folder(vault: &Path) -> Result<(), VaultError> {
    let folder = folder_of(vault);
    let metadata = fs::metadata(&folder)
        .map_err(|source| VaultError::io("look at the folder", &folder, source))?;
    refuse_others(&folder, &metadata)?;
    if metadata.mode() & OTHERS == 0 {
        return Ok(());
    }
    if is_the_vaults_own(&folder, vault) {
        return tighten(&folder, &metadata, 0o700);
    }
    // Somebody else's home or project: taking rights away there could break what is not ours.
    Err(insecure(
        &folder,
        format!(
            "other users may enter it (mode {:03o})",
            metadata.mode() & 0o777
        ),
    ))
}

/// Why what lies in a folder is not safe from other users; `None`: it is, or there is no folder.
pub fn trouble_with_folder(folder: &Path) -> Option<String> {
    let about = match fs::metadata(folder) {
        Ok(about) => about,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => return Some(format!("it cannot be looked at: {error}")),
    };
    if !about.is_dir() {
        return Some("it is no folder".to_owned());
    }
    let (owner, mode) = (about.uid(), about.mode() & 0o7777);
    // Root can change what it likes anyway.
    if owner != rustix::process::geteuid().as_raw() && owner != 0 {
        return Some(format!("it belongs to another user (uid {owner})"));
    }
    (mode & 0o022 != 0).then(|| format!("other users may write to it (mode {mode:03o})"))
}

/// A folder is the vault's own when nothing but the vault's files is in it, or by its name.
pub fn is_the_vaults_own(folder: &Path, vault: &Path) -> bool {
    if folder.file_name().is_some_and(|name| name == "tokenward") {
        return true;
    }
    let name = vault.file_name().unwrap_or_default().as_encoded_bytes();
    fs::read_dir(folder).is_ok_and(|entries| {
        entries
            .flatten()
            .all(|entry| entry.file_name().as_encoded_bytes().starts_with(name))
    })
}

fn refuse_others(path: &Path, metadata: &Metadata) -> Result<(), VaultError> {
    if metadata.uid() == rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    Err(insecure(
        path,
        format!("it belongs to another user (uid {})", metadata.uid()),
    ))
}

fn tighten(path: &Path, metadata: &Metadata, mode: u32) -> Result<(), VaultError> {
    if metadata.mode() & OTHERS == 0 {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(metadata.mode() & 0o777 & mode)).map_err(
        |error| {
            insecure(
                path,
                format!("other users may read it, and that could not be changed: {error}"),
            )
        },
    )
}

fn insecure(path: &Path, what: String) -> VaultError {
    VaultError::Insecure {
        path: path.to_path_buf(),
        what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn a_file_and_a_folder_of_its_own_are_repaired() {
        let folder = tempfile::tempdir().unwrap();
        let vault = folder.path().join("vault.db");
        fs::write(&vault, "x").unwrap();
        fs::write(with_suffix(&vault, "-wal"), "x").unwrap();
        fs::set_permissions(&vault, Permissions::from_mode(0o644)).unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        secure(&vault).unwrap();
        assert_eq!((mode(folder.path()), mode(&vault)), (0o700, 0o600));
        assert_eq!(mode(&with_suffix(&vault, "-wal")), 0o600);
    }

    #[test]
    fn a_folder_that_others_may_change_is_told_from_one_they_may_read() {
        let folder = tempfile::tempdir().unwrap();
        let of_mode = |mode| {
            fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
            trouble_with_folder(folder.path())
        };
        assert_eq!((of_mode(0o700), of_mode(0o755)), (None, None));
        assert!(of_mode(0o775).unwrap().contains("mode 775"));
        assert!(of_mode(0o1707).unwrap().contains("may write"));
        let file = folder.path().join("file");
        assert_eq!(trouble_with_folder(&file), None, "it is not there");
        fs::write(&file, "x").unwrap();
        assert!(trouble_with_folder(&file).unwrap().contains("no folder"));
        let inside = trouble_with_folder(&file.join("x")).unwrap();
        assert!(inside.contains("cannot be looked at"), "{inside}");
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(folder.path(), Some(4321), None).unwrap();
            assert!(of_mode(0o700).unwrap().contains("uid 4321"));
        }
    }

    #[test]
    fn a_shared_folder_is_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let vault = folder.path().join("vault.db");
        fs::write(&vault, "x").unwrap();
        fs::write(folder.path().join("thesis.tex"), "x").unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let error = secure(&vault).unwrap_err();
        assert!(
            matches!(&error, VaultError::Insecure { what, .. } if what.contains("755")),
            "{error}"
        );
        assert!(error.hint().contains("chmod go-rwx"));
        assert_eq!(mode(folder.path()), 0o755);
    }
}
