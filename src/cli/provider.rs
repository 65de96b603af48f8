//! `tokenward provider`: the catalogue, and how a client is registered with each.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::provider_add::{self, AddArgs};
use crate::cli::provider_check::{self, CheckArgs};
use crate::cli::provider_show;
use crate::cli::table::Table;
use crate::config::keys::similar;
use crate::model::category::Category;
use crate::model::credential::Flow;
use crate::model::provider::Provider;
use crate::oauth::catalogue;
use clap::{Args, Subcommand};
use std::sync::Arc;

/// Arguments of `tokenward provider`.
#[derive(Debug, Args)]
pub struct ProviderArgs {
    /// What to do.
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// List the providers that are known.
    #[command(
        after_help = "With --json: an array of records, as `provider show --json` prints one."
    )]
    List,
    /// Show one provider: how to register a client, its endpoints, its habits.
    #[command(
        after_help = "With --json: its whole record, with the fields of [providers.NAME] in config.toml."
    )]
    Show {
        /// Its name.
        name: String,
    },
    /// Make a record of your own, from an issuer or by questions, and write it into config.toml.
    Add(AddArgs),
    /// Check a record: can it be signed in with, is everything reachable, does the metadata agree.
    #[command(
        after_help = "Exit code 0 when nothing stops a sign-in, 1 otherwise; warnings never fail. No secret is sent.\n\
                      With --json: an array of objects with provider, check, verdict (ok, warning, failed), detail, fix."
    )]
    Check(CheckArgs),
}

/// Does it.
pub fn run(args: &ProviderArgs, context: &Context) -> Result<(), Failure> {
    match &args.act {
        Act::Add(args) => provider_add::run(args, context),
        Act::Check(args) => provider_check::run(args, context),
        Act::List => list(&catalogue::all(), context),
        Act::Show { name } => {
            let found = catalogue::find(name).ok_or_else(|| unknown(name))?;
            provider_show::run(&found, context)
        }
    }
}

/// Reads `NAME=VALUE`.
pub fn read_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

/// There is no provider of that name.
pub fn unknown(name: &str) -> Failure {
    let failure = Failure::new(Kind::Failed, format!("there is no provider `{name}`"));
    // Who signed in by an issuer has the provider in the vault, and no record of it.
    let failure = failure.hint(format!(
        "one that was signed in to by its issuer has no record yet: tokenward provider add {name}"
    ));
    match similar(name, &catalogue::names()) {
        Some(near) => failure.hint(format!(
            "did you mean {near}? tokenward provider show {near}"
        )),
        None => failure.hint("the names there are: tokenward provider list"),
    }
}

fn list(known: &[Arc<Provider>], context: &Context) -> Result<(), Failure> {
    if context.output.json {
        let known: Vec<&Provider> = known.iter().map(|provider| &**provider).collect();
        return context.output.json_line(&known);
    }
    context.output.data(&grouped(known))?;
    context.output.say(
        "\nSign in: tokenward login PROVIDER. How: tokenward provider show PROVIDER.\n\
         Any other: tokenward login NAME --issuer https://..., or tokenward provider add NAME.",
    );
    Ok(())
}

/// The list with a heading for each category, the person's own uncategorised ones first.
fn grouped(known: &[Arc<Provider>]) -> String {
    let mut rows: Vec<&Provider> = known.iter().map(|provider| &**provider).collect();
    rows.sort_by_key(|provider| provider.category);
    let mut table = Table::new(&["PROVIDER", "NAME", "SIGN-IN", "SECRET"]);
    let mut heading = None;
    for provider in rows {
        if heading != Some(provider.category) {
            heading = Some(provider.category);
            let words = provider.category.map_or("your own", Category::words);
            table.heading(words);
        }
        table.row(vec![
            format!("  {}", provider.name),
            provider.display_name.clone(),
            flows(provider),
            if provider.setup.needs_secret {
                "needed".to_owned()
            } else {
                String::new()
            },
        ]);
    }
    table.render()
}

/// The ways to sign in, the recommended one first.
pub fn flows(provider: &Provider) -> String {
    let words = provider.flows.iter().map(|flow| match flow {
        Flow::Device => "device code",
        Flow::Loopback => "browser",
        Flow::ClientCredentials => "client",
        Flow::ApiKey => "key",
    });
    words.collect::<Vec<_>>().join(", ")
}
