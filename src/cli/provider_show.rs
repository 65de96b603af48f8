//! What a person is told about one provider: how to register, where its endpoints are, its habits.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::provider::flows;
use crate::model::credential::Flow;
use crate::model::provider::{Dpop, Pkce, Provider, Revocation, Rotation};
use crate::model::redirect::RedirectRule;
use crate::oauth::template;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Width of the words before the values.
const WORD: usize = 13;

/// Shows it.
pub fn run(provider: &Provider, context: &Context) -> Result<(), Failure> {
    if context.output.json {
        return context.output.json_line(provider);
    }
    // With the defaults filled in, where they are enough, a person can click and copy what stands there.
    let filled = template::fill(provider, &BTreeMap::new());
    let provider = filled.as_ref().unwrap_or(provider);
    let mut text = String::new();
    let parts = [signs_in(provider).then(|| setup(provider)), keys(provider)];
    for part in parts.into_iter().flatten() {
        text.push_str(&part);
        text.push_str("\n\n");
    }
    for (word, value) in facts(provider) {
        // A String takes everything that is written to it.
        let _ = writeln!(text, "{word:<WORD$}{value}");
    }
    context.output.data(&text)
}

/// Whether a client is needed: not where there are only keys.
pub fn signs_in(provider: &Provider) -> bool {
    provider.flows != [Flow::ApiKey]
}

fn facts(provider: &Provider) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if let Some(category) = provider.category {
        facts.push(("category", category.words().to_owned()));
    }
    facts.push(("sign-in", flows(provider)));
    if signs_in(provider) {
        facts.extend(addresses(provider));
        facts.extend(habits(provider));
    }
    facts.extend(parameters(provider));
    if !provider.token_variables.is_empty() {
        facts.push(("variables", provider.token_variables.join(" ")));
    }
    facts.extend(ending(provider));
    facts.extend(provider.notes.iter().map(|note| ("note", note.clone())));
    facts.extend(provider.sources.iter().map(|page| ("source", page.clone())));
    facts.extend(provider.checked.iter().map(|day| ("checked", day.clone())));
    if !provider.unconfirmed.is_empty() {
        facts.push(("unconfirmed", provider.unconfirmed.join(", ")));
    }
    facts
}

fn addresses(provider: &Provider) -> Vec<(&'static str, String)> {
    let endpoints = &provider.endpoints;
    let known = [
        ("issuer", &provider.issuer),
        ("authorize", &endpoints.authorization),
        ("token", &endpoints.token),
        ("refresh", &endpoints.refresh),
        ("device", &endpoints.device_authorization),
        ("revoke", &endpoints.revocation),
        ("introspect", &endpoints.introspection),
        ("userinfo", &endpoints.userinfo),
        ("register", &endpoints.registration),
    ];
    let known = known.into_iter();
    known
        .filter_map(|(word, value)| Some((word, value.clone()?)))
        .collect()
}

fn habits(provider: &Provider) -> Vec<(&'static str, String)> {
    let mut habits = Vec::new();
    if !provider.default_scopes.is_empty() {
        habits.push(("scopes", provider.default_scopes.join(" ")));
    }
    if let Some(scope) = &provider.offline_scope {
        habits.push(("offline", format!("{scope} (added to the scopes you name)")));
    }
    if provider.flows.contains(&Flow::Loopback) {
        habits.push(("redirect", redirects(&provider.redirect).join(" or ")));
    }
    match provider.pkce {
        Pkce::Required => habits.push(("PKCE", "required".to_owned())),
        Pkce::Forbidden => habits.push(("PKCE", "refused there, so it is not used".to_owned())),
        Pkce::Optional => {}
    }
    match provider.dpop {
        Dpop::Required => habits.push(("DPoP", "required".to_owned())),
        Dpop::Never | Dpop::Optional => {}
    }
    match provider.rotation {
        Rotation::SingleUse => {
            habits.push(("rotation", "each refresh token is used once".to_owned()))
        }
        Rotation::Never => habits.push(("rotation", "the refresh token stays the same".to_owned())),
        Rotation::Always => habits.push((
            "rotation",
            "a new refresh token each time; the old one stays valid".to_owned(),
        )),
        Rotation::Unknown => {}
    }
    habits
}

/// The redirect addresses to register.
pub fn redirects(rule: &RedirectRule) -> Vec<String> {
    let (host, path) = (&rule.host, &rule.path);
    match (rule.ports.as_slice(), path.as_str()) {
        ([], "/") => vec![format!("http://{host}")],
        ([], path) => vec![format!("http://{host}{path}")],
        (ports, path) => ports
            .iter()
            .map(|port| format!("http://{host}:{port}{path}"))
            .collect(),
    }
}

fn parameters(provider: &Provider) -> Vec<(&'static str, String)> {
    let one = |(name, default): (&String, &String)| {
        let default = match default.as_str() {
            "" => "must be given".to_owned(),
            default => format!("default {default}"),
        };
        ("parameter", format!("--param {name}=... ({default})"))
    };
    provider.parameters.iter().map(one).collect()
}

fn ending(provider: &Provider) -> Vec<(&'static str, String)> {
    let how = match &provider.revocation {
        Revocation::Page { url } => Some(format!("by hand: {url}")),
        Revocation::Request { .. } => Some("tokenward revoke asks the provider".to_owned()),
        Revocation::Standard if provider.endpoints.revocation.is_some() => {
            Some("tokenward revoke asks the provider (RFC 7009)".to_owned())
        }
        Revocation::Standard => None,
    };
    let page = provider.grants_page.clone().map(|page| ("grants", page));
    how.map(|how| ("ending", how))
        .into_iter()
        .chain(page)
        .collect()
}

/// How a client is registered there, for people.
pub fn setup(provider: &Provider) -> String {
    let setup = &provider.setup;
    let first = format!(
        "To sign in to {}, register a client once",
        provider.display_name
    );
    let mut text = numbered(&first, setup.url.as_deref(), &setup.steps);
    if !setup.client_id_hint.is_empty() {
        let _ = writeln!(
            text,
            "Its client ID looks like this: {}.",
            setup.client_id_hint
        );
    }
    text.truncate(text.trim_end().len());
    text
}

/// How a key is made there, for people.
pub fn keys(provider: &Provider) -> Option<String> {
    let keys = provider.api_key.as_ref()?;
    let first = format!("To keep an API key of {}, make one", provider.display_name);
    let mut text = numbered(&first, keys.url.as_deref(), &keys.steps);
    let _ = write!(text, "Then: tokenward login {} --api-key", provider.name);
    Some(text)
}

fn numbered(first: &str, url: Option<&str>, steps: &[String]) -> String {
    let mut text = match url {
        Some(url) => format!("{first}:\n  {url}\n"),
        None => format!("{first}.\n"),
    };
    for (number, step) in steps.iter().enumerate() {
        let _ = writeln!(text, "  {}. {step}", number + 1);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::catalogue;

    #[test]
    fn everything_a_person_needs_is_shown() {
        let github = catalogue::find("github").unwrap();
        let facts = facts(&github);
        let of = |word: &str| {
            facts
                .iter()
                .find(|(known, _)| *known == word)
                .map(|(_, it)| it.as_str())
        };
        assert_eq!(of("category"), Some("code host"));
        assert_eq!(of("redirect"), Some("http://127.0.0.1/callback"));
        assert!(of("source").is_some_and(|page| page.starts_with("https://docs.github.com/")));
        assert!(of("grants").is_some() && of("ending").is_some());
        assert!(
            keys(&github)
                .unwrap()
                .contains("tokenward login github --api-key")
        );
    }

    #[test]
    fn a_provider_of_keys_alone_asks_for_no_client() {
        let openai = catalogue::find("openai").unwrap();
        assert!(!signs_in(&openai));
        assert!(
            facts(&openai)
                .iter()
                .all(|(word, _)| *word != "redirect" && *word != "token")
        );
    }
}
