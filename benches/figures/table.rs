//! The table: aligned text, a line for each figure.

use crate::sample::Samples;

/// A row of the table: one question, one or more figures.
pub struct Row {
    /// Short name, for the filter.
    pub name: &'static str,
    /// What is asked.
    pub what: &'static str,
    /// The best known of programs people use today, and what we want to reach.
    pub reach: &'static str,
    /// Measures it.
    pub measure: fn() -> Vec<Figure>,
}

/// One measured figure.
pub struct Figure {
    what: String,
    samples: Samples,
    note: String,
}

impl Figure {
    pub fn new(what: impl Into<String>, samples: Samples) -> Self {
        Self {
            what: what.into(),
            samples,
            note: String::new(),
        }
    }

    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}

pub fn print_head() {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("tokenward {}, {cores} cores", env!("CARGO_PKG_VERSION"));
    println!(
        "\n{:<62} {:>5} {:>10} {:>10} {:>10}  note",
        "what", "n", "median", "min", "max"
    );
}

pub fn print_row(row: &Row, figures: &[Figure]) {
    println!("\n[{}] {} (reach: {})", row.name, row.what, row.reach);
    for figure in figures {
        let Figure {
            what,
            samples,
            note,
        } = figure;
        println!(
            "  {what:<60} {:>5} {:>10} {:>10} {:>10}  {note}",
            samples.len(),
            samples.write(samples.median()),
            samples.write(samples.min()),
            samples.write(samples.max()),
        );
    }
}
