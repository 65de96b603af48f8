//! The server: binds to loopback, routes, serves, ends.

use crate::demo::authorization_endpoint;
use crate::demo::control::Control;
use crate::demo::device_endpoint;
use crate::demo::exchange::CloseConnection;
use crate::demo::introspection_endpoint;
use crate::demo::keys;
use crate::demo::metadata;
use crate::demo::pushed_endpoint;
use crate::demo::registration_endpoint;
use crate::demo::resource;
use crate::demo::revocation_endpoint;
use crate::demo::settings::DemoSettings;
use crate::demo::shared::{Inner, Shared};
use crate::demo::stream::ResetConnection;
use crate::demo::token_endpoint;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::http::header::HOST;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

const LARGEST_BODY: usize = 64 * 1024;
const MOST_CONNECTIONS: usize = 4_096;

/// A running provider; it ends when this is dropped.
#[derive(Debug)]
pub struct DemoProvider {
    shared: Shared,
}

impl DemoProvider {
    /// Starts it on 127.0.0.1, as tasks of the runtime that this is called in.
    pub async fn start(settings: DemoSettings) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port)).await?;
        let issuer = format!("http://127.0.0.1:{}", listener.local_addr()?.port());
        let shared = Inner::new(issuer, settings);
        let routes = routes(shared.clone());
        tokio::spawn(accept(listener, routes, shared.clone()));
        Ok(Self { shared })
    }

    /// Starts it on a thread of its own, for callers without a runtime.
    pub fn spawn(settings: DemoSettings) -> io::Result<Self> {
        let (started, told) = mpsc::sync_channel(1);
        std::thread::Builder::new()
            .name("demo-provider".to_owned())
            .spawn(move || run(settings, &started))?;
        told.recv()
            .map_err(|_| io::Error::other("the provider's thread ended before it started"))?
    }

    /// Its issuer identifier, `http://127.0.0.1:PORT`.
    pub fn issuer(&self) -> String {
        self.shared.issuer.clone()
    }

    /// What steers it.
    pub fn control(&self) -> Control {
        Control::new(self.shared.clone())
    }
}

impl Drop for DemoProvider {
    fn drop(&mut self) {
        self.shared.shutdown.cancel();
    }
}

fn run(settings: DemoSettings, started: &mpsc::SyncSender<io::Result<DemoProvider>>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let outcome = runtime.and_then(|runtime| {
        let provider = runtime.block_on(DemoProvider::start(settings))?;
        let shutdown = provider.shared.shutdown.clone();
        // A failed send drops the provider, which ends the server.
        started.send(Ok(provider)).ok();
        runtime.block_on(shutdown.cancelled());
        Ok(())
    });
    if let Err(error) = outcome {
        started.send(Err(error)).ok();
    }
}

fn routes(shared: Shared) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(metadata::openid))
        .route(
            "/.well-known/oauth-authorization-server",
            get(metadata::oauth),
        )
        .route(
            "/authorize",
            get(authorization_endpoint::show).post(authorization_endpoint::decide),
        )
        .route("/device_authorization", post(device_endpoint::start))
        .route(
            "/device",
            get(device_endpoint::show).post(device_endpoint::decide),
        )
        .route("/par", post(pushed_endpoint::push))
        .route(
            "/token",
            post(token_endpoint::token).get(token_endpoint::exchange_by_get),
        )
        .route("/refresh", post(token_endpoint::refresh))
        .route("/jwks", get(keys::document))
        .route("/register", post(registration_endpoint::register))
        .route(
            "/register/{client}",
            get(registration_endpoint::read).delete(registration_endpoint::delete),
        )
        .route("/elsewhere", any(token_endpoint::elsewhere))
        .route("/revoke", post(revocation_endpoint::revoke))
        .route("/own_revoke/{client}", any(revocation_endpoint::own))
        .route("/introspect", post(introspection_endpoint::introspect))
        .route(
            "/userinfo",
            get(resource::userinfo).post(resource::userinfo),
        )
        .route("/api/hello", get(resource::hello))
        .route("/api/write", get(resource::write).post(resource::write))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn_with_state(
            shared.clone(),
            own_host_only,
        ))
        .with_state(shared)
}

/// A page of another site whose name was pointed at 127.0.0.1 (DNS rebinding) names itself in `Host`.
async fn own_host_only(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let port = shared.issuer.rsplit(':').next().unwrap_or_default();
    let host = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    let ours = host
        .and_then(|host| host.rsplit_once(':'))
        .is_some_and(|(name, given)| given == port && matches!(name, "127.0.0.1" | "localhost"));
    if ours {
        next.run(request).await
    } else {
        StatusCode::MISDIRECTED_REQUEST.into_response()
    }
}

async fn accept(listener: TcpListener, routes: Router, shared: Shared) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let shutdown = shared.shutdown.clone();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // Out of file descriptors, most likely: they come back when connections end.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            continue;
        };
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        let (routes, shutdown) = (routes.clone(), shutdown.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = serve(stream, routes) => {}
            }
            drop(place);
        });
    }
}

async fn serve(stream: TcpStream, routes: Router) {
    // Answers are small and waited for; a failure only costs time.
    stream.set_nodelay(true).ok();
    let routes = TowerToHyperService::new(routes);
    let reset = Arc::new(AtomicBool::new(false));
    let wanted = Arc::clone(&reset);
    let service = service_fn(move |request| {
        let (answer, wanted) = (routes.call(request), Arc::clone(&wanted));
        async move {
            let response = answer.await.map_err(io::Error::other)?;
            let extensions = response.extensions();
            if extensions.get::<ResetConnection>().is_some() {
                wanted.store(true, Ordering::Relaxed);
            }
            match extensions.get::<CloseConnection>() {
                // An error makes hyper close the connection without an answer.
                Some(CloseConnection) => Err(io::Error::other("closed on purpose")),
                None => Ok(response),
            }
        }
    });
    let mut builder = http1::Builder::new();
    let mut connection = builder
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    // Whatever ends a connection is the client's business.
    (&mut connection).await.ok();
    if reset.load(Ordering::Relaxed) {
        // Dropped so, a socket is reset instead of closed.
        let stream = connection.into_parts().io.into_inner();
        socket_linger_zero(&stream);
    }
}

fn socket_linger_zero(stream: &TcpStream) {
    let at_once = Some(std::time::Duration::ZERO);
    rustix::net::sockopt::set_socket_linger(stream, at_once).ok();
}
