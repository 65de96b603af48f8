//! The owner and its socket: whether one answers, of which version, and who is behind the file.

use crate::agent::socket::{self, Whose};
use crate::cli::doctor::case::Case;
use crate::cli::doctor::finding::Finding;
use crate::cli::doctor::repair::Repair;
use crate::model::reading::Reading;
use crate::vault::owner::OwnerLock;
use std::io::ErrorKind;
use std::path::Path;

const OWNER: &str = "owner";
const SOCKET: &str = "socket";
const SETTINGS: &str = "settings";

/// Looks at the owner, then at the socket.
pub fn examine(case: &Case<'_>) -> Vec<Finding> {
    let mut found = vec![owner(case), at(&case.context.socket(), &case.context.vault)];
    let reading = case.owner.as_ref().and_then(|it| it.settings.as_ref());
    found.extend(reading.and_then(settings));
    found
}

/// Whether the owner goes by what stands in its file.
fn settings(reading: &Reading) -> Option<Finding> {
    if let Some(why) = &reading.trouble {
        let what = format!("the owner goes by those of before: {why}");
        let mend = format!("tokenward config check {}", reading.file);
        return Some(Finding::problem(SETTINGS, what, mend));
    }
    let waiting = reading.at_the_next_start.join(", ");
    (!waiting.is_empty()).then(|| {
        let what = format!("the owner goes by these once it is started again: {waiting}");
        Finding::warning(SETTINGS, what, "start the owner again")
    })
}

fn owner(case: &Case<'_>) -> Finding {
    let holder = OwnerLock::holder(&case.context.vault);
    let ours = env!("CARGO_PKG_VERSION");
    match (&case.owner, holder) {
        (Some(owner), _) if owner.version == ours => {
            Finding::ok(OWNER, format!("pid {} answers", owner.pid))
        }
        (Some(owner), _) => {
            let (pid, theirs) = (owner.pid, &owner.version);
            let what = format!("pid {pid} is of version {theirs}, this program of {ours}");
            Finding::warning(OWNER, what, format!("kill {pid}; tokenward --daemon"))
        }
        (None, Some(holder)) => {
            let pid = holder.pid.map_or("PID".to_owned(), |pid| pid.to_string());
            let what = format!("pid {pid} holds the vault's lock and does not answer");
            Finding::problem(OWNER, what, format!("kill {pid}; tokenward --daemon"))
        }
        // A lock is the kernel's and ends with its process: a file that is left of one holds nobody up.
        (None, None) => Finding::ok(
            OWNER,
            "none just now: tokens are refreshed when somebody asks (tokenward --daemon keeps them fresh)",
        ),
    }
}

fn at(path: &Path, vault: &Path) -> Finding {
    let place = path.display();
    match socket::is_trusted(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Finding::ok(SOCKET, "there is none");
        }
        Err(error) => {
            let what = format!("the folder of {place} cannot be looked at: {error}");
            return Finding::problem(SOCKET, what, format!("ls -ld {place}"));
        }
        Ok(false) => {
            let what = format!("others can put a socket of theirs in the place of {place}");
            let folder = path.parent().unwrap_or(Path::new(".")).display();
            return Finding::problem(SOCKET, what, format!("chmod go-rwx {folder}"));
        }
        Ok(true) => {}
    }
    match socket::whose(path) {
        Whose::Nobodys => Finding::ok(SOCKET, "there is none"),
        Whose::Ours => Finding::ok(SOCKET, format!("{place}, and only you are behind it")),
        Whose::Another { uid } => {
            let what = format!("another user (uid {uid}) listens at {place}");
            Finding::problem(SOCKET, what, format!("rm {place}"))
        }
        Whose::Dead => {
            let what = format!("a dead owner left {place}");
            let repair = Repair::RemoveSocket {
                path: path.to_path_buf(),
                vault: vault.to_path_buf(),
            };
            Finding::warning(SOCKET, what, format!("rm {place}")).repaired_by(repair)
        }
        Whose::NotASocket => {
            let what = format!("{place} is in the way: it is no socket");
            Finding::problem(SOCKET, what, format!("mv {place} {place}.old"))
        }
        Whose::Unreachable(error) => {
            let what = format!("{place} cannot be reached: {error}");
            Finding::problem(SOCKET, what, format!("ls -l {place}"))
        }
    }
}
