//! The endpoint where AWS's programs look for keys: on loopback, for one program, while it runs.
//!
//! AWS_CONTAINER_CREDENTIALS_FULL_URI and AWS_CONTAINER_AUTHORIZATION_TOKEN lead there, and nothing else does.

use crate::cli::exec::wallet::Wallet;
use crate::cli::failure::{Failure, Kind};
use crate::cli::session;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use subtle::ConstantTimeEq;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

/// Connections at the same time; further ones wait.
const MOST: usize = 16;
/// How long the head of a request may take.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Where the keys are.
const PLACE: &str = "/keys";
/// What would lead a program to other keys before it looks for these.
const ELSEWHERE: [&str; 13] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_CREDENTIAL_FILE",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
];

/// The endpoint; it ends when this is dropped.
pub struct Containers {
    address: SocketAddr,
    word: Arc<Zeroizing<String>>,
    over: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Containers {
    /// Begins to serve, on a port of the system's choice. `word` is what a program has to say to get in.
    pub fn start(wallet: Wallet, word: String) -> Result<Self, Failure> {
        let runtime = session::runtime()?;
        let bound = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
        let (listener, word) = (bound.map_err(cannot)?, Arc::new(Zeroizing::new(word)));
        let address = listener.local_addr().map_err(cannot)?;
        let over = CancellationToken::new();
        let desk = Arc::new(Desk {
            wallet: Arc::new(wallet),
            host: address.to_string(),
            word: Arc::clone(&word),
        });
        let end = over.clone();
        let thread = std::thread::spawn(move || {
            runtime.block_on(serve(listener, desk, end));
            // A question to AWS that is still open must not hold up the end of the program.
            runtime.shutdown_background();
        });
        Ok(Self {
            address,
            word,
            over,
            thread: Some(thread),
        })
    }

    /// Tells a program where to look, and nothing of other places.
    pub fn tell(&self, command: &mut Command) {
        for variable in ELSEWHERE {
            command.env_remove(variable);
        }
        // Files come before an endpoint, in every SDK: the keys, role or sign-in of a default profile would be used.
        for variable in ["AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"] {
            command.env(variable, "/dev/null");
        }
        let place = format!("http://{}{PLACE}", self.address);
        command.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", place);
        command.env("AWS_CONTAINER_AUTHORIZATION_TOKEN", self.word.as_str());
    }
}

impl Drop for Containers {
    fn drop(&mut self) {
        self.over.cancel();
        if let Some(thread) = self.thread.take() {
            // A panic of its own was told by the hook.
            let _ = thread.join();
        }
    }
}

fn cannot(error: std::io::Error) -> Failure {
    let kind = Kind::Failed;
    let failure = Failure {
        kind,
        ..error.into()
    };
    failure.within("cannot listen on 127.0.0.1")
}

async fn serve(listener: TcpListener, desk: Arc<Desk>, over: CancellationToken) {
    let places = Arc::new(Semaphore::new(MOST));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = over.cancelled() => return,
        };
        let Ok((stream, _)) = accepted else {
            // Out of descriptors: not at once again.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let desk = Arc::clone(&desk);
        tokio::spawn(async move {
            converse(stream, &desk).await;
            drop(place);
        });
    }
}

async fn converse(stream: TcpStream, desk: &Desk) {
    let service =
        service_fn(|request| async move { Ok::<_, Infallible>(desk.answer(&request).await) });
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_headers(64)
        .max_buf_size(16 * 1024)
        .keep_alive(false);
    // Who hangs up in the middle wants no answer.
    let _ = protocol
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

struct Desk {
    wallet: Arc<Wallet>,
    host: String,
    word: Arc<Zeroizing<String>>,
}

impl Desk {
    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let header = |name| request.headers().get(name).map(|value| value.as_bytes());
        // DNS rebinding: a page reaches the port by another name, or says whence it is.
        if header(HOST) != Some(self.host.as_bytes()) || header(ORIGIN).is_some() {
            return refusal(StatusCode::FORBIDDEN, "AccessDenied", "not for web pages");
        }
        let said = header(AUTHORIZATION).unwrap_or_default();
        if !bool::from(said.ct_eq(self.word.as_bytes())) {
            let words = "the header Authorization is not AWS_CONTAINER_AUTHORIZATION_TOKEN";
            return refusal(StatusCode::UNAUTHORIZED, "AccessDenied", words);
        }
        if request.method() != Method::GET || request.uri().path() != PLACE {
            return refusal(StatusCode::NOT_FOUND, "NotFound", "there is nothing here");
        }
        let wallet = Arc::clone(&self.wallet);
        match tokio::task::spawn_blocking(move || wallet.answer()).await {
            Ok(Ok(keys)) => json(StatusCode::OK, Bytes::from_owner(Gone(keys))),
            Ok(Err(failure)) => {
                let mut words = vec![format!("tokenward: {}", failure.source)];
                words.extend(failure.hints);
                refusal(StatusCode::SERVICE_UNAVAILABLE, "NoKeys", &words.join("; "))
            }
            Err(_) => refusal(
                StatusCode::INTERNAL_SERVER_ERROR,
                "NoKeys",
                "tokenward failed",
            ),
        }
    }
}

/// A body that is wiped when it was sent.
struct Gone(Zeroizing<String>);

impl AsRef<[u8]> for Gone {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

fn refusal(status: StatusCode, code: &str, words: &str) -> Response<Full<Bytes>> {
    let body = serde_json::json!({ "code": code, "message": words }).to_string();
    json(status, Bytes::from(body))
}

fn json(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let kind = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
