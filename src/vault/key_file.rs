//! An age identity file: keys of its own, and keys that an age plugin holds (a hardware key).

use crate::secret::{Passphrase, VaultIdentity};
use crate::vault::binding::Sealed;
use crate::vault::error::VaultError;
use crate::vault::seal::{keys_in, open_slot, secret_string};
use age::plugin::{IdentityPluginV1, RecipientPluginV1, ResolveError};
use age::{Callbacks, DecryptError, EncryptError, Identity, Recipient};
use age::{plugin, x25519};
use secrecy::SecretString;

/// The most of a plugin's words that is shown, in characters.
const MOST_WORDS: usize = 300;

/// How a plugin reaches the person: to say "touch your key", to ask for a PIN.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    /// Shows a line.
    pub say: fn(&str),
    /// Asks for a line; `None`: nobody answers.
    pub ask: fn(&str) -> Option<String>,
    /// Asks for a secret, without an echo; `None`: nobody answers.
    pub ask_secret: fn(&str) -> Option<Passphrase>,
}

impl Person {
    /// There is nobody: what a plugin says is lost, what it asks stays without an answer.
    pub fn nobody() -> Self {
        Self {
            say: |_| {},
            ask: |_| None,
            ask_secret: |_| None,
        }
    }
}

impl Callbacks for Person {
    fn display_message(&self, message: &str) {
        (self.say)(&shown(message));
    }

    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        let no = no.unwrap_or("no");
        let question = format!("{} [y: {}, n: {}] ", shown(message), shown(yes), shown(no));
        let answer = (self.ask)(&question)?;
        Some(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
    }

    fn request_public_string(&self, description: &str) -> Option<String> {
        (self.ask)(&format!("{}: ", shown(description)))
    }

    fn request_passphrase(&self, description: &str) -> Option<SecretString> {
        (self.ask_secret)(&format!("{}: ", shown(description))).map(|given| secret_string(&given))
    }
}

/// The text of an age identity file, and who answers what its plugins ask.
#[derive(Debug)]
pub struct KeyFile {
    text: VaultIdentity,
    person: Person,
}

impl From<VaultIdentity> for KeyFile {
    fn from(text: VaultIdentity) -> Self {
        Self::new(text, Person::nobody())
    }
}

impl KeyFile {
    /// A file's text, with somebody who answers its plugins.
    pub fn new(text: VaultIdentity, person: Person) -> Self {
        Self { text, person }
    }

    /// A second copy, for who opens the vault twice in one command.
    pub fn duplicate(&self) -> Self {
        Self::new(self.text.duplicate(), self.person)
    }

    /// The same, with nobody who answers.
    pub fn unattended(self) -> Self {
        Self::from(self.text)
    }

    /// The text.
    pub fn text(&self) -> &VaultIdentity {
        &self.text
    }

    /// Its keys: one a line, blank lines and `#` comments between them.
    pub fn keys(&self) -> Result<KeyRing, VaultError> {
        let keys = KeyRing {
            native: keys_in(&self.text),
            plugins: keys_in(&self.text),
            person: self.person,
        };
        if keys.native.is_empty() && keys.plugins.is_empty() {
            return Err(VaultError::NotAnIdentity);
        }
        Ok(keys)
    }
}

/// The keys of an identity file.
pub struct KeyRing {
    native: Vec<x25519::Identity>,
    plugins: Vec<plugin::Identity>,
    person: Person,
}

impl KeyRing {
    /// Whether some of its keys are a plugin's, which may have to ask a person.
    pub fn has_plugins(&self) -> bool {
        !self.plugins.is_empty()
    }

    /// The keys that need no plugin.
    pub fn native(&self) -> &[x25519::Identity] {
        &self.native
    }

    /// Opens a slot that is for the recipient `label`; `None`: none of the keys does. A plugin is started, and a person
    /// troubled, only for a recipient that is no plain one.
    pub fn open(
        &self,
        label: &str,
        sealed: &Sealed,
    ) -> Result<Option<VaultIdentity>, DecryptError> {
        for identity in &self.native {
            if let Some(opened) = open_slot(sealed, identity)? {
                return Ok(Some(opened));
            }
        }
        if label.parse::<x25519::Recipient>().is_ok() {
            return Ok(None);
        }
        let mut refused = None;
        for identity in &self.plugins {
            // One that is not there, or refuses, takes nothing from the others.
            match self.plugin(identity).and_then(|it| open_slot(sealed, &it)) {
                Ok(Some(opened)) => return Ok(Some(opened)),
                Ok(None) => {}
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        refused.map_or(Ok(None), Err)
    }

    /// All of them, for a file of which it is not known whom it is for; those that need nobody first.
    pub fn all(&self) -> Result<Vec<Box<dyn Identity>>, DecryptError> {
        let native = self.native.iter().cloned();
        let mut all: Vec<Box<dyn Identity>> = Vec::new();
        all.extend(native.map(|identity| Box::new(identity) as Box<dyn Identity>));
        let mut refused = None;
        for identity in &self.plugins {
            match self.plugin(identity) {
                Ok(plugin) => all.push(Box::new(plugin)),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        match refused {
            Some(error) if all.is_empty() => Err(error),
            Some(_) | None => Ok(all),
        }
    }

    fn plugin(
        &self,
        identity: &plugin::Identity,
    ) -> Result<IdentityPluginV1<Person>, DecryptError> {
        let one = std::slice::from_ref(identity);
        IdentityPluginV1::new(identity.plugin(), one, self.person)
            .map_err(DecryptError::PluginResolve)
    }
}

/// Reads a recipient: `age1...`, or `age1NAME1...` of a plugin, which has to be installed.
pub fn recipient(text: &str) -> Result<Box<dyn Recipient + Send>, VaultError> {
    let text = text.trim();
    if let Ok(native) = text.parse::<x25519::Recipient>() {
        return Ok(Box::new(native));
    }
    let parsed: plugin::Recipient = text.parse().map_err(|_| VaultError::NotARecipient {
        text: text.to_owned(),
    })?;
    let one = std::slice::from_ref(&parsed);
    let found = RecipientPluginV1::new(parsed.plugin(), one, &[], Person::nobody());
    found
        .map(|plugin| Box::new(plugin) as Box<dyn Recipient + Send>)
        .map_err(|error| unresolved(&error))
}

/// What a plugin has to do with a failed opening; `None`: nothing.
pub fn trouble_opening(error: &DecryptError) -> Option<VaultError> {
    match error {
        DecryptError::Plugin(_) => Some(refused(error)),
        DecryptError::PluginResolve(error) => Some(unresolved(error)),
        _ => None,
    }
}

/// The same of a failed sealing.
pub fn trouble_sealing(error: &EncryptError) -> Option<VaultError> {
    match error {
        EncryptError::Plugin(_) => Some(refused(error)),
        EncryptError::PluginResolve(error) => Some(unresolved(error)),
        _ => None,
    }
}

fn unresolved(error: &ResolveError) -> VaultError {
    let plugin = match error {
        ResolveError::MissingPlugin { binary_name } => binary_name,
        ResolveError::InvalidPluginName { name } => name,
        _ => "of the key",
    };
    VaultError::PluginMissing {
        plugin: shown(plugin),
    }
}

fn refused(error: &dyn std::fmt::Display) -> VaultError {
    VaultError::PluginRefused {
        words: shown(&error.to_string()),
    }
}

/// What a plugin says, fit for a terminal: one line, of some length, without what would steer the terminal.
fn shown(words: &str) -> String {
    let steers =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let clean = words.trim().chars();
    clean
        .map(|c| if steers(c) { ' ' } else { c })
        .take(MOST_WORDS)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::keys::new_identity;

    #[test]
    fn a_key_file_has_plain_keys_or_keys_of_plugins() {
        let plain = KeyFile::from(new_identity()).keys().unwrap();
        assert_eq!((plain.native.len(), plain.plugins.len()), (1, 0));
        let plugged = plugin::Identity::default_for_plugin("test").unwrap();
        let file = format!("# a token in the drawer\n{plugged}\n");
        let keys = KeyFile::from(VaultIdentity::new(file)).keys().unwrap();
        assert_eq!((keys.native.len(), keys.plugins.len()), (0, 1));
        let none = KeyFile::from(VaultIdentity::new("hello".to_owned())).keys();
        assert!(matches!(none, Err(VaultError::NotAnIdentity)));
    }

    #[test]
    fn a_recipient_is_a_plain_one_or_names_its_plugin() {
        let plain = x25519::Identity::generate().to_public();
        assert!(recipient(&format!(" {plain}\n")).is_ok());
        assert!(matches!(
            recipient("age1nonsense"),
            Err(VaultError::NotARecipient { .. })
        ));
    }

    #[test]
    fn what_a_plugin_says_cannot_steer_the_terminal() {
        let said = shown("\u{1b}[2Jtouch\nthe \u{202e}key");
        assert_eq!(said, " [2Jtouch the  key");
        assert_eq!(shown(&"x".repeat(5000)).len(), MOST_WORDS);
    }
}
