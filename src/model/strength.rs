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
    /// What is wrong with it and what would make it better, a sentence each.
    pub advice: Vec<String>,
    /// How long somebody would guess who has the vault's file and ten thousand guesses a second.
    pub guessed_in: String,
}

impl Strength {
    /// Judges a passphrase. Takes a millisecond or less.
    pub fn of(passphrase: &Passphrase) -> Self {
        let whole = passphrase.expose_secret();
        if whole.is_empty() {
            return Self {
                score: 0,
                word: "empty",
                advice: Vec::new(),
                guessed_in: String::new(),
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
        let feedback = judged.feedback();
        let warning = feedback.and_then(|feedback| feedback.warning());
        let suggestions = feedback.map_or(&[][..], |feedback| feedback.suggestions());
        let guessing = judged.crack_times().offline_slow_hashing_1e4_per_second();
        Self {
            score,
            word,
            advice: warning
                .map(|warning| warning.to_string())
                .into_iter()
                .chain(suggestions.iter().map(ToString::to_string))
                .collect(),
            guessed_in: guessing.to_string(),
        }
    }

    /// What the score means for the vault, a sentence.
    pub fn meaning(&self) -> String {
        format!(
            "Whoever copies the vault's file and makes ten thousand guesses a second finds it in {}.",
            self.guessed_in
        )
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
        assert!(judge("password1").advice.len() > 1);
        assert!(judge("password1").meaning().contains("a second"));
        assert!(judge("velvet-otter-cannot-juggle-9").is_enough());
    }

    #[test]
    fn a_huge_paste_is_judged_by_its_first_characters() {
        let paste = "é€𝄞x".repeat(50_000);
        let start: String = paste.chars().take(JUDGED).collect();
        assert_eq!(judge(&paste), judge(&start));
    }
}
