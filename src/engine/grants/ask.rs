//! What can be wished of the grants.

use crate::engine::api::Reply;
use crate::engine::grants::pair::Pair;
use crate::model::grant::{GrantName, GrantView, GrantWish};
use crate::model::name::CredentialName;
use crate::model::question::{QuestionId, QuestionView};
use crate::secret::{GrantRefreshToken, GrantToken, QuestionHandle};

/// A wish; the answer goes to `reply`.
#[derive(Debug)]
pub enum GrantAsk {
    /// All grants, by name.
    List {
        /// The answer.
        reply: Reply<Vec<GrantView>>,
    },
    /// A grant to be made.
    Make {
        /// What is wished for.
        wish: Box<GrantWish>,
        /// It may take the place of one of its name, whose pairs end with it.
        replaces: bool,
        /// The answer: the grant.
        reply: Reply<GrantView>,
    },
    /// A grant to be revoked: from now on no token of it is good.
    Revoke {
        /// Which.
        name: GrantName,
        /// The answer.
        reply: Reply<()>,
    },
    /// A pair of tokens for the program that asks.
    Issue {
        /// Of which grant.
        name: GrantName,
        /// The answer.
        reply: Reply<Pair>,
    },
    /// The next pair of a family.
    Rotate {
        /// The refresh token of the pair that is out.
        token: GrantRefreshToken,
        /// The answer.
        reply: Reply<Pair>,
    },
    /// A family to be ended, by whoever has a token of it.
    End {
        /// The token.
        token: EndBy,
        /// The answer: it is ended, or was before.
        reply: Reply<()>,
    },
    /// All families to be ended; the grants stay.
    EndAll {
        /// Of this grant; `None`: of all.
        name: Option<GrantName>,
        /// The answer: how many there were.
        reply: Reply<u64>,
    },
    /// A program on the port asks for a pair: a person shall say whether it may have one.
    Ask {
        /// Of which grant.
        grant: GrantName,
        /// For whose tokens, where there is no such grant yet.
        credentials: Vec<CredentialName>,
        /// The answer: the question, and what its answer is looked up with.
        reply: Reply<(QuestionView, QuestionHandle)>,
    },
    /// Whether a person has answered.
    Look {
        /// What its answer is looked up with.
        handle: QuestionHandle,
        /// The answer; `None`: not yet.
        reply: Reply<Option<Pair>>,
    },
    /// The questions that wait for a person.
    Questions {
        /// The answer.
        reply: Reply<Vec<QuestionView>>,
    },
    /// A person answers. Where there is no such grant it is made, for the credentials that were asked for.
    Answer {
        /// Which question.
        id: QuestionId,
        /// Yes, or no.
        yes: bool,
        /// The answer.
        reply: Reply<()>,
    },
}

/// A token that ends its family.
#[derive(Debug)]
pub enum EndBy {
    /// An access token that is good.
    Access(GrantToken),
    /// A refresh token, be it spent.
    Refresh(GrantRefreshToken),
}
