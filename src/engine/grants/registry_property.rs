//! Whatever happens to a grant: a family never has two live refresh tokens, and a replayed one ends it.

use crate::engine::grants::held::MOST_PAIRS;
use crate::engine::grants::registry::Registry;
use crate::engine::grants::registry::tests::{at, begin, name, registry, rotate};
use crate::engine::grants::sought::Sought;
use crate::engine::grants::token::{Shown, new_refresh_token};
use crate::model::family::FamilyId;
use crate::secret::{GrantRefreshToken, TokenHash};
use proptest::prelude::*;
use std::collections::HashSet;

/// One thing that happens to a grant.
#[derive(Debug, Clone)]
enum Did {
    Begin,
    /// Shows any refresh token that was ever given out.
    Show(prop::sample::Index),
    /// Shows the newest of a family twice, as two programs do at once.
    Race(prop::sample::Index),
    /// A rotation that could not be kept.
    Undone(prop::sample::Index),
    End(prop::sample::Index),
    EndAll,
    Pass(u16),
    Expire,
}

fn did() -> impl Strategy<Value = Did> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        3 => Just(Did::Begin),
        6 => index().prop_map(Did::Show),
        2 => index().prop_map(Did::Race),
        2 => index().prop_map(Did::Undone),
        1 => index().prop_map(Did::End),
        1 => Just(Did::EndAll),
        2 => (0..4000u16).prop_map(Did::Pass),
        1 => Just(Did::Expire),
    ]
}

/// All that was given out, and what may still be alive of it.
#[derive(Default)]
struct World {
    given: Vec<(FamilyId, u64, GrantRefreshToken)>,
    over: HashSet<FamilyId>,
}

impl World {
    fn newest(&self, family: FamilyId) -> u64 {
        let turns = self.given.iter().filter(|(of, _, _)| *of == family);
        turns.map(|(_, turn, _)| *turn).max().unwrap()
    }

    /// How many refresh tokens of a family would be taken now.
    fn alive(&self, registry: &Registry, family: FamilyId, now: i64) -> usize {
        let held = registry.held.get(&name());
        let found = held.and_then(|held| held.families().iter().find(|it| it.id == family));
        let shown = self.given.iter().filter(|(of, _, _)| *of == family);
        shown
            .filter(|(_, turn, token)| {
                found.is_some_and(|family| {
                    family.turn == *turn
                        && family.expires_at > at(now)
                        && family.hash.expose_secret() == token.expose_secret()
                })
            })
            .count()
    }
}

proptest! {
    #[test]
    fn never_two_live_tokens_in_a_family_and_a_replay_always_ends_it(
        all in prop::collection::vec(did(), 1..60)
    ) {
        let mut registry = registry();
        let mut world = World::default();
        let mut now = 0;
        for did in all {
            match did {
                Did::Begin => {
                    let (family, token) = begin(&mut registry, now);
                    world.given.push((family, 0, token));
                }
                Did::Show(index) if !world.given.is_empty() => {
                    let (family, turn, token) = index.get(&world.given);
                    let (family, turn) = (*family, *turn);
                    let was_newest = turn == world.newest(family);
                    let was_alive = world.alive(&registry, family, now) == 1;
                    match rotate(&mut registry, token, now) {
                        Ok(next) => {
                            prop_assert!(was_newest && was_alive);
                            world.given.push((family, turn + 1, next));
                        }
                        Err(Sought::Spent { .. }) => {
                            prop_assert!(!was_newest);
                            world.over.insert(family);
                        }
                        Err(_) => prop_assert!(!was_alive),
                    }
                }
                Did::Race(index) if !world.given.is_empty() => {
                    let family = index.get(&world.given).0;
                    let turn = world.newest(family);
                    let token = &world.given.iter().find(|(of, at, _)| *of == family && *at == turn).unwrap().2;
                    let shown = Shown::read(token).unwrap();
                    if let Sought::Alive { key, .. } = registry.seek(&shown, at(now)) {
                        let next = new_refresh_token(family, turn + 1, &key);
                        let hash = || TokenHash::new(next.expose_secret().to_owned());
                        prop_assert!(registry.rotate(&shown, hash(), at(now)).is_ok());
                        let second = registry.rotate(&shown, hash(), at(now));
                        let is_spent = matches!(second, Err(Sought::Spent { .. }));
                        prop_assert!(is_spent);
                        world.given.push((family, turn + 1, next));
                        world.over.insert(family);
                    }
                }
                Did::Undone(index) if !world.given.is_empty() => {
                    let family = index.get(&world.given).0;
                    let turn = world.newest(family);
                    let token = &world.given.iter().find(|(of, at, _)| *of == family && *at == turn).unwrap().2;
                    let shown = Shown::read(token).unwrap();
                    let lost = TokenHash::new("nobody ever got it".to_owned());
                    if let Ok(old) = registry.rotate(&shown, lost, at(now)) {
                        registry.undo(old);
                    }
                }
                Did::End(index) if !world.given.is_empty() => {
                    let family = index.get(&world.given).0;
                    registry.end(family);
                    world.over.insert(family);
                }
                Did::EndAll => {
                    let ended = registry.end_all(None);
                    world.over.extend(ended.into_iter().map(|(_, family)| family));
                }
                Did::Pass(secs) => now += i64::from(secs),
                Did::Expire => {
                    let ended = registry.expire(at(now));
                    world.over.extend(ended.into_iter().map(|(_, family)| family));
                }
                Did::Show(_) | Did::Race(_) | Did::Undone(_) | Did::End(_) => {}
            }
            let families: HashSet<FamilyId> = world.given.iter().map(|it| it.0).collect();
            for family in families {
                let alive = world.alive(&registry, family, now);
                prop_assert!(alive <= 1);
                prop_assert!(alive == 0 || !world.over.contains(&family));
            }
            let held = registry.held.get(&name()).unwrap();
            prop_assert!(held.families().len() <= MOST_PAIRS);
            prop_assert_eq!(held.families().len(), registry.families.len());
        }
    }
}
