//! `GET /metrics`: figures for Prometheus, with no name of anybody in them.

use crate::agent::answer::{Desk, Via};
use crate::agent::exposition::{Kind, MEDIA_TYPE, Page, seconds};
use crate::agent::problem::Problem;
use crate::agent::request_body::refused;
use crate::agent::response::{Body, text};
use crate::clock::{self, Timestamp};
use crate::engine::api::{EngineStatus, Refusal};
use crate::engine::gauge;
use crate::engine::tally::{Side, Tally};
use crate::model::alert::AlertKind;
use crate::model::chore::Chore;
use crate::model::event::Purpose;
use crate::model::health::HealthKind;
use crate::model::limit::LimitUse;
use hyper::Response;
use std::collections::BTreeMap;

use Kind::{Counter, Gauge};

/// The classes of an HTTP status, in the order in which they are counted.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

impl Desk {
    /// Whether who asks may read them: everybody on the socket, and on the port if the settings say so.
    pub(in crate::agent) fn may_read_metrics(&self) -> Result<(), Box<Problem>> {
        match self.via() {
            Via::Socket => Ok(()),
            Via::Port(_) if self.door().board().shows_metrics() => Ok(()),
            Via::Port(_) => Err(refused(
                403,
                "metrics-off",
                "No figures here",
                "the figures are not told on the port",
                "set metrics = true in the section [api] of the settings and start the owner again, or ask on the agent's socket",
            )),
        }
    }

    /// Answers with them.
    pub(in crate::agent) async fn metrics(&self) -> Result<Response<Body>, Box<Problem>> {
        let mut page = Page::default();
        let link = self.link().ok();
        counted(&mut page, self.door().board().tally(), link.is_none());
        if let Some(link) = link {
            let status = self.health_cache().status(&link).await;
            let status = status.ok_or(Refusal::Stopped)?;
            let now = clock::now();
            let pairs = link.grants().with(|state| state.registry.live_pairs(now));
            of_engine(&mut page, &status, pairs);
        }
        Ok(text(MEDIA_TYPE, page.text()))
    }
}

/// What was counted, whether the vault is locked or not.
fn counted(page: &mut Page, tally: &Tally, is_locked: bool) {
    let version = env!("CARGO_PKG_VERSION");
    let help = "Always 1; the label tells the version of the owner's program.";
    page.several(
        "tokenward_build_info",
        (Gauge, help),
        "version",
        [(version, 1)],
    );
    let started = seconds(tally.started_at());
    let help = "When the owner began, in seconds since 1970.";
    page.one("process_start_time_seconds", Gauge, help, started);
    let help = "Memory of the owner that is resident, in bytes.";
    page.maybe(
        "process_resident_memory_bytes",
        Gauge,
        help,
        gauge::resident(),
    );
    let help =
        "Whether the vault is locked: 1, or 0. What only an engine knows is not told meanwhile.";
    page.one("tokenward_locked", Gauge, help, u8::from(is_locked));
    let (refreshed, failed) = tally.refreshes();
    let help = "Refreshes that ended, by how.";
    let refreshes = [("done", refreshed), ("failed", failed)];
    page.several(
        "tokenward_refreshes_total",
        (Counter, help),
        "outcome",
        refreshes,
    );
    let help = "Tokens that were handed out, by what for.";
    let handed = Purpose::ALL.map(|purpose| (purpose.key(), tally.hand_outs(purpose)));
    page.several(
        "tokenward_handouts_total",
        (Counter, help),
        "purpose",
        handed,
    );
    let help = "Lines of the activity log that there was no room for.";
    page.one(
        "tokenward_log_lines_lost_total",
        Counter,
        help,
        tally.lost_lines(),
    );
    visits(page, tally);
}

fn visits(page: &mut Page, tally: &Tally) {
    let sides = [("socket", Side::Socket), ("port", Side::Port)];
    let all = sides.map(|(word, side)| (word, tally.visits(side)));
    let help = "Requests that were answered, by where they came in and the class of the status.";
    let answers = all.iter().flat_map(|(word, visits)| {
        let classes = CLASSES.iter().zip(visits.answered);
        classes.map(move |(class, count)| (*word, *class, count))
    });
    page.crossed(
        "tokenward_http_requests_total",
        (Counter, help),
        ("side", "status"),
        answers,
    );
    let help = "Connections that are open.";
    let open = all.map(|(word, visits)| (word, visits.open));
    page.several("tokenward_connections", (Gauge, help), "side", open);
    let help = "Connections that there was no room for.";
    let turned_away = all.map(|(word, visits)| (word, visits.turned_away));
    page.several(
        "tokenward_connections_refused_total",
        (Counter, help),
        "side",
        turned_away,
    );
}

/// What the engine of an open vault tells; `pairs` of grants' tokens are alive.
fn of_engine(page: &mut Page, status: &EngineStatus, pairs: u64) {
    credentials(page, status);
    let help = "Refreshes under way.";
    page.one(
        "tokenward_refreshes_in_flight",
        Gauge,
        help,
        status.in_flight,
    );
    let help = "Refreshes that are due and wait for a place.";
    page.one("tokenward_refreshes_queued", Gauge, help, status.queued);
    let help = "When the next refresh is planned, in seconds since 1970; not told: none is.";
    page.maybe(
        "tokenward_next_refresh_timestamp_seconds",
        Gauge,
        help,
        status.next_refresh.map(seconds),
    );
    let help = "Grants that local programs have.";
    page.one("tokenward_grants", Gauge, help, status.grants);
    let help = "Pairs of grants' tokens that are alive.";
    page.one("tokenward_grant_pairs", Gauge, help, pairs);
    let help = "Questions of programs that wait for a person.";
    page.one("tokenward_questions", Gauge, help, status.questions);
    let mut alerts = BTreeMap::new();
    for alert in &status.alerts {
        *alerts.entry(alert.kind).or_default() += 1;
    }
    let help = "Alerts that nobody has looked at, by kind.";
    let alerts = AlertKind::ALL.map(|kind| (kind.key(), alerts.get(&kind).copied().unwrap_or(0)));
    page.several("tokenward_alerts", (Gauge, help), "kind", alerts);
    limits(page, &status.limits);
    upkeep(page, status);
}

fn credentials(page: &mut Page, status: &EngineStatus) {
    let healths: BTreeMap<HealthKind, u64> = status.healths.iter().copied().collect();
    let help = "Credentials, by how they are.";
    let states = HealthKind::ALL.map(|kind| (kind.key(), healths.get(&kind).copied().unwrap_or(0)));
    page.several("tokenward_credentials", (Gauge, help), "health", states);
    let help = "Credentials that could not be opened.";
    page.one(
        "tokenward_credentials_unreadable",
        Gauge,
        help,
        status.unreadable,
    );
    let help =
        "Whether credentials are still being read: 1, or 0. Until then the figures are a part.";
    page.one(
        "tokenward_credentials_loading",
        Gauge,
        help,
        u8::from(status.loading),
    );
    let help =
        "When the first access token in use expires, in seconds since 1970; not told: none does.";
    let soonest = status.soonest_expiry.map(seconds);
    page.maybe(
        "tokenward_soonest_expiry_timestamp_seconds",
        Gauge,
        help,
        soonest,
    );
}

fn limits(page: &mut Page, limits: &[LimitUse]) {
    let help = "How much of each limit is used now.";
    let used = limits.iter().map(|one| (one.limit.key(), one.used));
    page.several("tokenward_limit_used", (Gauge, help), "limit", used);
    let help = "How much each limit allows.";
    let most = limits.iter().map(|one| (one.limit.key(), one.most));
    page.several("tokenward_limit_allowed", (Gauge, help), "limit", most);
}

fn upkeep(page: &mut Page, status: &EngineStatus) {
    let failures = |chore| {
        let found = status.chores.iter().find(|one| one.chore == chore);
        found.map_or(0, |one| u64::from(one.failures))
    };
    let help = "Failures in a row of each recurring work.";
    let chores = Chore::ALL.map(|chore| (chore.word(), failures(chore)));
    page.several("tokenward_chore_failures", (Gauge, help), "chore", chores);
    let help = "What the vault takes on the disk, in bytes.";
    let vault = status.extent.map(|extent| extent.vault);
    page.maybe("tokenward_vault_bytes", Gauge, help, vault);
    let help =
        "When the newest daily backup was made, in seconds since 1970; not told: there is none.";
    let newest: Option<Timestamp> = status.backups.and_then(|backups| backups.newest);
    page.maybe(
        "tokenward_backup_timestamp_seconds",
        Gauge,
        help,
        newest.map(seconds),
    );
}
