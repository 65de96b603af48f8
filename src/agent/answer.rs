//! Answers one request: reads it, puts it to the engine, writes what comes back.

use crate::agent::audit_route::AuditRoute;
use crate::agent::door::{Door, Offered};
use crate::agent::health::{self, HealthCache};
use crate::agent::lock_wire::{self, UnlockAnswer};
use crate::agent::parcel_route::ParcelRoute;
use crate::agent::problem::{MEDIA_TYPE, Problem};
use crate::agent::route::{Question, Route};
use crate::agent::stream;
use crate::agent::wire::{
    self, AcceptBody, BackupBody, ExportBody, NeedBody, PutBackBody, RenameBody, SignInStarted,
    VERSION, VERSION_HEADER, ValidateBody,
};
use crate::clock;
use crate::engine::api::{Command, Refusal, Reply};
use crate::engine::link::Link;
use crate::model::event::Purpose;
use crate::model::lock::LockReason;
use crate::model::name::CredentialName;
use crate::model::program::Program;
use crate::model::signin::SignInId;
use crate::model::token::IssuedToken;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Either, Full, StreamBody};
use hyper::body::{Body as _, Bytes, Frame, Incoming};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, ORIGIN, RETRY_AFTER,
};
use hyper::{Request, Response, StatusCode};
use serde::Serialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

/// A body that is there, or one that is made while it is sent.
pub type Body = Either<Full<Bytes>, UnsyncBoxBody<Bytes, Infallible>>;

/// Longest request body, in bytes.
pub const LONGEST_BODY: usize = 64 * 1024;
/// Lists longer than this are sent in portions.
const SHORT_LIST: usize = 256;

/// Where the questions of one socket are answered.
#[derive(Debug, Clone)]
pub struct Desk {
    door: Door,
    by: Arc<Program>,
    health: Arc<HealthCache>,
    body_time: Duration,
    shutdown: CancellationToken,
}

impl Desk {
    /// A desk at that door; a body has to arrive within `body_time`, streams end with `shutdown`.
    pub fn new(door: Door, body_time: Duration, shutdown: CancellationToken) -> Self {
        Self {
            door,
            by: Arc::default(),
            health: Arc::default(),
            body_time,
            shutdown,
        }
    }

    /// The same desk, for one program.
    pub fn facing(&self, program: Arc<Program>) -> Self {
        Self {
            by: program,
            ..self.clone()
        }
    }

    /// Answers a request, whatever it is.
    pub async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        match (self.try_answer(request).await, self.door.locked()) {
            (Ok(response), _) => response,
            // Locked while it was being asked.
            (Err(problem), Some(lock)) if problem.refusal == Refusal::Stopped => {
                refuse(&Refusal::Locked { lock }.into())
            }
            (Err(problem), _) => refuse(&problem),
        }
    }

    /// The way to the engine, walked by whoever asks.
    fn link(&self) -> Result<Link, Refusal> {
        match self.door.link() {
            Ok(link) => Ok(link.on_behalf_of(Arc::clone(&self.by))),
            Err(lock) => Err(Refusal::Locked { lock }),
        }
    }

    async fn try_answer(&self, request: Request<Incoming>) -> Result<Response<Body>, Box<Problem>> {
        check_headers(request.headers())?;
        let uri = request.uri();
        let route = Route::read(request.method().as_str(), uri.path(), uri.query())?;
        if route.is_use() {
            self.door.touch(Duration::ZERO);
        }
        if let Route::Token {
            name,
            min_ttl,
            purpose,
            ..
        } = &route
            && let Some(ready) = self.ready(name, *min_ttl, *purpose)?
        {
            return Ok(ready);
        }
        let patience = route.patience();
        tokio::time::timeout(patience, self.carry_out(route, request.into_body()))
            .await
            .unwrap_or_else(|_| Err(Refusal::TimedOut.into()))
    }

    /// A token that lies on the shelf needs neither the engine nor the vault.
    fn ready(
        &self,
        name: &CredentialName,
        min_ttl: Duration,
        purpose: Purpose,
    ) -> Result<Option<Response<Body>>, Refusal> {
        let now = clock::now();
        let Ok(link) = self.door.link() else {
            return Ok(None);
        };
        let Some(token) = link.shelf().fetch(name, now.plus(min_ttl)) else {
            return Ok(None);
        };
        link.book().allows(name, &self.by)?;
        link.book().handed_out(name, purpose, None, &self.by);
        Ok(Some(json(StatusCode::OK, token_body(&token, now))))
    }

    async fn carry_out(
        &self,
        route: Route,
        body: Incoming,
    ) -> Result<Response<Body>, Box<Problem>> {
        match route {
            Route::List => self.list(|reply| Command::List { reply }).await,
            Route::Providers => self.list(|reply| Command::Providers { reply }).await,
            Route::Clients => self.list(|reply| Command::Clients { reply }).await,
            Route::Activity { name, limit } => {
                let ask = |reply| Command::Activity { name, limit, reply };
                self.list(ask).await
            }
            Route::Audit(audit) => self.tell_of_the_log(audit, body).await,
            Route::Show(name) => self.one(|reply| Command::Show { name, reply }).await,
            Route::Generations(name) => {
                self.list(|reply| Command::Generations { name, reply })
                    .await
            }
            Route::Why(name) => self.one(|reply| Command::Why { name, reply }).await,
            Route::Status => self.status().await,
            Route::Revoke(name) => self.one(|reply| Command::Revoke { name, reply }).await,
            Route::Refresh { name, timeout } => {
                let ask = |reply| Command::Refresh {
                    name,
                    timeout,
                    reply,
                };
                self.one(ask).await
            }
            Route::Remove { name, only } => {
                self.done(|reply| Command::Remove { name, only, reply })
                    .await
            }
            Route::NoteExport => {
                let body = read_body(body, self.body_time).await?;
                let ExportBody { credentials } = wire::read(&body).map_err(bad_body)?;
                self.one(|reply| Command::NoteExport { credentials, reply })
                    .await
            }
            Route::NoteBackup => {
                let body = read_body(body, self.body_time).await?;
                let BackupBody { credentials } = wire::read(&body).map_err(bad_body)?;
                self.done(|reply| Command::NoteBackup { credentials, reply })
                    .await
            }
            Route::Import => self.import(&read_body(body, self.body_time).await?).await,
            Route::Token {
                name,
                min_ttl,
                timeout,
                purpose,
            } => {
                self.token(|reply| Command::Token {
                    name,
                    min_ttl,
                    timeout,
                    purpose,
                    reply,
                })
                .await
            }
            Route::Inquire { name, question } => {
                let body = read_body(body, self.body_time).await?;
                self.inquire(name, question, &body).await
            }
            Route::DeleteClient(provider) => {
                self.done(|reply| Command::DeleteClient { provider, reply })
                    .await
            }
            Route::Identify => {
                let body = read_body(body, self.body_time).await?;
                let (token, verify) = wire::read_found(&body).map_err(bad_body)?;
                self.one(|reply| Command::Identify {
                    token,
                    verify,
                    reply,
                })
                .await
            }
            Route::Events => Ok(self.events()),
            Route::Health => Ok(self.health().await),
            Route::RevokeAll => self.list(|reply| Command::RevokeAll { reply }).await,
            Route::Parcel(ParcelRoute::List) => self.list(|reply| Command::Parcels { reply }).await,
            Route::Parcel(ParcelRoute::Accept(id)) => {
                let body = read_body(body, self.body_time).await?;
                let AcceptBody { account, replaces } = wire::read(&body).map_err(bad_body)?;
                self.one(|reply| Command::AcceptParcel {
                    id,
                    account,
                    replaces,
                    reply,
                })
                .await
            }
            Route::Parcel(ParcelRoute::Refuse(id)) => {
                self.done(|reply| Command::RefuseParcel { id, reply }).await
            }
            Route::Lock => self.lock().await,
            Route::Unlock => {
                let body = read_body(body, self.body_time).await?;
                self.unlock(lock_wire::read_offered(&body).map_err(bad_body)?)
                    .await
            }
            Route::SignIn => self.sign_in(&read_body(body, self.body_time).await?).await,
            Route::CancelSignIn(id) => self.cancel(id).await,
            Route::PasteCallback(id) => {
                self.paste(id, &read_body(body, self.body_time).await?)
                    .await
            }
        }
    }

    async fn tell_of_the_log(
        &self,
        audit: AuditRoute,
        body: Incoming,
    ) -> Result<Response<Body>, Box<Problem>> {
        match audit {
            AuditRoute::Lines(search) => self.list(|reply| Command::Audit { search, reply }).await,
            AuditRoute::Analysis { since, until } => {
                self.one(|reply| Command::AuditAnalysis {
                    since,
                    until,
                    reply,
                })
                .await
            }
            AuditRoute::Verify => self.one(|reply| Command::AuditVerify { reply }).await,
            AuditRoute::Seen => {
                let body = read_body(body, self.body_time).await?;
                let alert = wire::read(&body).map_err(bad_body)?;
                self.done(|reply| Command::SeeAlert { alert, reply }).await
            }
        }
    }

    async fn list<T: Serialize + Send + 'static>(
        &self,
        command: impl FnOnce(Reply<Vec<T>>) -> Command + Send,
    ) -> Result<Response<Body>, Box<Problem>> {
        let entries = self.link()?.ask(command).await?;
        Ok(if entries.len() <= SHORT_LIST {
            json(StatusCode::OK, to_json(&entries))
        } else {
            streamed("application/json", stream::array(entries))
        })
    }

    async fn one<T: Serialize + Send>(
        &self,
        command: impl FnOnce(Reply<T>) -> Command + Send,
    ) -> Result<Response<Body>, Box<Problem>> {
        let entry = self.link()?.ask(command).await?;
        Ok(json(StatusCode::OK, to_json(&entry)))
    }

    async fn done(
        &self,
        command: impl FnOnce(Reply<()>) -> Command + Send,
    ) -> Result<Response<Body>, Box<Problem>> {
        self.link()?.ask(command).await?;
        Ok(empty())
    }

    async fn token(
        &self,
        command: impl FnOnce(Reply<IssuedToken>) -> Command + Send,
    ) -> Result<Response<Body>, Box<Problem>> {
        let token = self.link()?.ask(command).await?;
        Ok(json(StatusCode::OK, token_body(&token, clock::now())))
    }

    async fn inquire(
        &self,
        name: CredentialName,
        question: Question,
        body: &[u8],
    ) -> Result<Response<Body>, Box<Problem>> {
        match question {
            Question::Validate => {
                let ValidateBody { introspect } = wire::read(body).map_err(bad_body)?;
                self.one(|reply| Command::Validate {
                    name,
                    introspect,
                    reply,
                })
                .await
            }
            Question::Need => {
                let NeedBody { scopes } = wire::read(body).map_err(bad_body)?;
                self.one(|reply| Command::Need {
                    name,
                    scopes,
                    reply,
                })
                .await
            }
            Question::Narrow => {
                let NeedBody { scopes } = wire::read(body).map_err(bad_body)?;
                let ask = |reply| Command::Narrow {
                    name,
                    scopes,
                    reply,
                };
                self.token(ask).await
            }
            Question::PutBack => {
                let PutBackBody { generation } = wire::read(body).map_err(bad_body)?;
                self.one(|reply| Command::PutBack {
                    name,
                    generation,
                    reply,
                })
                .await
            }
            Question::Rename => {
                let RenameBody { account } = wire::read(body).map_err(bad_body)?;
                self.one(|reply| Command::Rename {
                    name,
                    account,
                    reply,
                })
                .await
            }
            Question::Proof => {
                let request = wire::read(body).map_err(bad_body)?;
                let ask = |reply| Command::Prove {
                    name,
                    request,
                    reply,
                };
                let proven = self.link()?.ask(ask).await?;
                let body = Bytes::from_owner(wire::write_proven(&proven, clock::now()));
                Ok(json(StatusCode::OK, body))
            }
            Question::Exchange => {
                let wish = wire::read(body).map_err(bad_body)?;
                self.token(|reply| Command::Exchange { name, wish, reply })
                    .await
            }
        }
    }

    /// Subscribed before the answer's head is sent: who has read the head misses nothing from then on.
    fn events(&self) -> Response<Body> {
        let events = stream::events(self.door.listen(), self.shutdown.clone());
        streamed("application/x-ndjson", events)
    }

    async fn health(&self) -> Response<Body> {
        let (alive, body) = match self.door.link() {
            Ok(link) => self.health.body(&link).await,
            Err(lock) => (true, health::locked(lock)),
        };
        let status = if alive {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        json(status, body)
    }

    async fn sign_in(&self, body: &[u8]) -> Result<Response<Body>, Box<Problem>> {
        let request = wire::read_sign_in(body, SignInId(rand::random())).map_err(bad_body)?;
        let id = request.id;
        let request = Box::new(request);
        let ask = |reply| Command::SignIn { request, reply };
        self.link()?.ask(ask).await?;
        Ok(json(StatusCode::ACCEPTED, to_json(&SignInStarted { id })))
    }

    async fn import(&self, body: &[u8]) -> Result<Response<Body>, Box<Problem>> {
        let (one, replaces) = wire::read_import(body).map_err(bad_body)?;
        self.one(|reply| Command::Import {
            profile: Box::new(one.profile),
            secret: Box::new(one.secret),
            replaces,
            reply,
        })
        .await
    }

    async fn cancel(&self, id: SignInId) -> Result<Response<Body>, Box<Problem>> {
        let link = self.link()?;
        let sent = link
            .commands()
            .send(link.asked(Command::CancelSignIn { id }))
            .await;
        sent.map_err(|_| Refusal::Stopped)?;
        Ok(empty())
    }

    async fn status(&self) -> Result<Response<Body>, Box<Problem>> {
        match self.door.locked() {
            Some(lock) => Ok(json(StatusCode::OK, to_json(&self.door.status(lock)))),
            None => self.one(|reply| Command::Status { reply }).await,
        }
    }

    async fn lock(&self) -> Result<Response<Body>, Box<Problem>> {
        let by = Some(Arc::clone(&self.by));
        let outcome = self.door.lock(LockReason::Asked, by).await?;
        Ok(json(StatusCode::OK, to_json(&outcome)))
    }

    async fn unlock(&self, offered: Offered) -> Result<Response<Body>, Box<Problem>> {
        let by = Some(Arc::clone(&self.by));
        let was_locked = self.door.unlock(offered, by).await?;
        let body = UnlockAnswer { was_locked };
        Ok(json(StatusCode::OK, to_json(&body)))
    }

    async fn paste(&self, id: SignInId, body: &[u8]) -> Result<Response<Body>, Box<Problem>> {
        let url = wire::read_callback(body).map_err(bad_body)?;
        self.done(|reply| Command::PasteCallback { id, url, reply })
            .await
    }
}

fn check_headers(headers: &HeaderMap) -> Result<(), Box<Problem>> {
    // No browser reaches a Unix socket by itself; whoever forwards one to it must not lend it our trust.
    if headers.contains_key(ORIGIN) {
        return Err(refused(
            403,
            "origin",
            "Not for browsers",
            "a request with an Origin header comes from a web page",
            "ask without the Origin header",
        ));
    }
    match headers.get(VERSION_HEADER) {
        Some(asked) if asked != VERSION => Err(refused(
            400,
            "version",
            "Version not supported",
            "this owner speaks version 1 of the protocol, another one was asked for",
            "use the same version of tokenward on both sides: stop the owner and start it again",
        )),
        Some(_) | None => Ok(()),
    }
}

fn refused(status: u16, slug: &str, title: &str, message: &str, hint: &str) -> Box<Problem> {
    Box::new(Problem::invalid(status, slug, title, message, hint))
}

fn bad_body(error: wire::BadBody) -> Box<Problem> {
    refused(
        400,
        "body",
        "Unreadable body",
        &error.to_string(),
        "the README shows what this address takes",
    )
}

async fn read_body(mut body: Incoming, time: Duration) -> Result<Zeroizing<Vec<u8>>, Box<Problem>> {
    let too_large = || {
        refused(
            413,
            "body-size",
            "Body too large",
            "the body is longer than 64 KB",
            "send less",
        )
    };
    if body.size_hint().lower() > LONGEST_BODY as u64 {
        return Err(too_large());
    }
    let cut_off = || {
        refused(
            408,
            "body-time",
            "Body incomplete",
            "the body did not arrive whole and in time",
            "send it again",
        )
    };
    // Room for all from the start: no outgrown buffer with a secret in it stays behind.
    let mut whole = Zeroizing::new(Vec::with_capacity(LONGEST_BODY));
    let read = async {
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| cut_off())?;
            let Some(data) = frame.data_ref() else {
                continue;
            };
            if whole.len() + data.len() > LONGEST_BODY {
                return Err(too_large());
            }
            whole.extend_from_slice(data);
        }
        Ok(())
    };
    tokio::time::timeout(time, read)
        .await
        .unwrap_or_else(|_| Err(cut_off()))?;
    Ok(whole)
}

/// A response for a problem.
pub fn refuse(problem: &Problem) -> Response<Body> {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json(status, to_json(problem));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    if let Some(seconds) = problem.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Refusal::LimitExceeded {
        most, wait_secs, ..
    } = &problem.refusal
    {
        headers.insert("x-ratelimit-limit", HeaderValue::from(*most));
        headers.insert("x-ratelimit-remaining", HeaderValue::from(0));
        headers.insert("x-ratelimit-reset", HeaderValue::from(*wait_secs));
    }
    if let Some(allow) = problem.allow {
        headers.insert(ALLOW, HeaderValue::from_static(allow));
    }
    response
}

fn token_body(token: &IssuedToken, now: clock::Timestamp) -> Bytes {
    // The connection sends it from where it lies and drops it, and with that it is zeroized.
    Bytes::from_owner(wire::write_token(token, now))
}

fn to_json(body: &impl Serialize) -> Bytes {
    Bytes::from(serde_json::to_vec(body).expect("plain data always serializes"))
}

fn json(status: StatusCode, body: Bytes) -> Response<Body> {
    with_headers(status, "application/json", Either::Left(Full::new(body)))
}

fn empty() -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::new(Bytes::new())));
    *response.status_mut() = StatusCode::NO_CONTENT;
    add_version(response.headers_mut());
    response
}

fn streamed(
    media_type: &'static str,
    frames: impl futures_util::Stream<Item = Result<Frame<Bytes>, Infallible>> + Send + 'static,
) -> Response<Body> {
    let body = Either::Right(UnsyncBoxBody::new(StreamBody::new(frames)));
    with_headers(StatusCode::OK, media_type, body)
}

fn with_headers(status: StatusCode, media_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.reserve(4);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    add_version(headers);
    response
}

fn add_version(headers: &mut HeaderMap) {
    headers.insert(
        HeaderName::from_static(VERSION_HEADER),
        HeaderValue::from_static(VERSION),
    );
}
