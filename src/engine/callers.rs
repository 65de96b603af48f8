//! Who waits for which kind of answer.

use crate::engine::api::{Refusal, Reply, RevokeOutcome};
use crate::engine::step::CallerId;
use crate::model::credential::CredentialView;
use crate::model::event::Purpose;
use crate::model::name::CredentialName;
use crate::model::program::Program;
use crate::model::token::IssuedToken;
use std::collections::HashMap;
use std::sync::Arc;

/// Who fetches an access token, and for what.
#[derive(Debug)]
pub struct Errand {
    /// The program.
    pub by: Arc<Program>,
    /// Whose token.
    pub name: CredentialName,
    /// What becomes of the token.
    pub purpose: Purpose,
}

/// Where one caller's answer goes.
#[derive(Debug)]
pub enum Caller {
    /// An access token.
    Token(Reply<IssuedToken>, Errand),
    /// A credential, for a program.
    View(Reply<CredentialView>, Arc<Program>),
    /// What became of a revocation.
    Revoke(Reply<RevokeOutcome>),
    /// That it was done.
    Remove(Reply<()>),
}

impl Caller {
    /// Says why not. That nobody listens any more is no matter.
    pub fn refuse(self, refusal: Refusal) {
        match self {
            Self::Token(reply, _) => drop(reply.send(Err(refusal))),
            Self::View(reply, _) => drop(reply.send(Err(refusal))),
            Self::Revoke(reply) => drop(reply.send(Err(refusal))),
            Self::Remove(reply) => drop(reply.send(Err(refusal))),
        }
    }
}

/// All callers, by the numbers the core knows them by.
#[derive(Debug, Default)]
pub struct Callers {
    waiting: HashMap<CallerId, Caller>,
    last: u64,
}

impl Callers {
    /// Gives a caller its number.
    pub fn add(&mut self, caller: Caller) -> CallerId {
        self.last += 1;
        let id = CallerId(self.last);
        self.waiting.insert(id, caller);
        id
    }

    /// Which program asks, where that matters for what it asks.
    pub fn program(&self, id: CallerId) -> Option<&Arc<Program>> {
        match self.waiting.get(&id)? {
            Caller::Token(_, errand) => Some(&errand.by),
            Caller::View(_, by) => Some(by),
            Caller::Revoke(_) | Caller::Remove(_) => None,
        }
    }

    /// Takes a caller out, to be answered.
    pub fn take(&mut self, id: CallerId) -> Option<Caller> {
        self.waiting.remove(&id)
    }
}
