//! Type to find: fuzzy matching, the same everywhere.

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str, Utf32String};

/// A text made ready to be looked in many times.
pub struct Hay(Utf32String);

impl Hay {
    /// Makes a text ready.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }
}

/// A typed text, ready to be looked for in many texts.
pub struct Finder {
    pattern: Pattern,
    matcher: Matcher,
    room: Vec<char>,
    plain: bool,
}

impl Finder {
    /// Prepares a typed text; words are looked for one by one.
    pub fn new(typed: &str) -> Self {
        Self {
            pattern: Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart),
            matcher: Matcher::new(Config::DEFAULT),
            room: Vec::new(),
            plain: is_plain(typed),
        }
    }

    /// Prepares a typed text whose words are looked for as they are: in sentences words with gaps fit nearly anywhere.
    pub fn without_gaps(typed: &str) -> Self {
        let mut finder = Self::new(typed);
        if finder.plain {
            let (case, normal) = (CaseMatching::Ignore, Normalization::Smart);
            finder.pattern = Pattern::new(typed, case, normal, AtomKind::Substring);
            finder.plain = false;
        }
        finder
    }

    /// Whether a text fits at all.
    pub fn fits(&mut self, Hay(text): &Hay) -> bool {
        let (text, matcher) = (text.slice(..), &mut self.matcher);
        if !self.plain {
            return self.pattern.score(text, matcher).is_some();
        }
        // Whether words fit does not depend on how well they do, and the first place that fits is soon found.
        let mut words = self.pattern.atoms.iter();
        words.all(|word| {
            matcher
                .fuzzy_match_greedy(text, word.needle_text())
                .is_some()
        })
    }

    /// How well a text fits, more is better; `None`: it does not.
    pub fn score(&mut self, text: &str) -> Option<u32> {
        self.pattern
            .score(Utf32Str::new(text, &mut self.room), &mut self.matcher)
    }
}

// Nothing but words that may have gaps: no sign of the pattern's own, and no letter that could be written otherwise.
fn is_plain(typed: &str) -> bool {
    typed.is_ascii() && !typed.contains(['!', '^', '$', '\'', '\\'])
}

/// Whether nothing fits the longer text that does not fit the shorter one.
pub fn narrows(shorter: &str, longer: &str) -> bool {
    longer.starts_with(shorter) && is_plain(longer)
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
    fn words_without_gaps_are_found_whole_and_in_any_order() {
        let mut finder = Finder::without_gaps("failed slack");
        assert!(finder.score("slack/acme  refresh failed: 503").is_some());
        assert!(
            finder
                .score("slack/acme  refreshed, all led well")
                .is_none()
        );
        assert!(Finder::without_gaps("!slack").score("slack/acme").is_none());
    }

    #[test]
    fn the_best_fit_comes_first_and_nothing_typed_keeps_the_order() {
        let texts = ["Sign in", "Rotate", "Revoke"];
        assert_eq!(ranked("rev", texts.into_iter()), [2]);
        assert_eq!(ranked("", texts.into_iter()), [0, 1, 2]);
        assert!(ranked("zzz", texts.into_iter()).is_empty());
    }
}
