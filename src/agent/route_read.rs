//! Reads the agent's addresses: which question a method and a path ask.

use crate::agent::audit_route::{AuditRoute, DEFAULT_LINES, MOST_LINES};
use crate::agent::grant_route::GrantRoute;
use crate::agent::parcel_route::ParcelRoute;
use crate::agent::query::{Query, read_name};
use crate::agent::route::{Question, Route};
use crate::agent::route_error::RouteError;
use crate::agent::table::{PLACES, Place};
use crate::model::audit::{Filter, Search};
use crate::model::grant::GrantName;
use crate::model::name::CredentialName;
use percent_encoding::percent_decode_str;
use std::str::FromStr;
use std::time::Duration;

/// How long a token must live yet when the caller does not say.
pub const DEFAULT_MIN_TTL: Duration = Duration::from_secs(60);
/// How long a caller waits for a refresh when it does not say.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
/// How many lines of activity are told when the caller does not say.
const DEFAULT_ACTIVITY: usize = 100;
/// Lines of activity that one answer holds, however many are asked for.
pub const MOST_ACTIVITY: usize = 1000;

/// What a request gives beside its method.
#[derive(Debug)]
pub struct Given<'a> {
    /// The segments of its path that stand for something, percent-encoded.
    values: Vec<&'a str>,
    /// What stands behind the question mark.
    pub(in crate::agent) query: Query,
}

impl Route {
    /// Reads a question; `path` and `query` as they came, percent-encoded.
    pub fn read(method: &str, path: &str, query: Option<&str>) -> Result<Self, RouteError> {
        let segments = segments(path).ok_or(RouteError::NotFound)?;
        let there = || PLACES.iter().filter(|it| is_at(it.path, &segments));
        let Some(place) = there().find(|it| it.method == method) else {
            let allow: Vec<_> = there().map(|it| it.method).collect();
            return Err(match allow.is_empty() {
                true => RouteError::NotFound,
                false => RouteError::Method {
                    allow: allow.join(", "),
                },
            });
        };
        let given = Given {
            values: values(place, &segments),
            query: Query::read(query, place.parameters)?,
        };
        (place.read)(given)
    }
}

/// The segments of a path. `%2F` between the two parts of a credential's name is as good as a slash.
fn segments(path: &str) -> Option<Vec<&str>> {
    let mut segments = Vec::with_capacity(6);
    for segment in path.strip_prefix('/')?.split('/') {
        let is_name = segments == ["api", "credentials"];
        match split_encoded(segment).filter(|_| is_name) {
            Some((provider, account)) => segments.extend([provider, account]),
            None => segments.push(segment),
        }
    }
    Some(segments)
}

fn split_encoded(segment: &str) -> Option<(&str, &str)> {
    segment
        .split_once("%2F")
        .or_else(|| segment.split_once("%2f"))
}

fn words(template: &str) -> impl Iterator<Item = &str> {
    template.split('/').skip(1)
}

fn is_at(template: &str, segments: &[&str]) -> bool {
    let mut words = words(template);
    let fits = segments.iter().all(|segment| {
        let word = words.next();
        word.is_some_and(|word| word == *segment || word.starts_with('{') && !segment.is_empty())
    });
    fits && words.next().is_none()
}

fn values<'a>(place: &Place, segments: &[&'a str]) -> Vec<&'a str> {
    let both = words(place.path).zip(segments);
    both.filter(|(word, _)| word.starts_with('{'))
        .map(|(_, segment)| *segment)
        .collect()
}

impl Given<'_> {
    /// One of the segments, decoded.
    pub(in crate::agent) fn text(&self, at: usize) -> Result<String, RouteError> {
        let segment = self.values.get(at).ok_or(RouteError::NotFound)?;
        let decoded = percent_decode_str(segment).decode_utf8().map_err(|_| {
            RouteError::invalid(
                "the name in the path is no UTF-8",
                "percent-encode the bytes of its UTF-8 form",
            )
        })?;
        Ok(decoded.into_owned())
    }

    /// The credential whose name makes the first two segments.
    pub(in crate::agent) fn name(&self) -> Result<CredentialName, RouteError> {
        read_name(&self.text(0)?, &self.text(1)?)
    }

    /// The first segment as a number, or what is wrong and what to do.
    pub(in crate::agent) fn number<T: FromStr>(
        &self,
        (message, hint): (&str, &'static str),
    ) -> Result<T, RouteError> {
        let text = self.text(0)?;
        text.parse().map_err(|_| RouteError::invalid(message, hint))
    }

    pub(in crate::agent) fn parcel(
        self,
        route: fn(i64) -> ParcelRoute,
    ) -> Result<Route, RouteError> {
        let id = self.number((
            "the number of an item is a whole number",
            "GET /api/parcels tells them",
        ));
        id.map(route).map(Route::Parcel)
    }

    pub(in crate::agent) fn inquiry(self, question: Question) -> Result<Route, RouteError> {
        let name = self.name()?;
        Ok(Route::Inquire { name, question })
    }

    pub(in crate::agent) fn token(self) -> Result<Route, RouteError> {
        Ok(Route::Token {
            name: self.name()?,
            min_ttl: self.query.min_ttl.unwrap_or(DEFAULT_MIN_TTL),
            timeout: self.query.timeout.unwrap_or(DEFAULT_TIMEOUT),
            purpose: self.query.purpose.unwrap_or_default(),
        })
    }

    pub(in crate::agent) fn refresh(self) -> Result<Route, RouteError> {
        Ok(Route::Refresh {
            name: self.name()?,
            timeout: self.query.timeout.unwrap_or(DEFAULT_TIMEOUT),
        })
    }

    pub(in crate::agent) fn removal(self) -> Result<Route, RouteError> {
        let (name, only) = (self.name()?, self.query.generation);
        Ok(Route::Remove { name, only })
    }

    pub(in crate::agent) fn activity(self) -> Result<Route, RouteError> {
        Ok(Route::Activity {
            name: self.query.name,
            // The log grows for years; an answer must not.
            limit: self
                .query
                .limit
                .unwrap_or(DEFAULT_ACTIVITY)
                .min(MOST_ACTIVITY),
        })
    }

    pub(in crate::agent) fn search(self) -> Route {
        let query = self.query;
        Route::Audit(AuditRoute::Lines(Box::new(Search {
            filter: Filter {
                credential: query.name,
                ..query.filter
            },
            after: query.after,
            limit: query.limit.unwrap_or(DEFAULT_LINES).min(MOST_LINES),
            hides_accounts: query.hides_accounts,
        })))
    }

    pub(in crate::agent) fn grant_revocation(self) -> Result<Route, RouteError> {
        let name = self.text(0)?.parse::<GrantName>();
        name.map(|name| Route::Grant(GrantRoute::Revoke(name)))
            .map_err(|error| {
                RouteError::invalid(error.to_string(), "GET /api/grants tells the names")
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::model::audit::{Filter, Search};
    use crate::model::credential::Generation;
    use crate::model::event::Outcome;
    use crate::model::event::Purpose;
    use crate::model::kind::KINDS;
    use crate::model::name::CredentialName;
    use crate::model::operation::OperationId;
    use crate::model::signin::SignInId;
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
            Just(Route::OpenApi),
            Just(Route::Metrics),
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
            Err(RouteError::Method {
                allow: "GET".to_owned()
            })
        );
        assert_eq!(
            read("PUT", "/api/credentials/a/b"),
            Err(RouteError::Method {
                allow: "GET, DELETE".to_owned()
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
