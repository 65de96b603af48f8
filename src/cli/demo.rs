//! `tokenward demo`: the UI over a throw-away vault and a built-in provider; nothing to register.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::harden;
use crate::cli::owner::{Owner, Role};
use crate::cli::seat::Seat;
use crate::cli::ui;
use crate::config::settings::LockSettings;
use crate::demo::control::Control;
use crate::demo::profiles::{self, Profile};
use crate::demo::provider::DemoProvider;
use crate::demo::quirks::Consent;
use crate::demo::seed;
use crate::demo::seed_like;
use crate::demo::settings::DemoSettings;
use crate::engine::api::Event;
use crate::engine::gate::{Place, Start};
use crate::model::signin::SignInStep;
use crate::secret::Passphrase;
use crate::tui::picture;
use crate::tui::run::{Settings, run as show};
use crate::vault::file::VaultFile;
use crate::vault::open::OpenVault;
use crate::vault::slot::NewSlot;
use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::json;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// Arguments of `tokenward demo`.
#[derive(Debug, Args)]
#[command(after_help = "\
Its tokens live one to three minutes, so that you see them refreshed. Sign in, rotate and revoke for real: the
provider runs inside this program, on loopback. The vault is removed at the end. While it runs, the status bar shows
its path: in another terminal, `tokenward --vault PATH get demo/alice` works.")]
pub struct DemoArgs {
    /// Let the provider behave like a real one: its answers, its demands, its way with refresh tokens.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(profiles::names()))]
    like: Option<String>,
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
    let like = args.like.as_deref().and_then(profiles::find);
    let settings = DemoSettings {
        port: args.port,
        ..like.map_or_else(DemoSettings::default, DemoSettings::like)
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
        let profile = settings.profile;
        let provider = DemoProvider::start(settings).await?;
        say_where(&provider.issuer(), profile, context)?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        Ok(())
    })
}

/// Where it is, and how to sign in: by the issuer, or, where nothing can be discovered, by the record that fits.
fn say_where(issuer: &str, profile: Option<&Profile>, context: &Context) -> Result<(), Failure> {
    let output = &context.output;
    let profile = profile.unwrap_or(&profiles::PROFILES[0]);
    let (client_id, client_secret) = profile.registration();
    if output.json {
        let record = profile.provider(issuer);
        return output.json_line(&json!({
            "issuer": issuer,
            "client_id": client_id,
            "client_secret": client_secret,
            "provider": record,
        }));
    }
    output.data(&format!("{issuer}\n"))?;
    if profile.provider(issuer).issuer.is_none() {
        output.say(
            "It tells nothing of itself, as the real one; --json prints the record that fits.",
        );
    } else {
        let secret = client_secret.map(|secret| format!("\nThe client's secret is {secret}."));
        output.say(&format!(
            "Sign in: tokenward login demo --issuer {issuer} --client-id {client_id}{}",
            secret.unwrap_or_default()
        ));
    }
    output.say("Ctrl-C ends it.");
    Ok(())
}

/// Opens the UI over a provider and a vault that go when it is left.
pub fn with_ui(settings: DemoSettings, context: &Context) -> Result<(), Failure> {
    let runtime = ui::runtime()?;
    let folder = Folder::new()?;
    let mut context = context.clone();
    context.vault = folder.0.join("vault.db");
    // Nobody knows its passphrase.
    context.config.lock = LockSettings::default();
    let profile = settings.profile;
    let provider = runtime.block_on(DemoProvider::start(settings))?;
    let control = provider.control();
    let vault = vault(&context.vault, &control, profile)?;
    let seat = Seat::take_to_stay(&context)?
        .ok_or_else(|| Failure::new(Kind::Failed, "somebody owns the demo's own vault"))?;
    let owner = {
        let _inside = runtime.enter();
        Owner::start(&context, seat, vault, Role::AtAScreen)?
    };
    let start = Start::Open {
        link: owner.link(),
        place: Place::Demo,
    };
    let unopened = Arc::new(Unopened::default());
    runtime.spawn(Arc::clone(&unopened).watch(owner.link().subscribe()));
    let settings = Settings {
        approve: Some(Box::new(move || unopened.approve(&control))),
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
fn vault(path: &Path, control: &Control, profile: Option<&Profile>) -> Result<OpenVault, Failure> {
    let nobodys = Passphrase::new(format!("{:032x}", rand::random::<u128>()));
    let mut vault = VaultFile::create(path, NewSlot::Passphrase(nobodys), 1)?;
    match profile {
        Some(profile) => seed_like::fill(&mut vault, control, profile)?,
        None => seed::fill(&mut vault, control)?,
    };
    Ok(vault)
}

/// The address of the newest browser sign-in, which perhaps no browser has opened.
#[derive(Default)]
struct Unopened(Mutex<Option<String>>);

impl Unopened {
    /// Follows what happens until the engine ends.
    async fn watch(self: Arc<Self>, mut events: Receiver<Event>) {
        loop {
            let step = match events.recv().await {
                Ok(Event::SignIn { step, .. }) => step,
                Err(RecvError::Closed) => return,
                Ok(_) | Err(RecvError::Lagged(_)) => continue,
            };
            match step {
                SignInStep::Authorize { url, .. } | SignInStep::Renewed { url } => {
                    self.set(Some(url));
                }
                SignInStep::SignedIn { .. } | SignInStep::Failed { .. } | SignInStep::Cancelled => {
                    self.set(None)
                }
                SignInStep::Discovering
                | SignInStep::Registering
                | SignInStep::DeviceCode { .. }
                | SignInStep::Polled { .. }
                | SignInStep::Exchanging
                | SignInStep::Unkept { .. } => {}
            }
        }
    }

    fn set(&self, url: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = url;
    }

    /// Says yes to all that waits at the provider; where nothing waits, because no browser opened the address, plays the
    /// browser as well. Gives whether there was anything.
    fn approve(&self, control: &Control) -> bool {
        let url = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        control.approve_all() > 0 || url.is_some_and(|url| control.visit(&url, &Consent::Ask))
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::demo::settings::PUBLIC_CLIENT;
    use crate::model::signin::SignInId;
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use tokio::sync::broadcast;

    #[tokio::test]
    async fn the_key_approves_a_browser_sign_in_that_no_browser_opened() {
        let provider = DemoProvider::start(DemoSettings::default()).await.unwrap();
        let (issuer, control) = (provider.issuer(), provider.control());
        let (unopened, (events, seen)) = (Arc::new(Unopened::default()), broadcast::channel(8));
        assert!(!unopened.approve(&control), "nothing waits");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let redirect_uri = format!("http://{}/callback", listener.local_addr().unwrap());
        let step = |step| Event::SignIn {
            id: SignInId(1),
            step,
        };
        let url = format!(
            "{issuer}/authorize?response_type=code&client_id={PUBLIC_CLIENT}&redirect_uri={redirect_uri}\
             &code_challenge=x&code_challenge_method=S256"
        );
        events
            .send(step(SignInStep::Authorize {
                url,
                redirect_uri,
                expires_at: clock::now(),
                taken_port: None,
            }))
            .unwrap();
        let watching = tokio::spawn(Arc::clone(&unopened).watch(seen));
        while !unopened.approve(&control) {
            tokio::task::yield_now().await;
        }
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = [0; 27];
        stream.read_exact(&mut head).unwrap();
        assert_eq!(&head, b"GET /callback?code=demo_cod");
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();

        events.send(step(SignInStep::Cancelled)).unwrap();
        drop(events);
        watching.await.unwrap();
        assert!(!unopened.approve(&control), "it is over");
    }
}
