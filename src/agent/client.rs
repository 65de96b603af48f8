//! Makes a link out of the agent's socket, for a terminal UI that attaches to a living owner.

use crate::agent::audit_route::AuditRoute;
use crate::agent::error::CallError;
use crate::agent::parcel_route::ParcelRoute;
use crate::agent::problem::Problem;
use crate::agent::route::{Question, Route};
use crate::agent::socket::is_trusted;
use crate::agent::wire::{
    self, AcceptBody, BackupBody, ExportBody, IdTokenBody, NeedBody, PutBackBody, RenameBody,
    VERSION, VERSION_HEADER, ValidateBody,
};
use crate::engine::api::{Command, Event, Reply};
use crate::engine::book::Book;
use crate::engine::link::{Asked, Link};
use crate::engine::shelf::Shelf;
use crate::model::name::CredentialName;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::sync::{Semaphore, broadcast, mpsc};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

/// Commands that may wait to be sent.
const COMMANDS: usize = 256;
/// Events kept for a slow reader.
const EVENTS: usize = 4096;
/// Requests that wait for a provider, at the same time.
const SLOW: usize = 48;
/// Other requests at the same time.
const QUICK: usize = 8;
/// Longest answer taken: a list of some ten thousand credentials.
const LONGEST_ANSWER: usize = 256 * 1024 * 1024;
/// Longest line of the event stream.
const LONGEST_LINE: usize = 1024 * 1024;
/// The owner gets that much more time than it gives itself.
const GRACE: Duration = Duration::from_secs(5);

/// Attaches to the owner behind `socket`. When the owner goes, [`Event::Stopped`] comes once and every later command is
/// refused with `Refusal::Stopped`. Must run inside a tokio runtime with IO and time.
pub async fn connect(socket: &Path) -> Result<Link, CallError> {
    let patience = Route::Events.patience().saturating_add(GRACE);
    connect_within(socket, patience).await
}

/// [`connect`], waiting no longer than that for the owner to notice: it may be unlocking the vault, or hang.
pub async fn connect_within(socket: &Path, patience: Duration) -> Result<Link, CallError> {
    let door = Arc::new(SocketDoor::new(socket));
    let asked = door.ask(&Route::Events, Zeroizing::default());
    let stream = tokio::time::timeout(patience, asked)
        .await
        .unwrap_or(Err(CallError::Timeout))?;
    if !stream.status().is_success() {
        return Err(problem(stream).await);
    }
    let (commands, wishes) = mpsc::channel(COMMANDS);
    let (events, _) = broadcast::channel(EVENTS);
    let gone = CancellationToken::new();
    tokio::spawn(tell(stream.into_body(), events.clone(), gone.clone()));
    tokio::spawn(carry(wishes, door, gone));
    Ok(Link::new(
        commands,
        events,
        Shelf::default(),
        Book::default(),
    ))
}

/// Passes events on until the owner goes or nobody holds the link any more.
async fn tell(mut body: Incoming, events: broadcast::Sender<Event>, gone: CancellationToken) {
    let mut line = Vec::new();
    loop {
        let frame = tokio::select! {
            frame = body.frame() => frame,
            () = gone.cancelled() => break,
        };
        let Some(Ok(frame)) = frame else { break };
        let Some(data) = frame.data_ref() else {
            continue;
        };
        line.extend_from_slice(data);
        if tell_lines(&mut line, &events) || line.len() > LONGEST_LINE {
            break;
        }
    }
    gone.cancel();
    // Nobody may listen any more.
    let _ = events.send(Event::Stopped);
}

/// Tells all whole lines; true when the owner said that it leaves. A line of a newer owner that means nothing here is
/// passed over.
fn tell_lines(text: &mut Vec<u8>, events: &broadcast::Sender<Event>) -> bool {
    let Some(end) = text.iter().rposition(|byte| *byte == b'\n') else {
        return false;
    };
    let rest = text.split_off(end + 1);
    let lines = std::mem::replace(text, rest);
    for line in lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        match serde_json::from_slice(line) {
            Ok(Event::Stopped) => return true,
            Ok(event) => drop(events.send(event)),
            Err(_) => tracing::debug!("an event of the owner was not understood"),
        }
    }
    false
}

/// Takes commands until the owner goes or nobody holds the link any more.
async fn carry(mut wishes: mpsc::Receiver<Asked>, door: Arc<SocketDoor>, gone: CancellationToken) {
    loop {
        let command = tokio::select! {
            biased;
            () = gone.cancelled() => break,
            command = wishes.recv() => command,
        };
        // Who asks the owner is seen there, at the socket.
        let Some(Asked { command, .. }) = command else {
            break;
        };
        tokio::spawn(Arc::clone(&door).carry_out(command));
    }
    // What still waits is dropped with the channel: its askers read that as `Stopped`.
    gone.cancel();
}

/// One request, one connection: nothing waits behind a slow refresh and nothing goes stale.
pub(in crate::agent) struct SocketDoor {
    socket: PathBuf,
    slow: Semaphore,
    quick: Semaphore,
}

impl SocketDoor {
    fn new(socket: &Path) -> Self {
        Self {
            socket: socket.to_path_buf(),
            slow: Semaphore::new(SLOW),
            quick: Semaphore::new(QUICK),
        }
    }

    async fn carry_out(self: Arc<Self>, command: Command) {
        match command {
            Command::Grant(ask) => self.carry_grant(ask).await,
            Command::List { reply } => self.fetch(Route::List, reply).await,
            Command::Show { name, reply } => self.fetch(Route::Show(name), reply).await,
            Command::Why { name, reply } => self.fetch(Route::Why(name), reply).await,
            Command::Generations { name, reply } => {
                self.fetch(Route::Generations(name), reply).await;
            }
            Command::PutBack {
                name,
                generation,
                reply,
            } => {
                let route = inquire(name, Question::PutBack);
                self.put(route, &PutBackBody { generation }, reply).await;
            }
            Command::Providers { reply } => self.fetch(Route::Providers, reply).await,
            Command::Clients { reply } => self.fetch(Route::Clients, reply).await,
            Command::Status { reply } => self.fetch(Route::Status, reply).await,
            Command::RevokeAll { reply } => self.fetch(Route::RevokeAll, reply).await,
            Command::Revoke { name, reply } => self.fetch(Route::Revoke(name), reply).await,
            Command::Activity { name, limit, reply } => {
                self.fetch(Route::Activity { name, limit }, reply).await;
            }
            Command::Audit { search, reply } => {
                self.fetch(Route::Audit(AuditRoute::Lines(search)), reply)
                    .await;
            }
            Command::AuditAnalysis {
                since,
                until,
                reply,
            } => {
                let analysis = AuditRoute::Analysis { since, until };
                self.fetch(Route::Audit(analysis), reply).await;
            }
            Command::AuditVerify { reply } => {
                self.fetch(Route::Audit(AuditRoute::Verify), reply).await;
            }
            Command::SeeAlert { alert, reply } => {
                let seen = Route::Audit(AuditRoute::Seen);
                self.tell(seen, plain(&alert), reply).await;
            }
            Command::Refresh {
                name,
                timeout,
                reply,
            } => {
                self.fetch(Route::Refresh { name, timeout }, reply).await;
            }
            Command::Remove { name, only, reply } => {
                self.tell(Route::Remove { name, only }, Zeroizing::default(), reply)
                    .await;
            }
            Command::NoteExport { credentials, reply } => {
                self.put(Route::NoteExport, &ExportBody { credentials }, reply)
                    .await;
            }
            Command::NoteBackup { credentials, reply } => {
                let body = plain(&BackupBody { credentials });
                self.tell(Route::NoteBackup, body, reply).await;
            }
            Command::Parcels { reply } => {
                self.fetch(Route::Parcel(ParcelRoute::List), reply).await;
            }
            Command::AcceptParcel {
                id,
                account,
                replaces,
                reply,
            } => {
                let route = Route::Parcel(ParcelRoute::Accept(id));
                let body = AcceptBody { account, replaces };
                self.put(route, &body, reply).await;
            }
            Command::RefuseParcel { id, reply } => {
                let route = Route::Parcel(ParcelRoute::Refuse(id));
                self.tell(route, Zeroizing::default(), reply).await;
            }
            Command::EndParcel { id, reply } => {
                self.fetch(Route::Parcel(ParcelRoute::End(id)), reply).await;
            }
            Command::Import {
                profile,
                secret,
                replaces,
                reply,
            } => {
                answer(reply, async {
                    let body = wire::write_import(*profile, *secret, replaces);
                    let body = self.exchange(&Route::Import, body).await?;
                    serde_json::from_slice(&body).map_err(|_| not_understood())
                })
                .await;
            }
            Command::Token {
                name,
                min_ttl,
                timeout,
                purpose,
                reply,
            } => {
                let route = Route::Token {
                    name,
                    min_ttl,
                    timeout,
                    purpose,
                };
                answer(reply, async {
                    let body = self.exchange(&route, Zeroizing::default()).await?;
                    wire::read_token(&body).map_err(|_| not_understood())
                })
                .await;
            }
            Command::Validate {
                name,
                introspect,
                reply,
            } => {
                let route = inquire(name, Question::Validate);
                self.put(route, &ValidateBody { introspect }, reply).await;
            }
            Command::Need {
                name,
                scopes,
                reply,
            } => {
                let route = inquire(name, Question::Need);
                self.put(route, &NeedBody { scopes }, reply).await;
            }
            Command::Narrow {
                name,
                scopes,
                reply,
            } => {
                let route = inquire(name, Question::Narrow);
                answer(reply, async {
                    let body = self.exchange(&route, plain(&NeedBody { scopes })).await?;
                    wire::read_token(&body).map_err(|_| not_understood())
                })
                .await;
            }
            Command::Rename {
                name,
                account,
                reply,
            } => {
                let route = inquire(name, Question::Rename);
                self.put(route, &RenameBody { account }, reply).await;
            }
            Command::Prove {
                name,
                request,
                reply,
            } => {
                let route = inquire(name, Question::Proof);
                answer(reply, async {
                    let body = self.exchange(&route, plain(&request)).await?;
                    wire::read_proven(&body).map_err(|_| not_understood())
                })
                .await;
            }
            Command::Exchange { name, wish, reply } => {
                let route = inquire(name, Question::Exchange);
                answer(reply, async {
                    let body = self.exchange(&route, plain(&wish)).await?;
                    wire::read_token(&body).map_err(|_| not_understood())
                })
                .await;
            }
            Command::IdToken {
                name,
                purpose,
                reply,
            } => {
                let route = inquire(name, Question::IdToken);
                answer(reply, async {
                    let body = plain(&IdTokenBody { purpose });
                    let body = self.exchange(&route, body).await?;
                    wire::read_token(&body).map_err(|_| not_understood())
                })
                .await;
            }
            Command::Identify {
                token,
                verify,
                reply,
            } => {
                answer(reply, async {
                    let body = wire::write_found(&token, verify);
                    let body = self.exchange(&Route::Identify, body).await?;
                    serde_json::from_slice(&body).map_err(|_| not_understood())
                })
                .await;
            }
            Command::DeleteClient { provider, reply } => {
                let route = Route::DeleteClient(provider);
                self.tell(route, Zeroizing::default(), reply).await;
            }
            Command::SignIn { request, reply } => {
                self.tell(Route::SignIn, wire::write_sign_in(&request), reply)
                    .await;
            }
            Command::PasteCallback { id, url, reply } => {
                self.tell(Route::PasteCallback(id), wire::write_callback(&url), reply)
                    .await;
            }
            Command::CancelSignIn { id } => {
                // It has no answer; an owner that is gone has given the sign-in up anyway.
                let _ = self
                    .exchange(&Route::CancelSignIn(id), Zeroizing::default())
                    .await;
            }
        }
    }

    /// Asks and reads an answer of the model's own form.
    pub(in crate::agent) async fn fetch<T: DeserializeOwned>(&self, route: Route, reply: Reply<T>) {
        answer(reply, async {
            let body = self.exchange(&route, Zeroizing::default()).await?;
            serde_json::from_slice(&body).map_err(|_| not_understood())
        })
        .await;
    }

    /// Asks with details and reads an answer of the model's own form.
    pub(in crate::agent) async fn put<T: DeserializeOwned>(
        &self,
        route: Route,
        details: &impl Serialize,
        reply: Reply<T>,
    ) {
        answer(reply, async {
            let body = self.exchange(&route, plain(details)).await?;
            serde_json::from_slice(&body).map_err(|_| not_understood())
        })
        .await;
    }

    /// Asks for something to be done.
    pub(in crate::agent) async fn tell(
        &self,
        route: Route,
        body: Zeroizing<Vec<u8>>,
        reply: Reply<()>,
    ) {
        answer(reply, async {
            self.exchange(&route, body).await?;
            Ok(())
        })
        .await;
    }

    /// One request and its whole answer.
    pub(in crate::agent) async fn exchange(
        &self,
        route: &Route,
        body: Zeroizing<Vec<u8>>,
    ) -> Result<Zeroizing<Vec<u8>>, CallError> {
        let lane = match route {
            Route::Token { .. }
            | Route::Refresh { .. }
            | Route::Revoke(_)
            | Route::Inquire { .. }
            | Route::DeleteClient(_) => &self.slow,
            _ => &self.quick,
        };
        let _place = lane.acquire().await.map_err(|_| CallError::Gone)?;
        let patience = route.patience().saturating_add(GRACE);
        let exchange = async {
            let response = self.ask(route, body).await?;
            if !response.status().is_success() {
                return Err(problem(response).await);
            }
            collect(response.into_body()).await
        };
        tokio::time::timeout(patience, exchange)
            .await
            .unwrap_or(Err(CallError::Timeout))
    }

    /// One request and the head of its answer.
    async fn ask(
        &self,
        route: &Route,
        body: Zeroizing<Vec<u8>>,
    ) -> Result<Response<Incoming>, CallError> {
        let stream = open(&self.socket)
            .await
            .map_err(|error| no_connection(&self.socket, error))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|_| CallError::Gone)?;
        tokio::spawn(async move {
            // How it ends is seen by whoever waits for the answer.
            let _ = connection.await;
        });
        let request = Request::builder()
            .method(route.method())
            .uri(route.target())
            .header(HOST, "tokenward")
            .header(CONNECTION, "close")
            .header(CONTENT_TYPE, "application/json")
            .header(VERSION_HEADER, VERSION)
            .body(Full::new(Bytes::from_owner(body)))
            .map_err(|_| CallError::Protocol {
                what: "the request has no valid form",
            })?;
        sender
            .send_request(request)
            .await
            .map_err(|_| CallError::Gone)
    }
}

fn inquire(name: CredentialName, question: Question) -> Route {
    Route::Inquire { name, question }
}

pub(in crate::agent) fn plain(details: &impl Serialize) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(serde_json::to_vec(details).expect("plain data always serializes"))
}

async fn open(path: &Path) -> io::Result<UnixStream> {
    if !is_trusted(path)? {
        return Err(ErrorKind::PermissionDenied.into());
    }
    UnixStream::connect(path).await
}

/// What a failed connection means.
pub fn no_connection(socket: &Path, error: io::Error) -> CallError {
    let socket = socket.to_path_buf();
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => CallError::NoOwner { socket },
        // A path that fits into no address: nobody can listen there either.
        ErrorKind::InvalidInput | ErrorKind::InvalidFilename => CallError::NoOwner { socket },
        ErrorKind::PermissionDenied => CallError::NotAllowed { socket },
        ErrorKind::WouldBlock | ErrorKind::TimedOut => CallError::Timeout,
        _ => CallError::Io {
            socket,
            source: error,
        },
    }
}

pub(in crate::agent) fn not_understood() -> CallError {
    CallError::Protocol {
        what: "its JSON is not of the expected form",
    }
}

/// Gives the answer, unless the asker has left before.
pub(in crate::agent) async fn answer<T>(
    mut reply: Reply<T>,
    work: impl Future<Output = Result<T, CallError>>,
) {
    let done = tokio::select! {
        done = work => done,
        () = reply.closed() => return,
    };
    // Nobody waits for it any more: nothing is lost.
    let _ = reply.send(done.map_err(CallError::into_refusal));
}

async fn problem(response: Response<Incoming>) -> CallError {
    match collect(response.into_body()).await {
        Ok(body) => refusal_in(&body),
        Err(error) => error,
    }
}

/// The refusal in a problem document.
pub fn refusal_in(body: &[u8]) -> CallError {
    match serde_json::from_slice::<Problem>(body) {
        Ok(problem) => CallError::Refused(problem.refusal),
        Err(_) => CallError::Protocol {
            what: "a refusal without a problem document",
        },
    }
}

async fn collect(mut body: Incoming) -> Result<Zeroizing<Vec<u8>>, CallError> {
    let mut whole = Zeroizing::new(Vec::with_capacity(16 * 1024));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| CallError::Gone)?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        if whole.len() + data.len() > LONGEST_ANSWER {
            return Err(CallError::Protocol {
                what: "the answer is too long",
            });
        }
        whole.extend_from_slice(data);
    }
    Ok(whole)
}
