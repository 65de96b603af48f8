//! A record of the person's own: a table of the settings, member by member over what is known.

use crate::model::provider::Provider;
use toml::{Table, Value};

/// A record of one's own that says something that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}`: {message}", .path.join("."))]
pub struct OwnRecordError {
    /// Where in the settings: `providers`, the name, the member.
    pub path: Vec<String>,
    /// What is wrong there.
    pub message: String,
}

/// Members outside `endpoints` that an empty text takes away.
const TAKEN_AWAY: [&str; 7] = [
    "issuer",
    "offline_scope",
    "scope_parameter",
    "client_id_parameter",
    "token_at",
    "success_flag",
    "grants_page",
];

/// The record that `table` makes over `base`, or by itself.
pub fn record(name: &str, base: Option<Table>, table: &Table) -> Result<Provider, OwnRecordError> {
    let base = base.unwrap_or_else(|| nothing_but_names(name));
    made(merged(&base, table)).map_err(|message| {
        let (path, message) = culprit(&base, table, Vec::new()).unwrap_or((Vec::new(), message));
        let above = ["providers".to_owned(), name.to_owned()];
        OwnRecordError {
            path: above.into_iter().chain(path).collect(),
            message,
        }
    })
}

fn nothing_but_names(name: &str) -> Table {
    let names =
        ["name", "display_name"].map(|key| (key.to_owned(), Value::String(name.to_owned())));
    names.into_iter().collect()
}

fn made(mut table: Table) -> Result<Provider, String> {
    let is_empty = |value: &Value| value.as_str() == Some("");
    table.retain(|key, value| !(TAKEN_AWAY.contains(&key) && is_empty(value)));
    if let Some(Value::Table(endpoints)) = table.get_mut("endpoints") {
        endpoints.retain(|_, value| !is_empty(value));
    }
    table
        .try_into()
        .map_err(|error: toml::de::Error| error.message().lines().next().unwrap_or("").to_owned())
}

/// `over` laid over `base`: tables member by member, everything else as a whole.
fn merged(base: &Table, over: &Table) -> Table {
    let mut all = base.clone();
    for (key, value) in over {
        let value = match (all.get(key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => Value::Table(merged(below, above)),
            _ => value.clone(),
        };
        all.insert(key.clone(), value);
    }
    all
}

/// The member that makes a record impossible, and why: each alone over the base.
fn culprit(base: &Table, over: &Table, at: Vec<String>) -> Option<(Vec<String>, String)> {
    over.iter().find_map(|(key, value)| {
        let mut path = at.clone();
        path.push(key.clone());
        let message = made(merged(base, &nested(&path, value.clone()))).err()?;
        let deeper = match value {
            Value::Table(inner) => culprit(base, inner, path.clone()),
            _ => None,
        };
        deeper.or(Some((path, message)))
    })
}

/// A value within tables of these names.
fn nested(path: &[String], value: Value) -> Table {
    let (first, rest) = match path {
        [] => return Table::new(),
        [first, rest @ ..] => (first, rest),
    };
    let inner = if rest.is_empty() {
        value
    } else {
        Value::Table(nested(rest, value))
    };
    Table::from_iter([(first.clone(), inner)])
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = r#"
        name = "p"
        display_name = "P"
        issuer = "https://p.example"
        default_scopes = ["a", "b"]
        [endpoints]
        token = "https://p.example/token"
        revocation = "https://p.example/revoke"
        [redirect]
        host = "localhost"
        ports = [28542]
        [parameters]
        host = "p.example"
    "#;

    fn read(table: &str) -> Result<Provider, OwnRecordError> {
        record(
            "p",
            Some(toml::from_str(BASE).unwrap()),
            &toml::from_str(table).unwrap(),
        )
    }

    #[test]
    fn what_is_said_replaces_what_was_known_and_the_rest_stays() {
        let record = read("default_scopes = [\"c\"]\n[redirect]\npath = \"/back\"").unwrap();
        assert_eq!(record.default_scopes, ["c"]);
        assert_eq!(record.redirect.path, "/back");
        assert_eq!(record.redirect.ports, [28542]);
        assert_eq!(record.display_name, "P");
    }

    #[test]
    fn an_empty_text_takes_an_address_away_and_makes_a_parameter_asked_for() {
        let record =
            read("issuer = \"\"\n[endpoints]\nrevocation = \"\"\n[parameters]\nhost = \"\"")
                .unwrap();
        assert_eq!(record.issuer, None);
        assert_eq!(record.endpoints.revocation, None);
        assert!(record.endpoints.token.is_some());
        assert_eq!(record.parameters["host"], "");
    }

    #[test]
    fn an_error_names_the_member_that_is_wrong() {
        for (table, path) in [
            ("pkce = \"requird\"", "providers.p.pkce"),
            ("[redirect]\nports = [\"x\"]", "providers.p.redirect.ports"),
            (
                "default_scopes = [\"fine\"]\n[setup]\nneeds_secret = 1",
                "providers.p.setup.needs_secret",
            ),
        ] {
            let error = read(table).unwrap_err();
            assert_eq!(error.path.join("."), path, "{error}");
        }
        let error = read("pkce = \"requird\"").unwrap_err();
        assert!(error.message.contains("`required`"), "{error}");
    }
}
