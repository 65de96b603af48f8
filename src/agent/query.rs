//! What stands behind the question mark of an address: lengths of time, a name, a limit.

use crate::agent::route_error::RouteError;
use crate::agent::search;
use crate::model::audit::Filter;
use crate::model::credential::Generation;
use crate::model::event::Purpose;
use crate::model::name::CredentialName;
use std::fmt::Write;
use std::time::Duration;

/// What stands behind the question mark.
#[derive(Debug, Default)]
pub struct Query {
    /// How long a token must live yet.
    pub min_ttl: Option<Duration>,
    /// How long the caller waits.
    pub timeout: Option<Duration>,
    /// Of which credential.
    pub name: Option<CredentialName>,
    /// What becomes of a token.
    pub purpose: Option<Purpose>,
    /// At most so many.
    pub limit: Option<usize>,
    /// Which lines of the activity log; the credential is `name`.
    pub filter: Filter,
    /// Lines after this number.
    pub after: Option<u64>,
    /// Only while the credential is of this generation.
    pub generation: Option<Generation>,
    /// Without the names of accounts.
    pub hides_accounts: bool,
}

impl Query {
    /// Reads it as it came, percent-encoded; refuses what is not `allowed`.
    pub fn read(query: Option<&str>, allowed: &[&str]) -> Result<Self, RouteError> {
        let mut read = Self::default();
        for (key, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if !allowed.contains(&&*key) {
                return Err(RouteError::invalid(
                    format!("there is no parameter {:.40?} here", &*key),
                    "the parameters are min_ttl, timeout and for (token), timeout (refresh), name and limit (activity); \
                     name, kind, outcome, program, since, until, operation, after, limit and accounts (audit); generation (DELETE)",
                ));
            }
            match &*key {
                "min_ttl" => read.min_ttl = Some(read_seconds(&value)?),
                "timeout" => read.timeout = Some(read_seconds(&value)?),
                "for" => read.purpose = Some(read_purpose(&value)?),
                "limit" => read.limit = Some(read_limit(&value)?),
                "after" => read.after = Some(read_after(&value)?),
                "generation" => read.generation = Some(read_generation(&value)?),
                "accounts" => read.hides_accounts = read_hidden(&value)?,
                "kind" | "outcome" | "program" | "since" | "until" | "operation" => {
                    search::read_filter(&mut read.filter, &key, &value)?;
                }
                _ if value.is_empty() => {}
                _ => {
                    let (provider, account) = value.split_once('/').unwrap_or((&value, ""));
                    read.name = Some(read_name(provider, account)?);
                }
            }
        }
        Ok(read)
    }
}

/// Reads a name from its two parts.
pub fn read_name(provider: &str, account: &str) -> Result<CredentialName, RouteError> {
    CredentialName::new(provider, account)
        .map_err(|error| RouteError::invalid(error.to_string(), "`tokenward list` shows all names"))
}

fn read_purpose(value: &str) -> Result<Purpose, RouteError> {
    match value {
        "get" => Ok(Purpose::Get),
        "exec" => Ok(Purpose::Exec),
        "git" => Ok(Purpose::Git),
        "header" => Ok(Purpose::Header),
        "mail" => Ok(Purpose::Mail),
        "kube" => Ok(Purpose::Kube),
        "docker" => Ok(Purpose::Docker),
        "aws" => Ok(Purpose::Aws),
        "reveal" => Ok(Purpose::Reveal),
        "copy" => Ok(Purpose::Copy),
        _ => Err(RouteError::invalid(
            "for says what becomes of the token",
            "it is get, exec, git, header, mail, kube, docker, aws, reveal or copy",
        )),
    }
}

/// A token's purpose behind the question mark; of the usual one nothing is said.
pub fn of_purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Exec => "&for=exec",
        Purpose::Git => "&for=git",
        Purpose::Header => "&for=header",
        Purpose::Mail => "&for=mail",
        Purpose::Kube => "&for=kube",
        Purpose::Docker => "&for=docker",
        Purpose::Aws => "&for=aws",
        Purpose::Reveal => "&for=reveal",
        Purpose::Copy => "&for=copy",
        // The others are routes of their own.
        Purpose::Get | Purpose::Proof | Purpose::Exchange | Purpose::Narrow => "",
    }
}

fn read_limit(value: &str) -> Result<usize, RouteError> {
    value
        .parse()
        .map_err(|_| RouteError::invalid("limit is a whole number", "for example limit=100"))
}

fn read_after(value: &str) -> Result<u64, RouteError> {
    value
        .parse()
        .map_err(|_| RouteError::invalid("after is the number of a line", "for example after=100"))
}

fn read_generation(value: &str) -> Result<Generation, RouteError> {
    let number = value.parse();
    number.map(Generation).map_err(|_| {
        RouteError::invalid("generation is a whole number", "for example generation=7")
    })
}

fn read_hidden(value: &str) -> Result<bool, RouteError> {
    if value == "hidden" {
        return Ok(true);
    }
    Err(RouteError::invalid(
        "accounts can only be hidden",
        "leave it out, or say accounts=hidden",
    ))
}

/// Seconds with up to nine decimals, without loss.
pub fn seconds(duration: Duration) -> String {
    let mut text = duration.as_secs().to_string();
    if duration.subsec_nanos() != 0 {
        // Writing to a String cannot fail.
        let _ = write!(text, ".{:09}", duration.subsec_nanos());
        text.truncate(text.trim_end_matches('0').len());
    }
    text
}

fn read_seconds(text: &str) -> Result<Duration, RouteError> {
    let wrong = || {
        RouteError::invalid(
            "min_ttl and timeout are seconds, up to nine decimals",
            "for example min_ttl=60",
        )
    };
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > 9 {
        return Err(wrong());
    }
    let whole: u64 = whole.parse().map_err(|_| wrong())?;
    let nanos: u32 = format!("{part:0<9}").parse().map_err(|_| wrong())?;
    Ok(Duration::new(whole, nanos))
}
