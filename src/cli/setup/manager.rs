//! Files for a service manager: printed, written with the ones before kept, or taken away again.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::setup::command::Wish;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// One file.
#[derive(Debug)]
pub struct ManagedFile {
    /// Where it belongs.
    pub place: PathBuf,
    /// What belongs into it.
    pub text: String,
    /// By this it is known as one of ours.
    pub mark: &'static str,
}

/// Prints them, writes them, or takes them away; gives whether anything was changed.
pub fn fulfil(files: &[ManagedFile], wish: Wish, context: &Context) -> Result<bool, Failure> {
    if wish.undo {
        return undo(files, context);
    }
    if wish.write {
        return write(files, context).map(|()| true);
    }
    for file in files {
        let place = file.place.display();
        context.output.say(&format!("{place}:"));
        context.output.data(&file.text)?;
    }
    Ok(false)
}

fn write(files: &[ManagedFile], context: &Context) -> Result<(), Failure> {
    for file in files {
        if let Some(folder) = file.place.parent() {
            fs::create_dir_all(folder).map_err(|error| within(error, folder))?;
        }
        let place = file.place.display();
        let before = read(&file.place)?;
        if before.as_deref() == Some(file.text.as_str()) {
            context.output.say(&format!("{place} is as it should be."));
            continue;
        }
        if before.is_some() {
            let old = kept_as(&file.place);
            fs::rename(&file.place, &old).map_err(|error| within(error, &old))?;
            let old = old.display();
            context
                .output
                .say(&format!("The one before is kept as {old}."));
        }
        fs::write(&file.place, &file.text).map_err(|error| within(error, &file.place))?;
        context.output.say(&format!("Written: {place}"));
    }
    Ok(())
}

fn undo(files: &[ManagedFile], context: &Context) -> Result<bool, Failure> {
    let mut is_changed = false;
    for file in files {
        let place = file.place.display();
        let Some(text) = read(&file.place)? else {
            continue;
        };
        if !text.contains(file.mark) {
            let text = format!("{place} is none that tokenward wrote");
            return Err(Failure::new(Kind::Refused, text).hint(format!("rm {place}")));
        }
        fs::remove_file(&file.place).map_err(|error| within(error, &file.place))?;
        context.output.say(&format!("Taken away: {place}"));
        is_changed = true;
    }
    if !is_changed {
        context.output.say("Nothing was there.");
    }
    Ok(is_changed)
}

fn read(place: &Path) -> Result<Option<String>, Failure> {
    match fs::read_to_string(place) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(within(error, place)),
    }
}

/// Where the one before is kept: nothing that was kept earlier is in the way.
fn kept_as(place: &Path) -> PathBuf {
    let name = place.file_name().unwrap_or_default();
    let mut free = place.to_path_buf();
    for number in 1_u32.. {
        let mut kept = name.to_os_string();
        kept.push(match number {
            1 => ".old".to_owned(),
            number => format!(".old{number}"),
        });
        free.set_file_name(kept);
        if !free.exists() {
            break;
        }
    }
    free
}

fn within(error: std::io::Error, place: &Path) -> Failure {
    let failure = Failure {
        kind: Kind::Failed,
        ..Failure::from(error)
    };
    failure.within(format!("cannot reach {}", place.display()))
}
