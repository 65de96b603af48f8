//! The API against a program that has never seen it: schemathesis makes requests out of a living owner's OpenAPI document.
//! It judges each answer by that document. `tests/providers/run api` says where it is.

use crate::port_rig::Scene;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

/// What each answer is held to. Whether data that fit are taken is not: the vault holds none of the names that are made up.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,negative_data_rejection,\
    unsupported_method,allow_header_conformance";

/// Operations after which others have nothing left to ask for: each kind has a pass of its own.
const ENDING_CREDENTIALS: [&str; 4] = [
    "revokeCredential",
    "removeCredential",
    "renameCredential",
    "putBackGeneration",
];
const ENDING_ALL: [&str; 3] = ["lock", "unlock", "revokeEverything"];
/// Its answer has no end.
const ENDLESS: &str = "events";

fn scene() -> Scene {
    let plenty = "1000000";
    Scene::new(&[
        ("TOKENWARD_API_METRICS", "true"),
        ("TOKENWARD_LIMITS_ASKED_REFRESHES_PER_HOUR", plenty),
        ("TOKENWARD_LIMITS_ASKED_REFRESHES_PER_HOST_HOUR", plenty),
        ("TOKENWARD_LIMITS_HANDOUTS_PER_PROGRAM_HOUR", plenty),
    ])
}

/// What came of a run.
struct Judgement {
    passed: bool,
    requests: u64,
    words: String,
}

/// Has requests made to `at` out of the document that the owner serves.
#[track_caller]
fn judge(scene: &Scene, at: SocketAddr, more: &[&str]) -> Judgement {
    let program = std::env::var_os("TOKENWARD_TEST_SCHEMATHESIS");
    let program = program.expect("tests/providers/run api says where schemathesis is");
    let settings =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/providers/api/schemathesis.toml");
    let output = Command::new(program)
        .env("HOME", scene.sandbox.path(""))
        .current_dir(scene.sandbox.path(""))
        .arg("--config-file")
        .arg(settings)
        .args(["run", &format!("http://{}/api/openapi.json", scene.port)])
        .args(["--url", &format!("http://{at}"), "--checks", CHECKS])
        .args([
            "--seed",
            "1",
            "--max-examples",
            "5",
            "--request-timeout",
            "20",
        ])
        .args([
            "--generation-database",
            "none",
            "--generation-with-security-parameters",
            "false",
        ])
        .args(["--no-color", "--warnings", "off"])
        .args(more)
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let generated = words.split_once(" generated,").map(|(before, _)| before);
    let requests = generated.and_then(|before| before.rsplit(' ').next()?.parse().ok());
    Judgement {
        passed: output.status.success(),
        requests: requests.unwrap_or(0),
        words: words.into_owned(),
    }
}

#[track_caller]
fn passes(scene: &Scene, at: SocketAddr, more: &[&str], least: u64) {
    let judgement = judge(scene, at, more);
    assert!(judgement.passed, "{}", judgement.words);
    assert!(
        judgement.requests >= least,
        "too few requests: {}",
        judgement.words
    );
}

fn only<'a>(ids: &[&'a str]) -> Vec<&'a str> {
    ids.iter()
        .flat_map(|id| ["--include-operation-id", id])
        .collect()
}

fn without<'a>(ids: &[&'a str]) -> Vec<&'a str> {
    ids.iter()
        .flat_map(|id| ["--exclude-operation-id", id])
        .collect()
}

/// A port that leads to a socket; what comes back may be changed on the way.
fn relay(socket: PathBuf, change: fn(Vec<u8>) -> Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let socket = socket.clone();
            thread::spawn(move || drop(pass_on(&stream, &socket, change)));
        }
    });
    at
}

fn pass_on(
    client: &TcpStream,
    socket: &Path,
    change: fn(Vec<u8>) -> Vec<u8>,
) -> std::io::Result<()> {
    let owner = UnixStream::connect(socket)?;
    let (mut from_client, mut to_owner) = (client.try_clone()?, owner.try_clone()?);
    thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_owner);
        to_owner.shutdown(Shutdown::Write)
    });
    let (mut from_owner, mut to_client) = (owner, client);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match from_owner.read(&mut buffer)? {
            0 => return client.shutdown(Shutdown::Both),
            read => to_client.write_all(&change(buffer[..read].to_vec()))?,
        }
    }
}

#[test]
#[ignore = "needs schemathesis: tests/providers/run api"]
fn whoever_asks_at_the_port_is_answered_as_the_document_tells() {
    let scene = scene();
    passes(&scene, scene.port, &[], 1000);
    let (access, _) = scene.grant("ci", &["--credential", "demo/alice", "--rate", "1000000"]);
    let shown = format!("Authorization: Bearer {access}");
    // Its own pairs it ends last.
    let ending = ["revokeGrantPairs"];
    let with = ["--header", &shown];
    passes(
        &scene,
        scene.port,
        &[&with[..], &without(&ending)].concat(),
        1000,
    );
    passes(&scene, scene.port, &[&with[..], &only(&ending)].concat(), 5);
}

#[test]
#[ignore = "needs schemathesis: tests/providers/run api"]
fn the_owner_is_answered_at_the_socket_as_the_document_tells() {
    let scene = scene();
    let at = relay(scene.sandbox.socket(), |answer| answer);
    let others = [&ENDING_CREDENTIALS[..], &ENDING_ALL, &[ENDLESS]].concat();
    passes(&scene, at, &without(&others), 1000);
    passes(&scene, at, &only(&ENDING_CREDENTIALS), 50);
    passes(&scene, at, &only(&ENDING_ALL), 20);
}

#[test]
#[ignore = "needs schemathesis: tests/providers/run api"]
fn an_answer_that_the_document_does_not_tell_of_is_found_by_others_too() {
    let scene = scene();
    let health = only(&["health"]);
    for (what, change) in [
        (
            "200",
            (|answer| replaced(&answer, "\"status\":\"ok\"", "\"status\":\"oh\""))
                as fn(Vec<u8>) -> Vec<u8>,
        ),
        ("header", |answer| {
            replaced(&answer, "tokenward-api: 1", "tokenward-api: 2")
        }),
        ("type", |answer| {
            replaced(&answer, "application/json", "application/yaml")
        }),
        ("status", |answer| {
            replaced(&answer, "HTTP/1.1 200", "HTTP/1.1 201")
        }),
    ] {
        let at = relay(scene.sandbox.socket(), change);
        let judgement = judge(&scene, at, &health);
        assert!(!judgement.passed, "{what}: {}", judgement.words);
        assert!(
            judgement.words.contains("FAILURES"),
            "{what}: {}",
            judgement.words
        );
    }
    let at = relay(scene.sandbox.socket(), |answer| answer);
    passes(&scene, at, &health, 5);
}

fn replaced(answer: &[u8], before: &str, after: &str) -> Vec<u8> {
    assert_eq!(
        before.len(),
        after.len(),
        "the length of the body stands in the head"
    );
    let text = String::from_utf8_lossy(answer);
    text.replace(before, after).into_bytes()
}
