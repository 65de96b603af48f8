//! What every command works with: where things are, the settings, how to speak.

use crate::cli::args::Globals;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::config::settings::Config;
use crate::paths::Paths;

/// Where things are, the settings, how to speak.
#[derive(Debug)]
pub struct Context {
    /// Options given by hand.
    pub globals: Globals,
    /// Files and folders, with `--vault` and `--config` in place.
    pub paths: Paths,
    /// The settings.
    pub config: Config,
    /// How to speak.
    pub output: Output,
}

impl Context {
    /// Finds the files and reads the settings.
    pub fn new(globals: Globals) -> Result<Self, Failure> {
        let mut paths = Paths::standard()?.with_vault(globals.vault.as_deref());
        if let Some(config) = &globals.config {
            paths.config.clone_from(config);
        }
        let environment = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let config = Config::load(&paths.config, globals.config.is_some(), environment)?;
        let output = Output { json: globals.json };
        Ok(Self {
            globals,
            paths,
            config,
            output,
        })
    }
}
