//! The inbox of the UI in a real terminal: what came in while the vault was locked is noticed, taken in, refused.

use crate::inbox::sign_in_apart;
use crate::sandbox::{PASSPHRASE, Sandbox, eventually, provider};
use crate::tui_rig::Terminal;
use tokenward::demo::quirks::{Quirks, RequestKind};

/// Locked by its key, signed in to beside it, unlocked again, and its inbox looked into.
#[track_caller]
fn signed_in_while_locked(columns: u16, rows: u16, accounts: &[&str]) -> Locked {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let mut ui = Terminal::start(&sandbox, &[], columns, rows);
    ui.wait_for("▸ demo/alice");
    ui.keys("L");
    ui.wait_for("as you wished");
    eventually("the vault is locked", || {
        let status = sandbox.run(["status", "--json"]).json();
        !status["owner"]["locked"].is_null()
    });
    for account in accounts {
        sign_in_apart(&sandbox, &provider, account);
    }
    ui.keys(&format!("{PASSPHRASE}\r"));
    let many = accounts.len();
    ui.wait_for("came in while the vault was locked");
    ui.wait_for(&format!("Inbox ({many})"));
    ui.keys("2");
    ui.wait_for(&format!("▸ ! demo/{}  came in while locked", accounts[0]));
    Locked {
        sandbox,
        provider,
        ui,
    }
}

struct Locked {
    sandbox: Sandbox,
    provider: tokenward::demo::provider::DemoProvider,
    ui: Terminal,
}

#[test]
fn a_sign_in_while_it_was_locked_is_noticed_at_the_unlocking_and_taken_in_by_a_key() {
    let Locked {
        sandbox,
        provider,
        mut ui,
    } = signed_in_while_locked(80, 24, &["bob"]);
    ui.keys("\r");
    ui.wait_for("a sign-in while the vault was locked");
    ui.wait_for("y take in");
    sandbox.run(["get", "demo/bob"]).fails(3);
    ui.keys("y");
    ui.wait_for("demo/bob is taken in");
    ui.wait_without("Inbox (1)");
    ui.wait_for("Nothing needs you");
    let token = sandbox.run(["get", "demo/bob"]).ok();
    assert!(provider.control().is_live(token.trim()));
    ui.keys("1");
    ui.wait_for("demo/bob");
    ui.keys("q");
    assert!(ui.finish().0.success());
}

#[test]
fn one_of_a_taken_name_is_named_anew_and_others_are_refused_and_revoked_after_a_question() {
    let Locked {
        sandbox,
        provider,
        mut ui,
    } = signed_in_while_locked(120, 36, &["alice", "carol", "dave"]);
    let before = sandbox.run(["get", "demo/alice"]).ok();
    ui.keys("\r");
    ui.wait_for("There is a credential demo/alice already");
    ui.keys("nsecond\r");
    ui.wait_for("demo/second is taken in");
    assert_eq!(sandbox.run(["get", "demo/alice"]).ok(), before);

    // Any other key than the one that is asked for keeps it.
    ui.wait_for("▸ ! demo/carol  came in while locked");
    ui.keys("\rx");
    ui.wait_for("Refuse demo/carol?");
    ui.keys("n");
    ui.wait_for("everything was kept as it is");
    ui.keys("\rx");
    ui.wait_for("Refuse demo/carol?");
    ui.keys("y");
    ui.wait_for("refused demo/carol: its tokens live on");

    ui.wait_for("▸ ! demo/dave  came in while locked");
    let revoked = provider.control().counts().of(RequestKind::Revoke);
    ui.keys("\rX");
    ui.wait_for("Revoke and refuse demo/dave?");
    ui.keys("y");
    ui.wait_for("refused demo/dave: the provider confirmed");
    ui.wait_for("Nothing needs you");
    assert!(provider.control().counts().of(RequestKind::Revoke) > revoked);
    let listed = sandbox.run(["list", "--json"]).json();
    let names = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str());
    let names: Vec<_> = names.flatten().collect();
    assert_eq!(names, ["demo/alice", "demo/second"]);
    ui.keys("q");
    assert!(ui.finish().0.success());
}
