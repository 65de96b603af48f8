//! The engine's decisions: facts go in, wishes come out; it never reads a clock, a disk or a socket.

use crate::clock::Timestamp;
use crate::engine::allowance::Allowance;
use crate::engine::api::Refusal;
use crate::engine::chores::Chores;
use crate::engine::flight::Flight;
use crate::engine::forecast;
use crate::engine::held::{Held, Phase};
use crate::engine::plan::{self, Salt};
use crate::engine::queue::Queue;
use crate::engine::settings::CoreSettings;
use crate::engine::step::{Answer, CallerId, Effect, FlightId, Input};
use crate::engine::waiting::Waiters;
use crate::model::chore::ChoreView;
use crate::model::credential::{CredentialId, CredentialView, Generation, Profile, Standing};
use crate::model::event::{Activity, Happening};
use crate::model::health::HealthKind;
use crate::model::name::CredentialName;
use crate::model::operation::OperationId;
use crate::model::policy::Policy;
use crate::vault::store::Spending;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The pure core. Everything it knows came in through [`Core::step`].
#[derive(Debug)]
pub struct Core {
    pub(in crate::engine) settings: CoreSettings,
    pub(in crate::engine) held: BTreeMap<CredentialId, Held>,
    pub(in crate::engine) names: BTreeMap<CredentialName, CredentialId>,
    pub(in crate::engine) queue: Queue,
    pub(in crate::engine) alarms: BTreeSet<(Timestamp, CredentialId)>,
    pub(in crate::engine) flights: BTreeMap<FlightId, Flight>,
    /// Flights whose tokens are in hand and could not be written, by when it is tried again.
    pub(in crate::engine) unsaved: BTreeSet<(Timestamp, FlightId)>,
    pub(in crate::engine) waiters: Waiters,
    /// What was asked about credentials that may not have been loaded yet.
    pub(in crate::engine) parked: Vec<Input>,
    pub(in crate::engine) is_loading: bool,
    /// Credentials of the vault that could not be opened.
    pub(in crate::engine) unreadable: u64,
    /// Open entries of the journal whose credential was not loaded yet.
    pub(in crate::engine) open: BTreeMap<CredentialId, Spending>,
    /// Profiles that differ from the vault's, and when they are written.
    pub(in crate::engine) dirty: BTreeSet<CredentialId>,
    pub(in crate::engine) flush_at: Option<Timestamp>,
    /// Credentials whose last attempt failed for a passing reason.
    pub(in crate::engine) failing: BTreeSet<(crate::engine::queue::HostId, CredentialId)>,
    pub(in crate::engine) revoking: usize,
    pub(in crate::engine) is_leaving: bool,
    pub(in crate::engine) totals: Totals,
    pub(in crate::engine) now: Timestamp,
    pub(in crate::engine) out: Vec<Effect>,
    /// What the fact that is being taken in belongs to.
    pub(in crate::engine) operation: Option<OperationId>,
    /// Callers whose questions are parts of one: everything that is revoked at once.
    pub(in crate::engine) tied: BTreeMap<CallerId, OperationId>,
    pub(in crate::engine) allowance: Allowance,
    pub(in crate::engine) chores: Chores,
    next_flight: u64,
}

/// What was done since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Refreshes that succeeded.
    pub refreshed: u64,
    /// Refreshes that failed.
    pub failed: u64,
}

impl Core {
    /// A core that knows no credential yet.
    pub fn new(settings: CoreSettings) -> Self {
        let queue = Queue::new(
            settings.limits.in_flight,
            settings.limits.in_flight_per_host,
        );
        let chores = Chores::new(&settings);
        Self {
            settings,
            chores,
            held: BTreeMap::new(),
            names: BTreeMap::new(),
            queue,
            alarms: BTreeSet::new(),
            flights: BTreeMap::new(),
            unsaved: BTreeSet::new(),
            waiters: Waiters::default(),
            parked: Vec::new(),
            is_loading: true,
            unreadable: 0,
            open: BTreeMap::new(),
            dirty: BTreeSet::new(),
            flush_at: None,
            failing: BTreeSet::new(),
            revoking: 0,
            is_leaving: false,
            totals: Totals::default(),
            now: Timestamp::default(),
            out: Vec::new(),
            next_flight: 0,
            operation: None,
            tied: BTreeMap::new(),
            allowance: Allowance::default(),
        }
    }

    /// Takes one fact in and says what shall be done about it, in this order.
    pub fn step(&mut self, input: Input, now: Timestamp) -> Vec<Effect> {
        self.now = now;
        self.tie(&input);
        self.operation = self.operation_of(&input);
        self.take(input);
        self.queue.wake(now);
        self.ring();
        self.save_again();
        self.take_off();
        self.dismiss_late_callers();
        self.keep_up();
        self.flush_when_due();
        std::mem::take(&mut self.out)
    }

    pub(in crate::engine) fn take(&mut self, input: Input) {
        match input {
            Input::FoundOpen(spendings) => self.found_open(spendings),
            Input::Loaded { profiles, total } => self.loaded(profiles, total),
            Input::LoadEnded { unreadable } => self.load_ended(unreadable),
            Input::TokenAsked { .. }
            | Input::RefreshAsked { .. }
            | Input::RevokeAsked { .. }
            | Input::RemoveAsked { .. }
            | Input::ScopesNeeded { .. }
            | Input::NarrowAsked { .. }
            | Input::RenameAsked { .. } => self.asked(input),
            Input::FoundDead { id, generation } => self.found_dead(id, generation),
            Input::Spent { flight, outcome } => self.spent(flight, outcome),
            Input::Granted {
                flight,
                grant,
                took,
            } => self.granted(flight, grant, took),
            Input::Refused {
                flight,
                failure,
                took,
            } => self.refused(flight, failure, took),
            Input::Rotated { flight, outcome } => self.rotated(flight, outcome),
            Input::ProfileNotWritten { id } => self.mark_dirty(id),
            Input::RevokeEnded {
                id,
                generation,
                outcome,
            } => self.revoke_ended(id, generation, outcome),
            Input::RemoveEnded {
                caller,
                id,
                outcome,
            } => self.remove_ended(caller, id, outcome),
            Input::SignInBegun { provider } => self.sign_in_begun(&provider),
            Input::SetAside { id, to } => self.set_aside(id, to),
            Input::SignedIn {
                id,
                generation,
                profile,
                begun,
            } => self.signed_in(id, generation, *profile, begun),
            Input::Arrived {
                id,
                generation,
                profile,
            } => self.arrived(id, generation, *profile),
            Input::Used { uses } => self.used(uses),
            Input::ClockJumped { by_ms } => self.clock_jumped(by_ms),
            Input::ChoreEnded { chore, ended } => self.chore_ended(chore, ended),
            Input::LogGrew => self.log_grew(),
            Input::SettingsChanged { settings } => self.settings_changed(*settings),
            Input::Woke => {}
            Input::Leaving => self.leave(),
        }
    }

    /// When the core has to be woken, if nothing else happens before.
    pub fn next_wake(&self) -> Option<Timestamp> {
        let pauses = match self.queue.waiting() {
            0 => None,
            _ => self.queue.next_wake(),
        };
        [
            self.alarms.first().map(|(at, _)| *at),
            self.unsaved.first().map(|(at, _)| *at),
            self.waiters.next_limit(),
            pauses,
            self.flush_at,
            self.chores.upkeep.next_wake().filter(|_| !self.is_leaving),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// One credential as everybody sees it.
    pub fn view(&self, id: CredentialId, now: Timestamp) -> Option<CredentialView> {
        let held = self.held.get(&id)?;
        let pause = self.queue.paused_until(held.host);
        Some(CredentialView {
            id,
            generation: held.generation,
            profile: Arc::clone(&held.profile),
            health: held.health(pause, now),
            refresh_at: held.refresh_at(now),
            forecast: forecast::forecast(&held.profile, &self.settings.warning),
        })
    }

    /// All credentials, by name.
    pub fn list(&self, now: Timestamp) -> Vec<CredentialView> {
        self.names
            .values()
            .filter_map(|id| self.view(*id, now))
            .collect()
    }

    /// The number of a credential.
    pub fn find(&self, name: &CredentialName) -> Option<CredentialId> {
        self.names.get(name).copied()
    }

    /// What the credential of that number is called.
    pub fn name_of(&self, id: CredentialId) -> Option<CredentialName> {
        self.held.get(&id).map(|held| held.profile.name.clone())
    }

    /// The profile of a credential.
    pub fn profile(&self, name: &CredentialName) -> Option<&Arc<Profile>> {
        Some(&self.held.get(self.names.get(name)?)?.profile)
    }

    /// How many credentials there are.
    pub fn count(&self) -> usize {
        self.held.len()
    }

    /// The credentials whose access tokens should live, with their generations.
    pub fn living(&self) -> Vec<(CredentialId, Generation)> {
        let held = self.held.values();
        held.filter(|held| held.profile.standing == Standing::Active && !held.is_expired(self.now))
            .map(|held| (held.id, held.generation))
            .collect()
    }

    /// How many credentials are in each health, the most urgent first, without the empty ones.
    pub fn healths(&self, now: Timestamp) -> Vec<(HealthKind, u64)> {
        let mut counts = BTreeMap::new();
        for held in self.held.values() {
            let pause = self.queue.paused_until(held.host);
            *counts.entry(held.health(pause, now).kind()).or_default() += 1;
        }
        counts.into_iter().collect()
    }

    /// How many credentials each provider has.
    pub fn by_provider(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for name in self.names.keys() {
            *counts.entry(name.provider().to_owned()).or_default() += 1;
        }
        counts
    }

    /// The next refresh that is planned.
    pub fn next_refresh(&self, now: Timestamp) -> Option<Timestamp> {
        self.held
            .values()
            .filter_map(|held| held.refresh_at(now))
            .min()
    }

    /// When the first access token in use expires.
    pub fn soonest_expiry(&self) -> Option<Timestamp> {
        let held = self.held.values();
        held.filter_map(|held| held.profile.usable_until()).min()
    }

    /// Refreshes under way, and refreshes that wait for a place.
    pub fn load(&self) -> (usize, usize) {
        (self.queue.in_flight(), self.queue.waiting())
    }

    /// Its recurring work.
    pub fn chores(&self) -> Vec<ChoreView> {
        self.chores.upkeep.views()
    }

    /// What was done since the start.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Whether nothing is under way that a leaving engine has to wait for.
    pub fn is_quiet(&self) -> bool {
        self.flights.is_empty() && self.revoking == 0
    }

    /// Whether everything that is under way waits for a vault that cannot be written.
    pub fn is_stuck(&self) -> bool {
        self.revoking == 0
            && !self.flights.is_empty()
            && self.flights.values().all(|it| it.stage.is_in_hand())
    }

    /// How many credentials of the vault could not be opened.
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// Whose new tokens are in hand and not on disk yet: they are being written, or wait to be written again.
    pub fn unsaved(&self) -> Vec<CredentialName> {
        let in_hand = self
            .flights
            .iter()
            .filter(|(flight, it)| it.stage.is_in_hand() && self.is_wanted(**flight));
        let held = in_hand.filter_map(|(_, it)| self.held.get(&it.id));
        held.map(|held| held.profile.name.clone()).collect()
    }

    pub(in crate::engine) fn new_flight(&mut self) -> FlightId {
        self.next_flight += 1;
        FlightId(self.next_flight)
    }

    pub(in crate::engine) fn policy_of(&self, profile: &Profile) -> Policy {
        policy_under(&self.settings, profile)
    }

    pub(in crate::engine) fn salt(&self, held: &Held) -> Salt {
        Salt {
            id: held.id,
            generation: held.generation,
            seed: self.settings.seed,
        }
    }

    /// Plans the next refresh anew.
    pub(in crate::engine) fn plan(&mut self, id: CredentialId) {
        let Some(held) = self.held.get(&id) else {
            return;
        };
        let (salt, policy) = (self.salt(held), self.policy_of(&held.profile));
        let planned = plan::planned(&held.profile, &policy, salt);
        let planned = if plan::is_from_the_future(&held.profile, self.now) {
            // Issued under another clock: nobody knows how much of its life is left.
            planned.map(|_| self.now.plus(plan::spread(self.settings.spread, salt)))
        } else {
            planned
        };
        if let Some(held) = self.held.get_mut(&id) {
            held.planned = planned;
        }
    }

    /// Sets a credential's alarm for what comes next, and tells everyone when its health has turned.
    pub(in crate::engine) fn settle(&mut self, id: CredentialId) {
        self.plan_retelling(id);
        self.plan_foretelling(id);
        let Some(held) = self.held.get_mut(&id) else {
            return;
        };
        let alarm = match held.phase {
            Phase::Resting => earlier(held.refresh_at(self.now), held.next_turn(self.now)),
            Phase::Queued(_) | Phase::Revoking => held.next_turn(self.now),
            Phase::Flying(_) => None,
        };
        if held.alarm != alarm {
            if let Some(old) = held.alarm {
                self.alarms.remove(&(old, id));
            }
            if let Some(new) = alarm {
                self.alarms.insert((new, id));
            }
            held.alarm = alarm;
        }
        let pause = self.queue.paused_until(held.host);
        let kind = held.health(pause, self.now).kind();
        if held.told != Some(kind) {
            held.told = Some(kind);
            self.out.push(Effect::Changed(id));
        }
    }

    /// Settles, and tells everyone even when the health is the same.
    pub(in crate::engine) fn settle_and_tell(&mut self, id: CredentialId) {
        if let Some(held) = self.held.get_mut(&id) {
            held.told = None;
        }
        self.settle(id);
    }

    pub(in crate::engine) fn answer(&mut self, caller: CallerId, answer: Answer) {
        self.tied.remove(&caller);
        self.out.push(Effect::Answer {
            caller,
            answer,
            operation: self.operation,
        });
    }

    pub(in crate::engine) fn refuse(&mut self, caller: CallerId, refusal: Refusal) {
        self.answer(caller, Answer::Refused(refusal));
    }

    pub(in crate::engine) fn happened(&mut self, name: Option<CredentialName>, what: Happening) {
        let activity = Activity::new(self.now, name, what).within(self.operation);
        self.out.push(Effect::Happened(activity));
    }
}

/// The policy of a credential under these settings.
pub(in crate::engine) fn policy_under(settings: &CoreSettings, profile: &Profile) -> Policy {
    let mut policy = settings.policy.clone();
    for key in [profile.name.provider(), profile.name.as_str()] {
        if let Some(over) = settings.overrides.get(key) {
            policy = policy.with(over);
        }
    }
    policy.with(&profile.policy)
}

/// The earlier of two moments that may not come.
pub(in crate::engine) fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
