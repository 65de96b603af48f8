//! Bodies on the socket that the model has no serde form for: those with a secret, and small ones.

use crate::clock::Timestamp;
use crate::engine::api::PastedUrl;
use crate::jose::algorithm::Algorithm;
use crate::model::client::{Client, ClientAuth, ClientKey};
use crate::model::credential::{Flow, Generation, Profile, Secret};
use crate::model::event::Purpose;
use crate::model::inquiry::ProvenToken;
use crate::model::name::CredentialName;
use crate::model::signin::{KeyWish, ProviderChoice, RegisterWish, SignInId, SignInRequest};
use crate::model::token::IssuedToken;
use crate::secret::{
    AccessToken, ApiKey, AuthorizationCode, ClientSecret, FoundToken, PrivateKey, Proof,
    RegistrationToken,
};
use crate::vault::bundle::{self, Bundled, BundledIn};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Version of the protocol, as the header [`VERSION_HEADER`] carries it.
pub const VERSION: &str = "1";
/// Name of the header with the version of the protocol.
pub const VERSION_HEADER: &str = "tokenward-api";

/// A body could not be read. Says where and never what: it may hold a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is not the JSON that is expected here (line {line}, column {column})")]
pub struct BadBody {
    /// Line where reading stopped.
    pub line: usize,
    /// Column where reading stopped.
    pub column: usize,
}

impl From<serde_json::Error> for BadBody {
    fn from(error: serde_json::Error) -> Self {
        Self {
            line: error.line(),
            column: error.column(),
        }
    }
}

#[derive(Serialize)]
struct TokenOut<'a> {
    access_token: &'a str,
    token_type: &'a str,
    expires_at: Option<Timestamp>,
    expires_in: Option<u64>,
    scopes: &'a [String],
}

#[derive(Deserialize)]
struct TokenIn {
    access_token: String,
    token_type: String,
    expires_at: Option<Timestamp>,
    #[serde(default)]
    scopes: Vec<String>,
}

/// Writes an access token; the buffer is zeroized when it is dropped.
pub fn write_token(token: &IssuedToken, now: Timestamp) -> Zeroizing<Vec<u8>> {
    let access = token.access.expose_secret();
    let scopes: usize = token.scopes.iter().map(|scope| scope.len() + 3).sum();
    // JSON makes at most six bytes of one: the part with the token never moves to a larger buffer.
    let mut body = Zeroizing::new(Vec::with_capacity(6 * access.len() + scopes + 160));
    serde_json::to_writer(&mut *body, &token_out(token, now))
        .expect("strings and numbers always serialize");
    body
}

fn token_out(token: &IssuedToken, now: Timestamp) -> TokenOut<'_> {
    TokenOut {
        access_token: token.access.expose_secret(),
        token_type: &token.token_type,
        expires_at: token.expires_at,
        expires_in: token.expires_at.map(|end| now.until(end).as_secs()),
        scopes: &token.scopes,
    }
}

/// Reads an access token.
pub fn read_token(body: &[u8]) -> Result<IssuedToken, BadBody> {
    let read: TokenIn = serde_json::from_slice(body)?;
    Ok(IssuedToken {
        access: AccessToken::new(read.access_token),
        token_type: read.token_type,
        expires_at: read.expires_at,
        scopes: read.scopes,
    })
}

/// What `POST .../validate` takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ValidateBody {
    /// By introspection (RFC 7662).
    pub introspect: bool,
}

/// What `POST .../need` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeedBody {
    /// Scopes that a program needs.
    pub scopes: Vec<String>,
}

/// What `POST .../id-token` takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdTokenBody {
    /// What becomes of it.
    #[serde(rename = "for")]
    pub purpose: Purpose,
}

/// What `POST /api/exports` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportBody {
    /// Names, each with the generation that the file holds.
    pub credentials: Vec<(CredentialName, Generation)>,
}

/// What `POST /api/backups` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupBody {
    /// How many credentials the backup holds.
    pub credentials: u64,
}

/// What `POST .../rename` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenameBody {
    /// The account part it gets.
    pub account: String,
}

/// What `POST .../put-back` takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PutBackBody {
    /// Which generation; left out: the newest that is kept.
    pub generation: Option<Generation>,
}

/// Reads a body without secrets; an empty one is an empty object.
pub fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, BadBody> {
    let body = if body.trim_ascii().is_empty() {
        b"{}"
    } else {
        body
    };
    Ok(serde_json::from_slice(body)?)
}

#[derive(Serialize)]
struct ProvenOut<'a> {
    #[serde(flatten)]
    token: TokenOut<'a>,
    proof: &'a str,
}

#[derive(Deserialize)]
struct ProvenIn {
    proof: String,
}

/// Writes an access token with its proof; the buffer is zeroized when it is dropped.
pub fn write_proven(proven: &ProvenToken, now: Timestamp) -> Zeroizing<Vec<u8>> {
    write(&ProvenOut {
        token: token_out(&proven.token, now),
        proof: proven.proof.expose_secret(),
    })
}

/// Reads an access token with its proof.
pub fn read_proven(body: &[u8]) -> Result<ProvenToken, BadBody> {
    let token = read_token(body)?;
    let read: ProvenIn = serde_json::from_slice(body)?;
    Ok(ProvenToken {
        token,
        proof: Proof::new(read.proof),
    })
}

#[derive(Serialize)]
struct SignInOut<'a> {
    id: SignInId,
    provider: &'a ProviderChoice,
    account: Option<&'a str>,
    client: Option<ClientOut<'a>>,
    scopes: Option<&'a [String]>,
    flow: Option<Flow>,
    redirect_port: Option<u16>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    resources: &'a [String],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dpop: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    register: Option<RegisterOut<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<ApiKeyOut<'a>>,
}

#[derive(Serialize)]
struct ApiKeyOut<'a> {
    key: &'a str,
    expires_at: Option<Timestamp>,
}

#[derive(Serialize)]
struct ClientOut<'a> {
    id: &'a str,
    secret: Option<&'a str>,
    auth: ClientAuth,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<KeyOut<'a>>,
}

#[derive(Serialize)]
struct KeyOut<'a> {
    pem: &'a str,
    kid: Option<&'a str>,
    alg: Option<&'a str>,
}

#[derive(Serialize)]
struct RegisterOut<'a> {
    initial_access_token: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignInIn {
    id: Option<SignInId>,
    provider: ProviderChoice,
    account: Option<String>,
    client: Option<ClientIn>,
    scopes: Option<Vec<String>>,
    flow: Option<Flow>,
    redirect_port: Option<u16>,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default)]
    dpop: bool,
    register: Option<RegisterIn>,
    key: Option<ApiKeyIn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApiKeyIn {
    key: String,
    expires_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientIn {
    id: String,
    secret: Option<String>,
    auth: Option<ClientAuth>,
    key: Option<KeyIn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyIn {
    pem: String,
    kid: Option<String>,
    alg: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegisterIn {
    initial_access_token: Option<String>,
}

/// Writes what `POST /api/sign-ins` takes; the buffer is zeroized when it is dropped.
pub fn write_sign_in(request: &SignInRequest) -> Zeroizing<Vec<u8>> {
    let out = SignInOut {
        id: request.id,
        provider: &request.provider,
        account: request.account.as_deref(),
        client: request.client.as_ref().map(|client| ClientOut {
            id: &client.id,
            secret: client.secret.as_ref().map(ClientSecret::expose_secret),
            auth: client.auth,
            key: client.key.as_ref().map(|key| KeyOut {
                pem: key.pem.expose_secret(),
                kid: key.id.as_deref(),
                alg: key.algorithm.map(Algorithm::name),
            }),
        }),
        scopes: request.scopes.as_deref(),
        flow: request.flow,
        redirect_port: request.redirect_port,
        resources: &request.resources,
        dpop: request.dpop,
        register: request.register.as_ref().map(|wish| RegisterOut {
            initial_access_token: wish.token.as_ref().map(RegistrationToken::expose_secret),
        }),
        key: request.key.as_ref().map(|wish| ApiKeyOut {
            key: wish.key.expose_secret(),
            expires_at: wish.expires_at,
        }),
    };
    write(&out)
}

/// Reads what `POST /api/sign-ins` takes. Without an `id` it gets `fresh`; a client without `auth` is a public one, or
/// authenticates by Basic when it has a secret.
pub fn read_sign_in(body: &[u8], fresh: SignInId) -> Result<SignInRequest, BadBody> {
    let read: SignInIn = serde_json::from_slice(body)?;
    Ok(SignInRequest {
        id: read.id.unwrap_or(fresh),
        provider: read.provider,
        account: read.account,
        client: read.client.map(client),
        scopes: read.scopes,
        flow: read.flow,
        redirect_port: read.redirect_port,
        resources: read.resources,
        dpop: read.dpop,
        register: read.register.map(|wish| RegisterWish {
            token: wish.initial_access_token.map(RegistrationToken::new),
        }),
        key: read.key.map(|wish| KeyWish {
            key: ApiKey::new(wish.key),
            expires_at: wish.expires_at,
        }),
    })
}

fn client(read: ClientIn) -> Client {
    let auth = read.auth.unwrap_or(match (&read.key, &read.secret) {
        (Some(_), _) => ClientAuth::PrivateKeyJwt,
        (None, Some(_)) => ClientAuth::ClientSecretBasic,
        (None, None) => ClientAuth::None,
    });
    Client {
        key: read.key.map(|key| ClientKey {
            pem: PrivateKey::new(key.pem),
            id: key.kid,
            algorithm: key.alg.as_deref().and_then(Algorithm::named),
        }),
        ..Client::new(read.id, read.secret.map(ClientSecret::new), auth)
    }
}

/// What `POST /api/sign-ins` answers: the sign-in goes on under this number, its steps come as events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInStarted {
    /// Its number.
    pub id: SignInId,
}

#[derive(Serialize)]
struct FoundOut<'a> {
    token: &'a str,
    verify: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FoundIn {
    token: String,
    #[serde(default)]
    verify: bool,
}

/// Writes what `POST /api/identify` takes; the buffer is zeroized when it is dropped.
pub fn write_found(token: &FoundToken, verify: bool) -> Zeroizing<Vec<u8>> {
    write(&FoundOut {
        token: token.expose_secret(),
        verify,
    })
}

/// Reads what `POST /api/identify` takes.
pub fn read_found(body: &[u8]) -> Result<(FoundToken, bool), BadBody> {
    let read: FoundIn = serde_json::from_slice(body)?;
    Ok((FoundToken::new(read.token), read.verify))
}

/// Writes what `POST /api/imports` takes: a credential as exports hold it, and whether it may take another's place.
pub fn write_import(profile: Profile, secret: Secret, replaces: bool) -> Zeroizing<Vec<u8>> {
    let one = bundle::write_one(&Bundled {
        generation: Generation::default(),
        profile,
        secret,
    });
    let (start, end) = (format!("{{\"replaces\":{replaces},\"credential\":"), b"}");
    let mut body = Zeroizing::new(Vec::with_capacity(start.len() + one.len() + end.len()));
    body.extend_from_slice(start.as_bytes());
    body.extend_from_slice(&one);
    body.extend_from_slice(end);
    body
}

/// Reads what `POST /api/imports` takes.
pub fn read_import(body: &[u8]) -> Result<(Bundled, bool), BadBody> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct ImportIn {
        #[serde(default)]
        replaces: bool,
        credential: BundledIn,
    }
    let read: ImportIn = serde_json::from_slice(body)?;
    Ok((read.credential.into(), read.replaces))
}

#[derive(Serialize)]
struct CallbackOut<'a> {
    url: &'a str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallbackIn {
    url: String,
}

/// Writes what `POST /api/sign-ins/{id}/callback` takes; the buffer is zeroized when it is dropped.
pub fn write_callback(url: &PastedUrl) -> Zeroizing<Vec<u8>> {
    write(&CallbackOut {
        url: url.0.expose_secret(),
    })
}

/// Reads what `POST /api/sign-ins/{id}/callback` takes.
pub fn read_callback(body: &[u8]) -> Result<PastedUrl, BadBody> {
    let read: CallbackIn = serde_json::from_slice(body)?;
    Ok(PastedUrl(AuthorizationCode::new(read.url)))
}

/// What `POST /api/parcels/{id}` takes.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AcceptBody {
    /// The account part of its name, if it shall be another one.
    pub account: Option<String>,
    /// It may take the place of a credential of that name.
    pub replaces: bool,
}

/// JSON in a buffer of just its length, zeroized when it is dropped.
pub fn write(body: &impl Serialize) -> Zeroizing<Vec<u8>> {
    // Counted first, so that no outgrown buffer with a secret in it stays behind.
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    serde_json::to_writer(&mut count, body).expect("strings and numbers always serialize");
    let mut bytes = Zeroizing::new(Vec::with_capacity(count.0));
    serde_json::to_writer(&mut *bytes, body).expect("strings and numbers always serialize");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_counts_down() {
        let now = Timestamp::from_secs(1_000_000);
        let token = IssuedToken {
            access: AccessToken::new("a\"b\\c\u{1}".to_owned()),
            token_type: "Bearer".to_owned(),
            expires_at: Some(Timestamp::from_millis(1_000_090_500)),
            scopes: vec!["read".to_owned()],
        };
        let body = write_token(&token, now);
        let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(json["expires_in"], 90);
        let back = read_token(&body).unwrap();
        assert!(back.access.matches(&token.access));
        assert_eq!(back.expires_at, token.expires_at);
        assert_eq!(back.scopes, token.scopes);
    }

    #[test]
    fn the_token_never_moves_to_a_larger_buffer() {
        for text in ["x".repeat(4000), "\u{1}".repeat(4000)] {
            let token = IssuedToken {
                access: AccessToken::new(text),
                token_type: "Bearer".to_owned(),
                expires_at: None,
                scopes: Vec::new(),
            };
            let body = write_token(&token, Timestamp::from_secs(0));
            assert!(body.capacity() <= 6 * 4000 + 160);
        }
    }

    #[test]
    fn a_body_that_cannot_be_read_is_not_repeated() {
        let body = br#"{"provider":{"known":{"name":"x","parameters":{}}},"client":{"id":"x","secret":12345678}}"#;
        let error = read_sign_in(body, SignInId(1)).unwrap_err();
        assert!(!error.to_string().contains("12345678"));
        assert!(error.column > 0);
    }

    #[test]
    fn a_client_without_a_method_authenticates_by_what_it_has() {
        let body = br#"{"provider":{"known":{"name":"github","parameters":{}}},"client":{"id":"x","secret":"s"}}"#;
        let request = read_sign_in(body, SignInId(7)).unwrap();
        assert_eq!(request.id, SignInId(7));
        assert_eq!(request.client.unwrap().auth, ClientAuth::ClientSecretBasic);
    }
}
