//! A living owner whose socket is told anything: it answers in bounds, keeps its tokens to itself, and lives.

use crate::fuzz_rig::{Plan, REFUSED, Read, TAKEN, try_made};
use crate::sandbox::{Running, Sandbox, provider};
use std::io::{Read as _, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::Quirks;

/// No answer is longer; the whole catalogue is a third of that.
const LONGEST: u64 = 1024 * 1024;
/// What an owner may take more afterwards than before, in kilobytes.
const GROWTH: u64 = 48 * 1024;

const METHODS: [&str; 8] = [
    "GET", "POST", "DELETE", "PUT", "HEAD", "OPTIONS", "PATCH", "get",
];

/// Every route there is, and some that are none; `{}` is a name. The last four take away what the others need.
const ROUTES: [(&str, &str); 27] = [
    ("GET", "/api/credentials"),
    ("GET", "/api/credentials/{}"),
    ("GET", "/api/credentials/{}/token"),
    ("POST", "/api/credentials/{}/refresh"),
    ("POST", "/api/credentials/{}/validate"),
    ("POST", "/api/credentials/{}/proof"),
    ("POST", "/api/credentials/{}/exchange"),
    ("POST", "/api/credentials/{}/narrow"),
    ("POST", "/api/credentials/{}/need"),
    ("GET", "/api/credentials/{}/why"),
    ("GET", "/api/clients"),
    ("GET", "/api/events"),
    ("GET", "/api/health"),
    ("GET", "/api/status"),
    ("GET", "/api/activity"),
    ("GET", "/api/providers"),
    ("POST", "/api/identify"),
    ("POST", "/api/sign-ins"),
    ("DELETE", "/api/sign-ins/1"),
    ("POST", "/api/sign-ins/1/callback"),
    ("POST", "/api/sign-ins/18446744073709551616/callback"),
    ("GET", "/"),
    ("GET", "/api/../api/credentials/{}/token"),
    ("DELETE", "/api/credentials/{}"),
    ("POST", "/api/credentials/{}/revoke"),
    ("POST", "/api/credentials/{}/rename"),
    ("DELETE", "/api/clients/{}"),
];

/// The credential there is.
const ALICE: &str = "demo/alice";

const NAMES: [&str; 7] = [
    "demo%2Fbob",
    "demo/nobody",
    "%00/%ff",
    "demo/../alice",
    "DEMO/alice",
    "a/%F0%9F%98%80",
    "demo",
];

const QUERIES: [&str; 7] = [
    "?min_ttl=60&timeout=1",
    "?min_ttl=99999999999999999999&timeout=0",
    "?timeout=-1",
    "?limit=1000000&name=demo%2Falice",
    "?min_ttl=1&min_ttl=2&x=%zz",
    "?&&==&%",
    "?timeout=1e9",
];

/// Bodies that some route takes; a plan makes others of them.
const BODIES: [&str; 10] = [
    r#"{"introspect":true}"#,
    r#"{"scopes":["read","write"]}"#,
    r#"{"account":"bob"}"#,
    r#"{"method":"GET","url":"https://api.example/x","nonce":"n"}"#,
    r#"{"audiences":["a"],"resources":["https://r.example"],"scopes":["read"]}"#,
    r#"{"provider":{"known":{"name":"github","parameters":{}}},"flow":"device","scopes":[],"account":"x"}"#,
    r#"{"provider":{"issuer":"http://127.0.0.1:9"},"flow":"loopback","client_id":"c","client_secret":"s"}"#,
    r#"{"url":"http://127.0.0.1:1/callback?code=a&state=b"}"#,
    r#"{"token":"what-nobody-ever-had"}"#,
    r#"[{"a":[1,2,{"b":null}]}]"#,
];

/// An owner with one credential, watched.
struct Watched {
    sandbox: Sandbox,
    daemon: Running,
    _provider: DemoProvider,
}

impl Watched {
    fn start() -> Self {
        let sandbox = Sandbox::with_vault();
        let provider = provider(Quirks::default());
        sandbox.sign_in(&provider, "alice");
        let daemon = sandbox.daemon();
        Self {
            sandbox,
            daemon,
            _provider: provider,
        }
    }

    /// Sends on a thread of its own: what the test allocates to read an answer is not what is measured.
    fn told(&self, bytes: &[u8], is_over: bool) -> Vec<u8> {
        let socket = self.sandbox.socket();
        let sent = std::thread::scope(|scope| scope.spawn(|| send(&socket, bytes, is_over)).join());
        sent.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Kilobytes it has in memory.
    fn memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.daemon.pid());
        let status = std::fs::read_to_string(path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.map_or(0, |line| {
            line.trim().trim_end_matches(" kB").parse().unwrap()
        })
    }

    /// It is the same process, answers, has grown in bounds, and has neither panicked nor told a token.
    fn is_well(&self, before: u64) {
        let status = self.sandbox.run(["status", "--json"]).json();
        assert_eq!(status["owner"]["pid"], self.daemon.pid());
        let grown = self.memory().saturating_sub(before);
        #[allow(clippy::print_stdout, reason = "the figures of a long run")]
        {
            println!("fuzz: the owner grew by {grown} kB");
        }
        assert!(grown <= GROWTH, "grown by {grown} kB");
        let words = self.daemon.words();
        assert!(!words.contains("panicked"), "{words}");
        assert!(
            !words.contains("demo_at_") && !words.contains("demo_rt_"),
            "{words}"
        );
    }
}

/// Sends these bytes; gives what came back. `is_over`: nothing more is sent, so that half a request ends at once.
fn send(socket: &Path, bytes: &[u8], is_over: bool) -> Vec<u8> {
    let mut stream = UnixStream::connect(socket).expect("the owner lives");
    let patience = Some(Duration::from_secs(20));
    stream.set_read_timeout(patience).unwrap();
    // It may have heard enough before all is sent.
    let _ = stream.write_all(bytes);
    if is_over {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut answer = Vec::new();
    if bytes.starts_with(b"GET /api/events") {
        let mut portion = [0; 512];
        let read = stream.read(&mut portion).unwrap_or(0);
        answer.extend_from_slice(&portion[..read]);
    } else {
        let _ = stream.take(LONGEST + 1).read_to_end(&mut answer);
    }
    assert!(answer.len() as u64 <= LONGEST, "an answer without end");
    answer
}

/// What an answer says of itself; only the route for tokens shows one, and none shows a refresh token.
fn judge(request: &[u8], answer: &[u8]) -> Read {
    let text = String::from_utf8_lossy(answer);
    assert!(!text.contains("demo_rt_"), "a refresh token: {text}");
    let asked = String::from_utf8_lossy(request);
    let may_show = ["/token", "/proof", "/exchange", "/narrow"];
    assert!(
        !text.contains("demo_at_") || may_show.iter().any(|word| asked.contains(word)),
        "an access token: {text}"
    );
    if answer.is_empty() {
        return ("silence", Vec::new());
    }
    assert!(text.starts_with("HTTP/1."), "no answer of HTTP: {text}");
    match text.as_bytes().get(9) {
        Some(b'2') => TAKEN,
        Some(b'5') if text.starts_with("HTTP/1.1 500") => panic!("{text}"),
        _ => REFUSED,
    }
}

/// A whole request by the letter of HTTP, its parts chosen by the plan.
fn request(plan: &Plan) -> Vec<u8> {
    let pick = |of: &[&'static str], by: u32| of[(plan.dice / by) as usize % of.len()];
    let route = plan.dice as usize % ROUTES.len();
    let (right, path) = ROUTES[route];
    // Divided by numbers without a common factor, so that each comes with each of the others.
    let sometimes = |by: u32, of: u32| (plan.dice / by).is_multiple_of(of);
    let method = if sometimes(101, 6) {
        pick(&METHODS, 7)
    } else {
        right
    };
    let takes_away = route >= ROUTES.len() - 4;
    let name = match (sometimes(211, 3), takes_away && !sometimes(307, 40)) {
        (false, false) => ALICE,
        (true, _) | (_, true) => pick(&NAMES, 11),
    };
    let query = if sometimes(401, 3) {
        pick(&QUERIES, 13)
    } else {
        ""
    };
    let target = path.replace("{}", name) + query;
    let body = match method {
        "POST" | "PUT" | "PATCH" => plan.input(&BODIES),
        _ => Vec::new(),
    };
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat()
}

#[test]
fn no_request_however_well_formed_harms_a_living_owner() {
    let watched = Watched::start();
    let before = watched.memory();
    try_made("socket requests", 300, request, |input, _| {
        judge(input, &watched.told(input, false))
    });
    watched.is_well(before);
}

#[test]
fn no_bytes_on_its_socket_harm_a_living_owner() {
    let watched = Watched::start();
    let before = watched.memory();
    let seeds = [
        "GET /api/credentials/demo/alice/token?min_ttl=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "POST /api/credentials/demo/alice/need HTTP/1.1\r\nHost: x\r\nContent-Length: 18\r\n\r\n{\"scopes\":[\"read\"]}",
        "POST /api/sign-ins HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n2\r\n1}\r\n0\r\n\r\n",
        "GET /api/health HTTP/1.1\r\nHost: x\r\n\r\nGET /api/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ];
    let make = |plan: &Plan| plan.input(&seeds);
    try_made("socket bytes", 300, make, |input, _| {
        judge(input, &watched.told(input, true))
    });
    watched.is_well(before);
}
