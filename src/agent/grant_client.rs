//! The client's part of grants: what is wished of them, put to the owner behind a socket.

use crate::agent::client::{SocketDoor, answer, not_understood, plain};
use crate::agent::grant_route::GrantRoute;
use crate::agent::grant_wire::{self, RevokeAllBody, RevokedAll};
use crate::agent::route::Route;
use crate::engine::api::Reply;
use crate::engine::grants::ask::GrantAsk;
use crate::engine::grants::pair::Pair;
use zeroize::Zeroizing;

impl SocketDoor {
    /// Puts it to the owner. What only programs on the port ask is answered as the owner answers it on its socket.
    pub(in crate::agent) async fn carry_grant(&self, ask: GrantAsk) {
        match ask {
            GrantAsk::List { reply } => self.fetch(Route::Grant(GrantRoute::List), reply).await,
            GrantAsk::Make {
                wish,
                replaces,
                reply,
            } => {
                let route = Route::Grant(GrantRoute::Make { replaces });
                self.put(route, &wish, reply).await;
            }
            GrantAsk::Revoke { name, reply } => {
                let route = Route::Grant(GrantRoute::Revoke(name));
                self.tell(route, Zeroizing::default(), reply).await;
            }
            GrantAsk::Issue { name, reply } => {
                let body = grant_wire::write_token_wish(&name);
                self.pair(GrantRoute::Token, body, reply).await;
            }
            GrantAsk::Rotate { token, reply } => {
                let body = grant_wire::write_refresh(&token);
                self.pair(GrantRoute::Refresh, body, reply).await;
            }
            GrantAsk::End { token, reply } => {
                let route = Route::Grant(GrantRoute::RevokeToken);
                self.tell(route, grant_wire::write_end(&token), reply).await;
            }
            GrantAsk::EndAll { name, reply } => {
                let body = plain(&RevokeAllBody { grant: name });
                answer(reply, async {
                    let route = Route::Grant(GrantRoute::RevokeAll);
                    let body = self.exchange(&route, body).await?;
                    let read = serde_json::from_slice(&body);
                    read.map(|RevokedAll { revoked }| revoked)
                        .map_err(|_| not_understood())
                })
                .await;
            }
            GrantAsk::Questions { reply } => {
                self.fetch(Route::Grant(GrantRoute::Questions), reply).await;
            }
            GrantAsk::Answer { id, yes, reply } => {
                let route = Route::Grant(GrantRoute::Answer { id, yes });
                self.tell(route, Zeroizing::default(), reply).await;
            }
            // Questions are asked on the port and looked up there; a link has no port.
            GrantAsk::Ask { reply, .. } => drop(reply),
            GrantAsk::Look { reply, .. } => drop(reply),
        }
    }

    async fn pair(&self, route: GrantRoute, body: Zeroizing<Vec<u8>>, reply: Reply<Pair>) {
        answer(reply, async {
            let body = self.exchange(&Route::Grant(route), body).await?;
            grant_wire::read_pair(&body).map_err(|_| not_understood())
        })
        .await;
    }
}
