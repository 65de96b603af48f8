//! The history of one credential: from the activity where it is known, else from the last attempts.

use crate::clock::Timestamp;
use crate::model::credential::CredentialView;
use crate::model::event::Activity;
use crate::tui::app::App;
use crate::tui::paint::fit;
use crate::tui::screens::tale;
use crate::tui::theme::Tone;
use crate::tui::words;
use crate::tui::workspace::Workspace;
use ratatui::text::{Line, Span};

const MOST: usize = 100;

/// Lines of the history, the newest first, with what is planned on top.
pub fn lines(
    app: &App,
    workspace: &Workspace,
    view: &CredentialView,
    width: usize,
) -> Vec<Line<'static>> {
    let theme = app.theme;
    let mut lines = Vec::new();
    if let Some(at) = view.refresh_at.filter(|at| *at > app.now) {
        let planned = format!(
            "refresh planned in {}{}",
            words::span(app.now.until(at)),
            share(view)
        );
        lines.push(Line::from(vec![
            Span::styled(
                format!(" {:<13} ", words::moment(at, app.now, &app.around.zone)),
                theme.dim(),
            ),
            Span::styled(planned, theme.plain()),
        ]));
    }
    let known = known(workspace, view);
    if known.is_empty() {
        lines.extend(view.profile.attempts.iter().rev().map(|attempt| {
            let (tone, text) = match &attempt.failed {
                None => (Tone::Good, format!("refreshed in {} ms", attempt.took_ms)),
                Some(code) => (
                    Tone::Trouble,
                    format!("{} after {} ms", words::code(code), attempt.took_ms),
                ),
            };
            line(app, attempt.at, tone, &text, width)
        }));
    }
    for activity in known {
        let (tone, text) = tale::sentence(activity);
        lines.push(line(app, activity.at, tone, &text, width));
    }
    lines.truncate(MOST);
    lines
}

fn known<'a>(workspace: &'a Workspace, view: &'a CredentialView) -> Vec<&'a Activity> {
    let name = &view.profile.name;
    let asked = workspace
        .detail
        .as_ref()
        .filter(|detail| detail.name == *name)
        .and_then(|detail| detail.history.as_ref());
    match asked {
        Some(history) => history.iter().rev().take(MOST).collect(),
        // The activity at hand serves as well when it reaches as far back as the attempts.
        None => {
            let lines: Vec<_> = workspace.log.about(name).take(MOST).collect();
            if lines.len() > view.profile.attempts.len() {
                lines
            } else {
                Vec::new()
            }
        }
    }
}

fn line(app: &App, at: Timestamp, tone: Tone, text: &str, width: usize) -> Line<'static> {
    let theme = app.theme;
    let sign = sign(app, tone);
    Line::from(vec![
        Span::styled(
            format!(" {:<13} ", words::moment(at, app.now, &app.around.zone)),
            theme.dim(),
        ),
        Span::styled(format!("{sign} "), theme.tone(tone)),
        Span::styled(
            fit(text, width.saturating_sub(18), theme.signs().ellipsis).into_owned(),
            theme.plain(),
        ),
    ])
}

/// The sign of a tone: success, failure, or a dot.
pub const fn sign(app: &App, tone: Tone) -> &'static str {
    match tone {
        Tone::Good => app.theme.signs().success,
        Tone::Trouble | Tone::Soon => app.theme.signs().failure,
        Tone::Work | Tone::Plain | Tone::Dim => app.theme.signs().dot,
    }
}

fn share(view: &CredentialView) -> String {
    let (Some(end), Some(at)) = (view.profile.expires_at, view.refresh_at) else {
        return String::new();
    };
    let whole = end.since(view.profile.issued_at);
    if whole.is_zero() {
        return String::new();
    }
    let share = at.since(view.profile.issued_at).as_secs_f64() / whole.as_secs_f64() * 100.0;
    format!(" ({share:.0} % of {})", words::about(whole))
}
