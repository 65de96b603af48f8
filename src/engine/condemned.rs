//! What is on its way to the disk while everything is revoked: it is revoked as soon as it is there.

use crate::engine::api::{Refusal, RevokeOutcome};
use crate::engine::callers::Caller;
use crate::engine::runner::Runner;
use crate::engine::step::Input;
use crate::model::name::CredentialName;
use crate::model::signin::SignInId;
use std::collections::HashMap;
use tokio::sync::oneshot;

/// What becomes of a revocation.
pub type Answer = oneshot::Receiver<Result<RevokeOutcome, Refusal>>;
/// What came, and what becomes of it; closed without a word when nothing came.
pub type Arrival = oneshot::Receiver<(CredentialName, Answer)>;
/// Where it is told; nobody is left who was told already that it could not be written.
type Told = Vec<oneshot::Sender<(CredentialName, Answer)>>;

/// The sign-ins and the writes under way that are to be revoked when they have come.
#[derive(Debug, Default)]
pub struct Condemned {
    sign_ins: HashMap<SignInId, Told>,
    /// Credentials from elsewhere or from the past that are being written, and whether they are to be revoked.
    writes: HashMap<u64, Option<Told>>,
    last_write: u64,
    /// How often everything was revoked.
    times: u64,
}

/// A moment between two revocations of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(u64);

impl Condemned {
    /// The present moment.
    pub fn epoch(&self) -> Epoch {
        Epoch(self.times)
    }

    /// Notes that a credential is being written, under a number. What was asked for before everything was revoked is too.
    pub fn begin_write(&mut self, asked: Epoch) -> u64 {
        self.last_write += 1;
        let is_condemned = asked < self.epoch();
        let told = is_condemned.then(Told::new);
        self.writes.insert(self.last_write, told);
        self.last_write
    }

    /// Forgets a sign-in that brought nothing.
    pub fn acquit(&mut self, id: SignInId) {
        self.sign_ins.remove(&id);
    }

    /// Condemns these sign-ins and all that is being written.
    pub fn all(&mut self, sign_ins: impl Iterator<Item = SignInId>) -> Vec<Arrival> {
        self.times += 1;
        let mut arrivals = Vec::new();
        for id in sign_ins {
            let (told, arrival) = oneshot::channel();
            self.sign_ins.entry(id).or_default().push(told);
            arrivals.push(arrival);
        }
        for write in self.writes.values_mut() {
            let (told, arrival) = oneshot::channel();
            write.get_or_insert_default().push(told);
            arrivals.push(arrival);
        }
        arrivals
    }

    /// Condemns one that is being written.
    pub fn one(&mut self, number: u64) -> Arrival {
        let (told, arrival) = oneshot::channel();
        if let Some(write) = self.writes.get_mut(&number) {
            write.get_or_insert_default().push(told);
        }
        arrival
    }
}

impl Runner {
    /// A sign-in is on disk.
    pub(in crate::engine) fn revoke_if_condemned(&mut self, id: SignInId, name: &CredentialName) {
        if let Some(told) = self.condemned.sign_ins.remove(&id) {
            self.execute(told, name);
        }
    }

    /// A sign-in could not be written: whoever waits is told so, and it is revoked all the same when it can be.
    pub(in crate::engine) fn condemned_but_unwritten(
        &mut self,
        id: SignInId,
        name: &CredentialName,
        refusal: &Refusal,
    ) {
        let told = self.condemned.sign_ins.get_mut(&id);
        for told in told.map(std::mem::take).unwrap_or_default() {
            let (reply, answer) = oneshot::channel();
            drop(reply.send(Err(refusal.clone())));
            drop(told.send((name.clone(), answer)));
        }
    }

    /// What was being written is there, or is not.
    pub(in crate::engine) fn end_write(&mut self, number: u64, there: Option<&CredentialName>) {
        let told = self.condemned.writes.remove(&number).flatten();
        if let (Some(told), Some(name)) = (told, there) {
            self.execute(told, name);
        }
    }

    fn execute(&mut self, told: Told, name: &CredentialName) {
        if told.is_empty() {
            drop(self.revoked_on_arrival(name));
        }
        for told in told {
            let answer = self.revoked_on_arrival(name);
            drop(told.send((name.clone(), answer)));
        }
    }

    fn revoked_on_arrival(&mut self, name: &CredentialName) -> Answer {
        let (reply, answer) = oneshot::channel();
        let caller = self.callers.add(Caller::Revoke(reply));
        let name = name.clone();
        self.step(Input::RevokeAsked {
            caller,
            name,
            within: None,
        });
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_before_everything_was_revoked_is_condemned_and_what_comes_after_is_not() {
        let mut condemned = Condemned::default();
        let before = condemned.epoch();
        let early = condemned.begin_write(before);
        assert_eq!(condemned.all(std::iter::empty()).len(), 1);
        let late = condemned.begin_write(before);
        let after = condemned.begin_write(condemned.epoch());
        let told = |number: u64| condemned.writes[&number].as_ref().map(Vec::len);
        assert_eq!([early, late, after].map(told), [Some(1), Some(0), None]);
    }
}
