//! Which day and which hour it was on the clocks of a time zone; cheap for moments in their order.

use crate::clock::Timestamp;
use jiff::tz::TimeZone;

const QUARTER: i64 = 15 * 60 * 1000;
const HOUR: i64 = 4 * QUARTER;
const DAY: i64 = 24 * HOUR;

/// The clocks of a time zone.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: TimeZone,
    quarter: Option<i64>,
    offset: i64,
}

/// A place on those clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The day, counted from 1 January 1970.
    pub day: i64,
    /// The hour of the day, 0 to 23.
    pub hour: u8,
    /// The minute of the hour.
    pub minute: u8,
}

impl Calendar {
    /// The clocks of that zone.
    pub const fn new(zone: TimeZone) -> Self {
        Self {
            zone,
            quarter: None,
            offset: 0,
        }
    }

    /// Where a moment stands.
    pub fn place(&mut self, at: Timestamp) -> Place {
        let millis = at.as_millis();
        // Clocks are put forward and back on quarters of an hour only.
        let quarter = millis.div_euclid(QUARTER);
        if self.quarter != Some(quarter) {
            self.quarter = Some(quarter);
            let moment = jiff::Timestamp::from_millisecond(millis).unwrap_or_default();
            self.offset = i64::from(self.zone.to_offset(moment).seconds()) * 1000;
        }
        let local = millis.saturating_add(self.offset);
        let part = |of: i64, unit: i64| u8::try_from(local.rem_euclid(of) / unit).unwrap_or(0);
        Place {
            day: local.div_euclid(DAY),
            hour: part(DAY, HOUR),
            minute: part(HOUR, 60_000),
        }
    }
}

impl Place {
    /// The hour, counted from 1 January 1970.
    pub const fn clock_hour(self) -> i64 {
        self.day.saturating_mul(24).saturating_add(self.hour as i64)
    }
}

/// A day as it is written: `2026-11-20`.
pub fn date(day: i64) -> String {
    let start = jiff::Timestamp::from_millisecond(day.saturating_mul(DAY)).unwrap_or_default();
    start.strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_hours_are_those_of_the_zone() {
        let mut calendar = Calendar::new(TimeZone::fixed(jiff::tz::offset(-5)));
        let place = calendar.place(Timestamp::from_secs(2 * 3600 + 120));
        assert_eq!((place.day, place.hour, place.minute), (-1, 21, 2));
        assert_eq!(place.clock_hour(), -3);
        assert_eq!(date(place.day), "1969-12-31");
        let mut utc = Calendar::new(TimeZone::UTC);
        assert_eq!(utc.place(Timestamp::from_secs(86_400 * 3)).day, 3);
    }
}
