//! `tokenward wait`: until a credential is good, for scripts that need it and people who sign in.

use crate::agent::client;
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::seat::{Waiting, has_left};
use crate::cli::session::{self, Session};
use crate::cli::span;
use crate::clock::{self, Timestamp};
use crate::engine::api::{Command, Event, Refusal};
use crate::engine::link::Link;
use crate::model::credential::{CredentialView, Generation, Standing};
use crate::model::failure::FailureClass;
use crate::model::health::Health;
use crate::model::name::CredentialName;
use clap::Args;
use serde_json::json;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

/// How long an owner that left is given to come again, as one that is started anew does.
const ABSENCE: Duration = Duration::from_secs(15);

/// Arguments of `tokenward wait`.
#[derive(Debug, Args)]
#[command(after_help = "\
Good: its access token is valid for --min-ttl yet. One that is over is refreshed; one that needs a sign-in, or a vault that is
locked, waits for the person until the time is over, and that is said once on stderr. It follows what the owner tells, and
asks for nothing in between; no token is printed. Without an owner (tokenward --daemon, or the UI) nobody would tell: then it
is looked at once. --timeout 0s looks once too.
Ends with 0 when it is good; else with 3 no such credential, 4 the vault is still locked, 5 a person still has to sign in or to
change a setting, 6 the time was over for another reason. With --json: one object with name, good and expires_at.")]
pub struct WaitArgs {
    /// Which, provider/account.
    name: CredentialName,
    /// Wait that long, and no longer.
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = span::parse)]
    timeout: Duration,
    /// Its token lives at least that long yet.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = span::parse)]
    min_ttl: Duration,
}

/// Waits.
pub fn run(args: &WaitArgs, context: &Context) -> Result<(), Failure> {
    let mut wait = Wait {
        args,
        context,
        until: Instant::now() + args.timeout,
        first_seen: None,
        was_refreshed: false,
        said: None,
    };
    let runtime = session::runtime()?;
    let waited = wait.through_owners(&runtime);
    runtime.shutdown_background();
    let view = match waited? {
        Some(view) => view,
        None => wait.by_ourselves()?,
    };
    tell(&view, context)
}

fn tell(view: &CredentialView, context: &Context) -> Result<(), Failure> {
    if !context.output.json {
        return Ok(());
    }
    context.output.json_line(&json!({
        "name": view.profile.name,
        "good": true,
        "expires_at": view.profile.expires_at,
    }))
}

/// What one look finds.
enum Look {
    Good(Box<CredentialView>),
    /// Not yet: this stands in the way.
    Hindered(Failure),
    /// The owner has left.
    Left,
}

struct Wait<'a> {
    args: &'a WaitArgs,
    context: &'a Context,
    until: Instant,
    /// The generation that it had at first: a later one is good however short it lives.
    first_seen: Option<Generation>,
    /// A refresh was asked for; another one the owner begins by itself.
    was_refreshed: bool,
    /// What was said last of the person that it waits for.
    said: Option<String>,
}

impl Wait<'_> {
    /// Follows the living owner, and the next one where it leaves; `None`: there is none.
    fn through_owners(&mut self, runtime: &Runtime) -> Result<Option<CredentialView>, Failure> {
        let mut absence: Option<Waiting> = None;
        loop {
            match runtime.block_on(client::connect(&self.context.socket())) {
                Ok(link) => {
                    if let Some(view) = runtime.block_on(self.follow(&link))? {
                        return Ok(Some(view));
                    }
                    let rest = self.until.saturating_duration_since(Instant::now());
                    absence = Some(Waiting::new(ABSENCE.min(rest)));
                }
                Err(error) if has_left(&error) => {
                    if !absence.as_mut().is_some_and(Waiting::pause) {
                        return Ok(None);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Looks whenever something is told that concerns it; `None`: the owner has left.
    async fn follow(&mut self, link: &Link) -> Result<Option<CredentialView>, Failure> {
        // Before the first look, so that nothing is missed between the two.
        let mut events = link.subscribe();
        loop {
            let hindrance = match self.look(link).await? {
                Look::Good(view) => return Ok(Some(*view)),
                Look::Left => return Ok(None),
                Look::Hindered(failure) => failure,
            };
            self.say(&hindrance);
            tokio::select! {
                is_there = concerned(&mut events, &self.args.name) => {
                    if !is_there {
                        return Ok(None);
                    }
                }
                () = tokio::time::sleep_until(self.until) => return Err(hindrance),
            }
        }
    }

    /// Looks once, with an engine of our own: nobody tells of what comes later.
    fn by_ourselves(&mut self) -> Result<CredentialView, Failure> {
        let context = self.context;
        Session::with(context, |session| {
            match session.block_on(self.look(session.link()))? {
                Look::Good(view) => Ok(*view),
                Look::Hindered(failure) => Err(failure.hint(
                    "there is no owner that would tell of a change; start one: tokenward --daemon",
                )),
                Look::Left => Err(Failure::new(Kind::OwnerLeft, "the owner has left")),
            }
        })
    }

    /// An error is one that no waiting mends.
    async fn look(&mut self, link: &Link) -> Result<Look, Failure> {
        let name = self.args.name.clone();
        match link.ask(|reply| Command::Show { name, reply }).await {
            Ok(view) => self.judge(view, link).await,
            Err(Refusal::Stopped) => Ok(Look::Left),
            Err(refusal @ Refusal::Locked { .. }) => Ok(Look::Hindered(refusal.into())),
            Err(refusal) => Err(refusal.into()),
        }
    }

    async fn judge(&mut self, view: CredentialView, link: &Link) -> Result<Look, Failure> {
        let first = *self.first_seen.get_or_insert(view.generation);
        if let Some(failure) = standing(&view) {
            return Ok(Look::Hindered(failure));
        }
        let least = match view.generation > first {
            true => Duration::from_secs(1),
            false => self.args.min_ttl,
        };
        if lives(&view, least, clock::now()) {
            return Ok(Look::Good(Box::new(view)));
        }
        let name = &self.args.name;
        if !view.profile.is_renewable() {
            let why = "its access token is over and nothing renews it";
            return Ok(Look::Hindered(person(name, why)));
        }
        if self.was_refreshed || is_under_way(&view.health) {
            let text = format!("{name}: its access token is over and no new one came yet");
            let failure = Failure::new(Kind::Unavailable, text);
            return Ok(Look::Hindered(
                failure.hint(format!("tokenward why {name}")),
            ));
        }
        self.was_refreshed = true;
        self.refresh(link).await
    }

    async fn refresh(&self, link: &Link) -> Result<Look, Failure> {
        let name = self.args.name.clone();
        let timeout = self.until.saturating_duration_since(Instant::now());
        let refreshed = link.ask(|reply| Command::Refresh {
            name,
            timeout,
            reply,
        });
        let failure: Failure = match refreshed.await {
            // A provider that gives shorter tokens than were asked for gives no longer ones.
            Ok(view) => return Ok(Look::Good(Box::new(view))),
            Err(Refusal::Stopped) => return Ok(Look::Left),
            Err(refusal) => refusal.into(),
        };
        match failure.kind {
            Kind::NeedsLogin | Kind::Locked | Kind::Unavailable => Ok(Look::Hindered(failure)),
            // A limit, which is over some time.
            Kind::Refused => Ok(Look::Hindered(Failure {
                kind: Kind::Unavailable,
                ..failure
            })),
            Kind::ReaderGone
            | Kind::Program(_)
            | Kind::Failed
            | Kind::Usage
            | Kind::NoSuchCredential
            | Kind::OwnerLeft => Err(failure),
        }
    }

    /// Says once what a person would have to do.
    fn say(&mut self, failure: &Failure) {
        let is_for_a_person = matches!(failure.kind, Kind::NeedsLogin | Kind::Locked);
        let words = failure.source.to_string();
        if !is_for_a_person || self.said.as_ref() == Some(&words) || self.args.timeout.is_zero() {
            return;
        }
        let hints = failure.hints.join("; ");
        self.context
            .output
            .say(&format!("Waiting: {words} ({hints})."));
        self.said = Some(words);
    }
}

/// Comes back when something is told that concerns the credential; false: the owner has left.
async fn concerned(events: &mut Receiver<Event>, name: &CredentialName) -> bool {
    loop {
        match events.recv().await {
            Ok(Event::Changed { view }) if view.profile.name == *name => return true,
            Ok(Event::Removed { name: gone }) if gone == *name => return true,
            Ok(Event::Loaded { loaded, total }) if loaded == total => return true,
            Ok(Event::Locked { .. } | Event::Unlocked | Event::Lagged)
            | Err(RecvError::Lagged(_)) => return true,
            Ok(Event::Stopped) | Err(RecvError::Closed) => return false,
            Ok(
                Event::Changed { .. }
                | Event::Removed { .. }
                | Event::Loaded { .. }
                | Event::Happened { .. }
                | Event::SignIn { .. }
                | Event::ScreenLocked { .. }
                | Event::Alerts { .. }
                | Event::Questions { .. },
            ) => {}
        }
    }
}

fn lives(view: &CredentialView, least: Duration, now: Timestamp) -> bool {
    let end = view.profile.expires_at;
    end.is_none_or(|end| now.until(end) >= least)
}

/// The owner is at it, or will be by itself.
const fn is_under_way(health: &Health) -> bool {
    matches!(
        health,
        Health::Refreshing | Health::Retrying { .. } | Health::RateLimited { .. }
    )
}

/// What only a person can end.
fn standing(view: &CredentialView) -> Option<Failure> {
    let name = &view.profile.name;
    match &view.profile.standing {
        Standing::Active => None,
        Standing::NeedsLogin { cause } | Standing::Misconfigured { cause } => {
            let text = format!("{name}: {}", cause.cause);
            let hint = match cause.class {
                FailureClass::NeedsLogin => sign_in(name),
                FailureClass::Misconfigured | FailureClass::Transient => cause.advice(),
            };
            Some(Failure::new(Kind::NeedsLogin, text).hint(hint))
        }
        Standing::Revoking { .. } | Standing::Revoked { .. } => {
            Some(person(name, "it was revoked"))
        }
    }
}

fn person(name: &CredentialName, why: &str) -> Failure {
    Failure::new(Kind::NeedsLogin, format!("{name}: {why}")).hint(sign_in(name))
}

fn sign_in(name: &CredentialName) -> String {
    let (provider, account) = (name.provider(), name.account());
    format!("sign in: tokenward login {provider} --account {account}")
}
