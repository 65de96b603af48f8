//! The credentials as rows: kept in an order, filtered and grouped once a change, never once a frame.

use crate::model::credential::CredentialView;
use crate::model::name::CredentialName;
use crate::tui::find::{Finder, Hay, narrows};
use crate::tui::lines::{Brief, Counts, Group, Line, Lines, Providers, place_of};
use crate::tui::order::Order;
use crate::tui::paint;
use crate::tui::sort::{Sort, compare};
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

/// Which credentials have come, changed or gone.
#[derive(Debug, PartialEq, Eq)]
pub enum Changes {
    /// These; none when empty.
    Of(Vec<CredentialName>),
    /// Any of them.
    All,
}

impl Default for Changes {
    fn default() -> Self {
        Self::Of(Vec::new())
    }
}

struct Entry {
    view: CredentialView,
    hay: Hay,
}

/// All credentials, and the lines of the list made from them.
#[derive(Default)]
pub struct Rows {
    // Two of the same length; a place is a place in both.
    entries: Vec<Entry>,
    briefs: Vec<Brief>,
    places: HashMap<CredentialName, usize>,
    providers: Providers,
    counts: Counts,
    order: Order,
    lines: Lines,
    widest: u16,
    sort: Sort,
    reversed: bool,
    grouped: bool,
    folded: HashSet<String>,
    filter: String,
    finder: Option<Finder>,
    // What the next settling has to do.
    unordered: Vec<usize>,
    unlisted: bool,
    changes: Changes,
    since_asked: Option<HashSet<CredentialName>>,
}

impl Rows {
    /// A whole new list was asked for: what changes from now on is newer than what that list will say.
    pub fn expect_list(&mut self) {
        self.since_asked = Some(HashSet::new());
    }

    /// Takes a whole new list. What has changed since it was asked for stays as it is.
    pub fn replace(&mut self, views: Vec<CredentialView>) {
        let newer = self.since_asked.take().unwrap_or_default();
        let kept: Vec<CredentialView> = newer
            .iter()
            .filter_map(|name| self.get(name).cloned())
            .collect();
        self.entries.clear();
        self.briefs.clear();
        self.places.clear();
        self.counts = Counts::default();
        let listed = views
            .into_iter()
            .filter(|view| !newer.contains(&view.profile.name));
        for view in listed.chain(kept) {
            self.put(view);
        }
        self.reorder();
        self.changes = Changes::All;
    }

    /// Takes a credential that is new or has changed. An older generation than the one held is not taken.
    pub fn upsert(&mut self, view: CredentialView) {
        let name = view.profile.name.clone();
        self.put(view);
        self.note(&name);
    }

    /// Forgets a credential.
    pub fn remove(&mut self, name: &CredentialName) {
        let gone = self.places.remove(name);
        if let Some(at) = gone {
            let kind = self.entries.swap_remove(at).view.health.kind();
            self.briefs.swap_remove(at);
            self.counts[place_of(kind)] -= 1;
            if let Some(moved) = self.entries.get(at) {
                self.places.insert(moved.view.profile.name.clone(), at);
            }
            self.unordered.extend([at, self.entries.len()]);
        }
        self.note(name);
    }

    fn note(&mut self, name: &CredentialName) {
        if let Some(since) = &mut self.since_asked {
            since.insert(name.clone());
        }
        if let Changes::Of(names) = &mut self.changes {
            names.push(name.clone());
        }
    }

    fn put(&mut self, view: CredentialView) {
        let kind = view.health.kind();
        let at = match self.places.get(&view.profile.name) {
            Some(&at) => {
                let old = &self.entries[at].view;
                if view.id == old.id && view.generation < old.generation {
                    return;
                }
                self.counts[place_of(old.health.kind())] -= 1;
                if old.health.kind() != kind {
                    self.entries[at].hay = hay(&view);
                }
                self.entries[at].view = view;
                at
            }
            None => {
                let at = self.entries.len();
                self.places.insert(view.profile.name.clone(), at);
                self.briefs.push(Brief {
                    kind,
                    provider: self.providers.number(view.profile.name.provider()),
                    wide: paint::columns(view.profile.name.as_str()),
                    fits: true,
                });
                self.entries.push(Entry {
                    hay: hay(&view),
                    view,
                });
                at
            }
        };
        self.counts[place_of(kind)] += 1;
        self.briefs[at].kind = kind;
        self.briefs[at].fits = match &mut self.finder {
            Some(finder) => finder.fits(&self.entries[at].hay),
            None => true,
        };
        self.unordered.push(at);
    }

    fn reorder(&mut self) {
        self.unordered = (0..self.entries.len()).collect();
        self.unlisted = true;
    }

    /// Shows only what fits a text; all of it when the text is empty.
    pub fn set_filter(&mut self, text: &str) {
        if text == self.filter {
            return;
        }
        let narrows = narrows(&self.filter, text);
        text.clone_into(&mut self.filter);
        let mut finder = (!text.is_empty()).then(|| Finder::new(text));
        for (entry, brief) in self.entries.iter().zip(&mut self.briefs) {
            if !narrows || brief.fits {
                brief.fits = finder.as_mut().is_none_or(|finder| finder.fits(&entry.hay));
            }
        }
        self.finder = finder;
        self.unlisted = true;
    }

    /// Goes to the next order.
    pub fn cycle_sort(&mut self) {
        self.sort = self.sort.next();
        self.reorder();
    }

    /// Turns the order round.
    pub fn reverse(&mut self) {
        self.reversed = !self.reversed;
        self.reorder();
    }

    /// Groups by provider, or stops to.
    pub fn toggle_groups(&mut self) {
        self.grouped = !self.grouped;
        self.reorder();
    }

    /// Folds a group, or unfolds it.
    pub fn toggle_fold(&mut self, provider: &str) {
        if !self.folded.remove(provider) {
            self.folded.insert(provider.to_owned());
        }
        self.unlisted = true;
    }

    /// Brings lines and groups up to date with all changes since the last call, and tells whose these were.
    pub fn settle(&mut self) -> Changes {
        if std::mem::take(&mut self.unlisted) || !self.unordered.is_empty() {
            self.relist();
        }
        std::mem::take(&mut self.changes)
    }

    fn relist(&mut self) {
        let unordered = std::mem::take(&mut self.unordered);
        let (entries, sort) = (&self.entries, self.sort);
        let (reversed, grouped) = (self.reversed, self.grouped);
        self.order.mend(&unordered, entries.len(), |a, b| {
            in_order(&entries[a].view, &entries[b].view, sort, reversed, grouped)
        });
        let (order, briefs) = (self.order.places(), &self.briefs);
        self.widest = briefs.iter().map(|brief| brief.wide).max().unwrap_or(0);
        if self.grouped {
            self.lines
                .list_groups(order, briefs, &self.providers, &self.folded);
        } else {
            self.lines.list(order, briefs);
        }
    }

    /// The lines of the list, as of the last [`Rows::settle`].
    pub fn lines(&self) -> &[Line] {
        self.lines.lines()
    }

    /// The groups, as of the last [`Rows::settle`].
    pub fn groups(&self) -> &[Group] {
        self.lines.groups()
    }

    /// The credential of a row.
    pub fn at(&self, place: usize) -> Option<&CredentialView> {
        self.entries.get(place).map(|entry| &entry.view)
    }

    /// The credential of a name.
    pub fn get(&self, name: &CredentialName) -> Option<&CredentialView> {
        self.at(*self.places.get(name)?)
    }

    /// Which line shows a credential.
    pub fn line_of(&self, name: &CredentialName) -> Option<usize> {
        let place = *self.places.get(name)?;
        self.lines()
            .iter()
            .position(|line| *line == Line::Row(place))
    }

    /// All credentials, in no order.
    pub fn all(&self) -> impl Iterator<Item = &CredentialView> {
        self.entries.iter().map(|entry| &entry.view)
    }

    /// The credentials that are shown, in their order, those of folded groups too; as of the last [`Rows::settle`].
    pub fn shown(&self) -> impl Iterator<Item = &CredentialView> {
        self.order
            .places()
            .iter()
            .filter(|at| self.briefs.get(**at).is_some_and(|brief| brief.fits))
            .filter_map(|at| self.at(*at))
    }

    /// How many are shown, those of folded groups too; as of the last [`Rows::settle`].
    pub const fn shown_len(&self) -> usize {
        self.lines.rows()
    }

    /// Columns the widest name takes, shown or not: so the list keeps its shape while it is filtered.
    pub const fn widest(&self) -> u16 {
        self.widest
    }

    /// How many credentials there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many are in each health.
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// What they are ordered by, and whether the other way round.
    pub const fn sort(&self) -> (Sort, bool) {
        (self.sort, self.reversed)
    }

    /// Whether they are grouped by provider.
    pub const fn is_grouped(&self) -> bool {
        self.grouped
    }
}

fn hay(view: &CredentialView) -> Hay {
    Hay::new(&format!(
        "{} {}",
        view.profile.name,
        view.health.kind().word()
    ))
}

// Two of different names are never equal.
fn in_order(
    a: &CredentialView,
    b: &CredentialView,
    sort: Sort,
    reversed: bool,
    grouped: bool,
) -> Ordering {
    let by_group = if grouped {
        let (a, b) = (&a.profile.name, &b.profile.name);
        a.provider().cmp(b.provider())
    } else {
        Ordering::Equal
    };
    by_group.then_with(|| {
        let order = compare(a, b, sort);
        if reversed { order.reverse() } else { order }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::credential::Generation;
    use crate::model::health::{Health, HealthKind};
    use crate::tui::example;

    fn view(name: &str, health: Health) -> CredentialView {
        example::credential(name, "P", health, 600, 300)
    }

    #[test]
    fn a_list_that_was_asked_for_before_a_change_does_not_undo_it() {
        let mut rows = Rows::default();
        rows.replace(vec![
            view("p/a", Health::Refreshing),
            view("p/b", Health::Fresh),
        ]);
        rows.expect_list();
        rows.upsert(view("p/a", Health::Fresh));
        rows.remove(&example::name("p/b"));
        rows.replace(vec![
            view("p/a", Health::Refreshing),
            view("p/b", Health::Fresh),
        ]);
        assert_eq!(
            rows.get(&example::name("p/a")).unwrap().health,
            Health::Fresh
        );
        assert!(rows.get(&example::name("p/b")).is_none());
        assert_eq!(rows.counts().iter().sum::<usize>(), 1);
    }

    #[test]
    fn an_older_generation_does_not_replace_a_newer_one() {
        let mut rows = Rows::default();
        let new = view("p/a", Health::Fresh);
        let old = CredentialView {
            generation: Generation(1),
            health: Health::Expired,
            ..new.clone()
        };
        rows.upsert(new);
        rows.upsert(old);
        assert_eq!(
            rows.get(&example::name("p/a")).unwrap().health,
            Health::Fresh
        );
    }

    #[test]
    fn counts_and_places_hold_through_removals() {
        let mut rows = Rows::default();
        rows.replace(
            (0..10)
                .map(|n| view(&format!("p/{n}"), Health::Fresh))
                .collect(),
        );
        for n in [0, 9, 4] {
            rows.remove(&example::name(&format!("p/{n}")));
        }
        rows.settle();
        assert_eq!(rows.len(), 7);
        assert_eq!(rows.counts()[place_of(HealthKind::Fresh)], 7);
        for view in rows.all() {
            assert_eq!(rows.get(&view.profile.name), Some(view));
        }
        assert_eq!(rows.lines().len(), 7);
    }

    #[test]
    fn urgency_comes_first_and_turning_round_puts_it_last() {
        let mut rows = Rows::default();
        rows.replace(vec![
            view("p/a", Health::Fresh),
            view("p/b", Health::Expired),
            view("p/c", Health::Static),
        ]);
        rows.settle();
        let names = |rows: &Rows| {
            rows.shown()
                .map(|view| view.profile.name.account().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&rows), ["b", "a", "c"]);
        rows.reverse();
        rows.settle();
        assert_eq!(names(&rows), ["c", "a", "b"]);
    }
}
