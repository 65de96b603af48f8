//! The script by which docker starts this program: it knows helpers only by their names, without arguments.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::output::talk;
use crate::cli::setup::block::{self, BlockError};
use crate::cli::setup::dotfile::Dotfile;
use crate::cli::setup::lines::say_done;
use crate::cli::setup::program::bare;
use crate::model::name::CredentialName;
use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};

const HEAD: &str = "#!/bin/sh\n";
const MODE: u32 = 0o755;

/// A script, as it is wanted.
#[derive(Debug)]
pub struct Script {
    path: PathBuf,
    key: String,
    line: String,
}

impl Script {
    /// The script of a helper; one of a credential answers for these registries, and for its provider's.
    pub fn new(
        folder: &Path,
        helper: &str,
        name: Option<&CredentialName>,
        hosts: &BTreeSet<String>,
    ) -> Result<Self, Failure> {
        let mut words = vec!["docker-credential"];
        if let Some(name) = name {
            words.extend(["--name", name.as_str()]);
            words.extend(hosts.iter().flat_map(|host| ["--host", host]));
        }
        Ok(Self {
            path: place(folder, helper),
            key: key(helper),
            line: format!("exec {} \"$@\"\n", bare(&words)?),
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is in it.
    pub fn text(&self) -> String {
        format!("{HEAD}{}", self.line)
    }

    /// Makes it, or makes it anew; another's is left alone.
    pub fn write(&self, context: &Context) -> Result<(), Failure> {
        let file = Dotfile::open(&self.path)?;
        let old = file.text.as_deref();
        if old.is_some_and(|old| !is_ours(old, &self.key)) {
            let text = format!(
                "{} is there, and was not made by tokenward",
                self.path.display()
            );
            return Err(Failure::new(Kind::Refused, text)
                .hint("move it away, or name another folder of PATH: --folder"));
        }
        let wanted = block::with(Some(old.unwrap_or(HEAD)), &self.key, &self.line, None);
        if let Some(new) = wanted.map_err(|error| spoilt(&file, error))? {
            file.put(&new, MODE)?;
            say_done(context, &file, "Written into");
        }
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        let path = env::var_os("PATH").unwrap_or_default();
        if !env::split_paths(&path).any(|known| known == folder) && !context.output.json {
            talk(&format!(
                "warning: {} is not in PATH, so docker will not find it there.",
                folder.display()
            ));
        }
        Ok(())
    }

    /// Removes the script of a helper, if it is as it was made.
    pub fn remove(folder: &Path, helper: &str, context: &Context) -> Result<(), Failure> {
        let file = Dotfile::open(&place(folder, helper))?;
        let text = file.text.as_deref().unwrap_or_default();
        let rest = block::without(text, &key(helper)).map_err(|error| spoilt(&file, error))?;
        if rest.is_some_and(|rest| rest.text == HEAD) {
            file.remove()?;
            context
                .output
                .say(&format!("Removed {}.", file.path.display()));
        }
        Ok(())
    }
}

fn place(folder: &Path, helper: &str) -> PathBuf {
    folder.join(format!("docker-credential-{helper}"))
}

fn key(helper: &str) -> String {
    format!("docker {helper}")
}

fn is_ours(text: &str, key: &str) -> bool {
    !matches!(block::without(text, key), Ok(None))
}

fn spoilt(file: &Dotfile, error: BlockError) -> Failure {
    let path = file.place.display().to_string();
    Failure::from_error(Kind::Refused, error)
        .within(format!("{path} is left alone"))
        .hint("look at it, and remove it if it is not needed")
}
