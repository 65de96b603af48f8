//! The providers that are known by name, from `assets/providers.toml`.

use crate::model::provider::Provider;
use serde::Deserialize;
use std::sync::LazyLock;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    provider: Vec<Provider>,
}

static CATALOGUE: LazyLock<Vec<Provider>> = LazyLock::new(|| {
    let catalogue: Catalogue = toml::from_str(include_str!("../../assets/providers.toml"))
        .expect("a test reads the same text");
    catalogue.provider
});

/// All of them, by name.
pub fn all() -> &'static [Provider] {
    &CATALOGUE
}

/// The one of that name.
pub fn find(name: &str) -> Option<&'static Provider> {
    all().iter().find(|provider| provider.name == name)
}
