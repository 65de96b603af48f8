//! A crowd at the agent's doors: who asks for something is answered, and the owner stays what it was.

use crate::agent_rig::{Rig, name, soon, token};
use crate::port_rig::Scene;
use crate::sandbox::eventually;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokenward::agent::server::ServerLimits;
use tokenward::demo::quirks::RequestKind;
use tokenward::engine::api::Event;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const TOKEN: &str = "/api/credentials/a/b/token";

fn crowded(connections: usize) -> Rig {
    let rig = Rig::start_within(ServerLimits {
        connections,
        rest_time: Duration::from_millis(1),
        ..ServerLimits::default()
    });
    rig.shelf.put(name("a/b"), Arc::new(token("warm", None)));
    rig
}

#[tokio::test]
async fn who_rests_makes_room_for_who_asks_and_who_listens_keeps_its_place() {
    let rig = crowded(3);
    let mut listener = rig.connect().await;
    let ask = b"GET /api/events HTTP/1.1\r\nHost: x\r\n\r\n";
    listener.write_all(ask).await.unwrap();
    let mut part = [0; 4096];
    soon(listener.read(&mut part)).await.unwrap();
    let mut resting = [rig.connect().await, rig.connect().await];
    for _ in 0..4 {
        soon(async {
            // Whoever has rested for a moment only keeps its place for that moment.
            while rig.ask("GET", TOKEN).await.status != 200 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        // All places are taken again.
        let newer = rig.connect().await;
        let older = std::mem::replace(&mut resting[0], newer);
        drop(older);
        resting.reverse();
    }
    let loaded = Event::Loaded {
        loaded: 1,
        total: 2,
    };
    rig.events.send(loaded).unwrap();
    let told = soon(listener.read(&mut part)).await.unwrap();
    let text = String::from_utf8_lossy(&part[..told]);
    assert!(text.contains("\"loaded\""), "{text}");
}

#[tokio::test]
async fn who_has_rested_longest_is_hung_up_on() {
    let rig = crowded(2);
    let mut silent = rig.connect().await;
    let mut began = rig.connect().await;
    began.write_all(b"GET /api/health HT").await.unwrap();
    soon(async {
        while rig.ask("GET", TOKEN).await.status != 200 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut part = [0; 64];
    assert_eq!(soon(silent.read(&mut part)).await.unwrap(), 0);
}

/// Connections that have to be kept at the same time.
const IDLE: usize = 1_000;
/// Programs that ask as fast as they are answered.
const FAST: usize = 64;
/// Most that the owner may have grown by, in KiB.
const GROWTH: u64 = 96 * 1024;

/// As many files as the system lets this process have.
fn many_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).unwrap();
}

fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.unwrap().split_whitespace().nth(1).unwrap();
    number.parse().unwrap()
}

/// Asks for a token again and again on one connection, and anew where it is turned away.
fn ask_on(port: SocketAddr, request: &str, over: &AtomicBool, good: &AtomicUsize) {
    let mut part = vec![0; 4096];
    while !over.load(Ordering::Relaxed) {
        let Ok(mut stream) = TcpStream::connect(port) else {
            continue;
        };
        while !over.load(Ordering::Relaxed) && stream.write_all(request.as_bytes()).is_ok() {
            match stream.read(&mut part) {
                Ok(length @ 1..) if part[..length].starts_with(b"HTTP/1.1 200") => {
                    good.fetch_add(1, Ordering::Relaxed);
                }
                Ok(length) => {
                    let answer = String::from_utf8_lossy(&part[..length]);
                    let busy = length == 0 || answer.starts_with("HTTP/1.1 503");
                    assert!(busy, "{answer}");
                    break;
                }
                Err(_) => break,
            }
        }
    }
}

/// One who misbehaves: it asks slowly, reads nothing, says nonsense, leaves half of itself, or sends too much.
fn misbehave(port: SocketAddr, request: &str, way: usize) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(port).ok()?;
    // It may have been hung up on already, which is as well.
    let _ = match way % 6 {
        0 => stream.write_all(&request.as_bytes()[..20]),
        1 => (0..50).try_for_each(|_| stream.write_all(request.as_bytes())),
        2 => stream.write_all(&[0x16, 0x03, 0x01, 0xff, 0x00, b'\r', b'\n', b'\r', b'\n']),
        3 => stream
            .write_all(request.as_bytes())
            .and_then(|()| stream.shutdown(Shutdown::Write)),
        4 => stream.write_all(&vec![b'a'; 64 * 1024]),
        _ => stream.write_all(
            b"POST /api/auth/verify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n",
        ),
    };
    Some(stream)
}

#[test]
fn among_a_thousand_idle_ones_and_those_who_misbehave_tokens_are_fetched_and_refreshed() {
    many_files();
    let scene = Scene::new(&[("TOKENWARD_LIMITS_HANDOUTS_PER_PROGRAM_HOUR", "1000000")]);
    let quick = |quirks: &mut tokenward::demo::quirks::Quirks| {
        quirks.access_lifetime = Some(Duration::from_secs(3));
    };
    scene.provider.control().change_quirks(quick);
    scene.sandbox.run(["refresh", "demo/alice"]).ok();
    let (access, _) = scene.grant("ci", &["--credential", "demo/alice", "--rate", "1000000"]);
    let port = scene.port;
    let request = format!(
        "GET /api/credentials/demo/alice/token HTTP/1.1\r\nHost: {port}\r\n\
         Authorization: Bearer {access}\r\n\r\n"
    );
    let pid = scene.daemon.as_ref().unwrap().pid();
    let before = resident_kib(pid);
    let refreshes = || scene.provider.control().counts().of(RequestKind::Refresh);
    let (over, good) = (AtomicBool::new(false), Arc::new(AtomicUsize::new(0)));
    std::thread::scope(|scope| {
        for _ in 0..FAST {
            scope.spawn(|| ask_on(port, &request, &over, &good));
        }
        let idle: Vec<_> = (0..IDLE)
            .filter_map(|_| TcpStream::connect(port).ok())
            .collect();
        let strange: Vec<_> = (0..120)
            .filter_map(|way| misbehave(port, &request, way))
            .collect();
        let (fetched, refreshed) = (good.load(Ordering::Relaxed), refreshes());
        eventually("the programs get their tokens all the while", || {
            good.load(Ordering::Relaxed) > fetched + 500
        });
        eventually("and the engine refreshes", || refreshes() >= refreshed + 2);
        scene.sandbox.run(["get", "demo/bob"]).ok();
        scene.sandbox.run(["refresh", "demo/alice"]).ok();
        let grown = resident_kib(pid).saturating_sub(before);
        assert!(grown < GROWTH, "{grown} KiB more than before");
        over.store(true, Ordering::Relaxed);
        drop((idle, strange));
    });
    assert_eq!(scene.ask("GET", "/api/health", None, "").status, 200);
}
