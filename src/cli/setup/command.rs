//! What `tokenward setup` can set up.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::setup::{aws, docker, git, isync, kubectl, launchd, msmtp, mutt, systemd};
use clap::{Args, Subcommand};

/// Arguments of `tokenward setup`.
#[derive(Debug, Args)]
#[command(after_help = "\
Without --write the lines are printed. With it they are written between two marks, in one step, and nothing else in the file
changes; --undo takes exactly them out again. A file that is no plain file of your own is left alone.")]
pub struct SetupArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Have systemd keep tokenward running, or start it when somebody asks.
    Systemd(systemd::SetupSystemdArgs),
    /// Have launchd (macOS) keep tokenward running.
    Launchd(launchd::SetupLaunchdArgs),
    /// Let git ask for user name and password here.
    Git(git::SetupGitArgs),
    /// Let docker and podman ask for user name and secret here.
    Docker(docker::SetupDockerArgs),
    /// Let kubectl ask for a user's token here.
    Kubectl(kubectl::SetupKubectlArgs),
    /// Let the AWS CLI and SDKs ask for a profile's keys here.
    Aws(aws::SetupAwsArgs),
    /// Let msmtp send mail with a token.
    Msmtp(msmtp::SetupMsmtpArgs),
    /// Let mbsync (isync) fetch mail with a token.
    Isync(isync::SetupIsyncArgs),
    /// Let mutt read and send mail with a token.
    Mutt(mutt::SetupMuttArgs),
}

/// Sets something up.
pub fn run(args: &SetupArgs, context: &Context) -> Result<(), Failure> {
    match &args.what {
        What::Systemd(args) => systemd::run(args, context),
        What::Launchd(args) => launchd::run(args, context),
        What::Git(args) => git::run(args, context),
        What::Docker(args) => docker::run(args, context),
        What::Kubectl(args) => kubectl::run(args, context),
        What::Aws(args) => aws::run(args, context),
        What::Msmtp(args) => msmtp::run(args, context),
        What::Isync(args) => isync::run(args, context),
        What::Mutt(args) => mutt::run(args, context),
    }
}
