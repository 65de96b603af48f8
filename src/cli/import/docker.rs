//! Reads the registries of Docker's settings (podman's `auth.json` has the same form).

use crate::cli::import::file::Source;
use crate::cli::import::helper::Helper;
use crate::cli::import::made::Found;
use crate::cli::import::offer::Elsewhere;
use crate::cli::import::reading::{Read, Unread, json};
use crate::cli::import::record;
use crate::secret::AccessToken;
use crate::vault::secret_wire::Hidden;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// The user name by which a helper says that its secret is an identity token.
const TOKEN: &str = "<token>";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    #[serde(default)]
    auths: BTreeMap<String, Auth>,
    creds_store: Option<String>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Auth {
    auth: Option<Hidden>,
    identitytoken: Option<Hidden>,
    registrytoken: Option<Hidden>,
    username: Option<String>,
    password: Option<Hidden>,
}

/// What a helper answers to `get`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: Hidden,
}

/// Reads the settings; what helpers keep is fetched from them where that is wished.
pub fn read(source: &Source, helpers: Option<&dyn Helper>) -> Result<Read, Unread> {
    let settings: Settings = json(&source.bytes)?;
    let mut read = Read::default();
    for (registry, auth) in settings.auths {
        let own = settings.cred_helpers.get(&registry);
        let helper = own.or(settings.creds_store.as_ref());
        match (taken(&registry, auth)?, helper) {
            (Some(found), _) => read.found.push(found),
            (None, Some(helper)) => read.add(kept(&registry, helper, helpers)),
            (None, None) => {}
        }
    }
    for (registry, helper) in &settings.cred_helpers {
        read.add(kept(registry, helper, helpers));
    }
    Ok(read)
}

/// What stands in the settings themselves.
fn taken(registry: &str, auth: Auth) -> Result<Option<Found>, Unread> {
    let pair = match auth.auth.map(|it| Zeroizing::new(it.take())) {
        Some(text) if !text.is_empty() => Some(pair(&text)?),
        _ => auth
            .username
            .zip(auth.password.map(|it| Zeroizing::new(it.take()))),
    };
    let user = pair.as_ref().map(|(user, _)| user.clone());
    let password = pair.map(|(_, password)| password);
    let identity = auth
        .identitytoken
        .map(Hidden::take)
        .filter(|token| !token.is_empty());
    let bearer = auth
        .registrytoken
        .map(Hidden::take)
        .filter(|token| !token.is_empty());
    let is_identity = identity.is_some();
    let password = password.map(|mut it| std::mem::take(&mut *it));
    let password = password.filter(|it| !it.is_empty());
    let Some(token) = identity.or(bearer).or(password) else {
        return Ok(None);
    };
    Ok(Some(found(
        registry,
        user.unwrap_or_default(),
        token,
        is_identity,
    )))
}

/// User and password of `auth`, base64 of the two with a colon between.
fn pair(text: &str) -> Result<(String, Zeroizing<String>), Unread> {
    let bytes = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| Unread::Shape)?);
    let text = std::str::from_utf8(&bytes).map_err(|_| Unread::Shape)?;
    let (user, password) = text.split_once(':').ok_or(Unread::Shape)?;
    // What an old Docker wrote ends with a zero byte.
    let password = password.trim_end_matches('\0');
    Ok((user.to_owned(), Zeroizing::new(password.to_owned())))
}

fn found(registry: &str, user: String, token: String, is_identity: bool) -> Found {
    let host = registry.strip_prefix("https://").unwrap_or(registry);
    let host = host.split('/').next().unwrap_or_default();
    let mut found = Found::of(
        record::own(host),
        if user == TOKEN { "token" } else { &user },
    );
    found.access = Some(AccessToken::new(token));
    if is_identity || user == TOKEN {
        found
            .remarks
            .push("an identity token: the registry exchanges it itself".to_owned());
    }
    if !user.is_empty() && user != TOKEN {
        found.kept.insert("username".to_owned(), user);
    }
    found
}

/// What a helper keeps.
fn kept(registry: &str, helper: &str, helpers: Option<&dyn Helper>) -> Read {
    let program = format!("docker-credential-{helper}");
    let elsewhere = |why: String| {
        Read::elsewhere(Elsewhere {
            what: registry.to_owned(),
            why,
            hint: format!(
                "let it be asked: --helpers (it runs `{program} get`), or see what it has: {program} list"
            ),
        })
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if helper.is_empty() || !helper.chars().all(is_plain) {
        return elsewhere("the helper that keeps it has no usable name".to_owned());
    }
    let Some(helpers) = helpers else {
        return elsewhere(format!("{program} keeps it"));
    };
    let said = match helpers.ask(&program, &["get"], registry) {
        Ok(said) => said,
        Err(why) => return elsewhere(why),
    };
    match json::<Answer>(&said) {
        Ok(Answer { username, secret }) => {
            Read::found(found(registry, username, secret.take(), false))
        }
        Err(_) => elsewhere(format!("{program} gave no credential")),
    }
}
