//! How another program starts this one.

use crate::cli::failure::{Failure, Kind};
use std::env;
use std::path::{Path, PathBuf};

/// `tokenward` where the shell finds this very program by that name, else its path, quoted for a shell.
pub fn for_a_shell() -> String {
    quoted(&named())
}

/// The same for settings that have their own quotes, and for words that follow it there: a path or a word that would
/// need some is refused.
pub fn bare(words: &[&str]) -> Result<String, Failure> {
    let own = named();
    if !is_plain(&own) {
        let text = format!("the path {own} cannot stand in settings of another program");
        return Err(Failure::new(Kind::Failed, text)
            .hint("put a link to it into a folder of PATH, for example ~/.local/bin/tokenward"));
    }
    for word in words {
        if !is_plain(word) {
            let text = format!("{word} cannot stand in settings of another program");
            return Err(Failure::usage(text).hint(
                "letters, digits and / . _ - + @ % = , : can; a credential gets another name: tokenward rename OLD NEW",
            ));
        }
    }
    let words = words.iter().map(|word| format!(" {word}"));
    Ok(own + &words.collect::<String>())
}

/// `tokenward` where that name leads to this very program, else its path.
pub fn named() -> String {
    let own = env::current_exe().unwrap_or_else(|_| PathBuf::from("tokenward"));
    if in_path("tokenward").is_some_and(|found| is_same(&found, &own)) {
        return "tokenward".to_owned();
    }
    own.to_string_lossy().into_owned()
}

/// Where the shell finds a program.
pub fn in_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// Whether a word is the same to a shell, to INI files, YAML and everybody else, without quotes.
pub fn is_plain(word: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%=,:".contains(c);
    !word.is_empty() && word.chars().all(is_plain)
}

fn is_same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    real(one).is_some_and(|path| Some(path) == real(other))
}

fn quoted(path: &str) -> String {
    match is_plain(path) {
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

    #[test]
    fn no_word_that_means_more_comes_into_other_settings() {
        assert!(bare(&["sasl", "token", "google/alice@ex.org"]).is_ok());
        for wrong in [
            "", "a b", "a\"b", "$(x)", "a`b`", "a;b", "a#b", "a\\b", "a'b",
        ] {
            assert!(bare(&[wrong]).is_err(), "{wrong}");
        }
    }
}
