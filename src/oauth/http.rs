//! The one transport: bounded in time and size, no redirects, no proxy, the system's authorities.

use crate::oauth::dpop::Nonces;
use crate::oauth::endpoint;
use crate::oauth::error::OAuthError;
use crate::oauth::keys::Kept;
use crate::oauth::step::Step;
use crate::oauth::transport::Transport;
use crate::oauth::wire::{Gathered, Reply, Request, clock_ahead, problem_of, retry_after};
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Response, redirect};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

/// Bounds of every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSettings {
    /// Until a connection stands, TLS included.
    pub connect: Duration,
    /// Until the whole answer is here, connecting included.
    pub whole: Duration,
    /// Bytes a body may have.
    pub largest_body: usize,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            whole: Duration::from_secs(20),
            largest_body: 1024 * 1024,
        }
    }
}

/// The transport; cheap to clone, all clones are one.
///
/// Authorities: the system's, or those in the file `SSL_CERT_FILE` and the folder `SSL_CERT_DIR` instead (on macOS the
/// keychain's). They are read at the first https request, so that nothing else waits for them or fails without them.
/// No proxy is used, whatever the environment says: a proxy that is not meant for tokens never sees them.
#[derive(Debug, Clone)]
pub struct Http(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: HttpSettings,
    secure: OnceLock<Result<Client, (Transport, String)>>,
    plain: OnceLock<Result<Client, (Transport, String)>>,
    nonces: Nonces,
    keys: Kept,
}

impl Http {
    /// A transport that connects to nothing yet.
    pub fn new(settings: HttpSettings) -> Self {
        Self(Arc::new(Inner {
            settings,
            secure: OnceLock::new(),
            plain: OnceLock::new(),
            nonces: Nonces::default(),
            keys: Kept::default(),
        }))
    }

    /// The nonces that servers want in proofs.
    pub fn nonces(&self) -> &Nonces {
        &self.0.nonces
    }

    /// The keys that providers sign by.
    pub fn keys(&self) -> &Kept {
        &self.0.keys
    }

    /// Sends one request once and reads its whole answer, whatever its status.
    pub async fn send(&self, step: Step, request: Request) -> Result<Reply, OAuthError> {
        let url = endpoint::read(&request.url, request.what)?;
        let host = endpoint::place(&url);
        let failed = |(problem, detail): (Transport, String)| OAuthError::Transport {
            step,
            host: host.clone(),
            problem,
            detail,
        };
        let client = self.client(url.scheme() == "https").map_err(failed)?;
        let mut sending = client
            .request(request.method, url)
            .header(ACCEPT, "application/json")
            // Who says nothing may be answered in any coding (RFC 9110 12.5.3); one that compresses all the same is read.
            .header(ACCEPT_ENCODING, "identity");
        if let Some(credentials) = &request.authorization {
            let mut value = HeaderValue::from_str(credentials).map_err(|_| {
                failed((
                    Transport::Unbuilt,
                    "a credential that no header may hold".to_owned(),
                ))
            })?;
            value.set_sensitive(true);
            sending = sending.header(AUTHORIZATION, value);
        }
        if let Some(proof) = &request.proof {
            let mut value = HeaderValue::from_str(proof).map_err(|_| {
                failed((
                    Transport::Unbuilt,
                    "a proof that no header may hold".to_owned(),
                ))
            })?;
            value.set_sensitive(true);
            sending = sending.header("DPoP", value);
        }
        for (name, value) in &request.headers {
            sending = sending.header(name, value);
        }
        if let Some((content_type, body)) = request.body {
            sending = sending
                .header(CONTENT_TYPE, content_type)
                .body(hyper::body::Bytes::from_owner(body));
        }
        let response = sending.send().await.map_err(|e| failed(problem_of(e)))?;
        self.read(response, host.clone()).await.map_err(failed)
    }

    async fn read(
        &self,
        mut response: Response,
        host: String,
    ) -> Result<Reply, (Transport, String)> {
        let status = response.status();
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            value.to_str().ok()
        };
        let now = SystemTime::now();
        let mut reply = Reply {
            host,
            status: status.as_u16(),
            retry_after: header("Retry-After").and_then(|value| retry_after(value, now)),
            clock_ahead: header("Date").and_then(|value| clock_ahead(value, now)),
            dpop_nonce: header("DPoP-Nonce").map(str::to_owned),
            challenge: header("WWW-Authenticate").map(str::to_owned),
            body: Gathered::default(),
            is_overlong: false,
        };
        let largest = self.0.settings.largest_body;
        while let Some(chunk) = response.chunk().await.map_err(problem_of)? {
            if reply.body.len() + chunk.len() > largest {
                if status.is_success() {
                    let detail = format!("more than {largest} bytes");
                    return Err((Transport::TooLarge, detail));
                }
                // A refusal's status says enough; what came with it is a page of some proxy.
                reply.body = Gathered::default();
                reply.is_overlong = true;
                break;
            }
            reply.body.extend(&chunk);
        }
        Ok(reply)
    }

    fn client(&self, secure: bool) -> Result<&Client, (Transport, String)> {
        let cell = if secure {
            &self.0.secure
        } else {
            &self.0.plain
        };
        cell.get_or_init(|| build(&self.0.settings, secure))
            .as_ref()
            .map_err(Clone::clone)
    }
}

/// Plain http goes to this machine only and needs no authorities, so it works where none are installed.
fn build(settings: &HttpSettings, secure: bool) -> Result<Client, (Transport, String)> {
    // Fails when one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let this_machine = [
        SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        SocketAddr::from((Ipv6Addr::LOCALHOST, 0)),
    ];
    let builder = Client::builder()
        .user_agent(concat!("tokenward/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(settings.connect)
        .timeout(settings.whole)
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        // A kept connection that died unnoticed (a suspend) would leave it open whether a single-use token was spent.
        .pool_max_idle_per_host(0)
        // Nobody's resolver decides what this machine is.
        .resolve_to_addrs("localhost", &this_machine);
    let builder = if secure {
        builder.https_only(true)
    } else {
        builder.tls_certs_only([])
    };
    builder.build().map_err(|error| {
        let (_, detail) = problem_of(error);
        (Transport::NoRoots, detail)
    })
}
