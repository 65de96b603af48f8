//! What of the activity log is looked for, as it stands behind the question mark of an address.

use crate::agent::route_error::RouteError;
use crate::clock::Timestamp;
use crate::model::audit::{Filter, Search};
use crate::model::event::Outcome;
use crate::model::kind::KINDS;

/// The parameters of a search.
pub const SEARCH: [&str; 10] = [
    "name",
    "kind",
    "outcome",
    "program",
    "since",
    "until",
    "operation",
    "after",
    "limit",
    "accounts",
];

/// Reads one parameter of a filter; an empty one asks for nothing.
pub fn read_filter(filter: &mut Filter, key: &str, value: &str) -> Result<(), RouteError> {
    if value.is_empty() {
        return Ok(());
    }
    match key {
        "kind" => filter.kind = Some(read_kind(value)?),
        "outcome" => filter.outcome = Some(read_outcome(value)?),
        "program" => filter.program = Some(value.to_owned()),
        "since" => filter.since = Some(read_moment(value)?),
        "until" => filter.until = Some(read_moment(value)?),
        _ => {
            let operation = value.parse();
            filter.operation = Some(operation.map_err(|error| {
                RouteError::invalid(format!("{error}"), "GET /api/audit shows them")
            })?);
        }
    }
    Ok(())
}

/// A search behind the question mark.
pub fn of_search(search: &Search) -> String {
    let filter = &search.filter;
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", &search.limit.to_string());
    let outcome = filter.outcome.map(word);
    let texts = [
        ("name", filter.credential.as_ref().map(ToString::to_string)),
        ("kind", filter.kind.clone()),
        ("outcome", outcome.map(str::to_owned)),
        ("program", filter.program.clone()),
        ("since", filter.since.map(Timestamp::to_rfc3339)),
        ("until", filter.until.map(Timestamp::to_rfc3339)),
        ("operation", filter.operation.map(|it| it.to_string())),
        ("after", search.after.map(|after| after.to_string())),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            query.append_pair(key, &text);
        }
    }
    if search.hides_accounts {
        query.append_pair("accounts", "hidden");
    }
    query.finish()
}

/// Two moments behind the question mark.
pub fn of_times(since: Option<Timestamp>, until: Option<Timestamp>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (key, moment) in [("since", since), ("until", until)] {
        if let Some(moment) = moment {
            query.append_pair(key, &moment.to_rfc3339());
        }
    }
    query.finish()
}

const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Failed => "failed",
    }
}

fn read_kind(value: &str) -> Result<String, RouteError> {
    if KINDS.contains(&value) {
        return Ok(value.to_owned());
    }
    let kinds = KINDS.join(", ");
    Err(RouteError::invalid(
        format!("there is no kind {value:.40?} of lines, only {kinds}"),
        "use one of these",
    ))
}

fn read_outcome(value: &str) -> Result<Outcome, RouteError> {
    match value {
        "done" => Ok(Outcome::Done),
        "failed" => Ok(Outcome::Failed),
        _ => Err(RouteError::invalid(
            "outcome says how it ended",
            "it is done or failed",
        )),
    }
}

fn read_moment(value: &str) -> Result<Timestamp, RouteError> {
    let moment: Result<jiff::Timestamp, _> = value.parse();
    moment
        .map(|moment| Timestamp::from_millis(moment.as_millisecond()))
        .map_err(|_| {
            RouteError::invalid(
                "since and until are moments (RFC 3339)",
                "for example since=2026-11-20T14:00:00Z",
            )
        })
}
