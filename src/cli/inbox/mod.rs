//! What came in while the vault was locked: listed, taken in or refused; and how something gets there.

pub mod command;
pub mod instead;
pub mod refusing;
pub mod taking;
