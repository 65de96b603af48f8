//! Everything is revoked at once: the question is a confirmation, this tells what became of each.

use crate::engine::api::{Fate, FateOf, Refusal};
use crate::model::inquiry::Liveness;
use crate::model::name::CredentialName;
use crate::tui::app::App;
use crate::tui::overlays::confirm::Confirm;
use crate::tui::overlays::deed::Deed;
use crate::tui::overlays::overlay::Overlay;
use crate::tui::overlays::story::Story;
use crate::tui::theme::Tone;
use crate::tui::words;

/// Rows that are told one by one.
const ROWS: usize = 12;

/// Asks before everything is revoked.
pub fn ask(app: &mut App) {
    let Some(workspace) = app.open() else { return };
    let all = workspace.rows.all();
    let names: Vec<CredentialName> = all.map(|view| view.profile.name.clone()).collect();
    let parcels = workspace.inbox.parcels().to_vec();
    if names.is_empty() && parcels.is_empty() {
        app.say(Tone::Dim, "there is nothing to revoke");
        return;
    }
    let mut confirm = Confirm::new(Deed::RevokeAll, names);
    confirm.then_locks = app.locking.is_some();
    confirm.parcels = parcels;
    app.overlays.push(Overlay::Confirm(confirm));
}

/// Tells what became of each; when it was read, the vault is locked.
pub fn told(app: &mut App, result: Result<Vec<FateOf>, Refusal>) {
    let mut fates = match result {
        Ok(fates) => fates,
        Err(refusal) => {
            let text = format!("not everything was revoked: {refusal}; {}", refusal.hint());
            return app.say(Tone::Trouble, &text);
        }
    };
    let queued = fates.iter().filter(|it| it.fate.is_queued()).count();
    let dead = fates.iter().filter(|it| is_dead(&it.fate)).count();
    // What a person has to act upon stands first.
    fates.sort_by_key(|it| (is_dead(&it.fate), it.fate.is_queued()));
    let mut lines = vec![(
        "in all",
        format!(
            "{} revoked for certain, {queued} queued",
            words::count(dead, "credential")
        ),
    )];
    for it in fates.iter().take(ROWS) {
        lines.push(("", format!("{}: {}", called(it), row(&it.fate))));
    }
    if let Some(more) = fates.len().checked_sub(ROWS).filter(|more| *more > 0) {
        lines.push(("", format!("and {more} more, in the activity")));
    }
    let then_locks = app.locking.is_some();
    let then = match queued {
        _ if !then_locks => "the demo's vault is not locked: it goes when you leave",
        0 => "the vault is locked when this is closed",
        _ => "the vault is locked when this is closed; what is queued is told when it is unlocked",
    };
    lines.push(("then", then.to_owned()));
    app.overlays.push(Overlay::Story(Story {
        title: if dead == fates.len() {
            "Everything is revoked".to_owned()
        } else {
            "Revoked, but not all is known to be dead".to_owned()
        },
        lines,
        then_locks,
    }));
}

fn called(it: &FateOf) -> String {
    match it.item {
        Some(item) => format!("{}, item {item}", it.name),
        None => it.name.to_string(),
    }
}

fn is_dead(fate: &Fate) -> bool {
    matches!(fate, Fate::Revoked(outcome) if outcome.proof() == Liveness::Dead)
}

fn row(fate: &Fate) -> String {
    match fate {
        Fate::Revoked(outcome) => words::proof(outcome.proof()).to_owned(),
        Fate::Refused(refusal) if fate.is_queued() => {
            format!("queued, nothing is handed out meanwhile: {refusal}")
        }
        Fate::Refused(refusal) => format!("not revoked: {refusal}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::api::RevokeOutcome;
    use crate::engine::gate::Place;
    use crate::model::failure::{Failure, FailureClass};
    use crate::tui::curtain::Locking;
    use crate::tui::effect::{Ask, Effect};
    use crate::tui::example;
    use crate::tui::message::{Answer, Message};
    use crate::tui::update::update;
    use insta::assert_snapshot;

    fn fates() -> Vec<FateOf> {
        let away = Failure::new(
            FailureClass::Transient,
            "network",
            "no way to github.com",
            "",
        );
        let fate = |name: &str, fate| FateOf {
            name: example::name(name),
            item: None,
            kept_as: None,
            fate,
        };
        let dead = RevokeOutcome::Confirmed {
            proof: Liveness::Dead,
        };
        let by_hand = RevokeOutcome::ByHand {
            page: None,
            proof: Liveness::Alive,
        };
        vec![
            fate("atlassian/alice", Fate::Revoked(dead)),
            fate(
                "github/alice",
                Fate::Refused(Refusal::Failed { failure: away }),
            ),
            fate("slack/acme", Fate::Revoked(by_hand)),
        ]
    }

    #[test]
    fn one_key_and_a_word_revoke_everything_and_lock_once_the_report_was_read() {
        let mut app = example::open(80, 24);
        app.locking = Some(Locking::default());
        assert!(example::press(&mut app, "!").is_empty());
        assert_snapshot!("panic_asked", example::shown(&mut app));
        assert!(example::press(&mut app, "y\n").is_empty(), "not the word");
        let effects = example::press(&mut app, "\u{8}revoke\n");
        assert!(
            matches!(effects.as_slice(), [Effect::Ask(Ask::RevokeAll)]),
            "{effects:?}"
        );
        let answer = Answer::RevokedAll(Ok(fates()));
        update(&mut app, Message::Answer(Box::new(answer)));
        assert_snapshot!("panic_told", example::shown(&mut app));
        let effects = example::press(&mut app, "\n");
        assert!(
            matches!(effects.as_slice(), [Effect::Lock(_)]),
            "{effects:?}"
        );
        assert!(app.curtain.is_some());
    }

    #[test]
    fn the_demo_promises_no_lock_and_the_lock_key_says_why() {
        let mut app = example::open(80, 24);
        app.open_mut().unwrap().place = Place::Demo;
        example::press(&mut app, "!");
        let text = example::shown(&mut app);
        assert!(!text.contains("locked"), "{text}");
        let answer = Answer::RevokedAll(Ok(fates()));
        update(&mut app, Message::Answer(Box::new(answer)));
        let text = example::shown(&mut app);
        assert!(text.contains("is not locked"), "{text}");
        assert!(example::press(&mut app, "\n\u{1b}L").is_empty());
        assert!(app.curtain.is_none());
        let said = &app.notices.shown()[0].text;
        assert!(said.contains("the demo is not locked"), "{said}");
    }

    #[test]
    fn what_could_not_be_done_is_said() {
        let mut app = example::open(80, 24);
        let answer = Answer::RevokedAll(Err(Refusal::Stopped));
        update(&mut app, Message::Answer(Box::new(answer)));
        assert!(app.overlays.is_empty());
        assert!(
            app.notices.shown()[0]
                .text
                .contains("the engine has stopped")
        );
    }
}
