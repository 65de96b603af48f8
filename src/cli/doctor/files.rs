//! Whose the files are, and who else may reach them: vault, settings, key files, the socket's folder.

use crate::cli::context::Context;
use crate::cli::doctor::finding::Finding;
use crate::cli::doctor::repair::Repair;
use crate::cli::owner::daily;
use crate::paths::without_links;
use crate::vault::permissions::{folder_of, is_the_vaults_own};
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const CHECK: &str = "files";

/// Others may do nothing.
const PRIVATE: u32 = 0o077;
/// Others may read and not write.
const READABLE: u32 = 0o022;

/// What must hold of a file or folder.
#[derive(Clone, Copy)]
struct Rule {
    /// Rights that others must not have.
    rights: u32,
    /// The system may have put it there.
    may_be_roots: bool,
    /// Nothing of anybody else's is in it: rights may be taken away.
    is_ours: bool,
}

const VAULT: Rule = Rule {
    rights: PRIVATE,
    may_be_roots: false,
    is_ours: true,
};
const SETTINGS: Rule = Rule {
    rights: READABLE,
    may_be_roots: true,
    is_ours: true,
};
const KEY: Rule = Rule {
    rights: PRIVATE,
    may_be_roots: true,
    is_ours: true,
};

/// Looks at all of them; of a file that is not there nothing is said.
pub fn examine(context: &Context, settings: &Path) -> Vec<Finding> {
    let mut found = of_the_vault(context);
    found.extend(of_the_backups(context));
    found.extend(look(&context.paths.runtime, VAULT));
    found.extend(look(settings, SETTINGS));
    found.extend(look(&folder_of(settings), SETTINGS));
    found.extend(key_files(context).iter().filter_map(|file| look(file, KEY)));
    if found.is_empty() {
        found.push(Finding::ok(
            CHECK,
            "only you can reach the vault, its backups, the socket and the settings",
        ));
    }
    found
}

/// The vault's folder, and every file beside it that begins with its name: the log, the lock, the kept copies.
fn of_the_vault(context: &Context) -> Vec<Finding> {
    let vault = without_links(&context.vault);
    let folder = folder_of(&vault);
    let rule = Rule {
        is_ours: is_the_vaults_own(&folder, &vault),
        ..VAULT
    };
    let mut found: Vec<Finding> = look(&folder, rule).into_iter().collect();
    let name = vault.file_name().unwrap_or_default().as_encoded_bytes();
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().as_encoded_bytes().starts_with(name))
        .map(|entry| entry.path())
        .collect();
    files.sort();
    found.extend(files.iter().filter_map(|file| look(file, VAULT)));
    found
}

/// The folder of the daily backups, which may lie elsewhere, and what was written there.
fn of_the_backups(context: &Context) -> Vec<Finding> {
    let daily = daily(context);
    let made: Vec<PathBuf> = daily.all().into_iter().map(|made| made.file).collect();
    // A folder that was named in the settings may hold other things too.
    let holds_others = fs::read_dir(&daily.folder)
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| !made.contains(&entry.path()));
    let folder = Rule {
        is_ours: context.config.backup.folder.is_none() || !holds_others,
        ..VAULT
    };
    let folder = look(&daily.folder, folder);
    let files = made.iter().filter_map(|file| look(file, VAULT));
    folder.into_iter().chain(files).collect()
}

/// Files that open the vault.
fn key_files(context: &Context) -> Vec<PathBuf> {
    let (globals, unlock) = (&context.globals, &context.config.unlock);
    [
        &globals.passphrase_file,
        &globals.identity_file,
        &unlock.passphrase_file,
        &unlock.identity_file,
    ]
    .into_iter()
    .flatten()
    .cloned()
    .collect()
}

fn look(path: &Path, rule: Rule) -> Option<Finding> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        Err(error) => {
            let mend = format!("ls -ld {}", path.display());
            let what = format!("{} cannot be looked at: {error}", path.display());
            return Some(Finding::problem(CHECK, what, mend));
        }
    };
    foreign(path, &metadata, rule).or_else(|| wide(path, &metadata, rule))
}

fn foreign(path: &Path, metadata: &Metadata, rule: Rule) -> Option<Finding> {
    let (me, theirs) = (rustix::process::geteuid().as_raw(), metadata.uid());
    if theirs == me || (theirs == 0 && rule.may_be_roots) {
        return None;
    }
    let path = path.display();
    let what = format!("{path} belongs to another user (uid {theirs})");
    Some(Finding::problem(
        CHECK,
        what,
        format!("sudo chown {me} {path}"),
    ))
}

fn wide(path: &Path, metadata: &Metadata, rule: Rule) -> Option<Finding> {
    let excess = metadata.mode() & rule.rights;
    if excess == 0 || !(metadata.is_file() || metadata.is_dir()) {
        return None;
    }
    let verb = match (excess & READABLE, metadata.is_dir()) {
        (0, true) => "enter",
        (0, false) => "read",
        (_, _) => "change",
    };
    let mode = metadata.mode() & 0o777;
    let what = format!("others may {verb} {} (mode {mode:03o})", path.display());
    let taken = match rule.rights {
        PRIVATE => "go-rwx",
        _ => "go-w",
    };
    let chmod = format!("chmod {taken} {}", path.display());
    if !rule.is_ours {
        // Other things lie there too: taking rights away could break what is not ours.
        let mend = format!("{chmod}, or give the vault a folder of its own");
        return Some(Finding::problem(CHECK, what, mend));
    }
    let repair = Repair::TakeRights {
        path: path.to_path_buf(),
        rights: rule.rights,
    };
    Some(Finding::problem(CHECK, what, chmod).repaired_by(repair))
}
