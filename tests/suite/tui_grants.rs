//! Grants in the UI, attached to a daemon with a port: made on a program's question, seen at work, revoked by a key.

use crate::port_rig::{Answer, Scene};
use crate::tui_rig::Terminal;

/// The program that asks, as the system knows it: this one.
fn own() -> String {
    let path = std::env::current_exe().unwrap();
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

fn ask(scene: &Scene, agent: &str, wish: &str) -> Answer {
    let asked = scene.ask_as(agent, "POST", "/api/auth/token", None, wish);
    assert_eq!(asked.status, 202, "{asked:?}");
    asked
}

fn look(scene: &Scene, agent: &str, asked: &Answer) -> Answer {
    let body = serde_json::json!({ "request": asked.text_at("request") }).to_string();
    scene.ask_as(agent, "POST", "/api/auth/token", None, &body)
}

#[test]
fn a_program_is_let_have_what_a_person_says_seen_at_work_and_revoked() {
    let scene = Scene::new(&[]);
    let mut ui = Terminal::start(&scene.sandbox, &[], 120, 36);
    ui.wait_for("attached");
    ui.wait_for("▸ demo/");
    ui.keys("5");
    ui.wait_for("No local program has a grant");
    ui.wait_for("tokenward grant create");

    // One question a program, however often it asks; a person says what it gets.
    let wish = r#"{"grant":"tool","credentials":["demo/bob"]}"#;
    ask(&scene, "tool/1", wish);
    let asked = ask(&scene, "tool/1", wish);
    ui.wait_for(&format!("{} asks for the grant tool", own()));
    ui.wait_for("Inbox (1)");
    ui.keys("2\r");
    ui.wait_for("A program asks for tool");
    ui.wait_for("There is no such grant yet");
    ui.keys("e");
    ui.wait_for("tokens live");
    ui.keys(" demo/nobody\r");
    ui.wait_for("there is no credential demo/nobody");
    ui.keys("\x15demo/bob demo/alice\t\t\x151h\t\t7\r");
    ui.wait_for(&format!("{} has the grant tool", own()));
    ui.wait_without("Inbox (1)");
    let pair = look(&scene, "tool/1", &asked);
    assert_eq!(pair.status, 200, "{pair:?}");
    assert_eq!(pair.body["expires_in"], 3600);
    let access = pair.text_at("access_token");
    assert_eq!(scene.fetch("demo/alice", &access).status, 200);

    ui.keys("5");
    ui.wait_for("demo/bob demo/alice");
    ui.wait_for("1 live pair");
    ui.wait_for("1 of 7");
    ui.keys("x");
    ui.wait_for("Revoke the grant tool?");
    ui.keys("n");
    ui.wait_for("everything was kept as it is");
    assert_eq!(scene.fetch("demo/alice", &access).status, 200);
    ui.keys("xy");
    ui.wait_for("the grant tool is revoked");
    ui.wait_for("No local program has a grant");
    assert_eq!(scene.fetch("demo/alice", &access).status, 401);
    ui.keys("q");
    assert!(ui.finish().0.success());
}

#[test]
fn a_program_that_is_refused_gets_nothing_and_one_with_a_grant_gets_a_pair_of_it() {
    let scene = Scene::new(&[]);
    let create = ["grant", "create", "tool", "--credential", "demo/bob"];
    scene.sandbox.run(create).ok();
    let mut ui = Terminal::start(&scene.sandbox, &[], 80, 24);
    ui.wait_for("▸ demo/");
    let asked = ask(&scene, "tool/1", r#"{"grant":"tool"}"#);
    ui.wait_for("Inbox (1)");
    ui.keys("2\r");
    ui.wait_for("gets a pair of tokens of this grant");
    ui.keys("x");
    ui.wait_for(&format!("refused: {}", own()));
    assert_eq!(look(&scene, "tool/1", &asked).problem(403), "denied");
    let asked = ask(&scene, "tool/1", r#"{"grant":"tool"}"#);
    ui.wait_for("Inbox (1)");
    ui.keys("\r");
    ui.wait_for("gets a pair of tokens of this grant");
    ui.keys("y");
    ui.wait_for(&format!("{} has the grant tool", own()));
    let pair = look(&scene, "tool/1", &asked);
    assert_eq!(pair.status, 200, "{pair:?}");
    let access = pair.text_at("access_token");
    assert_eq!(scene.fetch("demo/bob", &access).status, 200);
    ui.keys("5");
    ui.wait_for("tool");
    ui.keys("\r");
    ui.wait_for("Live pairs of tokens");
    ui.wait_for("not exchanged yet");
    ui.keys("\x1b");
    ui.wait_without("Live pairs of tokens");
    ui.keys("q");
    assert!(ui.finish().0.success());
}
