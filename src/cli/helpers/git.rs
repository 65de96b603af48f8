//! `tokenward git-credential`: git asks for a user name and a password over https, and gets a fresh token.
//!
//! The protocol is that of git's credential helpers (gitcredentials(7), git-credential(1)).

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::helpers::bearer::Freshness;
use crate::cli::helpers::fitting::{self, Fitting};
use crate::cli::helpers::request;
use crate::cli::output::talk;
use crate::cli::session::Session;
use crate::cli::token::{self, GitAnswer};
use crate::engine::api::Command;
use crate::model::credential::CredentialView;
use crate::model::event::Purpose;
use crate::model::name::CredentialName;
use crate::oauth::catalogue;
use crate::secret::FoundToken;
use clap::{Args, ValueEnum};
use std::time::Duration;

/// What git sends as user name where the provider's record names none: with a token it is of no matter there.
const ANYBODY: &str = "oauth2";

/// Arguments of `tokenward git-credential`.
#[derive(Debug, Args)]
#[command(after_help = "\
Git is told of it once for all, or for one host (`tokenward setup git` does it):
  git config --global credential.https://github.com.helper '!tokenward git-credential'
The credential is found by the host, and by the user name where the address or credential.URL.username names one. A
token goes over https, or to this machine. What git wants stored is not: tokenward has it already. What git wants erased
was refused by the server: then a newer token is fetched, for the next time.")]
pub struct GitArgs {
    /// The credential, instead of looking for one by the host. It answers for the hosts of its provider, and for --host.
    #[arg(long)]
    name: Option<CredentialName>,
    /// With --name: a further host that may have its token, with the port where that is not the usual one.
    #[arg(long, requires = "name")]
    host: Vec<String>,
    /// The user name that is sent beside the token, instead of the provider's own.
    #[arg(long)]
    user: Option<String>,
    #[command(flatten)]
    freshness: Freshness,
    /// What git wants.
    #[arg(value_enum)]
    action: GitAction,
}

/// What git wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GitAction {
    /// A user name and a password.
    Get,
    /// They were right: keep them.
    Store,
    /// They were refused: forget them.
    Erase,
}

/// What git says of what it wants to reach.
#[derive(Default)]
struct Request {
    protocol: String,
    host: String,
    username: Option<String>,
    password: Option<FoundToken>,
    takes_schemes: bool,
}

impl Request {
    fn read(text: &str) -> Self {
        let mut request = Self::default();
        for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
            match key {
                "protocol" => request.protocol = value.to_ascii_lowercase(),
                "host" => request.host = value.to_ascii_lowercase(),
                "username" if !value.is_empty() => request.username = Some(value.to_owned()),
                // Beside a scheme of its own a token is called so.
                "password" | "credential" => {
                    request.password = Some(FoundToken::new(value.to_owned()))
                }
                "capability[]" if value == "authtype" => request.takes_schemes = true,
                // Path, challenges, states, and what later versions of git add.
                _ => {}
            }
        }
        request
    }

    /// Whether a token may go there.
    fn is_safe(&self) -> bool {
        let name = self
            .host
            .rsplit_once(':')
            .map_or(self.host.as_str(), |(name, port)| {
                match port.bytes().all(|digit| digit.is_ascii_digit()) {
                    true => name,
                    false => &self.host,
                }
            });
        let is_here = ["localhost", "127.0.0.1", "[::1]"].contains(&name);
        self.protocol == "https" || (self.protocol == "http" && is_here)
    }
}

/// Answers git.
pub fn run(args: &GitArgs, context: &Context) -> Result<(), Failure> {
    let request = Request::read(&request::read()?);
    match args.action {
        GitAction::Store => Ok(()),
        GitAction::Get => get(args, &request, context),
        GitAction::Erase => erase(args, &request, context),
    }
}

fn get(args: &GitArgs, request: &Request, context: &Context) -> Result<(), Failure> {
    if !request.is_safe() {
        return Ok(());
    }
    let found = Session::with(context, |session| {
        let Some(name) = meant(args, request, session)? else {
            return Ok(None);
        };
        let token = session.ask(|reply| Command::Token {
            name: name.clone(),
            min_ttl: args.freshness.min_ttl,
            purpose: Purpose::Git,
            timeout: args.freshness.timeout,
            reply,
        })?;
        Ok(Some((name, token)))
    })?;
    let Some((name, token)) = found else {
        return Ok(());
    };
    let record = catalogue::find(name.provider());
    let own = record.and_then(|record| record.git_user.clone());
    let user = args.user.clone().or(own);
    let answer = match user {
        None if request.takes_schemes => GitAnswer::Scheme,
        user => GitAnswer::User(user.unwrap_or_else(|| ANYBODY.to_owned())),
    };
    let text = token::for_git(&token, &answer).ok_or_else(|| {
        let text = format!("the token of {name} cannot be told to git: it holds a line break");
        Failure::new(Kind::Failed, text)
            .hint(format!("look where it is from: tokenward why {name}"))
    })?;
    context.output.exact(&text)
}

/// The server refused a token of ours: the next one shall be a newer one. A password of somebody else's is no matter.
fn erase(args: &GitArgs, request: &Request, context: &Context) -> Result<(), Failure> {
    let Some(refused) = &request.password else {
        return Ok(());
    };
    if !request.is_safe() {
        return Ok(());
    }
    Session::with(context, |session| {
        let Some(name) = meant(args, request, session)? else {
            return Ok(());
        };
        let present = session.ask(|reply| Command::Token {
            name: name.clone(),
            min_ttl: Duration::ZERO,
            purpose: Purpose::Git,
            timeout: args.freshness.timeout,
            reply,
        })?;
        if token::is_same(&present, refused) {
            let timeout = args.freshness.timeout;
            session.ask(|reply| Command::Refresh {
                name,
                timeout,
                reply,
            })?;
        }
        Ok(())
    })
}

fn meant(
    args: &GitArgs,
    request: &Request,
    session: &Session,
) -> Result<Option<CredentialName>, Failure> {
    if request.host.is_empty() {
        return Ok(None);
    }
    let views = session.all()?;
    if let Some(name) = &args.name {
        let is_told = args
            .host
            .iter()
            .any(|host| host.eq_ignore_ascii_case(&request.host));
        let mut own = views.iter().filter(|view| view.profile.name == *name);
        let is_own = own.any(|view| is_at_home(view, &request.host));
        return Ok((is_told || is_own).then(|| name.clone()));
    }
    let account = request
        .username
        .as_deref()
        .filter(|user| !is_the_providers(user, &views));
    match fitting::find(&views, account, |view| is_at_home(view, &request.host)) {
        Fitting::None => Ok(None),
        Fitting::One(name) => Ok(Some(name)),
        Fitting::Several(names) => {
            let names: Vec<&str> = names.iter().map(CredentialName::as_str).collect();
            talk(&format!(
                "tokenward: {} are all for {}; say which: git config --global credential.{}://{}.username ACCOUNT",
                names.join(", "),
                request.host,
                request.protocol,
                request.host
            ));
            Ok(None)
        }
    }
}

/// Whether a user name says nothing about an account: it is what a provider wants beside every token.
fn is_the_providers(user: &str, views: &[CredentialView]) -> bool {
    views.iter().any(|view| {
        let record = catalogue::find(view.profile.name.provider());
        record.is_some_and(|record| record.git_user.as_deref() == Some(user))
    })
}

fn is_at_home(view: &CredentialView, host: &str) -> bool {
    hosts(view)
        .iter()
        .any(|known| known.eq_ignore_ascii_case(host))
}

/// The hosts where git can use a credential; none, where its provider serves no git.
pub fn hosts(view: &CredentialView) -> Vec<String> {
    fitting::hosts(view, |record| {
        let serves_git = record.git_user.is_some();
        serves_git.then(|| record.git_hosts.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(text: &str) -> Request {
        Request::read(text)
    }

    #[test]
    fn a_request_is_read_and_what_is_unknown_is_left() {
        let request = asks(
            "capability[]=authtype\ncapability[]=state\nprotocol=https\nhost=GitHub.com\npath=a/b=c\nusername=alice\n\
             wwwauth[]=Basic realm=\"x=y\"\nnonsense\n",
        );
        assert_eq!(
            (request.protocol.as_str(), request.host.as_str()),
            ("https", "github.com")
        );
        assert_eq!(request.username.as_deref(), Some("alice"));
        assert!(request.takes_schemes && request.password.is_none());
    }

    #[test]
    fn a_token_goes_over_https_or_to_this_machine() {
        let is_safe = |text: &str| asks(text).is_safe();
        for safe in [
            "https\nhost=github.com",
            "https\nhost=a:8443",
            "http\nhost=127.0.0.1:80",
            "http\nhost=[::1]",
            "http\nhost=[::1]:80",
            "http\nhost=localhost",
        ] {
            assert!(is_safe(&format!("protocol={safe}")), "{safe}");
        }
        for unsafe_ in [
            "http\nhost=github.com",
            "http\nhost=127.0.0.1.example",
            "http\nhost=localhost:x",
            "ftp\nhost=localhost",
            "\nhost=a",
        ] {
            assert!(!is_safe(&format!("protocol={unsafe_}")), "{unsafe_}");
        }
    }
}
