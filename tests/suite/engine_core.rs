//! The pure core by itself: every fact is given by hand, every wish looked at, time is an argument.

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokenward::clock::Timestamp;
use tokenward::engine::api::{Refusal, RevokeOutcome};
use tokenward::engine::core::Core;
use tokenward::engine::settings::{CoreSettings, EngineSettings};
use tokenward::engine::step::{
    Answer, CallerId, Effect, Fingerprints, FlightId, Grant, Input, RotateOutcome, SpendOutcome,
    TokenChoice, VaultTrouble,
};
use tokenward::model::client::ClientAuth;
use tokenward::model::credential::{CredentialId, Flow, Generation, Profile, Standing};
use tokenward::model::event::Happening;
use tokenward::model::failure::{Failure, FailureClass};
use tokenward::model::fingerprint::Fingerprint;
use tokenward::model::health::HealthKind;
use tokenward::model::name::CredentialName;
use tokenward::model::policy::PolicyOverride;
use tokenward::vault::store::{Spending, StoredProfile};

const START: Timestamp = Timestamp::from_secs(1_800_000_000);
const HOUR: u64 = 3600;

fn name(number: i64) -> CredentialName {
    CredentialName::new("demo", &format!("a{number}")).unwrap()
}

fn profile(number: i64, host: &str, age: u64) -> Profile {
    let issued_at = START.minus(Duration::from_secs(age));
    Profile {
        name: name(number),
        provider_name: "Demo".to_owned(),
        host: host.to_owned(),
        scopes: Vec::new(),
        token_type: "Bearer".to_owned(),
        flow: Flow::Device,
        client_id: "c".to_owned(),
        client_auth: ClientAuth::None,
        claims: None,
        has_refresh_token: true,
        created_at: issued_at,
        signed_in_at: issued_at,
        issued_at,
        expires_at: Some(issued_at.plus(Duration::from_secs(HOUR))),
        refresh_expires_at: None,
        refresh_idle_life: None,
        refresh_absolute_life: None,
        earliest_refresh: None,
        last_used_at: None,
        access_fingerprint: Fingerprint(1),
        refresh_fingerprint: Some(Fingerprint(2)),
        standing: Standing::Active,
        last_failure: None,
        failures_in_a_row: 0,
        policy: PolicyOverride::default(),
        attempts: Vec::new(),
    }
}

fn failure(class: FailureClass, code: &str) -> Failure {
    Failure::new(class, code, "it failed", "Do something.")
}

fn transient() -> Failure {
    failure(FailureClass::Transient, "http_503")
}

fn dead() -> Failure {
    failure(FailureClass::NeedsLogin, "invalid_grant")
}

fn trouble() -> VaultTrouble {
    VaultTrouble {
        message: "the disk is full".to_owned(),
        hint: "Make room.".to_owned(),
    }
}

fn grant() -> Grant {
    Grant {
        expires_in: Some(Duration::from_secs(HOUR)),
        refresh_expires_in: None,
        token_type: "Bearer".to_owned(),
        scopes: None,
        claims: None,
        rotated: true,
    }
}

fn prints() -> Fingerprints {
    Fingerprints {
        access: Fingerprint(3),
        refresh: Some(Fingerprint(4)),
    }
}

/// The core with its clock and all it wished for since the last look.
struct Bench {
    core: Core,
    now: Timestamp,
    wishes: Vec<Effect>,
    callers: u64,
}

impl Bench {
    fn new(profiles: Vec<Profile>, open: Vec<Spending>) -> Self {
        let mut settings = EngineSettings::default();
        settings.policy.jitter_share = 0.0;
        let mut bench = Self {
            core: Core::new(CoreSettings::new(&settings, 1)),
            now: START,
            wishes: Vec::new(),
            callers: 0,
        };
        let stored = |(id, profile)| StoredProfile {
            id: CredentialId(id),
            generation: Generation(1),
            profile,
        };
        bench.give(Input::FoundOpen(open));
        let profiles: Vec<_> = (1..).zip(profiles).map(stored).collect();
        let total = profiles.len() as u64;
        bench.give(Input::Loaded { profiles, total });
        bench.give(Input::LoadEnded);
        bench
    }

    /// One credential whose access token was issued that many seconds ago and lives an hour.
    fn aged(age: u64) -> Self {
        Self::new(vec![profile(1, "one.example", age)], Vec::new())
    }

    fn give(&mut self, input: Input) {
        let wishes = self.core.step(input, self.now);
        self.wishes.extend(wishes);
    }

    fn pass(&mut self, secs: u64) {
        self.now = self.now.plus(Duration::from_secs(secs));
        self.give(Input::Woke);
    }

    /// Goes where the core wants to be woken.
    fn pass_to_wake(&mut self) {
        self.now = self.core.next_wake().expect("something is planned");
        self.give(Input::Woke);
    }

    fn ask(&mut self, number: i64, min_ttl: u64, timeout: u64) -> CallerId {
        self.callers += 1;
        let caller = CallerId(self.callers);
        self.give(Input::TokenAsked {
            caller,
            name: name(number),
            min_ttl: Duration::from_secs(min_ttl),
            timeout: Duration::from_secs(timeout),
        });
        caller
    }

    fn rotate(&mut self, number: i64) -> CallerId {
        self.callers += 1;
        let caller = CallerId(self.callers);
        self.give(Input::RefreshAsked {
            caller,
            name: name(number),
            timeout: Duration::from_secs(30),
        });
        caller
    }

    /// Takes the first wish that fits, and forgets it.
    fn find<T>(&mut self, wanted: impl Fn(&Effect) -> Option<T>) -> Option<T> {
        let at = self.wishes.iter().position(|it| wanted(it).is_some())?;
        wanted(&self.wishes.remove(at))
    }

    fn spend(&mut self) -> Option<FlightId> {
        self.find(|wish| match wish {
            Effect::Spend { flight, .. } => Some(*flight),
            _ => None,
        })
    }

    fn send(&mut self) -> Option<TokenChoice> {
        self.find(|wish| match wish {
            Effect::Send { token, .. } => Some(*token),
            _ => None,
        })
    }

    fn has_rotation(&mut self) -> bool {
        self.find(|wish| matches!(wish, Effect::Rotate { .. }).then_some(()))
            .is_some()
    }

    fn written(&mut self, flight: FlightId, previous_until: Option<Timestamp>) {
        let outcome = SpendOutcome::Written { previous_until };
        self.give(Input::Spent { flight, outcome });
    }

    fn granted(&mut self, flight: FlightId) {
        self.give(Input::Granted {
            flight,
            grant: grant(),
            took: Duration::from_millis(100),
        });
    }

    fn rotated(&mut self, flight: FlightId) {
        let outcome = RotateOutcome::Written(prints());
        self.give(Input::Rotated { flight, outcome });
    }

    fn refused(&mut self, flight: FlightId, failure: Failure) {
        self.give(Input::Refused {
            flight,
            failure,
            took: Duration::from_millis(100),
        });
    }

    /// A refresh from its first write to its last.
    fn succeed(&mut self) {
        let flight = self.spend().expect("a refresh was begun");
        self.written(flight, None);
        self.granted(flight);
        self.rotated(flight);
    }

    /// A refresh up to a refusal.
    fn fail(&mut self, failure: Failure) {
        let flight = self.spend().expect("a refresh was begun");
        self.written(flight, None);
        self.refused(flight, failure);
    }

    fn answer(&mut self, caller: CallerId) -> Option<Result<(), Refusal>> {
        let at = self.wishes.iter().position(
            |it| matches!(it, Effect::Answer { caller: other, .. } if *other == caller),
        )?;
        match self.wishes.remove(at) {
            Effect::Answer {
                answer: Answer::Refused(refusal),
                ..
            } => Some(Err(refusal)),
            _ => Some(Ok(())),
        }
    }

    fn kind(&self, id: i64) -> HealthKind {
        let view = self.core.view(CredentialId(id), self.now).unwrap();
        view.health.kind()
    }

    fn generation(&self, id: i64) -> u64 {
        self.core
            .view(CredentialId(id), self.now)
            .unwrap()
            .generation
            .0
    }
}

#[test]
fn a_refresh_is_journalled_then_sent_then_written_then_told() {
    let mut bench = Bench::aged(HOUR + 1);
    let caller = bench.ask(1, 0, 30);
    let flight = bench.spend().unwrap();
    assert_eq!(bench.send(), None, "sent before the intent was on disk");
    bench.written(flight, None);
    assert_eq!(bench.send(), Some(TokenChoice::Current));
    assert!(!bench.has_rotation());
    bench.granted(flight);
    assert!(bench.has_rotation());
    assert_eq!(bench.answer(caller), None, "told before it was on disk");
    bench.rotated(flight);
    assert_eq!(bench.answer(caller), Some(Ok(())));
    assert_eq!((bench.generation(1), bench.kind(1)), (2, HealthKind::Fresh));
}

#[test]
fn everyone_who_asks_meanwhile_joins_the_one_refresh() {
    let mut bench = Bench::aged(HOUR + 1);
    let callers: Vec<_> = (0..64).map(|_| bench.ask(1, 0, 30)).collect();
    let rotator = bench.rotate(1);
    bench.succeed();
    assert_eq!(bench.spend(), None);
    for caller in callers {
        assert_eq!(bench.answer(caller), Some(Ok(())));
    }
    assert_eq!(bench.answer(rotator), Some(Ok(())));
}

#[test]
fn a_valid_token_is_served_at_once_even_while_its_refresh_is_under_way() {
    let mut bench = Bench::aged(HOUR - 100);
    assert!(bench.spend().is_some(), "the plan was due");
    let caller = bench.ask(1, 60, 30);
    assert_eq!(bench.answer(caller), Some(Ok(())));
    let demanding = bench.ask(1, 200, 30);
    assert_eq!(bench.answer(demanding), None);
}

#[test]
fn more_life_than_a_token_ever_has_is_answered_after_one_refresh() {
    let mut bench = Bench::aged(0);
    let caller = bench.ask(1, 10 * HOUR, 30);
    bench.succeed();
    assert_eq!(bench.answer(caller), Some(Ok(())));
    assert_eq!(bench.spend(), None);
}

#[test]
fn a_caller_waits_no_longer_than_it_said_and_the_refresh_goes_on() {
    let mut bench = Bench::aged(HOUR + 1);
    let caller = bench.ask(1, 0, 5);
    bench.pass(4);
    assert_eq!(bench.answer(caller), None);
    bench.pass(1);
    assert_eq!(bench.answer(caller), Some(Err(Refusal::TimedOut)));
    bench.succeed();
    assert_eq!(bench.generation(1), 2);
}

#[test]
fn an_answer_after_a_new_sign_in_is_dropped() {
    let mut bench = Bench::aged(HOUR + 1);
    let flight = bench.spend().unwrap();
    bench.written(flight, None);
    let mut fresh = profile(1, "one.example", 0);
    fresh.scopes = vec!["new".to_owned()];
    bench.give(Input::SignedIn {
        id: CredentialId(1),
        generation: Generation(2),
        profile: Box::new(fresh),
    });
    bench.granted(flight);
    assert!(!bench.has_rotation());
    let view = bench.core.view(CredentialId(1), bench.now).unwrap();
    assert_eq!(view.profile.scopes, ["new"]);
    assert_eq!(bench.core.load(), (0, 0), "its place is free again");
}

#[test]
fn a_credential_removed_during_its_refresh_stays_gone() {
    let mut bench = Bench::aged(HOUR + 1);
    let waiting = bench.ask(1, 0, 30);
    let flight = bench.spend().unwrap();
    bench.written(flight, None);
    let remover = CallerId(99);
    bench.give(Input::RemoveAsked {
        caller: remover,
        name: name(1),
    });
    bench.give(Input::RemoveEnded {
        caller: remover,
        id: CredentialId(1),
        outcome: Ok(()),
    });
    bench.granted(flight);
    assert!(!bench.has_rotation());
    assert_eq!(bench.answer(remover), Some(Ok(())));
    assert!(matches!(
        bench.answer(waiting),
        Some(Err(Refusal::NoSuchCredential { .. }))
    ));
    assert!(bench.core.is_quiet());
}

#[test]
fn a_refresh_is_tried_again_and_again_after_passing_failures() {
    let mut bench = Bench::aged(HOUR + 1);
    for attempt in 1..=20 {
        bench.fail(transient());
        assert_eq!(bench.kind(1), HealthKind::Retrying, "attempt {attempt}");
        bench.pass_to_wake();
    }
    bench.succeed();
    assert_eq!(bench.kind(1), HealthKind::Fresh);
    let view = bench.core.view(CredentialId(1), bench.now).unwrap();
    assert_eq!(view.profile.failures_in_a_row, 0);
}

#[test]
fn a_dead_refresh_token_stops_the_attempts_and_answers_at_once() {
    let mut bench = Bench::aged(HOUR + 1);
    bench.fail(dead());
    assert_eq!(bench.kind(1), HealthKind::NeedsLogin);
    bench.pass(86_400);
    assert_eq!(bench.spend(), None);
    let caller = bench.ask(1, 0, 30);
    assert!(matches!(
        bench.answer(caller),
        Some(Err(Refusal::Failed { .. }))
    ));
    bench.rotate(1);
    bench.succeed();
    assert_eq!(bench.kind(1), HealthKind::Fresh);
}

#[test]
fn a_wrong_client_is_a_matter_of_settings() {
    let mut bench = Bench::aged(HOUR + 1);
    bench.fail(failure(FailureClass::Misconfigured, "invalid_client"));
    assert_eq!(bench.kind(1), HealthKind::Misconfigured);
    bench.pass(86_400);
    assert_eq!(bench.spend(), None);
}

#[test]
fn retry_after_holds_for_everything_at_that_host_and_for_no_other() {
    let profiles = vec![
        profile(1, "one.example", HOUR + 1),
        profile(2, "one.example", 0),
        profile(3, "two.example", 0),
    ];
    let mut bench = Bench::new(profiles, Vec::new());
    bench.fail(Failure {
        retry_after_secs: Some(120),
        ..failure(FailureClass::Transient, "http_429")
    });
    assert_eq!(bench.kind(1), HealthKind::RateLimited);
    bench.rotate(3);
    bench.succeed();
    let hasty = bench.rotate(2);
    assert!(matches!(
        bench.answer(hasty),
        Some(Err(Refusal::Failed { .. }))
    ));
    bench.pass(119);
    assert_eq!(bench.spend(), None);
    bench.pass(12);
    assert!(bench.spend().is_some());
}

#[test]
fn an_open_journal_entry_is_tried_with_both_tokens_before_a_person_is_asked() {
    let open = Spending {
        id: CredentialId(1),
        generation: Generation(1),
        fingerprint: Fingerprint(2),
        started_at: START,
    };
    let fresh = profile(1, "one.example", 0);
    let mut bench = Bench::new(vec![fresh], vec![open]);
    let flight = bench.spend().expect("it is tried at once");
    bench.written(flight, Some(START.plus(Duration::from_secs(60))));
    assert_eq!(bench.send(), Some(TokenChoice::Current));
    bench.refused(flight, dead());
    assert_eq!(bench.kind(1), HealthKind::Refreshing, "given up too early");
    assert_eq!(bench.send(), Some(TokenChoice::Previous));
    bench.refused(flight, dead());
    assert_eq!(bench.kind(1), HealthKind::NeedsLogin);
}

#[test]
fn an_outcome_nobody_knows_keeps_the_journal_open() {
    let certain = |failure: Failure| {
        let mut bench = Bench::aged(HOUR + 1);
        bench.fail(failure);
        bench
            .find(|wish| match wish {
                Effect::FailSpending { certain, .. } => Some(*certain),
                _ => None,
            })
            .unwrap()
    };
    assert!(!certain(transient()));
    assert!(certain(Failure {
        unsent: true,
        ..transient()
    }));
    assert!(certain(failure(FailureClass::Transient, "http_429")));
    assert!(certain(dead()));
}

#[test]
fn a_vault_that_cannot_take_the_intent_keeps_the_token_unspent() {
    let mut bench = Bench::aged(HOUR + 1);
    let caller = bench.ask(1, 0, 30);
    let flight = bench.spend().unwrap();
    bench.give(Input::Spent {
        flight,
        outcome: SpendOutcome::Failed(trouble()),
    });
    assert_eq!(bench.send(), None);
    assert!(matches!(
        bench.answer(caller),
        Some(Err(Refusal::Vault { .. }))
    ));
    bench.pass_to_wake();
    bench.succeed();
    assert_eq!(bench.generation(1), 2);
}

#[test]
fn tokens_in_hand_are_written_again_and_nothing_older_is_served() {
    let mut bench = Bench::aged(HOUR - 100);
    let flight = bench.spend().unwrap();
    bench.written(flight, None);
    bench.granted(flight);
    for _ in 0..5 {
        assert!(bench.has_rotation());
        bench.give(Input::Rotated {
            flight,
            outcome: RotateOutcome::Failed(trouble()),
        });
        let caller = bench.ask(1, 0, 1);
        assert!(matches!(
            bench.answer(caller),
            Some(Err(Refusal::Vault { .. }))
        ));
        bench.pass_to_wake();
    }
    assert!(bench.has_rotation());
    bench.rotated(flight);
    assert_eq!(bench.spend(), None, "the answer was not thrown away");
    assert_eq!((bench.generation(1), bench.kind(1)), (2, HealthKind::Fresh));
}

#[test]
fn after_a_long_sleep_the_expired_come_first_and_the_rest_is_spread() {
    let mut profiles: Vec<_> = (1..=40).map(|it| profile(it, "one.example", 0)).collect();
    for young in &mut profiles[20..] {
        young.expires_at = Some(START.plus(Duration::from_secs(11_000)));
    }
    let mut bench = Bench::new(profiles, Vec::new());
    bench.now = START.plus(Duration::from_secs(10_500));
    bench.give(Input::ClockJumped { by_ms: 10_500_000 });
    let mut begun = 0;
    while let Some(flight) = bench.spend() {
        bench.written(flight, None);
        bench.granted(flight);
        bench.rotated(flight);
        begun += 1;
    }
    assert_eq!(begun, 20);
    bench.pass(31);
    assert!(bench.spend().is_some());
}

#[test]
fn a_clock_set_back_does_not_lengthen_a_tokens_life() {
    let mut bench = Bench::aged(0);
    bench.pass(3000);
    bench.now = bench.now.minus(Duration::from_secs(1800));
    bench.give(Input::ClockJumped { by_ms: -1_800_000 });
    let is_withdrawn = |wish: &Effect| matches!(wish, Effect::Withdraw(of) if *of == name(1));
    assert!(
        bench.wishes.iter().any(is_withdrawn),
        "what lies ready tells its end in the old clock's terms"
    );
    let view = bench.core.view(CredentialId(1), bench.now).unwrap();
    let left = bench.now.until(view.profile.expires_at.unwrap());
    assert_eq!(left.as_secs(), 600);
    bench.pass(300);
    assert!(bench.spend().is_some());
}

#[test]
fn a_token_from_the_future_is_refreshed_soon() {
    let mut odd = profile(1, "one.example", 0);
    odd.issued_at = START.plus(Duration::from_secs(7 * 86_400));
    odd.expires_at = Some(odd.issued_at.plus(Duration::from_secs(HOUR)));
    let mut bench = Bench::new(vec![odd], Vec::new());
    bench.pass(31);
    assert!(bench.spend().is_some());
}

#[test]
fn leaving_finishes_what_is_under_way_and_begins_nothing() {
    let profiles = vec![
        profile(1, "one.example", HOUR + 1),
        profile(2, "one.example", 0),
    ];
    let mut bench = Bench::new(profiles, Vec::new());
    let waiting = bench.ask(1, 0, 30);
    bench.give(Input::Leaving);
    let late = bench.rotate(2);
    assert_eq!(bench.answer(late), Some(Err(Refusal::Stopped)));
    assert!(!bench.core.is_quiet());
    bench.succeed();
    assert_eq!(bench.answer(waiting), Some(Ok(())));
    assert!(bench.core.is_quiet());
    bench.pass(86_400);
    assert_eq!(bench.spend(), None);
}

#[test]
fn a_revocation_waits_for_the_refresh_under_way_and_refuses_what_comes_later() {
    let mut bench = Bench::aged(HOUR + 1);
    let revoker = CallerId(99);
    let flight = bench.spend().unwrap();
    bench.give(Input::RevokeAsked {
        caller: revoker,
        name: name(1),
    });
    let asked = |bench: &mut Bench| {
        bench
            .find(|wish| matches!(wish, Effect::Revoke { .. }).then_some(()))
            .is_some()
    };
    assert!(!asked(&mut bench));
    bench.written(flight, None);
    bench.granted(flight);
    bench.rotated(flight);
    assert!(asked(&mut bench));
    bench.give(Input::RevokeEnded {
        id: CredentialId(1),
        generation: Generation(2),
        outcome: Ok(RevokeOutcome::Confirmed),
    });
    assert_eq!(bench.answer(revoker), Some(Ok(())));
    assert_eq!(bench.kind(1), HealthKind::Revoked);
    let caller = bench.ask(1, 0, 30);
    assert!(matches!(
        bench.answer(caller),
        Some(Err(Refusal::Revoked { .. }))
    ));
    bench.pass(86_400);
    assert_eq!(bench.spend(), None);
}

#[test]
fn what_is_asked_before_its_credential_is_loaded_is_answered_when_it_is() {
    let mut bench = Bench {
        core: Core::new(CoreSettings::new(&EngineSettings::default(), 1)),
        now: START,
        wishes: Vec::new(),
        callers: 0,
    };
    let (known, unknown) = (bench.ask(1, 0, 30), bench.ask(2, 0, 30));
    assert_eq!(bench.answer(known), None);
    bench.give(Input::Loaded {
        profiles: vec![StoredProfile {
            id: CredentialId(1),
            generation: Generation(1),
            profile: profile(1, "one.example", 0),
        }],
        total: 1,
    });
    assert_eq!(bench.answer(known), Some(Ok(())));
    bench.give(Input::LoadEnded);
    assert!(matches!(
        bench.answer(unknown),
        Some(Err(Refusal::NoSuchCredential { similar, .. })) if similar == [name(1)]
    ));
}

#[test]
fn being_used_is_written_once_a_minute_at_most() {
    let mut bench = Bench::aged(0);
    let writes = |bench: &mut Bench| {
        bench
            .find(|wish| matches!(wish, Effect::WriteProfile { .. }).then_some(()))
            .is_some()
    };
    for _ in 0..59 {
        bench.ask(1, 0, 30);
        bench.pass(1);
        assert!(!writes(&mut bench));
    }
    bench.pass(1);
    assert!(writes(&mut bench));
    assert!(!writes(&mut bench));
}

#[test]
fn each_failure_is_told_with_when_it_is_tried_again() {
    let mut bench = Bench::aged(HOUR + 1);
    bench.fail(transient());
    let next = bench
        .find(|wish| match wish {
            Effect::Happened(line) => match &line.what {
                Happening::RefreshFailed { next, .. } => Some(*next),
                _ => None,
            },
            _ => None,
        })
        .unwrap();
    assert_eq!(next, bench.core.next_wake());
}

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
    removing: Vec<(CallerId, CredentialId)>,
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
                Effect::Remove { caller, id } => self.removing.push((caller, id)),
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
                | Effect::Happened(_) => {}
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
        }),
        Move::Revoke(id) => ask(bench, &|caller| Input::RevokeAsked {
            caller,
            name: name(id),
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
            })
        }
        Move::Revoked(id, fine) => {
            let wanted = CredentialId(id);
            let found = referee.revoking.iter().find(|(id, _)| *id == wanted);
            found.copied().map(|(id, generation)| Input::RevokeEnded {
                id,
                generation,
                outcome: if fine {
                    Ok(RevokeOutcome::Confirmed)
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
        referee.watch(wishes);
        if let Some(flight) = spent {
            referee.spending.remove(&flight);
        }
    }
    for (caller, id) in std::mem::take(&mut referee.removing) {
        let outcome = Ok(());
        let ended = Input::RemoveEnded {
            caller,
            id,
            outcome,
        };
        let wishes = bench.core.step(ended, bench.now);
        referee.watch(wishes);
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
