//! A map of bounded size: when it is full, the oldest entry goes.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// A map that forgets its oldest entries. Keys are never inserted twice.
#[derive(Debug)]
pub struct Bounded<K, V> {
    entries: HashMap<K, V>,
    order: VecDeque<K>,
    capacity: usize,
}

impl<K: Copy + Eq + Hash, V> Bounded<K, V> {
    /// An empty map for at most that many entries.
    pub fn new(capacity: usize) -> Self {
        Self {
            entries: HashMap::new(),
            order: VecDeque::new(),
            capacity,
        }
    }

    /// Adds an entry; the oldest one goes if there are too many.
    pub fn insert(&mut self, key: K, value: V) {
        self.entries.insert(key, value);
        self.order.push_back(key);
        while self.entries.len() > self.capacity {
            let Some(oldest) = self.order.pop_front() else {
                break;
            };
            self.entries.remove(&oldest);
        }
        // Removed entries leave their key in `order`; this keeps that bounded as well.
        if self.order.len() > self.capacity.saturating_mul(2) {
            self.order.retain(|key| self.entries.contains_key(key));
        }
    }

    /// The entry of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    /// The entry of a key, to change.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key)
    }

    /// Takes an entry out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.entries.remove(key)
    }

    /// Keeps the entries for which the question is answered yes.
    pub fn retain(&mut self, mut keep: impl FnMut(&mut V) -> bool) {
        self.entries.retain(|_, value| keep(value));
    }

    /// All entries, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.order
            .iter()
            .filter_map(|key| self.entries.get(key).map(|value| (key, value)))
    }

    /// All values, to change, in no order.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.entries.values_mut()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_entry_goes_first() {
        let mut map = Bounded::new(2);
        for key in 0..3 {
            map.insert(key, key * 10);
        }
        assert_eq!(map.get(&0), None);
        assert_eq!(map.iter().map(|(key, _)| *key).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn keys_of_removed_entries_do_not_pile_up() {
        let mut map = Bounded::new(3);
        for key in 0..1000 {
            map.insert(key, ());
            map.remove(&key);
        }
        assert!(map.order.len() <= 7, "{}", map.order.len());
    }
}
