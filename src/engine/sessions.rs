//! The sign-ins under way: begun, fed with pasted addresses, cancelled; never writes their tokens.

use crate::engine::api::{Event, PastedUrl, Refusal, Reply};
use crate::engine::operations::Begun;
use crate::engine::runner::Runner;
use crate::engine::signin::{self, Session};
use crate::engine::step::Input;
use crate::model::event::{Act, Activity, Happening};
use crate::model::failure::Failure;
use crate::model::name::CredentialName;
use crate::model::program::Program;
use crate::model::signin::{SignInId, SignInRequest, SignInStep};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// So many sign-ins may be under way at once.
const MOST: usize = 32;

/// A pasted address and where its verdict goes.
pub type Pasted = (PastedUrl, Reply<()>);

/// The ways to the sign-ins under way.
#[derive(Debug, Default)]
pub struct Sessions {
    open: HashMap<SignInId, Ways>,
    /// How each began that has not ended yet.
    begun: HashMap<SignInId, Begun>,
    /// Sign-ins whose tokens are being written.
    keeping: HashMap<SignInId, Keeping>,
}

#[derive(Debug)]
struct Ways {
    cancel: CancellationToken,
    pasted: mpsc::Sender<Pasted>,
    /// By a person, not by the engine's end.
    is_given_up: bool,
}

#[derive(Debug)]
struct Keeping {
    /// What they will be called.
    name: CredentialName,
    /// A person wants them no more.
    given_up: CancellationToken,
}

impl Sessions {
    /// Hands a pasted address to its sign-in.
    pub fn paste(&self, id: SignInId, url: PastedUrl, reply: Reply<()>) {
        let Some(ways) = self.open.get(&id) else {
            let refusal = Refusal::Invalid {
                message: "this sign-in is not under way any more".to_owned(),
                hint: "Start it again.".to_owned(),
            };
            drop(reply.send(Err(refusal)));
            return;
        };
        if let Err(error) = ways.pasted.try_send((url, reply)) {
            let (_, reply) = error.into_inner();
            let refusal = Refusal::Invalid {
                message: "this sign-in does not wait for an address now".to_owned(),
                hint: "Paste it when the sign-in shows an address to open.".to_owned(),
            };
            drop(reply.send(Err(refusal)));
        }
    }

    /// Gives one up, tokens that wait to be written and all.
    pub fn cancel(&mut self, id: SignInId) {
        if let Some(ways) = self.open.get_mut(&id) {
            ways.is_given_up = true;
            ways.cancel.cancel();
        }
        if let Some(keeping) = self.keeping.get(&id) {
            keeping.given_up.cancel();
        }
    }

    /// Ends all that bring no tokens yet; those that wait to be written go on waiting.
    pub fn cancel_all(&self) {
        for ways in self.open.values() {
            ways.cancel.cancel();
        }
    }

    /// Those that may still bring tokens: under way, or with tokens that are being written.
    pub fn coming(&self) -> HashSet<SignInId> {
        self.open
            .keys()
            .chain(self.keeping.keys())
            .copied()
            .collect()
    }

    /// Tokens wait to be written from now on.
    pub fn keep(&mut self, id: SignInId, name: CredentialName) {
        let given_up = CancellationToken::new();
        self.keeping.insert(id, Keeping { name, given_up });
    }

    /// They wait no more.
    pub fn forget(&mut self, id: SignInId) {
        self.keeping.remove(&id);
    }

    /// Whether a person has given it up.
    pub fn is_given_up(&self, id: SignInId) -> bool {
        let open = self.open.get(&id);
        let keeping = self.keeping.get(&id);
        open.is_some_and(|ways| ways.is_given_up)
            || keeping.is_some_and(|keeping| keeping.given_up.is_cancelled())
    }

    /// Cancelled once a person gives the tokens up that wait to be written.
    pub fn given_up(&self, id: SignInId) -> CancellationToken {
        let keeping = self.keeping.get(&id);
        keeping.map_or_else(CancellationToken::new, |keeping| keeping.given_up.clone())
    }

    /// How it began, while it has not ended.
    pub fn begun(&self, id: SignInId) -> Option<&Begun> {
        self.begun.get(&id)
    }

    /// Whose tokens wait to be written.
    pub fn unsaved(&self) -> impl Iterator<Item = &CredentialName> {
        self.keeping.values().map(|keeping| &keeping.name)
    }
}

impl Runner {
    pub(in crate::engine) fn begin_sign_in(
        &mut self,
        request: SignInRequest,
        by: Arc<Program>,
        reply: Reply<()>,
    ) {
        let id = request.id;
        let begun = self.begun(&request, by);
        self.note_begun(Act::SignIn, begun.clone());
        if request.key.is_some() {
            self.sessions.begun.insert(id, begun);
            self.keep_key(request, reply);
            return;
        }
        let problem = if self.sessions.open.contains_key(&id) {
            Some("a sign-in of this number is under way already")
        } else if self.sessions.open.len() >= MOST {
            Some("too many sign-ins are under way")
        } else {
            None
        };
        if let Some(message) = problem {
            let refusal = Refusal::Invalid {
                message: message.to_owned(),
                hint: "Finish or cancel one first.".to_owned(),
            };
            drop(reply.send(Err(refusal)));
            return;
        }
        let provider = begun.provider.clone();
        self.sessions.begun.insert(id, begun);
        self.step(Input::SignInBegun { provider });
        let (pasted, inbox) = mpsc::channel(1);
        let cancel = CancellationToken::new();
        let session = Session {
            id,
            http: self.http.clone(),
            vault: self.vault.desk(),
            facts: self.facts.clone(),
            pasted: inbox,
        };
        self.sessions.open.insert(
            id,
            Ways {
                cancel: cancel.clone(),
                pasted,
                is_given_up: false,
            },
        );
        self.errands
            .start(signin::run(session, request, reply, cancel));
    }

    /// Passes a step on; the last one ends the session.
    pub(in crate::engine) fn signed_in_further(&mut self, id: SignInId, step: SignInStep) {
        match &step {
            SignInStep::Failed { failure } => {
                self.condemned.acquit(id);
                let known = self.sessions.open.remove(&id);
                let begun = self.sessions.begun.remove(&id);
                if known.is_some() {
                    self.sign_in_failed(failure.clone(), None, begun);
                }
            }
            SignInStep::Cancelled | SignInStep::SignedIn { .. } => {
                self.condemned.acquit(id);
                self.sessions.open.remove(&id);
                self.sessions.begun.remove(&id);
            }
            SignInStep::Discovering
            | SignInStep::Registering
            | SignInStep::DeviceCode { .. }
            | SignInStep::Polled { .. }
            | SignInStep::Authorize { .. }
            | SignInStep::Renewed { .. }
            | SignInStep::Exchanging
            | SignInStep::Unkept { .. } => {}
        }
        self.tell(|| Event::SignIn { id, step });
    }

    /// How a sign-in begins, for all the lines about it.
    fn begun(&self, request: &SignInRequest, by: Arc<Program>) -> Begun {
        let provider = request.provider.name().to_owned();
        let account = request.account.as_deref();
        let name = account.and_then(|account| CredentialName::new(&provider, account).ok());
        Begun {
            operation: self.operations.begin(),
            by,
            provider,
            name,
        }
    }

    /// Gives a sign-in up because somebody asked for that.
    pub(in crate::engine) fn cancel_sign_in(&mut self, id: SignInId, by: Arc<Program>) {
        match self.sessions.begun.get(&id).cloned() {
            Some(begun) => self.note_begun(Act::CancelSignIn, Begun { by, ..begun }),
            None => self.note_act(Act::CancelSignIn, None, self.operations.begin(), by),
        }
        self.sessions.cancel(id);
    }

    /// Tells that a sign-in came to nothing.
    pub(in crate::engine) fn sign_in_failed(
        &self,
        failure: Failure,
        name: Option<CredentialName>,
        begun: Option<Begun>,
    ) {
        let provider = begun.as_ref().map(|begun| begun.provider.clone());
        let name = name.or_else(|| begun.as_ref()?.name.clone());
        let what = Happening::SignInFailed { failure, provider };
        let line = Activity::new(self.now, name, what);
        let line = match begun {
            Some(begun) => line.within(Some(begun.operation)).by(Some(begun.by)),
            None => line,
        };
        self.happened(line);
    }

    /// Forgets a sign-in that was refused before its first step.
    pub(in crate::engine) fn sign_in_refused(&mut self, id: SignInId) {
        self.condemned.acquit(id);
        self.sessions.open.remove(&id);
        self.sessions.begun.remove(&id);
    }
}
