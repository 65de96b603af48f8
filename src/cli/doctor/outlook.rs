//! How each credential is and when a person is needed, from its owner or from the vault itself.

use crate::cli::causes::sign_in_again;
use crate::cli::doctor::finding::Finding;
use crate::clock::Timestamp;
use crate::engine::forecast::{self, Doing};
use crate::model::credential::CredentialView;
use crate::model::health::Health;
use crate::model::policy::Warning;
use crate::tui::words;
use crate::vault::error::VaultError;
use crate::vault::open::OpenVault;
use crate::vault::store::{Store, StoredProfile};
use jiff::tz::TimeZone;
use std::sync::Arc;

const CHECK: &str = "outlook";

/// The credentials, as far as they could be looked at.
#[derive(Debug)]
pub enum Contents {
    /// All of them.
    Seen {
        /// Those that can be opened.
        views: Vec<CredentialView>,
        /// How many cannot.
        unreadable: u64,
        /// An owner refreshes them.
        is_kept_fresh: bool,
    },
    /// None, and why.
    NotSeen(String),
}

impl Contents {
    /// Opens every profile of a vault that nobody owns.
    pub fn of_vault(vault: &mut OpenVault, warning: &Warning, now: Timestamp) -> Self {
        let (mut views, mut unreadable) = (Vec::new(), 0);
        let opened = vault.profiles(&mut |portion: Vec<Result<StoredProfile, VaultError>>| {
            for stored in portion {
                match stored {
                    Ok(stored) => views.push(view(stored, warning, now)),
                    Err(_) => unreadable += 1,
                }
            }
        });
        views.sort_by(|a, b| a.profile.name.cmp(&b.profile.name));
        match opened {
            Ok(()) => Self::Seen {
                views,
                unreadable,
                is_kept_fresh: false,
            },
            Err(error) => Self::NotSeen(error.to_string()),
        }
    }
}

fn view(stored: StoredProfile, warning: &Warning, now: Timestamp) -> CredentialView {
    let profile = stored.profile;
    CredentialView {
        id: stored.id,
        generation: stored.generation,
        health: forecast::health(&profile, Doing::Nothing, None, now),
        refresh_at: None,
        forecast: forecast::forecast(&profile, warning),
        profile: Arc::new(profile),
    }
}

/// One finding a credential.
pub fn examine(contents: &Contents, now: Timestamp) -> Vec<Finding> {
    let (views, unreadable, is_kept_fresh) = match contents {
        Contents::NotSeen(why) => return vec![Finding::not_looked_at(CHECK, why)],
        Contents::Seen {
            views,
            unreadable,
            is_kept_fresh,
        } => (views, *unreadable, *is_kept_fresh),
    };
    let mut found: Vec<Finding> = views.iter().map(|it| of(it, is_kept_fresh, now)).collect();
    if unreadable > 0 {
        let what = format!("{unreadable} credentials cannot be opened and are in no list");
        found.push(Finding::problem(CHECK, what, "tokenward vault verify"));
    }
    if found.is_empty() {
        found.push(Finding::ok(CHECK, "there are no credentials yet"));
    }
    found
}

fn of(view: &CredentialView, is_kept_fresh: bool, now: Timestamp) -> Finding {
    let name = &view.profile.name;
    let word = view.health.kind().word();
    let why = format!("tokenward why {name}");
    match &view.health {
        Health::NeedsLogin { cause } => {
            let what = format!("{name}: {word}: {}", cause.cause);
            Finding::problem(CHECK, what, sign_in_again(name))
        }
        Health::Misconfigured { cause } => {
            let what = format!("{name}: {word}: {}", cause.cause);
            Finding::problem(CHECK, what, format!("{} ({why})", cause.fix))
        }
        Health::Retrying { .. } | Health::RateLimited { .. } | Health::Revoking { .. } => {
            Finding::warning(CHECK, format!("{name}: {word}"), why)
        }
        // Without an owner that is how they are until somebody asks for them.
        Health::Expired if is_kept_fresh => Finding::warning(CHECK, format!("{name}: {word}"), why),
        Health::Revoked if view.is_alive_though_revoked() => {
            let what = format!("{name}: {word}, and its tokens were seen alive afterwards");
            Finding::warning(
                CHECK,
                what,
                format!("tokenward revoke {name} --yes ({why})"),
            )
        }
        Health::Fresh
        | Health::Expiring
        | Health::Refreshing
        | Health::Expired
        | Health::Revoked
        | Health::Static => ending(view, word, now),
    }
}

fn ending(view: &CredentialView, word: &str, now: Timestamp) -> Finding {
    let (name, zone) = (&view.profile.name, TimeZone::system());
    let said = words::forecast(&view.forecast, now, &zone);
    let what = match said {
        Some(said) => format!("{name}: {word}; {}", words::within(&said)),
        None => format!("{name}: {word}"),
    };
    match view.forecast.is_soon(now) {
        true => Finding::warning(CHECK, what, sign_in_again(name)),
        false => Finding::ok(CHECK, what),
    }
}
