//! What is known of grants and their families: a state machine without IO that is told the time.

use crate::clock::Timestamp;
use crate::engine::api::Refusal;
use crate::engine::bucket::{Bucket, Left, whole_secs};
use crate::engine::grants::token::{Claims, Shown, Signer};
use crate::model::credential::CredentialId;
use crate::model::family::{Family, FamilyId};
use crate::model::grant::{Grant, GrantName, GrantView, MOST_GRANTS, PairView};
use crate::model::grant_fault::GrantFault;
use crate::model::name::CredentialName;
use crate::model::program::Program;
use crate::secret::{FamilyKey, GrantToken, TokenHash};
use crate::vault::store::StoredGrant;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

/// Pairs of tokens of one grant that are alive at the most.
pub const MOST_PAIRS: usize = 5;

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

#[derive(Debug)]
struct Held {
    grant: Grant,
    families: Vec<Family>,
    bucket: Bucket,
    used_at: Option<Timestamp>,
    fetched: u64,
}

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
        for StoredGrant { grant, families } in stored {
            for family in &families {
                self.families.insert(family.id, grant.name.clone());
            }
            let mut held = Held::new(grant, families);
            held.bucket = used.remove(&held.grant.name).unwrap_or_default();
            self.held.insert(held.grant.name.clone(), held);
        }
    }

    /// What is used of each grant's rate.
    pub fn used(&self) -> BTreeMap<GrantName, Bucket> {
        let held = self.held.iter();
        let held = held.map(|(name, held)| (name.clone(), held.bucket));
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
        let families = self.held.values().flat_map(|held| &held.families);
        families.filter(|family| family.expires_at > now).count() as u64
    }

    /// A grant's terms.
    pub fn grant(&self, name: &GrantName) -> Option<&Grant> {
        self.held.get(name).map(|held| &held.grant)
    }

    /// All grants, by name.
    pub fn views(&self, now: Instant) -> Vec<GrantView> {
        self.held
            .values()
            .map(|held| self.view_of(held, now))
            .collect()
    }

    /// One grant.
    pub fn view(&self, name: &GrantName, now: Instant) -> Option<GrantView> {
        self.held.get(name).map(|held| self.view_of(held, now))
    }

    fn view_of(&self, held: &Held, now: Instant) -> GrantView {
        let rate = held.grant.per_hour.unwrap_or(self.usual_rate);
        let left = held.bucket.left(rate, now);
        GrantView {
            grant: held.grant.clone(),
            pairs: held.families.iter().map(pair).collect(),
            used_at: held.used_at,
            fetched: held.fetched,
            rate_used: rate.saturating_sub(left.remaining),
            rate,
        }
    }

    /// A copy of a grant, to be kept.
    pub fn stored(&self, name: &GrantName) -> Option<StoredGrant> {
        self.held.get(name).map(|held| StoredGrant {
            grant: held.grant.clone(),
            families: held.families.iter().map(Family::duplicate).collect(),
        })
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
        self.held
            .insert(grant.name.clone(), Held::new(grant, Vec::new()));
        Ok(old)
    }

    /// Takes a grant away: no token of it is good from now on.
    pub fn remove(&mut self, name: &GrantName) -> Option<StoredGrant> {
        let held = self.held.remove(name)?;
        for family in &held.families {
            self.families.remove(&family.id);
        }
        Some(StoredGrant {
            grant: held.grant,
            families: held.families,
        })
    }

    /// Puts a grant back as it was.
    pub fn put_back(&mut self, stored: StoredGrant) {
        self.remove(&stored.grant.name);
        for family in &stored.families {
            self.families.insert(family.id, stored.grant.name.clone());
        }
        let name = stored.grant.name.clone();
        self.held
            .insert(name, Held::new(stored.grant, stored.families));
    }

    /// Begins a family. Gives those that ended for it: a grant has at most [`MOST_PAIRS`].
    pub fn begin(&mut self, name: &GrantName, family: Family) -> Result<Vec<Family>, GrantFault> {
        let Some(held) = self.held.get_mut(name) else {
            let grant = name.clone();
            return Err(GrantFault::NoSuchGrant { grant });
        };
        self.families.insert(family.id, name.clone());
        held.families.push(family);
        held.grant.counts.issued += 1;
        let over = held.families.len().saturating_sub(MOST_PAIRS);
        let ended: Vec<Family> = held.families.drain(..over).collect();
        for family in &ended {
            self.families.remove(&family.id);
        }
        Ok(ended)
    }

    /// Goes back to before a family began, which could not be kept.
    pub fn not_begun(&mut self, name: &GrantName, family: FamilyId, ended: Vec<Family>) {
        self.end(family);
        if let Some(held) = self.held.get_mut(name) {
            held.grant.counts.issued -= 1;
            for family in &ended {
                self.families.insert(family.id, name.clone());
            }
            held.families.splice(..0, ended);
        }
    }

    /// Looks what a refresh token is. One that was used before ends its family here and now.
    pub fn seek(&mut self, shown: &Shown, now: Timestamp) -> Sought {
        let Some(grant) = self.families.get(&shown.family).cloned() else {
            return Sought::Not(GrantFault::Unknown);
        };
        let Some(held) = self.held.get_mut(&grant) else {
            return Sought::Not(GrantFault::Unknown);
        };
        let family = held
            .families
            .iter()
            .find(|family| family.id == shown.family);
        let Some(family) = family.filter(|family| shown.is_by(&family.key)) else {
            return Sought::Not(GrantFault::Unknown);
        };
        if family.turn != shown.turn {
            // Used before; or, where the vault was restored from a backup, issued since: neither may be believed.
            held.grant.counts.replayed += 1;
            self.end(shown.family);
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
                let Some(held) = held else {
                    return Err(Sought::Not(GrantFault::Unknown));
                };
                let refresh_ttl = held.grant.refresh_ttl();
                let family = held.families.iter_mut().find(|it| it.id == shown.family);
                let Some(family) = family else {
                    return Err(Sought::Not(GrantFault::Unknown));
                };
                let old = family.duplicate();
                family.turn += 1;
                family.hash = hash;
                family.rotated_at = now;
                family.expires_at = now.plus(refresh_ttl);
                held.grant.counts.rotated += 1;
                Ok(old)
            }
            other => Err(other),
        }
    }

    /// Goes back to a family as it was before it was rotated, which could not be kept. One that ended meanwhile stays so.
    pub fn undo(&mut self, old: Family) {
        let name = self.families.get(&old.id);
        let held = name.and_then(|name| self.held.get_mut(name));
        let Some(held) = held else {
            return;
        };
        let place = held.families.iter_mut().find(|it| it.id == old.id);
        if let Some(place) = place
            && place.turn == old.turn + 1
        {
            *place = old;
            held.grant.counts.rotated -= 1;
        }
    }

    /// Ends a family; gives its grant.
    pub fn end(&mut self, family: FamilyId) -> Option<GrantName> {
        let name = self.families.remove(&family)?;
        if let Some(held) = self.held.get_mut(&name) {
            held.families.retain(|it| it.id != family);
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
            // The last access token of a family may outlive its refresh token by nothing: it never lives longer.
            let over = held
                .families
                .extract_if(.., |family| family.expires_at <= now);
            ended.extend(over.map(|family| (name.clone(), family.id)));
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
            let before = held.grant.credentials.clone();
            held.grant.credentials.retain_mut(|granted| {
                let now = name_of(granted.id);
                let is_there = now.is_some();
                if let Some(now) = now {
                    granted.name = now;
                }
                is_there
            });
            if held.grant.credentials != before {
                changed.push(name.clone());
            }
        }
        changed
    }

    /// Signs an access token of a family's newest pair; gives it with its end.
    pub fn sign(&self, family: FamilyId, now: Timestamp) -> Option<(GrantToken, Claims)> {
        let held = self.held.get(self.families.get(&family)?)?;
        let family = held.families.iter().find(|it| it.id == family)?;
        let end = now.plus(held.grant.ttl()).min(family.expires_at);
        let claims = Claims {
            grant: held.grant.name.clone(),
            family: family.id,
            turn: family.turn,
            credentials: names_of(&held.grant),
            issued_at: now.as_secs(),
            expires_at: end.as_secs(),
        };
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
        let grant = &held.ok_or(GrantFault::Revoked)?.grant;
        check_program(grant, by)?;
        Ok(Admitted {
            grant: grant.name.clone(),
            family: claims.family,
            credentials: names_of(grant),
            scopes: grant.scopes.clone(),
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
        let usual = self.usual_rate;
        let held = self.held.get_mut(grant).ok_or(GrantFault::Revoked)?;
        if !held.grant.names(name) {
            let (grant, name) = (grant.clone(), name.clone());
            return Err(GrantFault::NotGranted { grant, name }.into());
        }
        let most = held.grant.per_hour.unwrap_or(usual);
        let left = held.bucket.take(most, instant);
        let left = left.map_err(|wait| Refusal::LimitExceeded {
            limit: format!("{most} tokens fetched with the grant {grant} an hour"),
            most,
            wait_secs: whole_secs(wait),
        })?;
        held.used_at = Some(now);
        held.fetched += 1;
        Ok(left)
    }
}

impl Held {
    fn new(grant: Grant, families: Vec<Family>) -> Self {
        Self {
            grant,
            families,
            bucket: Bucket::default(),
            used_at: None,
            fetched: 0,
        }
    }
}

impl Admitted {
    /// Whether it may fetch that credential's tokens.
    pub fn names(&self, name: &CredentialName) -> bool {
        self.credentials.contains(name)
    }
}

fn names_of(grant: &Grant) -> Vec<CredentialName> {
    let named = grant.credentials.iter();
    named.map(|granted| granted.name.clone()).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::grants::token::{new_key, new_refresh_token};
    use crate::model::grant::{GrantCounts, Granted};
    use crate::secret::GrantRefreshToken;
    use proptest::prelude::*;
    use std::collections::HashSet;
    use std::time::Duration;
    use zeroize::Zeroizing;

    const TTL: u64 = 900;
    const REFRESH_TTL: u64 = 10_000;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn name() -> GrantName {
        "ci".parse().unwrap()
    }

    fn credential() -> CredentialName {
        "demo/a".parse().unwrap()
    }

    fn grant() -> Grant {
        Grant {
            name: name(),
            credentials: vec![Granted {
                id: CredentialId(1),
                name: credential(),
            }],
            scopes: Vec::new(),
            ttl_secs: TTL,
            refresh_ttl_secs: REFRESH_TTL,
            executable: None,
            per_hour: Some(2),
            created_at: at(0),
            counts: GrantCounts::default(),
        }
    }

    fn registry() -> Registry {
        let mut registry = Registry::default();
        registry.load(Signer::new(Zeroizing::new([7; 32])), Vec::new(), 100);
        registry.make(grant(), false).unwrap();
        registry
    }

    /// Begins a family at that moment; the hash is the token itself, which no test has to wait for.
    fn begin(registry: &mut Registry, now: i64) -> (FamilyId, GrantRefreshToken) {
        let (id, key) = (FamilyId(rand::random()), new_key());
        let token = new_refresh_token(id, 0, &key);
        let family = Family {
            id,
            hash: TokenHash::new(token.expose_secret().to_owned()),
            key,
            turn: 0,
            since: at(now),
            rotated_at: at(now),
            expires_at: at(now).plus(Duration::from_secs(REFRESH_TTL)),
            to: Arc::default(),
        };
        registry.begin(&name(), family).unwrap();
        (id, token)
    }

    /// What a program does that shows a refresh token; the next one, if it gets one.
    fn rotate(
        registry: &mut Registry,
        token: &GrantRefreshToken,
        now: i64,
    ) -> Result<GrantRefreshToken, Sought> {
        let shown = Shown::read(token).unwrap();
        let (key, hash) = match registry.seek(&shown, at(now)) {
            Sought::Alive { key, hash, .. } => (key, hash),
            other => return Err(other),
        };
        assert_eq!(hash.expose_secret(), token.expose_secret());
        let next = new_refresh_token(shown.family, shown.turn + 1, &key);
        let hash = TokenHash::new(next.expose_secret().to_owned());
        registry.rotate(&shown, hash, at(now)).map(|_| next)
    }

    fn admit(registry: &Registry, token: &GrantToken, now: i64) -> Result<(), GrantFault> {
        let admitted = registry.admit(token, &Program::default(), at(now));
        admitted.map(|admitted| assert_eq!(admitted.grant, name()))
    }

    #[test]
    fn a_used_refresh_token_that_comes_back_ends_its_family_and_no_other() {
        let mut registry = registry();
        let (family, first) = begin(&mut registry, 0);
        let (other, _) = begin(&mut registry, 0);
        let second = rotate(&mut registry, &first, 10).unwrap();
        let (access, _) = registry.sign(family, at(10)).unwrap();
        assert_eq!(admit(&registry, &access, 11), Ok(()));
        let back = rotate(&mut registry, &first, 12).unwrap_err();
        assert!(matches!(back, Sought::Spent { .. }));
        assert_eq!(admit(&registry, &access, 12), Err(GrantFault::Revoked));
        let after = rotate(&mut registry, &second, 13).unwrap_err();
        assert!(matches!(after, Sought::Not(GrantFault::Unknown)));
        assert!(registry.sign(other, at(13)).is_some());
        assert_eq!(registry.grant(&name()).unwrap().counts.replayed, 1);
    }

    #[test]
    fn what_is_revoked_is_no_good_from_that_moment_on() {
        let mut registry = registry();
        let (family, refresh) = begin(&mut registry, 0);
        let (access, _) = registry.sign(family, at(0)).unwrap();
        let stored = registry.remove(&name()).unwrap();
        assert_eq!(admit(&registry, &access, 1), Err(GrantFault::Revoked));
        assert!(rotate(&mut registry, &refresh, 1).is_err());
        // What could not be kept is put back as it was.
        registry.put_back(stored);
        assert_eq!(admit(&registry, &access, 1), Ok(()));
        registry.make(grant(), true).unwrap();
        assert_eq!(admit(&registry, &access, 1), Err(GrantFault::Revoked));
    }

    #[test]
    fn a_grant_has_five_pairs_and_the_oldest_goes() {
        let mut registry = registry();
        let families: Vec<_> = (0..7).map(|now| begin(&mut registry, now).0).collect();
        let alive = registry.view(&name(), Instant::now()).unwrap().pairs;
        let alive: Vec<_> = alive.iter().map(|pair| pair.family).collect();
        assert_eq!(alive, families[2..]);
    }

    #[test]
    fn access_ends_with_its_time_and_with_its_familys() {
        let mut registry = registry();
        let (family, refresh) = begin(&mut registry, 0);
        let (access, claims) = registry.sign(family, at(0)).unwrap();
        assert_eq!(claims.expires_at, 900);
        assert_eq!(admit(&registry, &access, 899), Ok(()));
        assert_eq!(admit(&registry, &access, 900), Err(GrantFault::Expired));
        let late = registry.sign(family, at(9_900)).unwrap().1;
        assert_eq!(late.expires_at, 10_000);
        let over = rotate(&mut registry, &refresh, 10_000).unwrap_err();
        assert!(matches!(over, Sought::Not(GrantFault::Expired)));
        assert_eq!(registry.expire(at(10_000)), [(name(), family)]);
    }

    #[test]
    fn a_grant_follows_its_credential_and_never_who_gets_its_name() {
        let mut registry = registry();
        let to: CredentialName = "demo/b".parse().unwrap();
        let renamed = |id: CredentialId| (id.0 == 1).then(|| to.clone());
        assert_eq!(registry.learn(renamed), [name()]);
        let now = (at(0), Instant::now());
        assert!(registry.fetch(&name(), &to, now.0, now.1).is_ok());
        assert!(
            registry
                .fetch(&name(), &credential(), now.0, now.1)
                .is_err()
        );
        assert_eq!(registry.learn(|_| None), [name()]);
        assert!(registry.fetch(&name(), &to, now.0, now.1).is_err());
    }

    #[test]
    fn a_grant_has_its_own_rate() {
        let (mut registry, now) = (registry(), Instant::now());
        let mut fetch = || registry.fetch(&name(), &credential(), at(0), now);
        assert_eq!(fetch().unwrap().remaining, 1);
        assert_eq!(fetch().unwrap().remaining, 0);
        let limit = Refusal::LimitExceeded {
            limit: "2 tokens fetched with the grant ci an hour".to_owned(),
            most: 2,
            wait_secs: 1800,
        };
        assert_eq!(fetch(), Err(limit));
    }

    #[test]
    fn a_grant_for_one_executable_is_good_for_no_other() {
        let mut registry = registry();
        let only = Grant {
            executable: Some("/usr/bin/curl".to_owned()),
            ..grant()
        };
        registry.make(only, true).unwrap();
        let (family, _) = begin(&mut registry, 0);
        let (access, _) = registry.sign(family, at(0)).unwrap();
        let of = |path: &str| Program {
            executable: Some(path.to_owned()),
            ..Program::default()
        };
        assert!(registry.admit(&access, &of("/usr/bin/curl"), at(1)).is_ok());
        for other in [of("/usr/bin/wget"), Program::default()] {
            let refused = registry.admit(&access, &other, at(1)).unwrap_err();
            assert_eq!(refused, GrantFault::OtherProgram { grant: name() });
        }
    }

    /// One thing that happens to a grant.
    #[derive(Debug, Clone)]
    enum Did {
        Begin,
        /// Shows any refresh token that was ever given out.
        Show(prop::sample::Index),
        /// Shows the newest of a family twice, as two programs do at once.
        Race(prop::sample::Index),
        /// A rotation that could not be kept.
        Undone(prop::sample::Index),
        End(prop::sample::Index),
        EndAll,
        Pass(u16),
        Expire,
    }

    fn did() -> impl Strategy<Value = Did> {
        let index = any::<prop::sample::Index>;
        prop_oneof![
            3 => Just(Did::Begin),
            6 => index().prop_map(Did::Show),
            2 => index().prop_map(Did::Race),
            2 => index().prop_map(Did::Undone),
            1 => index().prop_map(Did::End),
            1 => Just(Did::EndAll),
            2 => (0..4000u16).prop_map(Did::Pass),
            1 => Just(Did::Expire),
        ]
    }

    /// All that was given out, and what may still be alive of it.
    #[derive(Default)]
    struct World {
        given: Vec<(FamilyId, u64, GrantRefreshToken)>,
        over: HashSet<FamilyId>,
    }

    impl World {
        fn newest(&self, family: FamilyId) -> u64 {
            let turns = self.given.iter().filter(|(of, _, _)| *of == family);
            turns.map(|(_, turn, _)| *turn).max().unwrap()
        }

        /// How many refresh tokens of a family would be taken now.
        fn alive(&self, registry: &Registry, family: FamilyId, now: i64) -> usize {
            let held = registry.held.get(&name());
            let found = held.and_then(|held| held.families.iter().find(|it| it.id == family));
            let shown = self.given.iter().filter(|(of, _, _)| *of == family);
            shown
                .filter(|(_, turn, token)| {
                    found.is_some_and(|family| {
                        family.turn == *turn
                            && family.expires_at > at(now)
                            && family.hash.expose_secret() == token.expose_secret()
                    })
                })
                .count()
        }
    }

    proptest! {
        #[test]
        fn never_two_live_tokens_in_a_family_and_a_replay_always_ends_it(
            all in prop::collection::vec(did(), 1..60)
        ) {
            let mut registry = registry();
            let mut world = World::default();
            let mut now = 0;
            for did in all {
                match did {
                    Did::Begin => {
                        let (family, token) = begin(&mut registry, now);
                        world.given.push((family, 0, token));
                    }
                    Did::Show(index) if !world.given.is_empty() => {
                        let (family, turn, token) = index.get(&world.given);
                        let (family, turn) = (*family, *turn);
                        let was_newest = turn == world.newest(family);
                        let was_alive = world.alive(&registry, family, now) == 1;
                        match rotate(&mut registry, token, now) {
                            Ok(next) => {
                                prop_assert!(was_newest && was_alive);
                                world.given.push((family, turn + 1, next));
                            }
                            Err(Sought::Spent { .. }) => {
                                prop_assert!(!was_newest);
                                world.over.insert(family);
                            }
                            Err(_) => prop_assert!(!was_alive),
                        }
                    }
                    Did::Race(index) if !world.given.is_empty() => {
                        let family = index.get(&world.given).0;
                        let turn = world.newest(family);
                        let token = &world.given.iter().find(|(of, at, _)| *of == family && *at == turn).unwrap().2;
                        let shown = Shown::read(token).unwrap();
                        if let Sought::Alive { key, .. } = registry.seek(&shown, at(now)) {
                            let next = new_refresh_token(family, turn + 1, &key);
                            let hash = || TokenHash::new(next.expose_secret().to_owned());
                            prop_assert!(registry.rotate(&shown, hash(), at(now)).is_ok());
                            let second = registry.rotate(&shown, hash(), at(now));
                            let is_spent = matches!(second, Err(Sought::Spent { .. }));
                            prop_assert!(is_spent);
                            world.given.push((family, turn + 1, next));
                            world.over.insert(family);
                        }
                    }
                    Did::Undone(index) if !world.given.is_empty() => {
                        let family = index.get(&world.given).0;
                        let turn = world.newest(family);
                        let token = &world.given.iter().find(|(of, at, _)| *of == family && *at == turn).unwrap().2;
                        let shown = Shown::read(token).unwrap();
                        let lost = TokenHash::new("nobody ever got it".to_owned());
                        if let Ok(old) = registry.rotate(&shown, lost, at(now)) {
                            registry.undo(old);
                        }
                    }
                    Did::End(index) if !world.given.is_empty() => {
                        let family = index.get(&world.given).0;
                        registry.end(family);
                        world.over.insert(family);
                    }
                    Did::EndAll => {
                        let ended = registry.end_all(None);
                        world.over.extend(ended.into_iter().map(|(_, family)| family));
                    }
                    Did::Pass(secs) => now += i64::from(secs),
                    Did::Expire => {
                        let ended = registry.expire(at(now));
                        world.over.extend(ended.into_iter().map(|(_, family)| family));
                    }
                    Did::Show(_) | Did::Race(_) | Did::Undone(_) | Did::End(_) => {}
                }
                let families: HashSet<FamilyId> = world.given.iter().map(|it| it.0).collect();
                for family in families {
                    let alive = world.alive(&registry, family, now);
                    prop_assert!(alive <= 1);
                    prop_assert!(alive == 0 || !world.over.contains(&family));
                }
                let held = registry.held.get(&name()).unwrap();
                prop_assert!(held.families.len() <= MOST_PAIRS);
                prop_assert_eq!(held.families.len(), registry.families.len());
            }
        }
    }
}
