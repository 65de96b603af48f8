//! The terminal UI while it is locked: by its own key, by the owner it is attached to, only the screen.

use crate::sandbox::{PASSPHRASE, Sandbox, eventually, provider};
use crate::tui_rig::Terminal;
use tokenward::demo::quirks::Quirks;

fn unlock(ui: &mut Terminal, passphrase: &str) {
    ui.keys(&format!("{passphrase}\r"));
}

fn is_locked(sandbox: &Sandbox) -> bool {
    let status = sandbox.run(["status", "--json"]).json();
    !status["owner"]["locked"].is_null()
}

#[test]
fn the_lock_key_takes_the_vault_out_of_the_ui_and_the_passphrase_brings_the_same_view_back() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let mut ui = Terminal::start(&sandbox, &[], 120, 36);
    ui.wait_for("▸ demo/alice");
    ui.keys("\r");
    ui.wait_for("generation 1 of this family");
    ui.keys("L");
    ui.wait_for("as you wished");
    assert!(!ui.screen().contains("demo/alice"), "{}", ui.screen());
    eventually("its vault is locked", || is_locked(&sandbox));
    let words = sandbox.run(["get", "demo/alice"]).fails(4);
    assert!(words.contains("tokenward unlock"), "{words}");
    unlock(&mut ui, "not this one");
    ui.wait_for("opens no slot");
    unlock(&mut ui, PASSPHRASE);
    ui.wait_for("generation 1 of this family");
    sandbox.run(["get", "demo/alice"]).ok();

    // From another terminal, and back.
    sandbox.run(["lock"]).ok();
    ui.wait_for("somebody asked for it");
    sandbox.run(["unlock"]).ok();
    ui.wait_for("generation 1 of this family");
    ui.keys("qq");
    assert!(ui.finish().0.success());
}

#[test]
fn an_attached_ui_shows_that_its_owner_is_locked_and_unlocks_it() {
    let mut sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let _daemon = sandbox.daemon();
    sandbox.unset("TOKENWARD_PASSPHRASE_FILE");
    let mut ui = Terminal::start(&sandbox, &[], 80, 24);
    ui.wait_for("▸ demo/alice");
    sandbox.run(["lock"]).ok();
    ui.wait_for("somebody asked for it");
    ui.wait_without("demo/alice");
    unlock(&mut ui, PASSPHRASE);
    ui.wait_for("▸ demo/alice");
    assert!(!is_locked(&sandbox));
    // By its own key the owner's vault is locked as well.
    ui.keys("L");
    ui.wait_for("as you wished");
    ui.keys("\x03");
    assert!(ui.finish().0.success());
    eventually("it is locked", || is_locked(&sandbox));

    // One that comes while it is locked finds the page.
    let mut ui = Terminal::start(&sandbox, &[], 80, 24);
    ui.wait_for("somebody asked for it");
    unlock(&mut ui, PASSPHRASE);
    ui.wait_for("▸ demo/alice");
    ui.keys("q");
    assert!(ui.finish().0.success());
}

#[test]
fn with_screen_only_tokens_are_served_behind_the_locked_screen() {
    let mut sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    sandbox.set("TOKENWARD_LOCK_SCREEN_ONLY", "true");
    let mut ui = Terminal::start(&sandbox, &[], 80, 24);
    ui.wait_for("▸ demo/alice");
    ui.keys("L");
    ui.wait_for("Tokens are kept");
    ui.wait_without("demo/alice");
    sandbox.run(["get", "demo/alice"]).ok();
    unlock(&mut ui, "not this one");
    ui.wait_for("opens no slot");
    unlock(&mut ui, PASSPHRASE);
    ui.wait_for("▸ demo/alice");
    // The command locks the screens, and nothing else.
    sandbox.run(["lock"]).ok();
    ui.wait_for("Tokens are kept");
    sandbox.run(["get", "demo/alice"]).ok();
    unlock(&mut ui, PASSPHRASE);
    ui.wait_for("▸ demo/alice");
    ui.keys("q");
    assert!(ui.finish().0.success());
}
