//! `tokenward import`: credentials from an export of this program, or from where other tools keep theirs.

pub mod apart;
pub mod aws_sso;
pub mod command;
pub mod docker;
pub mod fate;
pub mod file;
pub mod gcloud;
pub mod gh;
pub mod git;
pub mod helper;
pub mod made;
pub mod offer;
pub mod oidc_agent;
pub mod own;
pub mod pizauth;
pub mod plain_json;
pub mod reading;
pub mod record;
pub mod tools;
pub mod yaml;
