//! The command line as a whole: global options and the list of commands.

use crate::cli::helpers::{docker, git, header, kube, sasl};
use crate::cli::{
    audit, completions, config, daemon, demo, doctor, exec, export, get, grant, identify, import,
    inbox, init, list, lock, login, man, panic, provider, refresh, remove, rename, reopen, revoke,
    setup, status, validate, vault, wait, why,
};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Keeps your OAuth credentials alive.
///
/// Without a command: the terminal UI. It creates the vault at the first start, signs you in, and keeps every token
/// fresh. Scripts ask for tokens with `tokenward get`.
#[derive(Debug, Parser)]
#[command(name = "tokenward", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub globals: Globals,
    /// Run as the headless owner, the same as the command `daemon`.
    #[arg(long)]
    pub daemon: bool,
    /// What to do; nothing: the terminal UI.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 failed, 2 usage, 3 no such credential, 4 vault locked or wrong passphrase,
5 a person has to sign in again, 6 temporarily unavailable, 7 refused.";

/// Options of every command.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Globals {
    /// The vault's file.
    #[arg(long, global = true, value_name = "PATH", env = "TOKENWARD_VAULT")]
    pub vault: Option<PathBuf>,
    /// The settings' file.
    #[arg(long, global = true, value_name = "PATH", env = "TOKENWARD_CONFIG")]
    pub config: Option<PathBuf>,
    /// Speak JSON with stable fields; errors are one JSON object on stderr.
    #[arg(long, global = true)]
    pub json: bool,
    /// Read the vault's passphrase from this file.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "TOKENWARD_PASSPHRASE_FILE"
    )]
    pub passphrase_file: Option<PathBuf>,
    /// Open the vault with the age identity in this file.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "TOKENWARD_IDENTITY_FILE"
    )]
    pub identity_file: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create the vault.
    Init(init::InitArgs),
    /// Sign in to a provider.
    Login(login::LoginArgs),
    /// List the credentials with their health and expiry.
    List(list::ListArgs),
    /// Print an access token, fresh.
    Get(get::GetArgs),
    /// Wait until a credential is good.
    Wait(wait::WaitArgs),
    /// Run a program with tokens in its environment.
    Exec(exec::command::ExecArgs),
    /// Answer git, which asks for a user name and a password.
    GitCredential(git::GitArgs),
    /// Print the HTTP header that carries a token, for programs that read headers from a pipe.
    Header(header::HeaderArgs),
    /// Answer docker, which asks for a user name and a secret for a registry.
    DockerCredential(docker::DockerArgs),
    /// Answer kubectl, which asks for a token.
    KubeCredential(kube::KubeArgs),
    /// Print what a mail program sends to sign in with a token.
    Sasl(sasl::SaslArgs),
    /// Print or write the lines by which other programs ask here.
    Setup(setup::command::SetupArgs),
    /// Rotate: fetch new tokens now.
    Refresh(refresh::RefreshArgs),
    /// Revoke tokens at the provider.
    Revoke(revoke::RevokeArgs),
    /// Say whether a token is good, for the scopes it is needed for, and whether its provider takes it.
    Validate(validate::ValidateArgs),
    /// Call a credential by another account's name.
    Rename(rename::RenameArgs),
    /// Revoke everything at once, hand nothing out any more, and lock.
    Panic(panic::PanicArgs),
    /// Forget credentials.
    Remove(remove::RemoveArgs),
    /// Write whole credentials, refresh tokens and all, into one sealed file.
    Export(export::ExportArgs),
    /// Take credentials in from a file that `export` wrote, or from another tool.
    Import(import::command::ImportArgs),
    /// Tell whose a token is: which credential's, which generation's, what became of it.
    Identify(identify::IdentifyArgs),
    /// Tell what was decided about a credential, when and why, and what comes next.
    Why(why::WhyArgs),
    /// Say whether there is a vault, who owns it, and whether anything is in trouble.
    Status(status::StatusArgs),
    /// Look through what came in while the vault was locked.
    Inbox(inbox::command::InboxArgs),
    /// Say what local programs may have, hand it out, take it back.
    Grant(grant::GrantArgs),
    /// Lock the vault: it leaves the owner's memory, and nothing is refreshed.
    Lock(lock::LockArgs),
    /// Unlock the vault of an owner that is locked.
    Unlock(reopen::UnlockArgs),
    /// Look at what everything rests on, and say what mends it.
    Doctor(doctor::command::DoctorArgs),
    /// Read the activity log: who asked for what, and what became of it.
    Audit(audit::command::AuditArgs),
    /// Look after the vault and the ways to unlock it.
    Vault(vault::VaultArgs),
    /// Show the providers that are known.
    Provider(provider::ProviderArgs),
    /// Show the settings, and where each comes from.
    Config(config::ConfigArgs),
    /// Keep tokens fresh and serve local programs, without a UI.
    Daemon(daemon::DaemonArgs),
    /// Open the UI over a throw-away vault and a built-in provider: nothing to register.
    Demo(demo::DemoArgs),
    /// Print the completions for a shell.
    Completions(completions::CompletionsArgs),
    /// Print the manual page.
    Man(man::ManArgs),
}
