//! What one peer of the agent's socket cannot do to the others.

use crate::agent_rig::{Answer, Rig, name, request, soon, token};
use proptest::prelude::*;
use std::os::unix::process::CommandExt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokenward::agent::server::ServerLimits;
use tokenward::engine::api::Command;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const TOKEN: &str = "/api/credentials/a/b/token";

fn warm(rig: &Rig) {
    rig.shelf.put(name("a/b"), Arc::new(token("warm", None)));
}

fn short() -> ServerLimits {
    ServerLimits {
        head_time: Duration::from_millis(500),
        ..ServerLimits::default()
    }
}

#[tokio::test]
async fn a_silent_client_is_hung_up_on_and_blocks_nobody() {
    let rig = Rig::start_within(short());
    warm(&rig);
    let mut silent = rig.connect().await;
    let mut halting = rig.connect().await;
    halting.write_all(b"GET /api/hea").await.unwrap();
    assert_eq!(rig.ask("GET", TOKEN).await.status, 200);
    let mut rest = Vec::new();
    soon(silent.read_to_end(&mut rest)).await.unwrap();
    soon(halting.read_to_end(&mut rest)).await.unwrap();
}

#[tokio::test]
async fn a_connection_may_be_used_again_but_not_rest_for_ever() {
    let rig = Rig::start_within(short());
    warm(&rig);
    let mut stream = rig.connect().await;
    let mut part = [0; 4096];
    for _ in 0..3 {
        let bytes = format!("GET {TOKEN} HTTP/1.1\r\nHost: x\r\n\r\n");
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let length = soon(stream.read(&mut part)).await.unwrap();
        assert_eq!(Answer::parse(&part[..length]).status, 200);
    }
    assert_eq!(soon(stream.read(&mut part)).await.unwrap(), 0);
}

#[tokio::test]
async fn beyond_the_limit_peers_are_told_so_and_places_become_free_again() {
    let rig = Rig::start_within(ServerLimits {
        connections: 3,
        rest_time: Duration::from_secs(3600),
        ..ServerLimits::default()
    });
    warm(&rig);
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut stream = rig.connect().await;
        let bytes = format!("GET {TOKEN} HTTP/1.1\r\nHost: x\r\n\r\n");
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let mut part = [0; 4096];
        assert!(soon(stream.read(&mut part)).await.unwrap() > 0);
        held.push(stream);
    }
    let answer = rig.ask("GET", TOKEN).await;
    assert_eq!(answer.status, 503);
    assert!(answer.head.contains("retry-after: 1"), "{}", answer.head);
    assert_eq!(answer.json()["refusal"]["failure"]["code"], "busy");
    held.pop();
    soon(async {
        while rig.ask("GET", TOKEN).await.status != 200 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn three_hundred_connections_are_all_answered_one_way_or_the_other() {
    // However slow this machine is, who has not yet asked is not taken for one who rests.
    let rig = Rig::start_within(ServerLimits {
        rest_time: Duration::from_secs(3600),
        ..ServerLimits::default()
    });
    warm(&rig);
    let mut streams = Vec::new();
    for _ in 0..300 {
        streams.push(rig.connect().await);
    }
    let mut answers = Vec::new();
    for stream in &mut streams {
        let bytes = format!("GET {TOKEN} HTTP/1.1\r\nHost: x\r\n\r\n");
        // The last ones may have been hung up on before they asked.
        let _ = stream.write_all(bytes.as_bytes()).await;
    }
    for stream in &mut streams {
        let mut part = [0; 4096];
        let length = soon(stream.read(&mut part)).await.unwrap_or(0);
        answers.push(Answer::parse(&part[..length]).status);
    }
    let served = answers.iter().filter(|status| **status == 200).count();
    let refused = answers.iter().filter(|status| **status == 503).count();
    assert_eq!((served, refused), (256, 44), "{answers:?}");
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let rig = Rig::start();
    let body = "x".repeat(64 * 1024 + 1);
    let answer = rig
        .raw(request("POST", "/api/sign-ins", "", &body).as_bytes())
        .await;
    assert_eq!(answer.status, 413);
    let mut chunked = b"POST /api/sign-ins HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
        Transfer-Encoding: chunked\r\n\r\n"
        .to_vec();
    for _ in 0..9 {
        chunked.extend_from_slice(format!("2000\r\n{}\r\n", "x".repeat(0x2000)).as_bytes());
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    assert_eq!(rig.raw(&chunked).await.status, 413);
    let header = format!("X-Long: {}\r\n", "x".repeat(20_000));
    let answer = rig.raw(request("GET", TOKEN, &header, "").as_bytes()).await;
    assert_eq!(answer.status, 431);
    let headers: String = (0..100).map(|n| format!("X-{n}: 1\r\n")).collect();
    let answer = rig
        .raw(request("GET", TOKEN, &headers, "").as_bytes())
        .await;
    assert_eq!(answer.status, 431);
    let target = format!("/api/credentials/a/{}", "x".repeat(70_000));
    assert!(matches!(rig.ask("GET", &target).await.status, 414 | 431));
}

#[tokio::test]
async fn what_is_announced_as_too_large_is_not_waited_for() {
    let rig = Rig::start();
    let announced = b"POST /api/sign-ins HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
        Content-Length: 10000000\r\n\r\n";
    assert_eq!(rig.raw(announced).await.status, 413);
}

#[tokio::test]
async fn a_body_that_does_not_come_in_time_is_given_up() {
    let rig = Rig::start_within(ServerLimits {
        body_time: Duration::from_millis(200),
        ..ServerLimits::default()
    });
    let half = b"POST /api/sign-ins HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
        Content-Length: 100\r\n\r\n{\"provider\":";
    let answer = rig.raw(half).await;
    assert_eq!(answer.status, 408);
    assert!(
        answer.json()["type"]
            .as_str()
            .unwrap()
            .ends_with("body-time")
    );
}

#[tokio::test]
async fn an_engine_that_does_not_answer_is_given_up() {
    let mut rig = Rig::start();
    let begun = Instant::now();
    let answer = rig.ask("GET", "/api/credentials/a/b/token?timeout=0").await;
    assert_eq!(answer.status, 504);
    assert!(begun.elapsed() >= Duration::from_secs(4), "it had its time");
    let Command::Token { reply, .. } = rig.next().await else {
        panic!("a token was asked for");
    };
    assert!(reply.is_closed());
}

#[tokio::test]
async fn a_body_that_never_comes_costs_nobody_else_anything() {
    let rig = Rig::start();
    warm(&rig);
    let mut stream = rig.connect().await;
    let head = "POST /api/sign-ins HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf";
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(rig.ask("GET", TOKEN).await.status, 200);
    drop(stream);
    assert_eq!(rig.ask("GET", TOKEN).await.status, 200);
}

#[tokio::test]
async fn a_half_closed_connection_harms_nobody() {
    let rig = Rig::start();
    warm(&rig);
    let mut stream = rig.connect().await;
    stream
        .write_all(request("GET", TOKEN, "", "").as_bytes())
        .await
        .unwrap();
    stream.shutdown().await.unwrap();
    let mut all = Vec::new();
    soon(stream.read_to_end(&mut all)).await.unwrap();
    assert_eq!(Answer::parse(&all).status, 200);
    let mut stream = rig.connect().await;
    stream.shutdown().await.unwrap();
    soon(stream.read_to_end(&mut all)).await.unwrap();
    assert_eq!(rig.ask("GET", TOKEN).await.status, 200);
}

#[tokio::test]
async fn a_reader_that_falls_behind_is_told_so() {
    let rig = Rig::start();
    let mut stream = rig.connect().await;
    stream
        .write_all(request("GET", "/api/events", "", "").as_bytes())
        .await
        .unwrap();
    let mut head = [0; 1024];
    soon(stream.read(&mut head)).await.unwrap();
    // More than socket buffers and the channel hold, while nobody reads.
    for n in 0..40_000_u64 {
        let loaded = tokenward::engine::api::Event::Loaded {
            loaded: n,
            total: 1 << 60,
        };
        rig.events.send(loaded).unwrap();
        if n % 64 == 0 {
            tokio::task::yield_now().await;
        }
    }
    rig.events
        .send(tokenward::engine::api::Event::Stopped)
        .unwrap();
    let mut text = String::new();
    soon(stream.read_to_string(&mut text)).await.unwrap();
    assert!(text.contains("{\"type\":\"lagged\"}\n"));
    assert!(text.contains("{\"type\":\"stopped\"}\n"));
}

#[test]
fn garbage_never_stops_the_server() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let rig = runtime.block_on(async { Rig::start_within(short()) });
    warm(&rig);
    let start = prop_oneof![
        Just(String::new()),
        Just("GET ".to_owned()),
        Just(format!("GET {TOKEN} HTTP/1.1\r\n")),
        Just("POST /api/sign-ins HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned()),
        Just("POST /api/sign-ins HTTP/1.1\r\nContent-Length: 9\r\n\r\n".to_owned()),
    ];
    let bytes = proptest::collection::vec(any::<u8>(), 0..400);
    let settings = ProptestConfig::with_cases(150);
    let mut runner = proptest::test_runner::TestRunner::new(settings);
    runner
        .run(&(start, bytes), |(start, garbage)| {
            runtime.block_on(async {
                let mut stream = rig.connect().await;
                let _ = stream.write_all(start.as_bytes()).await;
                let _ = stream.write_all(&garbage).await;
                let _ = stream.shutdown().await;
                let mut all = Vec::new();
                let _ = soon(stream.read_to_end(&mut all)).await;
                prop_assert!(
                    !String::from_utf8_lossy(&all).contains("\"warm\"") || start.contains(TOKEN)
                );
                prop_assert_eq!(rig.ask("GET", TOKEN).await.status, 200);
                Ok(())
            })
        })
        .unwrap();
}

/// Runs in a process of another user: prints what the socket named in the environment answered.
#[test]
#[ignore = "run by the test below"]
fn as_another_user() {
    use std::io::{Read, Write};
    let socket = std::env::var("FOREIGN_SOCKET").unwrap();
    let mut stream = std::os::unix::net::UnixStream::connect(socket).unwrap();
    let _ = stream.write_all(request("GET", TOKEN, "", "").as_bytes());
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    println!("ANSWER {}", String::from_utf8_lossy(&all));
}

#[test]
fn another_user_is_refused_even_where_the_files_would_let_it_in() {
    use std::os::unix::fs::PermissionsExt;
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can become another user");
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let rig = runtime.block_on(async { Rig::start() });
    warm(&rig);
    let open = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    open(rig.home.path(), 0o755);
    open(rig.socket.parent().unwrap(), 0o755);
    open(&rig.socket, 0o666);
    let program = rig.home.path().join("other");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    open(&program, 0o755);
    let ask = |uid| {
        let output = std::process::Command::new(&program)
            .args([
                "--exact",
                "agent_bounds::as_another_user",
                "--ignored",
                "--nocapture",
            ])
            .env("FOREIGN_SOCKET", &rig.socket)
            .current_dir("/")
            .uid(uid)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(ask(0).contains("ANSWER HTTP/1.1 200 OK"));
    let foreign = ask(65_534);
    assert!(foreign.contains("ANSWER HTTP/1.1 403"), "{foreign}");
    assert!(!foreign.contains("warm"));
}

#[tokio::test]
async fn a_hanging_answer_of_one_credential_does_not_delay_another() {
    let mut rig = Rig::start();
    warm(&rig);
    let mut hanging = rig.connect().await;
    let bytes = request("GET", "/api/credentials/a/hangs/token", "", "");
    hanging.write_all(bytes.as_bytes()).await.unwrap();
    let _kept = rig.next().await;
    let before = Instant::now();
    assert_eq!(rig.ask("GET", TOKEN).await.status, 200);
    assert!(before.elapsed() < Duration::from_secs(2));
}
