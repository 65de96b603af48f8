//! The keys of the present screen, made from the key table.

use crate::tui::app::{App, Session};
use crate::tui::boxes;
use crate::tui::hints;
use crate::tui::keymap::{self, Scope};
use crate::tui::layout;
use crate::tui::paint::put;
use crate::tui::workspace::Tab;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Lines of the help: key and sentence, or the title of a part.
pub fn lines(app: &App) -> Vec<(String, &'static str)> {
    let Session::Open(workspace) = &app.session else {
        return part(app, "Here", &[Scope::Lock, Scope::Program]);
    };
    let (title, scope) = match workspace.tab {
        Tab::Credentials if workspace.detail.is_some() => ("One credential", Scope::Detail),
        Tab::Credentials => ("Credentials", Scope::Credentials),
        Tab::Inbox => ("Inbox", Scope::Inbox),
        Tab::Activity => ("Activity", Scope::Activity),
        Tab::Health => ("Health", Scope::Health),
        Tab::Grants if workspace.grants.is_open() => ("One grant", Scope::Grant),
        Tab::Grants => ("Grants", Scope::Grants),
    };
    let mut lines = part(app, title, &[scope]);
    lines.extend(part(app, "Moving", &[Scope::Moving]));
    lines.extend(part(
        app,
        "Everywhere",
        &[Scope::Everywhere, Scope::Program],
    ));
    lines
}

fn part(app: &App, title: &'static str, scopes: &[Scope]) -> Vec<(String, &'static str)> {
    let mut lines: Vec<_> = keymap::bindings(scopes)
        // Not what makes sense for the row: the same lines, whether this lies over it or has just been taken off.
        .filter(|binding| hints::is_there(app, binding.action))
        .map(|binding| (binding.labels(app.theme), binding.title))
        .collect();
    if !lines.is_empty() {
        lines.insert(0, (String::new(), title));
        lines.push((String::new(), ""));
    }
    lines
}

/// How many lines show at a time.
pub const fn height(size: (u16, u16)) -> u16 {
    size.1.saturating_sub(6)
}

/// Draws the help.
pub fn draw(app: &App, scroll: usize, buf: &mut Buffer) {
    let theme = app.theme;
    let area = layout::centred(app.size, 76, app.size.1.saturating_sub(2));
    let inner = boxes::boxed(app, area, "Keys", "", buf);
    let body = Rect {
        height: height(app.size),
        ..inner
    };
    let lines = lines(app);
    for (y, (keys, text)) in (body.y..body.bottom()).zip(lines.iter().skip(scroll)) {
        if keys.is_empty() {
            put(buf, (body.x, y), body.width, text, theme.strong(), theme);
        } else {
            put(buf, (body.x + 1, y), 15, keys, theme.key(), theme);
            put(
                buf,
                (body.x + 17, y),
                body.width.saturating_sub(17),
                text,
                theme.plain(),
                theme,
            );
        }
    }
    let hints = Rect {
        y: inner.bottom() - 1,
        height: 1,
        ..inner
    };
    hints::hint_line(app, &[Scope::Reading], hints, buf);
    let below = lines
        .len()
        .saturating_sub(scroll + usize::from(body.height));
    if below > 0 {
        let more = format!("{below} more below");
        crate::tui::paint::put_right(
            buf,
            (inner.x, hints.y),
            inner.width,
            &more,
            theme.dim(),
            theme,
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::tui::example;
    use insta::assert_snapshot;

    #[test]
    fn no_sentence_of_the_table_is_cut() {
        let mut app = example::open(80, 60);
        for place in ["1?", "\x1b\n?", "\x1b\x1b2?", "\x1b3?", "\x1b4?"] {
            example::press(&mut app, place);
            let text = example::shown(&mut app);
            assert!(
                text.contains("Quit at once") && !text.contains('…'),
                "{text}"
            );
        }
    }

    #[test]
    fn the_help_shows_the_table_of_the_present_screen() {
        let mut app = example::open(80, 24);
        example::press(&mut app, "?");
        assert_snapshot!("help", example::shown(&mut app));
        example::press(&mut app, "G");
        let text = example::shown(&mut app);
        assert!(text.contains("Go to the background"), "{text}");
        assert!(!text.contains("more below"), "{text}");
        example::press(&mut app, "\x1b");
        assert!(app.overlays.is_empty());
    }
}
