//! Shows a sign-in: words and a QR code for people, one JSON object a line for machines.

use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::span;
use crate::clock;
use crate::engine::api::Refusal;
use crate::model::name::CredentialName;
use crate::model::signin::{Apart, Aside, SignInStep, why_asked};
use crate::tui::browser;
use crate::tui::surroundings::{far_end, tunnel};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use serde_json::json;
use std::io::IsTerminal;

/// Shows a sign-in.
#[derive(Debug)]
pub struct Guide {
    output: Output,
    may_open_browser: bool,
    /// How this machine is reached by SSH, if somebody sits at another one.
    far_end: Option<String>,
}

impl Guide {
    /// A guide; over SSH, or where there is no desktop, no browser is opened either: it would not be the person's.
    pub fn new(output: Output, no_browser: bool) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let far = set("SSH_CONNECTION") || set("SSH_TTY");
        let desktop =
            cfg!(target_os = "macos") || set("DISPLAY") || set("WAYLAND_DISPLAY") || set("BROWSER");
        Self {
            output,
            may_open_browser: !no_browser && !far && desktop,
            far_end: far_end(&|name| std::env::var(name).ok()),
        }
    }

    /// Shows one step on the way.
    pub fn show(&self, step: &SignInStep) -> Result<(), Failure> {
        if self.output.json {
            object(step).map_or(Ok(()), |object| self.output.json_line(&object))?;
            if let SignInStep::Authorize { url, .. } = step {
                self.opened(url);
            }
            return Ok(());
        }
        match step {
            SignInStep::Discovering => self.output.say("Reading the provider's metadata."),
            SignInStep::DeviceCode {
                user_code,
                verification_uri,
                verification_uri_complete,
                expires_at,
                ..
            } => {
                if let Some(picture) = verification_uri_complete.as_deref().and_then(picture) {
                    self.output.say(&picture);
                }
                let left = span::show(clock::now().until(*expires_at));
                self.output.say(&format!(
                    "  1  Open   {verification_uri}\n  2  Enter  {user_code}\n\nWaiting for you; the code lives {left}. Ctrl-C gives up."
                ));
            }
            SignInStep::Authorize {
                url,
                redirect_uri,
                expires_at,
                taken_port,
            } => {
                self.authorize(url, redirect_uri, clock::now().until(*expires_at));
                if let Some(port) = taken_port {
                    self.output.say(&taken(*port, redirect_uri));
                }
            }
            // Only the first address is opened: who has it in a browser must not get a tab with every new one.
            SignInStep::Renewed { url } => self.output.say(&format!(
                "If you have not opened that address yet: it has expired. Open this one instead:\n\n{url}\n"
            )),
            SignInStep::Registering => self.output.say("Registering a client with the provider."),
            SignInStep::Exchanging => self.output.say("Fetching the tokens."),
            SignInStep::Unkept { failure, next_try } => {
                let wait = span::show(clock::now().until(*next_try));
                self.output.say(&format!(
                    "{}\n{}\nTried again in {wait}. Ctrl-C gives it up.",
                    failure.cause,
                    failure.advice()
                ));
            }
            SignInStep::Polled { .. }
            | SignInStep::SignedIn { .. }
            | SignInStep::Failed { .. }
            | SignInStep::Cancelled => {}
        }
        Ok(())
    }

    /// Whether a browser was started; machines have the address as well, and say `--no-browser` when they want it alone.
    fn opened(&self, url: &str) -> bool {
        self.may_open_browser && browser::open(url).is_ok()
    }

    fn authorize(&self, url: &str, redirect_uri: &str, left: std::time::Duration) {
        let first = if self.opened(url) {
            "Your browser was asked to open this address; open it by hand if nothing happens:"
        } else {
            "Open this address in a browser:"
        };
        let left = span::show(left);
        self.output.say(&format!("{first}\n\n{url}\n"));
        if std::io::stdin().is_terminal() {
            self.output.say(
                "If that browser is on another machine, it ends at a page that cannot be loaded:\n\
                 copy that page's whole address and paste it here, then Enter.",
            );
        }
        if let Some(line) = self
            .far_end
            .as_deref()
            .and_then(|end| tunnel(redirect_uri, end))
        {
            self.output.say(&format!(
                "Or let it come back by itself: run this on the machine with the browser, before you open the address:\n\n  {line}\n"
            ));
        }
        self.output.say(&format!(
            "Waiting for you, {left} at most. Ctrl-C gives up."
        ));
    }

    /// Asks what the account is called, where that can be asked at all.
    pub fn ask_name(&self, name: &CredentialName, apart: Option<&Apart>) {
        self.output.say(&format!(
            "{}\nWhat is it called? A name for the account, or just Enter to keep {name}:",
            why_asked(apart)
        ));
    }

    /// Whether a person can be asked something here.
    pub fn can_ask(&self) -> bool {
        self.output.can_ask()
    }

    /// A name was not taken.
    pub fn not_named(&self, refusal: &Refusal) {
        self.output.say(&format!(
            "That will not do: {refusal}. {} Enter keeps it.",
            refusal.hint()
        ));
    }

    /// A pasted address was not the one.
    pub fn not_taken(&self, refusal: &Refusal) {
        self.output
            .say(&format!("That was not it: {refusal}. {}", refusal.hint()));
    }

    /// The end of it: the credential's name, as data. A key is kept; nobody signed in.
    pub fn signed_in(
        &self,
        name: &CredentialName,
        apart: Option<&Apart>,
        aside: Option<&Aside>,
        is_key: bool,
        waits: bool,
    ) -> Result<(), Failure> {
        if self.output.json {
            let notes = [apart.map(Apart::sentence), aside.map(Aside::sentence)];
            let notes: Vec<String> = notes.into_iter().flatten().collect();
            let note = (!notes.is_empty()).then(|| notes.join(" "));
            let stored = if waits { "inbox" } else { "vault" };
            return self.output.json_line(&json!({
                "event": "signed_in", "name": name, "note": note, "stored": stored,
            }));
        }
        if let Some(apart) = apart {
            self.output.say(&format!(
                "{}\nCall it as you like: tokenward rename {name} ACCOUNT",
                apart.sentence()
            ));
        }
        if let Some(aside) = aside {
            self.output.say(&aside.sentence());
        }
        self.output.say(if is_key { "Kept:" } else { "Signed in:" });
        self.output.data(&format!("{name}\n"))
    }

    /// The other end of it. People are told at the very end, as with every command.
    pub fn failed(&self, failure: &Failure) -> Result<(), Failure> {
        if !self.output.json {
            return Ok(());
        }
        self.output.json_line(&json!({
            "event": "failed",
            "error": failure.source.to_string(),
            "code": failure.kind.word(),
            "hint": failure.hints.join("; "),
        }))
    }
}

/// A step as one object of `--json`; steps that mean nothing to a machine are left out.
fn object(step: &SignInStep) -> Option<serde_json::Value> {
    let now = clock::now();
    match step {
        SignInStep::DeviceCode {
            user_code,
            verification_uri,
            verification_uri_complete,
            expires_at,
            ..
        } => Some(json!({
            "event": "device_code",
            "user_code": user_code,
            "verification_uri": verification_uri,
            "verification_uri_complete": verification_uri_complete,
            "expires_in": now.until(*expires_at).as_secs(),
        })),
        SignInStep::Authorize {
            url,
            redirect_uri,
            expires_at,
            taken_port,
        } => Some(json!({
            "event": "authorize",
            "url": url,
            "redirect_uri": redirect_uri,
            "expires_in": now.until(*expires_at).as_secs(),
            "note": taken_port.map(|port| taken(port, redirect_uri)),
        })),
        SignInStep::Renewed { url } => Some(json!({ "event": "renewed", "url": url })),
        SignInStep::Unkept { failure, next_try } => Some(json!({
            "event": "not_kept_yet",
            "cause": failure.cause,
            "fix": failure.fix,
            "next_try_in": now.until(*next_try).as_secs(),
        })),
        SignInStep::Discovering
        | SignInStep::Registering
        | SignInStep::Polled { .. }
        | SignInStep::Exchanging
        | SignInStep::SignedIn { .. }
        | SignInStep::Failed { .. }
        | SignInStep::Cancelled => None,
    }
}

fn taken(port: u16, redirect_uri: &str) -> String {
    format!(
        "Another program has port {port}, so {redirect_uri} is used: the provider takes it only if it is registered too."
    )
}

/// The address as a QR code, where there is a terminal to show it on.
fn picture(address: &str) -> Option<String> {
    if !std::io::stderr().is_terminal() {
        return None;
    }
    let code = QrCode::new(address.as_bytes()).ok()?;
    // What is drawn is light on the dark background that most terminals have: so the light modules are drawn.
    let drawing = code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .build();
    Some(drawing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_port_and_a_renewed_address_are_told_to_machines() {
        let authorize = |taken_port| {
            object(&SignInStep::Authorize {
                url: "https://p.example/authorize".to_owned(),
                redirect_uri: "http://127.0.0.1:28543/callback".to_owned(),
                expires_at: clock::now(),
                taken_port,
            })
            .unwrap()
        };
        assert!(authorize(None)["note"].is_null());
        let note = authorize(Some(28542))["note"].to_string();
        for part in ["28542", "http://127.0.0.1:28543/callback", "registered"] {
            assert!(note.contains(part), "{note}");
        }
        let url = "https://p.example/newer".to_owned();
        let renewed = object(&SignInStep::Renewed { url: url.clone() }).unwrap();
        assert_eq!(renewed, json!({ "event": "renewed", "url": url }));
    }
}
