//! What is known of grants and their families: a state machine without IO that is told the time.

use crate::clock::Timestamp;
use crate::engine::api::Refusal;
use crate::engine::bucket::{Bucket, Left};
use crate::engine::grants::held::Held;
use crate::engine::grants::sought::Sought;
use crate::engine::grants::token::{Claims, Shown, Signer};
use crate::model::credential::CredentialId;
use crate::model::family::{Family, FamilyId};
use crate::model::grant::{Grant, GrantName, GrantView, MOST_GRANTS};
use crate::model::grant_fault::GrantFault;
use crate::model::name::CredentialName;
use crate::model::program::Program;
use crate::secret::{GrantToken, TokenHash};
use crate::vault::store::StoredGrant;
use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

/// All grants.
#[derive(Debug, Default)]
pub struct Registry {
    signer: Option<Signer>,
    held: BTreeMap<GrantName, Held>,
    families: HashMap<FamilyId, GrantName>,
    usual_rate: u64,
    /// What was used of the rates of grants that are not read yet.
    used: BTreeMap<GrantName, Bucket>,
}

/// What came of showing an access token.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// The grant.
    pub grant: GrantName,
    /// The family.
    pub family: FamilyId,
    /// What it carries.
    pub claims: Claims,
    /// Whose tokens it may fetch now.
    pub credentials: Vec<CredentialName>,
    /// It gets tokens with these scopes only; none: as they are.
    pub scopes: Vec<String>,
}

impl Registry {
    /// Takes in what the vault keeps. What has expired meanwhile is let go at the next [`Registry::expire`].
    pub fn load(&mut self, signer: Signer, stored: Vec<StoredGrant>, usual_rate: u64) {
        let mut used = self.used();
        self.clear();
        self.signer = Some(signer);
        self.usual_rate = usual_rate.max(1);
        for stored in stored {
            let bucket = used.remove(&stored.grant.name);
            self.insert(stored, bucket.unwrap_or_default());
        }
    }

    fn insert(&mut self, stored: StoredGrant, used: Bucket) {
        let name = stored.grant.name.clone();
        let families = stored.families.iter();
        self.families
            .extend(families.map(|family| (family.id, name.clone())));
        self.held.insert(name, Held::new(stored, used));
    }

    /// What is used of each grant's rate.
    pub fn used(&self) -> BTreeMap<GrantName, Bucket> {
        let held = self.held.iter();
        let held = held.map(|(name, held)| (name.clone(), held.used()));
        self.used.clone().into_iter().chain(held).collect()
    }

    /// Goes on with what was used before, once the grants are read.
    pub fn take_up(&mut self, used: BTreeMap<GrantName, Bucket>) {
        self.used = used;
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// How many grants there are.
    pub fn count(&self) -> usize {
        self.held.len()
    }

    /// How many pairs of tokens are alive.
    pub fn live_pairs(&self, now: Timestamp) -> u64 {
        self.held.values().map(|held| held.live_pairs(now)).sum()
    }

    /// A grant's terms.
    pub fn grant(&self, name: &GrantName) -> Option<&Grant> {
        self.held.get(name).map(Held::grant)
    }

    /// All grants, by name.
    pub fn views(&self, now: Instant) -> Vec<GrantView> {
        let all = self.held.values();
        all.map(|held| held.view(self.usual_rate, now)).collect()
    }

    /// One grant.
    pub fn view(&self, name: &GrantName, now: Instant) -> Option<GrantView> {
        let held = self.held.get(name)?;
        Some(held.view(self.usual_rate, now))
    }

    /// A copy of a grant, to be kept.
    pub fn stored(&self, name: &GrantName) -> Option<StoredGrant> {
        self.held.get(name).map(Held::stored)
    }

    /// Makes a grant. One of that name has to go first, unless `replaces`: then its pairs end with its terms. Gives what
    /// was there, to go back to.
    pub fn make(&mut self, grant: Grant, replaces: bool) -> Result<Option<StoredGrant>, Refusal> {
        if self.held.contains_key(&grant.name) && !replaces {
            return Err(Refusal::Invalid {
                message: format!("there is a grant named {} already", grant.name),
                hint: "choose another name, or give it other terms with --replace, which ends its pairs of tokens".to_owned(),
            });
        }
        if self.held.len() >= MOST_GRANTS && !self.held.contains_key(&grant.name) {
            return Err(Refusal::Invalid {
                message: format!("there are {MOST_GRANTS} grants, and that is as many as can be"),
                hint: "revoke one that is not used any more: tokenward grant list".to_owned(),
            });
        }
        let old = self.remove(&grant.name);
        self.insert(
            StoredGrant {
                grant,
                families: Vec::new(),
            },
            Bucket::default(),
        );
        Ok(old)
    }

    /// Takes a grant away: no token of it is good from now on.
    pub fn remove(&mut self, name: &GrantName) -> Option<StoredGrant> {
        let held = self.held.remove(name)?;
        for family in held.families() {
            self.families.remove(&family.id);
        }
        Some(held.into_stored())
    }

    /// Puts a grant back as it was.
    pub fn put_back(&mut self, stored: StoredGrant) {
        self.remove(&stored.grant.name);
        self.insert(stored, Bucket::default());
    }

    /// Begins a family. Gives those that ended for it: a grant has at most
    /// [`MOST_PAIRS`](crate::engine::grants::held::MOST_PAIRS).
    pub fn begin(&mut self, name: &GrantName, family: Family) -> Result<Vec<Family>, GrantFault> {
        let Some(held) = self.held.get_mut(name) else {
            let grant = name.clone();
            return Err(GrantFault::NoSuchGrant { grant });
        };
        self.families.insert(family.id, name.clone());
        let ended = held.begin(family);
        for family in &ended {
            self.families.remove(&family.id);
        }
        Ok(ended)
    }

    /// Goes back to before a family began, which could not be kept.
    pub fn not_begun(&mut self, name: &GrantName, family: FamilyId, ended: Vec<Family>) {
        self.end(family);
        if let Some(held) = self.held.get_mut(name) {
            let back = ended.iter().map(|family| (family.id, name.clone()));
            self.families.extend(back);
            held.not_begun(ended);
        }
    }

    /// Looks what a refresh token is. One that was used before ends its family here and now.
    pub fn seek(&mut self, shown: &Shown, now: Timestamp) -> Sought {
        let grant = self.families.get(&shown.family);
        let Some(held) = grant.and_then(|grant| self.held.get_mut(grant)) else {
            return Sought::Not(GrantFault::Unknown);
        };
        let sought = held.seek(shown, now);
        if let Sought::Spent { .. } = sought {
            self.end(shown.family);
        }
        sought
    }

    /// Goes on to the next pair of a family, whose refresh token's hash is `hash`: the one that was shown is spent. Gives
    /// the family as it was. Where another was quicker the family ends: one of the two is not who it was issued to.
    pub fn rotate(
        &mut self,
        shown: &Shown,
        hash: TokenHash,
        now: Timestamp,
    ) -> Result<Family, Sought> {
        match self.seek(shown, now) {
            Sought::Alive { grant, .. } => {
                let held = self.held.get_mut(&grant);
                let old = held.and_then(|held| held.rotate(shown.family, hash, now));
                old.ok_or(Sought::Not(GrantFault::Unknown))
            }
            other => Err(other),
        }
    }

    /// Goes back to a family as it was before it was rotated, which could not be kept. One that ended meanwhile stays so.
    pub fn undo(&mut self, old: Family) {
        let name = self.families.get(&old.id);
        if let Some(held) = name.and_then(|name| self.held.get_mut(name)) {
            held.undo(old);
        }
    }

    /// Ends a family; gives its grant.
    pub fn end(&mut self, family: FamilyId) -> Option<GrantName> {
        let name = self.families.remove(&family)?;
        if let Some(held) = self.held.get_mut(&name) {
            held.end(family);
        }
        Some(name)
    }

    /// Ends all families of a grant, or of all.
    pub fn end_all(&mut self, name: Option<&GrantName>) -> Vec<(GrantName, FamilyId)> {
        let ended: Vec<_> = self
            .families
            .iter()
            .filter(|(_, grant)| name.is_none_or(|name| name == *grant))
            .map(|(family, grant)| (grant.clone(), *family))
            .collect();
        for (_, family) in &ended {
            self.end(*family);
        }
        ended
    }

    /// Ends the families whose refresh token has expired.
    pub fn expire(&mut self, now: Timestamp) -> Vec<(GrantName, FamilyId)> {
        let mut ended = Vec::new();
        for (name, held) in &mut self.held {
            let over = held.expire(now).into_iter();
            ended.extend(over.map(|family| (name.clone(), family)));
        }
        for (_, family) in &ended {
            self.families.remove(family);
        }
        ended
    }

    /// Learns what credentials are called now; gives the grants that are others for it. A credential that is gone is none
    /// of any grant's, whoever gets its name.
    pub fn learn(
        &mut self,
        name_of: impl Fn(CredentialId) -> Option<CredentialName>,
    ) -> Vec<GrantName> {
        let mut changed = Vec::new();
        for (name, held) in &mut self.held {
            if held.learn(&name_of) {
                changed.push(name.clone());
            }
        }
        changed
    }

    /// Signs an access token of a family's newest pair; gives it with its end.
    pub fn sign(&self, family: FamilyId, now: Timestamp) -> Option<(GrantToken, Claims)> {
        let held = self.held.get(self.families.get(&family)?)?;
        let claims = held.claims(family, now)?;
        Some((self.signer.as_ref()?.sign(&claims), claims))
    }

    /// Whether an access token is good, and by what grant.
    pub fn admit(
        &self,
        token: &GrantToken,
        by: &Program,
        now: Timestamp,
    ) -> Result<Admitted, GrantFault> {
        let claims = self.signer.as_ref().and_then(|signer| signer.read(token));
        let claims = claims.ok_or(GrantFault::Unknown)?;
        if claims.expires_at <= now.as_secs() {
            return Err(GrantFault::Expired);
        }
        let is_alive = self.families.get(&claims.family) == Some(&claims.grant);
        let held = self.held.get(&claims.grant).filter(|_| is_alive);
        let held = held.ok_or(GrantFault::Revoked)?;
        check_program(held.grant(), by)?;
        Ok(Admitted {
            grant: claims.grant.clone(),
            family: claims.family,
            credentials: held.names(),
            scopes: held.grant().scopes.clone(),
            claims,
        })
    }

    /// Whether a grant may fetch a credential's token now. That it does is counted.
    pub fn fetch(
        &mut self,
        grant: &GrantName,
        name: &CredentialName,
        now: Timestamp,
        instant: Instant,
    ) -> Result<Left, Refusal> {
        let held = self.held.get_mut(grant).ok_or(GrantFault::Revoked)?;
        held.fetch(name, self.usual_rate, now, instant)
    }
}

impl Admitted {
    /// Whether it may fetch that credential's tokens.
    pub fn names(&self, name: &CredentialName) -> bool {
        self.credentials.contains(name)
    }
}

/// Refuses a program that the grant is not for.
pub fn check_program(grant: &Grant, by: &Program) -> Result<(), GrantFault> {
    match &grant.executable {
        Some(path) if by.executable.as_ref() != Some(path) => Err(GrantFault::OtherProgram {
            grant: grant.name.clone(),
        }),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "registry_property.rs"]
mod property;
