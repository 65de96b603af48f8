//! The wizard's box: its title, the present page, what is wrong with it, the keys.

use crate::tui::app::App;
use crate::tui::frame;
use crate::tui::layout;
use crate::tui::paint::{paragraph, put};
use crate::tui::signin::wizard::{Page, Wizard};
use crate::tui::signin::{flows, pages, scopes, session};
use crate::tui::theme::Tone;
use crate::tui::words;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The box on a terminal of some size.
pub fn area(size: (u16, u16)) -> Rect {
    layout::centred(
        size,
        92.min(size.0.saturating_sub(2)),
        24.min(size.1.saturating_sub(2)),
    )
}

/// Where a page's content stands.
pub fn body(size: (u16, u16)) -> Rect {
    let area = area(size);
    Rect::new(
        area.x + 2,
        area.y + 2,
        area.width.saturating_sub(4),
        area.height.saturating_sub(5),
    )
}

fn title(wizard: &Wizard) -> String {
    let what = match wizard.page {
        Page::Provider => return "Sign in".to_owned(),
        Page::Issuer => return "Sign in: another provider".to_owned(),
        Page::Parameters => "which one",
        Page::Client => "the client",
        Page::Scopes => "account and scopes",
        Page::Flow => "the way",
        Page::Session => match wizard.flows().get(wizard.flow) {
            Some(flow) => words::flow(*flow),
            None => "under way",
        },
    };
    format!("Sign in to {}: {what}", wizard.provider_title())
}

/// Draws the wizard.
pub fn draw(app: &App, wizard: &Wizard, buf: &mut Buffer) {
    let theme = app.theme;
    let running = wizard
        .session
        .as_ref()
        .filter(|session| !session.is_failed());
    let aside = running
        .and_then(|session| session.expires_at)
        .map(|at| format!("expires in {}", words::span(app.now.until(at))))
        .unwrap_or_default();
    let inner = frame::boxed(app, area(app.size), &title(wizard), &aside, buf);
    let body = body(app.size);
    match wizard.page {
        Page::Provider if wizard.providers.is_empty() => {
            put(
                buf,
                (body.x, body.y),
                body.width,
                "asking what can be signed in to",
                theme.dim(),
                theme,
            );
        }
        Page::Provider => wizard.pick.draw(buf, body, theme),
        Page::Issuer => pages::draw_issuer(app, wizard, body, buf),
        Page::Parameters => pages::draw_parameters(app, wizard, body, buf),
        Page::Client => pages::draw_client(app, wizard, body, buf),
        Page::Scopes => scopes::draw(app, wizard, body, buf),
        Page::Flow => flows::draw(app, wizard, body, buf),
        Page::Session => session::draw(app, wizard, body, buf),
    }
    if let Some(trouble) = &wizard.trouble {
        let line = Rect {
            y: inner.bottom() - 2,
            height: 1,
            ..inner
        };
        paragraph(buf, line, trouble, theme.tone(Tone::Trouble), theme);
    }
    let hints = Rect {
        y: inner.bottom() - 1,
        height: 1,
        ..inner
    };
    frame::hint_line(app, &wizard.scopes(), hints, buf);
}
