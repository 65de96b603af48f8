//! The page of the flow: device code, the browser here, a browser elsewhere.

use crate::model::credential::Flow;
use crate::tui::app::App;
use crate::tui::paint::{paragraph, pieces};
use crate::tui::signin::wizard::Wizard;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const fn words(flow: Flow, ssh: bool) -> (&'static str, &'static str) {
    match flow {
        Flow::Device => (
            "device code",
            "You enter a short code on any device with a browser: a phone will do. Nothing has to reach this machine.",
        ),
        Flow::Loopback if ssh => (
            "a browser elsewhere",
            "You open an address in a browser on your own machine and paste here the address it ends at.",
        ),
        Flow::ClientCredentials => (
            "the client itself",
            "No person signs in: the client's own secret or key is enough, and the tokens act for the client.",
        ),
        Flow::ApiKey => (
            "an API key",
            "You paste a key that the provider made for you. It is kept and handed out; nothing refreshes it.",
        ),
        Flow::Loopback => (
            "a browser",
            "A browser on this machine comes back by itself. On another machine, paste here the address it ends at.",
        ),
    }
}

/// Draws the page.
pub fn draw(app: &App, wizard: &Wizard, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let mut y = area.y;
    for (at, flow) in wizard.flows().into_iter().enumerate() {
        let selected = at == wizard.flow;
        let (title, text) = words(flow, wizard.ssh);
        let sign = if selected { theme.signs().pointer } else { " " };
        let style = if selected {
            theme.strong()
        } else {
            theme.plain()
        };
        let advice = if at == 0 { "   recommended" } else { "" };
        let line = [
            (sign, theme.focus()),
            (" ", style),
            (title, style),
            (advice, theme.dim()),
        ];
        pieces(buf, (area.x, y), area.width, &line, theme);
        let below = Rect {
            x: area.x + 2,
            y: y + 1,
            width: area.width.saturating_sub(2),
            height: area.bottom().saturating_sub(y + 1),
        };
        y += 2 + paragraph(buf, below, text, theme.dim(), theme);
    }
}
