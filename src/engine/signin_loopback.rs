//! Signing in with a browser (RFC 8252): the answer comes to a loopback listener, or is pasted by hand.

use crate::clock;
use crate::engine::fact::Fact;
use crate::engine::sessions::Pasted;
use crate::engine::signin::{Session, Wanted, bad_paste, in_the_other_way, nobody_came, say};
use crate::model::client::ClientAuth;
use crate::model::failure::Failure;
use crate::model::signin::{SignInId, SignInStep};
use crate::model::token::TokenSet;
use crate::oauth::authorize::AuthorizationRequest;
use crate::oauth::callback::{Listener, read_pasted};
use crate::oauth::callback_answer::Callback;
use crate::oauth::http::Http;
use crate::oauth::token;
use crate::secret::AuthorizationCode;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::sleep;

/// How long a person has to answer.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// An address that could not be renewed is tried again after about that long.
const RENEW_AGAIN: Duration = Duration::from_secs(15);
/// Addresses are not renewed more often than that, however short they live.
const SHORTEST_LIFE: Duration = Duration::from_secs(2);

/// Shows the address, waits for the answer, and exchanges it for tokens.
pub async fn mint(
    session: &mut Session,
    wanted: &Wanted<'_>,
) -> Result<(TokenSet, ClientAuth), Failure> {
    let (provider, client) = (wanted.provider, wanted.client);
    let listener =
        Listener::bind(&provider.redirect, wanted.port).map_err(|error| error.failure())?;
    let redirect_uri = listener.redirect_uri();
    let caller = wanted.caller(&session.http, client);
    let request = AuthorizationRequest::start(&caller, &redirect_uri, wanted.wish())
        .await
        .map_err(|error| error.failure())?;
    session
        .say(SignInStep::Authorize {
            url: request.url.clone(),
            redirect_uri: redirect_uri.clone(),
            expires_at: clock::now().plus(PATIENCE),
            taken_port: listener.taken_port(),
        })
        .await;
    let callback = tokio::select! {
        callback = answer(&listener, &request, &mut session.pasted) => callback?,
        never = renew(&session.http, &session.facts, session.id, wanted, &request) => match never {},
        () = sleep(PATIENCE) => return Err(nobody_came()),
    };
    // One shot: nothing else is listened to while the code is exchanged.
    drop(listener);
    session.say(SignInStep::Exchanging).await;
    let (mut set, auth) =
        exchange(session, wanted, &request, &redirect_uri, &callback.code).await?;
    set.kept.extend(callback.kept);
    Ok((set, auth))
}

/// Has a new address ready whenever the one before expires unopened. Whoever opened one is not disturbed: the answer to
/// any of them is as good, so also a renewal that fails ends nothing.
async fn renew(
    http: &Http,
    facts: &mpsc::Sender<Fact>,
    id: SignInId,
    wanted: &Wanted<'_>,
    request: &AuthorizationRequest,
) -> Infallible {
    let mut lives = request.lives;
    loop {
        let Some(life) = lives else {
            return std::future::pending().await;
        };
        sleep((life * 9 / 10).max(SHORTEST_LIFE)).await;
        let renewed = request.renewed(&wanted.caller(http, wanted.client)).await;
        lives = match renewed {
            Ok(pushed) => {
                say(facts, id, SignInStep::Renewed { url: pushed.url }).await;
                pushed.lives
            }
            Err(_) => Some(RENEW_AGAIN),
        };
    }
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
        let caller = wanted.caller(http, &client);
        match token::exchange_code(&caller, request, redirect_uri, code).await {
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
) -> Result<Callback, Failure> {
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
