//! `tokenward aws-credential`: the AWS CLI and SDKs ask for keys (`credential_process`).

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::helpers::arn::{Arn, read_arn, read_duration, read_region, read_session};
use crate::cli::helpers::bearer::{Chosen, Freshness};
use crate::cli::helpers::keys;
use crate::cli::helpers::role::Role;
use clap::Args;
use std::time::Duration;

/// Arguments of `tokenward aws-credential`.
#[derive(Debug, Args)]
#[command(after_help = "\
A profile in ~/.aws/config asks here (`tokenward setup aws` writes it):
  [profile deploy]
  credential_process = tokenward aws-credential keycloak/alice --id-token --role arn:aws:iam::123456789012:role/deploy
The account needs an IAM identity provider for the token's issuer, and the role's trust policy has to allow
sts:AssumeRoleWithWebIdentity for it. The keys are kept nowhere: the program that asked keeps them while they live.")]
pub struct AwsArgs {
    #[command(flatten)]
    chosen: Chosen,
    /// The role whose keys are wanted.
    #[arg(long, value_name = "ARN", value_parser = read_arn)]
    role: Arn,
    /// What the session is called in the account's log, instead of the account's name.
    #[arg(long, value_name = "NAME", value_parser = read_session)]
    session_name: Option<String>,
    /// How long the keys shall live, 15m to 12h; without it an hour.
    #[arg(long, value_name = "TIME", value_parser = read_duration)]
    duration: Option<Duration>,
    /// The region whose STS is asked; without it AWS_REGION, else the partition's own.
    #[arg(long, value_parser = read_region)]
    region: Option<String>,
    /// Another address of STS: a VPC endpoint, or one on this machine.
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    #[command(flatten)]
    freshness: Freshness,
}

/// Prints the keys.
pub fn run(args: AwsArgs, context: &Context) -> Result<(), Failure> {
    let role = Role {
        arn: args.role,
        chosen: args.chosen,
        freshness: args.freshness,
        session: args.session_name,
        duration: args.duration,
        region: args.region,
        endpoint: args.endpoint,
    };
    context
        .output
        .data(&keys::for_a_process(&role.keys(context)?))
}
