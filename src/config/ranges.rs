//! The ranges that settings must lie in.

use crate::config::error::ConfigError;
use crate::config::settings::Config;
use std::path::Path;

/// Refuses a setting outside its range, by name.
pub fn check_ranges(config: &Config, file: &Path) -> Result<(), ConfigError> {
    let limits = &config.limits;
    let ranges = [
        ("limits.in_flight", limits.in_flight as f64, 1.0, 1024.0),
        (
            "limits.in_flight_per_host",
            limits.in_flight_per_host as f64,
            1.0,
            1024.0,
        ),
        (
            "limits.asked_refreshes_per_hour",
            limits.asked_refreshes_per_hour as f64,
            0.0,
            1_000_000.0,
        ),
        (
            "limits.asked_refreshes_per_host_hour",
            limits.asked_refreshes_per_host_hour as f64,
            0.0,
            1_000_000.0,
        ),
        (
            "limits.handouts_per_program_hour",
            limits.handouts_per_program_hour as f64,
            1.0,
            1_000_000.0,
        ),
        (
            "limits.passphrase_free_tries",
            f64::from(limits.passphrase_free_tries),
            1.0,
            100.0,
        ),
        (
            "limits.passphrase_first_wait_secs",
            limits.passphrase_first_wait_secs as f64,
            1.0,
            3600.0,
        ),
        (
            "limits.passphrase_longest_wait_secs",
            limits.passphrase_longest_wait_secs as f64,
            1.0,
            3600.0,
        ),
        (
            "limits.upkeep_at_once",
            limits.upkeep_at_once as f64,
            1.0,
            64.0,
        ),
        (
            "limits.backoff_first_secs",
            limits.backoff_first_secs as f64,
            1.0,
            3600.0,
        ),
        (
            "limits.backoff_longest_secs",
            limits.backoff_longest_secs as f64,
            1.0,
            86_400.0,
        ),
        (
            "checks.introspections_per_hour",
            config.checks.introspections_per_hour,
            0.0,
            3600.0,
        ),
        (
            "unlock.ask_again_minutes",
            config.unlock.ask_again_minutes as f64,
            0.0,
            1440.0,
        ),
        (
            "backup.keep_daily",
            config.backup.keep_daily as f64,
            1.0,
            366.0,
        ),
        (
            "backup.keep_weekly",
            config.backup.keep_weekly as f64,
            0.0,
            520.0,
        ),
        (
            "audit.keep_days",
            config.audit.keep_days as f64,
            1.0,
            3650.0,
        ),
        (
            "audit.keep_lines",
            config.audit.keep_lines as f64,
            1000.0,
            10_000_000.0,
        ),
        (
            "audit.alert_credential_a_day",
            config.audit.alert_credential_a_day as f64,
            0.0,
            1_000_000.0,
        ),
        (
            "audit.alert_address_an_hour",
            config.audit.alert_address_an_hour as f64,
            0.0,
            1_000_000.0,
        ),
        (
            "audit.alert_refresh_failures",
            config.audit.alert_refresh_failures,
            0.0,
            1.0,
        ),
        (
            "audit.alert_limits_a_day",
            config.audit.alert_limits_a_day as f64,
            0.0,
            1_000_000.0,
        ),
        (
            "audit.alert_passphrases_a_day",
            config.audit.alert_passphrases_a_day as f64,
            0.0,
            1000.0,
        ),
        (
            "audit.alert_quiet_days",
            config.audit.alert_quiet_days as f64,
            0.0,
            365.0,
        ),
        (
            "refresh.lifetime_share",
            config.refresh.lifetime_share,
            0.1,
            0.99,
        ),
        (
            "refresh.jitter_share",
            config.refresh.jitter_share,
            0.0,
            0.2,
        ),
        (
            "forecast.days_before",
            config.forecast.days_before as f64,
            0.0,
            365.0,
        ),
        (
            "forecast.share_before",
            config.forecast.share_before,
            0.0,
            0.5,
        ),
        (
            "lock.idle_minutes",
            config.lock.idle_minutes as f64,
            0.0,
            10_080.0,
        ),
        (
            "vault.work_factor",
            f64::from(config.vault.work_factor),
            10.0,
            22.0,
        ),
        (
            "vault.keep_generations_days",
            config.vault.keep_generations_days as f64,
            0.0,
            3650.0,
        ),
        (
            "vault.keep_generations",
            config.vault.keep_generations as f64,
            0.0,
            1000.0,
        ),
    ];
    for (key, value, least, most) in ranges {
        must_lie_within(file, key, value, least, most)?;
    }
    for (name, over) in &config.overrides {
        if let Some(share) = over.lifetime_share {
            let key = format!("overrides.\"{name}\".lifetime_share");
            must_lie_within(file, &key, share, 0.1, 0.99)?;
        }
        if let Some(share) = over.jitter_share {
            let key = format!("overrides.\"{name}\".jitter_share");
            must_lie_within(file, &key, share, 0.0, 0.2)?;
        }
    }
    Ok(())
}

fn must_lie_within(
    file: &Path,
    key: &str,
    value: f64,
    least: f64,
    most: f64,
) -> Result<(), ConfigError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(ConfigError::Wrong {
        place: format!("{} or the environment", file.display()),
        message: format!("`{key}` is {value}; it must lie between {least} and {most}"),
        suggestion: None,
    })
}
