//! `tokenward setup systemd`: the units of a user's own service manager, for this very program.

use crate::cli::context::Context;
use crate::cli::doctor::unit::{SOCKET, UNIT};
use crate::cli::failure::Failure;
use crate::cli::setup::command::Wish;
use crate::cli::setup::manager::{self, ManagedFile};
use clap::Args;
use std::path::{Path, PathBuf};

/// What stands in the unit that this program comes with.
const EXEC: &str = "ExecStart=%h/.cargo/bin/tokenward --daemon";
const WRITABLE: &str = "ReadWritePaths=-%h/.local/share/tokenward";
const LISTEN: &str = "ListenStream=%t/tokenward/agent.sock";
const CREDENTIAL: &str = "#LoadCredentialEncrypted=tokenward-passphrase:";

/// Arguments of `tokenward setup systemd`.
#[derive(Debug, Args)]
#[command(after_help = "\
Without --write the units are printed. They are for `systemctl --user`, start this very program, and name vault and settings
where they are not in their usual places. With --socket systemd listens, and starts tokenward when the first program asks: for
a vault that opens without a person. A file ~/.config/tokenward/passphrase.cred (systemd-creds --user encrypt
--name=tokenward-passphrase) is handed over as the passphrase. --undo takes the units away again; a file that was there is
kept beside the new one with .old at its end.")]
pub struct SetupSystemdArgs {
    /// A unit for the socket too.
    #[arg(long)]
    socket: bool,
    /// What becomes of the units.
    #[command(flatten)]
    wish: Wish,
}

/// Prints, writes or takes away the units.
pub fn run(args: &SetupSystemdArgs, context: &Context) -> Result<(), Failure> {
    let folder = context.paths.settings_folder().join("systemd/user");
    let own = std::env::current_exe()?;
    let mut files = vec![ManagedFile {
        place: folder.join("tokenward.service"),
        text: service(context, &own),
        mark: "tokenward as a user service",
    }];
    if args.socket || args.wish.undo {
        files.push(ManagedFile {
            place: folder.join("tokenward.socket"),
            text: socket(context),
            mark: "The socket of tokenward's owner",
        });
    }
    if !manager::fulfil(&files, args.wish, context)? {
        return Ok(());
    }
    let unit = match args.socket {
        true => "tokenward.socket",
        false => "tokenward",
    };
    let next = match args.wish.undo {
        true => "systemctl --user disable --now tokenward.service tokenward.socket; systemctl --user daemon-reload".to_owned(),
        false => format!("systemctl --user daemon-reload && systemctl --user enable --now {unit}"),
    };
    context.output.say(&format!("Now: {next}"));
    Ok(())
}

fn service(context: &Context, own: &Path) -> String {
    let home = std::env::var_os("HOME")
        .map(PathBuf::from)
        .unwrap_or_default();
    let mut command = vec![own.display().to_string(), "--daemon".to_owned()];
    let is_usual = context.vault == home.join(".local/share/tokenward/vault.db");
    if !is_usual {
        command.extend(["--vault".to_owned(), absolute(&context.vault)]);
    }
    if context.settings != home.join(".config/tokenward/config.toml") {
        command.extend(["--config".to_owned(), absolute(&context.settings)]);
    }
    let words: Vec<String> = command.iter().map(|word| escaped(word)).collect();
    let mut text = UNIT.replace(EXEC, &format!("ExecStart={}", words.join(" ")));
    let mut writable = vec![WRITABLE.to_owned()];
    let vaults = (!is_usual).then(|| context.vault.parent()).flatten();
    for folder in [vaults, context.config.backup.folder.as_deref()]
        .into_iter()
        .flatten()
    {
        writable.push(format!("ReadWritePaths=-{}", quoted(&absolute(folder))));
    }
    text = text.replace(WRITABLE, &writable.join("\n"));
    let credential = context
        .paths
        .settings_folder()
        .join("tokenward/passphrase.cred");
    if credential.is_file() {
        let loaded = format!(
            "LoadCredentialEncrypted=tokenward-passphrase:{}",
            quoted(&credential.display().to_string())
        );
        let lines = text.lines().map(|line| match line.starts_with(CREDENTIAL) {
            true => loaded.as_str(),
            false => line,
        });
        text = lines.collect::<Vec<_>>().join("\n") + "\n";
    }
    text
}

fn socket(context: &Context) -> String {
    let path = context.socket();
    match path.ends_with("tokenward/agent.sock") {
        // Below the folder that systemd itself knows as %t.
        true => SOCKET.to_owned(),
        false => {
            let line = format!("ListenStream={}", specifiers(&path.display().to_string()));
            SOCKET.replace(LISTEN, &line)
        }
    }
}

fn absolute(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    path.display().to_string()
}

/// A word of a command as a unit has it (systemd.service(5)).
fn escaped(word: &str) -> String {
    quoted(&word.replace('$', "$$"))
}

/// A path in a list as a unit has it (systemd.syntax(7)).
fn quoted(word: &str) -> String {
    let word = specifiers(word);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%$:=,".contains(c);
    match word.chars().all(is_plain) {
        true => word,
        false => format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

fn specifiers(word: &str) -> String {
    word.replace('%', "%%")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Globals;

    #[test]
    fn the_units_have_the_lines_that_are_filled_in() {
        for line in [EXEC, WRITABLE, CREDENTIAL] {
            assert_eq!(
                UNIT.lines().filter(|it| it.starts_with(line)).count(),
                1,
                "{line}"
            );
        }
        assert!(SOCKET.lines().any(|line| line == LISTEN));
    }

    #[test]
    fn a_path_means_the_same_to_systemd() {
        assert_eq!(escaped("/usr/bin/tokenward"), "/usr/bin/tokenward");
        assert_eq!(escaped("/my own/50%/$x\"y"), "\"/my own/50%%/$$x\\\"y\"");
    }

    #[test]
    fn what_is_not_in_its_usual_place_is_named() {
        let globals = Globals {
            vault: Some("/srv/my vault/vault.db".into()),
            ..Globals::default()
        };
        let context = Context::without_settings(globals).unwrap();
        let text = service(&context, Path::new("/opt/tokenward"));
        assert!(
            text.contains("ExecStart=/opt/tokenward --daemon --vault \"/srv/my vault/vault.db\""),
            "{text}"
        );
        assert!(text.contains("ReadWritePaths=-\"/srv/my vault\""), "{text}");
        assert!(!socket(&context).contains(LISTEN));
    }
}
