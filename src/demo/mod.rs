//! A small real OAuth provider on loopback: for the demo, the tests, and trying out quirks.
//!
//! It speaks OpenID Connect discovery with signed ID tokens, the authorization code flow with PKCE, pushed requests, the
//! device flow, refresh with rotation and reuse detection, client credentials, token exchange, resource indicators, DPoP,
//! client registration, revocation, introspection and userinfo. [`quirks`] lists how it can misbehave on purpose,
//! [`profiles`] which real providers it can resemble.

pub mod authorization_endpoint;
pub mod authorization_request;
pub mod bounded;
pub mod callback;
pub mod client_assertion;
pub mod client_auth;
pub mod client_form;
pub mod clients;
pub mod codes;
pub mod control;
pub mod csrf;
pub mod demands;
pub mod device_codes;
pub mod device_endpoint;
pub mod dpop;
pub mod exchange;
pub mod grant;
pub mod grants;
pub mod id_token;
pub mod introspection_endpoint;
pub mod keys;
pub mod log;
pub mod metadata;
pub mod page;
pub mod parameters;
pub mod problem;
pub mod profiles;
pub mod profiles_code;
pub mod profiles_identity;
pub mod profiles_odd;
pub mod profiles_social;
pub mod protocol;
pub mod provider;
pub mod pushed;
pub mod pushed_endpoint;
pub mod quirks;
pub mod record;
pub mod registration_endpoint;
pub mod reply;
pub mod resemblance;
pub mod resource;
pub mod resources;
pub mod revocation_endpoint;
pub mod seed;
pub mod seed_like;
pub mod settings;
pub mod shape;
pub mod shared;
pub mod stream;
pub mod token_endpoint;
pub mod token_exchange;
pub mod token_grants;
pub mod token_reply;
pub mod tokens;
pub mod visit;
