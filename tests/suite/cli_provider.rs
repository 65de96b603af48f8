//! Provider records from the command line: the catalogue, and a person's own over it.

use crate::sandbox::{Sandbox, provider};
use crate::tui_rig::Terminal;
use serde_json::{Value, json};
use tokenward::demo::quirks::{Quirks, RequestKind};

fn write_config(sandbox: &Sandbox, text: &str) {
    let file = sandbox.config();
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

#[test]
fn the_list_is_grouped_and_fits_a_terminal() {
    let list = Sandbox::new().run(["provider", "list"]).ok();
    let too_wide: Vec<&str> = list
        .lines()
        .filter(|line| line.chars().count() > 80)
        .collect();
    assert!(too_wide.is_empty(), "{too_wide:#?}");
    let mail = list.lines().position(|line| line == "mail").unwrap();
    let fastmail = list
        .lines()
        .position(|line| line.starts_with("  fastmail "))
        .unwrap();
    let cloud = list.lines().position(|line| line == "cloud").unwrap();
    assert!(mail < fastmail && fastmail < cloud, "{list}");
}

#[test]
fn a_record_of_ones_own_changes_and_extends_the_catalogue() {
    let sandbox = Sandbox::new();
    write_config(
        &sandbox,
        "[providers.gitlab.parameters]\nhost = \"git.corp.example\"\n\n[providers.corp]\nissuer = \"https://id.corp.example\"\n",
    );
    let gitlab = sandbox.run(["provider", "show", "gitlab", "--json"]).json();
    assert_eq!(gitlab["parameters"]["host"], "git.corp.example");
    assert_eq!(gitlab["display_name"], "GitLab");
    let shown = sandbox.run(["provider", "show", "gitlab"]).ok();
    assert!(
        shown.contains("https://git.corp.example/oauth/token"),
        "{shown}"
    );
    let list = sandbox.run(["provider", "list"]).ok();
    assert!(list.contains("\nyour own\n  corp "), "{list}");
}

#[test]
fn a_record_that_cannot_be_is_refused_with_its_file_and_line() {
    let sandbox = Sandbox::new();
    write_config(&sandbox, "[providers.github]\n# how\npkce = \"requird\"\n");
    let words = sandbox.run(["provider", "list"]).fails(2);
    assert!(
        words.contains("config.toml, line 3, column 1: `providers.github.pkce`"),
        "{words}"
    );
    assert!(words.contains("did you mean `required`?"), "{words}");
}

#[test]
fn a_living_owner_uses_a_record_that_is_written_while_it_runs() {
    let sandbox = Sandbox::with_vault();
    let _daemon = sandbox.daemon();
    let words = sandbox.run(["login", "corp"]).fails(2);
    assert!(words.contains("there is no provider `corp`"), "{words}");
    write_config(
        &sandbox,
        "[providers.corp]\nissuer = \"https://id.corp.example\"\n",
    );
    let words = sandbox.run(["login", "corp"]).fails(2);
    assert!(
        words.contains("no client is registered for corp yet"),
        "{words}"
    );
}

#[test]
fn what_cannot_work_is_refused_before_the_provider_is_asked_for_anything() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    write_config(
        &sandbox,
        &format!(
            "[providers.corp]\nissuer = \"{}\"\ndevice_scopes = [\"openid\"]\noffline_scope = \"openid\"\ndpop = \"never\"\n[providers.corp.redirect]\nhost = \"127.0.0.1\"\npath = \"/back#here\"\n",
            provider.issuer()
        ),
    );
    let login = |more: &[&str]| {
        let first = ["login", "corp", "--client-id", "demo-cli", "--no-browser"];
        sandbox.run(first.iter().chain(more)).fails(1)
    };
    let words = login(&["--flow", "device", "--scope", "mail"]);
    assert!(
        words.contains("does not give mail by the device flow"),
        "{words}"
    );
    assert!(words.contains("--flow loopback"), "{words}");
    assert!(words.contains("Asking for openid too"), "{words}");
    let words = login(&["--flow", "loopback"]);
    assert!(
        words.contains("no fragment") && words.contains("[providers.NAME.redirect]"),
        "{words}"
    );
    let words = login(&["--flow", "device", "--scope", "openid", "--dpop"]);
    assert!(words.contains("Leave --dpop out"), "{words}");
    let counts = provider.control().counts();
    assert_eq!(counts.of(RequestKind::DeviceStart), 0);
}

/// The verdicts that are not ok, by what was looked at.
fn troubles(rows: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let rows = rows.as_array().unwrap().iter();
    rows.filter(|row| row["verdict"] != "ok")
        .map(|row| (text(&row["check"]), text(&row["verdict"])))
        .collect()
}

#[test]
fn a_check_tells_what_stops_a_sign_in_from_what_may_not_work() {
    let sandbox = Sandbox::new();
    let provider = provider(Quirks::default());
    let issuer = provider.issuer();
    write_config(
        &sandbox,
        &format!("[providers.corp]\nissuer = \"{issuer}\"\nflows = [\"device\", \"loopback\"]\n"),
    );
    let rows = sandbox.run(["provider", "check", "--json"]).json();
    assert_eq!(troubles(&rows), [], "{rows:#}");
    assert!(provider.control().counts().of(RequestKind::Metadata) > 0);

    write_config(
        &sandbox,
        &format!(
            "[providers.corp]\nissuer = \"{issuer}\"\n[providers.corp.endpoints]\ntoken = \"http://127.0.0.1:9/token\"\n[providers.corp.redirect]\nhost = \"127.0.0.1\"\npath = \"/back#here\"\n"
        ),
    );
    let run = sandbox.run(["provider", "check", "corp", "--json"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    let rows: Value = serde_json::from_str(&run.stdout).unwrap();
    let found = troubles(&rows);
    for expected in [
        ("metadata", "warning"),
        ("endpoints", "failed"),
        ("redirect", "failed"),
    ] {
        let expected = (expected.0.to_owned(), expected.1.to_owned());
        assert!(found.contains(&expected), "{expected:?} in {rows:#}");
    }
    let asked = provider.control().requests().len();
    sandbox
        .run(["provider", "check", "corp", "--offline"])
        .fails(1);
    assert_eq!(
        provider.control().requests().len(),
        asked,
        "offline asks nobody"
    );
}

#[test]
fn an_issuer_that_is_somebody_elses_fails_the_check() {
    let sandbox = Sandbox::new();
    let provider = provider(Quirks::default());
    write_config(
        &sandbox,
        &format!(
            "[providers.corp]\nissuer = \"{}/other\"\n",
            provider.issuer()
        ),
    );
    let run = sandbox.run(["provider", "check", "--json"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    let rows: Value = serde_json::from_str(&run.stdout).unwrap();
    assert!(
        troubles(&rows).contains(&("metadata".to_owned(), "failed".to_owned())),
        "{rows:#}"
    );
}

#[test]
fn the_whole_catalogue_passes_its_own_check_without_the_network() {
    let sandbox = Sandbox::new();
    for name in tokenward::oauth::catalogue::names() {
        let run = sandbox.run(["provider", "check", &name, "--offline", "--json"]);
        let rows: Value = serde_json::from_str(&run.stdout).unwrap();
        let stops: Vec<&Value> = rows
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["verdict"] == "failed")
            .collect();
        let is_port = |row: &&Value| {
            row["check"] == "redirect" && row["detail"].as_str().unwrap().contains(":2854")
        };
        assert!(stops.iter().all(is_port), "{name}: {stops:#?}");
    }
}

#[test]
fn a_record_is_made_from_an_issuer_and_holds_only_what_discovery_does_not_say() {
    let sandbox = Sandbox::new();
    let provider = provider(Quirks::default());
    let issuer = provider.issuer();
    let old = "# my settings\n[refresh]\nlifetime_share = 0.8 # early\n";
    write_config(&sandbox, old);
    let printed = sandbox
        .run(["provider", "add", "corp", "--issuer", &issuer, "--print"])
        .ok();
    assert!(
        printed.contains("[providers.corp]") && !printed.contains("/token"),
        "{printed}"
    );
    assert_eq!(std::fs::read_to_string(sandbox.config()).unwrap(), old);
    sandbox
        .run(["provider", "add", "corp", "--issuer", &issuer])
        .ok();
    let new = std::fs::read_to_string(sandbox.config()).unwrap();
    assert!(new.starts_with(old) && new.contains(&printed), "{new}");
    let rows = sandbox.run(["provider", "check", "corp", "--json"]).json();
    assert_eq!(troubles(&rows), [], "{rows:#}");

    let words = sandbox
        .run(["provider", "add", "corp", "--issuer", &issuer])
        .fails(2);
    assert!(words.contains("--force"), "{words}");
    sandbox
        .run([
            "provider", "add", "corp", "--issuer", &issuer, "--scope", "read", "--force",
        ])
        .ok();
    let corp = sandbox.run(["provider", "show", "corp", "--json"]).json();
    assert_eq!(corp["default_scopes"], json!(["read"]));
    let words = sandbox
        .run(["provider", "add", "github", "--issuer", &issuer])
        .fails(2);
    assert!(words.contains("in the catalogue"), "{words}");
}

#[test]
fn a_record_without_an_issuer_names_its_endpoints() {
    let sandbox = Sandbox::new();
    let add = |more: &[&str]| {
        let first = [
            "provider",
            "add",
            "corp",
            "--endpoint",
            "token=https://corp.example/token",
        ];
        sandbox.run(first.iter().chain(more))
    };
    add(&[]).fails(1);
    add(&["--endpoint", "authorization=https://corp.example/authorize"]).ok();
    let corp = sandbox.run(["provider", "show", "corp", "--json"]).json();
    assert_eq!(corp["endpoints"]["token"], "https://corp.example/token");
    assert_eq!(corp["flows"], json!(["loopback"]));
    sandbox.run(["provider", "add", "none"]).fails(2);
}

/// `provider add corp` at a terminal, each question by its words answered in turn; what showed at the end.
fn add_at_a_terminal(sandbox: &Sandbox, answers: &[(&str, &str)]) -> String {
    let mut terminal = Terminal::start(sandbox, &["provider", "add", "corp"], 120, 60);
    for (question, answer) in answers {
        terminal.wait_for(question);
        terminal.keys(&format!("{answer}\r"));
    }
    let (status, screen) = terminal.finish();
    assert!(status.success(), "{screen}");
    screen
}

#[test]
fn a_person_at_a_terminal_is_asked_for_the_issuer_and_whether_to_write() {
    let sandbox = Sandbox::new();
    let provider = provider(Quirks::default());
    let issuer = provider.issuer();
    let found = [("Issuer URL", issuer.as_str())];
    let screen = add_at_a_terminal(&sandbox, &[found[0], ("[Y/n]", "")]);
    assert!(screen.contains(&format!("{issuer}/token")), "{screen}");
    assert!(screen.contains("tokenward provider check corp"), "{screen}");
    let rows = sandbox.run(["provider", "check", "corp", "--json"]).json();
    assert_eq!(troubles(&rows), [], "{rows:#}");

    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &["provider", "add", "corp"], 120, 60);
    for (question, answer) in [found[0], ("[Y/n]", "n")] {
        terminal.wait_for(question);
        terminal.keys(&format!("{answer}\r"));
    }
    let (status, screen) = terminal.finish();
    assert_eq!(status.exit_code(), 7, "{screen}");
    assert!(screen.contains("nothing was written"), "{screen}");
    assert!(!sandbox.config().exists());
}

#[test]
fn a_person_at_a_terminal_is_asked_for_what_no_issuer_says() {
    let sandbox = Sandbox::new();
    let provider = provider(Quirks::default());
    let at = |path: &str| format!("{}/{path}", provider.issuer());
    let (authorization, token) = (at("authorize"), at("token"));
    let answers: [(&str, &str); 11] = [
        ("Issuer URL", ""),
        ("Authorization endpoint", &authorization),
        ("Token endpoint", &token),
        ("Device authorization endpoint", ""),
        ("Revocation endpoint", ""),
        ("Scopes", "read write"),
        ("refuse PKCE", "y"),
        ("Where does a secret go", "post"),
        ("Port of the redirect", "28599"),
        ("Page where a person ends", "https://corp.example/grants"),
        ("[Y/n]", "y"),
    ];
    add_at_a_terminal(&sandbox, &answers);
    let corp = sandbox.run(["provider", "show", "corp", "--json"]).json();
    for (pointer, value) in [
        ("/endpoints/token", json!(at("token"))),
        ("/default_scopes", json!(["read", "write"])),
        ("/flows", json!(["loopback"])),
        ("/pkce", json!("forbidden")),
        ("/client_auth", json!("client_secret_post")),
        ("/redirect/ports", json!([28599])),
        ("/revocation/url", json!("https://corp.example/grants")),
    ] {
        assert_eq!(corp.pointer(pointer), Some(&value), "{pointer}: {corp:#}");
    }
    let run = sandbox.run(["provider", "check", "corp", "--offline"]);
    let text = run.ok();
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
}

#[test]
fn a_record_is_rehearsed_against_the_provider_that_it_resembles() {
    let sandbox = Sandbox::new();
    let rehearse = |name: &str| {
        let run = sandbox.run(["provider", "check", name, "--against-demo", "--json"]);
        let rows: Value = serde_json::from_str(&run.stdout).unwrap();
        let mut verdicts = Vec::new();
        for row in rows.as_array().unwrap() {
            let check = row["check"].as_str().unwrap();
            if check == "rehearsal" || check.starts_with("  ") {
                verdicts.push((check.trim().to_owned(), row["verdict"].clone()));
            }
        }
        (run.code, verdicts)
    };
    let whole = ["rehearsal", "sign-in", "refresh", "revocation"];
    let well: Vec<_> = whole.map(|check| (check.to_owned(), "ok".into())).into();
    for name in [
        "gitlab", "slack", "google", "facebook", "basecamp", "keycloak",
    ] {
        assert_eq!(rehearse(name), (Some(0), well.clone()), "{name}");
    }
    // Slack's token lies in an object, which this record does not know.
    write_config(&sandbox, "[providers.slack]\ntoken_at = \"/elsewhere\"\n");
    let (code, verdicts) = rehearse("slack");
    assert_eq!(code, Some(1), "{verdicts:?}");
    assert_eq!(verdicts[1], ("sign-in".to_owned(), "failed".into()));
}

#[test]
fn a_record_moves_no_token_that_is_there() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let place = elsewhere.local_addr().unwrap();
    let record = ["token", "revocation", "introspection", "userinfo"]
        .map(|endpoint| format!("{endpoint} = \"http://{place}/{endpoint}\"\n"))
        .concat();
    let text = format!(
        "[providers.demo]\nissuer = \"http://{place}\"\n[providers.demo.endpoints]\n{record}"
    );
    sandbox.write("home/.config/tokenward/config.toml", &text);
    sandbox.run(["refresh", "demo/alice"]).ok();
    sandbox.run(["validate", "demo/alice", "--introspect"]).ok();
    sandbox.run(["revoke", "demo/alice", "--yes"]).ok();
    let came = elsewhere.accept().map(|_| ());
    assert_eq!(came.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    // The record is in force all the same: for the next sign-in.
    let shown = sandbox.run(["provider", "show", "demo", "--json"]).json();
    let token = shown["endpoints"]["token"].as_str().unwrap();
    assert_eq!(token, format!("http://{place}/token"));
}
