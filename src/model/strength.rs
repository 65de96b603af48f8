//! How strong a new passphrase is, in words; a judgement for people, never a gate by itself.

use crate::secret::Passphrase;
use zxcvbn::{Score, zxcvbn};

/// How many characters are judged: zxcvbn's work grows fast with the length, and more changes no score.
const JUDGED: usize = 72;

/// What is said of a passphrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strength {
    /// 0 (guessed at once) to 4 (not guessed).
    pub score: u8,
    /// The score in a word or two.
    pub word: &'static str,
    /// What would make it better, a sentence; `None` when there is nothing to say.
    pub advice: Option<String>,
}

impl Strength {
    /// Judges a passphrase. Takes a millisecond or less.
    pub fn of(passphrase: &Passphrase) -> Self {
        let whole = passphrase.expose_secret();
        if whole.is_empty() {
            return Self {
                score: 0,
                word: "empty",
                advice: None,
            };
        }
        let end = whole
            .char_indices()
            .nth(JUDGED)
            .map_or(whole.len(), |(at, _)| at);
        let judged = zxcvbn(&whole[..end], &["tokenward"]);
        let (score, word) = match judged.score() {
            Score::Zero => (0, "very weak"),
            Score::One => (1, "weak"),
            Score::Two => (2, "fair"),
            Score::Three => (3, "good"),
            _ => (4, "strong"),
        };
        let advice = judged.feedback().and_then(|feedback| {
            feedback
                .warning()
                .map(|warning| warning.to_string())
                .or_else(|| feedback.suggestions().first().map(ToString::to_string))
        });
        Self {
            score,
            word,
            advice,
        }
    }

    /// Whether a vault should be sealed with it without asking twice.
    pub fn is_enough(&self) -> bool {
        self.score >= 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(text: &str) -> Strength {
        Strength::of(&Passphrase::new(text.to_owned()))
    }

    #[test]
    fn common_words_are_weak_and_long_random_ones_are_not() {
        assert_eq!(judge("").score, 0);
        assert!(!judge("password1").is_enough());
        assert!(judge("password1").advice.is_some());
        assert!(judge("velvet-otter-cannot-juggle-9").is_enough());
    }

    #[test]
    fn a_huge_paste_is_judged_by_its_first_characters() {
        let paste = "é€𝄞x".repeat(50_000);
        let start: String = paste.chars().take(JUDGED).collect();
        assert_eq!(judge(&paste), judge(&start));
    }
}
