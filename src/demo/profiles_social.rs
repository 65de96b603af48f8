//! Providers of chat, storage, music and social networks, as the built-in provider resembles them.

use crate::demo::demands::{BodyRule, PkceRule, RefreshRule};
use crate::demo::profiles::{ClientKind, Profile};
use crate::demo::profiles_code::{by_hand, own_revocation, pairs, plain, revoked_on_a_page};
use crate::demo::quirks::{RevocationRule, RotationRule};
use crate::demo::shape::{
    ErrorShape, ExpiresInShape, Nesting, ScopeShape, TokenTypeShape, UserInfoShape,
};
use crate::model::provider::{BodyFormat, Pkce, RefreshBy, RevocationAuth, Rotation};

/// Slack, with PKCE and token rotation.
pub const SLACK: Profile = Profile {
    name: "slack",
    display_name: "Slack (like)",
    client: ClientKind::Public,
    aliases: &[],
    hosts: &["slack.com"],
    behave: |quirks| {
        plain(quirks);
        quirks.scope = ScopeShape::Commas;
        quirks.token_type = TokenTypeShape::User;
        quirks.reuse_detection = false;
        quirks.revocation = RevocationRule::Own;
        quirks.demands.pkce = PkceRule::Required;
        quirks.demands.scope_separator = ',';
        quirks.demands.scope_parameter = "user_scope".to_owned();
        quirks.demands.redirect_host = Some("localhost".to_owned());
        quirks.shape.nested = Some(Nesting {
            member: "authed_user".to_owned(),
            on_refresh: false,
        });
        quirks.shape.success_flag = Some("ok".to_owned());
        quirks.shape.own_errors = pairs([
            ("invalid_grant", "invalid_refresh_token"),
            ("invalid_client", "invalid_client_id"),
        ]);
    },
    describe: |provider| {
        by_hand(provider);
        provider.scope_separator = ',';
        provider.scope_parameter = Some("user_scope".to_owned());
        provider.pkce = Pkce::Required;
        provider.token_at = Some("/authed_user".to_owned());
        provider.success_flag = Some("/ok".to_owned());
        provider.account_in_reply = vec!["/authed_user/id".to_owned()];
        provider.rotation = Rotation::SingleUse;
        provider.redirect.host = "localhost".to_owned();
        own_revocation(provider, "POST", RevocationAuth::Bearer, None);
    },
};

/// Notion.
pub const NOTION: Profile = Profile {
    name: "notion",
    display_name: "Notion (like)",
    client: ClientKind::Basic,
    aliases: &[],
    hosts: &["notion.com"],
    behave: |quirks| {
        plain(quirks);
        quirks.expires_in = ExpiresInShape::Missing;
        quirks.scope = ScopeShape::Missing;
        quirks.token_type = TokenTypeShape::LowerCase;
        quirks.demands.body = BodyRule::Json;
        quirks.demands.authorize = vec![("owner".to_owned(), "user".to_owned())];
        quirks.shape.more = pairs([("bot_id", "b-1"), ("workspace_id", "w-1")]);
    },
    describe: |provider| {
        by_hand(provider);
        provider.default_scopes.clear();
        provider.body_format = BodyFormat::Json;
        provider.rotation = Rotation::SingleUse;
        provider.assumed_expires_in = Some(120);
        provider.extra.authorize = pairs([("owner", "user")]);
        provider.keep = vec!["/workspace_id".to_owned()];
        // RFC 7009 there takes JSON as well; by hand it always works.
        revoked_on_a_page(provider);
    },
};

/// Meta: Facebook, Instagram, Threads.
pub const META: Profile = Profile {
    name: "meta",
    display_name: "Meta (like)",
    client: ClientKind::Post,
    aliases: &["facebook", "instagram", "threads"],
    hosts: &["facebook.com", "instagram.com", "threads.net"],
    behave: |quirks| {
        plain(quirks);
        quirks.refresh_tokens = false;
        quirks.scope = ScopeShape::Missing;
        quirks.token_type = TokenTypeShape::LowerCase;
        quirks.demands.refresh = RefreshRule::AccessToken("fb_exchange_token".to_owned());
        quirks.demands.scope_separator = ',';
        quirks.shape.errors = ErrorShape::Nested;
        quirks.revocation = RevocationRule::Missing;
    },
    describe: |provider| {
        by_hand(provider);
        provider.scope_separator = ',';
        provider.rotation = Rotation::Always;
        provider.extra.refresh = pairs([("grant_type", "fb_exchange_token")]);
        provider.refresh_by = Some(RefreshBy {
            parameter: "fb_exchange_token".to_owned(),
            method: Some("GET".to_owned()),
        });
        revoked_on_a_page(provider);
    },
};

/// Box.
pub const BOX: Profile = Profile {
    name: "box",
    display_name: "Box (like)",
    client: ClientKind::Post,
    aliases: &[],
    hosts: &["box.com"],
    behave: |quirks| {
        plain(quirks);
        quirks.scope = ScopeShape::Missing;
        quirks.token_type = TokenTypeShape::LowerCase;
        quirks.reuse_detection = false;
    },
    describe: |provider| {
        by_hand(provider);
        provider.default_scopes.clear();
        provider.rotation = Rotation::SingleUse;
        provider.refresh_idle_life = Some(60 * 60);
    },
};

/// Dropbox.
pub const DROPBOX: Profile = Profile {
    name: "dropbox",
    display_name: "Dropbox (like)",
    client: ClientKind::Public,
    aliases: &[],
    hosts: &["dropbox.com", "dropboxapi.com"],
    behave: |quirks| {
        plain(quirks);
        let offline = ("token_access_type".to_owned(), "offline".to_owned());
        quirks.demands.offline_parameter = Some(offline);
        quirks.demands.redirect_host = Some("localhost".to_owned());
        quirks.rotation = RotationRule::Never;
        quirks.omit_refresh_token = true;
        quirks.refresh_lifetime = None;
        quirks.token_type = TokenTypeShape::LowerCase;
        quirks.revocation = RevocationRule::Own;
        quirks.shape.more = pairs([("account_id", "dbid:1"), ("uid", "1")]);
    },
    describe: |provider| {
        by_hand(provider);
        provider.rotation = Rotation::Never;
        provider.extra.authorize = pairs([("token_access_type", "offline")]);
        provider.redirect.host = "localhost".to_owned();
        own_revocation(provider, "POST", RevocationAuth::Bearer, None);
    },
};

/// X.
pub const X: Profile = Profile {
    name: "x",
    display_name: "X (like)",
    client: ClientKind::Basic,
    aliases: &["twitter"],
    hosts: &["x.com", "twitter.com"],
    behave: |quirks| {
        plain(quirks);
        quirks.demands.pkce = PkceRule::Required;
        quirks.demands.offline_scope = Some("offline.access".to_owned());
        quirks.token_type = TokenTypeShape::LowerCase;
        quirks.reuse_detection = false;
        quirks.shape.userinfo = UserInfoShape::Data;
        quirks.shape.own_errors = pairs([("invalid_grant", "invalid_request")]);
        let words = "Value passed for the token was invalid.";
        quirks.shape.bad_grant_words = Some(words.to_owned());
    },
    describe: |provider| {
        let userinfo = provider.endpoints.userinfo.clone();
        by_hand(provider);
        provider.endpoints.userinfo = userinfo;
        provider.pkce = Pkce::Required;
        provider.default_scopes = ["read", "offline.access"].map(str::to_owned).to_vec();
        provider.offline_scope = Some("offline.access".to_owned());
        provider.account_at = vec!["/data/username".to_owned()];
        provider.rotation = Rotation::SingleUse;
    },
};

/// Reddit.
pub const REDDIT: Profile = Profile {
    name: "reddit",
    display_name: "Reddit (like)",
    client: ClientKind::Basic,
    aliases: &[],
    hosts: &["reddit.com"],
    behave: |quirks| {
        plain(quirks);
        let offline = ("duration".to_owned(), "permanent".to_owned());
        quirks.demands.offline_parameter = Some(offline);
        quirks.rotation = RotationRule::Never;
        quirks.omit_refresh_token = true;
        quirks.refresh_lifetime = None;
        quirks.token_type = TokenTypeShape::LowerCase;
    },
    describe: |provider| {
        by_hand(provider);
        provider.rotation = Rotation::Never;
        provider.extra.authorize = pairs([("duration", "permanent")]);
    },
};

/// Spotify.
pub const SPOTIFY: Profile = Profile {
    name: "spotify",
    display_name: "Spotify (like)",
    client: ClientKind::Public,
    aliases: &[],
    hosts: &["spotify.com"],
    behave: |quirks| {
        plain(quirks);
        quirks.rotation = RotationRule::SingleUse;
        quirks.reuse_detection = false;
        quirks.demands.redirect_host = Some("127.0.0.1".to_owned());
        quirks.revocation = RevocationRule::Missing;
    },
    describe: |provider| {
        by_hand(provider);
        provider.rotation = Rotation::Unknown;
        provider.assumed_expires_in = Some(120);
        revoked_on_a_page(provider);
    },
};
