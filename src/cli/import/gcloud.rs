//! Reads Google's application default credentials, and those of gcloud's accounts.

use crate::cli::import::file::Source;
use crate::cli::import::made::Found;
use crate::cli::import::offer::Elsewhere;
use crate::cli::import::reading::{Read, Unread, json};
use crate::model::client::ClientAuth;
use crate::model::provider::Provider;
use crate::oauth::catalogue;
use crate::secret::{ClientSecret, RefreshToken};
use crate::vault::secret_wire::Hidden;
use serde::Deserialize;
use std::path::Path;
use std::sync::Arc;

/// What stands in such a file (google-auth calls them by their `type`).
#[derive(Deserialize)]
struct Adc {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    account: String,
    client_id: Option<String>,
    client_secret: Option<Hidden>,
    refresh_token: Option<Hidden>,
    #[serde(default)]
    scopes: Vec<String>,
    quota_project_id: Option<String>,
    client_email: Option<String>,
}

/// Reads one file; the account is the one it names, else its folder's (`legacy_credentials/ACCOUNT/adc.json`).
pub fn read(source: &Source) -> Result<Read, Unread> {
    let adc: Adc = json(&source.bytes)?;
    match adc.kind.as_str() {
        "authorized_user" => Ok(Read::found(user(adc, source))),
        "service_account" => Ok(Read::elsewhere(Elsewhere {
            what: format!("service account {}", adc.client_email.unwrap_or_default()),
            why: "it signs for itself with a private key, and holds no token".to_owned(),
            hint: "get tokens of it with: gcloud auth application-default print-access-token"
                .to_owned(),
        })),
        "external_account"
        | "external_account_authorized_user"
        | "impersonated_service_account" => Ok(Read::elsewhere(Elsewhere {
            what: format!("Google credential of the type {}", adc.kind),
            why: "its tokens come from another one at each use".to_owned(),
            hint: "get tokens of it with: gcloud auth application-default print-access-token"
                .to_owned(),
        })),
        _ => Err(Unread::Shape),
    }
}

fn user(adc: Adc, source: &Source) -> Found {
    let account = match adc.account.is_empty() {
        false => adc.account,
        true => folder(source).unwrap_or_else(|| "application-default".to_owned()),
    };
    let listed = catalogue::find("google").map(Arc::unwrap_or_clone);
    let google = listed.unwrap_or_else(|| Provider::unknown("google", "Google"));
    let mut found = Found::of(google, account);
    found.client_id = adc.client_id;
    found.client_secret = adc.client_secret.map(|it| ClientSecret::new(it.take()));
    found.client_auth = Some(ClientAuth::ClientSecretPost);
    found.refresh = adc.refresh_token.map(|it| RefreshToken::new(it.take()));
    found.scopes = adc.scopes;
    let quota = adc
        .quota_project_id
        .map(|it| ("quota_project_id".to_owned(), it));
    found.kept.extend(quota);
    found
}

/// The account whose folder the file is in.
fn folder(source: &Source) -> Option<String> {
    let path = source.path.as_deref()?;
    let (folder, file) = (path.parent()?, path.file_name()?);
    let is_legacy =
        folder.parent()?.file_name() == Some(Path::new("legacy_credentials").as_os_str());
    (is_legacy && file == "adc.json").then(|| folder.file_name()?.to_str().map(str::to_owned))?
}
