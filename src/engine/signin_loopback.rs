//! Signing in with a browser (RFC 8252): the answer comes to a loopback listener, or is pasted by hand.

use crate::clock;
use crate::engine::signin::{Session, Wanted, bad_paste, in_the_other_way, nobody_came};
use crate::model::client::ClientAuth;
use crate::model::failure::Failure;
use crate::model::signin::SignInStep;
use crate::model::token::TokenSet;
use crate::oauth::authorize::AuthorizationRequest;
use crate::oauth::callback::{Listener, read_pasted};
use crate::oauth::token;
use crate::secret::AuthorizationCode;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::engine::sessions::Pasted;

/// How long a person has to answer.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// Shows the address, waits for the answer, and exchanges it for tokens.
pub async fn mint(
    session: &mut Session,
    wanted: &Wanted<'_>,
) -> Result<(TokenSet, ClientAuth), Failure> {
    let (provider, client) = (wanted.provider, wanted.client);
    let listener =
        Listener::bind(&provider.redirect, wanted.port).map_err(|error| error.failure())?;
    let redirect_uri = listener.redirect_uri();
    let request = AuthorizationRequest::start(
        &session.http,
        provider,
        client,
        &redirect_uri,
        wanted.scopes,
    )
    .await
    .map_err(|error| error.failure())?;
    session
        .say(SignInStep::Authorize {
            url: request.url.clone(),
            redirect_uri: redirect_uri.clone(),
            expires_at: clock::now().plus(PATIENCE),
        })
        .await;
    let waiting = answer(&listener, &request, &mut session.pasted);
    let code = timeout(PATIENCE, waiting)
        .await
        .map_err(|_| nobody_came())??;
    // One shot: nothing else is listened to while the code is exchanged.
    drop(listener);
    session.say(SignInStep::Exchanging).await;
    exchange(session, wanted, &request, &redirect_uri, &code).await
}

/// Exchanges the code, the second time with the secret sent the other way where the first is refused: a client that was
/// not authenticated has not used the code up (RFC 6749 4.1.3).
async fn exchange(
    session: &Session,
    wanted: &Wanted<'_>,
    request: &AuthorizationRequest,
    redirect_uri: &str,
    code: &AuthorizationCode,
) -> Result<(TokenSet, ClientAuth), Failure> {
    let (http, provider) = (&session.http, wanted.provider);
    let mut client = wanted.client.duplicate();
    loop {
        let code = code.duplicate();
        match token::exchange_code(http, provider, &client, request, redirect_uri, code).await {
            Ok(set) => return Ok((set, client.auth)),
            Err(error) => {
                let failure = error.failure();
                client = in_the_other_way(provider, &client, &failure).ok_or(failure)?;
            }
        }
    }
}

/// The first answer that counts: from the browser, or from a person's clipboard.
async fn answer(
    listener: &Listener,
    request: &AuthorizationRequest,
    pasted: &mut mpsc::Receiver<Pasted>,
) -> Result<AuthorizationCode, Failure> {
    let browser = listener.wait(request);
    tokio::pin!(browser);
    loop {
        tokio::select! {
            code = &mut browser => return code.map_err(|error| error.failure()),
            Some((url, reply)) = pasted.recv() => {
                // A wrong paste is the person's to correct; it does not end the sign-in.
                match read_pasted(url.0.expose_secret(), request) {
                    Ok(code) => {
                        drop(reply.send(Ok(())));
                        return Ok(code);
                    }
                    Err(error) => drop(reply.send(Err(bad_paste(error.failure())))),
                }
            }
        }
    }
}
