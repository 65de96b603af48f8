//! Where the program's files belong on this machine.

use directories::{BaseDirs, ProjectDirs};
use std::fs;
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
        })
    }

    /// The folder of every program's settings, `$XDG_CONFIG_HOME`.
    pub fn settings_folder(&self) -> PathBuf {
        let folder = self.config.ancestors().nth(2);
        folder.unwrap_or(Path::new("/")).to_path_buf()
    }
}

/// The home folder of this user.
pub fn home() -> Option<PathBuf> {
    Some(BaseDirs::new()?.home_dir().to_path_buf())
}

/// The session's folder where the variable that names it was lost (cron, `su`), as systemd lays it out.
fn session_folder() -> Option<PathBuf> {
    let user = rustix::process::getuid().as_raw();
    let folder = PathBuf::from(format!("/run/user/{user}"));
    folder.is_dir().then(|| folder.join("tokenward"))
}

/// The path without links and dots; the file itself may not be there yet.
pub fn without_links(path: &Path) -> PathBuf {
    if let Ok(path) = fs::canonicalize(path) {
        return path;
    }
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let folder = fs::canonicalize(folder.unwrap_or(Path::new(".")));
    match (folder, path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()),
    }
}
