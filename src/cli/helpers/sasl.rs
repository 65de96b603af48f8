//! `tokenward sasl`: what a mail program sends to sign in with a token.
//!
//! OAUTHBEARER is that of RFC 7628 with the header of RFC 5801; XOAUTH2 is its forerunner, which Gmail and Outlook made.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::helpers::bearer::{self, Freshness};
use crate::cli::helpers::mailbox::{Mailbox, user_of};
use crate::cli::session::Session;
use crate::cli::token::{self, SaslAnswer};
use crate::engine::api::Command;
use crate::model::event::Purpose;
use clap::{Args, ValueEnum};

/// Arguments of `tokenward sasl`.
#[derive(Debug, Args)]
#[command(after_help = "\
Most mail programs build the response themselves and want the bare token: `token` prints that.
  msmtp   auth xoauth2          passwordeval \"tokenward sasl token google/alice\"
  mbsync  AuthMechs XOAUTH2     PassCmd \"tokenward sasl token google/alice\"
  mutt    set imap_authenticators=\"xoauth2\"    set imap_oauth_refresh_command=\"tokenward sasl token google/alice\"
  aerc    source = imaps+xoauth2://alice%40gmail.com@imap.gmail.com
          source-cred-cmd = tokenward sasl token google/alice
`tokenward setup msmtp|isync|mutt` writes such lines. By hand, and for what sends a response as it is: `xoauth2` and
`oauthbearer` print the whole initial response, in base64.")]
pub struct SaslArgs {
    /// What is printed.
    #[arg(value_enum)]
    mechanism: Mechanism,
    #[command(flatten)]
    mailbox: Mailbox,
    /// With oauthbearer: the server that is signed in to, where it wants to be told.
    #[arg(long)]
    host: Option<String>,
    /// With oauthbearer: its port.
    #[arg(long)]
    port: Option<u16>,
    #[command(flatten)]
    freshness: Freshness,
}

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mechanism {
    /// The initial response of XOAUTH2.
    Xoauth2,
    /// The initial response of OAUTHBEARER (RFC 7628).
    Oauthbearer,
    /// The token alone.
    Token,
}

/// Prints it.
pub fn run(args: &SaslArgs, context: &Context) -> Result<(), Failure> {
    if args.mechanism != Mechanism::Oauthbearer && (args.host.is_some() || args.port.is_some()) {
        return Err(Failure::usage("only oauthbearer tells host and port")
            .hint("leave --host and --port out, or say oauthbearer"));
    }
    let (user, token) = Session::with(context, |session| {
        let user = match (&args.mailbox.user, args.mechanism) {
            (Some(user), _) => user.clone(),
            (None, Mechanism::Token) => String::new(),
            (None, Mechanism::Xoauth2 | Mechanism::Oauthbearer) => {
                let name = args.mailbox.name.clone();
                user_of(&session.ask(|reply| Command::Show { name, reply })?)
            }
        };
        let token = bearer::fetch_by(session, &args.mailbox.name, args.freshness, Purpose::Mail)?;
        Ok((user, token))
    })?;
    if user.contains(char::is_control) {
        let text = "a user name holds no control characters";
        return Err(Failure::new(Kind::Usage, text).hint("say the right one: --user ADDRESS"));
    }
    let answer = match args.mechanism {
        Mechanism::Xoauth2 => SaslAnswer::Xoauth2 { user: &user },
        Mechanism::Oauthbearer => SaslAnswer::Oauthbearer {
            user: &user,
            host: args.host.as_deref(),
            port: args.port,
        },
        Mechanism::Token => SaslAnswer::Token,
    };
    context.output.exact(&token::for_sasl(&token, answer))
}
