//! What the activity log tells of credentials that were revoked and then removed.

use crate::clock::Timestamp;
use crate::model::credential::{CredentialId, Standing};
use crate::model::event::{Act, Activity, Happening};
use crate::model::name::CredentialName;
use crate::vault::open::OpenVault;
use crate::vault::store::Store;
use std::collections::BTreeMap;

/// Credentials by the names they have at a moment.
pub type Tracked = BTreeMap<CredentialName, CredentialId>;

/// Lines that are read at once.
const PORTION: usize = 2000;

/// Which of them were revoked, or were to be, after line `number`, whatever became of them then. Where the log cannot be
/// read any further, what was read counts.
pub fn since(
    vault: &mut OpenVault,
    number: u64,
    tracked: Tracked,
) -> BTreeMap<CredentialId, Standing> {
    let mut walk = Walk {
        tracked,
        ended: BTreeMap::new(),
    };
    let mut after = number;
    while let Ok(lines) = vault.log_after(after, PORTION)
        && let Some(last) = lines.last()
    {
        after = last.number;
        for line in &lines {
            walk.take(&line.activity);
        }
    }
    walk.ended
}

struct Walk {
    tracked: Tracked,
    ended: BTreeMap<CredentialId, Standing>,
}

impl Walk {
    fn take(&mut self, line: &Activity) {
        if asks_for(&line.what, Act::RevokeAll) {
            for id in self.tracked.values() {
                self.ended.entry(*id).or_insert_with(|| to_revoke(line.at));
            }
        }
        let Some(name) = &line.name else {
            return;
        };
        if let Happening::Renamed { from } = &line.what {
            if let Some(id) = self.tracked.remove(from) {
                self.tracked.insert(name.clone(), id);
            }
            return;
        }
        let Some(id) = self.tracked.get(name).copied() else {
            return;
        };
        let (at, what) = (line.at, &line.what);
        if let Happening::Revoked { proof, .. } = what {
            let proof = *proof;
            self.ended.insert(id, Standing::Revoked { at, proof });
        } else if is_wished(what) {
            self.ended.entry(id).or_insert_with(|| to_revoke(at));
        } else if goes_on(what) {
            self.ended.remove(&id);
        } else if matches!(what, Happening::Removed { .. }) {
            // Another one may get the name.
            self.tracked.remove(name);
        }
    }
}

/// Whether its end is wished, and the provider still to be told.
fn is_wished(what: &Happening) -> bool {
    asks_for(what, Act::Revoke) || matches!(what, Happening::RevokeFailed { next: Some(_), .. })
}

fn asks_for(what: &Happening, wanted: Act) -> bool {
    matches!(what, Happening::Asked { act, .. } if *act == wanted)
}

/// Whether it lives after that: other tokens came, or the provider refused to end these and was believed.
fn goes_on(what: &Happening) -> bool {
    matches!(
        what,
        Happening::RevokeFailed { next: None, .. }
            | Happening::SignedIn { .. }
            | Happening::Imported { .. }
            | Happening::PutBack { .. }
    )
}

/// The provider was not told yet.
fn to_revoke(at: Timestamp) -> Standing {
    Standing::Revoking {
        since: at,
        tries: 0,
        next: at,
        cause: None,
        is_aside: false,
    }
}
