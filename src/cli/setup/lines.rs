//! Lines of ours for a file of another program: printed, written or taken out, as was wished.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::output::talk;
use crate::cli::setup::block::{self, BlockError, Rest};
use crate::cli::setup::dotfile::Dotfile;
use std::path::Path;

/// Mode of a file that is made: settings of a person are nobody else's.
pub const MODE: u32 = 0o600;

/// Prints lines, and says where they belong.
pub fn print(context: &Context, file: &Path, lines: &str) -> Result<(), Failure> {
    context.output.data(lines)?;
    let text = format!(
        "These lines belong into {}; --write puts them there.",
        file.display()
    );
    context.output.say(&text);
    Ok(())
}

/// Writes lines at `place`, or at the end; says whether anything had to be changed.
pub fn write(
    context: &Context,
    file: &Dotfile,
    key: &str,
    lines: &str,
    place: Option<usize>,
) -> Result<bool, Failure> {
    let new = block::with(file.text.as_deref(), key, lines, place);
    let Some(new) = new.map_err(|error| spoilt(file, error))? else {
        let text = format!("{} has these lines already.", file.path.display());
        context.output.say(&text);
        return Ok(false);
    };
    file.put(&new, MODE)?;
    say_done(context, file, "Written into");
    Ok(true)
}

/// What the file is without these lines; `None`: they are not there.
pub fn without(file: &Dotfile, key: &str) -> Result<Option<Rest>, Failure> {
    let text = file.text.as_deref().unwrap_or_default();
    block::without(text, key).map_err(|error| spoilt(file, error))
}

/// Takes lines out; says whether there were any.
pub fn undo(context: &Context, path: &Path, key: &str) -> Result<bool, Failure> {
    let file = Dotfile::open(path)?;
    let Some(rest) = without(&file, key)? else {
        let text = format!("{} has no lines of tokenward for that.", path.display());
        context.output.say(&text);
        return Ok(false);
    };
    match rest.was_made {
        true => file.remove()?,
        false => file.put(&rest.text, MODE)?,
    }
    say_done(context, &file, "Taken out of");
    Ok(true)
}

/// Tells what was done, and where a link led.
pub fn say_done(context: &Context, file: &Dotfile, done: &str) {
    let path = file.path.display();
    context.output.say(&format!("{done} {path}."));
    let is_elsewhere = std::fs::symlink_metadata(&file.path).is_ok_and(|it| it.is_symlink());
    if is_elsewhere && !context.output.json {
        talk(&format!(
            "It is a link: the file is {}.",
            file.place.display()
        ));
    }
}

fn spoilt(file: &Dotfile, error: BlockError) -> Failure {
    let hint = match error {
        BlockError::Changed(..) => {
            "they stay as they are; to have them made anew, take them out with an editor, marks and all"
        }
        BlockError::Open(_) | BlockError::Twice(..) => {
            "take them out with an editor, then run this again"
        }
    };
    let path = file.place.display().to_string();
    Failure::from_error(Kind::Refused, error)
        .within(format!("{path} is left alone"))
        .hint(hint)
}
