//! `tokenward setup aws`: a profile of the AWS CLI and SDKs whose keys are got for a token.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::helpers::arn::{Arn, read_arn, read_duration, read_region, read_session};
use crate::cli::output::talk;
use crate::cli::setup::dotfile::Dotfile;
use crate::cli::setup::lines;
use crate::cli::setup::places::{at_home, named_by};
use crate::cli::setup::program::bare;
use crate::cli::setup::wish::Wish;
use crate::model::name::CredentialName;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// Arguments of `tokenward setup aws`.
#[derive(Debug, Args)]
#[command(after_help = "\
The profile is used by: aws --profile deploy, or AWS_PROFILE=deploy. The file is the one that AWS_CONFIG_FILE names, else
~/.aws/config.")]
pub struct SetupAwsArgs {
    /// Whose token, provider/account.
    #[arg(required_unless_present = "undo")]
    name: Option<CredentialName>,
    /// The role whose keys are wanted.
    #[arg(long, value_name = "ARN", value_parser = read_arn, required_unless_present = "undo")]
    role: Option<Arn>,
    /// What the profile is called, instead of as the role.
    #[arg(long, value_parser = read_profile, required_unless_present = "role")]
    profile: Option<String>,
    /// Give AWS the ID token instead of the access token.
    #[arg(long)]
    id_token: bool,
    /// The profile's region.
    #[arg(long, value_parser = read_region)]
    region: Option<String>,
    /// What the session is called in the account's log, instead of the account's name.
    #[arg(long, value_name = "NAME", value_parser = read_session)]
    session_name: Option<String>,
    /// How long keys shall live, 15m to 12h; without it an hour.
    #[arg(long, value_name = "TIME", value_parser = read_duration)]
    duration: Option<Duration>,
    /// Another address of STS: a VPC endpoint, or one on this machine.
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// The file, instead of the one that AWS reads.
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    #[command(flatten)]
    wish: Wish,
}

fn read_profile(text: &str) -> Result<String, String> {
    let is_good = |c: char| c.is_ascii_alphanumeric() || "._-+@/".contains(c);
    match !text.is_empty() && text.chars().all(is_good) {
        true => Ok(text.to_owned()),
        false => Err("it has letters, digits and . _ - + @ /".to_owned()),
    }
}

/// Prints, writes or takes out the lines.
pub fn run(args: &SetupAwsArgs, context: &Context) -> Result<(), Failure> {
    let path = match &args.file {
        Some(path) => path.clone(),
        None => named_by("AWS_CONFIG_FILE").map_or_else(|| at_home(".aws/config"), Ok)?,
    };
    let profile = args.profile();
    let key = format!("aws {profile}");
    if args.wish.undo {
        return lines::undo(context, &path, &key).map(|_| ());
    }
    let made = args.lines(&profile)?;
    if !args.wish.write {
        return lines::print(context, &path, &made);
    }
    let file = Dotfile::open(&path)?;
    let text = file.text.as_deref().unwrap_or_default();
    let rest = lines::without(&file, &key)?;
    if has_section(
        rest.as_ref().map_or(text, |rest| &rest.text),
        &profile,
        true,
    ) {
        let text = format!("{} has a profile {profile} of yours", path.display());
        return Err(Failure::new(Kind::Refused, text)
            .hint("give this one another name: --profile NAME")
            .hint("or take yours out first"));
    }
    lines::write(context, &file, &key, &made, None)?;
    warn_of_keys(&profile, context);
    Ok(())
}

impl SetupAwsArgs {
    fn profile(&self) -> String {
        let role = self.role.as_ref().map(|role| role.text.as_str());
        let last = role.and_then(|role| role.rsplit('/').next());
        let named = self.profile.as_deref().or(last);
        named.unwrap_or("tokenward").to_owned()
    }

    fn lines(&self, profile: &str) -> Result<String, Failure> {
        let (Some(name), Some(role)) = (&self.name, &self.role) else {
            return Err(Failure::usage("a credential and a role are needed")
                .hint("tokenward setup aws keycloak/alice --role arn:aws:iam::ACCOUNT:role/NAME"));
        };
        let seconds = self.duration.map(|length| format!("{}s", length.as_secs()));
        let mut words = vec!["aws-credential", name.as_str(), "--role", &role.text];
        let options = [
            ("--region", self.region.as_deref()),
            ("--session-name", self.session_name.as_deref()),
            ("--duration", seconds.as_deref()),
            ("--endpoint", self.endpoint.as_deref()),
        ];
        for (option, value) in options {
            words.extend(value.into_iter().flat_map(|value| [option, value]));
        }
        if self.id_token {
            words.push("--id-token");
        }
        let region = self.region.as_ref();
        let region = region.map(|region| format!("region = {region}\n"));
        Ok(format!(
            "{}\ncredential_process = {}\n{}",
            header(profile),
            bare(&words)?,
            region.unwrap_or_default()
        ))
    }
}

fn header(profile: &str) -> String {
    match profile {
        "default" => "[default]".to_owned(),
        profile => format!("[profile {profile}]"),
    }
}

/// Whether there is a section for that profile; in the file of keys it is called without the word.
fn has_section(text: &str, profile: &str, with_word: bool) -> bool {
    text.lines().any(|line| {
        let inner = line
            .trim()
            .strip_prefix('[')
            .and_then(|line| line.split_once(']'));
        let Some((inner, _)) = inner else {
            return false;
        };
        let words: Vec<&str> = inner
            .split_whitespace()
            .map(|word| word.trim_matches(['"', '\'']))
            .collect();
        match words.as_slice() {
            [only] => *only == profile && (!with_word || profile == "default"),
            ["profile", name] => *name == profile && with_word,
            _ => false,
        }
    })
}

/// Keys in a file are taken before a process is asked.
fn warn_of_keys(profile: &str, context: &Context) {
    let named = named_by("AWS_SHARED_CREDENTIALS_FILE");
    let Some(path) = named.or_else(|| at_home(".aws/credentials").ok()) else {
        return;
    };
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    if has_section(&text, profile, false) && !context.output.json {
        let path = path.display();
        talk(&format!(
            "warning: AWS takes the keys of [{profile}] in {path} first; take them out there."
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_found_however_it_is_spelt() {
        let config = "[default]\nregion=x\n [profile \"deploy\"] # mine\n[profile other]\n";
        assert!(has_section(config, "deploy", true) && has_section(config, "default", true));
        assert!(!has_section(config, "x", true) && !has_section("[deploy]\n", "deploy", true));
        assert!(has_section(
            "[deploy]\naws_access_key_id=A\n",
            "deploy",
            false
        ));
    }
}
