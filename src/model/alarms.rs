//! Watches the lines of the activity log go by, in their order and in bounded memory, and raises alerts.

use crate::clock::Timestamp;
use crate::model::alert::{Alert, AlertKind, Thresholds};
use crate::model::calendar::{Place, date};
use crate::model::event::{Activity, Happening};
use crate::model::grant::GrantName;
use crate::model::grant_event::GrantEvent;
use crate::model::inquiry::Liveness;
use crate::model::name::CredentialName;
use crate::model::program::Program;
use std::collections::{HashMap, HashSet, VecDeque};

/// Credentials, addresses or programs that are watched at the most; what comes beyond is not.
const MOST: usize = 10_000;
/// Alerts that are kept, the newest ones.
const MOST_ALERTS: usize = 1000;
/// So many days have to be known of a credential before it counts what is usual for it, and of the log before a program
/// is new.
const KNOWN_DAYS: i64 = 7;

/// What is watched.
#[derive(Debug, Clone)]
pub struct Alarms {
    thresholds: Thresholds,
    since: Option<Timestamp>,
    found: VecDeque<Alert>,
    credentials: HashMap<CredentialName, Busy>,
    addresses: HashMap<String, Span>,
    limits: HashMap<String, Span>,
    passphrases: Span,
    programs: HashSet<String>,
    first_day: Option<i64>,
    /// The last day with a hand-out at each hour of the day.
    handed_out: [Option<i64>; 24],
}

/// How many there were in one day or hour.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    slot: i64,
    count: u64,
    newest: Timestamp,
}

/// The day of a credential, and what its days before were like.
#[derive(Debug, Clone)]
struct Busy {
    today: Span,
    first_day: i64,
    before: u64,
}

impl Span {
    /// Counts; gives what there was in the slot before when another one has begun.
    fn add(&mut self, slot: i64, by: u64, at: Timestamp) -> Option<Self> {
        let ended = (self.slot != slot && self.count > 0).then_some(*self);
        if self.slot != slot {
            *self = Self {
                slot,
                count: 0,
                newest: at,
            };
        }
        self.count += by;
        self.newest = self.newest.max(at);
        ended
    }
}

impl Alarms {
    /// Watches for what exceeds these; what is older than `since` only tells what is usual.
    pub fn new(thresholds: Thresholds, since: Option<Timestamp>) -> Self {
        Self {
            thresholds,
            since,
            found: VecDeque::new(),
            credentials: HashMap::new(),
            addresses: HashMap::new(),
            limits: HashMap::new(),
            passphrases: Span::default(),
            programs: HashSet::new(),
            first_day: None,
            handed_out: [None; 24],
        }
    }

    /// Takes the next line.
    pub fn take(&mut self, activity: &Activity, place: Place) {
        self.first_day = self.first_day.or(Some(place.day));
        if let Some(name) = &activity.name
            && !is_as_planned(&activity.what)
        {
            self.credential(name, place, activity.at);
        }
        if let Some(program) = activity.by.as_deref() {
            self.program(program, activity, place);
            self.address(program, activity, place);
        }
        match &activity.what {
            Happening::HandedOut { .. } => self.hand_out(activity, place),
            Happening::LimitExceeded { .. } => self.limit(activity, place),
            Happening::Grant {
                grant,
                what: GrantEvent::Replayed { .. },
            } => self.replayed(grant, activity),
            Happening::WrongPassphrase { count, .. } => {
                let ended = self.passphrases.add(place.day, *count, activity.at);
                self.judge_passphrases(ended);
            }
            _ => {}
        }
    }

    /// Judges the days and hours that have not ended yet, and gives all that was found, the newest first.
    pub fn finish(mut self, failures: Option<Alert>) -> Vec<Alert> {
        for (name, busy) in std::mem::take(&mut self.credentials) {
            self.judge_credential(&name, &busy, busy.today);
        }
        for (address, span) in std::mem::take(&mut self.addresses) {
            self.judge_address(&address, Some(span));
        }
        for (program, span) in std::mem::take(&mut self.limits) {
            self.judge_limits(&program, Some(span));
        }
        self.judge_passphrases(Some(self.passphrases));
        self.found.extend(failures);
        let mut found = Vec::from(self.found);
        found.sort_by(|a, b| (b.at, a.kind, &a.text).cmp(&(a.at, b.kind, &b.text)));
        found
    }

    fn raise(&mut self, alert: Alert) {
        if self.since.is_some_and(|since| alert.at < since) {
            return;
        }
        if self.found.len() == MOST_ALERTS {
            self.found.pop_front();
        }
        self.found.push_back(alert);
    }

    fn credential(&mut self, name: &CredentialName, place: Place, at: Timestamp) {
        if !self.credentials.contains_key(name) {
            if self.credentials.len() == MOST {
                return;
            }
            let busy = Busy {
                today: Span::default(),
                first_day: place.day,
                before: 0,
            };
            self.credentials.insert(name.clone(), busy);
        }
        let Some(mut busy) = self.credentials.remove(name) else {
            return;
        };
        if let Some(ended) = busy.today.add(place.day, 1, at) {
            self.judge_credential(name, &busy, ended);
            busy.before += ended.count;
        }
        self.credentials.insert(name.clone(), busy);
    }

    fn judge_credential(&mut self, name: &CredentialName, busy: &Busy, span: Span) {
        let most = self.thresholds.credential_a_day;
        let known = span.slot - busy.first_day;
        let usual = u64::try_from(known).ok().filter(|days| *days > 0);
        let usual = usual.map_or(0, |days| busy.before / days);
        if most == 0 || span.count <= most || (known >= KNOWN_DAYS && span.count <= 2 * usual) {
            return;
        }
        let day = date(span.slot);
        let usually = if known >= KNOWN_DAYS {
            format!("; usually it has {usual}")
        } else {
            String::new()
        };
        let count = span.count;
        self.raise(Alert {
            at: span.newest,
            kind: AlertKind::BusyCredential,
            credential: Some(name.clone()),
            program: None,
            count,
            text: format!("{name} had {count} events on {day}{usually}."),
            command: format!(
                "tokenward audit list --credential {} --since {day} --until {}",
                quoted(name.as_str()),
                date(span.slot + 1)
            ),
        });
    }

    fn address(&mut self, program: &Program, activity: &Activity, place: Place) {
        let Some(address) = program.address.as_deref().map(host) else {
            return;
        };
        let by = match activity.what {
            Happening::HandedOut { count, .. } => count,
            _ => 1,
        };
        let hour = place.clock_hour();
        if let Some(span) = slot_of(&mut self.addresses, address) {
            let ended = span.add(hour, by, activity.at);
            self.judge_address(address, ended);
        }
    }

    fn judge_address(&mut self, address: &str, span: Option<Span>) {
        let most = self.thresholds.address_an_hour;
        let Some(span) = span.filter(|span| most > 0 && span.count > most) else {
            return;
        };
        let (day, hour) = (span.slot.div_euclid(24), span.slot.rem_euclid(24));
        self.raise(Alert {
            at: span.newest,
            kind: AlertKind::BusyAddress,
            credential: None,
            program: Some(address.to_owned()),
            count: span.count,
            text: format!(
                "{address} asked {} times on {} between {hour}:00 and {}:00.",
                span.count,
                date(day),
                hour + 1
            ),
            command: "tokenward audit list --kind handed_out".to_owned(),
        });
    }

    fn limit(&mut self, activity: &Activity, place: Place) {
        let program = activity
            .by
            .as_deref()
            .map_or("somebody unknown", Program::name);
        if let Some(span) = slot_of(&mut self.limits, program) {
            let ended = span.add(place.day, 1, activity.at);
            self.judge_limits(program, ended);
        }
    }

    fn judge_limits(&mut self, program: &str, span: Option<Span>) {
        let most = self.thresholds.limits_a_day;
        let Some(span) = span.filter(|span| most > 0 && span.count > most) else {
            return;
        };
        self.raise(Alert {
            at: span.newest,
            kind: AlertKind::LimitViolations,
            credential: None,
            program: Some(program.to_owned()),
            count: span.count,
            text: format!(
                "{program} exceeded a limit {} times on {}.",
                span.count,
                date(span.slot)
            ),
            command: format!(
                "tokenward audit list --kind limit_exceeded --since {}",
                date(span.slot)
            ),
        });
    }

    fn judge_passphrases(&mut self, span: Option<Span>) {
        let most = self.thresholds.passphrases_a_day;
        let Some(span) = span.filter(|span| most > 0 && span.count > most) else {
            return;
        };
        self.raise(Alert {
            at: span.newest,
            kind: AlertKind::WrongPassphrases,
            credential: None,
            program: None,
            count: span.count,
            text: format!(
                "{} wrong passphrases were told on {}.",
                span.count,
                date(span.slot)
            ),
            command: "tokenward audit list --kind wrong_passphrase".to_owned(),
        });
    }

    /// No threshold: once is enough.
    fn replayed(&mut self, grant: &GrantName, activity: &Activity) {
        let by = doer(activity);
        self.raise(Alert {
            at: activity.at,
            kind: AlertKind::ReplayedToken,
            credential: None,
            program: Some(by.to_owned()),
            count: 1,
            text: format!(
                "{by} showed a refresh token of the grant {grant} that was used before: somebody has a copy. Its family was ended."
            ),
            command: format!("tokenward grant show {grant}"),
        });
    }

    fn program(&mut self, program: &Program, activity: &Activity, place: Place) {
        let name = program.name();
        if self.programs.len() == MOST
            || self.programs.contains(name)
            || !self.programs.insert(name.to_owned())
            || !self.thresholds.new_programs
            || !self.is_known_for(KNOWN_DAYS, place)
        {
            return;
        }
        let about = activity
            .name
            .as_ref()
            .map_or_else(String::new, |name| format!(", about {name}"));
        self.raise(Alert {
            at: activity.at,
            kind: AlertKind::NewProgram,
            credential: activity.name.clone(),
            program: Some(name.to_owned()),
            count: 1,
            text: format!(
                "{name} asked for the first time ({}){about}.",
                activity.what.kind().replace('_', " ")
            ),
            command: format!("tokenward audit list --program {}", quoted(name)),
        });
    }

    /// Whether the log goes back so many days: before, everything is new.
    fn is_known_for(&self, days: i64, place: Place) -> bool {
        let first = self.first_day;
        first.is_some_and(|first| place.day.saturating_sub(first) >= days)
    }

    fn hand_out(&mut self, activity: &Activity, place: Place) {
        let days = i64::try_from(self.thresholds.quiet_days).unwrap_or(i64::MAX);
        let last = &mut self.handed_out[usize::from(place.hour) % 24];
        let before = last.replace(place.day);
        let is_known = self.is_known_for(days, place);
        let was_quiet = before.is_none_or(|last| place.day.saturating_sub(last) > days);
        if days == 0 || !is_known || !was_quiet {
            return;
        }
        let whose = activity
            .name
            .as_ref()
            .map_or("a token", |name| name.as_str());
        let by = doer(activity);
        self.raise(Alert {
            at: activity.at,
            kind: AlertKind::QuietHour,
            credential: activity.name.clone(),
            program: activity.by.as_ref().map(|by| by.name().to_owned()),
            count: 1,
            text: format!(
                "{whose} was handed out to {by} on {} at {:02}:{:02}, an hour without any in the {days} days before.",
                date(place.day),
                place.hour,
                place.minute
            ),
            command: format!(
                "tokenward audit list --kind handed_out --since {}",
                date(place.day)
            ),
        });
    }
}

fn doer(activity: &Activity) -> &str {
    activity
        .by
        .as_deref()
        .map_or("somebody unknown", Program::name)
}

/// What the engine does by itself, and did as planned.
const fn is_as_planned(what: &Happening) -> bool {
    matches!(
        what,
        Happening::Refreshed { .. }
            | Happening::EndsSoon { .. }
            | Happening::Checked {
                liveness: Liveness::Alive
            }
    )
}

fn slot_of<'a>(spans: &'a mut HashMap<String, Span>, key: &str) -> Option<&'a mut Span> {
    if !spans.contains_key(key) {
        if spans.len() == MOST {
            return None;
        }
        spans.insert(key.to_owned(), Span::default());
    }
    spans.get_mut(key)
}

/// An address without its port.
fn host(address: &str) -> &str {
    address
        .parse::<std::net::SocketAddr>()
        .ok()
        .and_then(|_| address.rsplit_once(':'))
        .map_or(address, |(host, _)| host)
}

/// A word as a shell takes it.
pub fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-@+:%,".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
