//! The members of an answer, JSON or a form, wiped when they are no longer needed.

use crate::oauth::error::Unreadable;
use crate::oauth::spelling;
use serde_json::{Map, Value};
use zeroize::Zeroize;

/// The members of an answer; wiped on drop.
#[derive(Default)]
pub struct Fields(Map<String, Value>);

impl Drop for Fields {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

impl Fields {
    /// Reads a body by what it is, not by what its content type says it is: JSON, or a form.
    pub fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let bytes = bytes.trim_ascii();
        match bytes.first() {
            None => Err(Unreadable::Empty),
            Some(b'<') => Err(Unreadable::Page),
            Some(b'{') => serde_json::from_slice(bytes)
                .map(Self)
                .map_err(|_| Unreadable::Garbage),
            Some(_) if looks_like_a_form(bytes) => Ok(Self(
                url::form_urlencoded::parse(bytes)
                    .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
                    .collect(),
            )),
            Some(_) => Err(Unreadable::Garbage),
        }
    }

    /// The same with the names spelt as the standard does; of two that become one, the standard's own counts.
    pub fn spelt_as_usual(mut self) -> Self {
        let mut usual = Self::default();
        for (name, mut value) in std::mem::take(&mut self.0) {
            let spelt = spelling::snake(&name);
            if spelt != name && usual.0.contains_key(&spelt) {
                wipe(&mut value);
            } else if let Some(mut before) = usual.0.insert(spelt, value) {
                wipe(&mut before);
            }
        }
        usual
    }

    /// A member that is a string with something in it.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(nonempty)
    }

    /// A member as it is.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// What a JSON pointer (RFC 6901) points to.
    pub fn pointed(&self, pointer: &str) -> Option<&Value> {
        let mut parts = pointer.strip_prefix('/')?.splitn(2, '/');
        let first = parts.next()?.replace("~1", "/").replace("~0", "~");
        let value = self.0.get(&first)?;
        match parts.next() {
            Some(rest) => value.pointer(&format!("/{rest}")),
            None => Some(value),
        }
    }

    /// Moves a string out, so that no second copy of it is made.
    pub fn take(&mut self, name: &str) -> Option<String> {
        match self.0.get_mut(name) {
            Some(Value::String(text)) if !text.trim().is_empty() => Some(std::mem::take(text)),
            _ => None,
        }
    }

    /// Moves an object out, as fields of its own.
    pub fn take_object(&mut self, pointer: &str) -> Option<Self> {
        let mut parts = pointer.strip_prefix('/')?.splitn(2, '/');
        let first = parts.next()?.replace("~1", "/").replace("~0", "~");
        let value = self.0.get_mut(&first)?;
        let value = match parts.next() {
            Some(rest) => value.pointer_mut(&format!("/{rest}"))?,
            None => value,
        };
        value.as_object_mut().map(std::mem::take).map(Self)
    }
}

/// A string with something in it.
pub fn nonempty(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.trim().is_empty())
}

fn looks_like_a_form(bytes: &[u8]) -> bool {
    bytes.contains(&b'=')
        && bytes.iter().all(|byte| {
            byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'{' | b'}')
        })
}
