//! Keys of an AWS role for a token: `aws-credential` and `exec --aws-role`, against an STS on loopback.

use crate::sandbox::{Run, Sandbox, provider};
use crate::sts_rig::{Sts, given};
use std::time::Duration;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::Quirks;

const ROLE: &str = "arn:aws:iam::123456789012:role/deploy";

struct Scene {
    sandbox: Sandbox,
    provider: DemoProvider,
    sts: Sts,
}

impl Scene {
    fn new() -> Self {
        let sandbox = Sandbox::with_vault();
        let provider = provider(Quirks::default());
        sandbox.sign_in(&provider, "alice");
        let control = provider.control();
        // An ID token is none of the access tokens, and signed by the provider all the same.
        let sts = Sts::start(move |token| control.is_live(token) || token.starts_with("eyJ"));
        Self {
            sandbox,
            provider,
            sts,
        }
    }

    fn ask(&self, more: &[&str]) -> Run {
        let words = ["aws-credential", "demo/alice", "--role", ROLE];
        let words = [&words, more, &["--endpoint", &self.sts.endpoint]].concat();
        self.sandbox.run(words)
    }

    /// Runs a script of the shell that gets keys; `ask` in it asks for some.
    fn beside(&self, before: &str, script: &str) -> Run {
        let file = self.sandbox.write(
            "home/script",
            &format!(
                "ask() {{ curl --silent -H \"Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN\" \
                 \"$@\" \"$AWS_CONTAINER_CREDENTIALS_FULL_URI\"; echo; }}\n{script}\n"
            ),
        );
        self.sandbox.shell(&format!(
            "{before} \"$0\" exec --aws-role {ROLE} --aws-endpoint {} demo/alice -- sh {}",
            self.sts.endpoint,
            file.display()
        ))
    }
}

#[test]
fn keys_of_a_role_are_printed_as_a_process_of_aws_prints_them() {
    let scene = Scene::new();
    let said = scene.ask(&[]).json();
    assert_eq!(said["Version"], 1);
    assert_eq!(said["AccessKeyId"], "ASIA1");
    assert_eq!(said["SecretAccessKey"], "secret/key+1");
    assert_eq!(said["SessionToken"], "session+token=1");
    let end: jiff::Timestamp = said["Expiration"].as_str().unwrap().parse().unwrap();
    assert!(end > jiff::Timestamp::now());
    let more = [
        "--duration",
        "15m",
        "--session-name",
        "ci",
        "--region",
        "eu-central-1",
        "--id-token",
    ];
    scene.ask(&more).ok();
    let asked = scene.sts.asked();
    let of = |number: usize, name: &str| asked[number].get(name).map(String::as_str);
    assert_eq!(of(0, "Action"), Some("AssumeRoleWithWebIdentity"));
    assert_eq!(of(0, "RoleArn"), Some(ROLE));
    assert_eq!(
        (of(0, "RoleSessionName"), of(0, "DurationSeconds")),
        (Some("alice"), None)
    );
    assert!(
        scene
            .provider
            .control()
            .is_live(of(0, "WebIdentityToken").unwrap())
    );
    assert_eq!(
        (of(1, "RoleSessionName"), of(1, "DurationSeconds")),
        (Some("ci"), Some("900"))
    );
    // A JWT of three parts for the client.
    assert_eq!(of(1, "WebIdentityToken").unwrap().split('.').count(), 3);
    assert_ne!(of(0, "WebIdentityToken"), of(1, "WebIdentityToken"));
    let told = scene.sandbox.run(["audit", "list", "--json"]).ok();
    assert!(told.contains("\"purpose\":\"aws\""), "{told}");
}

#[test]
fn what_aws_refuses_is_told_with_what_to_do_and_without_the_token() {
    let scene = Scene::new();
    let token = scene.sandbox.run(["get", "demo/alice"]).ok();
    let token = token.trim();
    for (status, code, words, exit, hint) in [
        (
            403,
            "AccessDenied",
            "Not authorized to perform sts:AssumeRoleWithWebIdentity",
            7,
            "trust policy",
        ),
        (
            400,
            "InvalidIdentityToken",
            token,
            1,
            "IAM identity provider",
        ),
        (
            400,
            "ExpiredTokenException",
            "Token expired",
            5,
            "tokenward refresh demo/alice",
        ),
        (
            400,
            "ValidationError",
            "DurationSeconds exceeds the MaxSessionDuration",
            2,
            "--duration",
        ),
        (503, "ServiceUnavailable", "slow down", 6, "try again"),
    ] {
        scene.sts.refuse(status, code, words);
        let said = scene.ask(&[]).fails(exit);
        assert!(said.contains(code) && said.contains(hint), "{said}");
        assert!(!said.contains(token), "{code}");
    }
    scene.ask(&["--duration", "13h"]).fails(2);
    scene.ask(&["--session-name", "a b"]).fails(2);
    let plain = [
        "aws-credential",
        "demo/alice",
        "--role",
        ROLE,
        "--endpoint",
        "http://sts.example/",
    ];
    let said = scene.sandbox.run(plain).fails(2);
    assert!(said.contains("plain http"), "{said}");
}

#[test]
fn a_hostile_sts_gets_one_token_and_gives_no_keys() {
    let scene = Scene::new();
    let token = scene.sandbox.run(["get", "demo/alice"]).ok();
    let token = token.trim();
    let elsewhere = Sts::start(|_| true);
    let good = given(1, "2999-01-01T00:00:00Z");
    let head = |status: &str, more: &str| {
        format!("HTTP/1.1 {status} X\r\n{more}Connection: close\r\n\r\n")
    };
    let with = |body: &str| head("200", "") + body;
    let answers = [
        // A token is never sent on.
        head("307", &format!("Location: {}\r\n", elsewhere.endpoint)),
        with("<html><body>sign in</body></html>"),
        with(&good[..good.len() / 2]),
        with(&format!("<!DOCTYPE a [<!ENTITY b \"c\">]>{good}")),
        with(&good.replace("ASIA1", "A\nexport X=1")),
        with(&good.replace("2999-01-01T00:00:00Z", "soon")),
        with(&format!("{good}{}", " ".repeat(2 << 20))),
        head("400", "") + &format!("<Error><Code>{token}</Code><Message>{token}</Message></Error>"),
        head("400", "") + "<Error><Code>A\u{1b}[2JB</Code></Error>",
        String::new(),
    ];
    for answer in answers {
        scene.sts.say(answer.clone());
        let run = scene.ask(&[]);
        assert!(!matches!(run.code, None | Some(0)), "{answer:.200} {run:?}");
        assert_eq!(run.stdout, "");
        assert!(!run.stderr.contains(token) && !run.stderr.contains('\u{1b}'));
    }
    assert!(elsewhere.asked().is_empty());
}

#[test]
fn a_program_gets_keys_as_inside_a_container_and_nothing_else() {
    let scene = Scene::new();
    let said = scene.beside(
        "AWS_ACCESS_KEY_ID=other AWS_PROFILE=other AWS_CONFIG_FILE=other",
        "ask; ask; echo \"[$AWS_ACCESS_KEY_ID$AWS_PROFILE$TOKENWARD_TOKEN$TOKENWARD_DEMO_ALICE]$AWS_CONFIG_FILE\"; exit 3",
    );
    assert_eq!(said.code, Some(3), "{said:?}");
    let lines: Vec<&str> = said.stdout.lines().collect();
    for line in &lines[..2] {
        let keys: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(keys["AccessKeyId"], "ASIA1");
        assert_eq!(keys["Token"], "session+token=1");
        assert!(keys["Expiration"].is_string());
    }
    assert_eq!(lines[2], "[]/dev/null");
    assert_eq!(scene.sts.asked().len(), 1);
}

#[test]
fn keys_are_renewed_for_as_long_as_the_program_runs() {
    let scene = Scene::new();
    scene.sts.live(Duration::from_secs(30));
    let said = scene.beside("", "ask; ask").ok();
    assert!(
        said.contains("\"ASIA2\"") && said.contains("\"ASIA3\""),
        "{said}"
    );
    // What hinders reaches the program in the words of AWS's own endpoint.
    let endpoint = scene.sts.clone();
    endpoint.refuse(403, "AccessDenied", "no longer");
    let said = scene.beside("", "ask").fails(7);
    assert!(said.contains("AccessDenied"), "{said}");
}

#[test]
fn who_does_not_know_the_word_or_comes_from_a_web_page_gets_no_keys() {
    let scene = Scene::new();
    let said = scene.beside(
        "",
        "code() { curl --silent --output /dev/null --write-out '%{http_code} ' \"$@\"; }\n\
         url=$AWS_CONTAINER_CREDENTIALS_FULL_URI; word=\"Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN\"\n\
         code $url; code -H 'Authorization: x' $url; code -H \"${word}x\" $url\n\
         code -H \"$word\" -H 'Host: evil.example' $url; code -H \"$word\" -H 'Origin: https://evil.example' $url\n\
         code -H \"$word\" ${url}x; code -H \"$word\" --request POST $url; code -H \"$word\" $url; echo $url",
    );
    let said = said.ok();
    let (codes, url) = said.trim_end().rsplit_once(' ').unwrap();
    assert_eq!(codes, "401 401 401 403 403 404 404 200");
    // It is gone with the program.
    let port = url
        .trim_start_matches("http://127.0.0.1:")
        .split('/')
        .next()
        .unwrap();
    assert!(std::net::TcpStream::connect(("127.0.0.1", port.parse::<u16>().unwrap())).is_err());
}

#[test]
fn keys_need_one_credential_and_a_vault_that_opens_again() {
    let mut scene = Scene::new();
    let words = [
        "exec",
        "--aws-role",
        ROLE,
        "demo/alice",
        "demo/bob",
        "--",
        "true",
    ];
    scene.sandbox.run(words).fails(2);
    scene
        .sandbox
        .run(["exec", "--aws-role", "deploy", "demo/alice", "--", "true"])
        .fails(2);
    scene
        .sandbox
        .run(["exec", "--aws-region", "x", "demo/alice", "--", "true"])
        .fails(2);
    scene.sandbox.unset("TOKENWARD_PASSPHRASE_FILE");
    scene.beside("", "ask").fails(4);
    assert!(scene.sts.asked().is_empty());
}
