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
    let mut settings: Settings = json(&source.bytes)?;
    let mut read = Read::default();
    for (registry, auth) in settings.auths {
        // It stands in both; what is taken here is not asked for again.
        let own = settings.cred_helpers.remove(&registry);
        let helper = own.as_ref().or(settings.creds_store.as_ref());
        if let Some(of_the_hub) = of_the_hub(&registry) {
            read.elsewhere.push(of_the_hub);
            continue;
        }
        match (taken(&registry, auth), helper) {
            (Ok(Some(found)), _) => read.found.push(found),
            (Ok(None), Some(helper)) => read.add(kept(&registry, helper, helpers)),
            (Ok(None), None) => {}
            (Err(_), _) => read.elsewhere.push(Elsewhere {
                what: registry,
                why: "what is kept of it is not what Docker writes".to_owned(),
                hint: "sign in there again: docker login".to_owned(),
            }),
        }
    }
    for (registry, helper) in &settings.cred_helpers {
        match of_the_hub(registry) {
            Some(of_the_hub) => read.elsewhere.push(of_the_hub),
            None => read.add(kept(registry, helper, helpers)),
        }
    }
    Ok(read)
}

/// What the sign-in by a browser leaves beside the registry's own entry: tokens of the account, which Docker renews
/// itself. A refresh token that is kept as a key would be handed out as one.
fn of_the_hub(registry: &str) -> Option<Elsewhere> {
    let path = registry.trim_end_matches('/');
    let is_it = path.ends_with("/v1/access-token") || path.ends_with("/v1/refresh-token");
    is_it.then(|| Elsewhere {
        what: registry.to_owned(),
        why: "it is Docker's own token for the account at Docker Hub, which only Docker renews".to_owned(),
        hint: "the registry's own entry is enough; for programs make an access token in the account's settings there"
            .to_owned(),
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    /// Has the same for everybody, and counts.
    #[derive(Default)]
    struct Asked(RefCell<Vec<String>>);

    impl Helper for Asked {
        fn ask(
            &self,
            program: &str,
            _: &[&str],
            input: &str,
        ) -> Result<Zeroizing<Vec<u8>>, String> {
            self.0.borrow_mut().push(format!("{program} {input}"));
            let said = r#"{"ServerURL":"x","Username":"me","Secret":"hidden"}"#;
            Ok(Zeroizing::new(said.as_bytes().to_vec()))
        }
    }

    fn read_asking(settings: &str) -> (Read, Vec<String>) {
        let asked = Asked::default();
        let source = Source {
            bytes: Zeroizing::new(settings.as_bytes().to_vec()),
            path: None,
        };
        let read = read(&source, Some(&asked)).unwrap();
        (read, asked.0.into_inner())
    }

    fn names(read: &Read) -> Vec<String> {
        let found = read.found.iter();
        let named = found.map(|one| format!("{}/{}", one.provider.name, one.account));
        named.collect()
    }

    #[test]
    fn a_registry_with_a_helper_of_its_own_is_asked_about_once() {
        let settings = r#"{"auths": {"gcr.io": {}, "kept.example": {}},
            "credsStore": "all", "credHelpers": {"gcr.io": "own", "ghcr.io": "own"}}"#;
        let (read, asked) = read_asking(settings);
        assert_eq!(names(&read), ["gcr.io/me", "kept.example/me", "ghcr.io/me"]);
        let expected = [
            "docker-credential-own gcr.io",
            "docker-credential-all kept.example",
            "docker-credential-own ghcr.io",
        ];
        assert_eq!(asked, expected);
    }

    #[test]
    fn dockers_own_tokens_of_an_account_are_left_out() {
        let settings = r#"{"auths": {
            "https://index.docker.io/v1/": {"auth": "bWU6aGlkZGVu"},
            "https://index.docker.io/v1/access-token": {"auth": "bWU6aGlkZGVu"},
            "https://index.docker.io/v1/refresh-token": {}},
            "credsStore": "all"}"#;
        let (read, asked) = read_asking(settings);
        assert_eq!(names(&read), ["index.docker.io/me"]);
        assert_eq!(asked, Vec::<String>::new());
        let whats: Vec<&str> = read.elsewhere.iter().map(|one| one.what.as_str()).collect();
        let expected = [
            "https://index.docker.io/v1/access-token",
            "https://index.docker.io/v1/refresh-token",
        ];
        assert_eq!(whats, expected);
    }

    #[test]
    fn one_registry_that_cannot_be_read_stops_no_other() {
        let settings = r#"{"auths": {"a.example": {"auth": "hidden?"}, "b.example": {"auth": "bWU6aGlkZGVu"}}}"#;
        let (read, _) = read_asking(settings);
        assert_eq!(names(&read), ["b.example/me"]);
        assert_eq!(read.elsewhere[0].what, "a.example");
    }
}
