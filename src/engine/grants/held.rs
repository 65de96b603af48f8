//! One grant while the vault is open: its terms, its families, and what it has used of its rate.

use crate::clock::Timestamp;
use crate::engine::api::Refusal;
use crate::engine::bucket::{Bucket, Left, whole_secs};
use crate::engine::grants::sought::Sought;
use crate::engine::grants::token::{Claims, Shown};
use crate::model::credential::CredentialId;
use crate::model::family::{Family, FamilyId};
use crate::model::grant::{Grant, GrantView, PairView};
use crate::model::grant_fault::GrantFault;
use crate::model::name::CredentialName;
use crate::secret::TokenHash;
use crate::vault::store::StoredGrant;
use std::sync::Arc;
use std::time::Instant;

/// Pairs of tokens of one grant that are alive at the most.
pub const MOST_PAIRS: usize = 5;

/// One grant.
#[derive(Debug)]
pub struct Held {
    grant: Grant,
    families: Vec<Family>,
    bucket: Bucket,
    used_at: Option<Timestamp>,
    fetched: u64,
}

impl Held {
    /// A grant of whose rate that much is used.
    pub fn new(stored: StoredGrant, used: Bucket) -> Self {
        Self {
            grant: stored.grant,
            families: stored.families,
            bucket: used,
            used_at: None,
            fetched: 0,
        }
    }

    /// What is used of its rate.
    pub fn used(&self) -> Bucket {
        self.bucket
    }

    /// How many pairs of tokens are alive.
    pub fn live_pairs(&self, now: Timestamp) -> u64 {
        let families = self.families.iter();
        families.filter(|family| family.expires_at > now).count() as u64
    }

    /// Its terms.
    pub const fn grant(&self) -> &Grant {
        &self.grant
    }

    /// Its families, the oldest first.
    pub fn families(&self) -> &[Family] {
        &self.families
    }

    /// How it shows; `usual_rate` is that of grants without one of their own.
    pub fn view(&self, usual_rate: u64, now: Instant) -> GrantView {
        let rate = self.grant.per_hour.unwrap_or(usual_rate);
        let left = self.bucket.left(rate, now);
        GrantView {
            grant: self.grant.clone(),
            pairs: self.families.iter().map(pair).collect(),
            used_at: self.used_at,
            fetched: self.fetched,
            rate_used: rate.saturating_sub(left.remaining),
            rate,
        }
    }

    /// A copy, to be kept.
    pub fn stored(&self) -> StoredGrant {
        StoredGrant {
            grant: self.grant.clone(),
            families: self.families.iter().map(Family::duplicate).collect(),
        }
    }

    /// What of it is kept.
    pub fn into_stored(self) -> StoredGrant {
        StoredGrant {
            grant: self.grant,
            families: self.families,
        }
    }

    /// Begins a family. Gives those that ended for it: a grant has at most [`MOST_PAIRS`].
    pub fn begin(&mut self, family: Family) -> Vec<Family> {
        self.families.push(family);
        self.grant.counts.issued += 1;
        let over = self.families.len().saturating_sub(MOST_PAIRS);
        self.families.drain(..over).collect()
    }

    /// Goes back to before a family began that has been ended; `ended` are those that ended for it.
    pub fn not_begun(&mut self, ended: Vec<Family>) {
        self.grant.counts.issued -= 1;
        self.families.splice(..0, ended);
    }

    /// Looks what a refresh token is. That one was used before is counted; its family has to end then.
    pub fn seek(&mut self, shown: &Shown, now: Timestamp) -> Sought {
        let mut families = self.families.iter();
        let family = families.find(|family| family.id == shown.family);
        let Some(family) = family.filter(|family| shown.is_by(&family.key)) else {
            return Sought::Not(GrantFault::Unknown);
        };
        let grant = self.grant.name.clone();
        if family.turn != shown.turn {
            // Used before; or, where the vault was restored from a backup, issued since: neither may be believed.
            self.grant.counts.replayed += 1;
            return Sought::Spent { grant };
        }
        if family.expires_at <= now {
            return Sought::Not(GrantFault::Expired);
        }
        Sought::Alive {
            key: family.key.duplicate(),
            hash: family.hash.duplicate(),
            grant,
        }
    }

    /// Goes on to the next pair of a family, whose refresh token's hash is `hash`. Gives the family as it was.
    pub fn rotate(&mut self, family: FamilyId, hash: TokenHash, now: Timestamp) -> Option<Family> {
        let refresh_ttl = self.grant.refresh_ttl();
        let family = self.families.iter_mut().find(|it| it.id == family)?;
        let old = family.duplicate();
        family.turn += 1;
        family.hash = hash;
        family.rotated_at = now;
        family.expires_at = now.plus(refresh_ttl);
        self.grant.counts.rotated += 1;
        Some(old)
    }

    /// Goes back to a family as it was before it was rotated. One that ended meanwhile stays so.
    pub fn undo(&mut self, old: Family) {
        let place = self.families.iter_mut().find(|it| it.id == old.id);
        if let Some(place) = place
            && place.turn == old.turn + 1
        {
            *place = old;
            self.grant.counts.rotated -= 1;
        }
    }

    /// Ends a family.
    pub fn end(&mut self, family: FamilyId) {
        self.families.retain(|it| it.id != family);
    }

    /// Ends the families whose refresh token has expired; gives them.
    pub fn expire(&mut self, now: Timestamp) -> Vec<FamilyId> {
        // The last access token of a family may outlive its refresh token by nothing: it never lives longer.
        let over = self
            .families
            .extract_if(.., |family| family.expires_at <= now);
        over.map(|family| family.id).collect()
    }

    /// Learns what its credentials are called now, and lets go those that are gone; tells whether it is another for it.
    pub fn learn(&mut self, name_of: impl Fn(CredentialId) -> Option<CredentialName>) -> bool {
        let before = self.grant.credentials.clone();
        self.grant.credentials.retain_mut(|granted| {
            let now = name_of(granted.id);
            let is_there = now.is_some();
            if let Some(now) = now {
                granted.name = now;
            }
            is_there
        });
        self.grant.credentials != before
    }

    /// What an access token of a family's newest pair carries.
    pub fn claims(&self, family: FamilyId, now: Timestamp) -> Option<Claims> {
        let family = self.families.iter().find(|it| it.id == family)?;
        let end = now.plus(self.grant.ttl()).min(family.expires_at);
        Some(Claims {
            grant: self.grant.name.clone(),
            family: family.id,
            turn: family.turn,
            credentials: self.names(),
            issued_at: now.as_secs(),
            expires_at: end.as_secs(),
        })
    }

    /// Whose tokens it may fetch.
    pub fn names(&self) -> Vec<CredentialName> {
        let named = self.grant.credentials.iter();
        named.map(|granted| granted.name.clone()).collect()
    }

    /// Whether it may fetch a credential's token now. That it does is counted; `usual_rate` as in [`Held::view`].
    pub fn fetch(
        &mut self,
        name: &CredentialName,
        usual_rate: u64,
        now: Timestamp,
        instant: Instant,
    ) -> Result<Left, Refusal> {
        let grant = &self.grant.name;
        if !self.grant.names(name) {
            let (grant, name) = (grant.clone(), name.clone());
            return Err(GrantFault::NotGranted { grant, name }.into());
        }
        let most = self.grant.per_hour.unwrap_or(usual_rate);
        let left = self.bucket.take(most, instant);
        let left = left.map_err(|wait| Refusal::LimitExceeded {
            limit: format!("{most} tokens fetched with the grant {grant} an hour"),
            most,
            wait_secs: whole_secs(wait),
        })?;
        self.used_at = Some(now);
        self.fetched += 1;
        Ok(left)
    }
}

fn pair(family: &Family) -> PairView {
    PairView {
        family: family.id,
        rotations: family.turn,
        since: family.since,
        rotated_at: family.rotated_at,
        expires_at: family.expires_at,
        to: Arc::clone(&family.to),
    }
}
