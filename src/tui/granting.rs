//! What comes of questions and orders about grants: told, shown anew, gone on with.

use crate::engine::api::Refusal;
use crate::model::grant::{GrantName, GrantView};
use crate::model::question::QuestionView;
use crate::tui::answers::complain;
use crate::tui::app::App;
use crate::tui::effect::{Ask, Effect, Verdict};
use crate::tui::keymap::{Action, Scope, key_for};
use crate::tui::overlays::asked;
use crate::tui::overlays::overlay::Overlay;
use crate::tui::theme::Tone;

/// All grants there are.
pub fn came(app: &mut App, result: Result<Vec<GrantView>, Refusal>) {
    match result {
        Ok(grants) => {
            if let Some(workspace) = app.open_mut() {
                workspace.grants.take(grants);
            }
        }
        Err(refusal) => complain(app, "the grants did not come", &refusal),
    }
}

/// What waits for an answer; of what is new a person is told, and what is over no longer lies open.
pub fn asked(app: &mut App, open: Vec<QuestionView>) -> Vec<Effect> {
    let is_over = |overlay: &Overlay| match overlay {
        Overlay::Asked(asked) => !open.iter().any(|it| it.id == asked.question.id),
        _ => false,
    };
    let closes = app.overlays.iter().any(is_over);
    app.overlays.retain(|overlay| !is_over(overlay));
    if closes {
        app.say(
            Tone::Dim,
            "the question is over: it was answered, or nobody waits any more",
        );
    }
    let Some(workspace) = app.open_mut() else {
        return Vec::new();
    };
    let new = workspace.inbox.take_questions(open);
    let Some(first) = new.first() else {
        return Vec::new();
    };
    let key = key_for(Scope::Everywhere, Action::Inbox, app.theme);
    let text = format!(
        "{} asks for the grant {}: approve or refuse it in the inbox ({key})",
        first.by.short_name(),
        first.grant
    );
    app.say(Tone::Soon, &text);
    // Whether there is such a grant decides what an approval means.
    vec![Effect::Ask(Ask::Grants)]
}

/// A grant was made for a program that asked, or not; made, the program is let have it.
pub fn made(
    app: &mut App,
    question: Box<QuestionView>,
    result: Result<Box<GrantView>, Refusal>,
) -> Vec<Effect> {
    match result {
        Ok(_) => {
            close(app, &question);
            let answer = Ask::AnswerQuestion(question, Verdict::Approved);
            [answer, Ask::Grants].into_iter().map(Effect::Ask).collect()
        }
        Err(refusal) => {
            match asked::find(app, question.id) {
                Some(asked) => asked.refused(format!("{refusal}. {}", refusal.hint())),
                None => complain(app, question.grant.as_str(), &refusal),
            }
            Vec::new()
        }
    }
}

fn close(app: &mut App, question: &QuestionView) {
    app.overlays.retain(|overlay| match overlay {
        Overlay::Asked(asked) => asked.question.id != question.id,
        _ => true,
    });
}

/// A question was answered, or could not be.
pub fn answered(
    app: &mut App,
    question: &QuestionView,
    yes: bool,
    result: Result<(), Refusal>,
) -> Vec<Effect> {
    let (who, grant) = (question.by.short_name(), &question.grant);
    match (result, yes) {
        (Ok(()), true) => app.say(Tone::Good, &format!("{who} has the grant {grant}")),
        (Ok(()), false) => app.say(
            Tone::Dim,
            &format!("refused: {who} does not get the grant {grant}"),
        ),
        (Err(refusal), _) => complain(app, &format!("the question of {who}"), &refusal),
    }
    [Ask::Questions, Ask::Grants]
        .into_iter()
        .map(Effect::Ask)
        .collect()
}

/// A grant was revoked, or not.
pub fn revoked(app: &mut App, name: &GrantName, result: Result<(), Refusal>) -> Vec<Effect> {
    match result {
        Ok(()) => {
            let text = format!("the grant {name} is revoked: no token of it is good any more");
            app.say(Tone::Good, &text);
        }
        Err(refusal) => complain(app, &format!("the grant {name}"), &refusal),
    }
    vec![Effect::Ask(Ask::Grants)]
}
