//! `tokenward demo`: the UI over a throw-away vault and a built-in provider; nothing to register.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::harden;
use crate::cli::owner::{Owner, Role};
use crate::cli::seat::Seat;
use crate::cli::ui;
use crate::demo::control::Control;
use crate::demo::provider::DemoProvider;
use crate::demo::seed;
use crate::demo::settings::{DemoSettings, PUBLIC_CLIENT};
use crate::engine::gate::{Place, Start};
use crate::secret::Passphrase;
use crate::tui::picture;
use crate::tui::run::{Settings, run as show};
use crate::vault::file::VaultFile;
use crate::vault::open::OpenVault;
use crate::vault::slot::NewSlot;
use clap::Args;
use serde_json::json;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use tokio::signal::unix::{SignalKind, signal};

/// Arguments of `tokenward demo`.
#[derive(Debug, Args)]
#[command(after_help = "\
Its tokens live one to three minutes, so that you see them refreshed. Sign in, rotate and revoke for real: the
provider runs inside this program, on loopback. The vault is removed at the end. While it runs, the status bar shows
its path: in another terminal, `tokenward --vault PATH get demo/alice` works.")]
pub struct DemoArgs {
    /// Only run the provider, until it is told to stop: for scripts and tests.
    #[arg(long, hide = true)]
    serve_only: bool,
    /// Port of the provider; 0: any free one.
    #[arg(long, hide = true, default_value_t = 0)]
    port: u16,
    /// Write a picture of the UI (SVG) to this file instead.
    #[arg(long, hide = true, value_name = "FILE", conflicts_with = "serve_only")]
    picture: Option<PathBuf>,
}

/// Size of the picture in cells.
const PICTURE: (u16, u16) = (120, 34);

/// Runs the demo.
pub fn run(args: &DemoArgs, context: &Context) -> Result<(), Failure> {
    if let Some(file) = &args.picture {
        let (columns, rows) = PICTURE;
        let drawing = picture::svg(&picture::example_screen(columns, rows));
        return std::fs::write(file, drawing).map_err(|error| {
            Failure::from(error).within(format!("cannot write {}", file.display()))
        });
    }
    let settings = DemoSettings {
        port: args.port,
        ..DemoSettings::default()
    };
    if args.serve_only {
        return serve(settings, context);
    }
    ui::must_be_a_terminal()?;
    harden::harden();
    with_ui(settings, context)
}

/// Runs the provider alone and says where it is.
fn serve(settings: DemoSettings, context: &Context) -> Result<(), Failure> {
    let runtime = ui::runtime()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let provider = DemoProvider::start(settings).await?;
        let issuer = provider.issuer();
        if context.output.json {
            let client_id = PUBLIC_CLIENT;
            context
                .output
                .json_line(&json!({ "issuer": issuer, "client_id": client_id }))?;
        } else {
            context.output.data(&format!("{issuer}\n"))?;
            context.output.say(&format!(
                "Sign in: tokenward login demo --issuer {issuer} --client-id {PUBLIC_CLIENT}\nCtrl-C ends it."
            ));
        }
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        Ok(())
    })
}

fn with_ui(settings: DemoSettings, context: &Context) -> Result<(), Failure> {
    let runtime = ui::runtime()?;
    let folder = Folder::new()?;
    let mut context = context.clone();
    context.vault = folder.0.join("vault.db");
    let provider = runtime.block_on(DemoProvider::start(settings))?;
    let control = provider.control();
    let vault = vault(&context.vault, &control)?;
    let seat = Seat::take(&context)?
        .ok_or_else(|| Failure::new(Kind::Failed, "somebody owns the demo's own vault"))?;
    let owner = {
        let _inside = runtime.enter();
        Owner::start(&context, seat, vault, Role::ToStay)?
    };
    let start = Start::Open {
        link: owner.link(),
        place: Place::Demo,
    };
    let settings = Settings {
        approve: Some(Box::new(move || control.approve_all() > 0)),
        ..Settings::default()
    };
    let ended = runtime.block_on(show(start, settings));
    // Nothing of this is kept: what is still under way is dropped, not waited for.
    drop(owner);
    drop(provider);
    runtime.shutdown_background();
    ended.map(drop).map_err(Failure::from)
}

/// A vault with credentials in many states. Its passphrase is known to nobody: it is never opened again.
fn vault(path: &Path, control: &Control) -> Result<OpenVault, Failure> {
    let nobodys = Passphrase::new(format!("{:032x}", rand::random::<u128>()));
    let mut vault = VaultFile::create(path, NewSlot::Passphrase(nobodys), 1)?;
    seed::fill(&mut vault, control)?;
    Ok(vault)
}

/// A folder of its own in the temporary one; removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, Failure> {
        let name = format!("tokenward-demo-{:08x}", rand::random::<u32>());
        let path = std::env::temp_dir().join(name);
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(|error| {
                Failure::from(error).within(format!("cannot make the folder {}", path.display()))
            })?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed lies in the temporary folder, sealed to a key that nobody has.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
