//! Opens an export of this program: by its passphrase or an identity.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::import::command::ImportArgs;
use crate::cli::import::file::{self, Source};
use crate::cli::import::offer::{Haul, Offer};
use crate::cli::passphrase;
use crate::clock::Timestamp;
use crate::model::credential::Standing;
use crate::model::provenance::Provenance;
use crate::vault::bundle::{self, Bundle, Bundled};
use crate::vault::error::VaultError;
use crate::vault::locked_file::{self, FileKey};
use std::path::Path;

/// How often a person may mistype.
const TYPED: usize = 3;

/// Reads all credentials of an export.
pub fn read(
    path: &Path,
    args: &ImportArgs,
    context: &Context,
    now: Timestamp,
) -> Result<Haul, Failure> {
    let source = file::named(path)?;
    let bundle = open(&source, args, context)?;
    let from = Provenance {
        from: "tokenward".to_owned(),
        file: source.kept(),
        at: now,
    };
    let offers = bundle.credentials.into_iter();
    let offers = offers.map(|one| offer(one, &from)).collect();
    Ok(Haul {
        offers,
        elsewhere: Vec::new(),
    })
}

fn open(source: &Source, args: &ImportArgs, context: &Context) -> Result<Bundle, Failure> {
    let place = source.place();
    let Some(wants_passphrase) = locked_file::wants_passphrase(&source.bytes) else {
        let bundle = bundle::read(&source.bytes, &place)?;
        context.output.say(&format!(
            "{} lies in the clear: remove it when this is done.",
            place.display()
        ));
        return Ok(bundle);
    };
    for tries in 1.. {
        let (key, typed) = key(wants_passphrase, args, context, &place)?;
        match locked_file::open(&source.bytes, &key, &place) {
            Ok(opened) => return Ok(bundle::read(&opened, &place)?),
            Err(VaultError::ExportNotOpened { .. }) if typed && tries < TYPED => {
                context.output.say("That passphrase does not open it.");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(VaultError::ExportNotOpened { path: place }.into())
}

/// What opens it, and whether a person typed it.
fn key(
    wants_passphrase: bool,
    args: &ImportArgs,
    context: &Context,
    place: &Path,
) -> Result<(FileKey, bool), Failure> {
    if !wants_passphrase {
        let globals = &context.globals;
        let file = args
            .export_identity
            .as_ref()
            .or(globals.identity_file.as_ref());
        let file = file.ok_or_else(|| VaultError::ExportNotOpened {
            path: place.to_path_buf(),
        })?;
        return Ok((
            FileKey::Identity(passphrase::identity_from_file(file)?),
            false,
        ));
    }
    if let Some(file) = &args.export_passphrase_file {
        return Ok((FileKey::Passphrase(passphrase::from_file(file)?), false));
    }
    if !context.output.can_ask() {
        let path = place.to_path_buf();
        return Err(VaultError::ExportNotOpened { path }.into());
    }
    let question = format!("Passphrase of {}: ", place.display());
    Ok((FileKey::Passphrase(passphrase::ask(&question)?), true))
}

fn offer(one: Bundled, from: &Provenance) -> Offer {
    let Bundled {
        mut profile,
        secret,
        ..
    } = one;
    let mut remarks = Vec::new();
    if let Some(before) = profile.provenance.replace(from.clone()) {
        remarks.push(format!("came from {} before", before.from));
    }
    if let Standing::NeedsLogin { cause } = &profile.standing {
        remarks.push(format!("wants a person to sign in again ({})", cause.code));
    }
    Offer {
        profile,
        secret,
        remarks,
    }
}
