//! By what it is known that a file was changed.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What differs once a file was written or replaced; through links, as an editor's or a dotfile manager's are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stamp(Option<(i64, i64, u64, u64)>);

impl Stamp {
    /// That of a file as it is now; one that is not there has one too.
    pub fn of(file: &Path) -> Self {
        let found = std::fs::metadata(file).ok();
        Self(found.map(|found| (found.ctime(), found.ctime_nsec(), found.size(), found.ino())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_comes_changes_or_is_replaced_is_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let (file, other) = (folder.path().join("a"), folder.path().join("b"));
        let nothing = Stamp::of(&file);
        std::fs::write(&file, "one").unwrap();
        let one = Stamp::of(&file);
        assert_ne!(nothing, one);
        assert_eq!(Stamp::of(&file), one);
        std::fs::write(&file, "two more").unwrap();
        let two = Stamp::of(&file);
        assert_ne!(two, one);
        std::fs::write(&other, "two more").unwrap();
        std::fs::rename(&other, &file).unwrap();
        assert_ne!(Stamp::of(&file), two);
    }
}
