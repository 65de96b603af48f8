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

/// What stands between backticks in the README.
fn quoted() -> BTreeSet<&'static str> {
    let readme = include_str!("../../README.md");
    let lines = readme.lines().filter(|line| !line.starts_with("```"));
    lines
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .collect()
}

#[test]
fn every_test_that_the_readme_names_is_there() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite");
    let mut named = 0;
    for (file, test) in quoted().iter().filter_map(|words| words.split_once("::")) {
        let source = std::fs::read_to_string(tests.join(format!("{file}.rs")));
        let source = source.unwrap_or_else(|_| panic!("there is no tests/suite/{file}.rs"));
        let head = format!("fn {test}(");
        let at = source
            .find(&head)
            .unwrap_or_else(|| panic!("no {test} in {file}.rs"));
        assert!(source[..at].contains("#[test]") || source[..at].contains("#[tokio::test"));
        named += 1;
    }
    assert!(named >= 30, "only {named} tests are named");
}

#[test]
fn every_file_of_tests_that_the_readme_names_is_there() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite");
    let files = quoted().into_iter().filter(|words| {
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
