//! The well-behaved provider, and those with a habit that hardly anybody else has.

use crate::demo::demands::BodyRule;
use crate::demo::profiles::{ClientKind, Profile};
use crate::demo::profiles_code::{by_hand, plain, revoked_on_a_page};
use crate::demo::quirks::{Quirks, RevocationRule, RotationRule};
use crate::demo::shape::{ExpiresInShape, ReuseAnswer, ScopeShape, TokenTypeShape};
use crate::model::provider::{BodyFormat, ExpiresInUnit, Pkce, Provider, Rotation};
use std::time::Duration;

/// As the standards have it.
pub const STANDARD: Profile = Profile {
    name: "standard",
    display_name: "Standard",
    client: ClientKind::Public,
    aliases: &["demo"],
    hosts: &[],
    behave: |_| {},
    describe: |_| {},
};

/// Exact Online: no refresh before the last half minute.
pub const EXACT: Profile = Profile {
    name: "exact",
    display_name: "Exact Online (like)",
    client: ClientKind::Post,
    aliases: &["exact-online", "exactonline"],
    hosts: &["exactonline.com", "exactonline.nl"],
    behave: |quirks| {
        plain(quirks);
        quirks.refuse_early = Some(Duration::from_secs(30));
        quirks.expires_in = ExpiresInShape::Text;
        quirks.scope = ScopeShape::Missing;
        quirks.reuse_detection = false;
        quirks.revocation = RevocationRule::Missing;
    },
    describe: |provider| {
        by_hand(provider);
        provider.default_scopes.clear();
        provider.rotation = Rotation::SingleUse;
        provider.earliest_refresh = Some(30);
        revoked_on_a_page(provider);
    },
};

/// Tableau: expiry as hours, minutes and seconds.
pub const TABLEAU: Profile = Profile {
    name: "tableau",
    display_name: "Tableau (like)",
    client: ClientKind::Post,
    aliases: &[],
    hosts: &["tableau.com"],
    behave: |quirks| {
        plain(quirks);
        quirks.expires_in = ExpiresInShape::ClockTime;
        quirks.token_type = TokenTypeShape::Missing;
        quirks.scope = ScopeShape::Missing;
        quirks.rotation = RotationRule::Never;
        quirks.omit_refresh_token = true;
        quirks.revocation = RevocationRule::Missing;
    },
    describe: |provider| {
        by_hand(provider);
        provider.rotation = Rotation::Never;
        revoked_on_a_page(provider);
    },
};

/// Fiserv: expiry in milliseconds.
pub const FISERV: Profile = Profile {
    name: "fiserv",
    display_name: "Fiserv (like)",
    client: ClientKind::Basic,
    aliases: &[],
    hosts: &["fiserv.com"],
    behave: |quirks| {
        plain(quirks);
        quirks.expires_in = ExpiresInShape::Milliseconds;
        quirks.revocation = RevocationRule::Missing;
    },
    describe: |provider| {
        by_hand(provider);
        provider.expires_in_unit = ExpiresInUnit::Milliseconds;
        provider.rotation = Rotation::SingleUse;
        revoked_on_a_page(provider);
    },
};

/// Anthropic's command-line client: JSON bodies, a new refresh token at every call.
pub const ANTHROPIC: Profile = Profile {
    name: "anthropic",
    display_name: "Anthropic (like)",
    client: ClientKind::Public,
    aliases: &["claude"],
    hosts: &["anthropic.com", "claude.ai", "claude.com"],
    behave: |quirks| {
        rotating_cli(quirks);
        quirks.shape.reuse = Some(ReuseAnswer {
            status: 401,
            error: "invalid_grant".to_owned(),
        });
    },
    describe: of_a_rotating_cli,
};

/// OpenAI's command-line client: the same, with a code of its own for a spent token.
pub const OPENAI_CLI: Profile = Profile {
    name: "openai-cli",
    display_name: "OpenAI CLI (like)",
    client: ClientKind::Public,
    aliases: &["openai", "codex"],
    hosts: &["openai.com"],
    behave: |quirks| {
        rotating_cli(quirks);
        quirks.shape.reuse = Some(ReuseAnswer {
            status: 401,
            error: "refresh_token_reused".to_owned(),
        });
    },
    describe: of_a_rotating_cli,
};

fn rotating_cli(quirks: &mut Quirks) {
    plain(quirks);
    quirks.rotation = RotationRule::SingleUse;
    quirks.reuse_detection = true;
    quirks.demands.body = BodyRule::Json;
    quirks.revocation = RevocationRule::Missing;
}

fn of_a_rotating_cli(provider: &mut Provider) {
    by_hand(provider);
    provider.body_format = BodyFormat::Json;
    provider.pkce = Pkce::Required;
    provider.rotation = Rotation::SingleUse;
    revoked_on_a_page(provider);
}
