//! Marker secrets through every flow, then a search for them: on disk, in logs, on stderr.
//!
//! The built-in provider's tokens and codes all begin with known prefixes, so that each of them is a marker.

use crate::sandbox::{PASSPHRASE, Run, Running, Sandbox, provider};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::{Consent, Fault, Quirks, RequestKind};
use tokenward::demo::settings::{
    CONFIDENTIAL_CLIENT, CONFIDENTIAL_SECRET, POST_CLIENT, POST_SECRET,
};
use tokenward::demo::tokens::{ACCESS_PREFIX, CODE_PREFIX, DEVICE_PREFIX, REFRESH_PREFIX};

/// Files that the test itself wrote, which hold a secret on purpose.
const OURS: [&str; 3] = ["passphrase", "confidential.secret", "post.secret"];

fn markers() -> Vec<&'static [u8]> {
    [
        ACCESS_PREFIX,
        REFRESH_PREFIX,
        CODE_PREFIX,
        DEVICE_PREFIX,
        CONFIDENTIAL_SECRET,
        POST_SECRET,
        PASSPHRASE,
        "AGE-SECRET-KEY-1",
        "code_verifier",
    ]
    .into_iter()
    .map(str::as_bytes)
    .collect()
}

fn found_in(bytes: &[u8]) -> Vec<String> {
    let is_there = |marker: &&&[u8]| bytes.windows(marker.len()).any(|window| window == **marker);
    let found = markers();
    let found = found.iter().filter(is_there);
    found
        .map(|marker| String::from_utf8_lossy(marker).into_owned())
        .collect()
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let kind = std::fs::symlink_metadata(&path).unwrap().file_type();
        if kind.is_dir() {
            files_below(&path, found);
        } else if kind.is_file() && !OURS.iter().any(|ours| path.ends_with(ours)) {
            found.push(path);
        }
    }
}

/// Fails when a marker lies anywhere in the sandbox's files. Gives how many files were read.
#[track_caller]
fn search_disk(sandbox: &Sandbox) -> usize {
    let mut files = Vec::new();
    files_below(&sandbox.path(""), &mut files);
    for file in &files {
        let found = found_in(&std::fs::read(file).unwrap());
        assert!(found.is_empty(), "{}: {found:?}", file.display());
    }
    files.len()
}

/// Everything that was said on stderr, and on stdout by commands that have no business with tokens.
#[derive(Default)]
struct Heard(Vec<u8>);

impl Heard {
    /// A command whose stdout may hold a token.
    fn talk(&mut self, run: &Run) {
        self.0.extend(run.stderr.as_bytes());
    }

    /// A command whose stdout may not.
    fn all(&mut self, run: &Run) {
        self.talk(run);
        self.0.extend(run.stdout.as_bytes());
    }
}

fn sign_in(
    sandbox: &Sandbox,
    provider: &DemoProvider,
    client: &str,
    secret: &Path,
    flow: &str,
    account: &str,
) -> Run {
    provider
        .control()
        .answer_always(&Consent::Allow(account.into()));
    let mut command = sandbox.command(["login", "demo", "--json", "--no-browser", "--flow", flow]);
    command.args([
        "--issuer",
        &provider.issuer(),
        "--account",
        account,
        "--client-id",
        client,
    ]);
    command.arg("--client-secret-file").arg(secret);
    if flow == "device" {
        return command.output().unwrap().into();
    }
    let mut running = Running::start(&mut command);
    let mut lines = running.lines();
    let authorize = lines.next_json();
    let url = authorize["url"].as_str().unwrap().to_owned();
    assert!(
        provider
            .control()
            .visit(&url, &Consent::Allow(account.into()))
    );
    let end = lines.next_json();
    assert_eq!(end["event"], "signed_in", "{end}");
    let code = running.wait().code();
    Run {
        code,
        stdout: format!("{authorize}\n{end}\n"),
        stderr: running.words(),
    }
}

/// Every command, once; returns what may not hold a secret.
fn every_flow(sandbox: &Sandbox, provider: &DemoProvider) -> Heard {
    let mut heard = Heard::default();
    let confidential = sandbox.write("confidential.secret", CONFIDENTIAL_SECRET);
    let post = sandbox.write("post.secret", POST_SECRET);
    for (client, secret, flow, account) in [
        (CONFIDENTIAL_CLIENT, &confidential, "device", "alice"),
        (POST_CLIENT, &post, "loopback", "bob"),
        (POST_CLIENT, &post, "device", "carol"),
    ] {
        let run = sign_in(sandbox, provider, client, secret, flow, account);
        assert!(run.stdout.contains("\"signed_in\""), "{run:?}");
        heard.all(&run);
    }
    for arguments in [
        &["list"] as &[&str],
        &["list", "--json"],
        &["status"],
        &["status", "--json"],
        &["refresh", "demo/alice"],
        &["refresh", "demo/bob", "--json"],
        &["vault", "slots"],
        &["provider", "show", "github"],
        &["get", "demo/nobody"],
    ] {
        heard.all(&sandbox.run(arguments));
    }
    for format in ["raw", "json", "header", "env"] {
        let run = sandbox.run(["get", "demo/alice", "--format", format]);
        assert!(
            !found_in(run.stdout.as_bytes()).is_empty(),
            "the markers do not mark: {run:?}"
        );
        heard.talk(&run);
    }
    heard.all(&sandbox.run(["exec", "demo/alice", "--", "true"]));
    // Answers that echo what was sent, in errors of every kind.
    provider
        .control()
        .change_quirks(|quirks| quirks.echo_token = true);
    for fault in [
        Fault::Status {
            status: 503,
            retry_after: None,
        },
        Fault::Status {
            status: 400,
            retry_after: None,
        },
    ] {
        provider.control().fail_next(RequestKind::Refresh, 1, fault);
        heard.all(&sandbox.run(["refresh", "demo/bob"]));
    }
    for grant in provider.control().grants() {
        provider.control().revoke(grant.id);
    }
    heard.all(&sandbox.run(["refresh", "demo/alice"]));
    heard.all(&sandbox.run(["get", "demo/alice", "--min-ttl", "1h"]));
    heard.all(&sandbox.run(["revoke", "demo/bob", "--yes"]));
    heard.all(&sandbox.run(["list"]));
    heard.all(&sandbox.run(["remove", "demo/bob", "--yes"]));
    heard
}

fn quick() -> Quirks {
    Quirks {
        device_interval: Duration::from_secs(1),
        ..Quirks::default()
    }
}

#[test]
fn no_secret_is_on_disk_or_in_what_is_said_without_an_owner() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(quick());
    let heard = every_flow(&sandbox, &provider);
    assert_eq!(found_in(&heard.0), Vec::<String>::new());
    assert!(search_disk(&sandbox) >= 2, "vault and lock at least");
}

#[test]
fn no_secret_is_on_disk_or_in_the_log_of_a_daemon_that_logs_everything() {
    for format in ["text", "json"] {
        let sandbox = Sandbox::with_vault();
        let provider = provider(quick());
        let mut command = sandbox.command(["daemon", "--log-format", format]);
        command.env("TOKENWARD_LOG", "trace");
        let mut owner = Running::start(&mut command);
        owner.wait_for_words("ready");
        let heard = every_flow(&sandbox, &provider);
        // While it runs (with its write-ahead log) and after it has left.
        assert_eq!(found_in(&heard.0), Vec::<String>::new());
        search_disk(&sandbox);
        owner.signal(rustix::process::Signal::TERM);
        assert!(owner.wait().success());
        search_disk(&sandbox);
        let log = owner.words();
        assert!(log.contains("demo/alice"), "the log says nothing: {log}");
        assert_eq!(found_in(log.as_bytes()), Vec::<String>::new());
    }
}
