//! A small real OAuth provider on loopback: for the demo, the tests, and trying out quirks.
//!
//! It speaks OpenID Connect discovery, the authorization code flow with PKCE, the device flow, refresh with rotation
//! and reuse detection, revocation, introspection and userinfo; [`quirks`] lists how it can misbehave on purpose.

pub mod authorization_endpoint;
pub mod bounded;
pub mod client_auth;
pub mod client_form;
pub mod codes;
pub mod control;
pub mod csrf;
pub mod device_codes;
pub mod device_endpoint;
pub mod exchange;
pub mod grants;
pub mod id_token;
pub mod introspection_endpoint;
pub mod log;
pub mod metadata;
pub mod page;
pub mod parameters;
pub mod problem;
pub mod provider;
pub mod quirks;
pub mod record;
pub mod reply;
pub mod resource;
pub mod revocation_endpoint;
pub mod seed;
pub mod settings;
pub mod shared;
pub mod token_endpoint;
pub mod tokens;
pub mod visit;
