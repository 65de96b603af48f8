//! Providers of code hosts and issue trackers, as the built-in provider resembles them.

use crate::demo::demands::RefreshRule;
use crate::demo::profiles::{ClientKind, Profile};
use crate::demo::protocol::{Offer, RegistrationRule};
use crate::demo::quirks::{IssRule, MetadataRule, Quirks, RevocationRule, RotationRule};
use crate::demo::shape::{ScopeShape, TokenTypeShape, UserInfoShape};
use crate::model::client::ClientAuth;
use crate::model::credential::Flow;
use crate::model::provider::{BodyFormat, Pkce, Provider, Revocation, RevocationAuth, Rotation};
use std::time::Duration;

/// A provider of before the extensions: plain OAuth, endpoints by hand.
pub fn plain(quirks: &mut Quirks) {
    quirks.iss = IssRule::Never;
    quirks.metadata = MetadataRule::None;
    quirks.demands.any_scope = true;
    let protocol = &mut quirks.protocol;
    protocol.par = Offer::Off;
    protocol.dpop = Offer::Off;
    protocol.registration = RegistrationRule::Off;
    protocol.client_credentials = false;
    protocol.token_exchange = false;
}

/// The record of such a one: there is nothing to discover.
pub fn by_hand(provider: &mut Provider) {
    provider.issuer = None;
    provider.default_scopes = vec!["read".to_owned()];
    provider.flows = vec![Flow::Loopback];
    provider.refresh_idle_life = None;
    provider.pkce = Pkce::Optional;
    provider.endpoints.introspection = None;
    provider.endpoints.userinfo = None;
}

/// Parameters by name and value.
pub fn pairs<const N: usize>(
    pairs: [(&str, &str); N],
) -> std::collections::BTreeMap<String, String> {
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

/// Where the provider's own revocation request goes.
pub fn own_revocation(
    provider: &mut Provider,
    method: &str,
    auth: RevocationAuth,
    token_field: Option<&str>,
) {
    let token = provider.endpoints.token.as_deref().unwrap_or_default();
    let base = token.strip_suffix("/token").unwrap_or_default();
    provider.revocation = Revocation::Request {
        method: method.to_owned(),
        url: format!("{base}/own_revoke/{{client_id}}"),
        auth,
        token_field: token_field.map(str::to_owned),
        body_format: BodyFormat::Json,
    };
    provider.endpoints.revocation = None;
}

/// A grant is ended by hand, on this page.
pub fn revoked_on_a_page(provider: &mut Provider) {
    provider.endpoints.revocation = None;
    provider.revocation = Revocation::Page {
        url: "https://grants.example.test/".to_owned(),
    };
}

/// GitHub's OAuth apps.
pub const GITHUB: Profile = Profile {
    name: "github",
    display_name: "GitHub (like)",
    client: ClientKind::Public,
    aliases: &["github-enterprise"],
    hosts: &["github.com"],
    behave: |quirks| {
        like_github(quirks);
        quirks.access_lifetime = None;
        quirks.lifetime_by_scope.clear();
        quirks.refresh_tokens = false;
        quirks.scope = ScopeShape::Commas;
    },
    describe: |provider| {
        of_github(provider);
        provider.rotation = Rotation::Unknown;
    },
};

/// User tokens of GitHub's apps.
pub const GITHUB_APP: Profile = Profile {
    name: "github-app",
    display_name: "GitHub App (like)",
    client: ClientKind::Public,
    aliases: &[],
    hosts: &["github.com"],
    behave: |quirks| {
        like_github(quirks);
        quirks.scope = ScopeShape::Missing;
        quirks.tell_refresh_lifetime = true;
        quirks.shape.refresh_lifetime_name = "refresh_token_expires_in".to_owned();
    },
    describe: |provider| {
        of_github(provider);
        provider.rotation = Rotation::SingleUse;
        provider.refresh_idle_life = Some(60 * 60);
    },
};

fn like_github(quirks: &mut Quirks) {
    plain(quirks);
    quirks.form_encoded = true;
    quirks.errors_with_200 = true;
    quirks.token_type = TokenTypeShape::LowerCase;
    quirks.tell_slow_down_interval = true;
    quirks.rotation = RotationRule::SingleUse;
    quirks.reuse_detection = false;
    quirks.revocation = RevocationRule::Own;
    quirks.shape.userinfo = UserInfoShape::Login;
    quirks.shape.own_errors = pairs([("invalid_grant", "bad_refresh_token")]);
}

fn of_github(provider: &mut Provider) {
    let userinfo = provider.endpoints.userinfo.clone();
    by_hand(provider);
    provider.endpoints.userinfo = userinfo;
    provider.account_at = vec!["/login".to_owned()];
    provider.flows = vec![Flow::Device, Flow::Loopback];
    provider.device_client_auth = Some(ClientAuth::None);
    let field = Some("access_token");
    own_revocation(provider, "DELETE", RevocationAuth::None, field);
}

/// GitLab.
pub const GITLAB: Profile = Profile {
    name: "gitlab",
    display_name: "GitLab (like)",
    client: ClientKind::Public,
    aliases: &[],
    hosts: &["gitlab.com"],
    behave: |quirks| {
        quirks.metadata = MetadataRule::OpenIdOnly;
        quirks.iss = IssRule::Never;
        quirks.demands.any_scope = true;
        quirks.protocol.dpop = Offer::Off;
        quirks.protocol.registration = RegistrationRule::Off;
        quirks.refresh_ends_access = true;
        quirks.reuse_detection = false;
    },
    describe: |provider| {
        provider.pkce = Pkce::Optional;
        provider.assumed_expires_in = Some(120);
        provider.rotation = Rotation::SingleUse;
        provider.refresh_idle_life = None;
    },
};

/// Atlassian.
pub const ATLASSIAN: Profile = Profile {
    name: "atlassian",
    display_name: "Atlassian (like)",
    client: ClientKind::Post,
    aliases: &["jira", "confluence"],
    hosts: &["atlassian.com"],
    behave: |quirks| {
        plain(quirks);
        quirks.rotation = RotationRule::SingleUse;
        quirks.reuse_grace = Duration::from_secs(600);
        quirks.revocation = RevocationRule::Missing;
        let demands = &mut quirks.demands;
        demands.offline_scope = Some("offline_access".to_owned());
        demands.authorize = vec![("audience".to_owned(), "api.atlassian.com".to_owned())];
    },
    describe: |provider| {
        by_hand(provider);
        provider.default_scopes = ["read", "offline_access"].map(str::to_owned).to_vec();
        provider.offline_scope = Some("offline_access".to_owned());
        provider.rotation = Rotation::SingleUse;
        provider.reuse_grace = 600;
        provider.extra.authorize =
            pairs([("audience", "api.atlassian.com"), ("prompt", "consent")]);
        revoked_on_a_page(provider);
    },
};

/// Linear.
pub const LINEAR: Profile = Profile {
    name: "linear",
    display_name: "Linear (like)",
    client: ClientKind::Post,
    aliases: &[],
    hosts: &["linear.app"],
    behave: |quirks| {
        plain(quirks);
        quirks.demands.scope_separator = ',';
        quirks.scope = ScopeShape::Spaces;
    },
    describe: |provider| {
        by_hand(provider);
        provider.default_scopes = ["read", "write"].map(str::to_owned).to_vec();
        provider.scope_separator = ',';
        provider.rotation = Rotation::SingleUse;
    },
};

/// Basecamp.
pub const BASECAMP: Profile = Profile {
    name: "basecamp",
    display_name: "Basecamp (like)",
    client: ClientKind::Post,
    aliases: &["37signals"],
    hosts: &["37signals.com"],
    behave: |quirks| {
        plain(quirks);
        quirks.demands.refresh = RefreshRule::TypeParameter;
        quirks.demands.authorize = vec![("type".to_owned(), "web_server".to_owned())];
        quirks.rotation = RotationRule::Never;
        quirks.omit_refresh_token = true;
        quirks.token_type = TokenTypeShape::Missing;
        quirks.scope = ScopeShape::Missing;
        quirks.revocation = RevocationRule::Missing;
    },
    describe: |provider| {
        by_hand(provider);
        provider.default_scopes.clear();
        provider.rotation = Rotation::Never;
        provider.extra.authorize = pairs([("type", "web_server")]);
        provider.extra.token = pairs([("type", "web_server"), ("grant_type", "")]);
        provider.extra.refresh = pairs([("type", "refresh"), ("grant_type", "")]);
        revoked_on_a_page(provider);
    },
};
