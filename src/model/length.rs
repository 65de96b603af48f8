//! Lengths of time as people type them: `90s`, `5m`, `1h`, `2d`.

use std::time::Duration;

/// Reads `60s`, `5m`, `1h`, `2d`, `500ms`; a bare number counts seconds.
pub fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit());
    let (number, unit) = text.split_at(digits.unwrap_or(text.len()));
    let wrong = || format!("`{text}` is no length of time: write 60s, 5m, 1h or 2d");
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let milliseconds = match unit {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(wrong()),
    };
    number
        .checked_mul(milliseconds)
        .map(Duration::from_millis)
        .ok_or_else(wrong)
}

/// Writes it as it is read, in the largest unit that leaves nothing over: `15m`, `7d`, `90s`.
pub fn write(length: Duration) -> String {
    let secs = length.as_secs();
    let units = [(86_400, "d"), (3600, "h"), (60, "m")];
    let whole = units
        .into_iter()
        .find(|(unit, _)| secs > 0 && secs.is_multiple_of(*unit));
    whole.map_or_else(
        || format!("{secs}s"),
        |(unit, name)| format!("{}{name}", secs / unit),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_short() {
        for (secs, text) in [
            (0, "0s"),
            (90, "90s"),
            (900, "15m"),
            (7200, "2h"),
            (604_800, "7d"),
        ] {
            let length = Duration::from_secs(secs);
            assert_eq!(write(length), text);
            assert_eq!(parse(text), Ok(length));
        }
    }
}
