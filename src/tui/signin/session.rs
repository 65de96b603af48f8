//! A sign-in under way: the code or the address, what happens now, what went wrong.

use crate::clock::Timestamp;
use crate::model::failure::Failure;
use crate::model::signin::{SignInId, SignInStep};
use crate::tui::field::Field;
use crate::tui::keymap::Scope;
use crate::tui::signin::qr::Qr;
use crate::tui::theme::Tone;
use crossterm::event::{KeyCode, KeyEvent};

/// Where it stands.
pub enum Stage {
    /// The provider is being asked how it works.
    Discovering,
    /// A code waits to be entered.
    Code {
        /// What to enter.
        user_code: String,
        /// Where.
        address: String,
        /// The address with the code in it, or without.
        target: String,
        /// That address as a picture.
        qr: Option<Qr>,
        /// When the provider is asked next.
        next_poll: Timestamp,
        /// The provider was asked at least once.
        polled: bool,
    },
    /// A browser is waited for.
    Browser {
        /// The address to open.
        url: String,
        /// Where the answer comes.
        redirect_uri: String,
        /// The address it ended at, pasted.
        pasted: Field,
    },
    /// The answer is exchanged for tokens.
    Exchanging,
    /// What came cannot be written: it waits in memory.
    Unkept {
        /// Why, and what to do.
        failure: Failure,
        /// When it is written again.
        next_try: Timestamp,
    },
    /// Over, without a credential.
    Failed(Failure),
}

/// A sign-in.
pub struct SignIn {
    /// Its number.
    pub id: SignInId,
    /// Where it stands.
    pub stage: Stage,
    /// When the code or the address dies.
    pub expires_at: Option<Timestamp>,
    /// A word about the last thing that was tried.
    pub note: Option<(Tone, String)>,
}

impl SignIn {
    /// A sign-in at its start.
    pub const fn new(id: SignInId) -> Self {
        Self {
            id,
            stage: Stage::Discovering,
            expires_at: None,
            note: None,
        }
    }

    /// Takes a step.
    pub fn step(&mut self, step: SignInStep) {
        if !matches!(step, SignInStep::Renewed { .. }) {
            self.note = None;
        }
        match step {
            SignInStep::Discovering | SignInStep::Registering => {
                self.stage = Stage::Discovering;
            }
            SignInStep::DeviceCode {
                user_code,
                verification_uri,
                verification_uri_complete,
                expires_at,
                next_poll,
            } => {
                let target = verification_uri_complete.unwrap_or_else(|| verification_uri.clone());
                self.expires_at = Some(expires_at);
                self.stage = Stage::Code {
                    user_code,
                    address: verification_uri,
                    qr: Qr::of(&target),
                    target,
                    next_poll,
                    polled: false,
                };
            }
            SignInStep::Polled { next_poll: at, .. } => {
                if let Stage::Code {
                    next_poll, polled, ..
                } = &mut self.stage
                {
                    *next_poll = at;
                    *polled = true;
                }
            }
            SignInStep::Authorize {
                url,
                redirect_uri,
                expires_at,
                taken_port,
            } => {
                self.expires_at = Some(expires_at);
                self.note = taken_port.map(|port| (Tone::Soon, taken(port)));
                self.stage = Stage::Browser {
                    url,
                    redirect_uri,
                    pasted: Field::default(),
                };
            }
            SignInStep::Renewed { url: newer } => {
                if let Stage::Browser { url, .. } = &mut self.stage {
                    *url = newer;
                }
            }
            SignInStep::Exchanging => self.stage = Stage::Exchanging,
            SignInStep::Unkept { failure, next_try } => {
                self.expires_at = None;
                self.stage = Stage::Unkept { failure, next_try };
            }
            SignInStep::Failed { failure } => self.stage = Stage::Failed(failure),
            // The overlay is closed by whoever takes the event.
            SignInStep::SignedIn { .. } | SignInStep::Cancelled => {}
        }
    }

    /// Where its keys have their meaning.
    pub fn scopes(&self) -> Vec<Scope> {
        match self.stage {
            Stage::Code { .. } => vec![Scope::DeviceCode, Scope::Session],
            Stage::Browser { .. } => vec![Scope::Browser, Scope::Session],
            Stage::Discovering | Stage::Exchanging | Stage::Unkept { .. } | Stage::Failed(_) => {
                vec![Scope::Session]
            }
        }
    }

    /// Whether it is over and failed.
    pub const fn is_failed(&self) -> bool {
        matches!(self.stage, Stage::Failed(_))
    }

    /// The address a browser is opened at.
    pub fn address(&self) -> Option<&str> {
        match &self.stage {
            Stage::Code { target, .. } => Some(target),
            Stage::Browser { url, .. } => Some(url),
            Stage::Discovering | Stage::Exchanging | Stage::Unkept { .. } | Stage::Failed(_) => {
                None
            }
        }
    }

    /// What is copied: the code, or the address.
    pub fn copied(&self) -> Option<&str> {
        match &self.stage {
            Stage::Code { user_code, .. } => Some(user_code),
            Stage::Browser { url, .. } => Some(url),
            Stage::Discovering | Stage::Exchanging | Stage::Unkept { .. } | Stage::Failed(_) => {
                None
            }
        }
    }

    /// Takes a key into the field for the pasted address. Letters are keys until something was pasted.
    pub fn type_key(&mut self, key: KeyEvent) -> bool {
        let Stage::Browser { pasted, .. } = &mut self.stage else {
            return false;
        };
        let bare_letter = matches!(key.code, KeyCode::Char('o' | 'y' | 'p')) && pasted.is_empty();
        !bare_letter && pasted.handle(key)
    }

    /// Takes a pasted address.
    pub fn paste(&mut self, text: &str) {
        if let Stage::Browser { pasted, .. } = &mut self.stage {
            pasted.clear();
            pasted.paste(text);
        }
    }
}

fn taken(port: u16) -> String {
    format!(
        "Another program has port {port}: the address above works only if it is registered with the client too."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renewed_address_takes_nothing_away_but_the_old_one() {
        let mut session = SignIn::new(SignInId(1));
        session.step(SignInStep::Authorize {
            url: "https://p.example/old".to_owned(),
            redirect_uri: "http://127.0.0.1:28543/callback".to_owned(),
            expires_at: Timestamp::from_secs(600),
            taken_port: Some(28542),
        });
        if let Stage::Browser { pasted, .. } = &mut session.stage {
            pasted.paste("http://127.0.0.1");
        }
        session.step(SignInStep::Renewed {
            url: "https://p.example/new".to_owned(),
        });
        let Stage::Browser { url, pasted, .. } = &session.stage else {
            panic!("the page is gone");
        };
        assert_eq!(
            (url.as_str(), pasted.text()),
            ("https://p.example/new", "http://127.0.0.1")
        );
        let (_, note) = session.note.unwrap();
        assert!(note.contains("28542") && note.contains("registered"));
    }
}
