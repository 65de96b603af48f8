//! What was found in a file: credentials that can be taken in, and what lies elsewhere.

use crate::cli::span;
use crate::cli::table::Table;
use crate::clock::Timestamp;
use crate::model::credential::{Flow, Profile, Secret};
use crate::model::name::CredentialName;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A credential that can be taken in; its profile says where it is from.
#[derive(Debug)]
pub struct Offer {
    /// What may be seen of it, under the name it gets.
    pub profile: Profile,
    /// Its tokens.
    pub secret: Secret,
    /// What a person should know before: what is missing, what is odd.
    pub remarks: Vec<String>,
}

/// Something that was found and cannot be taken from there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Elsewhere {
    /// What.
    pub what: String,
    /// Why not.
    pub why: String,
    /// What gets it out.
    pub hint: String,
}

/// All that was found.
#[derive(Debug, Default)]
pub struct Haul {
    /// What can be taken in.
    pub offers: Vec<Offer>,
    /// What cannot.
    pub elsewhere: Vec<Elsewhere>,
}

impl Offer {
    /// Its name.
    pub fn name(&self) -> &CredentialName {
        &self.profile.name
    }

    /// What it is, in words.
    pub fn kind(&self) -> &'static str {
        match self.profile.flow {
            Flow::ApiKey => "token, as it is",
            Flow::ClientCredentials => "client credentials",
            Flow::Device | Flow::Loopback if self.profile.is_renewable() => "refreshed by itself",
            Flow::Device | Flow::Loopback => "token, not refreshed",
        }
    }
}

impl Haul {
    /// The table that is shown before anything is done; `taken` are the names that are there, where they are known.
    pub fn table(&self, now: Timestamp, taken: Option<&BTreeSet<CredentialName>>) -> String {
        let mut table = Table::new(&["NAME", "PROVIDER", "WHAT", "EXPIRES IN", "REMARKS"]);
        for offer in &self.offers {
            let expiry = match offer.profile.expires_at {
                None => "-".to_owned(),
                Some(end) if end <= now => "over".to_owned(),
                Some(end) => span::show(now.until(end)),
            };
            let mut remarks = offer.remarks.clone();
            if taken.is_some_and(|taken| taken.contains(offer.name())) {
                remarks.insert(0, "there is one of this name".to_owned());
            }
            table.row(vec![
                offer.name().to_string(),
                offer.profile.provider_name.clone(),
                offer.kind().to_owned(),
                expiry,
                remarks.join("; "),
            ]);
        }
        table.wrapped(140).render()
    }

    /// The same for machines.
    pub fn json(&self, taken: Option<&BTreeSet<CredentialName>>) -> Value {
        let found = self.offers.iter().map(|offer| {
            let profile = &offer.profile;
            json!({
                "name": profile.name,
                "provider": profile.provider_name,
                "host": profile.host,
                "from": profile.provenance,
                "renewable": profile.is_renewable(),
                "expires_at": profile.expires_at.filter(|_| !profile.ended_untold()),
                "scopes": profile.scopes,
                "exists": taken.map(|taken| taken.contains(&profile.name)),
                "remarks": offer.remarks,
            })
        });
        json!({ "found": found.collect::<Vec<_>>(), "elsewhere": self.elsewhere })
    }
}
