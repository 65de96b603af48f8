//! `tokenward setup msmtp`: msmtp sends mail with a token.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::setup::mail::{Account, MailArgs, MailMechanism, MailProgram, Protocol};
use crate::cli::setup::places::{at_home, first_of, in_settings};
use clap::Args;

/// Arguments of `tokenward setup msmtp`.
#[derive(Debug, Args)]
#[command(after_help = "\
The account is called as the credential: msmtp -a google/alice. Where the file has no default account it becomes that.
The file is ~/.msmtprc where that is there, else ~/.config/msmtp/config.")]
pub struct SetupMsmtpArgs {
    #[command(flatten)]
    mail: MailArgs,
    /// How the token is handed to the server.
    #[arg(long, value_enum, default_value = "xoauth2")]
    mechanism: MailMechanism,
}

/// Prints, writes or takes out the lines.
pub fn run(args: &SetupMsmtpArgs, context: &Context) -> Result<(), Failure> {
    let program = MailProgram {
        word: "msmtp",
        protocol: Protocol::Smtp,
        file: first_of([at_home(".msmtprc")?], in_settings("msmtp/config")?),
        lines: |account: &Account, rest: &str| lines(account, rest, args.mechanism),
    };
    args.mail.settle(context, program).map(|_| ())
}

fn lines(account: &Account, rest: &str, mechanism: MailMechanism) -> String {
    let Account {
        name,
        user,
        host,
        port,
        command,
    } = account;
    let auth = match mechanism {
        MailMechanism::Xoauth2 => "xoauth2",
        MailMechanism::Oauthbearer => "oauthbearer",
    };
    let starttls = if account.is_tls_at_once() {
        "off"
    } else {
        "on"
    };
    let from = if user.contains('@') {
        format!("from {user}\n")
    } else {
        String::new()
    };
    let default = if has_default(rest) {
        String::new()
    } else {
        format!("account default : {name}\n")
    };
    format!(
        "account {name}\nhost {host}\nport {port}\ntls on\ntls_starttls {starttls}\nauth {auth}\nuser {user}\n{from}\
         passwordeval \"{command}\"\n{default}"
    )
}

fn has_default(text: &str) -> bool {
    text.lines().any(|line| {
        let mut words = line.split_whitespace();
        words.next() == Some("account")
            && words
                .next()
                .is_some_and(|word| word.trim_end_matches(':') == "default")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_the_default_where_there_is_none() {
        let account = Account {
            name: "google/alice".to_owned(),
            user: "alice@ex.org".to_owned(),
            host: "smtp.ex.org".to_owned(),
            port: 465,
            command: "tokenward sasl token google/alice".to_owned(),
        };
        let made = lines(
            &account,
            "account work\nhost x\n# account default\n",
            MailMechanism::Xoauth2,
        );
        assert!(made.ends_with("account default : google/alice\n"), "{made}");
        assert!(made.contains("tls_starttls off") && made.contains("from alice@ex.org"));
        for there in [
            "account default\n",
            "  account default: work",
            "account default : work",
        ] {
            let made = lines(&account, there, MailMechanism::Oauthbearer);
            assert!(!made.contains("default") && made.contains("auth oauthbearer"));
        }
    }
}
