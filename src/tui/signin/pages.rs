//! The pages with fields: another provider, placeholders, the client; what is wrong with them.

use crate::model::finding::{Intent, Weight};
use crate::model::name::{is_account, is_provider_name};
use crate::model::preflight;
use crate::model::provider::Provider;
use crate::tui::app::App;
use crate::tui::field::Field;
use crate::tui::form::Form;
use crate::tui::paint::{paragraph, pieces, put};
use crate::tui::signin::key;
use crate::tui::signin::wizard::{Page, Wizard};
use crate::tui::theme::Tone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The fields of another provider.
pub fn issuer_form() -> Form {
    Form::new(vec![
        ("name", Field::default()),
        ("issuer URL", Field::default()),
        ("authorization", Field::default()),
        ("token", Field::default()),
        ("device", Field::default()),
        ("revocation", Field::default()),
    ])
}

/// The fields of a client.
pub fn client_form() -> Form {
    Form::new(vec![
        ("client id", Field::default()),
        ("client secret", Field::masked()),
    ])
}

/// A field for each placeholder of a provider, with its default.
pub fn parameter_form(provider: &Provider) -> Form {
    let fields = provider
        .parameters
        .iter()
        .map(|(name, value)| (name.as_str(), Field::plain(value)));
    Form::new(fields.collect())
}

/// What is wrong with a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The field it is about, where it is about one.
    pub field: Option<usize>,
    /// A sentence.
    pub text: String,
}

impl Wrong {
    /// Something about one field.
    pub fn at(field: usize, text: impl Into<String>) -> Self {
        Self {
            field: Some(field),
            text: text.into(),
        }
    }
}

/// What is wrong with the present page.
pub fn trouble(wizard: &Wizard) -> Option<Wrong> {
    match wizard.page {
        Page::Provider | Page::Flow | Page::Session => None,
        Page::Issuer => issuer_trouble(&wizard.issuer),
        Page::Parameters => {
            let mut fields = wizard.parameters.fields.iter().enumerate();
            fields
                .find(|(_, labelled)| labelled.field.text().trim().is_empty())
                .map(|(at, labelled)| Wrong::at(at, format!("{} has to be said", labelled.label)))
        }
        Page::Client if wizard.kept_client => None,
        Page::Client => client_trouble(wizard),
        Page::Scopes => {
            let account = wizard.scopes.account.text().trim();
            let fine = account.is_empty() || is_account(account);
            if fine {
                obstacle(wizard)
            } else {
                Some(Wrong::at(0, "an account name has no spaces and no slash"))
            }
        }
        Page::Key => key::trouble(wizard),
    }
}

/// What cannot work with the way and the scopes that were chosen. Endpoints may come by discovery yet.
fn obstacle(wizard: &Wizard) -> Option<Wrong> {
    let provider = wizard.provider()?;
    let ticked = wizard.scopes.ticked();
    let scopes = if ticked.is_empty() {
        &provider.default_scopes
    } else {
        &ticked
    };
    let found = preflight::findings(&Intent {
        provider,
        flow: wizard.flows().get(wizard.flow).copied()?,
        scopes,
        client: None,
        redirect_port: None,
        dpop: false,
    });
    let mut found = found.into_iter();
    let one = found.find(|one| one.weight == Weight::Stops && one.topic != "flow")?;
    Some(Wrong {
        field: None,
        text: format!("{}. {}", one.what, one.fix),
    })
}

fn issuer_trouble(form: &Form) -> Option<Wrong> {
    if !is_provider_name(form.text(0).trim()) {
        let text = "the name is one to 64 of a-z, 0-9, dot, underscore and dash";
        return Some(Wrong::at(0, text));
    }
    let is_empty = |at: usize| form.text(at).trim().is_empty();
    // A name alone: a key is kept under it.
    let has_addresses = (1..form.fields.len()).any(|at| !is_empty(at));
    form.fields
        .iter()
        .enumerate()
        .skip(1)
        .find_map(|(at, labelled)| {
            let text = labelled.field.text().trim();
            let optional = (at > 1 || !has_addresses) && text.is_empty();
            (!optional && !is_safe_address(text)).then(|| {
                let label = &labelled.label;
                let text =
                    format!("{label} has to be an https address (http for this machine only)");
                Wrong::at(at, text)
            })
        })
}

// Plain http to loopback only: the rest would hand tokens to whoever listens (RFC 8252 8.3).
fn is_safe_address(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| match url.scheme() {
        "https" => url.host().is_some(),
        "http" => matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]")),
        _ => false,
    })
}

fn client_trouble(wizard: &Wizard) -> Option<Wrong> {
    let id = wizard.client.text(0).trim();
    if id.is_empty() && wizard.may_register() {
        return None;
    }
    if id.is_empty() {
        return Some(Wrong::at(0, "the client id is missing"));
    }
    let setup = wizard.provider().map(|provider| &provider.setup)?;
    if !setup.fits(id) {
        let text = format!("a client id there looks like {}", setup.client_id_hint);
        return Some(Wrong::at(0, text));
    }
    (setup.needs_secret && wizard.client.text(1).is_empty())
        .then(|| Wrong::at(1, "this provider's clients have a secret: it is missing"))
}

/// Draws the page of another provider.
pub fn draw_issuer(app: &App, wizard: &Wizard, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let text = "Any provider of OAuth 2.0 or OpenID Connect. Its issuer URL is enough where it publishes its endpoints. \
                A name without an address: an API key is kept under it.";
    let used = paragraph(buf, area, text, theme.dim(), theme);
    let form = Rect {
        y: area.y + used + 1,
        height: area.height.saturating_sub(used + 1),
        ..area
    };
    wizard
        .issuer
        .draw(buf, Rect { height: 2, ..form }, 15, true, theme);
    let aside = Rect {
        y: form.y + 3,
        height: 1,
        ..area
    };
    put(
        buf,
        (aside.x, aside.y),
        aside.width,
        "endpoints by hand, where it publishes none",
        theme.dim(),
        theme,
    );
    for at in 2..wizard.issuer.fields.len() {
        let line = Rect {
            y: aside.y + u16::try_from(at).unwrap_or(0) - 1,
            height: 1,
            ..area
        };
        let labelled = &wizard.issuer.fields[at];
        labelled.field.draw_labelled(
            buf,
            line,
            (&labelled.label, 15),
            wizard.issuer.focus() == at,
            theme,
        );
    }
}

/// Draws the page of placeholders.
pub fn draw_parameters(app: &App, wizard: &Wizard, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let issuer = wizard
        .provider()
        .and_then(|provider| provider.issuer.clone().or(provider.endpoints.token.clone()));
    let text = format!("Which one? It goes into {}", issuer.unwrap_or_default());
    let used = paragraph(buf, area, &text, theme.dim(), theme);
    let form = Rect {
        y: area.y + used + 1,
        height: area.height.saturating_sub(used + 1),
        ..area
    };
    wizard.parameters.draw(buf, form, 15, true, theme);
}

/// Draws the page of the client.
pub fn draw_client(app: &App, wizard: &Wizard, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let kept = wizard.known().and_then(|known| known.client_id.as_deref());
    let mut y = area.y;
    if let Some(kept) = kept {
        let boxes = [
            (
                wizard.kept_client,
                format!("the one kept from last time: {kept}"),
            ),
            (!wizard.kept_client, "another one".to_owned()),
        ];
        for (ticked, text) in boxes {
            let sign = if ticked { theme.signs().pointer } else { " " };
            let style = if ticked {
                theme.strong()
            } else {
                theme.plain()
            };
            pieces(
                buf,
                (area.x, y),
                area.width,
                &[(sign, theme.focus()), (" ", theme.plain()), (&text, style)],
                theme,
            );
            y += 1;
        }
        y += 1;
    }
    if !wizard.kept_client {
        wizard.client.draw(
            buf,
            Rect {
                y,
                height: 2,
                ..area
            },
            15,
            true,
            theme,
        );
        y += 3;
        steps(
            app,
            wizard,
            Rect {
                y,
                height: area.bottom().saturating_sub(y),
                ..area
            },
            buf,
        );
    }
}

fn steps(app: &App, wizard: &Wizard, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let Some(setup) = wizard.provider().map(|provider| &provider.setup) else {
        let text = "Register an application at the provider (public or confidential, redirect http://127.0.0.1/callback) and put its id here; the secret too, if it has one. Left empty, the provider is asked to register one (RFC 7591).";
        paragraph(buf, area, text, theme.dim(), theme);
        return;
    };
    draw_steps(app, setup.url.as_deref(), &setup.steps, area, buf);
}

/// Draws where something is made at the provider, and what to do there.
pub fn draw_steps(app: &App, url: Option<&str>, steps: &[String], area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let mut y = area.y;
    if let Some(url) = url {
        let line = [("get them at ", theme.dim()), (url, theme.plain())];
        pieces(buf, (area.x, y), area.width, &line, theme);
        y += 1;
    }
    for (number, step) in (1..).zip(steps) {
        if y >= area.bottom() {
            break;
        }
        put(
            buf,
            (area.x, y),
            3,
            &format!("{number} "),
            theme.tone(Tone::Dim),
            theme,
        );
        let room = Rect {
            x: area.x + 3,
            y,
            width: area.width.saturating_sub(3),
            height: area.bottom() - y,
        };
        y += paragraph(buf, room, step, theme.plain(), theme);
    }
}
