//! The agent's addresses: which method and path mean which question, in both directions.

use crate::agent::query::{Query, of_purpose, read_name, seconds};
use crate::agent::route_error::RouteError;
use crate::agent::search::{SEARCH, of_search, of_times};
use crate::clock::Timestamp;
use crate::model::audit::{Filter, Search};
use crate::model::event::Purpose;
use crate::model::name::CredentialName;
use crate::model::signin::SignInId;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::time::Duration;

/// How long a token must live yet when the caller does not say.
pub const DEFAULT_MIN_TTL: Duration = Duration::from_secs(60);
/// How long a caller waits for a refresh when it does not say.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
/// How many lines of activity are told when the caller does not say.
pub const DEFAULT_ACTIVITY: usize = 100;
/// Lines of activity that one answer holds, however many are asked for.
pub const MOST_ACTIVITY: usize = 1000;

/// How many lines of the activity log one answer holds at the most.
pub const MOST_LINES: usize = 10_000;

/// A question that can be put to an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// `GET /api/credentials`
    List,
    /// `GET /api/credentials/{provider}/{account}`
    Show(CredentialName),
    /// `GET /api/credentials/{provider}/{account}/why`
    Why(CredentialName),
    /// `GET /api/credentials/{provider}/{account}/token?min_ttl=60&timeout=30`
    Token {
        /// Whose.
        name: CredentialName,
        /// How long it must live yet.
        min_ttl: Duration,
        /// How long the caller waits.
        timeout: Duration,
        /// What becomes of it: `for=reveal`, `copy` or `exec`; a program fetches it if nothing is said.
        purpose: Purpose,
    },
    /// `POST /api/credentials/{provider}/{account}/refresh?timeout=30`
    Refresh {
        /// Whose.
        name: CredentialName,
        /// How long the caller waits.
        timeout: Duration,
    },
    /// `POST /api/credentials/{provider}/{account}/revoke`
    Revoke(CredentialName),
    /// `DELETE /api/credentials/{provider}/{account}`
    Remove(CredentialName),
    /// `POST /api/credentials/{provider}/{account}/validate`, and the like; what is wanted stands in the body.
    Inquire {
        /// Whose.
        name: CredentialName,
        /// What is asked.
        question: Question,
    },
    /// `DELETE /api/clients/{provider}`
    DeleteClient(String),
    /// `GET /api/events`
    Events,
    /// `GET /api/health`
    Health,
    /// `GET /api/status`
    Status,
    /// `GET /api/activity?name=&limit=100`
    Activity {
        /// Of one credential, or of all.
        name: Option<CredentialName>,
        /// At most so many of the newest.
        limit: usize,
    },
    /// `POST /api/identify`
    Identify,
    /// `GET /api/audit?name=&kind=&outcome=&program=&since=&until=&operation=&after=&limit=100&accounts=hidden`
    Audit(Box<Search>),
    /// `GET /api/audit/analysis?since=&until=`
    AuditAnalysis {
        /// Not before this moment.
        since: Option<Timestamp>,
        /// Before this moment.
        until: Option<Timestamp>,
    },
    /// `GET /api/audit/verify`
    AuditVerify,
    /// `GET /api/providers`
    Providers,
    /// `GET /api/clients`
    Clients,
    /// `POST /api/sign-ins`
    SignIn,
    /// `DELETE /api/sign-ins/{id}`
    CancelSignIn(SignInId),
    /// `POST /api/sign-ins/{id}/callback`
    PasteCallback(SignInId),
}

/// A question about one credential whose details stand in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Does the access token live?
    Validate,
    /// A proof for one request.
    Proof,
    /// Another token for one program.
    Exchange,
    /// A token with these scopes only.
    Narrow,
    /// Are these scopes there?
    Need,
    /// Another name.
    Rename,
}

impl Question {
    const ALL: [Self; 6] = [
        Self::Narrow,
        Self::Validate,
        Self::Proof,
        Self::Exchange,
        Self::Need,
        Self::Rename,
    ];

    /// Its part of the path.
    fn word(self) -> &'static str {
        match self {
            Self::Validate => "validate",
            Self::Proof => "proof",
            Self::Exchange => "exchange",
            Self::Narrow => "narrow",
            Self::Need => "need",
            Self::Rename => "rename",
        }
    }
}

/// What may stand in a path segment as it is (RFC 3986 3.3), narrowed to what needs no thought.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@');

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
        if let Some(provider) = rest.strip_prefix("clients/") {
            expect_method(method, "DELETE")?;
            Query::read(query, &[])?;
            return Ok(Self::DeleteClient(decode(provider)?.into_owned()));
        }
        let (route, verb) = match rest {
            "credentials" => (Self::List, "GET"),
            "events" => (Self::Events, "GET"),
            "health" => (Self::Health, "GET"),
            "status" => (Self::Status, "GET"),
            "activity" => return read_activity(method, query),
            "identify" => (Self::Identify, "POST"),
            "audit" => return read_audit(method, query),
            "audit/analysis" => return read_analysis(method, query),
            "audit/verify" => (Self::AuditVerify, "GET"),
            "providers" => (Self::Providers, "GET"),
            "clients" => (Self::Clients, "GET"),
            "sign-ins" => (Self::SignIn, "POST"),
            _ => return Err(RouteError::NotFound),
        };
        expect_method(method, verb)?;
        Query::read(query, &[])?;
        Ok(route)
    }

    /// The method this question is asked with.
    pub fn method(&self) -> &'static str {
        match self {
            Self::List
            | Self::Show(_)
            | Self::Why(_)
            | Self::Token { .. }
            | Self::Events
            | Self::Health
            | Self::Status
            | Self::Activity { .. }
            | Self::Audit(_)
            | Self::AuditAnalysis { .. }
            | Self::AuditVerify
            | Self::Providers
            | Self::Clients => "GET",
            Self::Refresh { .. }
            | Self::Revoke(_)
            | Self::Inquire { .. }
            | Self::Identify
            | Self::SignIn
            | Self::PasteCallback(_) => "POST",
            Self::Remove(_) | Self::DeleteClient(_) | Self::CancelSignIn(_) => "DELETE",
        }
    }

    /// Path and query this question is asked at; [`Route::read`] reads it back.
    pub fn target(&self) -> String {
        match self {
            Self::List => "/api/credentials".to_owned(),
            Self::Show(name) | Self::Remove(name) => of(name, ""),
            Self::Why(name) => of(name, "/why"),
            Self::Token {
                name,
                min_ttl,
                timeout,
                purpose,
            } => format!(
                "{}?min_ttl={}&timeout={}{}",
                of(name, "/token"),
                seconds(*min_ttl),
                seconds(*timeout),
                of_purpose(*purpose)
            ),
            Self::Refresh { name, timeout } => {
                format!("{}?timeout={}", of(name, "/refresh"), seconds(*timeout))
            }
            Self::Revoke(name) => of(name, "/revoke"),
            Self::Inquire { name, question } => {
                let mut target = of(name, "/");
                target.push_str(question.word());
                target
            }
            Self::DeleteClient(provider) => {
                let mut target = "/api/clients/".to_owned();
                target.extend(utf8_percent_encode(provider, SEGMENT));
                target
            }
            Self::Events => "/api/events".to_owned(),
            Self::Health => "/api/health".to_owned(),
            Self::Status => "/api/status".to_owned(),
            Self::Activity { name, limit } => {
                let mut target = format!("/api/activity?limit={limit}");
                if let Some(name) = name {
                    target.push_str("&name=");
                    target.extend(utf8_percent_encode(name.as_str(), SEGMENT));
                }
                target
            }
            Self::Identify => "/api/identify".to_owned(),
            Self::Audit(search) => format!("/api/audit?{}", of_search(search)),
            Self::AuditAnalysis { since, until } => {
                format!("/api/audit/analysis?{}", of_times(*since, *until))
            }
            Self::AuditVerify => "/api/audit/verify".to_owned(),
            Self::Providers => "/api/providers".to_owned(),
            Self::Clients => "/api/clients".to_owned(),
            Self::SignIn => "/api/sign-ins".to_owned(),
            Self::CancelSignIn(id) => format!("/api/sign-ins/{}", id.0),
            Self::PasteCallback(id) => format!("/api/sign-ins/{}/callback", id.0),
        }
    }

    /// How long an owner that is well takes at the most to answer.
    pub fn patience(&self) -> Duration {
        match self {
            Self::Token { timeout, .. } | Self::Refresh { timeout, .. } => {
                timeout.saturating_add(Duration::from_secs(5))
            }
            // The provider is told up to twice, 20 s each, and the proof takes 20 s.
            Self::Revoke(_) => Duration::from_secs(80),
            // The provider is asked up to twice, 20 s each.
            Self::Inquire { .. } | Self::Identify | Self::DeleteClient(_) => {
                Duration::from_secs(60)
            }
            // Ten million lines are kept at the most, and a quarter of a million take a second.
            Self::Audit(_) | Self::AuditAnalysis { .. } | Self::AuditVerify => {
                Duration::from_secs(120)
            }
            Self::List
            | Self::Show(_)
            | Self::Why(_)
            | Self::Remove(_)
            | Self::Events
            | Self::Health
            | Self::Status
            | Self::Activity { .. }
            | Self::Providers
            | Self::Clients
            | Self::SignIn
            | Self::CancelSignIn(_)
            | Self::PasteCallback(_) => Duration::from_secs(15),
        }
    }
}

fn of(name: &CredentialName, what: &str) -> String {
    let mut path = String::with_capacity(24 + name.as_str().len() + what.len());
    path.push_str("/api/credentials/");
    path.extend(utf8_percent_encode(name.provider(), SEGMENT));
    path.push('/');
    path.extend(utf8_percent_encode(name.account(), SEGMENT));
    path.push_str(what);
    path
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
        None => ("GET, DELETE", &[]),
        Some("token") => ("GET", &["min_ttl", "timeout", "for"]),
        Some("refresh") => ("POST", &["timeout"]),
        Some("revoke") => ("POST", &[]),
        Some("why") => ("GET", &[]),
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
        (Some(word), _) => match question(word) {
            Some(question) => Route::Inquire { name, question },
            None => Route::Revoke(name),
        },
        (None, "DELETE") => Route::Remove(name),
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

fn read_audit(method: &str, query: Option<&str>) -> Result<Route, RouteError> {
    expect_method(method, "GET")?;
    let query = Query::read(query, &SEARCH)?;
    let search = Search {
        filter: Filter {
            credential: query.name,
            ..query.filter
        },
        after: query.after,
        limit: query.limit.unwrap_or(DEFAULT_ACTIVITY).min(MOST_LINES),
        hides_accounts: query.hides_accounts,
    };
    Ok(Route::Audit(Box::new(search)))
}

fn read_analysis(method: &str, query: Option<&str>) -> Result<Route, RouteError> {
    expect_method(method, "GET")?;
    let query = Query::read(query, &["since", "until"])?;
    Ok(Route::AuditAnalysis {
        since: query.filter.since,
        until: query.filter.until,
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
    use crate::model::audit::KINDS;
    use crate::model::event::Outcome;
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
            (names(), 0..Question::ALL.len()).prop_map(|(name, at)| Route::Inquire {
                name,
                question: Question::ALL[at],
            }),
            "[a-z0-9._-]{1,20}".prop_map(Route::DeleteClient),
            names().prop_map(Route::Remove),
            Just(Route::Events),
            Just(Route::Health),
            Just(Route::Status),
            (proptest::option::of(names()), 0..=MOST_ACTIVITY)
                .prop_map(|(name, limit)| Route::Activity { name, limit }),
            Just(Route::Identify),
            searches().prop_map(|search| Route::Audit(Box::new(search))),
            (
                proptest::option::of(moments()),
                proptest::option::of(moments())
            )
                .prop_map(|(since, until)| Route::AuditAnalysis { since, until }),
            Just(Route::AuditVerify),
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
