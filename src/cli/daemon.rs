//! `tokenward daemon`: the headless owner, in the foreground, for a service manager.

use crate::agent::listener::Listener;
use crate::cli::context::Context;
use crate::cli::doctor::unit::UNIT;
use crate::cli::failure::{Failure, Kind};
use crate::cli::harden;
use crate::cli::logs::{self, LogFormat};
use crate::cli::owner::{Owner, Role};
use crate::cli::seat::{self, Seat};
use crate::cli::service::{self, Watchdog};
use crate::cli::unlock;
use crate::engine::api::Event;
use crate::vault::error::VaultError;
use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Arguments of `tokenward daemon`.
#[derive(Debug, Args)]
#[command(after_help = "\
A service manager may listen on the socket and start it when somebody asks (tokenward setup systemd).
Logs go to stderr; TOKENWARD_LOG sets the level (error, warn, info, debug, trace). Under systemd it says when it is
ready and feeds the watchdog. SIGTERM and SIGINT finish the refreshes in flight, then leave; a second one leaves at
once. SIGHUP reads the settings anew, as does a change of their file; what is wrong with them is told, and those of before
go on. On its socket GET /api/openapi.json describes what programs can ask for, and GET /metrics has figures for Prometheus.")]
pub struct DaemonArgs {
    /// Form of the log.
    #[arg(long, value_enum, default_value = "text")]
    log_format: LogFormat,
    /// Print the unit for systemd that this version comes with, and leave.
    #[arg(long)]
    print_unit: bool,
}

impl Default for DaemonArgs {
    fn default() -> Self {
        Self {
            log_format: LogFormat::Text,
            print_unit: false,
        }
    }
}

/// Owns the vault until it is told to leave.
pub fn run(args: &DaemonArgs, context: &Context) -> Result<(), Failure> {
    if args.print_unit {
        return context.output.data(UNIT);
    }
    let given = service::given_socket()?;
    harden::harden();
    let format = if context.output.json {
        LogFormat::Json
    } else {
        args.log_format
    };
    logs::start(format)?;
    if !context.vault.exists() {
        let path = context.vault.clone();
        return Err(VaultError::Missing { path }.into());
    }
    if given.is_some() {
        tracing::info!("the service manager has made the socket: its socket is taken over");
    }
    if seat::stays(context) {
        return Err(owned(context));
    }
    let answered = unlock::answer(context)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    // Before there is anything to put away; after a person was asked, who must be able to say no by Ctrl-C.
    let signals = {
        let _inside = runtime.enter();
        Signals::listen()?
    };
    let seat = Seat::take_to_stay_on(context, given)?.ok_or_else(|| owned(context))?;
    let vault = unlock::open(context, answered)?;
    runtime.block_on(async {
        let (owner, events) = Owner::start_heard(context, seat, vault, Role::ToStay)?;
        own(context, owner, events, signals).await;
        Ok(())
    })
}

fn owned(context: &Context) -> Failure {
    let who = seat::holder(context);
    Failure::new(
        Kind::Refused,
        format!("the vault has an owner already{who}"),
    )
    .hint("one is enough: every command finds it; look at it: tokenward status")
}

async fn own(
    context: &Context,
    owner: Owner,
    mut events: Listener,
    (mut signals, mut hangup): (Signals, Hangup),
) {
    let mut watchdog = Watchdog::start();
    tracing::info!(
        socket = %context.socket().display(),
        vault = %context.vault.display(),
        version = env!("CARGO_PKG_VERSION"),
        pid = std::process::id(),
        "ready"
    );
    service::ready();
    loop {
        tokio::select! {
            name = signals.next() => {
                tracing::info!(signal = name, "leaving once the refreshes in flight have ended");
                break;
            }
            () = hangup.next() => owner.reread(),
            event = events.next() => if !log(event) { break },
            () = watchdog.due() => watchdog.feed(),
        }
    }
    service::stopping();
    let logging = tokio::spawn(async move { while log(events.next().await) {} });
    tokio::select! {
        () = owner.stop() => tracing::info!("left"),
        name = signals.next() => tracing::warn!(signal = name, "left at once"),
    }
    logging.abort();
}

/// Writes an event, and tells the service manager; false when nothing follows.
fn log(event: Option<Event>) -> bool {
    let Some(event) = event.filter(|event| *event != Event::Stopped) else {
        return false;
    };
    if matches!(event, Event::Locked { .. }) {
        service::status("locked");
    } else if event == Event::Unlocked {
        service::status("unlocked");
    }
    logs::write(&event);
    true
}

/// The signals that end an owner.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

/// The one that has it read its settings anew.
struct Hangup(Signal);

impl Hangup {
    async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending().await
        }
    }
}

impl Signals {
    fn listen() -> Result<(Self, Hangup), Failure> {
        let ends = Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        };
        Ok((ends, Hangup(signal(SignalKind::hangup())?)))
    }

    /// The next signal to leave at.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
