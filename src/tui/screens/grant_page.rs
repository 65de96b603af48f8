//! One grant: its terms, what was done with it, and the pairs of tokens that are out.

use crate::model::grant::{GrantView, PairView};
use crate::model::length;
use crate::tui::app::App;
use crate::tui::paint;
use crate::tui::screens::kept;
use crate::tui::screens::page::Page;
use crate::tui::screens::tale;
use crate::tui::theme::Tone;
use crate::tui::words;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Lines of the activity that are told with it.
const LATELY: usize = 12;

/// Whose tokens it may fetch, in one line.
pub fn credentials(view: &GrantView) -> String {
    let names = view.grant.credentials.iter();
    let names: Vec<&str> = names.map(|granted| granted.name.as_str()).collect();
    match names.is_empty() {
        true => "none is left".to_owned(),
        false => names.join(" "),
    }
}

/// The same in so many columns: `github/alice +2`.
pub fn credentials_in(view: &GrantView, room: usize, ellipsis: char) -> String {
    let all = credentials(view);
    match view.grant.credentials.as_slice() {
        [first, rest @ ..] if !rest.is_empty() && paint::width(&all) > room => {
            let more = format!(" +{}", rest.len());
            let room = room.saturating_sub(more.len());
            format!("{}{more}", paint::fit(first.name.as_str(), room, ellipsis))
        }
        _ => all,
    }
}

/// How much of its rate is used: `3 of 60`.
pub fn rate(view: &GrantView) -> String {
    let number = |many: u64| words::grouped(usize::try_from(many).unwrap_or(usize::MAX));
    format!("{} of {}", number(view.rate_used), number(view.rate))
}

/// What it is about, as lines.
pub fn lines(app: &App, view: &GrantView, width: u16) -> Vec<Line<'static>> {
    let mut page = Page {
        app,
        width: width.into(),
        lines: Vec::new(),
    };
    terms(&mut page, view);
    used(&mut page, view);
    page.section("Live pairs of tokens");
    if view.pairs.is_empty() {
        let text = format!(
            "None: no program has tokens of it. A pair for one: tokenward grant token {}",
            view.grant.name
        );
        page.fact("", &text, Tone::Plain);
    }
    for pair in &view.pairs {
        out(&mut page, pair);
    }
    lately(&mut page, view);
    page.lines
}

/// Who did what with it, as far as the activity here reaches back.
fn lately(page: &mut Page<'_>, view: &GrantView) {
    let app = page.app;
    let log = app.open().map(|workspace| &workspace.log);
    let lines = log.map(|log| log.with_grant(&view.grant.name).take(LATELY));
    let mut lines = lines.into_iter().flatten().peekable();
    if lines.peek().is_some() {
        page.section("Lately");
    }
    for line in lines {
        let at = words::moment(line.at, app.now, &app.around.zone);
        let (tone, told) = tale::sentence(line);
        let text = match &line.name {
            Some(name) => format!("{name}: {told}"),
            None => told,
        };
        // A day and a time have no room beside it.
        match at.rsplit_once(' ') {
            Some((day, time)) => page.fact(day, &format!("{time} {text}"), tone),
            None => page.fact(&at, &text, tone),
        }
    }
}

fn terms(page: &mut Page<'_>, view: &GrantView) {
    let grant = &view.grant;
    page.section("Terms");
    let tone = match grant.credentials.is_empty() {
        true => Tone::Soon,
        false => Tone::Plain,
    };
    page.fact("may fetch", &credentials(view), tone);
    let scopes = match grant.scopes.is_empty() {
        true => "as the credentials have them".to_owned(),
        false => format!("{} only", grant.scopes.join(" ")),
    };
    page.fact("scopes", &scopes, Tone::Plain);
    let lives = format!(
        "its tokens {}, its refresh tokens {}",
        length::write(grant.ttl()),
        length::write(grant.refresh_ttl())
    );
    page.fact("live", &lives, Tone::Plain);
    if let Some(executable) = &grant.executable {
        page.fact("only for", executable, Tone::Plain);
    }
    let tone = match view.rate_used >= view.rate {
        true => Tone::Trouble,
        false => Tone::Plain,
    };
    let rate = format!("{} tokens used, and it fills up again", rate(view));
    page.fact("an hour", &rate, tone);
}

fn used(page: &mut Page<'_>, view: &GrantView) {
    let (now, zone) = (page.app.now, page.app.around.zone.clone());
    let moment = |at| words::moment(at, now, &zone);
    let many =
        |number: u64, noun: &str| words::count(usize::try_from(number).unwrap_or(usize::MAX), noun);
    let counts = view.grant.counts;
    page.section("Use");
    page.fact("made", &moment(view.grant.created_at), Tone::Plain);
    let fetched = match view.used_at {
        Some(at) => format!(
            "{} since the vault was opened, the last at {}",
            many(view.fetched, "token"),
            moment(at)
        ),
        None => "nothing since the vault was opened".to_owned(),
    };
    page.fact("fetched", &fetched, Tone::Plain);
    let issued = match counts.issued {
        0 => "no pair was issued yet".to_owned(),
        issued => format!(
            "{} issued, exchanged for the next {}",
            many(issued, "pair"),
            many(counts.rotated, "time")
        ),
    };
    page.fact("so far", &issued, Tone::Plain);
    if counts.replayed > 0 {
        let text = format!(
            "{} came back used: somebody else may have had a copy, and those pairs were ended",
            many(counts.replayed, "refresh token")
        );
        page.fact("replayed", &text, Tone::Trouble);
    }
}

fn out(page: &mut Page<'_>, pair: &PairView) {
    let (now, zone) = (page.app.now, page.app.around.zone.clone());
    let moment = |at| words::moment(at, now, &zone);
    let rotated = match pair.rotations {
        0 => "not exchanged yet".to_owned(),
        many => format!(
            "exchanged {}, the last at {}",
            words::count(usize::try_from(many).unwrap_or(usize::MAX), "time"),
            moment(pair.rotated_at)
        ),
    };
    page.fact("to", &kept::program(&pair.to), Tone::Good);
    let text = format!(
        "since {}; {rotated}; ends {} unless it is exchanged",
        moment(pair.since),
        moment(pair.expires_at)
    );
    page.fact("", &text, Tone::Plain);
    page.fact("family", &pair.family.to_string(), Tone::Dim);
}

/// Draws it; `scroll` lines of it are above the screen.
pub fn draw(app: &App, view: &GrantView, scroll: usize, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let pairs = words::count(view.pairs.len(), "live pair");
    let room = area.width.saturating_sub(paint::columns(&pairs) + 3);
    let name = view.grant.name.as_str();
    paint::put(buf, (area.x + 1, area.y), room, name, theme.strong(), theme);
    let at = (area.x, area.y);
    let width = area.width.saturating_sub(1);
    paint::put_right(buf, at, width, &pairs, theme.dim(), theme);
    let lines = lines(app, view, area.width);
    for (y, line) in (area.y + 1..area.bottom()).zip(lines.iter().skip(scroll)) {
        buf.set_line(area.x, y, line, area.width);
    }
}
