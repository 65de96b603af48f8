//! Knocks at the gate of a locked or missing vault; nobody waits for it to open.

use crate::engine::gate::{Gate, GateError, GateRequest, Place};
use crate::engine::link::Link;
use crate::model::lock::LockReason;
use crate::secret::Passphrase;
use tokio::sync::{mpsc, oneshot};

/// What a gate answers.
pub type GateAnswer = Result<(Link, Place), GateError>;

/// What comes back from it.
pub enum Answered {
    /// Whether the vault is open now.
    Opened(GateAnswer),
    /// Whether the vault was locked.
    Locked(Result<bool, GateError>),
    /// Whether a passphrase was right.
    Proved(Result<(), GateError>),
}

/// The way to a gate, and its answers.
pub struct Door {
    gate: Option<Gate>,
    to_self: mpsc::UnboundedSender<Answered>,
    answers: mpsc::UnboundedReceiver<Answered>,
}

impl Door {
    /// The way to a gate; `None`: there is nothing to unlock or to prove.
    pub fn new(gate: Option<Gate>) -> Self {
        // One request at a time: the page takes no keys while it waits.
        let (to_self, answers) = mpsc::unbounded_channel();
        Self {
            gate,
            to_self,
            answers,
        }
    }

    /// The next answer; never without a request.
    pub async fn answer(&mut self) -> Option<Answered> {
        self.answers.recv().await
    }

    /// Asks the gate to open the vault.
    pub fn knock(&self, request: impl FnOnce(oneshot::Sender<GateAnswer>) -> GateRequest) {
        self.ask(request, Answered::Opened);
    }

    /// Asks the gate to lock the vault.
    pub fn lock(&self, reason: LockReason) {
        let request = |reply| GateRequest::Lock { reason, reply };
        self.ask(request, Answered::Locked);
    }

    /// Asks the gate whether a passphrase is right.
    pub fn prove(&self, passphrase: Passphrase) {
        let request = |reply| GateRequest::Prove { passphrase, reply };
        self.ask(request, Answered::Proved);
    }

    fn ask<T: Send + 'static>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, GateError>>) -> GateRequest,
        answered: fn(Result<T, GateError>) -> Answered,
    ) {
        let (reply, answer) = oneshot::channel();
        let Some(gate) = &self.gate else { return };
        let sent = gate.requests.try_send(request(reply)).is_ok();
        let to_self = self.to_self.clone();
        tokio::spawn(async move {
            let answer = if sent { answer.await.ok() } else { None };
            let _ = to_self.send(answered(answer.unwrap_or_else(|| Err(nobody_home()))));
        });
    }
}

fn nobody_home() -> GateError {
    GateError {
        message: "nobody opens the vault: its keeper has stopped".to_owned(),
        hint: "leave and start tokenward again".to_owned(),
        wrong_passphrase: false,
    }
}
