//! `kube-credential` from outside: the protocol of client-go's credential plugins.

use crate::sandbox::{Sandbox, provider};
use serde_json::{Value, json};
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::{Quirks, RequestKind};

fn scene(quirks: Quirks) -> (Sandbox, DemoProvider) {
    let sandbox = Sandbox::with_vault();
    let provider = provider(quirks);
    sandbox.sign_in(&provider, "alice");
    (sandbox, provider)
}

fn asked(version: &str) -> String {
    json!({
        "apiVersion": format!("client.authentication.k8s.io/{version}"),
        "kind": "ExecCredential",
        "spec": { "interactive": false, "cluster": { "server": "https://127.0.0.1:6443" } },
    })
    .to_string()
}

fn answer(sandbox: &mut Sandbox, version: &str, more: &[&str]) -> Value {
    sandbox.set("KUBERNETES_EXEC_INFO", &asked(version));
    let words = [&["kube-credential", "demo/alice"], more].concat();
    sandbox.run(words).json()
}

#[test]
fn a_client_gets_a_token_with_its_end_in_the_version_it_speaks() {
    let (mut sandbox, provider) = scene(Quirks::default());
    for version in ["v1", "v1beta1"] {
        let said = answer(&mut sandbox, version, &[]);
        assert_eq!(
            said["apiVersion"],
            format!("client.authentication.k8s.io/{version}")
        );
        assert_eq!(said["kind"], "ExecCredential");
        assert!(
            provider
                .control()
                .is_live(said["status"]["token"].as_str().unwrap())
        );
        let end = said["status"]["expirationTimestamp"].as_str().unwrap();
        assert!(end.parse::<jiff::Timestamp>().unwrap() > jiff::Timestamp::now());
    }
    sandbox.set("KUBERNETES_EXEC_INFO", &asked("v1alpha1"));
    let refused = sandbox.run(["kube-credential", "demo/alice"]).fails(2);
    assert!(
        refused.contains("client.authentication.k8s.io/v1 into the kubeconfig"),
        "{refused}"
    );
    let told = sandbox.run(["audit", "list", "--json"]).ok();
    assert_eq!(told.matches("\"purpose\":\"kube\"").count(), 2, "{told}");
}

#[test]
fn an_id_token_is_handed_out_and_renewed_by_a_refresh() {
    let fast = Quirks {
        id_token_on_refresh: true,
        ..Quirks::default()
    };
    let (mut sandbox, provider) = scene(fast);
    let claims = |token: &Value| {
        use base64::Engine;
        let part = token
            .as_str()
            .unwrap()
            .split('.')
            .nth(1)
            .unwrap()
            .to_owned();
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(part)
            .unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap()
    };
    // Without an owner of its own and beside one.
    for beside in [false, true] {
        let _daemon = beside.then(|| sandbox.daemon());
        let said = answer(&mut sandbox, "v1", &["--id-token"]);
        let claims = claims(&said["status"]["token"]);
        assert_eq!(claims["aud"], "demo-cli");
        let end = said["status"]["expirationTimestamp"].as_str().unwrap();
        let end = end.parse::<jiff::Timestamp>().unwrap();
        assert_eq!(claims["exp"], end.as_second());
    }
    let before = provider.control().counts().of(RequestKind::Refresh);
    // Longer than one ever lives: a refresh brings the newest there is.
    answer(&mut sandbox, "v1", &["--id-token", "--min-ttl", "90d"]);
    assert_eq!(
        provider.control().counts().of(RequestKind::Refresh),
        before + 1
    );
}

#[test]
fn where_there_is_no_id_token_it_is_said_how_to_get_one() {
    let sandbox = Sandbox::with_vault();
    sandbox.write("key", "sk-an-api-key-of-a-test");
    let words = "\"$0\" login openai --api-key --account a < \"$HOME/../key\"";
    sandbox.shell(words).ok();
    let refused = sandbox
        .run(["kube-credential", "openai/a", "--id-token"])
        .fails(1);
    assert!(
        refused.contains("has no ID token") && refused.contains("--scope openid"),
        "{refused}"
    );
}
