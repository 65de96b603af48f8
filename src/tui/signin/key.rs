//! The page of a static key: the key, whose it is, when it ends.

use crate::clock::Timestamp;
use crate::model::key_end;
use crate::model::name::is_account;
use crate::tui::app::App;
use crate::tui::field::Field;
use crate::tui::form::Form;
use crate::tui::paint::paragraph;
use crate::tui::signin::pages::{Wrong, draw_steps};
use crate::tui::signin::wizard::Wizard;
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The fields, with an account perhaps.
pub fn form(account: &str) -> Form {
    Form::new(vec![
        ("key", Field::masked()),
        ("account", Field::plain(account)),
        ("ends", Field::default()),
    ])
}

/// What is wrong with the page.
pub fn trouble(wizard: &Wizard) -> Option<Wrong> {
    let (key, account, ends) = (
        wizard.key.text(0).trim(),
        wizard.key.text(1).trim(),
        wizard.key.text(2).trim(),
    );
    let keys = wizard.provider().and_then(|it| it.api_key.as_ref());
    if key.is_empty() {
        Some(Wrong::at(0, "the key is missing"))
    } else if let Some(keys) = keys.filter(|keys| !keys.fits(key)) {
        let shape = keys.shape();
        let text =
            format!("keys of this provider look different: {shape}; Ctrl-U empties the field");
        Some(Wrong::at(0, text))
    } else if !account.is_empty() && !is_account(account) {
        Some(Wrong::at(1, "an account name has no spaces and no slash"))
    } else if ends.is_empty() {
        None
    } else {
        // Only the shape counts here.
        let read = key_end::read(ends, Timestamp::from_secs(0), &TimeZone::UTC);
        read.err().map(|text| Wrong::at(2, text))
    }
}

/// Draws the page.
pub fn draw(app: &App, wizard: &Wizard, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let fields = Rect { height: 3, ..area };
    wizard.key.draw(buf, fields, 15, true, theme);
    let mut y = area.y + 4;
    let below = |y: u16| Rect {
        y,
        height: area.bottom().saturating_sub(y),
        ..area
    };
    let text = "The end is a day (2027-03-31) or days from now (90d); left empty, nothing reminds you of it. \
                A key that is there already is replaced.";
    y += paragraph(buf, below(y), text, theme.dim(), theme) + 1;
    if let Some(keys) = wizard.provider().and_then(|it| it.api_key.as_ref()) {
        draw_steps(app, keys.url.as_deref(), &keys.steps, below(y), buf);
    }
}
