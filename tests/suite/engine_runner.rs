//! The running engine over a real vault and the built-in provider: single-flight, crashes, failures, serving.

use crate::engine_rig::{
    REFUSES_ALL, REFUSES_NOTHING, REFUSES_ROTATIONS, Rig, eventually, name, on_demand, refresh,
    remove, revoke, show, token, token_for, until,
};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokenward::clock::Timestamp;
use tokenward::demo::quirks::{Fault, Quirks, RequestKind};
use tokenward::demo::record;
use tokenward::engine::api::{Command, Event, Refusal, RevokeOutcome};
use tokenward::engine::settings::EngineSettings;
use tokenward::model::credential::{CredentialId, Flow, Generation};
use tokenward::model::event::Happening;
use tokenward::model::health::HealthKind;
use tokenward::model::inquiry::Liveness;
use tokenward::model::limit::Limit;
use tokenward::model::policy::Limits;
use tokenward::model::signin::{ProviderChoice, SignInId, SignInRequest};
use tokenward::model::token::IssuedToken;
use tokenward::secret::AccessToken;
use tokenward::vault::store::Store;

fn hour() -> Quirks {
    Quirks {
        access_lifetime: Some(Duration::from_secs(3600)),
        refresh_lifetime: None,
        ..Quirks::default()
    }
}

const EXPIRED: u64 = 4000;

/// A moment at which every token was alive.
const LONG_AGO: Timestamp = Timestamp::from_secs(0);

fn issued(access: &str) -> Arc<IssuedToken> {
    Arc::new(IssuedToken {
        access: AccessToken::new(access.to_owned()),
        token_type: "Bearer".to_owned(),
        expires_at: None,
        scopes: Vec::new(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_callers_of_one_expired_token_cost_the_provider_one_refresh() {
    let rig = Rig::new(hour(), &[("alice", EXPIRED)]).await;
    rig.control()
        .change_quirks(|quirks| quirks.latency = Duration::from_millis(50));
    let engine = rig.start(on_demand());
    let callers: Vec<_> = (0..64)
        .map(|_| {
            let link = engine.link();
            tokio::spawn(async move { token(&link, "alice").await.unwrap() })
        })
        .collect();
    let mut tokens = Vec::new();
    for caller in callers {
        tokens.push(caller.await.unwrap().access);
    }
    assert_eq!(rig.control().counts().refreshes, 1);
    assert!(tokens.iter().all(|it| it.matches(&tokens[0])));
    assert!(rig.control().is_live(tokens[0].expose_secret()));
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_token_is_served_while_another_refresh_hangs() {
    let rig = Rig::new(hour(), &[("slow", EXPIRED), ("warm", 0)]).await;
    rig.control()
        .fail_next(RequestKind::Refresh, 1, Fault::Hang);
    let engine = rig.start(on_demand());
    let link = engine.link();
    let hanging = tokio::spawn({
        let link = link.clone();
        async move { token(&link, "slow").await.is_err() }
    });
    eventually(|| rig.control().counts().refreshes == 1).await;
    token(&link, "warm").await.unwrap();
    let begun = Instant::now();
    token(&link, "warm").await.unwrap();
    println!(
        "a warm token beside a hanging refresh: {:?}",
        begun.elapsed()
    );
    assert!(!hanging.is_finished());
    let needed_until = tokenward::clock::now();
    assert!(link.shelf().fetch(&name("warm"), needed_until).is_some());
    hanging.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_expired_at_once_are_fresh_after_little_more_than_one_answer() {
    let accounts: Vec<String> = (0..100).map(|it| format!("a{it}")).collect();
    let seeds: Vec<_> = accounts.iter().map(|it| (it.as_str(), EXPIRED)).collect();
    let rig = Rig::new(hour(), &seeds).await;
    rig.control()
        .change_quirks(|quirks| quirks.latency = Duration::from_millis(100));
    let settings = EngineSettings {
        limits: Limits {
            in_flight: 100,
            in_flight_per_host: 100,
            ..Limits::default()
        },
        ..on_demand()
    };
    let engine = rig.start(settings);
    let link = engine.link();
    link.ask(|reply| Command::List { reply }).await.unwrap();
    let begun = Instant::now();
    let callers: Vec<_> = accounts
        .into_iter()
        .map(|account| {
            let link = link.clone();
            tokio::spawn(async move { token(&link, &account).await.unwrap() })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    println!("100 expired at once: {:?}", begun.elapsed());
    let counts = rig.control().counts();
    assert_eq!((counts.refreshed, counts.replays), (100, 0));
    assert!(counts.most_in_flight > 8, "they were not sent together");
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_seconds_are_kept_fresh_in_the_background() {
    let quirks = Quirks {
        access_lifetime: Some(Duration::from_secs(3)),
        ..Quirks::default()
    };
    let rig = Rig::new(quirks, &[("alice", 0)]).await;
    let engine = rig.start(EngineSettings::default());
    let mut events = engine.link().subscribe();
    for generation in 2..=3 {
        let want = Generation(generation);
        until(&mut events, |event| match event {
            Event::Changed { view } => (view.generation >= want).then_some(()),
            _ => None,
        })
        .await;
    }
    assert_eq!(rig.control().counts().replays, 0);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_life_than_a_token_ever_has_costs_one_refresh_and_no_loop() {
    let rig = Rig::new(hour(), &[("alice", 0)]).await;
    let engine = rig.start(on_demand());
    let day = Duration::from_secs(86_400);
    token_for(&engine.link(), "alice", day).await.unwrap();
    assert_eq!(rig.control().counts().refreshes, 1);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_lost_in_a_crash_is_recovered_within_the_providers_grace() {
    let quirks = Quirks {
        reuse_grace: Duration::from_secs(600),
        ..hour()
    };
    let rig = Rig::new(quirks, &[("alice", EXPIRED)]).await;
    rig.control()
        .fail_next(RequestKind::Refresh, 1, Fault::HangAfter);
    let engine = rig.start(on_demand());
    let link = engine.link();
    let asked = tokio::spawn(async move { drop(token(&link, "alice").await) });
    eventually(|| rig.control().counts().refreshes == 1).await;
    asked.abort();
    drop(engine);
    assert_eq!(rig.vault().open_spendings().unwrap().len(), 1);

    let engine = rig.start(on_demand());
    let mut events = engine.link().subscribe();
    token(&engine.link(), "alice").await.unwrap();
    let log = engine
        .link()
        .ask(|reply| Command::Activity {
            name: Some(name("alice")),
            limit: 50,
            reply,
        })
        .await
        .unwrap();
    let has = |wanted: fn(&Happening) -> bool| log.iter().any(|line| wanted(&line.what));
    assert!(has(|it| matches!(it, Happening::Recovered { .. })));
    assert!(has(|it| matches!(it, Happening::Refreshed { .. })));
    assert!(events.try_recv().is_ok());
    engine.shutdown().await;
    assert!(rig.vault().open_spendings().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_gives_no_new_refresh_token_is_refreshed_with_the_old_one_again() {
    let quirks = Quirks {
        omit_refresh_token: true,
        ..hour()
    };
    let rig = Rig::new(quirks, &[("alice", 0)]).await;
    let engine = rig.start(on_demand());
    for generation in 2..=3 {
        let view = refresh(&engine.link(), "alice").await.unwrap();
        assert_eq!(view.generation, Generation(generation));
    }
    engine.shutdown().await;
    let (_, secret) = rig.vault().secret(CredentialId(1)).unwrap();
    assert!(
        rig.control()
            .is_live_refresh(secret.refresh.unwrap().expose_secret())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_fetched_leaves_the_memory_with_the_engine() {
    let rig = Rig::new(hour(), &[("alice", 0)]).await;
    let engine = rig.start(on_demand());
    let link = engine.link();
    token(&link, "alice").await.unwrap();
    assert!(link.shelf().fetch(&name("alice"), LONG_AGO).is_some());
    engine.shutdown().await;
    assert!(link.shelf().fetch(&name("alice"), LONG_AGO).is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_that_cannot_be_written_keeps_the_refresh_token_unspent() {
    let rig = Rig::new(hour(), &[("alice", EXPIRED)]).await;
    let engine = rig.start(on_demand());
    rig.refuse(REFUSES_ALL);
    let refused = token(&engine.link(), "alice").await.unwrap_err();
    assert!(matches!(refused, Refusal::Vault { .. }), "{refused:?}");
    assert_eq!(rig.control().counts().refreshes, 0);
    rig.refuse(REFUSES_NOTHING);
    token(&engine.link(), "alice").await.unwrap();
    assert_eq!(rig.control().counts().refreshes, 1);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_cannot_be_noted_is_refused() {
    let rig = Rig::new(hour(), &[("alice", EXPIRED)]).await;
    let engine = rig.start(on_demand());
    let link = engine.link();
    let generation = show(&link, "alice").await.unwrap().generation;
    let note = || {
        let credentials = vec![(name("alice"), generation)];
        link.ask(|reply| Command::NoteExport { credentials, reply })
    };
    rig.refuse(REFUSES_ALL);
    let refused = note().await.unwrap_err();
    assert!(matches!(refused, Refusal::Vault { .. }), "{refused:?}");
    rig.refuse(REFUSES_NOTHING);
    assert_eq!(note().await.unwrap(), []);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_tokens_that_cannot_be_written_stay_in_hand_until_they_can() {
    let rig = Rig::new(hour(), &[("alice", EXPIRED)]).await;
    let engine = rig.start(on_demand());
    let mut events = engine.link().subscribe();
    // One lies ready from a time when it was good enough.
    let shelf = engine.link().shelf().clone();
    shelf.put(name("alice"), issued("older"));
    rig.refuse(REFUSES_ROTATIONS);
    let refused = token(&engine.link(), "alice").await.unwrap_err();
    assert!(matches!(refused, Refusal::Vault { .. }), "{refused:?}");
    let again = token(&engine.link(), "alice").await.unwrap_err();
    assert!(matches!(again, Refusal::Vault { .. }), "{again:?}");
    assert!(
        shelf.fetch(&name("alice"), LONG_AGO).is_none(),
        "it may be dead"
    );
    rig.refuse(REFUSES_NOTHING);
    until(&mut events, |event| match event {
        Event::Changed { view } => (view.generation == Generation(2)).then_some(()),
        _ => None,
    })
    .await;
    let served = token(&engine.link(), "alice").await.unwrap();
    assert!(rig.control().is_live(served.access.expose_secret()));
    assert_eq!(rig.control().counts().refreshes, 1);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_with_tokens_that_no_vault_takes_is_said() {
    let rig = Rig::new(hour(), &[("alice", EXPIRED)]).await;
    let engine = rig.start(on_demand());
    rig.refuse(REFUSES_ROTATIONS);
    token(&engine.link(), "alice").await.unwrap_err();
    let mut events = engine.link().subscribe();
    engine.shutdown().await;
    let lost = until(&mut events, |event| match event {
        Event::Happened { activity } => {
            (activity.what == Happening::TokensLost).then(|| activity.name.clone())
        }
        _ => None,
    })
    .await;
    assert_eq!(lost, Some(name("alice")));
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_finishes_the_refresh_under_way() {
    let rig = Rig::new(hour(), &[("alice", EXPIRED)]).await;
    rig.control()
        .change_quirks(|quirks| quirks.latency = Duration::from_millis(300));
    let engine = rig.start(on_demand());
    let (link, mut events) = (engine.link(), engine.link().subscribe());
    let asked = tokio::spawn({
        let link = link.clone();
        async move { token(&link, "alice").await }
    });
    eventually(|| rig.control().counts().refreshes == 1).await;
    engine.shutdown().await;
    assert!(asked.await.unwrap().is_ok());
    until(&mut events, |event| {
        matches!(event, Event::Stopped).then_some(())
    })
    .await;
    assert_eq!(token(&link, "alice").await.unwrap_err(), Refusal::Stopped);
    let mut vault = rig.vault();
    assert!(vault.open_spendings().unwrap().is_empty());
    let mut generations = Vec::new();
    vault
        .profiles(&mut |portion| {
            generations.extend(portion.into_iter().map(|it| it.unwrap().generation));
        })
        .unwrap();
    assert_eq!(generations, [Generation(2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_credential_is_dead_at_the_provider_and_serves_nothing() {
    let rig = Rig::new(hour(), &[("alice", 0)]).await;
    let engine = rig.start(on_demand());
    let link = engine.link();
    let served = token(&link, "alice").await.unwrap();
    let revoked = revoke(&link, "alice").await.unwrap();
    assert_eq!(
        revoked,
        RevokeOutcome::Confirmed {
            proof: Liveness::Dead
        }
    );
    assert!(!rig.control().is_live(served.access.expose_secret()));
    assert!(matches!(
        token(&link, "alice").await.unwrap_err(),
        Refusal::Revoked { .. }
    ));
    let needed_until = tokenward::clock::now();
    assert!(link.shelf().fetch(&name("alice"), needed_until).is_none());
    assert_eq!(
        show(&link, "alice").await.unwrap().health.kind(),
        HealthKind::Revoked
    );
    engine.shutdown().await;
    let engine = rig.start(EngineSettings::default());
    let view = show(&engine.link(), "alice").await.unwrap();
    assert_eq!(view.health.kind(), HealthKind::Revoked);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_revoked_while_it_was_read_is_not_handed_out_nor_kept_ready() {
    let rig = Rig::new(hour(), &[("alice", 0)]).await;
    rig.control()
        .change_quirks(|quirks| quirks.answer_delay = Duration::from_millis(300));
    let engine = rig.start(on_demand());
    let link = engine.link();
    let revoking = tokio::spawn({
        let link = link.clone();
        async move { revoke(&link, "alice").await }
    });
    eventually(|| rig.control().counts().of(RequestKind::Revoke) == 1).await;
    let (held, release) = std::sync::mpsc::channel::<()>();
    let reading = Arc::clone(&rig.reading);
    let (is_held, mut told) = tokio::sync::mpsc::channel(1);
    let holder = std::thread::spawn(move || {
        let _gate = reading.lock().unwrap();
        is_held.blocking_send(()).unwrap();
        let _ = release.recv();
    });
    told.recv().await.unwrap();
    let asked = tokio::spawn({
        let link = link.clone();
        async move { token(&link, "alice").await }
    });
    revoking.await.unwrap().unwrap();
    drop(held);
    holder.join().unwrap();
    let refused = asked.await.unwrap().unwrap_err();
    assert!(matches!(refused, Refusal::Revoked { .. }), "{refused:?}");
    assert!(link.shelf().fetch(&name("alice"), LONG_AGO).is_none());
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_credential_is_gone_for_good() {
    let rig = Rig::new(hour(), &[("alice", 0), ("bob", 0)]).await;
    let engine = rig.start(on_demand());
    let link = engine.link();
    token(&link, "alice").await.unwrap();
    remove(&link, "alice").await.unwrap();
    assert!(matches!(
        token(&link, "alice").await.unwrap_err(),
        Refusal::NoSuchCredential { .. }
    ));
    assert!(link.shelf().fetch(&name("alice"), LONG_AGO).is_none());
    engine.shutdown().await;
    assert_eq!(rig.vault().count().unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_gives_the_next_generation_and_replaces_what_lies_on_the_shelf() {
    let rig = Rig::new(hour(), &[("alice", 0)]).await;
    let engine = rig.start(on_demand());
    let link = engine.link();
    let old = token(&link, "alice").await.unwrap();
    let view = refresh(&link, "alice").await.unwrap();
    assert_eq!(view.generation, Generation(2));
    let now = tokenward::clock::now();
    let shelved = link.shelf().fetch(&name("alice"), now).unwrap();
    assert!(!shelved.access.matches(&old.access));
    assert!(rig.control().is_live(shelved.access.expose_secret()));
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_refresh_token_needs_a_person_and_is_not_tried_again() {
    let rig = Rig::new(hour(), &[("alice", EXPIRED)]).await;
    for grant in rig.control().grants() {
        rig.control().revoke(grant.id);
    }
    let engine = rig.start(EngineSettings::default());
    let link = engine.link();
    for _ in 0..3 {
        let refused = token(&link, "alice").await.unwrap_err();
        assert!(matches!(refused, Refusal::Failed { .. }), "{refused:?}");
    }
    assert_eq!(rig.control().counts().refreshes, 1);
    let view = show(&link, "alice").await.unwrap();
    assert_eq!(view.health.kind(), HealthKind::NeedsLogin);
    assert_eq!(view.refresh_at, None);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_asked_for_before_it_is_loaded_is_shown_when_it_is() {
    let rig = Rig::new(hour(), &[("alice", 0)]).await;
    for _ in 0..10 {
        let engine = rig.start(on_demand());
        let link = engine.link();
        assert!(show(&link, "alice").await.is_ok());
        let unknown = show(&link, "bob").await.unwrap_err();
        assert!(matches!(unknown, Refusal::NoSuchCredential { .. }));
        engine.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_tells_the_limits_that_were_set_and_soon_what_the_owner_takes() {
    let rig = Rig::new(hour(), &[("alice", 0)]).await;
    let limits = Limits {
        in_flight: 7,
        in_flight_per_host: 3,
        ..Limits::default()
    };
    let engine = rig.start(EngineSettings {
        limits,
        ..on_demand()
    });
    let link = engine.link();
    let status = || link.ask(|reply| Command::Status { reply });
    let first = status().await.unwrap();
    assert_eq!(first.most(Limit::InFlight), Some(7));
    assert_eq!(first.most(Limit::InFlightPerHost), Some(3));
    let measured = async {
        loop {
            let status = status().await.unwrap();
            if let Some(extent) = status.extent {
                return (extent, status.memory);
            }
            tokio::task::yield_now().await;
        }
    };
    let measured = tokio::time::timeout(Duration::from_secs(30), measured);
    let (extent, memory) = measured.await.expect("it was measured");
    assert!(extent.vault > 0);
    assert_eq!(extent.copies, 0);
    assert_eq!(memory.is_some(), cfg!(target_os = "linux"));
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_that_nobody_finishes_do_not_pile_up() {
    let rig = Rig::new(hour(), &[]).await;
    let engine = rig.start(on_demand());
    let link = engine.link();
    let begin = |number| {
        let request = Box::new(SignInRequest {
            id: SignInId(number),
            provider: ProviderChoice::Issuer {
                name: "demo".to_owned(),
                issuer: rig.issuer(),
                endpoints: Box::default(),
            },
            account: None,
            client: Some(record::client()),
            scopes: None,
            flow: Some(Flow::Device),
            redirect_port: None,
            resources: Vec::new(),
            dpop: false,
            register: None,
            key: None,
        });
        let link = &link;
        async move { link.ask(|reply| Command::SignIn { request, reply }).await }
    };
    for number in 0..32 {
        begin(number).await.unwrap();
    }
    let refused = begin(32).await.unwrap_err();
    assert!(refused.to_string().contains("too many"), "{refused}");
    let again = begin(7).await.unwrap_err();
    assert!(again.to_string().contains("under way already"), "{again}");
    let id = SignInId(7);
    link.commands()
        .send(link.asked(Command::CancelSignIn { id }))
        .await
        .unwrap();
    let begun = Instant::now();
    while begin(32).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(30));
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    engine.shutdown().await;
}
