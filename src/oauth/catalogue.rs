//! The providers that are known by name, from `assets/providers.toml`.

use crate::model::provider::Provider;
use serde::Deserialize;
use std::sync::{LazyLock, OnceLock};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    provider: Vec<Provider>,
}

static CATALOGUE: LazyLock<Vec<Provider>> = LazyLock::new(|| {
    let catalogue: Catalogue = toml::from_str(include_str!("../../assets/providers.toml"))
        .expect("a test reads the same text");
    let own = OWN.get().map_or(&[][..], Vec::as_slice);
    let mut all = catalogue.provider;
    all.retain(|provider| own.iter().all(|own| own.name != provider.name));
    all.extend_from_slice(own);
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
});

static OWN: OnceLock<Vec<Provider>> = OnceLock::new();

/// Adds the person's own records; they win over those of the same name. Called once, before anybody asks: whatever is
/// already known stays as it is.
pub fn extend(own: Vec<Provider>) {
    let _ = OWN.set(own);
}

/// All of them, by name.
pub fn all() -> &'static [Provider] {
    &CATALOGUE
}

/// The one of that name.
pub fn find(name: &str) -> Option<&'static Provider> {
    all().iter().find(|provider| provider.name == name)
}
