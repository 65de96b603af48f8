//! `tokenward export`: whole credentials in one age file, to be kept or taken to another machine.

use crate::cli::again;
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::gathered::{self, Gathered};
use crate::cli::moved::{Forgotten, forget};
use crate::cli::new_passphrase::{Sealing, is_yes};
use crate::cli::passphrase;
use crate::cli::session::Session;
use crate::cli::several::Report;
use crate::cli::unlock::{self, Answered};
use crate::engine::api::Command;
use crate::model::credential::Generation;
use crate::model::name::CredentialName;
use crate::paths::without_links;
use crate::vault::bundle::{self, Bundled};
use crate::vault::draft::Draft;
use crate::vault::error::VaultError;
use crate::vault::key_file;
use crate::vault::locked_file::{self, FileKey, FileLock};
use crate::vault::open::OpenVault;
use clap::Args;
use serde_json::json;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Names that are sent to the owner at once.
const PORTION: usize = 200;
/// How often the credentials are read again when one was refreshed meanwhile.
const TRIES: usize = 20;
/// Between two of those.
const PAUSE: Duration = Duration::from_millis(250);
/// How often a person may mistype.
const TYPED: usize = 3;

/// Arguments of `tokenward export`.
#[derive(Debug, Args)]
#[command(
    override_usage = "tokenward export [OPTIONS] <NAME>... <FILE>\n       tokenward export [OPTIONS] --all <FILE>",
    after_help = "\
The file is one stock age file: `age -d FILE` shows the JSON in it, and `tokenward import FILE` takes it in. It holds
refresh tokens and client secrets: who opens it has what you have. The vault is opened for it (a living owner never
gives a refresh token away), and each credential leaves a line in the activity log before the file is there.

Where a provider replaces the refresh token at each use, two holders end each other's sign-in: --move forgets the
credential here once the file was read back; at a terminal it is offered.
With --json: one object with file, bytes, moved (all of them) and credentials (objects with name, generation, rotates and
moved, and where that failed error, code and hint)."
)]
pub struct ExportArgs {
    /// Which credentials, provider/account; the file to be written comes last.
    #[arg(required = true, num_args = 1.., value_name = "NAME... FILE")]
    names_and_file: Vec<String>,
    /// All of them, but for those that were revoked.
    #[arg(long)]
    all: bool,
    /// Seal it to this recipient (age1...); may be given several times. Without it, a new passphrase is asked for, twice.
    #[arg(long, value_name = "RECIPIENT")]
    recipient: Vec<String>,
    /// Read the passphrase of the file from this file.
    #[arg(long, value_name = "FILE", conflicts_with = "recipient")]
    export_passphrase_file: Option<PathBuf>,
    /// With --recipient: an identity that has to open the file before anything is forgotten here.
    #[arg(long, value_name = "FILE", requires = "recipient")]
    export_identity: Option<PathBuf>,
    /// How a passphrase is judged and sealed with.
    #[command(flatten)]
    sealing: Sealing,
    /// Forget the credentials here once the file was read back.
    #[arg(long = "move", conflicts_with = "copy")]
    moves: bool,
    /// Keep them here too, and do not ask.
    #[arg(long)]
    copy: bool,
    /// Replace a file that is there.
    #[arg(long)]
    force: bool,
}

/// What is exported where.
struct Wish<'a> {
    names: Option<Vec<CredentialName>>,
    file: &'a Path,
}

/// Exports.
pub fn run(args: &ExportArgs, context: &Context) -> Result<(), Failure> {
    let wish = wish(args)?;
    check_place(args, wish.file, context)?;
    let (answered, mut vault) = begin(context)?;
    let first = gathered::read(&mut vault, wish.names.as_deref())?;
    let lock = lock(args, context)?;
    let moves = moves(args, &first, context)?;
    let (sealed, found) = seal_and_note(context, &answered, (&mut vault, &wish), &lock, first)?;
    drop(vault);
    let bytes = publish(args, wish.file, &sealed, &lock)?;
    let forgotten = match moves {
        true => {
            same(wish.file, &sealed)?;
            forget(context, &answered, (&found, wish.file))
        }
        false => Forgotten::new(),
    };
    tell(&wish, &found, (forgotten, bytes), context)
}

fn wish(args: &ExportArgs) -> Result<Wish<'_>, Failure> {
    let (file, names) = args
        .names_and_file
        .split_last()
        .ok_or_else(|| Failure::usage("name the file to be written"))?;
    let missing = |text: &str| Failure::usage(text).hint("see: tokenward export --help");
    let names = match (args.all, names) {
        (true, []) => None,
        (true, _) => return Err(missing("--all stands alone, with the file only")),
        (false, []) => return Err(missing("name the credentials (or --all), then the file")),
        (false, names) => {
            let parse = |name: &String| {
                name.parse::<CredentialName>()
                    .map_err(|error| Failure::usage(format!("{name}: {error}")))
            };
            Some(names.iter().map(parse).collect::<Result<Vec<_>, _>>()?)
        }
    };
    if file == "-" {
        let text = "tokens are never written to stdout";
        return Err(Failure::usage(text).hint("name a file"));
    }
    let file = Path::new(file);
    Ok(Wish { names, file })
}

fn check_place(args: &ExportArgs, file: &Path, context: &Context) -> Result<(), Failure> {
    if without_links(file) == without_links(&context.vault) {
        let text = format!("{} is the vault itself", file.display());
        return Err(Failure::new(Kind::Failed, text).hint("name another file"));
    }
    match file.exists() && !args.force {
        true => Err(exists(file)),
        false => Ok(()),
    }
}

fn exists(file: &Path) -> Failure {
    let text = format!("{} exists already", file.display());
    Failure::new(Kind::Failed, text).hint("name another file, or say --force to replace this one")
}

/// Opens the vault for reading, whoever owns it: this is where its secrets begin to leave.
fn begin(context: &Context) -> Result<(Answered, OpenVault), Failure> {
    for tries in 1.. {
        let answered = unlock::answer(context)?;
        match unlock::look_at(context)?.unlock(answered.key()) {
            Ok(vault) => {
                again::unless_shown(&answered, context, "an export")?;
                return Ok((answered, vault));
            }
            Err(VaultError::WrongPassphrase) if answered.by_a_person() && tries < TYPED => {
                context.output.say("That passphrase opens nothing here.");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(VaultError::WrongPassphrase.into())
}

fn lock(args: &ExportArgs, context: &Context) -> Result<FileLock, Failure> {
    if !args.recipient.is_empty() {
        let recipients = args.recipient.iter().map(|one| key_file::recipient(one));
        return Ok(FileLock::Recipients(recipients.collect::<Result<_, _>>()?));
    }
    let file = args.export_passphrase_file.as_deref();
    if file.is_none() {
        context.output.say("The file gets a passphrase of its own.");
    }
    let passphrase = args.sealing.new_passphrase(file, context.output)?;
    let passphrase = passphrase.ok_or_else(|| {
        Failure::usage("the file needs a passphrase, and nobody is here to ask for one")
            .hint("give one in a file: --export-passphrase-file FILE, or a recipient: --recipient age1...")
    })?;
    let work_factor = args.sealing.work_factor(context);
    Ok(FileLock::Passphrase(passphrase, work_factor))
}

/// Says which of them two holders would take from each other, and whether they are forgotten here.
fn moves(args: &ExportArgs, found: &Gathered, context: &Context) -> Result<bool, Failure> {
    let rotating: Vec<&CredentialName> = found.rotating().collect();
    for name in &rotating {
        context.output.say(&format!(
            "{name}: its refresh token is replaced at each use; of two who hold it, whoever refreshes first ends the other's \
             sign-in."
        ));
    }
    if args.moves || args.copy || rotating.is_empty() {
        return Ok(args.moves);
    }
    if !context.output.can_ask() {
        context.output.say(
            "They stay here too. To take them away from here: --move; to keep them without this word: --copy.",
        );
        return Ok(false);
    }
    let question = "Forget all that is exported here, once the file was read back? [y/N] ";
    Ok(is_yes(&context.output.ask(question)?))
}

/// Seals what is exported, and has it noted. What was refreshed meanwhile is read again: its old refresh token may be
/// spent.
fn seal_and_note(
    context: &Context,
    answered: &Answered,
    (vault, wish): (&mut OpenVault, &Wish<'_>),
    lock: &FileLock,
    first: Gathered,
) -> Result<(Vec<u8>, Gathered), Failure> {
    let mut found = first;
    for _ in 0..TRIES {
        let sealed = locked_file::seal(lock, &bundle::write(&found.bundle))?;
        let moved = note(context, answered, &found)?;
        let Some(name) = moved.first() else {
            return Ok((sealed, found));
        };
        tracing::debug!(%name, "it was refreshed meanwhile");
        std::thread::sleep(PAUSE);
        found = gathered::read(vault, wish.names.as_deref())?;
    }
    let text = "what is exported is being refreshed all the time";
    Err(Failure::new(Kind::Unavailable, text).hint("try again in a moment"))
}

fn note(
    context: &Context,
    answered: &Answered,
    found: &Gathered,
) -> Result<Vec<CredentialName>, Failure> {
    let held: Vec<(CredentialName, Generation)> = found.generations().collect();
    Session::with_key(context, Some(answered), |session| {
        for portion in held.chunks(PORTION) {
            let credentials = portion.to_vec();
            let moved = session.ask(|reply| Command::NoteExport { credentials, reply })?;
            if !moved.is_empty() {
                return Ok(moved);
            }
        }
        Ok(Vec::new())
    })
}

/// Writes the file whole, reads it back, and gives it its name only then.
fn publish(
    args: &ExportArgs,
    file: &Path,
    sealed: &[u8],
    lock: &FileLock,
) -> Result<usize, Failure> {
    let draft = Draft::beside(file)?;
    let mut open = fs::File::options().write(true).open(draft.path())?;
    open.write_all(sealed)?;
    drop(open);
    read_back(args, draft.path(), sealed, lock)?;
    draft
        .publish(file, args.force)
        .map_err(|error| match error {
            VaultError::Exists { .. } => exists(file),
            other => other.into(),
        })?;
    Ok(sealed.len())
}

/// Refuses a file that is not what was sealed, or that does not open.
fn read_back(
    args: &ExportArgs,
    file: &Path,
    sealed: &[u8],
    lock: &FileLock,
) -> Result<(), Failure> {
    same(file, sealed)?;
    let key = match (lock, &args.export_identity) {
        (FileLock::Passphrase(passphrase, _), _) => FileKey::Passphrase(passphrase.duplicate()),
        (FileLock::Recipients(_), Some(path)) => {
            FileKey::Identity(passphrase::identity_from_file(path)?)
        }
        // Whose recipients they are opens it elsewhere.
        (FileLock::Recipients(_), None) => return Ok(()),
    };
    let opened = locked_file::open(sealed, &key, file)?;
    bundle::read(&opened, file)?;
    Ok(())
}

fn same(file: &Path, sealed: &[u8]) -> Result<(), Failure> {
    match fs::read(file)? == sealed {
        true => Ok(()),
        false => Err(VaultError::ExportDamaged {
            path: file.to_path_buf(),
        }
        .into()),
    }
}

fn tell(
    wish: &Wish<'_>,
    found: &Gathered,
    (forgotten, bytes): (Forgotten, usize),
    context: &Context,
) -> Result<(), Failure> {
    match context.output.json {
        true => tell_machines(wish, found, (&forgotten, bytes), context)?,
        false => tell_people(wish, found, &forgotten, context),
    }
    let lines = forgotten.into_iter();
    let lines = lines.map(|(name, result)| (name, result.map(|()| json!({}))));
    Report::new(lines.collect()).verdict()
}

fn tell_machines(
    wish: &Wish<'_>,
    found: &Gathered,
    (forgotten, bytes): (&Forgotten, usize),
    context: &Context,
) -> Result<(), Failure> {
    let credential = |one: &Bundled| {
        let name = &one.profile.name;
        let mut said = json!({
            "name": name,
            "generation": one.generation,
            "rotates": gathered::rotates(one),
            "moved": matches!(forgotten.get(name), Some(Ok(()))),
        });
        if let Some(Err(failure)) = forgotten.get(name) {
            said["error"] = failure.source.to_string().into();
            said["code"] = failure.kind.word().into();
            said["hint"] = failure.hints.join("; ").into();
        }
        said
    };
    let credentials = found.bundle.credentials.iter().map(credential);
    let moved = !forgotten.is_empty() && forgotten.values().all(Result::is_ok);
    context.output.json_line(&json!({
        "file": wish.file,
        "bytes": bytes,
        "moved": moved,
        "credentials": credentials.collect::<Vec<_>>(),
    }))
}

fn tell_people(wish: &Wish<'_>, found: &Gathered, forgotten: &Forgotten, context: &Context) {
    let say = |text: &str| context.output.say(text);
    for name in &found.revoked {
        say(&format!("{name}: was revoked, and is not exported"));
    }
    let many = crate::tui::words::count(found.bundle.credentials.len(), "credential");
    say(&format!("Wrote {}: {many}.", wish.file.display()));
    let is_one = forgotten.len() == 1;
    for (name, result) in forgotten {
        match result {
            Ok(()) => say(&format!("{name}: forgotten here")),
            // Of one alone it is said at the end.
            Err(_) if is_one => {}
            Err(failure) => {
                let why = failure.causes().join(": ");
                say(&format!("{name}: is in the file and still here: {why}"));
            }
        }
    }
}
