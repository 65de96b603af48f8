//! `tokenward validate`: is the token good, for what it is needed for, and does the provider take it?

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::session::Session;
use crate::cli::span;
use crate::clock::{self, Timestamp};
use crate::engine::api::Command;
use crate::model::credential::CredentialView;
use crate::model::event::Purpose;
use crate::model::inquiry::{CheckedBy, Liveness, Validation};
use crate::model::name::CredentialName;
use clap::Args;
use serde_json::json;
use std::time::Duration;

/// Arguments of `tokenward validate`.
#[derive(Debug, Args)]
#[command(after_help = "\
One line of verdict. Exit codes: 0 good; 5 expired, dead or without a scope that was asked for; 6 the provider could not be
asked. An expired token is refreshed first, unless --no-refresh says not to.
With --json: one object with name, valid, expires_at, expires_in, scopes, missing_scopes, liveness, checked_by, subject,
reason and hint.")]
pub struct ValidateArgs {
    /// Whose token, provider/account.
    name: CredentialName,
    /// A scope the token must carry, several times or separated by spaces.
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// Ask the provider's introspection endpoint (RFC 7662); left out: its userinfo endpoint, where there is one.
    #[arg(long)]
    introspect: bool,
    /// Do not ask the provider at all.
    #[arg(long, conflicts_with = "introspect")]
    offline: bool,
    /// Do not refresh an expired token first.
    #[arg(long)]
    no_refresh: bool,
    /// Wait that long for a refresh.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = span::parse)]
    timeout: Duration,
}

/// Judges, and says so.
pub fn run(args: &ValidateArgs, context: &Context) -> Result<(), Failure> {
    let verdict = Session::with(context, |session| judge(args, session))?;
    if context.output.json {
        context.output.json_line(&verdict.object())?;
    } else {
        context.output.data(&format!("{}\n", verdict.line()))?;
    }
    match verdict.kind() {
        None => Ok(()),
        Some(kind) => Err(Failure::new(kind, verdict.reason()).hint(verdict.hint())),
    }
}

fn judge(args: &ValidateArgs, session: &Session) -> Result<Verdict, Failure> {
    let show = || {
        let name = args.name.clone();
        session.ask(|reply| Command::Show { name, reply })
    };
    let mut view = show()?;
    let mut refreshed = None;
    if !args.no_refresh && is_over(&view, clock::now()) {
        let name = args.name.clone();
        let token = session.ask(|reply| Command::Token {
            name,
            min_ttl: Duration::from_secs(1),
            purpose: Purpose::Get,
            timeout: args.timeout,
            reply,
        });
        refreshed = token.err();
        view = show()?;
    }
    let wanted = args.scope.iter().flat_map(|scope| scope.split_whitespace());
    let missing = wanted
        .filter(|scope| !view.profile.scopes.iter().any(|granted| granted == scope))
        .map(str::to_owned)
        .collect();
    let is_worth_asking = !args.offline && refreshed.is_none();
    let revoked = view.profile.standing.is_revoked();
    let checked = if is_worth_asking && !revoked {
        let name = args.name.clone();
        let introspect = args.introspect;
        Some(session.ask(|reply| Command::Validate {
            name,
            introspect,
            reply,
        })?)
    } else {
        None
    };
    Ok(Verdict {
        view,
        missing,
        refreshed,
        checked,
        insists: args.introspect,
        now: clock::now(),
    })
}

fn is_over(view: &CredentialView, now: Timestamp) -> bool {
    view.profile.expires_at.is_some_and(|end| end <= now)
}

/// All that is known of a token.
struct Verdict {
    view: CredentialView,
    missing: Vec<String>,
    /// Why it could not be refreshed.
    refreshed: Option<Failure>,
    checked: Option<Validation>,
    /// The provider's word was asked for: without it the verdict is not known.
    insists: bool,
    now: Timestamp,
}

impl Verdict {
    /// What is wrong; `None`: the token is good.
    fn kind(&self) -> Option<Kind> {
        if self.view.profile.standing.is_revoked() {
            return Some(Kind::NeedsLogin);
        }
        if is_over(&self.view, self.now) {
            return Some(
                self.refreshed
                    .as_ref()
                    .map_or(Kind::NeedsLogin, |it| it.kind),
            );
        }
        match self.checked.as_ref().map(|checked| checked.liveness) {
            Some(Liveness::Dead) => Some(Kind::NeedsLogin),
            _ if !self.missing.is_empty() => Some(Kind::NeedsLogin),
            Some(Liveness::Unknown) if self.insists || self.was_asked() => Some(Kind::Unavailable),
            Some(Liveness::Unknown | Liveness::Alive) | None => None,
        }
    }

    fn was_asked(&self) -> bool {
        self.checked
            .as_ref()
            .is_some_and(|checked| checked.by.is_some())
    }

    fn reason(&self) -> String {
        let name = &self.view.profile.name;
        if self.view.profile.standing.is_revoked() {
            return format!("{name} was revoked");
        }
        if is_over(&self.view, self.now) {
            return match &self.refreshed {
                Some(failure) => format!(
                    "{name} has expired and could not be refreshed: {}",
                    failure.source
                ),
                None => format!("{name} has expired"),
            };
        }
        let checked = self.checked.as_ref();
        match checked.map(|checked| checked.liveness) {
            Some(Liveness::Dead) => {
                format!("the provider does not take the token of {name} any more")
            }
            _ if !self.missing.is_empty() => {
                format!("{name} lacks {}", self.missing.join(" "))
            }
            _ => {
                let failure = checked.and_then(|checked| checked.failure.as_ref());
                let why = failure.map_or("it has nobody to ask".to_owned(), |it| it.cause.clone());
                format!("the provider did not say whether {name} lives: {why}")
            }
        }
    }

    fn hint(&self) -> String {
        let name = &self.view.profile.name;
        let (provider, account) = (name.provider(), name.account());
        if !self.missing.is_empty() {
            let mut scopes = self.view.profile.scopes.clone();
            scopes.extend(self.missing.iter().cloned());
            let scopes = scopes.join(" ");
            return format!(
                "sign in again with them: tokenward login {provider} --account {account} --scope '{scopes}'"
            );
        }
        if self.view.profile.standing.is_revoked() {
            return format!("sign in again: tokenward login {provider} --account {account}");
        }
        let failure = self.checked.as_ref().and_then(|it| it.failure.as_ref());
        match (self.kind(), &self.refreshed, failure) {
            (_, Some(failure), _) if !failure.hints.is_empty() => failure.hints.join("; "),
            (Some(Kind::Unavailable), _, Some(failure)) => failure.advice(),
            (Some(Kind::Unavailable), _, None) => "validate without --introspect".to_owned(),
            // A token that the provider ended before its time: the refresh token may still be good.
            (Some(Kind::NeedsLogin), None, _) if self.view.profile.is_renewable() => {
                format!("fetch a new one: tokenward refresh {name}; else sign in again")
            }
            _ => format!("sign in again: tokenward login {provider} --account {account}"),
        }
    }

    fn line(&self) -> String {
        let name = &self.view.profile.name;
        let mut parts = vec![match self.kind() {
            None => "valid".to_owned(),
            Some(Kind::Unavailable) => "not known".to_owned(),
            Some(_) => "not valid".to_owned(),
        }];
        parts.push(match self.view.profile.expires_at {
            None => "no expiry".to_owned(),
            Some(end) if end <= self.now => "expired".to_owned(),
            Some(end) => format!("{} left", span::show(self.now.until(end))),
        });
        if !self.missing.is_empty() {
            parts.push(format!("lacks {}", self.missing.join(" ")));
        }
        if let Some(checked) = &self.checked {
            let word = checked.liveness.word();
            parts.push(match checked.by {
                Some(CheckedBy::Introspection) => format!("{word} (introspection)"),
                Some(CheckedBy::Userinfo) => format!("{word} (userinfo)"),
                None => "nobody to ask".to_owned(),
            });
        }
        format!("{name}: {}", parts.join(", "))
    }

    fn object(&self) -> serde_json::Value {
        let profile = &self.view.profile;
        let checked = self.checked.as_ref();
        let kind = self.kind();
        json!({
            "name": profile.name,
            "valid": kind.is_none(),
            "expires_at": profile.expires_at,
            "expires_in": profile.expires_at.map(|end| self.now.until(end).as_secs()),
            "scopes": checked.and_then(|it| it.scopes.clone()).unwrap_or_else(|| profile.scopes.clone()),
            "missing_scopes": self.missing,
            "liveness": checked.map_or(Liveness::Unknown, |it| it.liveness),
            "checked_by": checked.and_then(|it| it.by),
            "subject": checked.and_then(|it| it.subject.clone()),
            "reason": kind.map(|_| self.reason()),
            "hint": kind.map(|_| self.hint()),
        })
    }
}

/// Whether a program may have a token with these scopes: what is missing waits for a person.
pub fn need(session: &Session, name: &CredentialName, scopes: &[String]) -> Result<(), Failure> {
    if scopes.is_empty() {
        return Ok(());
    }
    let (name, scopes) = (name.clone(), scopes.to_vec());
    let asked = session.ask(|reply| Command::Need {
        name,
        scopes,
        reply,
    });
    asked.map(drop)
}
