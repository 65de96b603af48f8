//! The lines of the list, made from rows in their order: those that fit, under the heads of their groups.

use crate::model::health::HealthKind;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// How many credentials are in each health, in the order of [`HealthKind::ALL`].
pub type Counts = [usize; HealthKind::ALL.len()];

/// The place of a health in [`Counts`].
pub const fn place_of(kind: HealthKind) -> usize {
    // Full by construction: the enum's order is the order of `ALL`.
    kind as usize
}

/// One line of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// The head of a group: its place in the groups.
    Group(usize),
    /// A credential: its place in the rows.
    Row(usize),
}

/// The credentials of one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The provider's part of the names.
    pub provider: Arc<str>,
    /// How they are.
    pub counts: Counts,
    /// Whether its rows are hidden.
    pub folded: bool,
}

/// What lines are made of; small, since all rows are walked whenever one has changed.
#[derive(Debug, Clone, Copy)]
pub struct Brief {
    /// Its health.
    pub kind: HealthKind,
    /// Its provider's number.
    pub provider: u32,
    /// Columns its name takes.
    pub wide: u16,
    /// Whether it fits what is looked for.
    pub fits: bool,
}

/// Providers by number, so that rows need not hold their names.
#[derive(Debug, Default)]
pub struct Providers {
    names: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
}

impl Providers {
    /// The number of a provider, always the same.
    pub fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).expect("fewer providers than a u32 counts");
        let name: Arc<str> = name.into();
        self.names.push(name.clone());
        self.numbers.insert(name, number);
        number
    }
}

/// The lines and the groups they belong to.
#[derive(Debug, Default)]
pub struct Lines {
    lines: Vec<Line>,
    groups: Vec<Group>,
    rows: usize,
}

impl Lines {
    /// Lists the rows that fit.
    pub fn list(&mut self, order: &[usize], briefs: &[Brief]) {
        self.groups.clear();
        let fit = order.iter().filter(|place| briefs[**place].fits);
        self.lines.clear();
        self.lines.extend(fit.map(|place| Line::Row(*place)));
        self.rows = self.lines.len();
    }

    /// Lists the rows that fit, in an order that keeps providers together, each provider's under a head.
    pub fn list_groups(
        &mut self,
        order: &[usize],
        briefs: &[Brief],
        providers: &Providers,
        folded: &HashSet<String>,
    ) {
        self.lines.clear();
        self.groups.clear();
        self.rows = 0;
        let mut current = None;
        for (place, brief) in order.iter().map(|place| (*place, briefs[*place])) {
            if !brief.fits {
                continue;
            }
            if current != Some(brief.provider) {
                current = Some(brief.provider);
                let provider = providers.names[brief.provider as usize].clone();
                self.lines.push(Line::Group(self.groups.len()));
                self.groups.push(Group {
                    folded: folded.contains(&*provider),
                    provider,
                    counts: Counts::default(),
                });
            }
            self.rows += 1;
            if let Some(group) = self.groups.last_mut() {
                group.counts[place_of(brief.kind)] += 1;
                if !group.folded {
                    self.lines.push(Line::Row(place));
                }
            }
        }
    }

    /// The lines, the first first.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The groups, the first first.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// How many rows fit, those of folded groups too.
    pub const fn rows(&self) -> usize {
        self.rows
    }
}
