//! Hooks: commands of the person's own that are run when something happened to a credential.

pub mod environment;
pub mod keeper;
pub mod occasion;
pub mod program;
pub mod queue;
pub mod run;
pub mod worker;
