//! `tokenward exec`: fetches the tokens, then becomes the program, or stays beside it for a file.

use crate::cli::context::Context;
use crate::cli::exec::child;
use crate::cli::exec::containers::Containers;
use crate::cli::exec::fresh_file::FreshFile;
use crate::cli::exec::keeper::{Keeper, Wanted};
use crate::cli::exec::signals::Signals;
use crate::cli::exec::variables::{Variables, read_env};
use crate::cli::exec::wallet::Wallet;
use crate::cli::failure::{Failure, Kind};
use crate::cli::helpers::arn::{Arn, read_arn, read_duration, read_region, read_session};
use crate::cli::helpers::bearer::{Chosen, Freshness};
use crate::cli::helpers::role::Role;
use crate::cli::output::talk;
use crate::cli::session::Session;
use crate::cli::span;
use crate::cli::token;
use crate::model::name::CredentialName;
use crate::model::token::IssuedToken;
use crate::oauth::random;
use clap::Args;
use futures_util::future::try_join_all;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// Arguments of `tokenward exec`.
#[derive(Debug, Args)]
#[command(after_help = "\
Each token is in TOKENWARD_<PROVIDER>_<ACCOUNT>: the name in capitals, all but letters and digits as _
(github/alice: TOKENWARD_GITHUB_ALICE), and in the variables that programs of the provider read (GITHUB_TOKEN;
`tokenward provider show github` names them). With one credential it is in TOKENWARD_TOKEN too. --env gives a name of
your own; a credential that is named there alone is in no other variable.
The program takes the place of this one: its exit code is the result. It gets the tokens once.
With --refresh-file tokenward stays beside the program, which reads the file anew when it needs the token: the file is
replaced whole before the token dies and when there is a newer one, and removed at the end. Signals are passed on; the
exit code is the program's, or 128 and the number of the signal that ended it.
With --aws-role tokenward stays too: programs of AWS find temporary keys of the role at an address on 127.0.0.1 that only
this program was told of, renewed for as long as it runs, and no other keys: ~/.aws is not read, so say the region too
(--aws-region). The token itself is then in no variable.")]
pub struct ExecArgs {
    /// Whose tokens.
    #[arg(value_name = "NAME", required_unless_present = "env")]
    names: Vec<CredentialName>,
    /// Put the token of NAME into the variable VAR.
    #[arg(long, value_name = "NAME=VAR", value_parser = read_env)]
    env: Vec<(CredentialName, String)>,
    /// Keep the token in this file while the program runs, for its owner alone, without a line break.
    #[arg(long, value_name = "PATH")]
    refresh_file: Option<PathBuf>,
    /// With --refresh-file: replace a file that is there already, left by a run that was killed.
    #[arg(long, requires = "refresh_file")]
    replace_file: bool,
    /// Let the program get keys of this role of AWS, for the credential's token, as inside a container.
    #[arg(long, value_name = "ARN", value_parser = read_arn, conflicts_with = "refresh_file")]
    aws_role: Option<Arn>,
    /// With --aws-role: what more is to be said of it.
    #[command(flatten)]
    aws: AwsWords,
    /// Each token lives at least that long yet.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = span::parse)]
    min_ttl: Duration,
    /// Wait that long for each refresh.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = span::parse)]
    timeout: Duration,
    /// The program and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// What more is to be said of a role of AWS.
#[derive(Debug, Clone, Args)]
struct AwsWords {
    /// With --aws-role: give AWS the ID token instead of the access token.
    #[arg(long, requires = "aws_role")]
    id_token: bool,
    /// With --aws-role: the region, also that whose STS is asked; without it AWS_REGION, else the partition's own.
    #[arg(long, value_name = "REGION", requires = "aws_role", value_parser = read_region)]
    aws_region: Option<String>,
    /// With --aws-role: what the session is called in the account's log, instead of the account's name.
    #[arg(long, value_name = "NAME", requires = "aws_role", value_parser = read_session)]
    aws_session_name: Option<String>,
    /// With --aws-role: how long keys live, 15m to 12h; without it an hour. They are renewed as long as the program runs.
    #[arg(long, value_name = "TIME", requires = "aws_role", value_parser = read_duration)]
    aws_duration: Option<Duration>,
    /// With --aws-role: another address of STS.
    #[arg(long, value_name = "URL", requires = "aws_role")]
    aws_endpoint: Option<String>,
}

/// Fetches the tokens, then runs the program.
pub fn run(args: ExecArgs, context: &Context) -> Result<(), Failure> {
    let role = role(&args)?;
    // Who gets keys for the token needs not have the token.
    let names = if role.is_some() {
        &[]
    } else {
        args.names.as_slice()
    };
    let variables = Variables::new(names, &args.env)?;
    let file = match &args.refresh_file {
        Some(path) => Some((
            of_the_file(&args)?,
            FreshFile::new(path, args.replace_file)?,
        )),
        None => None,
    };
    for (variable, names) in &variables.disputed {
        let names: Vec<&str> = names.iter().map(CredentialName::as_str).collect();
        let text = format!(
            "tokenward: {variable} stays as it is: {}",
            names.join(" and ")
        );
        talk(&format!(
            "{text} could both be in it; say which: --env NAME={variable}"
        ));
    }
    let mut command = child::command(args.command)?;
    let mut was_asked = false;
    let mut tokens: BTreeMap<CredentialName, IssuedToken> = BTreeMap::new();
    Session::with(context, |session| {
        was_asked = session.was_opened_by_a_person();
        // Each once, in however many variables it stands.
        let names: BTreeSet<&CredentialName> = variables.holds.values().collect();
        let fetch = |name: &CredentialName| {
            let wanted = Wanted::new(name, args.min_ttl, args.timeout);
            session.link().ask(|reply| wanted.command(reply))
        };
        let fetched = names.iter().map(|name| fetch(name));
        let fetched = session.block_on(try_join_all(fetched))?;
        tokens = names.into_iter().cloned().zip(fetched).collect();
        Ok(())
    })?;
    if was_asked && (file.is_some() || role.is_some()) {
        return Err(needs_an_owner());
    }
    for (variable, name) in &variables.holds {
        if let Some(token) = tokens.get(name) {
            command.env(variable, token::value(token));
        }
    }
    if let Some(role) = role {
        drop(tokens);
        return run_with_keys(context, command, role);
    }
    let Some((name, file)) = file else {
        // Every owner of our own was put away by now.
        return Err(child::become_it(command));
    };
    let first = tokens.remove(&name);
    let first = first.expect("whatever is named stands in a variable of its own");
    drop(tokens);
    let wanted = Wanted::new(&name, args.min_ttl, args.timeout);
    run_beside(context, command, (wanted, first), file)
}

/// Whose token the file holds: there is one file, and so one credential.
fn of_the_file(args: &ExecArgs) -> Result<CredentialName, Failure> {
    let own = args.env.iter().map(|(name, _)| name);
    let mut all: Vec<&CredentialName> = args.names.iter().chain(own).collect();
    all.sort();
    all.dedup();
    match all.as_slice() {
        [only] => Ok((*only).clone()),
        _ => Err(
            Failure::usage("a file holds one token, and several credentials are named").hint(
                "name one; the others: tokenward exec OTHER --refresh-file F -- tokenward exec ...",
            ),
        ),
    }
}

fn run_beside(
    context: &Context,
    command: Command,
    (wanted, first): (Wanted, IssuedToken),
    mut file: FreshFile,
) -> Result<(), Failure> {
    // Before anything lies there: who ends this from now on ends the program, and the file goes with it.
    let signals = Signals::listen()?;
    file.put(&first)?;
    let keeper = Keeper::start(context, wanted, first, move |token| file.put(token));
    let code = child::run_beside(command, signals);
    drop(keeper);
    ended(code?)
}

fn run_with_keys(context: &Context, mut command: Command, role: Role) -> Result<(), Failure> {
    if let Some(region) = &role.region {
        command.env("AWS_REGION", region);
        command.env("AWS_DEFAULT_REGION", region);
    }
    let wallet = Wallet::open(context, role)?;
    let signals = Signals::listen()?;
    let containers = Containers::start(wallet, random::text())?;
    containers.tell(&mut command);
    let code = child::run_beside(command, signals);
    drop(containers);
    ended(code?)
}

fn ended(code: u8) -> Result<(), Failure> {
    match code {
        0 => Ok(()),
        code => Err(Failure::new(Kind::Program(code), "the program failed")),
    }
}

/// The role whose keys the program gets.
fn role(args: &ExecArgs) -> Result<Option<Role>, Failure> {
    let Some(arn) = &args.aws_role else {
        return Ok(None);
    };
    let [name] = args.names.as_slice() else {
        return Err(
            Failure::usage("keys are got for the token of one credential")
                .hint("name one in front of --; --env puts others into the environment"),
        );
    };
    let words = args.aws.clone();
    Ok(Some(Role {
        arn: arn.clone(),
        chosen: Chosen {
            name: name.clone(),
            id_token: words.id_token,
        },
        freshness: Freshness {
            min_ttl: args.min_ttl,
            timeout: args.timeout,
        },
        session: words.aws_session_name,
        duration: words.aws_duration,
        region: words.aws_region,
        endpoint: words.aws_endpoint,
    }))
}

/// A passphrase that a person typed is not kept for as long as a program runs.
fn needs_an_owner() -> Failure {
    Failure::new(
        Kind::Locked,
        "nobody keeps the vault open while the program runs, so no newer token could be fetched",
    )
    .hint("start the owner first: tokenward --daemon, or the UI in another terminal")
}
