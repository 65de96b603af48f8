//! What holds of grants and their families, said of one grant that every test here begins with.

use crate::clock::Timestamp;
use crate::engine::api::Refusal;
use crate::engine::grants::registry::Registry;
use crate::engine::grants::sought::Sought;
use crate::engine::grants::token::{Shown, Signer, new_key, new_refresh_token};
use crate::model::credential::CredentialId;
use crate::model::family::{Family, FamilyId};
use crate::model::grant::{Grant, GrantCounts, GrantName, Granted};
use crate::model::grant_fault::GrantFault;
use crate::model::name::CredentialName;
use crate::model::program::Program;
use crate::secret::{GrantRefreshToken, GrantToken, TokenHash};
use std::sync::Arc;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

const TTL: u64 = 900;
const REFRESH_TTL: u64 = 10_000;

pub(in crate::engine::grants) fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

pub(in crate::engine::grants) fn name() -> GrantName {
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

pub(in crate::engine::grants) fn registry() -> Registry {
    let mut registry = Registry::default();
    registry.load(Signer::new(Zeroizing::new([7; 32])), Vec::new(), 100);
    registry.make(grant(), false).unwrap();
    registry
}

/// Begins a family at that moment; the hash is the token itself, which no test has to wait for.
pub(in crate::engine::grants) fn begin(
    registry: &mut Registry,
    now: i64,
) -> (FamilyId, GrantRefreshToken) {
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
pub(in crate::engine::grants) fn rotate(
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
