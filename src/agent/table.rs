//! The table of the agent's addresses: which method at which path asks what, with which parameters.

use crate::agent::audit_route::AuditRoute;
use crate::agent::grant_route::GrantRoute;
use crate::agent::parcel_route::ParcelRoute;
use crate::agent::query::Query;
use crate::agent::route::{Question, Route};
use crate::agent::route_error::RouteError;
use crate::agent::route_read::Given;
use crate::agent::search::SEARCH;
use crate::model::question::QuestionId;
use crate::model::signin::SignInId;

/// Reads the question out of what a request gives.
type Read = fn(Given<'_>) -> Result<Route, RouteError>;

/// One method at one path.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The method.
    pub method: &'static str,
    /// The path; a segment in braces stands for any that is not empty.
    pub path: &'static str,
    /// What may stand behind the question mark.
    pub parameters: &'static [&'static str],
    /// The question that is asked there.
    pub(in crate::agent) read: Read,
}

/// A path below a credential's.
macro_rules! of {
    ($word:literal) => {
        concat!("/api/credentials/{provider}/{account}/", $word)
    };
}

/// All there are: the router reads it, and so does the test that holds the OpenAPI document to it.
pub const PLACES: &[Place] = &[
    get("/metrics", &[], |_| Ok(Route::Metrics)),
    get("/api/openapi.json", &[], |_| Ok(Route::OpenApi)),
    get("/api/health", &[], |_| Ok(Route::Health)),
    get("/api/status", &[], |_| Ok(Route::Status)),
    get("/api/events", &[], |_| Ok(Route::Events)),
    get("/api/activity", &["name", "limit"], |given| {
        given.activity()
    }),
    get("/api/credentials", &[], |_| Ok(Route::List)),
    get(CREDENTIAL, &[], |given| given.name().map(Route::Show)),
    delete(CREDENTIAL, &["generation"], |given| given.removal()),
    get(of!("why"), &[], |given| given.name().map(Route::Why)),
    get(of!("generations"), &[], |given| {
        given.name().map(Route::Generations)
    }),
    get(of!("token"), &["min_ttl", "timeout", "for"], |given| {
        given.token()
    }),
    post(of!("refresh"), &["timeout"], |given| given.refresh()),
    post(of!("revoke"), &[], |given| given.name().map(Route::Revoke)),
    post(of!("validate"), &[], |it| it.inquiry(Question::Validate)),
    post(of!("proof"), &[], |it| it.inquiry(Question::Proof)),
    post(of!("exchange"), &[], |it| it.inquiry(Question::Exchange)),
    post(of!("id-token"), &[], |it| it.inquiry(Question::IdToken)),
    post(of!("narrow"), &[], |it| it.inquiry(Question::Narrow)),
    post(of!("need"), &[], |it| it.inquiry(Question::Need)),
    post(of!("rename"), &[], |it| it.inquiry(Question::Rename)),
    post(of!("put-back"), &[], |it| it.inquiry(Question::PutBack)),
    post("/api/panic", &[], |_| Ok(Route::RevokeAll)),
    post("/api/identify", &[], |_| Ok(Route::Identify)),
    post("/api/lock", &[], |_| Ok(Route::Lock)),
    post("/api/unlock", &[], |_| Ok(Route::Unlock)),
    post("/api/imports", &[], |_| Ok(Route::Import)),
    post("/api/exports", &[], |_| Ok(Route::NoteExport)),
    post("/api/backups", &[], |_| Ok(Route::NoteBackup)),
    get("/api/providers", &[], |_| Ok(Route::Providers)),
    get("/api/clients", &[], |_| Ok(Route::Clients)),
    delete("/api/clients/{provider}", &[], |given| {
        given.text(0).map(Route::DeleteClient)
    }),
    post("/api/sign-ins", &[], |_| Ok(Route::SignIn)),
    delete("/api/sign-ins/{id}", &[], |given| {
        given.number(SIGN_IN).map(SignInId).map(Route::CancelSignIn)
    }),
    post("/api/sign-ins/{id}/callback", &[], |given| {
        let id = given.number(SIGN_IN).map(SignInId);
        id.map(Route::PasteCallback)
    }),
    get("/api/parcels", &[], |_| {
        Ok(Route::Parcel(ParcelRoute::List))
    }),
    post("/api/parcels/{id}", &[], |given| {
        given.parcel(ParcelRoute::Accept)
    }),
    delete("/api/parcels/{id}", &[], |given| {
        given.parcel(ParcelRoute::Refuse)
    }),
    post("/api/parcels/{id}/revoke", &[], |given| {
        given.parcel(ParcelRoute::End)
    }),
    get("/api/audit", &SEARCH, |given| Ok(given.search())),
    get("/api/audit/analysis", &["since", "until"], |given| {
        let Query { filter, .. } = given.query;
        let (since, until) = (filter.since, filter.until);
        Ok(Route::Audit(AuditRoute::Analysis { since, until }))
    }),
    get("/api/audit/verify", &[], |_| {
        Ok(Route::Audit(AuditRoute::Verify))
    }),
    post("/api/audit/seen", &[], |_| {
        Ok(Route::Audit(AuditRoute::Seen))
    }),
    get("/api/grants", &[], |_| Ok(Route::Grant(GrantRoute::List))),
    post("/api/grants", &[], |_| {
        Ok(Route::Grant(GrantRoute::Make { replaces: false }))
    }),
    place("PUT", "/api/grants", &[], |_| {
        Ok(Route::Grant(GrantRoute::Make { replaces: true }))
    }),
    delete("/api/grants/{name}", &[], |given| given.grant_revocation()),
    get("/api/questions", &[], |_| {
        Ok(Route::Grant(GrantRoute::Questions))
    }),
    post("/api/questions/{id}/approve", &[], |given| {
        let id = given.number(QUESTION).map(QuestionId)?;
        Ok(Route::Grant(GrantRoute::Answer { id, yes: true }))
    }),
    post("/api/questions/{id}/deny", &[], |given| {
        let id = given.number(QUESTION).map(QuestionId)?;
        Ok(Route::Grant(GrantRoute::Answer { id, yes: false }))
    }),
    post("/api/auth/token", &[], |_| {
        Ok(Route::Grant(GrantRoute::Token))
    }),
    post("/api/auth/refresh", &[], |_| {
        Ok(Route::Grant(GrantRoute::Refresh))
    }),
    post("/api/auth/verify", &[], |_| {
        Ok(Route::Grant(GrantRoute::Verify))
    }),
    post("/api/auth/revoke", &[], |_| {
        Ok(Route::Grant(GrantRoute::RevokeToken))
    }),
    post("/api/auth/revoke-all", &[], |_| {
        Ok(Route::Grant(GrantRoute::RevokeAll))
    }),
    get("/api/auth/stats", &[], |_| {
        Ok(Route::Grant(GrantRoute::Stats))
    }),
];

const CREDENTIAL: &str = "/api/credentials/{provider}/{account}";

/// What is no number, and where there is one.
const SIGN_IN: (&str, &str) = (
    "the number of a sign-in is a whole number",
    "use the id that POST /api/sign-ins gave",
);
const QUESTION: (&str, &str) = (
    "the number of a question is a whole number",
    "GET /api/questions tells them",
);

const fn place(
    method: &'static str,
    path: &'static str,
    parameters: &'static [&'static str],
    read: Read,
) -> Place {
    Place {
        method,
        path,
        parameters,
        read,
    }
}

const fn get(path: &'static str, parameters: &'static [&'static str], read: Read) -> Place {
    place("GET", path, parameters, read)
}

const fn post(path: &'static str, parameters: &'static [&'static str], read: Read) -> Place {
    place("POST", path, parameters, read)
}

const fn delete(path: &'static str, parameters: &'static [&'static str], read: Read) -> Place {
    place("DELETE", path, parameters, read)
}
