//! How another program starts this one.

use std::env;
use std::path::{Path, PathBuf};

/// `tokenward` where the shell finds this very program by that name, else its path, quoted for a shell.
pub fn for_a_shell() -> String {
    let own = env::current_exe().unwrap_or_else(|_| PathBuf::from("tokenward"));
    if in_path("tokenward").is_some_and(|found| is_same(&found, &own)) {
        return "tokenward".to_owned();
    }
    quoted(&own.to_string_lossy())
}

/// Where the shell finds a program.
pub fn in_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

fn is_same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    real(one).is_some_and(|path| Some(path) == real(other))
}

fn quoted(path: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%".contains(c);
    match path.chars().all(is_plain) {
        true => path.to_owned(),
        false => format!("'{}'", path.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_means_the_same_to_a_shell() {
        assert_eq!(quoted("/usr/bin/tokenward"), "/usr/bin/tokenward");
        assert_eq!(quoted("/my own/it's"), r"'/my own/it'\''s'");
    }
}
