//! The ranges that settings must lie in.

use crate::config::keys::{self, Key};
use crate::config::settings::Config;

/// The least and the most of each setting that is a number.
const RANGES: [(&str, f64, f64); 34] = [
    ("audit.alert_address_an_hour", 0.0, 1_000_000.0),
    ("audit.alert_credential_a_day", 0.0, 1_000_000.0),
    ("audit.alert_limits_a_day", 0.0, 1_000_000.0),
    ("audit.alert_passphrases_a_day", 0.0, 1000.0),
    ("audit.alert_quiet_days", 0.0, 365.0),
    ("audit.alert_refresh_failures", 0.0, 1.0),
    ("audit.keep_days", 1.0, 3650.0),
    ("audit.keep_lines", 1000.0, 10_000_000.0),
    ("backup.keep_daily", 1.0, 366.0),
    ("backup.keep_weekly", 0.0, 520.0),
    ("checks.introspections_per_hour", 0.0, 3600.0),
    ("forecast.days_before", 0.0, 365.0),
    ("forecast.share_before", 0.0, 0.5),
    ("grants.bcrypt_cost", 4.0, 16.0),
    ("limits.asked_refreshes_per_host_hour", 0.0, 1_000_000.0),
    ("limits.asked_refreshes_per_hour", 0.0, 1_000_000.0),
    ("limits.backoff_first_secs", 1.0, 3600.0),
    ("limits.backoff_longest_secs", 1.0, 86_400.0),
    ("limits.handouts_per_program_hour", 1.0, 1_000_000.0),
    ("limits.in_flight", 1.0, 1024.0),
    ("limits.in_flight_per_host", 1.0, 1024.0),
    ("limits.passphrase_first_wait_secs", 1.0, 3600.0),
    ("limits.passphrase_free_tries", 1.0, 100.0),
    ("limits.passphrase_longest_wait_secs", 1.0, 3600.0),
    ("limits.upkeep_at_once", 1.0, 64.0),
    ("lock.idle_minutes", 0.0, 10_080.0),
    ("refresh.before_expiry_secs", 0.0, 31_536_000.0),
    ("refresh.jitter_share", 0.0, 0.2),
    ("refresh.lifetime_share", 0.1, 0.99),
    ("refresh.unknown_expiry_secs", 1.0, 31_536_000.0),
    ("unlock.ask_again_minutes", 0.0, 1440.0),
    ("vault.keep_generations", 0.0, 1000.0),
    ("vault.keep_generations_days", 0.0, 3650.0),
    ("vault.work_factor", 10.0, 22.0),
];

/// A setting outside its range.
#[derive(Debug, Clone, PartialEq)]
pub struct Unfit {
    /// Which.
    pub key: Key,
    /// What is wrong, with the range.
    pub message: String,
}

/// Finds a setting outside its range; what is set for a provider or a credential has the range of `[refresh]`.
pub fn check(config: &Config) -> Result<(), Unfit> {
    for (key, value) in keys::flattened(config) {
        let Some((least, most)) = value.as_f64().and(range_of(&key)) else {
            continue;
        };
        let within = value
            .as_f64()
            .is_some_and(|it| (least..=most).contains(&it));
        if !within {
            let name = keys::dotted(&key);
            let message = format!("`{name}` is {value}; it must lie between {least} and {most}");
            return Err(Unfit { key, message });
        }
    }
    Ok(())
}

/// The least and the most of a setting.
fn range_of(key: &[String]) -> Option<(f64, f64)> {
    let name = match key {
        [section, _, key] if section == "overrides" => format!("refresh.{key}"),
        key => key.join("."),
    };
    let mut ranges = RANGES.iter();
    let (_, least, most) = ranges.find(|(known, _, _)| *known == name)?;
    Some((*least, *most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_range_and_every_range_a_number() {
        let mut known: Vec<&str> = RANGES.iter().map(|(name, _, _)| *name).collect();
        for (key, value) in keys::flattened(&Config::default()) {
            if !value.is_number() {
                continue;
            }
            let name = key.join(".");
            let (least, most) = range_of(&key).unwrap_or_else(|| panic!("{name} has no range"));
            let value = value.as_f64().unwrap();
            assert!((least..=most).contains(&value), "the default of {name}");
            known.retain(|range| *range != name);
        }
        assert_eq!(known, ["refresh.unknown_expiry_secs"], "it has no default");
    }
}
