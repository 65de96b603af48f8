//! What can be wrong with a key or a signed token.

/// Why a key or a token cannot be used. Never holds anything of either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JoseError {
    /// The text is no private key that is understood.
    #[error(
        "this is no private key that can be used: PKCS#8 (or PKCS#1 for RSA) in PEM is needed; \
         `openssl pkcs8 -topk8 -nocrypt` makes one of other forms"
    )]
    NoPrivateKey,
    /// The key is too weak or of a curve that is not known.
    #[error(
        "this key is of a kind or a size that is not used: RSA from 2048 bits, P-256, P-384 or Ed25519 is needed"
    )]
    KeyKind,
    /// The system gave no randomness, or the key was refused when it was used.
    #[error("the key could not be used for signing")]
    Signing,
    /// The text is no compact JWS (RFC 7515 3.1).
    #[error("this is no signed token")]
    NoToken,
    /// `alg` is none of those that are checked here (RFC 7518 3.1); `none` never is.
    #[error("the token is signed by an algorithm that is not accepted")]
    Algorithm,
    /// No key of the set fits the token's `kid` and `alg`.
    #[error("no key that the provider publishes fits the token")]
    NoKey,
    /// The signature does not belong to the token.
    #[error("the token's signature is wrong")]
    Signature,
}
