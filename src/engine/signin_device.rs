//! Signing in with a code on another screen (RFC 8628): asks until the person has answered.

use crate::clock::{self, Timestamp};
use crate::engine::signin::{Session, Wanted, in_the_other_way, nobody_came};
use crate::model::client::{Client, ClientAuth};
use crate::model::failure::{Failure, FailureClass};
use crate::model::signin::SignInStep;
use crate::model::token::TokenSet;
use crate::oauth::device::{self, DeviceAuthorization, Poll};
use std::time::Duration;
use tokio::time::sleep;

/// What `slow_down` adds (RFC 8628 3.5).
const SLOWER: Duration = Duration::from_secs(5);
/// Longest pause between two questions while the network fails.
const LONGEST: Duration = Duration::from_secs(60);

/// Shows the code, then asks until there are tokens, a refusal or no time left.
pub async fn mint(
    session: &mut Session,
    wanted: &Wanted<'_>,
) -> Result<(TokenSet, ClientAuth), Failure> {
    let provider = wanted.provider;
    let (begun, mut client) = begin(session, wanted).await?;
    let expires_at = clock::now().plus(begun.expires_in);
    let mut interval = begun.interval;
    session.say(shown(&begun, expires_at)).await;
    let mut unasked = None;
    loop {
        sleep(interval).await;
        if clock::now() >= expires_at {
            return Err(unasked.map_or_else(nobody_came, never_asked));
        }
        let asked = device::poll(&wanted.caller(&session.http, &client), &begun).await;
        unasked = None;
        match asked {
            Ok(Poll::Done(set)) => return Ok((set, client.auth)),
            Ok(Poll::Pending) => {}
            Ok(Poll::SlowDown { interval: named }) => {
                // Some name an interval that is no longer than before.
                interval = named.unwrap_or_default().max(interval + SLOWER);
            }
            Err(error) => {
                let failure = error.failure();
                if let Some(other) = in_the_other_way(provider, &client, &failure) {
                    client = other;
                    continue;
                }
                if failure.class != FailureClass::Transient {
                    return Err(failure);
                }
                // RFC 8628 3.5: ask less often while connections time out.
                interval = (interval * 2).min(LONGEST.max(interval));
                unasked = Some(failure);
            }
        }
        session.say(polled(interval)).await;
    }
}

/// Asks for a code, the second time with the secret sent the other way where the first is refused.
async fn begin(
    session: &Session,
    wanted: &Wanted<'_>,
) -> Result<(DeviceAuthorization, Client), Failure> {
    let mut client = wanted.client.duplicate();
    loop {
        let begun = device::start(&wanted.caller(&session.http, &client), wanted.wish()).await;
        match begun {
            Ok(begun) => return Ok((begun, client)),
            Err(error) => {
                let failure = error.failure();
                client = in_the_other_way(wanted.provider, &client, &failure).ok_or(failure)?;
            }
        }
    }
}

/// The code ran out while the provider could not be asked: the person may well have entered it.
fn never_asked(last: Failure) -> Failure {
    let cause = format!(
        "The code ran out of time while the provider could not be asked. {}",
        last.cause
    );
    Failure { cause, ..last }
}

fn shown(begun: &DeviceAuthorization, expires_at: Timestamp) -> SignInStep {
    SignInStep::DeviceCode {
        user_code: begun.user_code.clone(),
        verification_uri: begun.verification_uri.clone(),
        verification_uri_complete: begun.verification_uri_complete.clone(),
        expires_at,
        next_poll: clock::now().plus(begun.interval),
    }
}

fn polled(interval: Duration) -> SignInStep {
    SignInStep::Polled {
        next_poll: clock::now().plus(interval),
        interval_secs: interval.as_secs(),
    }
}
