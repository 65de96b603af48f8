//! How far an export to the journal came: kept beside the vault, so that the next one goes on there.

use crate::cli::failure::{Failure, Kind};
use crate::clock::Timestamp;
use crate::model::audit::Filter;
use crate::model::event::Entry;
use crate::vault::permissions::{create_private, with_suffix};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// The mark of one export; held as long as it runs.
#[derive(Debug)]
pub struct Mark {
    file: File,
    last: Option<Place>,
}

/// A line, by its number and its moment: after a backup was restored another line may have the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its number.
    pub number: u64,
    /// When it was.
    pub at: Timestamp,
}

impl Mark {
    /// Opens the mark of the export of these lines; refuses a second export of the same at the same time.
    pub fn open(vault: &Path, filter: &Filter, accounts: bool) -> Result<Self, Failure> {
        // What moves along with the time does not make it another export.
        let fixed = Filter {
            since: None,
            until: None,
            ..filter.clone()
        };
        let hash = Sha256::digest(format!("{fixed:?} {accounts}"));
        let kind: String = hash[..4].iter().map(|byte| format!("{byte:02x}")).collect();
        let path = with_suffix(vault, &format!(".journal-{kind}"));
        let mut file = match create_private(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                OpenOptions::new().read(true).write(true).open(&path)?
            }
            other => other?,
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let text = "these lines are being exported to the journal already";
                return Err(Failure::new(Kind::Unavailable, text)
                    .hint("end the other export, or let it go on alone"));
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let mut text = String::new();
        // One that is damaged counts as none: lines come twice rather than never.
        let _ = file.read_to_string(&mut text);
        Ok(Self {
            last: parse(&text),
            file,
        })
    }

    /// The last line that was exported.
    pub fn last(&self) -> Option<Place> {
        self.last
    }

    /// Notes that a line was exported; a program that is killed has noted it.
    pub fn set(&mut self, entry: &Entry) -> io::Result<()> {
        let place = Place {
            number: entry.number,
            at: entry.activity.at,
        };
        // Always as long: what was there is overwritten whole.
        let text = format!("{:020} {:020}\n", place.number, place.at.as_millis());
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(text.as_bytes())?;
        self.last = Some(place);
        Ok(())
    }
}

fn parse(text: &str) -> Option<Place> {
    let (number, at) = text.trim_end().split_once(' ')?;
    Some(Place {
        number: number.parse().ok()?,
        at: Timestamp::from_millis(at.parse().ok()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::event::{Activity, Happening};

    fn entry(number: u64) -> Entry {
        let at = Timestamp::from_secs(1_800_000_000);
        Entry {
            number,
            activity: Activity::new(at, None, Happening::VaultCreated),
        }
    }

    #[test]
    fn it_is_kept_for_each_export_and_no_two_of_a_kind_run_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let vault = folder.path().join("vault.db");
        let all = Filter::default();
        let mut mark = Mark::open(&vault, &all, false).unwrap();
        assert_eq!(mark.last(), None);
        for number in [9, 1_000_000, 10] {
            mark.set(&entry(number)).unwrap();
        }
        let second = Mark::open(&vault, &all, false).unwrap_err();
        assert_eq!(second.kind, Kind::Unavailable);
        let failed = Filter {
            kind: Some("refresh_failed".to_owned()),
            ..Filter::default()
        };
        assert_eq!(Mark::open(&vault, &failed, false).unwrap().last(), None);
        assert_eq!(Mark::open(&vault, &all, true).unwrap().last(), None);
        drop(mark);
        let since = Filter {
            since: Some(Timestamp::from_secs(5)),
            ..Filter::default()
        };
        let last = Mark::open(&vault, &since, false).unwrap().last().unwrap();
        assert_eq!((last.number, last.at), (10, entry(10).activity.at));
    }
}
