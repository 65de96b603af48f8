//! `tokenward login PROVIDER --api-key`: the key is read from the terminal without echo, or from stdin.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::provider_show;
use crate::clock::{self, Timestamp};
use crate::model::key_end;
use crate::model::signin::KeyWish;
use crate::oauth::catalogue;
use crate::secret::ApiKey;
use jiff::tz::TimeZone;
use std::io::Read;
use zeroize::Zeroizing;

/// Longest text that is read, in bytes.
const LARGEST: u64 = 64 * 1024;

/// The key that a person or a pipe gives for this provider.
pub fn wish(
    context: &Context,
    provider: &str,
    expires_at: Option<Timestamp>,
) -> Result<KeyWish, Failure> {
    let mut text = if context.output.can_ask() {
        if let Some(keys) = catalogue::find(provider).and_then(|it| provider_show::keys(&it)) {
            context.output.say(&keys);
        }
        Zeroizing::new(rpassword::prompt_password("API key (not shown): ")?)
    } else {
        from_stdin()?
    };
    let key = text.trim();
    if key.is_empty() {
        return Err(Failure::usage("there is no key")
            .hint("at a terminal it is asked for; else give it on stdin"));
    }
    let key = ApiKey::new(key.to_owned());
    text.clear();
    Ok(KeyWish { key, expires_at })
}

fn from_stdin() -> Result<Zeroizing<String>, Failure> {
    // Room for all at once: no outgrown buffer with the key in it stays behind.
    let room = usize::try_from(LARGEST).unwrap_or(0) + 1;
    let mut text = Zeroizing::new(String::with_capacity(room));
    std::io::stdin().take(LARGEST).read_to_string(&mut text)?;
    Ok(text)
}

/// Reads when a key ends.
pub fn end(text: &str) -> Result<Timestamp, String> {
    key_end::read(text, clock::now(), &TimeZone::system())
}
