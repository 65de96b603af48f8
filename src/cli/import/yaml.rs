//! YAML as far as tools write their settings in it: maps and texts. Nothing is expanded, so nothing grows.

use crate::cli::import::reading::Unread;
use saphyr_parser::{Event, Parser, StrInput};

/// The deepest nesting that is read.
const DEEPEST: usize = 16;
/// The longest text that is read, in bytes.
const LONGEST: usize = 1024 * 1024;

/// A part of a document.
#[derive(Debug, PartialEq, Eq)]
pub enum Node {
    /// A scalar, as text.
    Text(String),
    /// A map, in its order.
    Map(Vec<(String, Node)>),
    /// Something else: nothing here is looked for in it.
    Other,
}

impl Node {
    /// A member of a map.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let members = self.members()?;
        let (_, node) = members.iter().find(|(member, _)| member == name)?;
        Some(node)
    }

    /// A member's text.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Self::Text(text) => Some(text),
            Self::Map(_) | Self::Other => None,
        }
    }

    /// The members of a map.
    pub fn members(&self) -> Option<&[(String, Self)]> {
        match self {
            Self::Map(members) => Some(members),
            Self::Text(_) | Self::Other => None,
        }
    }
}

/// Reads the first document.
pub fn read(text: &str) -> Result<Node, Unread> {
    if text.len() > LONGEST {
        return Err(Unread::Shape);
    }
    let mut reader = Reader(Parser::new_from_str(text));
    loop {
        match reader.next()? {
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            Event::StreamEnd | Event::DocumentEnd => return Err(Unread::Shape),
            first => return reader.node(first, 0),
        }
    }
}

struct Reader<'a>(Parser<'a, StrInput<'a>>);

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Event<'a>, Unread> {
        match self.0.next_event() {
            Some(Ok((event, _))) => Ok(event),
            // The error's own words may hold a piece of the text.
            Some(Err(error)) => Err(Unread::At {
                line: error.marker().line(),
                column: error.marker().col() + 1,
            }),
            None => Err(Unread::Shape),
        }
    }

    fn node(&mut self, first: Event<'a>, depth: usize) -> Result<Node, Unread> {
        if depth > DEEPEST {
            return Err(Unread::Shape);
        }
        match first {
            Event::Scalar(text, ..) => Ok(Node::Text(text.into_owned())),
            Event::MappingStart(..) => self.map(depth),
            Event::SequenceStart(..) => loop {
                match self.next()? {
                    Event::SequenceEnd => return Ok(Node::Other),
                    item => drop(self.node(item, depth + 1)?),
                }
            },
            _ => Err(Unread::Shape),
        }
    }

    fn map(&mut self, depth: usize) -> Result<Node, Unread> {
        let mut members = Vec::new();
        loop {
            let key = match self.next()? {
                Event::MappingEnd => return Ok(Node::Map(members)),
                Event::Scalar(key, ..) => key.into_owned(),
                _ => return Err(Unread::Shape),
            };
            let value = self.next()?;
            members.push((key, self.node(value, depth + 1)?));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_and_texts_are_read_quoted_or_not() {
        let node = read("# gh\na.example:\n    user: 'al: ice'\n    users:\n        x:\n    list: [1, {b: 2}]\n").unwrap();
        let host = node.get("a.example").unwrap();
        assert_eq!(host.text("user"), Some("al: ice"));
        assert_eq!(host.get("users").unwrap().members().unwrap().len(), 1);
        assert_eq!(host.get("list"), Some(&Node::Other));
    }

    #[test]
    fn what_would_grow_is_refused() {
        assert!(read("a: &x [1]\nb: *x\n").is_err());
        assert!(read(&"{a: ".repeat(40)).is_err());
        assert!(read(&"[".repeat(5000)).is_err());
        assert!(read("").is_err());
        assert!(read(&format!("a: {}", "x".repeat(LONGEST))).is_err());
    }
}
