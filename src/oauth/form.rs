//! The body of a request: named fields, some of them secret, as a form or as JSON.

use crate::model::provider::BodyFormat;
use crate::oauth::spelling;
use std::collections::BTreeMap;
use url::form_urlencoded;
use zeroize::Zeroizing;

/// Fields of a request. Secret ones are remembered, so that a provider that echoes them can be silenced.
#[derive(Default, Clone)]
pub struct Form {
    fields: Vec<Field>,
}

#[derive(Clone)]
struct Field {
    name: String,
    value: Zeroizing<String>,
    is_secret: bool,
}

impl Form {
    /// An empty form.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field that anyone may know.
    pub fn add(&mut self, name: &str, value: &str) -> &mut Self {
        self.put(name, value, false)
    }

    /// Adds a field that nobody else may know.
    pub fn add_secret(&mut self, name: &str, value: &str) -> &mut Self {
        self.put(name, value, true)
    }

    /// Remembers a secret that is sent beside the form.
    pub fn remember(&mut self, value: &str) -> &mut Self {
        self.put("", value, true)
    }

    /// Adds the provider's extra parameters; they win over ours (an empty one takes ours away).
    pub fn add_extra(&mut self, extra: &BTreeMap<String, String>) -> &mut Self {
        for (name, value) in extra {
            self.fields.retain(|field| field.name != *name);
            if !value.is_empty() {
                self.put(name, value, false);
            }
        }
        self
    }

    /// Whether a field of that name is still missing.
    pub fn wants(&self, name: &str) -> bool {
        self.fields.iter().all(|field| field.name != name)
    }

    fn put(&mut self, name: &str, value: &str, is_secret: bool) -> &mut Self {
        self.fields.push(Field {
            name: name.to_owned(),
            value: Zeroizing::new(value.to_owned()),
            is_secret,
        });
        self
    }

    /// The secrets in it.
    pub fn secrets(&self) -> Vec<&str> {
        self.fields
            .iter()
            .filter(|field| field.is_secret)
            .map(|field| field.value.as_str())
            .collect()
    }

    /// Content type and bytes.
    pub fn body(&self, format: BodyFormat) -> (&'static str, Zeroizing<Vec<u8>>) {
        match format {
            BodyFormat::Form => ("application/x-www-form-urlencoded", self.encoded()),
            BodyFormat::Json => ("application/json", self.json(str::to_owned)),
            BodyFormat::CamelJson => ("application/json", self.json(spelling::camel)),
        }
    }

    fn sent(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| !field.name.is_empty())
    }

    fn encoded(&self) -> Zeroizing<Vec<u8>> {
        // Three bytes for each at the most: the buffer never moves, so no copy is left behind.
        let most = self
            .sent()
            .map(|field| 3 * (field.name.len() + field.value.len()) + 2)
            .sum();
        let mut text = Zeroizing::new(Vec::with_capacity(most));
        for field in self.sent() {
            if !text.is_empty() {
                text.push(b'&');
            }
            encode(&field.name, &mut text);
            text.push(b'=');
            encode(&field.value, &mut text);
        }
        text
    }

    fn json(&self, spelt: impl Fn(&str) -> String) -> Zeroizing<Vec<u8>> {
        let members: BTreeMap<String, &str> = self
            .sent()
            .map(|field| (spelt(&field.name), field.value.as_str()))
            .collect();
        // Six bytes for each at the most (`\u0000`).
        let most = self
            .sent()
            .map(|field| 6 * (field.name.len() + field.value.len()) + 8)
            .sum::<usize>();
        let mut bytes = Zeroizing::new(Vec::with_capacity(most + 2));
        serde_json::to_writer(&mut *bytes, &members).expect("a map of strings is always JSON");
        bytes
    }
}

fn encode(text: &str, into: &mut Vec<u8>) {
    for part in form_urlencoded::byte_serialize(text.as_bytes()) {
        into.extend_from_slice(part.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Form {
        let mut form = Form::new();
        form.add("grant_type", "refresh_token")
            .add_secret("refresh_token", "a+b/c= &d")
            .remember("beside");
        form
    }

    #[test]
    fn both_formats_carry_every_field_and_nothing_that_is_sent_beside() {
        let (kind, body) = form().body(BodyFormat::Form);
        assert_eq!(kind, "application/x-www-form-urlencoded");
        assert_eq!(
            std::str::from_utf8(&body).unwrap(),
            "grant_type=refresh_token&refresh_token=a%2Bb%2Fc%3D+%26d"
        );
        let (kind, body) = form().body(BodyFormat::Json);
        assert_eq!(kind, "application/json");
        let read: BTreeMap<String, String> = serde_json::from_slice(&body).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(read["refresh_token"], "a+b/c= &d");
    }

    #[test]
    fn extra_parameters_win_and_an_empty_one_takes_ours_away() {
        let mut form = form();
        let extra = BTreeMap::from([
            ("grant_type".to_owned(), String::new()),
            ("type".to_owned(), "refresh".to_owned()),
        ]);
        form.add_extra(&extra);
        let (_, body) = form.body(BodyFormat::Form);
        let text = std::str::from_utf8(&body).unwrap();
        assert!(
            text.ends_with("&type=refresh") && !text.contains("grant_type"),
            "{text}"
        );
    }

    #[test]
    fn every_secret_is_known_for_silencing() {
        assert_eq!(form().secrets(), ["a+b/c= &d", "beside"]);
    }
}
