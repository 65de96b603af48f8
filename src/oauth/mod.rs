//! The protocol: discovery, flows, token requests, errors, one HTTP transport. Stores nothing.

pub mod authorize;
pub mod callback;
pub mod callback_answer;
pub mod callback_http;
pub mod callback_page;
pub mod catalogue;
pub mod clean;
pub mod client_auth;
pub mod device;
pub mod discovery;
pub mod endpoint;
pub mod error;
pub mod explain;
pub mod form;
pub mod http;
pub mod id_token;
pub mod issuer;
pub mod random;
pub mod reasons;
pub mod reply;
pub mod revoke;
pub mod template;
pub mod token;
pub mod wire;
