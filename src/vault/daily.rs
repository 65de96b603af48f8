//! Backups that nobody has to think of: one a day, the last few days and weeks kept.
//!
//! Several vaults may share the folder: each sees, counts and removes its own copies only.

use crate::clock::Timestamp;
use crate::vault::backup::{self, Copied};
use crate::vault::daily_name::{DailyName, mark_of};
use crate::vault::draft::PARTS;
use crate::vault::error::VaultError;
use crate::vault::file::id_of;
use crate::vault::keys::VaultId;
use crate::vault::permissions::{make_folder, with_suffix};
use jiff::civil::{Date, ISOWeekDate};
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Where the backups of a vault go, and which are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Daily {
    /// The vault.
    pub vault: PathBuf,
    /// The folder of the backups.
    pub folder: PathBuf,
    /// The backups of so many days are kept, 1 at least.
    pub keep_daily: usize,
    /// Of those before, the newest of each of so many weeks.
    pub keep_weekly: usize,
    /// How long an owner lives before it makes its first one.
    pub after: Duration,
}

impl Daily {
    /// Makes today's backup (the day in UTC) unless it is there, and lets old ones go. Backups of other vaults are left
    /// alone, whatever they are called.
    pub fn make(&self, now: Timestamp) -> Result<Option<Copied>, VaultError> {
        let vault = id_of(&self.vault)?;
        let today = day_of(now);
        if self.of(vault).iter().any(|one| one.name.day == today) {
            return Ok(None);
        }
        let file = self.file(&DailyName::new(vault, today));
        make_folder(&file)?;
        self.sweep(vault);
        let copied = backup::copy(&self.vault, &file, None, false)?;
        let all = self.of(vault);
        let days = all.iter().map(|one| one.name.day).collect();
        let gone = superfluous(&days, self.keep_daily, self.keep_weekly);
        for one in all.iter().filter(|one| gone.contains(&one.name.day)) {
            for part in PARTS {
                // What could not be removed is tried again tomorrow.
                let _ = fs::remove_file(with_suffix(&one.file, part));
            }
        }
        Ok(Some(copied))
    }

    /// The newest backup, if there is one.
    pub fn newest(&self) -> Option<PathBuf> {
        self.all().pop().map(|made| made.file)
    }

    /// All of this vault, the oldest first. Where the vault does not say which it is (it is gone, or cannot be read),
    /// these are all that are called after its file.
    pub fn all(&self) -> Vec<Made> {
        id_of(&self.vault).map_or_else(|_| self.found(), |vault| self.of(vault))
    }

    /// How many of the folder are called after the vault's file, and are of other vaults.
    pub fn of_others(&self) -> usize {
        self.found().len() - self.all().len()
    }

    /// The newest one that was made at that moment or before. Where nothing says which of several vaults is meant, it
    /// is [`VaultError::BackupsOfSeveral`].
    pub fn not_after(&self, moment: Timestamp) -> Result<Option<Made>, VaultError> {
        let mut all = self.all();
        let vaults: BTreeSet<String> = all.iter().filter_map(Made::mark).collect();
        if vaults.len() > 1 {
            return Err(VaultError::BackupsOfSeveral {
                folder: self.folder.clone(),
                vault: self.vault.clone(),
            });
        }
        all.retain(|one| one.made_at <= moment);
        Ok(all.pop())
    }

    /// Those of one vault, the oldest first.
    fn of(&self, vault: VaultId) -> Vec<Made> {
        let mut all = self.found();
        all.retain(|one| one.is_of(vault));
        all
    }

    /// All that are called after the vault's file, the oldest first.
    fn found(&self) -> Vec<Made> {
        let (names, stem) = (self.names(), self.stem());
        let names = names.iter().filter_map(|it| DailyName::read(&stem, it));
        let mut all: Vec<Made> = names.map(|name| self.made(name)).collect();
        all.sort_by(|a, b| (a.name.day, a.made_at, &a.file).cmp(&(b.name.day, b.made_at, &b.file)));
        all
    }

    /// When a backup was made is the file's own time; of one that was copied since, no earlier than its day's end.
    fn made(&self, name: DailyName) -> Made {
        let file = self.file(&name);
        let about = fs::metadata(&file).ok();
        let modified = about.as_ref().and_then(|about| about.modified().ok());
        let modified = modified.and_then(|it| it.duration_since(SystemTime::UNIX_EPOCH).ok());
        let modified = modified.map(|since| Timestamp::default().plus(since));
        let made_at = modified.filter(|at| day_of(*at) == name.day);
        Made {
            made_at: made_at.unwrap_or_else(|| end_of(name.day)),
            bytes: about.map_or(0, |about| about.len()),
            vault: id_of(&file).ok(),
            name,
            file,
        }
    }

    fn file(&self, name: &DailyName) -> PathBuf {
        self.folder.join(name.text(&self.stem()))
    }

    fn stem(&self) -> String {
        let stem = self.vault.file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    }

    /// Removes what an owner of this vault that was killed in the middle of a backup left.
    fn sweep(&self, vault: VaultId) {
        let stem = self.stem();
        for name in self.names() {
            let Some((whole, _)) = name.split_once(".new-") else {
                continue;
            };
            if DailyName::read(&stem, whole).is_some_and(|it| it.is_of(vault)) {
                let _ = fs::remove_file(self.folder.join(name));
            }
        }
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect()
    }
}

/// A backup that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The file.
    pub file: PathBuf,
    /// When it was made.
    pub made_at: Timestamp,
    /// Its size in bytes.
    pub bytes: u64,
    /// The vault that it is a copy of, where it can be read.
    vault: Option<VaultId>,
    name: DailyName,
}

impl Made {
    /// The first digits of the number of the vault that it is of: the file says so, else its name.
    pub fn mark(&self) -> Option<String> {
        self.vault.map(mark_of).or_else(|| self.name.mark.clone())
    }

    /// A name proves nothing; it counts where the file is so damaged that it says nothing.
    fn is_of(&self, vault: VaultId) -> bool {
        self.vault
            .map_or_else(|| self.name.is_of(vault), |its| its == vault)
    }
}

fn end_of(day: Date) -> Timestamp {
    let end = day.to_zoned(TimeZone::UTC);
    let begin = end.map_or(0, |begin| begin.timestamp().as_millisecond());
    Timestamp::from_millis(begin).plus(Duration::from_millis(24 * 3600 * 1000 - 1))
}

/// The folder of a vault's backups where no other is named.
pub fn folder_beside(vault: &Path) -> PathBuf {
    vault.with_file_name("backups")
}

fn day_of(now: Timestamp) -> Date {
    let now = jiff::Timestamp::from_millisecond(now.as_millis()).unwrap_or_default();
    now.to_zoned(TimeZone::UTC).date()
}

/// The days whose backups go.
fn superfluous(days: &BTreeSet<Date>, daily: usize, weekly: usize) -> Vec<Date> {
    let mut weeks: BTreeSet<(i16, i8)> = BTreeSet::new();
    let older = days.iter().rev().skip(daily.max(1));
    older
        .filter(|day| {
            let week = ISOWeekDate::from(**day);
            let is_new = !weeks.contains(&(week.year(), week.week()));
            let is_kept = is_new && weeks.len() < weekly;
            if is_kept {
                weeks.insert((week.year(), week.week()));
            }
            !is_kept
        })
        .copied()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::file::VaultFile;
    use crate::vault::keys::new_identity;
    use crate::vault::slot::NewSlot;

    const DAY: i64 = 24 * 3600;

    fn daily(folder: &Path) -> Daily {
        let vault = folder.join("vault.db");
        Daily {
            folder: folder_beside(&vault),
            vault,
            keep_daily: 7,
            keep_weekly: 4,
            after: Duration::ZERO,
        }
    }

    fn make_vault(daily: &Daily) -> String {
        let identity = new_identity();
        let recipient = crate::vault::seal::keys_in::<age::x25519::Identity>(&identity)[0]
            .to_public()
            .to_string();
        let made = VaultFile::create(&daily.vault, NewSlot::Recipient(recipient), 1).unwrap();
        mark_of(made.keys().vault_id())
    }

    fn name_of(file: &Path) -> &str {
        file.file_name().unwrap().to_str().unwrap()
    }

    fn at(moment: &str) -> Timestamp {
        let moment: jiff::Timestamp = moment.parse().unwrap();
        Timestamp::from_millis(moment.as_millisecond())
    }

    #[test]
    fn one_a_day_is_made_and_days_and_weeks_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let daily = daily(folder.path());
        let mark = make_vault(&daily);
        fs::create_dir(&daily.folder).unwrap();
        let others = ["vault-notes.db", "work-2020-01-01.db", "letter"];
        for other in others {
            fs::write(daily.folder.join(other), "not ours").unwrap();
        }
        let half = format!("vault-{mark}-2025-12-31.db.new-0123");
        fs::write(daily.folder.join(half), "half").unwrap();
        // Thursday, 2026-01-01, and the 59 days after it.
        let start = Timestamp::from_secs(1_767_225_600);
        for day in 0..60 {
            let now = start.plus(Duration::from_secs((day * DAY).unsigned_abs()));
            assert!(daily.make(now).unwrap().is_some(), "day {day}");
            assert!(daily.make(now).unwrap().is_none(), "day {day}, again");
        }
        let all = daily.all();
        let kept: Vec<String> = all.iter().map(|it| it.name.day.to_string()).collect();
        let weekly = ["2026-02-01", "2026-02-08", "2026-02-15", "2026-02-22"];
        let last = [
            "02-23", "02-24", "02-25", "02-26", "02-27", "02-28", "03-01",
        ];
        let last = last.map(|day| format!("2026-{day}"));
        assert_eq!(kept[..4], weekly);
        assert_eq!(kept[4..], last);
        let newest = daily.newest().unwrap();
        assert_eq!(name_of(&newest), format!("vault-{mark}-2026-03-01.db"));
        assert_eq!(daily.names().len(), kept.len() + others.len());
        // These files were all written today, which is none of their days: each counts from its day's end.
        let of = |day: &str| {
            let made = daily.not_after(at(&format!("{day}T12:00:00Z"))).unwrap()?;
            Some(made.name.day.to_string())
        };
        assert_eq!(of("2026-03-02").unwrap(), "2026-03-01");
        assert_eq!(of("2026-03-01").unwrap(), "2026-02-28");
        assert_eq!(of("2026-02-05").unwrap(), "2026-02-01");
        assert_eq!(of("2026-01-31"), None);
        assert!(all.iter().all(|one| one.bytes > 0));
    }

    /// Two vaults of one file name, with one folder for the backups of both.
    fn two(folder: &Path) -> (Daily, Daily) {
        let one = |name: &str| Daily {
            vault: folder.join(name).join("vault.db"),
            folder: folder.join("backups"),
            keep_daily: 2,
            keep_weekly: 0,
            after: Duration::ZERO,
        };
        let (work, home) = (one("work"), one("home"));
        for daily in [&work, &home] {
            make_vault(daily);
        }
        (work, home)
    }

    #[test]
    fn two_vaults_of_one_name_share_a_folder_and_each_keeps_and_removes_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let (work, home) = two(folder.path());
        let half = home.folder.join({
            let mark = mark_of(id_of(&home.vault).unwrap());
            format!("vault-{mark}-2026-01-04.db.new-0123")
        });
        assert!(home.make(at("2026-01-01T08:00:00Z")).unwrap().is_some());
        fs::write(&half, "of a backup that the other owner makes now").unwrap();
        for day in 1..=5 {
            let now = at(&format!("2026-01-0{day}T09:00:00Z"));
            assert!(work.make(now).unwrap().is_some(), "day {day}");
        }
        let days = |daily: &Daily| -> Vec<String> {
            let all = daily.all();
            all.iter().map(|one| one.name.day.to_string()).collect()
        };
        assert_eq!(days(&work), ["2026-01-04", "2026-01-05"]);
        assert_eq!(
            days(&home),
            ["2026-01-01"],
            "two newer ones are not its own"
        );
        assert_eq!((work.of_others(), home.of_others()), (1, 2));
        assert!(half.exists());
        let found = home.not_after(at("2027-01-01T00:00:00Z")).unwrap().unwrap();
        assert_eq!(id_of(&found.file).unwrap(), id_of(&home.vault).unwrap());
        assert!(home.make(at("2026-01-05T09:00:00Z")).unwrap().is_some());
        assert!(!half.exists(), "now it is its own, and left over");
    }

    #[test]
    fn an_old_name_is_this_vaults_where_the_file_says_so_and_only_then() {
        let folder = tempfile::tempdir().unwrap();
        let (work, home) = two(folder.path());
        work.make(at("2026-01-01T09:00:00Z")).unwrap();
        home.make(at("2026-01-02T09:00:00Z")).unwrap();
        let as_of_old = |daily: &Daily, day: &str| {
            let name = daily.folder.join(format!("vault-{day}.db"));
            fs::rename(daily.newest().unwrap(), &name).unwrap();
            name
        };
        let (works, homes) = (
            as_of_old(&work, "2026-01-01"),
            as_of_old(&home, "2026-01-02"),
        );
        assert_eq!(work.newest().as_ref(), Some(&works));
        assert_eq!(home.newest().as_ref(), Some(&homes));
        assert!(work.make(at("2026-01-01T12:00:00Z")).unwrap().is_none());
        for day in 2..=3 {
            work.make(at(&format!("2026-01-0{day}T09:00:00Z"))).unwrap();
        }
        assert!(!works.exists(), "two newer ones are kept");
        assert!(homes.exists());
        // Nothing proves whose it is: nobody removes it.
        fs::write(&homes, "damaged").unwrap();
        assert_eq!(home.newest(), None);
        work.make(at("2026-01-09T09:00:00Z")).unwrap();
        home.make(at("2026-01-09T09:00:00Z")).unwrap();
        assert!(homes.exists());
    }

    #[test]
    fn what_a_file_holds_counts_more_than_its_name_which_counts_where_it_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let (work, home) = two(folder.path());
        let now = at("2026-01-01T09:00:00Z");
        work.make(now).unwrap();
        home.make(now).unwrap();
        let (works, homes) = (work.newest().unwrap(), home.newest().unwrap());
        fs::copy(&works, &homes).unwrap();
        assert_eq!(home.newest(), None, "it is a copy of the other vault");
        let refused = home.make(now).unwrap_err();
        assert!(matches!(refused, VaultError::Exists { .. }), "{refused}");
        fs::write(&homes, "damaged").unwrap();
        assert_eq!(home.newest(), Some(homes));
    }

    #[test]
    fn without_a_vault_that_says_which_it_is_backups_of_several_are_not_guessed_at() {
        let folder = tempfile::tempdir().unwrap();
        let (work, home) = two(folder.path());
        let now = at("2026-01-01T09:00:00Z");
        work.make(now).unwrap();
        fs::write(&home.vault, "damaged").unwrap();
        let later = now.plus(Duration::from_secs(9 * 24 * 3600));
        let only = home.not_after(later).unwrap().unwrap();
        assert_eq!(Some(only.file), work.newest());
        fs::remove_file(&home.vault).unwrap();
        make_vault(&home);
        home.make(now).unwrap();
        fs::remove_file(&home.vault).unwrap();
        let refused = home.not_after(later).unwrap_err();
        assert!(
            matches!(refused, VaultError::BackupsOfSeveral { .. }),
            "{refused}"
        );
        assert_eq!(home.all().len(), 2);
        assert!(work.not_after(later).unwrap().is_some());
    }
}
