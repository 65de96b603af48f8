//! The parameters of a query, a form or a JSON body; each at most once (RFC 6749 3.2).

use crate::demo::problem::Problem;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use std::collections::BTreeMap;

/// Parameters by name. Empty ones count as left out (RFC 6749 3.2).
#[derive(Default)]
pub struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Reads a query or a form.
    pub fn from_form(text: &str) -> Result<Self, Problem> {
        let mut found = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            if value.is_empty() {
                continue;
            }
            if found.insert(name.to_string(), value.into_owned()).is_some() {
                return Err(Problem::invalid_request("a parameter came twice"));
            }
        }
        Ok(Self(found))
    }

    /// Reads a body: JSON if it says so (as Notion wants it), else a form.
    pub fn from_body(headers: &HeaderMap, body: &str) -> Result<Self, Problem> {
        let is_json = headers
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| kind.starts_with("application/json"));
        if !is_json {
            return Self::from_form(body);
        }
        serde_json::from_str(body)
            .map(Self)
            .map_err(|_| Problem::invalid_request("the body is no JSON object of strings"))
    }

    /// One of them.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// One that has to be there.
    pub fn need(&self, name: &'static str) -> Result<&str, Problem> {
        self.get(name)
            .ok_or_else(|| Problem::invalid_request(format!("{name} is missing")))
    }

    /// The scopes asked for, if any.
    pub fn scopes(&self) -> Option<Vec<String>> {
        let scopes = self.get("scope")?;
        Some(scopes.split_whitespace().map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_that_comes_twice_is_refused() {
        assert!(Parameters::from_form("a=1&b=2&a=1").is_err());
        let read = Parameters::from_form("a=x%20y&b=").unwrap();
        assert_eq!((read.get("a"), read.get("b")), (Some("x y"), None));
    }

    #[test]
    fn json_bodies_are_read() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, "application/json".parse().unwrap());
        let read = Parameters::from_body(&headers, r#"{"grant_type":"x"}"#).unwrap();
        assert_eq!(read.get("grant_type"), Some("x"));
        assert!(Parameters::from_body(&headers, "grant_type=x").is_err());
    }
}
