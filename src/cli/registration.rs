//! The client a sign-in uses: given on the command line, kept from last time, or asked for.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::passphrase;
use crate::cli::provider_show;
use crate::config::keys::similar;
use crate::jose::algorithm::Algorithm;
use crate::jose::error::JoseError;
use crate::jose::key::SigningKey;
use crate::model::client::{Client, ClientAuth, ClientKey};
use crate::model::signin::{ProviderView, RegisterWish};
use crate::oauth::catalogue;
use crate::secret::ClientSecret;
use clap::Args;
use std::path::{Path, PathBuf};

/// The client as it is given on the command line.
#[derive(Debug, Args)]
pub struct Registration {
    /// Identifier of the client you registered; kept for the next time.
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Read the client's secret from this file; kept in the vault.
    #[arg(long, value_name = "FILE", requires = "client_id")]
    client_secret_file: Option<PathBuf>,
    /// Read the client's private key (PEM) from this file: it authenticates by signing (private_key_jwt, RFC 7523).
    #[arg(
        long,
        value_name = "FILE",
        requires = "client_id",
        conflicts_with = "client_secret_file"
    )]
    client_key_file: Option<PathBuf>,
    /// The `kid` under which the provider knows that key.
    #[arg(long, value_name = "KID", requires = "client_key_file")]
    client_key_id: Option<String>,
    /// What the key signs by, where it could be several: RS256 or PS256.
    #[arg(long, value_name = "ALG", requires = "client_key_file", value_parser = read_algorithm)]
    client_key_alg: Option<Algorithm>,
    /// Let the provider register a client for this sign-in, when none is kept (RFC 7591).
    #[arg(long, conflicts_with = "client_id")]
    register: bool,
    /// Read the initial access token that the provider wants for that from this file.
    #[arg(long, value_name = "FILE", requires = "register")]
    registration_token_file: Option<PathBuf>,
}

fn read_algorithm(name: &str) -> Result<Algorithm, String> {
    Algorithm::named(name).ok_or_else(|| "one of RS256, PS256, ES256, ES384, EdDSA".to_owned())
}

impl Registration {
    /// The client to sign in to `name` with: the given one, `None` for the one that is kept, or what a person answers.
    pub fn client(
        &self,
        context: &Context,
        name: &str,
        known: Option<&ProviderView>,
        by_issuer: bool,
    ) -> Result<Option<Client>, Failure> {
        if let (Some(id), Some(file)) = (&self.client_id, &self.client_key_file) {
            return self.by_key(id, file).map(Some);
        }
        if self.register {
            return Ok(None);
        }
        if let Some(id) = &self.client_id {
            let file = self.client_secret_file.as_deref();
            let secret = file.map(passphrase::client_secret).transpose()?;
            return Ok(Some(registered(id.clone(), secret)));
        }
        if known.is_some_and(|view| view.client_id.is_some()) {
            return Ok(None);
        }
        if known.is_none() && !by_issuer {
            return Err(unknown_provider(name));
        }
        if context.output.can_ask() {
            return ask(context, name, known).map(Some);
        }
        Err(
            Failure::usage(format!("no client is registered for {name} yet"))
                .hint(format!("see how: tokenward provider show {name}"))
                .hint("then give it: --client-id ID --client-secret-file FILE"),
        )
    }
}

impl Registration {
    /// How a client shall be registered, if one shall be.
    pub fn wish(&self) -> Result<Option<RegisterWish>, Failure> {
        if !self.register {
            return Ok(None);
        }
        let file = self.registration_token_file.as_deref();
        let token = file.map(passphrase::registration_token).transpose()?;
        Ok(Some(RegisterWish { token }))
    }

    fn by_key(&self, id: &str, file: &Path) -> Result<Client, Failure> {
        let pem = passphrase::private_key(file)?;
        let named =
            |error: JoseError| Failure::new(Kind::Usage, format!("{}: {error}", file.display()));
        // Read here, so that a slip shows before anything is sent.
        let mut key = SigningKey::read(&pem).map_err(named)?;
        if let Some(algorithm) = self.client_key_alg {
            key = key.with_algorithm(algorithm).map_err(named)?;
        }
        Ok(Client {
            key: Some(ClientKey {
                pem,
                id: self.client_key_id.clone(),
                algorithm: Some(key.algorithm()),
            }),
            ..Client::new(id, None, ClientAuth::PrivateKeyJwt)
        })
    }
}

fn unknown_provider(name: &str) -> Failure {
    let names = catalogue::names();
    let failure = Failure::usage(format!("there is no provider `{name}`"));
    match similar(name, &names) {
        Some(near) => failure.hint(format!("did you mean {near}? tokenward login {near}")),
        None => failure
            .hint("the catalogue: tokenward provider list")
            .hint("any other: tokenward login NAME --issuer https://..."),
    }
}

fn registered(id: String, secret: Option<ClientSecret>) -> Client {
    // The engine looks at the provider's metadata and corrects this where the metadata says otherwise.
    let auth = match secret {
        Some(_) => ClientAuth::ClientSecretBasic,
        None => ClientAuth::None,
    };
    Client::new(id, secret, auth)
}

fn ask(context: &Context, name: &str, known: Option<&ProviderView>) -> Result<Client, Failure> {
    let output = context.output;
    if let Some(view) = known {
        output.say(&provider_show::setup(&view.provider));
    } else {
        output.say(&format!("Register a client at {name} first."));
    }
    let id = output.ask("Client ID: ")?;
    if id.is_empty() {
        return Err(Failure::usage("there is no client ID"));
    }
    let needed = known.is_some_and(|view| view.provider.setup.needs_secret);
    let question = if needed {
        "Client secret (not shown): "
    } else {
        "Client secret (not shown; just Enter if there is none): "
    };
    let secret = rpassword::prompt_password(question)?;
    let secret = (!secret.is_empty()).then(|| ClientSecret::new(secret));
    Ok(registered(id, secret))
}
