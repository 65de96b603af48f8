//! One try of a passphrase, counted before it is made: also one of many at once, and one that is killed.

use crate::clock::{Timestamp, now};
use crate::model::policy::Patience;
use crate::paths::without_links;
use crate::vault::error::VaultError;
use crate::vault::tries::Tries;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often it is looked whether guesses under way have ended.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// A guess under way. Dropped without a word it was a wrong one.
#[derive(Debug)]
#[must_use]
pub struct Guess {
    vault: PathBuf,
    begun: Begun,
    is_told: bool,
}

/// When it was counted, and when the one before it was.
#[derive(Debug, Clone, Copy)]
struct Begun {
    at: Timestamp,
    before: Timestamp,
}

/// What becomes of a wish to guess.
enum Wish {
    Granted(Begun),
    Refused(VaultError),
    /// Whether it has to wait depends on guesses that are under way.
    Open,
}

impl Guess {
    /// Counts a guess, if it may be made now. Where that depends on others under way it waits for them, but never for
    /// longer than their wait would be if they were wrong: else a script that starts itself ten times with the right
    /// passphrase would be refused.
    pub fn begin(vault: &Path, patience: &Patience) -> Result<Self, VaultError> {
        let vault = without_links(vault);
        loop {
            match Tries::change(&vault, |tries| wish(tries, patience, now())) {
                Wish::Granted(begun) => {
                    return Ok(Self {
                        vault,
                        begun,
                        is_told: false,
                    });
                }
                Wish::Refused(error) => return Err(error),
                Wish::Open => std::thread::sleep(BETWEEN_LOOKS),
            }
        }
    }

    /// It was right: nothing waits any more for what was wrong before it.
    pub fn was_right(self) {
        self.end(|tries, _| {
            tries.wrong = tries.wrong.saturating_sub(1);
            tries.settle();
        });
    }

    /// Nothing was tried: it never was.
    pub fn take_back(self) {
        self.end(|tries, begun| {
            tries.wrong = tries.wrong.saturating_sub(1);
            if tries.last == begun.at {
                tries.last = begun.before;
            }
        });
    }

    fn end(mut self, how: impl FnOnce(&mut Tries, Begun)) {
        self.is_told = true;
        let begun = self.begun;
        Tries::change(&self.vault, |tries| {
            leave(tries);
            how(tries, begun);
        });
    }
}

impl Drop for Guess {
    fn drop(&mut self) {
        if !self.is_told {
            Tries::change(&self.vault, leave);
        }
    }
}

fn wish(tries: &mut Tries, patience: &Patience, now: Timestamp) -> Wish {
    match tries.wait(patience, now) {
        Some(wait) if tries.under_way.is_empty() => Wish::Refused(VaultError::TooManyTries {
            wrong: tries.wrong,
            wait,
        }),
        Some(_) => Wish::Open,
        None => {
            let before = std::mem::replace(&mut tries.last, now);
            tries.wrong = tries.wrong.saturating_add(1);
            tries.under_way.push(std::process::id());
            Wish::Granted(Begun { at: now, before })
        }
    }
}

/// Takes one of this process's guesses off those under way.
fn leave(tries: &mut Tries) {
    let me = std::process::id();
    let mine = tries.under_way.iter().position(|pid| *pid == me);
    if let Some(at) = mine {
        tries.under_way.swap_remove(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strict() -> Patience {
        Patience {
            free: 2,
            first_wait: Duration::from_secs(600),
            longest_wait: Duration::from_secs(3600),
        }
    }

    fn place() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let vault = folder.path().join("vault.db");
        (folder, vault)
    }

    fn counts(vault: &Path) -> (u32, u32, usize) {
        let tries = Tries::read(vault);
        (tries.wrong, tries.earlier, tries.under_way.len())
    }

    #[test]
    fn a_guess_counts_from_its_beginning_and_a_right_one_ends_the_waiting() {
        let (folder, vault) = place();
        drop(Guess::begin(&vault, &strict()).unwrap());
        assert_eq!(counts(&vault), (1, 0, 0));
        let other = Guess::begin(&vault, &strict()).unwrap();
        assert_eq!(counts(&vault), (2, 0, 1));
        other.was_right();
        assert_eq!(counts(&vault), (0, 1, 0));
        Tries::change(&vault, |tries| tries.tell(1));
        Guess::begin(&vault, &strict()).unwrap().was_right();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn one_that_was_taken_back_lengthens_no_wait() {
        let (_folder, vault) = place();
        drop(Guess::begin(&vault, &strict()).unwrap());
        let before = Tries::read(&vault);
        Guess::begin(&vault, &strict()).unwrap().take_back();
        assert_eq!(Tries::read(&vault), before);
    }

    #[test]
    fn who_comes_while_others_guess_is_let_in_when_one_of_them_was_right() {
        let (_folder, vault) = place();
        let two = [(); 2].map(|()| Guess::begin(&vault, &strict()).unwrap());
        std::thread::scope(|scope| {
            let third = scope.spawn(|| Guess::begin(&vault, &strict()).map(Guess::was_right));
            let [one, other] = two;
            drop(one);
            assert!(!third.is_finished(), "the other may be right yet");
            other.was_right();
            third.join().unwrap().unwrap();
        });
        assert_eq!(counts(&vault), (0, 1, 0));
    }

    #[test]
    fn who_comes_while_others_guess_is_refused_when_all_of_them_were_wrong() {
        let (_folder, vault) = place();
        let two = [(); 2].map(|()| Guess::begin(&vault, &strict()).unwrap());
        std::thread::scope(|scope| {
            let third = scope.spawn(|| Guess::begin(&vault, &strict()).map(drop));
            drop(two);
            let refused = third.join().unwrap();
            assert!(matches!(
                refused,
                Err(VaultError::TooManyTries { wrong: 2, .. })
            ));
        });
    }

    #[test]
    fn one_that_never_ends_keeps_a_right_one_out_for_no_longer_than_its_wait() {
        let (_folder, vault) = place();
        let patience = Patience {
            free: 1,
            first_wait: Duration::from_millis(50),
            longest_wait: Duration::from_secs(3600),
        };
        let _stuck = Guess::begin(&vault, &patience).unwrap();
        Guess::begin(&vault, &patience).unwrap().was_right();
        assert_eq!(counts(&vault), (1, 0, 1));
    }

    #[test]
    fn a_guess_whose_process_was_killed_was_a_wrong_one() {
        let (_folder, vault) = place();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let dead = child.id();
        child.wait().unwrap();
        Tries::change(&vault, |tries| {
            tries.wrong = 2;
            tries.last = now();
            tries.under_way = vec![dead, dead];
        });
        let refused = Guess::begin(&vault, &strict());
        assert!(matches!(
            refused,
            Err(VaultError::TooManyTries { wrong: 2, .. })
        ));
    }
}
