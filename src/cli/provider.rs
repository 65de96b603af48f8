//! `tokenward provider`: the catalogue, and how a client is registered with each.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::table::Table;
use crate::config::layers::similar;
use crate::model::credential::Flow;
use crate::model::provider::Provider;
use crate::oauth::catalogue;
use clap::{Args, Subcommand};

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
}

/// Does it.
pub fn run(args: &ProviderArgs, context: &Context) -> Result<(), Failure> {
    let known = catalogue::all();
    match &args.act {
        Act::List => list(known, context),
        Act::Show { name } => {
            let found = known.iter().find(|provider| provider.name == *name);
            show(found.ok_or_else(|| unknown(name, known))?, context)
        }
    }
}

fn unknown(name: &str, known: &[Provider]) -> Failure {
    let names: Vec<String> = known.iter().map(|provider| provider.name.clone()).collect();
    let failure = Failure::new(Kind::Failed, format!("there is no provider `{name}`"));
    match similar(name, &names) {
        Some(near) => failure.hint(format!(
            "did you mean {near}? tokenward provider show {near}"
        )),
        None => failure.hint("the names there are: tokenward provider list"),
    }
}

fn list(known: &[Provider], context: &Context) -> Result<(), Failure> {
    if context.output.json {
        return context.output.json_line(&known);
    }
    let mut table = Table::new(&["PROVIDER", "NAME", "SIGN-IN", "SECRET"]);
    for provider in known {
        table.row(vec![
            provider.name.clone(),
            provider.display_name.clone(),
            flows(provider),
            if provider.setup.needs_secret {
                "needed"
            } else {
                "no"
            }
            .to_owned(),
        ]);
    }
    context.output.data(&table.render())?;
    context
        .output
        .say("\nAny other provider: tokenward login NAME --issuer https://...");
    Ok(())
}

fn flows(provider: &Provider) -> String {
    let words = provider.flows.iter().map(|flow| match flow {
        Flow::Device => "device code",
        Flow::Loopback => "browser",
        Flow::ClientCredentials => "client credentials",
        Flow::ApiKey => "API key",
    });
    words.collect::<Vec<_>>().join(", ")
}

fn show(provider: &Provider, context: &Context) -> Result<(), Failure> {
    if context.output.json {
        return context.output.json_line(provider);
    }
    let mut text = setup(provider);
    text.push_str(&format!("\n\nsign-in      {}\n", flows(provider)));
    let endpoints = &provider.endpoints;
    for (word, value) in [
        ("issuer", &provider.issuer),
        ("authorize", &endpoints.authorization),
        ("token", &endpoints.token),
        ("device", &endpoints.device_authorization),
        ("revoke", &endpoints.revocation),
    ] {
        if let Some(value) = value {
            text.push_str(&format!("{word:<13}{value}\n"));
        }
    }
    if !provider.default_scopes.is_empty() {
        text.push_str(&format!(
            "scopes       {}\n",
            provider.default_scopes.join(" ")
        ));
    }
    for (name, default) in &provider.parameters {
        let default = if default.is_empty() {
            "must be given".to_owned()
        } else {
            format!("default {default}")
        };
        text.push_str(&format!("parameter    --param {name}=... ({default})\n"));
    }
    for note in &provider.notes {
        text.push_str(&format!("note         {note}\n"));
    }
    context.output.data(&text)
}

/// How a client is registered there, for people.
pub fn setup(provider: &Provider) -> String {
    let setup = &provider.setup;
    let mut text = format!(
        "To sign in to {}, register a client once",
        provider.display_name
    );
    match &setup.url {
        Some(url) => text.push_str(&format!(":\n  {url}\n")),
        None => text.push_str(".\n"),
    }
    for (number, step) in setup.steps.iter().enumerate() {
        text.push_str(&format!("  {}. {step}\n", number + 1));
    }
    if !setup.client_id_hint.is_empty() {
        text.push_str(&format!(
            "Its client ID looks like {}.\n",
            setup.client_id_hint
        ));
    }
    text.truncate(text.trim_end().len());
    text
}
