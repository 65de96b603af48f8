//! systemd's journal: one datagram a line, in its native form.

use crate::cli::audit::line::Line;
use crate::cli::failure::{Failure, Kind};
use crate::model::event::{Entry, Outcome};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

/// Where the journal listens.
pub const JOURNAL: &str = "/run/systemd/journal/socket";

/// A way to the journal.
#[derive(Debug)]
pub struct Journal {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Journal {
    /// Reaches for the journal behind this socket.
    pub fn new(path: &Path) -> Result<Self, Failure> {
        if !path.exists() {
            let text = format!("there is no journal at {}", path.display());
            return Err(Failure::new(Kind::Failed, text).hint("write to a file: --to FILE"));
        }
        Ok(Self {
            socket: UnixDatagram::unbound()?,
            path: path.to_path_buf(),
        })
    }

    /// Sends a line.
    pub fn send(&self, entry: &Entry) -> Result<(), Failure> {
        self.socket
            .send_to(datagram(entry).as_bytes(), &self.path)
            .map_err(|error| Failure::from(error).within("the journal does not take a line"))?;
        Ok(())
    }
}

/// A line as fields. A value with a line's end would begin another field: it has none.
fn datagram(entry: &Entry) -> String {
    let activity = &entry.activity;
    let line = Line::of(entry);
    let name = activity.name.as_ref().map(ToString::to_string);
    let message = match &name {
        Some(name) => format!("{name}: {}", line.sentence()),
        None => line.sentence().to_owned(),
    };
    let priority = match activity.what.outcome() {
        Outcome::Done => "6",
        Outcome::Failed => "4",
    };
    let by = activity.by.as_deref();
    let fields = [
        ("MESSAGE", Some(message)),
        ("PRIORITY", Some(priority.to_owned())),
        ("SYSLOG_IDENTIFIER", Some("tokenward-audit".to_owned())),
        ("TOKENWARD_NUMBER", Some(entry.number.to_string())),
        ("TOKENWARD_AT", Some(activity.at.to_rfc3339())),
        ("TOKENWARD_EVENT", Some(activity.what.kind().to_owned())),
        ("TOKENWARD_CREDENTIAL", name),
        ("TOKENWARD_PROGRAM", by.map(|by| by.name().to_owned())),
        (
            "TOKENWARD_OPERATION",
            activity.operation.map(|operation| operation.to_string()),
        ),
        ("TOKENWARD_LINE", Some(line.json())),
    ];
    let mut text = String::new();
    for (field, value) in fields {
        if let Some(value) = value {
            let plain = value.replace(|c: char| c.is_control(), " ");
            text.push_str(&format!("{field}={plain}\n"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::model::event::{Activity, Happening};

    #[test]
    fn no_value_begins_another_field() {
        let what = Happening::LimitExceeded {
            limit: "60\nPRIORITY=0".to_owned(),
        };
        let name = "demo/a".parse().ok();
        let entry = Entry {
            number: 9,
            activity: Activity::new(Timestamp::from_secs(0), name, what),
        };
        let text = datagram(&entry);
        assert!(text.starts_with("MESSAGE=demo/a: asked too often: 60 PRIORITY=0\nPRIORITY=4\n"));
        assert!(text.contains("\nTOKENWARD_NUMBER=9\n"), "{text}");
        assert_eq!(text.matches("\nPRIORITY=").count(), 1, "{text}");
    }
}
