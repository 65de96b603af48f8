//! `tokenward`: the terminal UI, attached to a living owner or as the owner itself.

use crate::agent::call::Caller;
use crate::agent::client;
use crate::cli::context::Context;
use crate::cli::demo;
use crate::cli::doctor::case::Case;
use crate::cli::doctor::finding::{Finding, Verdict};
use crate::cli::doctor::machine;
use crate::cli::failure::{Failure, Kind};
use crate::cli::gate::{self, Keeper};
use crate::cli::harden;
use crate::cli::output::talk;
use crate::cli::owner::{Owner, Role};
use crate::cli::reload::Watched;
use crate::cli::seat::{Seat, has_left, let_a_moments_owner_leave};
use crate::cli::unlock;
use crate::clock;
use crate::config::settings::Config;
use crate::demo::settings::DemoSettings;
use crate::engine::gate::{Place, Start};
use crate::model::lock::Locked;
use crate::tui::curtain::Locking;
use crate::tui::overlays::again::Proof;
use crate::tui::preferences::Preferences;
use crate::tui::run::{Ended, Settings, run as show};
use crate::tui::screens::remarks::Remark;
use crate::vault::slot::{Key, SlotKind};
use std::io::IsTerminal;
use std::time::Duration;
use tokio::runtime::{Handle, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// How long a lock that was wished just before leaving has to reach its owner.
const SETTLING: Duration = Duration::from_secs(5);
/// How long it may take before a person is told what is waited for.
const UNNOTICED: Duration = Duration::from_millis(300);

/// Opens the terminal UI.
pub fn run(context: &Context) -> Result<(), Failure> {
    must_be_a_terminal()?;
    harden::harden();
    let runtime = runtime()?;
    let keeper = Keeper::default();
    let start = start(context, &runtime, &keeper)?;
    let is_open = matches!(start, Start::Open { .. });
    let gate = || gate::open(context.clone(), runtime.handle().clone(), keeper.clone());
    let settings = Settings {
        remarks: remarks(context),
        gate: is_open.then(gate),
        proof: proof(context, &start),
        locking: Some(locking(context)),
        locked: locked(context, &start)?,
        preferences: Some(follow_settings(context, runtime.handle())),
        ..Settings::default()
    };
    let ended = runtime.block_on(show(start, settings));
    keeper.settle(SETTLING);
    if let Some(owner) = keeper.take() {
        runtime.block_on(leave(owner));
    }
    runtime.shutdown_background();
    match ended? {
        Ended::Demo => demo::with_ui(DemoSettings::default(), context),
        Ended::Quit | Ended::Signal => Ok(()),
    }
}

/// What is wrong with this machine, as far as that needs neither the vault nor the network.
fn remarks(context: &Context) -> Vec<Remark> {
    let case = Case::open(context, clock::now());
    let owner = case.owner.as_ref().map_or(std::process::id(), |it| it.pid);
    let found = machine::examine(&case, Some(owner)).into_iter();
    let wrong = found.filter(|it| matches!(it.verdict, Verdict::Warning | Verdict::Problem));
    let remark = |it: Finding| Remark {
        is_problem: it.verdict == Verdict::Problem,
        what: it.what,
    };
    wrong.map(remark).collect()
}

/// What is asked for before a sensitive act: the passphrase, where the vault has one or will have. A key that was named
/// and opened the vault just now counts for a while; the keyring, and a living owner, open to whoever sits there.
fn proof(context: &Context, start: &Start) -> Option<Proof> {
    let has_passphrase = !context.vault.exists()
        || unlock::kinds(context).is_ok_and(|kinds| kinds.contains(&SlotKind::Passphrase));
    let is_own = matches!(
        start,
        Start::Open {
            place: Place::Owner,
            ..
        }
    );
    let was_named = is_own && unlock::named(context).is_ok_and(|key| key.is_some());
    has_passphrase.then(|| Proof {
        counts_for: Duration::from_secs(context.config.unlock.ask_again_minutes * 60),
        given_at: was_named.then(clock::now),
    })
}

/// How the settings want it locked.
fn locking(context: &Context) -> Locking {
    let settings = &context.config.lock;
    Locking {
        vault: context.vault.display().to_string(),
        idle_minutes: settings.idle_minutes,
        screen_only: settings.screen_only,
        opens_by_itself: context.vault.exists()
            && unlock::kinds(context).is_ok_and(|kinds| !kinds.contains(&SlotKind::Passphrase))
            && unlock::without_question(context).is_ok_and(|key| key.is_some()),
    }
}

/// Reads the settings anew when their file changes, for the UI itself; of those that are wrong the owner tells.
fn follow_settings(context: &Context, runtime: &Handle) -> watch::Receiver<Preferences> {
    let (tell, told) = watch::channel(preferences(&context.config));
    let mut watched = Watched::new(context);
    runtime.spawn(async move {
        loop {
            tokio::select! {
                () = tell.closed() => return,
                () = watched.changed() => {}
            }
            if let Ok(config) = watched.read().await {
                let now = preferences(&config);
                tell.send_if_modified(|before| std::mem::replace(before, now) != now);
            }
        }
    });
    told
}

fn preferences(config: &Config) -> Preferences {
    Preferences {
        counts_for: Duration::from_secs(config.unlock.ask_again_minutes * 60),
        idle_minutes: config.lock.idle_minutes,
        screen_only: config.lock.screen_only,
        notify: config.notify,
    }
}

/// The lock of a living owner's vault.
fn locked(context: &Context, start: &Start) -> Result<Option<Locked>, Failure> {
    let is_attached = matches!(
        start,
        Start::Open {
            place: Place::Attached,
            ..
        }
    );
    Ok(match is_attached {
        true => Caller::new(context.socket()).status()?.locked,
        false => None,
    })
}

/// Refuses to draw where nobody looks.
pub fn must_be_a_terminal() -> Result<(), Failure> {
    if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        return Ok(());
    }
    Err(
        Failure::usage("the terminal UI needs a terminal on stdin and stdout")
            .hint("for scripts: tokenward list --json, tokenward get NAME")
            .hint("without a terminal: tokenward --daemon"),
    )
}

/// A runtime for a UI and an engine: drawing has the calling thread for itself.
pub fn runtime() -> Result<Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?)
}

/// Where we stand: a living owner, no vault, a vault that opens by itself, or a locked one.
fn start(context: &Context, runtime: &Runtime, keeper: &Keeper) -> Result<Start, Failure> {
    let_a_moments_owner_leave(context);
    match runtime.block_on(client::connect(&context.socket())) {
        Ok(link) => {
            let place = Place::Attached;
            return Ok(Start::Open { link, place });
        }
        Err(error) if has_left(&error) => {}
        Err(error) => return Err(error.into()),
    }
    let path = context.vault.display().to_string();
    let open = |note| {
        let gate = gate::open(context.clone(), runtime.handle().clone(), keeper.clone());
        Start::Locked {
            path: path.clone(),
            note,
            gate,
        }
    };
    if !context.vault.exists() {
        let gate = gate::open(context.clone(), runtime.handle().clone(), keeper.clone());
        return Ok(Start::NoVault { path, gate });
    }
    let Some(key) = unlock::without_question(context)? else {
        return Ok(open(None));
    };
    match own(context, runtime.handle(), &key) {
        Ok(Some(owner)) => {
            let link = owner.link();
            keeper.keep(owner);
            Ok(Start::Open {
                link,
                place: Place::Owner,
            })
        }
        // Somebody sat down in the same moment: unlocking will find that out.
        Ok(None) => Ok(open(None)),
        Err(failure) if failure.kind == Kind::Locked => {
            Ok(open(Some(gate::words(&failure).message)))
        }
        Err(failure) => Err(failure),
    }
}

fn own(context: &Context, runtime: &Handle, key: &Key) -> Result<Option<Owner>, Failure> {
    let Some(seat) = Seat::take_to_stay(context)? else {
        return Ok(None);
    };
    let vault = unlock::open_with(context, key)?;
    let _inside = runtime.enter();
    Owner::start(context, seat, vault, Role::AtAScreen).map(Some)
}

/// Leaves in order; says what it waits for when that takes a while, and lets a person who cannot wait go.
async fn leave(owner: Owner) {
    let mut stopping = std::pin::pin!(owner.stop());
    if tokio::time::timeout(UNNOTICED, stopping.as_mut())
        .await
        .is_ok()
    {
        return;
    }
    talk("Waiting for the refreshes in flight; Ctrl-C leaves at once.");
    let Ok(mut interrupt) = signal(SignalKind::interrupt()) else {
        return stopping.await;
    };
    tokio::select! {
        () = stopping => {}
        _ = interrupt.recv() => {}
    }
}
