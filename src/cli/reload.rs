//! Reads the settings anew, at a wish or when their file has changed, and hands them to whoever goes by them.
//!
//! The file is looked at every few seconds rather than watched: that costs one call of the system, and holds for links,
//! for folders that come later, for shares of another machine and on every system alike.

use crate::agent::door::Door;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::gate;
use crate::cli::service;
use crate::config::error::ConfigError;
use crate::config::settings::Config;
use crate::config::stamp::Stamp;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(3);
/// A file that is being written is read when it has been the same for so long.
const SETTLED: Duration = Duration::from_millis(200);

/// The settings' file, watched.
#[derive(Debug)]
pub struct Watched {
    context: Context,
    stamp: Stamp,
}

impl Watched {
    /// Watches the file of these settings from when they were read.
    pub fn new(context: &Context) -> Self {
        Self {
            stamp: context.stamp,
            context: context.clone(),
        }
    }

    /// Comes back when the file has changed. Losing the future loses no change.
    pub async fn changed(&mut self) {
        let file = &self.context.settings;
        loop {
            tokio::time::sleep(LOOK).await;
            let mut now = Stamp::of(file);
            if now == self.stamp {
                continue;
            }
            loop {
                tokio::time::sleep(SETTLED).await;
                let next = Stamp::of(file);
                if next == now {
                    break;
                }
                now = next;
            }
            self.stamp = now;
            return;
        }
    }

    /// Reads it, or says why it cannot be used, with line and column.
    pub async fn read(&mut self) -> Result<Config, String> {
        self.stamp = Stamp::of(&self.context.settings);
        let context = self.context.clone();
        let reading = tokio::task::spawn_blocking(move || context.reread());
        match reading.await {
            Ok(Ok(loaded)) => Ok(loaded.config),
            Ok(Err(failure)) => Err(why(&failure)),
            Err(_) => Err("they could not be read".to_owned()),
        }
    }
}

/// What is wrong with the settings, and what may have been meant.
fn why(failure: &Failure) -> String {
    let words = gate::words(failure).message;
    match failure.source.downcast_ref() {
        Some(ConfigError::Wrong {
            suggestion: Some(meant),
            ..
        }) => format!("{words}; did you mean `{meant}`?"),
        _ => words,
    }
}

/// Keeps an owner's settings up to date until it is told to leave.
pub async fn follow(
    context: Context,
    door: Door,
    mut wishes: mpsc::Receiver<()>,
    leave: CancellationToken,
) {
    let mut watched = Watched::new(&context);
    loop {
        let is_wished = tokio::select! {
            () = leave.cancelled() => return,
            Some(()) = wishes.recv() => true,
            () = watched.changed() => false,
        };
        if is_wished {
            service::reloading();
        }
        let told = door.reconfigure(watched.read().await).await;
        if is_wished {
            service::ready();
        }
        if told.is_err() {
            return;
        }
    }
}
