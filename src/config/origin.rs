//! Where each setting's value comes from.

use crate::config::environment::Taken;
use crate::config::keys::{self, Key};
use crate::config::settings::Config;
use crate::config::text::Text;
use serde::Serialize;
use std::path::PathBuf;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// It stands in the settings.
    File {
        /// The file.
        file: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// The character of the line, from 1.
        column: usize,
    },
    /// A variable of the environment.
    Environment {
        /// Which.
        variable: String,
    },
    /// An option on the command line.
    Argument {
        /// Which.
        option: String,
    },
}

impl Origin {
    /// The same in words.
    pub fn words(&self) -> String {
        match self {
            Self::Default => "default".to_owned(),
            Self::File { file, line, .. } => format!("{}, line {line}", file.display()),
            Self::Environment { variable } => format!("environment, {variable}"),
            Self::Argument { option } => format!("argument, {option}"),
        }
    }
}

/// One setting: what it is called, its value, where that comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Its name.
    pub key: Key,
    /// Its value; null: not set, and there is no default.
    pub value: serde_json::Value,
    /// Where the value comes from.
    pub origin: Origin,
}

/// All settings with their origins.
pub fn settings(config: &Config, text: Text<'_>, taken: &[Taken]) -> Vec<Setting> {
    let all = keys::flattened(config).into_iter();
    all.map(|(key, value)| Setting {
        origin: origin(&key, text, taken),
        key,
        value,
    })
    .collect()
}

/// Where the value of one setting comes from.
pub fn origin(key: &[String], text: Text<'_>, taken: &[Taken]) -> Origin {
    if let Some(taken) = taken.iter().rfind(|taken| taken.key == key) {
        let variable = taken.variable.clone();
        return Origin::Environment { variable };
    }
    match text.find(key) {
        Some((offset, true)) => {
            let (line, column) = text.position(offset);
            let file = text.file.to_path_buf();
            Origin::File { file, line, column }
        }
        Some((_, false)) | None => Origin::Default,
    }
}
