//! Every quirk of the built-in provider does what it says.

use crate::demo::Rig;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use tokenward::demo::quirks::{
    Fault, IssRule, MetadataRule, Quirks, RequestKind, RetryAfter, RevocationRule, RotationRule,
};
use tokenward::demo::settings::PUBLIC_CLIENT;
use tokenward::demo::shape::{ExpiresInShape, ScopeShape, TokenTypeShape};

fn with(change: impl FnOnce(&mut Quirks)) -> Rig {
    let mut quirks = Quirks::default();
    change(&mut quirks);
    Rig::start(quirks)
}

fn failing(count: u32, fault: Fault) -> Rig {
    Rig::start(Quirks::default().failing(RequestKind::Refresh, count, fault))
}

fn status(status: u16, retry_after: Option<RetryAfter>) -> Fault {
    Fault::Status {
        status,
        retry_after,
    }
}

#[test]
fn rotation_never_keeps_the_token() {
    let rig = with(|q| q.rotation = RotationRule::Never);
    let token = rig.sign_in().text("refresh_token");
    assert_eq!(rig.refresh(&token).text("refresh_token"), token);
    assert_eq!(rig.refresh(&token).status, 200);
}

#[test]
fn rotation_always_leaves_the_old_token_alive() {
    let rig = with(|q| q.rotation = RotationRule::Always);
    let token = rig.sign_in().text("refresh_token");
    assert_ne!(rig.refresh(&token).text("refresh_token"), token);
    assert_eq!(rig.refresh(&token).status, 200);
}

#[test]
fn without_reuse_detection_only_the_spent_token_is_refused() {
    let rig = with(|q| q.reuse_detection = false);
    let first = rig.sign_in().text("refresh_token");
    let second = rig.refresh(&first).text("refresh_token");
    assert_eq!(rig.refresh(&first).text("error"), "invalid_grant");
    assert_eq!(rig.refresh(&second).status, 200);
}

#[test]
fn within_the_grace_a_spent_token_gets_its_successor_again() {
    let rig = with(|q| q.reuse_grace = Duration::from_secs(30));
    let first = rig.sign_in().text("refresh_token");
    let second = rig.refresh(&first).text("refresh_token");
    assert_eq!(rig.refresh(&first).text("refresh_token"), second);
    rig.control.advance(Duration::from_secs(31));
    assert_eq!(rig.refresh(&first).text("error"), "invalid_grant");
    assert_eq!(
        rig.refresh(&second).text("error"),
        "invalid_grant",
        "the family is dead"
    );
}

#[test]
fn refresh_tokens_can_be_left_out() {
    let rig = with(|q| q.refresh_tokens = false);
    assert!(rig.sign_in().json().get("refresh_token").is_none());
    let rig = with(|q| q.demands.offline_scope = Some("offline_access".to_owned()));
    assert!(rig.sign_in().json().get("refresh_token").is_none());
    let minted = rig
        .control
        .mint(PUBLIC_CLIENT, "alice", &["offline_access"]);
    assert!(minted.tokens.refresh.is_some());
    let rig = with(|q| q.omit_refresh_token = true);
    let token = rig.sign_in().text("refresh_token");
    assert!(rig.refresh(&token).json().get("refresh_token").is_none());
    assert_eq!(rig.refresh(&token).status, 200, "the old one stays");
}

#[test]
fn refresh_answers_can_lack_an_id_token() {
    let rig = with(|q| q.id_token_on_refresh = false);
    let tokens = rig.sign_in();
    assert!(tokens.json().get("id_token").is_some());
    let again = rig.refresh(&tokens.text("refresh_token")).json();
    assert!(again.get("id_token").is_none());
}

#[test]
fn lifetimes_are_what_the_quirks_say() {
    let rig = with(|q| {
        q.access_lifetime = Some(Duration::from_secs(7));
        q.refresh_lifetime = Some(Duration::from_secs(90));
        q.tell_refresh_lifetime = true;
    });
    let tokens = rig.sign_in().json();
    assert_eq!(
        (&tokens["expires_in"], &tokens["refresh_expires_in"]),
        (&json!(7), &json!(90))
    );
    let rig = with(|q| q.access_lifetime = None);
    let tokens = rig.sign_in();
    assert!(tokens.json().get("expires_in").is_none());
    rig.control.advance(Duration::from_secs(1_000_000));
    assert!(rig.control.is_live(&tokens.text("access_token")));
}

#[test]
fn an_early_refresh_is_refused_and_spends_nothing() {
    let rig = with(|q| q.refuse_early = Some(Duration::from_secs(30)));
    let token = rig.sign_in().text("refresh_token");
    assert_eq!(rig.refresh(&token).text("error"), "invalid_request");
    rig.control.advance(Duration::from_secs(91));
    assert_eq!(rig.refresh(&token).status, 200);
}

#[test]
fn failures_come_as_often_as_asked_and_spend_nothing() {
    let rig = failing(2, status(503, Some(RetryAfter::Seconds(7))));
    let token = rig.sign_in().text("refresh_token");
    let first = rig.refresh(&token);
    assert_eq!(
        (first.status, first.headers["retry-after"].as_str()),
        (503, "7")
    );
    assert_eq!(rig.refresh(&token).status, 503);
    assert_eq!(rig.refresh(&token).status, 200);
    rig.control.fail_next(
        RequestKind::Refresh,
        1,
        status(429, Some(RetryAfter::Date(30))),
    );
    let limited = rig.refresh("x");
    assert_eq!(limited.status, 429);
    let date = httpdate::parse_http_date(&limited.headers["retry-after"]).unwrap();
    let ahead = date.duration_since(std::time::SystemTime::now()).unwrap();
    assert!((28..=30).contains(&ahead.as_secs()), "{ahead:?}");
}

#[test]
fn errors_of_any_code_and_status_can_be_injected() {
    for (at, error) in [
        (401, "invalid_client"),
        (400, "invalid_scope"),
        (200, "bad_refresh_token"),
    ] {
        let rig = failing(
            1,
            Fault::Error {
                status: at,
                error: error.to_owned(),
            },
        );
        let token = rig.sign_in().text("refresh_token");
        let answer = rig.refresh(&token);
        assert_eq!((answer.status, answer.text("error").as_str()), (at, error));
        assert_eq!(rig.refresh(&token).status, 200);
    }
}

#[test]
fn a_captive_portal_answers_with_a_page() {
    let rig = failing(1, Fault::CaptivePortal);
    let answer = rig.refresh("x");
    assert_eq!(answer.status, 200);
    assert!(answer.headers["content-type"].starts_with("text/html"));
}

#[test]
fn a_closed_connection_spends_the_token_only_when_it_was_processed() {
    let rig = failing(1, Fault::CloseBefore);
    let token = rig.sign_in().text("refresh_token");
    assert!(rig.try_refresh(&token).is_none());
    assert_eq!(rig.refresh(&token).status, 200);
    let rig = failing(1, Fault::CloseAfter);
    let token = rig.sign_in().text("refresh_token");
    assert!(rig.try_refresh(&token).is_none());
    assert_eq!(rig.refresh(&token).text("error"), "invalid_grant");
    assert_eq!(
        rig.control.counts().refreshes_by_status,
        BTreeMap::from([(0, 1), (400, 1)])
    );
}

#[test]
fn a_hanging_request_never_answers_and_ends_with_the_provider() {
    for (fault, spent) in [(Fault::Hang, false), (Fault::HangAfter, true)] {
        let rig = failing(1, fault);
        let token = rig.sign_in().text("refresh_token");
        let (ended, told) = mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| ended.send(rig.try_refresh(&token).is_none()));
            while rig.control.counts().refreshes == 0 {
                std::thread::yield_now();
            }
            if spent {
                while rig.control.is_live_refresh(&token) {
                    std::thread::yield_now();
                }
            }
            assert_eq!(rig.control.is_live_refresh(&token), !spent);
            assert!(told.try_recv().is_err(), "no answer yet");
            rig.control.shutdown();
            assert!(told.recv().unwrap());
        });
    }
}

#[test]
fn latency_delays_before_and_answer_delay_after_the_processing() {
    let rig = with(|q| q.latency = Duration::from_millis(80));
    let started = Instant::now();
    rig.refresh("x");
    assert!(started.elapsed() >= Duration::from_millis(80));
    let rig = with(|q| q.answer_delay = Duration::from_secs(600));
    let token = rig
        .control
        .mint(PUBLIC_CLIENT, "alice", &[])
        .tokens
        .refresh
        .unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| rig.try_refresh(token.expose_secret()));
        while rig.control.is_live_refresh(token.expose_secret()) {
            std::thread::yield_now();
        }
        assert_eq!(rig.control.counts().refreshed, 0, "processed, not answered");
        rig.control.shutdown();
    });
}

#[test]
fn answers_come_in_every_shape() {
    let rig = with(|q| {
        q.form_encoded = true;
        q.scope = ScopeShape::Commas;
        q.token_type = TokenTypeShape::LowerCase;
    });
    let answer = rig.sign_in();
    assert!(answer.headers["content-type"].contains("form-urlencoded"));
    assert!(
        answer.body.contains("token_type=bearer") && answer.body.contains("scope=openid%2Cread")
    );
    assert!(rig.refresh("x").body.starts_with("error=invalid_grant&"));

    let rig = with(|q| {
        q.expires_in = ExpiresInShape::Text;
        q.scope = ScopeShape::Array;
        q.token_type = TokenTypeShape::Missing;
    });
    let answer = rig.sign_in().json();
    assert_eq!(
        (&answer["expires_in"], &answer["scope"]),
        (&json!("120"), &json!(["openid", "read"]))
    );
    assert!(answer.get("token_type").is_none());

    let rig = with(|q| {
        q.expires_in = ExpiresInShape::Milliseconds;
        q.scope = ScopeShape::Missing;
    });
    let answer = rig.sign_in().json();
    assert_eq!(answer["expires_in"], 120_000);
    assert!(answer.get("scope").is_none());
    let rig = with(|q| q.expires_in = ExpiresInShape::Missing);
    assert!(rig.sign_in().json().get("expires_in").is_none());
    let rig = with(|q| q.huge_body = true);
    assert!(rig.sign_in().body.len() > 1_048_576);
}

#[test]
fn errors_come_in_every_shape() {
    let rig = with(|q| q.errors_with_200 = true);
    let answer = rig.refresh("demo_rt_marker");
    assert_eq!(
        (answer.status, answer.text("error").as_str()),
        (200, "invalid_grant")
    );
    assert!(!answer.body.contains("marker"));
    let rig = with(|q| q.echo_token = true);
    assert!(
        rig.refresh("demo_rt_marker")
            .body
            .contains("demo_rt_marker")
    );
    let rig = with(|q| q.empty_errors = true);
    let answer = rig.refresh("x");
    assert_eq!((answer.status, answer.body.as_str()), (400, ""));
}

#[test]
fn a_redirecting_token_endpoint_notes_who_followed() {
    let rig = with(|q| q.redirect_token_endpoint = true);
    let answer = rig.refresh("x");
    assert_eq!(answer.status, 307);
    assert_eq!(
        answer.headers["location"],
        format!("{}/elsewhere", rig.issuer.replace("127.0.0.1", "localhost"))
    );
    assert_eq!(rig.control.counts().of(RequestKind::Elsewhere), 0);
    rig.post("/elsewhere", &[]);
    assert_eq!(rig.control.counts().of(RequestKind::Elsewhere), 1);
}

#[test]
fn the_device_flow_misbehaves_as_real_ones_do() {
    let rig = with(|q| {
        q.tell_interval = false;
        q.verification_url = true;
        q.slow_down_once = true;
        q.tell_slow_down_interval = true;
        q.denied_stays_pending = true;
        q.device_lifetime = Duration::from_secs(40);
        q.device_interval = Duration::from_secs(5);
    });
    let device = rig.start_device();
    let body = device.json();
    assert!(body.get("interval").is_none() && body.get("verification_uri").is_none());
    assert_eq!(body["verification_url"], format!("{}/device", rig.issuer));
    assert_eq!(body["expires_in"], 40);
    let code = device.text("device_code");
    let slow = rig.poll(&code).json();
    assert_eq!(
        (&slow["error"], &slow["interval"]),
        (&json!("slow_down"), &json!(10))
    );
    assert!(rig.control.deny(rig.control.pending()[0].id));
    rig.control.advance(Duration::from_secs(11));
    assert_eq!(rig.poll(&code).text("error"), "authorization_pending");
    rig.control.advance(Duration::from_secs(40));
    assert_eq!(rig.poll(&code).text("error"), "expired_token");
}

#[test]
fn metadata_has_holes_where_the_quirks_say() {
    let rig = Rig::start(Quirks::default());
    let both = |rig: &Rig| {
        ["openid-configuration", "oauth-authorization-server"]
            .map(|name| rig.get(&format!("/.well-known/{name}")))
    };
    for document in both(&rig) {
        assert_eq!(document.text("issuer"), rig.issuer);
        assert_eq!(
            document.text("revocation_endpoint"),
            format!("{}/revoke", rig.issuer)
        );
        assert_eq!(
            document.json()["authorization_response_iss_parameter_supported"],
            true
        );
    }
    for (rule, statuses) in [
        (MetadataRule::OpenIdOnly, [200, 404]),
        (MetadataRule::OAuthOnly, [404, 200]),
        (MetadataRule::None, [404, 404]),
    ] {
        rig.control.change_quirks(|q| q.metadata = rule);
        assert_eq!(both(&rig).map(|answer| answer.status), statuses);
    }
    rig.control.change_quirks(|q| {
        q.metadata = MetadataRule::Holes;
        q.iss = IssRule::Never;
    });
    let [openid, oauth] = both(&rig).map(|answer| answer.json());
    assert!(openid.get("device_authorization_endpoint").is_none());
    assert!(oauth.get("device_authorization_endpoint").is_some());
    assert_eq!(
        openid["authorization_response_iss_parameter_supported"],
        false
    );
    rig.control
        .change_quirks(|q| q.metadata = MetadataRule::WrongIssuer);
    assert_ne!(both(&rig)[0].text("issuer"), rig.issuer);
}

#[test]
fn iss_comes_by_the_rule() {
    let rig = Rig::start(Quirks::default());
    let answered = |code_challenge_method: &str| {
        let path = format!(
            "/authorize?response_type=code&client_id=demo-cli&redirect_uri=http://127.0.0.1:9/callback\
             &code_challenge=x&code_challenge_method={code_challenge_method}"
        );
        rig.get(&path).headers["location"].clone()
    };
    for (rule, on_success, on_error) in [
        (IssRule::Always, true, true),
        (IssRule::SuccessOnly, true, false),
        (IssRule::Never, false, false),
    ] {
        rig.control.change_quirks(|q| {
            q.iss = rule;
            q.consent = tokenward::demo::quirks::Consent::Allow("alice".to_owned());
        });
        assert_eq!(answered("S256").contains("iss="), on_success, "{rule:?}");
        assert_eq!(answered("plain").contains("iss="), on_error, "{rule:?}");
    }
    rig.control.change_quirks(|q| q.iss = IssRule::Wrong);
    assert!(answered("S256").contains("iss=https%3A%2F%2Fanother-issuer.test"));
    rig.control
        .change_quirks(|q| q.demands.redirect_port = Some(9));
    assert!(answered("S256").contains("code="));
}

#[test]
fn a_fixed_redirect_port_is_matched_to_the_letter() {
    let rig = with(|q| q.demands.redirect_port = Some(9));
    let path = "/authorize?response_type=code&client_id=demo-cli&code_challenge=x&code_challenge_method=S256";
    let at = |port: u16| {
        rig.get(&format!(
            "{path}&redirect_uri=http://127.0.0.1:{port}/callback"
        ))
        .status
    };
    assert_eq!((at(9), at(10)), (200, 400));
}

#[test]
fn revocation_can_be_refused_to_public_clients_or_be_missing() {
    let rig = with(|q| q.revocation = RevocationRule::NotForPublicClients);
    let access = rig.sign_in().text("access_token");
    let fields = [("token", access.as_str()), ("client_id", PUBLIC_CLIENT)];
    assert_eq!(rig.post("/revoke", &fields).status, 401);
    assert!(rig.control.is_live(&access));
    rig.control
        .change_quirks(|q| q.revocation = RevocationRule::Missing);
    assert_eq!(rig.post("/revoke", &fields).status, 404);
    let document = rig.get("/.well-known/openid-configuration").json();
    assert!(document.get("revocation_endpoint").is_none());
}

#[test]
fn quirks_of_one_client_leave_the_others_alone() {
    let rig = Rig::start(Quirks::default());
    let quirks = Quirks::default().failing(RequestKind::Refresh, u32::MAX, status(500, None));
    rig.control.set_client_quirks("demo-flaky", quirks);
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "x"),
        ("client_id", "demo-flaky"),
    ];
    assert_eq!(rig.post("/token", &fields).status, 500);
    assert_eq!(rig.post("/token", &fields).status, 500);
    let token = rig.sign_in().text("refresh_token");
    assert_eq!(rig.refresh(&token).status, 200);
}

#[test]
fn the_most_refreshes_at_once_are_counted() {
    let rig = failing(4, Fault::Hang);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| rig.try_refresh("x"));
        }
        while rig.control.counts().most_in_flight < 4 {
            std::thread::yield_now();
        }
        rig.control.shutdown();
    });
    let counts = rig.control.counts();
    assert_eq!((counts.most_in_flight, counts.refreshes), (4, 4));
    rig.control.reset_counts();
    assert_eq!(rig.control.counts().refreshes, 0);
}
