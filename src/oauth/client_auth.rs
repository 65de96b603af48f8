//! How the client proves who it is: nothing, Basic, or in the body (RFC 6749 2.3).

use crate::clock;
use crate::jose::jws;
use crate::jose::key::SigningKey;
use crate::model::client::{Client, ClientAuth};
use crate::model::credential::Flow;
use crate::model::provider::Provider;
use crate::oauth::error::OAuthError;
use crate::oauth::form::Form;
use crate::oauth::random;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

/// The way a client authenticates: the provider's record first, then its metadata, then RFC 6749's own default (Basic).
/// Without a secret there is only one way.
pub fn choose(provider: &Provider, client: &Client, flow: Flow) -> ClientAuth {
    if client.registration.is_some() {
        // The provider said so when it was registered.
        return client.auth;
    }
    if client.key.is_some() {
        return ClientAuth::PrivateKeyJwt;
    }
    if client.secret.is_none() {
        return ClientAuth::None;
    }
    let by_record = match flow {
        Flow::Device => provider.device_client_auth.or(provider.client_auth),
        Flow::Loopback | Flow::ClientCredentials | Flow::ApiKey => provider.client_auth,
    };
    if let Some(auth) = by_record {
        return auth;
    }
    let methods = &provider.metadata.auth_methods;
    let offers = |method: &str| methods.iter().any(|offered| offered == method);
    if methods.is_empty() || offers("client_secret_basic") {
        ClientAuth::ClientSecretBasic
    } else if offers("client_secret_post") {
        ClientAuth::ClientSecretPost
    } else if offers("none") {
        ClientAuth::None
    } else {
        ClientAuth::ClientSecretBasic
    }
}

/// The other way to send a secret, where nothing says which one this client was registered for: metadata lists what the
/// provider can do, not what it expects of each client.
pub fn other(provider: &Provider, auth: ClientAuth) -> Option<ClientAuth> {
    let is_said = provider.client_auth.is_some() || provider.device_client_auth.is_some();
    let methods = &provider.metadata.auth_methods;
    let offers = |method: &str| methods.is_empty() || methods.iter().any(|one| one == method);
    match auth {
        ClientAuth::ClientSecretBasic if !is_said && offers("client_secret_post") => {
            Some(ClientAuth::ClientSecretPost)
        }
        ClientAuth::ClientSecretBasic
        | ClientAuth::ClientSecretPost
        | ClientAuth::PrivateKeyJwt
        | ClientAuth::None => None,
    }
}

/// Adds the client to a request to `url`: to the form, or as the value of the `Authorization` header that is returned.
pub fn apply(
    client: &Client,
    provider: &Provider,
    url: &str,
    form: &mut Form,
) -> Result<Option<Zeroizing<String>>, OAuthError> {
    let id_name = provider.client_id_parameter.as_deref();
    let id_name = id_name.unwrap_or("client_id");
    Ok(match (client.auth, &client.secret) {
        (ClientAuth::ClientSecretBasic, Some(secret)) => {
            form.remember(secret.expose_secret());
            let value = basic(&client.id, secret.expose_secret());
            form.remember(value.trim_start_matches("Basic "));
            Some(value)
        }
        (ClientAuth::ClientSecretPost, Some(secret)) => {
            form.add(id_name, &client.id)
                .add_secret("client_secret", secret.expose_secret());
            None
        }
        // A secret that is kept is never sent where the client is public: Microsoft refuses it (AADSTS700025).
        (ClientAuth::None, _)
        | (ClientAuth::ClientSecretBasic | ClientAuth::ClientSecretPost, None) => {
            form.add(id_name, &client.id);
            None
        }
        (ClientAuth::PrivateKeyJwt, _) => {
            let assertion = assertion(client, provider.expected_issuer().unwrap_or(url))?;
            form.add(id_name, &client.id)
                .add("client_assertion_type", ASSERTION_TYPE)
                .add_secret("client_assertion", &assertion);
            None
        }
    })
}

/// `client_assertion_type` of a signed token (RFC 7523 2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// An assertion lives that long: enough for a clock that is a little off.
const ASSERTION_LIVES: i64 = 120;

/// The client's own word for who it is, signed with its key (RFC 7523 3): for one request and for one provider, whose
/// issuer identifier is the audience where it is known.
fn assertion(client: &Client, audience: &str) -> Result<Zeroizing<String>, OAuthError> {
    let key = client.key.as_ref().ok_or(OAuthError::NoKey)?;
    let mut signer = SigningKey::read(&key.pem).map_err(OAuthError::Key)?;
    if let Some(algorithm) = key.algorithm {
        signer = signer.with_algorithm(algorithm).map_err(OAuthError::Key)?;
    }
    let now = clock::now().as_millis() / 1000;
    let claims = json!({
        "iss": client.id, "sub": client.id, "aud": audience, "jti": random::text(),
        "iat": now, "exp": now + ASSERTION_LIVES,
    });
    let mut header = Map::new();
    header.insert("typ".to_owned(), Value::from("JWT"));
    if let Some(id) = &key.id {
        header.insert("kid".to_owned(), Value::from(id.as_str()));
    }
    jws::sign(&signer, header, &claims).map_err(OAuthError::Key)
}

/// `Basic`, id and secret form-urlencoded before they are joined (RFC 6749 2.3.1).
pub fn basic(id: &str, secret: &str) -> Zeroizing<String> {
    let mut joined = Zeroizing::new(String::with_capacity(3 * (id.len() + secret.len()) + 1));
    joined.extend(byte_serialize(id.as_bytes()));
    joined.push(':');
    joined.extend(byte_serialize(secret.as_bytes()));
    let mut value = Zeroizing::new(String::with_capacity(joined.len() * 2 + 16));
    value.push_str("Basic ");
    STANDARD.encode_string(joined.as_bytes(), &mut value);
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::provider::BodyFormat;
    use crate::secret::ClientSecret;

    #[test]
    fn the_body_is_the_other_way_only_where_nothing_is_said() {
        let basic = ClientAuth::ClientSecretBasic;
        assert_eq!(
            other(&provider(""), basic),
            Some(ClientAuth::ClientSecretPost)
        );
        assert_eq!(
            other(&provider("client_auth = \"client_secret_basic\""), basic),
            None
        );
        assert_eq!(other(&provider(""), ClientAuth::None), None);
        let mut only_basic = provider("");
        only_basic.metadata.auth_methods = vec!["client_secret_basic".to_owned()];
        assert_eq!(other(&only_basic, basic), None);
    }

    fn provider(record: &str) -> Provider {
        toml::from_str(&format!("name = \"p\"\ndisplay_name = \"P\"\n{record}")).unwrap()
    }

    #[test]
    fn record_then_metadata_then_basic_decide() {
        let client = |secret: Option<&str>| {
            let secret = secret.map(|secret| ClientSecret::new(secret.to_owned()));
            Client::new("id", secret, ClientAuth::None)
        };
        let by = |record: &str, flow| choose(&provider(record), &client(Some("s")), flow);
        let (device, loopback) = (Flow::Device, Flow::Loopback);
        assert_eq!(by("", loopback), ClientAuth::ClientSecretBasic);
        assert_eq!(
            by(
                "[metadata]\nauth_methods = [\"client_secret_post\"]",
                loopback
            ),
            ClientAuth::ClientSecretPost
        );
        assert_eq!(
            by(
                "[metadata]\nauth_methods = [\"private_key_jwt\", \"none\"]",
                device
            ),
            ClientAuth::None
        );
        let record = "client_auth = \"client_secret_post\"\ndevice_client_auth = \"none\"";
        assert_eq!(by(record, loopback), ClientAuth::ClientSecretPost);
        assert_eq!(by(record, device), ClientAuth::None);
        assert_eq!(
            choose(&provider(record), &client(None), loopback),
            ClientAuth::None
        );
    }

    #[test]
    fn odd_ids_and_secrets_are_form_urlencoded_before_basic() {
        let value = basic("svc+odd id", "p@ss:w%rd+/=& ~");
        let decoded = STANDARD.decode(value.trim_start_matches("Basic ")).unwrap();
        assert_eq!(
            String::from_utf8(decoded).unwrap(),
            "svc%2Bodd+id:p%40ss%3Aw%25rd%2B%2F%3D%26+%7E"
        );
    }

    #[test]
    fn a_public_client_never_sends_the_secret_it_keeps() {
        let client = Client::new(
            "id",
            Some(ClientSecret::new("kept".to_owned())),
            ClientAuth::None,
        );
        let mut form = Form::new();
        let applied = apply(&client, &provider(""), "https://p.example/token", &mut form);
        assert!(applied.unwrap().is_none());
        let (_, body) = form.body(BodyFormat::Form);
        assert_eq!(body.as_slice(), b"client_id=id");
    }
}
