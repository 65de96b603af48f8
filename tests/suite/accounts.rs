//! Where tests begin that need a credential: accounts that are signed in, at a provider that behaves so.

use crate::sandbox::{Sandbox, provider};
use std::time::Duration;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::{Quirks, RotationRule};

/// A provider that takes each refresh token once and ends the grant of one that comes a second time.
pub fn single_use() -> Quirks {
    Quirks {
        access_lifetime: Some(Duration::from_secs(3600)),
        rotation: RotationRule::SingleUse,
        reuse_detection: true,
        reuse_grace: Duration::ZERO,
        ..Quirks::default()
    }
}

/// A vault with these accounts of a provider, `demo/ACCOUNT`.
#[track_caller]
pub fn signed_in(quirks: Quirks, accounts: &[&str]) -> (Sandbox, DemoProvider) {
    let sandbox = Sandbox::with_vault();
    let provider = provider(quirks);
    for account in accounts {
        sandbox.sign_in(&provider, account);
    }
    (sandbox, provider)
}

/// Ends all sign-ins at the provider, without the vault's knowing.
pub fn end_the_grants(provider: &DemoProvider) {
    let control = provider.control();
    for grant in control.grants() {
        control.revoke(grant.id);
    }
}
