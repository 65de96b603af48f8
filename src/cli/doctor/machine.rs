//! All that can be looked at without the vault and without the network, the files' rights aside.

use crate::cli::doctor::case::Case;
use crate::cli::doctor::finding::Finding;
use crate::cli::doctor::{cores, place, spilled, swap, unit};

/// Looks at what is around the vault and its owner, the process of that number.
pub fn examine(case: &Case<'_>, owner: Option<u32>) -> Vec<Finding> {
    let mut found = vec![
        place::examine(&case.context.vault),
        cores::examine(owner),
        swap::locked(owner),
        swap::examine(),
        spilled::in_environment(variables()),
        spilled::in_settings(&case.settings()),
    ];
    found.extend(unit::examine(&case.context.paths.settings_folder()));
    found
}

fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().map(|(name, value)| {
        (
            name.to_string_lossy().into_owned(),
            value.to_string_lossy().into_owned(),
        )
    })
}
