//! A browser is opened for a person who asks for it, and never by what runs in the background.

use crate::accounts::end_the_grants;
use crate::sandbox::{Running, Sandbox, eventually, provider};
use rustix::process::Signal;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;
use tokenward::demo::quirks::{Quirks, RequestKind};

/// A browser that writes down what it is to open.
fn recorder(sandbox: &mut Sandbox) -> PathBuf {
    let opened = sandbox.path("opened");
    let text = format!("#!/bin/sh\necho \"$1\" >> {}\n", opened.display());
    let browser = sandbox.write("browser", &text);
    std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o700)).unwrap();
    sandbox.set("BROWSER", browser.to_str().unwrap());
    // Whoever looks for a desktop instead finds one.
    sandbox.set("DISPLAY", ":77");
    opened
}

#[test]
fn the_background_opens_none_when_a_sign_in_is_needed_and_login_does() {
    let mut sandbox = Sandbox::with_vault();
    let opened = recorder(&mut sandbox);
    let provider = provider(Quirks {
        access_lifetime: Some(Duration::from_secs(2)),
        ..Quirks::default()
    });
    sandbox.sign_in(&provider, "alice");
    end_the_grants(&provider);
    // It finds out by itself.
    let daemon = sandbox.daemon();
    eventually("it needs a sign-in", || {
        let list = sandbox.run(["list", "--json"]).json();
        list[0]["health"] == "needs_login"
    });
    assert!(provider.control().counts().of(RequestKind::Refresh) > 0);
    for asked in [
        ["get", "demo/alice"],
        ["header", "demo/alice"],
        ["refresh", "demo/alice"],
    ] {
        assert_ne!(sandbox.run(asked).code, Some(0), "{asked:?}");
    }
    sandbox
        .run(["wait", "demo/alice", "--timeout", "1s"])
        .fails(5);
    daemon.signal(Signal::TERM);
    let (_, log) = daemon.finish();
    assert!(!opened.exists(), "a browser was opened: {log}");

    let issuer = provider.issuer();
    let mut login = sandbox.command(["login", "demo", "--issuer", &issuer]);
    login.args([
        "--client-id",
        "demo-cli",
        "--flow",
        "loopback",
        "--account",
        "alice",
    ]);
    let _login = Running::start(&mut login);
    eventually("the browser of who asks is opened", || {
        std::fs::read_to_string(&opened).is_ok_and(|text| text.contains("http://127.0.0.1"))
    });
}
