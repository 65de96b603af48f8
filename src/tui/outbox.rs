//! Commands on their way to the engine: sent as there is room, so that nothing ever waits for it.

use crate::engine::api::{Command, PastedUrl, Refusal, Reply};
use crate::engine::grants::ask::GrantAsk;
use crate::engine::link::Link;
use crate::model::grant::GrantView;
use crate::model::question::QuestionView;
use crate::tui::effect::{Ask, Verdict};
use crate::tui::message::{Answer, Message};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// How long the engine may take for a token that is shown or copied.
const TOKEN_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a rotation may take before the UI stops waiting for its answer.
const ROTATION_TIMEOUT: Duration = Duration::from_secs(60);

/// The queue; answers come back as messages.
pub struct Outbox {
    waiting: VecDeque<Command>,
    to_self: mpsc::UnboundedSender<Message>,
}

impl Outbox {
    /// An empty queue whose answers go to `to_self`.
    pub const fn new(to_self: mpsc::UnboundedSender<Message>) -> Self {
        Self {
            waiting: VecDeque::new(),
            to_self,
        }
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Waits until there is room for one command at least, and sends what fits. Nobody there: all are dropped, and
    /// their answers say so. Cancelled, it has sent nothing.
    pub async fn send(&mut self, link: Option<&Link>) {
        let room = match link {
            Some(link) => link.commands().reserve().await,
            None => return self.waiting.clear(),
        };
        let (Some(link), Ok(permit)) = (link, room) else {
            return self.waiting.clear();
        };
        if let Some(command) = self.waiting.pop_front() {
            permit.send(link.asked(command));
        }
        while let Some(command) = self.waiting.pop_front() {
            if let Err(refused) = link.commands().try_send(link.asked(command)) {
                self.waiting.push_front(refused.into_inner().command);
                return;
            }
        }
    }

    /// Puts a question or an order into the queue.
    pub fn ask(&mut self, ask: Ask) {
        let command = match ask {
            Ask::List => self.command(Answer::Listed, |reply| Command::List { reply }),
            Ask::Token(name, purpose) => {
                let whose = name.clone();
                self.command(
                    move |result| Answer::Token(whose, purpose, result),
                    |reply| Command::Token {
                        name,
                        min_ttl: Duration::ZERO,
                        timeout: TOKEN_TIMEOUT,
                        purpose: purpose.into(),
                        reply,
                    },
                )
            }
            Ask::Why(name) => {
                let whose = name.clone();
                self.command(
                    move |result| Answer::Why(whose, result),
                    |reply| Command::Why { name, reply },
                )
            }
            Ask::Rotate(name) => {
                let whose = name.clone();
                self.command(
                    move |result| Answer::Rotated(whose, result),
                    |reply| Command::Refresh {
                        name,
                        timeout: ROTATION_TIMEOUT,
                        reply,
                    },
                )
            }
            Ask::Revoke(name) => {
                let whose = name.clone();
                self.command(
                    move |result| Answer::Revoked(whose, result),
                    |reply| Command::Revoke { name, reply },
                )
            }
            Ask::Remove(name) => {
                let whose = name.clone();
                self.command(
                    move |result| Answer::Removed(whose, result),
                    |reply| Command::Remove {
                        name,
                        only: None,
                        reply,
                    },
                )
            }
            Ask::RevokeAll => {
                self.command(Answer::RevokedAll, |reply| Command::RevokeAll { reply })
            }
            Ask::Rename(name, account) => {
                let whose = name.clone();
                self.command(
                    move |result| Answer::Renamed(whose, result.map(Box::new)),
                    |reply| Command::Rename {
                        name,
                        account,
                        reply,
                    },
                )
            }
            Ask::Identify(token) => self.command(Answer::Identified, |reply| Command::Identify {
                token,
                verify: false,
                reply,
            }),
            Ask::SignIn(request) => {
                let id = request.id;
                self.command(
                    move |result| Answer::SignInStarted(id, result),
                    |reply| Command::SignIn { request, reply },
                )
            }
            Ask::Paste(id, url) => self.command(
                move |result| Answer::Pasted(id, result),
                |reply| Command::PasteCallback {
                    id,
                    url: PastedUrl(url),
                    reply,
                },
            ),
            Ask::CancelSignIn(id) => Command::CancelSignIn { id },
            Ask::Providers => self.command(Answer::Providers, |reply| Command::Providers { reply }),
            Ask::Activity(name, limit) => {
                let whose = name.clone();
                self.command(
                    move |result| Answer::Activity(whose, result),
                    |reply| Command::Activity { name, limit, reply },
                )
            }
            Ask::Analysis => self.command(Answer::Analysis, |reply| Command::AuditAnalysis {
                since: None,
                until: None,
                reply,
            }),
            Ask::SeeAlert(alert) => self.command(Answer::AlertSeen, |reply| Command::SeeAlert {
                alert,
                reply,
            }),
            Ask::Parcels => self.command(Answer::Parcels, |reply| Command::Parcels { reply }),
            Ask::TakeIn(order) => {
                let (id, account, replaces) = (order.id, order.account.clone(), order.replaces);
                self.command(
                    move |result| Answer::TakenIn(order, result.map(Box::new)),
                    |reply| Command::AcceptParcel {
                        id,
                        account,
                        replaces,
                        reply,
                    },
                )
            }
            Ask::Refuse(parcel) => {
                let id = parcel.id;
                self.command(
                    move |result| Answer::ParcelRefused(parcel, result),
                    |reply| Command::RefuseParcel { id, reply },
                )
            }
            Ask::Grants => self.command(Answer::Grants, |reply| {
                Command::Grant(GrantAsk::List { reply })
            }),
            Ask::Questions => self.command(Answer::Questions, |reply| {
                Command::Grant(GrantAsk::Questions { reply })
            }),
            Ask::RevokeGrant(name) => {
                let which = name.clone();
                self.command(
                    move |result| Answer::GrantRevoked(which, result),
                    |reply| Command::Grant(GrantAsk::Revoke { name, reply }),
                )
            }
            Ask::AnswerQuestion(question, verdict) => self.verdict(question, verdict),
            Ask::End(parcel) => {
                let id = parcel.id;
                self.command(
                    move |result| Answer::ParcelEnded(parcel, result),
                    |reply| Command::EndParcel { id, reply },
                )
            }
            Ask::Status => self.command(
                |told| Answer::Status(Box::new(told)),
                |reply| Command::Status { reply },
            ),
        };
        self.waiting.push_back(command);
    }

    /// An answer to a program; with terms of its own the grant is made first, and the answer follows from that.
    fn verdict(&self, question: Box<QuestionView>, verdict: Verdict) -> Command {
        let id = question.id;
        let yes = match verdict {
            Verdict::WithTerms(wish) => {
                return self.command(
                    move |result: Result<GrantView, Refusal>| {
                        Answer::GrantMade(question, result.map(Box::new))
                    },
                    |reply| {
                        Command::Grant(GrantAsk::Make {
                            wish,
                            replaces: false,
                            reply,
                        })
                    },
                );
            }
            Verdict::Approved => true,
            Verdict::Refused => false,
        };
        self.command(
            move |result| Answer::QuestionAnswered(question, yes, result),
            |reply| Command::Grant(GrantAsk::Answer { id, yes, reply }),
        )
    }

    /// A command whose answer comes back as a message.
    fn command<T: Send + 'static>(
        &self,
        answer: impl FnOnce(Result<T, Refusal>) -> Answer + Send + 'static,
        command: impl FnOnce(Reply<T>) -> Command,
    ) -> Command {
        let (reply, result) = oneshot::channel();
        let to_self = self.to_self.clone();
        tokio::spawn(async move {
            let result = result.await.unwrap_or(Err(Refusal::Stopped));
            let _ = to_self.send(Message::Answer(Box::new(answer(result))));
        });
        command(reply)
    }
}
