//! What came in while the vault was locked, and what became of it: noticed, taken in, refused, revoked.

use crate::engine::api::{Fate, FateOf, Refusal, RevokeOutcome};
use crate::model::credential::CredentialView;
use crate::model::parcel::ParcelView;
use crate::tui::answers::done;
use crate::tui::app::App;
use crate::tui::effect::{Ask, Effect, TakeIn};
use crate::tui::keymap::{Action, Scope, key_for};
use crate::tui::screens::parcels;
use crate::tui::theme::Tone;
use crate::tui::words;

/// What waits; of what is new a person is told.
pub fn came(app: &mut App, parcels: Vec<ParcelView>) {
    let Some(workspace) = app.open_mut() else {
        return;
    };
    let new = workspace.inbox.take_parcels(parcels);
    if new > 0 {
        let key = key_for(Scope::Everywhere, Action::Inbox, app.theme);
        let text = format!(
            "{} came in while the vault was locked: take in or refuse what waits in the inbox ({key})",
            words::count(new, "item")
        );
        app.say(Tone::Soon, &text);
    }
}

/// Something was taken in, or not.
pub fn taken_in(
    app: &mut App,
    order: TakeIn,
    result: Result<Box<CredentialView>, Refusal>,
) -> Vec<Effect> {
    let view = match result {
        Ok(view) => view,
        Err(refusal) => {
            done(app, order.name.as_str(), Some(&refusal), "");
            return look_again(app);
        }
    };
    let name = view.profile.name.clone();
    if let Some(workspace) = app.open_mut() {
        workspace.rows.upsert(*view);
    }
    let text = format!("{name} is taken in: it is kept fresh from now on");
    done(app, name.as_str(), None, &text);
    look_again(app)
}

/// Something was thrown away, or not.
pub fn refused(app: &mut App, parcel: &ParcelView, refusal: Option<&Refusal>) -> Vec<Effect> {
    let called = parcels::called(parcel);
    let end = parcel.content.as_ref().map(|content| {
        let page = app
            .open()
            .and_then(|it| it.grants_page(content.name.provider()));
        let page = page.map_or_else(String::new, |page| format!(", or end the grant at {page}"));
        format!(": its tokens live on at the provider until they expire{page}")
    });
    let text = format!("refused {called}{}", end.unwrap_or_default());
    done(app, &called, refusal, &text);
    look_again(app)
}

/// What waits is looked at again, once all orders are answered.
fn look_again(app: &App) -> Vec<Effect> {
    let is_over = app.open().is_some_and(|it| it.batch.is_none());
    match is_over {
        true => vec![Effect::Ask(Ask::Parcels)],
        false => Vec::new(),
    }
}

/// Something was revoked and thrown away, or not.
pub fn ended(app: &mut App, parcel: &ParcelView, result: Result<FateOf, Refusal>) -> Vec<Effect> {
    let called = parcels::called(parcel);
    match result {
        Err(refusal) => done(app, &called, Some(&refusal), ""),
        Ok(fate) => match (&fate.fate, &fate.kept_as) {
            (Fate::Refused(refusal), Some(kept_as)) => {
                let text = format!("{called}, kept as {kept_as}");
                done(app, &text, Some(refusal), "");
            }
            (Fate::Refused(refusal), None) => done(app, &called, Some(refusal), ""),
            (Fate::Revoked(outcome), _) => done(app, &called, None, &told(&called, outcome)),
        },
    }
    look_again(app)
}

fn told(was: &str, outcome: &RevokeOutcome) -> String {
    match outcome {
        RevokeOutcome::Confirmed { proof } => format!(
            "refused {was}: the provider confirmed that its tokens are revoked, {}",
            words::proof(*proof)
        ),
        RevokeOutcome::ByHand {
            page: Some(page), ..
        } => {
            format!(
                "refused {was}: its tokens live on, this provider revokes on a page only: {page}"
            )
        }
        RevokeOutcome::ByHand { page: None, .. } => format!(
            "refused {was}: its tokens live on until they expire, the provider has no revocation"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::health::Health;
    use crate::model::inquiry::Liveness;
    use crate::model::parcel::ParcelContent;
    use crate::tui::example;
    use crate::tui::message::{Answer, Message};
    use crate::tui::overlays::overlay::Overlay;
    use crate::tui::update::update;
    use insta::assert_snapshot;

    const SIZES: [(u16, u16); 2] = [(80, 24), (120, 36)];

    fn parcel(id: i64, name: Option<&str>) -> ParcelView {
        let content = name.map(|name| ParcelContent {
            name: example::name(name),
            provider: "GitHub".to_owned(),
            from: "a sign-in while the vault was locked".to_owned(),
            file: None,
            endpoint: Some("https://github.com/login/oauth/access_token".to_owned()),
            scopes: vec!["read:user".to_owned(), "repo".to_owned()],
        });
        ParcelView {
            id,
            at: example::NOW.minus(std::time::Duration::from_secs(3900)),
            recipient: "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p".to_owned(),
            content,
        }
    }

    fn answer(app: &mut App, answer: Answer) -> Vec<Effect> {
        update(app, Message::Answer(Box::new(answer)))
    }

    /// An inbox with one of a free name, one of a taken name, one that does not open; looked at.
    fn inbox((columns, rows): (u16, u16)) -> App {
        let mut app = example::open(columns, rows);
        let parcels = vec![
            parcel(1, Some("github/late")),
            parcel(2, Some("github/alice")),
            parcel(3, None),
        ];
        answer(&mut app, Answer::Parcels(Ok(parcels)));
        let text = &app.notices.shown()[0].text;
        assert!(text.starts_with("3 items came in"), "{text}");
        app.notices.clear();
        let effects = example::press(&mut app, "2");
        assert!(matches!(effects.as_slice(), [Effect::Ask(Ask::Parcels)]));
        app
    }

    fn taken_in_as(name: &str) -> Result<Box<CredentialView>, Refusal> {
        let view = example::credential(name, "GitHub", Health::Fresh, 600, 500);
        Ok(Box::new(view))
    }

    #[track_caller]
    fn order(effects: &[Effect]) -> TakeIn {
        let [Effect::Ask(Ask::TakeIn(order))] = effects else {
            panic!("{effects:?}")
        };
        order.clone()
    }

    #[test]
    fn what_is_new_is_told_once_and_what_waits_is_counted() {
        let mut app = inbox((80, 24));
        assert!(example::shown(&mut app).contains("Inbox (5)"));
        let again = vec![parcel(2, Some("github/alice")), parcel(3, None)];
        answer(&mut app, Answer::Parcels(Ok(again)));
        assert!(app.notices.shown().is_empty(), "nothing of it is news");
        assert!(example::shown(&mut app).contains("Inbox (4)"));
    }

    #[test]
    fn each_stands_in_the_inbox_with_what_it_is_and_is_taken_in_by_a_key() {
        for size in SIZES {
            let mut app = inbox(size);
            assert_snapshot!(format!("inbox_{}", size.0), example::shown(&mut app));
            assert!(example::press(&mut app, "\n").is_empty());
            assert_snapshot!(format!("free_{}", size.0), example::shown(&mut app));
            assert!(example::press(&mut app, "R\n").is_empty(), "not offered");
            let order = order(&example::press(&mut app, "y"));
            assert_eq!((order.id, order.replaces), (1, false));
            let answered = Answer::TakenIn(order, taken_in_as("github/late"));
            let effects = answer(&mut app, answered);
            assert!(matches!(effects.as_slice(), [Effect::Ask(Ask::Parcels)]));
            let name = example::name("github/late");
            example::shown(&mut app);
            assert!(app.open().unwrap().rows.get(&name).is_some());
        }
    }

    #[test]
    fn one_whose_name_is_taken_gets_another_or_takes_that_ones_place_after_a_question() {
        for size in SIZES {
            let mut app = inbox(size);
            example::press(&mut app, "j\n");
            assert_snapshot!(format!("taken_{}", size.0), example::shown(&mut app));
            assert!(example::press(&mut app, "y").is_empty(), "not offered");
            assert!(example::press(&mut app, "nwork-bot\n").is_empty());
            assert_snapshot!(format!("naming_{}", size.0), example::shown(&mut app));
            let order_as = order(&example::press(&mut app, "2\n"));
            assert_eq!(order_as.account.as_deref(), Some("work-bot2"));

            example::press(&mut app, "\nR");
            assert_snapshot!(format!("replace_{}", size.0), example::shown(&mut app));
            let replaces = order(&example::press(&mut app, "y"));
            assert_eq!((replaces.id, replaces.replaces), (2, true));
            example::press(&mut app, "\nRn");
            assert!(app.overlays.is_empty(), "any other key keeps");
        }
    }

    #[test]
    fn what_does_not_open_is_explained_and_can_only_be_refused() {
        for size in SIZES {
            let mut app = inbox(size);
            example::press(&mut app, "jj\n");
            assert_snapshot!(format!("sealed_{}", size.0), example::shown(&mut app));
            assert!(example::press(&mut app, "ynRX").is_empty());
            assert!(matches!(app.overlays.as_slice(), [Overlay::Arrival(_)]));
            example::press(&mut app, "x");
            assert_snapshot!(format!("refuse_{}", size.0), example::shown(&mut app));
            let effects = example::press(&mut app, "y");
            let [Effect::Ask(Ask::Refuse(it))] = effects.as_slice() else {
                panic!("{effects:?}")
            };
            assert_eq!(it.id, 3);
            let refused = Answer::ParcelRefused(Box::new(parcel(3, None)), Ok(()));
            answer(&mut app, refused);
            assert!(app.notices.shown()[0].text.starts_with("refused item 3"));
        }
    }

    #[test]
    fn what_was_imported_tells_its_file_and_that_nothing_refreshes_it() {
        for size in SIZES {
            let mut app = inbox(size);
            let mut key = parcel(4, Some("corp/ci"));
            if let Some(content) = &mut key.content {
                content.from = "gh while the vault was locked".to_owned();
                content.file = Some("/home/alice/.config/gh/hosts.yml".to_owned());
                content.endpoint = None;
                content.scopes.clear();
            }
            answer(&mut app, Answer::Parcels(Ok(vec![key])));
            app.notices.clear();
            example::press(&mut app, "kkk\n");
            assert_snapshot!(format!("imported_{}", size.0), example::shown(&mut app));
        }
    }

    #[test]
    fn all_of_a_free_name_are_taken_in_at_once_and_all_are_refused_by_a_word() {
        for size in SIZES {
            let mut app = inbox(size);
            let others = [
                parcel(4, Some("github/later")),
                parcel(5, Some("github/last")),
            ];
            let mut parcels = app.open().unwrap().inbox.parcels().to_vec();
            parcels.extend(others);
            answer(&mut app, Answer::Parcels(Ok(parcels)));
            app.notices.clear();
            example::press(&mut app, "T");
            assert_snapshot!(format!("take_all_{}", size.0), example::shown(&mut app));
            let effects = example::press(&mut app, "y");
            let ids = effects.iter().map(|it| match it {
                Effect::Ask(Ask::TakeIn(order)) => order.id,
                other => panic!("{other:?}"),
            });
            assert_eq!(ids.collect::<Vec<_>>(), [1, 4, 5]);
            for (name, last) in [("late", false), ("later", false), ("last", true)] {
                let name = format!("github/{name}");
                let order = TakeIn::of(1, example::name(&name));
                let effects = answer(&mut app, Answer::TakenIn(order, taken_in_as(&name)));
                assert_eq!(!effects.is_empty(), last, "looked at again after the last");
            }
            assert_eq!(app.notices.shown()[0].text, "3 credentials taken in");

            example::press(&mut app, "X");
            assert!(example::press(&mut app, "y\n").is_empty(), "not the word");
            assert_snapshot!(format!("refuse_all_{}", size.0), example::shown(&mut app));
            let effects = example::press(&mut app, "\u{8}refuse\n");
            assert_eq!(effects.len(), 5);
        }
    }

    fn end(result: Result<FateOf, Refusal>) -> String {
        let mut app = inbox((80, 24));
        let effects = example::press(&mut app, "\nXy");
        let [Effect::Ask(Ask::End(it))] = effects.as_slice() else {
            panic!("{effects:?}")
        };
        let ended = Answer::ParcelEnded(it.clone(), result);
        let effects = answer(&mut app, ended);
        assert!(matches!(effects.as_slice(), [Effect::Ask(Ask::Parcels)]));
        app.notices.shown()[0].text.clone()
    }

    fn fate(kept_as: Option<&str>, outcome: Result<RevokeOutcome, Refusal>) -> FateOf {
        FateOf {
            item: Some(1),
            kept_as: kept_as.map(example::name),
            ..FateOf::new(example::name("github/late"), outcome)
        }
    }

    #[test]
    fn one_that_is_refused_and_revoked_tells_what_its_provider_said() {
        let proof = Liveness::Dead;
        let said = end(Ok(fate(None, Ok(RevokeOutcome::Confirmed { proof }))));
        assert!(
            said.starts_with("refused github/late: the provider confirmed"),
            "{said}"
        );
        let proof = Liveness::Unknown;
        let page = None;
        let said = end(Ok(fate(None, Ok(RevokeOutcome::ByHand { page, proof }))));
        assert!(said.contains("the provider has no revocation"), "{said}");
        assert!(said.contains("its tokens live on"), "{said}");
    }

    #[test]
    fn what_cannot_be_revoked_says_under_which_name_it_is_kept() {
        let refused = fate(Some("github/late-refused"), Err(Refusal::Stopped));
        let said = end(Ok(refused));
        assert!(
            said.contains("github/late, kept as github/late-refused"),
            "{said}"
        );
        let said = end(Err(Refusal::Stopped));
        assert!(said.starts_with("github/late"), "{said}");
    }
}
