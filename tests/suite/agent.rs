//! The agent's endpoints, asked as any program would: bytes on a Unix socket.

use crate::agent_rig::{Rig, failure, name, request, soon, status, token, view};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokenward::clock::{self, Timestamp};
use tokenward::engine::api::{Command, Event, Refusal, RevokeOutcome};
use tokenward::model::credential::Flow;
use tokenward::model::event::Purpose;
use tokenward::model::failure::FailureClass;
use tokenward::model::inquiry::Liveness;
use tokenward::model::lock::{LockReason, Locked};
use tokenward::model::signin::{ProviderChoice, SignInId};
use tokenward::model::why::{Decision, Rule, Why};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Asks while the test answers as the engine.
macro_rules! exchange {
    ($rig:ident, $method:expr, $target:expr, $pattern:pat => $answer:expr) => {{
        let bytes = request($method, $target, "", "");
        let socket = $rig.socket.clone();
        let asked = tokio::spawn(async move { raw(&socket, &bytes).await });
        #[allow(unreachable_patterns, reason = "some ask for any command")]
        match $rig.next().await {
            $pattern => $answer,
            other => panic!("{other:?}"),
        }
        soon(asked).await.unwrap()
    }};
}

async fn raw(socket: &std::path::Path, bytes: &str) -> crate::agent_rig::Answer {
    let mut stream = tokio::net::UnixStream::connect(socket).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut all = Vec::new();
    soon(stream.read_to_end(&mut all)).await.unwrap();
    crate::agent_rig::Answer::parse(&all)
}

#[tokio::test]
async fn a_warm_token_is_served_without_the_engine() {
    let mut rig = Rig::start();
    let end = clock::now().plus(Duration::from_secs(90));
    rig.shelf
        .put(name("github/ann"), Arc::new(token("warm-token", Some(end))));
    let answer = rig
        .ask("GET", "/api/credentials/github/ann/token?min_ttl=60")
        .await;
    assert_eq!(answer.status, 200);
    assert!(
        answer.head.contains("cache-control: no-store"),
        "{}",
        answer.head
    );
    assert!(answer.head.contains("tokenward-api: 1"), "{}", answer.head);
    let body = answer.json();
    assert_eq!(body["access_token"], "warm-token");
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["scopes"], json!(["read", "write"]));
    assert_eq!(body["expires_at"], end.to_rfc3339());
    assert!((88..=90).contains(&body["expires_in"].as_u64().unwrap()));
    assert!(rig.commands.try_recv().is_err());
}

#[tokio::test]
async fn a_token_that_does_not_live_long_enough_is_asked_of_the_engine() {
    let mut rig = Rig::start();
    let end = clock::now().plus(Duration::from_secs(90));
    rig.shelf
        .put(name("github/ann"), Arc::new(token("old", Some(end))));
    let answer = exchange!(rig, "GET", "/api/credentials/github/ann/token?min_ttl=120&timeout=7.5",
    Command::Token { name: asked, min_ttl, timeout, purpose, reply } => {
        assert_eq!(purpose, Purpose::Get);
        assert_eq!(asked, name("github/ann"));
        assert_eq!((min_ttl, timeout), (Duration::from_secs(120), Duration::from_millis(7500)));
        reply.send(Ok(token("new", None))).unwrap();
    });
    assert_eq!(answer.json()["access_token"], "new");
    assert_eq!(answer.json()["expires_in"], json!(null));
}

#[tokio::test]
async fn lists_and_single_credentials_are_told_without_secrets() {
    let mut rig = Rig::start();
    let answer = exchange!(rig, "GET", "/api/credentials", Command::List { reply } => {
        reply.send(Ok(vec![view("github/ann"), view("gitlab/bob")])).unwrap();
    });
    assert_eq!(answer.json()[1]["profile"]["name"], "gitlab/bob");
    let answer = exchange!(rig, "GET", "/api/credentials/gitlab%2Fbob",
    Command::Show { name: asked, reply } => {
        reply.send(Ok(view(asked.as_str()))).unwrap();
    });
    assert_eq!(answer.json()["profile"]["name"], "gitlab/bob");
    assert_eq!(answer.json()["health"]["state"], "fresh");
    let answer = exchange!(rig, "GET", "/api/credentials/gitlab/bob/why",
    Command::Why { name: asked, reply } => {
        let why = Why {
            told_at: clock::now(),
            view: view(asked.as_str()),
            next: Decision::new(None, Rule::PersonFirst),
            history: Vec::new(),
        };
        reply.send(Ok(Box::new(why))).unwrap();
    });
    assert_eq!(answer.json()["next"]["rule"], "person_first");
}

#[tokio::test]
async fn a_list_of_thousands_arrives_whole() {
    let mut rig = Rig::start();
    let caller = tokenward::agent::call::Caller::new(&rig.socket);
    let asked = tokio::task::spawn_blocking(move || caller.list());
    let Command::List { reply } = rig.next().await else {
        panic!()
    };
    let views: Vec<_> = (0..3000).map(|n| view(&format!("github/a{n}"))).collect();
    reply.send(Ok(views.clone())).unwrap();
    assert_eq!(soon(asked).await.unwrap().unwrap(), views);
}

#[tokio::test]
async fn wishes_reach_the_engine_and_their_outcome_comes_back() {
    let mut rig = Rig::start();
    let answer = exchange!(rig, "POST", "/api/credentials/github/ann/refresh?timeout=9",
    Command::Refresh { name: asked, timeout, reply } => {
        assert_eq!(timeout, Duration::from_secs(9));
        reply.send(Ok(view(asked.as_str()))).unwrap();
    });
    assert_eq!(answer.json()["generation"], 3);
    let answer = exchange!(rig, "POST", "/api/credentials/github/ann/revoke",
        Command::Revoke { reply, .. } => reply.send(Ok(RevokeOutcome::Confirmed {
        proof: Liveness::Dead,
    })).unwrap());
    assert_eq!(
        answer.json(),
        json!({"outcome": "confirmed", "proof": "dead"})
    );
    let answer = exchange!(rig, "DELETE", "/api/credentials/github/ann",
        Command::Remove { reply, .. } => reply.send(Ok(())).unwrap());
    assert_eq!((answer.status, answer.body.len()), (204, 0));
}

#[tokio::test]
async fn the_engines_state_is_told() {
    let mut rig = Rig::start();
    let answer = exchange!(rig, "GET", "/api/status",
        Command::Status { reply } => reply.send(Ok(status())).unwrap());
    assert_eq!(
        answer.json()["healths"],
        json!([["fresh", 3], ["needs_login", 1]])
    );
    let answer = exchange!(rig, "GET", "/api/health",
        Command::Status { reply } => reply.send(Ok(status())).unwrap());
    let body = answer.json();
    assert_eq!(body["status"], "degraded");
    assert_eq!(
        (&body["credentials"], &body["trouble"]),
        (&json!(4), &json!(1))
    );
    let answer = exchange!(rig, "GET", "/api/activity?name=github%2Fann&limit=5",
    Command::Activity { name: asked, limit, reply } => {
        assert_eq!((asked, limit), (Some(name("github/ann")), 5));
        reply.send(Ok(Vec::new())).unwrap();
    });
    assert_eq!(answer.json(), json!([]));
    for target in ["/api/providers", "/api/clients"] {
        let answer = exchange!(rig, "GET", target, command => match command {
            Command::Providers { reply } => reply.send(Ok(Vec::new())).unwrap(),
            Command::Clients { reply } => reply.send(Ok(Vec::new())).unwrap(),
            other => panic!("{other:?}"),
        });
        assert_eq!(answer.json(), json!([]));
    }
}

#[tokio::test]
async fn health_asked_often_asks_the_engine_seldom() {
    let mut rig = Rig::start();
    let socket = rig.socket.clone();
    let asking = tokio::spawn(async move {
        for _ in 0..200 {
            let bytes = request("GET", "/api/health", "", "");
            assert_eq!(raw(&socket, &bytes).await.status, 200);
        }
    });
    let mut questions = 0;
    while !asking.is_finished() {
        let wait = Duration::from_millis(20);
        if let Ok(command) = tokio::time::timeout(wait, rig.commands.recv()).await {
            let Some(Command::Status { reply }) = command.map(|asked| asked.command) else {
                panic!()
            };
            reply.send(Ok(status())).unwrap();
            questions += 1;
        }
    }
    asking.await.unwrap();
    assert!((1..100).contains(&questions), "{questions}");
}

#[tokio::test]
async fn an_engine_that_is_gone_is_told_apart_from_one_in_trouble() {
    let mut rig = Rig::start();
    rig.commands.close();
    let answer = rig.ask("GET", "/api/health").await;
    assert_eq!(
        (answer.status, &answer.json()["status"]),
        (503, &json!("down"))
    );
    let caller = tokenward::agent::call::Caller::new(&rig.socket);
    let health = tokio::task::spawn_blocking(move || caller.health())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(health.status, tokenward::agent::health::Condition::Down);
}

#[tokio::test]
async fn a_sign_in_is_started_answered_by_hand_and_given_up() {
    let mut rig = Rig::start();
    let body = r#"{"id":77,"provider":{"known":{"name":"github","parameters":{}}},"account":"ann",
        "client":{"id":"Ov23","secret":"marker-secret","auth":"client_secret_post"},"flow":"loopback"}"#;
    let bytes = request("POST", "/api/sign-ins", "", body);
    let socket = rig.socket.clone();
    let asked = tokio::spawn(async move { raw(&socket, &bytes).await });
    let Command::SignIn {
        request: wished,
        reply,
    } = rig.next().await
    else {
        panic!()
    };
    assert_eq!(wished.id, SignInId(77));
    assert_eq!(wished.flow, Some(Flow::Loopback));
    assert!(matches!(&wished.provider, ProviderChoice::Known { name, .. } if name == "github"));
    let secret = wished.client.unwrap().secret.unwrap();
    assert!(secret.matches(&tokenward::secret::ClientSecret::new(
        "marker-secret".to_owned()
    )));
    reply.send(Ok(())).unwrap();
    let answer = soon(asked).await.unwrap();
    assert_eq!((answer.status, answer.json()), (202, json!({"id": 77})));

    let bytes = request(
        "POST",
        "/api/sign-ins/77/callback",
        "",
        r#"{"url":"http://127.0.0.1/?code=c"}"#,
    );
    let socket = rig.socket.clone();
    let asked = tokio::spawn(async move { raw(&socket, &bytes).await });
    let Command::PasteCallback {
        id: SignInId(77),
        url,
        reply,
    } = rig.next().await
    else {
        panic!()
    };
    let expected = tokenward::secret::AuthorizationCode::new("http://127.0.0.1/?code=c".to_owned());
    assert!(url.0.matches(&expected));
    reply.send(Ok(())).unwrap();
    assert_eq!(soon(asked).await.unwrap().status, 204);

    assert_eq!(rig.ask("DELETE", "/api/sign-ins/77").await.status, 204);
    assert!(matches!(
        rig.next().await,
        Command::CancelSignIn { id: SignInId(77) }
    ));
}

#[tokio::test]
async fn every_refusal_has_its_status_and_a_problem_document() {
    let mut rig = Rig::start();
    let transient = |after| Refusal::Failed {
        failure: failure(FailureClass::Transient, after),
    };
    let named = |class| Refusal::Failed {
        failure: failure(class, None),
    };
    let words = || ("what".to_owned(), "do this".to_owned());
    let not_unlocked = |wait_secs| Refusal::NotUnlocked {
        message: words().0,
        hint: words().1,
        wrong_passphrase: true,
        wait_secs,
    };
    let cases = [
        (
            Refusal::NoSuchCredential {
                name: name("a/b"),
                similar: vec![name("a/c")],
            },
            404,
            None,
        ),
        (transient(Some(17)), 503, Some("17")),
        (transient(None), 503, Some("5")),
        (named(FailureClass::NeedsLogin), 409, None),
        (named(FailureClass::Misconfigured), 422, None),
        (Refusal::CannotRefresh { name: name("a/b") }, 409, None),
        (Refusal::Revoked { name: name("a/b") }, 409, None),
        (Refusal::TimedOut, 504, None),
        (
            Refusal::Vault {
                message: words().0,
                hint: words().1,
            },
            500,
            None,
        ),
        (
            Refusal::Invalid {
                message: words().0,
                hint: words().1,
            },
            400,
            None,
        ),
        (
            Refusal::Locked {
                lock: Locked {
                    since: Timestamp::from_secs(5),
                    reason: LockReason::Asked,
                },
            },
            423,
            None,
        ),
        (not_unlocked(None), 423, None),
        (not_unlocked(Some(8)), 429, Some("8")),
        (Refusal::Stopped, 503, Some("5")),
    ];
    for (refusal, status, retry_after) in cases {
        let answer = exchange!(rig, "GET", "/api/credentials/a/b/token",
            Command::Token { reply, .. } => reply.send(Err(refusal.clone())).unwrap());
        assert_eq!(answer.status, status, "{refusal:?}");
        assert!(
            answer
                .head
                .contains("content-type: application/problem+json")
        );
        let found = answer
            .head
            .lines()
            .find_map(|line| line.strip_prefix("retry-after: "));
        assert_eq!(found, retry_after, "{refusal:?}");
        let reset = answer
            .head
            .lines()
            .find_map(|line| line.strip_prefix("x-ratelimit-reset: "));
        assert_eq!(reset, retry_after.filter(|_| status == 429), "{refusal:?}");
        let body = answer.json();
        assert_eq!(body["status"], status);
        assert_eq!(body["detail"], refusal.to_string());
        assert_eq!(body["hint"], refusal.hint());
        assert!(
            body["type"]
                .as_str()
                .unwrap()
                .starts_with("urn:tokenward:problem:")
        );
        assert_eq!(
            serde_json::from_value::<Refusal>(body["refusal"].clone()).unwrap(),
            refusal
        );
    }
}

#[tokio::test]
async fn requests_that_make_no_sense_are_told_why() {
    let rig = Rig::start();
    for (method, target, status) in [
        ("GET", "/", 404),
        ("GET", "/api/credentials/github/ann/secrets", 404),
        ("GET", "/api/credentials/GitHub/ann", 400),
        ("GET", "/api/credentials/github/ann/token?ttl=1", 400),
        ("POST", "/api/credentials", 405),
        ("DELETE", "/api/sign-ins/x", 400),
    ] {
        let answer = rig.ask(method, target).await;
        assert_eq!(answer.status, status, "{method} {target}");
        assert!(!answer.json()["hint"].as_str().unwrap().is_empty());
    }
    let answer = rig.ask("PATCH", "/api/credentials/github/ann").await;
    assert!(
        answer.head.contains("allow: get, delete"),
        "{}",
        answer.head
    );
    let marked = request(
        "POST",
        "/api/sign-ins",
        "",
        r#"{"client":{"id":"x","secret":"marker-secret"#,
    );
    let answer = rig.raw(marked.as_bytes()).await;
    assert_eq!(answer.status, 400);
    assert!(!String::from_utf8_lossy(&answer.body).contains("marker"));
}

#[tokio::test]
async fn web_pages_and_other_versions_are_refused() {
    let rig = Rig::start();
    let page = request("GET", "/api/health", "Origin: https://evil.example\r\n", "");
    assert_eq!(rig.raw(page.as_bytes()).await.status, 403);
    let newer = request("GET", "/api/credentials", "Tokenward-Api: 2\r\n", "");
    let answer = rig.raw(newer.as_bytes()).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["type"], "urn:tokenward:problem:version");
}

#[tokio::test]
async fn events_are_streamed_a_line_each_and_end_with_the_engine() {
    let rig = Rig::start();
    let mut stream = rig.connect().await;
    stream
        .write_all(request("GET", "/api/events", "", "").as_bytes())
        .await
        .unwrap();
    let mut head = [0; 1024];
    let length = soon(stream.read(&mut head)).await.unwrap();
    let head = String::from_utf8_lossy(&head[..length]).to_ascii_lowercase();
    assert!(
        head.contains("content-type: application/x-ndjson"),
        "{head}"
    );
    let sent = [
        Event::Loaded {
            loaded: 1,
            total: 2,
        },
        Event::Changed {
            view: view("github/ann"),
        },
        Event::Removed {
            name: name("github/ann"),
        },
        Event::Stopped,
    ];
    for event in &sent {
        rig.events.send(event.clone()).unwrap();
    }
    let mut all = head.into_bytes();
    soon(stream.read_to_end(&mut all)).await.unwrap();
    let text = String::from_utf8(all).unwrap();
    let lines: Vec<Event> = text
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines, sent);
}

#[tokio::test]
async fn on_shutdown_streams_end_answers_are_finished_and_the_file_goes() {
    let mut rig = Rig::start();
    let mut stream = rig.connect().await;
    stream
        .write_all(request("GET", "/api/events", "", "").as_bytes())
        .await
        .unwrap();
    let mut head = [0; 1024];
    soon(stream.read(&mut head)).await.unwrap();
    let bytes = request("GET", "/api/credentials/a/b", "", "");
    let socket = rig.socket.clone();
    let asked = tokio::spawn(async move { raw(&socket, &bytes).await });
    let Command::Show { reply, .. } = rig.next().await else {
        panic!()
    };
    rig.shutdown.cancel();
    let mut rest = Vec::new();
    soon(stream.read_to_end(&mut rest)).await.unwrap();
    reply.send(Ok(view("a/b"))).unwrap();
    assert_eq!(soon(asked).await.unwrap().status, 200);
    soon(rig.server).await.unwrap().unwrap();
    assert!(!rig.socket.exists());
}

#[tokio::test]
async fn a_caller_that_leaves_stops_waiting_at_the_engine_too() {
    let mut rig = Rig::start();
    let mut stream = rig.connect().await;
    let bytes = request("GET", "/api/credentials/a/b/token", "", "");
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let Command::Token { mut reply, .. } = rig.next().await else {
        panic!()
    };
    drop(stream);
    soon(reply.closed()).await;
}

#[tokio::test]
async fn many_ask_at_once_and_each_gets_its_own_answer() {
    let mut rig = Rig::start();
    let asked: Vec<_> = (0..100)
        .map(|n| {
            let socket = rig.socket.clone();
            let bytes = request("GET", &format!("/api/credentials/a/n{n}/token"), "", "");
            tokio::spawn(async move { (n, raw(&socket, &bytes).await) })
        })
        .collect();
    for _ in 0..100 {
        let Command::Token { name, reply, .. } = rig.next().await else {
            panic!()
        };
        reply
            .send(Ok(token(name.as_str(), Some(Timestamp::from_secs(1)))))
            .unwrap();
    }
    for one in asked {
        let (n, answer) = soon(one).await.unwrap();
        assert_eq!(answer.json()["access_token"], format!("a/n{n}"));
    }
}
