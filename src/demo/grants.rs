//! Grants and the tokens of each family: issued, rotated, reused, revoked. Time is an argument.

use crate::clock::Timestamp;
use crate::demo::bounded::Bounded;
use crate::demo::grant::{Access, Grant, GrantId, Issued, Refused, Terms, TokenId};
use crate::demo::quirks::{Quirks, RotationRule};
use crate::demo::tokens::{ACCESS_PREFIX, Digest, REFRESH_PREFIX, digest, random};

const MOST_TOKENS: usize = 200_000;
const MOST_GRANTS: usize = 50_000;

#[derive(Debug)]
struct Refresh {
    id: TokenId,
    grant: GrantId,
    /// Thumbprint of the key it is bound to (RFC 9449 5).
    jkt: Option<String>,
    expires_at: Option<Timestamp>,
    spent: Option<Spent>,
}

#[derive(Debug)]
struct Spent {
    at: Timestamp,
    /// In the clear, since within the grace it is handed out again; one kept per family.
    successor: Option<String>,
}

/// All grants and tokens.
#[derive(Debug)]
pub struct Grants {
    grants: Bounded<GrantId, Grant>,
    access: Bounded<Digest, Access>,
    refresh: Bounded<Digest, Refresh>,
    next: u64,
}

impl Default for Grants {
    fn default() -> Self {
        Self {
            grants: Bounded::new(MOST_GRANTS),
            access: Bounded::new(MOST_TOKENS),
            refresh: Bounded::new(MOST_TOKENS),
            next: 1,
        }
    }
}

impl Grants {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// Records what a person allowed.
    pub fn open(&mut self, grant: Grant) -> GrantId {
        let id = GrantId(self.number());
        self.grants.insert(id, grant);
        id
    }

    /// A grant.
    pub fn grant(&self, id: GrantId) -> Option<&Grant> {
        self.grants.get(&id)
    }

    /// All grants, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (&GrantId, &Grant)> {
        self.grants.iter()
    }

    /// The first tokens of a grant.
    pub fn issue(
        &mut self,
        id: GrantId,
        terms: &Terms,
        quirks: &Quirks,
        now: Timestamp,
    ) -> Result<Issued, Refused> {
        let grant = self.grant(id).ok_or(Refused::Unknown)?;
        let asked = quirks.demands.offline_scope.as_deref();
        let offline =
            grant.offline && asked.is_none_or(|asked| grant.scopes.iter().any(|s| s == asked));
        let mut issued = self.issue_access(id, terms, quirks, now)?;
        if quirks.refresh_tokens && offline {
            let bound = terms.jkt.clone().filter(|_| terms.public);
            self.issue_refresh(&mut issued, bound, quirks, now);
        }
        Ok(issued)
    }

    /// An access token of a grant, without a refresh token.
    pub fn issue_access(
        &mut self,
        grant: GrantId,
        terms: &Terms,
        quirks: &Quirks,
        now: Timestamp,
    ) -> Result<Issued, Refused> {
        let (scopes, audience) = self.narrowed(grant, terms)?;
        let record = Access {
            id: TokenId(self.number()),
            grant,
            issued_at: now,
            expires_at: quirks
                .access_lifetime_for(&scopes)
                .map(|life| now.plus(life)),
            scopes,
            audience,
            jkt: terms.jkt.clone(),
        };
        let access = random(ACCESS_PREFIX);
        self.access.insert(digest(&access), record.clone());
        Ok(Issued {
            grant,
            access,
            record,
            refresh: None,
            refresh_expires_at: None,
        })
    }

    fn issue_refresh(
        &mut self,
        issued: &mut Issued,
        jkt: Option<String>,
        quirks: &Quirks,
        now: Timestamp,
    ) {
        let refresh = random(REFRESH_PREFIX);
        let record = Refresh {
            id: TokenId(self.number()),
            grant: issued.grant,
            jkt,
            expires_at: quirks.refresh_lifetime.map(|life| now.plus(life)),
            spent: None,
        };
        issued.refresh_expires_at = record.expires_at;
        self.refresh.insert(digest(&refresh), record);
        issued.refresh = Some(refresh);
    }

    /// Number and grant of a refresh token that was ever issued.
    pub fn refresh_token(&self, token: &str) -> Option<(TokenId, GrantId)> {
        let found = self.refresh.get(&digest(token))?;
        Some((found.id, found.grant))
    }

    /// New tokens for a refresh token (RFC 6749 6), by the rules of the quirks.
    pub fn refresh(
        &mut self,
        token: &str,
        client: &str,
        terms: &Terms,
        quirks: &Quirks,
        now: Timestamp,
    ) -> Result<Issued, Refused> {
        let key = digest(token);
        let id = self.refresh.get(&key).ok_or(Refused::Unknown)?.grant;
        let again = match self.acceptable(&key, client, terms, quirks, now) {
            Err(Refused::Replayed) if quirks.reuse_detection => {
                self.revoke(id);
                return Err(Refused::Replayed);
            }
            other => other?,
        };
        self.not_too_early(id, quirks, now)?;
        let mut issued = self.issue_access(id, terms, quirks, now)?;
        if quirks.refresh_ends_access {
            let newest = issued.record.id;
            let older = |access: &&mut Access| access.grant == id && access.id != newest;
            for access in self.access.values_mut().filter(older) {
                access.expires_at = Some(now);
            }
        }
        match again {
            Some(successor) => issued.refresh = Some(successor),
            None => self.rotate(&key, token, &mut issued, quirks, now),
        }
        Ok(issued)
    }

    /// A new access token for one that still lives, where that is how tokens are kept alive (Meta).
    pub fn exchange_access(
        &mut self,
        token: &str,
        client: &str,
        quirks: &Quirks,
        now: Timestamp,
    ) -> Result<Issued, Refused> {
        let found = self.access.get(&digest(token)).ok_or(Refused::Unknown)?;
        let grant = self.grants.get(&found.grant).ok_or(Refused::Unknown)?;
        if grant.client != client {
            return Err(Refused::OtherClient);
        }
        if grant.revoked {
            return Err(Refused::Revoked);
        }
        if found.expires_at.is_some_and(|at| at <= now) {
            return Err(Refused::Expired);
        }
        self.issue_access(found.grant, &Terms::default(), quirks, now)
    }

    /// Whether the token may be used: `Some` with its successor when it is spent and still in grace.
    fn acceptable(
        &self,
        key: &Digest,
        client: &str,
        terms: &Terms,
        quirks: &Quirks,
        now: Timestamp,
    ) -> Result<Option<String>, Refused> {
        let found = self.refresh.get(key).ok_or(Refused::Unknown)?;
        let grant = self.grants.get(&found.grant).ok_or(Refused::Unknown)?;
        if grant.client != client {
            return Err(Refused::OtherClient);
        }
        if grant.revoked {
            return Err(Refused::Revoked);
        }
        if found.expires_at.is_some_and(|at| at <= now) {
            return Err(Refused::Expired);
        }
        if found.jkt.is_some() && found.jkt != terms.jkt {
            return Err(Refused::OtherKey);
        }
        match &found.spent {
            None => Ok(None),
            Some(spent) if now.since(spent.at) < quirks.reuse_grace => {
                spent.successor.clone().map(Some).ok_or(Refused::Replayed)
            }
            Some(_) => Err(Refused::Replayed),
        }
    }

    /// Scopes and audience of a new access token.
    fn narrowed(&self, id: GrantId, terms: &Terms) -> Result<(Vec<String>, Vec<String>), Refused> {
        let grant = self.grant(id).ok_or(Refused::Unknown)?;
        let scopes = match &terms.scopes {
            None => grant.scopes.clone(),
            Some(asked) if asked.iter().all(|scope| grant.scopes.contains(scope)) => asked.clone(),
            Some(_) => return Err(Refused::Scope),
        };
        // RFC 8707 2.2: at the token endpoint a part of what was granted; where nothing was said at first, anything.
        let granted = &grant.resources;
        let fits = |asked: &String| granted.is_empty() || granted.contains(asked);
        if !terms.resources.iter().all(fits) {
            return Err(Refused::Resource);
        }
        let audience = if terms.resources.is_empty() {
            granted.clone()
        } else {
            terms.resources.clone()
        };
        Ok((scopes, audience))
    }

    fn not_too_early(&self, id: GrantId, quirks: &Quirks, now: Timestamp) -> Result<(), Refused> {
        let Some(allowed) = quirks.refuse_early else {
            return Ok(());
        };
        let left = self
            .access
            .iter()
            .filter(|(_, access)| access.grant == id)
            .map(|(_, access)| access.expires_at.map_or(allowed, |at| at.since(now)))
            .max();
        match left {
            Some(left) if left > allowed => Err(Refused::TooEarly),
            _ => Ok(()),
        }
    }

    fn rotate(
        &mut self,
        key: &Digest,
        token: &str,
        issued: &mut Issued,
        quirks: &Quirks,
        now: Timestamp,
    ) {
        if quirks.omit_refresh_token {
            return;
        }
        let bound = self.refresh.get(key).and_then(|old| old.jkt.clone());
        match quirks.rotation {
            RotationRule::Never => {
                issued.refresh = Some(token.to_owned());
                issued.refresh_expires_at = self.refresh.get(key).and_then(|r| r.expires_at);
            }
            RotationRule::Always => self.issue_refresh(issued, bound, quirks, now),
            RotationRule::SingleUse => {
                self.issue_refresh(issued, bound, quirks, now);
                if let Some(old) = self.refresh.get_mut(key) {
                    let successor = issued
                        .refresh
                        .clone()
                        .filter(|_| !quirks.reuse_grace.is_zero());
                    old.spent = Some(Spent { at: now, successor });
                }
            }
        }
    }

    /// The access token, if it lives.
    pub fn live_access(&self, token: &str, now: Timestamp) -> Option<(&Access, &Grant)> {
        let access = self.access.get(&digest(token))?;
        let grant = self.grant(access.grant)?;
        let alive = !grant.revoked && access.expires_at.is_none_or(|at| at > now);
        alive.then_some((access, grant))
    }

    /// The refresh token's grant and expiry, if it could be used now.
    pub fn live_refresh(&self, token: &str, now: Timestamp) -> Option<(&Grant, Option<Timestamp>)> {
        let refresh = self.refresh.get(&digest(token))?;
        let grant = self.grant(refresh.grant)?;
        let alive = !grant.revoked
            && refresh.spent.is_none()
            && refresh.expires_at.is_none_or(|at| at > now);
        alive.then_some((grant, refresh.expires_at))
    }

    /// The grant that a token of either kind belongs to, dead or alive.
    pub fn owner(&self, token: &str) -> Option<(TokenId, GrantId)> {
        let key = digest(token);
        let access = self.access.get(&key).map(|a| (a.id, a.grant));
        access.or_else(|| self.refresh_token(token))
    }

    /// Ends all grants of a client.
    pub fn revoke_all_of(&mut self, client: &str) {
        let theirs = |grant: &&mut Grant| grant.client == client;
        for grant in self.grants.values_mut().filter(theirs) {
            grant.revoked = true;
        }
    }

    /// Ends a grant: all tokens of its family are dead from now on.
    pub fn revoke(&mut self, id: GrantId) -> bool {
        let grant = self.grants.get_mut(&id);
        grant.is_some_and(|grant| !std::mem::replace(&mut grant.revoked, true))
    }
}
