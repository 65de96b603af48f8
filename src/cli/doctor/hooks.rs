//! The hooks: whether their programs are there and nobody else's, and how they did.

use crate::cli::doctor::case::Case;
use crate::cli::doctor::finding::Finding;
use crate::cli::hooks::program;
use crate::model::hook::HookState;

const CHECK: &str = "hooks";

/// Looks at those of the settings, and asks a living owner how they did; nothing is said where there are none.
pub fn examine(case: &Case<'_>) -> Vec<Finding> {
    let hooks = &case.context.config.hooks;
    let programs = hooks.iter().filter_map(|hook| hook.command.first());
    let mut found: Vec<Finding> = programs.filter_map(|it| wrong(it)).collect();
    let states = case.owner.iter().flat_map(|owner| &owner.hooks);
    found.extend(states.filter_map(troubled));
    if found.is_empty() && !hooks.is_empty() {
        let what = format!(
            "{} in the settings, and nobody else can change them",
            hooks.len()
        );
        found.push(Finding::ok(CHECK, what));
    }
    found
}

fn wrong(name: &str) -> Option<Finding> {
    let why = program::find(name).err()?;
    let what = format!("it is not run: {why}");
    Some(Finding::problem(
        CHECK,
        what,
        "mend the program, or [[hooks]] in the settings",
    ))
}

fn troubled(state: &HookState) -> Option<Finding> {
    let program = &state.program;
    if let Some(trouble) = &state.trouble {
        let what = format!("{program} failed the last time: {}", trouble.why);
        return Some(Finding::warning(
            CHECK,
            what,
            "run it by hand; the owner's log has what it printed",
        ));
    }
    (state.dropped > 0).then(|| {
        let what = format!(
            "{program} is too slow: it was not run for {}",
            state.dropped
        );
        Finding::warning(
            CHECK,
            what,
            "have it return at once, and work in the background",
        )
    })
}
