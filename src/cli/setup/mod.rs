//! `tokenward setup`: the lines of configuration by which other programs ask tokenward.

pub mod aws;
pub mod block;
pub mod command;
pub mod docker;
pub mod dockerconfig;
pub mod dotfile;
pub mod git;
pub mod isync;
pub mod kubeconfig;
pub mod kubectl;
pub mod launchd;
pub mod lines;
pub mod mail;
pub mod manager;
pub mod msmtp;
pub mod mutt;
pub mod places;
pub mod program;
pub mod script;
pub mod systemd;
pub mod wish;
