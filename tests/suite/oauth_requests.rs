//! Requests to a provider that behaves as badly as providers do: what is sent, and what its answers come to.

use crate::oauth_rig::{Act, Rig, answer, confidential, http, public};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};
use tokenward::model::client::ClientAuth;
use tokenward::model::failure::{Failure, FailureClass};
use tokenward::model::provider::{BodyFormat, Provider, Revocation, RevocationAuth};
use tokenward::model::token::TokenSet;
use tokenward::oauth::authorize::AuthorizationRequest;
use tokenward::oauth::caller::Caller;
use tokenward::oauth::device;
use tokenward::oauth::error::OAuthError;
use tokenward::oauth::http::{Http, HttpSettings};
use tokenward::oauth::revoke::{Revoked, revoke};
use tokenward::oauth::token::{Wish, exchange_code, refresh};

use tokenward::oauth::transport::Transport;
use tokenward::secret::{AccessToken, AuthorizationCode, RefreshToken};
use tokio::io::AsyncWriteExt as _;

const MARKER: &str = "refresh-marker-0123456789-abcdef";
const GOOD: &str = r#"{"access_token":"new","token_type":"bearer","expires_in":"60"}"#;

fn wish(scopes: &[String]) -> Wish<'_> {
    Wish {
        scopes,
        ..Wish::default()
    }
}

async fn refresh_at(provider: &Provider) -> Result<TokenSet, OAuthError> {
    let token = RefreshToken::new(MARKER.to_owned());
    refresh(
        &Caller::new(&http(), provider, &public()),
        &token,
        Wish::default(),
    )
    .await
}

async fn failure_of(act: Act) -> Failure {
    let rig = Rig::always(act).await;
    let error = refresh_at(&rig.provider()).await.unwrap_err();
    let shown = format!("{error} {error:?} {:?}", error.failure());
    assert!(
        !shown.contains(MARKER) && !shown.contains("secret-query"),
        "{shown}"
    );
    error.failure()
}

fn problem(error: &OAuthError) -> Transport {
    match error {
        OAuthError::Transport { problem, .. } => *problem,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_refresh_sends_what_the_standard_asks_for_and_no_more() {
    let rig = Rig::always(answer(201, "", GOOD)).await;
    let set = refresh_at(&rig.provider()).await.unwrap();
    assert!(set.access.matches(&AccessToken::new("new".to_owned())) && set.refresh.is_none());
    let requests = rig.requests();
    let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("POST /token?tenant=secret-query HTTP/1.1"),
        "{head}"
    );
    let head = head.to_ascii_lowercase();
    assert!(
        head.contains("accept: application/json") && head.contains("user-agent: tokenward/"),
        "{head}"
    );
    assert!(!head.contains("authorization:"), "{head}");
    assert_eq!(
        body,
        format!("grant_type=refresh_token&refresh_token={MARKER}&client_id=me")
    );
}

/// A kept connection that died unnoticed would leave it open whether a single-use token was spent.
#[tokio::test]
async fn no_connection_is_used_twice() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length";
    let whole = format!("{head}: {}\r\n\r\n{GOOD}", GOOD.len());
    // It stays open and says nothing to a second request.
    let rig = Rig::always(Act::Hang(whole)).await;
    let (http, provider) = (http(), rig.provider());
    for _ in 0..2 {
        let token = RefreshToken::new(MARKER.to_owned());
        let refreshed = refresh(
            &Caller::new(&http, &provider, &public()),
            &token,
            Wish::default(),
        )
        .await;
        assert!(refreshed.is_ok(), "{refreshed:?}");
    }
    assert_eq!(rig.requests().len(), 2);
}

#[tokio::test]
async fn clients_authenticate_as_they_are_told_and_the_record_bends_the_request() {
    let rig = Rig::always(answer(200, "", GOOD)).await;
    let mut provider = rig.provider();
    provider.endpoints.refresh = Some(rig.url("/refresh"));
    provider.body_format = BodyFormat::Json;
    provider
        .extra
        .refresh
        .insert("type".to_owned(), "refresh".to_owned());
    provider.scope_separator = ',';
    let token = RefreshToken::new(MARKER.to_owned());
    let scopes = ["a".to_owned(), "b".to_owned()];
    for auth in [ClientAuth::ClientSecretBasic, ClientAuth::ClientSecretPost] {
        refresh(
            &Caller::new(&http(), &provider, &confidential(auth)),
            &token,
            wish(&scopes),
        )
        .await
        .unwrap();
    }
    let requests = rig.requests();
    assert!(
        requests[0].contains("Basic bWU6Y2xpZW50LXNlY3JldC1tYXJrZXI=")
            || requests[0].contains("basic bWU6"),
        "{}",
        requests[0]
    );
    assert!(!requests[0].contains("client_secret"));
    let (head, body) = requests[1].split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("POST /refresh ") && head.contains("application/json"),
        "{head}"
    );
    let json: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(json["client_secret"], "client-secret-marker");
    assert_eq!(json["type"], "refresh");
    assert_eq!(json["scope"], "a,b");
}

#[tokio::test]
async fn a_provider_that_spells_in_camel_case_is_asked_and_read_in_it() {
    const CAMEL: &str = r#"{"accessToken": "new", "expiresIn": 28800, "refreshToken": "next", "tokenType": "Bearer"}"#;
    let rig = Rig::always(answer(200, "", CAMEL)).await;
    let mut provider = rig.provider();
    provider.body_format = BodyFormat::CamelJson;
    let client = confidential(ClientAuth::ClientSecretPost);
    let token = RefreshToken::new(MARKER.to_owned());
    let http = http();
    let caller = Caller::new(&http, &provider, &client);
    let set = refresh(&caller, &token, Wish::default()).await.unwrap();
    assert_eq!(set.access.expose_secret(), "new");
    assert_eq!(set.refresh.unwrap().expose_secret(), "next");
    assert_eq!(set.expires_in, Some(Duration::from_secs(28_800)));
    let request = rig.requests().remove(0);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(
        head.to_ascii_lowercase()
            .contains("content-type: application/json"),
        "{head}"
    );
    let sent: serde_json::Value = serde_json::from_str(body).unwrap();
    let expected = serde_json::json!({
        "grantType": "refresh_token", "refreshToken": MARKER,
        "clientId": "me", "clientSecret": "client-secret-marker",
    });
    assert_eq!(sent, expected);
    // Errors come as the standard has them.
    let refusal = r#"{"error": "invalid_grant", "error_description": "Invalid refresh token"}"#;
    let rig = Rig::always(answer(400, "", refusal)).await;
    provider.endpoints.token = Some(rig.url("/token"));
    let caller = Caller::new(&http, &provider, &client);
    let refused = refresh(&caller, &token, Wish::default()).await.unwrap_err();
    assert_eq!(refused.failure().code, "invalid_grant");
}

#[tokio::test]
async fn a_token_is_never_sent_after_a_redirect() {
    let other = Rig::always(answer(200, "", GOOD)).await;
    for status in [301, 302, 303, 307, 308] {
        let act = answer(
            status,
            &format!("Location: {}\r\n", other.url("/token")),
            "",
        );
        let failure = failure_of(act).await;
        assert_eq!(failure.code, format!("http_{status}"));
    }
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn bodies_without_end_are_cut_off() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"access_token\":\"";
    let failure = failure_of(Act::Flood(head.to_owned())).await;
    assert_eq!(
        (failure.code.as_str(), failure.unsent),
        ("reply_too_large", false)
    );
    // A refusal's status counts, whatever flood comes with it.
    let failure = failure_of(Act::Flood("HTTP/1.1 503 X\r\n\r\n<html>".to_owned())).await;
    assert_eq!(
        (failure.code.as_str(), failure.class),
        ("http_503", FailureClass::Transient)
    );
}

#[tokio::test]
async fn slow_silent_and_cut_answers_are_told_apart_and_never_called_unsent() {
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"access_token\":\"new\"".to_owned();
    for (act, code) in [
        (Act::Hang(String::new()), "timeout"),
        (Act::Hang(half.clone()), "timeout"),
        (Act::Send(half), "connection_cut"),
        (Act::Send(String::new()), "connection_cut"),
        (
            Act::Send("HTTP/1.1 OK what\r\n\r\n".to_owned()),
            "connection_cut",
        ),
    ] {
        let failure = failure_of(act).await;
        assert_eq!(failure.code, code);
        assert_eq!(failure.class, FailureClass::Transient);
        assert!(!failure.unsent, "{code}");
    }
}

#[tokio::test]
async fn what_provably_never_left_is_called_unsent() {
    let closed = Rig::always(answer(200, "", GOOD)).await.address.clone();
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain = Rig::always(answer(200, "", GOOD)).await;
    // Speaks before it listens, and no TLS.
    let rude = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let rude_address = rude.local_addr().unwrap();
    let speaking = tokio::spawn(async move {
        while let Ok((mut stream, _)) = rude.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 No\r\n\r\n").await;
        }
    });
    for (url, problems) in [
        (format!("http://{closed}/token"), vec![Transport::Connect]),
        // Without root certificates on the machine, https goes no further than that.
        (
            format!("https://{}/token", silent.local_addr().unwrap()),
            vec![Transport::ConnectTimeout, Transport::NoRoots],
        ),
        (
            format!("https://{rude_address}/token"),
            vec![Transport::Tls, Transport::NoRoots],
        ),
        (
            "https://does-not-exist.invalid/token".to_owned(),
            vec![
                Transport::Dns,
                Transport::ConnectTimeout,
                Transport::NoRoots,
            ],
        ),
    ] {
        let mut provider = plain.provider();
        provider.endpoints.token = Some(url.clone());
        let error = refresh_at(&provider).await.unwrap_err();
        assert!(problems.contains(&problem(&error)), "{url}: {error:?}");
        assert!(error.failure().unsent, "{url}");
    }
    speaking.abort();
    assert!(plain.requests().is_empty());
}

#[tokio::test]
async fn plain_http_to_another_machine_is_refused_before_anything_is_sent() {
    let mut provider = Rig::always(answer(200, "", GOOD)).await.provider();
    provider.endpoints.token = Some("http://localhost.evil.com/token".to_owned());
    let failure = refresh_at(&provider).await.unwrap_err().failure();
    assert_eq!(
        (failure.code.as_str(), failure.class),
        ("bad_endpoint", FailureClass::Misconfigured)
    );
    assert!(failure.unsent);
}

#[tokio::test]
async fn an_echoed_token_never_reaches_the_error() {
    let body = format!(
        r#"{{"error":"invalid_grant","error_description":"Token {MARKER} is dead; gho_abcdef0123456789 too."}}"#
    );
    let failure = failure_of(answer(400, "", &body)).await;
    assert_eq!(failure.class, FailureClass::NeedsLogin);
    let words = failure.provider_words.unwrap();
    assert_eq!(words, "Token [removed] is dead; [removed] too.");
    failure_of(answer(400, "", &format!(r#"{{"error":"{MARKER}"}}"#))).await;
    failure_of(answer(200, "", MARKER)).await;
}

#[tokio::test]
async fn retry_after_is_taken_in_both_forms() {
    let failure = failure_of(answer(429, "Retry-After: 17\r\n", "")).await;
    assert_eq!(
        (failure.class, failure.retry_after_secs),
        (FailureClass::Transient, Some(17))
    );
    let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(600));
    let failure = failure_of(answer(503, &format!("Retry-After: {date}\r\n"), "<html>")).await;
    assert!((590..=600).contains(&failure.retry_after_secs.unwrap()));
}

#[tokio::test]
async fn refusals_without_a_code_are_sorted_by_status_and_shape() {
    for (status, body, class) in [
        (400, "", FailureClass::NeedsLogin),
        (401, r#"{"message":"no"}"#, FailureClass::NeedsLogin),
        (403, "<html>blocked</html>", FailureClass::Transient),
        (404, "", FailureClass::Misconfigured),
        (408, "", FailureClass::Transient),
        (500, "", FailureClass::Transient),
        (502, "<html>", FailureClass::Transient),
    ] {
        let failure = failure_of(answer(status, "", body)).await;
        assert_eq!(failure.class, class, "{status}");
        assert!(!failure.unsent);
    }
    let coded = failure_of(answer(500, "", r#"{"error":"boom_internal"}"#)).await;
    assert_eq!(coded.class, FailureClass::Transient);
}

#[tokio::test]
async fn a_code_is_exchanged_with_its_verifier_and_checked_by_its_nonce() {
    let rig = Rig::always(answer(200, "", GOOD)).await;
    let provider = rig.provider();
    let scopes = ["openid".to_owned()];
    let redirect = "http://127.0.0.1:7/callback";
    let request = AuthorizationRequest::new(
        &Caller::new(&http(), &provider, &public()),
        redirect,
        wish(&scopes),
    )
    .unwrap();
    let code = AuthorizationCode::new("the-code".to_owned());
    exchange_code(
        &Caller::new(&http(), &provider, &public()),
        &request,
        redirect,
        code,
    )
    .await
    .unwrap();
    let sent = rig.requests().remove(0);
    for part in [
        "grant_type=authorization_code",
        "code=the-code",
        "redirect_uri=http%3A%2F%2F127.0.0.1%3A7%2Fcallback",
        "code_verifier=",
        "client_id=me",
    ] {
        assert!(sent.contains(part), "{part}: {sent}");
    }
    // {"aud":"me","nonce":"other"}
    let foreign =
        r#"{"access_token":"a","id_token":"e30.eyJhdWQiOiJtZSIsIm5vbmNlIjoib3RoZXIifQ.s"}"#;
    let rig = Rig::always(answer(200, "", foreign)).await;
    let code = AuthorizationCode::new("the-code".to_owned());
    let error = exchange_code(
        &Caller::new(&http(), &rig.provider(), &public()),
        &request,
        redirect,
        code,
    )
    .await
    .unwrap_err();
    assert_eq!(error.code(), "not_this_sign_in");
}

#[tokio::test]
async fn a_pushed_request_leaves_only_a_reference_in_the_address() {
    let body = r#"{"request_uri":"urn:ietf:params:oauth:request_uri:x","expires_in":60}"#;
    let rig = Rig::always(answer(201, "", body)).await;
    let mut provider = rig.provider();
    provider.metadata.requires_par = true;
    let request = AuthorizationRequest::start(
        &Caller::new(&http(), &provider, &public()),
        "http://127.0.0.1:7/callback",
        wish(&["a".to_owned()]),
    )
    .await
    .unwrap();
    assert!(
        request.url.ends_with(
            "/authorize?client_id=me&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Ax"
        ),
        "{}",
        request.url
    );
    let sent = rig.requests().remove(0);
    assert!(
        sent.starts_with("POST /par ")
            && sent.contains("code_challenge=")
            && sent.contains(&request.state)
    );
    assert_eq!(sent.matches("client_id=").count(), 1);
}

#[tokio::test]
async fn a_pushed_request_can_be_pushed_again_as_it_was() {
    let pushes = AtomicUsize::new(0);
    let rig = Rig::start(move |_| {
        let number = pushes.fetch_add(1, Ordering::SeqCst);
        let body = format!(r#"{{"request_uri":"urn:x:{number}","expires_in":60}}"#);
        answer(201, "", &body)
    })
    .await;
    let (http, provider) = (http(), rig.provider());
    let redirect = "http://127.0.0.1:7/callback";
    let request = AuthorizationRequest::start(
        &Caller::new(&http, &provider, &public()),
        redirect,
        wish(&[]),
    )
    .await
    .unwrap();
    let minute = Some(Duration::from_secs(60));
    assert_eq!(request.lives, minute);
    let again = request
        .renewed(&Caller::new(&http, &provider, &public()))
        .await
        .unwrap();
    assert!(request.url.ends_with("urn%3Ax%3A0"), "{}", request.url);
    assert!(again.url.ends_with("urn%3Ax%3A1"), "{}", again.url);
    assert_eq!(again.lives, minute);
    let bodies: Vec<String> = rig
        .requests()
        .iter()
        .map(|sent| sent.split("\r\n\r\n").nth(1).unwrap().to_owned())
        .collect();
    assert_eq!(bodies[0], bodies[1], "state, nonce and challenge stay");
}

#[tokio::test]
async fn a_refused_push_is_an_error_only_where_the_provider_demands_it() {
    let rig = Rig::always(answer(400, "", r#"{"error":"unauthorized_client"}"#)).await;
    let mut provider = rig.provider();
    for is_demanded in [false, true] {
        provider.metadata.requires_par = is_demanded;
        let redirect = "http://127.0.0.1:7/callback";
        let request = AuthorizationRequest::start(
            &Caller::new(&http(), &provider, &public()),
            redirect,
            wish(&[]),
        )
        .await;
        match request {
            Ok(request) => {
                assert!(!is_demanded);
                assert!(request.url.contains("code_challenge="), "{}", request.url);
                assert_eq!(request.lives, None);
            }
            Err(error) => assert!(is_demanded, "{error}"),
        }
    }
}

#[tokio::test]
async fn a_device_code_is_asked_for_and_asked_after() {
    let rig = Rig::start(|request| {
        if request.starts_with("POST /device") {
            answer(200, "", r#"{"device_code":"dc-marker","user_code":"AB","verification_url":"https://p.example/d"}"#)
        } else {
            answer(400, "", r#"{"error":"slow_down","interval":9}"#)
        }
    })
    .await;
    let provider = rig.provider();
    let waiting = device::start(
        &Caller::new(&http(), &provider, &public()),
        wish(&["a".to_owned()]),
    )
    .await
    .unwrap();
    assert_eq!(waiting.interval, Duration::from_secs(5));
    match device::poll(&Caller::new(&http(), &provider, &public()), &waiting)
        .await
        .unwrap()
    {
        device::Poll::SlowDown { interval } => assert_eq!(interval, Some(Duration::from_secs(9))),
        other => panic!("{other:?}"),
    }
    let requests = rig.requests();
    assert!(
        requests[0].ends_with("scope=a&client_id=me"),
        "{}",
        requests[0]
    );
    assert!(
        requests[1].contains("device_code=dc-marker") && requests[1].contains("device_code&"),
        "{}",
        requests[1]
    );
}

async fn revoke_at(
    provider: &Provider,
    client: &tokenward::model::client::Client,
) -> Result<Revoked, OAuthError> {
    let (access, refresh) = (
        AccessToken::new("access-marker".to_owned()),
        RefreshToken::new(MARKER.to_owned()),
    );
    revoke(&http(), provider, client, &access, Some(&refresh)).await
}

#[tokio::test]
async fn both_tokens_are_revoked_the_refresh_token_first() {
    let rig = Rig::always(answer(200, "", "")).await;
    assert_eq!(
        revoke_at(&rig.provider(), &public()).await,
        Ok(Revoked::Confirmed)
    );
    let requests = rig.requests();
    assert!(requests[0].ends_with(&format!(
        "token={MARKER}&token_type_hint=refresh_token&client_id=me"
    )));
    assert!(requests[1].ends_with("token=access-marker&token_type_hint=access_token&client_id=me"));
}

#[tokio::test]
async fn a_kind_that_cannot_be_revoked_is_excused_when_the_other_was() {
    for refused in ["refresh_token", "access_token"] {
        let rig = Rig::start(move |request| {
            if request.contains(&format!("token_type_hint={refused}")) {
                answer(400, "", r#"{"error":"unsupported_token_type"}"#)
            } else {
                answer(200, "", "")
            }
        })
        .await;
        assert_eq!(
            revoke_at(&rig.provider(), &public()).await,
            Ok(Revoked::Confirmed),
            "{refused}"
        );
    }
    let rig = Rig::always(answer(400, "", r#"{"error":"unsupported_token_type"}"#)).await;
    assert_eq!(
        revoke_at(&rig.provider(), &public())
            .await
            .unwrap_err()
            .code(),
        "unsupported_token_type"
    );
    let rig = Rig::always(answer(400, "", r#"{"error":"invalid_token"}"#)).await;
    assert_eq!(
        revoke_at(&rig.provider(), &public()).await,
        Ok(Revoked::Confirmed)
    );
}

#[tokio::test]
async fn a_token_that_may_still_live_is_never_called_revoked() {
    for failing in ["refresh_token", "access_token"] {
        let rig = Rig::start(move |request| {
            if request.contains(&format!("token_type_hint={failing}")) {
                answer(503, "", "")
            } else {
                answer(200, "", "")
            }
        })
        .await;
        let error = revoke_at(&rig.provider(), &public()).await.unwrap_err();
        assert_eq!(error.code(), "http_503", "{failing}");
    }
}

#[tokio::test]
async fn a_client_that_may_not_revoke_is_told_so() {
    for body in [r#"{"error":"invalid_client"}"#, ""] {
        let rig = Rig::always(answer(401, "", body)).await;
        let failure = revoke_at(&rig.provider(), &public())
            .await
            .unwrap_err()
            .failure();
        assert_eq!(failure.class, FailureClass::Misconfigured);
        assert!(failure.fix.contains("provider's own page"), "{failure:?}");
    }
}

#[tokio::test]
async fn a_provider_with_a_way_of_its_own_is_told_its_way() {
    let rig = Rig::always(answer(204, "", "")).await;
    let mut provider = rig.provider();
    provider.grants_page = Some("https://p.example/grants".to_owned());
    provider.revocation = Revocation::Request {
        method: "DELETE".to_owned(),
        url: rig.url("/applications/{client_id}/token"),
        auth: RevocationAuth::ClientBasic,
        token_field: Some("access_token".to_owned()),
        body_format: BodyFormat::Json,
    };
    let by_hand = Revoked::ByHand {
        page: provider.grants_page.clone(),
    };
    assert_eq!(revoke_at(&provider, &public()).await, Ok(by_hand.clone()));
    assert!(rig.requests().is_empty());
    assert_eq!(
        revoke_at(&provider, &confidential(ClientAuth::ClientSecretPost)).await,
        Ok(Revoked::Confirmed)
    );
    let sent = rig.requests().remove(0);
    assert!(
        sent.starts_with("DELETE /applications/me/token ")
            && sent.ends_with(r#"{"access_token":"access-marker"}"#),
        "{sent}"
    );
    provider.revocation = Revocation::Standard;
    provider.endpoints.revocation = None;
    assert_eq!(revoke_at(&provider, &public()).await, Ok(by_hand));
}

#[tokio::test]
async fn slack_says_no_with_http_200() {
    let rig = Rig::always(answer(200, "", r#"{"ok":false,"error":"not_authed"}"#)).await;
    let mut provider = rig.provider();
    provider.success_flag = Some("/ok".to_owned());
    provider.revocation = Revocation::Request {
        method: "POST".to_owned(),
        url: rig.url("/auth.revoke"),
        auth: RevocationAuth::Bearer,
        token_field: None,
        body_format: BodyFormat::Form,
    };
    assert_eq!(
        revoke_at(&provider, &public()).await.unwrap_err().code(),
        "not_authed"
    );
    assert!(
        rig.requests()[0]
            .to_ascii_lowercase()
            .contains("authorization: bearer access-marker")
    );
}

#[tokio::test]
async fn the_usual_bounds_are_those_that_are_promised() {
    let settings = HttpSettings::default();
    assert_eq!(settings.connect, Duration::from_secs(5));
    assert_eq!(settings.whole, Duration::from_secs(20));
    assert_eq!(settings.largest_body, 1024 * 1024);
    assert!(format!("{:?}", Http::new(settings)).contains("Http"));
}
