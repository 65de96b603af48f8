//! The parameters of a query, a form or a JSON body; each at most once (RFC 6749 3.2), but for a few.

use crate::demo::problem::Problem;
use crate::demo::quirks::Quirks;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use serde_json::Value;
use std::collections::BTreeMap;

/// Those that may come several times (RFC 8707 2, RFC 8693 2.1).
const REPEATABLE: [&str; 2] = ["resource", "audience"];

/// Parameters by name. Empty ones count as left out (RFC 6749 3.2).
#[derive(Debug, Default, Clone)]
pub struct Parameters {
    values: BTreeMap<String, Vec<String>>,
    json: bool,
}

impl Parameters {
    /// Reads a query or a form.
    pub fn from_form(text: &str) -> Result<Self, Problem> {
        let mut found = Self::default();
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            found.put(&name, value.into_owned())?;
        }
        Ok(found)
    }

    /// Reads a body: JSON if it says so (as Notion wants it), else a form.
    pub fn from_body(headers: &HeaderMap, body: &str) -> Result<Self, Problem> {
        if !is_json(headers) {
            return Self::from_form(body);
        }
        let wrong = || Problem::invalid_request("the body is no JSON object of strings");
        let read: BTreeMap<String, Value> = serde_json::from_str(body).map_err(|_| wrong())?;
        let mut found = Self {
            json: true,
            ..Self::default()
        };
        for (name, value) in read {
            match value {
                Value::String(text) => found.put(&name, text)?,
                Value::Array(items) => {
                    for item in items {
                        let text = item.as_str().ok_or_else(wrong)?;
                        found.put(&name, text.to_owned())?;
                    }
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
                    return Err(wrong());
                }
            }
        }
        Ok(found)
    }

    /// The same with the client's id under the name that the standards have for it.
    pub fn named_as_usual(mut self, quirks: &Quirks) -> Self {
        let own = &quirks.demands.client_id_parameter;
        if own != "client_id" {
            // The usual name means nothing there.
            self.values.remove("client_id");
            if let Some(id) = self.values.remove(own) {
                self.values.insert("client_id".to_owned(), id);
            }
        }
        self
    }

    fn put(&mut self, name: &str, value: String) -> Result<(), Problem> {
        if value.is_empty() {
            return Ok(());
        }
        let values = self.values.entry(name.to_owned()).or_default();
        if !values.is_empty() && !REPEATABLE.contains(&name) {
            return Err(Problem::invalid_request("a parameter came twice"));
        }
        values.push(value);
        Ok(())
    }

    /// Whether they came as JSON.
    pub fn was_json(&self) -> bool {
        self.json
    }

    /// One of them.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).first().map(String::as_str)
    }

    /// All of a name.
    pub fn all(&self, name: &str) -> &[String] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }

    /// One that has to be there.
    pub fn need(&self, name: &'static str) -> Result<&str, Problem> {
        self.get(name)
            .ok_or_else(|| Problem::invalid_request(format!("{name} is missing")))
    }

    /// The scopes asked for at the token and device endpoints, if any.
    pub fn scopes(&self, quirks: &Quirks) -> Option<Vec<String>> {
        self.scopes_in("scope", quirks)
    }

    /// The scopes in this parameter, if any.
    pub fn scopes_in(&self, name: &str, quirks: &Quirks) -> Option<Vec<String>> {
        let separator = quirks.demands.scope_separator;
        let split = |c: char| c == separator || c == ' ';
        let scopes = self.get(name)?.split(split);
        Some(
            scopes
                .filter(|scope| !scope.is_empty())
                .map(str::to_owned)
                .collect(),
        )
    }
}

/// Whether a body says that it is JSON.
pub fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_that_comes_twice_is_refused() {
        assert!(Parameters::from_form("a=1&b=2&a=1").is_err());
        let read = Parameters::from_form("a=x%20y&b=").unwrap();
        assert_eq!((read.get("a"), read.get("b")), (Some("x y"), None));
        let read = Parameters::from_form("resource=a&resource=b").unwrap();
        assert_eq!(read.all("resource"), ["a", "b"]);
    }

    #[test]
    fn json_bodies_are_read() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, "application/json".parse().unwrap());
        let read = Parameters::from_body(&headers, r#"{"grant_type":"x"}"#).unwrap();
        assert_eq!(read.get("grant_type"), Some("x"));
        assert!(Parameters::from_body(&headers, "grant_type=x").is_err());
        assert!(Parameters::from_body(&headers, r#"{"a":{"b":1}}"#).is_err());
        assert!(Parameters::from_body(&headers, r#"{"a":["b","c"]}"#).is_err());
    }

    #[test]
    fn scopes_are_split_as_the_provider_wants_it() {
        let read = Parameters::from_form("scope=a,b+c").unwrap();
        let mut quirks = Quirks::default();
        assert_eq!(read.scopes(&quirks).unwrap(), ["a,b", "c"]);
        quirks.demands.scope_separator = ',';
        assert_eq!(read.scopes(&quirks).unwrap(), ["a", "b", "c"]);
    }
}
