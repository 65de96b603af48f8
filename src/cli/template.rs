//! `get --format TEMPLATE`: text with places for what is known of a token.

use std::fmt;

/// What can stand in braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The token.
    AccessToken,
    /// `Bearer`, nearly always.
    TokenType,
    /// When it expires (RFC 3339); nothing where it does not.
    ExpiresAt,
    /// In how many seconds; nothing where it does not.
    ExpiresIn,
    /// The part of the name behind the slash.
    Account,
    /// The part before it.
    Provider,
    /// Its scopes, separated by spaces.
    Scopes,
}

const PLACES: [(&str, Place); 7] = [
    ("access_token", Place::AccessToken),
    ("token_type", Place::TokenType),
    ("expires_at", Place::ExpiresAt),
    ("expires_in", Place::ExpiresIn),
    ("account", Place::Account),
    ("provider", Place::Provider),
    ("scopes", Place::Scopes),
];

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// As it stands there.
    Text(String),
    /// What is to be filled in.
    Place(Place),
}

/// Text with places in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(pub Vec<Piece>);

/// Why a template cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A name in braces that means nothing.
    #[error("there is no {{{0}}}: it is one of {all}", all = Known)]
    Unknown(String),
    /// A brace without its other half.
    #[error("a brace stands alone: write {{{{ for {{ and }}}} for }}")]
    Alone,
}

struct Known;

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = PLACES.iter().map(|it| format!("{{{}}}", it.0)).collect();
        f.write_str(&names.join(" "))
    }
}

impl Template {
    /// Reads `{place}`s; `{{` and `}}` are braces.
    pub fn read(text: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, brace) = rest.split_at(at);
            plain.push_str(before);
            if let Some(after) = brace
                .strip_prefix("{{")
                .or_else(|| brace.strip_prefix("}}"))
            {
                plain.push_str(&brace[..1]);
                rest = after;
                continue;
            }
            let inside = brace.strip_prefix('{').ok_or(TemplateError::Alone)?;
            let (name, after) = inside.split_once('}').ok_or(TemplateError::Alone)?;
            let known = PLACES.iter().find(|it| it.0 == name);
            let place = known.ok_or_else(|| TemplateError::Unknown(name.to_owned()))?;
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
            pieces.push(Piece::Place(place.1));
            rest = after;
        }
        plain.push_str(rest);
        pieces.push(Piece::Text(plain));
        Ok(Self(pieces))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_braces_are_read() {
        let text = |text: &str| Piece::Text(text.to_owned());
        assert_eq!(
            Template::read("a{account}={{{access_token}}}").unwrap().0,
            [
                text("a"),
                Piece::Place(Place::Account),
                text("={"),
                Piece::Place(Place::AccessToken),
                text("}")
            ]
        );
    }

    #[test]
    fn what_is_unknown_is_refused_with_all_that_is_known() {
        let error = Template::read("{refresh_token}").unwrap_err().to_string();
        assert_eq!(
            error,
            "there is no {refresh_token}: it is one of {access_token} {token_type} {expires_at} {expires_in} {account} \
             {provider} {scopes}"
        );
        for alone in ["{", "}", "{account", "account}", "{}}"] {
            assert!(Template::read(alone).is_err(), "{alone}");
        }
        assert_eq!(
            Template::read("}x").unwrap_err().to_string(),
            "a brace stands alone: write {{ for { and }} for }"
        );
    }
}
