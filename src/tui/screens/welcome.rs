//! What shows while there is no credential: that it is loading, or the three lines of a first start.

use crate::engine::gate::Place;
use crate::tui::app::App;
use crate::tui::keymap::{Action, Scope, key_for};
use crate::tui::paint::{pieces, put};
use crate::tui::words;
use crate::tui::workspace::Workspace;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws it in the list's place.
pub fn draw(app: &App, workspace: &Workspace, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let x = area.x + 3;
    let room = area.width.saturating_sub(4);
    let mut y = area.y + 1;
    if !workspace.listed {
        let text = match workspace.loading {
            Some((loaded, total)) => format!(
                "opening the vault: {loaded} of {}",
                words::count(usize::try_from(total).unwrap_or(0), "credential")
            ),
            None => "opening the vault".to_owned(),
        };
        put(buf, (x, y), room, &text, theme.dim(), theme);
        return;
    }
    let key = key_for(Scope::Everywhere, Action::SignIn, theme);
    put(
        buf,
        (x, y),
        room,
        "tokenward keeps your OAuth sign-ins alive: sealed, and refreshed in time.",
        theme.strong(),
        theme,
    );
    y += 2;
    pieces(
        buf,
        (x, y),
        room,
        &[
            ("Press ", theme.plain()),
            (&key, theme.key()),
            (
                " to sign in to a provider: that is the first credential.",
                theme.plain(),
            ),
        ],
        theme,
    );
    y += 1;
    let demo_key = key_for(Scope::Credentials, Action::Demo, theme);
    let demo: &[(&str, _)] = if workspace.place == Place::Demo {
        &[(
            "This is the demo: nothing you do here is kept.",
            theme.dim(),
        )]
    } else {
        &[
            ("Or ", theme.plain()),
            (&demo_key, theme.key()),
            (
                " to look around in the demo first: nothing to register.",
                theme.plain(),
            ),
        ]
    };
    pieces(buf, (x, y), room, demo, theme);
}

#[cfg(test)]
mod tests {
    use crate::tui::example;
    use crate::tui::theme::Theme;
    use insta::assert_snapshot;

    #[test]
    fn a_first_start_says_what_to_do() {
        let mut app = example::app(Vec::new(), (80, 24), Theme::new(true, true));
        assert_snapshot!("first_start", example::shown(&mut app));
    }

    #[test]
    fn loading_says_how_far_it_is() {
        let mut app = example::app(Vec::new(), (80, 24), Theme::new(true, true));
        let workspace = app.open_mut().unwrap();
        workspace.listed = false;
        workspace.loading = Some((3000, 10_000));
        assert_snapshot!("loading", example::shown(&mut app));
    }
}
