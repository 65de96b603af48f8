//! Everything that is tested from outside, as one binary.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod boundaries;
