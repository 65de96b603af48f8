//! What local programs may have: grants, their pairs of tokens, the questions of programs that have none.

pub mod ask;
pub mod desk;
pub mod handle;
pub mod held;
pub mod narrowed;
pub mod pair;
pub mod questions;
pub mod registry;
pub mod sought;
pub mod token;
