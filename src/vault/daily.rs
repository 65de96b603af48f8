//! Backups that nobody has to think of: one a day, the last few days and weeks kept.

use crate::clock::Timestamp;
use crate::vault::backup::{self, Copied};
use crate::vault::draft::PARTS;
use crate::vault::error::VaultError;
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
    /// Makes today's backup (the day in UTC) unless it is there, and lets old ones go.
    pub fn make(&self, now: Timestamp) -> Result<Option<Copied>, VaultError> {
        let today = day_of(now);
        let file = self.file(today);
        if file.exists() {
            return Ok(None);
        }
        make_folder(&file)?;
        self.sweep();
        let copied = backup::copy(&self.vault, &file, None, false)?;
        for day in superfluous(&self.days(), self.keep_daily, self.keep_weekly) {
            for part in PARTS {
                // What could not be removed is tried again tomorrow.
                let _ = fs::remove_file(with_suffix(&self.file(day), part));
            }
        }
        Ok(Some(copied))
    }

    /// The newest backup, if there is one.
    pub fn newest(&self) -> Option<PathBuf> {
        self.days().last().map(|day| self.file(*day))
    }

    /// All of them, the oldest first.
    pub fn all(&self) -> Vec<Made> {
        let days = self.days();
        days.iter().map(|day| self.made(*day)).collect()
    }

    /// The newest one that was made at that moment or before.
    pub fn not_after(&self, moment: Timestamp) -> Option<Made> {
        let mut all = self.all();
        all.retain(|one| one.made_at <= moment);
        all.pop()
    }

    /// When a backup was made is the file's own time; of one that was copied since, no earlier than its day's end.
    fn made(&self, day: Date) -> Made {
        let file = self.file(day);
        let about = fs::metadata(&file).ok();
        let modified = about.as_ref().and_then(|about| about.modified().ok());
        let modified = modified.and_then(|it| it.duration_since(SystemTime::UNIX_EPOCH).ok());
        let modified = modified.map(|since| Timestamp::default().plus(since));
        let made_at = modified.filter(|at| day_of(*at) == day);
        Made {
            made_at: made_at.unwrap_or_else(|| end_of(day)),
            bytes: about.map_or(0, |about| about.len()),
            file,
        }
    }

    fn file(&self, day: Date) -> PathBuf {
        self.folder.join(format!("{}-{day}.db", self.stem()))
    }

    /// Two vaults of one folder do not take each other's for their own.
    fn stem(&self) -> String {
        let stem = self.vault.file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    }

    /// The days of which there is a backup.
    fn days(&self) -> BTreeSet<Date> {
        let start = format!("{}-", self.stem());
        let day = |name: &str| name.strip_prefix(&start)?.strip_suffix(".db")?.parse().ok();
        self.names().iter().filter_map(|name| day(name)).collect()
    }

    /// Removes what an owner that was killed in the middle of a backup left.
    fn sweep(&self) {
        let start = format!("{}-", self.stem());
        for name in self.names() {
            if name.starts_with(&start) && name.contains(".db.new-") {
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

    #[test]
    fn one_a_day_is_made_and_days_and_weeks_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let daily = daily(folder.path());
        let identity = new_identity();
        let recipient = crate::vault::seal::keys_in::<age::x25519::Identity>(&identity)[0]
            .to_public()
            .to_string();
        VaultFile::create(&daily.vault, NewSlot::Recipient(recipient), 1).unwrap();
        fs::create_dir(&daily.folder).unwrap();
        let others = ["vault-notes.db", "work-2020-01-01.db", "letter"];
        for other in others {
            fs::write(daily.folder.join(other), "not ours").unwrap();
        }
        fs::write(daily.folder.join("vault-2025-12-31.db.new-0123"), "half").unwrap();
        // Thursday, 2026-01-01, and the 59 days after it.
        let start = Timestamp::from_secs(1_767_225_600);
        for day in 0..60 {
            let now = start.plus(Duration::from_secs((day * DAY).unsigned_abs()));
            assert!(daily.make(now).unwrap().is_some(), "day {day}");
            assert!(daily.make(now).unwrap().is_none(), "day {day}, again");
        }
        let kept: Vec<String> = daily.days().iter().map(Date::to_string).collect();
        let weekly = ["2026-02-01", "2026-02-08", "2026-02-15", "2026-02-22"];
        let last = [
            "02-23", "02-24", "02-25", "02-26", "02-27", "02-28", "03-01",
        ];
        let last = last.map(|day| format!("2026-{day}"));
        assert_eq!(kept[..4], weekly);
        assert_eq!(kept[4..], last);
        let newest = daily.newest().unwrap();
        assert_eq!(newest.file_name().unwrap(), "vault-2026-03-01.db");
        assert_eq!(daily.names().len(), kept.len() + others.len());
        // These files were all written today, which is none of their days: each counts from its day's end.
        let of = |day: &str| {
            let moment: jiff::Timestamp = format!("{day}T12:00:00Z").parse().unwrap();
            let made = daily.not_after(Timestamp::from_millis(moment.as_millisecond()))?;
            Some(made.file.file_name()?.to_str()?.to_owned())
        };
        assert_eq!(of("2026-03-02").unwrap(), "vault-2026-03-01.db");
        assert_eq!(of("2026-03-01").unwrap(), "vault-2026-02-28.db");
        assert_eq!(of("2026-02-05").unwrap(), "vault-2026-02-01.db");
        assert_eq!(of("2026-01-31"), None);
        assert_eq!(daily.all().len(), kept.len());
        assert!(daily.all().iter().all(|one| one.bytes > 0));
    }
}
