//! Static API keys: kept like any other credential, refreshed by nobody, rotated by hand.

use crate::clock::Timestamp;
use crate::engine::api::{Refusal, Reply};
use crate::engine::minting::Minted;
use crate::engine::naming::Certainty;
use crate::engine::runner::Runner;
use crate::model::client::{Client, ClientAuth};
use crate::model::credential::{Flow, Profile};
use crate::model::name::CredentialName;
use crate::model::provider::{Provider, Revocation};
use crate::model::setup::ApiKeys;
use crate::model::signin::{KeyWish, ProviderChoice, SignInRequest};
use crate::model::token::TokenSet;
use crate::oauth::{catalogue, template};
use crate::secret::{AccessToken, ApiKey};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Longest key that is taken, in bytes.
const LONGEST: usize = 16 * 1024;

impl Runner {
    /// Keeps a key that a person gave. The same name again is a rotation: the new key takes the old one's place.
    pub(in crate::engine) fn keep_key(&mut self, request: SignInRequest, reply: Reply<()>) {
        let id = request.id;
        let minted = minted(request, self.now).and_then(|minted| {
            let old = self.core.profile(&minted.name);
            must_not_replace_a_grant(&minted.name, old.map(|old| &**old))?;
            Ok(minted)
        });
        match minted {
            Err(refusal) => {
                self.sign_in_refused(id);
                drop(reply.send(Err(refusal)));
            }
            Ok(minted) => {
                drop(reply.send(Ok(())));
                self.keep_minted(id, Arc::new(minted), 0);
            }
        }
    }
}

fn invalid(message: impl Into<String>, hint: impl Into<String>) -> Refusal {
    Refusal::Invalid {
        message: message.into(),
        hint: hint.into(),
    }
}

/// Who signed in would lose a refresh token that way.
fn must_not_replace_a_grant(name: &CredentialName, old: Option<&Profile>) -> Result<(), Refusal> {
    match old {
        Some(old) if old.flow != Flow::ApiKey => Err(invalid(
            format!("{name} was signed in to: a key cannot take its place"),
            "Give the key another account: --account NAME.",
        )),
        Some(_) | None => Ok(()),
    }
}

fn minted(request: SignInRequest, now: Timestamp) -> Result<Minted, Refusal> {
    let ProviderChoice::Known { name, parameters } = &request.provider else {
        return Err(invalid(
            "a key needs no issuer",
            "Give the provider's name alone.",
        ));
    };
    let Some(wish) = request.key else {
        return Err(invalid("there is no key", "Give the key."));
    };
    let provider = record(name, parameters);
    check_key(&wish.key, &provider)?;
    let life = life(&wish, &provider, now)?;
    let set = TokenSet {
        access: AccessToken::new(wish.key.expose_secret().to_owned()),
        token_type: "Bearer".to_owned(),
        expires_in: life,
        refresh: None,
        refresh_expires_in: None,
        id_token: None,
        is_id_verified: false,
        scopes: None,
        account: None,
        kept: BTreeMap::new(),
    };
    let account = request.account.as_deref().unwrap_or("default");
    let name = CredentialName::new(&provider.name, account)
        .map_err(|error| invalid(error.to_string(), "Choose another name."))?;
    Ok(Minted {
        before: std::sync::OnceLock::new(),
        name,
        client: Client::new("", None, ClientAuth::None),
        flow: Flow::ApiKey,
        scopes: Vec::new(),
        resources: Vec::new(),
        bound_to: None,
        set,
        claims: None,
        certainty: Certainty::Asked,
        apart: None,
        aside: None,
        at: now,
        provider,
    })
}

/// What is sealed beside a key: where it is ended by hand, and no address that it could be sent to.
pub fn record(name: &str, parameters: &BTreeMap<String, String>) -> Provider {
    let listed = catalogue::find(name);
    let known = listed.map_or_else(|| Provider::unknown(name, name), Arc::unwrap_or_clone);
    let filled = template::fill(&known, parameters).unwrap_or(known);
    let api_key = filled.api_key.clone().unwrap_or_default();
    // An address with a placeholder that nobody filled leads nowhere.
    let page = [api_key.url, filled.grants_page.clone()];
    let page = page.into_iter().flatten().find(|page| !page.contains('{'));
    let revocation = match &page {
        Some(url) => Revocation::Page { url: url.clone() },
        None => Revocation::Standard,
    };
    Provider {
        category: filled.category,
        grants_page: page,
        revocation,
        api_key: filled.api_key,
        git_user: filled.git_user,
        git_hosts: filled.git_hosts,
        mail_hosts: filled.mail_hosts,
        flows: vec![Flow::ApiKey],
        ..Provider::unknown(name, &filled.display_name)
    }
}

/// Refuses what cannot be a key, without a word of it.
fn check_key(key: &ApiKey, provider: &Provider) -> Result<(), Refusal> {
    let text = key.expose_secret();
    let keys = provider.api_key.as_ref();
    if text.is_empty() || text.len() > LONGEST {
        return Err(invalid(
            format!("a key has 1 to {LONGEST} characters"),
            "Copy the key again.",
        ));
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        let what = "a key has no spaces and no line breaks in it";
        return Err(invalid(what, "Copy the key alone, all of it."));
    }
    if keys.is_some_and(|keys| !keys.fits(text)) {
        return Err(invalid(
            format!(
                "this is no key of {}: those look different, {}",
                provider.display_name,
                keys.map(ApiKeys::shape).unwrap_or_default()
            ),
            format!(
                "Copy all of it. If it is right, the record is not: [providers.{}.api_key] pattern = \"\" in config.toml.",
                provider.name
            ),
        ));
    }
    Ok(())
}

/// How long the key lives from now: as the person says, else as long as the provider lets any live.
fn life(wish: &KeyWish, provider: &Provider, now: Timestamp) -> Result<Option<Duration>, Refusal> {
    let longest = provider.api_key.as_ref().and_then(|keys| keys.longest_life);
    let longest = longest.map(Duration::from_secs);
    let Some(end) = wish.expires_at else {
        return Ok(longest);
    };
    if end <= now {
        let what = "the key would have ended already";
        return Err(invalid(what, "Give the day on which it ends."));
    }
    let life = now.until(end);
    // A day more: nobody knows the hour.
    if let Some(longest) = longest.filter(|longest| life > *longest + Duration::from_secs(86_400)) {
        return Err(invalid(
            format!(
                "keys of {} live {} days at the most",
                provider.display_name,
                longest.as_secs().div_ceil(86_400)
            ),
            "Give the day on which it ends; the provider's page shows it.",
        ));
    }
    Ok(Some(life))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::signin::SignInId;

    const NOW: Timestamp = Timestamp::from_secs(1_900_000_000);

    fn wish(provider: &str, key: &str, days: Option<i64>) -> Result<Minted, Refusal> {
        let choice = ProviderChoice::Known {
            name: provider.to_owned(),
            parameters: BTreeMap::new(),
        };
        let mut request = SignInRequest::new(SignInId(1), choice);
        request.account = Some("me".to_owned());
        request.key = Some(KeyWish {
            key: ApiKey::new(key.to_owned()),
            expires_at: days.map(|days| Timestamp::from_secs(1_900_000_000 + days * 86_400)),
        });
        minted(request, NOW)
    }

    #[test]
    fn a_key_is_kept_with_its_end_and_without_an_address_to_send_it_to() {
        let minted = wish("openai", "sk-abc", Some(30)).unwrap();
        assert_eq!(minted.name.as_str(), "openai/me");
        let profile = minted.profile(None);
        assert_eq!(profile.flow, Flow::ApiKey);
        assert_eq!(
            profile.expires_at,
            Some(NOW.plus(Duration::from_secs(30 * 86_400)))
        );
        assert!(!profile.is_renewable());
        let gitlab = wish("gitlab", "glpat-abc", None).unwrap();
        assert_eq!(
            gitlab.provider.endpoints,
            Provider::unknown("x", "x").endpoints
        );
        assert_eq!(gitlab.profile(None).refresh_idle_life, None);
        assert!(
            matches!(gitlab.provider.revocation, Revocation::Page { url } if url.starts_with("https://gitlab.com/"))
        );
    }

    #[test]
    fn any_name_can_have_a_key() {
        let minted = wish("corp-tool", "whatever", None).unwrap();
        assert_eq!(minted.name.as_str(), "corp-tool/me");
        assert_eq!(minted.profile(None).expires_at, None);
        assert_eq!(minted.provider.revocation, Revocation::Standard);
    }

    #[test]
    fn what_cannot_be_a_key_is_refused_without_a_word_of_it() {
        for (provider, key) in [
            ("openai", "pk-hush"),
            ("x", ""),
            ("x", "hush hush"),
            ("x", "hush\n"),
        ] {
            let refusal = wish(provider, key, None).unwrap_err();
            assert!(!format!("{refusal:?}").contains("hush"), "{refusal:?}");
        }
        assert!(wish("x", &"k".repeat(LONGEST + 1), None).is_err());
    }

    #[test]
    fn an_end_that_cannot_be_is_refused_and_the_longest_life_is_the_end_when_none_is_said() {
        assert!(wish("openai", "sk-abc", Some(-1)).is_err());
        assert!(wish("smartthings", "abc", Some(30)).is_err());
        let day = wish("smartthings", "abc", None).unwrap().profile(None);
        assert_eq!(day.expires_at, Some(NOW.plus(Duration::from_secs(86_400))));
    }

    #[test]
    fn a_key_takes_the_place_of_a_key_only() {
        let name: CredentialName = "demo/alice".parse().unwrap();
        let mut old = crate::engine::sample::profile(Some(3600));
        assert!(must_not_replace_a_grant(&name, Some(&old)).is_err());
        old.flow = Flow::ApiKey;
        assert!(must_not_replace_a_grant(&name, Some(&old)).is_ok());
        assert!(must_not_replace_a_grant(&name, None).is_ok());
    }
}
