//! An order of places, mended where something changed: what changed is taken out and put in where it belongs.

use std::cmp::Ordering;

/// Places of rows in their order.
#[derive(Debug, Default)]
pub struct Order {
    places: Vec<usize>,
}

impl Order {
    /// Puts changed places where they belong among `len` rows; all others must stand in their order already.
    ///
    /// `changed` names new places, those whose rows have changed, and those that are no longer there.
    pub fn mend(
        &mut self,
        changed: &[usize],
        len: usize,
        compare: impl Fn(usize, usize) -> Ordering,
    ) {
        if changed.is_empty() && self.places.len() == len {
            return;
        }
        let mut is_changed = vec![false; len];
        for &place in changed.iter().filter(|place| **place < len) {
            is_changed[place] = true;
        }
        let stays = |place: &usize| is_changed.get(*place).is_some_and(|changed| !changed);
        self.places.retain(stays);
        let mut back: Vec<usize> = (0..len).filter(|place| is_changed[*place]).collect();
        back.sort_unstable_by(|a, b| compare(*a, *b));
        let there = std::mem::replace(&mut self.places, Vec::with_capacity(len));
        let mut rest = there.as_slice();
        for place in back {
            let (before, after) =
                rest.split_at(rest.partition_point(|other| compare(*other, place).is_lt()));
            self.places.extend_from_slice(before);
            self.places.push(place);
            rest = after;
        }
        self.places.extend_from_slice(rest);
    }

    /// The places, the first first.
    pub fn places(&self) -> &[usize] {
        &self.places
    }
}
