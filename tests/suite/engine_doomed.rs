//! What a revocation ends: also earlier tokens that are kept, and what is being written at that moment.

use crate::engine_rig::{Rig, eventually, import, name, on_demand, refresh, revoke, show};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokenward::demo::quirks::{Fault, Quirks, RequestKind, RotationRule};
use tokenward::engine::api::{Command, Fate, FateOf, Refusal, RevokeOutcome};
use tokenward::engine::link::Link;
use tokenward::model::credential::{CredentialId, Flow, Generation, Standing};
use tokenward::model::inquiry::Liveness;
use tokenward::model::name::CredentialName;
use tokenward::model::provider::{Provider, Rotation};
use tokenward::model::signin::{KeyWish, ProviderChoice, SignInId, SignInRequest};
use tokenward::secret::ApiKey;
use tokenward::vault::store::Store;

/// Whoever refreshes keeps the refresh tokens of before: each lives until it is revoked.
async fn rig() -> Rig {
    let quirks = Quirks {
        rotation: RotationRule::Always,
        ..Quirks::default()
    };
    Rig::with_record(quirks, &[("alice", 0)], all_live).await
}

fn all_live(record: &mut Provider) {
    record.rotation = Rotation::Always;
}

/// The kept generations on disk.
fn kept(rig: &Rig) -> usize {
    rig.vault().generations(CredentialId(1)).unwrap().len()
}

async fn everything(link: &Link) -> Vec<FateOf> {
    link.ask(|reply| Command::RevokeAll { reply })
        .await
        .unwrap()
}

/// Returns when all that was asked before was taken in.
async fn taken_in(link: &Link) {
    link.ask(|reply| Command::List { reply }).await.unwrap();
}

fn fate<'a>(fates: &'a [FateOf], account: &str) -> Vec<&'a Fate> {
    let named = fates.iter().filter(|it| it.name == name(account));
    named.map(|it| &it.fate).collect()
}

const DEAD: RevokeOutcome = RevokeOutcome::Confirmed {
    proof: Liveness::Dead,
};

#[tokio::test(flavor = "multi_thread")]
async fn earlier_refresh_tokens_that_are_kept_die_with_the_present_one() {
    let rig = rig().await;
    let (_, first, _) = rig.tokens("alice");
    let engine = rig.start(on_demand());
    refresh(&engine.link(), "alice").await.unwrap();
    let (_, second, _) = rig.tokens("alice");
    import(&engine.link(), rig.brought("alice", all_live))
        .await
        .unwrap();
    let (_, third, _) = rig.tokens("alice");
    let all = [first, second, third];
    let alive = || {
        all.iter()
            .filter(|one| rig.control().is_live_refresh(one))
            .count()
    };
    assert_eq!((alive(), kept(&rig)), (3, 2));
    assert_eq!(revoke(&engine.link(), "alice").await, Ok(DEAD));
    assert_eq!(alive(), 0);
    engine.shutdown().await;
    assert_eq!(kept(&rig), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn earlier_tokens_are_kept_until_their_provider_was_told_also_over_a_restart() {
    let rig = rig().await;
    let (_, first, _) = rig.tokens("alice");
    let engine = rig.start(on_demand());
    refresh(&engine.link(), "alice").await.unwrap();
    let away = Fault::Status {
        status: 503,
        retry_after: None,
    };
    rig.control().fail_next(RequestKind::Revoke, u32::MAX, away);
    let refused = revoke(&engine.link(), "alice").await.unwrap_err();
    assert!(matches!(refused, Refusal::Failed { .. }), "{refused:?}");
    engine.shutdown().await;
    assert_eq!(kept(&rig), 1);
    rig.control().change_quirks(|quirks| quirks.faults.clear());
    let mut settings = on_demand();
    settings.limits.backoff_first = Duration::from_millis(10);
    let engine = rig.start(settings);
    eventually(|| !rig.control().is_live_refresh(&first)).await;
    eventually(|| kept(&rig) == 0).await;
    engine.shutdown().await;
}

/// Asks for the second while the first one brings a credential that cannot be written yet, then lets it be written.
async fn while_it_is_written<A, B>(
    (rig, link): (&Rig, &Link),
    first: impl Future<Output = A>,
    second: impl Future<Output = B>,
) -> (A, B) {
    // So that nothing of the start is being written any more.
    link.ask(|reply| Command::Clients { reply }).await.unwrap();
    let gate = rig.hold_writes().await;
    let before = rig.arriving.load(Ordering::SeqCst);
    let is_written = || rig.arriving.load(Ordering::SeqCst) > before;
    let second = async {
        eventually(is_written).await;
        let release = async {
            taken_in(link).await;
            drop(gate);
        };
        tokio::join!(second, release).0
    };
    tokio::join!(first, second)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_imported_while_everything_is_revoked_is_revoked_when_it_is_there() {
    let rig = rig().await;
    let engine = rig.start(on_demand());
    let link = engine.link();
    show(&link, "alice").await.unwrap();
    let brought = rig.brought("bob", all_live);
    let tokens = (brought.access.clone(), brought.refresh.clone());
    let both = while_it_is_written((&rig, &link), import(&link, brought), everything(&link)).await;
    let (imported, fates) = both;
    imported.unwrap();
    assert_eq!(fate(&fates, "alice"), [&Fate::Revoked(DEAD)]);
    assert_eq!(fate(&fates, "bob"), [&Fate::Revoked(DEAD)]);
    assert!(!rig.control().is_live(&tokens.0) && !rig.control().is_live_refresh(&tokens.1));
    let view = show(&link, "bob").await.unwrap();
    assert!(matches!(view.profile.standing, Standing::Revoked { .. }));
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_that_meets_an_import_ends_the_tokens_of_both_generations() {
    let rig = rig().await;
    let (access, old, _) = rig.tokens("alice");
    let engine = rig.start(on_demand());
    let link = engine.link();
    show(&link, "alice").await.unwrap();
    let brought = rig.brought("alice", all_live);
    let new = brought.refresh.clone();
    let both = while_it_is_written(
        (&rig, &link),
        import(&link, brought),
        revoke(&link, "alice"),
    )
    .await;
    both.0.unwrap();
    assert_eq!(both.1, Ok(DEAD));
    let alive = [&old, &new].map(|one| rig.control().is_live_refresh(one));
    assert_eq!(alive, [false, false]);
    assert!(!rig.control().is_live(&access));
    let view = show(&link, "alice").await.unwrap();
    assert_eq!(view.generation, Generation(2));
    assert!(matches!(view.profile.standing, Standing::Revoked { .. }));
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_left_in_a_file_is_not_forgotten_when_other_tokens_took_its_place_meanwhile() {
    let rig = rig().await;
    let engine = rig.start(on_demand());
    let link = engine.link();
    show(&link, "alice").await.unwrap();
    let brought = rig.brought("alice", all_live);
    let remove = link.ask(|reply| Command::Remove {
        name: name("alice"),
        only: Some(Generation(1)),
        reply,
    });
    let both = while_it_is_written((&rig, &link), import(&link, brought), remove).await;
    let refused = both.1.unwrap_err();
    assert!(matches!(refused, Refusal::Invalid { .. }), "{refused:?}");
    let view = show(&link, "alice").await.unwrap();
    assert_eq!(view.generation, Generation(2));
    engine.shutdown().await;
    assert_eq!(rig.tokens("alice").2, Generation(2));
}

/// A key, which comes at once and as every sign-in does.
fn key() -> Box<SignInRequest> {
    Box::new(SignInRequest {
        id: SignInId(7),
        provider: ProviderChoice::Known {
            name: "keys".to_owned(),
            parameters: BTreeMap::new(),
        },
        account: Some("me".to_owned()),
        client: None,
        scopes: None,
        flow: Some(Flow::ApiKey),
        redirect_port: None,
        resources: Vec::new(),
        dpop: false,
        register: None,
        key: Some(KeyWish {
            key: ApiKey::new("a-key".to_owned()),
            expires_at: None,
        }),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_signed_in_while_everything_is_revoked_is_revoked_when_it_is_there() {
    let rig = rig().await;
    let engine = rig.start(on_demand());
    let link = engine.link();
    show(&link, "alice").await.unwrap();
    let sign_in = link.ask(|reply| Command::SignIn {
        request: key(),
        reply,
    });
    let both = while_it_is_written((&rig, &link), sign_in, everything(&link)).await;
    both.0.unwrap();
    let name = CredentialName::new("keys", "me").unwrap();
    let found = both.1.iter().find(|it| it.name == name);
    let by_hand = RevokeOutcome::ByHand {
        page: None,
        proof: Liveness::Unknown,
    };
    assert_eq!(found.map(|it| &it.fate), Some(&Fate::Revoked(by_hand)));
    let view = link
        .ask(|reply| Command::Show { name, reply })
        .await
        .unwrap();
    assert!(matches!(view.profile.standing, Standing::Revoked { .. }));
    engine.shutdown().await;
}
