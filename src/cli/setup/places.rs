//! Where other programs look for a person's settings.

use crate::cli::failure::{Failure, Kind};
use std::env;
use std::path::PathBuf;

/// A file below the home folder.
pub fn at_home(name: &str) -> Result<PathBuf, Failure> {
    let home = env::home_dir().filter(|home| home.is_absolute());
    let home =
        home.ok_or_else(|| Failure::new(Kind::Failed, "there is no home folder: HOME is not set"))?;
    Ok(home.join(name))
}

/// A file below `$XDG_CONFIG_HOME`, as the programs of others find it: `~/.config` on every system.
pub fn in_settings(name: &str) -> Result<PathBuf, Failure> {
    match named_by("XDG_CONFIG_HOME").filter(|folder| folder.is_absolute()) {
        Some(folder) => Ok(folder.join(name)),
        None => at_home(&format!(".config/{name}")),
    }
}

/// The path that a variable holds.
pub fn named_by(variable: &str) -> Option<PathBuf> {
    let path = env::var_os(variable).map(PathBuf::from);
    path.filter(|path| !path.as_os_str().is_empty())
}

/// The first of these that is there, else the usual one.
pub fn first_of(places: impl IntoIterator<Item = PathBuf>, usual: PathBuf) -> PathBuf {
    let mut places = places.into_iter();
    let found = places.find(|path| path.symlink_metadata().is_ok());
    found.unwrap_or(usual)
}
