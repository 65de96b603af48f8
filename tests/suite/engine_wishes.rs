//! A wish to revoke is never lost: not during a refresh, not to a kill, not to a new sign-in.

use crate::engine_bench::{Bench, HOUR, dead, failure, name, profile, transient, trouble};
use crate::engine_rig::{self, Rig, on_demand, revoke, show, token, until};
use crate::sandbox::{Running, Sandbox, eventually, provider};
use rustix::process::Signal;
use std::time::Duration;
use tokenward::demo::quirks::{Consent, Fault, Quirks, RequestKind};
use tokenward::engine::api::{Command, Event, Refusal, RevokeOutcome};
use tokenward::engine::runner::Engine;
use tokenward::engine::step::{CallerId, Effect, Input, RotateOutcome};
use tokenward::model::credential::{CredentialId, Flow, Generation, Standing};
use tokenward::model::failure::FailureClass;
use tokenward::model::inquiry::Liveness;
use tokenward::model::name::CredentialName;
use tokenward::model::signin::{Aside, ProviderChoice, SignInId, SignInRequest, SignInStep};
use tokenward::vault::store::Store;

const REVOKER: CallerId = CallerId(99);
const DOWN: Fault = Fault::Status {
    status: 503,
    retry_after: None,
};

fn ask_to_revoke(bench: &mut Bench) {
    bench.give(Input::RevokeAsked {
        caller: REVOKER,
        name: name(1),
        within: None,
    });
}

/// The generation whose profile was wished to be written as one that is to be revoked.
fn written(bench: &mut Bench) -> Option<u64> {
    bench.find(|wish| match wish {
        Effect::WriteProfile {
            generation,
            profile,
            ..
        } => matches!(profile.standing, Standing::Revoking { .. }).then_some(generation.0),
        _ => None,
    })
}

/// The generation that the provider is to be told of.
fn told(bench: &mut Bench) -> Option<u64> {
    bench.find(|wish| match wish {
        Effect::Revoke { generation, .. } => Some(generation.0),
        _ => None,
    })
}

fn standing(bench: &Bench, id: i64) -> Standing {
    let view = bench.core.view(CredentialId(id), bench.now).unwrap();
    view.profile.standing.clone()
}

fn end(bench: &mut Bench, outcome: Result<RevokeOutcome, Refusal>) {
    bench.give(Input::RevokeEnded {
        id: CredentialId(1),
        generation: Generation(1),
        outcome,
    });
}

fn failed(class: FailureClass) -> Result<RevokeOutcome, Refusal> {
    Err(Refusal::Failed {
        failure: failure(class, "http_x"),
    })
}

fn confirmed() -> Result<RevokeOutcome, Refusal> {
    Ok(RevokeOutcome::Confirmed {
        proof: Liveness::Dead,
    })
}

#[test]
fn a_wish_during_a_refresh_goes_to_the_disk_at_once_and_the_newest_tokens_are_revoked() {
    let mut bench = Bench::aged(HOUR + 1);
    let flight = bench.spend().unwrap();
    bench.written(flight, None);
    ask_to_revoke(&mut bench);
    assert_eq!((written(&mut bench), told(&mut bench)), (Some(1), None));
    bench.granted(flight);
    let kept = bench.find(|wish| match wish {
        Effect::Rotate { profile, .. } => Some(profile.standing.is_revoked()),
        _ => None,
    });
    assert_eq!(kept, Some(true), "the new tokens are kept as such");
    bench.rotated(flight);
    assert_eq!((written(&mut bench), told(&mut bench)), (Some(2), Some(2)));
}

#[test]
fn a_wish_while_new_tokens_are_written_is_written_for_those_and_else_for_the_old_ones() {
    let mut bench = Bench::aged(HOUR + 1);
    let flight = bench.spend().unwrap();
    bench.written(flight, None);
    bench.granted(flight);
    ask_to_revoke(&mut bench);
    assert_eq!(written(&mut bench), Some(2));
    let outcome = RotateOutcome::Failed(trouble());
    bench.give(Input::Rotated { flight, outcome });
    assert_eq!(written(&mut bench), Some(1), "the disk has the old ones");
    bench.rotated(flight);
    assert_eq!(told(&mut bench), Some(2));
}

#[test]
fn a_refresh_that_is_refused_does_not_take_the_wish_back() {
    for refusal in [dead(), transient()] {
        let mut bench = Bench::aged(HOUR + 1);
        let flight = bench.spend().unwrap();
        bench.written(flight, None);
        ask_to_revoke(&mut bench);
        bench.refused(flight, refusal);
        assert!(matches!(standing(&bench, 1), Standing::Revoking { .. }));
        assert_eq!(told(&mut bench), Some(1));
    }
}

/// A credential that is to be revoked, and a new sign-in that took its name.
fn set_aside() -> (Bench, CredentialName) {
    let mut bench = Bench::aged(10);
    ask_to_revoke(&mut bench);
    end(&mut bench, failed(FailureClass::Transient));
    assert!(told(&mut bench).is_some());
    let to: CredentialName = "demo/a1-old".parse().unwrap();
    bench.give(Input::SetAside {
        id: CredentialId(1),
        to: to.clone(),
    });
    bench.give(Input::SignedIn {
        id: CredentialId(2),
        generation: Generation(1),
        profile: Box::new(profile(1, "one.example", 0)),
        begun: None,
    });
    (bench, to)
}

#[test]
fn what_a_new_sign_in_took_the_name_of_is_still_revoked_and_then_forgotten() {
    let (mut bench, to) = set_aside();
    assert_eq!(bench.core.find(&to), Some(CredentialId(1)));
    assert_eq!(bench.core.find(&name(1)), Some(CredentialId(2)));
    let caller = bench.ask(1, 0, 30);
    assert_eq!(bench.answer(caller), Some(Ok(())), "the new one serves");
    bench.pass(HOUR);
    assert_eq!(told(&mut bench), Some(1));
    end(&mut bench, failed(FailureClass::Transient));
    bench.pass(HOUR);
    assert_eq!(told(&mut bench), Some(1), "and again");
    end(&mut bench, confirmed());
    let removed = bench.find(|wish| match wish {
        Effect::Remove { caller, id, .. } => Some((*caller, *id)),
        _ => None,
    });
    assert_eq!(removed, Some((None, CredentialId(1))));
}

#[test]
fn what_a_new_sign_in_took_the_name_of_never_comes_back_to_life() {
    let (mut bench, _) = set_aside();
    bench.pass(HOUR);
    end(&mut bench, failed(FailureClass::Misconfigured));
    let proof = match standing(&bench, 1) {
        Standing::Revoked { proof, .. } => proof,
        other => panic!("{other:?}"),
    };
    assert_eq!(proof, Liveness::Alive, "it waits for a person");
    let is_removed = |wish: &Effect| matches!(wish, Effect::Remove { .. });
    assert!(!bench.wishes.iter().any(is_removed));
}

#[test]
fn who_begins_to_sign_in_sends_what_waits_for_that_provider_first() {
    let mut bench = Bench::aged(10);
    ask_to_revoke(&mut bench);
    end(&mut bench, failed(FailureClass::Transient));
    assert!(told(&mut bench).is_some());
    let begun = |provider: &str| Input::SignInBegun {
        provider: provider.to_owned(),
    };
    bench.give(begun("other"));
    assert_eq!(told(&mut bench), None);
    bench.give(begun("demo"));
    assert_eq!(told(&mut bench), Some(1));
}

async fn sign_in(rig: &Rig, engine: &Engine) -> Option<Aside> {
    let (link, mut events) = (engine.link(), engine.link().subscribe());
    let provider = ProviderChoice::Issuer {
        name: "demo".to_owned(),
        issuer: rig.issuer(),
        endpoints: Box::default(),
    };
    let mut request = SignInRequest::new(SignInId(7), provider);
    request.account = Some("alice".to_owned());
    request.client = Some(tokenward::demo::record::client());
    request.flow = Some(Flow::Device);
    request.scopes = Some(vec!["read".to_owned()]);
    let request = Box::new(request);
    link.ask(|reply| Command::SignIn { request, reply })
        .await
        .unwrap();
    until(&mut events, |event| match event {
        Event::SignIn { step, .. } => {
            assert!(!matches!(step, SignInStep::Failed { .. }), "{step:?}");
            match step {
                SignInStep::SignedIn { aside, .. } => Some(aside.clone()),
                _ => None,
            }
        }
        _ => None,
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_again_keeps_what_is_to_be_revoked_until_the_provider_was_told() {
    let quirks = Quirks {
        device_interval: Duration::from_secs(1),
        consent: Consent::Allow("alice".to_owned()),
        ..Quirks::default()
    };
    let rig = Rig::new(quirks, &[("alice", 0)]).await;
    rig.control().fail_next(RequestKind::Revoke, u32::MAX, DOWN);
    let mut settings = on_demand();
    settings.limits.backoff_first = Duration::from_secs(600);
    let engine = rig.start(settings.clone());
    let old = token(&engine.link(), "alice").await.unwrap();
    let old = old.access.expose_secret().to_owned();
    revoke(&engine.link(), "alice").await.unwrap_err();
    // The vault takes both or neither, and what it did not take is written again.
    rig.refuse(engine_rig::REFUSES_ALL);
    let (signing, allowing) = (sign_in(&rig, &engine), async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        rig.refuse(engine_rig::REFUSES_NOTHING);
    });
    let (aside, ()) = tokio::join!(signing, allowing);
    // Discovered, not from a record: what else its revocation ends is not known.
    let said = aside.unwrap().sentence();
    assert!(
        said.contains("demo/alice-old") && said.contains("sign in again"),
        "{said}"
    );
    let new = token(&engine.link(), "alice").await.unwrap();
    assert_ne!(new.access.expose_secret(), old);
    let refused = token(&engine.link(), "alice-old").await.unwrap_err();
    assert!(matches!(refused, Refusal::Revoked { .. }), "{refused:?}");
    assert!(rig.control().is_live(&old), "the provider was not told");
    engine.shutdown().await;
    assert_eq!(rig.vault().count().unwrap(), 2);

    rig.control().change_quirks(|quirks| quirks.faults.clear());
    settings.limits.backoff_first = Duration::from_millis(10);
    let engine = rig.start(settings);
    let link = engine.link();
    let mut events = link.subscribe();
    let outcome = revoke(&link, "alice-old").await;
    assert!(outcome.is_ok() || matches!(outcome, Err(Refusal::NoSuchCredential { .. })));
    if show(&link, "alice-old").await.is_ok() {
        until(&mut events, |event| {
            matches!(event, Event::Removed { name } if name.account() == "alice-old").then_some(())
        })
        .await;
    }
    assert!(!rig.control().is_live(&old));
    assert!(rig.control().is_live(new.access.expose_secret()));
    assert!(token(&link, "alice").await.is_ok());
    engine.shutdown().await;
    assert_eq!(rig.vault().count().unwrap(), 1);
}

/// Signs in while tokens that are to be revoked are refreshed, or are in hand and cannot be written.
async fn sign_in_during_a_refresh(answer_delay: Duration, refused: u8) {
    let quirks = Quirks {
        device_interval: Duration::from_secs(1),
        consent: Consent::Allow("alice".to_owned()),
        answer_delay,
        ..Quirks::default()
    };
    let rig = Rig::new(quirks, &[("alice", 0)]).await;
    let control = rig.control();
    control.fail_next(RequestKind::Revoke, u32::MAX, DOWN);
    rig.refuse(refused);
    let mut settings = on_demand();
    settings.limits.backoff_first = Duration::from_secs(600);
    let engine = rig.start(settings);
    let link = engine.link();
    let refreshing = tokio::spawn(async move { engine_rig::refresh(&link, "alice").await });
    engine_rig::eventually(|| control.counts().of(RequestKind::Refresh) == 1).await;
    control.change_quirks(|quirks| quirks.answer_delay = Duration::ZERO);
    let link = engine.link();
    let revoking = tokio::spawn(async move { revoke(&link, "alice").await });
    refreshing.await.unwrap().unwrap_err();
    let (aside, ()) = tokio::join!(sign_in(&rig, &engine), async {
        tokio::time::sleep(Duration::from_millis(2500)).await;
        rig.refuse(engine_rig::REFUSES_NOTHING);
    });
    assert!(aside.is_some());
    let told = tokio::time::timeout(Duration::from_secs(30), revoking).await;
    told.expect("the refresh ended").unwrap().unwrap_err();
    let old = show(&engine.link(), "alice-old").await.unwrap();
    assert_eq!(old.generation, Generation(2), "the newest are kept");
    assert!(token(&engine.link(), "alice").await.is_ok());
    engine.shutdown().await;
    let (_, secret) = rig.vault().secret(old.id).unwrap();
    assert!(control.is_live_refresh(secret.refresh.unwrap().expose_secret()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_under_way_goes_on_for_what_a_sign_in_set_aside() {
    let delay = Duration::from_secs(3);
    sign_in_during_a_refresh(delay, engine_rig::REFUSES_NOTHING).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_waits_for_tokens_on_their_way_to_the_disk_that_are_to_be_revoked() {
    sign_in_during_a_refresh(Duration::ZERO, engine_rig::REFUSES_ROTATIONS).await;
}

#[test]
fn a_wish_during_a_refresh_outlives_a_kill() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let control = provider.control();
    let mut owner = sandbox.daemon();
    let token = sandbox.run(["get", "demo/alice"]).ok();
    control.fail_next(RequestKind::Refresh, 1, Fault::Hang);
    let refresh = Running::start(&mut sandbox.command(["refresh", "demo/alice"]));
    eventually("the refresh is under way", || {
        control.counts().of(RequestKind::Refresh) == 1
    });
    let revoke = Running::start(&mut sandbox.command(["revoke", "demo/alice", "--yes"]));
    let pending = || sandbox.run(["list", "--json"]).json()[0]["revocation"] == "pending";
    eventually("the wish is known", pending);
    // Whatever reads the log comes after what was to be written.
    sandbox.run(["why", "demo/alice"]).ok();
    assert_eq!(control.counts().of(RequestKind::Revoke), 0);
    owner.signal(Signal::KILL);
    owner.wait();
    drop((refresh, revoke));

    control.fail_next(RequestKind::Revoke, 1, DOWN);
    let _owner = sandbox.daemon();
    sandbox.run(["get", "demo/alice"]).fails(5);
    eventually("the provider was told", || !control.is_live(token.trim()));
}
