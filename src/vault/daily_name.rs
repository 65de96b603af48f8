//! The names of daily backups: after the vault's file, its number and the day.

use crate::vault::keys::VaultId;
use jiff::civil::Date;

/// So many digits of a vault's number stand in a name: enough to tell the vaults of one user apart.
const DIGITS: usize = 12;

/// What a name says. Those of the first backups have no number of a vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DailyName {
    /// The first digits of the vault's number.
    pub mark: Option<String>,
    /// The day in UTC.
    pub day: Date,
}

impl DailyName {
    /// The name of a backup of that vault, whose file is called `stem`, and that day.
    pub fn new(vault: VaultId, day: Date) -> Self {
        Self {
            mark: Some(mark_of(vault)),
            day,
        }
    }

    /// Reads the name of a file; `None`: it is no backup of a vault whose file is called `stem`.
    pub fn read(stem: &str, name: &str) -> Option<Self> {
        let rest = name.strip_prefix(stem)?.strip_prefix('-')?;
        let rest = rest.strip_suffix(".db")?;
        let with_mark = rest.split_at_checked(DIGITS).and_then(|(mark, day)| {
            let is_mark = mark
                .bytes()
                .all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
            let day = day.strip_prefix('-').filter(|_| is_mark)?;
            Some((Some(mark.to_owned()), day))
        });
        let (mark, day) = with_mark.unwrap_or((None, rest));
        let day = day.parse().ok()?;
        Some(Self { mark, day })
    }

    /// The name of the file.
    pub fn text(&self, stem: &str) -> String {
        match &self.mark {
            Some(mark) => format!("{stem}-{mark}-{}.db", self.day),
            None => format!("{stem}-{}.db", self.day),
        }
    }

    /// Whether the name says that it is of that vault.
    pub fn is_of(&self, vault: VaultId) -> bool {
        self.mark.as_deref() == Some(mark_of(vault).as_str())
    }
}

/// The digits of a vault's number that stand in the names of its backups.
pub fn mark_of(vault: VaultId) -> String {
    let mut digits = vault.to_string();
    digits.truncate(DIGITS);
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_the_vault_and_the_day_and_an_old_one_the_day() {
        let vault = VaultId([0xab; 16]);
        let day: Date = "2026-11-21".parse().unwrap();
        let name = DailyName::new(vault, day);
        assert_eq!(name.text("work"), "work-abababababab-2026-11-21.db");
        let read = DailyName::read("work", &name.text("work")).unwrap();
        assert_eq!(read, name);
        assert!(read.is_of(vault) && !read.is_of(VaultId([0xac; 16])));
        let old = DailyName::read("work", "work-2026-11-21.db").unwrap();
        assert_eq!((&old.mark, old.day), (&None, day));
        assert_eq!(old.text("work"), "work-2026-11-21.db");
        assert!(!old.is_of(vault));
        for other in [
            "work-notes.db",
            "work-2026-11-21.db.new-01",
            "work-abababababaX-2026-11-21.db",
            "work-ABABABABABAB-2026-11-21.db",
            "work-abababababab2026-11-21.db",
            "work-2026-13-21.db",
            "vault-2026-11-21.db",
            "workaholic-2026-11-21.db",
            "work-ää2026-11-21.db",
            "work-",
            "",
        ] {
            assert_eq!(DailyName::read("work", other), None, "{other}");
        }
    }
}
