//! What surrounds every screen: counts, tabs, the sentence about the selected row, keys; and boxes.

use crate::engine::gate::Place;
use crate::model::health::HealthKind;
use crate::tui::app::App;
use crate::tui::hints;
use crate::tui::layout::{Layout, WIDE};
use crate::tui::paint::{self, pieces, put, put_right};
use crate::tui::screens::sentence;
use crate::tui::theme::{Theme, Tone};
use crate::tui::words;
use crate::tui::workspace::{Tab, Workspace};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Below this width the health of the credentials needs the room of the word for them.
const NARROW: u16 = 72;

/// Draws everything around the body.
pub fn draw(app: &App, workspace: &Workspace, layout: &Layout, buf: &mut Buffer) {
    header(app, workspace, layout.header, buf);
    tabs(app, workspace, layout.tabs, buf);
    paint::rule(buf, layout.upper_rule, app.theme);
    paint::rule(buf, layout.lower_rule, app.theme);
    if workspace.stopped {
        let text = "the engine has stopped: q leaves; start tokenward again";
        put(
            buf,
            (1, layout.sentence.y),
            layout.sentence.width - 2,
            text,
            app.theme.tone(Tone::Trouble),
            app.theme,
        );
    } else if workspace.tab == Tab::Credentials
        && let Some(view) = workspace.looked_at()
    {
        let (tone, text) = sentence::about(app, view);
        let room = layout.sentence.width - 2;
        put(
            buf,
            (1, layout.sentence.y),
            room,
            &text,
            app.theme.tone(tone),
            app.theme,
        );
    }
    if app.overlays.is_empty() {
        hints::hint_line(app, &app.scopes(), layout.hints, buf);
    }
}

fn header(app: &App, workspace: &Workspace, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let place = match workspace.place {
        Place::Owner => "this process keeps the vault",
        Place::Attached => "attached to the daemon",
        Place::Demo => "demo",
    };
    let place = if area.width < WIDE {
        match workspace.place {
            Place::Owner => "owner",
            Place::Attached => "attached",
            Place::Demo => "demo",
        }
    } else {
        place
    };
    let right = format!(
        "{place} {} {}",
        theme.signs().dot,
        words::clock(app.now, &app.around.zone)
    );
    let wide = paint::columns(&right);
    put_right(
        buf,
        (area.x, area.y),
        area.width - 1,
        &right,
        theme.dim(),
        theme,
    );
    let end = area.right().saturating_sub(wide + 3);
    let total = if area.width < NARROW {
        words::grouped(workspace.rows.len())
    } else {
        words::count(workspace.rows.len(), "credential")
    };
    let head = [
        ("tokenward", theme.focus()),
        ("  ", theme.plain()),
        (total.as_str(), theme.plain()),
        ("  ", theme.plain()),
    ];
    let mut x = pieces(buf, (area.x + 1, area.y), end - 1, &head, theme);
    if let Some((loaded, all)) = workspace.loading {
        let text = format!("loading {loaded} of {all}  ");
        x = put(
            buf,
            (x, area.y),
            end.saturating_sub(x),
            &text,
            theme.tone(Tone::Work),
            theme,
        );
    }
    counts(workspace, (x, area.y), end, theme, buf);
}

fn counts(workspace: &Workspace, at: (u16, u16), end: u16, theme: Theme, buf: &mut Buffer) {
    // From what is well to what is not, as one reads; words wherever there is room for all of them.
    let order = [
        HealthKind::Fresh,
        HealthKind::Static,
        HealthKind::Expiring,
        HealthKind::Refreshing,
        HealthKind::RateLimited,
        HealthKind::Retrying,
        HealthKind::Expired,
        HealthKind::Misconfigured,
        HealthKind::NeedsLogin,
        HealthKind::Revoking,
        HealthKind::Revoked,
    ];
    let present: Vec<(HealthKind, usize)> = order
        .into_iter()
        .map(|kind| (kind, workspace.rows.counts()[kind as usize]))
        .filter(|(_, count)| *count > 0)
        .collect();
    let text = |kind: HealthKind, count: usize, word: bool, gap: &str| {
        let word = if word {
            format!(" {}", kind.word())
        } else {
            String::new()
        };
        format!("{} {}{word}{gap}", theme.sign(kind), words::grouped(count))
    };
    let room = usize::from(end.saturating_sub(at.0));
    let takes = |first: bool, rest: bool, gap: &str| -> usize {
        let all = present.iter().enumerate();
        all.map(|(at, (kind, count))| {
            paint::width(&text(
                *kind,
                *count,
                if at == 0 { first } else { rest },
                gap,
            ))
        })
        .sum()
    };
    let ways = [
        (true, true, "  "),
        (true, false, "  "),
        (false, false, "  "),
    ];
    let fits = ways
        .into_iter()
        .find(|(first, rest, gap)| takes(*first, *rest, gap) <= room + 1);
    let (first, rest, gap) = fits.unwrap_or((false, false, " "));
    let mut x = at.0;
    for (at_place, (kind, count)) in present.iter().enumerate() {
        let text = text(*kind, *count, if at_place == 0 { first } else { rest }, gap);
        x = put(
            buf,
            (x, at.1),
            end.saturating_sub(x),
            &text,
            theme.health(*kind),
            theme,
        );
    }
}

/// Titles of the tabs with their columns, as drawn and as the mouse finds them.
pub fn tab_places(workspace: &Workspace, width: u16) -> [(Tab, u16, String); 5] {
    let titles = tab_titles(workspace);
    let wide: u16 = titles.iter().map(|(_, title)| paint::columns(title)).sum();
    // Where they have no room side by side, they stand closer.
    let gaps = u16::try_from(titles.len() - 1).unwrap_or(1);
    let gap = (width.saturating_sub(wide + 1) / gaps).clamp(1, 3);
    let mut x = 1;
    titles.map(|(tab, title)| {
        let here = x;
        x += paint::columns(&title) + gap;
        (tab, here, title)
    })
}

fn tab_titles(workspace: &Workspace) -> [(Tab, String); 5] {
    Tab::ALL.map(|tab| {
        let number = Tab::ALL.iter().position(|other| *other == tab).unwrap_or(0) + 1;
        let many = workspace.inbox.len();
        let count = if tab == Tab::Inbox && many > 0 {
            format!(" ({many})")
        } else {
            String::new()
        };
        let title = format!("{number} {}{count}", tab.title());
        (tab, title)
    })
}

fn tabs(app: &App, workspace: &Workspace, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let mut end = area.x;
    for (tab, x, title) in tab_places(workspace, area.width) {
        let style = if tab == workspace.tab {
            theme.focus()
        } else if tab == Tab::Inbox && !workspace.inbox.is_empty() {
            theme.tone(Tone::Soon)
        } else {
            theme.dim()
        };
        end = put(
            buf,
            (x, area.y),
            area.width.saturating_sub(x),
            &title,
            style,
            theme,
        );
    }
    if workspace.tab == Tab::Credentials && !workspace.rows.is_empty() {
        let (sort, reversed) = workspace.rows.sort();
        let mut text = format!(
            "by {}{}",
            sort.word(),
            if reversed { ", reversed" } else { "" }
        );
        let marked = workspace.list.marked.len();
        if marked > 0 {
            text = format!("{} marked  {text}", words::grouped(marked));
        }
        if let Some(batch) = &workspace.batch {
            text = format!("{} {} of {}  {text}", batch.verb, batch.done, batch.total);
        }
        let room = area.right().saturating_sub(end + 3);
        if paint::columns(&text) <= room {
            put_right(buf, (end + 2, area.y), room, &text, theme.dim(), theme);
        }
    }
}
