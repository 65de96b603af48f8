//! The commands: every action by name, typed to find, with its key beside it.

use crate::tui::app::App;
use crate::tui::boxes;
use crate::tui::hints;
use crate::tui::keymap::{self, Action, Scope};
use crate::tui::layout;
use crate::tui::pick::{Choice, Pick};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The state.
pub struct Palette {
    /// What is typed and chosen.
    pub pick: Pick,
    actions: Vec<Action>,
}

impl Palette {
    /// All actions of the screen it is opened from.
    pub fn new(app: &App) -> Self {
        let scopes = app.scopes();
        let mut actions = Vec::new();
        let mut choices = Vec::new();
        let moving = |scope| scope == Scope::Moving;
        for binding in keymap::bindings(&scopes).filter(|binding| !moving(binding.scope)) {
            let useless = matches!(binding.action, Action::Palette | Action::Back);
            if useless
                || actions.contains(&binding.action)
                || !hints::is_offered(app, binding.action)
            {
                continue;
            }
            actions.push(binding.action);
            choices.push(Choice {
                title: binding.title.to_owned(),
                aside: binding
                    .keys
                    .first()
                    .map(|key| key.label(app.theme))
                    .unwrap_or_default(),
                also: String::new(),
            });
        }
        Self {
            pick: Pick::new(choices),
            actions,
        }
    }

    /// The action the pointer is on.
    pub fn chosen(&self) -> Option<Action> {
        self.actions.get(self.pick.chosen()?).copied()
    }
}

/// Where its list stands.
pub fn area(size: (u16, u16)) -> Rect {
    layout::centred(size, 72, size.1.saturating_sub(4).min(22))
}

/// Draws the commands.
pub fn draw(app: &App, palette: &Palette, buf: &mut Buffer) {
    let inner = boxes::boxed(app, area(app.size), "Commands", "", buf);
    let list = Rect {
        height: inner.height.saturating_sub(2),
        ..inner
    };
    palette.pick.draw(buf, list, app.theme);
    hints::hint_line(
        app,
        &[Scope::Picking],
        Rect {
            y: inner.bottom() - 1,
            height: 1,
            ..inner
        },
        buf,
    );
}

#[cfg(test)]
mod tests {
    use crate::tui::example;
    use crate::tui::overlays::overlay::Overlay;
    use insta::assert_snapshot;

    #[test]
    fn a_command_is_found_by_typing_and_done() {
        let mut app = example::open(80, 24);
        example::press(&mut app, ":");
        assert_snapshot!("palette", example::shown(&mut app));
        example::press(&mut app, "revoke");
        assert_snapshot!("palette_typed", example::shown(&mut app));
        example::press(&mut app, "\n");
        assert!(matches!(app.overlays.as_slice(), [Overlay::Confirm(_)]));
    }
}
