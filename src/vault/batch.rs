//! Carries a batch of changes out: seals everything first, then writes it in one transaction.

use crate::clock::{Timestamp, now};
use crate::model::credential::{CredentialId, Generation, Profile, Secret};
use crate::model::fingerprint::Fingerprint;
use crate::model::identity::TokenKind;
use crate::model::kept::Replaced;
use crate::vault::binding::{Sealed, Table};
use crate::vault::credential::{self, Head, NewRow};
use crate::vault::error::VaultError;
use crate::vault::keys::VaultKeys;
use crate::vault::open::{Change, OpenVault};
use crate::vault::seal::seal;
use crate::vault::store::{Pruning, Spending, Write, Written};
use crate::vault::{
    chain, client, event, fingerprint, generation, grant, grant_wire, journal, log_seal, payload,
};

/// Batches smaller than this are not worth a second thread.
const WORTH_A_THREAD: usize = 8;

/// Carries the batch out in one transaction.
pub fn apply(vault: &mut OpenVault, writes: &[Write]) -> Result<Vec<Written>, VaultError> {
    let prepared = prepare_all(vault.keys(), writes)?;
    vault.change(|change| {
        prepared
            .iter()
            .map(|write| carry_out(change, write))
            .collect()
    })
}

/// A change whose payloads are sealed.
enum Prepared<'a> {
    SignIn(Minted),
    SignInBeside(CredentialId, Generation, FiledProfile, Minted),
    Admit(Option<Generation>, Replaced, Minted),
    Spend(&'a Spending),
    Rotate(CredentialId, Generation, Minted),
    Profile(CredentialId, Generation, FiledProfile, Entry),
    Remove(CredentialId, Option<Generation>),
    Client([u8; 32], [u8; 32], Sealed),
    ForgetClient([u8; 32]),
    KeepGrant([u8; 32], Sealed),
    ForgetGrant([u8; 32]),
    Activity(Option<[u8; 32]>, Timestamp, Sealed),
    Prune(&'a Pruning),
}

/// What becomes of the journal's entry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entry {
    Close,
    Leave,
}

struct FiledProfile {
    name_hash: [u8; 32],
    profile: Sealed,
    /// It was revoked: nothing of its past is kept. What is only to be revoked has a past that is to be revoked too.
    is_ended: bool,
}

struct Minted {
    filed: FiledProfile,
    secret: Sealed,
    fingerprints: Vec<(Fingerprint, TokenKind)>,
}

impl Minted {
    fn row(&self) -> NewRow<'_> {
        NewRow {
            name_hash: &self.filed.name_hash,
            profile: &self.filed.profile,
            secret: &self.secret,
        }
    }
}

fn prepare_all<'a>(keys: &VaultKeys, writes: &'a [Write]) -> Result<Vec<Prepared<'a>>, VaultError> {
    let prepare = |writes: &'a [Write]| -> Result<Vec<_>, VaultError> {
        writes
            .iter()
            .map(|write| prepare_one(keys, write))
            .collect()
    };
    if writes.len() < WORTH_A_THREAD {
        return prepare(writes);
    }
    let (first, second) = writes.split_at(writes.len() / 2);
    std::thread::scope(|scope| {
        let second = scope.spawn(|| prepare(second));
        let mut prepared = prepare(first)?;
        match second.join() {
            Ok(more) => prepared.extend(more?),
            Err(panic) => std::panic::resume_unwind(panic),
        }
        Ok(prepared)
    })
}

fn prepare_one<'a>(keys: &VaultKeys, write: &'a Write) -> Result<Prepared<'a>, VaultError> {
    Ok(match write {
        Write::SignIn { profile, secret } => Prepared::SignIn(minted(keys, profile, secret)?),
        Write::SignInBeside {
            aside,
            profile,
            secret,
        } => Prepared::SignInBeside(
            aside.id,
            aside.generation,
            filed(keys, &aside.profile)?,
            minted(keys, profile, secret)?,
        ),
        Write::Admit {
            over,
            profile,
            secret,
            replaced,
        } => Prepared::Admit(*over, *replaced, minted(keys, profile, secret)?),
        Write::Spend(spending) => Prepared::Spend(spending),
        Write::Rotate {
            id,
            spent,
            profile,
            secret,
        } => Prepared::Rotate(*id, *spent, minted(keys, profile, secret)?),
        Write::FailSpending {
            id,
            generation,
            profile,
        } => Prepared::Profile(*id, *generation, filed(keys, profile)?, Entry::Close),
        Write::UnknownSpending {
            id,
            generation,
            profile,
        }
        | Write::Profile {
            id,
            generation,
            profile,
        } => Prepared::Profile(*id, *generation, filed(keys, profile)?, Entry::Leave),
        Write::Remove { id, only } => Prepared::Remove(*id, *only),
        Write::Client { provider, client } => Prepared::Client(
            client::provider_hash(keys, &provider.name),
            client::client_hash(keys, &provider.name, &client.id),
            seal(
                keys,
                Table::Client,
                &payload::write_client(provider, client),
            )?,
        ),
        Write::ForgetClient {
            provider,
            client_id,
        } => Prepared::ForgetClient(client::client_hash(keys, provider, client_id)),
        Write::Grant(stored) => Prepared::KeepGrant(
            grant::name_hash(keys, &stored.grant.name),
            seal(keys, Table::Grant, &grant_wire::write(stored))?,
        ),
        Write::ForgetGrant(name) => Prepared::ForgetGrant(grant::name_hash(keys, name)),
        Write::Activity(activity) => Prepared::Activity(
            event::subject_of(keys, activity),
            activity.at,
            log_seal::seal(keys, &payload::write_activity(activity)),
        ),
        Write::Prune(pruning) => Prepared::Prune(pruning),
    })
}

fn filed(keys: &VaultKeys, profile: &Profile) -> Result<FiledProfile, VaultError> {
    Ok(FiledProfile {
        name_hash: credential::name_hash(keys, profile),
        profile: seal(keys, Table::Credential, &payload::write_profile(profile))?,
        is_ended: profile.standing.is_ended(),
    })
}

fn minted(keys: &VaultKeys, profile: &Profile, secret: &Secret) -> Result<Minted, VaultError> {
    Ok(Minted {
        filed: filed(keys, profile)?,
        secret: seal(keys, Table::Credential, &payload::write_secret(secret))?,
        fingerprints: fingerprint::of_secret(keys, secret),
    })
}

fn carry_out(change: &mut Change<'_>, write: &Prepared<'_>) -> Result<Written, VaultError> {
    match write {
        Prepared::SignIn(minted) => sign_in(change, minted),
        Prepared::SignInBeside(id, generation, filed, minted) => {
            if let Some(head) = credential::head(change.conn, id.0)? {
                if u64::try_from(head.generation) != Ok(generation.0) {
                    return Ok(Written::Stale);
                }
                credential::write_profile(change, id.0, &head, &filed.name_hash, &filed.profile)?;
            }
            sign_in(change, minted)
        }
        Prepared::Admit(over, replaced, minted) => admit(change, *over, *replaced, minted),
        Prepared::Spend(spending) => journal::begin(change, spending),
        Prepared::Rotate(id, spent, minted) => {
            let Some(head) = at_generation(change, *id, *spent)? else {
                return Ok(Written::Stale);
            };
            replace(change, id.0, Some(&head), minted, Replaced::Refreshed)
        }
        Prepared::Profile(id, generation, filed, entry) => {
            let Some(head) = at_generation(change, *id, *generation)? else {
                return Ok(Written::Stale);
            };
            credential::write_profile(change, id.0, &head, &filed.name_hash, &filed.profile)?;
            if filed.is_ended {
                generation::forget(change, id.0)?;
            }
            if *entry == Entry::Close {
                journal::close(change, id.0)?;
            }
            Ok(Written::Done)
        }
        Prepared::Remove(id, only) => {
            let head = match only {
                Some(only) => at_generation(change, *id, *only)?,
                None => credential::head(change.conn, id.0)?,
            };
            let Some(head) = head else {
                return Ok(Written::Stale);
            };
            credential::delete(change, id.0, &head)?;
            generation::forget(change, id.0)?;
            journal::close(change, id.0)?;
            Ok(Written::Done)
        }
        Prepared::Client(provider, client, sealed) => {
            client::keep(change, provider, client, sealed)?;
            Ok(Written::Done)
        }
        Prepared::ForgetClient(hash) => {
            client::forget(change, hash)?;
            Ok(Written::Done)
        }
        Prepared::KeepGrant(hash, sealed) => {
            grant::keep(change, hash, sealed)?;
            Ok(Written::Done)
        }
        Prepared::ForgetGrant(hash) => {
            grant::forget(change, hash)?;
            Ok(Written::Done)
        }
        Prepared::Activity(subject, at, sealed) => {
            event::add(change, subject.as_ref(), *at, sealed)?;
            Ok(Written::Done)
        }
        Prepared::Prune(Pruning {
            before,
            most,
            portion,
        }) => {
            generation::prune(change, now(), *portion)?;
            chain::prune(change, *before, *most, *portion).map(Written::Pruned)
        }
    }
}

fn at_generation(
    change: &Change<'_>,
    id: CredentialId,
    generation: Generation,
) -> Result<Option<Head>, VaultError> {
    let head = credential::head(change.conn, id.0)?;
    Ok(head.filter(|head| u64::try_from(head.generation) == Ok(generation.0)))
}

fn sign_in(change: &mut Change<'_>, minted: &Minted) -> Result<Written, VaultError> {
    match credential::find(change.conn, &minted.filed.name_hash)? {
        Some(id) => {
            let head = credential::head(change.conn, id)?;
            replace(change, id, head.as_ref(), minted, Replaced::SignedIn)
        }
        None => {
            let id = credential::reserve(change.conn, &minted.filed.name_hash)?;
            replace(change, id, None, minted, Replaced::SignedIn)
        }
    }
}

fn admit(
    change: &mut Change<'_>,
    over: Option<Generation>,
    replaced: Replaced,
    minted: &Minted,
) -> Result<Written, VaultError> {
    let found = credential::find(change.conn, &minted.filed.name_hash)?;
    match (found, over) {
        (None, None) => sign_in(change, minted),
        (Some(id), Some(generation)) => {
            match at_generation(change, CredentialId(id), generation)? {
                Some(head) => replace(change, id, Some(&head), minted, replaced),
                None => Ok(Written::Stale),
            }
        }
        (Some(_), None) | (None, Some(_)) => Ok(Written::Stale),
    }
}

/// Puts tokens into a row as its next generation, with all that belongs to it.
fn replace(
    change: &mut Change<'_>,
    id: i64,
    head: Option<&Head>,
    minted: &Minted,
    replaced: Replaced,
) -> Result<Written, VaultError> {
    if head.is_some() {
        generation::keep(change, id, replaced, now())?;
    }
    if minted.filed.is_ended {
        generation::forget(change, id)?;
    }
    let number = head.map_or(1, |head| head.generation.saturating_add(1));
    credential::write(change, id, head, number, &minted.row())?;
    for fingerprint in &minted.fingerprints {
        fingerprint::note(change, *fingerprint, id, number)?;
    }
    journal::close(change, id)?;
    Ok(Written::Saved(
        CredentialId(id),
        Generation(number.unsigned_abs()),
    ))
}
