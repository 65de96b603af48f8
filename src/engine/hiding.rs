//! Puts keyed hashes where accounts stand in lines of the activity log that leave the vault.

use crate::model::event::{Entry, Happening};
use crate::model::failure::Failure;
use crate::model::name::CredentialName;
use crate::vault::store::Store;
use std::collections::HashMap;

/// Hides the accounts in these lines.
pub fn hide_in(store: &dyn Store, entries: &mut [Entry]) {
    let mut known = HashMap::new();
    for entry in entries {
        let mut pseudonym = |name: &CredentialName| {
            let named = known.entry(name.clone());
            named.or_insert_with(|| store.pseudonym(name)).clone()
        };
        hide(entry, &mut pseudonym);
    }
}

fn hide(entry: &mut Entry, pseudonym: &mut dyn FnMut(&CredentialName) -> String) {
    let activity = &mut entry.activity;
    let mut words = Vec::new();
    if let Some(name) = &mut activity.name {
        let hash = pseudonym(name);
        words.push((name.account().to_owned(), hash.clone()));
        *name = renamed(name, &hash);
    }
    match &mut activity.what {
        Happening::Renamed { from } => *from = renamed(from, &pseudonym(from)),
        Happening::SignInFailed { failure, .. }
        | Happening::RefreshFailed { failure, .. }
        | Happening::RevokeFailed { failure, .. }
        | Happening::Superseded {
            failure: Some(failure),
        } => hide_in_failure(failure, &words),
        _ => {}
    }
}

fn renamed(name: &CredentialName, account: &str) -> CredentialName {
    CredentialName::new(name.provider(), account).unwrap_or_else(|_| name.clone())
}

/// What a provider says, and what speaks for a cause, may name accounts of which nothing is known here.
fn hide_in_failure(failure: &mut Failure, words: &[(String, String)]) {
    failure.provider_words = None;
    failure.evidence = None;
    for (account, hash) in words {
        failure.cause = failure.cause.replace(account, hash);
        failure.fix = failure.fix.replace(account, hash);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::model::event::Activity;
    use crate::model::failure::FailureClass;

    fn hidden(name: &str, what: Happening) -> String {
        let name = Some(name.parse().unwrap());
        let activity = Activity::new(Timestamp::from_secs(0), name, what);
        let mut entry = Entry {
            number: 1,
            activity,
        };
        hide(&mut entry, &mut |name| format!("h{}", name.as_str().len()));
        serde_json::to_string(&entry).unwrap()
    }

    #[test]
    fn no_account_stays_in_a_line() {
        let mut failure = Failure::new(
            FailureClass::NeedsLogin,
            "invalid_grant",
            "The grant of alice is over.",
            "Sign in: tokenward login demo --account alice",
        );
        failure.provider_words = Some("user bob@corp.example is gone".to_owned());
        let lines = [
            hidden(
                "demo/alice",
                Happening::RefreshFailed {
                    failure,
                    next: None,
                },
            ),
            hidden(
                "demo/alice",
                Happening::Renamed {
                    from: "demo/bob".parse().unwrap(),
                },
            ),
        ];
        for line in &lines {
            assert!(!line.contains("alice") && !line.contains("bob"), "{line}");
            assert!(line.contains("demo/h10"), "{line}");
        }
        assert!(lines[1].contains("demo/h8"));
    }
}
