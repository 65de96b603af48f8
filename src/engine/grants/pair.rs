//! A pair of tokens on its way to a program.

use crate::engine::grants::token::Claims;
use crate::model::family::FamilyId;
use crate::model::grant::GrantName;
use crate::secret::{GrantRefreshToken, GrantToken};

/// A pair of tokens; the only moment at which its refresh token is in clear.
#[derive(Debug)]
pub struct Pair {
    /// Its grant.
    pub grant: GrantName,
    /// Its family.
    pub family: FamilyId,
    /// What the program shows.
    pub access: GrantToken,
    /// What that carries.
    pub claims: Claims,
    /// Good once, for the next pair.
    pub refresh: GrantRefreshToken,
    /// The refresh token lives so long, in seconds.
    pub refresh_expires_in: u64,
}
