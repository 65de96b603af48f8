//! What programs without a token ask on the port: a question waits for a person's answer, or its end.

use crate::clock::Timestamp;
use crate::model::grant::GrantName;
use crate::model::grant_fault::GrantFault;
use crate::model::name::CredentialName;
use crate::model::program::Program;
use crate::model::question::{QuestionId, QuestionView};
use crate::secret::QuestionHandle;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;
use subtle::ConstantTimeEq;

/// A question waits that long for its answer, and its answer for the program.
pub const WAITS_FOR: Duration = Duration::from_secs(600);
/// Questions that wait at the same time; one program has one.
pub const MOST_QUESTIONS: usize = 8;

/// All questions.
#[derive(Debug, Default)]
pub struct Questions {
    all: Vec<Question>,
    last: u64,
}

#[derive(Debug)]
struct Question {
    view: QuestionView,
    /// What only the program knows that asked; its hash.
    handle: [u8; 32],
    /// What a person said.
    answer: Option<bool>,
}

/// How a question stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has answered yet.
    Waits,
    /// A person said yes, to this grant: the question is over.
    Approved(GrantName),
}

impl Questions {
    /// Asks. A program that asks again takes back what it asked before; what it asks in the same words keeps its number, so
    /// that a person who looks at it can go on. `None`: too many wait already.
    pub fn ask(
        &mut self,
        grant: GrantName,
        credentials: Vec<CredentialName>,
        by: &Arc<Program>,
        now: Timestamp,
    ) -> Option<(QuestionView, QuestionHandle)> {
        self.expire(now);
        let is_repeated = |it: &&Question| {
            let asks_the_same = it.view.grant == grant && it.view.credentials == credentials;
            it.answer.is_none() && asks_the_same && it.view.by.is_same(by)
        };
        let repeated = self.all.iter().find(is_repeated).map(|it| it.view.id);
        self.all.retain(|question| !question.view.by.is_same(by));
        if self.all.len() >= MOST_QUESTIONS {
            return None;
        }
        let id = repeated.unwrap_or_else(|| {
            self.last += 1;
            QuestionId(self.last)
        });
        let view = QuestionView {
            id,
            grant,
            credentials,
            by: Arc::clone(by),
            asked_at: now,
            until: now.plus(WAITS_FOR),
        };
        let handle = QuestionHandle::new(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>()));
        self.all.push(Question {
            view: view.clone(),
            handle: hash(&handle),
            answer: None,
        });
        Some((view, handle))
    }

    /// What waits for a person, the oldest first.
    pub fn open(&self) -> Vec<QuestionView> {
        let open = self.all.iter().filter(|it| it.answer.is_none());
        open.map(|it| it.view.clone()).collect()
    }

    /// A question that waits for a person.
    pub fn find(&self, id: QuestionId) -> Result<&QuestionView, GrantFault> {
        let found = self.all.iter().find(|it| it.view.id == id);
        let found = found.filter(|it| it.answer.is_none());
        found.map(|it| &it.view).ok_or(GrantFault::NoSuchQuestion)
    }

    /// A person answers.
    pub fn answer(&mut self, id: QuestionId, yes: bool) {
        if let Some(question) = self.all.iter_mut().find(|it| it.view.id == id) {
            question.answer = Some(yes);
        }
    }

    /// The program looks whether it was answered. An answer is given once.
    pub fn look(
        &mut self,
        handle: &QuestionHandle,
        now: Timestamp,
    ) -> Result<Standing, GrantFault> {
        self.expire(now);
        let wanted = hash(handle);
        let at = self
            .all
            .iter()
            .position(|it| it.handle.ct_eq(&wanted).into());
        let at = at.ok_or(GrantFault::NoSuchQuestion)?;
        match self.all[at].answer {
            None => Ok(Standing::Waits),
            Some(true) => Ok(Standing::Approved(self.all.remove(at).view.grant)),
            Some(false) => {
                self.all.remove(at);
                Err(GrantFault::Denied)
            }
        }
    }

    /// Lets go of what nobody answered in time; whether there was anything.
    pub fn expire(&mut self, now: Timestamp) -> bool {
        let before = self.all.len();
        self.all.retain(|it| it.view.until > now);
        self.all.len() != before
    }
}

fn hash(handle: &QuestionHandle) -> [u8; 32] {
    Sha256::digest(handle.expose_secret()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(agent: &str, port: u16) -> Arc<Program> {
        Arc::new(Program {
            address: Some(format!("127.0.0.1:{port}")),
            user_agent: Some(agent.to_owned()),
            ..Program::default()
        })
    }

    fn ask(questions: &mut Questions, agent: &str, port: u16) -> Option<QuestionHandle> {
        let now = Timestamp::from_secs(100);
        let asked = questions.ask(
            "ci".parse().unwrap(),
            Vec::new(),
            &program(agent, port),
            now,
        );
        asked.map(|(_, handle)| handle)
    }

    #[test]
    fn one_program_has_one_question_and_all_have_few() {
        let mut questions = Questions::default();
        for port in 0..100 {
            ask(&mut questions, "one", port).unwrap();
        }
        assert_eq!(questions.open().len(), 1);
        for agent in 1..MOST_QUESTIONS {
            ask(&mut questions, &agent.to_string(), 1).unwrap();
        }
        assert!(ask(&mut questions, "one too many", 1).is_none());
        assert_eq!(questions.open().len(), MOST_QUESTIONS);
        assert!(questions.expire(Timestamp::from_secs(700)));
        assert!(questions.open().is_empty());
    }

    #[test]
    fn the_same_question_keeps_its_number_and_another_one_never_has_it() {
        let mut questions = Questions::default();
        let now = Timestamp::from_secs(100);
        let mut ask = |grant: &str| {
            let grant = grant.parse().unwrap();
            let (view, handle) = questions
                .ask(grant, Vec::new(), &program("one", 1), now)
                .unwrap();
            (view.id, handle)
        };
        let (first, old) = ask("ci");
        let (again, _) = ask("ci");
        let (other, _) = ask("all");
        let (back, handle) = ask("ci");
        assert_eq!(first, again);
        // Whoever approves a number approves what was read under it.
        assert!(other != first && back != first && back != other);
        let look = questions.look(&old, now);
        assert_eq!(look, Err(GrantFault::NoSuchQuestion), "it was taken back");
        questions.answer(back, false);
        assert_eq!(questions.look(&handle, now), Err(GrantFault::Denied));
    }

    #[test]
    fn an_answer_is_given_once_to_whoever_asked() {
        let mut questions = Questions::default();
        let now = Timestamp::from_secs(200);
        let handle = ask(&mut questions, "one", 1).unwrap();
        let other = QuestionHandle::new("other".to_owned());
        assert_eq!(questions.look(&other, now), Err(GrantFault::NoSuchQuestion));
        assert_eq!(questions.look(&handle, now), Ok(Standing::Waits));
        let id = questions.open()[0].id;
        questions.answer(id, true);
        assert!(questions.find(id).is_err(), "it waits for nobody any more");
        let yes = Standing::Approved("ci".parse().unwrap());
        assert_eq!(questions.look(&handle, now), Ok(yes));
        assert_eq!(
            questions.look(&handle, now),
            Err(GrantFault::NoSuchQuestion)
        );
        let handle = ask(&mut questions, "one", 1).unwrap();
        questions.answer(questions.open()[0].id, false);
        assert_eq!(questions.look(&handle, now), Err(GrantFault::Denied));
    }
}
