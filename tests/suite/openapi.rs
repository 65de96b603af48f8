//! The OpenAPI document is true: every address, every answer of a real owner, and OpenAPI's own rules.

use crate::inbox::{inbox, sign_in_apart};
use crate::openapi_rig::{Document, Reply, ask_socket, faults, members};
use crate::port_rig::Scene;
use crate::sample;
use roas::validation::{Options, Validate};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use tokenward::agent::openapi::DOCUMENT;
use tokenward::agent::table::PLACES;
use tokenward::agent::wire;
use tokenward::clock;
use tokenward::model::credential::Profile;
use tokenward::model::provenance::Provenance;

/// The document, and an owner that it is held against.
struct Court {
    document: Document,
    scene: Scene,
    /// Operations that were carried out.
    done: BTreeSet<String>,
    /// All that was not as it should be.
    faults: Vec<String>,
}

impl Court {
    fn new() -> Self {
        Self {
            document: Document::read(),
            scene: Scene::new(&[]),
            done: BTreeSet::new(),
            faults: Vec::new(),
        }
    }

    /// Asks as the owner; the answer has this status, and the document tells of it.
    #[track_caller]
    fn owner(
        &mut self,
        status: u16,
        (method, path): (&str, &str),
        target: &str,
        body: &Value,
    ) -> Reply {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let socket = self.scene.sandbox.socket();
        let reply = ask_socket(&socket, method, target, &body);
        self.judge(status, (method, path), reply)
    }

    /// Asks on the port.
    #[track_caller]
    fn port(
        &mut self,
        status: u16,
        (method, path): (&str, &str),
        (bearer, body): (Option<&str>, &Value),
    ) -> Reply {
        let target = target_of(path);
        let reply = ask_port(&self.scene, (method, &target), bearer, body);
        self.judge(status, (method, path), reply)
    }

    fn judge(&mut self, status: u16, (method, path): (&str, &str), reply: Reply) -> Reply {
        let operation = self.document.operation(method, path);
        if reply.status == status && status < 300 {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            self.done.insert(id);
        }
        let wrong = (reply.status != status).then(|| format!("{status} was expected"));
        let faults = self.document.faults((method, path), &reply);
        for fault in wrong.into_iter().chain(faults) {
            self.faults
                .push(format!("{method} {path}: {fault}\n{reply:?}"));
        }
        reply
    }

    #[track_caller]
    fn end(self) {
        assert!(self.faults.is_empty(), "{}", self.faults.join("\n\n"));
    }

    /// Asks as the owner at an address that stands in the document as it is.
    #[track_caller]
    fn plain(&mut self, status: u16, method: &str, path: &str, body: &Value) -> Reply {
        self.owner(status, (method, path), path, body)
    }

    /// Asks as the owner about a credential.
    #[track_caller]
    fn of(
        &mut self,
        status: u16,
        method: &str,
        (account, what): (&str, &str),
        body: &Value,
    ) -> Reply {
        let path = format!("/api/credentials/{{provider}}/{{account}}{what}");
        let target = format!("/api/credentials/demo/{account}{what}");
        self.owner(status, (method, &path), &target, body)
    }
}

#[track_caller]
fn ask_port(
    scene: &Scene,
    (method, target): (&str, &str),
    bearer: Option<&str>,
    body: &Value,
) -> Reply {
    let mut stream = TcpStream::connect(scene.port).unwrap();
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let bearer = bearer.map_or(String::new(), |it| {
        format!("Authorization: Bearer {it}\r\n")
    });
    let (host, length) = (scene.port, body.len());
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: {host}\r\n{bearer}Connection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
    Reply::parse(&answer)
}

/// A path with something in the place of each of its braces.
fn target_of(path: &str) -> String {
    path.replace("{provider}", "demo")
        .replace("{account}", "alice")
        .replace("{id}", "7")
        .replace("{name}", "ci")
}

const NOTHING: Value = Value::Null;

#[test]
fn the_document_keeps_the_rules_of_openapi() {
    let read: roas::v3_1::spec::Spec = serde_json::from_str(DOCUMENT).unwrap();
    // What is used only from beside the schemas, the lines of the event stream, counts as unused there; see below.
    if let Err(errors) = read.validate(Options::IgnoreUnusedSchemas.into(), None) {
        panic!("{errors}");
    }
    let document = Document::read();
    assert_eq!(document.0["info"]["version"], env!("CARGO_PKG_VERSION"));
    let schemas = members(&document.0["components"]["schemas"]);
    for (name, schema) in schemas {
        document.judge(schema);
        assert!(
            DOCUMENT.contains(&format!("\"#/components/schemas/{name}\"")),
            "nobody uses {name}"
        );
    }
    let mut ids = BTreeSet::new();
    for (method, path, operation) in document.operations() {
        for said in ["operationId", "summary", "description"] {
            let text = operation[said].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{method} {path} has no {said}");
        }
        assert!(
            ids.insert(operation["operationId"].to_string()),
            "{method} {path}: its id is taken"
        );
    }
}

#[test]
fn the_document_tells_of_every_address_and_of_no_other() {
    let document = Document::read();
    let told: BTreeSet<_> = document
        .operations()
        .into_iter()
        .map(|(method, path, operation)| {
            let mut named = Vec::new();
            for parameter in operation["parameters"].as_array().unwrap_or(&Vec::new()) {
                let parameter = document.resolve(parameter);
                let name = parameter["name"].as_str().unwrap().to_owned();
                match parameter["in"].as_str() {
                    Some("query") => named.push(name),
                    Some("path") => assert!(
                        path.contains(&format!("{{{name}}}")),
                        "{path} has no {name}"
                    ),
                    other => panic!("{path}: a parameter in {other:?}"),
                }
            }
            named.sort();
            (method, path, named)
        })
        .collect();
    let there: BTreeSet<_> = PLACES
        .iter()
        .map(|place| {
            let mut named: Vec<_> = place.parameters.iter().map(ToString::to_string).collect();
            named.sort();
            (place.method.to_owned(), place.path.to_owned(), named)
        })
        .collect();
    let missing: Vec<_> = there.difference(&told).collect();
    let too_many: Vec<_> = told.difference(&there).collect();
    assert!(
        missing.is_empty() && too_many.is_empty(),
        "not told: {missing:#?}\nnot there: {too_many:#?}"
    );
}

#[test]
fn the_document_is_served_to_everybody_who_reaches_the_owner() {
    let mut court = Court::new();
    let path = "/api/openapi.json";
    let at_socket = court.plain(200, "GET", path, &NOTHING);
    assert_eq!(at_socket.body, DOCUMENT);
    let at_port = court.port(200, ("GET", path), (None, &NOTHING));
    assert_eq!(at_port.body, DOCUMENT);
    let port = court.scene.port.port();
    let rebound = court.scene.send(&format!(
        "GET {path} HTTP/1.1\r\nHost: evil.example:{port}\r\nConnection: close\r\n\r\n"
    ));
    assert_eq!(rebound.problem(421), "host");
    court.end();
}

/// Everything that can be asked, in an order in which it can be done; every answer is one that the document tells of.
#[test]
fn every_operation_answers_a_real_request_as_the_document_tells() {
    let mut court = Court::new();
    for path in [
        "/api/openapi.json",
        "/metrics",
        "/api/health",
        "/api/status",
        "/api/activity",
        "/api/audit",
        "/api/audit/analysis",
        "/api/audit/verify",
        "/api/credentials",
        "/api/providers",
        "/api/clients",
        "/api/parcels",
        "/api/grants",
        "/api/questions",
        "/api/auth/stats",
    ] {
        court.plain(200, "GET", path, &NOTHING);
    }
    credentials(&mut court);
    log(&mut court);
    grants(&mut court);
    sign_ins(&mut court);
    events(&mut court);
    lock_and_inbox(&mut court);
    endings(&mut court);
    let all = court.document.operations();
    let ids = all
        .iter()
        .map(|(_, _, it)| it["operationId"].as_str().unwrap());
    // A client that was registered from here, a credential bound to a key, and a browser that ends at another machine:
    // the suites of these things carry them out; here they are refused.
    let refused = [
        "deleteClient",
        "proveToken",
        "exchangeToken",
        "pasteCallback",
    ];
    let missing = ids.filter(|id| !court.done.contains(*id) && !refused.contains(id));
    let missing: Vec<_> = missing
        .map(|id| format!("{id} was never carried out"))
        .collect();
    court.faults.extend(missing);
    court.end();
}

fn credentials(court: &mut Court) {
    court.of(200, "GET", ("alice", ""), &NOTHING);
    let token = court.of(200, "GET", ("alice", "/token"), &NOTHING).json();
    court.of(200, "POST", ("alice", "/refresh"), &NOTHING);
    for what in ["/why", "/generations"] {
        court.of(200, "GET", ("alice", what), &NOTHING);
    }
    court.of(200, "POST", ("alice", "/validate"), &NOTHING);
    court.of(
        200,
        "POST",
        ("alice", "/validate"),
        &json!({ "introspect": true }),
    );
    court.of(
        200,
        "POST",
        ("alice", "/id-token"),
        &json!({ "for": "kube" }),
    );
    court.of(
        200,
        "POST",
        ("alice", "/narrow"),
        &json!({ "scopes": ["read"] }),
    );
    court.of(
        200,
        "POST",
        ("alice", "/need"),
        &json!({ "scopes": ["read"] }),
    );
    court.of(
        409,
        "POST",
        ("alice", "/need"),
        &json!({ "scopes": ["root"] }),
    );
    let proof = json!({ "method": "GET", "url": "https://p.example/", "nonce": null });
    court.of(400, "POST", ("alice", "/proof"), &proof);
    court.of(
        422,
        "POST",
        ("alice", "/exchange"),
        &json!({ "audiences": ["x"] }),
    );
    court.of(404, "GET", ("nobody", "/token"), &NOTHING);
    court.of(
        200,
        "POST",
        ("bob", "/rename"),
        &json!({ "account": "robert" }),
    );
    let found = json!({ "token": token["access_token"], "verify": true });
    court.plain(200, "POST", "/api/identify", &found);
    court.plain(
        200,
        "POST",
        "/api/identify",
        &json!({ "token": "nobody's" }),
    );
    let provenance = Provenance {
        from: "tokenward".to_owned(),
        file: None,
        at: clock::now(),
    };
    let profile = Profile {
        provenance: Some(provenance),
        ..sample::profile("demo/carol".parse().unwrap(), clock::now())
    };
    let secret = sample::secret("c");
    let body: Value = serde_json::from_slice(&wire::write_import(profile, secret, false)).unwrap();
    court.plain(200, "POST", "/api/imports", &body);
}

fn log(court: &mut Court) {
    let leaves = json!({ "credentials": [["demo/alice", 1]] });
    court.plain(200, "POST", "/api/exports", &leaves);
    court.plain(204, "POST", "/api/backups", &json!({ "credentials": 3 }));
    court.plain(
        204,
        "POST",
        "/api/audit/seen",
        &json!({ "kind": "new_program", "day": 20_000 }),
    );
    for query in [
        "name=demo/alice&limit=3",
        "kind=refreshed&outcome=done&since=2020-01-01T00:00:00Z",
        "after=2&accounts=hidden",
    ] {
        court.owner(
            200,
            ("GET", "/api/audit"),
            &format!("/api/audit?{query}"),
            &NOTHING,
        );
    }
}

fn grants(court: &mut Court) {
    let mut terms = json!({ "name": "ci", "credentials": ["demo/alice"], "per_hour": 3 });
    court.plain(200, "POST", "/api/grants", &terms);
    terms["ttl_secs"] = json!(600);
    court.plain(200, "PUT", "/api/grants", &terms);
    court.plain(400, "POST", "/api/grants", &terms);
    let pair = court
        .plain(200, "POST", "/api/auth/token", &json!({ "grant": "ci" }))
        .json();
    let refresh = json!({ "refresh_token": pair["refresh_token"] });
    let next = court
        .port(200, ("POST", "/api/auth/refresh"), (None, &refresh))
        .json();
    let access = next["access_token"].as_str().unwrap().to_owned();
    let shown = json!({ "token": access });
    court.port(200, ("POST", "/api/auth/verify"), (None, &shown));
    court.port(200, ("POST", "/api/auth/verify"), (Some(&access), &NOTHING));
    court.port(
        200,
        ("POST", "/api/auth/verify"),
        (None, &json!({ "token": "twa_no" })),
    );
    court.port(200, ("GET", "/api/credentials"), (Some(&access), &NOTHING));
    let token = ("GET", "/api/credentials/{provider}/{account}/token");
    for _ in 0..3 {
        court.port(200, token, (Some(&access), &NOTHING));
    }
    court.port(429, token, (Some(&access), &NOTHING));
    court.plain(200, "GET", "/api/grants", &NOTHING);
    court.port(200, ("GET", "/api/auth/stats"), (Some(&access), &NOTHING));
    court.port(401, ("POST", "/api/auth/refresh"), (None, &refresh));
    court.plain(
        200,
        "POST",
        "/api/auth/revoke-all",
        &json!({ "grant": "ci" }),
    );
    court.port(204, ("POST", "/api/auth/revoke"), (None, &shown));
    court.owner(
        204,
        ("DELETE", "/api/grants/{name}"),
        "/api/grants/ci",
        &NOTHING,
    );
    for (word, after) in [("approve", 200), ("deny", 403)] {
        let wish = json!({ "grant": format!("tool-{word}"), "credentials": ["demo/alice"] });
        let asked = court
            .port(202, ("POST", "/api/auth/token"), (None, &wish))
            .json();
        let look = json!({ "request": asked["request"] });
        court.port(202, ("POST", "/api/auth/token"), (None, &look));
        court.plain(200, "GET", "/api/questions", &NOTHING);
        let (path, target) = (
            format!("/api/questions/{{id}}/{word}"),
            format!("/api/questions/{}/{word}", asked["question"]),
        );
        court.owner(204, ("POST", &path), &target, &NOTHING);
        court.port(after, ("POST", "/api/auth/token"), (None, &look));
    }
}

fn sign_ins(court: &mut Court) {
    let issuer = court.scene.provider.issuer();
    let wish = json!({
        "provider": { "issuer": { "name": "demo", "issuer": issuer, "endpoints": {} } },
        "client": { "id": "demo-cli" },
        "flow": "loopback",
    });
    let id = court.plain(202, "POST", "/api/sign-ins", &wish).json()["id"].to_string();
    let target = format!("/api/sign-ins/{id}");
    let callback = ("POST", "/api/sign-ins/{id}/callback");
    let pasted = json!({ "url": "http://127.0.0.1/?code=x" });
    court.owner(400, callback, &format!("{target}/callback"), &pasted);
    court.owner(204, ("DELETE", "/api/sign-ins/{id}"), &target, &NOTHING);
    court.owner(
        400,
        ("DELETE", "/api/clients/{provider}"),
        "/api/clients/demo",
        &NOTHING,
    );
    court.plain(200, "GET", "/api/clients", &NOTHING);
}

/// Lines of the event stream are told of too.
fn events(court: &mut Court) {
    let path = "/api/events";
    let mut stream = UnixStream::connect(court.scene.sandbox.socket()).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    let head: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    let reply = Reply::parse(&format!("{}\r\n\r\n", head.join("\r\n")));
    court.judge(200, ("GET", path), reply);
    court.of(200, "POST", ("alice", "/refresh"), &NOTHING);
    let told = &court.document.operation("GET", path)["responses"]["200"]["content"];
    let judge = court
        .document
        .judge(&told["application/x-ndjson"]["x-tokenward-line"]);
    let mut seen = BTreeSet::new();
    // Between the lines stand the sizes of the chunks.
    for event in lines.filter_map(|line| serde_json::from_str::<Value>(&line).ok()) {
        let Some(kind) = event["type"].as_str() else {
            continue;
        };
        let faults = faults(&judge, &event, "");
        assert!(faults.is_empty(), "{faults:#?}\n{event:#}");
        seen.insert(kind.to_owned());
        if event["activity"]["event"] == "refreshed" {
            break;
        }
    }
    assert!(
        seen.contains("changed") && seen.contains("happened"),
        "{seen:?}"
    );
}

fn lock_and_inbox(court: &mut Court) {
    court.plain(200, "POST", "/api/lock", &NOTHING);
    for path in ["/api/health", "/api/status"] {
        court.plain(200, "GET", path, &NOTHING);
    }
    court.plain(423, "GET", "/api/credentials", &NOTHING);
    court.plain(423, "POST", "/api/unlock", &json!({ "passphrase": "no" }));
    for account in ["dora", "emil", "fred"] {
        sign_in_apart(&court.scene.sandbox, &court.scene.provider, account);
    }
    let words = std::fs::read_to_string(court.scene.sandbox.path("passphrase")).unwrap();
    let passphrase = json!({ "passphrase": words.trim_end() });
    court.plain(200, "POST", "/api/unlock", &passphrase);
    court.plain(200, "GET", "/api/parcels", &NOTHING);
    let items = inbox(&court.scene.sandbox);
    let ids: Vec<_> = items.iter().map(|item| item["id"].to_string()).collect();
    let [first, second, third] = &ids[..] else {
        panic!("{items:?}");
    };
    let item = "/api/parcels/{id}";
    court.owner(
        200,
        ("POST", item),
        &format!("/api/parcels/{first}"),
        &json!({ "account": "dorothea" }),
    );
    court.owner(
        204,
        ("DELETE", item),
        &format!("/api/parcels/{second}"),
        &NOTHING,
    );
    let end = ("POST", "/api/parcels/{id}/revoke");
    court.owner(200, end, &format!("/api/parcels/{third}/revoke"), &NOTHING);
    for (method, path) in [("POST", item), ("DELETE", item), end] {
        let target = path.replace("{id}", "99");
        court.owner(400, (method, path), &target, &NOTHING);
    }
}

fn endings(court: &mut Court) {
    court.of(200, "POST", ("robert", "/refresh"), &NOTHING);
    court.of(200, "POST", ("robert", "/put-back"), &NOTHING);
    court.of(200, "POST", ("alice", "/revoke"), &NOTHING);
    court.of(409, "GET", ("alice", "/token"), &NOTHING);
    court.plain(200, "GET", "/api/credentials", &NOTHING);
    court.of(204, "DELETE", ("alice", ""), &NOTHING);
    court.plain(200, "POST", "/api/panic", &NOTHING);
    court.plain(200, "GET", "/api/status", &NOTHING);
    court.plain(200, "GET", "/api/audit/analysis", &NOTHING);
}

#[test]
fn every_operation_refuses_as_the_document_tells() {
    let mut court = Court::new();
    let (access, _) = court.scene.grant("ci", &["--credential", "demo/bob"]);
    let all: Vec<_> = court
        .document
        .operations()
        .into_iter()
        .map(|(method, path, operation)| {
            let reach = operation["x-tokenward-reach"].as_str().unwrap().to_owned();
            (method, path, reach, operation["requestBody"].is_object())
        })
        .collect();
    let long = "x".repeat(70_000);
    for (method, path, reach, takes_a_body) in &all {
        let (at, target) = ((method.as_str(), path.as_str()), target_of(path));
        court.owner(400, at, &format!("{target}?nonsense=1"), &NOTHING);
        if *takes_a_body {
            court.owner(413, at, &target, &json!({ "long": long }));
            court.owner(400, at, &target, &json!({ "nonsense": true }));
        }
        // Nobody, and a grant that names another credential.
        match reach.as_str() {
            "everybody" => {}
            "metrics" => {
                court.port(403, at, (None, &NOTHING));
                court.port(403, at, (Some(&access), &NOTHING));
            }
            "any_grant" => drop(court.port(401, at, (None, &NOTHING))),
            "named_grant" | "owner" => {
                court.port(401, at, (None, &NOTHING));
                court.port(403, at, (Some(&access), &NOTHING));
            }
            other => panic!("{path}: {other}"),
        }
        let unknown = ask_port(&court.scene, (method, &target), Some("twa_guess"), &NOTHING);
        let is_guess = [401, 429].contains(&unknown.status);
        assert!(is_guess, "{unknown:?}");
        court.judge(unknown.status, at, unknown);
        let socket = court.scene.sandbox.socket();
        let wrong = ask_socket(&socket, "PATCH", &target, "");
        assert_eq!(wrong.status, 405, "{wrong:?}");
        let allow = wrong.header("allow").unwrap();
        assert!(allow.split(", ").any(|it| it == method), "{path}: {allow}");
    }
    court.end();
}

#[test]
fn an_answer_that_the_document_does_not_tell_of_is_found() {
    let document = Document::read();
    let at = ("GET", "/api/health");
    let head =
        "Content-Type: application/json\r\ntokenward-api: 1\r\nCache-Control: no-store\r\n\r\n";
    let health =
        r#"{"status":"ok","version":"1","credentials":1,"trouble":0,"healths":{"fresh":1}}"#;
    let reply = |status: &str, head: &str, body: &str| {
        let reply = Reply::parse(&format!("HTTP/1.1 {status}\r\n{head}{body}"));
        document.faults(at, &reply)
    };
    assert_eq!(reply("200 OK", head, health), Vec::<String>::new());
    for (status, head, body) in [
        ("201 Created", head, health.to_owned()),
        ("200 OK", head, health.replace("fresh", "frisch")),
        ("200 OK", head, health.replace("\"trouble\":0,", "")),
        (
            "200 OK",
            head,
            health.replace("{\"status\"", "{\"more\":1,\"status\""),
        ),
        ("200 OK", head, health.replace(":0,", ":\"0\",")),
        (
            "200 OK",
            &head.replace("tokenward-api: 1", "tokenward-api: 2"),
            health.to_owned(),
        ),
        (
            "200 OK",
            &head.replace("Cache-Control", "X"),
            health.to_owned(),
        ),
        (
            "200 OK",
            &head.replace("application/json", "text/html"),
            health.to_owned(),
        ),
        ("200 OK", head, String::new()),
    ] {
        assert_ne!(
            reply(status, head, &body),
            Vec::<String>::new(),
            "{status} {head} {body}"
        );
    }
}
