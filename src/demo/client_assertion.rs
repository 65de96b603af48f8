//! Client authentication by a signed assertion, `private_key_jwt` (RFC 7523 2.2, 3).

use crate::clock::Timestamp;
use crate::demo::exchange::Exchange;
use crate::demo::keys::verified;
use crate::demo::problem::Problem;
use crate::demo::shared::State;
use crate::demo::tokens::digest;
use crate::jose::jwk::PublicKey;
use crate::jose::jws::Parsed;
use serde_json::Value;
use std::time::Duration;

/// `client_assertion_type` (RFC 7523 2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Clocks may be that far apart.
const LEEWAY: Duration = Duration::from_secs(30);
/// No assertion is taken that can be used for longer than this.
const LONGEST_LIFE: Duration = Duration::from_secs(3600);

/// The client that an assertion speaks of; nothing of it is proven.
pub fn subject(assertion: &str) -> Option<String> {
    let claims = Parsed::read(assertion).ok()?.claims()?;
    Some(claims.get("sub")?.as_str()?.to_owned())
}

/// Checks an assertion of this client (RFC 7523 3): signature, `iss`, `sub`, `aud`, `exp`, `nbf`, and that its `jti` is
/// new.
pub fn check(
    exchange: &Exchange,
    state: &mut State,
    client: &str,
    key: &PublicKey,
    assertion: &str,
) -> Result<(), Problem> {
    let refuse = |why: &'static str| Err(Problem::invalid_client(why, false));
    let Some(claims) = verified(assertion, key) else {
        return refuse("the assertion's signature is wrong");
    };
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(client) || text("sub") != Some(client) {
        return refuse("iss and sub have to be the client's id");
    }
    let issuer = exchange.shared.issuer.as_str();
    let is_us = |one: &str| one == issuer || one.strip_prefix(issuer) == Some("/token");
    let for_us = match claims.get("aud") {
        Some(Value::String(one)) => is_us(one),
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).any(is_us),
        _ => false,
    };
    if !for_us {
        return refuse("aud has to be the issuer or its token endpoint");
    }
    let now = state.now();
    let moment = |name: &str| {
        let seconds = claims.get(name).and_then(Value::as_i64);
        seconds.map(Timestamp::from_secs)
    };
    let Some(exp) = moment("exp").filter(|exp| exp.plus(LEEWAY) > now) else {
        return refuse("the assertion has expired");
    };
    if exp > now.plus(LONGEST_LIFE) {
        return refuse("the assertion lives too long");
    }
    if moment("nbf").is_some_and(|nbf| nbf > now.plus(LEEWAY)) {
        return refuse("the assertion is not good yet");
    }
    let Some(jti) = text("jti") else {
        return refuse("jti is missing");
    };
    let jti = digest(&format!("{client} {jti}"));
    if state.assertions.get(&jti).is_some() {
        return refuse("the assertion was used before");
    }
    state.assertions.insert(jti, exp);
    Ok(())
}
