//! `tokenward vault generations`, `vault put-back`: earlier tokens of one credential, seen and brought back.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::clock;
use crate::engine::api::Command;
use crate::model::credential::Generation;
use crate::model::name::CredentialName;
use crate::tui::words;
use clap::Args;
use jiff::tz::TimeZone;
use serde_json::json;

/// Arguments of `tokenward vault generations`.
#[derive(Debug, Args)]
#[command(after_help = "\
Each time a credential's tokens are replaced, the ones before stay sealed in the vault for a while ([vault]
keep_generations_days and keep_generations in the settings). What is said of a refresh token is what the provider's
habits let expect.
With --json: an array of objects with generation, replaced_at, replaced (refreshed, signed_in, imported, put_back),
issued_at, expires_at and refresh_token (none, present, alive, spent, ended, unknown), the newest first.")]
pub struct GenerationsArgs {
    /// Of which credential, provider/account.
    name: CredentialName,
}

/// Arguments of `tokenward vault put-back`.
#[derive(Debug, Args)]
#[command(after_help = "\
The tokens that are there now are kept in their turn. A refresh token that was probably spent since is left alone by the
background and tried once, when somebody asks (`tokenward refresh`): where a provider sees a spent one again, it may end
the whole sign-in.
With --json: one object with name, generation (as it is now), of (the one that was put back) and restored (null, or what
is known of its refresh token).")]
pub struct PutBackArgs {
    /// Of which credential, provider/account.
    name: CredentialName,
    /// Which generation; without it the newest that is kept.
    #[arg(long, value_name = "NUMBER")]
    generation: Option<u64>,
}

/// Lists them.
pub fn list(args: &GenerationsArgs, context: &Context) -> Result<(), Failure> {
    let name = &args.name;
    let kept = Session::with(context, |session| {
        let name = name.clone();
        session.ask(|reply| Command::Generations { name, reply })
    })?;
    if context.output.json {
        return context.output.json_line(&kept);
    }
    if kept.is_empty() {
        context
            .output
            .say(&format!("no earlier generation of {name} is kept"));
        return Ok(());
    }
    let (now, zone) = (clock::now(), TimeZone::system());
    let mut table = Table::new(&[
        "GENERATION",
        "REPLACED",
        "WHY",
        "ITS TOKEN ENDS",
        "REFRESH TOKEN",
    ]);
    for one in kept {
        let end = one.expires_at.map(|end| words::moment(end, now, &zone));
        table.row(vec![
            one.generation.0.to_string(),
            words::moment(one.replaced_at, now, &zone),
            one.replaced.words().to_owned(),
            end.unwrap_or_else(|| "-".to_owned()),
            one.refresh_token.words().to_owned(),
        ]);
    }
    context.output.data(&table.render())
}

/// Puts one back.
pub fn put_back(args: &PutBackArgs, context: &Context) -> Result<(), Failure> {
    let asked = args.generation.map(Generation);
    let (view, of) = Session::with(context, |session| {
        let name = args.name.clone();
        let kept = session.ask(|reply| Command::Generations { name, reply })?;
        // Which one it is is settled here, so that it can be told.
        let generation = asked.or(kept.first().map(|newest| newest.generation));
        let name = args.name.clone();
        let view = session.ask(|reply| Command::PutBack {
            name,
            generation,
            reply,
        })?;
        Ok((view, generation))
    })?;
    let restored = &view.profile.restored;
    if context.output.json {
        return context.output.json_line(&json!({
            "name": view.profile.name,
            "generation": view.generation,
            "of": of,
            "restored": restored,
        }));
    }
    let (name, number) = (&view.profile.name, of.unwrap_or_default().0);
    context.output.say(&format!(
        "{name}: generation {number} is back, as generation {}.",
        view.generation.0
    ));
    if let Some(restored) = restored {
        let (now, zone) = (clock::now(), TimeZone::system());
        let said = words::restored(restored, now, &zone);
        context.output.say(&format!("It is {said}."));
    }
    Ok(())
}
