//! What comes out of another tool's file, and why one cannot be read: never with a piece of it.

use crate::cli::failure::{Failure, Kind};
use crate::cli::import::file::Source;
use crate::cli::import::made::Found;
use crate::cli::import::offer::Elsewhere;
use crate::clock::Timestamp;
use serde::de::DeserializeOwned;

/// What one file gave.
#[derive(Debug, Default)]
pub struct Read {
    /// Credentials.
    pub found: Vec<Found>,
    /// What lies elsewhere.
    pub elsewhere: Vec<Elsewhere>,
}

impl Read {
    /// One credential.
    pub fn found(one: Found) -> Self {
        Self {
            found: vec![one],
            elsewhere: Vec::new(),
        }
    }

    /// One thing that lies elsewhere.
    pub fn elsewhere(one: Elsewhere) -> Self {
        Self {
            found: Vec::new(),
            elsewhere: vec![one],
        }
    }

    /// The same with what another file gave.
    pub fn add(&mut self, more: Self) {
        self.found.extend(more.found);
        self.elsewhere.extend(more.elsewhere);
    }
}

/// Why a file cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// It is not of the form that the tool writes.
    Shape,
    /// The same, and where reading stopped.
    At {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
    /// A newer version of the tool wrote it.
    Newer,
}

impl Unread {
    /// What is wrong, in words.
    fn why(self, tool: &str) -> String {
        match self {
            Self::Shape => format!("is not what {tool} writes"),
            Self::At { line, column } => {
                format!("is not what {tool} writes (line {line}, column {column})")
            }
            Self::Newer => format!("was written by a newer {tool}, whose form is not known"),
        }
    }

    /// What is told of one file of several: the others are read.
    pub fn elsewhere(self, source: &Source, tool: &str) -> Elsewhere {
        let place = source.place();
        Elsewhere {
            what: place.display().to_string(),
            why: format!("it {}", self.why(tool)),
            hint: "look at it, and take it away if it is of no use".to_owned(),
        }
    }

    /// The failure for people.
    pub fn failure(self, source: &Source, tool: &str) -> Failure {
        let place = source.place();
        let text = format!("{} {}", place.display(), self.why(tool));
        Failure::new(Kind::Failed, text)
            .hint("name the right file, or another tool: tokenward import --help")
    }
}

/// Reads JSON. The error's own words may hold a piece of the file, so they go no further.
pub fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Unread> {
    serde_json::from_slice(bytes).map_err(|error| Unread::At {
        line: error.line(),
        column: error.column(),
    })
}

/// A moment as tools write it: RFC 3339, with or without `UTC` for its zone, or seconds since 1970.
pub fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<i64>() {
        return Some(Timestamp::from_secs(seconds));
    }
    let text = match text.strip_suffix("UTC") {
        Some(rest) => format!("{}Z", rest.trim_end()),
        None => text.to_owned(),
    };
    let moment: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp::from_millis(moment.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_tools_write_them() {
        let at = Some(Timestamp::from_secs(1_900_000_000));
        for text in [
            "2030-03-17T17:46:40Z",
            "2030-03-17T17:46:40UTC",
            "2030-03-17T17:46:40.000+00:00",
            "1900000000",
        ] {
            assert_eq!(moment(text), at, "{text}");
        }
        for text in ["", "soon", "2030-03-17"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
