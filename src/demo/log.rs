//! What was asked of the provider: a bounded log of requests by ids, and counts over it.

use crate::clock::Timestamp;
use crate::demo::grant::{GrantId, TokenId};
use crate::demo::quirks::RequestKind;
use std::collections::{BTreeMap, VecDeque};

const KEPT: usize = 200_000;

/// One request. It holds no token, only their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// When it came.
    pub at: Timestamp,
    /// What kind it is.
    pub kind: RequestKind,
    /// The client that it named.
    pub client: Option<String>,
    /// The grant its token belongs to.
    pub grant: Option<GrantId>,
    /// The token that was sent.
    pub token: Option<TokenId>,
    /// Status of the answer; `None`: none was given (yet).
    pub status: Option<u16>,
    /// When the answer was handed to the network.
    pub answered_at: Option<Timestamp>,
}

/// Place of a request in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestNumber(u64);

/// The log.
#[derive(Debug, Default)]
pub struct Log {
    first: u64,
    requests: VecDeque<Request>,
    replays: u64,
    in_flight: u64,
    most_in_flight: u64,
}

/// How many requests of a sort there were.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Refresh requests that came, whatever became of them.
    pub refreshes: u64,
    /// Refreshes answered with new tokens.
    pub refreshed: u64,
    /// Refresh requests by status; 0: no answer.
    pub refreshes_by_status: BTreeMap<u16, u64>,
    /// Refresh requests by grant.
    pub refreshes_by_grant: BTreeMap<GrantId, u64>,
    /// Refresh requests by refresh token: more than one for a token of a single-use provider is a client's mistake.
    pub refreshes_by_token: BTreeMap<TokenId, u64>,
    /// Refresh requests with a token that was spent already.
    pub replays: u64,
    /// Refresh requests under way at once, at the most.
    pub most_in_flight: u64,
    /// Requests of all kinds.
    pub by_kind: BTreeMap<RequestKind, u64>,
}

impl Counts {
    /// How many requests of that kind came.
    pub fn of(&self, kind: RequestKind) -> u64 {
        self.by_kind.get(&kind).copied().unwrap_or(0)
    }
}

impl Log {
    /// Notes that a request came.
    pub fn arrive(
        &mut self,
        at: Timestamp,
        kind: RequestKind,
        client: Option<String>,
    ) -> RequestNumber {
        if self.requests.len() == KEPT {
            self.requests.pop_front();
            self.first += 1;
        }
        self.requests.push_back(Request {
            at,
            kind,
            client,
            grant: None,
            token: None,
            status: None,
            answered_at: None,
        });
        if kind == RequestKind::Refresh {
            self.in_flight += 1;
            self.most_in_flight = self.most_in_flight.max(self.in_flight);
        }
        RequestNumber(self.first + self.requests.len() as u64 - 1)
    }

    fn request(&mut self, number: RequestNumber) -> Option<&mut Request> {
        let at = usize::try_from(number.0.checked_sub(self.first)?).ok()?;
        self.requests.get_mut(at)
    }

    /// Notes which token it was about.
    pub fn concern(
        &mut self,
        number: RequestNumber,
        grant: Option<GrantId>,
        token: Option<TokenId>,
    ) {
        if let Some(request) = self.request(number) {
            request.grant = grant;
            request.token = token;
        }
    }

    /// Notes that a spent refresh token came back.
    pub fn replayed(&mut self) {
        self.replays += 1;
    }

    /// Notes the answer.
    pub fn answer(&mut self, number: RequestNumber, at: Timestamp, status: u16) {
        if let Some(request) = self.request(number) {
            request.status = Some(status);
            request.answered_at = Some(at);
        }
    }

    /// Notes that a request of this kind is over, answered or not.
    pub fn leave(&mut self, kind: RequestKind) {
        if kind == RequestKind::Refresh {
            self.in_flight = self.in_flight.saturating_sub(1);
        }
    }

    /// The requests, oldest first; the newest 200,000 are kept.
    pub fn requests(&self) -> impl Iterator<Item = &Request> {
        self.requests.iter()
    }

    /// Counts over the requests that are kept.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts {
            replays: self.replays,
            most_in_flight: self.most_in_flight,
            ..Counts::default()
        };
        for request in &self.requests {
            *counts.by_kind.entry(request.kind).or_default() += 1;
            if request.kind == RequestKind::Refresh {
                counts.count_refresh(request);
            }
        }
        counts
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.first += self.requests.len() as u64;
        self.requests.clear();
        self.replays = 0;
        self.most_in_flight = self.in_flight;
    }
}

impl Counts {
    fn count_refresh(&mut self, request: &Request) {
        self.refreshes += 1;
        self.refreshed += u64::from(request.status == Some(200));
        *self
            .refreshes_by_status
            .entry(request.status.unwrap_or(0))
            .or_default() += 1;
        if let Some(grant) = request.grant {
            *self.refreshes_by_grant.entry(grant).or_default() += 1;
        }
        if let Some(token) = request.token {
            *self.refreshes_by_token.entry(token).or_default() += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_tell_answered_from_unanswered() {
        let (mut log, now) = (Log::default(), Timestamp::from_secs(1));
        let one = log.arrive(now, RequestKind::Refresh, None);
        log.concern(one, Some(GrantId(1)), Some(TokenId(7)));
        log.arrive(now, RequestKind::Refresh, None);
        log.answer(one, now, 200);
        log.leave(RequestKind::Refresh);
        let counts = log.counts();
        assert_eq!((counts.refreshes, counts.refreshed), (2, 1));
        assert_eq!(
            counts.refreshes_by_status,
            BTreeMap::from([(0, 1), (200, 1)])
        );
        assert_eq!(counts.refreshes_by_token, BTreeMap::from([(TokenId(7), 1)]));
        assert_eq!(counts.most_in_flight, 2);
    }

    #[test]
    fn an_answer_to_a_forgotten_request_changes_nothing() {
        let (mut log, now) = (Log::default(), Timestamp::from_secs(1));
        let old = log.arrive(now, RequestKind::Code, None);
        log.clear();
        log.arrive(now, RequestKind::Code, None);
        log.answer(old, now, 200);
        assert!(log.requests().all(|request| request.status.is_none()));
    }
}
