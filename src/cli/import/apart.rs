//! What was read while the vault is locked: put into its inbox, sealed, all of it or nothing.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::import::fate::Fated;
use crate::cli::several::Report;
use crate::engine::api::Refusal;
use crate::model::credential::Generation;
use crate::model::name::CredentialName;
use crate::vault::bundle::Bundled;
use crate::vault::parcel;
use serde_json::{Value, json};

/// Puts them there, and tells which item each is.
pub fn store(fated: Vec<Fated>, context: &Context) -> Result<(), Failure> {
    let mut lines: Vec<(CredentialName, Result<Value, Failure>)> = Vec::new();
    let mut kept: Vec<Bundled> = Vec::new();
    for Fated { offer, .. } in fated {
        let name = offer.name().clone();
        if offer.profile.standing.is_revoked() {
            let refusal = Refusal::Revoked { name: name.clone() };
            lines.push((name, Err(refusal.into())));
        } else {
            kept.push(Bundled {
                generation: Generation(1),
                profile: offer.profile,
                secret: offer.secret,
            });
        }
    }
    let from = kept.iter().find_map(|it| it.profile.provenance.as_ref());
    let from = from.map_or_else(String::new, |it| it.from.clone());
    let from = format!("{from} while the vault was locked");
    let of_each = |it: &Bundled| (it.profile.name.clone(), json!(it.profile.provenance));
    let told: Vec<(CredentialName, Value)> = kept.iter().map(of_each).collect();
    let put = parcel::put_all(&context.vault, &from, kept)?;
    for ((name, from), item) in told.into_iter().zip(put) {
        lines.push((name, Ok(json!({ "from": from, "item": item }))));
    }
    Report::new(lines).print(context, |name, detail| {
        format!("{name}: waits in the inbox, item {}", detail["item"])
    })?;
    context
        .output
        .say("Unlock the vault, then take it in: tokenward inbox, or the inbox of the UI");
    Ok(())
}
