//! Whose is a token that was found? It is pasted into the UI, never shown, and told apart from a stranger's.

use crate::sandbox::{Sandbox, provider};
use crate::tui_rig::Terminal;
use tokenward::demo::quirks::Quirks;

#[test]
fn a_pasted_token_is_told_whose_it_is_never_shown_and_revoked_by_a_key() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    let control = provider.control();
    sandbox.sign_in(&provider, "alice");
    let first = sandbox.run(["get", "demo/alice"]).ok();
    sandbox.run(["refresh", "demo/alice"]).ok();
    let second = sandbox.run(["get", "demo/alice"]).ok();
    let mut ui = Terminal::start(&sandbox, &[], 120, 36);
    ui.wait_for("▸ demo/alice");
    look_up(&mut ui, "gho_of-somebody-else-altogether");
    ui.wait_for("No credential of this vault ever held this token");
    close(&mut ui);
    look_up(&mut ui, first.trim());
    ui.wait_for("demo/alice: its access token of generation 1");
    ui.wait_for("It was replaced by a refresh");
    close(&mut ui);
    look_up(&mut ui, second.trim());
    ui.wait_for("demo/alice: its access token of generation 2");
    ui.wait_for("It is the present one.");
    for token in [&first, &second] {
        assert!(!ui.screen().contains(&token[..12]), "{}", ui.screen());
    }
    ui.keys("x");
    ui.wait_for("Revoke demo/alice?");
    ui.keys("y");
    ui.wait_until("it is revoked", |screen| {
        !screen.contents().contains("Revoke demo/alice?") && !control.is_live(second.trim())
    });
    ui.keys("q");
    assert!(ui.finish().0.success());
    let lines = sandbox.run(["audit", "list", "--kind", "identified", "--json"]);
    let told = lines.ok();
    assert_eq!(
        told.lines().count(),
        2,
        "of a stranger's nothing is noted: {told}"
    );
}

/// Pastes it into the question, where it is not shown.
fn look_up(ui: &mut Terminal, token: &str) {
    ui.keys("i");
    ui.wait_for("Whose token is this?");
    ui.paste(token);
    ui.wait_for("••••");
    assert!(!ui.screen().contains(&token[..12]), "{}", ui.screen());
    ui.keys("\r");
}

fn close(ui: &mut Terminal) {
    ui.keys("\x1b");
    ui.wait_without("Whose token is this?");
}
