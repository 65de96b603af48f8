//! Wrong passphrases, counted beside the vault: after a few the next try has to wait, longer each time.
//!
//! It holds up whoever types at this program. Somebody with a copy of the file is held up by scrypt alone.

use crate::clock::Timestamp;
use crate::model::policy::Patience;
use crate::paths::without_links;
use crate::vault::permissions::{create_private, folder_of, with_suffix};
use rustix::process::{Pid, test_kill_process};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// No guess takes longer: what claims to be under way since then was cut off.
const LONGEST_GUESS: Duration = Duration::from_secs(120);
/// Another process holds the counts for the blink of an eye; whoever holds them longer is not waited for.
const LONGEST_HOLD: Duration = Duration::from_secs(2);
/// How often they are looked for meanwhile.
const BETWEEN_LOOKS: Duration = Duration::from_millis(1);

/// The wrong passphrases since the last unlocking.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tries {
    /// How many in a row: they make the next one wait. A guess counts from before it is tried.
    pub wrong: u32,
    /// When the last one was.
    pub last: Timestamp,
    /// How many before a right one: no wait follows from them, but the next unlocking tells of them.
    pub earlier: u32,
    /// The processes whose guesses are under way, of which nobody knows yet whether they are wrong.
    pub under_way: Vec<u32>,
}

impl Tries {
    /// Reads them; what cannot be read counts as none, so that nobody is kept out by a broken file.
    pub fn read(vault: &Path) -> Self {
        let text = fs::read_to_string(place(vault)).unwrap_or_default();
        let mut numbers = text.split_whitespace().map(str::parse::<i64>);
        let (Some(Ok(wrong)), Some(Ok(last))) = (numbers.next(), numbers.next()) else {
            return Self::default();
        };
        let mut rest = numbers.map(|number| u32::try_from(number.unwrap_or(0)).unwrap_or(0));
        Self {
            wrong: u32::try_from(wrong).unwrap_or(0),
            last: Timestamp::from_millis(last),
            earlier: rest.next().unwrap_or(0),
            under_way: rest.collect(),
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

    /// Makes none of them wait any more but those under way, since a right one came.
    pub fn settle(&mut self) {
        let open = u32::try_from(self.under_way.len()).unwrap_or(u32::MAX);
        let settled = self.wrong.saturating_sub(open);
        self.wrong -= settled;
        self.earlier = self.earlier.saturating_add(settled);
    }

    /// Forgets so many that were told.
    pub fn tell(&mut self, told: u32) {
        self.earlier = self.earlier.saturating_sub(told);
    }

    /// Changes what stands beside the vault; of several processes that do so one comes after the other. Where it cannot be
    /// written the vault cannot either, and nothing is lost by that.
    pub fn change<T>(vault: &Path, work: impl FnOnce(&mut Self) -> T) -> T {
        let vault = &without_links(vault);
        let _hold = hold(&folder_of(vault));
        let before = Self::read(vault);
        let mut tries = before.clone();
        tries.forget_the_dead();
        let done = work(&mut tries);
        if tries != before {
            tries.write(vault);
        }
        done
    }

    /// Of whom nothing can come any more: a guess that was cut off was a wrong one.
    fn forget_the_dead(&mut self) {
        let is_old = crate::clock::now().since(self.last) > LONGEST_GUESS;
        self.under_way.retain(|pid| !is_old && is_alive(*pid));
    }

    fn write(&self, vault: &Path) {
        if self.all() == 0 && self.under_way.is_empty() {
            let _ = fs::remove_file(place(vault));
            return;
        }
        let half = with_suffix(vault, &format!(".tries-{:016x}", rand::random::<u64>()));
        let written = create_private(&half)
            .and_then(|mut file| writeln!(file, "{}", self.line()))
            .and_then(|()| fs::rename(&half, place(vault)));
        if written.is_err() {
            let _ = fs::remove_file(&half);
        }
    }

    fn line(&self) -> String {
        let under_way = self.under_way.iter().map(|pid| format!(" {pid}"));
        let (wrong, last, earlier) = (self.wrong, self.last.as_millis(), self.earlier);
        format!("{wrong} {last} {earlier}{}", under_way.collect::<String>())
    }
}

fn is_alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

/// Holds the counts of the vaults in a folder until it is dropped; `None`: that cannot be done here. The folder is locked
/// and no file of ours, since ours comes and goes.
fn hold(folder: &Path) -> Option<File> {
    let folder = File::open(folder).ok()?;
    let until = Instant::now() + LONGEST_HOLD;
    while let Err(refused) = folder.try_lock() {
        if io::Error::from(refused).kind() != io::ErrorKind::WouldBlock || Instant::now() > until {
            return None;
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
    Some(folder)
}

fn place(vault: &Path) -> PathBuf {
    with_suffix(&without_links(vault), ".tries")
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
                under_way: Vec::new(),
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
                ..Tries::default()
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
        let now = crate::clock::now();
        let me = std::process::id();
        for wrong in 1..=3 {
            Tries::change(&vault, |tries| {
                tries.wrong += 1;
                tries.last = now;
            });
            let read = Tries::read(&vault);
            assert_eq!((read.wrong, read.last, read.earlier), (wrong, now, 0));
        }
        Tries::change(&vault, |tries| {
            tries.under_way.push(me);
            tries.settle();
        });
        let settled = Tries::read(&vault);
        assert_eq!((settled.wrong, settled.earlier, settled.all()), (1, 2, 3));
        assert_eq!(settled.under_way, [me]);
        // As versions before wrote it.
        fs::write(place(&vault), "2 5000\n").unwrap();
        assert_eq!(Tries::read(&vault).all(), 2);
        for broken in ["", "x 5", "99999999999999999999 1", "\u{0}"] {
            fs::write(place(&vault), broken).unwrap();
            assert_eq!(Tries::read(&vault).all(), 0, "{broken:?}");
        }
        Tries::change(&vault, |tries| tries.wrong = 1);
        Tries::change(&vault, |tries| *tries = Tries::default());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_many_threads_change_at_once_is_all_there() {
        let folder = tempfile::tempdir().unwrap();
        let vault = folder.path().join("vault.db");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..25 {
                        Tries::change(&vault, |tries| tries.wrong += 1);
                    }
                });
            }
        });
        assert_eq!(Tries::read(&vault).wrong, 200);
    }

    #[test]
    fn a_vault_behind_a_link_has_one_count() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real.db"), folder.path().join("l.db"));
        fs::write(&real, "").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        Tries::change(&link, |tries| tries.wrong += 1);
        assert_eq!(Tries::read(&real).wrong, 1);
    }
}
