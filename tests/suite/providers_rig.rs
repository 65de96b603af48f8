//! What the tests against real providers share: a person with a vault, the two servers, a gate on the way to them.
//! `tests/providers/run` starts the servers and says where they are.

use crate::raw_http;
use crate::sandbox::{Run, Running, Sandbox};
use crate::vault_fixture::key_pair;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// How long the slowest step may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// One of the servers.
#[derive(Clone)]
pub struct Server {
    /// What it calls itself.
    pub issuer: String,
    /// Path of its token endpoint.
    pub token: &'static str,
    introspection: &'static str,
    /// What its metadata leaves out and a person gives by hand.
    by_hand: Vec<String>,
}

impl Server {
    /// The certified provider.
    pub fn oidc() -> Self {
        Self {
            issuer: said("TOKENWARD_TEST_OIDC"),
            token: "/token",
            introspection: "/token/introspection",
            by_hand: Vec::new(),
        }
    }

    /// The one of another family; its device endpoint stands in none of its documents.
    pub fn django() -> Self {
        Self::of_django("TOKENWARD_TEST_DJANGO")
    }

    /// The same, lenient towards a refresh token that was spent a moment ago.
    pub fn django_with_grace() -> Self {
        Self::of_django("TOKENWARD_TEST_DJANGO_GRACE")
    }

    fn of_django(variable: &str) -> Self {
        let issuer = said(variable);
        let device = format!("device_authorization={issuer}/device-authorization/");
        Self {
            issuer,
            token: "/o/token/",
            introspection: "/o/introspect/",
            by_hand: vec!["--endpoint".to_owned(), device],
        }
    }

    /// Scheme, host and port.
    pub fn base(&self) -> String {
        let url = url::Url::parse(&self.issuer).unwrap();
        url.origin().ascii_serialization()
    }

    /// What the server itself says of a token, to a resource server that asks.
    pub fn is_active(&self, token: &str) -> bool {
        let client = ("watcher", "watcher-secret");
        let fields = [("token", token)];
        let answer = raw_http::post_basic(&self.base(), self.introspection, client, &fields);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["active"].as_bool().unwrap()
    }

    /// Requests that it had of a client so far.
    pub fn requests_of(&self, client: &str) -> Vec<Asked> {
        let asked = self.requests().into_iter();
        asked
            .filter(|(of, _)| of == client)
            .map(|(_, asked)| asked)
            .collect()
    }

    /// All requests that it had so far, each with the client it came from.
    pub fn requests(&self) -> Vec<(String, Asked)> {
        let answer = raw_http::send(&self.base(), "GET", "/test/requests", &[], "");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let asked = answer.unwrap().json();
        let asked = asked.as_array().unwrap().iter();
        asked
            .map(|request| {
                let asked = Asked {
                    path: text(&request["path"]),
                    grant: text(&request["grant_type"]),
                    status: request["status"].as_u64().unwrap(),
                    error: text(&request["error"]),
                    has_proof: request["has_proof"] == true,
                };
                (text(&request["client"]), asked)
            })
            .collect()
    }

    /// The refreshes of a client, by the status that each got.
    pub fn refreshes_of(&self, client: &str) -> Vec<u64> {
        let asked = self.requests_of(client).into_iter();
        asked
            .filter(|request| request.grant == "refresh_token")
            .map(|request| request.status)
            .collect()
    }
}

fn said(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("tests/providers/run sets {variable}"))
}

/// One request that a server had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub path: String,
    pub grant: String,
    pub status: u64,
    pub error: String,
    pub has_proof: bool,
}

/// The script that plays the person and their browser.
pub fn user_script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/providers/user.mjs")
}

/// A person with a vault that opens without a question.
pub struct Person {
    pub sandbox: Sandbox,
    pub server: Server,
}

/// How a sign-in ended.
#[derive(Debug)]
pub struct SignIn {
    pub code: Option<i32>,
    pub events: Vec<Value>,
    pub errors: String,
}

impl SignIn {
    /// The new credential's name; fails the test where there is none.
    #[track_caller]
    pub fn name(&self) -> String {
        let last = self.events.last();
        let name = last
            .filter(|event| event["event"] == "signed_in")
            .and_then(|event| event["name"].as_str());
        assert_eq!(self.code, Some(0), "{self:?}");
        name.unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }

    /// The last event of a sign-in that failed; fails the test where it did not.
    #[track_caller]
    pub fn failure(&self) -> &Value {
        assert_ne!(self.code, Some(0), "{self:?}");
        let last = self.events.last().unwrap_or_else(|| panic!("{self:?}"));
        assert_eq!(last["event"], "failed", "{self:?}");
        assert!(!self.errors.contains("panicked"), "{self:?}");
        last
    }
}

/// What a sign-in asks for, beside the server and the client.
pub struct Wish<'a> {
    pub scope: &'a str,
    pub more: &'a [&'a str],
    pub deny: bool,
}

impl<'a> Wish<'a> {
    /// With these arguments, and a person who says yes.
    pub fn with(more: &'a [&'a str]) -> Self {
        Self {
            scope: "openid email offline_access",
            more,
            deny: false,
        }
    }
}

impl Person {
    /// With an empty vault.
    pub fn new(server: Server) -> Self {
        let sandbox = Sandbox::new();
        let (identity, recipient) = key_pair();
        sandbox.write("identity.txt", identity.expose_secret());
        let person = Self { sandbox, server };
        person.run(&["init", "--recipient", &recipient]).ok();
        person
    }

    /// The program as this person runs it.
    pub fn command(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = self.sandbox.command(arguments);
        command.env("TOKENWARD_IDENTITY_FILE", self.sandbox.path("identity.txt"));
        command
    }

    /// Runs it to its end.
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.command(arguments).output().unwrap().into()
    }

    /// Signs in; whenever the program says where to go, the person goes there.
    pub fn sign_in(&self, client: &str, more: &[&str]) -> SignIn {
        self.sign_in_as(client, &Wish::with(more))
    }

    /// The same with a wish of its own.
    pub fn sign_in_as(&self, client: &str, wish: &Wish<'_>) -> SignIn {
        let mut command = self.login(client, wish);
        self.follow(&mut command, |url| go(url, wish.deny))
    }

    /// The command line of a sign-in.
    pub fn login(&self, client: &str, wish: &Wish<'_>) -> Command {
        let mut command = self.command(["login", "rig", "--json", "--no-browser"]);
        command
            .args(["--issuer", &self.server.issuer, "--client-id", client])
            .args(["--scope", wish.scope])
            .args(&self.server.by_hand)
            .args(wish.more);
        command
    }

    /// Follows a sign-in to its end.
    pub fn follow(&self, command: &mut Command, mut go_to: impl FnMut(&str)) -> SignIn {
        let mut running = Running::start(command);
        let out = BufReader::new(running.child().stdout.take().unwrap());
        let _limit = Limit::on(running.pid());
        let mut events = Vec::new();
        for line in out.lines() {
            let event: Value = serde_json::from_str(&line.unwrap()).unwrap();
            let address = ["verification_uri_complete", "url"]
                .iter()
                .find_map(|name| event[*name].as_str());
            if let Some(address) = address {
                go_to(address);
            }
            events.push(event);
        }
        let (status, errors) = running.finish();
        SignIn {
            code: status.code(),
            events,
            errors,
        }
    }

    /// A file with a client's secret.
    pub fn secret_file(&self, secret: &str) -> String {
        let path = self.sandbox.write("client-secret", secret);
        path.to_str().unwrap().to_owned()
    }

    /// The access token as `get` prints it.
    #[track_caller]
    pub fn token(&self, name: &str) -> String {
        self.run(&["get", name]).ok().trim().to_owned()
    }

    /// What `list` says of a credential.
    #[track_caller]
    pub fn listed(&self, name: &str) -> Value {
        let list = self.run(&["list", "--json"]).json();
        let found = list
            .as_array()
            .unwrap()
            .iter()
            .find(|entry| entry["name"] == name);
        found.unwrap_or_else(|| panic!("no {name}: {list}")).clone()
    }

    /// How often the tokens were replaced.
    pub fn generation(&self, name: &str) -> u64 {
        self.listed(name)["generation"].as_u64().unwrap()
    }

    /// A copy of the vault as it is now, as a backup would hold it.
    pub fn backup(&self) -> String {
        let (vault, backup) = (self.sandbox.vault(), self.sandbox.path("backup/vault.db"));
        std::fs::create_dir(self.sandbox.path("backup")).unwrap();
        std::fs::copy(&vault, &backup).unwrap();
        for suffix in ["-wal", "-shm"] {
            let with = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
            if with(&vault).exists() {
                std::fs::copy(with(&vault), with(&backup)).unwrap();
            }
        }
        backup.to_str().unwrap().to_owned()
    }
}

/// Ends a program that takes too long, so that a test fails instead of hanging.
struct Limit {
    _until_dropped: std::sync::mpsc::Sender<()>,
}

impl Limit {
    fn on(pid: u32) -> Self {
        let (done, over) = std::sync::mpsc::channel::<()>();
        std::thread::spawn(move || {
            if over.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
                kill_process(pid, Signal::KILL).ok();
            }
        });
        Self {
            _until_dropped: done,
        }
    }
}

/// The person goes to an address and says yes or no there.
pub fn go(url: &str, deny: bool) {
    let mut command = Command::new(user_script());
    command.arg(url);
    if deny {
        command.arg("--deny");
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// Waits until something is so; fails the test after a minute.
#[track_caller]
pub fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Which way a gate stops what comes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stops {
    /// Everything passes.
    Nothing,
    /// Requests are taken and never passed on.
    Requests,
    /// Requests are passed on, their answers never.
    Answers,
}

#[derive(Debug)]
struct Traffic {
    stops: Stops,
    stopped: usize,
}

/// A relay on the way to a server that can hold what it is to pass on.
pub struct Gate {
    port: u16,
    traffic: Arc<(Mutex<Traffic>, Condvar)>,
}

impl Gate {
    /// Opens one to this server.
    pub fn to(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = server.base().strip_prefix("http://").unwrap().to_owned();
        let traffic = Traffic {
            stops: Stops::Nothing,
            stopped: 0,
        };
        let traffic = Arc::new((Mutex::new(traffic), Condvar::new()));
        let inside = Arc::clone(&traffic);
        std::thread::spawn(move || {
            for near in listener.incoming() {
                let (near, target, traffic) = (near.unwrap(), target.clone(), Arc::clone(&inside));
                std::thread::spawn(move || relay(near, &target, &traffic));
            }
        });
        Self { port, traffic }
    }

    /// The argument that sends the program's token requests through here.
    pub fn endpoint(&self, server: &Server) -> String {
        format!("token=http://127.0.0.1:{}{}", self.port, server.token)
    }

    /// From now on, this is stopped.
    pub fn stop(&self, what: Stops) {
        self.traffic.0.lock().unwrap().stops = what;
    }

    /// Waits until something was stopped.
    #[track_caller]
    pub fn wait_until_stopped(&self) {
        let traffic = self.traffic.0.lock().unwrap();
        let waited = self
            .traffic
            .1
            .wait_timeout_while(traffic, PATIENCE, |traffic| traffic.stopped == 0);
        assert!(!waited.unwrap().1.timed_out(), "nothing came to the gate");
    }
}

fn relay(mut near: TcpStream, target: &str, traffic: &(Mutex<Traffic>, Condvar)) {
    let note = || {
        traffic.0.lock().unwrap().stopped += 1;
        traffic.1.notify_all();
    };
    let stops = traffic.0.lock().unwrap().stops;
    if stops == Stops::Requests {
        read_request(&mut near);
        note();
        // Ends when whoever asked goes away.
        near.read_to_end(&mut Vec::new()).ok();
        return;
    }
    let mut far = TcpStream::connect(target).unwrap();
    let (mut from, mut into) = (near.try_clone().unwrap(), far.try_clone().unwrap());
    std::thread::spawn(move || {
        std::io::copy(&mut from, &mut into).ok();
        into.shutdown(Shutdown::Write).ok();
    });
    if stops == Stops::Answers {
        assert!(far.read(&mut [0; 4096]).unwrap() > 0, "no answer came");
        note();
        far.read_to_end(&mut Vec::new()).ok();
        return;
    }
    std::io::copy(&mut far, &mut near).ok();
    near.flush().ok();
    near.shutdown(Shutdown::Both).ok();
}

fn read_request(near: &mut TcpStream) {
    let read = near.read(&mut [0; 16 * 1024]).unwrap();
    assert!(read > 0, "no request came");
}
