//! The keys of a role as long as a program runs: in memory alone, renewed before they are too old.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::helpers::keys;
use crate::cli::helpers::role::Role;
use crate::clock::{self, Timestamp};
use crate::oauth::sts::RoleKeys;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use zeroize::Zeroizing;

/// Programs ask for newer keys when fewer than fifteen minutes are left of those they have.
const PLENTY: Duration = Duration::from_secs(20 * 60);
/// Keys of short sessions never have that much left: one is not thrown away the moment it came.
const BRIEFLY: Duration = Duration::from_secs(60);

/// A role with the keys that are good at the moment.
pub struct Wallet {
    context: Context,
    role: Role,
    held: Mutex<Held>,
}

struct Held {
    keys: RoleKeys,
    since: Timestamp,
}

impl Wallet {
    /// Gets the first keys.
    pub fn open(context: &Context, role: Role) -> Result<Self, Failure> {
        let keys = role.keys(context)?;
        Ok(Self {
            context: context.clone(),
            role,
            held: Mutex::new(Held {
                keys,
                since: clock::now(),
            }),
        })
    }

    /// The keys, as a container's endpoint answers. Blocks while newer ones are fetched; of many who ask at once one does.
    pub fn answer(&self) -> Result<Zeroizing<String>, Failure> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::now();
        if !held.is_good(now) {
            match self.role.keys(&self.context) {
                Ok(keys) => *held = Held { keys, since: now },
                // Those that live yet are better than none.
                Err(_) if held.left(now) > BRIEFLY => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(keys::for_a_container(&held.keys))
    }
}

impl Held {
    fn left(&self, now: Timestamp) -> Duration {
        now.until(self.keys.expires_at)
    }

    fn is_good(&self, now: Timestamp) -> bool {
        let left = self.left(now);
        left >= PLENTY || (left > BRIEFLY && now.since(self.since) < BRIEFLY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::CloudKey;

    fn held(ends: i64) -> Held {
        Held {
            keys: RoleKeys {
                id: "A".to_owned(),
                secret: CloudKey::new("B".to_owned()),
                session: CloudKey::new("C".to_owned()),
                expires_at: Timestamp::from_secs(ends),
            },
            since: Timestamp::from_secs(0),
        }
    }

    #[test]
    fn keys_are_renewed_before_a_program_finds_them_too_old() {
        let is_good = |ends: i64, at: i64| held(ends).is_good(Timestamp::from_secs(at));
        assert!(is_good(3600, 0) && is_good(3600, 2400));
        assert!(!is_good(3600, 2401) && !is_good(3600, 4000));
        // A session of fifteen minutes.
        assert!(is_good(900, 59) && !is_good(900, 60));
        assert!(!is_good(30, 1));
    }
}
