//! What the health screen counts: made once a second while it shows, never while drawing.

use crate::clock::Timestamp;
use crate::engine::api::EngineStatus;
use crate::tui::lines::Counts;
use crate::tui::rows::Rows;
use std::collections::BTreeMap;

/// Hours that are counted.
pub const HOURS: usize = 24;
const HOUR_MS: i64 = 3_600_000;

/// What is counted of one provider.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProviderFigures {
    /// How its credentials are.
    pub counts: Counts,
    /// Refreshes that succeeded and failed, over the attempts that are kept.
    pub attempts: (usize, usize),
    /// The newest attempt and the failure's code if it failed.
    pub newest: Option<(Timestamp, Option<String>)>,
}

/// What is counted; made once a second while it shows, never while drawing.
#[derive(Debug, Default)]
pub struct Figures {
    /// Succeeded and failed refreshes of each of the last hours, the newest last.
    pub hours: [(usize, usize); HOURS],
    /// By provider.
    pub providers: BTreeMap<String, ProviderFigures>,
    /// What the engine says of itself.
    pub status: Option<EngineStatus>,
    /// Lines of providers that are scrolled away.
    pub scroll: usize,
}

impl Figures {
    /// Counts anew.
    pub fn gather(&mut self, rows: &Rows, now: Timestamp) {
        self.hours = [(0, 0); HOURS];
        self.providers.clear();
        for view in rows.all() {
            let figures = self
                .providers
                .entry(view.profile.name.provider().to_owned())
                .or_default();
            figures.counts[view.health.kind() as usize] += 1;
            for attempt in &view.profile.attempts {
                let failed = attempt.failed.is_some();
                count(&mut figures.attempts, failed);
                let ago = (now.as_millis() - attempt.at.as_millis()).div_euclid(HOUR_MS);
                if let Some(hour) = usize::try_from(ago).ok().filter(|ago| *ago < HOURS) {
                    count(&mut self.hours[HOURS - 1 - hour], failed);
                }
                if figures
                    .newest
                    .as_ref()
                    .is_none_or(|(at, _)| *at < attempt.at)
                {
                    figures.newest = Some((attempt.at, attempt.failed.clone()));
                }
            }
        }
        let last = self.providers.len().saturating_sub(1);
        self.scroll = self.scroll.min(last);
    }

    /// Scrolls the providers, of which so many show at a time.
    pub fn go(&mut self, by: isize, seen: usize) {
        let last = self.providers.len().saturating_sub(seen.max(1));
        // What shows is never further down than that.
        self.scroll = self.scroll.min(last);
        self.scroll = self.scroll.saturating_add_signed(by).min(last);
    }
}

const fn count(pair: &mut (usize, usize), failed: bool) {
    if failed {
        pair.1 += 1;
    } else {
        pair.0 += 1;
    }
}
