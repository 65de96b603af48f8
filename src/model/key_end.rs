//! When a key ends, as people write it: a day, or a number of days.

use crate::clock::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::time::Duration;

/// Reads `2027-03-31`, `90` or `90d` (days from now), or a moment in RFC 3339.
pub fn read(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    let days = text.strip_suffix('d').unwrap_or(text);
    if let Ok(days) = days.parse::<u32>() {
        return Ok(now.plus(Duration::from_secs(u64::from(days) * 86_400)));
    }
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Ok(Timestamp::from_millis(moment.as_millisecond()));
    }
    // The day begins it: rather a reminder too early than a key that has ended.
    let begun = text
        .parse::<Date>()
        .and_then(|day| day.to_zoned(zone.clone()));
    begun
        .map(|begun| Timestamp::from_millis(begun.timestamp().as_millisecond()))
        .map_err(|_| format!("`{text}` is no day: write 2027-03-31, or 90d for days from now"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_a_number_of_days_and_a_moment_are_read() {
        let now = Timestamp::from_secs(1_800_000_000);
        let read = |text| read(text, now, &TimeZone::UTC);
        assert_eq!(
            read("2027-03-31").unwrap().to_rfc3339(),
            "2027-03-31T00:00:00.000Z"
        );
        assert_eq!(read("90d"), read("90"));
        assert_eq!(
            now.until(read("90d").unwrap()),
            Duration::from_secs(90 * 86_400)
        );
        assert_eq!(
            read("2027-03-31T12:00:00+02:00").unwrap().to_rfc3339(),
            "2027-03-31T10:00:00.000Z"
        );
        for bad in ["", "soon", "2027-13-01", "-3", "12h"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
