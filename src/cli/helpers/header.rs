//! `tokenward header`: the HTTP header that carries a token, for programs that read headers from a file.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::helpers::bearer::{self, Freshness};
use crate::cli::token::{self, Format};
use crate::clock;
use crate::model::event::Purpose;
use crate::model::name::CredentialName;
use clap::Args;
use zeroize::Zeroizing;

/// Arguments of `tokenward header`.
#[derive(Debug, Args)]
#[command(after_help = "\
A token that is an argument of a program can be read by everybody on the machine (ps); through a pipe it cannot:
  tokenward header github/alice | curl -H @- https://api.github.com/user
  curl -H @<(tokenward header github/alice) https://api.github.com/user     (bash, zsh)
  tokenward header --curl github/alice | curl --config - https://api.github.com/user")]
pub struct HeaderArgs {
    /// Whose token, provider/account.
    name: CredentialName,
    /// As a line of curl's settings, for `curl --config -`: stdin stays free with `--config <(...)`.
    #[arg(long)]
    curl: bool,
    #[command(flatten)]
    freshness: Freshness,
}

/// Prints it.
pub fn run(args: &HeaderArgs, context: &Context) -> Result<(), Failure> {
    let token = bearer::fetch(context, &args.name, args.freshness, Purpose::Header)?;
    let line = token::text(&args.name, &token, None, &Format::Header, clock::now());
    match args.curl {
        true => context.output.exact(&setting(line.trim_end())),
        false => context.output.exact(&line),
    }
}

/// A line of curl's settings: in quotes, a backslash before each quote and backslash (curl(1), --config).
fn setting(header: &str) -> Zeroizing<String> {
    let mut line = Zeroizing::new(String::with_capacity(2 * header.len() + 16));
    line.push_str("header = \"");
    for letter in header.chars() {
        if letter == '"' || letter == '\\' {
            line.push('\\');
        }
        line.push(letter);
    }
    line.push_str("\"\n");
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_of_curl_holds_whatever_a_token_holds() {
        assert_eq!(
            *setting(r#"Authorization: Bearer a"b\c"#),
            "header = \"Authorization: Bearer a\\\"b\\\\c\"\n"
        );
    }
}
