//! An alert of the activity log as an item of the inbox.

use crate::model::alert::{Alert, AlertKind};
use crate::tui::app::App;
use crate::tui::screens::item::ItemText;
use crate::tui::theme::Tone;
use crate::tui::words;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// What speaks for it, when that was, and what shows more.
pub fn reason(app: &App, alert: &Alert) -> String {
    let when = words::moment(alert.at, app.now, &app.around.zone);
    format!("{} Last at {when}. More: {}", alert.text, alert.command)
}

/// What the lines have to fit that it rests on.
pub fn filter(alert: &Alert) -> String {
    let credential = alert.credential.as_ref().map(|name| name.as_str());
    let program = alert.program.as_deref();
    let words = match alert.kind {
        AlertKind::WrongPassphrases => [Some("wrong passphrase"), None],
        AlertKind::RefreshFailures => [Some("refresh failed"), credential],
        AlertKind::LimitViolations => [Some("asked too often"), program],
        AlertKind::ReplayedToken => [Some("used refresh token"), program],
        AlertKind::NewProgram | AlertKind::BusyAddress => [program, None],
        AlertKind::BusyCredential | AlertKind::QuietHour => [credential, None],
    };
    let words: Vec<&str> = words.into_iter().flatten().collect();
    words.join(" ")
}

/// Draws one; the second place is where its text stands.
pub fn draw(app: &App, alert: &Alert, places: (Rect, Rect), selected: bool, buf: &mut Buffer) {
    let about = alert.credential.as_ref().map(|name| name.as_str());
    let about = about.or(alert.program.as_deref());
    let text = ItemText {
        sign: "!",
        name: about.unwrap_or("the vault"),
        what: alert.kind.words(),
        style: app.theme.tone(Tone::Trouble),
        does: "looks at it",
        reason: &reason(app, alert),
    };
    text.draw(places, selected, app.theme, buf);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::engine::api::Event;
    use crate::model::event::{Activity, Happening, Purpose};
    use crate::model::program::Program;
    use crate::tui::effect::{Ask, Effect};
    use crate::tui::example;
    use crate::tui::message::Message;
    use crate::tui::screens::inbox::Entry;
    use crate::tui::update::update;
    use crate::tui::workspace::Tab;
    use insta::assert_snapshot;
    use std::sync::Arc;
    use std::time::Duration;

    fn at(secs: u64) -> Timestamp {
        example::NOW.minus(Duration::from_secs(secs))
    }

    fn alerts() -> Vec<Alert> {
        vec![
            Alert {
                at: at(40),
                kind: AlertKind::NewProgram,
                credential: Some(example::name("github/alice")),
                count: 1,
                program: Some("/tmp/miner".to_owned()),
                text: "/tmp/miner asked for the first time (handed_out), about github/alice."
                    .to_owned(),
                command: "tokenward audit list --program /tmp/miner".to_owned(),
            },
            Alert {
                at: at(4000),
                kind: AlertKind::WrongPassphrases,
                credential: None,
                count: 1,
                program: None,
                text: "4 wrong passphrases were told on 2026-11-20.".to_owned(),
                command: "tokenward audit list --kind wrong_passphrase".to_owned(),
            },
        ]
    }

    fn came(app: &mut App, open: Vec<Alert>, new: Vec<Alert>) {
        update(app, Message::Event(Event::Alerts { open, new }));
    }

    #[test]
    fn an_alert_is_told_when_it_comes_and_stays_in_the_inbox_until_somebody_looks_at_it() {
        for size in [(80, 24), (120, 36)] {
            let mut app = example::open(size.0, size.1);
            came(&mut app, alerts(), alerts()[..1].to_vec());
            let said = app.notices.shown();
            assert!(said[0].text.contains("/tmp/miner"), "{said:?}");
            example::press(&mut app, "2");
            assert_snapshot!(format!("inbox_alerts_{}", size.0), example::shown(&mut app));
            let effects = example::press(&mut app, "\n");
            let [Effect::Ask(Ask::SeeAlert(key))] = effects.as_slice() else {
                panic!("{effects:?}");
            };
            assert_eq!(*key, alerts()[0].key());
            let workspace = app.open().unwrap();
            assert_eq!(workspace.tab, Tab::Activity, "its lines are shown");
            assert_eq!(workspace.log.filter.text(), "/tmp/miner");
        }
    }

    #[test]
    fn the_lines_an_alert_rests_on_are_found_by_what_was_asked_and_the_last_is_chosen() {
        let mut app = example::open(80, 24);
        let by = Program {
            executable: Some("/tmp/miner".to_owned()),
            in_ui: true,
            ..Program::default()
        };
        let happened = |secs, by: Option<Program>| {
            let what = Happening::HandedOut {
                purpose: Purpose::Get,
                count: 1,
            };
            let name = Some(example::name("github/alice"));
            let activity = Activity::new(at(secs), name, what).by(by.map(Arc::new));
            Message::Event(Event::Happened { activity })
        };
        // Its number of seconds ago, and the alert rests on the lines until 40 seconds ago.
        for secs in [90, 60, 40, 10] {
            update(&mut app, happened(secs, Some(by.clone())));
        }
        update(&mut app, happened(5, None));
        came(&mut app, alerts(), Vec::new());
        example::press(&mut app, "2\n");
        let log = &app.open().unwrap().log;
        assert_eq!(
            log.len(),
            4,
            "those of the program, whatever they say of it"
        );
        assert_eq!(log.selected().unwrap().at, at(40));
        let words = [
            (AlertKind::WrongPassphrases, "wrong passphrase"),
            (AlertKind::LimitViolations, "asked too often /tmp/miner"),
            (AlertKind::BusyCredential, "github/alice"),
        ];
        for (kind, filtered) in words {
            let one = alerts()[0].clone();
            assert_eq!(filter(&Alert { kind, ..one }), filtered);
        }
    }

    #[test]
    fn the_pointer_stays_on_its_item_when_alerts_come_and_go() {
        let mut app = example::open(80, 24);
        example::press(&mut app, "2j");
        let chosen = |app: &App| match app.open().unwrap().inbox.selected() {
            Some(Entry::Need(item)) => Some(item.name.to_string()),
            Some(Entry::Alert(_) | Entry::Parcel(_) | Entry::Question(_)) | None => None,
        };
        let before = chosen(&app);
        assert!(before.is_some());
        came(&mut app, alerts(), Vec::new());
        assert_eq!(chosen(&app), before);
        assert_eq!(app.notices.shown().len(), 0, "nothing of it is news");
        example::press(&mut app, "kk");
        let alert = |app: &App| match app.open().unwrap().inbox.selected() {
            Some(Entry::Alert(alert)) => Some(alert.clone()),
            Some(Entry::Parcel(_) | Entry::Need(_) | Entry::Question(_)) | None => None,
        };
        assert_eq!(alert(&app).unwrap().kind, AlertKind::WrongPassphrases);
        came(&mut app, alerts()[1..].to_vec(), Vec::new());
        assert_eq!(alert(&app).unwrap().kind, AlertKind::WrongPassphrases);
        came(&mut app, Vec::new(), Vec::new());
        assert!(alert(&app).is_none() && chosen(&app).is_some());
    }
}
