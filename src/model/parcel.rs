//! A parcel: what came in while the vault was locked and waits for a person to take it in.

use crate::clock::Timestamp;
use crate::model::name::{CredentialName, NameError};
use serde::{Deserialize, Serialize};

/// What may be seen of a parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParcelView {
    /// Its number.
    pub id: i64,
    /// When it came, as whoever put it there says.
    pub at: Timestamp,
    /// What it is sealed to.
    pub recipient: String,
    /// What is in it; `None`: it does not open.
    pub content: Option<ParcelContent>,
}

/// What is in a parcel, in the words of whoever put it there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParcelContent {
    /// What it wants to be called.
    pub name: CredentialName,
    /// The provider, as people know it.
    pub provider: String,
    /// What put it there.
    pub from: String,
    /// The file it was read from.
    #[serde(default)]
    pub file: Option<String>,
    /// Where its refresh token would be sent; `None`: nothing of it is sent anywhere.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Scopes it carries.
    pub scopes: Vec<String>,
}

impl ParcelView {
    /// What it is called among credentials: its own name, or its number in the inbox where it does not open.
    pub fn name(&self) -> Result<CredentialName, NameError> {
        match &self.content {
            Some(content) => Ok(content.name.clone()),
            None => CredentialName::new("inbox", &self.id.to_string()),
        }
    }
}

impl ParcelContent {
    /// What put it there, with its file.
    pub fn told_from(&self) -> String {
        match &self.file {
            Some(file) => format!("{} ({file})", self.from),
            None => self.from.clone(),
        }
    }
}
