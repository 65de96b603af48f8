//! `tokenward setup kubectl`: a user of the kubeconfig whose token is asked for here.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::setup::dotfile::Dotfile;
use crate::cli::setup::kubeconfig::{self, Unfit};
use crate::cli::setup::lines;
use crate::cli::setup::places::{at_home, named_by};
use crate::cli::setup::program::{bare, is_plain, named};
use crate::cli::setup::wish::Wish;
use crate::model::name::CredentialName;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

/// Arguments of `tokenward setup kubectl`.
#[derive(Debug, Args)]
#[command(after_help = "\
The user is called as the credential; a context gets it by: kubectl config set-context --current --user=keycloak/alice
The file is the first of KUBECONFIG that is there, else ~/.kube/config. kubectl writes it anew without comments when it
changes it; the lines are then no longer marked as tokenward's, and go by: kubectl config delete-user NAME")]
pub struct SetupKubectlArgs {
    /// Whose token, provider/account.
    name: CredentialName,
    /// The ID token (OpenID Connect) instead of the access token.
    #[arg(long)]
    id_token: bool,
    /// What the user is called in the kubeconfig, instead of as the credential.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// The version of the protocol; v1beta1 for kubectl before 1.22.
    #[arg(long, value_enum, default_value = "v1")]
    api_version: ApiVersion,
    /// The file, instead of the one that kubectl reads.
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    #[command(flatten)]
    wish: Wish,
}

/// The version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ApiVersion {
    /// Since Kubernetes 1.22.
    V1,
    /// Before.
    V1beta1,
}

/// Prints, writes or takes out the lines.
pub fn run(args: &SetupKubectlArgs, context: &Context) -> Result<(), Failure> {
    let path = match &args.file {
        Some(path) => path.clone(),
        None => usual()?,
    };
    let user = args.user.as_deref().unwrap_or(args.name.as_str());
    let key = format!("kubectl {user}");
    bare(&[user, args.name.as_str()])?;
    let item = args.item(user);
    if args.wish.undo {
        return undo(context, &path, &key, user);
    }
    if !args.wish.write {
        return lines::print(context, &path, &format!("users:\n{item}"));
    }
    let file = Dotfile::open(&path)?;
    let planned = kubeconfig::plan(file.text.as_deref(), &key, user, &item);
    match planned.map_err(|unfit| told(unfit, &path, args, user))? {
        None => {
            let text = format!("{} has this user already.", path.display());
            context.output.say(&text);
        }
        Some(new) => {
            file.put(&new, lines::MODE)?;
            lines::say_done(context, &file, "Written into");
        }
    }
    context.output.say(&format!(
        "A context uses it after: kubectl config set-context --current --user={user}"
    ));
    Ok(())
}

impl SetupKubectlArgs {
    fn version(&self) -> &'static str {
        match self.api_version {
            ApiVersion::V1 => "client.authentication.k8s.io/v1",
            ApiVersion::V1beta1 => "client.authentication.k8s.io/v1beta1",
        }
    }

    /// Every word of it is plain, so that these quotes are enough.
    fn item(&self, user: &str) -> String {
        let more = if self.id_token {
            "      - --id-token\n"
        } else {
            ""
        };
        format!(
            "- name: \"{user}\"\n  user:\n    exec:\n      apiVersion: {}\n      command: \"{}\"\n      args:\n\
             \x20     - kube-credential\n      - \"{}\"\n{more}      interactiveMode: IfAvailable\n",
            self.version(),
            named(),
            self.name
        )
    }

    /// The same through kubectl.
    fn by_kubectl(&self, user: &str) -> String {
        let more = if self.id_token {
            " --exec-arg=--id-token"
        } else {
            ""
        };
        format!(
            "kubectl config set-credentials {user} --exec-api-version={} --exec-command={} --exec-interactive-mode=IfAvailable \
             --exec-arg=kube-credential --exec-arg={}{more}",
            self.version(),
            named(),
            self.name
        )
    }
}

fn usual() -> Result<PathBuf, Failure> {
    let listed = named_by("KUBECONFIG");
    let listed: Vec<PathBuf> = listed.iter().flat_map(std::env::split_paths).collect();
    let listed = listed.into_iter().filter(|path| is_named(path));
    let mut listed = listed.collect::<Vec<_>>().into_iter();
    let last = listed.as_slice().last().cloned();
    let found = listed.find(|path| path.symlink_metadata().is_ok());
    found.or(last).map_or_else(|| at_home(".kube/config"), Ok)
}

fn is_named(path: &Path) -> bool {
    !path.as_os_str().is_empty()
}

fn undo(context: &Context, path: &Path, key: &str, user: &str) -> Result<(), Failure> {
    let is_gone = lines::undo(context, path, key)?;
    let text = Dotfile::open(path)?.text.unwrap_or_default();
    if !is_gone && kubeconfig::has_user(&text, user) && is_plain(user) {
        let text = format!("the user {user} is there, and not marked as tokenward's");
        return Err(Failure::new(Kind::Refused, text)
            .hint(format!("if it is to go: kubectl config delete-user {user}")));
    }
    Ok(())
}

fn told(unfit: Unfit, path: &Path, args: &SetupKubectlArgs, user: &str) -> Failure {
    let kind = Kind::Refused;
    let is_theirs = matches!(unfit, Unfit::Theirs(_));
    let failure =
        Failure::from_error(kind, unfit).within(format!("{} is left alone", path.display()));
    match is_theirs {
        true => failure.hint("give this one another name: --user NAME"),
        false => failure.hint(format!(
            "kubectl itself can put it there: {}",
            args.by_kubectl(user)
        )),
    }
}
