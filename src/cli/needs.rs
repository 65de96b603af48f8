//! What needs a human, for `status`: the same as in the inbox of the UI.

use crate::agent::call::Caller;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::clock;
use crate::model::name::CredentialName;
use crate::model::need::Need;
use crate::oauth::catalogue;
use crate::tui::words;
use serde::Serialize;

/// What needs a human.
#[derive(Debug, Default)]
pub struct Needs {
    /// Each credential that does, the most urgent first.
    pub needs_you: Vec<NeedsYou>,
    /// Those of them whose revocation left tokens alive.
    pub still_alive: Vec<StillAlive>,
}

/// A credential that needs a human.
#[derive(Debug, Serialize)]
pub struct NeedsYou {
    name: CredentialName,
    need: Need,
}

/// A credential whose revocation left its tokens alive, for a person to act upon.
#[derive(Debug, Serialize)]
pub struct StillAlive {
    name: CredentialName,
    /// Where the provider lets a person end the grant, if its record tells.
    page: Option<String>,
}

impl Needs {
    /// Asks the living owner.
    pub fn ask(context: &Context) -> Result<Self, Failure> {
        let (views, now) = (Caller::new(context.socket()).list()?, clock::now());
        let needs = views.iter().filter_map(|view| {
            let name = view.profile.name.clone();
            Need::of(view, now).map(|need| NeedsYou { name, need })
        });
        let mut needs_you: Vec<NeedsYou> = needs.collect();
        needs_you.sort_by(|a, b| (a.need, &a.name).cmp(&(b.need, &b.name)));
        let alive = needs_you.iter().filter(|it| it.need == Need::StillAlive);
        let still_alive = alive.map(|it| still_alive(&it.name)).collect();
        Ok(Self {
            needs_you,
            still_alive,
        })
    }

    /// A line for each.
    pub fn text(&self) -> String {
        let others = self.needs_you.iter();
        let others = others.filter(|it| it.need != Need::StillAlive).enumerate();
        let line = |(at, it): (usize, &NeedsYou)| {
            let label = if at == 0 { "needs you" } else { "" };
            let (name, what) = (&it.name, it.need.words());
            format!("{label:<10} {name}: {what} (tokenward why {name})\n")
        };
        others.map(line).collect::<String>() + &told_alive(&self.still_alive)
    }
}

fn still_alive(name: &CredentialName) -> StillAlive {
    let record = catalogue::find(name.provider());
    let page = record.and_then(|record| record.page_to_end_grants().map(str::to_owned));
    let name = name.clone();
    StillAlive { name, page }
}

fn told_alive(alive: &[StillAlive]) -> String {
    let line = |it: &StillAlive| {
        let what = words::still_alive(it.page.as_deref());
        let name = &it.name;
        format!("still alive {name}: {what} (tokenward revoke {name}, tokenward remove {name})\n")
    };
    alive.iter().map(line).collect()
}
