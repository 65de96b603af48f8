//! What the program says before there is any vault: help, usage, settings, completions, the manual.

use crate::sandbox::Sandbox;

#[test]
fn help_and_version_are_data_and_succeed() {
    let sandbox = Sandbox::new();
    let help = sandbox.run(["--help"]).ok();
    assert!(help.contains("Exit codes: 0 done"), "{help}");
    assert!(sandbox.run(["--version"]).ok().starts_with("tokenward "));
}

#[test]
fn a_wrong_command_line_exits_2_and_says_so_once() {
    let words = Sandbox::new().run(["man", "--nonsense"]).fails(2);
    assert!(words.starts_with("error: "), "{words}");
    assert_eq!(words.matches("error").count(), 1, "{words}");
}

#[test]
fn with_json_an_error_is_one_object_on_stderr() {
    let words = Sandbox::new().run(["--json", "man", "--nonsense"]).fails(2);
    let error: serde_json::Value = serde_json::from_str(&words).unwrap();
    assert_eq!(error["code"], "usage");
    assert_eq!(error["exit"], 2);
    assert_eq!(words.lines().count(), 1);
}

#[test]
fn completions_exist_for_every_shell_and_the_manual_is_a_page() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let text = sandbox.run(["completions", shell]).ok();
        assert!(text.contains("tokenward"), "{shell}");
    }
    assert!(sandbox.run(["man"]).ok().contains(".TH"));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(["man"]);
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let run: crate::sandbox::Run = child.wait_with_output().unwrap().into();
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_nonce_that_begins_with_a_dash_is_a_nonce() {
    let sandbox = Sandbox::with_vault();
    let url = "https://api.example/";
    let words = sandbox
        .run([
            "get",
            "demo/nobody",
            "--dpop",
            "GET",
            url,
            "--dpop-nonce",
            "-Hx",
        ])
        .fails(3);
    assert!(words.contains("no credential named"), "{words}");
}
