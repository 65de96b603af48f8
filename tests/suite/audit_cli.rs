//! The activity log as a person reads it: listed, followed, added up, checked and exported by the real program.

use crate::sandbox::{Run, Running, Sandbox, eventually};
use rusqlite::Connection;
use serde_json::Value;
use std::os::unix::net::UnixDatagram;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::settings::DemoSettings;

struct Scene {
    sandbox: Sandbox,
    _provider: DemoProvider,
}

impl Scene {
    /// A user with two credentials, one of which was handed out and refreshed.
    fn new() -> Self {
        let sandbox = Sandbox::with_vault();
        let provider = DemoProvider::spawn(DemoSettings::default()).unwrap();
        sandbox.sign_in(&provider, "alice");
        sandbox.sign_in(&provider, "bob");
        sandbox.run(["get", "demo/alice"]).ok();
        sandbox.run(["refresh", "demo/alice"]).ok();
        Self {
            sandbox,
            _provider: provider,
        }
    }

    fn list(&self, arguments: &[&str]) -> Vec<Value> {
        let mut all = vec!["audit", "list", "--json"];
        all.extend(arguments);
        objects(self.sandbox.run(all))
    }
}

fn objects(run: Run) -> Vec<Value> {
    let lines = run.ok();
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn numbers(lines: &[Value]) -> Vec<u64> {
    lines
        .iter()
        .map(|line| line["number"].as_u64().unwrap())
        .collect()
}

#[test]
fn lines_are_found_by_everything_that_can_be_asked() {
    let scene = Scene::new();
    let all = scene.list(&[]);
    assert_eq!(numbers(&all), (1..=all.len() as u64).collect::<Vec<_>>());
    let alices = scene.list(&["--credential", "demo/alice"]);
    assert!(alices.iter().all(|line| line["name"] == "demo/alice"));
    let handed_out = scene.list(&["--kind", "handed_out"]);
    assert_eq!(handed_out.len(), 1);
    assert_eq!(handed_out[0]["by"]["executable"], program());
    assert_eq!(handed_out[0]["outcome"], "done");
    let file = program().rsplit('/').next().unwrap().to_owned();
    let asked = scene.list(&["--program", &file, "--kind", "asked"]);
    let refresh: Vec<&Value> = asked.iter().filter(|it| it["act"] == "refresh").collect();
    let operation = refresh[0]["operation"].as_str().unwrap();
    let together = scene.list(&["--operation", operation]);
    assert_eq!(
        together.len(),
        2,
        "the question and its refresh: {together:?}"
    );
    let newest = numbers(&scene.list(&["--since", "1d", "--limit", "2"]));
    assert_eq!(newest, numbers(&all)[all.len() - 2..]);
    assert!(scene.list(&["--until", "1d"]).is_empty());
    assert!(scene.list(&["--outcome", "failed"]).is_empty());
    let text = scene
        .sandbox
        .run(["audit", "list", "--kind", "handed_out"])
        .ok();
    assert!(text.contains("demo/alice  handed out, suite"), "{text}");
    let said = scene.sandbox.run(["audit", "list", "--kind", "none"]);
    said.fails(2);
    assert!(
        scene
            .sandbox
            .run(["audit", "list", "--follow"])
            .fails(6)
            .contains("nobody owns")
    );
}

fn program() -> String {
    std::env::current_exe().unwrap().display().to_string()
}

#[test]
fn what_comes_is_followed_from_where_the_list_ended() {
    let scene = Scene::new();
    let _daemon = scene.sandbox.daemon();
    let end = scene.list(&["--limit", "1"])[0]["number"].as_u64().unwrap();
    let follow = [
        "audit",
        "list",
        "--follow",
        "--json",
        "--credential",
        "demo/bob",
    ];
    let mut following = Running::start(&mut scene.sandbox.command(follow));
    let mut lines = following.lines();
    let before = [lines.next_json(), lines.next_json()];
    assert_eq!(before[0]["act"], "sign_in", "what there was already");
    assert_eq!(before[1]["event"], "signed_in");
    let (mut handed_out, mut tries) = (Value::Null, 0);
    while handed_out["event"] != "handed_out" {
        if tries == 0 {
            scene.sandbox.run(["get", "demo/alice"]).ok();
            scene.sandbox.run(["get", "demo/bob"]).ok();
        }
        tries += 1;
        handed_out = lines.next_json();
        assert_eq!(handed_out["name"], "demo/bob");
    }
    assert!(handed_out["number"].as_u64().unwrap() > end);
}

#[test]
fn a_log_that_was_changed_or_cut_is_told_with_its_first_line() {
    let scene = Scene::new();
    let sandbox = &scene.sandbox;
    let whole = sandbox.run(["audit", "verify", "--json"]).json();
    let lines = whole["lines"].as_u64().unwrap();
    assert_eq!((&whole["ok"], &whole["first"]), (&true.into(), &1.into()));
    let tamper = |sql: &str| {
        Connection::open(sandbox.vault())
            .unwrap()
            .execute_batch(sql)
    };
    let backup = std::fs::read(sandbox.vault()).unwrap();
    tamper(&format!("DELETE FROM event WHERE id = {lines}")).unwrap();
    let cut = sandbox.run(["audit", "verify"]);
    assert!(
        cut.stdout
            .contains(&format!("broken   line {lines}: it is missing")),
        "{cut:?}"
    );
    cut.fails(1);
    std::fs::write(sandbox.vault(), backup).unwrap();
    tamper("UPDATE event SET at = at + 1 WHERE id = 5").unwrap();
    let (daemon, alone) = ("with an owner", "alone");
    for how in [alone, daemon] {
        let _daemon = (how == daemon).then(|| sandbox.daemon());
        let run = sandbox.run(["audit", "verify", "--json"]);
        let told: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(told["broken"]["line"], 5, "{how}");
        assert_eq!(told["lines"], 4, "{how}");
        assert!(run.fails(1).contains("at line 5"));
    }
}

#[test]
fn everything_adds_up_and_what_is_out_of_the_ordinary_is_told() {
    let scene = Scene::new();
    let sandbox = &scene.sandbox;
    let analysis = sandbox.run(["audit", "analyze", "--json"]).json();
    assert_eq!(analysis["total"]["handed_out"], 1);
    assert_eq!(analysis["hours"].as_array().unwrap().len(), 24);
    assert_eq!(analysis["rates"][0]["done"], 1);
    let alerts = analysis["alerts"].as_array().unwrap();
    assert!(
        alerts.is_empty(),
        "in a new log every program is new: {alerts:?}"
    );
    let text = sandbox.run(["audit", "analyze"]).ok();
    assert!(
        text.contains('█') && text.contains(program().rsplit('/').next().unwrap()),
        "{text}"
    );
    sandbox.write(
        "home/.config/tokenward/config.toml",
        "[audit]\nalert_new_programs = false\nalert_credential_a_day = 2\n",
    );
    let alerts = sandbox.run(["audit", "analyze", "--json"]).json()["alerts"].clone();
    assert_eq!(alerts[0]["kind"], "busy_credential");
    let command = alerts[0]["command"].as_str().unwrap().to_owned();
    let looked: Vec<&str> = command.split(' ').skip(1).collect();
    assert!(sandbox.run(looked).ok().lines().count() > 1, "{command}");
}

#[test]
fn an_alert_stands_in_the_status_until_it_is_acknowledged_and_stays_away_then() {
    let scene = Scene::new();
    let sandbox = &scene.sandbox;
    sandbox.write(
        "home/.config/tokenward/config.toml",
        "[audit]\nalert_credential_a_day = 2\n",
    );
    let said = sandbox.run(["audit", "acknowledge"]);
    assert!(said.stderr.contains("No alert waits"), "{said:?}");
    let alerts = || {
        let mut status = sandbox.run(["status", "--json"]).json();
        status["owner"]["alerts"].take().as_array().unwrap().clone()
    };
    {
        let daemon = sandbox.daemon();
        for _ in 0..3 {
            sandbox.run(["refresh", "demo/alice"]).ok();
        }
        eventually("it alarms by itself", || alerts().len() == 1);
        assert_eq!(alerts()[0]["kind"], "busy_credential");
        // It comes back with as much again: what follows here is less than that.
        let counted = || alerts()[0]["count"].as_u64().unwrap();
        eventually("most are counted", || counted() >= 5);
        daemon.wait_for_words("an alert: demo/alice had");
        let words = sandbox.run(["status"]).ok();
        assert!(words.contains("audit acknowledge"), "{words}");
        let run = sandbox.run(["audit", "acknowledge", "--json"]).json();
        assert_eq!(run["credential"], "demo/alice");
        assert_eq!(alerts(), Vec::<Value>::new());
        let lines = sandbox.run(["audit", "list", "--kind", "alert_seen", "--json"]);
        assert!(lines.ok().contains("busy_credential"));
        sandbox.run(["refresh", "demo/alice"]).ok();
    }
    let _daemon = sandbox.daemon();
    let looked = || {
        let status = sandbox.run(["status", "--json"]).json();
        let chores = status["owner"]["recurring"].as_array().unwrap().clone();
        let watched = chores.iter().find(|one| one["chore"] == "alerts").unwrap();
        watched["last"]["count"].as_u64().unwrap_or(0)
    };
    eventually("the log was looked through", || looked() > 0);
    assert_eq!(alerts(), Vec::<Value>::new(), "another owner knows it too");
}

#[test]
fn an_export_hides_accounts_goes_on_where_it_ended_and_shows_them_when_asked() {
    let scene = Scene::new();
    let (sandbox, file) = (&scene.sandbox, scene.sandbox.path("audit.jsonl"));
    let to = ["audit", "export", "--to", file.to_str().unwrap()];
    sandbox.run(to).ok();
    let first = std::fs::read_to_string(&file).unwrap();
    assert!(
        !first.contains("alice") && !first.contains("bob"),
        "{first}"
    );
    sandbox.run(["get", "demo/alice"]).ok();
    sandbox.run(to).ok();
    sandbox.run(to).ok();
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    assert!(text.starts_with(&first) && text.len() > first.len());
    let expected: Vec<u64> = (1..=lines.len() as u64).collect();
    assert_eq!(numbers(&lines), expected, "each line once");
    let hashed: Vec<&Value> = lines
        .iter()
        .filter(|line| line["event"] == "handed_out")
        .map(|line| &line["name"])
        .collect();
    assert_eq!(hashed.len(), 2);
    assert_eq!(hashed[0], hashed[1], "lines can be related");
    let shown = sandbox
        .run(["audit", "export", "--accounts", "--after", "2"])
        .ok();
    assert!(shown.contains("demo/alice"));
    assert_eq!(
        numbers(&[serde_json::from_str(shown.lines().next().unwrap()).unwrap()]),
        [3]
    );
}

#[test]
fn an_export_follows_and_stops_with_the_owner() {
    let scene = Scene::new();
    let sandbox = &scene.sandbox;
    let mut daemon = sandbox.daemon();
    let file = sandbox.path("audit.jsonl");
    let to = [
        "audit",
        "export",
        "--follow",
        "--to",
        file.to_str().unwrap(),
    ];
    let export = Running::start(&mut sandbox.command(to));
    let read = || std::fs::read_to_string(&file).unwrap_or_default();
    eventually("the lines there are were written", || {
        read().contains("engine_started")
    });
    let before = read().matches("handed_out").count();
    sandbox.run(["get", "demo/bob"]).ok();
    eventually("the hand-out follows", || {
        read().matches("handed_out").count() > before
    });
    daemon.signal(rustix::process::Signal::TERM);
    daemon.wait();
    let (status, said) = export.finish();
    assert_eq!(status.code(), Some(6), "{said}");
    assert!(said.contains("has left"), "{said}");
}

#[test]
fn the_journal_gets_one_datagram_a_line() {
    let scene = Scene::new();
    let socket = scene.sandbox.path("journal");
    let journal = UnixDatagram::bind(&socket).unwrap();
    let path = socket.to_str().unwrap();
    let export = [
        "audit",
        "export",
        "--journal",
        "--journal-socket",
        path,
        "--kind",
        "handed_out",
    ];
    scene.sandbox.run(export).ok();
    let mut datagram = [0; 4096];
    let length = journal.recv(&mut datagram).unwrap();
    let text = String::from_utf8_lossy(&datagram[..length]);
    assert!(text.contains("\nTOKENWARD_EVENT=handed_out\n"), "{text}");
    assert!(!text.contains("alice"), "{text}");
    journal.set_nonblocking(true).unwrap();
    assert!(journal.recv(&mut datagram).is_err(), "there is only one");
    // How far it came is remembered: what was there does not come twice, and nothing is left out.
    let numbers = |exported: Option<&str>| {
        let all = ["audit", "export", "--journal", "--journal-socket", path];
        let run = scene.sandbox.run(all.into_iter().chain(exported));
        run.ok();
        let mut numbers = Vec::new();
        let mut datagram = [0; 8192];
        while let Ok(length) = journal.recv(&mut datagram) {
            let text = String::from_utf8_lossy(&datagram[..length]).into_owned();
            let number = text.split("TOKENWARD_NUMBER=").nth(1).unwrap();
            let number: u64 = number.lines().next().unwrap().parse().unwrap();
            numbers.push(number);
        }
        numbers
    };
    let first = numbers(None);
    assert!(
        first.len() > 3 && first[0] == 1,
        "another set of lines: {first:?}"
    );
    scene.sandbox.run(["get", "demo/alice"]).ok();
    let next = numbers(None);
    let gapless: Vec<u64> = (1..=*next.last().unwrap()).collect();
    assert_eq!([first, next].concat(), gapless);
    assert_eq!(numbers(Some("--after=2"))[0], 3, "unless it is told to");
}
