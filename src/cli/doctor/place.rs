//! Whether the vault lies where other programs copy it away: a work tree, a synced folder.

use crate::cli::doctor::finding::Finding;
use crate::paths::without_links;
use std::path::Path;

const CHECK: &str = "place";

/// What a folder holds at its top when a program keeps versions or copies of it elsewhere.
const MARKS: [(&str, &str); 15] = [
    (".git", "git"),
    (".hg", "Mercurial"),
    (".svn", "Subversion"),
    (".jj", "Jujutsu"),
    (".stfolder", "Syncthing"),
    (".dropbox", "Dropbox"),
    (".dropbox.cache", "Dropbox"),
    (".nextcloudsync.log", "Nextcloud"),
    (".owncloudsync.log", "ownCloud"),
    (".csync_journal.db", "Nextcloud"),
    (".sync.ffs_db", "FreeFileSync"),
    (".tmp.drivedownload", "Google Drive"),
    (".tmp.driveupload", "Google Drive"),
    (".SeafileClient", "Seafile"),
    (".unison", "Unison"),
];

/// How synced folders are called by the programs that make them; what follows a space or a bracket may differ.
const NAMES: [(&str, &str); 14] = [
    ("Dropbox", "Dropbox"),
    ("OneDrive", "OneDrive"),
    ("Google Drive", "Google Drive"),
    ("GoogleDrive", "Google Drive"),
    ("My Drive", "Google Drive"),
    ("Nextcloud", "Nextcloud"),
    ("ownCloud", "ownCloud"),
    ("iCloud Drive", "iCloud"),
    ("Mobile Documents", "iCloud"),
    ("CloudStorage", "a cloud drive"),
    ("pCloudDrive", "pCloud"),
    ("MEGAsync", "MEGA"),
    ("Box Sync", "Box"),
    ("Proton Drive", "Proton Drive"),
];

/// Looks at the folders above the vault.
pub fn examine(vault: &Path) -> Finding {
    let vault = without_links(vault);
    let above = vault.ancestors().skip(1);
    let Some((folder, by)) = above
        .into_iter()
        .find_map(|folder| Some((folder, copied_by(folder)?)))
    else {
        return Finding::ok(CHECK, "no work tree and no synced folder");
    };
    let what = format!(
        "the vault lies in {}, which {by} copies away: who has a copy can guess its passphrase, and a copy that is \
         brought back is an old state",
        folder.display()
    );
    let mend =
        "stop the owner, move the folder, name it: tokenward --vault PATH (or TOKENWARD_VAULT)";
    Finding::warning(CHECK, what, mend)
}

fn copied_by(folder: &Path) -> Option<&'static str> {
    let marked = MARKS
        .iter()
        .find(|(mark, _)| folder.join(mark).symlink_metadata().is_ok());
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let named = || NAMES.iter().find(|(start, _)| is_called(&name, start));
    marked.or_else(named).map(|(_, by)| *by)
}

/// `OneDrive`, `OneDrive - Corp`, `Dropbox (Personal)`, not `Dropboxes`.
fn is_called(name: &str, start: &str) -> bool {
    name.strip_prefix(start).is_some_and(|rest| {
        rest.is_empty() || rest.starts_with([' ', '-', '(']) || start == "OneDrive"
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::finding::Verdict;

    #[test]
    fn folders_are_known_by_their_name_and_by_what_is_in_them() {
        let home = tempfile::tempdir().unwrap();
        for (folder, mark, by) in [
            ("a/OneDrive - Corp/x", None, Some("OneDrive")),
            ("b/Dropbox (Me)", None, Some("Dropbox")),
            ("c/Dropboxes", None, None),
            ("d", Some(".stfolder"), Some("Syncthing")),
            ("e", Some(".git"), Some("git")),
            (
                "f/Mobile Documents/com~apple~CloudDocs",
                None,
                Some("iCloud"),
            ),
            ("g", None, None),
        ] {
            let folder = home.path().join(folder);
            std::fs::create_dir_all(folder.join("below")).unwrap();
            if let Some(mark) = mark {
                std::fs::write(folder.join(mark), "").unwrap();
            }
            let found = examine(&folder.join("below/vault.db"));
            match by {
                Some(by) => assert!(found.what.contains(&format!("which {by} ")), "{found:?}"),
                None => assert_eq!(found.verdict, Verdict::Ok, "{found:?}"),
            }
        }
    }
}
