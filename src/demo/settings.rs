//! What the provider is started with: clients, scopes, first quirks, port.

use crate::demo::profiles::Profile;
use crate::demo::quirks::Quirks;
use crate::demo::tokens::Digest;
use crate::jose::jwk::PublicKey;
use crate::model::client::ClientAuth;
use std::collections::BTreeMap;
use std::fmt;

/// A client registered at the demo provider.
#[derive(Clone)]
pub struct DemoClient {
    /// Its identifier.
    pub id: String,
    /// Its secret; `None`: a public client.
    pub secret: Option<String>,
    /// How it has to authenticate.
    pub auth: ClientAuth,
    /// The public key that its assertions are checked with; with it they are the only way (RFC 7523 2.2).
    pub key: Option<PublicKey>,
    /// Its redirect addresses; empty: those that every built-in client has.
    pub redirect_uris: Vec<String>,
    /// What it may manage its registration with (RFC 7592); `None`: a built-in client.
    pub registration: Option<Digest>,
}

impl DemoClient {
    /// A built-in client.
    pub fn new(id: &str, secret: Option<&str>, auth: ClientAuth) -> Self {
        Self {
            id: id.to_owned(),
            secret: secret.map(str::to_owned),
            auth,
            key: None,
            redirect_uris: Vec::new(),
            registration: None,
        }
    }

    /// Whether it has nothing to prove who it is by (RFC 6749 2.1).
    pub fn is_public(&self) -> bool {
        self.auth == ClientAuth::None
    }
}

impl fmt::Debug for DemoClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DemoClient")
            .field("id", &self.id)
            .field("auth", &self.auth)
            .finish_non_exhaustive()
    }
}

/// The public client.
pub const PUBLIC_CLIENT: &str = "demo-cli";
/// The client that authenticates by Basic; its secret is [`CONFIDENTIAL_SECRET`].
pub const CONFIDENTIAL_CLIENT: &str = "demo-confidential";
/// The secret of [`CONFIDENTIAL_CLIENT`]; anybody may know it, it guards made-up accounts on loopback.
pub const CONFIDENTIAL_SECRET: &str = "demo-confidential-secret";
/// The client that authenticates in the body; its secret is [`POST_SECRET`].
pub const POST_CLIENT: &str = "demo-post";
/// The secret of [`POST_CLIENT`].
pub const POST_SECRET: &str = "demo-post-secret";
/// A Basic client whose id and secret are wrong unless form-urlencoded first (RFC 6749 2.3.1).
pub const ODD_CLIENT: &str = "demo odd:client+id";
/// The secret of [`ODD_CLIENT`].
pub const ODD_SECRET: &str = "p@ss:w%rd+/=& ~é";
/// A public client whose refreshes fail for a while in the demo.
pub const FLAKY_CLIENT: &str = "demo-flaky";
/// A public client whose tokens never expire in the demo, and are not refreshed.
pub const STATIC_CLIENT: &str = "demo-static";
/// The client that authenticates by assertions (`private_key_jwt`); its key is made at start, see
/// [`crate::demo::control::Control::asserting_key`].
pub const ASSERTING_CLIENT: &str = "demo-asserting";
/// What a client is registered with where the quirks want that (RFC 7591 3).
pub const INITIAL_ACCESS_TOKEN: &str = "demo_iat_0123456789";
/// A client that was deleted at the provider: it is not registered.
pub const RETIRED_CLIENT: &str = "demo-retired";

/// Scopes that may be asked for.
pub const SCOPES: [&str; 8] = [
    "openid",
    "offline_access",
    "profile",
    "email",
    "read",
    "write",
    "short",
    "long",
];

/// What the provider is started with.
#[derive(Debug, Clone)]
pub struct DemoSettings {
    /// Its TCP port on 127.0.0.1; 0: any free one.
    pub port: u16,
    /// Its clients.
    pub clients: Vec<DemoClient>,
    /// How it behaves at first.
    pub quirks: Quirks,
    /// How it behaves to some clients, by id, instead.
    pub client_quirks: BTreeMap<String, Quirks>,
    /// The real provider that it resembles.
    pub profile: Option<&'static Profile>,
}

impl Default for DemoSettings {
    fn default() -> Self {
        Self {
            port: 0,
            clients: built_in_clients(),
            quirks: Quirks::default(),
            client_quirks: BTreeMap::new(),
            profile: None,
        }
    }
}

impl DemoSettings {
    /// The default settings of a provider that resembles this one.
    pub fn like(profile: &'static Profile) -> Self {
        Self {
            profile: Some(profile),
            ..Self::with_quirks(profile.quirks())
        }
    }

    /// The default settings with these quirks.
    pub fn with_quirks(quirks: Quirks) -> Self {
        Self {
            quirks,
            ..Self::default()
        }
    }
}

fn built_in_clients() -> Vec<DemoClient> {
    let client = DemoClient::new;
    vec![
        client(PUBLIC_CLIENT, None, ClientAuth::None),
        client(FLAKY_CLIENT, None, ClientAuth::None),
        client(STATIC_CLIENT, None, ClientAuth::None),
        client(
            CONFIDENTIAL_CLIENT,
            Some(CONFIDENTIAL_SECRET),
            ClientAuth::ClientSecretBasic,
        ),
        client(POST_CLIENT, Some(POST_SECRET), ClientAuth::ClientSecretPost),
        client(ODD_CLIENT, Some(ODD_SECRET), ClientAuth::ClientSecretBasic),
    ]
}
