//! Credentials of a provider that the built-in one resembles: fresh, about to expire, ended.

use crate::demo::control::Control;
use crate::demo::profiles::Profile;
use crate::demo::seed::SeedError;
use crate::engine::hand;
use crate::engine::minting::Minted;
use crate::engine::naming::Certainty;
use crate::model::credential::{Flow, Generation};
use crate::model::event::{Activity, Happening};
use crate::model::name::CredentialName;
use crate::vault::store::{Store, Write};
use std::time::Duration;

/// Accounts, how many seconds ago they signed in, and whether their grant was ended behind our back.
const ACCOUNTS: [(&str, u64, bool); 3] = [
    ("alice", 0, false),
    ("bob", 100, false),
    ("carol", 90, true),
];

/// Fills a store with credentials of that provider, and the client to sign in with again. Gives how many credentials.
pub fn fill(
    store: &mut dyn Store,
    control: &Control,
    profile: &Profile,
) -> Result<usize, SeedError> {
    let mut writes = vec![Write::Client {
        provider: Box::new(profile.provider(&control.issuer())),
        client: profile.registered_client(),
    }];
    for (account, age, ended) in ACCOUNTS {
        let (minted, grant) = minted(control, profile, account, Duration::from_secs(age))?;
        if ended {
            control.revoke(grant);
        }
        let secret = Box::new(minted.secret());
        let prints = hand::fingerprints(&*store, &secret);
        let profile = hand::marked(&minted.profile(None), prints);
        writes.push(Write::SignIn { profile, secret });
        writes.push(Write::Activity(Activity::new(
            minted.at,
            Some(minted.name),
            Happening::SignedIn {
                generation: Generation(1),
            },
        )));
    }
    store.apply(writes)?;
    Ok(ACCOUNTS.len())
}

fn minted(
    control: &Control,
    profile: &Profile,
    account: &str,
    age: Duration,
) -> Result<(Minted, crate::demo::grant::GrantId), SeedError> {
    let provider = profile.provider(&control.issuer());
    let scopes = provider.default_scopes.clone();
    let asked: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let client = profile.registered_client();
    let tokens = control.mint_aged(&client.id, account, &asked, age);
    let minted = Minted {
        certainty: Certainty::Asked,
        claims: None,
        apart: None,
        aside: None,
        before: std::sync::OnceLock::new(),
        name: CredentialName::new(profile.name, account)?,
        provider,
        client,
        flow: Flow::Loopback,
        scopes,
        resources: Vec::new(),
        bound_to: None,
        set: tokens.tokens,
        at: tokens.issued_at,
    };
    Ok((minted, tokens.grant))
}
