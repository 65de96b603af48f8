//! `docker-credential` from outside: the protocol of docker-credential-helpers.

use crate::accounts::signed_in;
use crate::sandbox::{Run, Sandbox};
use serde_json::{Value, json};
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::Quirks;

struct Scene {
    sandbox: Sandbox,
    provider: DemoProvider,
}

impl Scene {
    fn new(accounts: &[&str]) -> Self {
        let (sandbox, provider) = signed_in(Quirks::default(), accounts);
        let settings = format!(
            "[providers.demo]\nissuer = {:?}\nregistry_user = \"u-{{account}}\"\nregistry_hosts = [\"r.example:5000\", \"*.many.example\"]\n",
            provider.issuer()
        );
        sandbox.write("home/.config/tokenward/config.toml", &settings);
        Self { sandbox, provider }
    }

    fn ask(&self, action: &str, given: &str) -> Run {
        let file = self.sandbox.write("asked", given);
        let script = format!("\"$0\" docker-credential {action} < {}", file.display());
        self.sandbox.shell(&script)
    }

    fn secret(&self, server: &str) -> (Value, String) {
        let said = self.ask("get", server).json();
        let secret = said["Secret"].as_str().unwrap().to_owned();
        (said, secret)
    }
}

#[test]
fn a_client_gets_user_and_token_for_the_registries_of_the_provider_and_for_no_other() {
    let scene = Scene::new(&["alice"]);
    for server in [
        "r.example:5000",
        "https://r.example:5000/v1/",
        "a.many.example\n",
    ] {
        let (said, secret) = scene.secret(server);
        assert_eq!(said["Username"], "u-alice");
        assert_eq!(said["ServerURL"], server.trim());
        assert!(scene.provider.control().is_live(&secret));
    }
    for other in ["docker.io", "many.example", "http://r.example:5000", ""] {
        let said = scene.ask("get", other);
        // Word for word: with it a client goes on without.
        let expected = (Some(1), "credentials not found in native keychain\n");
        assert_eq!((said.code, said.stdout.as_str()), expected, "{other}");
    }
    assert_eq!(
        scene.ask("list", "").json(),
        json!({ "r.example:5000": "u-alice" })
    );
    let told = scene.sandbox.run(["audit", "list", "--json"]).ok();
    assert!(told.contains("\"purpose\":\"docker\""), "{told}");
}

#[test]
fn nothing_is_stored_or_erased_and_a_client_shows_why() {
    let scene = Scene::new(&["alice"]);
    let (said, secret) = scene.secret("r.example:5000");
    assert_eq!(scene.ask("store", &said.to_string()).ok(), "");
    let others = json!({ "ServerURL": "r.example:5000", "Username": "me", "Secret": "a-password-of-somebody" });
    let refused = scene.ask("store", &others.to_string());
    assert_eq!(refused.code, Some(7), "{refused:?}");
    assert!(
        refused
            .stdout
            .contains("nothing was stored for r.example:5000")
    );
    for words in [&refused.stdout, &refused.stderr] {
        assert!(!words.contains("a-password-of-somebody"));
    }
    let refused = scene.ask("erase", "r.example:5000");
    assert!(
        refused.stdout.contains("tokenward revoke demo/alice"),
        "{refused:?}"
    );
    assert_eq!(refused.code, Some(7));
    assert_eq!(scene.ask("erase", "docker.io").ok(), "");
    assert!(scene.provider.control().is_live(&secret));
}

#[test]
fn of_two_accounts_the_one_that_was_named_answers() {
    let mut scene = Scene::new(&["alice", "bob"]);
    let unclear = scene.ask("get", "r.example:5000");
    assert!(unclear.stdout.contains("--name demo/alice"), "{unclear:?}");
    unclear.fails(2);
    let said = scene.ask("--name demo/bob get", "r.example:5000").json();
    assert_eq!(said["Username"], "u-bob");
    scene.ask("--name demo/bob get", "docker.io").fails(1);
    let said = scene
        .ask(
            "--name demo/bob --host docker.io --user me get",
            "docker.io",
        )
        .json();
    assert_eq!(said["Username"], "me");
    scene.sandbox.unset("TOKENWARD_PASSPHRASE_FILE");
    let locked = scene.ask("--name demo/bob get", "r.example:5000");
    assert!(locked.stdout.contains("the vault is locked"), "{locked:?}");
    locked.fails(4);
}
