//! Adds lines of the activity log up, one by one in their order, in bounded memory.

use crate::clock::Timestamp;
use crate::model::alarms::{Alarms, quoted};
use crate::model::alert::{Alert, AlertKind, Thresholds};
use crate::model::analysis::{Analysis, Counted, Rate, Tally, share};
use crate::model::calendar::{Calendar, date};
use crate::model::event::{Activity, Happening, Outcome};
use crate::model::program::Program;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, HashMap};

/// Different credentials or programs that are counted apart at the most.
const MOST: usize = 10_000;
/// Under what the others are counted together.
const OTHERS: &str = "(others)";
/// So many refreshes have to be tried before the share that failed says anything.
const FEW: u64 = 10;

/// What is tried, the kind of line that says it was done, the kind that says it was not.
const RATES: [(&str, &str, &str); 3] = [
    ("refreshes", "refreshed", "refresh_failed"),
    ("sign-ins", "signed_in", "sign_in_failed"),
    ("revocations", "revoked", "revoke_failed"),
];

/// What was added up so far.
#[derive(Debug, Clone)]
pub struct Analyst {
    calendar: Calendar,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    most_failures: f64,
    alarms: Alarms,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    total: Tally,
    kinds: BTreeMap<&'static str, Tally>,
    credentials: HashMap<String, Tally>,
    programs: HashMap<String, Tally>,
    hours: [Tally; 24],
    days: BTreeMap<i64, Tally>,
    refreshes: HashMap<String, Refreshes>,
}

#[derive(Debug, Clone, Default)]
struct Refreshes {
    done: u64,
    failed: u64,
    newest: Timestamp,
}

impl Analyst {
    /// Adds up what lies between two moments; older lines tell what is usual, and so which alerts to raise.
    pub fn new(
        thresholds: Thresholds,
        zone: TimeZone,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Self {
        Self {
            calendar: Calendar::new(zone),
            since,
            until,
            most_failures: thresholds.refresh_failures,
            alarms: Alarms::new(thresholds, since),
            from: None,
            to: None,
            total: Tally::default(),
            kinds: BTreeMap::new(),
            credentials: HashMap::new(),
            programs: HashMap::new(),
            hours: [Tally::default(); 24],
            days: BTreeMap::new(),
            refreshes: HashMap::new(),
        }
    }

    /// Takes the next line.
    pub fn take(&mut self, activity: &Activity) {
        if self.until.is_some_and(|until| activity.at >= until) {
            return;
        }
        let place = self.calendar.place(activity.at);
        self.alarms.take(activity, place);
        if self.since.is_some_and(|since| activity.at < since) {
            return;
        }
        // Lines that were gathered stand later in the log than they began.
        self.from = Some(self.from.map_or(activity.at, |from| from.min(activity.at)));
        self.to = self.to.max(Some(activity.at));
        let one = one(activity);
        add(&mut self.total, one);
        add(self.kinds.entry(activity.what.kind()).or_default(), one);
        add(&mut self.hours[usize::from(place.hour) % 24], one);
        add(self.days.entry(place.day).or_default(), one);
        if let Some(name) = &activity.name {
            add(of(&mut self.credentials, name.as_str()), one);
            self.refresh(name.as_str(), activity);
        }
        if let Some(program) = activity.by.as_deref() {
            add(of(&mut self.programs, Program::name(program)), one);
        }
    }

    fn refresh(&mut self, name: &str, activity: &Activity) {
        let failed = match activity.what {
            Happening::Refreshed { .. } => false,
            Happening::RefreshFailed { .. } => true,
            _ => return,
        };
        let refreshes = of(&mut self.refreshes, name);
        if failed {
            refreshes.failed += 1;
            refreshes.newest = refreshes.newest.max(activity.at);
        } else {
            refreshes.done += 1;
        }
    }

    /// What it all adds up to.
    pub fn finish(self) -> Analysis {
        let failures = self.failures();
        let of_kind = |kind| self.kinds.get(kind).map_or(0, |tally| tally.lines);
        let rates = RATES.map(|(what, done, failed)| Rate {
            what: what.to_owned(),
            done: of_kind(done),
            failed: of_kind(failed),
        });
        let by_day = self.days.iter().map(|(day, tally)| Counted {
            name: date(*day),
            tally: *tally,
        });
        Analysis {
            from: self.from,
            to: self.to,
            total: self.total,
            days: by_day.collect(),
            kinds: most_first(self.kinds),
            credentials: most_first(self.credentials),
            programs: most_first(self.programs),
            hours: self.hours.to_vec(),
            rates: rates.into_iter().collect(),
            alerts: self.alarms.finish(failures),
        }
    }

    /// Whether more refreshes fail than should: of all, or of a credential.
    fn failures(&self) -> Option<Alert> {
        let limit = self.most_failures;
        let is_bad = |done: u64, failed: u64| {
            let tried = done + failed;
            limit > 0.0 && tried >= FEW && share(failed, tried).is_some_and(|bad| bad > limit)
        };
        let all = self.refreshes.values();
        let (done, failed) = all.fold((0, 0), |sum, it| (sum.0 + it.done, sum.1 + it.failed));
        let mut worst: Vec<(&String, &Refreshes)> = self.refreshes.iter().collect();
        worst.retain(|(_, it)| it.failed > 0);
        if !is_bad(done, failed) {
            worst.retain(|(_, it)| is_bad(it.done, it.failed));
        }
        worst.sort_by(|a, b| (b.1.failed, a.0).cmp(&(a.1.failed, b.0)));
        let (name, first) = worst.first()?;
        let named = worst.iter().take(3).map(|(name, it)| {
            let tried = it.done + it.failed;
            format!("{name} {} of {tried}", it.failed)
        });
        let named: Vec<String> = named.collect();
        let percent = share(failed, done + failed).unwrap_or_default() * 100.0;
        Some(Alert {
            at: worst
                .iter()
                .map(|(_, it)| it.newest)
                .max()
                .unwrap_or(first.newest),
            kind: AlertKind::RefreshFailures,
            credential: name.parse().ok(),
            program: None,
            count: failed,
            text: format!(
                "{failed} of {} refreshes failed ({percent:.1} %): {}.",
                done + failed,
                named.join(", ")
            ),
            command: format!("tokenward why {}", quoted(name)),
        })
    }
}

fn one(activity: &Activity) -> Tally {
    Tally {
        lines: 1,
        failed: u64::from(activity.what.outcome() == Outcome::Failed),
        handed_out: match activity.what {
            Happening::HandedOut { count, .. } => count,
            _ => 0,
        },
    }
}

const fn add(tally: &mut Tally, one: Tally) {
    tally.lines += one.lines;
    tally.failed += one.failed;
    tally.handed_out = tally.handed_out.saturating_add(one.handed_out);
}

/// The entry of a name, or the one of all others when there are too many.
fn of<'a, T: Default>(entries: &'a mut HashMap<String, T>, name: &str) -> &'a mut T {
    let is_new = !entries.contains_key(name);
    let name = if is_new && entries.len() >= MOST {
        OTHERS
    } else {
        name
    };
    if !entries.contains_key(name) {
        entries.insert(name.to_owned(), T::default());
    }
    entries
        .get_mut(name)
        .expect("it was put there if it was missing")
}

fn most_first<K: Into<String>>(tallies: impl IntoIterator<Item = (K, Tally)>) -> Vec<Counted> {
    let counted = tallies.into_iter().map(|(name, tally)| Counted {
        name: name.into(),
        tally,
    });
    let mut counted: Vec<Counted> = counted.collect();
    counted.sort_by(|a, b| (b.tally.lines, &a.name).cmp(&(a.tally.lines, &b.name)));
    counted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::credential::Generation;
    use crate::model::event::Purpose;
    use crate::model::failure::{Failure, FailureClass};
    use std::sync::Arc;

    const DAY: i64 = 86_400;

    fn analyst(since: Option<i64>) -> Analyst {
        let since = since.map(Timestamp::from_secs);
        Analyst::new(Thresholds::default(), TimeZone::UTC, since, None)
    }

    fn wrong(count: u64) -> Happening {
        let last = None;
        Happening::WrongPassphrase { count, last }
    }

    fn line(secs: i64, what: Happening) -> Activity {
        let name = "demo/a".parse().unwrap();
        Activity::new(Timestamp::from_secs(secs), Some(name), what)
    }

    fn handed_out(secs: i64, count: u64, by: &str) -> Activity {
        let purpose = Purpose::Get;
        let by = Program {
            executable: Some(by.to_owned()),
            ..Program::default()
        };
        line(secs, Happening::HandedOut { purpose, count }).by(Some(Arc::new(by)))
    }

    fn refreshed(secs: i64) -> Activity {
        let what = Happening::Refreshed {
            generation: Generation(1),
            took_ms: 1,
            rotated: true,
        };
        line(secs, what)
    }

    fn failed(secs: i64) -> Activity {
        let failure = Failure::new(FailureClass::Transient, "http_503", "x", "");
        line(
            secs,
            Happening::RefreshFailed {
                failure,
                next: None,
            },
        )
    }

    fn kinds(analysis: &Analysis) -> Vec<AlertKind> {
        analysis.alerts.iter().map(|alert| alert.kind).collect()
    }

    fn judged(analyst: Analyst) -> Vec<AlertKind> {
        let mut kinds = kinds(&analyst.finish());
        kinds.retain(|kind| *kind != AlertKind::NewProgram);
        kinds
    }

    #[test]
    fn lines_are_counted_by_everything_they_can_be_told_apart_by() {
        let mut analyst = analyst(None);
        for line in [
            refreshed(3600),
            failed(7200),
            handed_out(7300, 40, "/bin/x"),
        ] {
            analyst.take(&line);
        }
        analyst.take(&Activity::new(
            Timestamp::from_secs(DAY),
            None,
            Happening::Unlocked,
        ));
        let analysis = analyst.finish();
        let tally = |lines, failed, handed_out| Tally {
            lines,
            failed,
            handed_out,
        };
        assert_eq!(analysis.total, tally(4, 1, 40));
        assert_eq!(analysis.kinds.len(), 4);
        assert_eq!(analysis.credentials[0].name, "demo/a");
        assert_eq!(analysis.credentials[0].tally, tally(3, 1, 40));
        assert_eq!(analysis.programs[0].tally, tally(1, 0, 40));
        assert_eq!(analysis.hours[2], tally(2, 1, 40));
        assert_eq!(analysis.days[1].name, "1970-01-02");
        assert_eq!(analysis.rates[0].share(), Some(0.5));
        assert_eq!(analysis.to, Some(Timestamp::from_secs(DAY)));
    }

    #[test]
    fn a_credential_with_many_events_a_day_alarms_and_its_planned_refreshes_do_not() {
        let mut busy = analyst(None);
        (0..40).for_each(|n| busy.take(&refreshed(n * 600)));
        (0..20).for_each(|n| busy.take(&handed_out(30_000 + n, 500, "/bin/x")));
        assert_eq!(judged(busy), []);
        let mut busier = analyst(None);
        (0..21).for_each(|n| busier.take(&handed_out(30_000 + n, 1, "/bin/x")));
        let alerts = busier.finish().alerts;
        assert_eq!(alerts[0].kind, AlertKind::BusyCredential);
        assert_eq!(alerts[0].text, "demo/a had 21 events on 1970-01-01.");
        assert_eq!(
            alerts[0].command,
            "tokenward audit list --credential demo/a --since 1970-01-01 --until 1970-01-02"
        );
    }

    #[test]
    fn what_a_credential_has_every_day_does_not_alarm_for_ever_and_more_than_twice_of_it_does() {
        let mut analyst = analyst(Some(7 * DAY));
        for day in 0..20 {
            let many = if day == 15 { 210 } else { 100 };
            (0..many).for_each(|n| analyst.take(&handed_out(day * DAY + n * 60, 1, "/bin/x")));
        }
        let alerts = analyst.finish().alerts;
        assert_eq!(alerts.len(), 1, "{alerts:?}");
        assert_eq!(
            alerts[0].text,
            "demo/a had 210 events on 1970-01-16; usually it has 100."
        );
    }

    #[test]
    fn many_requests_from_one_address_within_an_hour_alarm() {
        let from = |secs, count, address: &str| {
            let mut line = handed_out(secs, count, "/bin/x");
            let by = Program {
                address: Some(address.to_owned()),
                ..Program::default()
            };
            line.by = Some(Arc::new(by));
            line
        };
        let mut calm = analyst(None);
        calm.take(&from(3500, 50, "127.0.0.1:5000"));
        calm.take(&from(3700, 50, "127.0.0.1:5001"));
        assert_eq!(judged(calm), []);
        let mut storm = analyst(None);
        storm.take(&from(100, 50, "127.0.0.1:5000"));
        storm.take(&from(200, 1, "127.0.0.1:5001"));
        assert_eq!(judged(storm), [AlertKind::BusyAddress]);
    }

    #[test]
    fn more_failing_refreshes_than_every_tenth_alarm_with_the_worst_named() {
        let mut few = analyst(None);
        (0..9).for_each(|n| few.take(&failed(n * 4000)));
        assert_eq!(judged(few), []);
        let mut tenth = analyst(None);
        (0..18).for_each(|n| tenth.take(&refreshed(n * 4000)));
        tenth.take(&failed(80_000));
        tenth.take(&failed(81_000));
        assert_eq!(judged(tenth), []);
        let mut more = analyst(None);
        (0..17).for_each(|n| more.take(&refreshed(n * 4000)));
        (0..2).for_each(|n| more.take(&failed(80_000 + n)));
        let alerts = more.finish().alerts;
        assert_eq!(alerts[0].kind, AlertKind::RefreshFailures);
        assert_eq!(
            alerts[0].text,
            "2 of 19 refreshes failed (10.5 %): demo/a 2 of 19."
        );
        assert_eq!(alerts[0].command, "tokenward why demo/a");
    }

    #[test]
    fn limits_and_passphrases_alarm_when_it_goes_on() {
        let limit = || Happening::LimitExceeded {
            limit: "60 an hour".to_owned(),
        };
        let mut steady = analyst(None);
        (0..10).for_each(|n| steady.take(&line(n, limit())));
        (0..10).for_each(|n| steady.take(&line(DAY + n, limit())));
        steady.take(&line(DAY, wrong(2)));
        assert_eq!(judged(steady), []);
        let mut worse = analyst(None);
        (0..11).for_each(|n| worse.take(&line(n, limit())));
        worse.take(&line(20, wrong(2)));
        worse.take(&line(21, wrong(1)));
        assert_eq!(
            judged(worse),
            [AlertKind::WrongPassphrases, AlertKind::LimitViolations]
        );
    }

    #[test]
    fn a_program_alarms_the_first_time_it_ever_asks_once_the_log_is_a_week_old() {
        let mut analyst = analyst(Some(DAY));
        for (secs, by) in [
            (10, "/bin/known"),
            (DAY + 1, "/bin/known"),
            (6 * DAY, "/bin/new-as-all-are"),
            (7 * DAY + 1, "/bin/known"),
            (7 * DAY + 2, "/bin/it's"),
        ] {
            analyst.take(&handed_out(secs, 1, by));
        }
        let alerts = analyst.finish().alerts;
        assert_eq!(alerts.len(), 1, "{alerts:?}");
        assert_eq!(alerts[0].program.as_deref(), Some("/bin/it's"));
        assert_eq!(
            alerts[0].command,
            r"tokenward audit list --program '/bin/it'\''s'"
        );
    }

    #[test]
    fn a_hand_out_at_an_hour_without_any_in_thirty_days_alarms() {
        let mut young = analyst(None);
        young.take(&handed_out(0, 1, "/bin/x"));
        young.take(&handed_out(29 * DAY + 3 * 3600, 1, "/bin/x"));
        assert_eq!(judged(young), []);
        let mut analyst = analyst(None);
        (0..40).for_each(|day| analyst.take(&handed_out(day * DAY + 9 * 3600, 1, "/bin/x")));
        analyst.take(&handed_out(40 * DAY + 3 * 3600 + 120, 1, "/bin/x"));
        let analysis = analyst.finish();
        assert_eq!(kinds(&analysis), [AlertKind::QuietHour]);
        assert_eq!(
            analysis.alerts[0].text,
            "demo/a was handed out to /bin/x on 1970-02-10 at 03:02, an hour without any in the 30 days before."
        );
    }

    #[test]
    fn a_threshold_of_zero_never_alarms() {
        let off = Thresholds {
            credential_a_day: 0,
            address_an_hour: 0,
            refresh_failures: 0.0,
            limits_a_day: 0,
            passphrases_a_day: 0,
            new_programs: false,
            quiet_days: 0,
        };
        let mut analyst = Analyst::new(off, TimeZone::UTC, None, None);
        for n in 0..200 {
            analyst.take(&handed_out(n, 1, "/bin/x"));
            analyst.take(&failed(n));
            analyst.take(&line(n, wrong(9)));
        }
        analyst.take(&handed_out(50 * DAY + 7200, 1, "/bin/x"));
        assert_eq!(analyst.finish().alerts, []);
    }

    #[test]
    fn no_number_of_names_takes_more_than_its_share_of_memory() {
        let mut analyst = analyst(None);
        analyst.take(&handed_out(0, 1, "/bin/0"));
        for n in 0..MOST + 50 {
            analyst.take(&handed_out(8 * DAY, 1, &format!("/bin/{n}")));
        }
        let analysis = analyst.finish();
        assert_eq!(analysis.programs.len(), MOST + 1);
        assert_eq!(analysis.programs[0].name, OTHERS);
        assert_eq!(analysis.programs[0].tally.lines, 50);
        assert_eq!(analysis.alerts.len(), 1000);
    }
}
