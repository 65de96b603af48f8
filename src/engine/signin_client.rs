//! Signing in as the client itself (RFC 6749 4.4): no person, no browser.

use crate::engine::signin::{Session, Wanted, in_the_other_way};
use crate::model::client::ClientAuth;
use crate::model::failure::Failure;
use crate::model::signin::SignInStep;
use crate::model::token::TokenSet;
use crate::oauth::token;

/// Asks for tokens, the second time with the secret sent the other way where the first is refused.
pub async fn mint(
    session: &mut Session,
    wanted: &Wanted<'_>,
) -> Result<(TokenSet, ClientAuth), Failure> {
    session.say(SignInStep::Exchanging).await;
    let mut client = wanted.client.duplicate();
    loop {
        let caller = wanted.caller(&session.http, &client);
        match token::client_credentials(&caller, wanted.wish()).await {
            Ok(set) => return Ok((set, client.auth)),
            Err(error) => {
                let failure = error.failure();
                client = in_the_other_way(wanted.provider, &client, &failure).ok_or(failure)?;
            }
        }
    }
}
