//! `tokenward setup isync`: mbsync signs in to an IMAP server with a token.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::talk;
use crate::cli::setup::mail::{Account, MailArgs, MailMechanism, MailProgram, Protocol};
use crate::cli::setup::places::{at_home, first_of, in_settings};
use clap::Args;

/// Arguments of `tokenward setup isync`.
#[derive(Debug, Args)]
#[command(after_help = "\
An account and a store come into the file, both called google-alice for google/alice; a channel that brings its mailboxes
into a folder is yours to make: Far :google-alice:
mbsync knows a mechanism when the Cyrus SASL library has a module for it (XOAUTH2 on Debian: libsasl2-modules-kdexoauth2).
The file is ~/.mbsyncrc, or ~/.config/isyncrc where that is there.")]
pub struct SetupIsyncArgs {
    #[command(flatten)]
    mail: MailArgs,
    /// How the token is handed to the server.
    #[arg(long, value_enum, default_value = "xoauth2")]
    mechanism: MailMechanism,
}

/// Prints, writes or takes out the lines.
pub fn run(args: &SetupIsyncArgs, context: &Context) -> Result<(), Failure> {
    let program = MailProgram {
        word: "isync",
        protocol: Protocol::Imap,
        file: first_of([in_settings("isyncrc")?], at_home(".mbsyncrc")?),
        lines: |account: &Account, _: &str| lines(account, args.mechanism),
    };
    if let Some(account) = args.mail.settle(context, program)?
        && !context.output.json
    {
        talk(&format!(
            "A channel that brings its mailboxes here has the line: Far :{}:",
            store(&account)
        ));
    }
    Ok(())
}

/// What account and store are called: state files are named by it, so there is no slash.
fn store(account: &Account) -> String {
    account.name.replace('/', "-")
}

/// A blank line ends a section there, so one stands in front and one behind.
fn lines(account: &Account, mechanism: MailMechanism) -> String {
    let name = store(account);
    let Account {
        user,
        host,
        port,
        command,
        ..
    } = account;
    let mechanism = match mechanism {
        MailMechanism::Xoauth2 => "XOAUTH2",
        MailMechanism::Oauthbearer => "OAUTHBEARER",
    };
    let tls = if account.is_tls_at_once() {
        "IMAPS"
    } else {
        "STARTTLS"
    };
    format!(
        "\nIMAPAccount {name}\nHost {host}\nPort {port}\nSSLType {tls}\nUser {user}\nAuthMechs {mechanism}\n\
         PassCmd \"{command}\"\n\nIMAPStore {name}\nAccount {name}\n\n"
    )
}
