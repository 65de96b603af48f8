//! Settings that are paths: `~/` is the home folder, and what is not whole is refused.
//!
//! A daemon is started in another folder than a shell: a relative path would name another file in each.

use crate::config::keys::Key;
use crate::config::ranges::Unfit;
use crate::config::settings::Config;
use std::path::{Path, PathBuf};

/// Puts the home folder for `~`, and refuses a path that begins nowhere.
pub fn settle(config: &mut Config, home: Option<&Path>) -> Result<(), Unfit> {
    let unlock = &mut config.unlock;
    for (name, place) in [
        (["backup", "folder"], &mut config.backup.folder),
        (["unlock", "passphrase_file"], &mut unlock.passphrase_file),
        (["unlock", "identity_file"], &mut unlock.identity_file),
    ] {
        let key: Key = name.map(str::to_owned).to_vec();
        let wrong = |message| Unfit { key, message };
        if let Some(path) = place {
            *path =
                whole(path, home).map_err(|why| wrong(format!("`{}` {why}", name.join("."))))?;
        }
    }
    Ok(())
}

fn whole(path: &Path, home: Option<&Path>) -> Result<PathBuf, String> {
    // It may hold what a terminal obeys.
    let shown = path.to_string_lossy();
    let shown = shown.escape_debug();
    if let Ok(inside) = path.strip_prefix("~") {
        let home = home.filter(|home| home.is_absolute());
        let home = home.ok_or_else(|| format!("is `{shown}`, and there is no home folder"))?;
        return Ok(home.join(inside));
    }
    match path.is_absolute() {
        true => Ok(path.to_path_buf()),
        false => Err(format!(
            "is `{shown}`, which depends on where the program is started: write the whole path, or one that begins with `~/`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, home: Option<&str>) -> Result<PathBuf, String> {
        let mut config = Config::default();
        config.backup.folder = Some(path.into());
        let settled = settle(&mut config, home.map(Path::new));
        settled.map_err(|out| out.message)?;
        Ok(config.backup.folder.unwrap())
    }

    #[test]
    fn a_tilde_is_the_home_folder_and_a_whole_path_stays_as_it_is() {
        let home = Some("/home/me");
        assert_eq!(of("~/backups/x", home), Ok("/home/me/backups/x".into()));
        assert_eq!(of("~", home), Ok("/home/me".into()));
        assert_eq!(of("/srv/~/x", home), Ok("/srv/~/x".into()));
        assert_eq!(of("/srv/x", None), Ok("/srv/x".into()));
    }

    #[test]
    fn what_begins_nowhere_is_refused() {
        for path in [
            "backups",
            "./backups",
            "../x",
            "",
            "~you/backups",
            "x/~/y",
            "\u{1b}[2J",
        ] {
            let words = of(path, Some("/home/me")).unwrap_err();
            let told = words.contains("`backup.folder` is") && words.contains("begins with `~/`");
            assert!(told && !words.contains('\u{1b}'), "{words}");
        }
        let words = of("~/x", None).unwrap_err();
        assert!(words.contains("no home folder"), "{words}");
    }

    #[test]
    fn every_setting_that_is_a_path_is_settled() {
        let text = std::include_str!("settings.rs");
        let paths = text.matches("Option<PathBuf>").count() + text.matches(": PathBuf").count();
        assert_eq!(paths, 3, "a new one belongs into `settle`");
    }
}
