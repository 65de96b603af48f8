//! `tokenward grant`: what local programs may have, made, looked at, handed out and taken back.

use crate::agent::grant_wire;
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::session::Session;
use crate::cli::span;
use crate::cli::table::Table;
use crate::clock;
use crate::engine::api::Command;
use crate::engine::grants::ask::GrantAsk;
use crate::model::grant::{GrantName, GrantView, GrantWish};
use crate::model::name::CredentialName;
use crate::model::question::{QuestionId, QuestionView};
use crate::tui::words;
use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

/// Arguments of `tokenward grant`.
#[derive(Debug, Args)]
#[command(after_help = "\
A grant is what one local program may have: whose tokens, for how long, how often. On the loopback port ([api] listen in
the settings) nothing is had without one; on the agent's socket a program may use one to have no more than it names.")]
pub struct GrantArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make a grant.
    Create(CreateArgs),
    /// List the grants, and who has tokens of them.
    List,
    /// Show one grant with its pairs of tokens.
    Show {
        /// Its name.
        name: GrantName,
    },
    /// Revoke a grant: from now on no token of it is good.
    Revoke {
        /// Its name.
        name: GrantName,
        /// Only end its pairs of tokens; the grant stays.
        #[arg(long)]
        pairs: bool,
    },
    /// Print a new pair of tokens, as JSON, for a program.
    #[command(after_help = "\
One object: access_token, token_type, expires_in, rotate_in, refresh_token, refresh_expires_in, grant, family, credentials,
issued_at, expires_at, turn. A grant has five pairs at the most; a sixth ends the oldest.")]
    Token {
        /// The grant.
        name: GrantName,
    },
    /// List what programs on the port ask for.
    Questions,
    /// Let a program have what it asks for; the grant is made if there is none.
    Approve {
        /// The number of the question.
        id: u64,
    },
    /// Refuse what a program asks for.
    Deny {
        /// The number of the question.
        id: u64,
    },
}

#[derive(Debug, Args)]
struct CreateArgs {
    /// How it shall be called: 1 to 64 of a-z, 0-9, dot, underscore and dash.
    name: GrantName,
    /// Whose tokens it may fetch; as often as wanted.
    #[arg(long = "credential", value_name = "NAME", required = true, num_args = 1..)]
    credentials: Vec<CredentialName>,
    /// It gets tokens with these scopes only, where the provider gives such.
    #[arg(long = "scope", value_name = "SCOPE", num_args = 1..)]
    scopes: Vec<String>,
    /// Its access tokens live so long, 10s to 24h.
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = span::parse)]
    ttl: Duration,
    /// Its refresh tokens live so long, at most 366d.
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = span::parse)]
    refresh_ttl: Duration,
    /// Only a program with this executable may use it.
    #[arg(long, value_name = "PATH")]
    executable: Option<PathBuf>,
    /// Tokens it may fetch in an hour; left out: as many as any program.
    #[arg(long, value_name = "NUMBER")]
    rate: Option<u64>,
    /// Give the grant of that name other terms; its pairs of tokens end.
    #[arg(long)]
    replace: bool,
}

/// Does it.
pub fn run(args: &GrantArgs, context: &Context) -> Result<(), Failure> {
    Session::with(context, |session| match &args.what {
        What::Create(args) => create(args, session, context),
        What::List => list(session, context),
        What::Show { name } => show(name, session, context),
        What::Revoke { name, pairs } => revoke(name, *pairs, session, context),
        What::Token { name } => {
            let name = name.clone();
            let pair = session.ask(|reply| Command::Grant(GrantAsk::Issue { name, reply }))?;
            let mut text = grant_wire::write_pair(&pair);
            text.push(b'\n');
            // JSON is UTF-8.
            context
                .output
                .data(std::str::from_utf8(&text).unwrap_or_default())
        }
        What::Questions => questions(session, context),
        What::Approve { id } => answer(QuestionId(*id), true, session, context),
        What::Deny { id } => answer(QuestionId(*id), false, session, context),
    })
}

fn create(args: &CreateArgs, session: &Session, context: &Context) -> Result<(), Failure> {
    let executable = args.executable.as_deref().map(executable).transpose()?;
    let wish = GrantWish {
        scopes: args.scopes.clone(),
        ttl_secs: args.ttl.as_secs(),
        refresh_ttl_secs: args.refresh_ttl.as_secs(),
        executable,
        per_hour: args.rate,
        ..GrantWish::new(args.name.clone(), args.credentials.clone())
    };
    // A name that does not exist is told by who knows all of them.
    session.all()?;
    let replaces = args.replace;
    let view = session.ask(|reply| {
        Command::Grant(GrantAsk::Make {
            wish: Box::new(wish.clone()),
            replaces,
            reply,
        })
    })?;
    if context.output.json {
        return context.output.json_line(&view);
    }
    let name = &view.grant.name;
    context.output.say(&format!(
        "Made. A pair of tokens for the program: tokenward grant token {name}"
    ));
    context.output.data(&format!("{name}\n"))
}

/// The executable as the system tells it of a process: without links.
fn executable(path: &std::path::Path) -> Result<String, Failure> {
    let found = std::fs::canonicalize(path).map_err(|error| {
        Failure::from(error)
            .within(format!("there is no executable {}", path.display()))
            .hint("give the path of the program itself: command -v PROGRAM")
    })?;
    found
        .into_os_string()
        .into_string()
        .map_err(|_| Failure::usage("the executable's path is no UTF-8"))
}

fn all(session: &Session) -> Result<Vec<GrantView>, Failure> {
    session.ask(|reply| Command::Grant(GrantAsk::List { reply }))
}

fn list(session: &Session, context: &Context) -> Result<(), Failure> {
    let grants = all(session)?;
    if context.output.json {
        return context.output.json_line(&grants);
    }
    if grants.is_empty() {
        context
            .output
            .say("No program has a grant; make one: tokenward grant create NAME --credential PROVIDER/ACCOUNT");
        return Ok(());
    }
    let (now, zone) = (clock::now(), TimeZone::system());
    let mut table = Table::new(&["GRANT", "CREDENTIALS", "PAIRS", "USED", "AN HOUR"]);
    for view in &grants {
        let used = view.used_at.map(|at| words::moment(at, now, &zone));
        table.row(vec![
            view.grant.name.to_string(),
            named(view),
            view.pairs.len().to_string(),
            used.unwrap_or_else(|| "-".to_owned()),
            format!("{} of {}", view.rate_used, view.rate),
        ]);
    }
    context.output.data(&table.render())
}

fn named(view: &GrantView) -> String {
    let names = view.grant.credentials.iter();
    let names: Vec<&str> = names.map(|granted| granted.name.as_str()).collect();
    match names.is_empty() {
        true => "none is left".to_owned(),
        false => names.join(" "),
    }
}

fn show(name: &GrantName, session: &Session, context: &Context) -> Result<(), Failure> {
    let view = all(session)?.into_iter().find(|it| it.grant.name == *name);
    let view = view.ok_or_else(|| no_such(name))?;
    if context.output.json {
        return context.output.json_line(&view);
    }
    let (now, zone) = (clock::now(), TimeZone::system());
    let moment = |at| words::moment(at, now, &zone);
    let grant = &view.grant;
    let mut table = Table::new(&["GRANT", grant.name.as_str()]);
    let mut add = |what: &str, text: &str| table.row(vec![what.to_owned(), text.to_owned()]);
    add("credentials", &named(&view));
    if !grant.scopes.is_empty() {
        add("scopes", &format!("{} only", grant.scopes.join(" ")));
    }
    let lives = (span::show(grant.ttl()), span::show(grant.refresh_ttl()));
    add(
        "its tokens live",
        &format!("{}; refresh tokens {}", lives.0, lives.1),
    );
    if let Some(executable) = &grant.executable {
        add("only for", executable);
    }
    add(
        "an hour",
        &format!("{} of {} tokens", view.rate_used, view.rate),
    );
    add("made", &moment(grant.created_at));
    let counts = grant.counts;
    add(
        "so far",
        &format!(
            "{} pairs issued, {} exchanged for the next, {} used refresh tokens came back",
            counts.issued, counts.rotated, counts.replayed
        ),
    );
    for pair in &view.pairs {
        add(
            "pair",
            &format!(
                "{}, to {}, rotated {} times, the last {}, ends {}",
                pair.family,
                pair.to,
                pair.rotations,
                moment(pair.rotated_at),
                moment(pair.expires_at)
            ),
        );
    }
    context.output.data(&table.render())
}

fn no_such(name: &GrantName) -> Failure {
    Failure::new(Kind::Refused, format!("there is no grant named {name}"))
        .hint("tokenward grant list shows all of them")
}

fn revoke(
    name: &GrantName,
    pairs: bool,
    session: &Session,
    context: &Context,
) -> Result<(), Failure> {
    let ended = match pairs {
        true => {
            let of = || Some(name.clone());
            Some(session.ask(|reply| Command::Grant(GrantAsk::EndAll { name: of(), reply }))?)
        }
        false => {
            let name = name.clone();
            session.ask(|reply| Command::Grant(GrantAsk::Revoke { name, reply }))?;
            None
        }
    };
    if context.output.json {
        let said = json!({ "name": name, "revoked": !pairs, "pairs": ended });
        return context.output.json_line(&said);
    }
    context.output.say(&match ended {
        Some(count) => format!("{count} pairs of tokens were ended; the grant {name} stays."),
        None => format!("Revoked: no token of {name} is good any more."),
    });
    Ok(())
}

fn questions(session: &Session, context: &Context) -> Result<(), Failure> {
    let open = session.ask(|reply| Command::Grant(GrantAsk::Questions { reply }))?;
    if context.output.json {
        return context.output.json_line(&open);
    }
    if open.is_empty() {
        context.output.say("No program asks for anything.");
    }
    let lines: String = open.iter().map(line).collect();
    context.output.data(&lines)
}

fn line(question: &QuestionView) -> String {
    let names: Vec<&str> = question
        .credentials
        .iter()
        .map(|name| name.as_str())
        .collect();
    let wants = match names.is_empty() {
        true => String::new(),
        false => format!(" for {}", names.join(" ")),
    };
    let ago = span::show(clock::now().since(question.asked_at));
    format!(
        "{}  the grant {}{wants}, asked {ago} ago by {}\n",
        question.id, question.grant, question.by
    )
}

fn answer(id: QuestionId, yes: bool, session: &Session, context: &Context) -> Result<(), Failure> {
    session.ask(|reply| Command::Grant(GrantAsk::Answer { id, yes, reply }))?;
    if context.output.json {
        return context
            .output
            .json_line(&json!({ "id": id, "approved": yes }));
    }
    let said = if yes {
        "The program gets its tokens."
    } else {
        "Refused."
    };
    context.output.say(said);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::grant::{USUAL_REFRESH_TTL, USUAL_TTL};

    #[test]
    fn what_is_written_as_usual_is_what_is_usual() {
        assert_eq!(span::parse("15m"), Ok(USUAL_TTL));
        assert_eq!(span::parse("7d"), Ok(USUAL_REFRESH_TTL));
    }
}
