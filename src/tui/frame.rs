//! What surrounds every screen: counts, tabs, the sentence about the selected row, keys; and boxes.

use crate::engine::gate::Place;
use crate::model::health::HealthKind;
use crate::tui::app::App;
use crate::tui::keymap::{self, Action, Scope};
use crate::tui::layout::{Layout, WIDE};
use crate::tui::overlays::overlay::Overlay;
use crate::tui::paint::{self, pieces, put, put_right};
use crate::tui::screens::sentence;
use crate::tui::theme::{Theme, Tone};
use crate::tui::words;
use crate::tui::workspace::{Tab, Workspace};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Clear, Widget};

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
        hint_line(app, &app.scopes(), layout.hints, buf);
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
    let total = words::count(workspace.rows.len(), "credential");
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
pub fn tab_places(workspace: &Workspace) -> [(Tab, u16, String); 4] {
    let mut x = 1;
    Tab::ALL.map(|tab| {
        let number = Tab::ALL.iter().position(|other| *other == tab).unwrap_or(0) + 1;
        let many = workspace.inbox.len();
        let count = if tab == Tab::Inbox && many > 0 {
            format!(" ({many})")
        } else {
            String::new()
        };
        let title = format!("{number} {}{count}", tab.title());
        let here = x;
        x += paint::columns(&title) + 3;
        (tab, here, title)
    })
}

fn tabs(app: &App, workspace: &Workspace, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let mut end = area.x;
    for (tab, x, title) in tab_places(workspace) {
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
        put_right(
            buf,
            (end + 2, area.y),
            area.right().saturating_sub(end + 3),
            &text,
            theme.dim(),
            theme,
        );
    }
}

/// Whether an action makes sense now; what does not is neither hinted at nor done.
pub fn is_offered(app: &App, action: Action) -> bool {
    if action == Action::Approve && !app.can_approve {
        return false;
    }
    match app.overlays.last() {
        Some(Overlay::Wizard(wizard)) => wizard.offers(action),
        Some(Overlay::Help(_) | Overlay::Palette(_) | Overlay::Confirm(_) | Overlay::Story(_)) => {
            true
        }
        None => app
            .open()
            .is_none_or(|workspace| on_screen(workspace, action)),
    }
}

fn on_screen(workspace: &Workspace, action: Action) -> bool {
    let needs_row = matches!(
        action,
        Action::Rotate
            | Action::Revoke
            | Action::Remove
            | Action::Copy
            | Action::Reveal
            | Action::SignInAgain
            | Action::Open
            | Action::Mark
            | Action::MarkAll
            | Action::Filter
            | Action::Sort
            | Action::Reverse
            | Action::Group
            | Action::RotateAll
            | Action::Widen
    );
    match workspace.tab {
        Tab::Credentials if action == Action::Fold => workspace.rows.is_grouped(),
        Tab::Credentials => !needs_row || !workspace.rows.is_empty(),
        Tab::Inbox => {
            !matches!(action, Action::Submit | Action::Open) || !workspace.inbox.is_empty()
        }
        Tab::Activity | Tab::Health => true,
    }
}

/// Draws the keys of some scopes in one line; what matters least is left out first.
pub fn hint_line(app: &App, scopes: &[Scope], area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let mut hints: Vec<(&keymap::Binding, String)> = scopes
        .iter()
        .flat_map(|scope| keymap::bindings(std::slice::from_ref(scope)))
        .filter(|binding| {
            binding.hint > 0 && !binding.word.is_empty() && is_offered(app, binding.action)
        })
        .map(|binding| {
            (
                binding,
                binding
                    .keys
                    .first()
                    .map(|key| key.label(theme))
                    .unwrap_or_default(),
            )
        })
        .collect();
    let room = usize::from(area.width.saturating_sub(1));
    let width_of =
        |hint: &(&keymap::Binding, String)| paint::width(&hint.1) + paint::width(hint.0.word) + 3;
    while hints.iter().map(width_of).sum::<usize>() > room + 2 {
        let Some(least) = hints.iter().map(|hint| hint.0.hint).max() else {
            return;
        };
        let Some(at) = hints.iter().rposition(|hint| hint.0.hint == least) else {
            return;
        };
        hints.remove(at);
    }
    let mut x = area.x + u16::from(area.x == 0);
    for (binding, key) in hints {
        let parts = [
            (key.as_str(), theme.key()),
            (" ", theme.plain()),
            (binding.word, theme.dim()),
        ];
        x = pieces(
            buf,
            (x, area.y),
            area.right().saturating_sub(x),
            &parts,
            theme,
        ) + 2;
    }
}

/// Draws an empty box with a title and returns its inside.
pub fn boxed(app: &App, area: Rect, title: &str, aside: &str, buf: &mut Buffer) -> Rect {
    let theme = app.theme;
    let area = area.intersection(buf.area);
    // A column of air on both sides keeps what lies under the box apart from it.
    let air = Rect {
        x: area.x.saturating_sub(1),
        width: area.width + 2,
        ..area
    };
    Clear.render(air.intersection(buf.area), buf);
    let signs = theme.signs();
    let style = theme.dim();
    let [top_left, top_right, low_left, low_right] = signs.corners;
    let line = signs.rule.repeat(area.width.saturating_sub(2).into());
    for (y, left, right) in [
        (area.y, top_left, top_right),
        (area.bottom() - 1, low_left, low_right),
    ] {
        put(buf, (area.x, y), 1, left, style, theme);
        put(buf, (area.x + 1, y), area.width - 2, &line, style, theme);
        put(buf, (area.right() - 1, y), 1, right, style, theme);
    }
    for y in area.y + 1..area.bottom() - 1 {
        put(buf, (area.x, y), 1, signs.wall, style, theme);
        put(buf, (area.right() - 1, y), 1, signs.wall, style, theme);
    }
    titled(
        buf,
        (area.x + 2, area.y),
        area.width - 4,
        (title, theme.strong()),
        theme,
    );
    if !aside.is_empty() {
        let wide = paint::columns(aside) + 2;
        let x = area.right().saturating_sub(wide + 2);
        titled(buf, (x, area.y), wide, (aside, theme.dim()), theme);
    }
    Rect::new(
        area.x + 2,
        area.y + 1,
        area.width.saturating_sub(4),
        area.height.saturating_sub(2),
    )
}

fn titled(buf: &mut Buffer, at: (u16, u16), room: u16, title: (&str, Style), theme: Theme) {
    let wide = paint::columns(title.0) + 2;
    buf.set_style(Rect::new(at.0, at.1, wide.min(room), 1), Style::reset());
    pieces(
        buf,
        at,
        room,
        &[(" ", theme.plain()), title, (" ", theme.plain())],
        theme,
    );
}

/// Draws what went wrong and what helps.
pub fn trouble(buf: &mut Buffer, area: Rect, what: &str, help: &str, theme: Theme) {
    let used = paint::paragraph(buf, area, what, theme.tone(Tone::Trouble), theme);
    let below = Rect {
        y: area.y + used,
        height: area.height.saturating_sub(used),
        ..area
    };
    paint::paragraph(buf, below, help, theme.plain(), theme);
}
