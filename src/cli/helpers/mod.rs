//! Programs of others ask here: what each of them speaks.

pub mod arn;
pub mod aws;
pub mod bearer;
pub mod docker;
pub mod fitting;
pub mod git;
pub mod header;
pub mod keys;
pub mod kube;
pub mod mailbox;
pub mod request;
pub mod role;
pub mod sasl;
