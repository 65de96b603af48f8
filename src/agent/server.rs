//! Serves an engine on the agent's socket and port: accepts, checks who it is, bounds what one can take.

use crate::agent::answer::Desk;
use crate::agent::door::Door;
use crate::agent::guests::{Attention, Guests, Stay};
use crate::agent::peer;
use crate::agent::port::{BoundPort, PortPeer};
use crate::agent::problem::Problem;
use crate::agent::response::{Body, refuse};
use crate::agent::socket::BoundSocket;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Either};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::process::geteuid;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// Answer to a peer of another user: it is told so and nothing of it is read.
const FOREIGN: &[u8] = b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
/// Answer when there is not even room to say so politely.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\n\
    Content-Length: 0\r\n\r\n";
/// Connections beyond the limit that may be told so at the same time.
const REFUSALS: usize = 32;
/// After a failed accept (no file descriptors left) the next one waits that long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What one socket takes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerLimits {
    /// Connections at the same time.
    pub connections: usize,
    /// When all places are taken, a connection that has rested that long makes room for a new one.
    pub rest_time: Duration,
    /// A request's head has to arrive within that time; so long a connection may also rest between requests.
    pub head_time: Duration,
    /// A request's body has to arrive within that time.
    pub body_time: Duration,
    /// When leaving, answers under way get that long.
    pub leave_time: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: 256,
            rest_time: Duration::from_secs(1),
            head_time: Duration::from_secs(10),
            body_time: Duration::from_secs(10),
            leave_time: Duration::from_secs(5),
        }
    }
}

/// Serves what is behind `door` on the loopback port, for programs that have a grant, until `shutdown`; then lets the
/// answers under way end. Must run inside a tokio runtime with IO and time.
pub async fn serve_port(
    port: BoundPort,
    door: Door,
    limits: ServerLimits,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let listener = port.listener()?;
    let porter = Porter::new(door, limits, shutdown);
    let accept = || listener.accept();
    while let Some((stream, peer)) = porter.next(accept).await {
        // Both ends are known, or the connection is gone already.
        let Ok(own) = stream.local_addr() else {
            continue;
        };
        let _ = stream.set_nodelay(true);
        let desk = porter.desk.facing_port(Arc::new(PortPeer::new(peer, own)));
        if let Err(stream) = porter.admit(stream, desk) {
            let _ = stream.try_write(FULL);
        }
    }
    drop(listener);
    porter.wait_for_all().await;
    Ok(())
}

/// Serves what is behind `door` on `socket` until `shutdown`, then lets the answers under way end and removes the socket's file.
///
/// Stop the engine first (its waiting callers get their answers), then cancel `shutdown`. Must run inside a tokio
/// runtime with IO and time; fails only when the socket cannot be handed to that runtime.
pub async fn serve(socket: BoundSocket, door: Door, shutdown: CancellationToken) -> io::Result<()> {
    serve_within(socket, door, ServerLimits::default(), shutdown).await
}

/// [`serve`] with other limits.
pub async fn serve_within(
    socket: BoundSocket,
    door: impl Into<Door>,
    limits: ServerLimits,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let listener = UnixListener::from_std(socket.listener()?)?;
    let porter = Porter::new(door.into(), limits, shutdown);
    let accept = || listener.accept();
    while let Some((stream, _)) = porter.next(accept).await {
        if !is_own(&stream) {
            tracing::warn!("another user tried the agent socket");
            let _ = stream.try_write(FOREIGN);
            continue;
        }
        let desk = porter.desk.facing(peer::behind(&stream));
        if let Err(stream) = porter.admit(stream, desk) {
            let _ = stream.try_write(FULL);
        }
    }
    drop(listener);
    drop(socket);
    porter.wait_for_all().await;
    Ok(())
}

/// Lets peers in.
struct Porter {
    desk: Desk,
    guests: Arc<Guests>,
    refusals: Arc<Semaphore>,
    limits: ServerLimits,
    shutdown: CancellationToken,
}

impl Porter {
    fn new(door: Door, limits: ServerLimits, shutdown: CancellationToken) -> Self {
        Self {
            desk: Desk::new(door, limits.body_time, shutdown.clone()),
            guests: Guests::new(limits.connections),
            refusals: Arc::new(Semaphore::new(REFUSALS)),
            limits,
            shutdown,
        }
    }

    async fn next<T, A: Future<Output = io::Result<T>>>(
        &self,
        accept: impl Fn() -> A,
    ) -> Option<T> {
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.shutdown.cancelled() => return None,
                accepted = accept() => accepted,
            };
            match accepted {
                Ok(accepted) => return Some(accepted),
                Err(error) => {
                    tracing::warn!(%error, "could not accept a connection to the agent");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Lets one in; gives it back where there is not even room to say politely that there is none.
    fn admit<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
        &self,
        stream: S,
        desk: Desk,
    ) -> Result<(), S> {
        let (limits, shutdown) = (self.limits, self.shutdown.clone());
        if let Some(stay) = self.guests.enter() {
            tokio::spawn(converse(stream, desk, limits, shutdown, stay));
        } else if let Ok(place) = Arc::clone(&self.refusals).try_acquire_owned() {
            let guests = Arc::clone(&self.guests);
            tokio::spawn(async move {
                match guests.enter_instead(limits.rest_time).await {
                    Some(stay) => {
                        drop(place);
                        converse(stream, desk, limits, shutdown, stay).await;
                    }
                    None => {
                        note_turned_away(&desk);
                        turn_away(stream, place).await;
                    }
                }
            });
        } else {
            note_turned_away(&desk);
            return Err(stream);
        }
        Ok(())
    }

    async fn wait_for_all(&self) {
        let ended = self.guests.all_gone();
        if tokio::time::timeout(self.limits.leave_time, ended)
            .await
            .is_err()
        {
            tracing::debug!("left while answers were under way");
        }
    }
}

fn is_own(stream: &UnixStream) -> bool {
    stream
        .peer_cred()
        .is_ok_and(|peer| peer.uid() == geteuid().as_raw())
}

fn protocol(head_time: Duration) -> http1::Builder {
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(head_time)
        .max_headers(64)
        .max_buf_size(16 * 1024);
    protocol
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    desk: Desk,
    limits: ServerLimits,
    shutdown: CancellationToken,
    stay: Stay,
) {
    let _visit = desk.door().board().tally().open(desk.side());
    let service = service_fn(|request| {
        let (desk, attention) = (&desk, stay.attend());
        async move {
            let response = desk.answer(request).await;
            Ok::<_, Infallible>(response.map(|body| while_it_is_sent(body, attention)))
        }
    });
    let connection = protocol(limits.head_time).serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        () = stay.sent_away() => {
            if stay.rests() {
                return;
            }
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection to the agent ended early");
    }
}

/// What is there as a whole is gone at once; a stream needs attention to its end.
fn while_it_is_sent(body: Body, attention: Attention) -> Body {
    match body {
        Either::Left(whole) => Either::Left(whole),
        Either::Right(stream) => {
            let held = stream.map_frame(move |frame| {
                let _held = &attention;
                frame
            });
            Either::Right(UnsyncBoxBody::new(held))
        }
    }
}

fn note_turned_away(desk: &Desk) {
    desk.door().board().tally().count_turned_away(desk.side());
}

/// Tells one peer that there are too many.
async fn turn_away<S: AsyncRead + AsyncWrite + Unpin>(stream: S, _place: OwnedSemaphorePermit) {
    let service = service_fn(|_| async { Ok::<_, Infallible>(refuse(&Problem::busy())) });
    let mut protocol = protocol(Duration::from_secs(1));
    let _ = protocol
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
