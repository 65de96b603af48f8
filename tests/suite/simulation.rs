//! Ten thousand credentials over thirty days of virtual time against a provider that fails as providers do.

use crate::sample;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::time::Duration;
use tokenward::clock::Timestamp;
use tokenward::engine::api::{Refusal, RevokeOutcome};
use tokenward::engine::core::Core;
use tokenward::engine::settings::{CoreSettings, EngineSettings};
use tokenward::engine::step::{
    Answer, CallerId, Effect, Fingerprints, FlightId, Grant, Input, RotateOutcome, SpendOutcome,
};
use tokenward::model::chore::{Chore, Ended};
use tokenward::model::credential::{CredentialId, Generation, Profile, Standing};
use tokenward::model::failure::{Failure, FailureClass};
use tokenward::model::fingerprint::Fingerprint;
use tokenward::model::inquiry::Liveness;
use tokenward::model::name::CredentialName;
use tokenward::vault::store::StoredProfile;

const START: Timestamp = Timestamp::from_secs(1_800_000_000);
const DAYS: u64 = 30;
const HOSTS: usize = 12;
/// Tokens are looked at that often.
const CHECK: Duration = Duration::from_secs(20 * 60);
/// After an outage's end everything is fresh again within the longest pause, its spreading and the work itself.
const RECOVERY: Duration = Duration::from_secs(17 * 60);

/// Recurring work at once.
const UPKEEP_AT_ONCE: usize = 2;
/// Sampled checks of each credential: about six an hour in all.
const CHECKS_PER_HOUR: f64 = 0.0006;
/// The first backup.
const BACKUPS_AFTER: Duration = Duration::from_secs(20 * 60);

/// How many credentials live for how long (seconds; `None`: no expiry known).
const MIX: [(usize, Option<u64>); 8] = [
    (5, Some(600)),
    (10, Some(1800)),
    (40, Some(3600)),
    (400, Some(8 * 3600)),
    (2545, Some(24 * 3600)),
    (4500, Some(7 * 86_400)),
    (2000, Some(30 * 86_400)),
    (500, None),
];

/// Splitmix64: the same run each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % sides
    }
}

/// The provider's side of a credential: which refresh token is alive, and which were spent.
struct Family {
    host: usize,
    life: Option<u64>,
    live: u64,
    expires_at: Option<Timestamp>,
    /// When it was wished to be revoked.
    unwanted: Option<Timestamp>,
}

#[derive(Default)]
struct Host {
    outages: Vec<(Timestamp, Timestamp)>,
    in_flight: usize,
    most_in_flight: usize,
    /// The pause the host asked for: since when and until when.
    limited: Option<(Timestamp, Timestamp)>,
}

impl Host {
    fn outage(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let at = self.outages.partition_point(|(begin, _)| *begin <= now);
        let found = self.outages[..at].last().copied();
        found.filter(|(_, end)| now < end.plus(RECOVERY))
    }

    fn is_down(&self, now: Timestamp) -> bool {
        self.outage(now).is_some_and(|(_, end)| now < end)
    }
}

/// What comes later.
#[derive(Debug)]
enum Later {
    Fact(Box<Input>),
    /// A request arrives at the provider and is answered at once; the answer travels on.
    Arrives(FlightId),
    /// A request to revoke arrives.
    Told(CredentialId, Generation),
    ChoreEnds(Chore, Ended),
    Check,
}

struct World {
    core: Core,
    dice: Dice,
    hosts: Vec<Host>,
    families: HashMap<CredentialId, Family>,
    /// Whose flight it is, and the refresh token it spends.
    sent: BTreeMap<FlightId, (CredentialId, u64)>,
    later: BinaryHeap<Reverse<(Timestamp, u64)>>,
    facts: HashMap<u64, Later>,
    serial: u64,
    now: Timestamp,
    /// When the core was last woken because it had asked for it.
    woken: Timestamp,
    chores: BTreeMap<Chore, UnderWay>,
    tally: Tally,
}

/// Recurring work of one kind: when it was begun, and whether it runs.
#[derive(Default)]
struct UnderWay {
    is_running: bool,
    times: Vec<Timestamp>,
}

#[derive(Debug, Default)]
struct Tally {
    refreshed: u64,
    failed: u64,
    reused: u64,
    stale: u64,
    checked: u64,
    limited: u64,
    impolite: u64,
    needs_login: u64,
    revoked: u64,
}

fn profile(index: usize, life: Option<u64>, host: usize, age: u64) -> Profile {
    let issued_at = START.minus(Duration::from_secs(age));
    let name = CredentialName::new(&format!("host{host}"), &format!("a{index}")).unwrap();
    Profile {
        has_refresh_token: life.is_some() || index.is_multiple_of(2),
        renews_itself: false,
        bound_to: None,
        resources: Vec::new(),
        kept: BTreeMap::new(),
        restored: None,
        provenance: None,
        wanted_scopes: Vec::new(),
        expires_at: life.map(|life| issued_at.plus(Duration::from_secs(life))),
        ..sample::profile(name, issued_at)
    }
}

/// Outages of three minutes to five hours, about two a week for each host.
fn outages(dice: &mut Dice) -> Vec<(Timestamp, Timestamp)> {
    let mut outages = Vec::new();
    let mut at = START;
    let end = START.plus(Duration::from_secs(DAYS * 86_400));
    loop {
        at = at.plus(Duration::from_secs(3600 + dice.roll(6 * 86_400)));
        if at >= end {
            return outages;
        }
        let lasts = if dice.roll(4) == 0 { 5 * 3600 } else { 1800 };
        let over = at.plus(Duration::from_secs(180 + dice.roll(lasts)));
        outages.push((at, over));
        at = over;
    }
}

impl World {
    fn new() -> Self {
        let mut dice = Dice(42);
        let hosts = (0..HOSTS)
            .map(|_| Host {
                outages: outages(&mut dice),
                ..Host::default()
            })
            .collect();
        let mut settings = CoreSettings::new(&EngineSettings::default(), 99);
        settings.checks_per_hour = CHECKS_PER_HOUR;
        settings.backups_after = Some(BACKUPS_AFTER);
        settings.limits.upkeep_at_once = UPKEEP_AT_ONCE;
        Self {
            core: Core::new(settings),
            dice,
            hosts,
            families: HashMap::new(),
            sent: BTreeMap::new(),
            later: BinaryHeap::new(),
            facts: HashMap::new(),
            serial: 0,
            now: START,
            woken: START,
            chores: BTreeMap::new(),
            tally: Tally::default(),
        }
    }

    fn later(&mut self, after: Duration, what: Later) {
        self.serial += 1;
        self.later
            .push(Reverse((self.now.plus(after), self.serial)));
        self.facts.insert(self.serial, what);
    }

    fn populate(&mut self) {
        let mut profiles = Vec::new();
        for (count, life) in MIX {
            for _ in 0..count {
                let index = profiles.len();
                let (host, age) = (index % HOSTS, self.dice.roll(life.unwrap_or(1)));
                let profile = profile(index, life, host, age);
                let id = CredentialId(i64::try_from(index).unwrap());
                self.families.insert(
                    id,
                    Family {
                        host,
                        life,
                        live: 1,
                        expires_at: profile.expires_at,
                        unwanted: None,
                    },
                );
                profiles.push(StoredProfile {
                    id,
                    generation: Generation(1),
                    profile,
                });
            }
        }
        let total = profiles.len() as u64;
        self.step(Input::Loaded { profiles, total });
        self.step(Input::LoadEnded { unreadable: 0 });
    }

    fn run(&mut self) {
        let end = START.plus(Duration::from_secs(DAYS * 86_400));
        self.later(CHECK, Later::Check);
        while self.now < end {
            let next = self.later.peek().map(|Reverse((at, _))| *at);
            let wake = self.core.next_wake();
            match (next, wake) {
                (Some(at), wake) if wake.is_none_or(|wake| at <= wake) => {
                    let Some(Reverse((_, serial))) = self.later.pop() else {
                        return;
                    };
                    self.now = self.now.max(at);
                    let what = self.facts.remove(&serial).unwrap();
                    self.happen(what);
                }
                (_, Some(wake)) => {
                    assert!(wake > self.woken, "the core does not come to rest");
                    self.woken = wake;
                    self.now = self.now.max(wake);
                    self.step(Input::Woke);
                }
                (_, None) => return,
            }
        }
    }

    fn happen(&mut self, what: Later) {
        match what {
            Later::Fact(input) => self.step(*input),
            Later::Arrives(flight) => self.arrive(flight),
            Later::Told(id, generation) => self.told(id, generation),
            Later::ChoreEnds(chore, ended) => {
                self.chores.entry(chore).or_default().is_running = false;
                self.step(Input::ChoreEnded { chore, ended });
            }
            Later::Check => {
                self.check();
                self.wish();
                self.later(CHECK, Later::Check);
            }
        }
    }

    fn step(&mut self, input: Input) {
        for effect in self.core.step(input, self.now) {
            self.perform(effect);
        }
    }

    fn perform(&mut self, effect: Effect) {
        let disk = Duration::from_millis(2);
        match effect {
            Effect::Spend { flight, spending } => {
                let family = &self.families[&spending.id];
                assert_eq!(family.unwanted, None, "what is to be revoked is refreshed");
                self.sent
                    .insert(flight, (spending.id, spending.generation.0));
                let outcome = SpendOutcome::Written {
                    previous_until: None,
                };
                self.later(
                    disk,
                    Later::Fact(Box::new(Input::Spent { flight, outcome })),
                );
            }
            Effect::Send { flight, .. } => {
                let (id, _) = self.sent[&flight];
                let host = &mut self.hosts[self.families[&id].host];
                host.in_flight += 1;
                host.most_in_flight = host.most_in_flight.max(host.in_flight);
                // What was journalled when the pause came is on its way already.
                let is_polite = host
                    .limited
                    .is_none_or(|(since, until)| self.now <= since.plus(disk) || self.now >= until);
                self.tally.impolite += u64::from(!is_polite);
                let travel = Duration::from_millis(20 + self.dice.roll(400));
                self.later(travel, Later::Arrives(flight));
            }
            Effect::Rotate { flight, .. } => {
                let outcome = RotateOutcome::Written(Fingerprints {
                    access: Fingerprint(0),
                    refresh: Some(Fingerprint(1)),
                });
                self.later(
                    disk,
                    Later::Fact(Box::new(Input::Rotated { flight, outcome })),
                );
            }
            Effect::Revoke { id, generation } => {
                let travel = Duration::from_millis(20 + self.dice.roll(400));
                self.later(travel, Later::Told(id, generation));
            }
            Effect::Answer {
                answer: Answer::Token(id),
                ..
            } => {
                let unwanted = self.families[&id].unwanted;
                assert_eq!(unwanted, None, "what is to be revoked is handed out");
            }
            Effect::Landed { .. } => self.tally.refreshed += 1,
            Effect::FailSpending { .. } => self.tally.failed += 1,
            Effect::Drop(_)
            | Effect::WriteProfile { .. }
            | Effect::Remove { .. }
            | Effect::Withdraw(_)
            | Effect::Answer { .. }
            | Effect::Changed(_)
            | Effect::Gone(_)
            | Effect::Progress { .. }
            | Effect::Happened(_)
            | Effect::Exceeded { .. } => {}
            Effect::Chore(chore) => self.keep_up(chore),
        }
    }

    /// Recurring work takes a while; every fourth backup fails.
    fn keep_up(&mut self, chore: Chore) {
        let under_way = self.chores.entry(chore).or_default();
        assert!(!under_way.is_running, "{chore:?} twice at once");
        under_way.is_running = true;
        under_way.times.push(self.now);
        let running = self.chores.values().filter(|it| it.is_running).count();
        assert!(running <= UPKEEP_AT_ONCE, "{running} at once");
        let ended = match chore {
            Chore::Backup if self.dice.roll(4) == 0 => Ended::Failed {
                why: "the disk is full".to_owned(),
            },
            Chore::Revocations
            | Chore::Forecast
            | Chore::Alerts
            | Chore::Uses
            | Chore::Pruning
            | Chore::Checks
            | Chore::Backup
            | Chore::Grants => Ended::Done { count: 1 },
        };
        let takes = Duration::from_millis(1 + self.dice.roll(20_000));
        self.later(takes, Later::ChoreEnds(chore, ended));
    }

    /// The provider gets a request: single use, so a token that was spent before revokes the family.
    fn arrive(&mut self, flight: FlightId) {
        let (id, token) = self.sent.remove(&flight).unwrap();
        let family = self.families.get_mut(&id).unwrap();
        let host = &mut self.hosts[family.host];
        host.in_flight -= 1;
        let trouble = if host.is_down(self.now) {
            Some(match self.dice.roll(3) {
                0 => ("network", None, true),
                1 => ("http_503", None, false),
                _ => ("http_503", Some(30 + self.dice.roll(90)), false),
            })
        } else {
            match self.dice.roll(1000) {
                0..=4 => Some(("http_500", None, false)),
                5..=6 => Some(("http_429", Some(20 + self.dice.roll(60)), false)),
                _ => None,
            }
        };
        let took = Duration::from_millis(100);
        if let Some((code, retry_after, unsent)) = trouble {
            if let Some(secs) = retry_after {
                self.tally.limited += 1;
                let until = self.now.plus(Duration::from_secs(secs));
                let longer = host.limited.is_none_or(|(_, end)| end < until);
                if longer {
                    let since = host.limited.filter(|(_, end)| *end > self.now);
                    let since = since.map_or(self.now, |(since, _)| since);
                    host.limited = Some((since, until));
                }
            }
            let failure = failure(code, retry_after, unsent);
            self.step(Input::Refused {
                flight,
                failure,
                took,
            });
            return;
        }
        if family.live != token {
            self.tally.reused += 1;
        }
        family.live = token + 1;
        let expires_in = family.life.map(Duration::from_secs);
        family.expires_at = expires_in.map(|life| self.now.plus(life));
        let grant = Grant {
            expires_in,
            refresh_expires_in: None,
            token_type: "Bearer".to_owned(),
            scopes: None,
            claims: None,
            kept: BTreeMap::new(),
            rotated: true,
        };
        self.step(Input::Granted {
            flight,
            grant,
            took,
        });
    }

    /// Somebody wants a credential revoked, most often while its provider is away, and a program asks for its token.
    fn wish(&mut self) {
        let id = CredentialId(i64::try_from(self.dice.roll(10_000)).unwrap());
        let name = self.core.view(id, self.now).unwrap().profile.name.clone();
        let family = self.families.get_mut(&id).unwrap();
        let is_away = self.hosts[family.host].is_down(self.now);
        if family.unwanted.is_some() || !(is_away || self.dice.roll(20) == 0) {
            return;
        }
        family.unwanted = Some(self.now);
        let caller = CallerId(self.serial);
        self.step(Input::RevokeAsked {
            caller,
            name: name.clone(),
            within: None,
        });
        let (min_ttl, timeout) = (Duration::ZERO, Duration::from_secs(30));
        self.step(Input::TokenAsked {
            caller,
            name,
            min_ttl,
            timeout,
        });
    }

    /// The provider is told, or cannot be.
    fn told(&mut self, id: CredentialId, generation: Generation) {
        let is_down = self.hosts[self.families[&id].host].is_down(self.now);
        let outcome = if is_down {
            let failure = failure("http_503", None, false);
            Err(Refusal::Failed { failure })
        } else {
            self.tally.revoked += 1;
            let proof = Liveness::Dead;
            Ok(RevokeOutcome::Confirmed { proof })
        };
        self.step(Input::RevokeEnded {
            id,
            generation,
            outcome,
        });
    }

    /// What was wished to be revoked is, as soon as its provider could be told.
    fn check_wishes(&self) {
        for (id, family) in &self.families {
            let Some(since) = family.unwanted else {
                continue;
            };
            let view = self.core.view(*id, self.now).unwrap();
            let was_told = matches!(view.profile.standing, Standing::Revoked { .. });
            let may_wait = self.hosts[family.host].outage(self.now).is_some()
                || self.now.since(since) < RECOVERY;
            assert!(was_told || may_wait, "{view:?}");
            assert!(view.profile.standing.is_revoked(), "{view:?}");
        }
    }

    /// Every token whose provider could be reached is alive.
    fn check(&mut self) {
        let reachable: Vec<bool> = self
            .hosts
            .iter()
            .map(|host| host.outage(self.now).is_none())
            .collect();
        for (id, family) in &self.families {
            if !reachable[family.host] || family.unwanted.is_some() {
                continue;
            }
            self.tally.checked += 1;
            if family.expires_at.is_some_and(|end| end <= self.now) {
                self.tally.stale += 1;
                let view = self.core.view(*id, self.now).unwrap();
                assert!(self.tally.stale < 5, "{} {view:?}", self.now);
            }
        }
    }
}

fn failure(code: &str, retry_after_secs: Option<u64>, unsent: bool) -> Failure {
    Failure {
        retry_after_secs: retry_after_secs.and_then(|secs| secs.try_into().ok()),
        unsent,
        ..Failure::new(FailureClass::Transient, code, "", "")
    }
}

/// The longest and the mean time from one beginning to the next, in seconds.
fn rhythm(times: &[Timestamp]) -> (u64, u64) {
    let pauses = times.windows(2).map(|two| two[1].since(two[0]).as_secs());
    let pauses: Vec<u64> = pauses.collect();
    let sum: u64 = pauses.iter().sum();
    (
        pauses.iter().copied().max().unwrap(),
        sum / pauses.len() as u64,
    )
}

/// Each kind of recurring work has its rhythm, though two of them at once are all there may be.
fn check_chores(chores: &BTreeMap<Chore, UnderWay>) {
    let of = |chore: Chore| rhythm(&chores[&chore].times);
    let (longest, mean) = of(Chore::Uses);
    assert!(
        (60..150).contains(&longest) && mean < 90,
        "uses: {longest} {mean}"
    );
    let (longest, mean) = of(Chore::Pruning);
    assert!(
        (600..700).contains(&longest) && mean >= 600,
        "pruning: {longest} {mean}"
    );
    // An hour after one that was made; sooner after one that failed.
    let (longest, mean) = of(Chore::Backup);
    assert!(
        (3600..3700).contains(&longest) && mean < 3200,
        "backups: {longest} {mean}"
    );
    assert_eq!(chores[&Chore::Backup].times[0].since(START), BACKUPS_AFTER);
    let (_, mean) = of(Chore::Checks);
    assert!((540..660).contains(&mean), "checks: {mean}");
}

#[test]
fn ten_thousand_credentials_stay_fresh_for_thirty_days_whenever_their_provider_can_be_reached() {
    let begun = std::time::Instant::now();
    let mut world = World::new();
    world.populate();
    world.run();
    world.check_wishes();
    let tally = &mut world.tally;
    for view in world.core.list(world.now) {
        if view.profile.standing != Standing::Active && !view.profile.standing.is_revoked() {
            tally.needs_login += 1;
        }
    }
    println!("{tally:?} in {:?}", begun.elapsed());
    assert_eq!(tally.stale, 0, "a token died though its provider was there");
    assert_eq!(tally.reused, 0, "a refresh token was spent twice");
    assert_eq!(tally.needs_login, 0, "a passing failure cost a login");
    assert_eq!(
        tally.impolite, 0,
        "a host was called though it had asked for a pause"
    );
    check_chores(&world.chores);
    assert!(tally.refreshed > 150_000 && tally.failed > 1000 && tally.limited > 100);
    assert!(tally.checked > 5_000_000);
    assert!(tally.revoked > 50, "{}", tally.revoked);
    for host in &world.hosts {
        assert!(!host.outages.is_empty());
        assert!(host.most_in_flight <= 8, "{} at once", host.most_in_flight);
    }
    assert!(world.hosts.iter().any(|host| host.most_in_flight == 8));
}
