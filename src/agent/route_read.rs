//! Reads the agent's addresses: which question a method and a path ask.

use crate::agent::audit_route::AuditPath;
use crate::agent::grant_route::GrantRoute;
use crate::agent::parcel_route::ParcelRoute;
use crate::agent::query::{Query, read_name};
use crate::agent::route::{Question, Route};
use crate::agent::route_error::RouteError;
use crate::model::signin::SignInId;
use percent_encoding::percent_decode_str;
use std::time::Duration;

/// How long a token must live yet when the caller does not say.
pub const DEFAULT_MIN_TTL: Duration = Duration::from_secs(60);
/// How long a caller waits for a refresh when it does not say.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
/// How many lines of activity are told when the caller does not say.
const DEFAULT_ACTIVITY: usize = 100;
/// Lines of activity that one answer holds, however many are asked for.
pub const MOST_ACTIVITY: usize = 1000;

impl Route {
    /// Reads a question; `path` and `query` as they came, percent-encoded.
    pub fn read(method: &str, path: &str, query: Option<&str>) -> Result<Self, RouteError> {
        let rest = path.strip_prefix("/api/").ok_or(RouteError::NotFound)?;
        if let Some(rest) = rest.strip_prefix("credentials/") {
            return read_credential(method, rest, query);
        }
        if let Some(rest) = rest.strip_prefix("sign-ins/") {
            return read_sign_in(method, rest, query);
        }
        if let Some(asked) = AuditPath::of(rest) {
            expect_method(method, asked.method())?;
            return Ok(Self::Audit(asked.read(query)?));
        }
        if let Some(provider) = rest.strip_prefix("clients/") {
            expect_method(method, "DELETE")?;
            Query::read(query, &[])?;
            return Ok(Self::DeleteClient(decode(provider)?.into_owned()));
        }
        if let Some(asked) = ParcelRoute::read(method, rest) {
            Query::read(query, &[])?;
            return asked.map(Self::Parcel);
        }
        if let Some(asked) = GrantRoute::read(method, rest) {
            Query::read(query, &[])?;
            return asked.map(Self::Grant);
        }
        let (route, verb) = match rest {
            "credentials" => (Self::List, "GET"),
            "events" => (Self::Events, "GET"),
            "health" => (Self::Health, "GET"),
            "status" => (Self::Status, "GET"),
            "activity" => return read_activity(method, query),
            "lock" => (Self::Lock, "POST"),
            "panic" => (Self::RevokeAll, "POST"),
            "unlock" => (Self::Unlock, "POST"),
            "identify" => (Self::Identify, "POST"),
            "exports" => (Self::NoteExport, "POST"),
            "backups" => (Self::NoteBackup, "POST"),
            "imports" => (Self::Import, "POST"),
            "providers" => (Self::Providers, "GET"),
            "clients" => (Self::Clients, "GET"),
            "sign-ins" => (Self::SignIn, "POST"),
            _ => return Err(RouteError::NotFound),
        };
        expect_method(method, verb)?;
        Query::read(query, &[])?;
        Ok(route)
    }
}

fn read_credential(method: &str, rest: &str, query: Option<&str>) -> Result<Route, RouteError> {
    let mut parts = rest.split('/');
    let first = parts.next().unwrap_or_default();
    // `%2F` between the two parts of the name is as good as a slash.
    let (provider, account) = match split_encoded(first) {
        Some(both) => both,
        None => (first, parts.next().ok_or(RouteError::NotFound)?),
    };
    let what = parts.next();
    if parts.next().is_some() {
        return Err(RouteError::NotFound);
    }
    let (verb, allowed): (&str, &[&str]) = match what {
        None if method == "DELETE" => ("GET, DELETE", &["generation"]),
        None => ("GET, DELETE", &[]),
        Some("token") => ("GET", &["min_ttl", "timeout", "for"]),
        Some("refresh") => ("POST", &["timeout"]),
        Some("revoke") => ("POST", &[]),
        Some("why" | "generations") => ("GET", &[]),
        Some(word) if question(word).is_some() => ("POST", &[]),
        Some(_) => return Err(RouteError::NotFound),
    };
    expect_method(method, verb)?;
    let name = read_name(&decode(provider)?, &decode(account)?)?;
    let query = Query::read(query, allowed)?;
    Ok(match (what, method) {
        (Some("token"), _) => Route::Token {
            name,
            min_ttl: query.min_ttl.unwrap_or(DEFAULT_MIN_TTL),
            timeout: query.timeout.unwrap_or(DEFAULT_TIMEOUT),
            purpose: query.purpose.unwrap_or_default(),
        },
        (Some("refresh"), _) => Route::Refresh {
            name,
            timeout: query.timeout.unwrap_or(DEFAULT_TIMEOUT),
        },
        (Some("why"), _) => Route::Why(name),
        (Some("generations"), _) => Route::Generations(name),
        (Some(word), _) => match question(word) {
            Some(question) => Route::Inquire { name, question },
            None => Route::Revoke(name),
        },
        (None, "DELETE") => Route::Remove {
            name,
            only: query.generation,
        },
        (None, _) => Route::Show(name),
    })
}

fn question(word: &str) -> Option<Question> {
    Question::ALL.into_iter().find(|one| one.word() == word)
}

fn split_encoded(segment: &str) -> Option<(&str, &str)> {
    segment
        .split_once("%2F")
        .or_else(|| segment.split_once("%2f"))
}

fn read_sign_in(method: &str, rest: &str, query: Option<&str>) -> Result<Route, RouteError> {
    let (id, what) = match rest.split_once('/') {
        None => (rest, None),
        Some((id, what)) => (id, Some(what)),
    };
    let verb = match what {
        None => "DELETE",
        Some("callback") => "POST",
        Some(_) => return Err(RouteError::NotFound),
    };
    expect_method(method, verb)?;
    Query::read(query, &[])?;
    let id = SignInId(id.parse().map_err(|_| {
        RouteError::invalid(
            "the number of a sign-in is a whole number",
            "use the id that POST /api/sign-ins gave",
        )
    })?);
    Ok(what.map_or(Route::CancelSignIn(id), |_| Route::PasteCallback(id)))
}

fn read_activity(method: &str, query: Option<&str>) -> Result<Route, RouteError> {
    expect_method(method, "GET")?;
    let query = Query::read(query, &["name", "limit"])?;
    Ok(Route::Activity {
        name: query.name,
        // The log grows for years; an answer must not.
        limit: query.limit.unwrap_or(DEFAULT_ACTIVITY).min(MOST_ACTIVITY),
    })
}

fn expect_method(method: &str, allow: &'static str) -> Result<(), RouteError> {
    if allow.split(", ").any(|allowed| allowed == method) {
        Ok(())
    } else {
        Err(RouteError::Method { allow })
    }
}

fn decode(segment: &str) -> Result<std::borrow::Cow<'_, str>, RouteError> {
    percent_decode_str(segment).decode_utf8().map_err(|_| {
        RouteError::invalid(
            "the name in the path is no UTF-8",
            "percent-encode the bytes of its UTF-8 form",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::audit_route::{AuditRoute, MOST_LINES};
    use crate::clock::Timestamp;
    use crate::model::audit::KINDS;
    use crate::model::audit::{Filter, Search};
    use crate::model::credential::Generation;
    use crate::model::event::Outcome;
    use crate::model::event::Purpose;
    use crate::model::name::CredentialName;
    use crate::model::operation::OperationId;
    use proptest::prelude::*;

    fn read(method: &str, target: &str) -> Result<Route, RouteError> {
        let (path, query) = target
            .split_once('?')
            .map_or((target, None), |(path, query)| (path, Some(query)));
        Route::read(method, path, query)
    }

    fn names() -> impl Strategy<Value = CredentialName> {
        ("[a-z0-9._-]{1,20}", "[^/\\s\\p{C}]{1,30}")
            .prop_filter_map("a name", |(p, a)| CredentialName::new(&p, &a).ok())
    }

    fn purposes() -> impl Strategy<Value = Purpose> {
        prop_oneof![
            Just(Purpose::Get),
            Just(Purpose::Exec),
            Just(Purpose::Git),
            Just(Purpose::Header),
            Just(Purpose::Mail),
            Just(Purpose::Kube),
            Just(Purpose::Docker),
            Just(Purpose::Aws),
            Just(Purpose::Reveal),
            Just(Purpose::Copy)
        ]
    }

    fn durations() -> impl Strategy<Value = Duration> {
        (any::<u64>(), 0..1_000_000_000_u32).prop_map(|(s, n)| Duration::new(s, n))
    }

    fn moments() -> impl Strategy<Value = Timestamp> {
        (-62_000_000_000_000..253_000_000_000_000_i64).prop_map(Timestamp::from_millis)
    }

    fn searches() -> impl Strategy<Value = Search> {
        use proptest::option::of;
        let filter = (
            of(names()),
            of(proptest::sample::select(KINDS.to_vec())),
            of(any::<bool>()),
            of("\\PC{1,20}"),
            of(moments()),
            of(moments()),
            of(any::<u64>()),
        );
        let rest = (of(any::<u64>()), 0..=MOST_LINES, any::<bool>());
        (filter, rest).prop_map(|(filter, (after, limit, hides_accounts))| {
            let (credential, kind, is_done, program, since, until, operation) = filter;
            Search {
                filter: Filter {
                    credential,
                    kind: kind.map(str::to_owned),
                    outcome: is_done.map(|it| if it { Outcome::Done } else { Outcome::Failed }),
                    program,
                    since,
                    until,
                    operation: operation.map(OperationId),
                },
                after,
                limit,
                hides_accounts,
            }
        })
    }

    fn routes() -> impl Strategy<Value = Route> {
        prop_oneof![
            Just(Route::List),
            names().prop_map(Route::Show),
            (names(), durations(), durations(), purposes()).prop_map(
                |(name, min_ttl, timeout, purpose)| Route::Token {
                    name,
                    min_ttl,
                    timeout,
                    purpose,
                }
            ),
            (names(), durations()).prop_map(|(name, timeout)| Route::Refresh { name, timeout }),
            names().prop_map(Route::Revoke),
            names().prop_map(Route::Why),
            names().prop_map(Route::Generations),
            (names(), 0..Question::ALL.len()).prop_map(|(name, at)| Route::Inquire {
                name,
                question: Question::ALL[at],
            }),
            "[a-z0-9._-]{1,20}".prop_map(Route::DeleteClient),
            (names(), proptest::option::of(any::<u64>())).prop_map(|(name, only)| Route::Remove {
                name,
                only: only.map(Generation),
            }),
            Just(Route::NoteExport),
            Just(Route::NoteBackup),
            Just(Route::Import),
            Just(Route::Events),
            Just(Route::Health),
            Just(Route::Status),
            (proptest::option::of(names()), 0..=MOST_ACTIVITY)
                .prop_map(|(name, limit)| Route::Activity { name, limit }),
            Just(Route::Identify),
            Just(Route::Parcel(ParcelRoute::List)),
            any::<i64>().prop_map(|id| Route::Parcel(ParcelRoute::Accept(id))),
            any::<i64>().prop_map(|id| Route::Parcel(ParcelRoute::Refuse(id))),
            any::<i64>().prop_map(|id| Route::Parcel(ParcelRoute::End(id))),
            Just(Route::Lock),
            Just(Route::RevokeAll),
            Just(Route::Unlock),
            searches().prop_map(|search| Route::Audit(AuditRoute::Lines(Box::new(search)))),
            (
                proptest::option::of(moments()),
                proptest::option::of(moments())
            )
                .prop_map(|(since, until)| Route::Audit(AuditRoute::Analysis { since, until })),
            Just(Route::Audit(AuditRoute::Verify)),
            Just(Route::Audit(AuditRoute::Seen)),
            Just(Route::Providers),
            Just(Route::Clients),
            Just(Route::SignIn),
            any::<u64>().prop_map(|id| Route::CancelSignIn(SignInId(id))),
            any::<u64>().prop_map(|id| Route::PasteCallback(SignInId(id))),
        ]
    }

    #[test]
    fn no_more_activity_is_told_than_an_answer_holds() {
        let asked =
            |limit: &str| Route::read("GET", "/api/activity", Some(&format!("limit={limit}")));
        let told = |limit| Ok(Route::Activity { name: None, limit });
        assert_eq!(asked("7"), told(7));
        assert_eq!(asked("1000000"), told(MOST_ACTIVITY));
    }

    proptest! {
        #[test]
        fn every_question_is_read_back_as_it_was_asked(route in routes()) {
            let target = route.target();
            prop_assert!(target.bytes().all(|b| b.is_ascii_graphic()), "{}", target);
            prop_assert_eq!(read(route.method(), &target), Ok(route));
        }

        #[test]
        fn no_path_and_no_query_makes_it_panic(method in "[A-Z]{1,7}", path in ".*", query in ".*") {
            let _ = Route::read(&method, &path, Some(&query));
            let _ = Route::read(&method, &format!("/api/credentials/{path}"), None);
            let _ = Route::read("GET", &format!("/api/credentials/a/b/{path}"), Some(&query));
        }
    }

    #[test]
    fn both_forms_of_the_slash_name_the_same_credential() {
        let plain = read("GET", "/api/credentials/github/a+b@x.org/token?min_ttl=5");
        assert_eq!(
            plain,
            read(
                "GET",
                "/api/credentials/github%2Fa+b%40x.org/token?min_ttl=5"
            )
        );
        let Ok(Route::Token {
            name,
            min_ttl,
            timeout,
            purpose: Purpose::Get,
        }) = plain
        else {
            panic!("{plain:?}");
        };
        assert_eq!(name.as_str(), "github/a+b@x.org");
        assert_eq!(
            (min_ttl, timeout),
            (Duration::from_secs(5), DEFAULT_TIMEOUT)
        );
    }

    #[test]
    fn what_is_wrong_with_a_question_is_said() {
        assert_eq!(read("GET", "/"), Err(RouteError::NotFound));
        assert_eq!(
            read("GET", "/api/credentials/github"),
            Err(RouteError::NotFound)
        );
        assert_eq!(
            read("GET", "/api/credentials/a/b/token/x"),
            Err(RouteError::NotFound)
        );
        assert_eq!(
            read("POST", "/api/credentials"),
            Err(RouteError::Method { allow: "GET" })
        );
        assert_eq!(
            read("PUT", "/api/credentials/a/b"),
            Err(RouteError::Method {
                allow: "GET, DELETE"
            })
        );
        for target in [
            "/api/credentials/GitHub/x",
            "/api/credentials/a/%ff",
            "/api/credentials/a/b%2Fc",
            "/api/credentials/a/b/token?min_ttl=-1",
            "/api/credentials/a/b/token?min_ttl=1e3",
            "/api/credentials/a/b/token?minttl=60",
            "/api/activity?limit=many",
            "/api/audit?kind=none",
            "/api/audit?outcome=good",
            "/api/audit?since=yesterday",
            "/api/audit?operation=1",
            "/api/audit?accounts=shown",
            "/api/audit/analysis?kind=asked",
        ] {
            let refused = read("GET", target);
            assert!(
                matches!(refused, Err(RouteError::Invalid { .. })),
                "{target}: {refused:?}"
            );
        }
    }
}
