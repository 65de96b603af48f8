//! What another program tells a helper on stdin: a few lines, which may hold a secret.

use crate::cli::failure::Failure;
use std::io::Read;
use zeroize::Zeroizing;

/// Largest request taken, in bytes.
const LARGEST: u64 = 64 * 1024;

/// Reads it; fails where it is no text.
pub fn read() -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::with_capacity(4096));
    std::io::stdin().take(LARGEST).read_to_string(&mut text)?;
    Ok(text)
}
