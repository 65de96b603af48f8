//! A bench for the pure core: every fact is given by hand, every wish looked at, time is an argument.

use crate::sample;
use std::collections::BTreeMap;
use std::time::Duration;
use tokenward::clock::Timestamp;
use tokenward::engine::api::Refusal;
use tokenward::engine::core::Core;
use tokenward::engine::settings::{CoreSettings, EngineSettings};
use tokenward::engine::step::{
    Answer, CallerId, Effect, Fingerprints, FlightId, Grant, Input, RotateOutcome, SpendOutcome,
    TokenChoice, VaultTrouble,
};
use tokenward::model::credential::{CredentialId, Generation, Profile};
use tokenward::model::failure::{Failure, FailureClass};
use tokenward::model::fingerprint::Fingerprint;
use tokenward::model::health::HealthKind;
use tokenward::model::name::CredentialName;
use tokenward::vault::store::{Spending, StoredProfile};

pub(crate) const START: Timestamp = Timestamp::from_secs(1_800_000_000);
pub(crate) const HOUR: u64 = 3600;

pub(crate) fn name(number: i64) -> CredentialName {
    CredentialName::new("demo", &format!("a{number}")).unwrap()
}

pub(crate) fn profile(number: i64, host: &str, age: u64) -> Profile {
    let issued_at = START.minus(Duration::from_secs(age));
    Profile {
        host: host.to_owned(),
        expires_at: Some(issued_at.plus(Duration::from_secs(HOUR))),
        ..sample::profile(name(number), issued_at)
    }
}

pub(crate) fn failure(class: FailureClass, code: &str) -> Failure {
    Failure::new(class, code, "it failed", "Do something.")
}

pub(crate) fn transient() -> Failure {
    failure(FailureClass::Transient, "http_503")
}

pub(crate) fn dead() -> Failure {
    failure(FailureClass::NeedsLogin, "invalid_grant")
}

pub(crate) fn trouble() -> VaultTrouble {
    VaultTrouble {
        message: "the disk is full".to_owned(),
        hint: "Make room.".to_owned(),
    }
}

pub(crate) fn grant() -> Grant {
    Grant {
        expires_in: Some(Duration::from_secs(HOUR)),
        refresh_expires_in: None,
        token_type: "Bearer".to_owned(),
        scopes: None,
        claims: None,
        kept: BTreeMap::new(),
        rotated: true,
    }
}

pub(crate) fn prints() -> Fingerprints {
    Fingerprints {
        access: Fingerprint(3),
        refresh: Some(Fingerprint(4)),
    }
}

/// The core with its clock and all it wished for since the last look.
pub(crate) struct Bench {
    pub(crate) core: Core,
    pub(crate) now: Timestamp,
    pub(crate) wishes: Vec<Effect>,
    pub(crate) callers: u64,
}

impl Bench {
    pub(crate) fn new(profiles: Vec<Profile>, open: Vec<Spending>) -> Self {
        let mut settings = EngineSettings::default();
        settings.policy.jitter_share = 0.0;
        Self::with(&settings, profiles, open)
    }

    pub(crate) fn with(
        settings: &EngineSettings,
        profiles: Vec<Profile>,
        open: Vec<Spending>,
    ) -> Self {
        let mut bench = Self {
            core: Core::new(CoreSettings::new(settings, 1)),
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
        bench.give(Input::LoadEnded { unreadable: 0 });
        bench
    }

    /// One credential whose access token was issued that many seconds ago and lives an hour.
    pub(crate) fn aged(age: u64) -> Self {
        Self::new(vec![profile(1, "one.example", age)], Vec::new())
    }

    pub(crate) fn give(&mut self, input: Input) {
        let wishes = self.core.step(input, self.now);
        self.wishes.extend(wishes);
    }

    pub(crate) fn pass(&mut self, secs: u64) {
        self.now = self.now.plus(Duration::from_secs(secs));
        self.give(Input::Woke);
    }

    /// Goes where the core wants to be woken: to the next moment at which there is anything to do but recurring work, which nobody does here.
    pub(crate) fn pass_to_wake(&mut self) {
        loop {
            self.now = self.core.next_wake().expect("something is planned");
            self.give(Input::Woke);
            if !matches!(self.wishes.last(), Some(Effect::Chore(_))) {
                return;
            }
            self.wishes.retain(|wish| !matches!(wish, Effect::Chore(_)));
        }
    }

    pub(crate) fn ask(&mut self, number: i64, min_ttl: u64, timeout: u64) -> CallerId {
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

    pub(crate) fn rotate(&mut self, number: i64) -> CallerId {
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
    pub(crate) fn find<T>(&mut self, wanted: impl Fn(&Effect) -> Option<T>) -> Option<T> {
        let at = self.wishes.iter().position(|it| wanted(it).is_some())?;
        wanted(&self.wishes.remove(at))
    }

    pub(crate) fn spend(&mut self) -> Option<FlightId> {
        self.find(|wish| match wish {
            Effect::Spend { flight, .. } => Some(*flight),
            _ => None,
        })
    }

    pub(crate) fn send(&mut self) -> Option<TokenChoice> {
        self.find(|wish| match wish {
            Effect::Send { token, .. } => Some(*token),
            _ => None,
        })
    }

    pub(crate) fn has_rotation(&mut self) -> bool {
        self.find(|wish| matches!(wish, Effect::Rotate { .. }).then_some(()))
            .is_some()
    }

    pub(crate) fn written(&mut self, flight: FlightId, previous_until: Option<Timestamp>) {
        let outcome = SpendOutcome::Written { previous_until };
        self.give(Input::Spent { flight, outcome });
    }

    pub(crate) fn granted(&mut self, flight: FlightId) {
        self.give(Input::Granted {
            flight,
            grant: grant(),
            took: Duration::from_millis(100),
        });
    }

    pub(crate) fn rotated(&mut self, flight: FlightId) {
        let outcome = RotateOutcome::Written(prints());
        self.give(Input::Rotated { flight, outcome });
    }

    pub(crate) fn refused(&mut self, flight: FlightId, failure: Failure) {
        self.give(Input::Refused {
            flight,
            failure,
            took: Duration::from_millis(100),
        });
    }

    /// A refresh from its first write to its last.
    pub(crate) fn succeed(&mut self) {
        let flight = self.spend().expect("a refresh was begun");
        self.written(flight, None);
        self.granted(flight);
        self.rotated(flight);
    }

    /// A refresh up to a refusal.
    pub(crate) fn fail(&mut self, failure: Failure) {
        let flight = self.spend().expect("a refresh was begun");
        self.written(flight, None);
        self.refused(flight, failure);
    }

    pub(crate) fn answer(&mut self, caller: CallerId) -> Option<Result<(), Refusal>> {
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

    pub(crate) fn kind(&self, id: i64) -> HealthKind {
        let view = self.core.view(CredentialId(id), self.now).unwrap();
        view.health.kind()
    }

    pub(crate) fn generation(&self, id: i64) -> u64 {
        self.core
            .view(CredentialId(id), self.now)
            .unwrap()
            .generation
            .0
    }
}
