//! Moments as people type them: RFC 3339, a day, or how long ago.

use crate::cli::span;
use crate::clock::{self, Timestamp};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Reads a moment: `2026-11-20T14:00:00Z`, `2026-11-20 14:00`, `2026-11-20` (its beginning here), `2d` (ago).
pub fn parse(text: &str) -> Result<Timestamp, String> {
    parse_at(text, clock::now(), TimeZone::system())
}

fn parse_at(text: &str, now: Timestamp, zone: TimeZone) -> Result<Timestamp, String> {
    let wrong = || {
        format!(
            "`{text}` is no moment: write 2026-11-20, 2026-11-20T14:00:00Z, or how long ago: 2d"
        )
    };
    let of = |moment: jiff::Timestamp| Timestamp::from_millis(moment.as_millisecond());
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Ok(of(moment));
    }
    if let Ok(local) = text.parse::<DateTime>() {
        let there = local.to_zoned(zone).map_err(|_| wrong())?;
        return Ok(of(there.timestamp()));
    }
    let ago = span::parse(text).map_err(|_| wrong())?;
    Ok(now.minus(ago))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_in_each_of_its_forms() {
        let now = Timestamp::from_secs(1_000_000);
        let zone = || TimeZone::fixed(jiff::tz::offset(2));
        let read = |text| parse_at(text, now, zone()).map(Timestamp::as_secs);
        assert_eq!(read("1970-01-02T00:00:00Z"), Ok(86_400));
        assert_eq!(read("1970-01-02T00:00:00+01:00"), Ok(82_800));
        assert_eq!(read("1970-01-02"), Ok(79_200));
        assert_eq!(read("1970-01-02 03:00"), Ok(90_000));
        assert_eq!(read("2d"), Ok(1_000_000 - 172_800));
        for wrong in ["", "yesterday", "1970-13-01", "2x", "-2d"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
