//! The credentials as rows: kept in an order, filtered and grouped once a change, never once a frame.

use crate::model::credential::CredentialView;
use crate::model::health::HealthKind;
use crate::model::name::CredentialName;
use crate::tui::find::Finder;
use crate::tui::sort::{Sort, compare};
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};

/// How many credentials are in each health, in the order of [`HealthKind::ALL`].
pub type Counts = [usize; HealthKind::ALL.len()];

/// One line of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// The head of a group: its place in [`Rows::groups`].
    Group(usize),
    /// A credential: its place, for [`Rows::at`].
    Row(usize),
}

/// The credentials of one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The provider's part of the names.
    pub provider: String,
    /// How they are.
    pub counts: Counts,
    /// Whether its rows are hidden.
    pub folded: bool,
}

#[derive(Debug)]
struct Entry {
    view: CredentialView,
    fits: bool,
}

/// All credentials, and the lines of the list made from them.
#[derive(Debug, Default)]
pub struct Rows {
    entries: Vec<Entry>,
    places: HashMap<CredentialName, usize>,
    counts: Counts,
    order: Vec<usize>,
    lines: Vec<Line>,
    groups: Vec<Group>,
    sort: Sort,
    reversed: bool,
    grouped: bool,
    folded: HashSet<String>,
    filter: String,
    stale: bool,
    since_asked: Option<HashSet<CredentialName>>,
}

fn place_of(kind: HealthKind) -> usize {
    // Full by construction: the enum's order is the order of `ALL`.
    kind as usize
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
        self.places.clear();
        self.counts = Counts::default();
        self.order.clear();
        let mut finder = self.finder();
        let listed = views
            .into_iter()
            .filter(|view| !newer.contains(&view.profile.name));
        for view in listed.chain(kept) {
            self.put(view, finder.as_mut());
        }
        self.stale = true;
    }

    /// Takes a credential that is new or has changed. An older generation than the one held is not taken.
    pub fn upsert(&mut self, view: CredentialView) {
        if let Some(since) = &mut self.since_asked {
            since.insert(view.profile.name.clone());
        }
        let known = self.places.contains_key(&view.profile.name);
        let mut finder = if known { None } else { self.finder() };
        self.put(view, finder.as_mut());
    }

    // A matcher is large: one is made for many rows, and none while nothing is looked for.
    fn finder(&self) -> Option<Finder> {
        (!self.filter.is_empty()).then(|| Finder::new(&self.filter))
    }

    fn put(&mut self, view: CredentialView, finder: Option<&mut Finder>) {
        self.stale = true;
        let new_kind = view.health.kind();
        if let Some(&at) = self.places.get(&view.profile.name) {
            let old = &mut self.entries[at].view;
            if view.id == old.id && view.generation < old.generation {
                return;
            }
            self.counts[place_of(old.health.kind())] -= 1;
            self.counts[place_of(new_kind)] += 1;
            *old = view;
            return;
        }
        self.counts[place_of(new_kind)] += 1;
        self.places
            .insert(view.profile.name.clone(), self.entries.len());
        self.order.push(self.entries.len());
        let fits = finder.is_none_or(|finder| finder.score(&haystack(&view)).is_some());
        self.entries.push(Entry { view, fits });
    }

    /// Forgets a credential.
    pub fn remove(&mut self, name: &CredentialName) {
        if let Some(since) = &mut self.since_asked {
            since.insert(name.clone());
        }
        let Some(at) = self.places.remove(name) else {
            return;
        };
        let gone = self.entries.swap_remove(at);
        self.counts[place_of(gone.view.health.kind())] -= 1;
        if let Some(moved) = self.entries.get(at) {
            self.places.insert(moved.view.profile.name.clone(), at);
        }
        self.order = (0..self.entries.len()).collect();
        self.stale = true;
    }

    /// Shows only what fits a text; all of it when the text is empty.
    pub fn set_filter(&mut self, text: &str) {
        if text == self.filter {
            return;
        }
        text.clone_into(&mut self.filter);
        let mut finder = Finder::new(text);
        for entry in &mut self.entries {
            entry.fits = text.is_empty() || finder.score(&haystack(&entry.view)).is_some();
        }
        self.stale = true;
    }

    /// Goes to the next order.
    pub fn cycle_sort(&mut self) {
        self.sort = self.sort.next();
        self.stale = true;
    }

    /// Turns the order round.
    pub fn reverse(&mut self) {
        self.reversed = !self.reversed;
        self.stale = true;
    }

    /// Groups by provider, or stops to.
    pub fn toggle_groups(&mut self) {
        self.grouped = !self.grouped;
        self.stale = true;
    }

    /// Folds a group, or unfolds it.
    pub fn toggle_fold(&mut self, provider: &str) {
        if !self.folded.remove(provider) {
            self.folded.insert(provider.to_owned());
        }
        self.stale = true;
    }

    /// Brings lines and groups up to date with all changes since the last call; `true` when there were any.
    pub fn settle(&mut self) -> bool {
        if !std::mem::take(&mut self.stale) {
            return false;
        }
        let (entries, sort, reversed, grouped) =
            (&self.entries, self.sort, self.reversed, self.grouped);
        // The order is nearly right already, which a stable sort makes use of.
        self.order.sort_by(|a, b| {
            let (a, b) = (&entries[*a].view, &entries[*b].view);
            let by_group = if grouped {
                a.profile.name.provider().cmp(b.profile.name.provider())
            } else {
                Ordering::Equal
            };
            by_group.then_with(|| {
                let order = compare(a, b, sort);
                if reversed { order.reverse() } else { order }
            })
        });
        self.relist();
        true
    }

    fn relist(&mut self) {
        self.lines.clear();
        self.groups.clear();
        for &at in &self.order {
            let entry = &self.entries[at];
            if !entry.fits {
                continue;
            }
            if self.grouped {
                let provider = entry.view.profile.name.provider();
                if self
                    .groups
                    .last()
                    .is_none_or(|group| group.provider != provider)
                {
                    self.lines.push(Line::Group(self.groups.len()));
                    self.groups.push(Group {
                        provider: provider.to_owned(),
                        counts: Counts::default(),
                        folded: self.folded.contains(provider),
                    });
                }
                if let Some(group) = self.groups.last_mut() {
                    group.counts[place_of(entry.view.health.kind())] += 1;
                    if group.folded {
                        continue;
                    }
                }
            }
            self.lines.push(Line::Row(at));
        }
    }

    /// The lines of the list, as of the last [`Rows::settle`].
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The groups, as of the last [`Rows::settle`].
    pub fn groups(&self) -> &[Group] {
        &self.groups
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
        self.lines.iter().position(|line| *line == Line::Row(place))
    }

    /// All credentials, in no order.
    pub fn all(&self) -> impl Iterator<Item = &CredentialView> {
        self.entries.iter().map(|entry| &entry.view)
    }

    /// The credentials that are shown, in their order, those of folded groups too.
    pub fn shown(&self) -> impl Iterator<Item = &CredentialView> {
        self.order
            .iter()
            .filter_map(|at| self.entries.get(*at))
            .filter(|entry| entry.fits)
            .map(|entry| &entry.view)
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

    /// The text they have to fit.
    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// How many of each provider there are.
    pub fn providers(&self) -> BTreeMap<&str, usize> {
        let mut providers = BTreeMap::new();
        for view in self.all() {
            *providers.entry(view.profile.name.provider()).or_insert(0) += 1;
        }
        providers
    }
}

fn haystack(view: &CredentialView) -> String {
    format!("{} {}", view.profile.name, view.health.kind().word())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::credential::Generation;
    use crate::model::health::Health;
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
