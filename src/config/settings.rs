//! The settings as values, with their defaults.

use crate::config::hooks::HookSettings;
use crate::config::notify::NotifySettings;
use crate::model::alert::Thresholds;
use crate::model::policy::{
    GenerationKeeping, GrantPolicy, Limits, LogKeeping, Patience, Policy, PolicyOverride, Warning,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use toml::Table;

/// All settings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// When tokens are refreshed.
    pub refresh: Policy,
    /// The same for one provider (by name) or one credential (by `provider/account`).
    pub overrides: BTreeMap<String, PolicyOverride>,
    /// How much may be under way at once.
    pub limits: LimitSettings,
    /// When a person is told that a sign-in is coming.
    pub forecast: Warning,
    /// What is checked in the background.
    pub checks: CheckSettings,
    /// How much of the activity log is kept, and what in it alarms.
    pub audit: AuditSettings,
    /// The backups that are made by themselves.
    pub backup: BackupSettings,
    /// How the vault is opened without a question.
    pub unlock: UnlockSettings,
    /// When the vault is locked by itself.
    pub lock: LockSettings,
    /// Where local programs ask.
    pub api: ApiSettings,
    /// How the tokens of grants are kept.
    pub grants: GrantSettings,
    /// How new slots of the vault are made.
    pub vault: VaultSettings,
    /// How a person is told that something needs them.
    pub notify: NotifySettings,
    /// Commands that are run when something happened to a credential.
    pub hooks: Vec<HookSettings>,
    /// Provider records of one's own, by name: laid member by member over the catalogue's record of that name.
    pub providers: BTreeMap<String, Table>,
}

impl Config {
    /// How wrong passphrases are slowed down.
    pub fn patience(&self) -> Patience {
        Patience {
            free: self.limits.passphrase_free_tries,
            first_wait: Duration::from_secs(self.limits.passphrase_first_wait_secs),
            longest_wait: Duration::from_secs(self.limits.passphrase_longest_wait_secs),
        }
    }

    /// The limits as the engine takes them.
    pub fn limits(&self) -> Limits {
        Limits {
            in_flight: self.limits.in_flight,
            in_flight_per_host: self.limits.in_flight_per_host,
            asked_per_hour: self.limits.asked_refreshes_per_hour,
            asked_per_host_hour: self.limits.asked_refreshes_per_host_hour,
            handouts_per_program_hour: self.limits.handouts_per_program_hour,
            upkeep_at_once: self.limits.upkeep_at_once,
            backoff_first: Duration::from_secs(self.limits.backoff_first_secs),
            backoff_longest: Duration::from_secs(self.limits.backoff_longest_secs),
        }
    }
}

/// How much may be under way at once, and how failures are spaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitSettings {
    /// Refreshes in flight in all, 1 to 1024.
    pub in_flight: usize,
    /// Refreshes in flight to one host, 1 to 1024.
    pub in_flight_per_host: usize,
    /// Refreshes of one credential that programs and people may cause in an hour beyond its schedule, 0 to 1000000.
    pub asked_refreshes_per_hour: u64,
    /// The same for all credentials of one provider's host, 0 to 1000000.
    pub asked_refreshes_per_host_hour: u64,
    /// Tokens handed to one program, which is its executable and its user: so many at once, and after them so many an
    /// hour, 1 to 1000000.
    pub handouts_per_program_hour: u64,
    /// Wrong passphrases in a row that cost nothing, 1 to 100.
    pub passphrase_free_tries: u32,
    /// The wait after the first one beyond in seconds, 1 to 3600; doubled each time.
    pub passphrase_first_wait_secs: u64,
    /// The longest of these waits in seconds, 1 to 3600.
    pub passphrase_longest_wait_secs: u64,
    /// Pieces of recurring work at once (revocations that are told again, pruning, checks, backups), 1 to 64.
    pub upkeep_at_once: usize,
    /// First pause after a passing failure in seconds, 1 to 3600; doubled each time.
    pub backoff_first_secs: u64,
    /// Longest pause between attempts in seconds, 1 to 86400.
    pub backoff_longest_secs: u64,
}

impl Default for LimitSettings {
    fn default() -> Self {
        let (limits, patience) = (Limits::default(), Patience::default());
        Self {
            in_flight: limits.in_flight,
            in_flight_per_host: limits.in_flight_per_host,
            asked_refreshes_per_hour: limits.asked_per_hour,
            asked_refreshes_per_host_hour: limits.asked_per_host_hour,
            handouts_per_program_hour: limits.handouts_per_program_hour,
            passphrase_free_tries: patience.free,
            passphrase_first_wait_secs: patience.first_wait.as_secs(),
            passphrase_longest_wait_secs: patience.longest_wait.as_secs(),
            upkeep_at_once: limits.upkeep_at_once,
            backoff_first_secs: limits.backoff_first.as_secs(),
            backoff_longest_secs: limits.backoff_longest.as_secs(),
        }
    }
}

/// What is checked in the background.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CheckSettings {
    /// How often the provider is asked whether a credential's access token lives (RFC 7662), an hour and on the average,
    /// at random moments, 0 to 3600; 0: never.
    pub introspections_per_hour: f64,
}

/// How much of the activity log is kept, and what in it alarms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuditSettings {
    /// Lines older than so many days go, 1 to 3650.
    pub keep_days: u64,
    /// The oldest lines beyond so many go, 1000 to 10000000.
    pub keep_lines: u64,
    /// Most events of one credential a day, 0 to 1000000; 0, here and below: it never alarms.
    pub alert_credential_a_day: u64,
    /// Most requests from one address an hour, 0 to 1000000.
    pub alert_address_an_hour: u64,
    /// Largest share of refreshes that fail, 0 to 1.
    pub alert_refresh_failures: f64,
    /// Most violations of limits by one program a day, 0 to 1000000.
    pub alert_limits_a_day: u64,
    /// Most wrong passphrases a day, 0 to 1000.
    pub alert_passphrases_a_day: u64,
    /// Whether a program alarms that never asked before.
    pub alert_new_programs: bool,
    /// A hand-out alarms at an hour without any in so many days before, 0 to 365.
    pub alert_quiet_days: u64,
}

impl AuditSettings {
    /// The same as the engine takes it.
    pub fn keeping(&self) -> LogKeeping {
        LogKeeping {
            keep: Duration::from_secs(self.keep_days.saturating_mul(24 * 3600)),
            most: self.keep_lines,
        }
    }

    /// What alarms, as the engine takes it.
    pub const fn thresholds(&self) -> Thresholds {
        Thresholds {
            credential_a_day: self.alert_credential_a_day,
            address_an_hour: self.alert_address_an_hour,
            refresh_failures: self.alert_refresh_failures,
            limits_a_day: self.alert_limits_a_day,
            passphrases_a_day: self.alert_passphrases_a_day,
            new_programs: self.alert_new_programs,
            quiet_days: self.alert_quiet_days,
        }
    }
}

impl Default for AuditSettings {
    fn default() -> Self {
        let keeping = LogKeeping::default();
        let alerts = Thresholds::default();
        Self {
            alert_credential_a_day: alerts.credential_a_day,
            alert_address_an_hour: alerts.address_an_hour,
            alert_refresh_failures: alerts.refresh_failures,
            alert_limits_a_day: alerts.limits_a_day,
            alert_passphrases_a_day: alerts.passphrases_a_day,
            alert_new_programs: alerts.new_programs,
            alert_quiet_days: alerts.quiet_days,
            keep_days: keeping.keep.as_secs() / (24 * 3600),
            keep_lines: keeping.most,
        }
    }
}

/// The backups that are made by themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BackupSettings {
    /// Whether the owner makes one each day.
    pub daily: bool,
    /// Their folder; left out: `backups` beside the vault.
    pub folder: Option<PathBuf>,
    /// Those of so many days are kept, 1 to 366.
    pub keep_daily: u64,
    /// Of those before, the newest of each of so many weeks, 0 to 520.
    pub keep_weekly: u64,
}

impl Default for BackupSettings {
    fn default() -> Self {
        Self {
            daily: true,
            folder: None,
            keep_daily: 7,
            keep_weekly: 4,
        }
    }
}

/// How the vault is opened without a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UnlockSettings {
    /// A file that holds the passphrase of a slot.
    pub passphrase_file: Option<PathBuf>,
    /// A file that holds an age identity of a slot.
    pub identity_file: Option<PathBuf>,
    /// How long a passphrase that was given counts in the terminal UI, in minutes, 0 to 1440: afterwards showing a token
    /// and revoking several ask for it again. 0: each time.
    pub ask_again_minutes: u64,
}

impl Default for UnlockSettings {
    fn default() -> Self {
        Self {
            passphrase_file: None,
            identity_file: None,
            ask_again_minutes: 5,
        }
    }
}

/// When the vault is locked by itself, and what that means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LockSettings {
    /// Minutes without use until it is locked, 0 to 10080; 0: never. A terminal UI is in use while keys are pressed or the
    /// mouse is moved; the headless owner while anybody asks it for anything in the vault, a program for a token too.
    pub idle_minutes: u64,
    /// Lock when the machine goes to sleep (Linux only): before, where systemd-logind tells of it; else when it has woken.
    pub on_suspend: bool,
    /// Only the screen asks for the passphrase: the engine goes on refreshing and serving, and its keys stay in memory.
    pub screen_only: bool,
}

/// Where local programs ask, beside the agent's socket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApiSettings {
    /// An address of this machine alone and a port, `127.0.0.1:7777`; left out: there is no port. On it programs need a
    /// grant.
    pub listen: Option<SocketAddr>,
    /// Whether everybody who reaches the port may read `GET /metrics` without a grant: counts, and no names.
    pub metrics: bool,
}

/// How the tokens of grants are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GrantSettings {
    /// Cost of guessing a refresh token from what is kept of it: bcrypt's cost as a power of two, 4 to 16. 12 takes about a
    /// quarter of a second.
    pub bcrypt_cost: u32,
}

impl GrantSettings {
    /// The same as the engine takes it.
    pub const fn policy(self) -> GrantPolicy {
        GrantPolicy {
            bcrypt_cost: self.bcrypt_cost,
        }
    }
}

impl Default for GrantSettings {
    fn default() -> Self {
        Self {
            bcrypt_cost: GrantPolicy::default().bcrypt_cost,
        }
    }
}

/// How new slots of the vault are made, and what it keeps of the past.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VaultSettings {
    /// Cost of guessing a passphrase: scrypt's work factor as a power of two, 10 to 22. 18 takes about half a second.
    pub work_factor: u8,
    /// Tokens that were replaced stay sealed for so many days, 0 to 3650; 0: not at all.
    pub keep_generations_days: u64,
    /// Of each credential so many that a refresh replaced, and so many that something else did, 0 to 1000.
    pub keep_generations: u64,
}

impl VaultSettings {
    /// What is kept of the past, as the vault takes it.
    pub fn generations(&self) -> GenerationKeeping {
        GenerationKeeping {
            keep: Duration::from_secs(self.keep_generations_days.saturating_mul(24 * 3600)),
            most: self.keep_generations,
        }
    }
}

impl Default for VaultSettings {
    fn default() -> Self {
        let keeping = GenerationKeeping::default();
        Self {
            work_factor: 18,
            keep_generations_days: keeping.keep.as_secs() / (24 * 3600),
            keep_generations: keeping.most,
        }
    }
}
