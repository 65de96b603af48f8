//! The real program against a provider whose every answer may be nonsense: it ends, says why, and shows no token.

use crate::fuzz_rig::{Plan, RECEIVED, SENT, bytes_leak, leaks, plans};
use crate::sandbox::{Run, Running, Sandbox};
use crate::vault_fixture::key_pair;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How many answers are tried, by how many people at once; TOKENWARD_FUZZ_ANSWERS sets more answers.
const CASES: usize = 140;
const PEOPLE: usize = 4;
/// No command takes longer, whatever it is answered; an answer that does not come at all is waited for twenty seconds.
const BOUND: Duration = Duration::from_secs(60);

/// What one answer is to be made of.
#[derive(Clone)]
enum Answer {
    /// All is well.
    Good,
    /// This plan is applied to the answer of requests whose path holds the word.
    Bad(&'static str, Plan),
}

/// A provider over plain sockets that answers as it is told.
struct Hostile {
    port: u16,
    answer: Arc<Mutex<Answer>>,
}

impl Hostile {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let answer = Arc::new(Mutex::new(Answer::Good));
        let told = Arc::clone(&answer);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, told) = (stream.unwrap(), told.lock().unwrap().clone());
                std::thread::spawn(move || serve(stream, port, &told));
            }
        });
        Self { port, answer }
    }

    fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn answers(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }
}

fn serve(mut stream: TcpStream, port: u16, told: &Answer) {
    stream.set_read_timeout(Some(BOUND)).unwrap();
    let Some(path) = request(&mut stream) else {
        return;
    };
    let good = good(&path, port);
    let bytes = match told {
        Answer::Bad(word, plan) if path.contains(word) => bad(&good, plan),
        Answer::Good | Answer::Bad(..) => whole("200 OK", &good),
    };
    // Whoever has heard enough hangs up.
    let _ = stream.write_all(&bytes);
}

/// Reads a request to its end and gives its path.
fn request(stream: &mut TcpStream) -> Option<String> {
    let mut text = Vec::new();
    let mut portion = [0; 4096];
    loop {
        let read = stream.read(&mut portion).ok().filter(|read| *read > 0)?;
        text.extend_from_slice(&portion[..read]);
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut headers);
        let Ok(httparse::Status::Complete(end)) = request.parse(&text) else {
            continue;
        };
        let length = request
            .headers
            .iter()
            .find(|h| h.name.eq_ignore_ascii_case("content-length"));
        let length = length.map_or(0, |h| String::from_utf8_lossy(h.value).parse().unwrap());
        if text.len() >= end + length {
            return request.path.map(str::to_owned);
        }
    }
}

fn good(path: &str, port: u16) -> String {
    let at = |path: &str| format!("http://127.0.0.1:{port}/{path}");
    match path {
        _ if path.contains("well-known") => format!(
            r#"{{"issuer":"http://127.0.0.1:{port}","authorization_endpoint":"{}","token_endpoint":"{}","device_authorization_endpoint":"{}",
                "userinfo_endpoint":"{}","introspection_endpoint":"{}","revocation_endpoint":"{}","jwks_uri":"{}",
                "grant_types_supported":["authorization_code","refresh_token","urn:ietf:params:oauth:grant-type:device_code",
                "urn:ietf:params:oauth:grant-type:token-exchange"]}}"#,
            at("authorize"),
            at("token"),
            at("device"),
            at("userinfo"),
            at("introspect"),
            at("revoke"),
            at("jwks"),
        ),
        "/token" => format!(
            r#"{{"access_token":"{RECEIVED}","token_type":"Bearer","expires_in":600,"refresh_token":"{RECEIVED}","scope":"a b"}}"#
        ),
        "/device" => format!(
            r#"{{"device_code":"{RECEIVED}","user_code":"ABCD","verification_uri":"{}","expires_in":600,"interval":1}}"#,
            at("enter")
        ),
        "/userinfo" => r#"{"sub":"1","email":"a@p.example"}"#.to_owned(),
        "/introspect" => r#"{"active":true,"scope":"a b","exp":1900000000}"#.to_owned(),
        "/jwks" => r#"{"keys":[]}"#.to_owned(),
        _ => "{}".to_owned(),
    }
}

fn whole(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

/// The answer spoilt in its body, in its headers, or as a whole.
fn bad(good: &str, plan: &Plan) -> Vec<u8> {
    let refusal = format!(r#"{{"error":"invalid_grant","error_description":"{SENT} {RECEIVED}"}}"#);
    let body = if plan.dice.is_multiple_of(3) {
        &refusal
    } else {
        good
    };
    let status = [
        "200 OK",
        "200 OK",
        "200 OK",
        "400 Bad Request",
        "401 Unauthorized",
        "429 Too Many Requests",
        "500 Oops",
    ];
    let status = status[plan.dice as usize / 3 % status.len()];
    match plan.dice / 21 % 4 {
        0 => {
            let headers = format!(
                "HTTP/1.1 {status}\r\nRetry-After: 5\r\nDate: Wed, 21 Oct 2015 07:28:00 GMT\r\nWWW-Authenticate: DPoP error=\"{RECEIVED}\"\r\n\
                 DPoP-Nonce: {RECEIVED}\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
                body.len()
            );
            plan.input(&[&headers])
        }
        1 => plan.input(&[&String::from_utf8(whole(status, body)).unwrap()]),
        _ => {
            let body = plan.input(&[body]);
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            [head.as_bytes(), &body].concat()
        }
    }
}

/// A person with one credential, and the vault as it was after that.
struct Person {
    sandbox: Sandbox,
    provider: Hostile,
    kept: PathBuf,
}

impl Person {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let (identity, recipient) = key_pair();
        let identity = sandbox.write("identity.txt", identity.expose_secret());
        sandbox.write("client-secret", SENT);
        let mut person = Self {
            kept: sandbox.path("kept.db"),
            provider: Hostile::start(),
            sandbox,
        };
        person
            .sandbox
            .set("TOKENWARD_IDENTITY_FILE", identity.to_str().unwrap());
        person.sandbox.run(["init", "--recipient", &recipient]).ok();
        let (signed_in, _) = person.signed_in();
        assert_eq!(signed_in.code, Some(0), "{signed_in:?}");
        std::fs::copy(person.sandbox.vault(), &person.kept).unwrap();
        person
    }

    /// Puts the vault back to what it was.
    fn restore(&self) {
        let vault = self.sandbox.vault();
        for suffix in ["-wal", "-shm"] {
            std::fs::remove_file(format!("{}{suffix}", vault.display())).ok();
        }
        std::fs::copy(&self.kept, vault).unwrap();
    }

    fn login(&self, flow: &str) -> Command {
        let mut command =
            self.sandbox
                .command(["login", "rig", "--json", "--no-browser", "--account", "me"]);
        command
            .args([
                "--issuer",
                &self.provider.issuer(),
                "--client-id",
                "me",
                "--flow",
                flow,
            ])
            .args([
                "--client-secret-file",
                self.sandbox.path("client-secret").to_str().unwrap(),
            ])
            .args(["--scope", "a"]);
        command
    }

    /// Signs in through the browser, whose answer is as it should be; how it ended, and how long that took.
    fn signed_in(&self) -> (Run, Duration) {
        self.follow(&mut self.login("loopback"), |line| {
            let event: serde_json::Value = serde_json::from_str(line).unwrap();
            let url = event["url"]
                .as_str()
                .and_then(|url| url::Url::parse(url).ok())?;
            let asked = |name: &str| {
                let mut pairs = url.query_pairs();
                Some(pairs.find(|(found, _)| found == name)?.1.into_owned())
            };
            let mut back = url::Url::parse(&asked("redirect_uri")?).unwrap();
            back.query_pairs_mut()
                .append_pair("code", RECEIVED)
                .append_pair("state", &asked("state")?)
                .append_pair("iss", &self.provider.issuer());
            let port = back.port().unwrap();
            let target = &back[url::Position::BeforePath..];
            let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            write!(
                stream,
                "GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"
            )
            .unwrap();
            stream.read_to_end(&mut Vec::new()).ok();
            None
        })
    }

    /// Runs a command; `heard` gets each line of its output and may end it by saying so.
    fn follow(
        &self,
        command: &mut Command,
        mut heard: impl FnMut(&str) -> Option<()>,
    ) -> (Run, Duration) {
        let begun = Instant::now();
        let mut running = Running::start(command);
        let mut out = std::io::BufReader::new(running.child().stdout.take().unwrap());
        let mut stdout = String::new();
        loop {
            let mut line = String::new();
            if std::io::BufRead::read_line(&mut out, &mut line).unwrap() == 0 {
                break;
            }
            stdout.push_str(&line);
            if heard(&line).is_some() {
                running.child().kill().unwrap();
            }
        }
        let (status, stderr) = running.finish();
        let run = Run {
            code: status.code(),
            stdout,
            stderr,
        };
        (run, begun.elapsed())
    }

    /// One command, by number, against the answers as they are now.
    fn try_one(&self, number: usize) -> (Run, Duration) {
        let none = |_: &str| None;
        let name = "rig/me";
        let arguments: &[&str] = match number % PARTS.len() {
            0 => return self.signed_in(),
            1 => {
                return self.follow(&mut self.login("device"), |line| {
                    line.contains("device_code").then_some(())
                });
            }
            2 => &["validate", name],
            3 => &["validate", name, "--introspect"],
            4 => &["get", name, "--audience", "other", "--format", "json"],
            5 => &["revoke", "--yes", name],
            _ => &["refresh", name],
        };
        self.follow(&mut self.sandbox.command(arguments), none)
    }

    /// Tries a command, by number, against an answer of this plan; the code that it ended with.
    fn bears(&self, case: usize, plan: &Plan) -> Option<i32> {
        let parts = PARTS[case % PARTS.len()];
        let part = parts[plan.dice as usize % parts.len()];
        self.restore();
        self.provider.answers(Answer::Bad(part, plan.clone()));
        let (run, took) = self.try_one(case);
        let what = format!("case {case}, {part}: {plan:?}\n{run:?}");
        assert!(took < BOUND, "{took:?}: {what}");
        // No code: it was ended once it had a device code.
        let had_code = run.code.is_none() && run.stdout.contains("device_code");
        assert!(had_code || run.code.is_some_and(|code| code <= 7), "{what}");
        assert!(!run.stderr.contains("panicked"), "{what}");
        assert!(!leaks(&run.stderr), "{what}");
        // A token that was asked for is printed; nothing else ever shows one.
        assert!(case % PARTS.len() == 4 || !leaks(&run.stdout), "{what}");
        for show in [&["list", "--json"][..], &["why", "rig/me"]] {
            let shown = self.sandbox.run(show);
            assert!(
                !leaks(&shown.stdout) && !leaks(&shown.stderr),
                "{what}\n{shown:?}"
            );
        }
        run.code
    }
}

/// The part of the provider that each command asks.
const PARTS: [&[&str]; 7] = [
    &["token", "well-known"],
    &["device", "well-known"],
    &["userinfo"],
    &["introspect"],
    &["token"],
    &["revoke"],
    &["token"],
];

#[test]
fn no_answer_makes_the_program_panic_hang_or_show_a_token() {
    let cases = std::env::var("TOKENWARD_FUZZ_ANSWERS").map_or(CASES, |text| text.parse().unwrap());
    let endings: Vec<_> = std::thread::scope(|scope| {
        let people: Vec<_> = (0..PEOPLE)
            .map(|_| scope.spawn(|| one_person(cases.div_ceil(PEOPLE))))
            .collect();
        let ended = people.into_iter().map(|person| person.join());
        ended
            .flat_map(|ends| ends.expect("its own words say why"))
            .collect()
    });
    let kinds: BTreeSet<_> = endings.iter().collect();
    assert!(endings.len() >= cases && kinds.len() > 2, "{kinds:?}");
}

/// Tries this many answers on one person; the codes that the commands ended with.
fn one_person(cases: usize) -> Vec<Option<i32>> {
    let person = Person::new();
    let mut runner = TestRunner::default();
    let tried = (0..cases).map(|case| {
        let plan = plans().new_tree(&mut runner).unwrap().current();
        person.bears(case, &plan)
    });
    let endings = tried.collect();
    assert_disk_is_clean(&person.sandbox.path(""));
    endings
}

fn assert_disk_is_clean(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let kind = std::fs::symlink_metadata(&path).unwrap().file_type();
        if kind.is_dir() {
            assert_disk_is_clean(&path);
        } else if kind.is_file() && !path.ends_with("client-secret") {
            assert!(
                !bytes_leak(&std::fs::read(&path).unwrap()),
                "{}",
                path.display()
            );
        }
    }
}
