//! Whether memory can reach a disk: swap that is not encrypted, and memory that is locked against it.

use crate::cli::doctor::finding::Finding;
use crate::cli::process::Process;
use rustix::fs::{major, minor};
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

const SWAP: &str = "swap";
const LOCKED: &str = "memory_lock";

/// Looks at every swap area.
pub fn examine() -> Finding {
    let Ok(table) = fs::read_to_string("/proc/swaps") else {
        return Finding::not_looked_at(SWAP, "this system does not tell");
    };
    of_table(&table, &|area| is_safe(Path::new("/sys"), Path::new(area)))
}

fn of_table(table: &str, is_safe: &dyn Fn(&str) -> bool) -> Finding {
    let areas = table
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().next());
    let areas: Vec<&str> = areas.collect();
    if areas.is_empty() {
        return Finding::ok(SWAP, "there is none");
    }
    let open: Vec<&str> = areas.into_iter().filter(|area| !is_safe(area)).collect();
    if open.is_empty() {
        return Finding::ok(SWAP, "it is encrypted, or memory itself");
    }
    let what = format!(
        "{} is not encrypted as far as can be told: what lies in memory may lie there later",
        open.join(", ")
    );
    Finding::warning(
        SWAP,
        what,
        "encrypt it (/etc/crypttab), use zram, or: sudo swapoff -a",
    )
}

/// Whether an area is compressed memory, or lies on an encrypted device (dm-crypt says so in its uuid).
fn is_safe(sys: &Path, area: &Path) -> bool {
    let name = area.file_name().unwrap_or_default().to_string_lossy();
    if name.starts_with("zram") {
        return true;
    }
    let Ok(metadata) = fs::metadata(area) else {
        return false;
    };
    let device = match metadata.file_type().is_block_device() {
        true => metadata.rdev(),
        false => metadata.dev(),
    };
    let device = sys.join(format!("dev/block/{}:{}", major(device), minor(device)));
    is_encrypted(&device, 0)
}

/// Whether a device or all that it is made of is dm-crypt.
fn is_encrypted(device: &Path, depth: u8) -> bool {
    let uuid = fs::read_to_string(device.join("dm/uuid")).unwrap_or_default();
    if uuid.starts_with("CRYPT-") {
        return true;
    }
    let below: Vec<_> = fs::read_dir(device.join("slaves"))
        .into_iter()
        .flatten()
        .flatten()
        .collect();
    // Volumes on volumes on raids: nobody stacks them this high.
    !below.is_empty() && depth < 8 && below.iter().all(|it| is_encrypted(&it.path(), depth + 1))
}

/// Says whether the owner's memory is kept out of swap.
pub fn locked(owner: Option<u32>) -> Finding {
    let Some(pid) = owner else {
        return Finding::not_looked_at(LOCKED, "nobody owns the vault just now");
    };
    match Process::of(pid).locked() {
        None => Finding::not_looked_at(LOCKED, "this system does not tell"),
        Some(0) => {
            let what = format!(
                "the owner's memory (pid {pid}) is not locked: the system allows too little"
            );
            let mend = "let your user lock memory (/etc/security/limits.conf: `USER - memlock unlimited`), then start the \
                        owner again";
            Finding::warning(LOCKED, what, mend)
        }
        Some(_) => Finding::ok(LOCKED, "the owner's memory never goes to swap"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::finding::Verdict;

    const TWO: &str =
        "Filename Type Size Used Priority\n/dev/dm-1 partition 9 0 -2\n/swap file 9 0 -3\n";

    #[test]
    fn one_open_area_is_enough_to_be_warned() {
        assert_eq!(of_table(TWO, &|_| true).verdict, Verdict::Ok);
        let found = of_table(TWO, &|area| area == "/dev/dm-1");
        assert_eq!(found.verdict, Verdict::Warning);
        assert!(found.what.starts_with("/swap is"), "{found:?}");
        assert_eq!(of_table("Filename Type\n", &|_| false).verdict, Verdict::Ok);
    }

    #[test]
    fn a_volume_on_an_encrypted_device_is_encrypted() {
        let sys = tempfile::tempdir().unwrap();
        let uuid = |device: &str, uuid: &str| {
            let folder = sys.path().join(device).join("dm");
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("uuid"), uuid).unwrap();
        };
        uuid("volume", "LVM-abc");
        assert!(!is_encrypted(&sys.path().join("volume"), 0));
        uuid("volume/slaves/dm-0", "CRYPT-LUKS2-abc");
        assert!(is_encrypted(&sys.path().join("volume"), 0));
        uuid("volume/slaves/sda1", "");
        assert!(!is_encrypted(&sys.path().join("volume"), 0));
        assert!(is_safe(sys.path(), Path::new("/dev/zram0")));
    }
}
