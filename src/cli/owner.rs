//! An owner put together: seat, open vault, engine, socket; and its orderly end.

use crate::agent::door::{Door, EVENTS};
use crate::agent::listener::Listener;
use crate::agent::peer;
use crate::agent::port::{BoundPort, PortError};
use crate::agent::server::{self, ServerLimits};
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::hooks::keeper::Keeper;
use crate::cli::notify::keeper::Keeper as Notifier;
use crate::cli::reload;
use crate::cli::seat::Seat;
use crate::cli::warden::Warden;
use crate::clock;
use crate::engine::api::Event;
use crate::engine::board::Board;
use crate::engine::carried::Carried;
use crate::engine::link::Link;
use crate::engine::runner::Engine;
use crate::engine::settings::{EngineSettings, Patience};
use crate::model::reading::Reading;
use crate::oauth::http::{Http, HttpSettings};
use crate::paths::without_links;
use crate::vault::daily::{Daily, folder_beside};
use crate::vault::open::OpenVault;
use crate::vault::owner::OwnerLock;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

/// An owner has other things to do at its start.
const BEFORE_A_BACKUP: Duration = Duration::from_secs(60);

/// How long the owner means to stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Until it is told to leave, without a person before it: it refreshes by itself.
    ToStay,
    /// The same behind a terminal UI, which knows when nobody uses it.
    AtAScreen,
    /// For one command: it refreshes what is asked for, and serves whoever asks meanwhile.
    ForAMoment,
}

/// A running owner.
pub struct Owner {
    door: Door,
    link: Link,
    end_vault: DropGuard,
    warden: JoinHandle<()>,
    leave: CancellationToken,
    rereads: mpsc::Sender<()>,
    server: JoinHandle<()>,
    at_port: Option<JoinHandle<()>>,
    hooks: Option<JoinHandle<()>>,
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

    /// The same, with the events of its engines from the very first.
    pub fn start_heard(
        context: &Context,
        seat: Seat,
        vault: OpenVault,
        role: Role,
    ) -> Result<(Self, Listener), Failure> {
        let port = bind_port(context, role)?;
        let board = Board::default();
        if let Some(port) = &port {
            board.post_port(port.at());
        }
        board.post_metrics(context.config.api.metrics);
        board.post_reading(first_reading(context));
        let (events, _) = broadcast::channel(EVENTS);
        let engine = new_engine(context, role, vault, &board, Carried::default(), events);
        let warden = Warden::new(context, role, engine, board.clone());
        let door = warden.door().clone();
        // All of them listen before the warden lets the engine begin.
        let hooks = (role != Role::ForAMoment).then(|| {
            let (vault, settings) = (context.vault.clone(), warden.settings());
            let keeper = Keeper::new(door.clone(), board, vault, settings);
            tokio::spawn(keeper.keep(door.listen()))
        });
        if role != Role::ForAMoment {
            let notifier = Notifier::new(door.clone(), door.listen(), warden.settings());
            tokio::spawn(notifier.keep());
        }
        let listener = door.listen();
        let leave = CancellationToken::new();
        let serving = server::serve(seat.socket, door.clone(), leave.clone());
        let server = tokio::spawn(async {
            if let Err(error) = serving.await {
                tracing::error!(%error, "the agent socket is not served");
            }
        });
        let at_port = port.map(|port| {
            let serving =
                server::serve_port(port, door.clone(), ServerLimits::default(), leave.clone());
            tokio::spawn(async {
                if let Err(error) = serving.await {
                    tracing::error!(%error, "the port is not served");
                }
            })
        });
        let end_vault = CancellationToken::new();
        let (rereads, wishes) = mpsc::channel(1);
        if role != Role::ForAMoment {
            let following =
                reload::follow(context.clone(), door.clone(), wishes, end_vault.clone());
            tokio::spawn(following);
        }
        let owner = Self {
            rereads,
            warden: tokio::spawn(warden.keep(end_vault.clone())),
            end_vault: end_vault.drop_guard(),
            link: door.lasting_link().on_behalf_of(match role {
                Role::AtAScreen => peer::at_the_screen(),
                Role::ToStay | Role::ForAMoment => peer::own(),
            }),
            door,
            server,
            at_port,
            hooks,
            leave,
            _lock: seat.lock,
        };
        Ok((owner, listener))
    }

    /// The way to the engine, however often it is locked and opened again.
    pub fn link(&self) -> Link {
        self.link.clone()
    }

    /// Its door.
    pub fn door(&self) -> &Door {
        &self.door
    }

    /// Has it read its settings anew, if it is not about to.
    pub fn reread(&self) {
        let _ = self.rereads.try_send(());
    }

    /// Leaves in order: refreshes in flight end and are stored, their callers get their answers, then the socket goes,
    /// then the lock.
    pub async fn stop(self) {
        drop(self.end_vault);
        // These fail only by a defect, and then everything has ended anyway.
        let _ = self.warden.await;
        self.leave.cancel();
        let _ = self.server.await;
        if let Some(at_port) = self.at_port {
            let _ = at_port.await;
        }
        if let Some(hooks) = self.hooks {
            let _ = hooks.await;
        }
    }
}

/// Binds the port that the settings ask for. A terminal UI does without one that is taken, by another vault's owner
/// perhaps; its status tells that there is none.
fn bind_port(context: &Context, role: Role) -> Result<Option<BoundPort>, Failure> {
    let wanted = context.config.api.listen;
    let Some(at) = wanted.filter(|_| role != Role::ForAMoment) else {
        return Ok(None);
    };
    match (BoundPort::bind(at), role) {
        (Ok(port), _) => Ok(Some(port)),
        (Err(PortError::Io { .. }), Role::AtAScreen) => Ok(None),
        (Err(error), _) => Err(Failure::from_error(Kind::Failed, error).hint(
            "choose another address with `listen` in the section [api] of the settings, 127.0.0.1:0 for any port that is free",
        )),
    }
}

/// An engine over a vault that waits for its beginning, after another one or as the first. Must run inside a tokio runtime.
pub fn new_engine(
    context: &Context,
    role: Role,
    vault: OpenVault,
    board: &Board,
    carried: Carried,
    events: broadcast::Sender<Event>,
) -> Engine {
    let http = Http::new(HttpSettings::default());
    let settings = EngineSettings {
        carried,
        ..settings(context, role, board)
    };
    Engine::waiting(Box::new(vault), http, &settings, events)
}

/// How the settings were read that an owner starts with.
fn first_reading(context: &Context) -> Reading {
    Reading {
        file: context.settings.display().to_string(),
        read_at: clock::now(),
        ..Reading::default()
    }
}

/// What an engine of that role is told.
pub fn settings(context: &Context, role: Role, board: &Board) -> EngineSettings {
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
        patience: Patience::default(),
        generations: config.vault.generations(),
        board: board.clone(),
        grants: config.grants.policy(),
        carried: Carried::default(),
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
