//! Type to find: fuzzy matching, the same everywhere.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// A typed text, ready to be looked for in many texts.
pub struct Finder {
    pattern: Pattern,
    matcher: Matcher,
    room: Vec<char>,
}

impl Finder {
    /// Prepares a typed text; words are looked for one by one.
    pub fn new(typed: &str) -> Self {
        Self {
            pattern: Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart),
            matcher: Matcher::new(Config::DEFAULT),
            room: Vec::new(),
        }
    }

    /// How well a text fits, more is better; `None`: it does not.
    pub fn score(&mut self, text: &str) -> Option<u32> {
        self.pattern
            .score(Utf32Str::new(text, &mut self.room), &mut self.matcher)
    }
}

/// Places of the texts that fit, the best first; all in their order when nothing was typed.
pub fn ranked<'a>(typed: &str, texts: impl Iterator<Item = &'a str>) -> Vec<usize> {
    let mut finder = Finder::new(typed);
    let mut found: Vec<(usize, u32)> = texts
        .enumerate()
        .filter_map(|(at, text)| Some((at, finder.score(text)?)))
        .collect();
    found.sort_by_key(|(at, score)| (std::cmp::Reverse(*score), *at));
    found.into_iter().map(|(at, _)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_fit_comes_first_and_nothing_typed_keeps_the_order() {
        let texts = ["Sign in", "Rotate", "Revoke"];
        assert_eq!(ranked("rev", texts.into_iter()), [2]);
        assert_eq!(ranked("", texts.into_iter()), [0, 1, 2]);
        assert!(ranked("zzz", texts.into_iter()).is_empty());
    }
}
