//! A restore killed with SIGKILL at random moments: the old vault or the new one is in its place, and whole.

use crate::sandbox::{Running, Sandbox};
use crate::vault_fixture::{everything, fill, new_vault, save};
use rand::Rng;
use rustix::process::Signal;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tokenward::vault::file::VaultFile;
use tokenward::vault::open::OpenVault;
use tokenward::vault::slot::Key;
use tokenward::vault::store::Store;
use tokenward::vault::verify::verify;

const KILLS: usize = 40;

/// How many credentials the backup and the vault have: that tells which of them one is.
const BACKUP: u64 = 4;
const VAULT: u64 = 5;

struct Scene {
    sandbox: Sandbox,
    key: Key,
    old: Vec<u8>,
}

impl Scene {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let path = sandbox.vault();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let (mut vault, key) = new_vault(&path);
        let Key::Identity(identity) = &key else {
            unreachable!("the fixture makes key files")
        };
        sandbox.write("key.txt", identity.text().expose_secret());
        fill(&mut vault);
        let backup = sandbox.path("copy.db");
        sandbox
            .run(["vault", "backup", backup.to_str().unwrap()])
            .ok();
        save(&mut vault, "github/eve");
        drop(vault);
        let old = std::fs::read(&path).unwrap();
        Self { sandbox, key, old }
    }

    fn restore(&self) -> Command {
        let mut command = self.sandbox.command(["vault", "restore"]);
        command.arg(self.sandbox.path("copy.db"));
        command.arg("--identity-file");
        command.arg(self.sandbox.path("key.txt"));
        command
    }

    fn open(&self, path: &Path) -> OpenVault {
        let file = VaultFile::open(path).unwrap();
        let mut vault = file.unlock(&self.key).unwrap();
        let report = verify(&mut vault);
        assert!(report.is_whole(), "{}: {report:?}", path.display());
        everything(&mut vault).unwrap();
        vault
    }

    /// What is beside the vault under names that begin like its own; all but the vault and its lock.
    fn beside(&self) -> Vec<PathBuf> {
        let vault = self.sandbox.vault();
        let folder = std::fs::read_dir(vault.parent().unwrap()).unwrap();
        let names = folder.map(|entry| entry.unwrap().path());
        let own = ["vault.db", "vault.db.lock", "vault.db-wal", "vault.db-shm"];
        names
            .filter(|path| !own.contains(&path.file_name().unwrap().to_str().unwrap()))
            .collect()
    }

    /// The vault as it was before a restore, and nothing beside it.
    fn begin_anew(&self) {
        for path in self.beside() {
            std::fs::remove_file(path).unwrap();
        }
        std::fs::write(self.sandbox.vault(), &self.old).unwrap();
    }
}

#[test]
fn a_restore_that_is_killed_leaves_the_old_vault_or_the_new_one_and_loses_neither() {
    let scene = Scene::new();
    let begun = Instant::now();
    assert!(Running::start(&mut scene.restore()).wait().success());
    let takes = begun.elapsed();
    let mut random = rand::rng();
    let (mut still_old, mut new) = (0, 0);
    for round in 0..KILLS {
        scene.begin_anew();
        let mut restore = Running::start(&mut scene.restore());
        // The swap is the end of it: most kills fall there.
        let share = 1.0 - random.random_range(0.0..1.0_f64).powi(2);
        std::thread::sleep(takes.mul_f64(share * 1.1));
        restore.signal(Signal::KILL);
        restore.wait();
        let count = scene.open(&scene.sandbox.vault()).count().unwrap();
        match count {
            VAULT => still_old += 1,
            BACKUP => {
                new += 1;
                let kept = scene.beside();
                let kept = kept.iter().find(|path| {
                    let name = path.file_name().unwrap().to_str().unwrap();
                    name.contains(".before-restore.") && !name.ends_with("-shm")
                });
                let kept = kept.unwrap_or_else(|| panic!("round {round}: the old one is gone"));
                assert_eq!(scene.open(kept).count().unwrap(), VAULT);
            }
            other => panic!("round {round}: {other} credentials"),
        }
        // What the kill left behind is no obstacle.
        if round % 10 == 0 {
            assert!(scene.restore().status().unwrap().success());
            scene.open(&scene.sandbox.vault());
        }
    }
    println!("{KILLS} kills in {takes:?}: {still_old} left the old vault, {new} the new one");
    assert!(still_old > 0, "no kill fell before the swap");
    assert!(new > 0, "no kill fell after the swap");
}
