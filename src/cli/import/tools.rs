//! The other tools whose files are read, and where they keep them.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::import::command::ImportArgs;
use crate::cli::import::file::{self, Source};
use crate::cli::import::helper::{Helper, Programs};
use crate::cli::import::made::Found;
use crate::cli::import::offer::{Elsewhere, Haul};
use crate::cli::import::reading::{Read, Unread};
use crate::cli::import::{aws_sso, docker, gcloud, gh, git, oidc_agent, pizauth, plain_json};
use crate::cli::passphrase;
use crate::cli::session;
use crate::clock::Timestamp;
use crate::model::provenance::Provenance;
use crate::model::signin::ProviderChoice;
use crate::oauth::discovery;
use crate::oauth::http::{Http, HttpSettings};
use clap::ValueEnum;
use std::path::{Path, PathBuf};

/// A tool whose file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Tool {
    /// GitHub's command line: hosts.yml.
    Gh,
    /// Google's: application default credentials, and the accounts of gcloud.
    Gcloud,
    /// oidc-agent: what `oidc-gen -p` prints.
    OidcAgent,
    /// pizauth: what `pizauth dump` writes.
    Pizauth,
    /// git: the store of credentials, or what `git credential fill` answers.
    Git,
    /// AWS IAM Identity Center: the cache of `aws sso login`.
    AwsSso,
    /// Docker and podman: the registries.
    Docker,
    /// Any: JSON in the words of the standard (access_token, refresh_token, client_id, token_endpoint, …).
    Json,
}

impl Tool {
    /// Its name, as it is kept with what came from it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gh => "gh",
            Self::Gcloud => "gcloud",
            Self::OidcAgent => "oidc-agent",
            Self::Pizauth => "pizauth",
            Self::Git => "git",
            Self::AwsSso => "aws-sso",
            Self::Docker => "docker",
            Self::Json => "json",
        }
    }

    fn read(
        self,
        source: &Source,
        helper: Option<&dyn Helper>,
        now: Timestamp,
    ) -> Result<Read, Unread> {
        if source.bytes.trim_ascii().is_empty() {
            return Ok(Read::default());
        }
        match self {
            Self::Gh => gh::read(source, helper),
            Self::Gcloud => gcloud::read(source),
            Self::OidcAgent => oidc_agent::read(source),
            Self::Pizauth => pizauth::read(source),
            Self::Git => git::read(source),
            Self::AwsSso => aws_sso::read(source, now),
            Self::Docker => docker::read(source, helper),
            Self::Json => plain_json::read(source, now),
        }
    }

    /// Where it keeps its files; those that are there are read.
    fn places(self) -> Vec<PathBuf> {
        let home = |path: &str| var("HOME").map(|home| home.join(path));
        let config = |path: &str| match var("XDG_CONFIG_HOME") {
            Some(folder) => Some(folder.join(path)),
            None => home(".config").map(|folder| folder.join(path)),
        };
        let places = match self {
            Self::Gh => vec![
                var("GH_CONFIG_DIR")
                    .map(|folder| folder.join("hosts.yml"))
                    .or(config("gh/hosts.yml")),
            ],
            Self::Gcloud => {
                let folder = var("CLOUDSDK_CONFIG").or(home(".config/gcloud"));
                let adc = |folder: &PathBuf| folder.join("application_default_credentials.json");
                let adc = var("GOOGLE_APPLICATION_CREDENTIALS").or(folder.as_ref().map(adc));
                let accounts = folder.map(|folder| accounts_of_gcloud(&folder));
                let accounts = accounts.unwrap_or_default().into_iter();
                std::iter::once(adc).chain(accounts.map(Some)).collect()
            }
            Self::OidcAgent => {
                let folders = [
                    var("OIDC_CONFIG_DIR"),
                    config("oidc-agent"),
                    home(".oidc-agent"),
                ];
                let folder = folders.into_iter().flatten().find(|folder| folder.is_dir());
                let files = folder.map(|folder| file::in_folder(&folder, ""));
                let is_account = |path: &PathBuf| path.extension().is_none() && path.is_file();
                files
                    .unwrap_or_default()
                    .into_iter()
                    .filter(is_account)
                    .map(Some)
                    .collect()
            }
            Self::Git => vec![home(".git-credentials"), config("git/credentials")],
            Self::AwsSso => {
                let files = home(".aws/sso/cache").map(|folder| file::in_folder(&folder, ".json"));
                files.unwrap_or_default().into_iter().map(Some).collect()
            }
            Self::Docker => vec![
                var("DOCKER_CONFIG")
                    .or(home(".docker"))
                    .map(|folder| folder.join("config.json")),
            ],
            Self::Pizauth | Self::Json => Vec::new(),
        };
        places.into_iter().flatten().collect()
    }

    /// What to do where it keeps nothing.
    fn advice(self) -> &'static str {
        match self {
            Self::Pizauth => "pipe its dump in: pizauth dump | tokenward import --from pizauth -",
            Self::Json => "name the file, or `-` for standard input",
            Self::Gh | Self::Gcloud | Self::OidcAgent | Self::Git | Self::AwsSso | Self::Docker => {
                "name its file: tokenward import --from TOOL FILE"
            }
        }
    }
}

/// A folder or file that the environment names.
fn var(name: &str) -> Option<PathBuf> {
    let value = std::env::var_os(name)?;
    (!value.is_empty()).then(|| PathBuf::from(value))
}

/// `legacy_credentials/ACCOUNT/adc.json` of each account.
fn accounts_of_gcloud(folder: &Path) -> Vec<PathBuf> {
    let folders = file::in_folder(&folder.join("legacy_credentials"), "");
    folders
        .into_iter()
        .map(|account| account.join("adc.json"))
        .collect()
}

/// Reads what a tool keeps: the file that is named, else its usual ones.
pub fn read(
    tool: Tool,
    args: &ImportArgs,
    context: &Context,
    now: Timestamp,
) -> Result<Haul, Failure> {
    let helper: Option<&dyn Helper> = args.helpers.then_some(&Programs as &dyn Helper);
    let mut haul = Haul::default();
    let sources = sources(tool, args)?;
    let is_only_one = sources.len() == 1;
    for source in sources {
        let read = match tool.read(&source, helper, now) {
            Ok(read) => read,
            Err(unread) if is_only_one => return Err(unread.failure(&source, tool.name())),
            Err(unread) => Read::elsewhere(unread.elsewhere(&source, tool.name())),
        };
        let from = Provenance {
            from: tool.name().to_owned(),
            file: source.kept(),
            at: now,
        };
        haul.elsewhere.extend(read.elsewhere);
        for mut found in read.found {
            give_client(&mut found, args)?;
            match complete(&mut found, context)? {
                Some(elsewhere) => haul.elsewhere.push(elsewhere),
                None => match found.offer(&from, now) {
                    Ok(offer) => haul.offers.extend(offer),
                    Err(elsewhere) => haul.elsewhere.push(elsewhere),
                },
            }
        }
    }
    match tool {
        Tool::AwsSso => aws_sso::keep_latest(&mut haul),
        Tool::Gh
        | Tool::Gcloud
        | Tool::OidcAgent
        | Tool::Pizauth
        | Tool::Git
        | Tool::Docker
        | Tool::Json => {}
    }
    Ok(haul)
}

fn sources(tool: Tool, args: &ImportArgs) -> Result<Vec<Source>, Failure> {
    if let Some(path) = &args.file {
        return Ok(vec![file::named(path)?]);
    }
    let places = tool.places();
    let mut sources = Vec::new();
    for place in &places {
        sources.extend(file::kept(place)?);
    }
    if !sources.is_empty() {
        return Ok(sources);
    }
    let name = tool.name();
    let text = match places.first() {
        Some(place) => format!("{name} keeps nothing at {}", place.display()),
        None => format!("{name} keeps nothing in a usual place"),
    };
    Err(Failure::new(Kind::Failed, text).hint(tool.advice()))
}

/// Gives a refresh token that came without its client the one that was named.
fn give_client(found: &mut Found, args: &ImportArgs) -> Result<(), Failure> {
    let Some(id) = &args.client_id else {
        return Ok(());
    };
    if found.refresh.is_some() && found.client_id.is_none() {
        found.client_id = Some(id.clone());
        let file = args.client_secret_file.as_deref();
        found.client_secret = file.map(passphrase::client_secret).transpose()?;
    }
    Ok(())
}

/// Finds the endpoints by the issuer, where nothing else tells them and a refresh needs them.
fn complete(found: &mut Found, context: &Context) -> Result<Option<Elsewhere>, Failure> {
    let provider = &found.provider;
    let Some(issuer) = provider.issuer.clone() else {
        return Ok(None);
    };
    if provider.endpoints.token.is_some() || found.refresh.is_none() {
        return Ok(None);
    }
    context
        .output
        .say(&format!("Asking {issuer} for its endpoints."));
    let choice = ProviderChoice::Issuer {
        name: provider.name.clone(),
        issuer: issuer.clone(),
        endpoints: Box::default(),
    };
    let http = Http::new(HttpSettings::default());
    let resolved = session::runtime()?.block_on(discovery::resolve(&http, choice, None));
    match resolved {
        Ok(resolved) => {
            found.provider = resolved;
            Ok(None)
        }
        Err(error) => Ok(Some(Elsewhere {
            what: format!("{}/{}", found.provider.name, found.account),
            why: format!("its endpoints could not be found: {error}"),
            hint: format!("try again when {issuer} can be reached"),
        })),
    }
}
