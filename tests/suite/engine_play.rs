//! The pure core under random facts in any order: no token is spent twice, nobody is left waiting.

use crate::engine_bench::{
    Bench, HOUR, dead, failure, grant, name, prints, profile, transient, trouble,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokenward::clock::Timestamp;
use tokenward::engine::api::{Refusal, RevokeOutcome};
use tokenward::engine::step::{
    Answer, CallerId, Effect, FlightId, Input, RemoveOutcome, RotateOutcome, SpendOutcome,
};
use tokenward::model::credential::{CredentialId, Generation};
use tokenward::model::failure::{Failure, FailureClass};
use tokenward::model::inquiry::Liveness;

/// What may happen in any order.
#[derive(Debug, Clone)]
enum Move {
    Ask(i64, u64, u64),
    Rotate(i64),
    Pass(u64),
    Jump(i64),
    Written(usize),
    SpendFails(usize),
    Grant(usize),
    Refuse(usize, u8),
    Saved(usize),
    SaveFails(usize),
    SignIn(i64),
    Remove(i64),
    Revoke(i64),
    Revoked(i64, bool),
}

fn moves() -> impl Strategy<Value = Move> {
    let id = || 1_i64..5;
    prop_oneof![
        3 => (id(), 0_u64..8000, 0_u64..100).prop_map(|(id, ttl, wait)| Move::Ask(id, ttl, wait)),
        1 => id().prop_map(Move::Rotate),
        3 => (0_u64..4000).prop_map(Move::Pass),
        1 => (-5_000_000_i64..5_000_000).prop_map(Move::Jump),
        4 => (0_usize..4).prop_map(Move::Written),
        1 => (0_usize..4).prop_map(Move::SpendFails),
        3 => (0_usize..4).prop_map(Move::Grant),
        2 => (0_usize..4, 0_u8..4).prop_map(|(at, kind)| Move::Refuse(at, kind)),
        3 => (0_usize..4).prop_map(Move::Saved),
        1 => (0_usize..4).prop_map(Move::SaveFails),
        1 => id().prop_map(Move::SignIn),
        1 => id().prop_map(Move::Remove),
        1 => id().prop_map(Move::Revoke),
        1 => (id(), any::<bool>()).prop_map(|(id, fine)| Move::Revoked(id, fine)),
    ]
}

/// Plays a shell that answers in any order, and watches what must hold.
#[derive(Default)]
struct Referee {
    spending: BTreeMap<FlightId, CredentialId>,
    flying: BTreeMap<FlightId, (CredentialId, Generation)>,
    saving: BTreeMap<FlightId, CredentialId>,
    spent: BTreeSet<(CredentialId, Generation)>,
    removing: Vec<(Option<CallerId>, CredentialId)>,
    revoking: BTreeSet<(CredentialId, Generation)>,
    waiting: BTreeSet<CallerId>,
    generations: BTreeMap<FlightId, Generation>,
}

impl Referee {
    fn watch(&mut self, wishes: Vec<Effect>) {
        for wish in wishes {
            match wish {
                Effect::Spend { flight, spending } => {
                    let twice = self
                        .generations
                        .iter()
                        .filter(|(other, _)| self.is_open(**other, spending.id))
                        .any(|(_, generation)| *generation == spending.generation);
                    assert!(!twice, "two refreshes of one token at once");
                    assert!(
                        !self.spent.contains(&(spending.id, spending.generation)),
                        "a token that was spent for certain is spent again"
                    );
                    self.generations.insert(flight, spending.generation);
                    self.spending.insert(flight, spending.id);
                }
                Effect::Send { flight, .. } => {
                    let id = self
                        .spending
                        .remove(&flight)
                        .or_else(|| self.flying.get(&flight).map(|(id, _)| *id));
                    let id = id.expect("nothing is sent that was not journalled");
                    self.flying.insert(flight, (id, self.generations[&flight]));
                }
                Effect::Rotate {
                    flight, id, spent, ..
                } => {
                    self.spent.insert((id, spent));
                    self.saving.insert(flight, id);
                }
                Effect::Remove { caller, id, .. } => self.removing.push((caller, id)),
                Effect::Revoke { id, generation } => {
                    self.revoking.insert((id, generation));
                }
                Effect::Answer { caller, .. } => {
                    assert!(self.waiting.remove(&caller), "answered twice");
                }
                Effect::FailSpending { .. }
                | Effect::Landed { .. }
                | Effect::Drop(_)
                | Effect::WriteProfile { .. }
                | Effect::Withdraw(_)
                | Effect::Changed(_)
                | Effect::Gone(_)
                | Effect::Progress { .. }
                | Effect::Happened(_)
                | Effect::Exceeded { .. }
                | Effect::Chore(_) => {}
            }
        }
    }

    fn is_open(&self, flight: FlightId, id: CredentialId) -> bool {
        let flying = self.flying.get(&flight).is_some_and(|(it, _)| *it == id);
        flying || self.spending.get(&flight) == Some(&id) || self.saving.get(&flight) == Some(&id)
    }
}

fn nth<V>(map: &BTreeMap<FlightId, V>, at: usize) -> Option<FlightId> {
    map.keys().nth(at).copied()
}

fn play(bench: &mut Bench, referee: &mut Referee, one: &Move, serial: u64) {
    let took = Duration::from_millis(50);
    let mut ask = |bench: &mut Bench, input: &dyn Fn(CallerId) -> Input| {
        bench.callers += 1;
        let caller = CallerId(bench.callers);
        referee.waiting.insert(caller);
        Some(input(caller))
    };
    let input = match *one {
        Move::Ask(id, ttl, wait) => ask(bench, &|caller| Input::TokenAsked {
            caller,
            name: name(id),
            min_ttl: Duration::from_secs(ttl),
            timeout: Duration::from_secs(wait),
        }),
        Move::Rotate(id) => ask(bench, &|caller| Input::RefreshAsked {
            caller,
            name: name(id),
            timeout: Duration::from_secs(30),
        }),
        Move::Remove(id) => ask(bench, &|caller| Input::RemoveAsked {
            caller,
            name: name(id),
            only: None,
        }),
        Move::Revoke(id) => ask(bench, &|caller| Input::RevokeAsked {
            caller,
            name: name(id),
            within: None,
        }),
        Move::Pass(secs) => {
            bench.now = bench.now.plus(Duration::from_secs(secs));
            Some(Input::Woke)
        }
        Move::Jump(by_ms) => {
            bench.now = Timestamp::from_millis(bench.now.as_millis() + by_ms);
            Some(Input::ClockJumped { by_ms })
        }
        Move::Written(at) => nth(&referee.spending, at).map(|flight| Input::Spent {
            flight,
            outcome: SpendOutcome::Written {
                previous_until: Some(bench.now.plus(Duration::from_secs(60))),
            },
        }),
        Move::SpendFails(at) => nth(&referee.spending, at).map(|flight| {
            referee.spending.remove(&flight);
            Input::Spent {
                flight,
                outcome: SpendOutcome::Failed(trouble()),
            }
        }),
        Move::Grant(at) => nth(&referee.flying, at).map(|flight| {
            referee.flying.remove(&flight);
            Input::Granted {
                flight,
                grant: grant(),
                took,
            }
        }),
        Move::Refuse(at, kind) => nth(&referee.flying, at).map(|flight| {
            let failure = match kind {
                0 => dead(),
                1 => failure(FailureClass::Misconfigured, "invalid_client"),
                2 => Failure {
                    retry_after_secs: Some(90),
                    ..failure(FailureClass::Transient, "http_429")
                },
                _ => transient(),
            };
            Input::Refused {
                flight,
                failure,
                took,
            }
        }),
        Move::Saved(at) => nth(&referee.saving, at).map(|flight| {
            referee.saving.remove(&flight);
            Input::Rotated {
                flight,
                outcome: RotateOutcome::Written(prints()),
            }
        }),
        Move::SaveFails(at) => nth(&referee.saving, at).map(|flight| Input::Rotated {
            flight,
            outcome: RotateOutcome::Failed(trouble()),
        }),
        Move::SignIn(id) => {
            let mut fresh = profile(id, "one.example", 0);
            fresh.issued_at = bench.now;
            fresh.expires_at = Some(bench.now.plus(Duration::from_secs(HOUR)));
            Some(Input::SignedIn {
                id: CredentialId(id),
                generation: Generation(1000 + serial),
                profile: Box::new(fresh),
                begun: None,
            })
        }
        Move::Revoked(id, fine) => {
            let wanted = CredentialId(id);
            let found = referee.revoking.iter().find(|(id, _)| *id == wanted);
            found.copied().map(|(id, generation)| Input::RevokeEnded {
                id,
                generation,
                outcome: if fine {
                    Ok(RevokeOutcome::Confirmed {
                        proof: Liveness::Dead,
                    })
                } else {
                    Err(Refusal::Failed {
                        failure: transient(),
                    })
                },
            })
        }
    };
    // A flight that was refused is over unless the core sends its other token.
    if let Some(Input::Refused { flight, .. }) = &input {
        let flight = *flight;
        let kept = referee.flying.remove(&flight);
        let wishes = input
            .map(|it| bench.core.step(it, bench.now))
            .unwrap_or_default();
        let is_resent = wishes
            .iter()
            .any(|it| matches!(it, Effect::Send { flight: other, .. } if *other == flight));
        if let (true, Some(kept)) = (is_resent, kept) {
            referee.flying.insert(flight, kept);
        }
        referee.watch(wishes);
        return;
    }
    if let Some(Input::RevokeEnded { id, generation, .. }) = &input {
        referee.revoking.remove(&(*id, *generation));
    }
    if let Some(input) = input {
        // A flight nobody wants any more is dropped without being sent.
        let spent = match &input {
            Input::Spent { flight, .. } => Some(*flight),
            _ => None,
        };
        let wishes = bench.core.step(input, bench.now);
        nothing_revoked_is_handed_out(bench, &wishes);
        referee.watch(wishes);
        if let Some(flight) = spent {
            referee.spending.remove(&flight);
        }
    }
    for (caller, id) in std::mem::take(&mut referee.removing) {
        let outcome = RemoveOutcome::Removed;
        let ended = Input::RemoveEnded {
            caller,
            id,
            outcome,
        };
        let wishes = bench.core.step(ended, bench.now);
        referee.watch(wishes);
    }
}

fn nothing_revoked_is_handed_out(bench: &Bench, wishes: &[Effect]) {
    for wish in wishes {
        if let Effect::Answer {
            answer: Answer::Token(id),
            ..
        } = wish
        {
            let view = bench.core.view(*id, bench.now).unwrap();
            let standing = &view.profile.standing;
            assert!(!standing.is_revoked(), "{standing:?} is handed out");
        }
    }
}

/// Everything under way ends well, and an hour passes: nobody may be left waiting.
fn wind_down(bench: &mut Bench, referee: &mut Referee) {
    for serial in 0..200 {
        for one in [Move::Written(0), Move::Grant(0), Move::Saved(0)] {
            play(bench, referee, &one, serial);
        }
        for id in 1..5 {
            play(bench, referee, &Move::Revoked(id, true), serial);
        }
    }
    play(bench, referee, &Move::Pass(3600), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_happens_no_token_is_spent_twice_and_nobody_is_left_waiting(
        moves in proptest::collection::vec(moves(), 1..120),
    ) {
        let profiles = (1..5).map(|it| profile(it, "one.example", 3500)).collect();
        let mut bench = Bench::new(profiles, Vec::new());
        let mut referee = Referee::default();
        referee.watch(std::mem::take(&mut bench.wishes));
        for (serial, one) in (0..).zip(&moves) {
            play(&mut bench, &mut referee, one, serial);
            let wake = bench.core.next_wake();
            prop_assert!(wake.is_none_or(|wake| wake > bench.now), "it does not come to rest");
        }
        wind_down(&mut bench, &mut referee);
        prop_assert!(referee.waiting.is_empty(), "left waiting: {:?}", referee.waiting);
    }
}
