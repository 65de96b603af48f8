//! The two clients of the agent's socket: what goes in at one end comes out equal at the other.

use crate::agent_rig::{
    Rig, activities, choices, client_views, durations, name, names, provider_views, refusals,
    sign_in_ids, soon, status, texts, token, view, views, whys,
};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseResult, TestRunner};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, socket_with};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokenward::agent::call::Caller;
use tokenward::agent::client::{connect, connect_within};
use tokenward::agent::error::CallError;
use tokenward::agent::route_read::MOST_ACTIVITY;
use tokenward::clock::Timestamp;
use tokenward::engine::api::{Command, Event, PastedUrl, Refusal, Reply, RevokeOutcome};
use tokenward::engine::link::Link;
use tokenward::jose::algorithm::Algorithm;
use tokenward::model::client::{Client, ClientAuth, ClientKey};
use tokenward::model::credential::{Flow, Generation};
use tokenward::model::event::Purpose;
use tokenward::model::inquiry::Liveness;
use tokenward::model::signin::{KeyWish, RegisterWish, SignInRequest};
use tokenward::secret::{ApiKey, AuthorizationCode, ClientSecret, PrivateKey, RegistrationToken};
use tokio::runtime::Runtime;
use tokio::sync::broadcast::error::RecvError;

fn by_hand() -> RevokeOutcome {
    RevokeOutcome::ByHand {
        page: None,
        proof: Liveness::Unknown,
    }
}

/// A rig and a link to it, for properties: one socket serves all cases.
struct Wire {
    runtime: Runtime,
    rig: Mutex<Rig>,
    link: Link,
}

impl Wire {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let rig = runtime.block_on(async { Rig::start() });
        let link = runtime.block_on(connect(&rig.socket)).unwrap();
        Self {
            runtime,
            rig: Mutex::new(rig),
            link,
        }
    }

    /// Sends a command through the client, lets `check` see what arrives and hand over the reply to send, and
    /// fails unless the same reply comes back.
    fn carries<T>(
        &self,
        command: impl FnOnce(Reply<T>) -> Command + Send,
        reply: Result<T, Refusal>,
        check: impl FnOnce(Command) -> Result<Reply<T>, TestCaseError>,
    ) -> TestCaseResult
    where
        T: Clone + PartialEq + std::fmt::Debug + Send,
    {
        let mut rig = self.rig.lock().unwrap();
        self.runtime.block_on(async {
            let engine = async {
                let answer = check(rig.next().await)?;
                answer
                    .send(reply.clone())
                    .map_err(|_| TestCaseError::fail("nobody waits"))
            };
            let (back, done) = tokio::join!(soon(self.link.ask(command)), engine);
            done?;
            prop_assert_eq!(reply, back);
            Ok(())
        })
    }
}

fn cases<S: Strategy>(strategy: S, test: impl Fn(S::Value) -> TestCaseResult) {
    let mut runner = TestRunner::new(ProptestConfig::with_cases(40));
    runner.run(&strategy, test).unwrap();
}

fn results<T: std::fmt::Debug>(
    good: impl Strategy<Value = T>,
) -> impl Strategy<Value = Result<T, Refusal>> {
    prop_oneof![3 => good.prop_map(Ok), 2 => refusals().prop_map(Err)]
}

macro_rules! arrives {
    ($pattern:pat => $check:expr, $reply:ident) => {
        |command| match command {
            $pattern => {
                $check
                Ok($reply)
            }
            other => Err(TestCaseError::fail(format!("{other:?}"))),
        }
    };
}

/// A question without anything but its answer.
macro_rules! plain {
    ($wire:expr, $command:ident, $good:expr) => {
        cases(results($good), |reply| {
            $wire.carries(
                |reply| Command::$command { reply },
                reply,
                arrives!(Command::$command { reply } => {}, reply),
            )
        })
    };
}

/// A question about one credential.
macro_rules! named {
    ($wire:expr, $command:ident, $good:expr) => {
        cases((names(), results($good)), |(name, reply)| {
            let asked = name.clone();
            $wire.carries(
                |reply| Command::$command { name: asked, reply },
                reply,
                arrives!(Command::$command { name: got, reply } => { prop_assert_eq!(got, name); }, reply),
            )
        })
    };
}

#[test]
fn lists_and_views_come_through_equal() {
    let wire = Wire::new();
    plain!(wire, List, proptest::collection::vec(views(), 0..4));
    named!(wire, Show, views());
    named!(wire, Why, whys());
}

#[test]
fn wishes_with_their_limits_come_through_equal() {
    let wire = Wire::new();
    cases(
        (names(), durations(), results(views())),
        |(name, timeout, reply)| {
            let asked = name.clone();
            wire.carries(
                |reply| Command::Refresh {
                    name: asked,
                    timeout,
                    reply,
                },
                reply,
                arrives!(Command::Refresh { name: got, timeout: limit, reply } => {
                prop_assert_eq!((got, limit), (name, timeout));
            }, reply),
            )
        },
    );
    let outcomes = prop_oneof![
        Just(RevokeOutcome::Confirmed {
            proof: Liveness::Dead
        }),
        proptest::option::of(texts()).prop_map(|page| RevokeOutcome::ByHand {
            page,
            proof: Liveness::Alive
        })
    ];
    named!(wire, Revoke, outcomes);
    cases(
        (names(), generations(), results(Just(()))),
        |(name, only, reply)| {
            let asked = name.clone();
            wire.carries(
                |reply| Command::Remove {
                    name: asked,
                    only,
                    reply,
                },
                reply,
                arrives!(Command::Remove { name: got, only: of, reply } => {
                prop_assert_eq!((got, of), (name, only));
            }, reply),
            )
        },
    );
}

fn generations() -> impl Strategy<Value = Option<Generation>> {
    proptest::option::of(any::<u64>().prop_map(Generation))
}

#[test]
fn what_leaves_and_what_comes_in_arrives_whole() {
    let wire = Wire::new();
    let held = (names(), any::<u64>()).prop_map(|(name, number)| (name, Generation(number)));
    let moved = proptest::collection::vec(names(), 0..3);
    cases(
        (proptest::collection::vec(held, 0..5), results(moved)),
        |(held, reply)| {
            let asked = held.clone();
            wire.carries(
                |reply| Command::NoteExport {
                    credentials: asked,
                    reply,
                },
                reply,
                arrives!(Command::NoteExport { credentials: got, reply } => {
                prop_assert_eq!(got, held);
            }, reply),
            )
        },
    );
    cases(
        (views(), texts(), any::<bool>(), results(views())),
        |(view, token, may_replace, reply)| {
            let profile = Box::new((*view.profile).clone());
            let secret = Box::new(crate::sample::secret(&token));
            let (sent, kept) = (profile.clone(), secret.duplicate());
            wire.carries(
                |reply| Command::Import {
                    profile: sent,
                    secret,
                    replaces: may_replace,
                    reply,
                },
                reply,
                arrives!(Command::Import { profile: got, secret, replaces, reply } => {
                prop_assert_eq!((&got, replaces), (&profile, may_replace));
                prop_assert!(secret.access.matches(&kept.access));
                prop_assert_eq!(secret.refresh.is_some(), kept.refresh.is_some());
                prop_assert_eq!(secret.provider, kept.provider.clone());
            }, reply),
            )
        },
    );
}

#[test]
fn logs_providers_and_clients_come_through_equal() {
    let wire = Wire::new();
    let lines = proptest::collection::vec(activities(), 0..5);
    let asked = (proptest::option::of(names()), 0..=MOST_ACTIVITY);
    cases((asked, results(lines)), |((name, limit), reply)| {
        let of = name.clone();
        wire.carries(
            |reply| Command::Activity {
                name: of,
                limit,
                reply,
            },
            reply,
            arrives!(Command::Activity { name: got, limit: most, reply } => {
                prop_assert_eq!((got, most), (name, limit));
            }, reply),
        )
    });
    plain!(
        wire,
        Providers,
        proptest::collection::vec(provider_views(), 0..4)
    );
    plain!(
        wire,
        Clients,
        proptest::collection::vec(client_views(), 0..4)
    );
    plain!(wire, Status, Just(status()));
}

#[test]
fn sign_ins_come_through_equal_with_their_secrets() {
    let wire = Wire::new();
    let client = proptest::option::of((texts(), proptest::option::of(texts())));
    let rest = (
        proptest::option::of(texts()),
        proptest::option::of(proptest::collection::vec(texts(), 0..3)),
        proptest::option::of(any::<u16>()),
    );
    cases(
        (sign_in_ids(), choices(), client, rest, results(Just(()))),
        |(id, provider, client, (account, scopes, redirect_port), reply)| {
            let request = Box::new(SignInRequest {
                id,
                provider: provider.clone(),
                account: account.clone(),
                client: client.clone().map(|(id, secret)| Client {
                    key: secret.clone().map(|secret| ClientKey {
                        pem: PrivateKey::new(secret),
                        id: Some(id.clone()),
                        algorithm: Some(Algorithm::Ps256),
                    }),
                    ..Client::new(
                        id,
                        secret.map(ClientSecret::new),
                        ClientAuth::ClientSecretPost,
                    )
                }),
                scopes: scopes.clone(),
                flow: Some(Flow::Device),
                redirect_port,
                resources: account.iter().cloned().collect(),
                dpop: account.is_some(),
                register: account.clone().map(|token| RegisterWish {
                    token: Some(RegistrationToken::new(token)),
                }),
                key: account.clone().map(|key| KeyWish {
                    key: ApiKey::new(key),
                    expires_at: Some(Timestamp::from_secs(redirect_port.unwrap_or(7).into())),
                }),
            });
            wire.carries(
                |reply| Command::SignIn { request, reply },
                reply,
                arrives!(Command::SignIn { request: got, reply } => {
                    prop_assert_eq!(got.id, id);
                    prop_assert_eq!(got.provider, provider);
                    let key = got.key.as_ref();
                    prop_assert_eq!(key.map(|it| it.key.expose_secret()), account.as_deref());
                    let end = Timestamp::from_secs(redirect_port.unwrap_or(7).into());
                    prop_assert!(key.is_none_or(|it| it.expires_at == Some(end)));
                    prop_assert_eq!(&got.resources, &account.iter().cloned().collect::<Vec<_>>());
                    prop_assert_eq!(got.dpop, account.is_some());
                    let token = got.register.and_then(|wish| wish.token);
                    prop_assert_eq!(token.is_some(), account.is_some());
                    let same = |token: &RegistrationToken, text: &String| token.matches(&RegistrationToken::new(text.clone()));
                    prop_assert!(token.iter().zip(&account).all(|(token, text)| same(token, text)));
                    prop_assert_eq!(got.account, account);
                    prop_assert_eq!(got.scopes, scopes);
                    prop_assert_eq!(got.redirect_port, redirect_port);
                    prop_assert_eq!(got.flow, Some(Flow::Device));
                    let got = got.client.map(|c| {
                        (c.id, c.secret.map(|s| s.expose_secret().to_owned()), c.auth)
                    });
                    let sent = client.map(|(id, secret)| (id, secret, ClientAuth::ClientSecretPost));
                    prop_assert_eq!(got, sent);
                }, reply),
            )
        },
    );
    cases(
        (sign_in_ids(), texts(), results(Just(()))),
        |(id, text, reply)| {
            let url = PastedUrl(AuthorizationCode::new(text.clone()));
            wire.carries(
                |reply| Command::PasteCallback { id, url, reply },
                reply,
                arrives!(Command::PasteCallback { id: got, url, reply } => {
                prop_assert_eq!(got, id);
                prop_assert_eq!(url.0.expose_secret(), text);
            }, reply),
            )
        },
    );
}

#[tokio::test]
async fn a_token_comes_through_both_clients_equal() {
    let mut rig = Rig::start();
    let link = connect(&rig.socket).await.unwrap();
    let caller = Caller::new(&rig.socket);
    let (min_ttl, timeout) = (Duration::MAX, Duration::from_millis(12_345));
    let of: tokenward::model::name::CredentialName = "git-hub/ä+%2F@x".parse().unwrap();
    let name = of.clone();
    let asked = tokio::spawn(async move {
        link.ask(|reply| Command::Token {
            purpose: Purpose::Reveal,
            name,
            min_ttl,
            timeout,
            reply,
        })
        .await
    });
    let Command::Token {
        purpose: Purpose::Reveal,
        name,
        min_ttl: ttl,
        timeout: limit,
        reply,
    } = rig.next().await
    else {
        panic!()
    };
    assert_eq!((name, ttl, limit), (of.clone(), min_ttl, timeout));
    reply.send(Ok(token("a\"\\\u{7f}€", None))).unwrap();
    let got = soon(asked).await.unwrap().unwrap();
    assert_eq!(got.access.expose_secret(), "a\"\\\u{7f}€");

    let name = of.clone();
    let asked = tokio::task::spawn_blocking(move || caller.token(&name, min_ttl, timeout));
    let Command::Token {
        purpose: Purpose::Get,
        name,
        min_ttl: ttl,
        timeout: limit,
        reply,
    } = rig.next().await
    else {
        panic!()
    };
    assert_eq!((name, ttl, limit), (of, min_ttl, timeout));
    reply.send(Err(Refusal::TimedOut)).unwrap();
    let refused = soon(asked).await.unwrap().unwrap_err();
    assert!(
        matches!(refused, CallError::Refused(Refusal::TimedOut)),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_cancelled_sign_in_arrives() {
    let mut rig = Rig::start();
    let link = connect(&rig.socket).await.unwrap();
    let id = tokenward::model::signin::SignInId(u64::MAX);
    link.commands()
        .send(link.asked(Command::CancelSignIn { id }))
        .await
        .unwrap();
    assert!(matches!(rig.next().await, Command::CancelSignIn { id: got } if got == id));
}

#[tokio::test]
async fn the_blocking_client_gets_what_the_engine_says() {
    let mut rig = Rig::start();
    let caller = Caller::new(&rig.socket);
    let work = tokio::task::spawn_blocking(move || {
        let name = "a/b".parse().unwrap();
        let limit = Duration::from_secs(5);
        (
            caller.show(&name).unwrap(),
            caller.refresh(&name, limit).unwrap(),
            caller.revoke(&name).unwrap(),
            caller.remove(&name).unwrap(),
            caller.status().unwrap(),
            caller.activity(Some(&name), 3).unwrap(),
            caller.providers().unwrap().len(),
            caller.clients().unwrap().len(),
        )
    });
    for _ in 0..8 {
        match rig.next().await {
            Command::Show { name, reply } => reply.send(Ok(view(name.as_str()))).unwrap(),
            Command::Refresh { name, reply, .. } => reply.send(Ok(view(name.as_str()))).unwrap(),
            Command::Revoke { reply, .. } => {
                reply.send(Ok(by_hand())).unwrap();
            }
            Command::Remove { reply, .. } => reply.send(Ok(())).unwrap(),
            Command::Status { reply } => reply.send(Ok(status())).unwrap(),
            Command::Activity { reply, .. } => reply.send(Ok(Vec::new())).unwrap(),
            Command::Providers { reply } => reply.send(Ok(Vec::new())).unwrap(),
            Command::Clients { reply } => reply.send(Ok(Vec::new())).unwrap(),
            other => panic!("{other:?}"),
        }
    }
    let all = soon(work).await.unwrap();
    assert_eq!(all.0, view("a/b"));
    assert_eq!(all.1, view("a/b"));
    assert_eq!(all.2, by_hand());
    assert_eq!(all.4, status());
}

#[tokio::test]
async fn events_reach_both_clients_until_the_owner_stops() {
    let rig = Rig::start();
    let link = connect(&rig.socket).await.unwrap();
    let mut attached = link.subscribe();
    let caller = Caller::new(&rig.socket);
    let blocking = tokio::task::spawn_blocking(move || {
        let events = caller.events().unwrap();
        let (ready, opened) = std::sync::mpsc::channel();
        let reader = std::thread::spawn(move || {
            ready.send(()).unwrap();
            events.map(Result::unwrap).collect::<Vec<_>>()
        });
        opened.recv().unwrap();
        reader
    });
    let reader = soon(blocking).await.unwrap();
    let sent = [
        Event::Changed { view: view("a/b") },
        Event::Lagged,
        Event::Loaded {
            loaded: 2,
            total: 2,
        },
        Event::Stopped,
    ];
    for event in &sent {
        rig.events.send(event.clone()).unwrap();
    }
    for event in &sent {
        assert_eq!(&soon(attached.recv()).await.unwrap(), event);
    }
    let read = tokio::task::spawn_blocking(|| reader.join().unwrap());
    assert_eq!(soon(read).await.unwrap(), sent);
}

#[tokio::test]
async fn an_owner_that_takes_no_notice_is_not_attached_to() {
    let home = tempfile::tempdir().unwrap();
    let socket = home.path().join("agent.sock");
    let _hanging = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let patience = Duration::from_millis(200);
    let refused = soon(connect_within(&socket, patience)).await;
    assert!(matches!(refused, Err(CallError::Timeout)));
}

#[test]
fn an_owner_that_serves_another_user_is_named_as_such() {
    let home = tempfile::tempdir().unwrap();
    let socket = home.path().join("agent.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let owner = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let refusal = "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(refusal.as_bytes()).unwrap();
    });
    let refused = Caller::new(&socket).list().unwrap_err();
    owner.join().unwrap();
    assert!(
        matches!(refused, CallError::NotAllowed { .. }),
        "{refused:?}"
    );
}

/// An owner that tells of events, and answers no question.
fn half_dead(socket: &Path) {
    let listener = UnixListener::bind(socket).unwrap();
    std::thread::spawn(move || {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let mut held = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            if held.is_empty() {
                assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
                stream.write_all(head.as_bytes()).unwrap();
            }
            held.push(stream);
        }
    });
}

/// An owner that does not even take connections, and as many are waiting as the system lets wait.
fn dead(socket: &Path) -> (OwnedFd, UnixStream) {
    let listener = socket_with(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )
    .unwrap();
    rustix::net::bind(&listener, &SocketAddrUnix::new(socket).unwrap()).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    (listener, UnixStream::connect(socket).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_hangs_is_given_up_in_every_way() {
    let home = tempfile::tempdir().unwrap();
    let (first, second) = (
        home.path().join("first.sock"),
        home.path().join("second.sock"),
    );
    half_dead(&first);
    let _dead = dead(&second);
    let link = connect(&first).await.unwrap();
    let ask = |socket: &Path| {
        let caller = Caller::new(socket);
        tokio::task::spawn_blocking(move || {
            caller.token(&name("a/b"), Duration::ZERO, Duration::ZERO)
        })
    };
    let (blocking, connecting) = (ask(&first), ask(&second));
    let attached = soon(link.ask(|reply| Command::Token {
        purpose: Purpose::Reveal,
        name: name("a/b"),
        min_ttl: Duration::ZERO,
        timeout: Duration::ZERO,
        reply,
    }));
    assert_eq!(attached.await.unwrap_err(), Refusal::TimedOut);
    for asked in [blocking, connecting] {
        let refused = soon(asked).await.unwrap();
        assert!(matches!(refused, Err(CallError::Timeout)), "{refused:?}");
    }
}

#[tokio::test]
async fn who_leaves_before_the_answer_stops_waiting_at_the_engine_too() {
    let mut rig = Rig::start();
    let link = connect(&rig.socket).await.unwrap();
    let (reply, answer) = tokio::sync::oneshot::channel();
    let asked = Command::Revoke {
        name: name("a/b"),
        reply,
    };
    link.commands().send(link.asked(asked)).await.unwrap();
    let Command::Revoke { mut reply, .. } = rig.next().await else {
        panic!("a revocation was asked for");
    };
    drop(answer);
    soon(reply.closed()).await;
}

#[tokio::test]
async fn an_owner_that_dies_is_told_once_and_nothing_hangs() {
    let rig = Rig::start();
    let link = connect(&rig.socket).await.unwrap();
    let mut events = link.subscribe();
    rig.shutdown.cancel();
    assert_eq!(soon(events.recv()).await, Ok(Event::Stopped));
    soon(rig.server).await.unwrap().unwrap();
    let refused = soon(link.ask(|reply| Command::List { reply })).await;
    assert_eq!(refused, Err(Refusal::Stopped));
    drop(link);
    assert_eq!(soon(events.recv()).await, Err(RecvError::Closed));
}

#[tokio::test]
async fn hundreds_of_refreshes_hold_no_list_up_and_none_is_turned_away() {
    let mut rig = Rig::start();
    let link = connect(&rig.socket).await.unwrap();
    let mut answers = Vec::new();
    for n in 0..300 {
        let (reply, answer) = tokio::sync::oneshot::channel();
        let name = format!("a/n{n}").parse().unwrap();
        let timeout = Duration::from_secs(60);
        let refresh = Command::Refresh {
            name,
            timeout,
            reply,
        };
        link.commands().send(link.asked(refresh)).await.unwrap();
        answers.push(answer);
    }
    let asking = link.clone();
    let asked = tokio::spawn(async move { asking.ask(|reply| Command::List { reply }).await });
    let mut held = Vec::new();
    loop {
        match rig.next().await {
            Command::List { reply } => break reply.send(Ok(vec![view("a/b")])).unwrap(),
            Command::Refresh { reply, .. } => held.push(reply),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(soon(asked).await.unwrap().unwrap().len(), 1);
    for n in 0..300 {
        if n == held.len() {
            let Command::Refresh { reply, .. } = rig.next().await else {
                panic!()
            };
            held.push(reply);
        }
        let reply = std::mem::replace(&mut held[n], tokio::sync::oneshot::channel().0);
        reply.send(Ok(view("a/b"))).unwrap();
    }
    for answer in answers {
        assert_eq!(soon(answer).await.unwrap(), Ok(view("a/b")));
    }
}

#[tokio::test]
async fn what_keeps_a_caller_out_has_a_name_and_a_hint() {
    let home = tempfile::tempdir().unwrap();
    let nobody = home.path().join("agent.sock");
    let refused = connect(&nobody).await.unwrap_err();
    assert!(matches!(refused, CallError::NoOwner { .. }));
    assert!(refused.hint().contains("tokenward --daemon"));
    assert!(matches!(
        Caller::new(&nobody).status(),
        Err(CallError::NoOwner { .. })
    ));
    drop(std::os::unix::net::UnixListener::bind(&nobody).unwrap());
    assert!(matches!(
        Caller::new(&nobody).status(),
        Err(CallError::NoOwner { .. })
    ));
}

#[tokio::test]
async fn nothing_is_sent_to_a_socket_that_another_user_could_have_made() {
    use std::os::unix::fs::PermissionsExt;
    let rig = Rig::start();
    let folder = rig.socket.parent().unwrap();
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o777)).unwrap();
    let refused = connect(&rig.socket).await.unwrap_err();
    assert!(
        matches!(refused, CallError::NotAllowed { .. }),
        "{refused:?}"
    );
    let caller = Caller::new(&rig.socket);
    let refused = tokio::task::spawn_blocking(move || caller.status()).await;
    assert!(matches!(
        refused.unwrap(),
        Err(CallError::NotAllowed { .. })
    ));
}

#[test]
fn an_owner_that_speaks_nonsense_is_named_and_not_repeated() {
    use std::io::{Read, Write};
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("agent.sock");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let said = Arc::new(Mutex::new(&b""[..]));
    let saying = Arc::clone(&said);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut part = [0; 1024];
            let _ = stream.read(&mut part);
            let _ = stream.write_all(*saying.lock().unwrap());
        }
    });
    let caller = Caller::new(&path);
    let name = "a/b".parse().unwrap();
    let get = || caller.token(&name, Duration::ZERO, Duration::from_secs(1));
    for (text, gone) in [
        (&b"marker-secret"[..], false),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n\"marker-secret\"",
            false,
        ),
        (
            b"HTTP/1.1 500 Oops\r\nContent-Length: 13\r\n\r\nmarker-secret",
            false,
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nmarker-secret",
            true,
        ),
        (b"", true),
    ] {
        *said.lock().unwrap() = text;
        let error = get().unwrap_err();
        assert_eq!(matches!(error, CallError::Gone), gone, "{error:?}");
        assert!(
            gone || matches!(error, CallError::Protocol { .. }),
            "{error:?}"
        );
        assert!(!format!("{error:?} {error} {}", error.hint()).contains("marker"));
    }
}
