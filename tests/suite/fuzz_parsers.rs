//! Every reader of what strangers send, against inputs that are nearly right or not at all. A short run each time, a
//! million inputs each by `tests/fuzz/run`.

use crate::fuzz_rig::{Plan, RECEIVED, REFUSED, Read, SENT, TAKEN, leaks, shown, try_all};
use crate::oauth_rig::{http, public};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokenward::clock;
use tokenward::jose::jwk::{KeySet, PublicKey};
use tokenward::jose::jws::Parsed;
use tokenward::model::provider::Provider;
use tokenward::oauth::authorize::AuthorizationRequest;
use tokenward::oauth::callback::read_pasted;
use tokenward::oauth::callback_answer::{Answer, Expected, read_answer};
use tokenward::oauth::callback_http;
use tokenward::oauth::caller::Caller;
use tokenward::oauth::challenge;
use tokenward::oauth::device;
use tokenward::oauth::endpoint;
use tokenward::oauth::error::OAuthError;
use tokenward::oauth::fields::Fields;
use tokenward::oauth::id_token;
use tokenward::oauth::introspect;
use tokenward::oauth::metadata;
use tokenward::oauth::registration;
use tokenward::oauth::reply;
use tokenward::oauth::step::Step;
use tokenward::oauth::token::Wish;
use tokenward::oauth::userinfo;
use tokenward::oauth::wire::{Gathered, Reply, clock_ahead, retry_after};
use tokenward::secret::IdToken;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// What one in four answers has; the others have 200.
const STATUSES: [u16; 5] = [400, 401, 403, 429, 503];
const RECORDS: [&str; 3] = [
    "",
    "token_at = \"/authed_user\"\nsuccess_flag = \"/ok\"\nkeep = [\"/team/name\"]\naccount_in_reply = [\"/user\"]",
    "expires_in_unit = \"milliseconds\"\nassumed_expires_in = 60",
];

fn status(plan: &Plan) -> u16 {
    match plan.dice as usize % 20 {
        rare @ 0..5 => STATUSES[rare],
        _ => 200,
    }
}

fn reply(body: &[u8], plan: &Plan) -> Reply {
    Reply {
        host: "p.example".to_owned(),
        status: status(plan),
        retry_after: None,
        clock_ahead: None,
        dpop_nonce: None,
        challenge: None,
        body: Gathered::from(body),
        is_overlong: false,
    }
}

fn records() -> Vec<Provider> {
    let read = |more| toml::from_str(&format!("name = \"p\"\ndisplay_name = \"P\"\n{more}"));
    RECORDS.iter().map(|more| read(more).unwrap()).collect()
}

fn record<'a>(records: &'a [Provider], plan: &Plan) -> &'a Provider {
    // Mostly the plain one.
    records
        .get(plan.dice as usize / 20 % 6)
        .unwrap_or(&records[0])
}

fn token_replies() -> Vec<String> {
    [
        r#"{"access_token":"TOKEN","token_type":"bearer","expires_in":60,"refresh_token":"TOKEN","scope":"a b","id_token":"TOKEN"}"#,
        r#"{"ok":true,"authed_user":{"access_token":"TOKEN","scope":"a,b","token_type":"user"},"team":{"name":"t"},"user":"u"}"#,
        r#"{"access_token":"TOKEN","expires_in":"12:00:00","refresh_expires_in":900,"scope":["a","b"]}"#,
        "access_token=TOKEN&token_type=bearer&expires_in=60&refresh_token=TOKEN&scope=a+b",
        r#"{"error":"invalid_grant","error_description":"token TOKEN of SENT is over","error_codes":[70002,70008]}"#,
        r#"{"error":{"message":"SENT","type":"OAuthException","code":190,"error_subcode":460}}"#,
        "error=invalid_grant&error_description=SENT+TOKEN",
        "<html><body>SENT TOKEN</body></html>",
    ]
    .iter()
    .map(|seed| seed.replace("TOKEN", RECEIVED).replace("SENT", SENT))
    .collect()
}

fn borrowed(seeds: &[String]) -> Vec<&str> {
    seeds.iter().map(String::as_str).collect()
}

#[test]
fn no_answer_of_a_token_endpoint_breaks_its_reader() {
    let seeds = token_replies();
    let records = records();
    try_all("token replies", &borrowed(&seeds), |input, plan| {
        let provider = record(&records, plan);
        match reply::token_set(Step::Refresh, &reply(input, plan), provider, &[SENT]) {
            Ok(mut set) => {
                let life = Duration::from_secs(101 * 366 * 86_400);
                assert!(set.expires_in.is_none_or(|said| said < life));
                assert!(set.access.expose_secret().is_ascii());
                // A token that stands where a scope should, and nowhere else in the answer, is a scope.
                (set.scopes, set.account, set.kept) = (None, None, BTreeMap::new());
                ("taken", vec![format!("{set:?}")])
            }
            Err(error) => shown(&error),
        }
    });
}

#[test]
fn no_answer_of_a_device_endpoint_breaks_its_reader() {
    let seeds = [
        format!(
            r#"{{"device_code":"{RECEIVED}","user_code":"ABCD-EFGH","verification_uri":"https://p.example/d","verification_uri_complete":"https://p.example/d?c=ABCD-EFGH","expires_in":"900","interval":7}}"#
        ),
        format!(
            "device_code={RECEIVED}&user_code=AB&verification_url=https%3A%2F%2Fp.example%2Fd&interval=5"
        ),
        r#"{"error":"unauthorized_client","error_description":"no"}"#.to_owned(),
    ];
    let records = records();
    try_all("device replies", &borrowed(&seeds), |input, plan| {
        let reply = reply(input, plan);
        let fields = match reply::fields(Step::DeviceStart, &reply, record(&records, plan), &[SENT])
        {
            Ok(fields) => fields,
            Err(error) => return shown(&error),
        };
        let Ok(mut read) = device::read(&fields) else {
            return REFUSED;
        };
        assert!(
            read.user_code
                .chars()
                .all(|c| c.is_ascii_graphic() || c == ' ')
        );
        assert!((1..=300).contains(&read.interval.as_secs()));
        let addresses = [
            Some(&read.verification_uri),
            read.verification_uri_complete.as_ref(),
        ];
        for address in addresses.into_iter().flatten() {
            assert!(endpoint::read(address, "address").is_ok(), "{address}");
            assert!(
                address.is_ascii() && !address.contains(char::is_control),
                "{address}"
            );
        }
        // What a person is to read or to open is shown, whatever it holds.
        (read.user_code, read.verification_uri) = (String::new(), String::new());
        read.verification_uri_complete = None;
        ("taken", vec![format!("{read:?}")])
    });
}

#[test]
fn no_metadata_breaks_its_reader_or_leads_to_the_open_road() {
    let seeds = [
        r#"{"issuer":"https://p.example","authorization_endpoint":"https://p.example/a","token_endpoint":"https://p.example/t",
            "device_authorization_endpoint":"https://p.example/d","jwks_uri":"https://p.example/j","userinfo_endpoint":"https://p.example/u",
            "registration_endpoint":"https://p.example/r","grant_types_supported":["authorization_code","refresh_token"],
            "token_endpoint_auth_methods_supported":["none","private_key_jwt"],"scopes_supported":["openid"],
            "code_challenge_methods_supported":["S256"],"dpop_signing_alg_values_supported":["ES256"],
            "authorization_response_iss_parameter_supported":true,"require_pushed_authorization_requests":false}"#,
        r#"{"issuer":"https://p.example","token_endpoint":"http://127.0.0.1:1/t"}"#,
        r#"{"issuer":"https://p.example","token_endpoint":"http://p.example/t","revocation_endpoint":"https://u:p@p.example/r#x"}"#,
    ];
    try_all("metadata", &seeds, |input, _| {
        let Ok(fields) = Fields::read(input) else {
            return ("unreadable", Vec::new());
        };
        match metadata::read(&fields, "https://p.example") {
            Ok(document) => {
                for (what, address) in metadata::named(&document.endpoints) {
                    let Some(address) = address else { continue };
                    let url = endpoint::read(address, what).unwrap();
                    assert_eq!(url.scheme(), "https", "{what}: {address}");
                    assert!(
                        url.username().is_empty() && url.fragment().is_none(),
                        "{address}"
                    );
                }
                TAKEN
            }
            Err(error) => shown(&error),
        }
    });
}

fn request() -> AuthorizationRequest {
    let mut provider = Provider::unknown("p", "<Provider>");
    provider.issuer = Some("https://p.example".to_owned());
    provider.endpoints.authorization = Some("https://p.example/a".to_owned());
    let caller = (http(), public());
    let caller = Caller::new(&caller.0, &provider, &caller.1);
    AuthorizationRequest::new(&caller, "http://127.0.0.1:1/callback", Wish::default()).unwrap()
}

fn callbacks(request: &AuthorizationRequest) -> Vec<String> {
    let state = &request.state;
    [
        format!("code={RECEIVED}&state={state}&iss=https%3A%2F%2Fp.example"),
        format!("code={RECEIVED}&state={state}"),
        format!("code={RECEIVED}&state={state}&iss=https%3A%2F%2Fevil.example"),
        format!("code={RECEIVED}&state=another&iss=https%3A%2F%2Fp.example"),
        format!("error=access_denied&error_description={RECEIVED}+{SENT}&state={state}"),
        format!("error=server_error&error_description={state}"),
    ]
    .to_vec()
}

/// A code is believed only beside our own state, and only of the right issuer.
fn judged(answer: Option<Answer>, query: &[u8], request: &AuthorizationRequest) -> Read {
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query).into_owned().collect();
    let has = |name: &str, value: &str| pairs.iter().any(|(n, v)| n == name && v == value);
    match answer {
        Some(Answer::Code(code)) => {
            assert!(has("state", &request.state), "a code without our state");
            let other = pairs.iter().any(|(n, v)| {
                n == "iss" && !v.is_empty() && v.trim_end_matches('/') != "https://p.example"
            });
            assert!(!other, "a code of another issuer");
            ("taken", vec![format!("{code:?}")])
        }
        Some(Answer::Failed(error)) => {
            let (was, all) = shown(&error);
            assert!(
                !all.iter().any(|text| text.contains(&request.state)),
                "{all:?}"
            );
            (was, all)
        }
        Some(Answer::Stray) => ("stray", Vec::new()),
        None => ("nothing", Vec::new()),
    }
}

#[test]
fn no_query_breaks_the_callbacks_reader_or_is_believed_without_our_state() {
    let request = request();
    let expected = Expected::new(&request, 1, "/callback");
    let seeds = callbacks(&request);
    try_all("callback queries", &borrowed(&seeds), |input, _| {
        judged(read_answer(input, &expected), input, &request)
    });
}

#[test]
fn no_pasted_text_breaks_its_reader() {
    let request = request();
    let mut seeds = callbacks(&request);
    let whole: Vec<String> = seeds
        .iter()
        .map(|query| format!(" http://127.0.0.1:1/callback?{query}#x \n"))
        .collect();
    seeds.extend(whole);
    try_all("pasted addresses", &borrowed(&seeds), |input, _| {
        let text = String::from_utf8_lossy(input);
        match read_pasted(&text, &request) {
            Ok(code) => {
                let drops = |c: char| c.is_whitespace() || c.is_control();
                let joined = text.replace(drops, "");
                assert!(joined.contains(&request.state), "a code without our state");
                ("taken", vec![format!("{code:?}")])
            }
            Err(error) => shown(&error),
        }
    });
}

#[test]
fn no_bytes_break_the_listener_or_are_believed_without_our_state() {
    let request = request();
    let expected = Arc::new(Expected::new(&request, 1, "/callback"));
    let seeds: Vec<String> = callbacks(&request)
        .iter()
        .flat_map(|query| {
            let host = "Host: 127.0.0.1:1\r\nAccept: text/html\r\n";
            let form = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length:";
            [
                format!("GET /callback?{query} HTTP/1.1\r\n{host}\r\n"),
                format!(
                    "POST /callback HTTP/1.1\r\n{host}{form} {}\r\n\r\n{query}",
                    query.len()
                ),
                format!(
                    "GET http://127.0.0.1:1/callback?{query} HTTP/1.1\r\nHost: evil.example\r\n\r\n"
                ),
            ]
        })
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    try_all("callback requests", &borrowed(&seeds), |input, _| {
        let (mut browser, ours) = tokio::io::duplex(2 * 1024 * 1024);
        let (answer, page) = runtime.block_on(async {
            browser.write_all(input).await.unwrap();
            browser.shutdown().await.unwrap();
            let answer = callback_http::talk(ours, Arc::clone(&expected)).await;
            let mut page = Vec::new();
            browser.read_to_end(&mut page).await.unwrap();
            (answer, page)
        });
        let mut all = vec![String::from_utf8_lossy(&page).into_owned()];
        assert!(!all[0].contains(&request.state), "the page shows the state");
        match answer {
            Some(Answer::Code(code)) => {
                let sent = String::from_utf8_lossy(input);
                assert!(sent.contains(&request.state), "a code without our state");
                all.push(format!("{code:?}"));
            }
            Some(Answer::Failed(error)) => {
                all.extend(shown(&error).1);
                return ("refused", all);
            }
            Some(Answer::Stray) => return ("stray", all),
            None => return ("nothing", all),
        }
        ("taken", all)
    });
}

/// The token of RFC 8037 A.4, whose key is in the sets below.
const SIGNED: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

#[test]
fn no_key_set_breaks_its_reader_or_makes_a_forged_token_right() {
    let seeds = [
        r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"a"},
            {"kty":"RSA","n":"sXchDaQebHnPiGvyDOAT4saGEUetSyo9MKLOoWFsueri23bOdgWp4Dy1WlUzewbgBHod5pcM9H95GQRV3JDXboIRROSBigeC5yjU1hGzHHyXss8UDprecbAYxknTcQkhslANGRUZmdTOQ5qTRsLAt6BTYuyvVRdhS8exSZEy_c4gs_7svlJJQ4H9_NxsiIoLwAEk7-Q3UXERGYw_75IDrGA84-lA_-Ct4eTlXHBIY2EaV7t7LjJaynVJCpkv4LKjTTAumiGUIuQhrNhZLuF_RJLqHpM2kgWFLU7-VTdL1VbC2tejvcI2BlMkEpk1BzBZI0KQB0GaDWFLN-aEAw3vRw","e":"AQAB","alg":"RS256"},
            {"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","use":"sig"},
            {"kty":"EC","crv":"P-384","x":"AA","y":"AA"},{"kty":"oct","k":"AAAA"}]}"#,
        r#"{"keys":[]}"#,
    ];
    let (right, forged) = (
        Parsed::read(SIGNED).unwrap(),
        Parsed::read(&SIGNED.replace("RXhhb", "RXhhc")).unwrap(),
    );
    try_all("key sets", &seeds, |input, _| {
        let Ok(value) = serde_json::from_slice(input) else {
            return REFUSED;
        };
        let Some(set) = KeySet::read(&value) else {
            return REFUSED;
        };
        assert!(set.keys.len() <= 100);
        let _ = set.verify(&right);
        assert!(set.verify(&forged).is_err(), "a forged token is right");
        for key in set.keys.iter().take(3) {
            let _ = key.thumbprint();
            // What is published is read again as the same key.
            let again = PublicKey::read(&key.published());
            assert_eq!(again.as_ref(), Some(key));
        }
        if set.keys.is_empty() {
            ("empty", Vec::new())
        } else {
            TAKEN
        }
    });
}

/// Claims that an ID token may carry; the test wraps them into a token.
fn claims() -> Vec<String> {
    vec![
        r#"{"iss":"https://p.example","sub":"1","aud":"client","azp":"client","exp":9999999999,"iat":1,"nonce":"n",
            "email":"a@p.example","email_verified":true,"name":"A","preferred_username":"a"}"#
            .to_owned(),
        r#"{"iss":"https://p.example","sub":"1","aud":["client","other"],"exp":1.5e9}"#.to_owned(),
    ]
}

#[test]
fn no_id_token_breaks_its_reader() {
    use base64::Engine as _;
    let encode = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let (request, client) = (request(), public());
    let mut provider = Provider::unknown("p", "P");
    provider.issuer = Some("https://p.example".to_owned());
    let mut seeds = claims();
    seeds.push(SIGNED.to_owned());
    try_all("ID tokens", &borrowed(&seeds), |input, plan| {
        // As claims inside a sound token, as the header, or as the token itself.
        let text = match plan.dice % 3 {
            0 => format!(
                "{}.{}.{}",
                encode(br#"{"alg":"RS256"}"#),
                encode(input),
                encode(b"s")
            ),
            1 => format!("{}.{}.{}", encode(input), encode(b"{}"), encode(b"s")),
            _ => String::from_utf8_lossy(input).into_owned(),
        };
        let parsed = Parsed::read(&text);
        let mut all = vec![format!("{parsed:?}")];
        if let Ok(parsed) = &parsed {
            let _ = (parsed.algorithm().is_ok(), parsed.key_id(), parsed.claims());
        }
        let token = IdToken::new(text);
        let said = id_token::claims(&token);
        for text in [&said.issuer, &said.subject, &said.email, &said.name]
            .into_iter()
            .flatten()
        {
            assert!(
                !text.chars().any(char::is_control) && text.chars().count() <= 256,
                "{text:?}"
            );
        }
        let expected = id_token::Expected {
            nonce: request.nonce.as_deref(),
            is_nonce_vital: plan.dice.is_multiple_of(2),
        };
        if let Some(wrong) = id_token::trouble(&provider, &client, &token, expected, clock::now()) {
            all.extend(shown(&OAuthError::NotOurs(wrong)).1);
            return ("refused", all);
        }
        match parsed {
            Ok(_) => ("taken", all),
            Err(_) => ("no token", all),
        }
    });
}

#[test]
fn no_answer_about_a_token_breaks_its_reader() {
    let seeds = [
        format!(
            r#"{{"active":true,"scope":"a b","exp":1900000000.5,"sub":"1","username":"u","client_id":"c","token":"{RECEIVED}"}}"#
        ),
        r#"{"active":false}"#.to_owned(),
        format!(r#"{{"error":"invalid_client","error_description":"{SENT} {RECEIVED}"}}"#),
    ];
    let records = records();
    try_all("introspection replies", &borrowed(&seeds), |input, plan| {
        let reply = reply(input, plan);
        let fields =
            match reply::fields(Step::Introspection, &reply, record(&records, plan), &[SENT]) {
                Ok(fields) => fields,
                Err(error) => return shown(&error),
            };
        match introspect::read(&fields) {
            Ok(said) => {
                assert!(said.active || said == introspect::Introspection::default());
                let texts = [&said.subject, &said.client_id].into_iter().flatten();
                assert!(
                    texts
                        .clone()
                        .all(|text| !text.chars().any(char::is_control))
                );
                TAKEN
            }
            Err(_) => REFUSED,
        }
    });
}

#[test]
fn no_answer_about_a_person_breaks_its_reader() {
    let seeds = [
        r#"{"sub":"1","email":"a@p.example","name":"A","preferred_username":"a","data":{"login":"a","id":7}}"#.to_owned(),
        r#"{"login":"ann","id":7,"email":null}"#.to_owned(),
        format!(r#"{{"error":{{"message":"{SENT}","code":"{RECEIVED}"}}}}"#),
    ];
    let records = records();
    let places = ["/data/login".to_owned(), "/id".to_owned()];
    try_all("userinfo replies", &borrowed(&seeds), |input, plan| {
        let reply = reply(input, plan);
        match reply::fields(Step::UserInfo, &reply, record(&records, plan), &[SENT]) {
            Ok(fields) => {
                let said = userinfo::read(&fields, &places);
                for text in [&said.subject, &said.account, &said.email, &said.name]
                    .into_iter()
                    .flatten()
                {
                    assert!(
                        !text.chars().any(char::is_control) && text.chars().count() <= 512,
                        "{text:?}"
                    );
                }
                let _ = said.claims();
                TAKEN
            }
            Err(error) => shown(&error),
        }
    });
}

#[test]
fn no_answer_of_a_registration_endpoint_breaks_its_reader() {
    let seeds = [
        format!(
            r#"{{"client_id":"c","client_secret":"{RECEIVED}","token_endpoint_auth_method":"client_secret_basic",
                "registration_client_uri":"https://p.example/r/c","registration_access_token":"{RECEIVED}","redirect_uris":["http://127.0.0.1/"]}}"#
        ),
        format!(
            r#"{{"client_id":"c","registration_client_uri":"http://p.example/r","registration_access_token":"{RECEIVED}"}}"#
        ),
    ];
    try_all("registration replies", &borrowed(&seeds), |input, _| {
        let Ok(mut fields) = Fields::read(input) else {
            return ("unreadable", Vec::new());
        };
        let Ok(client) = registration::read(&mut fields) else {
            return REFUSED;
        };
        assert!(!client.id.chars().any(char::is_control));
        let mut all = Vec::new();
        if let Some(registration) = &client.registration {
            let url = endpoint::read(&registration.uri, "address").unwrap();
            assert!(
                url.scheme() == "https"
                    || url.host_str().is_some_and(|host| host.contains("127")
                        || host.contains("::1")
                        || host == "localhost")
            );
            all.push(format!("{:?}", registration.token));
        }
        all.push(format!("{:?}", client.secret));
        ("taken", all)
    });
}

#[test]
fn no_challenge_breaks_its_reader() {
    let seeds = [
        r#"Bearer realm="a, error=\"x\"", error="insufficient_scope", error_description="no = no", scope="read:a write""#,
        r#"DPoP algs="ES256 EdDSA", error="use_dpop_nonce""#,
        "Basic",
    ];
    try_all("WWW-Authenticate", &seeds, |input, _| {
        let text = String::from_utf8_lossy(input);
        let said = challenge::read(&text);
        assert!(said.scopes.len() <= 4096);
        let mut words = said.scopes.iter().chain(&said.error);
        assert!(words.all(|word| word.bytes().all(|byte| byte.is_ascii_graphic())));
        if said == challenge::Challenge::default() {
            REFUSED
        } else {
            TAKEN
        }
    });
}

#[test]
fn no_header_breaks_its_reader() {
    let seeds = [
        "120",
        "Wed, 21 Oct 2015 07:28:00 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "1.5",
        "Fri, 31 Dec 9999 23:59:59 GMT",
    ];
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    try_all("Retry-After and Date", &seeds, |input, _| {
        let text = String::from_utf8_lossy(input);
        let wait = retry_after(&text, now);
        assert!(wait.is_none_or(|wait| wait <= Duration::from_secs(86_400)));
        match (wait, clock_ahead(&text, now)) {
            (None, None) => REFUSED,
            _ => TAKEN,
        }
    });
}

#[test]
fn the_search_for_leaks_finds_them() {
    assert!(leaks(&format!("error: {RECEIVED}.")));
    assert!(leaks(&SENT[10..]) && leaks(&RECEIVED[..30]));
    assert!(!leaks("error: [removed], rcvd- and sent-"));
}
