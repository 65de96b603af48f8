//! What the settings of every mail program say: server, user name, the command that prints the token.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::helpers::mailbox::{Mailbox, user_of};
use crate::cli::session::Session;
use crate::cli::setup::block;
use crate::cli::setup::dotfile::Dotfile;
use crate::cli::setup::lines;
use crate::cli::setup::program::{bare, is_plain};
use crate::cli::setup::wish::Wish;
use crate::engine::api::Command;
use crate::oauth::catalogue;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Which account, and what becomes of its lines.
#[derive(Debug, Args)]
pub struct MailArgs {
    #[command(flatten)]
    mailbox: Mailbox,
    /// The mail server, instead of the one that the provider's record names.
    #[arg(long)]
    host: Option<String>,
    /// Its port. On 465 and 993 TLS begins at once, on all others by STARTTLS.
    #[arg(long)]
    port: Option<u16>,
    /// The file, instead of the one that the program reads.
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    #[command(flatten)]
    wish: Wish,
}

/// How the token is handed to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MailMechanism {
    /// Gmail's and Outlook's own.
    Xoauth2,
    /// The standard (RFC 7628).
    Oauthbearer,
}

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Mail is read there.
    Imap,
    /// Mail is sent there.
    Smtp,
}

/// An account at a server; every part is the same in every program's settings, without quotes.
#[derive(Debug)]
pub struct Account {
    /// The credential's name, and what the account is called in the settings.
    pub name: String,
    /// The user name.
    pub user: String,
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Prints the token.
    pub command: String,
}

impl Account {
    /// Whether TLS begins at once.
    pub fn is_tls_at_once(&self) -> bool {
        matches!(self.port, 465 | 993)
    }
}

/// A mail program.
pub struct MailProgram<F> {
    /// Its name.
    pub word: &'static str,
    /// Which server its lines name.
    pub protocol: Protocol,
    /// The file it reads.
    pub file: PathBuf,
    /// Makes the lines, knowing what else stands in the file.
    pub lines: F,
}

impl MailArgs {
    /// Does what is wished; gives the account where lines were printed or written.
    pub fn settle<F: Fn(&Account, &str) -> String>(
        &self,
        context: &Context,
        program: MailProgram<F>,
    ) -> Result<Option<Account>, Failure> {
        let path = self.file.as_ref().unwrap_or(&program.file);
        let key = format!("{} {}", program.word, self.mailbox.name);
        if self.wish.undo {
            lines::undo(context, path, &key)?;
            return Ok(None);
        }
        let account = self.account(context, program.protocol)?;
        let file = match self.wish.write {
            true => Some(Dotfile::open(path)?),
            // Lines can be printed for a file that is not to be touched.
            false => Dotfile::open(path).ok(),
        };
        let text = file.as_ref().and_then(|file| file.text.as_deref());
        let text = text.unwrap_or_default();
        let rest = block::without(text, &key).ok().flatten();
        let rest = rest.map_or_else(|| text.to_owned(), |rest| rest.text);
        let made = (program.lines)(&account, &rest);
        match file.filter(|_| self.wish.write) {
            Some(file) => lines::write(context, &file, &key, &made, None).map(|_| ())?,
            None => lines::print(context, path, &made)?,
        }
        Ok(Some(account))
    }

    fn account(&self, context: &Context, protocol: Protocol) -> Result<Account, Failure> {
        let view = Session::with(context, |session| {
            let name = self.mailbox.name.clone();
            session.ask(|reply| Command::Show { name, reply })
        })?;
        let user = self.mailbox.user.clone().unwrap_or_else(|| user_of(&view));
        let host = match &self.host {
            Some(host) => host.clone(),
            None => self.known_host(protocol)?,
        };
        for word in [&user, &host] {
            if !is_plain(word) {
                let text = format!("{word} cannot stand in settings of a mail program");
                return Err(Failure::usage(text).hint("say the right one: --user, --host"));
            }
        }
        let usual = match protocol {
            Protocol::Imap => 993,
            Protocol::Smtp => 587,
        };
        Ok(Account {
            name: self.mailbox.name.to_string(),
            user,
            host,
            port: self.port.unwrap_or(usual),
            command: bare(&["sasl", "token", self.mailbox.name.as_str()])?,
        })
    }

    /// The provider's own server, the first of its kind.
    fn known_host(&self, protocol: Protocol) -> Result<String, Failure> {
        let provider = self.mailbox.name.provider();
        let hosts = catalogue::find(provider).map(|record| record.mail_hosts.clone());
        let is_meant = |host: &String| host.starts_with("smtp") == (protocol == Protocol::Smtp);
        let host = hosts.unwrap_or_default().into_iter().find(is_meant);
        host.ok_or_else(|| {
            let text = format!("no mail server of {provider} is known");
            Failure::new(Kind::Usage, text).hint("say which: --host imap.example.org")
        })
    }
}
