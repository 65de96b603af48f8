//! Which credential is meant by a host, and an account where one is named.

use crate::engine::minting::refresh_host;
use crate::model::credential::{CredentialView, Flow};
use crate::model::name::CredentialName;
use crate::model::provider::Provider;
use crate::oauth::catalogue;
use crate::oauth::template;
use std::collections::BTreeMap;

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub enum Fitting {
    /// Nothing is known of that host, or of that account there.
    None,
    /// This one.
    One(CredentialName),
    /// Several, and nothing tells which one is meant.
    Several(Vec<CredentialName>),
}

/// Finds the credential of `account` (any, if there is none) among those that are at home where `is_at_home` says.
pub fn find<'a>(
    views: impl IntoIterator<Item = &'a CredentialView>,
    account: Option<&str>,
    is_at_home: impl Fn(&CredentialView) -> bool,
) -> Fitting {
    let usable = views
        .into_iter()
        .filter(|view| !view.profile.standing.is_revoked() && is_at_home(view));
    let mut fitting: Vec<CredentialName> = usable
        .map(|view| view.profile.name.clone())
        .filter(|name| account.is_none_or(|account| account == name.account()))
        .collect();
    match fitting.len() {
        0 => Fitting::None,
        1 => Fitting::One(fitting.remove(0)),
        _ => Fitting::Several(fitting),
    }
}

/// The hosts where a credential can be used for something; `named` tells those that its provider's record names for it:
/// none of them is where the tokens come from, and `None` is nowhere.
pub fn hosts(
    view: &CredentialView,
    named: impl FnOnce(&Provider) -> Option<Vec<String>>,
) -> Vec<String> {
    let Some(record) = catalogue::find(view.profile.name.provider()) else {
        return Vec::new();
    };
    match named(&record) {
        None => Vec::new(),
        Some(hosts) if hosts.is_empty() => home(view, &record).into_iter().collect(),
        Some(hosts) => hosts,
    }
}

/// The host that a credential's tokens come from, with its port where that is not the usual one; a key that was pasted
/// comes from nowhere, and belongs to the provider's host. `None`: that is told by nothing.
fn home(view: &CredentialView, record: &Provider) -> Option<String> {
    let host = match view.profile.flow {
        Flow::ApiKey => {
            // Where a provider has several hosts, its usual one.
            let usual = template::fill(record, &BTreeMap::new());
            usual.ok().map(|record| refresh_host(&record))?
        }
        Flow::Device | Flow::Loopback | Flow::ClientCredentials => view.profile.host.clone(),
    };
    // Without an address, the provider's name stands there.
    (host != record.name && !host.contains('{')).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::health::Health;
    use crate::tui::example::credential;

    fn views() -> Vec<CredentialView> {
        ["github/alice", "github/work", "gitlab/alice"]
            .map(|name| credential(name, "a provider", Health::Static, 0, 0))
            .into()
    }

    fn at(host: &str, account: Option<&str>) -> Fitting {
        find(&views(), account, |view| {
            view.profile.name.provider() == host
        })
    }

    #[test]
    fn one_that_fits_is_meant_and_of_several_the_account_tells() {
        let name = |text: &str| text.parse::<CredentialName>().unwrap();
        assert_eq!(at("gitlab", None), Fitting::One(name("gitlab/alice")));
        assert_eq!(
            at("github", Some("work")),
            Fitting::One(name("github/work"))
        );
        let several = vec![name("github/alice"), name("github/work")];
        assert_eq!(at("github", None), Fitting::Several(several));
    }

    #[test]
    fn another_accounts_token_is_never_meant() {
        assert_eq!(at("gitlab", Some("bob")), Fitting::None);
        assert_eq!(at("elsewhere", None), Fitting::None);
    }
}
