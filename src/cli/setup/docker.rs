//! `tokenward setup docker`: docker and podman ask here for the registries of the credentials.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::helpers::docker::registries;
use crate::cli::output::talk;
use crate::cli::session::Session;
use crate::cli::setup::dockerconfig::{self, Unfit};
use crate::cli::setup::dotfile::Dotfile;
use crate::cli::setup::lines::{MODE, say_done};
use crate::cli::setup::places::{at_home, named_by};
use crate::cli::setup::script::Script;
use crate::cli::setup::wish::Wish;
use crate::model::name::CredentialName;
use clap::Args;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The helper that finds the credential by the registry; one of a credential has its name behind.
const HELPER: &str = "tokenward";

/// Arguments of `tokenward setup docker`.
#[derive(Debug, Args)]
#[command(after_help = "\
For each registry docker's config.json names a helper, and the helper is a script of a few lines in a folder of PATH. The
file is config.json in the folder that DOCKER_CONFIG names, else in ~/.docker; podman reads it too, and first
--file ~/.config/containers/auth.json.
Where two credentials are for one registry, --name says which; then its script is one of its own.")]
pub struct SetupDockerArgs {
    /// The registry, with its port where that is not the usual one; several times for several. Without it: those of the
    /// credentials that are there.
    #[arg(long, value_name = "HOST", value_parser = read_host)]
    host: Vec<String>,
    /// The credential that answers, instead of the one that is found by the registry.
    #[arg(long)]
    name: Option<CredentialName>,
    /// The file, instead of the one that docker reads.
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    /// The folder of the script, instead of ~/.local/bin.
    #[arg(long, value_name = "PATH")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    wish: Wish,
}

fn read_host(text: &str) -> Result<String, String> {
    let is_host = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    match !text.is_empty() && text.chars().all(is_host) {
        true => Ok(text.to_owned()),
        false => Err("write it without https:// and without a path: ghcr.io".to_owned()),
    }
}

/// Prints, writes or takes out the lines and the script.
pub fn run(args: &SetupDockerArgs, context: &Context) -> Result<(), Failure> {
    let path = args.path()?;
    if args.wish.undo {
        return undo(args, context, &path);
    }
    let hosts: Vec<String> = match args.host.is_empty() {
        true => known(args, context)?.into_iter().collect(),
        false => args.host.clone(),
    };
    if hosts.is_empty() {
        let text = "no credential is there that docker could use";
        return Err(Failure::new(Kind::NoSuchCredential, text)
            .hint("sign in first: tokenward login github")
            .hint("or name the registry: tokenward setup docker --host r.example.org --name PROVIDER/ACCOUNT"));
    }
    let file = Dotfile::open(&path);
    let text = file.as_ref().ok().and_then(|file| file.text.as_deref());
    let new = dockerconfig::with(text, &hosts, &args.helper());
    let told = |unfit| told(unfit, &path);
    let script = |text: Option<&str>| -> Result<Script, Failure> {
        let known = dockerconfig::helpers(text).map_err(told)?;
        let known = known
            .into_iter()
            .filter(|(_, helper)| *helper == args.helper());
        let all: BTreeSet<String> = known.map(|(host, _)| host).chain(hosts.clone()).collect();
        Script::new(&args.folder()?, &args.helper(), args.name.as_ref(), &all)
    };
    if !args.wish.write {
        return print(&hosts, &args.helper(), &path, &script(None)?, context);
    }
    let script = script(text)?;
    let new = new.map_err(told)?;
    let file = file?;
    // The script first: docker must never name one that is not there.
    script.write(context)?;
    match new {
        Some(new) => {
            file.put(&new, MODE)?;
            say_done(context, &file, "Written into");
        }
        None => context
            .output
            .say(&format!("{} has these lines already.", path.display())),
    }
    Ok(())
}

impl SetupDockerArgs {
    fn path(&self) -> Result<PathBuf, Failure> {
        if let Some(file) = &self.file {
            return Ok(file.clone());
        }
        let folder = named_by("DOCKER_CONFIG").map_or_else(|| at_home(".docker"), Ok)?;
        Ok(folder.join("config.json"))
    }

    fn folder(&self) -> Result<PathBuf, Failure> {
        self.folder
            .clone()
            .map_or_else(|| at_home(".local/bin"), Ok)
    }

    fn helper(&self) -> String {
        match &self.name {
            Some(name) => format!("{HELPER}-{}", name.as_str().replace('/', "-")),
            None => HELPER.to_owned(),
        }
    }
}

fn known(args: &SetupDockerArgs, context: &Context) -> Result<BTreeSet<String>, Failure> {
    let views = Session::with(context, Session::all)?;
    let meant = views.iter().filter(|view| {
        args.name
            .as_ref()
            .is_none_or(|name| view.profile.name == *name)
    });
    let (stars, hosts): (BTreeSet<String>, BTreeSet<String>) = meant
        .flat_map(registries)
        .partition(|host| host.starts_with('*'));
    if !stars.is_empty() && !context.output.json {
        let stars: Vec<String> = stars.into_iter().collect();
        talk(&format!(
            "Of {} docker wants each by its name: --host NAME.",
            stars.join(", ")
        ));
    }
    Ok(hosts)
}

fn print(
    hosts: &[String],
    helper: &str,
    path: &Path,
    script: &Script,
    context: &Context,
) -> Result<(), Failure> {
    let lines: Vec<String> = hosts
        .iter()
        .map(|host| format!("    \"{host}\": \"{helper}\""))
        .collect();
    context.output.data(&format!(
        "# {}\n{}\n# {}\n{{\n  \"credHelpers\": {{\n{}\n  }}\n}}\n",
        script.path().display(),
        script.text(),
        path.display(),
        lines.join(",\n")
    ))?;
    context
        .output
        .say("A script for docker and lines for its settings; --write puts them there.");
    Ok(())
}

/// Without a registry and a credential: all that is ours.
fn undo(args: &SetupDockerArgs, context: &Context, path: &Path) -> Result<(), Failure> {
    let is_helper = |helper: &str| match &args.name {
        Some(_) => helper == args.helper(),
        None => helper == HELPER || helper.starts_with(&format!("{HELPER}-")),
    };
    let is_meant = |host: &str, helper: &str| {
        is_helper(helper) && (args.host.is_empty() || args.host.iter().any(|it| it == host))
    };
    let file = Dotfile::open(path)?;
    let text = file.text.as_deref().unwrap_or_default();
    let told = |unfit| told(unfit, path);
    let before = dockerconfig::helpers(Some(text)).map_err(told)?;
    match dockerconfig::without(text, is_meant).map_err(told)? {
        None => context.output.say(&format!(
            "{} names no helper of tokenward for that.",
            path.display()
        )),
        Some(rest) => {
            file.put(&rest, MODE)?;
            say_done(context, &file, "Taken out of");
        }
    }
    let (gone, stays): (Vec<_>, Vec<_>) = before
        .into_iter()
        .partition(|(host, helper)| is_meant(host, helper));
    let gone: BTreeSet<String> = gone.into_iter().map(|(_, helper)| helper).collect();
    for helper in gone
        .iter()
        .filter(|helper| !stays.iter().any(|(_, it)| it == *helper))
    {
        Script::remove(&args.folder()?, helper, context)?;
    }
    Ok(())
}

fn told(unfit: Unfit, path: &Path) -> Failure {
    let hint = match &unfit {
        Unfit::Unreadable => "is it JSON? docker says more: docker info".to_owned(),
        Unfit::Theirs { host, .. } => {
            format!("take {host} out of credHelpers first, or name other registries: --host")
        }
    };
    Failure::from_error(Kind::Refused, unfit)
        .within(format!("{} is left alone", path.display()))
        .hint(hint)
}
