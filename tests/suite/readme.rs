//! What the README shows is what the program does.

use crate::sandbox::Sandbox;
use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn the_readmes_picture_is_what_is_drawn() {
    let mut sandbox = Sandbox::new();
    sandbox.set("TZ", "UTC");
    let made = sandbox.path("screen.svg");
    sandbox
        .run(["demo", "--picture", made.to_str().unwrap()])
        .ok();
    let kept = include_str!("../../assets/screen.svg");
    let drawn = std::fs::read_to_string(made).unwrap();
    assert!(
        drawn == kept,
        "make it anew: TZ=UTC tokenward demo --picture assets/screen.svg"
    );
}

/// What stands between backticks in a document.
fn quoted(document: &'static str) -> BTreeSet<&'static str> {
    let lines = document.lines().filter(|line| !line.starts_with("```"));
    lines
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .collect()
}

const README: &str = include_str!("../../README.md");
const SECURITY: &str = include_str!("../../SECURITY.md");

/// Every test that a document names, `file::test` here or `floor::file::test` beside the code, is there; how many.
fn named_tests(document: &'static str) -> usize {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = quoted(document);
    let names = names.iter().filter_map(|words| words.rsplit_once("::"));
    let named = names.map(|(file, test)| {
        let place = match file.contains("::") {
            true => format!("src/{}.rs", file.replace("::", "/")),
            false => format!("tests/suite/{file}.rs"),
        };
        let source = std::fs::read_to_string(root.join(&place));
        let source = source.unwrap_or_else(|_| panic!("there is no {place}"));
        let at = source.find(&format!("fn {test}("));
        let at = at.unwrap_or_else(|| panic!("no {test} in {place}"));
        assert!(source[..at].contains("#[test]") || source[..at].contains("#[tokio::test"));
    });
    named.count()
}

#[test]
fn every_test_that_the_readme_names_is_there() {
    let named = named_tests(README);
    assert!(named >= 30, "only {named} tests are named");
}

#[test]
fn every_attacker_of_the_threat_model_has_tests_and_each_is_there() {
    let named = named_tests(SECURITY);
    assert!(named >= 40, "only {named} tests are named");
    let rows: Vec<&str> = SECURITY
        .lines()
        .filter(|line| line.starts_with("| **"))
        .collect();
    assert_eq!(rows.len(), 17, "{rows:#?}");
    for row in rows {
        let columns: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        assert_eq!(columns.len(), 4, "{row}");
        assert!(columns[2].contains("::"), "nothing shows it: {row}");
        assert!(columns[3].len() > 3, "nothing is out of reach: {row}");
    }
}

#[test]
fn every_file_of_tests_that_the_readme_names_is_there() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite");
    let files = quoted(README).into_iter().filter(|words| {
        let is_name = words
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        is_name && words.starts_with("profiles")
    });
    let mut named = 0;
    for file in files {
        assert!(
            tests.join(format!("{file}.rs")).is_file(),
            "there is no {file}.rs"
        );
        named += 1;
    }
    assert!(named >= 4, "only {named} files are named");
}
