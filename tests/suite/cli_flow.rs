//! A credential's life by commands alone, with a living owner and without: the answers are the same.

use crate::accounts::end_the_grants;
use crate::raw_http;
use crate::sandbox::{Sandbox, eventually, provider};
use crate::tui_rig::Terminal;
use std::time::Duration;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::{Consent, Fault, MetadataRule, Quirks, RequestKind, RevocationRule};

fn is_live(provider: &DemoProvider, access: &str) -> bool {
    provider.control().is_live(access.trim())
}

/// Sign in, list, get, refresh, exec, revoke, remove.
fn a_whole_life(sandbox: &Sandbox, provider: &DemoProvider) {
    let name = sandbox.sign_in(provider, "alice");
    assert_eq!(name, "demo/alice");

    let list = sandbox.run(["list", "--json"]).json();
    let entry = &list[0];
    assert_eq!(entry["name"], "demo/alice");
    assert_eq!(entry["health"], "fresh");
    assert_eq!(entry["generation"], 1);
    assert!(entry["expires_in"].as_u64().unwrap() > 0, "{entry}");

    let first = sandbox.run(["get", "demo/alice", "--min-ttl", "1s"]).ok();
    assert!(is_live(provider, &first));
    let json = sandbox
        .run(["get", "demo/alice", "--min-ttl", "1s", "--json"])
        .json();
    assert_eq!(json["access_token"], first.trim());
    assert_eq!(json["token_type"], "Bearer");

    let done = sandbox.run(["refresh", "demo/alice", "--json"]).json();
    assert_eq!(
        (&done[0]["ok"], &done[0]["generation"]),
        (&true.into(), &2.into())
    );
    let second = sandbox
        .run(["get", "demo/alice", "--min-ttl", "1s", "--format", "header"])
        .ok();
    let second = second.strip_prefix("Authorization: Bearer ").unwrap();
    assert_ne!(second, first);
    assert!(is_live(provider, second));

    let script =
        "test \"$TOKENWARD_TOKEN\" = \"$TOKENWARD_DEMO_ALICE\" && printf %s \"$MINE\" && exit 42";
    let run = sandbox.run([
        "exec",
        "demo/alice",
        "--env",
        "demo/alice=MINE",
        "--min-ttl",
        "1s",
        "--",
        "sh",
        "-c",
        script,
    ]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(42), second.trim()),
        "{run:?}"
    );

    let words = sandbox.run(["revoke", "demo/alice"]).fails(7);
    assert!(words.contains("--yes"), "{words}");
    assert!(is_live(provider, second));
    let done = sandbox
        .run(["revoke", "demo/alice", "--yes", "--json"])
        .json();
    assert_eq!(
        (&done[0]["outcome"], &done[0]["proof"]),
        (&"confirmed".into(), &"dead".into())
    );
    assert_eq!(
        sandbox.run(["list", "--json"]).json()[0]["revocation"],
        "dead"
    );
    assert!(!is_live(provider, second));
    assert_eq!(
        sandbox.run(["list", "--json"]).json()[0]["health"],
        "revoked"
    );
    let words = sandbox.run(["get", "demo/alice"]).fails(5);
    assert!(words.contains("tokenward login demo"), "{words}");

    sandbox.run(["remove", "demo/alice", "--yes"]).ok();
    assert_eq!(
        sandbox
            .run(["list", "--json"])
            .json()
            .as_array()
            .unwrap()
            .len(),
        0
    );
}

#[test]
fn a_whole_life_without_a_living_owner() {
    let sandbox = Sandbox::with_vault();
    a_whole_life(&sandbox, &provider(Quirks::default()));
    assert!(
        !sandbox.socket().exists(),
        "the last owner left its socket behind"
    );
}

#[test]
fn a_whole_life_with_a_daemon() {
    let sandbox = Sandbox::with_vault();
    let daemon = sandbox.daemon();
    a_whole_life(&sandbox, &provider(Quirks::default()));
    let status = sandbox.run(["status", "--json"]).json();
    assert_eq!(status["owner"]["pid"], daemon.pid());
    assert_eq!(status["owner"]["credentials"], 0);
}

#[test]
fn a_device_sign_in_tells_its_steps_as_json() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks {
        device_interval: Duration::from_secs(1),
        ..Quirks::default()
    });
    let mut login = crate::sandbox::Running::start(&mut sandbox.login(&provider, "device", "bob"));
    let mut lines = login.lines();
    let code = lines.next_json();
    assert_eq!(code["event"], "device_code");
    assert!(code["expires_in"].as_u64().unwrap() > 0);
    assert!(
        code["verification_uri"]
            .as_str()
            .unwrap()
            .starts_with("http://127.0.0.1")
    );
    let user_code = code["user_code"].as_str().unwrap();
    assert!(provider.control().approve_code(user_code, "bob"));
    let end = lines.next_json();
    assert_eq!(
        (&end["event"], &end["name"]),
        (&"signed_in".into(), &"demo/bob".into())
    );
    assert!(login.wait().success());
}

#[test]
fn a_denied_sign_in_says_why_and_leaves_nothing() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks {
        consent: Consent::Deny,
        device_interval: Duration::from_secs(1),
        ..Quirks::default()
    });
    let run: crate::sandbox::Run = sandbox
        .login(&provider, "device", "bob")
        .output()
        .unwrap()
        .into();
    assert_ne!(run.code, Some(0), "{run:?}");
    let last = run.stdout.lines().last().unwrap();
    let last: serde_json::Value = serde_json::from_str(last).unwrap();
    assert_eq!(last["event"], "failed");
    assert!(!last["hint"].as_str().unwrap().is_empty(), "{last}");
    assert_eq!(
        sandbox
            .run(["list", "--json"])
            .json()
            .as_array()
            .unwrap()
            .len(),
        0
    );
}

#[test]
fn the_second_account_uses_the_client_that_is_kept() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    provider
        .control()
        .answer_always(&Consent::Allow("bob".into()));
    let mut command = sandbox.command(["login", "demo", "--json", "--flow", "device"]);
    command.args(["--account", "bob"]);
    let run: crate::sandbox::Run = command.output().unwrap().into();
    assert!(run.stdout.contains("\"signed_in\""), "{run:?}");
}

#[test]
fn a_name_that_is_not_there_exits_3_and_names_the_similar_one() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let words = sandbox.run(["get", "demo/alise"]).fails(3);
    assert!(words.contains("demo/alice"), "{words}");
    let daemon = sandbox.daemon();
    let words = sandbox.run(["get", "demo/alise"]).fails(3);
    assert!(words.contains("demo/alice"), "{words}");
    drop(daemon);
    let words = sandbox.run(["get", "alice"]).fails(2);
    assert!(words.contains("provider/account"), "{words}");
}

#[test]
fn a_dead_refresh_token_exits_5_and_a_provider_that_is_down_exits_6() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    sandbox.sign_in(&provider, "bob");
    let control = provider.control();
    control.change_quirks(|quirks| {
        let fault = Fault::Status {
            status: 503,
            retry_after: None,
        };
        *quirks = quirks
            .clone()
            .failing(RequestKind::Refresh, u32::MAX, fault);
    });
    let words = sandbox
        .run(["refresh", "demo/bob", "--timeout", "3s"])
        .fails(6);
    assert!(words.contains("hint:"), "{words}");
    control.change_quirks(|quirks| quirks.faults.clear());

    end_the_grants(&provider);
    let words = sandbox.run(["refresh", "demo/alice"]).fails(5);
    assert!(words.contains("hint:"), "{words}");
    let error = sandbox
        .run(["--json", "get", "demo/alice", "--min-ttl", "1h"])
        .fails(5);
    let error: serde_json::Value = serde_json::from_str(error.lines().last().unwrap()).unwrap();
    assert_eq!(error["code"], "needs_login");
}

#[test]
fn several_at_once_are_reported_one_by_one_and_a_failure_of_one_fails_the_whole() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    sandbox.sign_in(&provider, "bob");
    let all = sandbox.run(["refresh", "--all", "--json"]).json();
    assert_eq!(all.as_array().unwrap().len(), 2);
    assert!(
        all.as_array()
            .unwrap()
            .iter()
            .all(|entry| entry["ok"] == true),
        "{all}"
    );
    let run = sandbox.run(["refresh", "demo/alice", "demo/carol", "--json"]);
    let entries: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (&entries[0]["ok"], &entries[1]["ok"]),
        (&true.into(), &false.into())
    );
    let words = run.fails(3);
    assert!(words.contains("1 of 2 failed"), "{words}");
}

#[test]
fn the_environment_format_can_be_evaluated_by_a_shell() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let line = sandbox
        .run(["get", "demo/alice", "--min-ttl", "1s", "--format", "env"])
        .ok();
    let script = format!("{line}printf %s \"$TOKENWARD_DEMO_ALICE\"");
    let output = std::process::Command::new("sh")
        .args(["-c", &script])
        .output()
        .unwrap();
    assert!(is_live(
        &provider,
        &String::from_utf8(output.stdout).unwrap()
    ));
}

#[test]
fn the_refresh_token_is_never_shown() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    for command in [
        vec!["list", "--json"],
        vec!["status", "--json"],
        vec!["get", "demo/alice", "--min-ttl", "1s", "--json"],
    ] {
        let text = sandbox.run(command).ok();
        for word in text.split('"') {
            assert!(!provider.control().is_live_refresh(word), "{text}");
        }
    }
    eventually("the socket of the last owner is gone", || {
        !sandbox.socket().exists()
    });
}

#[test]
fn a_command_without_an_owner_refreshes_what_is_asked_for_and_nothing_else() {
    let mut sandbox = Sandbox::with_vault();
    // What is set for an owner that stays, also for one credential, is not meant for a moment's.
    let settings = "[overrides.\"demo/bob\"]\nbackground = true\n";
    sandbox.write("home/.config/tokenward/config.toml", settings);
    sandbox.set("TOKENWARD_REFRESH_BACKGROUND", "true");
    let provider = provider(Quirks {
        access_lifetime: Some(Duration::from_secs(1)),
        ..Quirks::default()
    });
    for account in ["alice", "bob"] {
        sandbox.sign_in(&provider, account);
    }
    provider.control().change_quirks(|quirks| {
        quirks.access_lifetime = Some(Duration::from_secs(3600));
        quirks.answer_delay = Duration::from_millis(200);
    });
    let bob = || {
        let list = sandbox.run(["list", "--json"]).json();
        list[1]["health"].as_str().unwrap().to_owned()
    };
    eventually("both are expired", || bob() == "expired");
    let before = provider.control().counts().of(RequestKind::Refresh);
    assert!(is_live(&provider, &sandbox.run(["get", "demo/alice"]).ok()));
    let after = provider.control().counts().of(RequestKind::Refresh);
    assert_eq!((after - before, bob()), (1, "expired".to_owned()));
}

/// The browser is on another machine: the address at which it ends is copied and pasted into the terminal.
#[test]
fn an_address_pasted_into_the_terminal_signs_in_and_a_wrong_one_may_be_corrected() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    let answer = Consent::Allow("alice".to_owned());
    provider.control().answer_always(&answer);
    let mut command = sandbox.command(["login", "demo", "--no-browser", "--flow", "loopback"]);
    command
        .args(["--issuer", &provider.issuer(), "--client-id", "demo-cli"])
        .args(["--account", "alice", "--scope", "openid read"]);
    let mut terminal = Terminal::run(&command, 600, 40);
    terminal.wait_for("paste it here");
    let screen = terminal.screen();
    let url = screen.lines().find(|line| line.starts_with("http://"));
    let url = url.unwrap().trim();

    let path = url.strip_prefix(&provider.issuer()).unwrap();
    let answer = raw_http::send(&provider.issuer(), "GET", path, &[], "").unwrap();
    let callback = answer.headers["location"].clone();

    terminal.keys("http://127.0.0.1/callback?code=wrong&state=wrong\r");
    terminal.wait_for("That was not it");
    terminal.keys(&format!("{callback}\r"));
    terminal.wait_for("demo/alice");
    let (status, _) = terminal.finish();
    assert!(status.success());
    let token = sandbox.run(["get", "demo/alice", "--min-ttl", "1s"]).ok();
    assert!(is_live(&provider, &token));
}

#[test]
fn all_are_revoked_after_one_question_with_a_row_and_a_proof_for_each() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    for account in ["alice", "bob", "carol"] {
        sandbox.sign_in(&provider, account);
    }
    let words = sandbox.run(["revoke", "--all"]).fails(7);
    assert!(
        words.contains("demo/alice, demo/bob, demo/carol"),
        "{words}"
    );
    let fault = Fault::Status {
        status: 503,
        retry_after: None,
    };
    provider.control().fail_next(RequestKind::Revoke, 2, fault);
    let run = sandbox.run(["revoke", "--all", "--yes"]);
    let rows: Vec<&str> = run.stderr.lines().collect();
    assert!(rows[0].starts_with("demo/alice: "), "{run:?}");
    assert!(rows[1].contains("demo/bob: revoked, the provider confirmed it; proved dead"));
    assert!(rows[2].contains("demo/carol: revoked"), "{run:?}");
    assert!(run.fails(6).contains("1 of 3 failed"));
    let pending = &sandbox.run(["list", "--json"]).json()[0];
    assert_eq!(
        (
            &pending["health"],
            &pending["revocation"],
            &pending["revoke_tries"]
        ),
        (&"revoking".into(), &"pending".into(), &1.into())
    );
    assert!(pending["revoke_at"].is_string() && pending["cause"].is_string());
    let list = sandbox.run(["list"]).ok();
    assert!(list.contains("revoking, 2nd try"), "{list}");
    // What is still to be told is part of all the next time, and nothing else is.
    let again = sandbox.run(["revoke", "--all", "--yes", "--json"]).json();
    assert_eq!(again.as_array().unwrap().len(), 1, "{again}");
    assert_eq!(again[0]["name"], "demo/alice");
    assert_eq!(again[0]["proof"], "dead");
}

/// `login demo` without an account to a provider that tells nobody's name.
pub(crate) fn untold(sandbox: &Sandbox, provider: &DemoProvider) -> std::process::Command {
    let mut command = sandbox.command(["login", "demo", "--issuer", &provider.issuer()]);
    command.args(["--client-id", "demo-cli", "--scope", "read"]);
    command.args(["--flow", "device", "--no-browser"]);
    for (kind, path) in [
        ("token", "token"),
        ("device", "device_authorization"),
        ("authorization", "authorize"),
    ] {
        let url = format!("{kind}={}/{path}", provider.issuer());
        command.args(["--endpoint", &url]);
    }
    command
}

/// The quirks of such a provider.
pub(crate) fn untelling() -> Quirks {
    Quirks {
        metadata: MetadataRule::None,
        device_interval: Duration::from_secs(1),
        ..Quirks::default()
    }
}

#[test]
fn a_name_that_the_provider_does_not_tell_is_asked_for_and_enter_keeps_it() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(untelling());
    let sign_in = |before: &str| {
        let mut terminal = Terminal::run(&untold(&sandbox, &provider), 120, 40);
        terminal.wait_for("Waiting for you");
        terminal.keys(before);
        terminal.wait_for(before.trim());
        assert_eq!(provider.control().approve_all(), 1);
        terminal.wait_for("What is it called?");
        terminal
    };
    let names = || {
        let list = sandbox.run(["list", "--json"]).json();
        let names = list.as_array().unwrap().iter();
        let names = names.map(|entry| entry["account"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    // What was typed before the question answers nothing.
    let mut terminal = sign_in("TOO-EARLY\r");
    terminal.wait_for("just Enter to keep demo/default:");
    terminal.keys("\r");
    terminal.wait_for("Signed in:");
    assert!(terminal.finish().0.success());
    assert_eq!(names(), ["default"]);

    let mut terminal = sign_in("\r");
    terminal.wait_for("just Enter to keep demo/default-2:");
    terminal.keys("default\r");
    terminal.wait_for("named demo/default already");
    terminal.keys("two words\r");
    terminal.wait_for("without spaces");
    terminal.keys("demo/work\r");
    terminal.wait_for("Signed in:");
    assert!(terminal.finish().0.success());
    assert_eq!(names(), ["default", "work"]);

    let mut terminal = sign_in("\r");
    terminal.keys("\x03");
    let (status, left) = terminal.finish();
    assert!(status.success(), "the tokens are kept: {left}");
    assert_eq!(names(), ["default", "default-2", "work"]);
}

#[test]
fn nobody_is_asked_for_a_name_that_was_given() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(untelling());
    let mut command = untold(&sandbox, &provider);
    let terminal = Terminal::run(command.args(["--account", "work"]), 120, 40);
    terminal.wait_for("Waiting for you");
    assert_eq!(provider.control().approve_all(), 1);
    let (status, left) = terminal.finish();
    assert!(
        status.success() && !left.contains("What is it called?"),
        "{left}"
    );
    assert!(left.contains("demo/work"), "{left}");
}

#[test]
fn what_a_revocation_left_alive_is_told_until_it_is_dead() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks {
        revocation: RevocationRule::Missing,
        ..Quirks::default()
    });
    let page = "https://p.example/apps";
    let record = format!(
        "[providers.demo]\nissuer = \"{}\"\ngrants_page = \"{page}\"\n",
        provider.issuer()
    );
    sandbox.write("home/.config/tokenward/config.toml", &record);
    sandbox.sign_in(&provider, "alice");
    let _owner = sandbox.daemon();
    let alive = || sandbox.run(["status", "--json"]).json()["owner"]["still_alive"].clone();
    assert_eq!(alive(), serde_json::json!([]));
    sandbox.run(["revoke", "demo/alice", "--yes"]).ok();
    assert_eq!(
        alive(),
        serde_json::json!([{ "name": "demo/alice", "page": page }])
    );
    let words = sandbox.run(["status"]).ok();
    for part in [
        "still alive demo/alice",
        page,
        "tokenward revoke demo/alice",
        "tokenward remove demo/alice",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    // The person ends it on that page.
    for grant in provider.control().grants() {
        provider.control().revoke(grant.id);
    }
    sandbox.run(["revoke", "demo/alice", "--yes"]).ok();
    assert_eq!(alive(), serde_json::json!([]));
}
