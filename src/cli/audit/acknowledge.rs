//! `tokenward audit acknowledge`: somebody has looked at the alerts there are; they stay away from now on.

use crate::agent::call::Caller;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::seat::has_left;
use crate::cli::session::Session;
use crate::engine::api::Command;
use crate::model::alert::Alert;
use crate::tui::words;

/// What `--json` tells.
pub const JSON_FIELDS: &str = "\
Only a living owner watches the log; without one there is nothing to acknowledge, and `audit analyze` tells the same.
With --json: one object for each alert that was acknowledged, with at, kind, text, command, and credential or program
where it is about one.";

/// Acknowledges them.
pub fn run(context: &Context) -> Result<(), Failure> {
    let alerts = match Caller::new(context.socket()).status() {
        Ok(status) => status.alerts,
        Err(error) if has_left(&error) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    if alerts.is_empty() {
        context.output.say("No alert waits for you.");
        return Ok(());
    }
    Session::with(context, |session| {
        for alert in &alerts {
            let key = alert.key();
            session.ask(|reply| Command::SeeAlert { alert: key, reply })?;
            tell(context, alert)?;
        }
        Ok(())
    })?;
    let many = words::count(alerts.len(), "alert");
    context.output.say(&format!("{many} acknowledged."));
    Ok(())
}

fn tell(context: &Context, alert: &Alert) -> Result<(), Failure> {
    match context.output.json {
        true => context.output.json_line(alert),
        false => context.output.data(&format!("{}\n", alert.text)),
    }
}
