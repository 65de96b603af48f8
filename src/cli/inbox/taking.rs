//! `tokenward inbox accept`: items of the inbox become credentials.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::inbox::command::waiting;
use crate::cli::session::Session;
use crate::cli::several::{self, Report};
use crate::engine::api::Command;
use crate::model::credential::CredentialView;
use crate::model::name::CredentialName;
use crate::vault::error::VaultError;
use clap::Args;
use serde_json::{Value, json};

/// Arguments of `tokenward inbox accept`.
#[derive(Debug, Args)]
pub struct AcceptArgs {
    /// Their numbers.
    #[arg(required_unless_present = "all", value_name = "ID")]
    ids: Vec<i64>,
    /// All that open; those whose name is taken stay, unless --replace is said too.
    #[arg(long, conflicts_with = "ids")]
    all: bool,
    /// The account part of its name, if it shall be another one.
    #[arg(long = "as", value_name = "ACCOUNT", conflicts_with = "all")]
    account: Option<String>,
    /// Let it take the place of the credential of that name.
    #[arg(long)]
    replace: bool,
    /// Do not ask before all are taken in.
    #[arg(long)]
    yes: bool,
}

/// What is taken in, and what became of it so far.
#[derive(Default)]
struct Taking {
    chosen: Option<Vec<(i64, CredentialName)>>,
    done: Vec<(CredentialName, Result<Value, Failure>)>,
}

/// Takes them in.
pub fn run(args: &AcceptArgs, context: &Context) -> Result<(), Failure> {
    if args.account.is_some() && args.ids.len() > 1 {
        let text = format!("{} items cannot all be called so", args.ids.len());
        return Err(Failure::usage(text).hint("take them in one by one"));
    }
    let mut taking = Taking::default();
    Session::with(context, |session| taking.go_on(session, args, context))?;
    taking.report(args, context)
}

/// Takes one in.
fn accept(
    session: &Session,
    id: i64,
    account: Option<String>,
    replaces: bool,
) -> Result<CredentialView, Failure> {
    // A name that is taken is told by who knows all of them.
    session.all()?;
    session.ask(|reply| Command::AcceptParcel {
        id,
        account,
        replaces,
        reply,
    })
}

impl Taking {
    /// Goes on where an owner left; what was chosen and agreed to before stays so.
    fn go_on(
        &mut self,
        session: &Session,
        args: &AcceptArgs,
        context: &Context,
    ) -> Result<(), Failure> {
        let chosen = match &self.chosen {
            Some(chosen) => chosen,
            None => self.chosen.insert(choose(session, args, context)?),
        };
        for (id, name) in chosen.iter().skip(self.done.len()) {
            let taken = accept(session, *id, args.account.clone(), args.replace);
            let result = match taken {
                Err(failure) if failure.kind == Kind::OwnerLeft => return Err(failure),
                Err(failure) => (name.clone(), Err(failure)),
                Ok(view) => {
                    let detail = json!({ "id": id, "generation": view.generation });
                    (view.profile.name.clone(), Ok(detail))
                }
            };
            self.done.push(result);
        }
        Ok(())
    }

    fn report(mut self, args: &AcceptArgs, context: &Context) -> Result<(), Failure> {
        let is_one = args.ids.len() == 1;
        let Some((name, result)) = self.done.pop_if(|_| is_one) else {
            let said = |name: &CredentialName, _: &Value| format!("{name}: taken in");
            return Report::new(self.done).print(context, said);
        };
        let detail = result?;
        if context.output.json {
            let said = json!({ "name": name, "generation": detail["generation"] });
            return context.output.json_line(&said);
        }
        context
            .output
            .say("Taken in; it is kept fresh from now on.");
        context.output.data(&format!("{name}\n"))
    }
}

/// Which ones; of all of them a person is asked first.
fn choose(
    session: &Session,
    args: &AcceptArgs,
    context: &Context,
) -> Result<Vec<(i64, CredentialName)>, Failure> {
    let waiting = waiting(session)?;
    if !args.all {
        let one = |id: &i64| {
            let id = *id;
            let found = waiting.iter().find(|it| it.id == id);
            let found = found.ok_or(VaultError::NoSuchParcel { id })?;
            let content = found.content.as_ref();
            let content = content.ok_or(VaultError::ParcelNotOpened { id })?;
            Ok((id, content.name.clone()))
        };
        return args.ids.iter().map(one).collect();
    }
    let mut chosen = Vec::new();
    for item in waiting {
        match item.content {
            Some(content) => chosen.push((item.id, content.name)),
            None => context
                .output
                .say(&format!("item {} does not open: it stays", item.id)),
        }
    }
    if chosen.is_empty() {
        context.output.say("Nothing waits that can be taken in.");
    }
    let names: Vec<CredentialName> = chosen.iter().map(|(_, name)| name.clone()).collect();
    several::confirm(context, args.yes, "Take in", &names)?;
    Ok(chosen)
}
