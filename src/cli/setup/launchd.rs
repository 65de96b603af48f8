//! `tokenward setup launchd`: the agent of a user's own launchd, for this very program.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::setup::command::Wish;
use crate::cli::setup::manager::{self, ManagedFile};
use clap::Args;
use std::path::{Path, PathBuf};

/// The agent that this program comes with.
const PLIST: &str = include_str!("../../../assets/tokenward.plist");
const PROGRAM: &str =
    "    <string>/usr/local/bin/tokenward</string>\n    <string>--daemon</string>\n";
const LOG: &str = "<string>/dev/null</string>";

/// Arguments of `tokenward setup launchd`.
#[derive(Debug, Args)]
#[command(after_help = "\
For macOS. Without --write the agent is printed. It starts this very program at login and writes its log to
~/Library/Logs/tokenward.log; the vault has to open without a person (tokenward vault add-slot). --undo takes it away again;
a file that was there is kept beside the new one with .old at its end.")]
pub struct SetupLaunchdArgs {
    /// What becomes of the agent.
    #[command(flatten)]
    wish: Wish,
}

/// Prints, writes or takes away the agent.
pub fn run(args: &SetupLaunchdArgs, context: &Context) -> Result<(), Failure> {
    let home = std::env::var_os("HOME")
        .map(PathBuf::from)
        .unwrap_or_default();
    let place = home.join("Library/LaunchAgents/tokenward.plist");
    let file = ManagedFile {
        text: plist(context, &std::env::current_exe()?, &home),
        place: place.clone(),
        mark: "tokenward as an agent of launchd",
    };
    if manager::fulfil(&[file], args.wish, context)? {
        let place = place.display();
        context.output.say(&match args.wish.undo {
            true => "Now: launchctl bootout gui/$UID/tokenward".to_owned(),
            false => format!("Now: launchctl bootstrap gui/$UID {place}"),
        });
    }
    Ok(())
}

fn plist(context: &Context, own: &Path, home: &Path) -> String {
    let mut words = vec![own.display().to_string(), "--daemon".to_owned()];
    let named = [
        ("--vault", &context.globals.vault),
        ("--config", &context.globals.config),
    ];
    for (option, path) in named {
        if let Some(path) = path {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            words.extend([option.to_owned(), path.display().to_string()]);
        }
    }
    let words: String = words
        .iter()
        .map(|word| format!("    <string>{}</string>\n", escaped(word)))
        .collect();
    let log = home.join("Library/Logs/tokenward.log");
    let log = format!("<string>{}</string>", escaped(&log.display().to_string()));
    PLIST.replace(PROGRAM, &words).replace(LOG, &log)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Globals;

    #[test]
    fn the_agent_starts_this_program_whatever_its_path() {
        assert!(PLIST.contains(PROGRAM) && PLIST.contains(LOG));
        let context = Context::without_settings(Globals::default()).unwrap();
        let text = plist(
            &context,
            Path::new("/a & b/tokenward"),
            Path::new("/Users/me"),
        );
        assert!(
            text.contains("<string>/a &amp; b/tokenward</string>"),
            "{text}"
        );
        assert!(text.contains("<string>/Users/me/Library/Logs/tokenward.log</string>"));
        assert!(!text.contains("/usr/local"));
    }
}
