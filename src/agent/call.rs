//! Asks an owner one question and leaves: a blocking client that does as little as possible.

use crate::agent::audit_route::AuditRoute;
use crate::agent::client::{no_connection, refusal_in};
use crate::agent::door::Offered;
use crate::agent::error::CallError;
use crate::agent::health::HealthReport;
use crate::agent::lock_wire::{self, UnlockAnswer};
use crate::agent::reply::{HttpReply, broken};
use crate::agent::route::Route;
use crate::agent::socket::is_trusted;
use crate::agent::wire::{self, SignInStarted, VERSION, VERSION_HEADER};
use crate::engine::api::{EngineStatus, Event, PastedUrl, RevokeOutcome};
use crate::model::audit::{Search, Verdict};
use crate::model::client::ClientView;
use crate::model::credential::CredentialView;
use crate::model::event::{Activity, Entry, Purpose};
use crate::model::lock::LockOutcome;
use crate::model::name::CredentialName;
use crate::model::signin::{ProviderView, SignInId, SignInRequest};
use crate::model::token::IssuedToken;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use serde::de::DeserializeOwned;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// An owner that does not even take the connection or the request within that time hangs.
const SEND_TIME: Duration = Duration::from_secs(5);
/// The owner gets that much more time than it gives itself.
const GRACE: Duration = Duration::from_secs(5);
/// Longest answer taken: a list of some ten thousand credentials.
const LONGEST_ANSWER: usize = 256 * 1024 * 1024;
/// Longest line of the event stream.
const LONGEST_LINE: usize = 1024 * 1024;

/// Asks the owner behind one socket; every question is a connection of its own.
#[derive(Debug, Clone)]
pub struct Caller {
    socket: PathBuf,
}

impl Caller {
    /// A caller of the owner behind `socket`. Nothing is connected yet.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self {
            socket: socket.into(),
        }
    }

    /// Where it calls.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// All credentials.
    pub fn list(&self) -> Result<Vec<CredentialView>, CallError> {
        self.fetch(&Route::List)
    }

    /// One credential.
    pub fn show(&self, name: &CredentialName) -> Result<CredentialView, CallError> {
        self.fetch(&Route::Show(name.clone()))
    }

    /// An access token that lives at least `min_ttl` longer, waited for up to `timeout`.
    pub fn token(
        &self,
        name: &CredentialName,
        min_ttl: Duration,
        timeout: Duration,
    ) -> Result<IssuedToken, CallError> {
        let route = Route::Token {
            name: name.clone(),
            min_ttl,
            timeout,
            purpose: Purpose::Get,
        };
        let body = self.exchange(&route, &[])?;
        wire::read_token(&body).map_err(|_| not_understood())
    }

    /// Refreshes a credential now and waits up to `timeout`.
    pub fn refresh(
        &self,
        name: &CredentialName,
        timeout: Duration,
    ) -> Result<CredentialView, CallError> {
        self.fetch(&Route::Refresh {
            name: name.clone(),
            timeout,
        })
    }

    /// Revokes a credential at its provider.
    pub fn revoke(&self, name: &CredentialName) -> Result<RevokeOutcome, CallError> {
        self.fetch(&Route::Revoke(name.clone()))
    }

    /// Forgets a credential.
    pub fn remove(&self, name: &CredentialName) -> Result<(), CallError> {
        let route = Route::Remove {
            name: name.clone(),
            only: None,
        };
        self.tell(&route, &[])
    }

    /// How the engine is.
    pub fn status(&self) -> Result<EngineStatus, CallError> {
        self.fetch(&Route::Status)
    }

    /// How the owner is, in one word and a few counts.
    pub fn health(&self) -> Result<HealthReport, CallError> {
        self.fetch(&Route::Health)
    }

    /// The newest `limit` lines of activity, newest last.
    pub fn activity(
        &self,
        name: Option<&CredentialName>,
        limit: usize,
    ) -> Result<Vec<Activity>, CallError> {
        self.fetch(&Route::Activity {
            name: name.cloned(),
            limit,
        })
    }

    /// Lines of the activity log.
    pub fn audit(&self, search: Search) -> Result<Vec<Entry>, CallError> {
        self.fetch(&Route::Audit(AuditRoute::Lines(Box::new(search))))
    }

    /// Has a line written about a backup that was made beside the owner.
    pub fn note_backup(&self, credentials: u64) -> Result<(), CallError> {
        let body = format!(r#"{{"credentials":{credentials}}}"#);
        self.tell(&Route::NoteBackup, body.as_bytes())
    }

    /// Whether the activity log is as it was written.
    pub fn verify_audit(&self) -> Result<Verdict, CallError> {
        self.fetch(&Route::Audit(AuditRoute::Verify))
    }

    /// The providers a sign-in can be for.
    pub fn providers(&self) -> Result<Vec<ProviderView>, CallError> {
        self.fetch(&Route::Providers)
    }

    /// The clients that are kept.
    pub fn clients(&self) -> Result<Vec<ClientView>, CallError> {
        self.fetch(&Route::Clients)
    }

    /// Starts a sign-in; open [`Caller::events`] first, so that no step is missed.
    pub fn sign_in(&self, request: &SignInRequest) -> Result<SignInId, CallError> {
        let body = self.exchange(&Route::SignIn, &wire::write_sign_in(request))?;
        let started: SignInStarted = serde_json::from_slice(&body).map_err(|_| not_understood())?;
        Ok(started.id)
    }

    /// Gives a sign-in up.
    pub fn cancel_sign_in(&self, id: SignInId) -> Result<(), CallError> {
        self.tell(&Route::CancelSignIn(id), &[])
    }

    /// Hands over the address that a browser ended at.
    pub fn paste_callback(&self, id: SignInId, url: &PastedUrl) -> Result<(), CallError> {
        self.tell(&Route::PasteCallback(id), &wire::write_callback(url))
    }

    /// Locks the vault; comes back when nothing of it is left in the owner's memory.
    pub fn lock(&self) -> Result<LockOutcome, CallError> {
        self.fetch(&Route::Lock)
    }

    /// Unlocks the vault; gives whether it was locked.
    pub fn unlock(&self, offered: &Offered) -> Result<bool, CallError> {
        let body = self.exchange(&Route::Unlock, &lock_wire::write_offered(offered))?;
        let answer: UnlockAnswer = serde_json::from_slice(&body).map_err(|_| not_understood())?;
        Ok(answer.was_locked)
    }

    /// Events from now on.
    pub fn events(&self) -> Result<Events, CallError> {
        let reply = self.ask(&Route::Events, &[], None)?;
        Ok(Events {
            reply,
            text: Vec::new(),
            read: 0,
        })
    }

    fn fetch<T: DeserializeOwned>(&self, route: &Route) -> Result<T, CallError> {
        let body = self.exchange(route, &[])?;
        serde_json::from_slice(&body).map_err(|_| not_understood())
    }

    fn tell(&self, route: &Route, body: &[u8]) -> Result<(), CallError> {
        self.exchange(route, body).map(drop)
    }

    fn exchange(&self, route: &Route, body: &[u8]) -> Result<Zeroizing<Vec<u8>>, CallError> {
        let patience = route.patience().saturating_add(GRACE);
        self.ask(route, body, Some(patience))?.body(LONGEST_ANSWER)
    }

    /// One request and the head of its answer, refusals sorted out; `patience` bounds every wait for the owner.
    fn ask(
        &self,
        route: &Route,
        body: &[u8],
        patience: Option<Duration>,
    ) -> Result<HttpReply<UnixStream>, CallError> {
        let mut stream = open(&self.socket).map_err(|error| no_connection(&self.socket, error))?;
        stream
            .set_read_timeout(patience.map(within_reason))
            .map_err(|error| broken(&error))?;
        let sent = stream.write_all(&request(route, body));
        // An owner that refuses the peer answers without reading: its answer says more than our failed write.
        let reply = match (HttpReply::read(stream), sent) {
            (Ok(reply), _) => reply,
            (Err(_), Err(error)) => return Err(broken(&error)),
            (Err(error), Ok(())) => return Err(error),
        };
        match reply.status() {
            200..=299 => Ok(reply),
            403 => Err(CallError::NotAllowed {
                socket: self.socket.clone(),
            }),
            // An owner whose engine has stopped tells its health with this status.
            503 if *route == Route::Health => Ok(reply),
            _ => Err(refusal_in(&reply.body(LONGEST_LINE)?)),
        }
    }
}

/// The system takes no longer waits than this, and nobody lives to see the end of one.
fn within_reason(patience: Duration) -> Duration {
    patience.min(Duration::from_secs(1 << 30))
}

/// Connects with a limit: a hanging owner lets connections queue up, and then `connect` itself would wait for ever.
fn open(socket: &Path) -> io::Result<UnixStream> {
    if !is_trusted(socket)? {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let descriptor = socket_with(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    set_socket_timeout(&descriptor, Timeout::Send, Some(SEND_TIME))?;
    connect(&descriptor, &SocketAddrUnix::new(socket)?)?;
    Ok(UnixStream::from(descriptor))
}

fn request(route: &Route, body: &[u8]) -> Zeroizing<Vec<u8>> {
    let (method, target) = (route.method(), route.target());
    let mut bytes = Zeroizing::new(Vec::with_capacity(256 + target.len() + body.len()));
    let written = write!(
        bytes,
        "{method} {target} HTTP/1.1\r\nHost: tokenward\r\nConnection: close\r\n\
         {VERSION_HEADER}: {VERSION}\r\n"
    );
    written.expect("a vector takes all");
    if method == "POST" {
        let length = body.len();
        let written = write!(
            bytes,
            "Content-Type: application/json\r\nContent-Length: {length}\r\n"
        );
        written.expect("a vector takes all");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}

fn not_understood() -> CallError {
    CallError::Protocol {
        what: "its JSON is not of the expected form",
    }
}

/// The event stream. Ends after [`Event::Stopped`], which comes in any case; dropping it ends the connection.
pub struct Events {
    reply: HttpReply<UnixStream>,
    text: Vec<u8>,
    read: usize,
}

impl Events {
    /// The next whole line; `None` when the owner ended the stream.
    fn line(&mut self) -> Result<Option<Vec<u8>>, CallError> {
        loop {
            let rest = &self.text[self.read..];
            if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let line = rest[..end].to_vec();
                self.read += end + 1;
                return Ok(Some(line));
            }
            self.text.drain(..self.read);
            self.read = 0;
            if self.text.len() > LONGEST_LINE {
                return Err(CallError::Protocol {
                    what: "an event is too long",
                });
            }
            if !self.reply.portion(&mut self.text)? {
                return Ok(None);
            }
        }
    }
}

impl Iterator for Events {
    type Item = Result<Event, CallError>;

    /// Waits for the next event; an event of a newer owner that means nothing here is passed over.
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.line() {
                Ok(Some(line)) => {
                    if let Ok(event) = serde_json::from_slice(&line) {
                        return Some(Ok(event));
                    }
                }
                Ok(None) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
