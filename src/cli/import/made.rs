//! Makes a credential out of what another tool keeps: what it lacks is said, what nothing refreshes is a key.

use crate::cli::import::offer::{Elsewhere, Offer};
use crate::clock::Timestamp;
use crate::engine::keys;
use crate::engine::minting::Minted;
use crate::engine::naming::{self, Certainty};
use crate::model::client::{Client, ClientAuth};
use crate::model::credential::Flow;
use crate::model::name::CredentialName;
use crate::model::provenance::Provenance;
use crate::model::provider::Provider;
use crate::model::token::TokenSet;
use crate::secret::{AccessToken, ClientSecret, IdToken, RefreshToken};
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

/// An access token that is not there is over since so long, so that no clock that is set back makes it valid.
const LONG_OVER: Duration = Duration::from_secs(24 * 3600);

/// Longest token or client secret that is taken, in bytes.
const LONGEST: usize = 16 * 1024;

/// What a file tells of one credential.
#[derive(Debug)]
pub struct Found {
    /// The provider's record, as far as it is known.
    pub provider: Provider,
    /// The account, as the tool calls it.
    pub account: String,
    /// The client's id, where it is told.
    pub client_id: Option<String>,
    /// The client's secret, where it is told.
    pub client_secret: Option<ClientSecret>,
    /// How that client authenticates, where the tool says so; otherwise as the record says.
    pub client_auth: Option<ClientAuth>,
    /// The access token.
    pub access: Option<AccessToken>,
    /// The refresh token.
    pub refresh: Option<RefreshToken>,
    /// The ID token.
    pub id_token: Option<IdToken>,
    /// Its type, where it is told.
    pub token_type: Option<String>,
    /// Scopes.
    pub scopes: Vec<String>,
    /// When the access token ends.
    pub expires_at: Option<Timestamp>,
    /// Whether that is only counted from when it was written down.
    pub is_end_guessed: bool,
    /// What programs need beside the token.
    pub kept: BTreeMap<String, String>,
    /// What is odd about it.
    pub remarks: Vec<String>,
}

impl Found {
    /// Nothing but whose it is.
    pub fn of(provider: Provider, account: impl Into<String>) -> Self {
        Self {
            provider,
            account: account.into(),
            client_id: None,
            client_secret: None,
            client_auth: None,
            access: None,
            refresh: None,
            id_token: None,
            token_type: None,
            scopes: Vec::new(),
            expires_at: None,
            is_end_guessed: false,
            kept: BTreeMap::new(),
            remarks: Vec::new(),
        }
    }

    /// Whether it can be refreshed here: by a refresh token, with its client, at an address that is known.
    fn is_renewable(&self) -> bool {
        self.refresh.is_some()
            && self.client_id.is_some()
            && self.provider.endpoints.token.is_some()
    }

    /// Why a refresh token that is there is of no use.
    fn lack(&self) -> Option<&'static str> {
        self.refresh.as_ref()?;
        match (&self.client_id, &self.provider.endpoints.token) {
            (None, _) => Some(
                "its refresh token is left out: the client it belongs to is not told (--client-id)",
            ),
            (Some(_), None) => {
                Some("its refresh token is left out: where it is refreshed is not told")
            }
            (Some(_), Some(_)) => None,
        }
    }

    /// Which of its secrets cannot be one: a line break in a token would become a line of a request or of an answer.
    fn wrong(&self) -> Option<&'static str> {
        let fits = [
            (
                "access token",
                self.access.as_ref().map(|it| it.is_one_line(LONGEST)),
            ),
            (
                "refresh token",
                self.refresh.as_ref().map(|it| it.is_one_line(LONGEST)),
            ),
            (
                "client secret",
                self.client_secret
                    .as_ref()
                    .map(|it| it.is_one_line(LONGEST)),
            ),
        ];
        let wrong = fits.into_iter().find(|(_, fits)| *fits == Some(false));
        wrong.map(|(what, _)| what)
    }

    /// The credential; `None`: there is no token in it. One whose secrets cannot be any is refused by its name.
    pub fn offer(self, from: &Provenance, now: Timestamp) -> Result<Option<Offer>, Elsewhere> {
        match self.wrong() {
            None => Ok(self.made(from, now)),
            Some(wrong) => Err(Elsewhere {
                what: format!("{}/{}", self.provider.name, naming::fit(&self.account)),
                why: format!(
                    "its {wrong} has a line break or another control character in it, or more than {LONGEST} bytes"
                ),
                hint: "copy it again where it is from, all of it and it alone".to_owned(),
            }),
        }
    }

    fn made(mut self, from: &Provenance, now: Timestamp) -> Option<Offer> {
        let mut remarks = std::mem::take(&mut self.remarks);
        remarks.extend(self.lack().map(str::to_owned));
        let is_renewable = self.is_renewable();
        if is_renewable && needs_secret(&self) {
            remarks.push("the provider wants a client secret, and there is none".to_owned());
        }
        if self.access.is_none() && is_renewable {
            remarks.push("no access token: it is fetched at the first refresh".to_owned());
        }
        let is_old = is_renewable && self.access.is_some() && self.is_end_guessed;
        if is_old {
            let said = "since when its access token lives is not told: a new one is fetched at the first refresh";
            remarks.push(said.to_owned());
        }
        let minted = match is_renewable {
            true => self.renewable(now)?,
            false => self.fixed(now)?,
        };
        let mut profile = minted.profile(None);
        if is_old || (profile.has_refresh_token && minted.set.access.is_empty()) {
            profile.expires_at = Some(now.minus(LONG_OVER));
        }
        profile.provenance = Some(from.clone());
        let secret = minted.secret();
        Some(Offer {
            profile,
            secret,
            remarks,
        })
    }

    fn renewable(self, now: Timestamp) -> Option<Minted> {
        let auth = self.auth();
        let client = Client::new(self.client_id.clone()?, self.client_secret, auth);
        let set = TokenSet {
            access: self
                .access
                .unwrap_or_else(|| AccessToken::new(String::new())),
            token_type: self.token_type.unwrap_or_else(|| "Bearer".to_owned()),
            expires_in: self.expires_at.map(|end| now.until(end)),
            refresh: self.refresh,
            refresh_expires_in: None,
            id_token: self.id_token,
            is_id_verified: false,
            scopes: None,
            account: None,
            kept: self.kept,
        };
        minted(
            self.provider,
            &self.account,
            Flow::Loopback,
            (client, set, self.scopes),
            now,
        )
    }

    /// A token that nothing here refreshes, with no address that it could be sent to.
    fn fixed(self, now: Timestamp) -> Option<Minted> {
        let access = self.access.filter(|token| !token.is_empty())?;
        let set = TokenSet {
            access,
            token_type: self.token_type.unwrap_or_else(|| "Bearer".to_owned()),
            expires_in: self.expires_at.map(|end| now.until(end)),
            refresh: None,
            refresh_expires_in: None,
            id_token: None,
            is_id_verified: false,
            scopes: None,
            account: None,
            kept: self.kept,
        };
        let client = Client::new("", None, ClientAuth::None);
        let mut record = keys::record(&self.provider.name, &BTreeMap::new());
        record.display_name = self.provider.display_name;
        minted(
            record,
            &self.account,
            Flow::ApiKey,
            (client, set, self.scopes),
            now,
        )
    }

    fn auth(&self) -> ClientAuth {
        match (
            &self.client_secret,
            self.client_auth,
            self.provider.client_auth,
        ) {
            (None, _, _) => ClientAuth::None,
            (Some(_), Some(auth), _) | (Some(_), None, Some(auth)) if auth != ClientAuth::None => {
                auth
            }
            (Some(_), _, _) => ClientAuth::ClientSecretBasic,
        }
    }
}

fn needs_secret(found: &Found) -> bool {
    found.client_secret.is_none() && found.provider.setup.needs_secret
}

fn minted(
    provider: Provider,
    account: &str,
    flow: Flow,
    (client, set, scopes): (Client, TokenSet, Vec<String>),
    at: Timestamp,
) -> Option<Minted> {
    let account = match naming::fit(account) {
        account if account.is_empty() => "default".to_owned(),
        account => account,
    };
    let name = CredentialName::new(&provider.name, &account).ok()?;
    Some(Minted {
        name,
        certainty: Certainty::Asked,
        claims: None,
        apart: None,
        aside: None,
        before: OnceLock::new(),
        provider,
        client,
        flow,
        scopes,
        resources: Vec::new(),
        bound_to: None,
        set,
        at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from() -> Provenance {
        Provenance {
            from: "test".to_owned(),
            file: None,
            at: Timestamp::from_secs(0),
        }
    }

    fn found(change: impl FnOnce(&mut Found)) -> Result<Option<Offer>, Elsewhere> {
        let mut found = Found::of(Provider::unknown("corp", "Corp"), "alice");
        found.access = Some(AccessToken::new("hidden".to_owned()));
        change(&mut found);
        found.offer(&from(), Timestamp::from_secs(1_900_000_000))
    }

    #[test]
    fn a_token_that_cannot_be_one_is_refused_by_name_and_never_shown() {
        let long = "h".repeat(LONGEST);
        for fine in ["hidden", "a pass word", &long] {
            let offer = found(|it| it.access = Some(AccessToken::new(fine.to_owned())));
            assert_eq!(offer.unwrap().unwrap().name().as_str(), "corp/alice");
        }
        for wrong in [
            "hidden\r\nSet-Cookie: a",
            "hid\u{0}den",
            "hidden\n",
            &format!("{long}h"),
        ] {
            let text = || wrong.to_owned();
            let refused = [
                (
                    "access token",
                    found(|it| it.access = Some(AccessToken::new(text()))),
                ),
                (
                    "refresh token",
                    found(|it| it.refresh = Some(RefreshToken::new(text()))),
                ),
                (
                    "client secret",
                    found(|it| it.client_secret = Some(ClientSecret::new(text()))),
                ),
            ];
            for (what, refused) in refused {
                let refused = refused.unwrap_err();
                assert_eq!(refused.what, "corp/alice");
                assert!(refused.why.contains(what), "{refused:?}");
                assert!(!format!("{refused:?}").contains("hid"), "{refused:?}");
            }
        }
    }
}
