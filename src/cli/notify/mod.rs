//! Notifications of the desktop: that something needs a human.

pub mod desktop;
pub mod keeper;
pub mod words;
