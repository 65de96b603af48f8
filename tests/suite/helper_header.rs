//! `header`, `sasl` and templates from outside: what they print, what curl does with it, what the log says.

use crate::accounts::signed_in;
use crate::sandbox::{Run, Sandbox, provider};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::Quirks;

fn scene() -> (Sandbox, DemoProvider) {
    signed_in(Quirks::default(), &["alice"])
}

fn token(sandbox: &Sandbox) -> String {
    let token = sandbox.run(["get", "demo/alice"]).ok();
    token.trim().to_owned()
}

#[test]
fn curl_takes_the_header_through_a_pipe_in_both_forms() {
    let (sandbox, provider) = scene();
    let url = format!("{}/userinfo", provider.issuer());
    let curl = "curl --silent --show-error --fail";
    for script in [
        format!("\"$0\" header demo/alice | {curl} -H @- {url}"),
        format!("\"$0\" header --curl demo/alice | {curl} --config - {url}"),
    ] {
        let said: Run = sandbox.shell(&script);
        assert!(said.ok().contains("alice"), "{script}");
    }
    let without = sandbox.shell(&format!("{curl} {url}"));
    assert_eq!(without.code, Some(22), "{without:?}");
}

#[test]
fn a_template_prints_what_it_says_and_nothing_unknown() {
    let (sandbox, _provider) = scene();
    let token = token(&sandbox);
    let template = "machine demo login {account} password {access_token} {{{provider}}} {scopes}";
    let _daemon = sandbox.daemon();
    // The short way, and the long one.
    for more in [&[][..], &["--scope", "read"]] {
        let words = ["get", "demo/alice", "--format", template];
        let said = sandbox.run([&words, more].concat()).ok();
        assert_eq!(
            said,
            format!(
                "machine demo login alice password {token} {{demo}} openid offline_access read\n"
            )
        );
    }
    let refused = sandbox.run(["get", "demo/alice", "--format", "{refresh_token}"]);
    let words = refused.fails(2);
    assert!(
        words.contains("{access_token} {token_type} {expires_at}"),
        "{words}"
    );
    assert!(
        sandbox
            .run(["get", "demo/alice", "--format", "yaml"])
            .fails(2)
            .contains("raw")
    );
    let with_proof = [
        "get",
        "demo/alice",
        "--format",
        "{account}",
        "--dpop",
        "GET",
        "https://a.example",
    ];
    sandbox.run(with_proof).fails(2);
}

#[test]
fn a_mail_program_gets_a_response_or_the_bare_token_with_its_purpose_in_the_log() {
    let (sandbox, _provider) = scene();
    let token = token(&sandbox);
    let said = |words: &[&str]| sandbox.run([&["sasl"], words].concat());
    let decoded = |words: &[&str]| {
        let line = said(words).ok();
        let line = line.strip_suffix('\n').unwrap();
        String::from_utf8(STANDARD.decode(line).unwrap()).unwrap()
    };
    let address = ["demo/alice", "--user", "alice@ex.org"];
    assert_eq!(
        decoded(&[&["xoauth2"], &address[..]].concat()),
        format!("user=alice@ex.org\u{1}auth=Bearer {token}\u{1}\u{1}")
    );
    assert_eq!(
        decoded(
            &[
                &["oauthbearer"],
                &address[..],
                &["--host", "m.ex.org", "--port", "993"]
            ]
            .concat()
        ),
        format!(
            "n,a=alice@ex.org,\u{1}host=m.ex.org\u{1}port=993\u{1}auth=Bearer {token}\u{1}\u{1}"
        )
    );
    // Without a word, and without an address that the provider told, it is the account.
    assert!(decoded(&["xoauth2", "demo/alice"]).starts_with("user=alice\u{1}"));
    assert_eq!(said(&["token", "demo/alice"]).ok(), format!("{token}\n"));
    said(&["token", "demo/alice", "--host", "m.ex.org"]).fails(2);
    said(&["xoauth2", "demo/alice", "--user", "a\u{1}b"]).fails(2);
    said(&["token", "demo/nobody"]).fails(3);
    sandbox.run(["header", "demo/alice"]).ok();
    let told = sandbox.run(["audit", "list", "--json"]).ok();
    for purpose in ["mail", "header"] {
        assert!(
            told.contains(&format!("\"purpose\":\"{purpose}\"")),
            "{told}"
        );
    }
}

#[test]
fn a_bound_token_goes_nowhere_without_its_proof() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    let mut login = sandbox.login(&provider, "loopback", "alice");
    login.arg("--dpop");
    approve(&mut login, &provider);
    for words in [
        ["header", "demo/alice"].as_slice(),
        &["sasl", "token", "demo/alice"],
    ] {
        let refused = sandbox.run(words).fails(1);
        assert!(refused.contains("--dpop METHOD URL"), "{refused}");
    }
}

/// The person says yes.
fn approve(login: &mut std::process::Command, provider: &DemoProvider) {
    use tokenward::demo::quirks::Consent;
    let mut login = crate::sandbox::Running::start(login);
    let mut lines = login.lines();
    let authorize = lines.next_json();
    let url = authorize["url"].as_str().unwrap();
    assert!(
        provider
            .control()
            .visit(url, &Consent::Allow("alice".to_owned()))
    );
    assert_eq!(lines.next_json()["event"], "signed_in");
    assert!(login.wait().success());
}
