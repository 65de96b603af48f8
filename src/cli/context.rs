//! What every command works with: where things are, the settings, how to speak.

use crate::agent::socket;
use crate::cli::args::Globals;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::config::layers::Loaded;
use crate::config::settings::Config;
use crate::config::stamp::Stamp;
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
    /// The file they stand in, if it is there.
    pub settings: PathBuf,
    /// How that file was when they were read.
    pub stamp: Stamp,
    /// How to speak.
    pub output: Output,
}

impl Context {
    /// Finds the files and reads the settings.
    pub fn new(globals: Globals) -> Result<Self, Failure> {
        let paths = Paths::standard()?;
        let vault = globals.vault.clone().unwrap_or_else(|| paths.vault.clone());
        let settings = globals.config.clone();
        let settings = settings.unwrap_or_else(|| paths.config.clone());
        catalogue::follow(&settings);
        let stamp = Stamp::of(&settings);
        let loaded = read(&settings, globals.config.is_some())?;
        let output = Output { json: globals.json };
        Ok(Self {
            globals,
            paths,
            vault,
            config: loaded.config,
            settings,
            stamp,
            output,
        })
    }

    /// Reads the settings anew: the same file, the same environment. Nothing changes when they cannot be used.
    pub fn reread(&self) -> Result<Loaded, Failure> {
        read(&self.settings, self.globals.config.is_some())
    }

    /// The same with the default settings: for who looks at what is wrong with those there are.
    pub fn without_settings(globals: Globals) -> Result<Self, Failure> {
        let paths = Paths::standard()?;
        let named = globals.config.clone();
        Ok(Self {
            settings: named.unwrap_or_else(|| paths.config.clone()),
            vault: globals.vault.clone().unwrap_or_else(|| paths.vault.clone()),
            output: Output { json: globals.json },
            stamp: Stamp::default(),
            config: Config::default(),
            globals,
            paths,
        })
    }

    /// The same with the settings as they are now; with those of before, when those of now cannot be used.
    pub fn renewed(&self) -> Self {
        let config = self.reread().map(|loaded| loaded.config);
        Self {
            config: config.unwrap_or_else(|_| self.config.clone()),
            ..self.clone()
        }
    }

    /// The socket of this vault's owner.
    pub fn socket(&self) -> PathBuf {
        socket::path_for(&self.paths, &self.vault)
    }
}

/// Reads the settings, and lays the person's own provider records over the catalogue.
fn read(file: &Path, named_by_hand: bool) -> Result<Loaded, Failure> {
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let loaded = Config::load(file, named_by_hand, environment)?;
    catalogue::extend(&loaded.config.providers)
        .map_err(|error| loaded.wrong_at(&error.path, &error.message))?;
    Ok(loaded)
}
