//! The agent's socket file: where it lies, who may be behind it, and how it goes away.

use crate::paths::{Paths, without_links};
use rustix::process::geteuid;
use sha2::{Digest, Sha256};
use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Longest path that fits into a socket's address everywhere (macOS: 104 with its end).
const LONGEST_PATH: usize = 103;

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Somebody answers there.
    #[error("another process already serves {}", .0.display())]
    InUse(PathBuf),
    /// Something else lies at its place.
    #[error("{} is in the way: it is no socket", .0.display())]
    NotASocket(PathBuf),
    /// The folder belongs to somebody else, or is no folder.
    #[error("{} is no folder of this user", .0.display())]
    ForeignFolder(PathBuf),
    /// The path does not fit into a socket's address.
    #[error("the path of the socket is too long: {}", .0.display())]
    TooLong(PathBuf),
    /// The service manager listens elsewhere.
    #[error("the socket that was handed over lies at {}, that of this vault at {}", .given, .own.display())]
    Elsewhere {
        /// Where.
        given: String,
        /// Where it should.
        own: PathBuf,
    },
    /// Nobody listens on what the service manager handed over.
    #[error("what was handed over as the socket {} is none that listens", .0.display())]
    NotListening(PathBuf),
    /// The system said no.
    #[error("could not make the agent socket {}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl SocketError {
    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::InUse(_) => "use that owner, or stop it first; see `tokenward status`".to_owned(),
            Self::NotASocket(path) => format!("move it away: {}", path.display()),
            Self::ForeignFolder(path) => format!(
                "remove {} or set XDG_RUNTIME_DIR to a folder of your own",
                path.display()
            ),
            Self::Elsewhere { own, .. } => {
                format!("in the socket's unit: ListenStream={}", own.display())
            }
            Self::NotListening(_) => "in the socket's unit: Accept=no".to_owned(),
            Self::TooLong(_) => "set XDG_RUNTIME_DIR to a shorter path".to_owned(),
            Self::Io { .. } => "check the folder's permissions and the free space".to_owned(),
        }
    }
}

/// The socket of a vault: one vault, one socket, whatever way its path is written.
pub fn path_for(paths: &Paths, vault: &Path) -> PathBuf {
    let vault = without_links(vault);
    if vault == without_links(&paths.vault) {
        return paths.runtime.join("agent.sock");
    }
    let hash = Sha256::digest(vault.as_os_str().as_encoded_bytes());
    let short: String = hash.iter().take(8).map(|b| format!("{b:02x}")).collect();
    paths.runtime.join(format!("agent-{short}.sock"))
}

/// A listening socket. Its file is removed when this is dropped, unless another one has taken its place.
#[derive(Debug)]
pub struct BoundSocket {
    listener: UnixListener,
    path: PathBuf,
    /// The file that goes when this is dropped; `None`: it is the service manager's.
    file: Option<(u64, u64)>,
}

impl BoundSocket {
    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A second handle of the listener, non-blocking, for the runtime that accepts.
    pub fn listener(&self) -> io::Result<UnixListener> {
        let listener = self.listener.try_clone()?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    }
}

impl Drop for BoundSocket {
    fn drop(&mut self) {
        let is_ours =
            |file| fs::symlink_metadata(&self.path).is_ok_and(|found| identity(&found) == file);
        if self.file.is_some_and(is_ours) {
            // Best effort: a file that stays behind is found stale by the next owner.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

/// Makes the socket at `path`, its folder private and the socket too. The caller holds the owner lock: a socket that
/// nobody answers at is a dead owner's and is removed.
pub fn bind(path: &Path) -> Result<BoundSocket, SocketError> {
    let failed = |source| SocketError::Io {
        path: path.to_path_buf(),
        source,
    };
    if path.as_os_str().len() > LONGEST_PATH {
        return Err(SocketError::TooLong(path.to_path_buf()));
    }
    if let Some(folder) = path.parent() {
        make_private(folder)?;
    }
    remove_stale(path)?;
    let listener = UnixListener::bind(path).map_err(failed)?;
    // Between bind and here the private folder alone keeps others out; peers are checked at accept as well.
    fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(failed)?;
    let file = identity(&fs::symlink_metadata(path).map_err(failed)?);
    Ok(BoundSocket {
        listener,
        path: path.to_path_buf(),
        file: Some(file),
    })
}

/// Takes over the socket that a service manager listens on for us, if it is the one at `path`: its folder private and it
/// too. Its file stays when we leave, so that the next one who asks has us started again.
pub fn adopt(listener: UnixListener, path: &Path) -> Result<BoundSocket, SocketError> {
    let failed = |source| SocketError::Io {
        path: path.to_path_buf(),
        source,
    };
    let address = listener.local_addr().map_err(failed)?;
    let given = address.as_pathname().map(without_links);
    if given.as_deref() != Some(without_links(path).as_path()) {
        let given = given.map_or_else(|| "no path".to_owned(), |it| it.display().to_string());
        let own = path.to_path_buf();
        return Err(SocketError::Elsewhere { given, own });
    }
    if !rustix::net::sockopt::socket_acceptconn(&listener).map_err(|error| failed(error.into()))? {
        return Err(SocketError::NotListening(path.to_path_buf()));
    }
    if let Some(folder) = path.parent() {
        make_private(folder)?;
    }
    let found = fs::symlink_metadata(path).map_err(failed)?;
    if !found.file_type().is_socket() || found.uid() != geteuid().as_raw() {
        return Err(SocketError::NotASocket(path.to_path_buf()));
    }
    fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(failed)?;
    Ok(BoundSocket {
        listener,
        path: path.to_path_buf(),
        file: None,
    })
}

/// Makes the folder, or checks that it is this user's; 0700 in either case.
fn make_private(folder: &Path) -> Result<(), SocketError> {
    let failed = |source| SocketError::Io {
        path: folder.to_path_buf(),
        source,
    };
    match DirBuilder::new().recursive(true).mode(0o700).create(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(SocketError::ForeignFolder(folder.to_path_buf()));
        }
        Err(error) => return Err(failed(error)),
    }
    // Not through a link: whoever could change where it leads could swap the folder.
    let found = fs::symlink_metadata(folder).map_err(failed)?;
    if !found.is_dir() || found.uid() != geteuid().as_raw() {
        return Err(SocketError::ForeignFolder(folder.to_path_buf()));
    }
    if found.mode() & 0o077 != 0 {
        fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(failed)?;
    }
    Ok(())
}

/// Whether only this user can have put the socket where it is; asked before anything is sent to it. An error of kind
/// `NotFound`: the folder is not there.
pub fn is_trusted(path: &Path) -> io::Result<bool> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let found = fs::symlink_metadata(folder)?;
    Ok(found.is_dir() && found.uid() == geteuid().as_raw() && found.mode() & 0o022 == 0)
}

/// Who is behind a socket's file.
#[derive(Debug)]
pub enum Whose {
    /// There is no file.
    Nobodys,
    /// A process of this user.
    Ours,
    /// A process of somebody else.
    Another {
        /// Whose.
        uid: u32,
    },
    /// Nobody any more.
    Dead,
    /// It is no socket.
    NotASocket,
    /// The system does not let us find out.
    Unreachable(io::Error),
}

/// Looks who is behind the socket at `path`; connects and says nothing.
pub fn whose(path: &Path) -> Whose {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Whose::Nobodys,
        Err(error) => return Whose::Unreachable(error),
        Ok(found) if !found.file_type().is_socket() => return Whose::NotASocket,
        Ok(_) => {}
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Whose::Dead,
        Err(error) if error.kind() == ErrorKind::NotFound => Whose::Nobodys,
        Err(error) => Whose::Unreachable(error),
        Ok(stream) => match peer(&stream) {
            Some(uid) if uid != geteuid().as_raw() => Whose::Another { uid },
            Some(_) | None => Whose::Ours,
        },
    }
}

/// The user at the other end, where the system tells.
fn peer(stream: &UnixStream) -> Option<u32> {
    #[cfg(target_os = "linux")]
    return rustix::net::sockopt::socket_peercred(stream)
        .ok()
        .map(|peer| peer.uid.as_raw());
    #[cfg(not(target_os = "linux"))]
    {
        let _ = stream;
        None
    }
}

/// Removes a socket that nobody answers at; refuses whatever else is there. The caller holds the owner lock.
pub fn remove_stale(path: &Path) -> Result<(), SocketError> {
    let failed = |source| SocketError::Io {
        path: path.to_path_buf(),
        source,
    };
    match whose(path) {
        Whose::Nobodys => Ok(()),
        Whose::Dead => fs::remove_file(path).map_err(failed),
        Whose::NotASocket => Err(SocketError::NotASocket(path.to_path_buf())),
        Whose::Ours | Whose::Another { .. } => Err(SocketError::InUse(path.to_path_buf())),
        Whose::Unreachable(error) => Err(failed(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn folder_and_socket_are_private_and_the_file_goes_with_its_owner() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("run/tokenward/agent.sock");
        let bound = bind(&path).unwrap();
        assert_eq!((mode(path.parent().unwrap()), mode(&path)), (0o700, 0o600));
        drop(bound);
        assert!(!path.exists());
    }

    #[test]
    fn a_folder_open_to_others_is_closed_to_them() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("loose");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
        let _bound = bind(&folder.join("agent.sock")).unwrap();
        assert_eq!(mode(&folder), 0o700);
    }

    #[test]
    fn a_folder_behind_a_link_is_refused() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("real")).unwrap();
        std::os::unix::fs::symlink(home.path().join("real"), home.path().join("link")).unwrap();
        let refused = bind(&home.path().join("link/agent.sock"));
        assert!(matches!(refused, Err(SocketError::ForeignFolder(_))));
    }

    #[test]
    fn a_dead_owners_socket_is_replaced_and_a_living_ones_is_not() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("agent.sock");
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let living = bind(&path).unwrap();
        assert!(matches!(bind(&path), Err(SocketError::InUse(_))));
        drop(living);
    }

    #[test]
    fn a_file_in_the_way_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("agent.sock");
        fs::write(&path, "mine").unwrap();
        assert!(matches!(bind(&path), Err(SocketError::NotASocket(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }

    #[test]
    fn a_newer_socket_at_the_same_place_outlives_the_older_owner() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("agent.sock");
        let old = bind(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let _new = bind(&path).unwrap();
        drop(old);
        assert!(path.exists());
    }

    #[test]
    fn one_vault_has_one_socket_however_its_path_is_written() {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths {
            vault: home.path().join("data/vault.db"),
            config: home.path().join("config.toml"),
            runtime: home.path().join("run"),
        };
        fs::create_dir(home.path().join("data")).unwrap();
        assert_eq!(
            path_for(&paths, &paths.vault),
            paths.runtime.join("agent.sock")
        );
        let other = path_for(&paths, &home.path().join("other.db"));
        assert_ne!(other, paths.runtime.join("agent.sock"));
        let same = path_for(&paths, &home.path().join("data/../other.db"));
        assert_eq!(other, same);
        assert_ne!(other, path_for(&paths, &home.path().join("third.db")));
    }

    #[test]
    fn a_socket_that_others_could_have_put_there_is_not_trusted() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("run/agent.sock");
        assert_eq!(is_trusted(&path).unwrap_err().kind(), ErrorKind::NotFound);
        let _bound = bind(&path).unwrap();
        assert!(is_trusted(&path).unwrap());
        fs::set_permissions(path.parent().unwrap(), Permissions::from_mode(0o720)).unwrap();
        assert!(!is_trusted(&path).unwrap());
        std::os::unix::fs::symlink(home.path().join("run"), home.path().join("link")).unwrap();
        assert!(!is_trusted(&home.path().join("link/agent.sock")).unwrap());
    }

    #[test]
    fn a_path_too_long_for_an_address_is_named() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("x".repeat(120)).join("agent.sock");
        assert!(matches!(bind(&path), Err(SocketError::TooLong(_))));
    }

    #[test]
    fn a_socket_that_was_handed_over_is_taken_where_it_should_lie_and_stays_there() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("run");
        fs::create_dir(&place).unwrap();
        let path = place.join("agent.sock");
        let listener = UnixListener::bind(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o777)).unwrap();
        let elsewhere = adopt(listener.try_clone().unwrap(), &place.join("other.sock"));
        assert!(matches!(elsewhere, Err(SocketError::Elsewhere { .. })));
        let socket = adopt(listener, &path).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!((mode(&path), mode(&place)), (0o600, 0o700));
        drop(socket);
        assert!(path.exists(), "the service manager's");
    }
}
