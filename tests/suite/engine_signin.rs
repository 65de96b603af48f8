//! Signing in through the running engine: both flows, pasted answers, cancelling, a second time, a broken vault.

use crate::engine_rig::{REFUSES_ALL, REFUSES_NOTHING, Rig, eventually, name, show, token, until};
use crate::oauth_rig::{Rig as Other, answer};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokenward::demo::quirks::{Consent, Fault, Quirks, RequestKind};
use tokenward::demo::record;
use tokenward::engine::api::{Command, Event, PastedUrl, Refusal};
use tokenward::engine::link::Link;
use tokenward::engine::runner::Engine;
use tokenward::engine::settings::EngineSettings;
use tokenward::model::client::Client;
use tokenward::model::credential::{Flow, Generation};
use tokenward::model::event::Happening;
use tokenward::model::failure::Failure;
use tokenward::model::provider::Endpoints;
use tokenward::model::signin::{KeyWish, ProviderChoice, SignInId, SignInRequest, SignInStep};
use tokenward::secret::{ApiKey, AuthorizationCode};
use tokenward::vault::store::{Store, Write};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::broadcast;

const ID: SignInId = SignInId(7);

fn quick() -> Quirks {
    Quirks {
        device_interval: Duration::from_millis(1000),
        ..Quirks::default()
    }
}

fn request(rig: &Rig, flow: Flow) -> SignInRequest {
    SignInRequest {
        id: ID,
        provider: ProviderChoice::Issuer {
            name: "demo".to_owned(),
            issuer: rig.issuer(),
            endpoints: Box::new(Endpoints::default()),
        },
        account: Some("alice".to_owned()),
        client: Some(record::client()),
        scopes: Some(vec!["openid".to_owned(), "email".to_owned()]),
        flow: Some(flow),
        redirect_port: None,
        resources: Vec::new(),
        dpop: false,
        register: None,
        key: None,
    }
}

/// With the provider's record and the client that the vault knows.
fn known(rig: &Rig, flow: Flow) -> SignInRequest {
    SignInRequest {
        provider: ProviderChoice::Known {
            name: "demo".to_owned(),
            parameters: BTreeMap::new(),
        },
        client: None,
        ..request(rig, flow)
    }
}

async fn begin(link: &Link, request: SignInRequest) -> Result<(), Refusal> {
    link.ask(|reply| Command::SignIn {
        request: Box::new(request),
        reply,
    })
    .await
}

async fn step<T>(
    events: &mut broadcast::Receiver<Event>,
    mut wanted: impl FnMut(&SignInStep) -> Option<T>,
) -> T {
    until(events, |event| match event {
        Event::SignIn { id: ID, step } => {
            if let SignInStep::Failed { failure } = step {
                let expected = wanted(step);
                assert!(expected.is_some(), "{failure:?}");
                return expected;
            }
            wanted(step)
        }
        _ => None,
    })
    .await
}

async fn done(events: &mut broadcast::Receiver<Event>) {
    step(events, |step| {
        matches!(step, SignInStep::SignedIn { .. }).then_some(())
    })
    .await;
}

async fn by_device(rig: &Rig, engine: &Engine) {
    let (link, mut events) = (engine.link(), engine.link().subscribe());
    begin(&link, request(rig, Flow::Device)).await.unwrap();
    let code = step(&mut events, |step| match step {
        SignInStep::DeviceCode { user_code, .. } => Some(user_code.clone()),
        _ => None,
    })
    .await;
    assert!(rig.control().approve_code(&code, "alice"));
    done(&mut events).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_entered_elsewhere_makes_a_credential_that_serves_tokens() {
    let rig = Rig::new(quick(), &[]).await;
    let engine = rig.start(EngineSettings::default());
    by_device(&rig, &engine).await;
    let served = token(&engine.link(), "alice").await.unwrap();
    assert!(rig.control().is_live(served.access.expose_secret()));
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_credential_knows_which_tokens_it_holds_before_any_restart() {
    let rig = Rig::new(quick(), &[]).await;
    let engine = rig.start(EngineSettings::default());
    by_device(&rig, &engine).await;
    let told = show(&engine.link(), "alice").await.unwrap().profile;
    engine.shutdown().await;
    let mut kept = None;
    rig.vault()
        .profiles(&mut |portion| kept = portion.into_iter().map(Result::unwrap).next())
        .unwrap();
    let kept = kept.unwrap().profile;
    assert!(kept.refresh_fingerprint.is_some());
    // The journal names what is spent by this: another one would refuse the refresh after a crash.
    assert_eq!(told.refresh_fingerprint, kept.refresh_fingerprint);
    assert_eq!(told.access_fingerprint, kept.access_fingerprint);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_again_goes_on_with_the_same_credential() {
    let rig = Rig::new(quick(), &[]).await;
    let engine = rig.start(EngineSettings::default());
    by_device(&rig, &engine).await;
    let first = show(&engine.link(), "alice").await.unwrap();
    by_device(&rig, &engine).await;
    let second = show(&engine.link(), "alice").await.unwrap();
    assert_eq!(second.id, first.id);
    assert!(second.generation > first.generation);
    assert_eq!(second.profile.created_at, first.profile.created_at);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_is_kept_for_the_next_account() {
    let rig = Rig::new(quick(), &[]).await;
    let engine = rig.start(EngineSettings::default());
    by_device(&rig, &engine).await;
    let (link, mut events) = (engine.link(), engine.link().subscribe());
    let again = SignInRequest {
        account: Some("bob".to_owned()),
        ..known(&rig, Flow::Device)
    };
    begin(&link, again).await.unwrap();
    eventually(|| !rig.control().pending().is_empty()).await;
    rig.control().approve_all();
    done(&mut events).await;
    assert!(token(&link, "bob").await.is_ok());
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_client_nothing_is_started_and_the_hint_says_what_to_give() {
    let rig = Rig::new(quick(), &[]).await;
    let engine = rig.start(EngineSettings::default());
    let bare = SignInRequest {
        client: None,
        ..request(&rig, Flow::Device)
    };
    let refused = begin(&engine.link(), bare).await.unwrap_err();
    assert!(refused.hint().contains("--client-id"), "{refused:?}");
    let wrong = SignInRequest {
        provider: ProviderChoice::Known {
            name: "google".to_owned(),
            parameters: BTreeMap::new(),
        },
        client: Some(Client {
            id: "my password".to_owned(),
            ..record::client()
        }),
        ..request(&rig, Flow::Device)
    };
    let refused = begin(&engine.link(), wrong).await.unwrap_err();
    assert!(matches!(refused, Refusal::Invalid { .. }), "{refused:?}");
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_ran_out_while_nobody_could_be_asked_blames_the_network_and_not_the_person() {
    for is_down in [false, true] {
        let quirks = Quirks {
            device_lifetime: Duration::from_secs(3),
            ..quick()
        };
        let rig = Rig::new(quirks, &[]).await;
        if is_down {
            let fault = Fault::Status {
                status: 503,
                retry_after: None,
            };
            rig.control().fail_next(RequestKind::DevicePoll, 99, fault);
        }
        let engine = rig.start(EngineSettings::default());
        let (link, mut events) = (engine.link(), engine.link().subscribe());
        begin(&link, request(&rig, Flow::Device)).await.unwrap();
        let failure = step(&mut events, |step| match step {
            SignInStep::Failed { failure } => Some(failure.clone()),
            _ => None,
        })
        .await;
        let code = if is_down { "http_503" } else { "expired_token" };
        assert_eq!(failure.code, code, "{failure:?}");
        assert_eq!(failure.cause.contains("could not be asked"), is_down);
        let advice = failure.advice();
        assert!(advice.contains("tart the sign-in again"), "{advice}");
        engine.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_asked_too_often_is_asked_five_seconds_less_often() {
    let quirks = Quirks {
        slow_down_once: true,
        tell_slow_down_interval: false,
        ..quick()
    };
    let rig = Rig::new(quirks, &[]).await;
    let engine = rig.start(EngineSettings::default());
    let (link, mut events) = (engine.link(), engine.link().subscribe());
    begin(&link, request(&rig, Flow::Device)).await.unwrap();
    let seconds = step(&mut events, |step| match step {
        SignInStep::Polled { interval_secs, .. } => Some(*interval_secs),
        _ => None,
    })
    .await;
    // RFC 8628 3.5, on top of the one second that the provider asked for.
    assert_eq!(seconds, 6);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browsers_answer_makes_a_credential() {
    let rig = Rig::new(quick(), &[]).await;
    let engine = rig.start(EngineSettings::default());
    let (link, mut events) = (engine.link(), engine.link().subscribe());
    begin(&link, request(&rig, Flow::Loopback)).await.unwrap();
    let url = authorize(&mut events).await;
    let answer = Consent::Allow("alice".to_owned());
    assert!(rig.control().visit(&url, &answer));
    done(&mut events).await;
    assert!(token(&link, "alice").await.is_ok());
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_says_when_another_program_has_the_providers_port() {
    let rig = Rig::new(quick(), &[]).await;
    let (theirs, free) = (
        std::net::TcpListener::bind("127.0.0.1:0").unwrap(),
        std::net::TcpListener::bind("127.0.0.1:0").unwrap(),
    );
    let [usual, second] = [&theirs, &free].map(|it| it.local_addr().unwrap().port());
    drop(free);
    let mut provider = record::provider(&rig.issuer());
    provider.redirect.ports = vec![usual, second];
    let kept = Write::Client {
        provider: Box::new(provider),
        client: record::client(),
    };
    rig.vault().apply(vec![kept]).unwrap();
    let engine = rig.start(EngineSettings::default());
    let (link, mut events) = (engine.link(), engine.link().subscribe());
    let again = known(&rig, Flow::Loopback);
    begin(&link, again).await.unwrap();
    let said = step(&mut events, |step| match step {
        SignInStep::Authorize {
            redirect_uri,
            taken_port,
            ..
        } => Some((redirect_uri.clone(), *taken_port)),
        _ => None,
    })
    .await;
    assert_eq!(said.1, Some(usual));
    assert!(said.0.contains(&second.to_string()), "{said:?}");
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pasted_answer_makes_a_credential_and_a_wrong_one_can_be_corrected() {
    let rig = Rig::new(quick(), &[]).await;
    let engine = rig.start(EngineSettings::default());
    let (link, mut events) = (engine.link(), engine.link().subscribe());
    begin(&link, request(&rig, Flow::Loopback)).await.unwrap();
    let url = authorize(&mut events).await;
    let paste = |text: String| {
        link.ask(|reply| Command::PasteCallback {
            id: ID,
            url: PastedUrl(AuthorizationCode::new(text)),
            reply,
        })
    };
    let wrong = paste("http://127.0.0.1/callback?code=x&state=y".to_owned()).await;
    assert!(matches!(wrong, Err(Refusal::Invalid { .. })), "{wrong:?}");
    paste(visit(&rig, &url).await).await.unwrap();
    done(&mut events).await;
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_sign_in_leaves_nothing_behind() {
    let rig = Rig::new(quick(), &[]).await;
    let engine = rig.start(EngineSettings::default());
    let (link, mut events) = (engine.link(), engine.link().subscribe());
    begin(&link, request(&rig, Flow::Loopback)).await.unwrap();
    authorize(&mut events).await;
    link.commands()
        .send(link.asked(Command::CancelSignIn { id: ID }))
        .await
        .unwrap();
    step(&mut events, |step| {
        matches!(step, SignInStep::Cancelled).then_some(())
    })
    .await;
    assert!(show(&link, "alice").await.is_err());
    begin(&link, request(&rig, Flow::Loopback)).await.unwrap();
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_a_sign_in_outlast_a_vault_that_cannot_be_written() {
    let rig = Rig::new(quick(), &[]).await;
    let engine = rig.start(EngineSettings::default());
    let (link, mut events) = (engine.link(), engine.link().subscribe());
    begin(&link, request(&rig, Flow::Device)).await.unwrap();
    eventually(|| !rig.control().pending().is_empty()).await;
    rig.refuse(REFUSES_ALL);
    rig.control().approve_all();
    until(&mut events, |event| match event {
        Event::Happened { activity } => {
            matches!(activity.what, Happening::SignInFailed { .. }).then_some(())
        }
        _ => None,
    })
    .await;
    assert!(show(&link, "alice").await.is_err());
    rig.refuse(REFUSES_NOTHING);
    done(&mut events).await;
    let view = show(&link, "alice").await.unwrap();
    assert_eq!(view.profile.name, name("alice"));
    assert!(view.generation >= Generation(0));
    engine.shutdown().await;
}

async fn cancel(link: &Link, events: &mut broadcast::Receiver<Event>) {
    let command = Command::CancelSignIn { id: ID };
    link.commands().send(link.asked(command)).await.unwrap();
    step(events, |step| {
        matches!(step, SignInStep::Cancelled).then_some(())
    })
    .await;
}

async fn unkept(events: &mut broadcast::Receiver<Event>) -> Failure {
    step(events, |step| match step {
        SignInStep::Unkept { failure, .. } => Some(failure.clone()),
        _ => None,
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_were_given_up_unwritten_are_revoked_and_never_kept() {
    let rig = Rig::new(quick(), &[]).await;
    let engine = rig.start(EngineSettings::default());
    let (link, mut events) = (engine.link(), engine.link().subscribe());
    begin(&link, request(&rig, Flow::Device)).await.unwrap();
    eventually(|| !rig.control().pending().is_empty()).await;
    rig.refuse(REFUSES_ALL);
    rig.control().approve_all();
    let failure = unkept(&mut events).await;
    assert!(failure.cause.contains("not kept yet"), "{failure:?}");
    cancel(&link, &mut events).await;
    until(&mut events, |event| match event {
        Event::Happened { activity } => match &activity.what {
            Happening::SignInFailed { failure, .. } if failure.code == "given_up" => {
                assert!(failure.cause.contains("were revoked"), "{failure:?}");
                Some(())
            }
            _ => None,
        },
        _ => None,
    })
    .await;
    rig.refuse(REFUSES_NOTHING);
    engine.shutdown().await;
    assert_eq!(rig.store().count().unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_given_up_unwritten_is_dropped() {
    let rig = Rig::new(quick(), &[]).await;
    let engine = rig.start(EngineSettings::default());
    let (link, mut events) = (engine.link(), engine.link().subscribe());
    rig.refuse(REFUSES_ALL);
    let provider = ProviderChoice::Known {
        name: "acme".to_owned(),
        parameters: BTreeMap::new(),
    };
    let mut request = SignInRequest::new(ID, provider);
    let key = ApiKey::new("made-up".to_owned());
    request.key = Some(KeyWish {
        key,
        expires_at: None,
    });
    begin(&link, request).await.unwrap();
    let failure = unkept(&mut events).await;
    assert!(failure.cause.starts_with("the key is not kept yet"));
    cancel(&link, &mut events).await;
    rig.refuse(REFUSES_NOTHING);
    engine.shutdown().await;
    assert_eq!(rig.store().count().unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_expires_unopened_is_renewed_and_the_first_one_stays_as_good() {
    let rig = Rig::new(quick(), &[]).await;
    let pushes = AtomicUsize::new(0);
    let other = Other::start(move |request| {
        if request.starts_with("POST /par") {
            let number = pushes.fetch_add(1, Ordering::SeqCst);
            let body = format!(r#"{{"request_uri":"urn:x:{number}","expires_in":1}}"#);
            answer(201, "", &body)
        } else {
            answer(200, "", r#"{"access_token":"a","expires_in":60}"#)
        }
    })
    .await;
    let engine = rig.start(EngineSettings::default());
    let (link, mut events) = (engine.link(), engine.link().subscribe());
    let pushing = SignInRequest {
        provider: ProviderChoice::Issuer {
            name: "demo".to_owned(),
            issuer: String::new(),
            endpoints: Box::new(other.provider().endpoints),
        },
        ..request(&rig, Flow::Loopback)
    };
    begin(&link, pushing).await.unwrap();
    let (first, redirect_uri) = step(&mut events, |step| match step {
        SignInStep::Authorize {
            url, redirect_uri, ..
        } => Some((url.clone(), redirect_uri.clone())),
        _ => None,
    })
    .await;
    let renewed = step(&mut events, |step| match step {
        SignInStep::Renewed { url } => Some(url.clone()),
        _ => None,
    })
    .await;
    assert!(first.ends_with("urn%3Ax%3A0") && renewed.ends_with("urn%3Ax%3A1"));
    let sent = other.requests().remove(0);
    let state = sent.split("state=").nth(1).unwrap();
    let state = state.split(['&', ' ']).next().unwrap();
    let (address, path) = redirect_uri
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .unwrap();
    let mut browser = TcpStream::connect(address).await.unwrap();
    let asked = format!("GET /{path}?code=c&state={state} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    browser.write_all(asked.as_bytes()).await.unwrap();
    done(&mut events).await;
    engine.shutdown().await;
}

async fn authorize(events: &mut broadcast::Receiver<Event>) -> String {
    step(events, |step| match step {
        SignInStep::Authorize { url, .. } => Some(url.clone()),
        _ => None,
    })
    .await
}

/// Answers the provider's page as a browser elsewhere would; gives where it is sent.
async fn visit(rig: &Rig, url: &str) -> String {
    rig.control()
        .answer_always(&Consent::Allow("alice".to_owned()));
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_at(rest.find('/').unwrap());
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    let location = reply
        .lines()
        .find_map(|line| line.strip_prefix("location: "));
    location.expect("a redirect").trim().to_owned()
}
