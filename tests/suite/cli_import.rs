//! What other tools keep becomes credentials: recognised, shown without a token, asked about, taken in.

use crate::sandbox::{Sandbox, provider};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tokenward::cli::import::file::Source;
use tokenward::cli::import::reading::{Read, Unread};
use tokenward::cli::import::{aws_sso, docker, gcloud, gh, git, oidc_agent, pizauth, plain_json};
use tokenward::clock::Timestamp;
use tokenward::demo::quirks::Quirks;
use tokenward::demo::tokens::ACCESS_PREFIX;
use zeroize::Zeroizing;

/// Every secret in these files begins so.
const MARK: &str = "hush";

const HOSTS: &str = "\
github.com:
    git_protocol: https
    user: alice
    oauth_token: gho_hushAlice
    users:
        alice:
            oauth_token: gho_hushAlice
        bob:
            oauth_token: gho_hushBob
        carol:
git.corp.example:
    oauth_token: ghp_hushCorp
    user: alice
";

fn adc() -> Value {
    json!({
        "type": "authorized_user", "account": "", "client_id": "1.apps.googleusercontent.com",
        "client_secret": "hush-client", "refresh_token": "hush-refresh", "quota_project_id": "p1",
        "universe_domain": "googleapis.com",
    })
}

fn cached() -> Value {
    json!({
        "startUrl": "https://corp.awsapps.com/start", "region": "eu-west-1", "accessToken": "hush-access",
        "expiresAt": "2099-01-01T00:00:00UTC", "clientId": "c", "clientSecret": "hush-client",
        "registrationExpiresAt": "2099-01-01T00:00:00Z", "refreshToken": "hush-refresh",
    })
}

/// `alice:hush-password`, `ci:hush-other` and an identity token.
fn registries() -> Value {
    json!({
        "auths": {
            "https://index.docker.io/v1/": { "auth": "YWxpY2U6aHVzaC1wYXNzd29yZA==" },
            "ghcr.io": { "auth": "Y2k6aHVzaC1vdGhlcg==" },
            "corp.azurecr.io": { "auth": "MDAwOg==", "identitytoken": "hush-identity" },
            "kept.example": {},
        },
        "credsStore": "secretservice",
        "credHelpers": { "gcr.io": "gcloud" },
    })
}

fn account() -> Value {
    json!({
        "name": "work", "issuer_url": "https://accounts.google.com/", "client_id": "c1",
        "client_secret": "hush-client", "refresh_token": "hush-refresh", "scope": "openid email",
        "redirect_uris": ["http://localhost:8080"], "cert_path": "/etc/ssl/certs",
    })
}

/// What pizauth writes: two accounts, one of them without tokens.
fn dump() -> Vec<u8> {
    use chacha20poly1305::aead::Aead;
    use chacha20poly1305::{ChaCha20Poly1305, KeyInit};
    let mut plain = Vec::new();
    let number = |plain: &mut Vec<u8>, number: u64| plain.extend(number.to_le_bytes());
    let text = |plain: &mut Vec<u8>, text: &str| {
        plain.extend((text.len() as u64).to_le_bytes());
        plain.extend(text.as_bytes());
    };
    let head = |plain: &mut Vec<u8>, name: &str| {
        text(plain, name);
        text(
            plain,
            "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
        );
        number(plain, 1);
        text(plain, "login_hint");
        text(plain, "me@corp.example");
        text(plain, "client-1");
        plain.push(1);
        text(plain, "hush-client");
        text(plain, "http://localhost/");
        number(plain, 2);
        text(plain, "https://outlook.office365.com/IMAP.AccessAsUser.All");
        text(plain, "offline_access");
        text(
            plain,
            "https://login.microsoftonline.com/common/oauth2/v2.0/token",
        );
    };
    number(&mut plain, 1);
    number(&mut plain, 2);
    head(&mut plain, "empty");
    plain.extend(0_u32.to_le_bytes());
    head(&mut plain, "office");
    plain.extend(1_u32.to_le_bytes());
    text(&mut plain, "hush-access");
    for moment in [1_900_000_000_u64, 4_000_000_000] {
        number(&mut plain, moment);
        plain.extend(0_u32.to_le_bytes());
    }
    plain.push(1);
    text(&mut plain, "hush-refresh");
    let key = [
        0x66, 0xa2, 0x47, 0xa8, 0x5e, 0x48, 0xcf, 0xec, 0xaa, 0xed, 0x9b, 0x36, 0xeb, 0xa9, 0x7d,
        0x53, 0x50, 0xd4, 0x28, 0x63, 0x75, 0x09, 0x7a, 0x44, 0xee, 0xff, 0xb9, 0xc4, 0x54, 0x6b,
        0x65, 0xa3,
    ];
    let cipher = ChaCha20Poly1305::new(&key.into());
    let nonce = [7; 12];
    let veiled = cipher.encrypt(&nonce.into(), plain.as_slice()).unwrap();
    [nonce.to_vec(), veiled].concat()
}

/// The found ones of a dry run, by name, after a look that no token was said.
#[track_caller]
fn shown(sandbox: &Sandbox, arguments: &[&str]) -> (Vec<(String, Value)>, Value) {
    let all = ["import"].iter().chain(arguments).chain(&["--dry-run"]);
    let people = sandbox.run(all.clone());
    assert!(
        !people.stdout.contains(MARK) && !people.stderr.contains(MARK),
        "{people:?}"
    );
    let said = sandbox.run(all.chain(&["--json"]));
    assert!(
        !said.stdout.contains(MARK) && !said.stderr.contains(MARK),
        "{said:?}"
    );
    let said = said.json();
    let found = said["found"].as_array().unwrap().iter();
    let named = found.map(|one| (one["name"].as_str().unwrap().to_owned(), one.clone()));
    let mut named: Vec<_> = named.collect();
    named.sort_by(|a, b| a.0.cmp(&b.0));
    (named, said["elsewhere"].clone())
}

fn names(found: &[(String, Value)]) -> Vec<&str> {
    found.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn ghs_tokens_are_taken_in_and_those_in_the_keyring_are_told() {
    let mut sandbox = Sandbox::with_vault();
    let words = sandbox.run(["import", "--from", "gh"]).fails(1);
    assert!(words.contains(".config/gh/hosts.yml"), "{words}");
    sandbox.write("gh/hosts.yml", HOSTS);
    let folder = sandbox.path("gh");
    sandbox.set("GH_CONFIG_DIR", folder.to_str().unwrap());
    let (found, elsewhere) = shown(&sandbox, &["--from", "gh"]);
    let expected = ["git.corp.example/alice", "github/alice", "github/bob"];
    assert_eq!(names(&found), expected);
    assert_eq!(found[1].1["renewable"], false);
    assert_eq!(elsewhere[0]["what"], "carol at github.com", "{elsewhere}");
    let hint = elsewhere[0]["hint"].as_str().unwrap();
    assert!(
        hint.contains("gh auth token --hostname github.com --user carol"),
        "{hint}"
    );
    let done = sandbox.run([
        "import",
        "--from",
        "gh",
        "--yes",
        "--only",
        "github/bob",
        "--json",
    ]);
    assert_eq!(done.json()[0]["from"]["from"], "gh");
    assert_eq!(
        sandbox.run(["get", "github/bob"]).ok().trim(),
        "gho_hushBob"
    );
    let list = sandbox.run(["list", "--json"]).json();
    assert_eq!(list[0]["flow"], "api_key", "{list}");
    assert_eq!(list[0]["health"], "static", "{list}");
}

#[test]
fn a_bare_token_of_gh_is_taken_through_a_pipe_and_helpers_are_asked_on_wish() {
    let mut sandbox = Sandbox::with_vault();
    let piped = "printf gho_hushPiped | \"$0\" import --from gh --as github/carol --yes -";
    sandbox.shell(piped).ok();
    assert_eq!(
        sandbox.run(["get", "github/carol"]).ok().trim(),
        "gho_hushPiped"
    );
    sandbox.write("home/.config/gh/hosts.yml", "github.com:\n    user: dave\n");
    let script = "#!/bin/sh\n[ \"$*\" = 'auth token --hostname github.com --user dave' ] && echo gho_hushDave\n";
    let gh = sandbox.write("bin/gh", script);
    std::fs::set_permissions(&gh, std::fs::Permissions::from_mode(0o700)).unwrap();
    let path = format!("{}:/usr/bin:/bin", sandbox.path("bin").display());
    sandbox.set("PATH", &path);
    let (found, elsewhere) = shown(&sandbox, &["--from", "gh"]);
    assert_eq!((found.len(), elsewhere.as_array().unwrap().len()), (0, 1));
    sandbox
        .run(["import", "--from", "gh", "--helpers", "--yes"])
        .ok();
    assert_eq!(
        sandbox.run(["get", "github/dave"]).ok().trim(),
        "gho_hushDave"
    );
}

#[test]
fn googles_default_credentials_are_refreshed_by_the_catalogues_record() {
    let sandbox = Sandbox::with_vault();
    sandbox.write(
        "home/.config/gcloud/application_default_credentials.json",
        &adc().to_string(),
    );
    sandbox.write(
        "home/.config/gcloud/legacy_credentials/me@corp.example/adc.json",
        &adc().to_string(),
    );
    let (found, _) = shown(&sandbox, &["--from", "gcloud"]);
    assert_eq!(
        names(&found),
        ["google/application-default", "google/me@corp.example"]
    );
    let (_, one) = &found[0];
    assert_eq!(one["renewable"], true, "{one}");
    assert_eq!(one["host"], "oauth2.googleapis.com", "{one}");
    assert!(
        one["remarks"]
            .to_string()
            .contains("fetched at the first refresh"),
        "{one}"
    );
    sandbox
        .run([
            "import",
            "--from",
            "gcloud",
            "--yes",
            "--only",
            "google/application-default",
        ])
        .ok();
    let list = sandbox.run(["list", "--json"]).json();
    assert_eq!(list[0]["kept"]["quota_project_id"], "p1", "{list}");
    let service =
        json!({"type": "service_account", "client_email": "x@p1.example", "private_key": "hush"});
    let file = sandbox.write("service.json", &service.to_string());
    let (found, elsewhere) = shown(&sandbox, &["--from", "gcloud", file.to_str().unwrap()]);
    assert!(found.is_empty());
    assert!(
        elsewhere[0]["why"]
            .as_str()
            .unwrap()
            .contains("private key"),
        "{elsewhere}"
    );
}

#[test]
fn awss_token_comes_with_what_renews_it_for_as_long_as_its_client_is_registered() {
    let sandbox = Sandbox::with_vault();
    sandbox.write("home/.aws/sso/cache/0a.json", &cached().to_string());
    let registration =
        json!({"clientId": "c", "clientSecret": "hush", "expiresAt": "2099-01-01T00:00:00Z"});
    sandbox.write(
        "home/.aws/sso/cache/botocore-client-id.json",
        &registration.to_string(),
    );
    let (found, _) = shown(&sandbox, &["--from", "aws-sso"]);
    assert_eq!(names(&found), ["aws-sso/corp"]);
    let (_, one) = &found[0];
    assert_eq!(one["provider"], "AWS IAM Identity Center");
    assert_eq!(one["expires_at"], "2099-01-01T00:00:00.000Z", "{one}");
    assert_eq!(one["renewable"], true);
    assert_eq!(one["host"], "oidc.eu-west-1.amazonaws.com");
    assert!(
        one["remarks"]
            .to_string()
            .contains("the aws command renews it too"),
        "{one}"
    );
    sandbox.run(["import", "--from", "aws-sso", "--yes"]).ok();
    let list = sandbox.run(["list", "--json"]).json();
    assert_eq!(list[0]["kept"]["region"], "eu-west-1", "{list}");
    let dies_at = list[0]["dies_at"].as_str().unwrap();
    assert!(
        dies_at.starts_with("2098-12-31T23:59:59") || dies_at.starts_with("2099-01-01"),
        "its client's registration ends: {list}"
    );
    assert_eq!(
        sandbox.run(["get", "aws-sso/corp"]).ok().trim(),
        "hush-access"
    );
}

#[test]
fn what_cannot_renew_awss_token_is_left_out_with_the_reason() {
    let without = |name: &str| {
        let mut cached = cached();
        cached.as_object_mut().unwrap().remove(name);
        cached
    };
    let with = |name: &str, value: &str| {
        let mut cached = cached();
        cached[name] = value.into();
        cached
    };
    for (cached, why) in [
        (without("clientSecret"), "is not told"),
        (without("clientId"), "is not told"),
        (without("region"), "none of AWS's"),
        (with("region", "evil.example/x?"), "none of AWS's"),
        (with("region", "eu-west-1@evil"), "none of AWS's"),
        (
            with("registrationExpiresAt", "2020-01-01T00:00:00Z"),
            "not registered any more",
        ),
    ] {
        let sandbox = Sandbox::with_vault();
        sandbox.write("home/.aws/sso/cache/0a.json", &cached.to_string());
        let (found, _) = shown(&sandbox, &["--from", "aws-sso"]);
        let (_, one) = &found[0];
        assert_eq!(one["renewable"], false, "{one}");
        let remarks = one["remarks"].to_string();
        let said = "its refresh token is left out";
        assert!(remarks.contains(said) && remarks.contains(why), "{one}");
        assert_eq!(one["expires_at"], "2099-01-01T00:00:00.000Z", "{one}");
    }
}

#[test]
fn registries_are_taken_and_what_a_helper_keeps_is_told_or_fetched() {
    let mut sandbox = Sandbox::with_vault();
    sandbox.write("docker/config.json", &registries().to_string());
    let folder = sandbox.path("docker");
    sandbox.set("DOCKER_CONFIG", folder.to_str().unwrap());
    let (found, elsewhere) = shown(&sandbox, &["--from", "docker"]);
    let expected = ["corp.azurecr.io/000", "ghcr.io/ci", "index.docker.io/alice"];
    assert_eq!(names(&found)[..2], expected[..2]);
    assert!(names(&found)[2].ends_with("/alice"), "{found:?}");
    let whats = elsewhere.as_array().unwrap().iter();
    let whats: Vec<_> = whats.map(|one| one["what"].as_str().unwrap()).collect();
    assert_eq!(whats, ["kept.example", "gcr.io"]);
    let script = "#!/bin/sh\nread -r registry\n[ \"$1\" = get ] && printf '{\"ServerURL\":\"%s\",\"Username\":\"me\",\"Secret\":\"hush-kept\"}' \"$registry\"\n";
    let helper = sandbox.write("bin/docker-credential-secretservice", script);
    std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o700)).unwrap();
    let path = format!("{}:/usr/bin:/bin", sandbox.path("bin").display());
    sandbox.set("PATH", &path);
    let (found, elsewhere) = shown(&sandbox, &["--from", "docker", "--helpers"]);
    assert!(names(&found).contains(&"kept.example/me"), "{found:?}");
    assert_eq!(elsewhere.as_array().unwrap().len(), 1, "{elsewhere}");
    sandbox
        .run([
            "import",
            "--from",
            "docker",
            "--yes",
            "--only",
            "ghcr.io/ci",
        ])
        .ok();
    assert_eq!(sandbox.run(["get", "ghcr.io/ci"]).ok().trim(), "hush-other");
}

#[test]
fn gits_store_and_its_answers_are_read_and_a_refresh_token_wants_its_client() {
    let sandbox = Sandbox::with_vault();
    let store = "https://alice:hush%2Dpass@github.com\nhttps://oauth2:hush-token@gitlab.com\n\
                 http://bob:hush-x@git.corp.example:8080/team/repo\n";
    sandbox.write("home/.git-credentials", store);
    let (found, _) = shown(&sandbox, &["--from", "git"]);
    assert_eq!(
        names(&found),
        ["git.corp.example-8080/bob", "github/alice", "gitlab/git"]
    );
    sandbox
        .run(["import", "--from", "git", "--yes", "--only", "github/alice"])
        .ok();
    assert_eq!(
        sandbox.run(["get", "github/alice"]).ok().trim(),
        "hush-pass"
    );
    let answer = "protocol=https\nhost=gitlab.com\nusername=oauth2\npassword=hush-a\n\
                  password_expiry_utc=4000000000\noauth_refresh_token=hush-r\n";
    let file = sandbox.write("filled", answer);
    let file = file.to_str().unwrap();
    let (found, _) = shown(&sandbox, &["--from", "git", file]);
    assert_eq!(found[0].1["renewable"], false);
    assert!(
        found[0].1["remarks"].to_string().contains("--client-id"),
        "{found:?}"
    );
    let (found, _) = shown(&sandbox, &["--from", "git", file, "--client-id", "app"]);
    assert_eq!(found[0].1["renewable"], true, "{found:?}");
}

#[test]
fn a_token_in_the_users_place_of_gits_store_names_nothing_and_is_the_token() {
    let sandbox = Sandbox::with_vault();
    let store = "https://ghp_hushUser:x-oauth-basic@github.com\nhttps://glpat-hush:@gitlab.com\n";
    sandbox.write("home/.git-credentials", store);
    let (found, _) = shown(&sandbox, &["--from", "git"]);
    assert_eq!(names(&found), ["github/git", "gitlab/git"]);
    sandbox.run(["import", "--from", "git", "--yes"]).ok();
    let told = [
        sandbox.run(["list", "--json"]).ok(),
        sandbox.run(["why", "github/git"]).ok(),
        sandbox.run(["audit", "list", "--json"]).ok(),
    ];
    assert!(!told.concat().contains(MARK), "{told:?}");
    let token = |name| sandbox.run(["get", name]).ok().trim().to_owned();
    assert_eq!(token("github/git"), "ghp_hushUser");
    assert_eq!(token("gitlab/git"), "glpat-hush");
}

#[test]
fn a_line_or_file_that_cannot_be_read_is_told_and_stops_no_other() {
    let sandbox = Sandbox::with_vault();
    let words = |run: crate::sandbox::Run| run.stderr;
    sandbox.write("home/.git-credentials", "");
    let run = sandbox.run(["import", "--from", "git", "--yes"]);
    run.fails(1);
    let store = "https://u:hush-port@git.corp.example%3a8080\nDear hush\n";
    sandbox.write("home/.config/git/credentials", store);
    let (found, elsewhere) = shown(&sandbox, &["--from", "git"]);
    assert_eq!(names(&found), ["git.corp.example-8080/u"]);
    let what = elsewhere[0]["what"].as_str().unwrap();
    assert!(what.starts_with("line 2 of "), "{elsewhere}");
    let folder = "home/.config/gcloud/legacy_credentials";
    sandbox.write(&format!("{folder}/a@x/adc.json"), r#"{"type": "hush"}"#);
    sandbox.write(&format!("{folder}/b@x/adc.json"), &adc().to_string());
    let (found, elsewhere) = shown(&sandbox, &["--from", "gcloud"]);
    assert_eq!(names(&found), ["google/b@x"]);
    let what = elsewhere[0]["what"].as_str().unwrap();
    assert!(what.ends_with("a@x/adc.json"), "{elsewhere}");
    let run = sandbox.run(["import", "--from", "gcloud", "--yes"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(words(run).contains("a@x/adc.json: it is not what gcloud"));
}

#[test]
fn a_token_with_a_line_break_in_it_is_refused_by_name() {
    let sandbox = Sandbox::with_vault();
    let one = json!([
        {"name": "corp/bad", "access_token": "hush\r\nSet-Cookie: hush"},
        {"name": "corp/good", "access_token": "hush-good"},
    ]);
    let file = sandbox.write("two.json", &one.to_string());
    let (found, elsewhere) = shown(&sandbox, &["--from", "json", file.to_str().unwrap()]);
    assert_eq!(names(&found), ["corp/good"]);
    assert_eq!(elsewhere[0]["what"], "corp/bad", "{elsewhere}");
}

#[test]
fn two_of_one_name_both_come_in_and_of_one_sign_in_with_aws_the_later_one() {
    let sandbox = Sandbox::with_vault();
    let store = "https://u:hush-1@a.example\nhttps://u:hush-2@a.example/team\n";
    let file = sandbox.write("store", store);
    let import = |more: &[&str]| {
        let arguments = ["import", "--from", "git", file.to_str().unwrap(), "--yes"];
        sandbox.run(arguments.iter().chain(more)).ok()
    };
    let token = |name: &str| sandbox.run(["get", name]).ok().trim().to_owned();
    import(&[]);
    assert_eq!(token("a.example/u-2"), "hush-2");
    sandbox.run(["remove", "--yes", "a.example/u-2"]).ok();
    import(&["--replace"]);
    assert_eq!(token("a.example/u"), "hush-1");
    assert_eq!(token("a.example/u-2"), "hush-2");
    let old = {
        let mut old = cached();
        old["accessToken"] = "hush-old".into();
        old["expiresAt"] = "2020-01-01T00:00:00UTC".into();
        old
    };
    sandbox.write("home/.aws/sso/cache/0a.json", &cached().to_string());
    sandbox.write("home/.aws/sso/cache/1b.json", &old.to_string());
    let (found, _) = shown(&sandbox, &["--from", "aws-sso"]);
    assert_eq!(names(&found), ["aws-sso/corp"]);
    assert!(found[0].1["remarks"].to_string().contains("ends sooner"));
    for more in [&[][..], &["--replace"]] {
        let arguments = ["import", "--from", "aws-sso", "--yes"];
        sandbox.run(arguments.iter().chain(more)).ok();
        assert_eq!(token("aws-sso/corp"), "hush-access");
    }
}

#[test]
fn oidc_agents_accounts_are_read_as_printed_and_recognised_when_encrypted() {
    let mut sandbox = Sandbox::with_vault();
    let file = sandbox.write("printed.json", &account().to_string());
    let (found, _) = shown(&sandbox, &["--from", "oidc-agent", file.to_str().unwrap()]);
    assert_eq!(names(&found), ["google/work"]);
    assert_eq!(found[0].1["scopes"], json!(["openid", "email"]));
    sandbox.write(
        "agent/kit",
        "24\nqg0uzcJxBCDe+w==\n7tHzQw==:12\nGenerated using version: 5.1.0\n",
    );
    sandbox.write("agent/issuer.config", "https://accounts.google.com/ work\n");
    let folder = sandbox.path("agent");
    sandbox.set("OIDC_CONFIG_DIR", folder.to_str().unwrap());
    let (found, elsewhere) = shown(&sandbox, &["--from", "oidc-agent"]);
    assert!(found.is_empty());
    assert!(
        elsewhere[0]["hint"]
            .as_str()
            .unwrap()
            .contains("oidc-gen -p kit"),
        "{elsewhere}"
    );
}

#[test]
fn pizauths_dump_is_read_without_its_own_program() {
    let sandbox = Sandbox::with_vault();
    let words = sandbox.run(["import", "--from", "pizauth"]).fails(1);
    assert!(words.contains("pizauth dump |"), "{words}");
    let file = sandbox.write("dump", "");
    std::fs::write(&file, dump()).unwrap();
    let (found, _) = shown(&sandbox, &["--from", "pizauth", file.to_str().unwrap()]);
    assert_eq!(names(&found), ["microsoft/office"]);
    assert_eq!(found[0].1["renewable"], true);
    assert_eq!(found[0].1["expires_at"], "2096-10-02T07:06:40.000Z");
    sandbox
        .run([
            "import",
            "--from",
            "pizauth",
            "--yes",
            file.to_str().unwrap(),
        ])
        .ok();
    assert_eq!(
        sandbox.run(["get", "microsoft/office"]).ok().trim(),
        "hush-access"
    );
}

/// The words of the standard for what a credential of this vault holds: its refresh token and where that is used.
pub fn moved_out(sandbox: &Sandbox, name: &str, called: &str) -> Value {
    let file = sandbox.path("alice.age");
    let word = sandbox.write("word", "seven pale owls sing below the harbour");
    let word = word.to_str().unwrap();
    let export = ["export", name, file.to_str().unwrap()];
    let sealed = ["--export-passphrase-file", word, "--work-factor", "10"];
    sandbox
        .run(export.into_iter().chain(sealed).collect::<Vec<_>>())
        .ok();
    let identity =
        age::scrypt::Identity::new("seven pale owls sing below the harbour".to_owned().into());
    let opened = age::decrypt(&identity, &std::fs::read(&file).unwrap()).unwrap();
    let whole: Value = serde_json::from_slice(&opened).unwrap();
    let secret = &whole["credentials"][0]["secret"];
    json!([{
        "name": called, "refresh_token": secret["refresh_token"], "client_id": "demo-cli",
        "token_endpoint": secret["provider"]["endpoints"]["token"], "scope": "openid read",
    }])
}

#[test]
fn json_in_the_words_of_the_standard_is_refreshed_at_its_own_endpoint() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let one = moved_out(&sandbox, "demo/alice", "corp/alice");
    let file = sandbox.write("one.json", &one.to_string());
    sandbox
        .run(["import", "--from", "json", file.to_str().unwrap(), "--yes"])
        .ok();
    let list = sandbox.run(["list", "--json", "corp"]).json();
    assert_eq!(
        list[0]["health"], "expired",
        "nothing is handed out before it is fetched: {list}"
    );
    let token = sandbox.run(["get", "corp/alice"]).ok();
    assert!(token.starts_with(ACCESS_PREFIX), "{token}");
    let secret = json!({"access_token": "hush-key", "expires_in": 3600});
    let file = sandbox.write("bare.json", &secret.to_string());
    let name = file.to_str().unwrap();
    sandbox
        .run([
            "import", "--from", "json", name, "--as", "corp/key", "--yes",
        ])
        .ok();
    assert_eq!(sandbox.run(["get", "corp/key"]).ok().trim(), "hush-key");
}

#[test]
fn files_that_others_may_write_or_that_lead_out_are_left_alone() {
    let sandbox = Sandbox::with_vault();
    let file = sandbox.write("home/.config/gh/hosts.yml", HOSTS);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).unwrap();
    let words = sandbox
        .run(["import", "--from", "gh", "--dry-run"])
        .fails(7);
    assert!(words.contains("chmod go-w"), "{words}");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let run = sandbox.run(["import", "--from", "gh", "--dry-run"]);
    assert!(run.stderr.contains("others can read"), "{run:?}");
    run.ok();
    let outside = sandbox.write("outside.json", &cached().to_string());
    let cache = sandbox.write("home/.aws/sso/cache/own.json", "{}");
    std::os::unix::fs::symlink(outside, cache.with_file_name("link.json")).unwrap();
    let words = sandbox.run(["import", "--from", "aws-sso"]).fails(1);
    assert!(words.contains("nothing was found"), "{words}");
}

fn source(bytes: &[u8]) -> Source {
    Source {
        bytes: Zeroizing::new(bytes.to_vec()),
        path: Some(Path::new("/home/x/file").to_path_buf()),
    }
}

type Reader = fn(&Source) -> Result<Read, Unread>;

/// Each reader with a file it reads.
fn readers() -> Vec<(Reader, Vec<u8>)> {
    let store = b"https://alice:hush@github.com\n".to_vec();
    let answer = b"host=x\nusername=u\npassword=hush\noauth_refresh_token=hush\n".to_vec();
    let one = json!([{"name": "a/b", "access_token": "hush", "expires_at": 5, "scopes": ["a"]}]);
    vec![
        (|it| gh::read(it, None), HOSTS.as_bytes().to_vec()),
        (gcloud::read, adc().to_string().into_bytes()),
        (
            |it| aws_sso::read(it, Timestamp::from_secs(0)),
            cached().to_string().into_bytes(),
        ),
        (
            |it| docker::read(it, None),
            registries().to_string().into_bytes(),
        ),
        (oidc_agent::read, account().to_string().into_bytes()),
        (git::read, store),
        (git::read, answer),
        (pizauth::read, dump()),
        (
            |it| plain_json::read(it, Timestamp::from_secs(0)),
            one.to_string().into_bytes(),
        ),
    ]
}

/// Reads and makes credentials; nothing that is said holds a secret.
fn try_it(reader: Reader, bytes: &[u8]) -> Result<(), TestCaseError> {
    let source = source(bytes);
    match reader(&source) {
        Ok(read) => {
            let said = format!("{:?}", read.elsewhere);
            prop_assert!(!said.contains(MARK), "{}", said);
            for found in read.found {
                let from = tokenward::model::provenance::Provenance {
                    from: "test".to_owned(),
                    file: None,
                    at: Timestamp::from_secs(0),
                };
                let said = match found.offer(&from, Timestamp::from_secs(1_900_000_000)) {
                    Ok(Some(offer)) => format!("{:?} {:?}", offer.secret, offer.remarks),
                    Ok(None) => continue,
                    Err(refused) => format!("{refused:?}"),
                };
                prop_assert!(!said.contains("hush-"), "{}", said);
            }
        }
        Err(unread) => {
            let said = format!("{unread:?} {}", unread.failure(&source, "it").for_people());
            prop_assert!(!said.contains(MARK), "{}", said);
        }
    }
    Ok(())
}

#[test]
fn each_file_gives_what_is_in_it() {
    for (at, (reader, bytes)) in readers().into_iter().enumerate() {
        let read = reader(&source(&bytes)).unwrap();
        assert!(!read.found.is_empty(), "reader {at}");
        try_it(reader, &bytes).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_file_however_wrong_makes_a_reader_panic_or_say_a_token(
        which in 0..9_usize,
        cut in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        noise in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        let (reader, whole) = readers().swap_remove(which);
        let mut bytes = whole.clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        try_it(reader, &bytes)?;
        bytes.truncate(cut.index(whole.len()));
        bytes.extend(&noise);
        try_it(reader, &bytes)?;
        try_it(reader, &noise)?;
    }
}
