//! Answers what is asked about grants, by their owner and by programs.

use crate::agent::answer::{Desk, Via};
use crate::agent::caller::Caller;
use crate::agent::grant_route::GrantRoute;
use crate::agent::grant_wire::{
    self, Carried, RevokeAllBody, RevokedAll, Stats, StatsOf, TokenWish, Verified,
};
use crate::agent::problem::Problem;
use crate::agent::request_body::{bad_body, read_body};
use crate::agent::response::{Body, json, to_json};
use crate::agent::wire;
use crate::clock::{self, Timestamp};
use crate::engine::api::{Command, Refusal};
use crate::engine::grants::ask::GrantAsk;
use crate::engine::grants::pair::Pair;
use crate::engine::grants::registry::Admitted;
use crate::model::grant::{GrantName, GrantWish};
use crate::model::grant_fault::GrantFault;
use crate::model::name::CredentialName;
use crate::secret::QuestionHandle;
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use zeroize::Zeroizing;

impl Desk {
    /// Answers a question about grants.
    pub(in crate::agent) async fn grant(
        &self,
        route: GrantRoute,
        caller: &Caller,
        body: Incoming,
    ) -> Result<Response<Body>, Box<Problem>> {
        let body = read_body(body, self.body_time()).await?;
        match route {
            GrantRoute::List => {
                self.one(|reply| Command::Grant(GrantAsk::List { reply }))
                    .await
            }
            GrantRoute::Make { replaces } => {
                let wish: Box<GrantWish> = Box::new(wire::read(&body).map_err(bad_body)?);
                self.one(|reply| {
                    Command::Grant(GrantAsk::Make {
                        wish,
                        replaces,
                        reply,
                    })
                })
                .await
            }
            GrantRoute::Revoke(name) => {
                self.done(|reply| Command::Grant(GrantAsk::Revoke { name, reply }))
                    .await
            }
            GrantRoute::Questions => {
                self.one(|reply| Command::Grant(GrantAsk::Questions { reply }))
                    .await
            }
            GrantRoute::Answer { id, yes } => {
                self.done(|reply| Command::Grant(GrantAsk::Answer { id, yes, reply }))
                    .await
            }
            GrantRoute::Token => match grant_wire::read_token_wish(&body).map_err(bad_body)? {
                TokenWish::Of { grant, credentials } => {
                    self.wished(grant, credentials, caller).await
                }
                TokenWish::Look(handle) => self.look(handle).await,
            },
            GrantRoute::Refresh => {
                let token = grant_wire::read_refresh(&body).map_err(bad_body)?;
                let ask = |reply| Command::Grant(GrantAsk::Rotate { token, reply });
                let pair = self.link()?.ask(ask).await;
                Ok(written(&pair.map_err(|refusal| self.suspected(refusal))?))
            }
            GrantRoute::Verify => self.verify(&body, caller),
            GrantRoute::RevokeToken => {
                let token = grant_wire::read_end(&body).map_err(bad_body)?;
                self.done(|reply| Command::Grant(GrantAsk::End { token, reply }))
                    .await
            }
            GrantRoute::RevokeAll => {
                let RevokeAllBody { grant } = wire::read(&body).map_err(bad_body)?;
                let name = only_own(caller, grant)?;
                let ask = |reply| Command::Grant(GrantAsk::EndAll { name, reply });
                let revoked = self.link()?.ask(ask).await?;
                Ok(json(StatusCode::OK, to_json(&RevokedAll { revoked })))
            }
            GrantRoute::Stats => Ok(json(StatusCode::OK, to_json(&self.stats(caller)?))),
        }
    }

    /// A pair: at once for the owner on the socket, after a person's yes on the port. Who shows a grant's token gets no
    /// other pair with it: it has its refresh token.
    async fn wished(
        &self,
        grant: GrantName,
        credentials: Vec<CredentialName>,
        caller: &Caller,
    ) -> Result<Response<Body>, Box<Problem>> {
        match (caller, self.via()) {
            (Caller::Holder(_), _) => Err(Refusal::from(GrantFault::OwnerOnly).into()),
            (Caller::Owner, _) => {
                let name = grant;
                let ask = |reply| Command::Grant(GrantAsk::Issue { name, reply });
                Ok(written(&self.link()?.ask(ask).await?))
            }
            (Caller::Nobody, Via::Port(port)) => {
                let link = self.link()?;
                // A person is not to be asked at a machine's speed.
                link.grants().guessed(port.peer.ip())?;
                let ask = |reply| {
                    Command::Grant(GrantAsk::Ask {
                        grant,
                        credentials,
                        reply,
                    })
                };
                let (question, handle) = link.ask(ask).await?;
                Ok(asked(grant_wire::write_asked(
                    question.id,
                    question.until,
                    &handle,
                )))
            }
            (Caller::Nobody, Via::Socket) => Err(Refusal::from(GrantFault::Missing).into()),
        }
    }

    async fn look(&self, handle: QuestionHandle) -> Result<Response<Body>, Box<Problem>> {
        let again = grant_wire::write_look(&handle);
        let ask = |reply| Command::Grant(GrantAsk::Look { handle, reply });
        let looked = self.link()?.ask(ask).await;
        Ok(match looked.map_err(|refusal| self.suspected(refusal))? {
            Some(pair) => written(&pair),
            None => asked(again),
        })
    }

    fn verify(&self, body: &[u8], caller: &Caller) -> Result<Response<Body>, Box<Problem>> {
        let verified = match caller.holder() {
            Some(holder) if body.trim_ascii().is_empty() => good(holder.clone(), clock::now()),
            Some(_) | None => {
                let token = grant_wire::read_verify(body).map_err(bad_body)?;
                let link = self.link()?;
                match link.grants().admit(&token, link.program()) {
                    Ok(admitted) => good(admitted, clock::now()),
                    Err(fault) => {
                        let reason = Some(fault.to_string());
                        // Past the limit the answer is that, and nothing of the token.
                        self.note_guess(&fault)?;
                        Verified {
                            active: false,
                            reason,
                            carries: None,
                        }
                    }
                }
            }
        };
        Ok(json(StatusCode::OK, to_json(&verified)))
    }

    fn stats(&self, caller: &Caller) -> Result<Stats, Refusal> {
        let own = caller.holder().map(|holder| &holder.grant);
        let views = self.link()?.grants().views();
        let seen = views
            .into_iter()
            .filter(|view| own.is_none_or(|own| *own == view.grant.name));
        Ok(Stats {
            grants: seen.map(StatsOf::from).collect(),
        })
    }
}

/// A grant ends its own pairs only.
fn only_own(caller: &Caller, wanted: Option<GrantName>) -> Result<Option<GrantName>, Refusal> {
    match caller.holder() {
        None => Ok(wanted),
        Some(holder) if wanted.as_ref().is_none_or(|it| *it == holder.grant) => {
            Ok(Some(holder.grant.clone()))
        }
        Some(_) => Err(GrantFault::OwnerOnly.into()),
    }
}

fn good(admitted: Admitted, now: Timestamp) -> Verified {
    let claims = &admitted.claims;
    let (end, left) = (claims.expires_at, claims.expires_at - now.as_secs());
    let lives = end - claims.issued_at;
    Verified {
        active: true,
        reason: None,
        carries: Some(Carried {
            expires_at: Timestamp::from_secs(end),
            expires_in: u64::try_from(left).unwrap_or(0),
            rotation_advised: is_rotation_advised(left, lives),
            family: admitted.family,
            credentials: admitted.credentials,
            scopes: admitted.scopes,
            grant: admitted.grant,
        }),
    }
}

/// Whether it is time for the next pair: no more than half of its life is left.
pub const fn is_rotation_advised(left: i64, lives: i64) -> bool {
    left.saturating_mul(2) <= lives
}

fn written(pair: &Pair) -> Response<Body> {
    json(
        StatusCode::OK,
        Bytes::from_owner(grant_wire::write_pair(pair)),
    )
}

fn asked(body: Zeroizing<Vec<u8>>) -> Response<Body> {
    let mut response = json(StatusCode::ACCEPTED, Bytes::from_owner(body));
    let every = HeaderValue::from(grant_wire::LOOK_EVERY);
    response.headers_mut().insert(RETRY_AFTER, every);
    response
}
