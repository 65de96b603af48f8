//! A vault of 10,000 credentials from unlocked to listed.
//!
//! In this process: the vault is opened and unlocked with its key file, then all profiles are opened; the first portion
//! is what a screen can show first. The same with the engine around it: from its start to its event that some, and that
//! all were loaded, and from there to the answer to the question for the whole list.

use crate::sample::Samples;
use crate::stage::{Stage, Tokens};
use crate::table::{Figure, Row};
use std::time::{Duration, Instant};
use tokenward::engine::api::{Command, Event};
use tokenward::engine::runner::Engine;
use tokenward::engine::settings::EngineSettings;
use tokenward::oauth::http::{Http, HttpSettings};
use tokenward::vault::store::Store;

const CREDENTIALS: usize = 10_000;
const ROUNDS: usize = 5;

pub const ROW: Row = Row {
    name: "listed",
    what: "10,000 credentials: unlocked to listed",
    reach: "500 ms, usable from the first 50 ms",
    measure,
};

fn measure() -> Vec<Figure> {
    let stage = Stage::new(CREDENTIALS, Tokens::Warm);
    let (mut firsts, mut wholes, mut unlocks) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let mut vault = stage.open_vault();
        unlocks.push(begun.elapsed());
        let begun = Instant::now();
        let (mut first, mut count) = (None, 0);
        let taken = vault.profiles(&mut |portion| {
            first.get_or_insert_with(|| begun.elapsed());
            count += portion.into_iter().filter(Result::is_ok).count();
        });
        taken.expect("a readable vault");
        assert_eq!(count, CREDENTIALS);
        wholes.push(begun.elapsed());
        firsts.extend(first);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let engines: Vec<_> = (0..ROUNDS)
        .map(|_| runtime.block_on(engine(&stage)))
        .collect();
    let part = |part: fn(&Loading) -> Duration| Samples::millis(engines.iter().map(part));
    vec![
        Figure::new(
            "file opened and unlocked (before the clock starts)",
            Samples::millis(unlocks),
        ),
        Figure::new("unlocked to the first portion", Samples::millis(firsts)),
        Figure::new("unlocked to all", Samples::millis(wholes)),
        Figure::new("engine: unlocked to the first portion", part(|l| l.first)),
        Figure::new("engine: unlocked to all", part(|l| l.all)),
        Figure::new(
            "engine: unlocked to the whole list answered",
            part(|l| l.listed),
        ),
    ]
}

struct Loading {
    first: Duration,
    all: Duration,
    listed: Duration,
}

async fn engine(stage: &Stage) -> Loading {
    let vault = stage.open_vault();
    let begun = Instant::now();
    let http = Http::new(HttpSettings::default());
    let engine = Engine::start(Box::new(vault), http, EngineSettings::default());
    let link = engine.link();
    let mut events = link.subscribe();
    let mut first = None;
    loop {
        if let Event::Loaded { loaded, total } = events.recv().await.expect("it loads") {
            first.get_or_insert_with(|| begun.elapsed());
            if loaded == total {
                break;
            }
        }
    }
    let all = begun.elapsed();
    let list = link.ask(|reply| Command::List { reply }).await;
    assert_eq!(list.map(|list| list.len()), Ok(CREDENTIALS));
    let listed = begun.elapsed();
    engine.shutdown().await;
    Loading {
        first: first.unwrap_or(all),
        all,
        listed,
    }
}
