//! `tokenward docker-credential`: docker and podman ask for a user name and a secret for a registry.
//!
//! The protocol is that of docker-credential-helpers. The client starts `docker-credential-NAME` with nothing but the
//! action, so a script of that name stands in front of this command (`tokenward setup docker` makes it): unlike a second
//! name of the program itself it can be read, and can say which credential is meant.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::helpers::bearer::{self, Freshness};
use crate::cli::helpers::fitting::{self, Fitting};
use crate::cli::helpers::request;
use crate::cli::session::Session;
use crate::cli::token;
use crate::model::credential::CredentialView;
use crate::model::event::Purpose;
use crate::model::name::CredentialName;
use crate::oauth::catalogue;
use crate::secret::FoundToken;
use clap::{Args, ValueEnum};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What clients take for: nothing is known of that registry, go on without.
const NOT_FOUND: &str = "credentials not found in native keychain\n";

/// Arguments of `tokenward docker-credential`.
#[derive(Debug, Args)]
#[command(after_help = "\
`tokenward setup docker` makes the script docker-credential-tokenward and names it in docker's settings:
  { \"credHelpers\": { \"ghcr.io\": \"tokenward\" } }
The credential is found by the registry. What docker wants stored is not: tokenward has it already, or never had it.
What docker wants erased (docker logout) stays: `tokenward remove` forgets, `tokenward revoke` ends it.")]
pub struct DockerArgs {
    /// The credential, instead of looking for one by the registry. It answers for its provider's, and for --host.
    #[arg(long)]
    name: Option<CredentialName>,
    /// With --name: a further registry that may have its token.
    #[arg(long, requires = "name")]
    host: Vec<String>,
    /// The user name that is sent beside the token, instead of the provider's own.
    #[arg(long)]
    user: Option<String>,
    #[command(flatten)]
    freshness: Freshness,
    /// What docker wants.
    #[arg(value_enum)]
    action: DockerAction,
}

/// What docker wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DockerAction {
    /// A user name and a secret; the registry is on stdin.
    Get,
    /// To have some kept.
    Store,
    /// To have some forgotten.
    Erase,
    /// All registries that are known, with their user names.
    List,
}

/// What docker wants kept.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Given {
    #[serde(rename = "ServerURL")]
    server: String,
    secret: String,
}

/// Answers docker; it shows what it finds on stdout, also of a failure.
pub fn run(args: &DockerArgs, context: &Context) -> Result<(), Failure> {
    let done = match args.action {
        DockerAction::Get => get(args, context),
        DockerAction::Store => store(args, context),
        DockerAction::Erase => erase(args, context),
        DockerAction::List => list(args, context),
    };
    let Err(failure) = &done else { return done };
    // The exit code tells the rest.
    if failure.kind != Kind::ReaderGone && failure.source.to_string() != NOT_FOUND.trim_end() {
        let mut said = vec![failure.source.to_string()];
        said.extend(failure.hints.iter().cloned());
        context
            .output
            .data(&format!("tokenward: {}\n", said.join("; ")))?;
    }
    done
}

fn get(args: &DockerArgs, context: &Context) -> Result<(), Failure> {
    let asked = request::read()?;
    let server = asked.trim();
    let found = Session::with(context, |session| {
        let Some(view) = meant(args, server, session)? else {
            return Ok(None);
        };
        let name = &view.profile.name;
        let token = bearer::fetch_by(session, name, args.freshness, Purpose::Docker)?;
        Ok(Some((user(args, &view), token)))
    })?;
    match found {
        Some((user, token)) => context
            .output
            .exact(&token::for_docker(&token, server, &user)),
        None => {
            context.output.exact(NOT_FOUND)?;
            let kind = Kind::Failed;
            Err(Failure::new(kind, NOT_FOUND.trim_end()))
        }
    }
}

/// Docker hands back what it got here after every `docker login`; that is no new secret.
fn store(args: &DockerArgs, context: &Context) -> Result<(), Failure> {
    let text = request::read()?;
    let given: Given = serde_json::from_str(&text)
        .map_err(|_| Failure::usage("what is to be stored is no JSON with ServerURL and Secret"))?;
    let secret = FoundToken::new(given.secret);
    let is_ours = Session::with(context, |session| {
        let Some(view) = meant(args, &given.server, session)? else {
            return Ok(false);
        };
        let name = &view.profile.name;
        let token = bearer::fetch_by(session, name, args.freshness, Purpose::Docker)?;
        Ok(token::is_same(&token, &secret))
    })?;
    if is_ours {
        return Ok(());
    }
    let text = format!("nothing was stored for {}", shown(&given.server));
    Err(Failure::new(Kind::Refused, text)
        .hint("tokenward keeps what it got at a sign-in: log in without a user name, docker login REGISTRY")
        .hint("to have docker keep a password itself, take this registry out of credHelpers"))
}

fn erase(args: &DockerArgs, context: &Context) -> Result<(), Failure> {
    let asked = request::read()?;
    let server = asked.trim();
    let found = Session::with(context, |session| meant(args, server, session))?;
    let Some(view) = found else { return Ok(()) };
    let name = &view.profile.name;
    Err(
        Failure::new(Kind::Refused, format!("{name} stays in the vault"))
            .hint(format!("to forget it: tokenward remove {name}"))
            .hint(format!(
                "to end it at the provider: tokenward revoke {name}"
            )),
    )
}

fn list(args: &DockerArgs, context: &Context) -> Result<(), Failure> {
    let known = Session::with(context, |session| {
        let mut known = BTreeMap::new();
        let views = session.all()?;
        let hosts = views.iter().flat_map(registries);
        for host in hosts.filter(|host| !host.starts_with('*')) {
            if let Ok(Some(view)) = meant(args, &host, session) {
                known.insert(host, user(args, &view));
            }
        }
        Ok(known)
    })?;
    context.output.json_line(&known)
}

/// The registry of an address: docker names some by a whole URL. `None`: a token does not go there.
fn registry(server: &str) -> Option<String> {
    let (scheme, rest) = server.split_once("://").unwrap_or(("https", server));
    let host = rest.split('/').next().unwrap_or_default();
    let is_host = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    let is_safe = scheme == "https" && !host.is_empty() && host.chars().all(is_host);
    is_safe.then(|| host.to_ascii_lowercase())
}

fn meant(
    args: &DockerArgs,
    server: &str,
    session: &Session,
) -> Result<Option<CredentialView>, Failure> {
    let Some(host) = registry(server) else {
        return Ok(None);
    };
    let views = session.all()?;
    let find = |name: &CredentialName| views.iter().find(|view| view.profile.name == *name);
    if let Some(name) = &args.name {
        let is_told = args
            .host
            .iter()
            .any(|told| told.eq_ignore_ascii_case(&host));
        let view = find(name).filter(|view| is_told || is_at_home(view, &host));
        return Ok(view.cloned());
    }
    match fitting::find(&views, None, |view| is_at_home(view, &host)) {
        Fitting::None => Ok(None),
        Fitting::One(name) => Ok(find(&name).cloned()),
        Fitting::Several(names) => {
            let first = names[0].clone();
            let names: Vec<&str> = names.iter().map(CredentialName::as_str).collect();
            let text = format!("{} are all for {host}", names.join(", "));
            Err(Failure::usage(text).hint(format!(
                "say which: tokenward setup docker --host {host} --name {first} --write"
            )))
        }
    }
}

fn is_at_home(view: &CredentialView, host: &str) -> bool {
    registries(view).iter().any(|known| fits(known, host))
}

/// Whether a registry is that host, or one of `*.pkg.dev`.
fn fits(known: &str, host: &str) -> bool {
    match known.strip_prefix('*') {
        Some(end) => host.len() > end.len() && host.ends_with(end),
        None => known.eq_ignore_ascii_case(host),
    }
}

/// The registries where a credential can be used; none, where its provider has none.
pub fn registries(view: &CredentialView) -> Vec<String> {
    fitting::hosts(view, |record| {
        let has_registry = record.registry_user.is_some();
        has_registry.then(|| record.registry_hosts.clone())
    })
}

fn user(args: &DockerArgs, view: &CredentialView) -> String {
    let name = &view.profile.name;
    let record = catalogue::find(name.provider());
    let own = record.and_then(|record| record.registry_user.clone());
    let user = args.user.clone().or(own);
    let user = user.unwrap_or_else(|| "oauth2".to_owned());
    user.replace("{account}", name.account())
}

fn shown(server: &str) -> String {
    registry(server).unwrap_or_else(|| "that registry".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_known_by_its_host() {
        let known = |server: &str| registry(server);
        assert_eq!(
            known("https://index.docker.io/v1/").as_deref(),
            Some("index.docker.io")
        );
        assert_eq!(known("GHCR.io").as_deref(), Some("ghcr.io"));
        assert_eq!(known("127.0.0.1:5000").as_deref(), Some("127.0.0.1:5000"));
        for wrong in [
            "",
            "http://ghcr.io",
            "https://",
            "a b",
            "x@ghcr.io",
            "ftp://a",
        ] {
            assert_eq!(known(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_star_stands_for_a_part_of_a_host_and_not_for_its_end() {
        assert!(fits("*.pkg.dev", "europe-docker.pkg.dev"));
        for other in [
            "pkg.dev",
            ".pkg.dev",
            "evilpkg.dev",
            "a.pkg.dev.evil.example",
        ] {
            assert!(!fits("*.pkg.dev", other), "{other}");
        }
        assert!(!fits("ghcr.io", "aghcr.io"));
    }
}
