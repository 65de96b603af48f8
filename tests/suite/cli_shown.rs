//! Words that came from outside are written out before a terminal sees them: files, their names, labels, errors.

use crate::sandbox::{Run, Sandbox};
use rusqlite::Connection;

/// Clears the screen, colours it (C1), turns the direction, goes back to the start of the line.
const HOSTILE: &str = "x\u{1b}[2J\u{9b}31m\u{202e}\ry";

#[track_caller]
fn is_tame(run: &Run) {
    let said = format!("{}{}", run.stdout, run.stderr);
    let raw = said.chars().find(|c| {
        (c.is_control() && !matches!(c, '\n' | '\t')) || ('\u{202a}'..='\u{202e}').contains(c)
    });
    assert_eq!(raw, None, "{said:?}");
}

#[test]
fn a_file_and_its_name_take_over_no_terminal_before_and_after_they_are_imported() {
    let sandbox = Sandbox::with_vault();
    let keys = serde_json::json!([
        { "name": "corp/ci", "access_token": "hush-key", "scope": HOSTILE, "provider_name": HOSTILE },
    ]);
    let file = sandbox.write(&format!("{HOSTILE}.json"), &keys.to_string());
    let file = file.to_str().unwrap();
    let import = ["import", "--from", "json", file, "--no-unlock"];
    for more in [&["--dry-run"][..], &["--dry-run", "--json"], &["--yes"]] {
        let run = sandbox.run([&import[..], more].concat());
        is_tame(&run);
        run.ok();
    }
    for shows in [
        &["inbox"][..],
        &["inbox", "--json"],
        &["inbox", "accept", "1"],
    ] {
        let run = sandbox.run(shows);
        is_tame(&run);
        run.ok();
    }
    for shows in [
        &["why", "corp/ci"][..],
        &["list"],
        &["list", "--json"],
        &["audit", "list"],
    ] {
        let run = sandbox.run(shows);
        is_tame(&run);
        run.ok();
    }
    let run = sandbox.run(["import", "--from", "json", &format!("/{HOSTILE}")]);
    is_tame(&run);
    run.fails(1);
}

#[test]
fn a_label_that_somebody_wrote_into_the_file_takes_over_no_terminal() {
    let sandbox = Sandbox::with_vault();
    let file = Connection::open(sandbox.vault()).unwrap();
    file.execute("UPDATE slot SET label = ?1", [HOSTILE])
        .unwrap();
    drop(file);
    for slots in [
        &["vault", "slots"][..],
        &["vault", "slots", "--json"],
        &["list"],
    ] {
        let run = sandbox.run(slots);
        is_tame(&run);
        assert!(!run.stdout.contains('\u{1b}'), "{run:?}");
    }
    let shown = sandbox.run(["vault", "slots"]);
    assert!(shown.stdout.contains("x\\u{1b}[2J"), "{shown:?}");
}
