//! `GET /api/health`: how the owner is, cheap enough to be asked thousands of times a second.

use crate::engine::api::{Command, EngineStatus};
use crate::engine::link::Link;
use crate::model::health::HealthKind;
use crate::model::lock::Locked;
use hyper::body::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// An answer is used again for that long, so that asking often does not burden the engine.
const KEPT: Duration = Duration::from_millis(250);
/// An engine that has not answered after that long is not well.
const PATIENCE: Duration = Duration::from_secs(5);

/// How the owner is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Every credential is in order.
    Ok,
    /// Some credential needs something; the owner itself is well.
    Degraded,
    /// The vault is locked; the owner itself is well.
    Locked,
    /// The engine does not answer.
    Down,
}

/// The body of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthReport {
    /// In one word.
    pub status: Condition,
    /// Version of the owner's program.
    pub version: String,
    /// Credentials in all.
    pub credentials: u64,
    /// Credentials that are in trouble.
    pub trouble: u64,
    /// How many are in each health.
    pub healths: BTreeMap<HealthKind, u64>,
    /// Since when the vault is locked, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked: Option<Locked>,
}

impl From<EngineStatus> for HealthReport {
    fn from(status: EngineStatus) -> Self {
        let healths: BTreeMap<HealthKind, u64> = status.healths.into_iter().collect();
        let sum = |counts: bool| -> u64 {
            healths
                .iter()
                .filter(|(kind, _)| counts || kind.is_trouble())
                .map(|(_, count)| count)
                .sum()
        };
        let trouble = sum(false);
        Self {
            status: if trouble == 0 {
                Condition::Ok
            } else {
                Condition::Degraded
            },
            version: status.version,
            credentials: sum(true),
            trouble,
            healths,
            locked: None,
        }
    }
}

/// What was looked up.
#[derive(Debug, Clone)]
struct Kept {
    at: Instant,
    body: Bytes,
    status: Arc<EngineStatus>,
}

/// The last answer, for as long as it is used again.
#[derive(Debug, Default)]
pub struct HealthCache {
    last: Mutex<Option<Kept>>,
}

impl HealthCache {
    /// The body of an answer, and whether the engine is there at all.
    pub async fn body(&self, link: &Link) -> (bool, Bytes) {
        match self.looked_up(link).await {
            Some(kept) => (true, kept.body),
            None => (false, json(&without_engine(Condition::Down, None))),
        }
    }

    /// How the engine is; `None`: it does not answer.
    pub async fn status(&self, link: &Link) -> Option<Arc<EngineStatus>> {
        self.looked_up(link).await.map(|kept| kept.status)
    }

    async fn looked_up(&self, link: &Link) -> Option<Kept> {
        if let Some(kept) = self.kept() {
            return Some(kept);
        }
        let asked = link.ask(|reply| Command::Status { reply });
        let status = tokio::time::timeout(PATIENCE, asked).await.ok()?.ok()?;
        let kept = Kept {
            at: Instant::now(),
            body: json(&HealthReport::from(status.clone())),
            status: Arc::new(status),
        };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept.clone());
        Some(kept)
    }

    fn kept(&self) -> Option<Kept> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref()
            .filter(|kept| kept.at.elapsed() < KEPT)
            .cloned()
    }
}

/// The body of an answer while the vault is locked.
pub fn locked(lock: Locked) -> Bytes {
    json(&without_engine(Condition::Locked, Some(lock)))
}

fn without_engine(status: Condition, locked: Option<Locked>) -> HealthReport {
    HealthReport {
        status,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        credentials: 0,
        trouble: 0,
        healths: BTreeMap::new(),
        locked,
    }
}

fn json(report: &HealthReport) -> Bytes {
    Bytes::from(serde_json::to_vec(report).expect("words and numbers always serialize"))
}
