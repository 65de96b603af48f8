//! What the product is about: plain data without IO, shared by every floor above.

pub mod asked_scopes;
pub mod category;
pub mod client;
pub mod credential;
pub mod event;
pub mod extent;
pub mod failure;
pub mod finding;
pub mod fingerprint;
pub mod health;
pub mod identity;
pub mod inquiry;
pub mod key_end;
pub mod likely;
pub mod name;
pub mod operation;
pub mod policy;
pub mod preflight;
pub mod program;
pub mod provider;
pub mod redirect;
pub mod setup;
pub mod signin;
pub mod strength;
pub mod token;
pub mod why;
