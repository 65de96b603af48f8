//! Answers one request: reads it, puts it to the engine, writes what comes back.

use crate::agent::audit_route::AuditRoute;
use crate::agent::caller::{Caller, bearer};
use crate::agent::door::{Door, Offered};
use crate::agent::grant_answer::is_rotation_advised;
use crate::agent::health::{self, HealthCache};
use crate::agent::lock_wire::{self, UnlockAnswer};
use crate::agent::openapi;
use crate::agent::parcel_route::ParcelRoute;
use crate::agent::port::PortPeer;
use crate::agent::problem::Problem;
use crate::agent::request_body::{bad_body, read_body, refused};
use crate::agent::response::{Body, add_limit, empty, json, refuse, streamed, to_json, token_body};
use crate::agent::route::{Question, Route};
use crate::agent::stream;
use crate::agent::wire::{
    self, AcceptBody, BackupBody, ExportBody, IdTokenBody, NeedBody, PutBackBody, RenameBody,
    SignInStarted, VERSION, VERSION_HEADER, ValidateBody,
};
use crate::clock;
use crate::engine::api::{Command, Refusal, Reply};
use crate::engine::grants::registry::Admitted;
use crate::engine::link::Link;
use crate::engine::tally::Side;
use crate::model::event::Purpose;
use crate::model::grant_fault::GrantFault;
use crate::model::lock::LockReason;
use crate::model::name::CredentialName;
use crate::model::program::Program;
use crate::model::signin::SignInId;
use crate::model::token::IssuedToken;
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, USER_AGENT};
use hyper::{Request, Response, StatusCode};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// An engine that has just been started has read its grants within that time.
const GRANTS_TIME: Duration = Duration::from_secs(10);

/// Lists longer than this are sent in portions.
const SHORT_LIST: usize = 256;
/// Tells a program that it is time for the next pair of its grant's tokens.
const ROTATE: HeaderName = HeaderName::from_static("tokenward-rotate");
/// Longest name that a program gives itself and that is kept, in characters.
const LONGEST_AGENT: usize = 120;

/// Over what somebody asks.
#[derive(Debug, Clone)]
pub enum Via {
    /// The agent's socket: who asks is the user who owns the vault.
    Socket,
    /// The loopback port: who asks is anybody on this machine.
    Port(Arc<PortPeer>),
}

/// Where the questions of one socket are answered.
#[derive(Debug, Clone)]
pub struct Desk {
    door: Door,
    via: Via,
    by: Arc<Program>,
    health: Arc<HealthCache>,
    /// One token with fewer scopes is fetched at a time: who comes second finds the first one's.
    narrowing: Arc<Mutex<()>>,
    body_time: Duration,
    shutdown: CancellationToken,
}

impl Desk {
    /// A desk at that door; a body has to arrive within `body_time`, streams end with `shutdown`.
    pub fn new(door: Door, body_time: Duration, shutdown: CancellationToken) -> Self {
        Self {
            door,
            via: Via::Socket,
            by: Arc::default(),
            health: Arc::default(),
            narrowing: Arc::default(),
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

    /// The same desk, for one connection to the port.
    pub fn facing_port(&self, peer: Arc<PortPeer>) -> Self {
        Self {
            via: Via::Port(peer),
            ..self.clone()
        }
    }

    /// Over what somebody asks.
    pub(in crate::agent) fn via(&self) -> &Via {
        &self.via
    }

    /// The door it stands at.
    pub(in crate::agent) fn door(&self) -> &Door {
        &self.door
    }

    /// How the engine was a moment ago.
    pub(in crate::agent) fn health_cache(&self) -> &HealthCache {
        &self.health
    }

    /// Where those who ask come in.
    pub(in crate::agent) fn side(&self) -> Side {
        match self.via {
            Via::Socket => Side::Socket,
            Via::Port(_) => Side::Port,
        }
    }

    /// A request's body has to arrive within that time.
    pub(in crate::agent) fn body_time(&self) -> Duration {
        self.body_time
    }

    /// Answers a request, whatever it is.
    pub async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let response = match (self.try_answer(request).await, self.door.locked()) {
            (Ok(response), _) => response,
            // Locked while it was being asked.
            (Err(problem), Some(lock)) if problem.refusal == Refusal::Stopped => {
                refuse(&Refusal::Locked { lock }.into())
            }
            (Err(problem), _) => refuse(&problem),
        };
        let tally = self.door.board().tally();
        tally.count_answer(self.side(), response.status().as_u16());
        response
    }

    /// The way to the engine, walked by whoever asks.
    pub(in crate::agent) fn link(&self) -> Result<Link, Refusal> {
        match self.door.link() {
            Ok(link) => Ok(link.on_behalf_of(Arc::clone(&self.by))),
            Err(lock) => Err(Refusal::Locked { lock }),
        }
    }

    async fn try_answer(&self, request: Request<Incoming>) -> Result<Response<Body>, Box<Problem>> {
        let headers = request.headers();
        check_headers(&self.via, headers)?;
        let uri = request.uri();
        let route = Route::read(request.method().as_str(), uri.path(), uri.query())?;
        let desk = self.seeing(headers);
        if headers.contains_key(AUTHORIZATION) || matches!(route, Route::Grant(_)) {
            desk.until_grants_are_read().await?;
        }
        let caller = desk.caller(headers)?;
        if route == Route::Metrics {
            desk.may_read_metrics()?;
        } else {
            caller.may(&route).map_err(Refusal::from)?;
        }
        let desk = match caller.holder() {
            Some(holder) => desk.with_grant(holder),
            None => desk,
        };
        if route.is_use() {
            self.door.touch(Duration::ZERO);
        }
        let patience = route.patience();
        let answered = match (route, caller.holder()) {
            (
                Route::Token {
                    name,
                    min_ttl,
                    timeout,
                    purpose,
                },
                Some(holder),
            ) => {
                let wish = (min_ttl, timeout, purpose);
                let fetched = desk.granted_token(holder, name, wish);
                tokio::time::timeout(patience, fetched).await
            }
            (route, _) => {
                if let Route::Token {
                    name,
                    min_ttl,
                    purpose,
                    ..
                } = &route
                    && let Some(ready) = desk.ready(name, *min_ttl, *purpose)?
                {
                    return Ok(ready);
                }
                let carried = desk.carry_out(route, &caller, request.into_body());
                tokio::time::timeout(patience, carried).await
            }
        };
        answered.unwrap_or_else(|_| Err(Refusal::TimedOut.into()))
    }

    /// The same desk with what a request on the port tells of its program.
    fn seeing(&self, headers: &HeaderMap) -> Self {
        match &self.via {
            Via::Socket => self.clone(),
            Via::Port(peer) => {
                let agent = headers.get(USER_AGENT).and_then(|it| it.to_str().ok());
                let agent = agent.map(|agent| agent.chars().take(LONGEST_AGENT).collect());
                Self {
                    by: Arc::new(peer.program(agent)),
                    ..self.clone()
                }
            }
        }
    }

    /// The same desk, asked with a grant.
    fn with_grant(self, holder: &Admitted) -> Self {
        let mut program = (*self.by).clone();
        program.grant = Some(holder.grant.clone());
        Self {
            by: Arc::new(program),
            ..self
        }
    }

    async fn until_grants_are_read(&self) -> Result<(), Refusal> {
        let Ok(link) = self.link() else {
            return Ok(());
        };
        let read = link.grants().until_read();
        let read = tokio::time::timeout(GRANTS_TIME, read).await;
        read.map_err(|_| Refusal::TimedOut)
    }

    fn caller(&self, headers: &HeaderMap) -> Result<Caller, Refusal> {
        let Some(token) = bearer(headers) else {
            return Ok(match self.via {
                Via::Socket => Caller::Owner,
                Via::Port(_) => Caller::Nobody,
            });
        };
        let link = self.link()?;
        match link.grants().admit(&token, &self.by) {
            Ok(admitted) => Ok(Caller::Holder(Box::new(admitted))),
            Err(fault) => {
                self.note_guess(&fault)?;
                Err(fault.into())
            }
        }
    }

    /// Notes that somebody on the port showed what is no good; past the limit that is the answer.
    pub(in crate::agent) fn note_guess(&self, fault: &GrantFault) -> Result<(), Refusal> {
        match &self.via {
            Via::Port(peer) if fault.is_guess() => {
                let link = self.link()?;
                let left = link.grants().guessed(peer.peer.ip());
                self.note_excess(&left, None);
                left.map(drop)
            }
            Via::Port(_) | Via::Socket => Ok(()),
        }
    }

    /// Has a limit that was exceeded stand in the activity log.
    fn note_excess<T>(&self, counted: &Result<T, Refusal>, name: Option<&CredentialName>) {
        if let (Err(Refusal::LimitExceeded { limit, .. }), Ok(link)) = (counted, self.link()) {
            link.book().exceeded(limit, name, &self.by);
        }
    }

    /// The refusal, or the limit where too many of its kind came.
    pub(in crate::agent) fn suspected(&self, refusal: Refusal) -> Refusal {
        match &refusal {
            Refusal::Grant { fault } => self.note_guess(fault).err().unwrap_or(refusal),
            _ => refusal,
        }
    }

    /// A token for a grant: counted against its rate, with no more scopes than it has.
    async fn granted_token(
        &self,
        holder: &Admitted,
        name: CredentialName,
        (min_ttl, timeout, purpose): (Duration, Duration, Purpose),
    ) -> Result<Response<Body>, Box<Problem>> {
        let link = self.link()?;
        let left = link.grants().fetch(&holder.grant, &name);
        self.note_excess(&left, Some(&name));
        let left = left?;
        let mut response = if holder.scopes.is_empty() {
            match self.ready(&name, min_ttl, purpose)? {
                Some(ready) => ready,
                None => {
                    let ask = |reply| Command::Token {
                        name,
                        min_ttl,
                        timeout,
                        purpose,
                        reply,
                    };
                    self.token(ask).await?
                }
            }
        } else {
            let token = self.narrowed(&link, name, &holder.scopes, min_ttl).await?;
            json(StatusCode::OK, token_body(&token, clock::now()))
        };
        let headers = response.headers_mut();
        add_limit(headers, left);
        let claims = &holder.claims;
        let remaining = claims.expires_at - clock::now().as_secs();
        if is_rotation_advised(remaining, claims.expires_at - claims.issued_at) {
            headers.insert(ROTATE, HeaderValue::from_static("advised"));
        }
        Ok(response)
    }

    /// A token with some of the scopes only: one that is kept, or the provider's next.
    async fn narrowed(
        &self,
        link: &Link,
        name: CredentialName,
        scopes: &[String],
        min_ttl: Duration,
    ) -> Result<Arc<IssuedToken>, Refusal> {
        let kept = |name: &CredentialName| {
            let needed_until = clock::now().plus(min_ttl);
            let grants = link.grants();
            grants.with(|state| state.narrowed.fetch(name, scopes, needed_until))
        };
        let _alone = match kept(&name) {
            Some(token) => return self.noted(link, &name, token),
            None => self.narrowing.lock().await,
        };
        if let Some(token) = kept(&name) {
            return self.noted(link, &name, token);
        }
        let asked = link.ask(|reply| Command::Narrow {
            name: name.clone(),
            scopes: scopes.to_vec(),
            reply,
        });
        let token = Arc::new(asked.await?);
        link.grants()
            .with(|state| state.narrowed.put(name, scopes.to_vec(), &token));
        Ok(token)
    }

    /// A kept token, noted as handed out.
    fn noted(
        &self,
        link: &Link,
        name: &CredentialName,
        token: Arc<IssuedToken>,
    ) -> Result<Arc<IssuedToken>, Refusal> {
        link.book().allows(name, &self.by)?;
        link.book()
            .handed_out(name, Purpose::Narrow, None, &self.by);
        Ok(token)
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
        caller: &Caller,
        body: Incoming,
    ) -> Result<Response<Body>, Box<Problem>> {
        match route {
            Route::List => self.credentials(caller).await,
            Route::Grant(grant) => self.grant(grant, caller, body).await,
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
            Route::OpenApi => Ok(openapi::answer()),
            Route::Metrics => self.metrics().await,
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
            Route::Parcel(ParcelRoute::End(id)) => {
                self.one(|reply| Command::EndParcel { id, reply }).await
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

    /// All credentials, or those that a grant names.
    async fn credentials(&self, caller: &Caller) -> Result<Response<Body>, Box<Problem>> {
        let Some(holder) = caller.holder() else {
            return self.list(|reply| Command::List { reply }).await;
        };
        let mut views = self.link()?.ask(|reply| Command::List { reply }).await?;
        views.retain(|view| holder.names(&view.profile.name));
        Ok(json(StatusCode::OK, to_json(&views)))
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

    pub(in crate::agent) async fn one<T: Serialize + Send>(
        &self,
        command: impl FnOnce(Reply<T>) -> Command + Send,
    ) -> Result<Response<Body>, Box<Problem>> {
        let entry = self.link()?.ask(command).await?;
        Ok(json(StatusCode::OK, to_json(&entry)))
    }

    pub(in crate::agent) async fn done(
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
            Question::IdToken => {
                let IdTokenBody { purpose } = wire::read(body).map_err(bad_body)?;
                self.token(|reply| Command::IdToken {
                    name,
                    purpose,
                    reply,
                })
                .await
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

fn check_headers(via: &Via, headers: &HeaderMap) -> Result<(), Box<Problem>> {
    // No browser reaches a Unix socket by itself; whoever forwards one to it must not lend it our trust. To the port it
    // comes by itself, from any page, and with a name of the page's choice (DNS rebinding).
    if headers.contains_key(ORIGIN) {
        return Err(refused(
            403,
            "origin",
            "Not for browsers",
            "a request with an Origin header comes from a web page",
            "ask without the Origin header",
        ));
    }
    if let Via::Port(peer) = via
        && !headers
            .get(HOST)
            .is_some_and(|host| peer.is_called(host.as_bytes()))
    {
        return Err(refused(
            421,
            "host",
            "Misdirected request",
            "the Host header names another place than this port",
            "ask at 127.0.0.1, [::1] or localhost, with the port's number",
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
