//! Measured values: their median and extremes, and how they are written.

use std::time::Duration;

/// What values are measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Millis,
    PerSecond,
    Megabytes,
    Count,
    Ratio,
}

/// Values of one thing, measured several times.
#[derive(Debug, Clone)]
pub struct Samples {
    unit: Unit,
    values: Vec<f64>,
}

impl Samples {
    pub fn new(unit: Unit, mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self { unit, values }
    }

    pub fn millis(durations: impl IntoIterator<Item = Duration>) -> Self {
        let values = durations.into_iter().map(|d| d.as_secs_f64() * 1e3);
        Self::new(Unit::Millis, values.collect())
    }

    pub fn one(unit: Unit, value: f64) -> Self {
        Self::new(unit, vec![value])
    }

    pub fn len(&self) -> usize {
        self.values.len()
    }

    pub fn median(&self) -> f64 {
        self.share(0.5)
    }

    /// The value that the given share of all values does not exceed.
    pub fn share(&self, share: f64) -> f64 {
        let last = self.values.len().saturating_sub(1);
        let at = (last as f64 * share).round() as usize;
        self.values.get(at).copied().unwrap_or(f64::NAN)
    }

    pub fn min(&self) -> f64 {
        self.share(0.0)
    }

    pub fn max(&self) -> f64 {
        self.share(1.0)
    }

    pub fn write(&self, value: f64) -> String {
        match self.unit {
            Unit::Millis if value < 0.1 => format!("{:.1} us", value * 1e3),
            Unit::Millis if value < 10.0 => format!("{value:.2} ms"),
            Unit::Millis => format!("{value:.0} ms"),
            Unit::PerSecond => format!("{value:.0}/s"),
            Unit::Megabytes => format!("{value:.1} MB"),
            Unit::Count => format!("{value:.0}"),
            Unit::Ratio => format!("{value:.2}x"),
        }
    }
}
