//! What shows on a terminal that is too small: the one most urgent line.

use crate::tui::app::{App, Session};
use crate::tui::layout::SMALLEST;
use crate::tui::paint::{pieces, put};
use crate::tui::words;
use ratatui::buffer::Buffer;

/// Draws it.
pub fn draw(app: &App, buf: &mut Buffer) {
    let theme = app.theme;
    let width = buf.area.width;
    let (needed_columns, needed_rows) = SMALLEST;
    let text = format!(
        "terminal too small: {}x{}, needs {needed_columns}x{needed_rows}",
        app.size.0, app.size.1
    );
    if app.curtain.is_some() {
        let locked = "tokenward: locked";
        put(buf, (0, 0), width, locked, theme.strong(), theme);
        put(buf, (0, 1), width, &text, theme.dim(), theme);
        return;
    }
    match &app.session {
        Session::Create(_) => {
            put(
                buf,
                (0, 0),
                width,
                "tokenward: no vault yet",
                theme.strong(),
                theme,
            );
        }
        Session::Unlock(_) => {
            put(
                buf,
                (0, 0),
                width,
                "tokenward: locked",
                theme.strong(),
                theme,
            );
        }
        Session::Open(workspace) => {
            let urgent = workspace.rows.all().min_by_key(|view| {
                (
                    view.health.kind(),
                    view.profile.expires_at.is_none(),
                    view.profile.expires_at,
                )
            });
            match urgent {
                Some(view) => {
                    let kind = view.health.kind();
                    let state = words::health(&view.health, app.now, &app.around.zone);
                    let line = [
                        (theme.sign(kind), theme.health(kind)),
                        (" ", theme.plain()),
                        (view.profile.name.as_str(), theme.strong()),
                        (" ", theme.plain()),
                        (state.as_str(), theme.health(kind)),
                    ];
                    pieces(buf, (0, 0), width, &line, theme);
                }
                None => {
                    put(
                        buf,
                        (0, 0),
                        width,
                        "tokenward: no credential yet",
                        theme.strong(),
                        theme,
                    );
                }
            }
        }
    }
    put(buf, (0, 1), width, &text, theme.dim(), theme);
}

#[cfg(test)]
mod tests {
    use crate::tui::example;
    use insta::assert_snapshot;

    #[test]
    fn too_small_shows_the_most_urgent_line() {
        let mut app = example::open(50, 12);
        assert_snapshot!("too_small", example::shown(&mut app));
    }
}
