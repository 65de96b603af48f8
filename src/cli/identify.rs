//! `tokenward identify`: whose is this token? It is read from stdin, never from an argument.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::revoke;
use crate::cli::session::Session;
use crate::cli::span;
use crate::clock::{self, Timestamp};
use crate::engine::api::Command;
use crate::model::identity::{End, Identity, Jwt, Owner};
use crate::model::name::CredentialName;
use crate::secret::FoundToken;
use clap::Args;
use std::fmt::Write as _;
use std::io::Read;
use zeroize::Zeroizing;

/// Longest token that is read, in bytes.
const LARGEST: u64 = 64 * 1024;

/// Arguments of `tokenward identify`.
#[derive(Debug, Args)]
#[command(after_help = "\
Give the token on stdin; at a terminal it is asked for without echo. It is compared with the keyed fingerprints of every
token the vault ever held; an unknown one leaves no trace. Exit codes: 0 it is one of yours; 3 no credential ever held it.
With --json: one object with owner (name, is_kept, kind (access, refresh, id), generation, generation_now, since, ended,
expires_at) and jwt (algorithm, claims, signature).")]
pub struct IdentifyArgs {
    /// Let the provider's published keys tell whether a JWT's signature is its own; asks the network, and only about a
    /// token of yours.
    #[arg(long)]
    verify: bool,
    /// Revoke the credential at once, if it is one of yours.
    #[arg(long)]
    revoke: bool,
}

/// Tells.
pub fn run(args: &IdentifyArgs, context: &Context) -> Result<(), Failure> {
    let token = read(context)?;
    let verify = args.verify;
    let identity = Session::with(context, |session| {
        let token = token.duplicate();
        session.ask(|reply| Command::Identify {
            token,
            verify,
            reply,
        })
    })?;
    if context.output.json {
        context.output.json_line(&identity)?;
    } else {
        context.output.data(&told(&identity, clock::now()))?;
    }
    let Some(owner) = identity.owner else {
        let said = "no credential of this vault ever held this token";
        return Err(Failure::new(Kind::NoSuchCredential, said));
    };
    let is_worth_revoking = is_worth_revoking(&owner);
    match owner.name {
        Some(name) if is_worth_revoking => offer(args, context, name),
        Some(_) | None => Ok(()),
    }
}

fn offer(args: &IdentifyArgs, context: &Context, name: CredentialName) -> Result<(), Failure> {
    let revokes = args.revoke
        || (context.output.can_ask() && {
            let question = format!("Revoke {name} at its provider now? [y/N] ");
            context.output.ask(&question)?.eq_ignore_ascii_case("y")
        });
    if revokes {
        return revoke::one(name, context);
    }
    context
        .output
        .say(&format!("To end it: tokenward revoke {name}"));
    Ok(())
}

/// A refresh token of an earlier generation may be used against its family too.
fn is_worth_revoking(owner: &Owner) -> bool {
    let how = owner.ended.map(|ended| ended.how);
    !matches!(how, Some(End::Revoked | End::BeingRevoked | End::Removed))
}

fn read(context: &Context) -> Result<FoundToken, Failure> {
    let text = if context.output.can_ask() {
        Zeroizing::new(rpassword::prompt_password("Token (not shown): ")?)
    } else {
        // Room for all at once: no outgrown buffer with the token in it stays behind.
        let room = usize::try_from(LARGEST).unwrap_or(0) + 1;
        let mut text = Zeroizing::new(String::with_capacity(room));
        std::io::stdin().take(LARGEST).read_to_string(&mut text)?;
        text
    };
    match text.trim() {
        "" => Err(Failure::usage("there is no token")
            .hint("give it on stdin: `tokenward identify < file`")),
        token => Ok(FoundToken::new(token.to_owned())),
    }
}

fn told(identity: &Identity, now: Timestamp) -> String {
    let mut text = match &identity.owner {
        Some(owner) => sentence(owner, now),
        None => String::new(),
    };
    if let Some(jwt) = &identity.jwt {
        text.push_str(&claims(jwt));
    }
    text
}

fn sentence(owner: &Owner, now: Timestamp) -> String {
    let name = owner
        .name
        .as_ref()
        .map_or("a credential that was removed", |name| name.as_str());
    let kind = owner.kind.map_or("token", |kind| kind.word());
    let mut text = format!("{name}: {kind} of generation {}", owner.generation.0);
    match (owner.ended, owner.generation_now) {
        (None, _) => text.push_str(", the present one"),
        (Some(ended), generation_now) => {
            let _ = write!(text, ", {}", ended.how.words());
            if let Some(at) = ended.at {
                let _ = write!(
                    text,
                    " {} ago ({})",
                    span::show(at.until(now)),
                    at.to_rfc3339()
                );
            }
            if let Some(generation) = generation_now {
                let _ = write!(text, "; generation {} now", generation.0);
            }
        }
    }
    if let Some(end) = owner.expires_at {
        let left = now.until(end);
        if left.is_zero() {
            text.push_str(", expired");
        } else {
            let _ = write!(text, ", expires in {}", span::show(left));
        }
    }
    text.push('\n');
    text
}

fn claims(jwt: &Jwt) -> String {
    let algorithm = jwt.algorithm.as_deref().unwrap_or("no algorithm");
    let claims = serde_json::to_string_pretty(&jwt.claims).unwrap_or_default();
    format!("JWT ({algorithm}), {}:\n{claims}\n", jwt.signature.words())
}
