//! What to do about each of the things that can be wrong with a vault.

use crate::vault::error::VaultError;

impl VaultError {
    /// What to do about it: a sentence, with a command where one helps.
    pub fn hint(&self) -> String {
        match self {
            Self::Missing { .. } => "create one with `tokenward init`, or name another with --vault".to_owned(),
            Self::Exists { .. } => "open it, or name another file with --vault".to_owned(),
            Self::NotAVault { .. } => {
                "nothing was changed; name the right file with --vault, or restore a backup".to_owned()
            }
            Self::Newer { .. } | Self::NewerPayload { .. } => {
                "nothing was changed; use the newer tokenward that wrote it".to_owned()
            }
            Self::Older { .. } => "start `tokenward` once: it brings the vault up to date and keeps a copy".to_owned(),
            Self::Insecure { path, .. } => format!(
                "keep the vault in a folder of its own that is yours alone: `chmod go-rwx {}`",
                path.display()
            ),
            Self::TooManyTries { .. } => {
                "wait that long, or open the vault in another way: a key file or the keyring never waits".to_owned()
            }
            Self::WrongPassphrase => {
                "try again (mind the keyboard layout); `tokenward vault slots` lists the other ways to unlock".to_owned()
            }
            Self::WrongIdentity
            | Self::NoSlot { .. }
            | Self::NoSuchSlot { .. }
            | Self::NotAPassphraseSlot { .. } => {
                "`tokenward vault slots` lists the ways to unlock this vault".to_owned()
            }
            Self::BackupWrapped { .. } | Self::BackupNotForIdentity { .. } => {
                "give the identity of the recipient it was made for: --backup-identity FILE".to_owned()
            }
            Self::ParcelsFull { .. } => {
                "unlock the vault, and take in or refuse what waits: tokenward inbox".to_owned()
            }
            Self::ParcelTooLarge { .. } | Self::NoRecipient => {
                "unlock the vault first: tokenward unlock, or tokenward".to_owned()
            }
            Self::NoSuchParcel { .. } => "what waits is listed by: tokenward inbox".to_owned(),
            Self::ParcelNotOpened { id } => format!(
                "if you did not put it there, ask who can write to the vault's file; throw it away: tokenward inbox refuse {id}"
            ),
            Self::ParcelName { .. } => "give it another name: --as ACCOUNT".to_owned(),
            Self::ExportNotOpened { .. } => {
                "give what it was made with: its passphrase (asked for, or --export-passphrase-file FILE), or the \
                 recipient's identity (--export-identity FILE)"
                    .to_owned()
            }
            Self::ExportDamaged { .. } => "nothing was changed; export it again".to_owned(),
            Self::NotAnExport { .. } => {
                "nothing was changed; another tool's file is read with --from, see: tokenward import --help".to_owned()
            }
            Self::NewerExport { .. } => {
                "nothing was changed; use the newer tokenward that wrote it".to_owned()
            }
            Self::BackupsOfSeveral { .. } => {
                "name the file: tokenward vault restore FILE; tokenward vault backups lists them".to_owned()
            }
            Self::BackupDamaged { .. } => "nothing was changed; take another backup".to_owned(),
            Self::NotAnIdentity => "make one with `age-keygen -o key.txt`".to_owned(),
            Self::NotARecipient { .. } => "`age-keygen -y key.txt` prints the recipient of a key file".to_owned(),
            Self::PluginMissing { plugin } => format!("install {plugin} where $PATH finds it, or unlock in another way"),
            Self::PluginRefused { .. } => {
                "is the hardware key plugged in, and the PIN right? `tokenward vault slots` lists the other ways".to_owned()
            }
            Self::LastSlot { .. } => "add another first: `tokenward vault add-slot`".to_owned(),
            Self::KeyringSlotExists { id } => {
                format!("nothing is to be done; to renew it, first `tokenward vault remove-slot {id}`")
            }
            Self::WorkFactor { most, .. } => format!(
                "give a number from 1 to {most}; 18 takes about a second. A slot that demands more was not made by this program"
            ),
            Self::KeyringLocked { .. } => {
                "unlock the keyring (log in to the desktop, or `gnome-keyring-daemon --unlock`), or use the passphrase"
                    .to_owned()
            }
            Self::NoDefaultKeyring => {
                "create one (log in to the desktop, or `gnome-keyring-daemon --unlock`), or use the passphrase".to_owned()
            }
            Self::NoKeyring => {
                "start a secret service (gnome-keyring, KWallet, KeePassXC) in a D-Bus session, or use the passphrase"
                    .to_owned()
            }
            Self::KeyringEntryMissing => {
                "unlock in another way, then renew it: `tokenward vault remove-slot`, `tokenward vault add-slot --keyring`"
                    .to_owned()
            }
            Self::Keyring { .. } => "look at what the keyring said; another slot opens the vault meanwhile".to_owned(),
            Self::Tampered { .. } | Self::Misplaced { .. } | Self::Foreign { .. } | Self::RowsChanged { .. } => {
                "the row was not used; `tokenward vault verify` lists all that is wrong. Restore a backup, or remove the \
                 credential and sign in again; and ask who else can write to this file"
                    .to_owned()
            }
            Self::LogCut { .. } => {
                "credentials are not touched by this; `tokenward vault verify` lists all that is wrong. Ask who else can \
                 write to this file"
                    .to_owned()
            }
            Self::Corrupt { .. } => {
                "keep the file, check the disk, and restore a backup; `tokenward vault verify` says what can be read"
                    .to_owned()
            }
            Self::ReadOnly { .. } => "nothing was lost; make the vault's folder and file writable".to_owned(),
            Self::DiskFull { .. } => "nothing was lost; make room on the vault's disk".to_owned(),
            Self::Busy { .. } => "nothing was lost; try again when the other process is done".to_owned(),
            Self::Owned { .. } => {
                "use it through its owner (`tokenward list`, `tokenward get`), or end that process first".to_owned()
            }
            Self::NoSuchCredential { .. } => "`tokenward list` shows what is there".to_owned(),
            Self::Io { .. } => "check the path and its permissions".to_owned(),
            Self::Database { .. } | Self::Seal { .. } => {
                "this should not happen; `tokenward vault verify` checks the file".to_owned()
            }
        }
    }
}
