//! The figures for Prometheus: a page that it reads, counters that only grow, and nobody's name.

use crate::openapi_rig::ask_socket;
use crate::port_rig::Scene;
use crate::sandbox::eventually;
use std::collections::{BTreeMap, BTreeSet};

const PATH: &str = "/metrics";

/// A page, read strictly.
#[derive(Debug, Default)]
struct Figures {
    kinds: BTreeMap<String, String>,
    /// Values by name and labels, as they stand there.
    values: BTreeMap<String, f64>,
}

impl Figures {
    /// Reads the text format 0.0.4: each figure has its help, then its type, then its samples, all in one place.
    #[track_caller]
    fn read(page: &str) -> Self {
        assert!(page.ends_with('\n'), "the last line ends too");
        let mut figures = Self::default();
        let mut helped = None;
        let mut current = String::new();
        for line in page.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, text) = help.split_once(' ').expect(line);
                assert!(
                    !text.trim().is_empty() && !figures.kinds.contains_key(name),
                    "{line}"
                );
                helped = Some(name.to_owned());
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').expect(line);
                assert_eq!(
                    helped.take().as_deref(),
                    Some(name),
                    "its help stands before it: {line}"
                );
                assert!(["counter", "gauge"].contains(&kind), "{line}");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
                assert!(is_name(name), "{line}");
                current = name.to_owned();
                assert!(
                    figures
                        .kinds
                        .insert(current.clone(), kind.to_owned())
                        .is_none(),
                    "{line}"
                );
            } else {
                let (series, value) = line.rsplit_once(' ').expect(line);
                let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
                assert_eq!(
                    (name, helped.as_ref()),
                    (current.as_str(), None),
                    "out of place: {line}"
                );
                let labels = labels.strip_suffix('}').expect(line);
                for label in labels.split(',').filter(|label| !label.is_empty()) {
                    let (key, word) = label.split_once("=\"").expect(line);
                    let word = word.strip_suffix('"').expect(line);
                    assert!(is_name(key) && !word.contains(['"', '\\']), "{line}");
                }
                let value: f64 = value.parse().expect(line);
                assert!(value.is_finite(), "{line}");
                assert!(
                    figures.values.insert(series.to_owned(), value).is_none(),
                    "twice: {line}"
                );
            }
        }
        figures
    }

    #[track_caller]
    fn at(&self, series: &str) -> f64 {
        let found = self.values.get(series);
        *found.unwrap_or_else(|| panic!("no {series} in {self:#?}"))
    }

    /// The series of counters.
    fn counters(&self) -> impl Iterator<Item = (&String, f64)> {
        self.values.iter().filter_map(|(series, value)| {
            let name = series.split('{').next()?;
            (self.kinds[name] == "counter").then_some((series, *value))
        })
    }
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|it| it.is_ascii_lowercase())
        && bytes.all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_')
}

#[track_caller]
fn figures(scene: &Scene) -> Figures {
    let reply = ask_socket(&scene.sandbox.socket(), "GET", PATH, "");
    assert_eq!(reply.status, 200, "{reply:?}");
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    assert_eq!(reply.header("content-type"), Some(kind));
    Figures::read(&reply.body)
}

#[test]
fn the_figures_tell_what_has_happened_and_counters_only_grow() {
    let scene = Scene::new(&[]);
    let first = figures(&scene);
    assert_eq!(first.at("tokenward_credentials{health=\"fresh\"}"), 2.0);
    assert_eq!(
        first.at("tokenward_credentials{health=\"needs_login\"}"),
        0.0
    );
    assert_eq!(first.at("tokenward_locked"), 0.0);
    assert_eq!(first.at("tokenward_refreshes_total{outcome=\"done\"}"), 0.0);
    let now = tokenward::clock::now().as_secs() as f64;
    let soon = first.at("tokenward_soonest_expiry_timestamp_seconds");
    assert!(soon > now && first.at("tokenward_next_refresh_timestamp_seconds") < soon);
    let started = first.at("process_start_time_seconds");
    assert!(started <= now + 1.0 && started > now - 300.0);
    scene.sandbox.run(["refresh", "demo/alice"]).ok();
    scene.sandbox.run(["get", "demo/alice"]).ok();
    let control = scene.provider.control();
    for grant in control
        .grants()
        .iter()
        .filter(|it| it.grant.account == "bob")
    {
        assert!(control.revoke(grant.id));
    }
    scene.sandbox.run(["refresh", "demo/bob"]).fails(5);
    let (access, _) = scene.grant("ci", &["--credential", "demo/alice"]);
    for _ in 0..2 {
        assert_eq!(scene.fetch("demo/alice", &access).status, 200);
    }
    let asked = scene.ask(
        "POST",
        "/api/auth/token",
        None,
        r#"{"grant":"tool","credentials":["demo/bob"]}"#,
    );
    assert_eq!(asked.status, 202, "{asked:?}");
    eventually("a moment has passed: figures are kept that long", || {
        figures(&scene).at("tokenward_questions") > 0.0
    });
    let then = figures(&scene);
    for (series, value) in [
        ("tokenward_refreshes_total{outcome=\"done\"}", 1.0),
        ("tokenward_refreshes_total{outcome=\"failed\"}", 1.0),
        ("tokenward_handouts_total{purpose=\"get\"}", 3.0),
        ("tokenward_handouts_total{purpose=\"git\"}", 0.0),
        ("tokenward_log_lines_lost_total", 0.0),
        ("tokenward_grants", 1.0),
        ("tokenward_grant_pairs", 1.0),
        ("tokenward_questions", 1.0),
        ("tokenward_credentials{health=\"needs_login\"}", 1.0),
        (
            "tokenward_http_requests_total{side=\"port\",status=\"2xx\"}",
            3.0,
        ),
        (
            "tokenward_http_requests_total{side=\"port\",status=\"4xx\"}",
            0.0,
        ),
        ("tokenward_connections{side=\"socket\"}", 1.0),
        ("tokenward_connections_refused_total{side=\"port\"}", 0.0),
    ] {
        assert_eq!(then.at(series), value, "{series}");
    }
    assert!(then.at("tokenward_http_requests_total{side=\"socket\",status=\"2xx\"}") > 1.0);
    scene.sandbox.run(["lock"]).ok();
    let locked = figures(&scene);
    assert_eq!(locked.at("tokenward_locked"), 1.0);
    assert!(
        !locked.kinds.contains_key("tokenward_credentials"),
        "nobody can count them"
    );
    scene.sandbox.run(["unlock"]).ok();
    eventually("the credentials are read again", || {
        figures(&scene).at("tokenward_credentials_loading") == 0.0
    });
    let again = figures(&scene);
    for (before, after) in [(&first, &then), (&then, &locked), (&locked, &again)] {
        for (series, value) in before.counters() {
            assert!(after.at(series) >= value, "{series} fell");
        }
    }
    assert_eq!(again.at("tokenward_refreshes_total{outcome=\"done\"}"), 1.0);
}

#[test]
fn nobody_is_named() {
    let scene = Scene::new(&[]);
    scene
        .sandbox
        .run(["rename", "demo/alice", "canary-account"])
        .ok();
    let (access, refresh) = scene.grant("canary-grant", &["--credential", "demo/canary-account"]);
    assert_eq!(scene.fetch("demo/canary-account", &access).status, 200);
    scene.ask_as(
        "canary-agent/1",
        "GET",
        "/api/credentials/demo/canary-nobody",
        Some(&access),
        "",
    );
    scene.sandbox.run(["refresh", "demo/canary-account"]).ok();
    let page = ask_socket(&scene.sandbox.socket(), "GET", PATH, "").body;
    let home = scene.sandbox.path("").display().to_string();
    for name in [
        "canary",
        "demo",
        "bob",
        "tokenward-",
        &home,
        &access,
        &refresh,
    ] {
        assert!(!page.contains(name), "{name} stands in {page}");
    }
    // Labels are words of ours.
    let words: BTreeSet<_> = page.split('"').skip(1).step_by(2).collect();
    let is_plain = |word: &str| word.bytes().all(|it| it.is_ascii_lowercase() || it == b'_');
    let others: Vec<_> = words.into_iter().filter(|it| !is_plain(it)).collect();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(others, [version, "1xx", "2xx", "3xx", "4xx", "5xx"]);
}

#[test]
fn the_port_tells_them_only_where_the_settings_say_so() {
    let scene = Scene::new(&[]);
    let (access, _) = scene.grant("ci", &["--credential", "demo/alice"]);
    for bearer in [None, Some(access.as_str())] {
        let refused = scene.ask("GET", PATH, bearer, "");
        assert_eq!(refused.problem(403), "metrics-off");
        assert!(
            refused.text_at("hint").contains("metrics = true"),
            "{refused:?}"
        );
    }
    let scene = Scene::new(&[("TOKENWARD_API_METRICS", "true")]);
    let told = scene.ask("GET", PATH, None, "");
    assert_eq!(told.status, 200, "{told:?}");
    let port = scene.port.port();
    let rebound = scene.send(&format!(
        "GET {PATH} HTTP/1.1\r\nHost: evil.example:{port}\r\nConnection: close\r\n\r\n"
    ));
    assert_eq!(rebound.problem(421), "host");
    let page = scene.send(&format!(
        "GET {PATH} HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: http://localhost\r\nConnection: close\r\n\r\n"
    ));
    assert_eq!(page.problem(403), "origin");
    assert_eq!(
        scene.ask("GET", "/api/status", None, "").problem(401),
        "no-token"
    );
}
