//! Wrong passphrases, counted beside the vault: after a few the next try has to wait, longer each time.
//!
//! It holds up whoever types at this program. Somebody with a copy of the file is held up by scrypt alone.

use crate::clock::Timestamp;
use crate::model::policy::Patience;
use crate::vault::permissions::{create_private, with_suffix};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The wrong passphrases since the last unlocking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tries {
    /// How many in a row: they make the next one wait.
    pub wrong: u32,
    /// When the last one was.
    pub last: Timestamp,
    /// How many before a right one that opened nothing: no wait follows from them, but the next unlocking tells of them.
    pub earlier: u32,
}

impl Tries {
    /// Reads them; what cannot be read counts as none, so that nobody is kept out by a broken file.
    pub fn read(vault: &Path) -> Self {
        let text = fs::read_to_string(place(vault)).unwrap_or_default();
        let mut numbers = text.split_whitespace().map(str::parse::<i64>);
        match (numbers.next(), numbers.next(), numbers.next()) {
            (Some(Ok(wrong)), Some(Ok(last)), earlier) => Self {
                wrong: u32::try_from(wrong).unwrap_or(0),
                last: Timestamp::from_millis(last),
                earlier: earlier.map_or(0, |it| it.map_or(0, |it| u32::try_from(it).unwrap_or(0))),
            },
            _ => Self::default(),
        }
    }

    /// How many there were since the last unlocking.
    pub fn all(&self) -> u64 {
        u64::from(self.wrong) + u64::from(self.earlier)
    }

    /// How long the next try has to wait; `None`: not at all. A clock that was set back keeps nobody out.
    pub fn wait(&self, patience: &Patience, now: Timestamp) -> Option<Duration> {
        let beyond = self.wrong.checked_sub(patience.free.max(1))?;
        let pause = patience
            .first_wait
            .saturating_mul(1 << beyond.min(12))
            .min(patience.longest_wait);
        let left = now.until(self.last.plus(pause));
        (self.last <= now && !left.is_zero()).then_some(left)
    }

    /// Whether the last wrong one is so long ago that no wait could follow from it any more.
    pub fn are_old(&self, patience: &Patience, now: Timestamp) -> bool {
        self.last > now || now.since(self.last) >= patience.longest_wait
    }

    /// Counts one more. Where it cannot be written the vault cannot either, and nothing is lost by that.
    pub fn count(self, vault: &Path, now: Timestamp) {
        let wrong = self.wrong.saturating_add(1);
        Self {
            wrong,
            last: now,
            ..self
        }
        .write(vault);
    }

    /// Makes none of them wait any more, since a right one came that opened nothing.
    pub fn settle(self, vault: &Path) {
        if self.wrong > 0 {
            Self {
                wrong: 0,
                earlier: self.earlier.saturating_add(self.wrong),
                ..self
            }
            .write(vault);
        }
    }

    fn write(self, vault: &Path) {
        let (wrong, last, earlier) = (self.wrong, self.last.as_millis(), self.earlier);
        let half = with_suffix(vault, &format!(".tries-{:016x}", rand::random::<u64>()));
        let written = create_private(&half)
            .and_then(|mut file| writeln!(file, "{wrong} {last} {earlier}"))
            .and_then(|()| fs::rename(&half, place(vault)));
        if written.is_err() {
            let _ = fs::remove_file(&half);
        }
    }

    /// Forgets them, since the vault was unlocked.
    pub fn forget(vault: &Path) {
        let _ = fs::remove_file(place(vault));
    }
}

fn place(vault: &Path) -> PathBuf {
    with_suffix(vault, ".tries")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_and_has_a_limit() {
        let last = Timestamp::from_secs(1_000);
        let wait = |wrong, after: i64| {
            let now = Timestamp::from_secs(1_000 + after);
            let tries = Tries {
                wrong,
                last,
                earlier: 90,
            };
            tries
                .wait(&Patience::default(), now)
                .map(|wait| wait.as_secs())
        };
        assert_eq!(wait(2, 0), None);
        let waits: Vec<_> = (3..10).map(|wrong| wait(wrong, 0)).collect();
        assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60].map(Some));
        assert_eq!(wait(5, 7), Some(1));
        assert_eq!(wait(5, 8), None);
        assert_eq!(wait(u32::MAX, -5), None, "the clock was set back");
        let strict = Patience {
            free: 1,
            first_wait: Duration::from_secs(10),
            longest_wait: Duration::from_secs(25),
        };
        let strictly = |wrong| {
            let tries = Tries {
                wrong,
                last,
                earlier: 0,
            };
            tries.wait(&strict, last).map(|wait| wait.as_secs())
        };
        let waits: Vec<_> = (0..5).map(strictly).collect();
        assert_eq!(waits, [None, Some(10), Some(20), Some(25), Some(25)]);
    }

    #[test]
    fn they_are_counted_across_programs_and_a_broken_file_counts_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let vault = folder.path().join("vault.db");
        let now = Timestamp::from_secs(5);
        for wrong in 1..=3 {
            Tries::read(&vault).count(&vault, now);
            let read = Tries::read(&vault);
            assert_eq!((read.wrong, read.last, read.earlier), (wrong, now, 0));
        }
        Tries::read(&vault).settle(&vault);
        let settled = Tries::read(&vault);
        assert_eq!((settled.wrong, settled.earlier, settled.all()), (0, 3, 3));
        settled.count(&vault, now);
        let counted = Tries::read(&vault);
        assert_eq!((counted.wrong, counted.all()), (1, 4));
        // As versions before wrote it.
        fs::write(place(&vault), "2 5000\n").unwrap();
        assert_eq!(Tries::read(&vault).all(), 2);
        for broken in ["", "x 5", "99999999999999999999 1", "\u{0}"] {
            fs::write(place(&vault), broken).unwrap();
            assert_eq!(Tries::read(&vault), Tries::default(), "{broken:?}");
        }
        Tries::forget(&vault);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
