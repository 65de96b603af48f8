//! Rows mended change by change, against rows listed from scratch with the plainest means.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokenward::model::credential::{CredentialView, Generation};
use tokenward::model::health::{Forecast, ForecastReason, Health, HealthKind};
use tokenward::model::name::CredentialName;
use tokenward::tui::example;
use tokenward::tui::lines::Line;
use tokenward::tui::rows::Rows;
use tokenward::tui::screens::inbox::{Entry, Inbox};
use tokenward::tui::sort::Sort;

#[derive(Debug, Clone)]
enum Change {
    Upsert(CredentialView),
    Remove(CredentialName),
    Replace(Vec<CredentialView>),
    Filter(String),
    Sort,
    Reverse,
    Group,
    Fold(String),
    Settle,
}

fn name() -> impl Strategy<Value = CredentialName> {
    let provider = prop::sample::select(vec!["github", "google", "gitlab.corp", "x"]);
    let account = prop::sample::select(vec![
        "alice", "bob", "Carol", "dörte", "user-0", "user-00", "a$", "!b", "fresh",
    ]);
    (provider, account).prop_map(|(provider, account)| {
        CredentialName::new(provider, account).expect("the parts are right")
    })
}

fn health() -> impl Strategy<Value = Health> {
    let cause = example::invalid_grant();
    prop::sample::select(vec![
        Health::Fresh,
        Health::Refreshing,
        Health::Expired,
        Health::Static,
        Health::NeedsLogin {
            cause: cause.clone(),
        },
        Health::Misconfigured { cause },
    ])
}

fn view() -> impl Strategy<Value = CredentialView> {
    (name(), health(), 0..4u64, 13..16u64, any::<bool>()).prop_map(
        |(name, health, left, generation, dies)| {
            let view = example::credential(name.as_str(), "P", health, 600, left * 100);
            let forecast = Forecast {
                dies_at: dies.then(|| example::NOW.plus(Duration::from_secs(left * 86_400))),
                because: ForecastReason::AbsoluteLife,
                warn_at: dies.then_some(example::NOW),
            };
            CredentialView {
                generation: Generation(generation),
                forecast,
                ..view
            }
        },
    )
}

fn filter() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "", "a", "al", "ali", "u", "us", "user", "user-0", "fresh", "git a", "git al", "!a", "!al",
        "a$", "^g", "^gi", "'lab", "ö", "dö", "A", "\\", "zzz", "sign in", "0", " ",
    ])
    .prop_map(str::to_owned)
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        8 => view().prop_map(Change::Upsert),
        3 => name().prop_map(Change::Remove),
        1 => prop::collection::vec(view(), 0..20).prop_map(Change::Replace),
        4 => filter().prop_map(Change::Filter),
        1 => Just(Change::Sort),
        1 => Just(Change::Reverse),
        1 => Just(Change::Group),
        1 => name().prop_map(|name| Change::Fold(name.provider().to_owned())),
        6 => Just(Change::Settle),
    ]
}

/// What is to be shown, without any thought of speed.
#[derive(Default)]
struct Plain {
    views: BTreeMap<CredentialName, CredentialView>,
    folded: BTreeSet<String>,
    filter: String,
    sort: Sort,
    reversed: bool,
    grouped: bool,
}

impl Plain {
    fn put(&mut self, view: CredentialView) {
        let held = self.views.get(&view.profile.name);
        if held.is_none_or(|held| held.id != view.id || held.generation <= view.generation) {
            self.views.insert(view.profile.name.clone(), view);
        }
    }

    fn sorted(&self) -> Vec<&CredentialView> {
        let mut matcher = Matcher::new(Config::DEFAULT);
        let pattern = Pattern::parse(&self.filter, CaseMatching::Ignore, Normalization::Smart);
        let mut fits = |view: &CredentialView| {
            let text = format!("{} {}", view.profile.name, view.health.kind().word());
            let mut room = Vec::new();
            let text = Utf32Str::new(&text, &mut room);
            pattern.score(text, &mut matcher).is_some()
        };
        let mut views: Vec<_> = self.views.values().filter(|view| fits(view)).collect();
        // By name already, and each sort keeps what those before did.
        let end = |view: &&CredentialView| {
            view.profile
                .expires_at
                .map_or(i64::MAX, |at| at.as_millis())
        };
        match self.sort {
            Sort::Urgency => views.sort_by_key(|view| (view.health.kind(), end(view))),
            Sort::Name => {}
            Sort::Expiry => views.sort_by_key(end),
            Sort::LastRefresh => {
                views.sort_by_key(|view| std::cmp::Reverse(view.profile.issued_at));
            }
        }
        if self.reversed {
            views.reverse();
        }
        if self.grouped {
            views.sort_by_key(|view| view.profile.name.provider());
        }
        views
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let views = self.sorted();
        for group in views.chunk_by(|a, b| {
            !self.grouped || a.profile.name.provider() == b.profile.name.provider()
        }) {
            let provider = group[0].profile.name.provider();
            let folded = self.grouped && self.folded.contains(provider);
            if self.grouped {
                let kinds: Vec<_> = group.iter().map(|view| view.health.kind()).collect();
                lines.push(head(provider, folded, |kind| {
                    kinds.iter().filter(|other| **other == kind).count()
                }));
            }
            if !folded {
                lines.extend(group.iter().map(|view| row(view)));
            }
        }
        lines
    }
}

fn head(provider: &str, folded: bool, count: impl Fn(HealthKind) -> usize) -> String {
    let counts = HealthKind::ALL.map(count);
    format!("{provider} {folded} {counts:?}")
}

fn row(view: &CredentialView) -> String {
    let (name, kind) = (&view.profile.name, view.health.kind());
    format!("{name} {kind:?} {:?}", view.generation)
}

fn lines(rows: &Rows) -> Vec<String> {
    let lines = rows.lines().iter();
    let texts = lines.map(|line| match line {
        Line::Row(place) => row(rows.at(*place).expect("a row of the list is there")),
        Line::Group(place) => {
            let group = &rows.groups()[*place];
            head(&group.provider, group.folded, |kind| {
                group.counts[kind as usize]
            })
        }
    });
    texts.collect()
}

fn items(inbox: &Inbox) -> Vec<String> {
    let entries = inbox.entries().map(|entry| match entry {
        Entry::Need(item) => format!("{} {:?}", item.name, item.need),
        Entry::Question(_) | Entry::Alert(_) | Entry::Parcel(_) => panic!("{entry:?}"),
    });
    entries.collect()
}

proptest! {
    #[test]
    fn rows_mended_change_by_change_are_those_made_from_scratch(
        changes in prop::collection::vec(change(), 1..60)
    ) {
        let (mut rows, mut plain) = (Rows::default(), Plain::default());
        let mut inbox = Inbox::default();
        for change in changes.into_iter().chain([Change::Settle]) {
            match change {
                Change::Upsert(view) => {
                    rows.upsert(view.clone());
                    plain.put(view);
                }
                Change::Remove(name) => {
                    rows.remove(&name);
                    plain.views.remove(&name);
                }
                Change::Replace(views) => {
                    rows.replace(views.clone());
                    plain.views.clear();
                    views.into_iter().for_each(|view| plain.put(view));
                }
                Change::Filter(text) => {
                    rows.set_filter(&text);
                    plain.filter = text;
                }
                Change::Sort => {
                    rows.cycle_sort();
                    plain.sort = plain.sort.next();
                }
                Change::Reverse => {
                    rows.reverse();
                    plain.reversed = !plain.reversed;
                }
                Change::Group => {
                    rows.toggle_groups();
                    plain.grouped = !plain.grouped;
                }
                Change::Fold(provider) => {
                    rows.toggle_fold(&provider);
                    if !plain.folded.remove(&provider) {
                        plain.folded.insert(provider);
                    }
                }
                Change::Settle => {
                    let changed = rows.settle();
                    inbox.follow(&changed, &rows, example::NOW);
                    prop_assert_eq!(lines(&rows), plain.lines());
                    let shown: Vec<_> = rows.shown().map(row).collect();
                    let sorted: Vec<_> = plain.sorted().into_iter().map(row).collect();
                    prop_assert_eq!(rows.shown_len(), shown.len());
                    prop_assert_eq!(shown, sorted);
                    let mut fresh = Inbox::default();
                    fresh.gather(&rows, example::NOW);
                    prop_assert_eq!(items(&inbox), items(&fresh));
                    for kind in HealthKind::ALL {
                        let of_kind = plain.views.values().filter(|view| view.health.kind() == kind);
                        prop_assert_eq!(rows.counts()[kind as usize], of_kind.count());
                    }
                }
            }
        }
    }
}
