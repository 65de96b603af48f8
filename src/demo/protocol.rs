//! Which extensions of OAuth the provider speaks, and how strictly.

use std::time::Duration;

/// Whether an extension is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// It is not, and the metadata is silent.
    Off,
    /// Clients may use it.
    Offered,
    /// Clients have to use it.
    Required,
}

/// Who may register a client (RFC 7591 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistrationRule {
    /// Nobody: there is no endpoint.
    Off,
    /// Anybody.
    Open,
    /// Whoever has the initial access token, [`crate::demo::settings::INITIAL_ACCESS_TOKEN`].
    InitialToken,
}

/// How nonces of DPoP proofs are handled (RFC 9449 8, 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nonces {
    /// Whether the authorization server demands one.
    pub server: bool,
    /// Whether the protected resource demands one.
    pub resource: bool,
    /// How long one is handed out; the one before is accepted for as long again. Zero: each is good for one proof.
    pub life: Duration,
}

/// The extensions; by default all that a client does not have to use are offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protocol {
    /// Pushed authorization requests (RFC 9126).
    pub par: Offer,
    /// How long a pushed request can be used.
    pub par_lifetime: Duration,
    /// DPoP (RFC 9449).
    pub dpop: Offer,
    /// Nonces of DPoP proofs.
    pub nonces: Nonces,
    /// Who may register a client.
    pub registration: RegistrationRule,
    /// Status of a registration's answer: 201 (RFC 7591 3.2.1), or 200 as some have it.
    pub registration_status: u16,
    /// Whether a public client that registers is handed a secret, which is refused when it comes back.
    pub stray_secret: bool,
    /// Whether the client credentials grant is offered (RFC 6749 4.4).
    pub client_credentials: bool,
    /// Whether token exchange is offered (RFC 8693).
    pub token_exchange: bool,
    /// Whether ID tokens are signed by a key that no document names.
    pub forged_id_tokens: bool,
}

impl Default for Protocol {
    fn default() -> Self {
        Self {
            par: Offer::Off,
            par_lifetime: Duration::from_secs(60),
            dpop: Offer::Offered,
            nonces: Nonces {
                server: false,
                resource: false,
                life: Duration::from_secs(60),
            },
            registration: RegistrationRule::Open,
            registration_status: 201,
            stray_secret: false,
            client_credentials: true,
            token_exchange: true,
            forged_id_tokens: false,
        }
    }
}
