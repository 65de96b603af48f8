//! What came in while the vault was locked is ended unused: a credential only to be revoked and forgotten.

use crate::clock;
use crate::engine::api::{Command, Fate, FateOf, Refusal, Reply, RevokeOutcome};
use crate::engine::condemned::Epoch;
use crate::engine::fact::Fact;
use crate::engine::importing::Waiting;
use crate::engine::link::Asked;
use crate::engine::parcels::called;
use crate::engine::runner::Runner;
use crate::engine::step::Input;
use crate::engine::vault_thread::{Job, item_refusal, trouble};
use crate::model::credential::Standing;
use crate::model::event::{Activity, Happening};
use crate::model::inquiry::Liveness;
use crate::model::kept::Replaced;
use crate::model::name::CredentialName;
use crate::model::parcel::ParcelView;
use crate::model::program::Program;
use crate::vault::bundle::Bundled;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Who wants something in the inbox ended.
#[derive(Debug)]
pub struct EndWish {
    /// Its number.
    pub id: i64,
    /// The program.
    pub by: Arc<Program>,
    /// The answer: what became of it.
    pub reply: Reply<FateOf>,
    /// When.
    pub asked: Epoch,
}

/// What waits in the inbox, and what becomes of it.
pub type Ending = (ParcelView, oneshot::Receiver<Result<FateOf, Refusal>>);

impl Runner {
    /// Opens something in the inbox, to be ended.
    pub(in crate::engine) fn end_parcel(
        &mut self,
        id: i64,
        by: Arc<Program>,
        reply: Reply<FateOf>,
    ) {
        self.step(Input::Woke);
        if self.core.is_loading {
            let command = Command::EndParcel { id, reply };
            return self.early.push(Asked { by, command });
        }
        let asked = self.condemned.epoch();
        let (facts, wish) = (
            self.facts.clone(),
            EndWish {
                id,
                by,
                reply,
                asked,
            },
        );
        self.vault.ask(Job::Read(Box::new(move |store| {
            let opened = store.parcel(id);
            match opened.and_then(|(one, from)| called(one, from, None)) {
                Ok(one) => {
                    let one = Box::new(one);
                    let _ = facts.blocking_send(Fact::ParcelDoomed { one, wish });
                }
                Err(error) => drop(wish.reply.send(Err(item_refusal(&error)))),
            }
        })));
    }

    /// Ends all that waits in the inbox and tells what each is.
    pub(in crate::engine) fn end_inbox(&self, by: &Arc<Program>) -> oneshot::Receiver<Vec<Ending>> {
        let (told, endings) = oneshot::channel();
        let (facts, asked, by) = (self.facts.clone(), self.condemned.epoch(), Arc::clone(by));
        self.vault.ask(Job::Read(Box::new(move |store| {
            let parcels = store.parcels().unwrap_or_else(|error| {
                tracing::error!(error = %trouble(&error).message, "the inbox cannot be read");
                Vec::new()
            });
            let mut endings = Vec::new();
            for parcel in parcels {
                let (reply, answer) = oneshot::channel();
                let (id, by) = (parcel.id, Arc::clone(&by));
                let opened = store.parcel(id);
                match opened.and_then(|(one, from)| called(one, from, None)) {
                    Ok(one) => {
                        let one = Box::new(one);
                        let wish = EndWish {
                            id,
                            by,
                            reply,
                            asked,
                        };
                        let _ = facts.blocking_send(Fact::ParcelDoomed { one, wish });
                    }
                    Err(error) => drop(reply.send(Err(Refusal::Invalid {
                        message: trouble(&error).message,
                        hint: error.hint(),
                    }))),
                }
                endings.push((parcel, answer));
            }
            drop(told.send(endings));
        })));
        endings
    }

    /// Writes an opened parcel as a credential that is to be revoked, which is never handed out; when that is on disk it
    /// leaves the inbox. A cut between the two leaves it there too: its tokens end all the same.
    pub(in crate::engine) fn doom_parcel(&mut self, one: Bundled, wish: EndWish) {
        let EndWish {
            id,
            by,
            reply,
            asked,
        } = wish;
        let Bundled {
            mut profile,
            secret,
            ..
        } = one;
        let name = profile.name.clone();
        let Some(kept_as) = self.core.free_beside(&name, &format!("refused-{id}")) else {
            return drop(reply.send(Err(Refusal::Invalid {
                message: format!("no name is free under which {name} could be revoked"),
                hint: format!(
                    "Take it in under another name: tokenward inbox accept {id} --as NAME"
                ),
            })));
        };
        profile.name = kept_as;
        profile.standing = Standing::Revoking {
            since: self.now,
            tries: 0,
            next: self.now,
            cause: None,
            is_aside: true,
        };
        let from = profile.provenance.as_ref().map(|it| it.from.clone());
        let (written, is_written) = oneshot::channel();
        let waiting = Waiting {
            by,
            reply: written,
            what: Happening::ParcelRefused {
                from,
                was: Some(name.clone()),
            },
            replaced: Replaced::Imported,
            asked,
        };
        let number = self.admit((profile, secret), None, waiting);
        let arrival = self.condemned.one(number);
        let desk = self.vault.desk();
        tokio::spawn(async move {
            let Ok((kept_as, answer)) = arrival.await else {
                let refused = is_written.await.ok().and_then(Result::err);
                return drop(reply.send(Err(refused.unwrap_or(Refusal::Stopped))));
            };
            // What stays is only shown once more.
            let _ = desk.read(move |store| store.drop_parcel(id)).await;
            let outcome = answer.await.unwrap_or(Err(Refusal::Stopped));
            drop(reply.send(Ok(fate((name, id), kept_as, outcome))));
        });
    }

    /// Throws something of the inbox away as it is, and notes it.
    pub(in crate::engine) fn refuse_parcel(&self, id: i64, by: Arc<Program>, reply: Reply<()>) {
        let facts = self.facts.clone();
        self.vault.ask(Job::Read(Box::new(move |store| {
            let opened = store.parcel(id).ok();
            if let Err(error) = store.drop_parcel(id) {
                return drop(reply.send(Err(item_refusal(&error))));
            }
            let (name, from) = opened.map(|(one, from)| (one.profile.name, from)).unzip();
            let what = Happening::ParcelRefused { from, was: None };
            let line = Activity::new(clock::now(), name, what).by(Some(by));
            let _ = facts.blocking_send(Fact::Happened(line));
            drop(reply.send(Ok(())));
        })));
    }
}

/// What is told of it: as what it is kept, where it is.
fn fate(
    (name, item): (CredentialName, i64),
    kept_as: CredentialName,
    outcome: Result<RevokeOutcome, Refusal>,
) -> FateOf {
    let is_forgotten = matches!(&outcome, Ok(done) if done.proof() != Liveness::Alive);
    FateOf {
        name,
        item: Some(item),
        kept_as: (!is_forgotten).then_some(kept_as),
        fate: Fate::of(outcome),
    }
}
