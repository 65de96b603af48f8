//! Carries out what is wished of the grants: hashes, keeps in the vault, and only then answers.

use crate::clock;
use crate::engine::api::{Event, Refusal};
use crate::engine::fact::Fact;
use crate::engine::grants::ask::EndBy;
use crate::engine::grants::handle::{Grants, State};
use crate::engine::grants::pair::Pair;
use crate::engine::grants::questions::{MOST_QUESTIONS, Standing};
use crate::engine::grants::registry::{Registry, check_program};
use crate::engine::grants::sought::Sought;
use crate::engine::grants::token::{Shown, hashed_before, new_key, new_refresh_token};
use crate::engine::vault_thread::{VaultDesk, trouble};
use crate::model::event::{Activity, Happening};
use crate::model::family::{Family, FamilyId};
use crate::model::grant::{Grant, GrantName, GrantView};
use crate::model::grant_event::{FamilyEnd, GrantEvent};
use crate::model::grant_fault::GrantFault;
use crate::model::name::CredentialName;
use crate::model::program::Program;
use crate::model::question::{QuestionId, QuestionView};
use crate::secret::{GrantRefreshToken, QuestionHandle, TokenHash};
use crate::vault::store::Write;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{Semaphore, broadcast, mpsc};

/// Hashes that are made at the same time: each keeps a core busy for a quarter of a second.
const HASHES: usize = 2;

/// The desk. Cheap to clone.
#[derive(Debug, Clone)]
pub struct GrantDesk {
    grants: Grants,
    vault: VaultDesk,
    facts: mpsc::Sender<Fact>,
    events: broadcast::Sender<Event>,
    cost: u32,
    places: Arc<Semaphore>,
}

impl GrantDesk {
    /// A desk; `cost` is that of bcrypt: two to its power rounds.
    pub fn new(
        grants: Grants,
        vault: VaultDesk,
        facts: mpsc::Sender<Fact>,
        events: broadcast::Sender<Event>,
        cost: u32,
    ) -> Self {
        let places = Arc::new(Semaphore::new(HASHES));
        Self {
            grants,
            vault,
            facts,
            events,
            cost,
            places,
        }
    }

    /// Makes a grant.
    pub async fn make(
        &self,
        grant: Grant,
        replaces: bool,
        by: Arc<Program>,
    ) -> Result<GrantView, Refusal> {
        let name = grant.name.clone();
        let old = self
            .grants
            .with(|state| state.registry.make(grant, replaces))?;
        let made = name.clone();
        let undo = move |registry: &mut Registry| match old {
            Some(old) => registry.put_back(old),
            None => drop(registry.remove(&made)),
        };
        self.keep(&name, undo).await?;
        self.tell(&name, GrantEvent::Made, by).await;
        let view = self
            .grants
            .with(|state| state.registry.view(&name, Instant::now()));
        view.ok_or(Refusal::Stopped)
    }

    /// Revokes a grant: at once, whatever the vault's disk says.
    pub async fn revoke(&self, name: GrantName, by: Arc<Program>) -> Result<(), Refusal> {
        let Some(mut old) = self.grants.with(|state| state.registry.remove(&name)) else {
            return Err(GrantFault::NoSuchGrant { grant: name }.into());
        };
        // Where that cannot be kept it is still to be seen, without any token that is good.
        old.families.clear();
        self.keep(&name, |registry| registry.put_back(old)).await?;
        self.tell(&name, GrantEvent::Revoked, by).await;
        Ok(())
    }

    /// Issues a pair of tokens.
    pub async fn issue(&self, name: GrantName, by: Arc<Program>) -> Result<Pair, Refusal> {
        let missing = || GrantFault::NoSuchGrant {
            grant: name.clone(),
        };
        let terms = |state: &mut State| {
            let grant = state.registry.grant(&name).ok_or_else(missing)?;
            check_program(grant, &by)?;
            Ok::<_, GrantFault>(grant.refresh_ttl())
        };
        let refresh_ttl = self.grants.with(terms)?;
        let (id, key) = (FamilyId(rand::random()), new_key());
        let refresh = new_refresh_token(id, 0, &key);
        let hash = self.hash(&refresh).await?;
        let now = clock::now();
        let family = Family {
            id,
            key,
            turn: 0,
            hash,
            since: now,
            rotated_at: now,
            expires_at: now.plus(refresh_ttl),
            to: Arc::clone(&by),
        };
        let ended = self
            .grants
            .with(|state| state.registry.begin(&name, family))?;
        let over: Vec<FamilyId> = ended.iter().map(|family| family.id).collect();
        let of = name.clone();
        let undo = move |registry: &mut Registry| registry.not_begun(&of, id, ended);
        self.keep(&name, undo).await?;
        self.tell(&name, GrantEvent::Issued { family: id }, Arc::clone(&by))
            .await;
        for family in over {
            let why = FamilyEnd::Oldest;
            self.tell(&name, GrantEvent::Ended { family, why }, Arc::clone(&by))
                .await;
        }
        self.pair(id, refresh)
    }

    /// Exchanges a refresh token for the next pair.
    pub async fn rotate(
        &self,
        token: GrantRefreshToken,
        by: Arc<Program>,
    ) -> Result<Pair, Refusal> {
        let shown = Shown::read(&token).ok_or(GrantFault::Unknown)?;
        let sought = self
            .grants
            .with(|state| state.registry.seek(&shown, clock::now()));
        let (name, key, hash) = match sought {
            Sought::Alive { grant, key, hash } => (grant, key, hash),
            other => return Err(self.refused(other, &shown, by).await),
        };
        let check = |state: &mut State| {
            let grant = state.registry.grant(&name).ok_or(GrantFault::Revoked)?;
            check_program(grant, &by)
        };
        self.grants.with(check)?;
        if !self.matches(&token, hash).await? {
            return Err(GrantFault::Unknown.into());
        }
        let refresh = new_refresh_token(shown.family, shown.turn + 1, &key);
        let hash = self.hash(&refresh).await?;
        let now = clock::now();
        let rotated = self
            .grants
            .with(|state| state.registry.rotate(&shown, hash, now));
        let old = match rotated {
            Ok(old) => old,
            Err(other) => return Err(self.refused(other, &shown, by).await),
        };
        self.keep(&name, |registry| registry.undo(old)).await?;
        let family = shown.family;
        self.tell(&name, GrantEvent::Rotated { family }, by).await;
        self.pair(family, refresh)
    }

    /// Ends the family of a token, at once. A token that is none, or of none that is alive, is as good as ended
    /// (RFC 7009 2.2).
    pub async fn end(&self, token: EndBy, by: Arc<Program>) -> Result<(), Refusal> {
        let family = match token {
            EndBy::Access(token) => {
                let admitted = self.grants.admit(&token, &by);
                admitted.ok().map(|admitted| admitted.family)
            }
            EndBy::Refresh(token) => Shown::read(&token).and_then(|shown| {
                let now = clock::now();
                match self.grants.with(|state| state.registry.seek(&shown, now)) {
                    Sought::Alive { .. } | Sought::Not(GrantFault::Expired) => Some(shown.family),
                    Sought::Spent { .. } | Sought::Not(_) => None,
                }
            }),
        };
        let ended = family.and_then(|family| {
            let name = self.grants.with(|state| state.registry.end(family));
            name.map(|name| (name, family))
        });
        self.ended(ended.into_iter().collect(), FamilyEnd::Asked, by)
            .await
    }

    /// Ends all families of a grant, or of all; says how many.
    pub async fn end_all(&self, name: Option<GrantName>, by: Arc<Program>) -> Result<u64, Refusal> {
        if let Some(grant) = &name
            && self
                .grants
                .with(|state| state.registry.grant(grant).is_none())
        {
            let grant = grant.clone();
            return Err(GrantFault::NoSuchGrant { grant }.into());
        }
        let ended = self
            .grants
            .with(|state| state.registry.end_all(name.as_ref()));
        let count = ended.len() as u64;
        self.ended(ended, FamilyEnd::Asked, by).await?;
        Ok(count)
    }

    /// Lets go of what has expired; says how much that was.
    pub async fn tidy(&self) -> Result<u64, Refusal> {
        let now = clock::now();
        let (ended, has_unasked) = self.grants.with(|state| {
            let ended = state.registry.expire(now);
            (ended, state.questions.expire(now))
        });
        if has_unasked {
            self.tell_questions();
        }
        let count = ended.len() as u64;
        self.ended(ended, FamilyEnd::Expired, Arc::default())
            .await?;
        Ok(count)
    }

    /// Keeps grants that were changed in memory.
    pub async fn keep_all(&self, names: Vec<GrantName>) -> Result<(), Refusal> {
        for name in names {
            self.keep(&name, |_| {}).await?;
        }
        Ok(())
    }

    /// A program on the port asks.
    pub async fn ask(
        &self,
        grant: GrantName,
        credentials: Vec<CredentialName>,
        by: Arc<Program>,
    ) -> Result<(QuestionView, QuestionHandle), Refusal> {
        let now = clock::now();
        let asked = self
            .grants
            .with(|state| state.questions.ask(grant.clone(), credentials, &by, now));
        let asked = asked.ok_or_else(|| Refusal::LimitExceeded {
            limit: "questions that wait for a person".to_owned(),
            most: MOST_QUESTIONS as u64,
            wait_secs: 60,
        })?;
        self.tell(&grant, GrantEvent::Asked, by).await;
        self.tell_questions();
        Ok(asked)
    }

    /// The program looks whether a person has answered.
    pub async fn look(
        &self,
        handle: QuestionHandle,
        by: Arc<Program>,
    ) -> Result<Option<Pair>, Refusal> {
        let now = clock::now();
        match self
            .grants
            .with(|state| state.questions.look(&handle, now))?
        {
            Standing::Waits => Ok(None),
            Standing::Approved(grant) => self.issue(grant, by).await.map(Some),
        }
    }

    /// A person answers; with a yes, `grant` is what has to be made for it.
    pub async fn answer(
        &self,
        id: QuestionId,
        yes: bool,
        grant: Option<Grant>,
        by: Arc<Program>,
    ) -> Result<(), Refusal> {
        let question = self
            .grants
            .with(|state| state.questions.find(id).cloned())?;
        if let Some(grant) = grant {
            self.make(grant, false, Arc::clone(&by)).await?;
        }
        self.grants.with(|state| state.questions.answer(id, yes));
        let what = if yes {
            GrantEvent::Approved
        } else {
            GrantEvent::Denied
        };
        self.tell(&question.grant, what, by).await;
        self.tell_questions();
        Ok(())
    }

    /// What is to be said of a refresh token that is not taken. A replay has ended its family in memory; here it is kept.
    async fn refused(&self, sought: Sought, shown: &Shown, by: Arc<Program>) -> Refusal {
        match sought {
            Sought::Spent { grant } => {
                if let Err(refusal) = self.keep(&grant, |_| {}).await {
                    tracing::error!(%refusal, "the end of a family could not be kept");
                }
                let family = shown.family;
                self.tell(&grant, GrantEvent::Replayed { family }, by).await;
                GrantFault::Replayed.into()
            }
            Sought::Not(fault) => fault.into(),
            // Alive, and not taken: nothing says that.
            Sought::Alive { .. } => GrantFault::Unknown.into(),
        }
    }

    async fn ended(
        &self,
        ended: Vec<(GrantName, FamilyId)>,
        why: FamilyEnd,
        by: Arc<Program>,
    ) -> Result<(), Refusal> {
        let mut names: Vec<GrantName> = ended.iter().map(|(name, _)| name.clone()).collect();
        names.dedup();
        self.keep_all(names).await?;
        for (name, family) in ended {
            self.tell(&name, GrantEvent::Ended { family, why }, Arc::clone(&by))
                .await;
        }
        Ok(())
    }

    fn pair(&self, family: FamilyId, refresh: GrantRefreshToken) -> Result<Pair, Refusal> {
        let now = clock::now();
        let (signed, ttl) = self.grants.with(|state| {
            let signed = state.registry.sign(family, now);
            let grant = signed.as_ref().map(|(_, claims)| claims.grant.clone());
            let grant = grant.and_then(|name| state.registry.grant(&name).map(Grant::refresh_ttl));
            (signed, grant)
        });
        // Ended in the very moment in which it was made.
        let (access, claims) = signed.ok_or(GrantFault::Revoked)?;
        Ok(Pair {
            grant: claims.grant.clone(),
            family,
            access,
            claims,
            refresh,
            refresh_expires_in: ttl.unwrap_or_default().as_secs(),
        })
    }

    /// Writes a grant as it is when the vault's thread comes to it, so that no older state follows a newer one; `undo`
    /// goes back where it could not be written.
    async fn keep(
        &self,
        name: &GrantName,
        undo: impl FnOnce(&mut Registry) + Send + 'static,
    ) -> Result<(), Refusal> {
        let (grants, name) = (self.grants.clone(), name.clone());
        let kept = self.vault.read(move |store| {
            let write = match grants.with(|state| state.registry.stored(&name)) {
                Some(stored) => Write::Grant(Box::new(stored)),
                None => Write::ForgetGrant(name),
            };
            store.apply(vec![write]).map_err(|error| {
                grants.with(|state| undo(&mut state.registry));
                trouble(&error).refusal()
            })
        });
        kept.await.unwrap_or(Err(Refusal::Stopped)).map(drop)
    }

    async fn hash(&self, token: &GrantRefreshToken) -> Result<TokenHash, Refusal> {
        let (text, cost) = (hashed_before(token), self.cost);
        let hash = self
            .slowly(move || bcrypt::hash(text.as_str(), cost))
            .await?;
        // The cost is within bcrypt's range and the text is short: nothing else can be wrong with either.
        hash.map(TokenHash::new).map_err(|_| Refusal::Stopped)
    }

    /// Compares in constant time.
    async fn matches(&self, token: &GrantRefreshToken, hash: TokenHash) -> Result<bool, Refusal> {
        let text = hashed_before(token);
        let verify = move || bcrypt::verify(text.as_str(), hash.expose_secret());
        Ok(self.slowly(verify).await?.unwrap_or(false))
    }

    async fn slowly<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let done = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        done.await.map_err(|_| Refusal::Stopped)
    }

    async fn tell(&self, grant: &GrantName, what: GrantEvent, by: Arc<Program>) {
        let grant = grant.clone();
        let line = Activity::new(clock::now(), None, Happening::Grant { grant, what });
        let line = line.by(by.is_known().then_some(by));
        // An engine that has left writes nothing any more.
        let _ = self.facts.send(Fact::Happened(line)).await;
    }

    fn tell_questions(&self) {
        let open = self.grants.with(|state| state.questions.open());
        let _ = self.events.send(Event::Questions { open });
    }
}
