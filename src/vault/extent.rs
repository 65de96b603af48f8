//! Measures what a vault takes on the disk, with the copies that are kept beside it.

use crate::model::extent::Extent;
use crate::vault::permissions::with_suffix;
use std::fs;
use std::path::Path;

/// Measures a vault's file and its copies, `NAME.*.bak` in the same folder. What cannot be read is not counted.
pub fn measure(path: &Path) -> Extent {
    let size = |path: &Path| fs::metadata(path).map_or(0, |about| about.len());
    let mut extent = Extent {
        vault: size(path) + size(&with_suffix(path, "-wal")),
        ..Extent::default()
    };
    let folder = path.parent().and_then(|folder| fs::read_dir(folder).ok());
    let Some(name) = path.file_name() else {
        return extent;
    };
    for entry in folder.into_iter().flatten().flatten() {
        let found = entry.file_name();
        let rest = found
            .as_encoded_bytes()
            .strip_prefix(name.as_encoded_bytes());
        if rest.is_some_and(|rest| rest.starts_with(b".") && rest.ends_with(b".bak")) {
            extent.copies += 1;
            extent.copied += size(&entry.path());
        }
    }
    extent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_its_log_and_its_copies_are_counted_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes| {
            fs::write(folder.path().join(name), vec![0; bytes]).unwrap();
        };
        write("vault.db", 100);
        write("vault.db-wal", 20);
        write("vault.db.format-1.1790000000000.bak", 30);
        write("vault.db.format-2.1790000000001.bak", 40);
        write("vault.db.lock", 7);
        write("other.db.1.bak", 9);
        let extent = measure(&folder.path().join("vault.db"));
        assert_eq!((extent.vault, extent.copies, extent.copied), (120, 2, 70));
        assert_eq!(measure(&folder.path().join("none.db")), Extent::default());
    }
}
