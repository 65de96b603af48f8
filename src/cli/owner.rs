//! An owner put together: seat, open vault, engine, socket; and its orderly end.

use crate::agent::peer;
use crate::agent::server;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::seat::Seat;
use crate::engine::api::Event;
use crate::engine::link::Link;
use crate::engine::runner::Engine;
use crate::engine::settings::EngineSettings;
use crate::oauth::http::{Http, HttpSettings};
use crate::paths::without_links;
use crate::vault::daily::{Daily, folder_beside};
use crate::vault::open::OpenVault;
use crate::vault::owner::OwnerLock;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// An owner has other things to do at its start.
const BEFORE_A_BACKUP: Duration = Duration::from_secs(60);

/// How long the owner means to stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Until it is told to leave: it refreshes by itself.
    ToStay,
    /// For one command: it refreshes what is asked for, and serves whoever asks meanwhile.
    ForAMoment,
}

/// A running owner.
pub struct Owner {
    engine: Engine,
    leave: CancellationToken,
    server: JoinHandle<()>,
    // Last: the lock is let go when everything else has ended.
    _lock: OwnerLock,
}

impl Owner {
    /// Starts engine and server. Must run inside a tokio runtime.
    pub fn start(
        context: &Context,
        seat: Seat,
        vault: OpenVault,
        role: Role,
    ) -> Result<Self, Failure> {
        Self::start_heard(context, seat, vault, role).map(|(owner, _)| owner)
    }

    /// The same, with the engine's events from the very first.
    pub fn start_heard(
        context: &Context,
        seat: Seat,
        vault: OpenVault,
        role: Role,
    ) -> Result<(Self, Receiver<Event>), Failure> {
        let settings = settings(context, role);
        let (engine, heard) = Engine::start_heard(
            Box::new(vault),
            Http::new(HttpSettings::default()),
            settings,
        );
        let leave = CancellationToken::new();
        let serving = server::serve(seat.socket, engine.link(), leave.clone());
        let server = tokio::spawn(async {
            if let Err(error) = serving.await {
                tracing::error!(%error, "the agent socket is not served");
            }
        });
        let owner = Self {
            server,
            engine,
            leave,
            _lock: seat.lock,
        };
        Ok((owner, heard))
    }

    /// The way to the engine.
    pub fn link(&self) -> Link {
        self.engine.link().on_behalf_of(peer::own())
    }

    /// Leaves in order: refreshes in flight end and are stored, their callers get their answers, then the socket goes,
    /// then the lock.
    pub async fn stop(self) {
        self.engine.shutdown().await;
        self.leave.cancel();
        // It fails only by a defect, and then everything has ended anyway.
        let _ = self.server.await;
    }
}

fn settings(context: &Context, role: Role) -> EngineSettings {
    let config = &context.config;
    let mut settings = EngineSettings {
        policy: config.refresh.clone(),
        overrides: config.overrides.clone(),
        limits: config.limits(),
        warning: config.forecast.clone(),
        checks_per_hour: config.checks.introspections_per_hour,
        is_for_a_moment: role == Role::ForAMoment,
        log: config.audit.keeping(),
        thresholds: config.audit.thresholds(),
        backups: config.backup.daily.then(|| daily(context)),
    };
    if role == Role::ForAMoment {
        settings.backups = None;
        settings.policy.background = false;
        settings.checks_per_hour = 0.0;
        for over in settings.overrides.values_mut() {
            over.background = None;
        }
    }
    settings
}

/// The vault's own backups, as the settings have them.
pub fn daily(context: &Context) -> Daily {
    let settings = &context.config.backup;
    let vault = without_links(&context.vault);
    let beside = || folder_beside(&vault);
    Daily {
        folder: settings.folder.clone().unwrap_or_else(beside),
        keep_daily: usize::try_from(settings.keep_daily).unwrap_or(usize::MAX),
        keep_weekly: usize::try_from(settings.keep_weekly).unwrap_or(usize::MAX),
        after: BEFORE_A_BACKUP,
        vault,
    }
}
