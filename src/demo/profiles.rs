//! Named sets of quirks, each resembling a real provider, with the record that a client would have of it.
//!
//! They resemble what matters to a client: shapes, demands, rotation. Lifetimes stay short, so that something happens.

use crate::demo::profiles_code as code;
use crate::demo::profiles_identity as identity;
use crate::demo::profiles_odd as odd;
use crate::demo::profiles_social as social;
use crate::demo::quirks::Quirks;
use crate::demo::record;
use crate::demo::settings::{
    CONFIDENTIAL_CLIENT, CONFIDENTIAL_SECRET, POST_CLIENT, POST_SECRET, PUBLIC_CLIENT,
};
use crate::model::client::{Client, ClientAuth};
use crate::model::provider::Provider;
use crate::secret::ClientSecret;

/// Which of the built-in clients a provider's clients are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientKind {
    /// Without a secret.
    Public,
    /// With a secret that goes into the `Authorization` header.
    Basic,
    /// With a secret that goes into the body.
    Post,
}

impl ClientKind {
    fn auth(self) -> ClientAuth {
        match self {
            Self::Public => ClientAuth::None,
            Self::Basic => ClientAuth::ClientSecretBasic,
            Self::Post => ClientAuth::ClientSecretPost,
        }
    }

    fn registration(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Public => (PUBLIC_CLIENT, None),
            Self::Basic => (CONFIDENTIAL_CLIENT, Some(CONFIDENTIAL_SECRET)),
            Self::Post => (POST_CLIENT, Some(POST_SECRET)),
        }
    }

    /// The built-in client of this kind.
    pub fn client(self) -> Client {
        let (id, secret) = self.registration();
        let secret = secret.map(|secret| ClientSecret::new(secret.to_owned()));
        Client::new(id, secret, self.auth())
    }
}

/// A provider that the built-in one can resemble.
#[derive(Debug)]
pub struct Profile {
    /// Its name, as `--like` takes it.
    pub name: &'static str,
    /// What people call the provider.
    pub display_name: &'static str,
    /// Which client is used with it.
    pub client: ClientKind,
    /// Other names that records of such providers have.
    pub aliases: &'static [&'static str],
    /// Domains that the real provider's endpoints are under.
    pub hosts: &'static [&'static str],
    /// Makes a well-behaved provider behave so.
    pub behave: fn(&mut Quirks),
    /// Makes the well-behaved provider's record fit.
    pub describe: fn(&mut Provider),
}

/// All of them; the first is the well-behaved one.
pub const PROFILES: [Profile; 24] = [
    odd::STANDARD,
    code::GITHUB,
    code::GITHUB_APP,
    code::GITLAB,
    code::ATLASSIAN,
    code::LINEAR,
    code::BASECAMP,
    identity::GOOGLE,
    identity::MICROSOFT,
    identity::KEYCLOAK,
    identity::AUTH0,
    social::SLACK,
    social::NOTION,
    social::META,
    social::BOX,
    social::DROPBOX,
    social::X,
    social::REDDIT,
    social::SPOTIFY,
    odd::EXACT,
    odd::TABLEAU,
    odd::FISERV,
    odd::ANTHROPIC,
    odd::OPENAI_CLI,
];

/// The profile of that name.
pub fn find(name: &str) -> Option<&'static Profile> {
    PROFILES.iter().find(|profile| profile.name == name)
}

/// The names of all, as a person chooses from them.
pub fn names() -> impl Iterator<Item = &'static str> {
    PROFILES.iter().map(|profile| profile.name)
}

impl Profile {
    /// How the built-in provider behaves when it resembles this one.
    pub fn quirks(&self) -> Quirks {
        let mut quirks = Quirks::default();
        (self.behave)(&mut quirks);
        quirks
    }

    /// The record of the built-in provider at this issuer when it resembles this one.
    pub fn provider(&self, issuer: &str) -> Provider {
        let mut provider = record::provider(issuer);
        provider.name = self.name.to_owned();
        provider.display_name = self.display_name.to_owned();
        provider.client_auth = Some(self.auth());
        (self.describe)(&mut provider);
        provider
    }

    fn auth(&self) -> ClientAuth {
        self.client.auth()
    }

    /// Id and secret of the client that is used with it.
    pub fn registration(&self) -> (&'static str, Option<&'static str>) {
        self.client.registration()
    }

    /// The client that is used with it.
    pub fn registered_client(&self) -> Client {
        self.client.client()
    }
}
