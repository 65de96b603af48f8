//! What a refresh token turned out to be that a program shows.

use crate::model::grant::GrantName;
use crate::model::grant_fault::GrantFault;
use crate::secret::{FamilyKey, TokenHash};

/// What a refresh token turned out to be.
#[derive(Debug)]
pub enum Sought {
    /// It may be the one that is alive: this is the hash of that one.
    Alive {
        /// Its grant.
        grant: GrantName,
        /// The key of its family.
        key: FamilyKey,
        /// The hash.
        hash: TokenHash,
    },
    /// It was one of the family, and is no more: the family has just been ended.
    Spent {
        /// Its grant.
        grant: GrantName,
    },
    /// It is none, for this reason.
    Not(GrantFault),
}
