//! The terminal UI as a person uses it, in a real terminal: from the first start to a revoked credential.

use crate::sandbox::{PASSPHRASE, Sandbox, eventually, provider};
use crate::terminal::Terminal;
use rustix::process::{Pid, Signal, kill_process};
use std::time::Duration;
use tokenward::demo::quirks::Quirks;
use tokenward::demo::tokens::{ACCESS_PREFIX, REFRESH_PREFIX};

const ENTER: &str = "\r";
const TAB: &str = "\t";
const ESCAPE: &str = "\u{1b}";

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[test]
fn from_the_first_start_to_a_signed_in_rotated_and_revoked_credential() {
    let sandbox = Sandbox::new();
    let provider = provider(Quirks {
        device_interval: Duration::from_secs(1),
        ..Quirks::default()
    });
    let control = provider.control();
    let mut ui = Terminal::start(&sandbox, &[], 100, 30);
    ui.shows("a new vault");
    ui.press(PASSPHRASE);
    ui.shows("strong");
    ui.press(TAB);
    ui.press(PASSPHRASE);
    ui.press(ENTER);
    ui.shows("Press a to sign in");

    ui.press("a");
    ui.shows("GitHub");
    ui.press("another");
    ui.shows("by its issuer URL");
    ui.press(ENTER);
    ui.shows("issuer URL");
    ui.press("demo");
    ui.press(TAB);
    ui.press(&provider.issuer());
    ui.press(ENTER);
    ui.shows("the client");
    ui.press("demo-cli");
    ui.press(TAB);
    ui.press(ENTER);
    ui.shows("account and scopes");
    ui.press("alice");
    ui.press(ENTER);
    ui.shows("the way");
    ui.press(ENTER);
    eventually("a code waits at the provider", || {
        !control.pending().is_empty()
    });
    let code = control.pending()[0].user_code.clone().unwrap();
    let spaced: String = code.chars().flat_map(|letter| [letter, ' ']).collect();
    ui.until("the user code", |text| {
        text.contains(&code) || text.contains(spaced.trim())
    });
    assert!(control.approve_code(&code, "alice"));
    ui.shows("demo/alice");
    ui.until("a fresh row and no wizard", |text| {
        text.contains("fresh") && !text.contains("Esc cancel")
    });

    let before = control.counts().refreshed;
    ui.press("r");
    eventually("the provider rotated", || {
        control.counts().refreshed > before
    });
    ui.press(ENTER);
    ui.shows("generation 2");
    assert!(
        !holds(&ui.written(), ACCESS_PREFIX),
        "a token was shown unasked"
    );
    ui.press("v");
    ui.shows(ACCESS_PREFIX);
    ui.press(ESCAPE);
    ui.until("the list without the token", |text| {
        !text.contains(ACCESS_PREFIX)
    });

    ui.press("x");
    ui.shows("evoke");
    ui.press("y");
    ui.shows("revoked");
    assert!(
        control.grants().iter().all(|grant| grant.grant.revoked),
        "the provider was not told"
    );
    assert!(!holds(&ui.written(), REFRESH_PREFIX) && !holds(&ui.written(), PASSPHRASE));

    ui.press("q");
    assert_eq!(ui.ends(), 0);
    assert!(ui.is_restored());
    assert!(!sandbox.socket().exists());
}

#[test]
fn a_wrong_passphrase_is_asked_again_and_loses_nothing() {
    let sandbox = Sandbox::new();
    let file = sandbox.write("passphrase", PASSPHRASE);
    let file = file.to_str().unwrap();
    sandbox.run(["init", "--passphrase-file", file]).ok();
    let mut ui = Terminal::start(&sandbox, &[], 80, 24);
    ui.shows("passphrase");
    ui.press("not this one");
    ui.press(ENTER);
    ui.shows("opens no slot");
    ui.press(PASSPHRASE);
    ui.press(ENTER);
    ui.shows("Press a to sign in");
    ui.press("q");
    assert_eq!(ui.ends(), 0);
}

#[test]
fn the_ui_attaches_to_a_living_owner_and_leaves_it_alone() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    let daemon = sandbox.daemon();
    sandbox.sign_in(&provider, "alice");
    let mut ui = Terminal::start(&sandbox, &[], 120, 36);
    ui.shows("demo/alice");
    ui.shows("attached");
    let before = provider.control().counts().refreshed;
    ui.press("r");
    eventually("it was rotated", || {
        provider.control().counts().refreshed > before
    });
    ui.press("q");
    assert_eq!(ui.ends(), 0);
    let status = sandbox.run(["status", "--json"]).json();
    assert_eq!(status["owner"]["pid"], daemon.pid());
}

#[test]
fn the_terminal_is_restored_after_each_signal() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let sandbox = Sandbox::with_vault();
        let mut ui = Terminal::start(&sandbox, &[], 80, 24);
        ui.shows("Press a to sign in");
        assert!(!ui.is_restored());
        let pid = Pid::from_raw(i32::try_from(ui.pid()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
        ui.ends();
        eventually("the terminal is restored", || ui.is_restored());
    }
}

#[test]
fn a_terminal_that_becomes_too_small_says_so_and_recovers() {
    let sandbox = Sandbox::with_vault();
    let mut ui = Terminal::start(&sandbox, &[], 80, 24);
    ui.shows("Press a to sign in");
    ui.resize(50, 10);
    ui.shows("too small");
    ui.resize(160, 50);
    ui.shows("Press a to sign in");
}

#[test]
fn the_demo_signs_in_with_its_own_approval_key() {
    let sandbox = Sandbox::new();
    let mut ui = Terminal::start(&sandbox, &["demo"], 120, 36);
    ui.shows("approve (demo)");
    ui.shows("northwind");
    ui.press("q");
    assert_eq!(ui.ends(), 0);
    assert!(!sandbox.vault().exists(), "the demo left something behind");
}

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
