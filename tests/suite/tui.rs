//! The UI as a person meets it, in a real pseudo-terminal.

use crate::cli_flow::{untelling, untold};
use crate::sandbox::{PASSPHRASE, Sandbox, eventually, provider};
use crate::tui_rig::Terminal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustix::process::Signal;
use std::time::Duration;
use tokenward::demo::quirks::{Quirks, RequestKind};
use tokenward::tui::terminal::Guard;

fn quick() -> Quirks {
    Quirks {
        device_interval: Duration::from_secs(1),
        ..Quirks::default()
    }
}

#[test]
fn from_first_start_to_a_signed_in_rotated_and_revoked_credential() {
    let sandbox = Sandbox::new();
    let provider = provider(quick());
    let control = provider.control();
    let mut ui = Terminal::start(&sandbox, &[], 80, 24);
    ui.wait_for("a new vault");
    ui.keys("password1");
    ui.wait_for("weak");
    ui.keys(&format!("\x15{PASSPHRASE}\r{PASSPHRASE}\r"));
    ui.wait_for("Press a to sign in");

    ui.keys("a");
    ui.wait_for("more below");
    ui.keys("another");
    ui.wait_for("▸ Another: by its issuer URL");
    ui.keys("\r");
    ui.wait_for("Its issuer URL is enough");
    ui.keys("demo\r");
    ui.paste(&format!("{}\n", provider.issuer()));
    ui.keys("\r");
    ui.wait_for("recommended");
    ui.keys("\r");
    ui.wait_for("client secret");
    ui.keys("demo-cli\r\r");
    ui.wait_for("how you call it");
    ui.keys("alice\r");
    ui.wait_for("Waiting for you at demo");
    assert_eq!(control.approve_all(), 1);
    ui.wait_for("signed in: demo/alice");
    ui.wait_for("▸ demo/alice");
    ui.wait_for("● fresh");

    ui.keys("r");
    ui.wait_for("demo/alice is fresh, lives");
    assert_eq!(control.counts().of(RequestKind::Refresh), 1);

    ui.keys("\r");
    ui.wait_for("generation 2");
    ui.keys("\x1b");
    ui.wait_without("generation 2");
    ui.keys("x");
    ui.wait_for("Revoke demo/alice?");
    ui.keys("y");
    ui.wait_for("■ revoked");
    ui.wait_for("proved dead");
    assert!(control.counts().of(RequestKind::Revoke) > 0);
    ui.keys("D");
    ui.wait_for("Remove demo/alice?");
    ui.keys("y");
    ui.wait_for("Press a to sign in");
    ui.keys("q");
    let (status, _) = ui.finish();
    assert!(status.success());
}

#[test]
fn a_name_that_the_provider_does_not_tell_is_asked_for_after_the_sign_in() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(untelling());
    let control = provider.control();
    let terminal = Terminal::run(
        untold(&sandbox, &provider).args(["--account", "first"]),
        80,
        24,
    );
    terminal.wait_for("Waiting for you");
    assert_eq!(control.approve_all(), 1);
    assert!(terminal.finish().0.success());

    let mut ui = Terminal::start(&sandbox, &[], 80, 24);
    ui.wait_for("▸ demo/first");
    ui.keys("a");
    ui.wait_for("more below");
    ui.keys("demo");
    ui.wait_for("▸ demo");
    ui.keys("\r");
    ui.wait_for("recommended");
    ui.keys("\r");
    ui.wait_for("the client");
    ui.keys("\r");
    ui.wait_for("how you call it");
    ui.keys("\r");
    ui.wait_for("Waiting for you at demo");
    assert_eq!(control.approve_all(), 1);
    ui.wait_for("Whose account is it?");
    ui.wait_for("kept as demo/default");
    ui.keys("first\r");
    ui.wait_for("named demo/first already");
    ui.keys("\x15work\r");
    ui.wait_for("called demo/work from now on");
    ui.wait_for("▸ demo/work");
    ui.wait_without("demo/default");
    ui.keys("q");
    assert!(ui.finish().0.success());
}

#[test]
fn a_wrong_passphrase_is_told_and_the_right_one_opens() {
    let mut sandbox = Sandbox::with_vault();
    sandbox.unset("TOKENWARD_PASSPHRASE_FILE");
    let mut ui = Terminal::start(&sandbox, &[], 80, 24);
    ui.wait_for("passphrase");
    ui.keys("not this one\r");
    ui.wait_for("opens no slot");
    // A paste with its line end is the passphrase alone.
    ui.paste(&format!("{PASSPHRASE}\n"));
    ui.keys("\r");
    ui.wait_for("Press a to sign in");
    ui.keys("q");
    assert!(ui.finish().0.success());
}

#[test]
fn a_token_is_revealed_on_a_key_and_masked_on_the_next() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(quick());
    sandbox.sign_in(&provider, "alice");
    let token = sandbox.run(["get", "demo/alice", "--min-ttl", "1s"]).ok();
    let mut ui = Terminal::start(&sandbox, &[], 120, 36);
    ui.wait_for("▸ demo/alice");
    assert!(!ui.screen().contains(&token.trim()[..20]));
    ui.keys("v");
    ui.wait_for(&token.trim()[..20]);
    ui.wait_for("masked again in");
    ui.keys("v");
    ui.wait_without(&token.trim()[..20]);
}

#[test]
fn behind_a_living_owner_a_token_shows_after_the_passphrase() {
    let mut sandbox = Sandbox::with_vault();
    let provider = provider(quick());
    sandbox.sign_in(&provider, "alice");
    let token = sandbox.run(["get", "demo/alice", "--min-ttl", "1s"]).ok();
    let start = &token.trim()[..20];
    let _daemon = sandbox.daemon();
    sandbox.unset("TOKENWARD_PASSPHRASE_FILE");
    let mut ui = Terminal::start(&sandbox, &[], 80, 24);
    ui.wait_for("▸ demo/alice");
    ui.keys("v");
    ui.wait_for("The passphrase once more");
    ui.keys("not this one at all\r");
    ui.wait_for("the passphrase opens no slot");
    ui.keys(&format!("{PASSPHRASE}\r"));
    ui.wait_for(start);
    // It counts for a while.
    ui.keys("v");
    ui.wait_without(start);
    ui.keys("v");
    ui.wait_for(start);
    ui.keys("q");
    let (status, _) = ui.finish();
    assert!(status.success());
    let told = sandbox.path("home/.local/share/tokenward/vault.db.tries");
    assert!(told.exists(), "the next unlocking tells of the wrong one");
}

#[test]
fn a_copied_token_goes_through_the_terminal_and_is_cleared_at_the_end() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(quick());
    sandbox.sign_in(&provider, "alice");
    let token = sandbox.run(["get", "demo/alice", "--min-ttl", "1s"]).ok();
    let mut ui = Terminal::start(&sandbox, &[], 80, 24);
    ui.wait_for("▸ demo/alice");
    ui.keys("y");
    ui.wait_for("was sent to the terminal's clipboard");
    ui.wait_for("cleared in");
    ui.wait_for_bytes(&format!("\x1b]52;c;{}\x07", STANDARD.encode(token.trim())));
    ui.keys("q");
    ui.wait_for_bytes("\x1b]52;c;\x07");
    assert!(ui.finish().0.success());
}

#[test]
fn a_pasted_address_that_belongs_to_no_sign_in_is_refused() {
    let mut sandbox = Sandbox::with_vault();
    sandbox.set("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22");
    let provider = provider(quick());
    sandbox.sign_in(&provider, "alice");
    let mut ui = Terminal::start(&sandbox, &[], 120, 36);
    ui.wait_for("▸ demo/alice");
    ui.keys("A");
    ui.wait_for("Paste here the address");
    ui.paste("http://127.0.0.1:1/callback?code=made-up&state=made-up");
    ui.keys("\r");
    ui.wait_for("does not belong to this sign-in");
    ui.keys("\x1b");
    ui.wait_without("Paste here the address");
    ui.keys("q");
    assert!(ui.finish().0.success());
}

#[test]
fn the_ui_attaches_to_a_living_owner_and_says_when_it_has_left() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(quick());
    sandbox.sign_in(&provider, "alice");
    let daemon = sandbox.daemon();
    let mut ui = Terminal::start(&sandbox, &[], 80, 24);
    ui.wait_for("attached");
    ui.wait_for("▸ demo/alice");
    ui.keys("r");
    ui.wait_for("demo/alice is fresh");
    daemon.signal(Signal::TERM);
    ui.wait_for("the engine has stopped");
    ui.keys("q");
    assert!(ui.finish().0.success());
}

#[test]
fn what_the_activity_adds_up_to_is_one_key_away() {
    let sandbox = Sandbox::with_vault();
    let mut ui = Terminal::start(&sandbox, &[], 80, 24);
    ui.wait_for("Press a to sign in");
    ui.keys("3");
    ui.wait_for("the engine started");
    ui.wait_for("n analysis");
    ui.keys("n");
    ui.wait_for("What the activity adds up to");
    ui.wait_for("By hour of the day");
    ui.wait_for("Nothing is out of the ordinary");
    ui.keys("\x1b");
    ui.wait_without("By hour of the day");
    ui.keys("q");
    assert!(ui.finish().0.success());
}

#[test]
fn the_terminal_is_given_back_after_a_signal() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let sandbox = Sandbox::with_vault();
        let ui = Terminal::start(&sandbox, &[], 80, 24);
        ui.wait_for("Press a to sign in");
        ui.signal(signal);
        ui.finish();
    }
}

#[test]
fn the_terminal_is_given_back_while_the_ui_is_in_the_background() {
    let sandbox = Sandbox::with_vault();
    let mut ui = Terminal::start(&sandbox, &[], 80, 24);
    ui.wait_for("Press a to sign in");
    ui.keys("\x1a");
    ui.wait_until_given_back();
    // It gives the terminal back first and stops then: a signal in between would be lost.
    eventually("it is back", || {
        ui.signal(Signal::CONT);
        ui.screen().contains("Press a to sign in")
    });
    ui.keys("q");
    assert!(ui.finish().0.success());
}

/// Not a test by itself: the program that the next one runs in a terminal.
#[test]
#[ignore = "run by the_terminal_is_given_back_after_a_panic"]
fn panics_with_the_terminal_taken() {
    let _guard = Guard::enter().unwrap();
    panic!("on purpose");
}

#[test]
fn the_terminal_is_given_back_after_a_panic() {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args([
        "--ignored",
        "--exact",
        "--nocapture",
        "tui::panics_with_the_terminal_taken",
    ]);
    command.env("TERM", "xterm-256color");
    let ui = Terminal::run(&command, 80, 24);
    // The words of the panic come after the terminal was given back, where they can still be read.
    let (status, left) = ui.finish();
    assert!(!status.success());
    assert!(left.contains("on purpose"), "{left}");
}

#[test]
fn resizing_keeps_up_and_too_small_says_so() {
    let sandbox = Sandbox::with_vault();
    let mut ui = Terminal::start(&sandbox, &[], 160, 50);
    ui.wait_for("Press a to sign in");
    ui.resize(50, 12);
    ui.wait_for("terminal too small: 50x12, needs 60x16");
    ui.resize(80, 24);
    ui.wait_for("Press a to sign in");
}

#[test]
fn the_mouse_goes_to_a_screen_and_no_color_draws_none() {
    let mut sandbox = Sandbox::with_vault();
    sandbox.set("NO_COLOR", "1");
    let mut ui = Terminal::start(&sandbox, &[], 80, 24);
    ui.wait_for("Press a to sign in");
    ui.keys("\x1b[<0;22;2M");
    ui.wait_for("Nothing needs you");
    ui.wait_until("no colour", |screen| {
        let cells = (0..24).flat_map(|row| (0..80).map(move |column| (row, column)));
        let mut cells = cells.filter_map(|(row, column)| screen.cell(row, column));
        cells.all(|cell| {
            cell.fgcolor() == vt100::Color::Default && cell.bgcolor() == vt100::Color::Default
        })
    });
}

#[test]
fn a_terminal_without_unicode_gets_ascii() {
    let mut sandbox = Sandbox::with_vault();
    sandbox.set("LC_ALL", "C");
    let ui = Terminal::start(&sandbox, &[], 80, 24);
    ui.wait_for("Press a to sign in");
    assert!(ui.screen().is_ascii(), "{}", ui.screen());
}

#[test]
fn a_newcomer_goes_from_an_empty_vault_to_the_demo() {
    let sandbox = Sandbox::with_vault();
    let mut ui = Terminal::start(&sandbox, &[], 120, 36);
    ui.wait_for("to look around in the demo first");
    ui.keys("d");
    ui.wait_for("demo/alice");
    let status = sandbox.run(["status", "--json"]).json();
    assert!(status["owner_pid"].is_null(), "its own vault is let go");
    ui.keys("d");
    ui.keys("q");
    assert!(ui.finish().0.success());
}

#[test]
fn the_demo_moves_and_its_key_approves_a_sign_in() {
    let sandbox = Sandbox::new();
    let mut ui = Terminal::start(&sandbox, &["demo"], 120, 36);
    ui.wait_for("demo/alice");
    ui.keys("a");
    ui.wait_for("more below");
    ui.keys("demo");
    ui.wait_for("▸ Demo");
    ui.keys("\r");
    ui.wait_for("recommended");
    ui.keys("\r");
    ui.wait_for("the client");
    ui.keys("\r");
    ui.wait_for("how you call it");
    ui.keys("carol\r");
    ui.wait_for("approve (demo)");
    ui.wait_for("Waiting for you at Demo");
    ui.keys("p");
    ui.wait_for("signed in: demo/carol");
    ui.keys("q");
    assert!(ui.finish().0.success());
}

#[test]
fn what_a_killed_program_left_on_the_screen_is_not_mixed_in() {
    let sandbox = Sandbox::new();
    let demo = sandbox.command(["demo"]);
    let mut command = std::process::Command::new("/bin/sh");
    // As after kill -9: the other screen is still there, and full.
    let script = "printf '\\033[?1049h\\033[2J'; i=0; while [ $i -lt 36 ]; do i=$((i+1)); \
                  printf '\\033[%d;1HLEFTOVER LEFTOVER LEFTOVER LEFTOVER LEFTOVER' $i; done; exec \"$0\" demo";
    command.args(["-c", script]).arg(demo.get_program());
    for (name, value) in demo.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command.env("TERM", "xterm-256color");
    let mut ui = Terminal::run(&command, 120, 36);
    ui.wait_for("LEFTOVER");
    ui.wait_for("demo/alice");
    assert!(!ui.screen().contains("LEFT"), "{}", ui.screen());
    ui.keys("q");
    assert!(ui.finish().0.success());
}

#[test]
fn what_is_wrong_with_the_machine_stands_on_the_health_screen() {
    let mut sandbox = Sandbox::with_vault();
    sandbox.set("GH_TOKEN", "marker-in-variable");
    let mut ui = Terminal::start(&sandbox, &[], 120, 36);
    ui.wait_for("Press a to sign in");
    ui.keys("4");
    ui.wait_for("This machine: `tokenward doctor` says what mends it");
    ui.wait_for("inherits GH_TOKEN");
    assert!(!ui.screen().contains("marker-in-variable"));
    ui.keys("q");
    assert!(ui.finish().0.success());
}
