//! The engine's answers: what they change and what is said about them.

use crate::engine::api::{Refusal, RevokeOutcome};
use crate::model::credential::CredentialView;
use crate::model::failure::{Failure, FailureClass};
use crate::model::identity::Identity;
use crate::model::name::CredentialName;
use crate::model::signin::SignInId;
use crate::model::token::IssuedToken;
use crate::tui::app::{App, CLIPBOARD_STAYS, Lease};
use crate::tui::arrivals;
use crate::tui::clipboard::Where;
use crate::tui::effect::Effect;
use crate::tui::granting;
use crate::tui::message::{Answer, Purpose};
use crate::tui::overlays::overlay::Overlay;
use crate::tui::overlays::panic;
use crate::tui::screens::detail::Told;
use crate::tui::signin::session::{SignIn, Stage};
use crate::tui::theme::Tone;
use crate::tui::words;
use crate::tui::workspace::{REVEAL_STAYS, Revealed};

/// Takes an answer.
pub fn take(app: &mut App, answer: Answer) -> Vec<Effect> {
    match answer {
        Answer::Listed(Ok(views)) => {
            let now = app.now;
            if let Some(workspace) = app.open_mut() {
                // Whoever looks at the list sees the inbox's number.
                workspace.needing.learn(&views, now);
                workspace.rows.replace(views);
                workspace.listed = true;
            }
        }
        Answer::Providers(Ok(providers)) => {
            if let Some(workspace) = app.open_mut() {
                workspace.providers.clone_from(&providers);
            }
            for overlay in &mut app.overlays {
                if let Overlay::Wizard(wizard) = overlay
                    && wizard.providers.is_empty()
                {
                    wizard.offer(providers.clone());
                }
            }
        }
        Answer::Parcels(Ok(parcels)) => arrivals::came(app, parcels),
        Answer::TakenIn(order, result) => return arrivals::taken_in(app, order, result),
        Answer::ParcelRefused(parcel, result) => {
            return arrivals::refused(app, &parcel, result.err().as_ref());
        }
        Answer::ParcelEnded(parcel, result) => return arrivals::ended(app, &parcel, result),
        Answer::Parcels(Err(refusal)) => complain(app, "the inbox did not come", &refusal),
        Answer::Activity(None, Ok(lines)) => {
            if let Some(workspace) = app.open_mut() {
                for line in lines {
                    workspace.log.happened(line);
                }
            }
        }
        Answer::Activity(Some(name), Ok(lines)) => {
            if let Some(detail) = app
                .open_mut()
                .and_then(|workspace| workspace.detail.as_mut())
                && detail.name == name
            {
                detail.history = Some(lines);
            }
        }
        Answer::Why(name, Ok(why)) => {
            if let Some(detail) = app
                .open_mut()
                .and_then(|workspace| workspace.detail.as_mut())
                && detail.name == name
                && detail.story.is_some()
            {
                detail.story = Some(Told::Whole(why));
            }
        }
        Answer::Why(_, Err(refusal)) => complain(app, "the story did not come", &refusal),
        Answer::Analysis(came) => {
            for overlay in app.overlays.iter_mut().rev() {
                if let Overlay::Trend(trend) = overlay {
                    trend.came = Some(came);
                    break;
                }
            }
        }
        Answer::Status(told) => {
            if let (Ok(status), Some(workspace)) = (*told, app.open_mut()) {
                workspace.inbox.take_alerts(status.alerts.clone());
                workspace.figures.status = Some(status);
            }
        }
        Answer::AlertSeen(Ok(())) => {}
        Answer::Grants(result) => granting::came(app, result),
        Answer::Questions(Ok(open)) => return granting::asked(app, open),
        Answer::Questions(Err(refusal)) => complain(app, "the questions did not come", &refusal),
        Answer::GrantMade(question, result) => return granting::made(app, question, result),
        Answer::QuestionAnswered(question, yes, result) => {
            return granting::answered(app, &question, yes, result);
        }
        Answer::GrantRevoked(name, result) => return granting::revoked(app, &name, result),
        Answer::AlertSeen(Err(refusal)) => complain(app, "the alert stays", &refusal),
        Answer::Listed(Err(refusal)) => complain(app, "the list did not come", &refusal),
        Answer::Providers(Err(refusal)) => complain(app, "the providers did not come", &refusal),
        Answer::Activity(_, Err(refusal)) => complain(app, "the activity did not come", &refusal),
        Answer::Token(name, purpose, result) => return token(app, name, purpose, result),
        Answer::Rotated(name, result) => rotated(app, &name, result),
        Answer::Revoked(name, result) => revoked(app, &name, result),
        Answer::Removed(name, result) => match result {
            Ok(()) => done(
                app,
                name.as_str(),
                None,
                &format!("{name} is forgotten here"),
            ),
            Err(refusal) => done(app, name.as_str(), Some(&refusal), ""),
        },
        Answer::Identified(result) => identified(app, result),
        Answer::RevokedAll(result) => panic::told(app, result),
        Answer::Renamed(from, result) => renamed(app, &from, result),
        Answer::SignInStarted(id, Err(refusal)) => refused(app, id, &refusal),
        Answer::Pasted(id, Err(refusal)) => not_taken(app, id, &refusal),
        Answer::SignInStarted(_, Ok(())) | Answer::Pasted(_, Ok(())) => {}
    }
    Vec::new()
}

/// Says what did not come about, and why.
pub fn complain(app: &mut App, what: &str, refusal: &Refusal) {
    if app.curtain.is_some() {
        // A locked vault answers nothing: that shows, and everything is asked again afterwards.
        return;
    }
    app.say(Tone::Trouble, &format!("{what}: {refusal}"));
}

/// The same about a credential, whose name is said once.
fn complain_of(app: &mut App, name: &str, refusal: &Refusal) {
    if refusal.to_string().contains(name) && app.curtain.is_none() {
        return app.say(Tone::Trouble, &refusal.to_string());
    }
    complain(app, name, refusal);
}

fn identified(app: &mut App, result: Result<Box<Identity>, Refusal>) {
    let asked = app.overlays.iter_mut().find_map(|overlay| match overlay {
        Overlay::Identify(identify) => Some(identify),
        _ => None,
    });
    // Closed meanwhile: nobody wants to know any more.
    let Some(asked) = asked else { return };
    match result {
        Ok(identity) => asked.told(identity),
        Err(refusal) => asked.refused(format!("{refusal}. {}", refusal.hint())),
    }
}

fn token(
    app: &mut App,
    name: CredentialName,
    purpose: Purpose,
    result: Result<IssuedToken, Refusal>,
) -> Vec<Effect> {
    if app.curtain.is_some() {
        // Locked since it was asked for: it is neither shown nor copied.
        return Vec::new();
    }
    let until = |stays| app.now.plus(stays);
    match (result, purpose) {
        (Err(refusal), _) => complain_of(app, name.as_str(), &refusal),
        (Ok(token), Purpose::Reveal) => {
            let until = until(REVEAL_STAYS);
            if let Some(workspace) = app.open_mut() {
                workspace.revealed = Some(Revealed { name, token, until });
            }
        }
        (Ok(token), Purpose::Copy) => {
            app.clipboard = Some(Lease {
                name,
                until: until(CLIPBOARD_STAYS),
                place: Where::Terminal,
            });
            return vec![Effect::CopyToken(token.access)];
        }
    }
    Vec::new()
}

fn rotated(app: &mut App, name: &CredentialName, result: Result<CredentialView, Refusal>) {
    match result {
        Ok(view) => {
            let lives = view
                .profile
                .expires_at
                .map(|end| format!(", lives {}", words::span(app.now.until(end))));
            let text = format!("{name} is fresh{}", lives.unwrap_or_default());
            if let Some(workspace) = app.open_mut() {
                workspace.rows.upsert(view);
            }
            done(app, name.as_str(), None, &text);
        }
        Err(refusal) => done(app, name.as_str(), Some(&refusal), ""),
    }
}

/// What became of a name; the question that it answered goes, or says why it stays.
fn renamed(app: &mut App, from: &CredentialName, result: Result<Box<CredentialView>, Refusal>) {
    let asked = app
        .overlays
        .iter()
        .position(|overlay| matches!(overlay, Overlay::Naming(naming) if naming.name == *from));
    match result {
        Ok(view) => {
            if let Some(at) = asked {
                app.overlays.remove(at);
            }
            let name = view.profile.name.clone();
            app.say(Tone::Good, &format!("called {name} from now on"));
            if let Some(workspace) = app.open_mut() {
                workspace.expected = Some(name);
            }
        }
        Err(refusal) => match asked.and_then(|at| app.overlays.get_mut(at)) {
            Some(Overlay::Naming(naming)) => naming.refused(&refusal),
            Some(_) | None => complain_of(app, from.as_str(), &refusal),
        },
    }
}

fn revoked(app: &mut App, name: &CredentialName, result: Result<RevokeOutcome, Refusal>) {
    let text = match &result {
        Ok(RevokeOutcome::Confirmed { proof }) => format!(
            "{name} is revoked: the provider confirmed it, {}",
            words::proof(*proof)
        ),
        Ok(RevokeOutcome::ByHand {
            page: Some(page), ..
        }) => {
            app.say(
                Tone::Soon,
                &format!("this provider revokes on a page only: {page}"),
            );
            format!("{name} is marked as revoked here")
        }
        Ok(RevokeOutcome::ByHand { page: None, .. }) => {
            format!("{name} is marked as revoked here; the provider has no revocation")
        }
        Err(_) => String::new(),
    };
    done(app, name.as_str(), result.err().as_ref(), &text);
}

/// One order ended: said by itself, or counted when it was one of many.
pub fn done(app: &mut App, what: &str, refusal: Option<&Refusal>, text: &str) {
    let batch = app
        .open_mut()
        .and_then(|workspace| workspace.batch.as_mut());
    let Some(batch) = batch else {
        match refusal {
            Some(refusal) => complain_of(app, what, refusal),
            None => app.say(Tone::Good, text),
        }
        return;
    };
    batch.done += 1;
    batch.failed += usize::from(refusal.is_some());
    if batch.done < batch.total {
        return;
    }
    let well = words::count(batch.total - batch.failed, "credential");
    let (tone, text) = if batch.failed == 0 {
        (Tone::Good, format!("{well} {}", batch.verb))
    } else {
        (
            Tone::Trouble,
            format!(
                "{well} {}, {} refused: see the activity",
                batch.verb,
                words::grouped(batch.failed)
            ),
        )
    };
    if let Some(workspace) = app.open_mut() {
        workspace.batch = None;
    }
    app.say(tone, &text);
}

fn session(app: &mut App, id: SignInId) -> Option<&mut SignIn> {
    app.overlays.iter_mut().find_map(|overlay| match overlay {
        Overlay::Wizard(wizard) => wizard.session.as_mut().filter(|session| session.id == id),
        Overlay::Help(_)
        | Overlay::Palette(_)
        | Overlay::Confirm(_)
        | Overlay::Story(_)
        | Overlay::Trend(_)
        | Overlay::Again(_)
        | Overlay::Naming(_)
        | Overlay::Arrival(_)
        | Overlay::Asked(_)
        | Overlay::Identify(_) => None,
    })
}

fn refused(app: &mut App, id: SignInId, refusal: &Refusal) {
    if let Some(session) = session(app, id) {
        session.stage = Stage::Failed(as_failure(refusal));
    }
}

fn as_failure(refusal: &Refusal) -> Failure {
    if let Refusal::Failed { failure } = refusal {
        return failure.clone();
    }
    Failure::new(
        FailureClass::Misconfigured,
        "refused",
        refusal.to_string(),
        refusal.hint(),
    )
    .unsent()
}

fn not_taken(app: &mut App, id: SignInId, refusal: &Refusal) {
    if let Some(session) = session(app, id) {
        session.note = Some((Tone::Trouble, refusal.to_string()));
    }
}
