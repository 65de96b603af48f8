//! The built-in provider's extensions, checked by raw requests: pushed requests, registration, resources, exchange.

use crate::demo::{Rig, VERIFIER};
use crate::raw_http::{self, Answer, FORM, form};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokenward::demo::protocol::{Offer, Protocol, RegistrationRule};
use tokenward::demo::quirks::{Consent, Quirks, RequestKind};
use tokenward::demo::settings::{
    CONFIDENTIAL_CLIENT, CONFIDENTIAL_SECRET, INITIAL_ACCESS_TOKEN, PUBLIC_CLIENT,
};

const REDIRECT: &str = "http://127.0.0.1:7777/callback";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TYPE: &str = "urn:ietf:params:oauth:token-type:access_token";

/// A provider where everything is allowed at once.
pub fn speaking(change: impl FnOnce(&mut Protocol)) -> Rig {
    let mut quirks = Quirks {
        consent: Consent::Allow("alice".to_owned()),
        ..Quirks::default()
    };
    change(&mut quirks.protocol);
    Rig::start(quirks)
}

fn metadata(rig: &Rig) -> Value {
    rig.get("/.well-known/oauth-authorization-server").json()
}

/// An authorization request, with more in it.
fn request(client: &str, more: &[(&str, &str)]) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER.as_bytes()));
    let fields = [
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", REDIRECT),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("state", "s"),
        ("scope", "openid read write"),
    ];
    form(&[&fields[..], more].concat())
}

fn redeem(rig: &Rig, code: &str, more: &[(&str, &str)]) -> Answer {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
        ("client_id", PUBLIC_CLIENT),
    ];
    rig.post("/token", &[&fields[..], more].concat())
}

fn bearer(rig: &Rig, method: &str, path: &str, token: &str) -> Answer {
    let authorization = format!("Bearer {token}");
    let headers = [("Authorization", authorization.as_str())];
    rig.send(method, path, &headers, "").unwrap()
}

fn as_ourselves(rig: &Rig, fields: &[(&str, &str)]) -> Answer {
    let client = (CONFIDENTIAL_CLIENT, CONFIDENTIAL_SECRET);
    raw_http::post_basic(&rig.issuer, "/token", client, fields)
}

#[test]
fn a_pushed_request_is_good_once_for_its_client_and_for_a_while() {
    let rig = speaking(|protocol| protocol.par = Offer::Offered);
    assert_eq!(
        metadata(&rig)["pushed_authorization_request_endpoint"],
        format!("{}/par", rig.issuer)
    );
    let push = || {
        let answer = rig
            .send("POST", "/par", &[FORM], &request(PUBLIC_CLIENT, &[]))
            .unwrap();
        assert_eq!(
            (answer.status, &answer.json()["expires_in"]),
            (201, &json!(60))
        );
        answer.text("request_uri")
    };
    let open = |reference: &str, client: &str| {
        let query = form(&[("client_id", client), ("request_uri", reference)]);
        rig.get(&format!("/authorize?{query}"))
    };
    let reference = push();
    assert_eq!(open(&reference, "demo-flaky").status, 400, "another client");
    let back = open(&reference, PUBLIC_CLIENT);
    assert_eq!(back.query("state").as_deref(), Some("s"));
    let tokens = redeem(&rig, &back.query("code").unwrap(), &[]);
    assert_eq!(tokens.status, 200, "{tokens:?}");
    assert_eq!(open(&reference, PUBLIC_CLIENT).status, 400, "one shot");
    let reference = push();
    rig.control.advance(Duration::from_secs(61));
    assert_eq!(open(&reference, PUBLIC_CLIENT).status, 400, "too late");
    assert_eq!(rig.control.counts().of(RequestKind::Pushed), 2);
}

#[test]
fn what_is_pushed_is_checked_like_what_stands_in_an_address() {
    let rig = speaking(|protocol| protocol.par = Offer::Offered);
    let good = request(PUBLIC_CLIENT, &[]);
    for (bad, error) in [
        (
            good.replace("7777%2Fcallback", "7777%2Felse"),
            "invalid_request",
        ),
        (good.replace("openid+read", "root"), "invalid_scope"),
        (good.replace("S256", "plain"), "invalid_request"),
        (format!("{good}&request_uri=urn%3Ax"), "invalid_request"),
        (
            good.replace("demo-cli", CONFIDENTIAL_CLIENT),
            "invalid_client",
        ),
    ] {
        let answer = rig.send("POST", "/par", &[FORM], &bad).unwrap();
        assert_eq!(answer.text("error"), error, "{bad}");
    }
}

#[test]
fn where_requests_have_to_be_pushed_no_other_is_taken() {
    let rig = speaking(|protocol| protocol.par = Offer::Required);
    assert_eq!(
        metadata(&rig)["require_pushed_authorization_requests"],
        true
    );
    let back = rig.get(&format!("/authorize?{}", request(PUBLIC_CLIENT, &[])));
    assert_eq!(back.query("error").as_deref(), Some("invalid_request"));
    let rig = speaking(|_| {});
    assert_eq!(
        rig.post("/par", &[("client_id", PUBLIC_CLIENT)]).status,
        404
    );
    let document = metadata(&rig);
    assert!(
        document
            .get("pushed_authorization_request_endpoint")
            .is_none()
    );
}

fn register(rig: &Rig, headers: &[(&str, &str)], metadata: &Value) -> Answer {
    rig.send("POST", "/register", headers, &metadata.to_string())
        .unwrap()
}

#[test]
fn a_client_registers_signs_in_is_read_and_deleted() {
    let rig = speaking(|_| {});
    let native = json!({
        "client_name": "A program", "token_endpoint_auth_method": "none",
        "redirect_uris": ["http://127.0.0.1/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
    });
    let answer = register(&rig, &[], &native);
    assert_eq!(answer.status, 201, "{answer:?}");
    let told = answer.json();
    assert_eq!(told["client_name"], "A program");
    assert!(told.get("client_secret").is_none());
    let id = answer.text("client_id");
    let back = rig.get(&format!("/authorize?{}", request(&id, &[])));
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &back.query("code").unwrap()),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
        ("client_id", &id),
    ];
    let tokens = rig.post("/token", &fields);
    assert_eq!(tokens.status, 200, "{tokens:?}");

    let uri = answer.text("registration_client_uri");
    let path = uri.strip_prefix(&rig.issuer).unwrap();
    let token = answer.text("registration_access_token");
    let ask = |method: &str, token: &str| bearer(&rig, method, path, token);
    assert_eq!(ask("GET", "wrong").status, 401);
    assert_eq!(ask("GET", &token).text("client_id"), id);
    assert_eq!(ask("DELETE", "wrong").status, 401);
    assert_eq!(rig.control.registered_clients(), 1);
    assert_eq!(ask("DELETE", &token).status, 204);
    assert_eq!(rig.control.registered_clients(), 0);
    assert_eq!(ask("GET", &token).status, 401);
    assert!(!rig.control.is_live(&tokens.text("access_token")));
    let gone = rig.get(&format!("/authorize?{}", request(&id, &[])));
    assert_eq!(gone.status, 400);
}

#[test]
fn a_registration_that_makes_no_sense_is_refused() {
    let rig = speaking(|_| {});
    for (metadata, error) in [
        (
            json!({"redirect_uris": ["https://evil.test/"]}),
            "invalid_redirect_uri",
        ),
        (json!({}), "invalid_redirect_uri"),
        (
            json!({"redirect_uris": [REDIRECT], "token_endpoint_auth_method": "tls_client_auth"}),
            "invalid_client_metadata",
        ),
        (
            json!({"redirect_uris": [REDIRECT], "token_endpoint_auth_method": "private_key_jwt"}),
            "invalid_client_metadata",
        ),
        (json!([]), "invalid_client_metadata"),
    ] {
        let answer = register(&rig, &[], &metadata);
        assert_eq!((answer.status, answer.text("error").as_str()), (400, error));
    }
}

#[test]
fn registration_bends_as_providers_bend_it() {
    let rig = speaking(|protocol| {
        protocol.registration = RegistrationRule::InitialToken;
        protocol.registration_status = 200;
        protocol.stray_secret = true;
    });
    let public = json!({"token_endpoint_auth_method": "none", "redirect_uris": [REDIRECT]});
    assert_eq!(register(&rig, &[], &public).status, 401);
    let authorization = format!("Bearer {INITIAL_ACCESS_TOKEN}");
    let headers = [("Authorization", authorization.as_str())];
    let answer = register(&rig, &headers, &public);
    assert_eq!(answer.status, 200);
    // The secret is there, and whoever sends it is refused.
    let (id, secret) = (answer.text("client_id"), answer.text("client_secret"));
    let start = |fields: &[(&str, &str)]| rig.post("/device_authorization", fields).status;
    assert_eq!(
        start(&[("client_id", &id), ("client_secret", &secret)]),
        401
    );
    assert_eq!(start(&[("client_id", &id)]), 200);

    let off = speaking(|protocol| protocol.registration = RegistrationRule::Off);
    assert_eq!(register(&off, &[], &public).status, 404);
    assert!(metadata(&off).get("registration_endpoint").is_none());
}

#[test]
fn a_client_gets_a_token_for_itself_and_never_a_refresh_token() {
    let rig = speaking(|_| {});
    let answer = as_ourselves(
        &rig,
        &[("grant_type", "client_credentials"), ("scope", "read")],
    );
    let told = answer.json();
    assert_eq!((answer.status, &told["scope"]), (200, &json!("read")));
    assert!(told.get("refresh_token").is_none() && told.get("id_token").is_none());
    let hello = bearer(&rig, "GET", "/api/hello", &answer.text("access_token"));
    assert_eq!(hello.json()["hello"], CONFIDENTIAL_CLIENT);
    let openid = as_ourselves(
        &rig,
        &[("grant_type", "client_credentials"), ("scope", "openid")],
    );
    assert_eq!(openid.text("error"), "invalid_scope");
    let public = [
        ("grant_type", "client_credentials"),
        ("client_id", PUBLIC_CLIENT),
    ];
    assert_eq!(
        rig.post("/token", &public).text("error"),
        "unauthorized_client"
    );
    let off = speaking(|protocol| protocol.client_credentials = false);
    let refused = as_ourselves(&off, &[("grant_type", "client_credentials")]);
    assert_eq!(refused.text("error"), "unsupported_grant_type");
}

#[test]
fn tokens_are_for_the_resources_that_were_asked_for() {
    let rig = speaking(|_| {});
    let (api, reports) = (
        format!("{}/api", rig.issuer),
        format!("{}/reports", rig.issuer),
    );
    let authorize =
        |more: &[(&str, &str)]| rig.get(&format!("/authorize?{}", request(PUBLIC_CLIENT, more)));
    for bad in ["reports", "https://elsewhere.test/", &format!("{api}#x")] {
        let back = authorize(&[("resource", bad)]);
        assert_eq!(
            back.query("error").as_deref(),
            Some("invalid_target"),
            "{bad}"
        );
    }
    let back = authorize(&[("resource", &api), ("resource", &reports)]);
    let code = back.query("code").unwrap();
    // RFC 8707 2.2: one of them for this access token, the other at the next refresh.
    let tokens = redeem(&rig, &code, &[("resource", &reports)]);
    let hello = |token: &str| bearer(&rig, "GET", "/api/hello", token).status;
    assert_eq!(
        hello(&tokens.text("access_token")),
        401,
        "it is for the reports"
    );
    let refresh = |token: &str, resource: &str| {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", PUBLIC_CLIENT),
            ("resource", resource),
        ];
        rig.post("/token", &fields)
    };
    let next = refresh(&tokens.text("refresh_token"), &api);
    assert_eq!(hello(&next.text("access_token")), 200);
    let code = authorize(&[("resource", &reports)]).query("code").unwrap();
    let tokens = redeem(&rig, &code, &[]);
    let wider = refresh(&tokens.text("refresh_token"), &api);
    assert_eq!(wider.text("error"), "invalid_target");
    let same = refresh(&tokens.text("refresh_token"), &reports);
    assert_eq!(same.status, 200, "a refused one spends nothing");
}

#[test]
fn a_token_is_exchanged_for_a_narrower_one_of_the_same_grant() {
    let rig = speaking(|_| {});
    let back = rig.get(&format!("/authorize?{}", request(PUBLIC_CLIENT, &[])));
    let subject = redeem(&rig, &back.query("code").unwrap(), &[]).text("access_token");
    let exchange = |more: &[(&str, &str)]| {
        let fields = [
            ("grant_type", EXCHANGE),
            ("client_id", PUBLIC_CLIENT),
            ("subject_token", &subject),
            ("subject_token_type", ACCESS_TYPE),
        ];
        rig.post("/token", &[&fields[..], more].concat())
    };
    let narrow = exchange(&[("scope", "read"), ("audience", "api")]);
    let told = narrow.json();
    assert_eq!(narrow.status, 200, "{narrow:?}");
    assert_eq!(told["issued_token_type"], ACCESS_TYPE);
    assert_eq!(
        (&told["scope"], &told["token_type"]),
        (&json!("read"), &json!("Bearer"))
    );
    assert!(told.get("refresh_token").is_none());
    let token = narrow.text("access_token");
    assert_eq!(bearer(&rig, "GET", "/api/hello", &token).status, 200);
    // RFC 6750 3.1: what is missing is named.
    let refused = bearer(&rig, "POST", "/api/write", &token);
    let challenge = &refused.headers["www-authenticate"];
    assert_eq!(refused.status, 403);
    assert!(
        challenge.contains("error=\"insufficient_scope\", scope=\"write\""),
        "{challenge}"
    );
    assert_eq!(bearer(&rig, "POST", "/api/write", &subject).status, 200);

    // Of a narrow token no wider one is made, whatever its grant allows.
    let wider = [
        ("grant_type", EXCHANGE),
        ("client_id", PUBLIC_CLIENT),
        ("subject_token", &token),
        ("subject_token_type", ACCESS_TYPE),
        ("scope", "write"),
    ];
    assert_eq!(rig.post("/token", &wider).text("error"), "invalid_scope");

    let elsewhere = exchange(&[("audience", "reports")]).text("access_token");
    assert_eq!(bearer(&rig, "GET", "/api/hello", &elsewhere).status, 401);
    for (more, error) in [
        (("audience", "nobody"), "invalid_target"),
        (("scope", "openid email"), "invalid_scope"),
        (("requested_token_type", "urn:x"), "invalid_request"),
        (("actor_token", "x"), "invalid_request"),
    ] {
        assert_eq!(exchange(&[more]).text("error"), error, "{more:?}");
    }
    let grant = rig.control.grant_of(&token).unwrap();
    assert_eq!(rig.control.grant_of(&subject), Some(grant));
    rig.control.revoke(grant);
    assert_eq!(exchange(&[]).text("error"), "invalid_request");
    assert!(!rig.control.is_live(&token), "it ends with its grant");
}

#[test]
fn a_sign_in_fails_as_it_is_told_to() {
    let rig = speaking(|_| {});
    let path = format!("/authorize?{}", request(PUBLIC_CLIENT, &[]));
    for error in ["consent_required", "interaction_required", "login_required"] {
        rig.control.answer_always(&Consent::Fail(error.to_owned()));
        let back = rig.get(&path);
        assert_eq!(back.query("error").as_deref(), Some(error));
        assert_eq!(back.query("state").as_deref(), Some("s"));
    }
    rig.control.answer_always(&Consent::Ask);
    assert_eq!(rig.get(&path).status, 200, "a person is asked");
    let back = rig.get(&format!("{path}&prompt=none"));
    assert_eq!(back.query("error").as_deref(), Some("login_required"));
}
