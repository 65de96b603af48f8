//! The environment of a hook: what any program needs, what happened, and nothing of ours.

use crate::cli::hooks::occasion::Occasion;
use crate::model::failure::FailureClass;
use std::ffi::OsString;
use std::path::Path;

/// Variables of the owner that are passed on; those that begin with `LC_` too.
const PASSED_ON: [&str; 18] = [
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "HOME",
    "LANG",
    "LANGUAGE",
    "LOGNAME",
    "PATH",
    "SHELL",
    "TMPDIR",
    "TZ",
    "USER",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
];

/// Longest text of a variable, in characters.
const LONGEST: usize = 1000;

/// All variables of a hook that is run for this.
pub fn variables(
    occasion: &Occasion,
    vault: &Path,
    own: impl Iterator<Item = (OsString, OsString)>,
) -> Vec<(OsString, OsString)> {
    let is_passed_on = |name: &OsString| {
        name.to_str()
            .is_some_and(|name| PASSED_ON.contains(&name) || name.starts_with("LC_"))
    };
    let mut all: Vec<(OsString, OsString)> = own.filter(|(name, _)| is_passed_on(name)).collect();
    let mut set = |name: &str, value: &str| all.push((name.into(), harmless(value).into()));
    set("TOKENWARD_EVENT", occasion.event.word());
    set("TOKENWARD_CREDENTIAL", occasion.name.as_str());
    set("TOKENWARD_PROVIDER", occasion.name.provider());
    set("TOKENWARD_ACCOUNT", occasion.name.account());
    set("TOKENWARD_TIME", &occasion.at.to_rfc3339());
    if let Some(failure) = &occasion.failure {
        set("TOKENWARD_FAILURE", &failure.cause);
        set("TOKENWARD_FAILURE_CODE", &failure.code);
        set("TOKENWARD_FAILURE_CLASS", class(failure.class));
        set("TOKENWARD_FAILURE_FIX", &failure.advice());
    }
    // So that a hook that asks tokenward asks about the same vault.
    all.push(("TOKENWARD_VAULT".into(), vault.into()));
    all
}

fn class(class: FailureClass) -> &'static str {
    match class {
        FailureClass::Transient => "transient",
        FailureClass::NeedsLogin => "needs_login",
        FailureClass::Misconfigured => "misconfigured",
    }
}

/// A text without what ends a variable or steers a terminal.
fn harmless(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().take(LONGEST).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::model::failure::Failure;
    use crate::model::hook::HookEvent;
    use crate::model::name::CredentialName;

    #[test]
    fn nothing_of_the_owners_own_is_passed_on_and_no_text_can_do_harm() {
        let occasion = Occasion {
            event: HookEvent::NeedsLogin,
            name: CredentialName::new("demo", "alice").unwrap(),
            at: Timestamp::from_secs(0),
            failure: Some(Failure::new(
                FailureClass::NeedsLogin,
                "invalid_grant",
                "over\u{1b}[2J and\0out",
                "sign in",
            )),
        };
        let own = [
            ("PATH", "/bin"),
            ("LC_TIME", "C"),
            ("TOKENWARD_PASSPHRASE_FILE", "/secret"),
            ("CREDENTIALS_DIRECTORY", "/run/credentials"),
            ("GITHUB_TOKEN", "gho_1"),
            ("LISTEN_FDS", "1"),
            ("NOTIFY_SOCKET", "/run/notify"),
        ];
        let own = own.map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let all = variables(&occasion, Path::new("/vault.db"), own.into_iter());
        let names: Vec<&str> = all.iter().map(|(name, _)| name.to_str().unwrap()).collect();
        assert_eq!(
            names,
            [
                "PATH",
                "LC_TIME",
                "TOKENWARD_EVENT",
                "TOKENWARD_CREDENTIAL",
                "TOKENWARD_PROVIDER",
                "TOKENWARD_ACCOUNT",
                "TOKENWARD_TIME",
                "TOKENWARD_FAILURE",
                "TOKENWARD_FAILURE_CODE",
                "TOKENWARD_FAILURE_CLASS",
                "TOKENWARD_FAILURE_FIX",
                "TOKENWARD_VAULT",
            ]
        );
        assert_eq!(all[7].1, "over [2J and out");
    }
}
