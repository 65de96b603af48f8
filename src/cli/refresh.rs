//! `tokenward refresh`: new tokens now.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::several::{Report, Which};
use crate::cli::span;
use crate::engine::api::{Command, Refusal};
use crate::engine::link::Link;
use crate::model::credential::CredentialView;
use crate::model::name::CredentialName;
use clap::Args;
use futures_util::future::join_all;
use serde_json::json;
use std::time::Duration;

/// Arguments of `tokenward refresh`.
#[derive(Debug, Args)]
#[command(
    after_help = "With --json: an array of objects with name, ok, generation and expires_at, or error, code and hint."
)]
pub struct RefreshArgs {
    /// Which credentials.
    #[command(flatten)]
    which: Which,
    /// Wait that long for each.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = span::parse)]
    timeout: Duration,
}

/// Refreshes them, all at once; the engine keeps to its limits.
pub fn run(args: &RefreshArgs, context: &Context) -> Result<(), Failure> {
    let results = Session::with(context, |session| {
        let names = args.which.resolve(session, can_be_refreshed)?;
        let link = session.link();
        let asked = names.iter().map(|name| refresh(link, name, args.timeout));
        let answers = session.block_on(join_all(asked));
        Ok(names.into_iter().zip(answers).collect::<Vec<_>>())
    })?;
    let lines = results.into_iter().map(|(name, result)| {
        (
            name,
            result.map(|view| detail(&view)).map_err(Failure::from),
        )
    });
    Report::new(lines.collect()).print(context, |name, detail| {
        format!("{name}: refreshed, generation {}", detail["generation"])
    })
}

fn can_be_refreshed(view: &CredentialView) -> bool {
    view.profile.is_renewable() && !view.profile.standing.is_revoked()
}

async fn refresh(
    link: &Link,
    name: &CredentialName,
    timeout: Duration,
) -> Result<CredentialView, Refusal> {
    let name = name.clone();
    link.ask(|reply| Command::Refresh {
        name,
        timeout,
        reply,
    })
    .await
}

fn detail(view: &CredentialView) -> serde_json::Value {
    json!({ "generation": view.generation, "expires_at": view.profile.expires_at })
}
