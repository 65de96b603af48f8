//! Where the program's files belong on this machine.

use directories::ProjectDirs;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The folders and files of one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The vault's file, `$XDG_DATA_HOME/tokenward/vault.db`.
    pub vault: PathBuf,
    /// The settings, `$XDG_CONFIG_HOME/tokenward/config.toml`.
    pub config: PathBuf,
    /// The folder of the agent's socket, `$XDG_RUNTIME_DIR/tokenward`, else one inside the private state folder.
    pub runtime: PathBuf,
    /// The vault is not the standard one, so its owner's socket has a name of its own.
    pub vault_is_elsewhere: bool,
}

/// There is no home folder to put anything in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no home folder: HOME is not set")]
pub struct NoHome;

impl Paths {
    /// The standard places of this user.
    pub fn standard() -> Result<Self, NoHome> {
        let dirs = ProjectDirs::from("", "", "tokenward").ok_or(NoHome)?;
        let runtime = dirs
            .runtime_dir()
            .map(Path::to_path_buf)
            .or_else(session_folder);
        let runtime = runtime.unwrap_or_else(|| {
            let state = dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir());
            state.join("run")
        });
        Ok(Self {
            vault: dirs.data_dir().join("vault.db"),
            config: dirs.config_dir().join("config.toml"),
            runtime,
            vault_is_elsewhere: false,
        })
    }

    /// The same with another vault, if one is named; a relative path counts from the working folder.
    pub fn with_vault(mut self, vault: Option<&Path>) -> Self {
        if let Some(vault) = vault {
            let vault = resolved(vault);
            self.vault_is_elsewhere = vault != resolved(&self.vault);
            self.vault = vault;
        }
        self
    }

    /// The socket of this vault's owner. One folder serves many vaults: only the standard one has the short name.
    pub fn socket(&self) -> PathBuf {
        if !self.vault_is_elsewhere {
            return self.runtime.join("agent.sock");
        }
        let digest = Sha256::digest(self.vault.as_os_str().as_encoded_bytes());
        let mut name = String::from("agent-");
        for byte in &digest[..8] {
            write!(name, "{byte:02x}").expect("writing to a string cannot fail");
        }
        self.runtime.join(name + ".sock")
    }
}

/// The session's folder where the variable that names it was lost (cron, `su`), as systemd lays it out.
fn session_folder() -> Option<PathBuf> {
    let folder = PathBuf::from(format!("/run/user/{}", rustix::process::getuid().as_raw()));
    folder.is_dir().then(|| folder.join("tokenward"))
}

/// The path with its folder's links followed, so that two spellings of one vault lead to one socket.
fn resolved(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    match (absolute.parent(), absolute.file_name()) {
        (Some(folder), Some(file)) => folder
            .canonicalize()
            .map_or_else(|_| absolute.clone(), |folder| folder.join(file)),
        _ => absolute,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths() -> Paths {
        Paths {
            vault: PathBuf::from("/home/a/vault.db"),
            config: PathBuf::from("/home/a/config.toml"),
            runtime: PathBuf::from("/run/user/1/tokenward"),
            vault_is_elsewhere: false,
        }
    }

    #[test]
    fn the_standard_vault_has_the_well_known_socket_however_it_is_spelt() {
        let socket = PathBuf::from("/run/user/1/tokenward/agent.sock");
        assert_eq!(paths().socket(), socket);
        let named = paths().with_vault(Some(Path::new("/home/a/vault.db")));
        assert_eq!(named.socket(), socket);
    }

    #[test]
    fn every_other_vault_has_a_socket_of_its_own() {
        let one = paths().with_vault(Some(Path::new("/home/a/one.db")));
        let two = paths().with_vault(Some(Path::new("/home/a/two.db")));
        assert_ne!(one.socket(), two.socket());
        assert_ne!(one.socket(), paths().socket());
        assert!(one.socket().starts_with("/run/user/1/tokenward"));
    }
}
