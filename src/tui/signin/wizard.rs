//! The sign-in wizard's state: which page, and everything that was typed on any of them.

use crate::model::category::Category;
use crate::model::credential::{CredentialView, Flow};
use crate::model::name::CredentialName;
use crate::model::provider::Provider;
use crate::model::signin::ProviderView;
use crate::tui::form::Form;
use crate::tui::keymap::{Action, Scope};
use crate::tui::pick::{Choice, Pick};
use crate::tui::signin::key;
use crate::tui::signin::pages;
use crate::tui::signin::scopes::Scopes;
use crate::tui::signin::session::SignIn;
use crossterm::event::KeyEvent;

/// The pages, in their order; some are left out where there is nothing to decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Page {
    /// Which provider.
    Provider,
    /// Another provider by its issuer.
    Issuer,
    /// The provider's placeholders: tenant, host.
    Parameters,
    /// Which flow.
    Flow,
    /// Which client.
    Client,
    /// Account and scopes.
    Scopes,
    /// A static key, in place of client and scopes.
    Key,
    /// It is under way, or failed.
    Session,
}

/// The wizard.
pub struct Wizard {
    /// The page that shows.
    pub page: Page,
    /// What can be signed in to.
    pub providers: Vec<ProviderView>,
    /// The choice of a provider.
    pub pick: Pick,
    /// Name, issuer, and endpoints by hand.
    pub issuer: Form,
    /// Values of the placeholders.
    pub parameters: Form,
    /// Client id and secret.
    pub client: Form,
    /// The kept client is used, not the form.
    pub kept_client: bool,
    /// Account and scopes.
    pub scopes: Scopes,
    /// The key, its account, its end.
    pub key: Form,
    /// The choice of a flow.
    pub flow: usize,
    /// The sign-in itself.
    pub session: Option<SignIn>,
    /// What is wrong with the page.
    pub trouble: Option<String>,
    /// The session comes over SSH.
    pub ssh: bool,
    chosen: Option<usize>,
    has_chosen: bool,
    only_key: bool,
    /// The credential that is signed in to again.
    pub again: Option<CredentialName>,
}

impl Wizard {
    /// A wizard at its first page.
    pub fn new(providers: Vec<ProviderView>, ssh: bool) -> Self {
        let mut wizard = Self {
            page: Page::Provider,
            providers: Vec::new(),
            pick: Pick::new(Vec::new()).keeping_last(),
            issuer: pages::issuer_form(),
            parameters: Form::default(),
            client: pages::client_form(),
            kept_client: false,
            scopes: Scopes::default(),
            key: key::form(""),
            flow: 0,
            session: None,
            trouble: None,
            ssh,
            chosen: None,
            has_chosen: false,
            only_key: false,
            again: None,
        };
        wizard.offer(providers);
        wizard
    }

    /// A wizard that asks for one credential anew, as it was minted before.
    pub fn again(view: &CredentialView, providers: Vec<ProviderView>, ssh: bool) -> Self {
        let mut wizard = Self::new(providers, ssh);
        let name = &view.profile.name;
        let wanted = view.profile.wanted_scopes.iter();
        let scopes: Vec<String> = view.profile.scopes.iter().chain(wanted).cloned().collect();
        wizard.scopes = Scopes::of(&scopes, name.account());
        wizard.again = Some(name.clone());
        wizard.chosen = wizard
            .providers
            .iter()
            .position(|known| known.provider.name == name.provider());
        if view.profile.flow == Flow::ApiKey {
            wizard.only_key = true;
            wizard.key = key::form(name.account());
            wizard.page = Page::Key;
            return wizard;
        }
        wizard.flow = wizard
            .flows()
            .iter()
            .position(|flow| *flow == view.profile.flow)
            .unwrap_or(0);
        wizard.kept_client = true;
        wizard.page = Page::Session;
        wizard
    }

    /// The same, from the page of the client on: what was kept is wrong.
    pub fn anew(view: &CredentialView, providers: Vec<ProviderView>, ssh: bool) -> Self {
        let mut wizard = Self::again(view, providers, ssh);
        if wizard.is_key() {
            return wizard;
        }
        wizard.kept_client = false;
        wizard.page = Page::Client;
        wizard
    }

    /// Takes the providers that can be offered, the ones used before first.
    pub fn offer(&mut self, mut providers: Vec<ProviderView>) {
        providers.sort_by_key(|known| {
            let used = known.client_id.is_some() || known.credentials > 0;
            (!used, known.provider.display_name.to_lowercase())
        });
        let mut choices: Vec<Choice> = providers
            .iter()
            .map(|known| Choice {
                title: known.provider.display_name.clone(),
                also: also(&known.provider),
                aside: match (known.credentials, &known.client_id) {
                    (0, None) => category(&known.provider).to_owned(),
                    (0, Some(_)) => "client kept".to_owned(),
                    (many, _) => {
                        crate::tui::words::count(usize::try_from(many).unwrap_or(0), "credential")
                    }
                },
            })
            .collect();
        choices.push(Choice {
            title: "Another: by its issuer URL, or a key of it".to_owned(),
            aside: String::new(),
            also: String::new(),
        });
        self.providers = providers;
        self.pick.replace(choices);
    }

    /// The provider that was chosen; `None`: another one, by its issuer.
    pub fn provider(&self) -> Option<&Provider> {
        self.known().map(|known| &known.provider)
    }

    /// The same with what is kept of it.
    pub fn known(&self) -> Option<&ProviderView> {
        self.providers.get(self.chosen?)
    }

    /// What the provider is called.
    pub fn provider_title(&self) -> String {
        match (self.provider(), &self.again) {
            (Some(provider), _) => provider.display_name.clone(),
            (None, Some(name)) => name.provider().to_owned(),
            (None, None) => self.issuer.text(0).to_owned(),
        }
    }

    /// The flows that are offered, the recommended one first. Over SSH that is the device code.
    pub fn flows(&self) -> Vec<Flow> {
        if self.only_key || self.is_named_only() {
            return vec![Flow::ApiKey];
        }
        let mut flows = self
            .provider()
            .map(|provider| provider.flows.clone())
            .unwrap_or_default();
        if flows.is_empty() {
            flows = vec![Flow::Device, Flow::Loopback];
        }
        if self.ssh {
            flows.sort_by_key(|flow| *flow != Flow::Device);
        }
        flows
    }

    /// Whether a key is kept, and nobody signs in.
    pub fn is_key(&self) -> bool {
        self.flows().get(self.flow) == Some(&Flow::ApiKey)
    }

    /// Whether another provider was given no address: there is nothing to sign in to, but a key of it can be kept.
    fn is_named_only(&self) -> bool {
        let addresses = self.issuer.fields.iter().skip(1);
        let mut texts = addresses.map(|labelled| labelled.field.text().trim());
        self.has_chosen && self.chosen.is_none() && texts.all(str::is_empty)
    }

    /// Whether there is something to decide on a page.
    fn has(&self, page: Page) -> bool {
        match page {
            Page::Issuer => self.chosen.is_none(),
            Page::Parameters => !self.parameters.fields.is_empty(),
            Page::Flow => self.flows().len() > 1,
            Page::Client | Page::Scopes => !self.is_key(),
            Page::Key => self.is_key(),
            Page::Provider | Page::Session => true,
        }
    }

    const PAGES: [Page; 8] = [
        Page::Provider,
        Page::Issuer,
        Page::Parameters,
        Page::Flow,
        Page::Client,
        Page::Scopes,
        Page::Key,
        Page::Session,
    ];

    /// Goes one page further, if this one is right; `true` when the sign-in is to start.
    pub fn advance(&mut self) -> bool {
        if self.page == Page::Provider {
            self.choose();
        }
        let wrong = pages::trouble(self);
        // What is typed next goes where it is wrong, not into a field that shows it.
        if let Some(field) = wrong.as_ref().and_then(|wrong| wrong.field) {
            self.focus_on(field);
        }
        self.trouble = wrong.map(|wrong| wrong.text);
        if self.trouble.is_some() {
            return false;
        }
        let next = Self::PAGES
            .into_iter()
            .find(|page| *page > self.page && self.has(*page));
        self.page = next.unwrap_or(Page::Session);
        self.page == Page::Session
    }

    fn focus_on(&mut self, field: usize) {
        match self.page {
            Page::Issuer => self.issuer.focus_on(field),
            Page::Parameters => self.parameters.focus_on(field),
            Page::Client => self.client.focus_on(field),
            Page::Key => self.key.focus_on(field),
            Page::Scopes => self.scopes.focus_on_account(),
            Page::Provider | Page::Flow | Page::Session => {}
        }
    }

    /// Goes one page back; `false` when this was the first.
    pub fn back(&mut self) -> bool {
        self.trouble = None;
        self.session = None;
        let before = Self::PAGES
            .into_iter()
            .rev()
            .find(|page| *page < self.page && self.has(*page));
        match before {
            // Who signs in again has decided on the provider.
            Some(page) if self.again.is_some() && page < Page::Flow => false,
            Some(page) => {
                self.page = page;
                true
            }
            None => false,
        }
    }

    // What was typed for one provider says nothing about another.
    fn choose(&mut self) {
        let chosen = self.pick.chosen().filter(|at| *at < self.providers.len());
        if self.has_chosen && chosen == self.chosen {
            return;
        }
        self.has_chosen = true;
        self.chosen = chosen;
        self.client = pages::client_form();
        self.key = key::form("");
        self.kept_client = self.known().is_some_and(|known| known.client_id.is_some());
        self.flow = 0;
        let (parameters, scopes) = match self.provider() {
            Some(provider) => (
                pages::parameter_form(provider),
                Scopes::of(&provider.default_scopes, ""),
            ),
            None => (
                Form::default(),
                Scopes::of(&["openid".to_owned(), "offline_access".to_owned()], ""),
            ),
        };
        self.parameters = parameters;
        self.scopes = scopes;
    }

    /// Whether an action makes sense on the present page.
    pub fn offers(&self, action: Action) -> bool {
        match (self.page, action) {
            (Page::Session, Action::TryAgain) => {
                self.session.as_ref().is_some_and(SignIn::is_failed)
            }
            (Page::Session, _) => true,
            (Page::Client | Page::Key, Action::OpenBrowser) => self.setup_page().is_some(),
            (_, Action::OpenBrowser) => false,
            _ => true,
        }
    }

    /// The page where a client is registered with the provider, or a key made.
    pub fn setup_page(&self) -> Option<&str> {
        let provider = self.provider()?;
        let keys = provider.api_key.as_ref().filter(|_| self.is_key());
        match keys {
            Some(keys) => keys.url.as_deref(),
            None => provider.setup.url.as_deref(),
        }
    }

    /// Where its keys have their meaning.
    pub fn scopes(&self) -> Vec<Scope> {
        match self.page {
            Page::Provider => vec![Scope::Picking],
            Page::Issuer | Page::Parameters | Page::Key => vec![Scope::Form],
            Page::Client if self.kept_client => vec![Scope::Picking],
            Page::Client => vec![Scope::Form],
            Page::Scopes if self.scopes.on_a_scope() => vec![Scope::Ticking, Scope::Form],
            Page::Scopes => vec![Scope::Form],
            Page::Flow => vec![Scope::Picking],
            Page::Session => self
                .session
                .as_ref()
                .map_or(vec![Scope::Session], SignIn::scopes),
        }
    }

    /// Takes a key that may be typing.
    pub fn type_key(&mut self, key: KeyEvent) -> bool {
        let typed = match self.page {
            Page::Provider => self.pick.type_key(key),
            Page::Issuer => self.issuer.type_key(key),
            Page::Parameters => self.parameters.type_key(key),
            Page::Client if self.kept_client => false,
            Page::Client => self.client.type_key(key),
            Page::Scopes => self.scopes.type_key(key),
            Page::Key => self.key.type_key(key),
            Page::Flow => false,
            Page::Session => self
                .session
                .as_mut()
                .is_some_and(|session| session.type_key(key)),
        };
        if typed {
            self.trouble = None;
        }
        typed
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        match self.page {
            Page::Provider => self.pick.paste(text),
            Page::Issuer => self.issuer.paste(text),
            Page::Parameters => self.parameters.paste(text),
            Page::Client if self.kept_client => {}
            Page::Client => self.client.paste(text),
            Page::Scopes => self.scopes.paste(text),
            Page::Key => self.key.paste(text),
            Page::Flow => {}
            Page::Session => {
                if let Some(session) = &mut self.session {
                    session.paste(text);
                }
            }
        }
    }
}

fn category(provider: &Provider) -> &'static str {
    provider.category.map_or("", Category::words)
}

/// What a person may type to find a provider, beside what it is called.
fn also(provider: &Provider) -> String {
    format!("{} {}", provider.name, category(provider))
}
