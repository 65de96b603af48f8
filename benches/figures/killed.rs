//! Killed 5 ms after the provider's answer: is the new refresh token kept?
//!
//! A refresh is asked for, the provider says when it has handed the answer to the network, 5 ms later the owner gets
//! SIGKILL. Then the vault is opened and its refresh token must be one the provider still accepts: its refresh tokens
//! are for single use, so the old one is dead.

use crate::sample::{Samples, Unit};
use crate::stage::{Stage, Tokens, name};
use crate::table::{Figure, Row};
use std::time::{Duration, Instant};
use tokenward::demo::quirks::RequestKind;
use tokenward::vault::store::Store;

const ROUNDS: usize = 40;

pub const ROW: Row = Row {
    name: "killed",
    what: "killed 5 ms after the provider's answer: kept",
    reach: "always; others 7 of 8, and 0 of 8",
    measure,
};

fn measure() -> Vec<Figure> {
    let stage = Stage::new(1, Tokens::Warm);
    let kept = (0..ROUNDS).filter(|_| round(&stage)).count();
    let figure = Figure::new("kept", Samples::one(Unit::Count, kept as f64));
    vec![figure.note(format!("of {ROUNDS}"))]
}

fn round(stage: &Stage) -> bool {
    stage.control().reset_counts();
    let owner = stage.owner();
    let caller = stage.caller();
    let asked = std::thread::spawn(move || caller.refresh(&name(0), Duration::from_secs(20)));
    let begun = Instant::now();
    while !answered(stage) {
        assert!(begun.elapsed() < Duration::from_secs(20), "no refresh");
        std::hint::spin_loop();
    }
    std::thread::sleep(Duration::from_millis(5));
    owner.kill();
    // Whether the asker got its answer does not matter here.
    let _ = asked.join();
    is_kept(stage)
}

fn answered(stage: &Stage) -> bool {
    let requests = stage.control().requests();
    let mut refreshes = requests.iter().filter(|r| r.kind == RequestKind::Refresh);
    refreshes.any(|request| request.answered_at.is_some())
}

fn is_kept(stage: &Stage) -> bool {
    let mut vault = stage.open_vault();
    let mut id = None;
    let read =
        vault.profiles(&mut |portion| id = portion.into_iter().flatten().map(|p| p.id).next());
    read.expect("a readable vault");
    let (_, secret) = vault.secret(id.expect("one credential")).expect("a secret");
    let refresh = secret.refresh.expect("a refresh token");
    stage.control().is_live_refresh(refresh.expose_secret())
}
