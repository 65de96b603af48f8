//! The loopback redirect among strangers: what ends a sign-in, what does not, what the browser is shown.

use crate::oauth_rig::{http, public};
use tokenward::model::provider::Provider;
use tokenward::model::redirect::RedirectRule;
use tokenward::oauth::authorize::AuthorizationRequest;
use tokenward::oauth::callback::{Listener, read_pasted};
use tokenward::oauth::callback_answer::Callback;
use tokenward::oauth::caller::Caller;
use tokenward::oauth::error::OAuthError;
use tokenward::oauth::token::Wish;
use tokenward::secret::AuthorizationCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

fn request() -> AuthorizationRequest {
    let mut provider = Provider::unknown("p", "<Provider>");
    provider.issuer = Some("https://p.example".to_owned());
    provider.endpoints.authorization = Some("https://p.example/a".to_owned());
    AuthorizationRequest::new(
        &Caller::new(&http(), &provider, &public()),
        "http://127.0.0.1:1/callback",
        Wish::default(),
    )
    .unwrap()
}

#[tokio::test]
async fn a_listener_tells_when_another_program_has_the_usual_port() {
    let (mine, theirs) = (
        std::net::TcpListener::bind("127.0.0.1:0").unwrap(),
        std::net::TcpListener::bind("127.0.0.1:0").unwrap(),
    );
    let usual = theirs.local_addr().unwrap().port();
    let second = mine.local_addr().unwrap().port();
    drop(mine);
    let fixed = RedirectRule {
        ports: vec![usual, second],
        ..rule("127.0.0.1")
    };
    let listener = Listener::bind(&fixed, None).unwrap();
    assert_eq!(
        (listener.port(), listener.taken_port()),
        (second, Some(usual))
    );
    drop((listener, theirs));
    let listener = Listener::bind(&fixed, None).unwrap();
    assert_eq!((listener.port(), listener.taken_port()), (usual, None));
    assert_eq!(
        Listener::bind(&rule("localhost"), None)
            .unwrap()
            .taken_port(),
        None
    );
}

fn rule(host: &str) -> RedirectRule {
    RedirectRule {
        host: host.to_owned(),
        ..RedirectRule::default()
    }
}

async fn send(port: u16, text: String) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    page
}

async fn get(port: u16, target: &str) -> String {
    send(
        port,
        format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"),
    )
    .await
}

/// Lets `visit` play the browser; what the wait came to, and what the visit returned.
async fn visited<T>(
    request: &AuthorizationRequest,
    visit: impl AsyncFnOnce(u16) -> T,
) -> (Result<Callback, OAuthError>, T) {
    let listener = Listener::bind(&rule("127.0.0.1"), None).unwrap();
    let both = async { tokio::join!(listener.wait(request), visit(listener.port())) };
    // Nobody answers a visitor after the wait has ended.
    let limit = std::time::Duration::from_secs(30);
    tokio::time::timeout(limit, both)
        .await
        .expect("the wait ended too early, or never")
}

fn is_code(result: &Result<Callback, OAuthError>) -> bool {
    result.as_ref().is_ok_and(|it| {
        it.code
            .matches(&AuthorizationCode::new("the-code".to_owned()))
    })
}

#[tokio::test]
async fn a_good_answer_gives_the_code_and_a_page_that_says_so() {
    let request = request();
    let target = format!(
        "/callback?code=the-code&state={}&iss=https%3A%2F%2Fp.example%2F",
        request.state
    );
    let (result, page) = visited(&request, async |port| get(port, &target).await).await;
    assert!(is_code(&result));
    assert!(
        page.starts_with("HTTP/1.1 200 OK") && page.contains("&lt;Provider&gt; said yes"),
        "{page}"
    );
    assert!(
        page.contains("Content-Security-Policy: default-src 'none'") && page.contains("no-store"),
        "{page}"
    );
    assert!(!page.contains("the-code") && !page.contains(&request.state));
}

#[tokio::test]
async fn strays_and_silent_connections_do_not_end_the_wait() {
    let request = request();
    let state = request.state.clone();
    let (result, ()) = visited(&request, async |port| {
        let silent: Vec<TcpStream> = futures_util::future::join_all(
            (0..20).map(|_| TcpStream::connect(("127.0.0.1", port))),
        )
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
        assert!(get(port, "/favicon.ico").await.starts_with("HTTP/1.1 404"));
        assert!(get(port, "/callback").await.starts_with("HTTP/1.1 404"));
        assert!(
            get(port, "/callback?code=evil")
                .await
                .contains("another sign-in")
        );
        assert!(
            get(port, "/callback?code=evil&state=wrong")
                .await
                .contains("another sign-in")
        );
        assert!(
            get(port, &format!("/other?code=evil&state={state}"))
                .await
                .starts_with("HTTP/1.1 404")
        );
        assert!(
            get(port, &format!("/callback?code=a&code=b&state={state}"))
                .await
                .starts_with("HTTP/1.1 404")
        );
        assert_eq!(send(port, "nonsense\r\n\r\n".to_owned()).await, "");
        assert!(
            send(
                port,
                format!(
                    "PUT /callback?code=x&state={state} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"
                )
            )
            .await
            .starts_with("HTTP/1.1 405")
        );
        for host in [
            "evil.example",
            &format!("evil.example:{port}"),
            "127.0.0.1",
            "127.0.0.1:1",
        ] {
            let text =
                format!("GET /callback?code=x&state={state} HTTP/1.1\r\nHost: {host}\r\n\r\n");
            assert!(send(port, text).await.starts_with("HTTP/1.1 421"), "{host}");
        }
        get(port, &format!("/callback?code=the-code&state={state}")).await;
        drop(silent);
    })
    .await;
    assert!(is_code(&result));
}

#[tokio::test]
async fn a_posted_form_is_an_answer_too() {
    let request = request();
    let form = format!("code=the-code&state={}", request.state);
    let (result, page) = visited(&request, async |port| {
        let head = format!(
            "POST /callback HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: {}\r\n\r\n",
            form.len()
        );
        send(port, format!("{head}{form}")).await
    })
    .await;
    assert!(is_code(&result) && page.starts_with("HTTP/1.1 200"));
}

/// Sends this and reads what comes; being cut off in the middle of it is an end like any other.
async fn until_hung_up(port: u16, text: String) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut page = Vec::new();
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.read_to_end(&mut page).await;
    page
}

/// Sends this and nothing more; how long it took until the listener hung up.
async fn hung_up_after(text: impl Fn(u16) -> String) -> std::time::Duration {
    let request = request();
    let listener = Listener::bind(&rule("127.0.0.1"), None).unwrap();
    let port = listener.port();
    let begun = std::time::Instant::now();
    let limit = std::time::Duration::from_secs(60);
    tokio::select! {
        ended = listener.wait(&request) => panic!("the wait ended: {ended:?}"),
        page = until_hung_up(port, text(port)) => assert_eq!(page, b""),
        () = tokio::time::sleep(limit) => panic!("nobody hung up"),
    }
    begun.elapsed()
}

#[tokio::test]
async fn whoever_says_nothing_is_hung_up_on_and_whoever_says_too_much_at_once() {
    let most = std::time::Duration::from_secs(8);
    let head = |port: u16, length: usize| {
        format!(
            "POST /callback HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: {length}\r\n\r\n"
        )
    };
    let (silent, halting, huge, endless) = tokio::join!(
        hung_up_after(|_| String::new()),
        hung_up_after(|port| head(port, 10)),
        hung_up_after(|port| head(port, 70_000)),
        hung_up_after(|_| format!("GET /{}", "x".repeat(40_000))),
    );
    assert!(silent > most && halting > most, "{silent:?} {halting:?}");
    assert!(huge < most && endless < most, "{huge:?} {endless:?}");
}

#[tokio::test]
async fn an_error_answer_is_typed_and_its_page_reflects_nothing_raw() {
    let request = request();
    let target = format!(
        "/callback?error=access_denied&error_description=%3Cscript%3Ealert(1)%3C%2Fscript%3E&state={}",
        request.state
    );
    let (result, page) = visited(&request, async |port| get(port, &target).await).await;
    assert_eq!(result.unwrap_err().code(), "access_denied");
    assert!(
        page.contains("access_denied")
            && page.contains("&lt;script&gt;")
            && !page.contains("<script>"),
        "{page}"
    );
    // Some forget the state in errors.
    let (result, _) = visited(&request, async |port| {
        get(port, "/callback?error=consent_required").await
    })
    .await;
    assert_eq!(result.unwrap_err().code(), "consent_required");
}

#[tokio::test]
async fn the_issuer_in_an_answer_must_be_the_one_that_was_asked() {
    let mut request = request();
    for (iss, required, code) in [
        ("&iss=https://p.example", true, None),
        ("&iss=https://evil.example", false, Some("issuer_mix_up")),
        ("", false, None),
        ("", true, Some("not_this_sign_in")),
    ] {
        request.is_issuer_required = required;
        let target = format!("/callback?code=the-code&state={}{iss}", request.state);
        let (result, _) = visited(&request, async |port| get(port, &target).await).await;
        assert_eq!(is_code(&result), code.is_none(), "{iss} {required}");
        assert_eq!(result.err().map(|error| error.code()).as_deref(), code);
    }
}

#[tokio::test]
async fn many_answers_of_other_sign_ins_end_it_at_last() {
    let request = request();
    let (result, ()) = visited(&request, async |port| {
        for _ in 0..32 {
            get(port, "/callback?code=x&state=guess").await;
        }
    })
    .await;
    assert_eq!(result.unwrap_err().code(), "not_this_sign_in");
}

#[tokio::test]
async fn ports_are_taken_by_the_rule_and_a_busy_one_is_named() {
    let busy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = busy.local_addr().unwrap().port();
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mut rule = rule("127.0.0.1");
    let error = Listener::bind(&rule, Some(taken)).unwrap_err();
    assert!(error.to_string().contains(&taken.to_string()), "{error}");
    rule.ports = vec![taken, free];
    rule.path = "/cb".to_owned();
    let listener = Listener::bind(&rule, None).unwrap();
    assert_eq!(
        listener.redirect_uri(),
        format!("http://127.0.0.1:{free}/cb")
    );
    rule.host = "0.0.0.0".to_owned();
    assert!(Listener::bind(&rule, None).is_err());
}

#[tokio::test]
async fn localhost_is_listened_for_on_both_addresses() {
    let Ok(six) = std::net::TcpListener::bind("[::1]:0") else {
        return; // a machine without IPv6
    };
    drop(six);
    let request = request();
    let listener = Listener::bind(&rule("localhost"), None).unwrap();
    let port = listener.port();
    let (result, ()) = tokio::join!(listener.wait(&request), async {
        assert!(get(port, "/").await.starts_with("HTTP/1.1 404"));
        let mut stream = TcpStream::connect(("::1", port)).await.unwrap();
        let text = format!(
            "GET /callback?code=the-code&state={} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n",
            request.state
        );
        stream.write_all(text.as_bytes()).await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.unwrap();
    });
    assert!(is_code(&result));
    let six = Listener::bind(&rule("[::1]"), None).unwrap();
    assert!(six.redirect_uri().starts_with("http://[::1]:"));
}

#[test]
fn a_pasted_address_is_read_in_every_way_people_copy_it() {
    let request = request();
    let state = &request.state;
    let (first, second) = state.split_at(10);
    for text in [
        format!("http://127.0.0.1:1/callback?code=the-code&state={state}"),
        format!("  '127.0.0.1:1/callback?state={state}&code=the-code'\n"),
        format!("?code=the-code&state={state}"),
        format!("code=the-code&state={state}"),
        format!("http://localhost/callback?code=the-code&state={first}\r\n  {second}#_=_"),
    ] {
        assert!(is_code(&read_pasted(&text, &request)), "{text}");
    }
    for (text, code) in [
        (String::new(), "bad_paste"),
        ("the-code".to_owned(), "bad_paste"),
        (request.url.clone(), "bad_paste"),
        (
            "http://127.0.0.1/callback?code=the-code&state=wrong".to_owned(),
            "not_this_sign_in",
        ),
        (
            "http://127.0.0.1/callback?code=the-code".to_owned(),
            "not_this_sign_in",
        ),
        (
            format!("http://127.0.0.1/?error=access_denied&state={state}"),
            "access_denied",
        ),
    ] {
        let error = read_pasted(&text, &request).unwrap_err();
        assert_eq!(error.code(), code, "{text}");
        assert!(!format!("{error:?}").contains("the-code"));
    }
}

#[tokio::test]
async fn what_the_record_keeps_of_an_answer_comes_with_the_code_and_nothing_else_does() {
    let mut request = request();
    request.keep = vec!["realmId".to_owned()];
    let target = format!(
        "/callback?code=the-code&state={}&realmId=42%0a&other=x",
        request.state
    );
    let (result, _) = visited(&request, async |port| get(port, &target).await).await;
    let kept: Vec<_> = result.unwrap().kept.into_iter().collect();
    assert_eq!(kept, [("realmId".to_owned(), "42".to_owned())]);
}
