//! Secret strings, one type per meaning: zeroized on drop, redacted in `Debug`, never serialized.

use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use subtle::ConstantTimeEq;

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name(SecretString);

        impl $name {
            /// Takes ownership of the secret; the given string's buffer becomes the zeroized one.
            pub fn new(secret: String) -> Self {
                Self(SecretString::from(secret))
            }

            /// Shows the secret. Callers are listed in the boundaries test, so that each can be reviewed.
            pub fn expose_secret(&self) -> &str {
                self.0.expose_secret()
            }

            /// Whether there is nothing in it.
            pub fn is_empty(&self) -> bool {
                self.0.expose_secret().is_empty()
            }

            /// Whether it is at most that long, in bytes, and one line: no control character is in it.
            pub fn is_one_line(&self, longest: usize) -> bool {
                let text = self.0.expose_secret();
                text.len() <= longest && !text.contains(char::is_control)
            }

            /// Compares in constant time (the lengths are not hidden).
            pub fn matches(&self, other: &Self) -> bool {
                let (mine, theirs) = (self.0.expose_secret(), other.0.expose_secret());
                mine.as_bytes().ct_eq(theirs.as_bytes()).into()
            }

            /// Copies the secret into a second zeroized buffer.
            pub fn duplicate(&self) -> Self {
                Self(self.0.clone())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }
    };
}

secret! {
    /// An access token (RFC 6749 1.4).
    AccessToken
}
secret! {
    /// A refresh token (RFC 6749 1.5).
    RefreshToken
}
secret! {
    /// An ID token, as received (OpenID Connect Core 2).
    IdToken
}
secret! {
    /// A client secret (RFC 6749 2.3.1).
    ClientSecret
}
secret! {
    /// An authorization code (RFC 6749 1.3.1).
    AuthorizationCode
}
secret! {
    /// A device code, known to us and the provider alone (RFC 8628 3.2); the user code is no secret.
    DeviceCode
}
secret! {
    /// A PKCE code verifier (RFC 7636 4.1).
    CodeVerifier
}
secret! {
    /// A private key in PEM: a client's (RFC 7523), or the one a credential's tokens are bound to (RFC 9449).
    PrivateKey
}
secret! {
    /// An access token to a client's own registration (RFC 7592 3).
    RegistrationToken
}
secret! {
    /// A proof of possession, good for one request (RFC 9449 4).
    Proof
}
secret! {
    /// A static key that a provider made for a person.
    ApiKey
}
secret! {
    /// A token that somebody found and shows to the vault.
    FoundToken
}
secret! {
    /// A passphrase that opens a slot of the vault.
    Passphrase
}
secret! {
    /// An age identity: the vault's own, or one that opens a slot (`AGE-SECRET-KEY-1...`).
    VaultIdentity
}
secret! {
    /// An access token of a grant: what a local program shows to the agent.
    GrantToken
}
secret! {
    /// A refresh token of a grant: good once, for the next pair.
    GrantRefreshToken
}
secret! {
    /// What a program looks up the answer to its question with.
    QuestionHandle
}
secret! {
    /// What the refresh tokens of one family are known by; base64.
    FamilyKey
}
secret! {
    /// The bcrypt hash of a refresh token of a grant.
    TokenHash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_type_and_nothing_of_the_secret() {
        let token = AccessToken::new("marker-secret".to_owned());
        assert_eq!(format!("{token:?}"), "AccessToken([redacted])");
    }

    #[test]
    fn equal_secrets_match_and_others_do_not() {
        let token = RefreshToken::new("one".to_owned());
        assert!(token.matches(&token.duplicate()));
        assert!(!token.matches(&RefreshToken::new("two".to_owned())));
        assert!(!token.matches(&RefreshToken::new("one ".to_owned())));
    }
}
