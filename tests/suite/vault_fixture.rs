//! What the vault's tests share: recognisable secrets and a vault with some of everything.

use crate::sample;
use secrecy::ExposeSecret;
use std::path::Path;
use tokenward::clock::Timestamp;
use tokenward::model::client::{Client, ClientAuth};
use tokenward::model::credential::{CredentialId, Generation, PreviousRefresh, Profile, Secret};
use tokenward::model::event::{Activity, Happening};
use tokenward::model::name::CredentialName;
use tokenward::model::provider::Provider;
use tokenward::secret::{AccessToken, ClientSecret, IdToken, RefreshToken, VaultIdentity};
use tokenward::vault::file::VaultFile;
use tokenward::vault::open::OpenVault;
use tokenward::vault::slot::{Key, NewSlot};
use tokenward::vault::store::{Spending, Store, Write, Written};

/// An age identity and its recipient.
pub(crate) fn key_pair() -> (VaultIdentity, String) {
    let identity = age::x25519::Identity::generate();
    let recipient = identity.to_public().to_string();
    let text = identity.to_string().expose_secret().to_owned();
    (VaultIdentity::new(text), recipient)
}

/// A new vault with one key-file slot, and what opens it.
pub(crate) fn new_vault(path: &Path) -> (OpenVault, Key) {
    let (identity, recipient) = key_pair();
    let vault = VaultFile::create(path, NewSlot::Recipient(recipient), 1).unwrap();
    (vault, Key::Identity(identity.into()))
}

pub(crate) fn provider(name: &str) -> Provider {
    serde_json::from_value(serde_json::json!({
        "name": name,
        "display_name": name.to_uppercase(),
        "issuer": format!("https://{name}.example"),
        "endpoints": { "token": format!("https://{name}.example/token") },
    }))
    .unwrap()
}

pub(crate) fn client(name: &str) -> Client {
    Client::new(
        format!("client-of-{name}"),
        Some(ClientSecret::new(format!("marker-client-secret-{name}"))),
        ClientAuth::ClientSecretBasic,
    )
}

pub(crate) fn secret(vault: &OpenVault, name: &str, generation: u64) -> (Profile, Secret) {
    let name: CredentialName = name.parse().unwrap();
    let access = format!("marker-access-{name}-{generation}");
    let refresh = format!("marker-refresh-{name}-{generation}");
    let signed_in_at = Timestamp::from_secs(1_000);
    let profile = Profile {
        scopes: vec!["repo".to_owned(), "openid".to_owned()],
        client_auth: ClientAuth::ClientSecretBasic,
        issued_at: Timestamp::from_secs(1_000 + generation.cast_signed()),
        expires_at: Some(Timestamp::from_secs(4_600)),
        access_fingerprint: vault.fingerprint(&access),
        refresh_fingerprint: Some(vault.fingerprint(&refresh)),
        ..sample::profile(name, signed_in_at)
    };
    let provider_name = profile.name.provider().to_owned();
    let previous = generation.checked_sub(1).map(|before| PreviousRefresh {
        token: RefreshToken::new(format!("marker-refresh-{}-{before}", profile.name)),
        kept_until: Timestamp::from_secs(9_000),
    });
    let secret = Secret {
        bound_to: None,
        access: AccessToken::new(access),
        refresh: Some(RefreshToken::new(refresh)),
        previous_refresh: previous,
        id_token: Some(IdToken::new("marker-id-token".to_owned())),
        client: client(&provider_name),
        provider: provider(&provider_name),
    };
    (profile, secret)
}

pub(crate) fn sign_in(vault: &OpenVault, name: &str) -> Write {
    let (profile, secret) = secret(vault, name, 1);
    Write::SignIn {
        profile: Box::new(profile),
        secret: Box::new(secret),
    }
}

pub(crate) fn spend(vault: &OpenVault, id: CredentialId, name: &str, generation: u64) -> Write {
    Write::Spend(Spending {
        id,
        generation: Generation(generation),
        fingerprint: vault.fingerprint(&format!("marker-refresh-{name}-{generation}")),
        started_at: Timestamp::from_secs(2_000),
    })
}

pub(crate) fn rotate(vault: &OpenVault, id: CredentialId, name: &str, spent: u64) -> Write {
    let (profile, secret) = secret(vault, name, spent + 1);
    Write::Rotate {
        id,
        spent: Generation(spent),
        profile: Box::new(profile),
        secret: Box::new(secret),
    }
}

pub(crate) fn happened(name: &str) -> Write {
    Write::Activity(Activity::new(
        Timestamp::from_secs(2_001),
        Some(name.parse().unwrap()),
        Happening::SignedIn {
            generation: Generation(1),
        },
    ))
}

pub(crate) fn save(vault: &mut OpenVault, name: &str) -> CredentialId {
    let write = sign_in(vault, name);
    match vault.apply(vec![write]).unwrap()[..] {
        [Written::Saved(id, _)] => id,
        ref other => panic!("not saved: {other:?}"),
    }
}

/// Some of everything: four credentials, two clients, an open journal entry, activity, a second slot.
pub(crate) fn fill(vault: &mut OpenVault) {
    let names = [
        "github/alice",
        "github/bob",
        "google/carol",
        "keycloak/dave",
    ];
    let ids: Vec<CredentialId> = names.iter().map(|name| save(vault, name)).collect();
    let (_, recipient) = key_pair();
    vault.add_slot(&NewSlot::Recipient(recipient), 1).unwrap();
    let writes = vec![
        spend(vault, ids[0], names[0], 1),
        rotate(vault, ids[0], names[0], 1),
        spend(vault, ids[1], names[1], 1),
        Write::Client {
            provider: Box::new(provider("github")),
            client: client("github"),
        },
        Write::Client {
            provider: Box::new(provider("google")),
            client: client("google"),
        },
        happened(names[0]),
        happened(names[3]),
    ];
    vault.apply(writes).unwrap();
}

/// Everything a vault says, as text that can be compared; `Err` with the first refusal.
pub(crate) fn everything(vault: &mut OpenVault) -> Result<String, String> {
    use std::fmt::Write as _;
    let mut said = String::new();
    let mut profiles = Vec::new();
    vault
        .profiles(&mut |portion| profiles.extend(portion))
        .map_err(|error| error.to_string())?;
    for profile in profiles {
        let profile = profile.map_err(|error| error.to_string())?;
        let (generation, secret) = vault.secret(profile.id).map_err(|e| e.to_string())?;
        writeln!(said, "{profile:?} {generation:?} {}", reveal(&secret)).unwrap();
        for kept in vault.generations(profile.id).map_err(|e| e.to_string())? {
            let (told, profile) = (kept.told, kept.profile);
            writeln!(said, "{told:?} {profile:?} {}", reveal(&kept.secret)).unwrap();
        }
    }
    for provider in ["github", "google"] {
        let kept = vault.client(provider).map_err(|e| e.to_string())?;
        let kept = kept.map(|kept| {
            let secret = kept.client.secret.map(|s| s.expose_secret().to_owned());
            (kept.provider, kept.client.id, secret)
        });
        writeln!(said, "{kept:?}").unwrap();
    }
    let said_of = |error: tokenward::vault::error::VaultError| error.to_string();
    writeln!(said, "{:?}", vault.count().map_err(said_of)?).unwrap();
    writeln!(said, "{:?}", vault.clients().map_err(said_of)?).unwrap();
    writeln!(said, "{:?}", vault.open_spendings().map_err(said_of)?).unwrap();
    writeln!(said, "{:?}", vault.activity(None, 100).map_err(said_of)?).unwrap();
    let dave = "keycloak/dave".parse().unwrap();
    let about = vault.activity(Some(&dave), 100).map_err(said_of)?;
    writeln!(said, "{about:?}").unwrap();
    let token = vault.fingerprint("marker-refresh-github/alice-1");
    writeln!(
        said,
        "{:?}",
        vault.find_fingerprint(token).map_err(said_of)?
    )
    .unwrap();
    writeln!(said, "{:?}", vault.slots().map_err(said_of)?).unwrap();
    Ok(said)
}

/// All the secrets of a credential, to compare them.
pub(crate) fn reveal(secret: &Secret) -> String {
    format!(
        "{} {:?} {:?} {:?} {} {:?} {:?}",
        secret.access.expose_secret(),
        secret.refresh.as_ref().map(RefreshToken::expose_secret),
        secret
            .previous_refresh
            .as_ref()
            .map(|previous| (previous.token.expose_secret(), previous.kept_until)),
        secret.id_token.as_ref().map(IdToken::expose_secret),
        secret.client.id,
        secret
            .client
            .secret
            .as_ref()
            .map(ClientSecret::expose_secret),
        secret.provider,
    )
}
