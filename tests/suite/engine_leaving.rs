//! How a running engine leaves with new tokens that no vault takes: a lock keeps them, a stop says what is lost.

use crate::engine_rig::{
    REFUSES_NOTHING, REFUSES_ROTATIONS, Rig, eventually, name, on_demand, token, until,
};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokenward::clock;
use tokenward::demo::quirks::Quirks;
use tokenward::engine::api::Event;
use tokenward::engine::farewell::Farewell;
use tokenward::engine::settings::{EngineSettings, Patience};
use tokenward::model::credential::Generation;
use tokenward::model::event::Happening;
use tokenward::model::lock::{LockReason, Locked};
use tokenward::vault::store::Store;

const EXPIRED: u64 = 4000;

/// Nothing is waited for at the end that need not be.
fn impatient() -> EngineSettings {
    EngineSettings {
        patience: Patience {
            requests: Duration::ZERO,
            writes: Duration::ZERO,
        },
        ..on_demand()
    }
}

async fn rig() -> Rig {
    let quirks = Quirks {
        access_lifetime: Some(Duration::from_secs(3600)),
        refresh_lifetime: None,
        ..Quirks::default()
    };
    Rig::new(quirks, &[("alice", EXPIRED)]).await
}

fn locked() -> Farewell {
    Farewell::Locked {
        lock: Locked {
            since: clock::now(),
            reason: LockReason::Asked,
        },
        by: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_past_its_limit_keeps_trying_to_write_new_tokens() {
    let rig = rig().await;
    let engine = rig.start(impatient());
    let mut events = engine.link().subscribe();
    rig.refuse(REFUSES_ROTATIONS);
    token(&engine.link(), "alice").await.unwrap_err();
    let refused = rig.refused.load(Ordering::SeqCst);
    let locking = tokio::spawn(engine.lock(locked()));
    eventually(|| locking.is_finished() || rig.refused.load(Ordering::SeqCst) > refused + 1).await;
    rig.refuse(REFUSES_NOTHING);
    locking.await.unwrap();
    let lost = until(&mut events, |event| match event {
        Event::Happened { activity } => (activity.what == Happening::TokensLost).then_some(true),
        Event::Locked { .. } => Some(false),
        _ => None,
    })
    .await;
    assert!(!lost, "they were given up");
    let mut generations = Vec::new();
    rig.vault()
        .profiles(&mut |portion| {
            generations.extend(portion.into_iter().map(|it| it.unwrap().generation));
        })
        .unwrap();
    assert_eq!(generations, [Generation(2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_were_given_up_stand_in_the_activity_log() {
    let rig = rig().await;
    let engine = rig.start(impatient());
    rig.refuse(REFUSES_ROTATIONS);
    token(&engine.link(), "alice").await.unwrap_err();
    engine.shutdown().await;
    let lines = rig.vault().activity(Some(&name("alice")), 100).unwrap();
    assert!(
        lines.iter().any(|line| line.what == Happening::TokensLost),
        "{lines:?}"
    );
}
