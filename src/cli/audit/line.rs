//! One line of the activity log, for people and for machines.

use crate::model::event::{Entry, Outcome};
use crate::tui::screens::tale;
use jiff::tz::TimeZone;
use serde::Serialize;

/// What `--json` tells of a line. These fields are part of the interface.
#[derive(Debug, Serialize)]
pub struct Line<'a> {
    #[serde(flatten)]
    entry: &'a Entry,
    outcome: Outcome,
    text: String,
}

impl<'a> Line<'a> {
    /// All that is told of this one.
    pub fn of(entry: &'a Entry) -> Self {
        Self {
            entry,
            outcome: entry.activity.what.outcome(),
            text: tale::sentence(&entry.activity).1,
        }
    }

    /// As JSON, without the line's end.
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("plain data always serializes")
    }

    /// What happened, in a sentence.
    pub fn sentence(&self) -> &str {
        &self.text
    }
}

/// For people: number, moment, a mark when it failed, whose, what, which operation.
pub fn text(entry: &Entry, zone: &TimeZone) -> String {
    let activity = &entry.activity;
    let at = jiff::Timestamp::from_millisecond(activity.at.as_millis()).unwrap_or_default();
    let at = at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S");
    let mark = match activity.what.outcome() {
        Outcome::Done => ' ',
        Outcome::Failed => '!',
    };
    let name = activity.name.as_ref().map_or("-", |name| name.as_str());
    let (_, sentence) = tale::sentence(activity);
    let operation = activity
        .operation
        .map_or_else(String::new, |operation| format!("  [{operation}]"));
    format!(
        "{:>6}  {at} {mark} {name}  {sentence}{operation}\n",
        entry.number
    )
}
