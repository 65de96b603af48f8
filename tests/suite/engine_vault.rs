//! The vault's own thread: what comes first, and that one bad write stops no other.

use crate::engine_rig::{REFUSES_ROTATIONS, Rig};
use crate::vault_fixture::secret;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use tokenward::demo::quirks::Quirks;
use tokenward::engine::vault_thread::{Done, Job, Maker, VaultThread};
use tokenward::model::credential::{CredentialId, Generation};
use tokenward::vault::store::{Spending, Write};

/// A vault's thread that is kept reading until it is let go, so that what is asked meanwhile waits together.
struct Busy {
    rig: Rig,
    thread: VaultThread,
    holding: JoinHandle<()>,
    release: Sender<()>,
}

impl Busy {
    async fn new() -> Self {
        let rig = Rig::new(Quirks::default(), &[("alice", 0), ("bob", 0)]).await;
        let thread = VaultThread::start(rig.store());
        let (release, released) = channel();
        let (is_held, held) = channel();
        let gate = Arc::clone(&rig.reading);
        let holding = std::thread::spawn(move || {
            let _gate = gate.lock().unwrap();
            is_held.send(()).unwrap();
            let _ = released.recv();
        });
        held.recv().unwrap();
        let (is_reading, reading) = channel();
        thread.ask(Job::Read(Box::new(move |store| {
            is_reading.send(()).unwrap();
            store.secret(CredentialId(1)).unwrap();
        })));
        reading.recv().unwrap();
        Self {
            rig,
            thread,
            holding,
            release,
        }
    }

    /// Lets the thread go on, and waits until all is done.
    fn finish(self) {
        drop(self.release);
        self.holding.join().unwrap();
        self.thread.finish();
    }
}

fn profile(rig: &Rig, id: i64) -> Maker {
    let (profile, _) = secret(
        &rig.vault(),
        if id == 1 { "demo/alice" } else { "demo/bob" },
        1,
    );
    Box::new(move |_| Write::Profile {
        id: CredentialId(id),
        generation: Generation(1),
        profile: Box::new(profile.clone()),
    })
}

fn rotation(rig: &Rig) -> Maker {
    let vault = rig.vault();
    Box::new(move |_| {
        let (profile, secret) = secret(&vault, "demo/alice", 2);
        Write::Rotate {
            id: CredentialId(1),
            spent: Generation(1),
            profile: Box::new(profile),
            secret: Box::new(secret),
        }
    })
}

fn intent() -> Maker {
    Box::new(|store| {
        Write::Spend(Spending {
            id: CredentialId(2),
            generation: Generation(1),
            fingerprint: store.fingerprint("x"),
            started_at: tokenward::clock::now(),
        })
    })
}

/// Notes under a name whether a write was done.
fn noted(name: &'static str, outcomes: &Sender<(&'static str, bool)>) -> Done {
    let outcomes = outcomes.clone();
    Box::new(move |_, written| outcomes.send((name, written.is_ok())).unwrap())
}

#[tokio::test]
async fn a_write_that_fails_takes_no_other_of_its_group_with_it() {
    let busy = Busy::new().await;
    busy.rig.refuse(REFUSES_ROTATIONS);
    let (outcomes, told) = channel();
    let bad = rotation(&busy.rig);
    busy.thread.ask(Job::Urgent(bad, noted("bad", &outcomes)));
    let good = profile(&busy.rig, 2);
    busy.thread.ask(Job::Urgent(good, noted("good", &outcomes)));
    busy.finish();
    drop(outcomes);
    assert_eq!(
        told.iter().collect::<Vec<_>>(),
        [("bad", false), ("good", true)]
    );
}

#[tokio::test]
async fn an_outcome_is_written_before_the_next_intents() {
    let busy = Busy::new().await;
    let (outcomes, told) = channel();
    busy.thread
        .ask(Job::Spend(intent(), noted("intent", &outcomes)));
    let outcome = rotation(&busy.rig);
    busy.thread
        .ask(Job::Urgent(outcome, noted("outcome", &outcomes)));
    busy.finish();
    drop(outcomes);
    assert_eq!(
        told.iter().collect::<Vec<_>>(),
        [("outcome", true), ("intent", true)]
    );
}
