//! What a credential is called after a sign-in, so that a second account never takes the first one's place.

use crate::model::credential::Profile;
use crate::model::name::{CredentialName, NameError};
use crate::model::provider::Provider;
use crate::model::signin::KeptApart;
use crate::model::token::{IdClaims, TokenSet};
use crate::oauth::caller::Caller;
use crate::oauth::id_token;
use crate::oauth::userinfo;

/// The longest account part of a name.
const LONGEST: usize = 128;

/// How sure it is whose tokens these are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// The person said so.
    Asked,
    /// The provider said so.
    Told,
    /// Nobody said so.
    Untold,
}

/// Who signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// The account part of the name.
    pub account: String,
    /// How sure that is.
    pub certainty: Certainty,
    /// What the provider said of the person.
    pub claims: Option<IdClaims>,
}

/// Finds out who signed in: from the ID token, from the answer itself, else by asking the provider. That it cannot be
/// asked is no reason to lose tokens.
pub async fn who(caller: &Caller<'_>, asked: Option<&str>, set: &TokenSet) -> Who {
    let mut claims = id_token::claims_of(set);
    let known = claims.as_ref().and_then(|claims| claims.email.clone());
    let mut told = known.or_else(|| set.account.clone());
    let is_asked_for = told.is_none() && caller.provider.endpoints.userinfo.is_some();
    if is_asked_for && let Ok(said) = userinfo::ask(caller, &set.access).await {
        let is_same_person = match (
            claims.as_ref().and_then(|it| it.subject.as_ref()),
            &said.subject,
        ) {
            // OpenID Connect Core 5.3.2: an answer about somebody else is not used.
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        if is_same_person {
            told = said.account.clone().or_else(|| said.subject.clone());
            claims = claims.or_else(|| Some(said.claims()));
        }
    }
    let told = told.or_else(|| claims.as_ref().and_then(|claims| claims.subject.clone()));
    let told = told
        .map(|account| fit(&account))
        .filter(|account| !account.is_empty());
    let asked = asked.map(fit).filter(|account| !account.is_empty());
    let (account, certainty) = match (asked, told) {
        (Some(asked), _) => (asked, Certainty::Asked),
        (None, Some(told)) => (told, Certainty::Told),
        (None, None) => ("default".to_owned(), Certainty::Untold),
    };
    Who {
        account,
        certainty,
        claims,
    }
}

/// An account as it may stand in a name.
pub fn fit(account: &str) -> String {
    let is_bad = |c: char| c == '/' || c.is_whitespace() || c.is_control();
    account
        .chars()
        .map(|c| if is_bad(c) { '_' } else { c })
        .take(LONGEST)
        .collect()
}

/// The name of a credential of this provider.
pub fn name(provider: &Provider, who: &Who) -> Result<CredentialName, NameError> {
    CredentialName::new(&provider.name, &who.account)
}

/// Why new tokens must not take the place of those that are there: they are of somebody else, or may be.
pub fn apart(old: &Profile, new: Option<&IdClaims>, certainty: Certainty) -> Option<KeptApart> {
    let subject = |claims: Option<&IdClaims>| {
        let claims = claims?;
        Some((claims.issuer.clone(), claims.subject.clone()?))
    };
    match (subject(old.claims.as_ref()), subject(new)) {
        (Some((old_issuer, old)), Some((new_issuer, new))) => {
            let is_other_place = match (&old_issuer, &new_issuer) {
                (Some(one), Some(other)) => one != other,
                _ => false,
            };
            (old != new || is_other_place).then_some(KeptApart::OtherAccount)
        }
        _ if certainty == Certainty::Untold => Some(KeptApart::Untold),
        _ => None,
    }
}

/// The first name of that kind that is free: `demo/alice-2`.
pub fn free(wanted: &CredentialName, is_taken: impl Fn(&CredentialName) -> bool) -> CredentialName {
    let short: String = wanted.account().chars().take(LONGEST - 8).collect();
    (2_u32..)
        .filter_map(|number| {
            CredentialName::new(wanted.provider(), &format!("{short}-{number}")).ok()
        })
        .find(|name| !is_taken(name))
        .unwrap_or_else(|| wanted.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::sample::profile;

    fn claims(issuer: Option<&str>, subject: Option<&str>) -> IdClaims {
        IdClaims {
            issuer: issuer.map(str::to_owned),
            subject: subject.map(str::to_owned),
            ..IdClaims::default()
        }
    }

    #[test]
    fn another_person_never_takes_the_place_of_the_first() {
        let mut old = profile(Some(60));
        old.claims = Some(claims(Some("https://p.example"), Some("1")));
        let verdict =
            |issuer, subject, certainty| apart(&old, Some(&claims(issuer, subject)), certainty);
        let here = Some("https://p.example");
        assert_eq!(verdict(here, Some("1"), Certainty::Told), None);
        assert_eq!(verdict(None, Some("1"), Certainty::Asked), None);
        for certainty in [Certainty::Asked, Certainty::Told] {
            let other = Some(KeptApart::OtherAccount);
            assert_eq!(verdict(here, Some("2"), certainty), other);
            assert_eq!(
                verdict(Some("https://q.example"), Some("1"), certainty),
                other
            );
        }
    }

    #[test]
    fn when_nobody_tells_only_the_persons_own_word_replaces() {
        let old = profile(Some(60));
        assert_eq!(apart(&old, None, Certainty::Asked), None);
        assert_eq!(
            apart(&old, None, Certainty::Untold),
            Some(KeptApart::Untold)
        );
    }

    #[test]
    fn a_free_name_is_the_next_number() {
        let wanted: CredentialName = "demo/alice".parse().unwrap();
        let taken = ["demo/alice-2", "demo/alice-3"];
        let found = free(&wanted, |name| taken.contains(&name.as_str()));
        assert_eq!(found.as_str(), "demo/alice-4");
        let long = CredentialName::new("demo", &"x".repeat(128)).unwrap();
        assert!(free(&long, |_| false).account().len() <= 128);
    }

    #[test]
    fn an_account_is_made_fit_for_a_name() {
        assert_eq!(fit("work bot/2"), "work_bot_2");
        assert_eq!(fit(&"x".repeat(500)).len(), 128);
    }
}
