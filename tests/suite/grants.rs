//! Grants over the loopback port: no program gets more than it may have, and a stolen token ends its family.

use crate::port_rig::Scene;
use crate::sandbox::eventually;

fn did(scene: &Scene) -> Vec<String> {
    let lines = scene.lines();
    let word = |line: &serde_json::Value| line["what"]["did"].as_str().unwrap().to_owned();
    lines.iter().map(word).collect()
}

#[test]
fn a_program_fetches_what_its_grant_names_and_nothing_else() {
    let scene = Scene::new(&[]);
    let nobody = scene.ask("GET", "/api/credentials/demo/alice/token", None, "");
    assert_eq!(nobody.problem(401), "no-token");
    assert_eq!(
        nobody.header("www-authenticate"),
        Some("Bearer realm=\"tokenward\"")
    );
    let (access, _) = scene.grant("ci", &["--credential", "demo/alice", "--rate", "100"]);
    let token = scene.fetch("demo/alice", &access);
    assert_eq!(token.status, 200, "{token:?}");
    assert!(
        scene
            .provider
            .control()
            .is_live(&token.text_at("access_token"))
    );
    assert_eq!(token.header("x-ratelimit-limit"), Some("100"));
    assert_eq!(token.header("x-ratelimit-remaining"), Some("99"));
    assert_eq!(scene.fetch("demo/bob", &access).problem(403), "not-granted");
    let seen = scene.ask("GET", "/api/credentials", Some(&access), "");
    let names: Vec<_> = seen.body.as_array().unwrap().iter().collect();
    assert_eq!(names.len(), 1);
    for (method, path) in [
        ("POST", "/api/credentials/demo/alice/revoke"),
        ("POST", "/api/panic"),
        ("GET", "/api/events"),
        ("GET", "/api/audit"),
        ("GET", "/api/grants"),
        ("POST", "/api/lock"),
        ("POST", "/api/unlock"),
        ("GET", "/api/status"),
    ] {
        let refused = scene.ask(method, path, Some(&access), "");
        assert_eq!(refused.problem(403), "owner-only", "{method} {path}");
        assert_eq!(scene.ask(method, path, None, "").problem(401), "no-token");
    }
    let lines = scene
        .sandbox
        .run(["audit", "list", "--json", "--kind", "handed_out"])
        .ok();
    let by_grant = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["by"]["grant"] == "ci"
            && line["by"]["address"] == "127.0.0.1"
            && line["by"]["user_agent"] == "rig/1"
    };
    assert!(lines.lines().any(by_grant), "{lines}");
}

#[test]
fn only_a_name_of_this_machine_and_no_web_page_is_answered() {
    let scene = Scene::new(&[]);
    let number = scene.port.port();
    let health = |headers: &str| {
        scene.send(&format!(
            "GET /api/health HTTP/1.1\r\n{headers}Connection: close\r\n\r\n"
        ))
    };
    assert_eq!(health(&format!("Host: localhost:{number}\r\n")).status, 200);
    let rebound = health(&format!("Host: evil.example:{number}\r\n"));
    assert_eq!(rebound.problem(421), "host");
    let page = health(&format!(
        "Host: localhost:{number}\r\nOrigin: http://localhost\r\n"
    ));
    assert_eq!(page.problem(403), "origin");
}

#[test]
fn each_refresh_token_is_good_once_and_a_used_one_ends_the_family() {
    let scene = Scene::new(&[]);
    let (access, first) = scene.grant("ci", &["--credential", "demo/alice"]);
    let (other, _) = scene.pair("ci");
    let second = scene.rotate(&first);
    assert_eq!(second.status, 200, "{second:?}");
    let newer = second.text_at("access_token");
    assert_eq!(scene.fetch("demo/alice", &newer).status, 200);
    assert_eq!(scene.fetch("demo/alice", &access).status, 200);
    assert_eq!(scene.rotate(&first).problem(401), "replayed-token");
    for ended in [&newer, &access] {
        assert_eq!(
            scene.fetch("demo/alice", ended).problem(401),
            "revoked-token"
        );
    }
    let after = scene.rotate(&second.text_at("refresh_token"));
    assert_eq!(after.problem(401), "unknown-token");
    assert_eq!(
        scene.fetch("demo/alice", &other).status,
        200,
        "another family"
    );
    eventually("the replay is in the log", || {
        did(&scene).contains(&"replayed".to_owned())
    });
    eventually("and an alert tells of it", || {
        let status = scene.sandbox.run(["status", "--json"]).json();
        let alerts = status["owner"]["alerts"].as_array().unwrap();
        alerts.iter().any(|it| it["kind"] == "replayed_token")
    });
}

#[test]
fn pairs_outlive_the_owner_and_its_lock_and_a_revoked_grant_does_not() {
    let mut scene = Scene::new(&[]);
    let (access, refresh) = scene.grant("ci", &["--credential", "demo/alice"]);
    scene.start();
    assert_eq!(scene.fetch("demo/alice", &access).status, 200);
    let next = scene.rotate(&refresh);
    let access = next.text_at("access_token");
    scene.sandbox.run(["lock"]).ok();
    assert_eq!(scene.fetch("demo/alice", &access).problem(423), "locked");
    scene.sandbox.run(["unlock"]).ok();
    assert_eq!(scene.fetch("demo/alice", &access).status, 200);
    scene.sandbox.run(["grant", "revoke", "ci"]).ok();
    assert_eq!(
        scene.fetch("demo/alice", &access).problem(401),
        "revoked-token"
    );
    scene.start();
    assert_eq!(
        scene.fetch("demo/alice", &access).problem(401),
        "revoked-token"
    );
    let gone = scene.rotate(&next.text_at("refresh_token"));
    assert_eq!(gone.problem(401), "unknown-token");
    scene.sandbox.run(["grant", "show", "ci"]).fails(7);
}

#[test]
fn a_token_is_verified_and_its_holder_ends_its_own_family() {
    let scene = Scene::new(&[]);
    let (access, refresh) = scene.grant("ci", &["--credential", "demo/alice", "--ttl", "1h"]);
    let (other, _) = scene.pair("ci");
    let verify = |token: &str| {
        let body = serde_json::json!({ "token": token }).to_string();
        scene.ask("POST", "/api/auth/verify", None, &body)
    };
    let good = verify(&access);
    assert_eq!(good.body["active"], true, "{good:?}");
    assert_eq!(good.body["grant"], "ci");
    assert_eq!(good.body["credentials"][0], "demo/alice");
    assert_eq!(good.body["rotation_advised"], false);
    assert_eq!(verify("twa_nothing").body["active"], false);
    let stats = scene.ask("GET", "/api/auth/stats", Some(&access), "");
    assert_eq!(stats.body["grants"][0]["live_pairs"], 2, "{stats:?}");
    let body = serde_json::json!({ "token": refresh }).to_string();
    assert_eq!(
        scene.ask("POST", "/api/auth/revoke", None, &body).status,
        204
    );
    assert_eq!(verify(&access).body["active"], false);
    assert_eq!(verify(&other).body["active"], true);
    let all = scene.ask("POST", "/api/auth/revoke-all", Some(&other), "");
    assert_eq!(all.body["revoked"], 1, "{all:?}");
    assert_eq!(verify(&other).body["active"], false);
}

#[test]
fn a_grant_has_its_rate_and_an_address_so_many_guesses_that_harm_nobody_else() {
    let scene = Scene::new(&[]);
    let (access, _) = scene.grant("ci", &["--credential", "demo/alice", "--rate", "2"]);
    for _ in 0..2 {
        assert_eq!(scene.fetch("demo/alice", &access).status, 200);
    }
    let over = scene.fetch("demo/alice", &access);
    assert_eq!(over.problem(429), "limit-exceeded");
    assert_eq!(over.header("x-ratelimit-remaining"), Some("0"));
    assert!(over.header("retry-after").is_some());
    for _ in 0..20 {
        assert_eq!(
            scene.fetch("demo/alice", "twa_guess").problem(401),
            "unknown-token"
        );
    }
    assert_eq!(
        scene.fetch("demo/alice", "twa_guess").problem(429),
        "limit-exceeded"
    );
    assert_eq!(
        scene
            .ask("GET", "/api/credentials", Some(&access), "")
            .status,
        200
    );
    for _ in 0..3 {
        scene.fetch("demo/alice", &access).problem(429);
    }
    // A lock gives nothing back.
    scene.sandbox.run(["lock"]).ok();
    scene.sandbox.run(["unlock"]).ok();
    assert_eq!(
        scene.fetch("demo/alice", &access).problem(429),
        "limit-exceeded"
    );
    assert_eq!(
        scene.fetch("demo/alice", "twa_guess").problem(429),
        "limit-exceeded"
    );
    eventually("each limit stands in the log once", || {
        let lines = scene
            .sandbox
            .run(["audit", "list", "--json", "--kind", "limit_exceeded"])
            .ok();
        let with = |words: &str| lines.lines().filter(|line| line.contains(words)).count();
        with("the grant ci") == 1 && with("no good, from one address") == 1
    });
}

#[test]
fn a_program_without_a_grant_asks_once_and_a_person_decides() {
    let scene = Scene::new(&[]);
    let wish = r#"{"grant":"tool","credentials":["demo/bob"]}"#;
    let ask = || scene.ask("POST", "/api/auth/token", None, wish);
    let asked = ask();
    assert_eq!(asked.status, 202, "{asked:?}");
    let again = ask();
    let open = scene.sandbox.run(["grant", "questions", "--json"]).json();
    assert_eq!(open.as_array().unwrap().len(), 1, "{open}");
    let look = |asked: &crate::port_rig::Answer| {
        let body = serde_json::json!({ "request": asked.text_at("request") }).to_string();
        scene.ask("POST", "/api/auth/token", None, &body)
    };
    assert_eq!(
        look(&asked).problem(404),
        "no-such-question",
        "it was taken back"
    );
    assert_eq!(look(&again).status, 202);
    let id = open[0]["id"].to_string();
    scene.sandbox.run(["grant", "approve", &id]).ok();
    let pair = look(&again);
    assert_eq!(pair.status, 200, "{pair:?}");
    assert_eq!(
        scene
            .fetch("demo/bob", &pair.text_at("access_token"))
            .status,
        200
    );
    assert_eq!(look(&again).problem(404), "no-such-question", "once");
    let denied = ask();
    let open = scene.sandbox.run(["grant", "questions", "--json"]).json();
    scene
        .sandbox
        .run(["grant", "deny", &open[0]["id"].to_string()])
        .ok();
    assert_eq!(look(&denied).problem(403), "denied");
}

#[test]
fn a_grant_for_one_executable_is_good_for_no_other() {
    let scene = Scene::new(&[]);
    let only = ["--credential", "demo/alice", "--executable", "/bin/sleep"];
    scene
        .sandbox
        .run([&["grant", "create", "only"][..], &only].concat())
        .ok();
    let refused = scene.sandbox.run(["grant", "token", "only"]).fails(7);
    assert!(refused.contains("another program"), "{refused}");
    let this = std::env::current_exe().unwrap();
    let (access, _) = scene.grant(
        "own",
        &[
            "--credential",
            "demo/alice",
            "--executable",
            this.to_str().unwrap(),
        ],
    );
    assert_eq!(scene.fetch("demo/alice", &access).status, 200);
}

#[test]
fn a_grant_with_scopes_gets_no_more_and_asks_the_provider_once() {
    let scene = Scene::new(&[]);
    let (access, _) = scene.grant(
        "narrow",
        &["--credential", "demo/alice", "--scope", "openid"],
    );
    let first = scene.fetch("demo/alice", &access);
    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!(first.body["scopes"], serde_json::json!(["openid"]));
    let second = scene.fetch("demo/alice", &access);
    assert_eq!(
        first.text_at("access_token"),
        second.text_at("access_token")
    );
}

#[test]
fn a_grant_never_follows_a_name_to_another_credential() {
    let scene = Scene::new(&[]);
    let (access, _) = scene.grant("ci", &["--credential", "demo/alice"]);
    scene.sandbox.run(["rename", "demo/alice", "carol"]).ok();
    assert_eq!(scene.fetch("demo/carol", &access).status, 200);
    scene.sandbox.sign_in(&scene.provider, "alice");
    assert_eq!(
        scene.fetch("demo/alice", &access).problem(403),
        "not-granted"
    );
}
