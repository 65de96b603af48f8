//! Whether there is a backup that is young enough and can be read.

use crate::cli::context::Context;
use crate::cli::doctor::finding::Finding;
use crate::cli::owner::daily;
use crate::clock::Timestamp;
use crate::tui::words;
use crate::vault::backup;
use crate::vault::daily::Daily;
use crate::vault::permissions::trouble_with_folder;
use std::fs;
use std::io::ErrorKind;
use std::time::Duration;

const CHECK: &str = "backups";

/// A daily backup older than this was not made for days.
const OLD: Duration = Duration::from_secs(3 * 24 * 3600);

/// Looks at the newest daily backup.
pub fn examine(context: &Context, now: Timestamp) -> Finding {
    if !context.vault.exists() {
        return Finding::not_looked_at(CHECK, "there is no vault");
    }
    of(&daily(context), context.config.backup.daily, now)
}

fn of(daily: &Daily, is_on: bool, now: Timestamp) -> Finding {
    let folder = daily.folder.display();
    match fs::read_dir(&daily.folder) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => {
            let what = format!("the backups' folder {folder} cannot be read: {error}");
            return Finding::problem(
                CHECK,
                what,
                format!("ls -ld {folder}; chmod u+rwx {folder}"),
            );
        }
    }
    if let Some(problem) = trouble_with_folder(&daily.folder) {
        let what = format!("the backups' folder {folder} is not safe: {problem}");
        return Finding::problem(CHECK, what, format!("ls -ld {folder}; chmod go-w {folder}"));
    }
    let made = daily.all();
    let by_hand = "tokenward vault backup FILE; an owner makes one a day: tokenward --daemon";
    let Some(newest) = made.last() else {
        return match is_on {
            true => Finding::warning(CHECK, "there is no daily backup yet", by_hand),
            false => Finding::ok(
                CHECK,
                "daily ones are off in the settings, and there is none",
            ),
        };
    };
    let (age, file) = (now.since(newest.made_at), newest.file.display());
    let old = words::about(age);
    if let Err(error) = backup::look(&newest.file) {
        let what = format!("the newest backup, {file}, cannot be used: {error}");
        return Finding::problem(
            CHECK,
            what,
            "see the others: tokenward vault backups --verify",
        );
    }
    if is_on && age > OLD {
        let what =
            format!("the newest daily backup is {old} old: no owner has lived long enough since");
        return Finding::warning(CHECK, what, by_hand);
    }
    Finding::ok(CHECK, format!("the newest is {old} old: {file}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::finding::Verdict;
    use crate::clock::now;
    use crate::vault::daily::folder_beside;
    use crate::vault::file::VaultFile;
    use crate::vault::slot::NewSlot;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn no_backup_an_old_one_and_a_broken_one_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let vault = folder.path().join("vault.db");
        let slot = NewSlot::Passphrase(crate::secret::Passphrase::new("x".to_owned()));
        drop(VaultFile::create(&vault, slot, 2).unwrap());
        let daily = Daily {
            folder: folder_beside(&vault),
            vault,
            keep_daily: 7,
            keep_weekly: 4,
            after: Duration::ZERO,
        };
        let now = now();
        assert_eq!(of(&daily, true, now).verdict, Verdict::Warning);
        assert_eq!(of(&daily, false, now).verdict, Verdict::Ok);
        daily.make(now).unwrap();
        assert_eq!(of(&daily, true, now).verdict, Verdict::Ok);
        let later = now.plus(OLD * 2);
        let old = of(&daily, true, later);
        assert_eq!(old.verdict, Verdict::Warning);
        assert!(old.what.contains("old"), "{old:?}");
        assert_eq!(of(&daily, false, later).verdict, Verdict::Ok);
        let rights = |mode| fs::set_permissions(&daily.folder, fs::Permissions::from_mode(mode));
        rights(0o770).unwrap();
        let open_to_others = of(&daily, true, now);
        assert_eq!(open_to_others.verdict, Verdict::Problem);
        assert!(
            open_to_others.what.contains("mode 770"),
            "{open_to_others:?}"
        );
        rights(0o700).unwrap();
        let newest = daily.newest().unwrap();
        let bytes = fs::read(&newest).unwrap();
        fs::write(&newest, &bytes[..bytes.len() / 2]).unwrap();
        assert_eq!(of(&daily, true, now).verdict, Verdict::Problem);
        fs::remove_dir_all(&daily.folder).unwrap();
        fs::write(&daily.folder, "a file where the folder should be").unwrap();
        fs::set_permissions(&daily.folder, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(of(&daily, true, now).verdict, Verdict::Problem);
    }
}
