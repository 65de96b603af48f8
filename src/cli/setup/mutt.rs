//! `tokenward setup mutt`: mutt and neomutt sign in with a token, to read mail and to send it.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::talk;
use crate::cli::setup::mail::{Account, MailArgs, MailProgram, Protocol};
use crate::cli::setup::places::{at_home, first_of, in_settings};
use clap::Args;

/// Arguments of `tokenward setup mutt`.
#[derive(Debug, Args)]
#[command(after_help = "\
The lines apply to this account alone: which mailbox is opened first stays as it is. With --send mutt sends all mail with
the account, in place of what the file said before.
The file is the first of ~/.muttrc, ~/.mutt/muttrc and ~/.config/mutt/muttrc; for neomutt: --file ~/.config/neomutt/neomuttrc")]
pub struct SetupMuttArgs {
    #[command(flatten)]
    mail: MailArgs,
    /// Send mail with it too, by this server.
    #[arg(long, value_name = "HOST:PORT", value_parser = read_server)]
    send: Option<String>,
}

/// Reads `smtp.example.org:587`.
fn read_server(text: &str) -> Result<String, String> {
    let is_host = |host: &str| {
        !host.is_empty()
            && host
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || ".-".contains(c))
    };
    match text.split_once(':') {
        Some((host, port)) if is_host(host) && port.parse::<u16>().is_ok() => Ok(text.to_owned()),
        _ => Err("write it with its port: smtp.example.org:587".to_owned()),
    }
}

/// Prints, writes or takes out the lines.
pub fn run(args: &SetupMuttArgs, context: &Context) -> Result<(), Failure> {
    let usual = at_home(".muttrc")?;
    let others = [at_home(".mutt/muttrc")?, in_settings("mutt/muttrc")?];
    let places = [usual.clone()].into_iter().chain(others);
    let program = MailProgram {
        word: "mutt",
        protocol: Protocol::Imap,
        file: first_of(places, usual),
        lines: |account: &Account, _: &str| lines(account, args.send.as_deref()),
    };
    if let Some(account) = args.mail.settle(context, program)?
        && !context.output.json
    {
        talk(&format!("It is opened by: mutt -f {}", url(&account)));
    }
    Ok(())
}

fn url(account: &Account) -> String {
    let scheme = if account.is_tls_at_once() {
        "imaps"
    } else {
        "imap"
    };
    let Account { host, port, .. } = account;
    format!("{scheme}://{}@{host}:{port}/", encoded(&account.user))
}

/// A user name in an address.
fn encoded(user: &str) -> String {
    user.replace('%', "%25")
        .replace('@', "%40")
        .replace('/', "%2F")
        .replace(':', "%3A")
}

fn lines(account: &Account, send: Option<&str>) -> String {
    let command = &account.command;
    let reading = format!(
        "account-hook {} 'set imap_authenticators=\"oauthbearer:xoauth2\" imap_oauth_refresh_command=\"{command}\"'\n",
        url(account)
    );
    let Some(server) = send else { return reading };
    let scheme = if server.ends_with(":465") {
        "smtps"
    } else {
        "smtp"
    };
    format!(
        "{reading}set smtp_url=\"{scheme}://{}@{server}/\"\nset smtp_authenticators=\"oauthbearer:xoauth2\"\n\
         set smtp_oauth_refresh_command=\"{command}\"\n",
        encoded(&account.user)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_stands_in_an_address() {
        let account = Account {
            name: "google/alice".to_owned(),
            user: "alice@ex.org".to_owned(),
            host: "imap.ex.org".to_owned(),
            port: 993,
            command: "tokenward sasl token google/alice".to_owned(),
        };
        assert_eq!(url(&account), "imaps://alice%40ex.org@imap.ex.org:993/");
        assert!(!lines(&account, None).contains("smtp"));
        let both = lines(&account, Some("smtp.ex.org:587"));
        assert!(
            both.contains("set smtp_url=\"smtp://alice%40ex.org@smtp.ex.org:587/\""),
            "{both}"
        );
        assert!(read_server("smtp.ex.org").is_err() && read_server("a b:1").is_err());
    }
}
