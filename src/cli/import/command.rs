//! The command itself: reads, shows what was found, asks, stores.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::import::apart;
use crate::cli::import::fate::{self, Fated};
use crate::cli::import::offer::{Haul, Offer};
use crate::cli::import::own;
use crate::cli::import::tools::{self, Tool};
use crate::cli::inbox::instead;
use crate::cli::session::Session;
use crate::cli::several::{self, Report};
use crate::clock::{self, Timestamp};
use crate::engine::api::Command;
use crate::model::name::CredentialName;
use crate::vault::parcel;
use clap::Args;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Arguments of `tokenward import`.
#[derive(Debug, Args)]
#[command(after_help = "\
FILE is what `tokenward export` wrote; with --from it is another tool's, and left out it is looked for where that tool
keeps it. What was found is shown before anything is done, never a token; then it wants a
yes. A name that is there already is asked about: nothing takes its place without --replace or an answer. Where each
credential is from stands in its story (`tokenward why`). What cannot be read in a file is told by its line or name, and the rest is
taken in. While the vault is locked it goes into the inbox on wish (--no-unlock), sealed to the vault, until it is taken in
there (`tokenward inbox`): all of it, or nothing when it was cut off.

    tokenward import --export-passphrase-file word.txt --yes laptop.age
    tokenward import --from git --dry-run

With --json: an array of objects with name and ok, from and replaced (with --no-unlock item, its number in the inbox), or
error, code and hint; with --dry-run one object with found (objects with name, provider, host, from, renewable, expires_at,
scopes, exists - null with --no-unlock - and remarks) and elsewhere (objects with what, why and hint).")]
pub struct ImportArgs {
    /// The file; `-` is standard input.
    #[arg(required_unless_present = "from")]
    pub file: Option<PathBuf>,
    /// The tool whose file it is.
    #[arg(long, value_name = "TOOL", value_enum)]
    from: Option<Tool>,
    /// Only these of what was found; may be given several times.
    #[arg(long, value_name = "NAME")]
    only: Vec<CredentialName>,
    /// What it is called here, when it is only one.
    #[arg(long = "as", value_name = "NAME")]
    name: Option<CredentialName>,
    /// Show what was found, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
    /// Let what is imported take the place of credentials of its name.
    #[arg(long, conflicts_with = "rename")]
    pub replace: bool,
    /// Give what is imported another name where one is taken: NAME-2.
    #[arg(long)]
    pub rename: bool,
    /// Do not unlock the vault: what was read waits in its inbox, sealed to it, until you take it in. Which names are taken
    /// is not known then.
    #[arg(long, conflicts_with_all = ["replace", "rename"])]
    no_unlock: bool,
    /// Let gh or Docker's helpers be run for what they keep in a keyring.
    #[arg(long, requires = "from")]
    pub helpers: bool,
    /// The client that refresh tokens belong to, where the file does not tell it.
    #[arg(long, value_name = "ID", requires = "from")]
    pub client_id: Option<String>,
    /// Read that client's secret from this file.
    #[arg(long, value_name = "FILE", requires = "client_id")]
    pub client_secret_file: Option<PathBuf>,
    /// Read the passphrase of an export from this file.
    #[arg(long, value_name = "FILE", visible_alias = "import-passphrase-file")]
    pub export_passphrase_file: Option<PathBuf>,
    /// Open an export with the age identity in this file; without it, --identity-file is tried.
    #[arg(long, value_name = "FILE")]
    pub export_identity: Option<PathBuf>,
}

/// Imports.
pub fn run(args: &ImportArgs, context: &Context) -> Result<(), Failure> {
    let now = clock::now();
    let mut haul = match (args.from, &args.file) {
        (Some(tool), _) => tools::read(tool, args, context, now)?,
        (None, Some(file)) => own::read(file, args, context, now)?,
        (None, None) => return Err(Failure::usage("name the file, or a tool: --from")),
    };
    choose(&mut haul, args)?;
    let taken = taken(args, context)?;
    if args.dry_run {
        return show(&haul, taken.as_ref(), context, now);
    }
    for one in &haul.elsewhere {
        context
            .output
            .say(&format!("{}: {}; {}", one.what, one.why, one.hint));
    }
    if haul.offers.is_empty() {
        return Err(nothing(&haul));
    }
    context
        .output
        .say(haul.table(now, taken.as_ref()).trim_end());
    let is_apart = taken.is_none();
    if is_apart {
        // What could not be kept is said before anybody is asked.
        parcel::check_room(&context.vault, haul.offers.len())?;
    }
    let fated = fate::decide(haul.offers, &taken.unwrap_or_default(), args, context)?;
    let names: Vec<CredentialName> = fated.iter().map(|one| one.offer.name().clone()).collect();
    let what = match is_apart {
        true => "Put into the inbox of the locked vault",
        false => "Take in",
    };
    several::confirm(context, args.yes, what, &names)?;
    match is_apart {
        true => apart::store(fated, context),
        false => store(fated, context),
    }
}

/// The names that are there; `None`: the vault stays locked, and its inbox is meant.
fn taken(
    args: &ImportArgs,
    context: &Context,
) -> Result<Option<BTreeSet<CredentialName>>, Failure> {
    if args.no_unlock {
        return Ok(None);
    }
    match names(context) {
        Err(failure) if failure.kind == Kind::Locked => {
            let may_wait = !args.replace && !args.rename;
            if may_wait && instead::is_wanted(context, "Import all the same? What was found waits")?
            {
                return Ok(None);
            }
            Err(failure.hint(
                "or import all the same; what was found waits in the vault's inbox: --no-unlock",
            ))
        }
        names => names.map(Some),
    }
}

/// Narrows what was found to what is wanted.
fn choose(haul: &mut Haul, args: &ImportArgs) -> Result<(), Failure> {
    for name in &args.only {
        if haul.offers.iter().all(|offer| offer.name() != name) {
            let text = format!("there is no {name} in it");
            return Err(Failure::new(Kind::NoSuchCredential, text)
                .hint("what is in it is shown by --dry-run"));
        }
    }
    if !args.only.is_empty() {
        haul.offers.retain(|offer| args.only.contains(offer.name()));
    }
    let Some(name) = &args.name else {
        return Ok(());
    };
    match &mut haul.offers[..] {
        [one] => {
            one.profile.name = name.clone();
            Ok(())
        }
        [] => Ok(()),
        [..] => {
            let text = format!(
                "{} credentials cannot all be named {name}",
                haul.offers.len()
            );
            Err(Failure::usage(text).hint("say which one: --only NAME"))
        }
    }
}

fn names(context: &Context) -> Result<BTreeSet<CredentialName>, Failure> {
    let views = Session::with(context, Session::all)?;
    let names = views.iter().map(|view| view.profile.name.clone());
    Ok(names.collect())
}

fn show(
    haul: &Haul,
    taken: Option<&BTreeSet<CredentialName>>,
    context: &Context,
    now: Timestamp,
) -> Result<(), Failure> {
    if context.output.json {
        return context.output.json_line(&haul.json(taken));
    }
    for one in &haul.elsewhere {
        context
            .output
            .say(&format!("{}: {}; {}", one.what, one.why, one.hint));
    }
    match haul.offers.is_empty() {
        true => Err(nothing(haul)),
        false => context.output.data(&haul.table(now, taken)),
    }
}

fn nothing(haul: &Haul) -> Failure {
    let failure = Failure::new(Kind::Failed, "nothing was found that can be taken in");
    let hints = haul.elsewhere.iter().map(|one| one.hint.clone());
    hints.fold(failure, Failure::hint)
}

/// Stores them one after the other. Of what was stored before an owner left, nothing is stored twice.
fn store(fated: Vec<Fated>, context: &Context) -> Result<(), Failure> {
    let mut done: BTreeMap<usize, Result<Value, Failure>> = BTreeMap::new();
    Session::with(context, |session| {
        for (at, Fated { offer, replaces }) in fated.iter().enumerate() {
            let name = offer.name();
            if matches!(done.get(&at), Some(Ok(_))) {
                continue;
            }
            let stored = take_in(session, offer, *replaces);
            if let Err(failure) = &stored
                && failure.kind == Kind::OwnerLeft
            {
                let text = format!("{name} could not be stored");
                return Err(Failure::new(Kind::OwnerLeft, text));
            }
            done.insert(at, stored);
        }
        Ok(())
    })?;
    let said = |name: &CredentialName, detail: &Value| match detail["replaced"] == true {
        true => format!("{name}: imported, in the place of the one there was"),
        false => format!("{name}: imported"),
    };
    let named = |(at, stored): (usize, _)| Some((fated.get(at)?.offer.name().clone(), stored));
    Report::new(done.into_iter().filter_map(named).collect()).print(context, said)
}

fn take_in(session: &Session, offer: &Offer, replaces: bool) -> Result<Value, Failure> {
    let view = session.ask(|reply| Command::Import {
        profile: Box::new(offer.profile.clone()),
        secret: Box::new(offer.secret.duplicate()),
        replaces,
        reply,
    })?;
    let from = view.profile.provenance.clone();
    Ok(json!({ "from": from, "replaced": replaces }))
}
