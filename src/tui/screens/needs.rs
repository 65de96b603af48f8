//! A credential that needs a human, as an item of the inbox: why, and what its one key does.

use crate::model::credential::CredentialView;
use crate::model::health::{ForecastReason, Health};
use crate::model::name::CredentialName;
use crate::model::need::Need;
use crate::tui::app::App;
use crate::tui::screens::item::ItemText;
use crate::tui::screens::tale;
use crate::tui::theme::Tone;
use crate::tui::words;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// One item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Whose.
    pub name: CredentialName,
    /// Why.
    pub need: Need,
}

/// Draws one; the second place is where its reason stands.
pub fn draw(
    app: &App,
    (item, view): (&Item, &CredentialView),
    places: (Rect, Rect),
    selected: bool,
    buf: &mut Buffer,
) {
    let (what, does, style) = words_of(app, item.need, view);
    let sign = match item.need {
        Need::DiesSoon => "!",
        Need::SignIn | Need::Over | Need::Setting | Need::StillAlive | Need::Scopes => {
            app.theme.sign(view.health.kind())
        }
    };
    let text = ItemText {
        sign,
        name: item.name.as_str(),
        what,
        style,
        does,
        reason: &why(app, item, view),
    };
    text.draw(places, selected, app.theme, buf);
}

/// What is wrong, what the key does, and how it looks.
fn words_of(app: &App, need: Need, view: &CredentialView) -> (&'static str, &'static str, Style) {
    let theme = app.theme;
    let health = theme.health(view.health.kind());
    let (does, style) = match need {
        Need::SignIn | Need::Over => ("signs in again", health),
        Need::Setting => ("signs in anew", health),
        Need::DiesSoon if view.forecast.because == ForecastReason::KeyEnds => {
            ("keeps a new key", theme.tone(Tone::Soon))
        }
        Need::StillAlive => ("revokes it again", theme.tone(Tone::Trouble)),
        Need::Scopes => ("signs in with them", theme.tone(Tone::Soon)),
        Need::DiesSoon => ("signs in again before", theme.tone(Tone::Soon)),
    };
    (need.words(), does, style)
}

/// Why, a sentence.
pub fn why(app: &App, item: &Item, view: &CredentialView) -> String {
    match &view.health {
        Health::NeedsLogin { cause } | Health::Misconfigured { cause }
            if item.need != Need::DiesSoon =>
        {
            let likely = cause.likely().first().map(tale::likely_words);
            let parts = [Some(cause.cause.clone()), likely, Some(cause.fix.clone())];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
        }
        _ if item.need == Need::Scopes => format!(
            "A program needs {}, which the grant lacks. What is there works until the new tokens are kept.",
            view.profile.wanted_scopes.join(" ")
        ),
        _ if item.need == Need::StillAlive => {
            let workspace = app.open();
            let page = workspace.and_then(|it| it.grants_page(item.name.provider()));
            words::still_alive(page)
        }
        _ if item.need == Need::Over => {
            "The access token has expired and there is no refresh token.".to_owned()
        }
        _ => words::forecast(&view.forecast, app.now, &app.around.zone).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use crate::model::health::Health;
    use crate::tui::effect::{Ask, Effect};
    use crate::tui::example;
    use insta::assert_snapshot;

    #[test]
    fn scopes_that_are_missed_are_one_item_that_leads_to_a_sign_in_with_them() {
        use crate::tui::theme::Theme;
        use std::sync::Arc;
        let mut view = example::credential("github/alice", "GitHub", Health::Fresh, 600, 0);
        let profile = Arc::make_mut(&mut view.profile);
        profile.wanted_scopes = vec!["workflow".to_owned(), "write:packages".to_owned()];
        let mut app = example::app(vec![view], (80, 24), Theme::new(true, true));
        app.open_mut().unwrap().providers = example::providers();
        example::press(&mut app, "2");
        assert_snapshot!("inbox_scopes", example::shown(&mut app));
        let effects = example::press(&mut app, "\n");
        let [Effect::Ask(Ask::SignIn(request))] = effects.as_slice() else {
            panic!("{effects:?}");
        };
        let scopes = request.scopes.as_ref().unwrap();
        assert!(scopes.contains(&"workflow".to_owned()), "{scopes:?}");
    }

    #[test]
    fn what_a_revocation_left_alive_stays_until_it_is_revoked_again_or_removed() {
        use crate::engine::api::Event;
        use crate::model::credential::Standing;
        use crate::model::inquiry::Liveness;
        use crate::tui::message::Message;
        use crate::tui::overlays::overlay::Overlay;
        use crate::tui::theme::Theme;
        use crate::tui::update::update;
        let revoked = |name: &str, proof| {
            let view = example::credential(name, "GitHub", Health::Revoked, 600, 300);
            let at = example::NOW;
            example::changed(view, |it| it.standing = Standing::Revoked { at, proof })
        };
        for size in [(80, 24), (120, 36)] {
            let views = ["github/alice", "github/bob", "acme/carol"];
            let views = views.map(|name| revoked(name, Liveness::Alive));
            let dead = revoked("github/dave", Liveness::Dead);
            let views = views.into_iter().chain([dead]).collect();
            let mut app = example::app(views, size, Theme::new(true, true));
            let mut providers = example::providers();
            for view in &mut providers {
                view.provider.grants_page =
                    Some("https://github.com/settings/applications".to_owned());
            }
            app.open_mut().unwrap().providers = providers;
            example::press(&mut app, "2j");
            assert_snapshot!(
                format!("inbox_still_alive_{}", size.0),
                example::shown(&mut app)
            );
            assert!(example::press(&mut app, "\n").is_empty());
            assert!(matches!(app.overlays.as_slice(), [Overlay::Confirm(_)]));
            let effects = example::press(&mut app, "y");
            let [Effect::Ask(Ask::Revoke(name))] = effects.as_slice() else {
                panic!("{effects:?}")
            };
            assert_eq!(name.as_str(), "github/alice");
            let view = revoked("github/alice", Liveness::Dead);
            update(&mut app, Message::Event(Event::Changed { view }));
            let name = example::name("github/bob");
            update(&mut app, Message::Event(Event::Removed { name }));
            let text = example::shown(&mut app);
            assert!(
                text.contains("Inbox (1)") && text.contains("acme/carol"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_wrong_setting_leads_to_the_page_of_the_client() {
        use crate::tui::theme::Theme;
        let health = Health::Misconfigured {
            cause: example::invalid_grant(),
        };
        let view = example::credential("github/alice", "GitHub", health, 600, 0);
        let mut app = example::app(vec![view], (80, 24), Theme::new(true, true));
        app.open_mut().unwrap().providers = example::providers();
        example::press(&mut app, "2\n");
        assert!(example::shown(&mut app).contains("client secret"));
        let effects = example::press(&mut app, "Iv1.other\n\n\n\n");
        let [Effect::Ask(Ask::SignIn(request))] = effects.as_slice() else {
            panic!("{effects:?}")
        };
        assert_eq!(request.client.as_ref().unwrap().id, "Iv1.other");
        assert_eq!(request.account.as_deref(), Some("alice"));
    }
}
