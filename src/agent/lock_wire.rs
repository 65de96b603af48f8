//! The bodies of locking and unlocking: a passphrase or an age identity on its way to the owner.

use crate::agent::door::Offered;
use crate::agent::wire::{BadBody, write};
use crate::secret::{Passphrase, VaultIdentity};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// What comes of an unlocking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnlockAnswer {
    /// Whether it was locked before.
    pub was_locked: bool,
}

#[derive(Default, Serialize)]
struct OfferedOut<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    passphrase: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unwrapped: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfferedIn {
    passphrase: Option<String>,
    identity: Option<String>,
    unwrapped: Option<String>,
}

/// Writes what `POST /api/unlock` takes; the buffer is zeroized when it is dropped.
pub fn write_offered(offered: &Offered) -> Zeroizing<Vec<u8>> {
    let mut body = OfferedOut::default();
    match offered {
        Offered::Nothing => {}
        Offered::Passphrase(passphrase) => body.passphrase = Some(passphrase.expose_secret()),
        Offered::Identity(identity) => body.identity = Some(identity.expose_secret()),
        Offered::Unwrapped(identity) => body.unwrapped = Some(identity.expose_secret()),
    }
    write(&body)
}

/// Reads what `POST /api/unlock` takes; no body offers nothing.
pub fn read_offered(body: &[u8]) -> Result<Offered, BadBody> {
    if body.is_empty() {
        return Ok(Offered::Nothing);
    }
    let read: OfferedIn = serde_json::from_slice(body)?;
    let passphrase = read.passphrase.map(Passphrase::new);
    let identity = read.identity.map(VaultIdentity::new);
    let unwrapped = read.unwrapped.map(VaultIdentity::new);
    let offered = [
        passphrase.map(Offered::Passphrase),
        identity.map(Offered::Identity),
        unwrapped.map(Offered::Unwrapped),
    ];
    Ok(offered
        .into_iter()
        .flatten()
        .next()
        .unwrap_or(Offered::Nothing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_arrives_as_it_was_sent() {
        let passphrase = Offered::Passphrase(Passphrase::new("with \"quotes\"".to_owned()));
        let Ok(Offered::Passphrase(read)) = read_offered(&write_offered(&passphrase)) else {
            panic!("no passphrase");
        };
        assert_eq!(read.expose_secret(), "with \"quotes\"");
        let identity = Offered::Identity(VaultIdentity::new("AGE-SECRET-KEY-1X".to_owned()));
        let read = read_offered(&write_offered(&identity));
        assert!(matches!(read, Ok(Offered::Identity(_))));
        let unwrapped = Offered::Unwrapped(VaultIdentity::new("AGE-SECRET-KEY-1X".to_owned()));
        let read = read_offered(&write_offered(&unwrapped));
        assert!(matches!(read, Ok(Offered::Unwrapped(_))));
        for nothing in [&write_offered(&Offered::Nothing)[..], b"", b"{}"] {
            assert!(matches!(read_offered(nothing), Ok(Offered::Nothing)));
        }
        assert!(read_offered(b"{\"pass\":\"x\"}").is_err());
    }
}
