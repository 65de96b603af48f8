//! `tokenward config`: what counts, where it comes from, and what is wrong with a file, by line and column.

use crate::sandbox::{PASSPHRASE, Sandbox};
use serde_json::Value;

const SETTINGS: &str = "home/.config/tokenward/config.toml";

fn setting(shown: &Value, key: &str) -> Value {
    let all = shown["settings"].as_array().unwrap();
    let found = all.iter().find(|it| it["key"] == key);
    found
        .unwrap_or_else(|| panic!("{key} is not shown"))
        .clone()
}

#[test]
fn every_value_is_shown_with_where_it_comes_from() {
    let mut sandbox = Sandbox::new();
    sandbox.write(
        SETTINGS,
        "[refresh]\nlifetime_share = 0.5\n[overrides.\"demo/bob\"]\nbackground = false\n",
    );
    sandbox.set("TOKENWARD_BACKUP_DAILY", "false");
    let shown = sandbox
        .run([
            "config",
            "show",
            "--json",
            "--passphrase-file",
            "secret.txt",
        ])
        .json();
    let from = |key: &str| setting(&shown, key)["origin"]["from"].clone();
    let share = setting(&shown, "refresh.lifetime_share");
    assert_eq!(
        (&share["value"], &share["origin"]["line"]),
        (&0.5.into(), &2.into())
    );
    assert_eq!(from("overrides.\"demo/bob\".background"), "file");
    assert_eq!(from("limits.backoff_first_secs"), "default");
    assert_eq!(from("backup.daily"), "environment");
    let file = setting(&shown, "unlock.passphrase_file");
    assert_eq!(file["value"], "secret.txt");
    assert_eq!(file["origin"]["option"], "--passphrase-file");
    assert_eq!(shown["vault"]["origin"]["from"], "default");

    let words = sandbox.run(["config", "show", "--origin"]).ok();
    let line = |start: &str| words.lines().find(|line| line.starts_with(start)).unwrap();
    assert!(
        line("refresh.lifetime_share = 0.5").ends_with("config.toml, line 2"),
        "{words}"
    );
    assert!(line("backup.daily = false").ends_with("environment, TOKENWARD_BACKUP_DAILY"));
    assert!(line("limits.backoff_first_secs = 5").ends_with("# default"));
    assert!(words.contains("# backup.folder is not set"), "{words}");
}

#[test]
fn what_is_shown_is_a_file_of_settings_again() {
    let sandbox = Sandbox::new();
    sandbox.write(
        SETTINGS,
        "[providers.corp]\nissuer = \"https://id.corp.example\"\ndefault_scopes = [\"a\", \"b\"]\n",
    );
    let text = sandbox.run(["config", "show", "--origin"]).ok();
    let again = sandbox.write("again.toml", &text);
    sandbox
        .run(["config", "check", again.to_str().unwrap()])
        .ok();
    let shown = |file: &str| {
        sandbox
            .run(["config", "show", "--json", "--config", file])
            .json()
    };
    let values = |shown: &Value| -> Vec<(Value, Value)> {
        let all = shown["settings"].as_array().unwrap().iter();
        all.map(|it| (it["key"].clone(), it["value"].clone()))
            .collect()
    };
    let first = shown(sandbox.config().to_str().unwrap());
    assert_eq!(values(&first), values(&shown(again.to_str().unwrap())));
}

#[test]
fn a_file_is_checked_without_being_used_and_a_broken_one_stands_in_nobodys_way() {
    let sandbox = Sandbox::new();
    let wrong = "[refresh]\n  lifetime_shar = 0.5\n";
    sandbox.write(SETTINGS, wrong);
    let file = sandbox.config();
    let words = sandbox.run(["config", "check"]).fails(2);
    assert!(words.contains("config.toml, line 2, column 3"), "{words}");
    assert!(
        words.contains("did you mean `refresh.lifetime_share`?"),
        "{words}"
    );
    assert_eq!(
        sandbox.run(["config", "path"]).ok().trim(),
        file.to_str().unwrap()
    );
    let right = sandbox.write("right.toml", "[refresh]\nlifetime_share = 0.5\n");
    let checked = sandbox
        .run(["config", "check", "--json", right.to_str().unwrap()])
        .json();
    assert_eq!(checked["ok"], true);
    let odd = sandbox.write("odd.toml", "[providers.corp]\npkce = \"requird\"\n");
    let words = sandbox
        .run(["config", "check", odd.to_str().unwrap()])
        .fails(2);
    assert!(words.contains("odd.toml, line 2, column 1"), "{words}");
    let nowhere = sandbox.path("nowhere.toml");
    sandbox
        .run(["config", "check", nowhere.to_str().unwrap()])
        .fails(2);
}

#[test]
fn no_passphrase_is_shown_only_where_it_lies() {
    let sandbox = Sandbox::with_vault();
    let shown = sandbox.run(["config", "show", "--origin"]).ok();
    assert!(
        shown.contains("environment, TOKENWARD_PASSPHRASE_FILE"),
        "{shown}"
    );
    assert!(!shown.contains(PASSPHRASE));
}
