//! Signing in: a page a decision, then what happens, in words.

pub mod dialog;
pub mod flows;
pub mod key;
pub mod pages;
pub mod qr;
pub mod request;
pub mod scopes;
pub mod session;
pub mod session_page;
pub mod steps;
pub mod wizard;
