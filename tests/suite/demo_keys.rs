//! The built-in provider's keys and those of its clients: ID tokens, assertions, and proofs of possession (DPoP).

use crate::demo::Rig;
use crate::demo_protocol::speaking;
use crate::raw_http::{self, Answer, FORM, form};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokenward::clock;
use tokenward::demo::protocol::Offer;
use tokenward::demo::settings::{
    ASSERTING_CLIENT, CONFIDENTIAL_CLIENT, CONFIDENTIAL_SECRET, PUBLIC_CLIENT,
};
use tokenward::jose::jwk::KeySet;
use tokenward::jose::jws::{Parsed, sign};
use tokenward::jose::key::SigningKey;

fn set(rig: &Rig) -> KeySet {
    KeySet::read(&rig.get("/jwks").json()).unwrap()
}

#[test]
fn id_tokens_are_signed_by_the_key_that_the_metadata_leads_to() {
    let rig = speaking(|_| {});
    let document = rig.get("/.well-known/openid-configuration").json();
    assert_eq!(document["jwks_uri"], format!("{}/jwks", rig.issuer));
    assert_eq!(
        document["id_token_signing_alg_values_supported"],
        json!(["ES256"])
    );
    let answer = rig.sign_in();
    let token = Parsed::read(&answer.text("id_token")).unwrap();
    assert_eq!(set(&rig).verify(&token), Ok(()));
    let claims = token.claims().unwrap();
    assert_eq!(
        (&claims["aud"], &claims["azp"]),
        (&json!(PUBLIC_CLIENT), &json!(PUBLIC_CLIENT))
    );
    assert_eq!(claims["auth_time"], claims["iat"]);
    let hash = Sha256::digest(answer.text("access_token"));
    assert_eq!(claims["at_hash"], URL_SAFE_NO_PAD.encode(&hash[..16]));
    // The sign-in was when it was, whenever the token is made anew.
    rig.control.advance(Duration::from_secs(50));
    let again = rig.refresh(&answer.text("refresh_token")).text("id_token");
    let renewed = Parsed::read(&again).unwrap().claims().unwrap();
    assert_eq!(renewed["auth_time"], claims["auth_time"]);
    assert_ne!(renewed["iat"], claims["iat"]);
}

#[test]
fn a_forged_id_token_names_a_key_that_did_not_sign_it() {
    let rig = speaking(|protocol| protocol.forged_id_tokens = true);
    let token = Parsed::read(&rig.sign_in().text("id_token")).unwrap();
    let set = set(&rig);
    assert_eq!(token.key_id(), set.keys[0].id.as_deref());
    assert!(set.verify(&token).is_err());
}

/// Claims of a good assertion.
fn assertion(rig: &Rig) -> Value {
    let now = clock::now().as_secs();
    json!({
        "iss": ASSERTING_CLIENT, "sub": ASSERTING_CLIENT, "aud": rig.issuer,
        "iat": now, "exp": now + 60, "jti": format!("{:x}", rand::random::<u64>()),
    })
}

fn with_assertion(rig: &Rig, assertion: &str) -> Answer {
    let fields = [
        ("grant_type", "client_credentials"),
        ("scope", "read"),
        ("client_assertion", assertion),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
    ];
    rig.post("/token", &fields)
}

#[test]
fn a_client_proves_itself_by_its_key_once_for_each_assertion() {
    let rig = speaking(|_| {});
    let key = SigningKey::read(&rig.control.asserting_key()).unwrap();
    let signed = |claims: &Value| sign(&key, Map::new(), claims).unwrap();
    let good = signed(&assertion(&rig));
    let answer = with_assertion(&rig, &good);
    assert_eq!(
        (answer.status, answer.text("scope").as_str()),
        (200, "read")
    );
    assert_eq!(with_assertion(&rig, &good).status, 401, "used before");
    let mut at_token = assertion(&rig);
    at_token["aud"] = json!(["https://else.test", format!("{}/token", rig.issuer)]);
    assert_eq!(with_assertion(&rig, &signed(&at_token)).status, 200);

    let now = clock::now().as_secs();
    for (member, value) in [
        ("iss", json!("somebody")),
        ("sub", json!(PUBLIC_CLIENT)),
        ("aud", json!("https://else.test")),
        ("aud", Value::Null),
        ("exp", json!(now - 60)),
        ("exp", json!(now + 100_000)),
        ("exp", Value::Null),
        ("nbf", json!(now + 600)),
        ("jti", Value::Null),
    ] {
        let mut bad = assertion(&rig);
        bad[member] = value.clone();
        let refused = with_assertion(&rig, &signed(&bad));
        assert_eq!(refused.status, 401, "{member} {value}");
        assert_eq!(refused.text("error"), "invalid_client");
    }
    let other = SigningKey::generate().unwrap();
    let forged = sign(&other, Map::new(), &assertion(&rig)).unwrap();
    assert_eq!(with_assertion(&rig, &forged).status, 401);
    let bare = [
        ("grant_type", "client_credentials"),
        ("client_id", ASSERTING_CLIENT),
    ];
    assert_eq!(rig.post("/token", &bare).status, 401, "without one");
}

#[test]
fn a_registered_client_proves_itself_by_the_key_it_registered() {
    let rig = speaking(|_| {});
    let key = SigningKey::generate().unwrap();
    let metadata = json!({
        "token_endpoint_auth_method": "private_key_jwt", "grant_types": ["client_credentials"],
        "jwks": { "keys": [key.public().published()] },
    });
    let told = rig
        .send("POST", "/register", &[], &metadata.to_string())
        .unwrap();
    assert_eq!(told.status, 201, "{told:?}");
    let mut claims = assertion(&rig);
    claims["iss"] = told.text("client_id").into();
    claims["sub"] = told.text("client_id").into();
    let signed = sign(&key, Map::new(), &claims).unwrap();
    assert_eq!(with_assertion(&rig, &signed).status, 200);
}

/// Somebody with a key.
struct Holder<'a> {
    rig: &'a Rig,
    key: SigningKey,
}

impl<'a> Holder<'a> {
    fn new(rig: &'a Rig) -> Self {
        let key = SigningKey::generate().unwrap();
        Self { rig, key }
    }

    fn claims(&self, method: &str, path: &str, more: &[(&str, Value)]) -> Value {
        let mut claims = json!({
            "htm": method, "htu": format!("{}{path}", self.rig.issuer),
            "iat": clock::now().as_secs(), "jti": format!("{:x}", rand::random::<u64>()),
        });
        for (name, value) in more {
            claims[*name] = value.clone();
        }
        claims
    }

    fn signed(&self, claims: &Value) -> String {
        let header = json!({ "typ": "dpop+jwt", "jwk": self.key.public().members() });
        let header = header.as_object().cloned().unwrap();
        sign(&self.key, header, claims).unwrap().to_string()
    }

    fn proof(&self, method: &str, path: &str, more: &[(&str, Value)]) -> String {
        self.signed(&self.claims(method, path, more))
    }

    fn token(&self, proof: &str, fields: &[(&str, &str)]) -> Answer {
        let headers = [FORM, ("DPoP", proof)];
        self.rig
            .send("POST", "/token", &headers, &form(fields))
            .unwrap()
    }

    /// By device code, since that needs one request only.
    fn sign_in(&self, more: &[(&str, Value)]) -> Answer {
        let device = self.rig.start_device();
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", &device.text("device_code")),
            ("client_id", PUBLIC_CLIENT),
        ];
        self.token(&self.proof("POST", "/token", more), &fields)
    }

    fn refresh(&self, token: &str, proof: &str) -> Answer {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", PUBLIC_CLIENT),
        ];
        self.token(proof, &fields)
    }

    fn hello(&self, token: &str, proof: &str) -> Answer {
        let authorization = format!("DPoP {token}");
        let headers = [("Authorization", authorization.as_str()), ("DPoP", proof)];
        self.rig.send("GET", "/api/hello", &headers, "").unwrap()
    }

    fn hello_proof(&self, token: &str, more: &[(&str, Value)]) -> String {
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(token));
        let more = [&[("ath", json!(hash))], more].concat();
        self.proof("GET", "/api/hello", &more)
    }
}

#[test]
fn a_bound_token_is_good_with_its_key_only() {
    let rig = speaking(|_| {});
    assert!(
        rig.get("/.well-known/openid-configuration").json()["dpop_signing_alg_values_supported"]
            .as_array()
            .is_some_and(|list| list.contains(&json!("ES256")))
    );
    let (holder, thief) = (Holder::new(&rig), Holder::new(&rig));
    let tokens = holder.sign_in(&[]);
    assert_eq!(tokens.text("token_type"), "DPoP");
    let access = tokens.text("access_token");
    let good = holder.hello_proof(&access, &[]);
    assert_eq!(holder.hello(&access, &good).status, 200);
    assert_eq!(
        holder.hello(&access, &good).status,
        401,
        "a proof is good once"
    );
    let foreign = thief.hello_proof(&access, &[]);
    assert_eq!(holder.hello(&access, &foreign).status, 401);
    let of_another = holder.hello_proof(&access, &[("ath", json!("x"))]);
    assert_eq!(holder.hello(&access, &of_another).status, 401);
    let bearer = format!("Bearer {access}");
    let plain = [("Authorization", bearer.as_str())];
    let refused = rig.send("GET", "/api/hello", &plain, "").unwrap();
    assert_eq!(refused.status, 401, "it is no bearer token");

    // RFC 9449 5: a public client's refresh token is bound as well.
    let refresh = tokens.text("refresh_token");
    let by_thief = thief.refresh(&refresh, &thief.proof("POST", "/token", &[]));
    assert_eq!(by_thief.text("error"), "invalid_grant");
    assert_eq!(rig.refresh(&refresh).text("error"), "invalid_grant");
    let next = holder.refresh(&refresh, &holder.proof("POST", "/token", &[]));
    assert_eq!(next.text("token_type"), "DPoP");
}

#[test]
fn every_flaw_of_a_proof_is_found() {
    let rig = speaking(|_| {});
    let holder = Holder::new(&rig);
    let (now, path) = (clock::now().as_secs(), "/token");
    for (member, value) in [
        ("htm", json!("GET")),
        ("htu", json!("https://else.test/token")),
        ("htu", json!(format!("{}/refresh", rig.issuer))),
        ("iat", json!(now - 3600)),
        ("iat", json!(now + 3600)),
        ("iat", Value::Null),
        ("jti", Value::Null),
    ] {
        let answer = holder.sign_in(&[(member, value.clone())]);
        assert_eq!(
            answer.text("error"),
            "invalid_dpop_proof",
            "{member} {value}"
        );
    }
    let claims = holder.claims("POST", path, &[]);
    let public = holder.key.public().members();
    let mut private = public.clone();
    private["d"] = json!("AAAA");
    let stranger = SigningKey::generate().unwrap().public().members();
    for header in [
        json!({ "typ": "JWT", "jwk": public }),
        json!({ "typ": "dpop+jwt" }),
        json!({ "typ": "dpop+jwt", "jwk": private }),
        json!({ "typ": "dpop+jwt", "jwk": stranger }),
        json!({ "typ": "dpop+jwt", "jwk": { "kty": "oct", "k": "AAAA" } }),
    ] {
        let bad = sign(&holder.key, header.as_object().cloned().unwrap(), &claims).unwrap();
        let answer = holder.refresh("x", &bad);
        assert_eq!(answer.text("error"), "invalid_dpop_proof", "{header}");
    }
    assert_eq!(
        holder.refresh("x", "no.jwt").text("error"),
        "invalid_dpop_proof"
    );
    let two = [FORM, ("DPoP", "a"), ("DPoP", "b")];
    let answer = rig
        .send("POST", path, &two, "client_id=demo-cli&grant_type=x")
        .unwrap();
    assert_eq!(answer.text("error"), "invalid_dpop_proof");
    // The query of the address is left out of htu, so it makes no difference to it.
    let address = json!(format!("{}/token?a=b#c", rig.issuer));
    assert_eq!(holder.sign_in(&[("htu", address)]).status, 200);
}

#[test]
fn dpop_is_off_offered_or_required() {
    let rig = speaking(|protocol| protocol.dpop = Offer::Required);
    assert_eq!(rig.sign_in().text("error"), "invalid_dpop_proof");
    assert_eq!(Holder::new(&rig).sign_in(&[]).status, 200);
    let rig = speaking(|protocol| protocol.dpop = Offer::Off);
    assert_eq!(Holder::new(&rig).sign_in(&[]).text("token_type"), "Bearer");
    let document = rig.get("/.well-known/openid-configuration").json();
    assert!(document.get("dpop_signing_alg_values_supported").is_none());
}

#[test]
fn a_confidential_clients_refresh_token_is_bound_to_its_secret_not_to_a_key() {
    let rig = speaking(|_| {});
    let minted = rig.control.mint(CONFIDENTIAL_CLIENT, "alice", &["read"]);
    let refresh = minted.tokens.refresh.unwrap().expose_secret().to_owned();
    let basic = "Basic ZGVtby1jb25maWRlbnRpYWw6ZGVtby1jb25maWRlbnRpYWwtc2VjcmV0";
    assert!(CONFIDENTIAL_SECRET.starts_with(CONFIDENTIAL_CLIENT));
    let again = |token: &str| {
        let holder = Holder::new(&rig);
        let proof = holder.proof("POST", "/token", &[]);
        let headers = [FORM, ("DPoP", proof.as_str()), ("Authorization", basic)];
        let fields = form(&[("grant_type", "refresh_token"), ("refresh_token", token)]);
        rig.send("POST", "/token", &headers, &fields).unwrap()
    };
    let first = again(&refresh);
    assert_eq!(first.text("token_type"), "DPoP");
    // RFC 9449 6.2: introspection tells what a token is bound to.
    let access = first.text("access_token");
    let client = (CONFIDENTIAL_CLIENT, CONFIDENTIAL_SECRET);
    let fields = [("token", access.as_str())];
    let told = raw_http::post_basic(&rig.issuer, "/introspect", client, &fields).json();
    assert_eq!(told["token_type"], "DPoP");
    assert!(
        told["cnf"]["jkt"]
            .as_str()
            .is_some_and(|jkt| jkt.len() == 43)
    );
    assert_eq!(
        again(&first.text("refresh_token")).status,
        200,
        "another key"
    );
}

#[test]
fn nonces_are_demanded_told_and_rotated_on_both_sides() {
    let rig = speaking(|protocol| {
        protocol.nonces.server = true;
        protocol.nonces.resource = true;
    });
    let holder = Holder::new(&rig);
    let nonce = |answer: &Answer| json!(answer.headers["dpop-nonce"]);
    let refused = holder.sign_in(&[]);
    assert_eq!(
        (refused.status, refused.text("error").as_str()),
        (400, "use_dpop_nonce")
    );
    let first = nonce(&refused);
    let tokens = holder.sign_in(&[("nonce", first.clone())]);
    assert_eq!(tokens.status, 200, "{tokens:?}");
    assert_eq!(nonce(&tokens), first);
    let access = tokens.text("access_token");
    let wrong_side = holder.hello_proof(&access, &[("nonce", first.clone())]);
    let refused = holder.hello(&access, &wrong_side);
    assert_eq!(refused.status, 401);
    let challenge = &refused.headers["www-authenticate"];
    assert!(challenge.starts_with("DPoP ") && challenge.contains("error=\"use_dpop_nonce\""));
    let right = holder.hello_proof(&access, &[("nonce", nonce(&refused))]);
    assert_eq!(holder.hello(&access, &right).status, 200);

    // After a minute there is another one, and the one before is good for another minute.
    let refresh = |token: &str, nonce: &Value, ahead: i64| {
        let iat = json!(clock::now().as_secs() + ahead);
        let more = [("nonce", nonce.clone()), ("iat", iat)];
        holder.refresh(token, &holder.proof("POST", "/token", &more))
    };
    rig.control.advance(Duration::from_secs(61));
    let second = refresh(&tokens.text("refresh_token"), &first, 61);
    assert_eq!(second.status, 200, "{second:?}");
    let next = nonce(&second);
    assert_ne!(next, first);
    rig.control.advance(Duration::from_secs(61));
    let third = refresh(&second.text("refresh_token"), &next, 122);
    let late = refresh(&third.text("refresh_token"), &first, 122);
    assert_eq!(late.text("error"), "use_dpop_nonce");
}

#[test]
fn a_code_is_bound_to_the_key_that_was_announced() {
    let rig = speaking(|_| {});
    let (holder, thief) = (Holder::new(&rig), Holder::new(&rig));
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(crate::demo::VERIFIER));
    let query = form(&[
        ("response_type", "code"),
        ("client_id", PUBLIC_CLIENT),
        ("redirect_uri", "http://127.0.0.1:7777/callback"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("dpop_jkt", &holder.key.public().thumbprint()),
    ]);
    for (by, status) in [(&thief, 400), (&holder, 200)] {
        let code = rig
            .get(&format!("/authorize?{query}"))
            .query("code")
            .unwrap();
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", "http://127.0.0.1:7777/callback"),
            ("code_verifier", crate::demo::VERIFIER),
            ("client_id", PUBLIC_CLIENT),
        ];
        let answer = by.token(&by.proof("POST", "/token", &[]), &fields);
        assert_eq!(answer.status, status, "{answer:?}");
    }
}

#[test]
fn a_proof_that_comes_with_a_pushed_request_binds_the_code_as_well() {
    let rig = speaking(|protocol| protocol.par = Offer::Offered);
    let (holder, thief) = (Holder::new(&rig), Holder::new(&rig));
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(crate::demo::VERIFIER));
    let request = [
        ("response_type", "code"),
        ("client_id", PUBLIC_CLIENT),
        ("redirect_uri", "http://127.0.0.1:7777/callback"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let push = |more: &[(&str, &str)]| {
        let proof = holder.proof("POST", "/par", &[]);
        let body = form(&[&request[..], more].concat());
        let headers = [FORM, ("DPoP", proof.as_str())];
        rig.send("POST", "/par", &headers, &body).unwrap()
    };
    let other = thief.key.public().thumbprint();
    let disagreeing = push(&[("dpop_jkt", &other)]);
    assert_eq!(disagreeing.text("error"), "invalid_request");
    for (by, status) in [(&thief, 400), (&holder, 200)] {
        let reference = push(&[]).text("request_uri");
        let query = form(&[("client_id", PUBLIC_CLIENT), ("request_uri", &reference)]);
        let code = rig
            .get(&format!("/authorize?{query}"))
            .query("code")
            .unwrap();
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", "http://127.0.0.1:7777/callback"),
            ("code_verifier", crate::demo::VERIFIER),
            ("client_id", PUBLIC_CLIENT),
        ];
        let answer = by.token(&by.proof("POST", "/token", &[]), &fields);
        assert_eq!(answer.status, status, "{answer:?}");
    }
}
