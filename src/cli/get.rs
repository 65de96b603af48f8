//! `tokenward get`: an access token that is fresh.

use crate::agent::call::Caller;
use crate::agent::socket;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::seat::has_left;
use crate::cli::session::Session;
use crate::cli::span;
use crate::cli::token::{self, Format, FormatParser};
use crate::cli::validate;
use crate::clock;
use crate::engine::api::Command;
use crate::model::event::Purpose;
use crate::model::inquiry::{ExchangeWish, ProofRequest};
use crate::model::name::CredentialName;
use crate::model::token::IssuedToken;
use crate::paths::Paths;
use crate::secret::Proof;
use clap::Args;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Arguments of `tokenward get`.
#[derive(Debug, Args)]
#[command(after_help = "\
--format is raw, json, header, env, or a text of your own: '{provider}: {access_token}' with {access_token} {token_type}
{expires_at} {expires_in} {account} {provider} {scopes}, and {{ }} for braces.
With --json, or --format json: one object with name, access_token, token_type, expires_at, expires_in and scopes.
A token that must live longer than its provider ever lets it (--min-ttl 30d) is refreshed at once.
With --dpop, the proof is a second line (raw, header, env), or the member dpop (json). It is good for that one request.")]
pub struct GetArgs {
    /// Whose token, provider/account.
    name: CredentialName,
    /// The token lives at least that long yet; otherwise it is refreshed first.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = span::parse)]
    min_ttl: Duration,
    /// A scope the token must carry, several times or separated by spaces; one that the grant lacks is asked for at the
    /// next sign-in. With --audience or --resource: what the other token shall be allowed.
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// Another token, for that service (token exchange, RFC 8693); several times for several.
    #[arg(long, value_name = "NAME")]
    audience: Vec<String>,
    /// The same, for the service at that address (RFC 8707).
    #[arg(long, value_name = "URL")]
    resource: Vec<String>,
    /// Another token that carries the scopes of --scope and no others (a refresh with fewer scopes, RFC 6749 6).
    #[arg(long, requires = "scope", conflicts_with_all = ["audience", "resource", "dpop"])]
    narrow: bool,
    /// Print the proof for one request beside the token (DPoP, RFC 9449).
    #[arg(long, num_args = 2, value_names = ["METHOD", "URL"], conflicts_with_all = ["audience", "resource"])]
    dpop: Vec<String>,
    /// The nonce that the service asked for in DPoP-Nonce.
    #[arg(
        long,
        value_name = "NONCE",
        requires = "dpop",
        allow_hyphen_values = true
    )]
    dpop_nonce: Option<String>,
    /// How it is printed.
    #[arg(long, value_parser = FormatParser, default_value = "raw")]
    format: Format,
    /// Wait that long for a refresh.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = span::parse)]
    timeout: Duration,
}

/// Prints the token.
pub fn run(args: &GetArgs, context: &Context) -> Result<(), Failure> {
    if matches!(args.format, Format::Template(_)) && !args.dpop.is_empty() {
        return Err(Failure::usage("a template has no place for a proof")
            .hint("with --dpop: --format raw, json, header or env"));
    }
    let (token, proof) = Session::with(context, |session| fetch(args, session))?;
    print(args, (&token, proof.as_ref()), context.output)
}

fn fetch(args: &GetArgs, session: &Session) -> Result<(IssuedToken, Option<Proof>), Failure> {
    let words = args.scope.iter().flat_map(|scope| scope.split_whitespace());
    let scopes: Vec<String> = words.map(str::to_owned).collect();
    let is_exchange = !(args.audience.is_empty() && args.resource.is_empty());
    if !is_exchange {
        validate::need(session, &args.name, &scopes)?;
    }
    let name = args.name.clone();
    if args.narrow {
        let narrow = session.ask(|reply| Command::Narrow {
            name,
            scopes,
            reply,
        })?;
        return Ok((narrow, None));
    }
    let token = session.ask(|reply| Command::Token {
        name,
        min_ttl: args.min_ttl,
        purpose: Purpose::Get,
        timeout: args.timeout,
        reply,
    })?;
    let name = args.name.clone();
    if is_exchange {
        let wish = ExchangeWish {
            audiences: args.audience.clone(),
            resources: args.resource.clone(),
            scopes,
        };
        let other = session.ask(|reply| Command::Exchange { name, wish, reply })?;
        return Ok((other, None));
    }
    let [method, url] = args.dpop.as_slice() else {
        return Ok((token, None));
    };
    let request = ProofRequest {
        method: method.clone(),
        url: url.clone(),
        nonce: args.dpop_nonce.clone(),
    };
    // The proof is of the token that is there now: both come from the same hand.
    let proven = session.ask(|reply| Command::Prove {
        name,
        request,
        reply,
    })?;
    Ok((proven.token, Some(proven.proof)))
}

fn print(
    args: &GetArgs,
    (token, proof): (&IssuedToken, Option<&Proof>),
    output: Output,
) -> Result<(), Failure> {
    let format = if output.json {
        &Format::Json
    } else {
        &args.format
    };
    output.exact(&token::text(&args.name, token, proof, format, clock::now()))
}

/// The short way for the most frequent command: a plain `get` with a living owner needs no settings, no runtime and no
/// command-line parser. `None`: take the long way, which knows every option and every error.
pub fn quick(arguments: &[OsString]) -> Option<Result<(), Failure>> {
    let request = Quick::read(arguments)?;
    let paths = Paths::standard().ok()?;
    let vault = request.vault.or_else(|| {
        let named = std::env::var_os("TOKENWARD_VAULT")?;
        Some(PathBuf::from(named))
    });
    if vault
        .as_ref()
        .is_some_and(|path| path.as_os_str().is_empty())
    {
        return None;
    }
    let place = socket::path_for(&paths, vault.as_ref().unwrap_or(&paths.vault));
    let GetArgs {
        name,
        min_ttl,
        timeout,
        ..
    } = &request.args;
    match Caller::new(place).token(name, *min_ttl, *timeout) {
        Ok(token) => Some(print(&request.args, (&token, None), Output { json: false })),
        Err(error) if has_left(&error) => None,
        Err(error) => Some(Err(error.into())),
    }
}

/// A plain `get` as it stands on the command line.
struct Quick {
    args: GetArgs,
    vault: Option<PathBuf>,
}

impl Quick {
    fn read(arguments: &[OsString]) -> Option<Self> {
        let mut words = arguments.get(1..)?.iter().map(|word| word.to_str());
        let mut is_get = false;
        let mut name = None;
        let mut read = Self {
            args: GetArgs {
                name: CredentialName::new("none", "none").ok()?,
                min_ttl: Duration::from_secs(60),
                scope: Vec::new(),
                audience: Vec::new(),
                resource: Vec::new(),
                narrow: false,
                dpop: Vec::new(),
                dpop_nonce: None,
                format: Format::Raw,
                timeout: Duration::from_secs(30),
            },
            vault: None,
        };
        while let Some(word) = words.next() {
            let word = word?;
            let Some(option) = word.strip_prefix("--") else {
                match (is_get, &name) {
                    (false, _) if word == "get" => is_get = true,
                    (true, None) if !word.starts_with('-') => name = Some(word.parse().ok()?),
                    _ => return None,
                }
                continue;
            };
            let (option, value) = match option.split_once('=') {
                Some((option, value)) => (option, value),
                None => (option, words.next()??),
            };
            match option {
                "vault" => read.vault = Some(PathBuf::from(value)),
                // Only what is for every command may stand before this one.
                _ if !is_get => return None,
                "min-ttl" => read.args.min_ttl = span::parse(value).ok()?,
                "timeout" => read.args.timeout = span::parse(value).ok()?,
                "format" => read.args.format = Format::read(value).ok()?,
                _ => return None,
            }
        }
        read.args.name = name?;
        Some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::{self, Cli};
    use clap::Parser;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn the_short_way_reads_what_the_parser_reads() {
        for line in [
            "tokenward get github/alice",
            "tokenward get --min-ttl 5m github/alice --format header",
            "tokenward get github/alice --timeout=10s --format=json",
            "tokenward get --vault /x/v.db github/alice --min-ttl=90",
            "tokenward --vault /x/v.db get github/alice",
        ] {
            let quick = Quick::read(&words(line)).unwrap();
            let cli = Cli::try_parse_from(words(line)).unwrap();
            let Some(args::Command::Get(long)) = cli.command else {
                panic!("{line}");
            };
            assert_eq!(format!("{long:?}"), format!("{:?}", quick.args), "{line}");
            assert_eq!(cli.globals.vault, quick.vault, "{line}");
        }
    }

    #[test]
    fn whatever_the_short_way_does_not_know_goes_the_long_way() {
        for line in [
            "tokenward",
            "tokenward list",
            "tokenward get",
            "tokenward get github",
            "tokenward get github/alice github/bob",
            "tokenward get github/alice --json",
            "tokenward get -h",
            "tokenward get github/alice --min-ttl",
            "tokenward get github/alice --min-ttl soon",
            "tokenward --json get github/alice",
            "tokenward --vault get github/alice",
            "tokenward --min-ttl 90 get github/alice",
        ] {
            assert!(Quick::read(&words(line)).is_none(), "{line}");
        }
    }
}
