//! Revoking and removing through the running engine when the vault or the owner does not play along.

use crate::engine_rig::{
    REFUSES_ALL, REFUSES_NOTHING, Rig, eventually, on_demand, refresh, remove, revoke, show, token,
};
use std::time::Duration;
use tokenward::demo::quirks::{Fault, Quirks, RequestKind};
use tokenward::engine::api::{Command, Refusal, RevokeOutcome};
use tokenward::model::inquiry::Liveness;
use tokenward::vault::store::Store;

/// What an owner that starts now says to somebody who wants a token.
async fn refusal_after_a_restart(rig: &Rig) -> Refusal {
    let engine = rig.start(on_demand());
    let refused = token(&engine.link(), "alice").await.unwrap_err();
    engine.shutdown().await;
    refused
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_under_way_is_waited_for_when_leaving() {
    let rig = Rig::new(Quirks::default(), &[("alice", 0)]).await;
    rig.control()
        .change_quirks(|quirks| quirks.answer_delay = Duration::from_millis(500));
    let engine = rig.start(on_demand());
    let link = engine.link();
    let revoking = tokio::spawn(async move { revoke(&link, "alice").await });
    eventually(|| rig.control().counts().of(RequestKind::Revoke) == 1).await;
    engine.shutdown().await;
    assert_eq!(
        revoking.await.unwrap(),
        Ok(RevokeOutcome::Confirmed {
            proof: Liveness::Dead
        })
    );
    let refused = refusal_after_a_restart(&rig).await;
    assert!(matches!(refused, Refusal::Revoked { .. }), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_written_of_a_revocation_is_written_later() {
    let rig = Rig::new(Quirks::default(), &[("alice", 0)]).await;
    let engine = rig.start(on_demand());
    // Looked at and not used: a use would be written at the end, and the rest with it.
    show(&engine.link(), "alice").await.unwrap();
    rig.refuse(REFUSES_ALL);
    revoke(&engine.link(), "alice").await.unwrap();
    // The vault's thread answers in order: when this is read, the write was refused and the engine has the news.
    let link = engine.link();
    link.ask(|reply| Command::Clients { reply }).await.unwrap();
    // Of news and questions that wait, the engine takes any: after so many questions it has taken the news too.
    for _ in 0..64 {
        show(&link, "alice").await.unwrap();
    }
    rig.refuse(REFUSES_NOTHING);
    engine.shutdown().await;
    let refused = refusal_after_a_restart(&rig).await;
    assert!(matches!(refused, Refusal::Revoked { .. }), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_that_could_not_be_written_is_none() {
    let rig = Rig::new(Quirks::default(), &[("alice", 0)]).await;
    let engine = rig.start(on_demand());
    let link = engine.link();
    token(&link, "alice").await.unwrap();
    rig.refuse(REFUSES_ALL);
    let refused = remove(&link, "alice").await.unwrap_err();
    assert!(matches!(refused, Refusal::Vault { .. }), "{refused:?}");
    token(&link, "alice").await.unwrap();
    rig.refuse(REFUSES_NOTHING);
    engine.shutdown().await;
    assert_eq!(rig.vault().count().unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_stays_open_on_disk_exactly_when_the_token_may_be_spent() {
    for (status, open) in [(503, 1), (429, 0)] {
        let rig = Rig::new(Quirks::default(), &[("alice", 0)]).await;
        let fault = Fault::Status {
            status,
            retry_after: None,
        };
        rig.control().fail_next(RequestKind::Refresh, 1, fault);
        let engine = rig.start(on_demand());
        let refused = refresh(&engine.link(), "alice").await.unwrap_err();
        assert!(matches!(refused, Refusal::Failed { .. }), "{refused:?}");
        engine.shutdown().await;
        assert_eq!(
            rig.vault().open_spendings().unwrap().len(),
            open,
            "{status}"
        );
    }
}
