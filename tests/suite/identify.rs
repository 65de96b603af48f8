//! A found token: whose it is, which generation's, what became of it; an unknown one leaves no trace.

use crate::sandbox::{Run, Sandbox};
use serde_json::Value;
use std::io::Write as _;
use std::process::Stdio;
use tokenward::agent::call::Caller;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::settings::DemoSettings;
use tokenward::engine::hand;
use tokenward::model::credential::{CredentialId, Secret};
use tokenward::model::event::Happening;
use tokenward::secret::{AccessToken, Passphrase};
use tokenward::vault::file::VaultFile;
use tokenward::vault::open::OpenVault;
use tokenward::vault::slot::Key;
use tokenward::vault::store::{Store, StoredProfile, Write};

struct Scene {
    sandbox: Sandbox,
    provider: DemoProvider,
}

impl Scene {
    fn new() -> Self {
        let sandbox = Sandbox::with_vault();
        let provider = DemoProvider::spawn(DemoSettings::default()).unwrap();
        sandbox.sign_in(&provider, "alice");
        Self { sandbox, provider }
    }

    fn identify(&self, token: &str, arguments: &[&str]) -> Run {
        let all = ["identify"].iter().chain(arguments);
        let mut child = self
            .sandbox
            .command(all)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(token.as_bytes())
            .unwrap();
        child.wait_with_output().unwrap().into()
    }

    fn owner(&self, token: &str) -> Value {
        self.identify(token, &["--json"]).json()["owner"].clone()
    }

    /// What the vault holds, read beside the program.
    fn secret(&self) -> Secret {
        self.vault().secret(CredentialId(1)).unwrap().1
    }

    fn vault(&self) -> OpenVault {
        let word = Passphrase::new(crate::sandbox::PASSPHRASE.to_owned());
        let locked = VaultFile::open(&self.sandbox.vault()).unwrap();
        locked.unlock(&Key::Passphrase(word)).unwrap()
    }

    /// As if the provider had issued this for an access token.
    fn take_as_access(&self, token: &str) {
        let mut vault = self.vault();
        let mut secret = self.secret();
        secret.access = AccessToken::new(token.to_owned());
        secret.id_token = None;
        let mut profile = None;
        let mut take = |portion: Vec<Result<StoredProfile, _>>| {
            let found = portion.into_iter().next().unwrap();
            profile = Some(found.unwrap().profile);
        };
        vault.profiles(&mut take).unwrap();
        let profile = hand::marked(&profile.unwrap(), hand::fingerprints(&vault, &secret));
        let secret = Box::new(secret);
        vault
            .apply(vec![Write::SignIn { profile, secret }])
            .unwrap();
    }

    fn token(&self) -> String {
        self.sandbox
            .run(["get", "demo/alice"])
            .ok()
            .trim()
            .to_owned()
    }
}

#[test]
fn every_token_a_credential_held_is_told_by_generation_and_end() {
    let scene = Scene::new();
    let first = scene.token();
    let owner = scene.owner(&format!("{first}\n"));
    assert_eq!(owner["name"], "demo/alice");
    assert_eq!(
        (&owner["kind"], &owner["generation"]),
        (&"access".into(), &1.into())
    );
    assert!(
        owner["ended"].is_null() && !owner["expires_at"].is_null(),
        "{owner}"
    );
    scene.sandbox.run(["refresh", "demo/alice"]).ok();
    let owner = scene.owner(&first);
    assert_eq!(owner["ended"]["how"], "replaced");
    assert!(
        owner["ended"]["at"].is_string() || owner["ended"]["at"].is_number(),
        "{owner}"
    );
    assert_eq!(owner["generation_now"], 2);
    let words = scene.identify(&first, &[]).ok();
    assert!(
        words.starts_with("demo/alice: access token of generation 1, replaced by a refresh"),
        "{words}"
    );
    let second = scene.token();
    let run = scene.identify(&second, &["--revoke"]);
    assert!(run.stdout.contains("the present one"), "{run:?}");
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(scene.owner(&second)["ended"]["how"], "revoked");
    scene.sandbox.run(["remove", "demo/alice", "--yes"]).ok();
    let owner = scene.owner(&second);
    assert_eq!(owner["ended"]["how"], "removed");
    assert_eq!(
        (&owner["name"], &owner["is_kept"]),
        (&"demo/alice".into(), &false.into())
    );
}

#[test]
fn an_unknown_token_is_said_to_be_unknown_and_leaves_no_trace() {
    let scene = Scene::new();
    let _daemon = scene.sandbox.daemon();
    let caller = Caller::new(scene.sandbox.socket());
    // The owner may still be telling that it has started.
    let lines = || {
        let mut lines = caller.activity(None, 100).unwrap();
        lines.retain(|line| !matches!(line.what, Happening::EngineStarted { .. }));
        lines
    };
    let before = lines();
    let run = scene.identify("marker-of-somebody-elses-token", &[]);
    let words = run.fails(3);
    assert!(
        words.contains("no credential of this vault ever held this token"),
        "{words}"
    );
    assert!(!words.contains("marker"));
    assert_eq!(lines(), before);
    scene.identify("", &[]).fails(2);
    // A known one leaves a line.
    let token = scene.token();
    scene.identify(&token, &[]).ok();
    assert!(
        lines()
            .iter()
            .any(|line| matches!(line.what, Happening::Identified { .. }))
    );
}

#[test]
fn a_jwt_shows_its_claims_as_claims() {
    let scene = Scene::new();
    let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSIsImlzcyI6Imh0dHBzOi8vaWQuZXhhbXBsZSJ9.c2lnbmF0dXJl";
    let run = scene.identify(jwt, &["--verify"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.stdout.contains("\"sub\": \"alice\""), "{run:?}");
    assert!(run.stdout.contains("claims, not facts"), "{run:?}");
}

#[test]
fn what_took_a_tokens_place_is_told_and_when() {
    let scene = Scene::new();
    scene.sandbox.run(["refresh", "demo/alice"]).ok();
    let second = scene.token();
    scene.sandbox.run(["vault", "put-back", "demo/alice"]).ok();
    let owner = scene.owner(&second);
    assert_eq!(owner["ended"]["how"], "put_back", "{owner}");
    assert!(!owner["ended"]["at"].is_null(), "{owner}");
    let words = scene.identify(&second, &[]).ok();
    assert!(
        words.contains("generation 2, replaced when an earlier generation was put back"),
        "{words}"
    );
    let third = scene.token();
    let record = serde_json::json!({
        "provider": "demo", "account": "alice", "access_token": "one-from-elsewhere",
        "issuer": scene.provider.issuer(), "client_id": "demo-cli",
    });
    let file = scene.sandbox.write("elsewhere.json", &record.to_string());
    let name = file.to_str().unwrap();
    let import = ["import", "--from", "json", name, "--replace", "--yes"];
    scene.sandbox.run(import).ok();
    let owner = scene.owner(&third);
    assert_eq!(owner["ended"]["how"], "imported", "{owner}");
    assert!(!owner["ended"]["at"].is_null(), "{owner}");
    assert!(!scene.owner("one-from-elsewhere")["since"].is_null());
}

#[test]
fn a_refresh_token_is_told_as_such_through_the_program() {
    let scene = Scene::new();
    let refresh = scene.secret().refresh.unwrap();
    let refresh = refresh.expose_secret();
    let owner = scene.owner(refresh);
    assert_eq!(owner["kind"], "refresh", "{owner}");
    assert!(owner["ended"].is_null() && owner["expires_at"].is_null());
    scene.sandbox.run(["refresh", "demo/alice"]).ok();
    let words = scene.identify(refresh, &[]).ok();
    assert!(
        words.starts_with("demo/alice: refresh token of generation 1, replaced by a refresh"),
        "{words}"
    );
}

#[test]
fn an_id_token_is_one_of_its_own_too_and_its_signature_is_checked() {
    let scene = Scene::new();
    let id = scene.secret().id_token.expect("it was asked for");
    let owner = scene.owner(id.expose_secret());
    assert_eq!(
        (&owner["kind"], &owner["name"]),
        (&"id".into(), &"demo/alice".into())
    );
    assert!(owner["ended"].is_null(), "{owner}");
    let unchecked = scene.identify(id.expose_secret(), &["--json"]).json();
    assert_eq!(unchecked["jwt"]["signature"], "not_checked");
    let checked = scene.identify(id.expose_secret(), &["--verify", "--json"]);
    assert_eq!(checked.json()["jwt"]["signature"], "verified");
    let words = scene.identify(id.expose_secret(), &["--verify"]).ok();
    assert!(
        words.contains("ID token of generation 1, the present one"),
        "{words}"
    );
    assert!(
        words.contains("signature verified by the provider's keys"),
        "{words}"
    );
}

#[test]
fn an_access_token_that_is_a_jwt_is_checked_by_its_providers_keys() {
    let scene = Scene::new();
    let signed = scene.secret().id_token.unwrap();
    let signed = signed.expose_secret();
    scene.take_as_access(signed);
    let checked = scene.identify(signed, &["--verify", "--json"]).json();
    assert_eq!(checked["owner"]["kind"], "access", "{checked}");
    assert_eq!(checked["jwt"]["signature"], "verified");
    // The first character of the signature decides over whole bits of it.
    let (rest, signature) = signed.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    let forged = format!("{rest}.{first}{}", &signature[1..]);
    scene.take_as_access(&forged);
    let words = scene.identify(&forged, &["--verify"]).ok();
    assert!(
        words.contains("the signature is NOT the provider's"),
        "{words}"
    );
}
