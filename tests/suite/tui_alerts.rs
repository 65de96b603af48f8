//! Alerts as a person meets them in the UI: noticed, looked at on the activity screen, weighed in the analysis.

use crate::sandbox::{PASSPHRASE, Sandbox, provider};
use crate::tui_rig::Terminal;
use tokenward::demo::quirks::Quirks;

fn configured(settings: &str) -> Sandbox {
    let sandbox = Sandbox::with_vault();
    let text = format!("[audit]\nalert_new_programs = false\n{settings}\n");
    sandbox.write("home/.config/tokenward/config.toml", &text);
    sandbox
}

#[test]
fn an_alert_leads_to_its_lines_and_their_analysis_and_comes_back_when_it_goes_on() {
    let sandbox = configured("alert_credential_a_day = 4");
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let mut ui = Terminal::start(&sandbox, &[], 120, 36);
    ui.wait_for("▸ demo/alice");
    for _ in 0..5 {
        sandbox.run(["refresh", "demo/alice"]).ok();
    }
    ui.wait_for("Inbox (1)");
    ui.keys("2");
    ui.wait_for("busy credential");
    ui.wait_for("demo/alice had");
    ui.keys("\r");
    // Its lines, and nothing else, on the activity screen; the newest it rests on is chosen.
    ui.wait_for("n analysis");
    ui.wait_until("only its own lines show", |screen| {
        let text = screen.contents();
        text.contains("▸") && text.contains("refresh") && !text.contains("the engine started")
    });
    ui.wait_without("Inbox (1)");
    ui.keys("n");
    ui.wait_for("What the activity adds up to");
    ui.wait_for("! demo/alice had");
    ui.wait_for("tokenward audit list --credential demo/alice");
    ui.keys("\x1b");
    ui.wait_without("What the activity adds up to");
    // Looked at, it is silent for a while, but not for the rest of the day.
    for _ in 0..20 {
        sandbox.run(["refresh", "demo/alice"]).ok();
    }
    ui.wait_for("Inbox (1)");
    ui.keys("q");
    assert!(ui.finish().0.success());
}

#[test]
fn wrong_passphrases_that_were_looked_at_are_news_again_with_the_next_one() {
    let sandbox = configured("[limits]\npassphrase_free_tries = 10");
    let mut ui = Terminal::start(&sandbox, &[], 120, 36);
    ui.wait_for("Press a to sign in");
    let wrong = sandbox.write("wrong", "not this one\n");
    let lock_and_guess = |ui: &mut Terminal, many: usize| {
        ui.keys("L");
        ui.wait_for("as you wished");
        for _ in 0..many {
            let mut guess = sandbox.command(["unlock"]);
            guess.env("TOKENWARD_PASSPHRASE_FILE", &wrong);
            assert!(!guess.output().unwrap().status.success());
        }
        ui.keys(&format!("{PASSPHRASE}\r"));
        ui.wait_without("Locked at");
    };
    lock_and_guess(&mut ui, 3);
    ui.wait_for("Inbox (1)");
    ui.keys("2");
    ui.wait_for("3 wrong passphrases were told");
    ui.keys("\r");
    ui.wait_for("wrong passphrases");
    ui.wait_without("Inbox (1)");
    lock_and_guess(&mut ui, 1);
    // A notice: the lines of the activity show.
    ui.wait_for("4 wrong passphrases were told");
    ui.wait_for("Inbox (1)");
    ui.keys("q");
    assert!(ui.finish().0.success());
}
