//! The built-in provider, checked by raw requests: each flow as the RFCs have it.

use crate::raw_http::{self, Answer, FORM, form};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;
use tokenward::demo::control::Control;
use tokenward::demo::grants::Grants;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::{Consent, Quirks, RequestKind};
use tokenward::demo::settings::{
    CONFIDENTIAL_CLIENT, CONFIDENTIAL_SECRET, DemoSettings, ODD_CLIENT, ODD_SECRET, POST_CLIENT,
    POST_SECRET, PUBLIC_CLIENT,
};

pub const VERIFIER: &str = "0123456789012345678901234567890123456789012345678901234567890123";
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A provider with somebody who talks to it over plain sockets.
pub struct Rig {
    _provider: DemoProvider,
    pub control: Control,
    pub issuer: String,
}

impl Rig {
    pub fn start(quirks: Quirks) -> Self {
        let provider = DemoProvider::spawn(DemoSettings::with_quirks(quirks)).unwrap();
        let (control, issuer) = (provider.control(), provider.issuer());
        Self {
            _provider: provider,
            control,
            issuer,
        }
    }

    /// Sends one request; `None` when the connection ended without an answer.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Option<Answer> {
        raw_http::send(&self.issuer, method, path, headers, body)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").unwrap()
    }

    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.try_post(path, fields).unwrap()
    }

    pub fn try_post(&self, path: &str, fields: &[(&str, &str)]) -> Option<Answer> {
        self.send("POST", path, &[FORM], &form(fields))
    }

    fn post_basic(&self, path: &str, id: &str, secret: &str, fields: &[(&str, &str)]) -> Answer {
        raw_http::post_basic(&self.issuer, path, (id, secret), fields)
    }

    pub fn refresh(&self, token: &str) -> Answer {
        self.try_refresh(token).unwrap()
    }

    pub fn try_refresh(&self, token: &str) -> Option<Answer> {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", PUBLIC_CLIENT),
        ];
        self.try_post("/token", &fields)
    }

    fn hello(&self, access: &str) -> Answer {
        let authorization = format!("Bearer {access}");
        self.send(
            "GET",
            "/api/hello",
            &[("Authorization", &authorization)],
            "",
        )
        .unwrap()
    }

    pub fn start_device(&self) -> Answer {
        self.post(
            "/device_authorization",
            &[("client_id", PUBLIC_CLIENT), ("scope", "openid read")],
        )
    }

    pub fn poll(&self, device_code: &str) -> Answer {
        let fields = [
            ("grant_type", DEVICE_GRANT),
            ("device_code", device_code),
            ("client_id", PUBLIC_CLIENT),
        ];
        self.post("/token", &fields)
    }

    /// Signs in by device code, with the person's answer given at once.
    pub fn sign_in(&self) -> Answer {
        let device = self.start_device();
        let approved = self
            .control
            .approve_code(&device.text("user_code"), "alice");
        assert!(approved || self.control.quirks().consent != Consent::Ask);
        self.poll(&device.text("device_code"))
    }

    fn exchange(&self, code: &str, redirect: &str, verifier: &str) -> Answer {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", verifier),
            ("client_id", PUBLIC_CLIENT),
        ];
        self.post("/token", &fields)
    }
}

const REDIRECT: &str = "http://127.0.0.1:7777/callback";

fn authorize_path(extra: &str) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER.as_bytes()));
    let query = form(&[
        ("response_type", "code"),
        ("client_id", PUBLIC_CLIENT),
        ("redirect_uri", REDIRECT),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("state", "st&te"),
        ("nonce", "n0nce"),
        ("scope", "openid email read"),
    ]);
    format!("/authorize?{query}{extra}")
}

fn claims(id_token: &str) -> Value {
    let payload = URL_SAFE_NO_PAD
        .decode(id_token.split('.').nth(1).unwrap())
        .unwrap();
    serde_json::from_slice(&payload).unwrap()
}

#[test]
fn a_person_signs_in_on_the_page_and_the_code_is_good_once() {
    let rig = Rig::start(Quirks::default());
    let first = rig.get(&authorize_path("&login_hint=bob"));
    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!(first.field("username").split('"').next(), Some("bob"));
    assert_eq!(rig.control.pending().len(), 1);
    let cookie = first.headers["set-cookie"]
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let (ticket, csrf) = (first.field("ticket"), first.field("csrf"));
    let post = |cookie: &str, more: (&str, &str)| {
        let fields = [("ticket", ticket.as_str()), ("csrf", csrf.as_str()), more];
        rig.send(
            "POST",
            "/authorize",
            &[FORM, ("Cookie", cookie)],
            &form(&fields),
        )
        .unwrap()
    };
    // Saying yes before saying who asks who first; somebody else's browser may say nothing.
    assert_eq!(
        post("tokenward_demo=other", ("decision", "allow")).status,
        403
    );
    assert_eq!(post(&cookie, ("username", "bob")).status, 200);
    let back = post(&cookie, ("decision", "allow"));
    assert_eq!(back.status, 303, "{back:?}");
    assert_eq!(back.query("state").as_deref(), Some("st&te"));
    assert_eq!(back.query("iss"), Some(rig.issuer.clone()));
    assert_eq!(post(&cookie, ("decision", "allow")).status, 400, "one shot");

    let code = back.query("code").unwrap();
    let tokens = rig.exchange(&code, REDIRECT, VERIFIER);
    assert_eq!(tokens.status, 200, "{tokens:?}");
    assert_eq!(tokens.headers["cache-control"], "no-store");
    let claims = claims(&tokens.text("id_token"));
    assert_eq!(claims["iss"], json!(rig.issuer));
    assert_eq!(claims["nonce"], "n0nce");
    assert_eq!(
        (&claims["sub"], &claims["aud"]),
        (&json!("bob"), &json!(PUBLIC_CLIENT))
    );
    assert_eq!(claims["email"], "bob@example.test");

    let access = tokens.text("access_token");
    assert_eq!(rig.hello(&access).json()["hello"], "bob");
    let again = rig.exchange(&code, REDIRECT, VERIFIER);
    assert_eq!(again.text("error"), "invalid_grant");
    assert_eq!(
        rig.hello(&access).status,
        401,
        "a code used twice ends its grant"
    );
}

#[test]
fn a_code_is_bound_to_its_verifier_and_its_redirect() {
    let quirks = Quirks {
        consent: Consent::Allow("alice".to_owned()),
        ..Quirks::default()
    };
    let rig = Rig::start(quirks);
    for (redirect, verifier) in [
        (REDIRECT, "x".repeat(64)),
        (REDIRECT, String::new()),
        ("http://127.0.0.1:7778/callback", VERIFIER.to_owned()),
    ] {
        let code = rig.get(&authorize_path("")).query("code").unwrap();
        let answer = rig.exchange(&code, redirect, &verifier);
        assert_eq!(
            (answer.status, answer.text("error").as_str()),
            (400, "invalid_grant")
        );
        // A wrong guess spends the code.
        assert_eq!(
            rig.exchange(&code, REDIRECT, VERIFIER).text("error"),
            "invalid_grant"
        );
    }
    let code = rig.get(&authorize_path("")).query("code").unwrap();
    rig.control.advance(Duration::from_secs(61));
    assert_eq!(
        rig.exchange(&code, REDIRECT, VERIFIER).text("error"),
        "invalid_grant"
    );
}

#[test]
fn a_denied_sign_in_goes_back_with_state_and_iss() {
    let rig = Rig::start(Quirks {
        consent: Consent::Deny,
        ..Quirks::default()
    });
    let back = rig.get(&authorize_path(""));
    assert_eq!(back.query("error").as_deref(), Some("access_denied"));
    assert_eq!(back.query("state").as_deref(), Some("st&te"));
    assert_eq!(back.query("iss"), Some(rig.issuer.clone()));
}

#[test]
fn a_device_is_connected_on_the_page() {
    let rig = Rig::start(Quirks::default());
    let device = rig.start_device();
    assert_eq!(device.json()["interval"], 2);
    assert_eq!(
        rig.poll(&device.text("device_code")).text("error"),
        "authorization_pending"
    );
    assert_eq!(
        rig.poll(&device.text("device_code")).text("error"),
        "slow_down"
    );

    let complete = device.text("verification_uri_complete");
    let page = rig.get(complete.strip_prefix(&rig.issuer).unwrap());
    let cookie = page.headers["set-cookie"]
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let (csrf, code) = (page.field("csrf"), device.text("user_code"));
    assert!(
        page.body.contains(&format!("value=\"{code}\"")),
        "prefilled"
    );
    let post = |code: &str, more: &[(&str, &str)]| {
        let fields: Vec<_> = [("csrf", csrf.as_str()), ("user_code", code)]
            .iter()
            .chain(more)
            .copied()
            .collect();
        rig.send(
            "POST",
            "/device",
            &[FORM, ("Cookie", &cookie)],
            &form(&fields),
        )
        .unwrap()
    };
    assert_eq!(post("BBBB-BBBB", &[("username", "carol")]).status, 400);
    assert_eq!(
        post(&code.to_lowercase(), &[("username", "carol")]).status,
        200
    );
    assert_eq!(post(&code, &[("decision", "allow")]).status, 200);
    rig.control.advance(Duration::from_secs(10));
    let tokens = rig.poll(&device.text("device_code"));
    assert_eq!(tokens.status, 200, "{tokens:?}");
    assert_eq!(claims(&tokens.text("id_token"))["sub"], "carol");
    rig.control.advance(Duration::from_secs(10));
    assert_eq!(
        rig.poll(&device.text("device_code")).text("error"),
        "invalid_grant"
    );
}

#[test]
fn guessing_user_codes_is_limited() {
    let rig = Rig::start(Quirks::default());
    let page = rig.get("/device");
    let cookie = page.headers["set-cookie"]
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let csrf = page.field("csrf");
    let guess = || {
        let fields = form(&[("csrf", &csrf), ("user_code", "BCDF-GHJK")]);
        rig.send("POST", "/device", &[FORM, ("Cookie", &cookie)], &fields)
            .unwrap()
            .status
    };
    assert!((0..20).all(|_| guess() == 400));
    assert_eq!(guess(), 429);
    rig.control.advance(Duration::from_secs(61));
    assert_eq!(guess(), 400);
}

#[test]
fn a_device_sign_in_can_be_denied_and_expires() {
    let rig = Rig::start(Quirks::default());
    let device = rig.start_device();
    assert!(rig.control.deny(rig.control.pending()[0].id));
    assert_eq!(
        rig.poll(&device.text("device_code")).text("error"),
        "access_denied"
    );
    let device = rig.start_device();
    rig.control.advance(Duration::from_secs(301));
    assert_eq!(
        rig.poll(&device.text("device_code")).text("error"),
        "expired_token"
    );
}

#[test]
fn refresh_rotates_and_a_spent_token_ends_the_family() {
    let rig = Rig::start(Quirks::default());
    let first = rig.sign_in();
    let second = rig.refresh(&first.text("refresh_token"));
    assert_eq!(second.status, 200, "{second:?}");
    assert_ne!(first.text("refresh_token"), second.text("refresh_token"));
    assert!(rig.control.is_live(&second.text("access_token")));
    let replay = rig.refresh(&first.text("refresh_token"));
    assert_eq!(
        (replay.status, replay.text("error").as_str()),
        (400, "invalid_grant")
    );
    assert!(!rig.control.is_live(&second.text("access_token")));
    assert_eq!(rig.refresh(&second.text("refresh_token")).status, 400);

    let counts = rig.control.counts();
    assert_eq!(
        (counts.refreshes, counts.refreshed, counts.replays),
        (3, 1, 1)
    );
    assert_eq!(
        counts.refreshes_by_status,
        BTreeMap::from([(200, 1), (400, 2)])
    );
    assert_eq!(counts.refreshes_by_token.values().copied().max(), Some(2));
}

#[test]
fn tokens_expire_by_the_providers_clock() {
    let rig = Rig::start(Quirks::default());
    let tokens = rig.sign_in();
    assert_eq!(tokens.json()["expires_in"], 120);
    rig.control.advance(Duration::from_secs(121));
    let refused = rig.hello(&tokens.text("access_token"));
    assert_eq!(refused.status, 401);
    assert!(refused.headers["www-authenticate"].contains("invalid_token"));
    rig.control.advance(Duration::from_secs(3600));
    assert_eq!(
        rig.refresh(&tokens.text("refresh_token")).text("error"),
        "invalid_grant"
    );
}

#[test]
fn a_refresh_may_narrow_scopes_and_never_widen_them() {
    let rig = Rig::start(Quirks::default());
    let token = rig.sign_in().text("refresh_token");
    let ask = |token: &str, scope: &str| {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", PUBLIC_CLIENT),
            ("scope", scope),
        ];
        rig.post("/token", &fields)
    };
    assert_eq!(ask(&token, "openid write").text("error"), "invalid_scope");
    let narrowed = ask(&token, "read");
    assert_eq!(narrowed.text("scope"), "read");
    assert_eq!(
        ask(&narrowed.text("refresh_token"), "openid read").status,
        200
    );
}

#[test]
fn each_client_authenticates_by_its_own_method_only() {
    let rig = Rig::start(Quirks::default());
    let start = |fields: &[(&str, &str)]| rig.post("/device_authorization", fields).status;
    assert_eq!(start(&[("client_id", PUBLIC_CLIENT)]), 200);
    assert_eq!(
        start(&[("client_id", PUBLIC_CLIENT), ("client_secret", "x")]),
        401
    );
    assert_eq!(
        start(&[("client_id", POST_CLIENT), ("client_secret", POST_SECRET)]),
        200
    );
    assert_eq!(
        start(&[("client_id", POST_CLIENT), ("client_secret", "wrong")]),
        401
    );
    assert_eq!(
        start(&[
            ("client_id", CONFIDENTIAL_CLIENT),
            ("client_secret", CONFIDENTIAL_SECRET)
        ]),
        401
    );
    assert_eq!(start(&[("client_id", "nobody")]), 401);
    assert_eq!(start(&[]), 401);
    let basic = |id: &str, secret: &str| rig.post_basic("/device_authorization", id, secret, &[]);
    assert_eq!(basic(CONFIDENTIAL_CLIENT, CONFIDENTIAL_SECRET).status, 200);
    assert_eq!(basic(ODD_CLIENT, ODD_SECRET).status, 200);
    let refused = basic(CONFIDENTIAL_CLIENT, "wrong");
    assert_eq!(refused.status, 401);
    assert!(refused.headers["www-authenticate"].starts_with("Basic"));
    // Not encoded first, the odd one is refused.
    let raw = STANDARD.encode(format!("{ODD_CLIENT}:{ODD_SECRET}"));
    let authorization = format!("Basic {raw}");
    let headers = [FORM, ("Authorization", authorization.as_str())];
    let refused = rig
        .send("POST", "/device_authorization", &headers, "")
        .unwrap();
    assert_eq!(refused.status, 401);
}

#[test]
fn revoking_any_token_ends_the_family_and_introspection_sees_it() {
    let rig = Rig::start(Quirks::default());
    let ours = (CONFIDENTIAL_CLIENT, CONFIDENTIAL_SECRET);
    let ask = |path: &str, client: (&str, &str), token: &str| {
        rig.post_basic(path, client.0, client.1, &[("token", token)])
    };
    let active = |token: &str| ask("/introspect", ours, token).json();
    for is_access in [true, false] {
        let minted = rig
            .control
            .mint(CONFIDENTIAL_CLIENT, "alice", &["openid", "read"]);
        let (access, refresh) = (minted.tokens.access, minted.tokens.refresh.unwrap());
        let (access, refresh) = (access.expose_secret(), refresh.expose_secret());
        let told = active(access);
        assert_eq!(
            (&told["active"], &told["username"]),
            (&json!(true), &json!("alice"))
        );
        assert_eq!(told["scope"], "openid read");
        assert_eq!(active(refresh)["active"], true);
        // RFC 7662 4: whoever else asks learns nothing, not even that it lives.
        let another = ask("/introspect", (ODD_CLIENT, ODD_SECRET), access);
        assert_eq!(another.json(), json!({ "active": false }));
        let revoked = if is_access { access } else { refresh };
        assert_eq!(ask("/revoke", ours, revoked).status, 200);
        assert_eq!(active(access), json!({ "active": false }));
        assert_eq!(active(refresh), json!({ "active": false }));
        assert_eq!(rig.hello(access).status, 401);
    }
}

#[test]
fn revocation_knows_whose_token_it_is() {
    let rig = Rig::start(Quirks::default());
    let access = rig.sign_in().text("access_token");
    let fields = [("token", access.as_str())];
    let answer = rig.post_basic("/revoke", CONFIDENTIAL_CLIENT, CONFIDENTIAL_SECRET, &fields);
    assert_eq!(answer.text("error"), "invalid_grant");
    assert!(rig.control.is_live(&access));
    let unknown = [("token", "demo_at_unknown"), ("client_id", PUBLIC_CLIENT)];
    assert_eq!(rig.post("/revoke", &unknown).status, 200);
    let curious = [("token", access.as_str()), ("client_id", PUBLIC_CLIENT)];
    assert_eq!(rig.post("/introspect", &curious).status, 401);
}

#[test]
fn userinfo_wants_the_scope_openid() {
    let rig = Rig::start(Quirks::default());
    let ask = |scopes: &[&str]| {
        let minted = rig.control.mint(PUBLIC_CLIENT, "dora", scopes);
        let authorization = format!("Bearer {}", minted.tokens.access.expose_secret());
        rig.send("GET", "/userinfo", &[("Authorization", &authorization)], "")
            .unwrap()
    };
    assert_eq!(
        ask(&["openid", "email"]).json(),
        json!({
            "sub": "dora", "email": "dora@example.test", "email_verified": true
        })
    );
    assert_eq!(ask(&["read"]).status, 403);
    assert_eq!(rig.get("/userinfo").status, 401);
}

#[test]
fn a_page_of_another_name_gets_nothing() {
    let rig = Rig::start(Quirks::default());
    let path = "/.well-known/openid-configuration";
    let port = rig.issuer.rsplit(':').next().unwrap();
    let of = |host: String| {
        rig.send("GET", path, &[("Host", &host)], "")
            .unwrap()
            .status
    };
    assert_eq!(of(format!("localhost:{port}")), 200);
    assert_eq!(of(format!("evil.test:{port}")), 421);
    assert_eq!(of("127.0.0.1".to_owned()), 421);
}

#[test]
fn the_control_carries_a_browsers_answer_to_the_listener() {
    let rig = Rig::start(Quirks::default());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let redirect = format!("127.0.0.1%3A{}", listener.local_addr().unwrap().port());
    let path = authorize_path("").replace("127.0.0.1%3A7777", &redirect);
    let arrived = || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0; 1];
            stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            .unwrap();
        String::from_utf8(head).unwrap()
    };
    assert!(rig.control.visit(
        &format!("{}{path}", rig.issuer),
        &Consent::Allow("eve".to_owned())
    ));
    assert!(arrived().starts_with("GET /callback?code=demo_code_"));
    assert_eq!(rig.get(&path).status, 200);
    assert_eq!(rig.control.approve_all(), 1);
    assert!(arrived().starts_with("GET /callback?code=demo_code_"));
    assert!(
        !rig.control
            .visit("http://127.0.0.1:1/authorize?x=y", &Consent::Ask)
    );
    assert!(rig.control.pending().is_empty());
}

#[test]
fn an_administrator_revokes_behind_the_clients_back() {
    let rig = Rig::start(Quirks::default());
    let minted = rig.control.mint(PUBLIC_CLIENT, "alice", &["read"]);
    let refresh = minted.tokens.refresh.unwrap();
    assert!(rig.control.is_live_refresh(refresh.expose_secret()));
    assert!(rig.control.revoke(minted.grant));
    assert_eq!(
        rig.refresh(refresh.expose_secret()).text("error"),
        "invalid_grant"
    );
    assert!(!rig.control.is_live(minted.tokens.access.expose_secret()));
    let view = rig.control.grants().pop().unwrap();
    assert_eq!((view.id, view.grant.revoked), (minted.grant, true));
}

#[test]
fn a_shut_down_provider_is_gone() {
    let rig = Rig::start(Quirks::default());
    let host = rig.issuer.strip_prefix("http://").unwrap();
    let mut idle = TcpStream::connect(host).unwrap();
    rig.control.shutdown();
    assert_eq!(
        idle.read(&mut [0; 1]).unwrap_or(0),
        0,
        "the connection is closed"
    );
    while TcpStream::connect(host).is_ok() {
        std::thread::yield_now();
    }
}

#[test]
fn the_store_of_grants_keeps_no_token_in_its_debug_output() {
    let rig = Rig::start(Quirks::default());
    let token = rig.sign_in().text("refresh_token");
    let shown = format!("{:?} {:?}", rig.control, rig.control.requests());
    assert!(
        !shown.contains(&token) && !shown.contains("demo_at_"),
        "{shown}"
    );
    assert_eq!(
        format!("{:?}", Grants::default()).matches("demo_").count(),
        0
    );
    assert_eq!(rig.control.counts().of(RequestKind::DevicePoll), 1);
}
