//! The page of a sign-in under way: what to do, where, and what happens now, in words.

use crate::clock::Timestamp;
use crate::model::failure::Failure;
use crate::tui::app::App;
use crate::tui::boxes;
use crate::tui::paint::{self, paragraph, pieces, put, wrap_exact};
use crate::tui::signin::session::{SignIn, Stage};
use crate::tui::signin::wizard::Wizard;
use crate::tui::surroundings::tunnel;
use crate::tui::theme::Tone;
use crate::tui::words;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws the page.
pub fn draw(app: &App, wizard: &Wizard, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let provider = wizard.provider_title();
    let Some(session) = &wizard.session else {
        return;
    };
    match &session.stage {
        Stage::Discovering if wizard.is_key() => {
            waiting(app, area, "Writing the key into the vault", buf);
        }
        Stage::Discovering => waiting(app, area, &format!("Asking {provider} how to sign in"), buf),
        Stage::Exchanging => waiting(
            app,
            area,
            &format!("{provider} said yes; fetching the tokens"),
            buf,
        ),
        Stage::Code { .. } => code(app, session, &provider, area, buf),
        Stage::Browser { .. } => browser(app, session, &provider, area, buf),
        Stage::Unkept { failure, next_try } => {
            unkept(app, wizard, failure, (*next_try, area), buf);
        }
        Stage::Failed(failure) => failed(app, failure, &provider, area, buf),
    }
    if let Some((tone, note)) = &session.note {
        put(
            buf,
            (area.x, area.bottom().saturating_sub(1)),
            area.width,
            note,
            theme.tone(*tone),
            theme,
        );
    }
}

// What came waits in memory: why, what helps, and what giving up means.
fn unkept(
    app: &App,
    wizard: &Wizard,
    failure: &Failure,
    (next_try, area): (Timestamp, Rect),
    buf: &mut Buffer,
) {
    let theme = app.theme;
    let (cause, advice) = (&failure.cause, failure.advice());
    boxes::trouble(buf, area, cause, &advice, theme);
    let width = area.width.into();
    let used = paint::wrap(cause, width).len() + paint::wrap(&advice, width).len();
    let y = area.y + u16::try_from(used).unwrap_or(2) + 1;
    let wait = words::span(app.now.until(next_try));
    let text = format!("Tried again in {wait}, and until it is written.");
    put(
        buf,
        (area.x, y),
        area.width,
        &text,
        theme.tone(Tone::Work),
        theme,
    );
    let given_up = match wizard.is_key() {
        true => "Given up, the key is dropped here; it stays valid where it was made.",
        false => "Given up, the tokens are revoked at the provider and dropped.",
    };
    let below = Rect {
        y: y + 2,
        height: 2,
        ..area
    };
    paragraph(buf, below, given_up, theme.dim(), theme);
}

fn failed(app: &App, failure: &Failure, provider: &str, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let title = Rect { height: 1, ..area };
    put(
        buf,
        (title.x, title.y),
        title.width,
        "It did not work.",
        theme.strong(),
        theme,
    );
    let body = Rect {
        y: area.y + 2,
        height: area.height.saturating_sub(2),
        ..area
    };
    let advice = failure.advice();
    boxes::trouble(buf, body, &failure.cause, &advice, theme);
    let used = paint::wrap(&failure.cause, area.width.into()).len()
        + paint::wrap(&advice, area.width.into()).len();
    if let Some(words) = &failure.provider_words {
        let y = body.y + u16::try_from(used).unwrap_or(2) + 1;
        let rest = Rect {
            y,
            height: area.bottom().saturating_sub(y),
            ..area
        };
        paragraph(
            buf,
            rest,
            &format!("{provider} said: {words}"),
            theme.dim(),
            theme,
        );
    }
}

fn waiting(app: &App, area: Rect, text: &str, buf: &mut Buffer) {
    put(
        buf,
        (area.x, area.y),
        area.width,
        text,
        app.theme.tone(Tone::Work),
        app.theme,
    );
}

fn code(app: &App, session: &SignIn, provider: &str, area: Rect, buf: &mut Buffer) {
    let Stage::Code {
        user_code,
        address,
        qr,
        next_poll,
        polled,
        ..
    } = &session.stage
    else {
        return;
    };
    let theme = app.theme;
    // The picture only where the words keep their room.
    let least = paint::columns(address).max(28) + 12;
    let qr = qr.as_ref().filter(|qr| {
        let (width, height) = qr.size();
        theme.has_unicode() && width + least <= area.width && height <= area.height
    });
    if let Some(qr) = qr {
        qr.draw(buf, area, theme);
    }
    let room = qr.map_or(area.width, |qr| area.width - qr.size().0 - 2);
    let y = area.y + 1;
    pieces(
        buf,
        (area.x, y),
        room,
        &[
            ("1  ", theme.key()),
            ("Open   ", theme.dim()),
            (address, theme.strong()),
        ],
        theme,
    );
    let spaced: Vec<String> = user_code.chars().map(String::from).collect();
    pieces(
        buf,
        (area.x, y + 2),
        room,
        &[("2  ", theme.key()), ("Enter  ", theme.dim())],
        theme,
    );
    put(
        buf,
        (area.x + 10, y + 2),
        room.saturating_sub(10),
        &spaced.join(" "),
        theme.focus(),
        theme,
    );
    let wait = words::span(app.now.until(*next_poll));
    let seen = if *polled { "not yet; " } else { "" };
    let text = format!("Waiting for you at {provider}; {seen}next look in {wait}");
    paragraph(
        buf,
        Rect {
            y: y + 4,
            width: room,
            height: 3,
            ..area
        },
        &text,
        theme.tone(Tone::Work),
        theme,
    );
    if qr.is_some() {
        paragraph(
            buf,
            Rect {
                y: y + 8,
                width: room,
                height: 2,
                ..area
            },
            "Or point a phone's camera at the picture.",
            theme.dim(),
            theme,
        );
    }
}

fn browser(app: &App, session: &SignIn, provider: &str, area: Rect, buf: &mut Buffer) {
    let Stage::Browser {
        url,
        redirect_uri,
        pasted,
    } = &session.stage
    else {
        return;
    };
    let theme = app.theme;
    pieces(
        buf,
        (area.x, area.y),
        area.width,
        &[
            ("1  ", theme.key()),
            ("Open this address in a browser", theme.plain()),
        ],
        theme,
    );
    let lines = wrap_exact(url, usize::from(area.width.saturating_sub(3)));
    let most = usize::from(area.height.saturating_sub(8)).max(1);
    let mut y = area.y + 1;
    for line in lines.iter().take(most) {
        put(buf, (area.x + 3, y), area.width, line, theme.dim(), theme);
        y += 1;
    }
    y += 1;
    pieces(
        buf,
        (area.x, y),
        area.width,
        &[
            ("2  ", theme.key()),
            ("Sign in there; it comes back to ", theme.plain()),
            (redirect_uri, theme.dim()),
        ],
        theme,
    );
    let far_end = app.around.far_end.as_deref();
    if let Some(line) = far_end.and_then(|end| tunnel(redirect_uri, end)) {
        let first = "From another machine, first run there:";
        put(
            buf,
            (area.x + 3, y + 1),
            area.width,
            first,
            theme.dim(),
            theme,
        );
        put(
            buf,
            (area.x + 3, y + 2),
            area.width,
            &line,
            theme.plain(),
            theme,
        );
        y += 2;
    }
    y += 2;
    pieces(
        buf,
        (area.x, y),
        area.width,
        &[
            ("   ", theme.plain()),
            (
                "Browser elsewhere? Paste here the address it ended at:",
                theme.dim(),
            ),
        ],
        theme,
    );
    pasted.draw(
        buf,
        Rect {
            x: area.x + 3,
            y: y + 1,
            width: area.width.saturating_sub(3),
            height: 1,
        },
        true,
        theme,
    );
    if session.note.is_none() {
        let text = format!("Waiting for you at {provider}");
        put(
            buf,
            (area.x, y + 3),
            area.width,
            &text,
            theme.tone(Tone::Work),
            theme,
        );
    }
}
