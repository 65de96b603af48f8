//! What every command works with: where things are, the settings, how to speak.

use crate::agent::socket;
use crate::cli::args::Globals;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::config::layers;
use crate::config::settings::Config;
use crate::oauth::catalogue;
use crate::paths::Paths;
use std::path::{Path, PathBuf};

/// Where things are, the settings, how to speak.
#[derive(Debug, Clone)]
pub struct Context {
    /// Options given by hand.
    pub globals: Globals,
    /// The standard files and folders.
    pub paths: Paths,
    /// The vault: the standard one, or the one that `--vault` names.
    pub vault: PathBuf,
    /// The settings.
    pub config: Config,
    /// How to speak.
    pub output: Output,
}

impl Context {
    /// Finds the files and reads the settings.
    pub fn new(globals: Globals) -> Result<Self, Failure> {
        let paths = Paths::standard()?;
        let vault = globals.vault.clone().unwrap_or_else(|| paths.vault.clone());
        let file = globals.config.as_ref().unwrap_or(&paths.config);
        let environment = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let config = Config::load(file, globals.config.is_some(), environment)?;
        use_own_records(&config, file)?;
        let output = Output { json: globals.json };
        Ok(Self {
            globals,
            paths,
            vault,
            config,
            output,
        })
    }

    /// The same with the default settings: for who looks at what is wrong with those there are.
    pub fn without_settings(globals: Globals) -> Result<Self, Failure> {
        let paths = Paths::standard()?;
        Ok(Self {
            vault: globals.vault.clone().unwrap_or_else(|| paths.vault.clone()),
            output: Output { json: globals.json },
            config: Config::default(),
            globals,
            paths,
        })
    }

    /// The socket of this vault's owner.
    pub fn socket(&self) -> PathBuf {
        socket::path_for(&self.paths, &self.vault)
    }
}

/// Lays the person's own provider records over the catalogue, and looks at the file from then on.
fn use_own_records(config: &Config, file: &Path) -> Result<(), Failure> {
    catalogue::follow(file);
    catalogue::extend(&config.providers).map_err(|error| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        layers::wrong_at(&text, file, &error.path, &error.message).into()
    })
}
