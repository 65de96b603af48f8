//! Programs of others ask here: what each of them speaks.

pub mod bearer;
pub mod docker;
pub mod fitting;
pub mod git;
pub mod header;
pub mod kube;
pub mod sasl;
