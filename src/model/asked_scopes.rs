//! What of the scopes that are asked for can be told to fail, or to end badly, before a browser opens.

use crate::model::credential::Flow;
use crate::model::finding::{Finding, Intent};
use crate::model::provider::Provider;

/// The scope that has to be added so that a refresh token comes, when the person named scopes without it.
pub fn missing_offline<'a>(
    provider: &'a Provider,
    flow: Flow,
    scopes: &[String],
) -> Option<&'a str> {
    let is_a_persons = matches!(flow, Flow::Device | Flow::Loopback);
    let scope = provider.offline_scope.as_deref()?;
    let is_missing = !scopes.iter().any(|asked| asked == scope);
    (is_a_persons && is_missing).then_some(scope)
}

/// Scopes that the provider gives by a browser only.
pub fn device_scopes(intent: &Intent<'_>) -> Option<Finding> {
    let allowed = &intent.provider.device_scopes;
    if intent.flow != Flow::Device || allowed.is_empty() {
        return None;
    }
    let others: Vec<&str> = intent
        .scopes
        .iter()
        .filter(|scope| !allowed.contains(scope))
        .map(String::as_str)
        .collect();
    if others.is_empty() {
        return None;
    }
    Finding::stops(
        "device_scopes",
        format!(
            "{} does not give {} by the device flow",
            intent.name(),
            others.join(" ")
        ),
        "Sign in by the browser: --flow loopback. Or ask for fewer scopes.",
    )
}

/// A refresh token that does not come by itself.
pub fn offline(intent: &Intent<'_>) -> Option<Finding> {
    let scope = missing_offline(intent.provider, intent.flow, intent.scopes)?;
    Finding::warns(
        "offline_scope",
        format!("without the scope {scope} no refresh token comes"),
        format!("A sign-in adds it by itself; write --scope {scope} to say so."),
    )
}

/// Scopes that the metadata does not name.
pub fn unknown_scopes(intent: &Intent<'_>) -> Option<Finding> {
    let said = &intent.provider.metadata.scopes;
    let unknown: Vec<&str> = intent
        .scopes
        .iter()
        .filter(|scope| !said.contains(scope))
        .map(String::as_str)
        .collect();
    if said.is_empty() || unknown.is_empty() {
        return None;
    }
    Finding::warns(
        "scopes",
        format!(
            "{}'s metadata does not name {}",
            intent.name(),
            unknown.join(" ")
        ),
        "Not every provider names all; if the sign-in is refused, leave them out.",
    )
}
