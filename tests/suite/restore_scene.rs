//! A vault, and a backup of it from before its last credential, for tests that bring the one into the other's place.

use crate::sandbox::Sandbox;
use crate::vault_fixture::{everything, fill, new_vault, reveal, save};
use std::path::{Path, PathBuf};
use std::process::Command;
use tokenward::vault::file::VaultFile;
use tokenward::vault::open::OpenVault;
use tokenward::vault::slot::Key;
use tokenward::vault::store::Store;
use tokenward::vault::verify::verify;

/// How many credentials the backup has: that tells it from the vault.
pub const BACKUP: u64 = 4;
/// How many the vault has.
pub const VAULT: u64 = 5;

/// The vault, its backup, and what opens both.
pub struct Scene {
    /// The user.
    pub sandbox: Sandbox,
    key: Key,
    old: Vec<u8>,
}

impl Scene {
    /// All of it made.
    pub fn new() -> Self {
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

    /// The backup.
    pub fn backup(&self) -> PathBuf {
        self.sandbox.path("copy.db")
    }

    /// The recipient whose identity opens vault and backup.
    pub fn recipient(&self) -> String {
        let text = std::fs::read_to_string(self.sandbox.path("key.txt")).unwrap();
        let identity: age::x25519::Identity = text.trim().parse().unwrap();
        identity.to_public().to_string()
    }

    /// The arguments that write a backup over `file`, wrapped for this scene's recipient.
    pub fn wrapping(&self, file: &Path) -> [String; 6] {
        let (name, recipient) = (file.to_str().unwrap(), self.recipient());
        let words = [
            "vault",
            "backup",
            name,
            "--force",
            "--recipient",
            &recipient,
        ];
        words.map(str::to_owned)
    }

    /// The arguments that restore the backup.
    pub fn arguments(&self) -> [String; 5] {
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        let (backup, key) = (text(self.backup()), text(self.sandbox.path("key.txt")));
        let words = ["vault", "restore", &backup, "--identity-file", &key];
        words.map(str::to_owned)
    }

    /// The restore.
    pub fn restore(&self) -> Command {
        self.sandbox.command(self.arguments())
    }

    /// Opens a vault, which must be whole.
    pub fn open(&self, path: &Path) -> OpenVault {
        let file = VaultFile::open(path).unwrap();
        let mut vault = file.unlock(&self.key).unwrap();
        let report = verify(&mut vault);
        assert!(report.is_whole(), "{}: {report:?}", path.display());
        everything(&mut vault).unwrap();
        vault
    }

    /// What is beside the vault under names that begin like its own; all but the vault and its lock.
    pub fn beside(&self) -> Vec<PathBuf> {
        let vault = self.sandbox.vault();
        let folder = std::fs::read_dir(vault.parent().unwrap()).unwrap();
        let names = folder.map(|entry| entry.unwrap().path());
        let own = ["vault.db", "vault.db.lock", "vault.db-wal", "vault.db-shm"];
        names
            .filter(|path| !own.contains(&path.file_name().unwrap().to_str().unwrap()))
            .collect()
    }

    /// The vault as it was before a restore, and nothing beside it.
    pub fn begin_anew(&self) {
        for path in self.beside() {
            std::fs::remove_file(path).unwrap();
        }
        std::fs::write(self.sandbox.vault(), &self.old).unwrap();
    }

    /// The vault before is in its place, to the byte, and nothing was begun beside it.
    #[track_caller]
    pub fn is_untouched(&self) -> bool {
        std::fs::read(self.sandbox.vault()).unwrap() == self.old && self.beside().is_empty()
    }
}

/// All credentials with their secrets, as text that can be compared.
pub fn credentials(vault: &mut OpenVault) -> String {
    let mut stored = Vec::new();
    vault
        .profiles(&mut |portion| stored.extend(portion.into_iter().map(Result::unwrap)))
        .unwrap();
    let told = stored.iter().map(|one| {
        let (generation, secret) = vault.secret(one.id).unwrap();
        format!("{one:?} {generation:?} {}\n", reveal(&secret))
    });
    told.collect()
}
