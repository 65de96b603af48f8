//! The text of a settings file: at which line and column what stands.

use crate::config::error::ConfigError;
use std::path::Path;
use toml::de::{DeArray, DeTable, DeValue};

/// A settings file's text, and where it came from.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// All of it.
    pub text: &'a str,
    /// The file.
    pub file: &'a Path,
}

impl Text<'_> {
    /// Line and column of an offset in bytes, both counted from 1; columns are characters.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        (line, before[start..].chars().count() + 1)
    }

    /// The same in words, with the file.
    pub fn place(&self, offset: usize) -> String {
        let (line, column) = self.position(offset);
        format!("{}, line {line}, column {column}", self.file.display())
    }

    /// An error at that offset.
    pub fn wrong(&self, offset: usize, message: impl Into<String>) -> ConfigError {
        ConfigError::Wrong {
            place: self.place(offset),
            message: message.into(),
            suggestion: None,
        }
    }

    /// What the parser found wrong.
    pub fn refused(&self, error: &toml::de::Error) -> ConfigError {
        let offset = error.span().map_or(0, |span| span.start);
        self.wrong(offset, toml_words(error))
    }

    /// Where the key stands, or the nearest table above it that the text has; whether it is the key itself.
    pub fn find(&self, path: &[String]) -> Option<(usize, bool)> {
        let table = DeTable::parse(self.text).ok()?;
        let mut here = Some(Inside::Table(table.get_ref()));
        let mut found = None;
        for (depth, name) in path.iter().enumerate() {
            let (start, value) = match here {
                Some(Inside::Table(table)) => {
                    let Some((key, value)) = table.iter().find(|(key, _)| key.get_ref() == name)
                    else {
                        break;
                    };
                    (key.span().start, value)
                }
                Some(Inside::List(list)) => {
                    let Some(value) = name.parse().ok().and_then(|at: usize| list.get(at)) else {
                        break;
                    };
                    (value.span().start, value)
                }
                None => break,
            };
            found = Some((start, depth + 1 == path.len()));
            here = Inside::of(value.get_ref());
        }
        found
    }
}

/// What a key can lead into.
enum Inside<'a, 'i> {
    Table(&'a DeTable<'i>),
    List(&'a DeArray<'i>),
}

impl<'a, 'i> Inside<'a, 'i> {
    fn of(value: &'a DeValue<'i>) -> Option<Self> {
        let list = value.as_array().map(Self::List);
        value.as_table().map(Self::Table).or(list)
    }
}

/// The first line of what the parser says, without its drawing of the text.
pub fn toml_words(error: &toml::de::Error) -> String {
    error.message().lines().next().unwrap_or("").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_line_and_a_column_of_characters() {
        let text = Text {
            text: "[a]\n# é\né = 1 # x\n",
            file: Path::new("f"),
        };
        let at = text.text.find('x').unwrap();
        assert_eq!(text.place(at), "f, line 3, column 9");
        assert_eq!(text.position(0), (1, 1));
        assert_eq!(text.position(4000), (4, 1));
    }

    #[test]
    fn a_key_is_found_or_the_table_above_it() {
        let text = Text {
            text: "[a]\nb = 1\n[a.c]\n[[d]]\n[[d]]\ne = 1\n",
            file: Path::new("f"),
        };
        let find = |path: &[&str]| {
            let path: Vec<String> = path.iter().map(|it| (*it).to_owned()).collect();
            text.find(&path)
        };
        assert_eq!(find(&["a", "b"]), Some((4, true)));
        assert_eq!(find(&["a", "x"]), Some((1, false)));
        assert_eq!(find(&["x"]), None);
        let second = text.text.find("e = 1").unwrap();
        assert_eq!(find(&["d", "1", "e"]), Some((second, true)));
    }
}
