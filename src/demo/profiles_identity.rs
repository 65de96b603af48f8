//! Providers of identities, as the built-in provider resembles them.

use crate::demo::profiles::{ClientKind, Profile};
use crate::demo::profiles_code::{pairs, revoked_on_a_page};
use crate::demo::protocol::{Offer, RegistrationRule};
use crate::demo::quirks::{IssRule, MetadataRule, RevocationRule, RotationRule};
use crate::demo::shape::ErrorShape;
use crate::model::provider::{Pkce, Rotation};

/// Google.
pub const GOOGLE: Profile = Profile {
    name: "google",
    display_name: "Google (like)",
    client: ClientKind::Post,
    aliases: &["gmail", "youtube", "google-workspace"],
    hosts: &["google.com", "googleapis.com"],
    behave: |quirks| {
        quirks.metadata = MetadataRule::OpenIdOnly;
        quirks.demands.any_scope = true;
        quirks.demands.offline_parameter = Some(("access_type".to_owned(), "offline".to_owned()));
        quirks.demands.redirect_host = Some("127.0.0.1".to_owned());
        quirks.rotation = RotationRule::Never;
        quirks.omit_refresh_token = true;
        quirks.verification_url = true;
        let words = "Token has been expired or revoked.";
        quirks.shape.bad_grant_words = Some(words.to_owned());
        quirks.protocol.dpop = Offer::Off;
        quirks.protocol.registration = RegistrationRule::Off;
    },
    describe: |provider| {
        provider.pkce = Pkce::Optional;
        provider.default_scopes = ["openid", "email", "profile"].map(str::to_owned).to_vec();
        provider.rotation = Rotation::Never;
        provider.refresh_idle_life = None;
        provider.extra.authorize = pairs([("access_type", "offline"), ("prompt", "consent")]);
    },
};

/// Microsoft Entra.
pub const MICROSOFT: Profile = Profile {
    name: "microsoft",
    display_name: "Microsoft (like)",
    client: ClientKind::Public,
    aliases: &["entra", "azure", "outlook", "office365"],
    hosts: &["microsoftonline.com", "live.com"],
    behave: |quirks| {
        quirks.metadata = MetadataRule::OpenIdOnly;
        quirks.iss = IssRule::Never;
        quirks.demands.any_scope = true;
        quirks.demands.offline_scope = Some("offline_access".to_owned());
        quirks.demands.redirect_host = Some("localhost".to_owned());
        quirks.rotation = RotationRule::Always;
        quirks.revocation = RevocationRule::Missing;
        quirks.shape.errors = ErrorShape::Microsoft;
        quirks.protocol.dpop = Offer::Off;
        quirks.protocol.registration = RegistrationRule::Off;
    },
    describe: |provider| {
        let scopes = ["openid", "profile", "email", "offline_access", "read"];
        provider.default_scopes = scopes.map(str::to_owned).to_vec();
        provider.offline_scope = Some("offline_access".to_owned());
        provider.pkce = Pkce::Optional;
        provider.rotation = Rotation::Always;
        provider.redirect.host = "localhost".to_owned();
        provider.redirect.path = "/".to_owned();
        revoked_on_a_page(provider);
    },
};

/// Keycloak.
pub const KEYCLOAK: Profile = Profile {
    name: "keycloak",
    display_name: "Keycloak (like)",
    client: ClientKind::Public,
    aliases: &["authentik", "zitadel", "ory", "hydra"],
    hosts: &[],
    behave: |quirks| {
        quirks.demands.any_scope = true;
        quirks.rotation = RotationRule::Always;
        quirks.tell_refresh_lifetime = true;
        quirks.protocol.par = Offer::Offered;
        quirks.protocol.dpop = Offer::Offered;
        quirks.protocol.registration = RegistrationRule::InitialToken;
        quirks.shape.more = pairs([("session_state", "a-session"), ("not-before-policy", "0")]);
    },
    describe: |provider| {
        let scopes = ["openid", "profile", "email", "offline_access"];
        provider.default_scopes = scopes.map(str::to_owned).to_vec();
        provider.offline_scope = Some("offline_access".to_owned());
        provider.rotation = Rotation::Unknown;
        provider.client_auth = None;
        provider.refresh_idle_life = None;
    },
};

/// Auth0.
pub const AUTH0: Profile = Profile {
    name: "auth0",
    display_name: "Auth0 (like)",
    client: ClientKind::Public,
    aliases: &["okta"],
    hosts: &["auth0.com", "okta.com"],
    behave: |quirks| {
        quirks.metadata = MetadataRule::OpenIdOnly;
        quirks.iss = IssRule::Never;
        quirks.demands.any_scope = true;
        quirks.demands.offline_scope = Some("offline_access".to_owned());
        quirks.rotation = RotationRule::SingleUse;
        quirks.reuse_detection = true;
        quirks.protocol.dpop = Offer::Off;
        quirks.protocol.registration = RegistrationRule::Off;
    },
    describe: |provider| {
        let scopes = ["openid", "profile", "email", "offline_access"];
        provider.default_scopes = scopes.map(str::to_owned).to_vec();
        provider.offline_scope = Some("offline_access".to_owned());
        provider.rotation = Rotation::Unknown;
        provider.client_auth = None;
        provider.refresh_idle_life = None;
        // Only refresh tokens can be revoked there; the profile's server takes both.
        provider.extra.authorize = pairs([("audience", "https://api.example.test")]);
    },
};
