//! What a person types of a role of AWS: its ARN, a region, a session's name, how long keys live.

use crate::cli::span;
use std::time::Duration;

/// Longest name of a session that AWS takes.
pub const LONGEST_SESSION: usize = 64;

/// A role's ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arn {
    /// The whole.
    pub text: String,
    /// `aws`, `aws-cn`: whose cloud it is in.
    pub partition: String,
}

/// Reads `arn:aws:iam::123456789012:role/NAME`.
pub fn read_arn(text: &str) -> Result<Arn, String> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let is_letters = |c: char| c.is_ascii_graphic();
    match parts.as_slice() {
        ["arn", partition, "iam", "", account, role]
            if (*partition == "aws" || partition.starts_with("aws-"))
                && account.len() == 12
                && account.bytes().all(|c| c.is_ascii_digit())
                && role
                    .strip_prefix("role/")
                    .is_some_and(|name| !name.is_empty())
                && role.chars().all(is_letters) =>
        {
            Ok(Arn {
                text: text.to_owned(),
                partition: (*partition).to_owned(),
            })
        }
        _ => Err(format!(
            "`{text}` is no role: write arn:aws:iam::ACCOUNT:role/NAME, with the account's twelve digits"
        )),
    }
}

/// Reads a name of a session: what AWS takes.
pub fn read_session(text: &str) -> Result<String, String> {
    let is_good = text.chars().all(is_for_sessions);
    match is_good && (2..=LONGEST_SESSION).contains(&text.len()) {
        true => Ok(text.to_owned()),
        false => Err("it has 2 to 64 letters, digits and _ + = , . @ -".to_owned()),
    }
}

/// Reads how long keys live: AWS takes fifteen minutes to twelve hours.
pub fn read_duration(text: &str) -> Result<Duration, String> {
    let length = span::parse(text)?;
    match (900..=43_200).contains(&length.as_secs()) {
        true => Ok(length),
        false => Err("AWS takes 15m to 12h, and no more than the role allows".to_owned()),
    }
}

/// Reads a region: a part of a host's name, nothing else.
pub fn read_region(text: &str) -> Result<String, String> {
    let is_good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    match !text.is_empty() && text.chars().all(is_good) {
        true => Ok(text.to_owned()),
        false => Err(format!("`{text}` is no region: write eu-central-1")),
    }
}

/// Whether AWS takes it in the name of a session.
pub fn is_for_sessions(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_known_by_its_arn() {
        for wrong in [
            "",
            "deploy",
            "arn:aws:iam::12345678901:role/x",
            "arn:aws:iam::123456789012:user/x",
            "arn:aws:iam::123456789012:role/",
            "arn:other:iam::123456789012:role/x",
            "arn:aws:iam::123456789012:role/x y",
        ] {
            assert!(read_arn(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_session_and_the_life_of_keys_are_what_aws_takes() {
        assert!(read_session("a").is_err() && read_session("a b").is_err());
        assert!(read_session("ci@ex.org").is_ok());
        assert!(read_duration("14m").is_err() && read_duration("12h1s").is_err());
        assert!(read_duration("15m").is_ok() && read_duration("12h").is_ok());
    }
}
