//! A page of figures in Prometheus' text format, version 0.0.4.

use crate::clock::Timestamp;
use std::fmt::{Display, Write};

/// Its media type.
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a figure does in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// The page.
#[derive(Debug, Default)]
pub struct Page(String);

impl Page {
    /// Adds a figure that is one number.
    pub fn one(&mut self, name: &str, kind: Kind, help: &str, value: impl Display) {
        self.head(name, kind, help);
        self.line(format_args!("{name} {value}"));
    }

    /// The same where it is known.
    pub fn maybe(&mut self, name: &str, kind: Kind, help: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.one(name, kind, help, value);
        }
    }

    /// Adds a figure that is several numbers, told apart by a label. The words are ours, never a person's.
    pub fn several(
        &mut self,
        name: &str,
        (kind, help): (Kind, &str),
        label: &str,
        values: impl IntoIterator<Item = (&'static str, u64)>,
    ) {
        self.head(name, kind, help);
        for (word, value) in values {
            self.line(format_args!("{name}{{{label}=\"{word}\"}} {value}"));
        }
    }

    /// Adds a figure that is several numbers, told apart by two labels.
    pub fn crossed(
        &mut self,
        name: &str,
        (kind, help): (Kind, &str),
        (first, second): (&str, &str),
        values: impl IntoIterator<Item = (&'static str, &'static str, u64)>,
    ) {
        self.head(name, kind, help);
        for (one, other, value) in values {
            self.line(format_args!(
                "{name}{{{first}=\"{one}\",{second}=\"{other}\"}} {value}"
            ));
        }
    }

    /// The text.
    pub fn text(self) -> String {
        self.0
    }

    fn head(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{line}");
    }
}

/// A moment in seconds since 1970, to the millisecond.
pub fn seconds(moment: Timestamp) -> String {
    let (secs, millis) = (moment.as_secs(), moment.as_millis().rem_euclid(1000));
    // What lies before 1970 is told to the second.
    match secs < 0 || millis == 0 {
        true => secs.to_string(),
        false => format!("{secs}.{millis:03}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_what_prometheus_reads() {
        let mut page = Page::default();
        page.one("a_total", Kind::Counter, "All of it.", 3);
        page.maybe("b_seconds", Kind::Gauge, "When.", None::<u64>);
        page.several("c", (Kind::Gauge, "Parts."), "state", [("x", 1), ("y", 0)]);
        page.crossed("d", (Kind::Gauge, "Both."), ("one", "two"), [("x", "y", 5)]);
        let wanted = "# HELP a_total All of it.\n# TYPE a_total counter\na_total 3\n\
            # HELP c Parts.\n# TYPE c gauge\nc{state=\"x\"} 1\nc{state=\"y\"} 0\n\
            # HELP d Both.\n# TYPE d gauge\nd{one=\"x\",two=\"y\"} 5\n";
        assert_eq!(page.text(), wanted);
    }

    #[test]
    fn a_moment_is_told_in_seconds() {
        for (millis, told) in [
            (0, "0"),
            (1_790_000_000_000, "1790000000"),
            (1_005, "1.005"),
            (-1_500, "-2"),
        ] {
            assert_eq!(seconds(Timestamp::from_millis(millis)), told);
        }
    }
}
