//! `tokenward config`: the settings as they count, where each value comes from, whether a file is right.

use crate::cli::args::Globals;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::passphrase;
use crate::config::keys::dotted;
use crate::config::layers::Loaded;
use crate::config::origin::{Origin, Setting};
use crate::config::settings::Config;
use crate::oauth::catalogue;
use crate::paths::Paths;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Arguments of `tokenward config`.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print every setting as it counts now.
    Show(ShowArgs),
    /// Print where the settings' file is, or would be.
    Path,
    /// Say whether a file of settings is right, without using it.
    Check(CheckArgs),
}

/// Arguments of `tokenward config show`.
#[derive(Debug, Args)]
#[command(after_help = "\
What is printed is a file of settings again; a setting without a value stands there as a comment.
An argument wins over the environment (TOKENWARD_SECTION_KEY), that over the file, and the file over the defaults.
With --json: one object with file, file_exists, vault (path, origin), socket, and settings: an array of objects with key,
value and origin (from: default, file, environment or argument; with file, line and column, variable, or option).")]
struct ShowArgs {
    /// Say of each value where it comes from.
    #[arg(long)]
    origin: bool,
}

/// Arguments of `tokenward config check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Ends with 0 when it is right, else with an error that names line and column. A named file is looked at by itself; without a
name it is the one in use, with the variables that are laid over it. With --json: one object with file and ok.")]
struct CheckArgs {
    /// The file; without it, the one in use.
    file: Option<PathBuf>,
}

/// Shows, or checks. A file that cannot be used stands in the way of `show` only.
pub fn run(args: &ConfigArgs, globals: Globals) -> Result<(), Failure> {
    let output = Output { json: globals.json };
    match &args.what {
        What::Show(args) => show(args, &Context::new(globals)?),
        What::Path => path(&place(&globals)?, output),
        What::Check(args) => check(args, globals, output),
    }
}

fn place(globals: &Globals) -> Result<PathBuf, Failure> {
    match &globals.config {
        Some(file) => Ok(file.clone()),
        None => Ok(Paths::standard()?.config),
    }
}

fn path(file: &Path, output: Output) -> Result<(), Failure> {
    if output.json {
        return output.json_line(&json!({ "file": file, "file_exists": file.exists() }));
    }
    output.data(&format!("{}\n", file.display()))
}

fn check(args: &CheckArgs, globals: Globals, output: Output) -> Result<(), Failure> {
    let file = match &args.file {
        Some(file) => {
            let loaded = Config::load(file, true, std::iter::empty())?;
            catalogue::read(&loaded.config.providers)
                .map_err(|error| loaded.wrong_at(&error.path, &error.message))?;
            file.clone()
        }
        None => Context::new(globals)?.settings,
    };
    if output.json {
        return output.json_line(&json!({ "file": file, "ok": true }));
    }
    output.say(&match file.exists() {
        true => format!("{} is right.", file.display()),
        false => format!("There is no {}: the defaults count.", file.display()),
    });
    Ok(())
}

fn show(args: &ShowArgs, context: &Context) -> Result<(), Failure> {
    let settings = counting(&context.reread()?, &context.globals);
    if context.output.json {
        let all: Vec<Value> = settings.iter().map(object).collect();
        let vault = of_option("--vault", "TOKENWARD_VAULT").unwrap_or(Origin::Default);
        return context.output.json_line(&json!({
            "file": context.settings,
            "file_exists": context.settings.exists(),
            "vault": { "path": context.vault, "origin": vault },
            "socket": context.socket(),
            "settings": all,
        }));
    }
    context.output.data(&text(&settings, args.origin, context))
}

fn object(setting: &Setting) -> Value {
    json!({ "key": dotted(&setting.key), "value": setting.value, "origin": setting.origin })
}

/// The settings, with what the command line and the service manager lay over them.
fn counting(loaded: &Loaded, globals: &Globals) -> Vec<Setting> {
    let mut settings = loaded.settings();
    let handed = |file| {
        let variable = "CREDENTIALS_DIRECTORY".to_owned();
        (file, Origin::Environment { variable })
    };
    let word = passphrase::from_systemd().map(handed);
    let key = passphrase::identity_from_systemd().map(handed);
    let given = |file: &Option<PathBuf>, option: &str, variable: &str| {
        Some((file.clone()?, of_option(option, variable)?))
    };
    let passphrase = given(
        &globals.passphrase_file,
        "--passphrase-file",
        "TOKENWARD_PASSPHRASE_FILE",
    );
    let identity = given(
        &globals.identity_file,
        "--identity-file",
        "TOKENWARD_IDENTITY_FILE",
    );
    for setting in &mut settings {
        let over = match dotted(&setting.key).as_str() {
            "unlock.passphrase_file" => passphrase.as_ref().or(word.as_ref()),
            "unlock.identity_file" => identity.as_ref().or(key.as_ref()),
            _ => None,
        };
        if let Some((file, origin)) = over {
            setting.value = json!(file);
            setting.origin = origin.clone();
        }
    }
    settings
}

/// Where the value of an option comes from, if it has one.
fn of_option(option: &str, variable: &str) -> Option<Origin> {
    let is_it = |word: &OsStr| {
        let word = word.to_string_lossy();
        word == option
            || word
                .strip_prefix(option)
                .is_some_and(|rest| rest.starts_with('='))
    };
    if std::env::args_os().any(|word| is_it(&word)) {
        let option = option.to_owned();
        return Some(Origin::Argument { option });
    }
    let is_set = std::env::var_os(variable).is_some_and(|value| !value.is_empty());
    is_set.then(|| Origin::Environment {
        variable: variable.to_owned(),
    })
}

fn text(settings: &[Setting], with_origin: bool, context: &Context) -> String {
    let is_there = match context.settings.exists() {
        true => "",
        false => " (it is not there: the defaults count)",
    };
    let mut text = format!("# {}{is_there}\n", context.settings.display());
    let mut section = "";
    for setting in settings {
        let own = setting.key.first().map_or("", String::as_str);
        if own != section {
            section = own;
            text.push('\n');
        }
        text.push_str(&line(setting));
        if with_origin {
            text.push_str(&format!("  # {}", setting.origin.words()));
        }
        text.push('\n');
    }
    text
}

fn line(setting: &Setting) -> String {
    let name = dotted(&setting.key);
    match in_toml(&setting.value) {
        Some(value) => format!("{name} = {value}"),
        None => format!("# {name} is not set"),
    }
}

/// A value as a file of settings has it; `None`: there is none.
fn in_toml(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::String(text) => Some(toml_edit::Value::from(text.as_str()).to_string()),
        Value::Array(all) => {
            let all: Vec<String> = all.iter().filter_map(in_toml).collect();
            Some(format!("[{}]", all.join(", ")))
        }
        Value::Object(members) => {
            let members = members.iter().filter_map(|(name, value)| {
                let name = dotted(std::slice::from_ref(name));
                Some(format!("{name} = {}", in_toml(value)?))
            });
            let members: Vec<String> = members.collect();
            Some(format!("{{ {} }}", members.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_written_as_a_file_of_settings_has_it() {
        let value = json!({ "on": ["needs_login"], "a b": 0.5, "none": null });
        assert_eq!(
            in_toml(&value).unwrap(),
            "{ \"a b\" = 0.5, on = [\"needs_login\"] }"
        );
        for text in ["it's \"so\"", "C:\\x\ny", "plain"] {
            let line = format!("text = {}", in_toml(&json!(text)).unwrap());
            let read: toml::Table = toml::from_str(&line).unwrap();
            assert_eq!(read["text"].as_str(), Some(text), "{line}");
        }
    }
}
