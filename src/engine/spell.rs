//! Lengths of time in words, for sentences: one unit is enough.

use std::time::Duration;

/// `7 days`, `26 hours`, `54 minutes`, `1 second`: the largest unit of which there are two at least.
pub fn spell(length: Duration) -> String {
    let secs = length.as_secs();
    let (number, unit) = match secs {
        172_800.. => (secs / 86_400, "day"),
        7200.. => (secs / 3600, "hour"),
        120.. => (secs / 60, "minute"),
        _ => (secs, "second"),
    };
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_told_in_one_unit() {
        for (secs, text) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (119, "119 seconds"),
            (3600, "60 minutes"),
            (90_000, "25 hours"),
            (608_400, "7 days"),
        ] {
            assert_eq!(spell(Duration::from_secs(secs)), text);
        }
    }
}
