//! `tokenward status`: is there a vault, who owns it, is anything in trouble.

use crate::agent::call::Caller;
use crate::cli::args::Globals;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::needs::Needs;
use crate::cli::owner::daily;
use crate::cli::process::Process;
use crate::cli::seat::has_left;
use crate::cli::span;
use crate::clock::{self, Timestamp};
use crate::config::error::ConfigError;
use crate::engine::api::EngineStatus;
use crate::model::alert::Alert;
use crate::model::chore::{ChoreView, LastTime};
use crate::model::health::HealthKind;
use crate::model::hook::HookState;
use crate::model::limit::LimitUse;
use crate::model::reading::Reading;
use crate::tui::words;
use crate::vault::owner::OwnerLock;
use crate::vault::parcel;
use crate::vault::tries::Tries;
use clap::Args;
use serde_json::{Map, Value, json};

/// Arguments of `tokenward status`.
#[derive(Debug, Args)]
#[command(after_help = "\
Ends with 0 whenever it could tell. Without an owner the vault stays closed and its credentials uncounted.
With --json: one object with vault, vault_exists, backup (the newest daily one, or null) and backup_made_at, passphrase (wrong ones in
a row, how many are free, the wait), socket, inbox (how many items
came in while it was locked), owner (null, or an object with pid, version, started_at, settings (file, read_at, trouble,
at_the_next_start), hooks (each with program, on, succeeded, failed, dropped, waiting, and trouble: null, or at and why),
locked (null, or since and why), memory_locked, credentials, in_trouble, healths, in_flight, queued,
limits (each with most, used and by), refreshed, failed, next_refresh, alerts (each with at, kind, text,
command, and credential or program), recurring: its recurring
work, each with chore, running, next, last (at, outcome) and failures, needs_you: what the inbox of the UI has, each with
name and need (sign_in, setting, over, still_alive, scopes, dies_soon), still_alive: revoked ones whose tokens were seen
alive afterwards, each with name and page, port: where programs with a grant ask, or null, grants and questions: how many),
settings_trouble (why those in the file cannot be used, or null) and owner_pid.")]
pub struct StatusArgs {}

/// Prints it; also with settings that cannot be used, which is a trouble like others.
pub fn run(_: &StatusArgs, globals: Globals) -> Result<(), Failure> {
    match Context::new(globals.clone()) {
        Ok(context) => print(&context, None),
        Err(failure) if failure.source.is::<ConfigError>() => {
            let context = Context::without_settings(globals)?;
            print(&context, Some(failure.source.to_string()))
        }
        Err(failure) => Err(failure),
    }
}

fn print(context: &Context, unusable: Option<String>) -> Result<(), Failure> {
    let status = match Caller::new(context.socket()).status() {
        Ok(status) => Some(status),
        Err(error) if has_left(&error) => None,
        Err(error) => return Err(error.into()),
    };
    let needs = match &status {
        Some(status) if total(status, |_| true) > 0 => Needs::ask(context)?,
        Some(_) | None => Needs::default(),
    };
    if context.output.json {
        let mut object = object(context, status.as_ref(), &needs);
        object["settings_trouble"] = json!(unusable);
        return context.output.json_line(&object);
    }
    let unusable = unusable.map_or_else(String::new, |why| {
        format!("settings   they cannot be used: {why}; more: tokenward config check\n")
    });
    let text = match &status {
        Some(status) => with_owner(status) + &needs.text(),
        None => without_owner(context),
    };
    let inbox = match waiting(context) {
        0 => String::new(),
        many => format!("inbox      {many} came in while the vault was locked: tokenward inbox\n"),
    };
    let vault = match (context.vault.exists(), context.vault.display()) {
        (true, path) => format!("vault      {path}\n"),
        (false, path) => format!("vault      none at {path}; create one: tokenward init\n"),
    };
    let backup = match daily(context).all().last() {
        Some(made) => format!(
            "backup     {}, {} ago\n",
            made.file.display(),
            words::about(clock::now().since(made.made_at))
        ),
        None => String::new(),
    };
    context
        .output
        .data(&(vault + &unusable + &backup + &passphrases(context) + &text + &inbox))
}

/// What came in while the vault was locked; that can be counted without a key.
fn waiting(context: &Context) -> usize {
    parcel::count(&context.vault).unwrap_or(0)
}

fn with_owner(status: &EngineStatus) -> String {
    let now = clock::now();
    let reading = status.settings.as_ref();
    let reading = reading.map_or_else(String::new, |reading| settings(reading, now));
    if let Some(lock) = status.locked {
        return format!(
            "owner      pid {}, version {}\nlocked     for {}: {}; unlock it: tokenward unlock\n{reading}",
            status.pid,
            status.version,
            span::show(now.since(lock.since)),
            lock.reason.words()
        );
    }
    let mut text = format!(
        "owner      pid {}, version {}, for {}\n",
        status.pid,
        status.version,
        span::show(now.since(status.started_at))
    );
    text.push_str(&reading);
    match is_locked(status) {
        Some(true) => text.push_str("memory     locked: it never goes to swap\n"),
        Some(false) => {
            text.push_str("memory     may go to swap; what mends it: tokenward doctor\n")
        }
        None => {}
    }
    let words: Vec<String> = counted(status)
        .map(|(kind, count)| format!("{count} {}", kind.word()))
        .collect();
    let all = total(status, |_| true);
    if words.is_empty() {
        text.push_str("credentials none; sign in: tokenward login PROVIDER\n");
    } else {
        text.push_str(&format!("credentials {all}: {}\n", words.join(", ")));
    }
    text.push_str(&format!(
        "refreshes  {} in flight, {} waiting, {} done, {} failed\n",
        status.in_flight, status.queued, status.refreshed, status.failed
    ));
    text.push_str(&programs(status));
    text.push_str(&limits(&status.limits));
    text.push_str(&recurring(&status.chores, now));
    if let Some(next) = status.next_refresh {
        text.push_str(&format!("next       in {}\n", span::show(now.until(next))));
    }
    if status.unreadable > 0 {
        text.push_str(&format!(
            "unreadable {}, in no list; what is wrong: tokenward vault verify\n",
            status.unreadable
        ));
    }
    text.push_str(&hooks(&status.hooks));
    text.push_str(&alerts(&status.alerts));
    let trouble = total(status, HealthKind::is_trouble);
    if trouble > 0 {
        text.push_str(&format!("in trouble {trouble}; look: tokenward list\n"));
    }
    text
}

/// How the owner's settings were read, and what is wrong with those in the file now.
fn settings(reading: &Reading, now: Timestamp) -> String {
    let (file, ago) = (&reading.file, span::show(now.since(reading.read_at)));
    let mut text = format!("settings   {file}, read {ago} ago\n");
    if let Some(why) = &reading.trouble {
        text.push_str(&format!(
            "           what stands there now is not used: {why}\n"
        ));
    }
    if !reading.at_the_next_start.is_empty() {
        let names = reading.at_the_next_start.join(", ");
        text.push_str(&format!("           only at the next start: {names}\n"));
    }
    text
}

/// A line for each hook: how often it ran, and what is wrong with it.
fn hooks(hooks: &[HookState]) -> String {
    let line = |(at, state): (usize, &HookState)| {
        let label = if at == 0 { "hooks" } else { "" };
        let on: Vec<&str> = state.on.iter().map(|event| event.word()).collect();
        let (program, on) = (&state.program, on.join(", "));
        let mut text = format!(
            "{label:<10} {program} ({on}): ran {}, failed {}, {} waiting",
            state.succeeded, state.failed, state.waiting
        );
        if state.dropped > 0 {
            text.push_str(&format!(", {} too many", state.dropped));
        }
        if let Some(trouble) = &state.trouble {
            text.push_str(&format!("; the last time: {}", trouble.why));
        }
        text.push('\n');
        text
    };
    hooks.iter().enumerate().map(line).collect()
}

/// A line for each alert that nobody has looked at.
fn alerts(alerts: &[Alert]) -> String {
    let lines = alerts
        .iter()
        .map(|alert| format!("alert      {} ({})\n", alert.text, alert.command));
    let mut text: String = lines.collect();
    if !alerts.is_empty() {
        text.push_str("           looked at them: tokenward audit acknowledge\n");
    }
    text
}

/// Where programs with a grant ask, and whether one without waits for a person.
fn programs(status: &EngineStatus) -> String {
    let port = status.port.map_or_else(String::new, |port| {
        format!("port       {port}, for programs with a grant\n")
    });
    let grants = match status.grants {
        0 => String::new(),
        many => format!("grants     {many}; look: tokenward grant list\n"),
    };
    let questions = match status.questions {
        0 => String::new(),
        many => {
            format!("questions  {many} of programs without a grant: tokenward grant questions\n")
        }
    };
    port + &grants + &questions
}

/// A line for each limit: how much of it is used, and by whom.
fn limits(limits: &[LimitUse]) -> String {
    let line = |(at, one): (usize, &LimitUse)| {
        let label = if at == 0 { "limits" } else { "" };
        let by = one
            .by
            .as_ref()
            .map_or_else(String::new, |by| format!(" ({by})"));
        let (used, most, words) = (one.used, one.most, one.limit.words());
        format!("{label:<10} {used} of {most} {words}{by}\n")
    };
    limits.iter().enumerate().map(line).collect()
}

fn limits_object(limits: &[LimitUse]) -> Map<String, Value> {
    let object = |one: &LimitUse| {
        let value = json!({ "most": one.most, "used": one.used, "by": one.by });
        (one.limit.key().to_owned(), value)
    };
    limits.iter().map(object).collect()
}

/// Wrong passphrases that were typed lately, and what they cost.
fn passphrases(context: &Context) -> String {
    let (tries, patience) = (Tries::read(&context.vault), context.config.patience());
    let wait = match tries.wait(&patience, clock::now()) {
        Some(wait) => format!("the next one may be tried in {}", span::show(wait)),
        None => "no wait".to_owned(),
    };
    let (wrong, free) = (tries.wrong, patience.free);
    let (first, longest) = (
        span::show(patience.first_wait),
        span::show(patience.longest_wait),
    );
    format!(
        "passphrase {wrong} of {free} wrong ones that cost nothing; {wait} (then {first}, at most {longest})\n"
    )
}

fn passphrases_object(context: &Context) -> Value {
    let (tries, patience) = (Tries::read(&context.vault), context.config.patience());
    let wait = tries.wait(&patience, clock::now());
    json!({
        "wrong": tries.wrong,
        "free": patience.free,
        "wait_secs": wait.map_or(0, |wait| wait.as_millis().div_ceil(1000)),
        "first_wait_secs": patience.first_wait.as_secs(),
        "longest_wait_secs": patience.longest_wait.as_secs(),
    })
}

/// A line for each kind of recurring work.
fn recurring(chores: &[ChoreView], now: Timestamp) -> String {
    let line = |(at, view): (usize, &ChoreView)| {
        let label = if at == 0 { "recurring" } else { "" };
        let ago = |last: &LastTime| format!(" {} ago", span::show(now.since(last.at)));
        let ago = view.last.as_ref().map_or_else(String::new, ago);
        let next = match (view.running, view.next) {
            (1.., _) => ", under way".to_owned(),
            (0, Some(next)) => format!(", next in {}", span::show(now.until(next))),
            (0, None) => String::new(),
        };
        let (word, result) = (view.chore.word(), view.result());
        format!("{label:<10} {word}: {result}{ago}{next}\n")
    };
    chores.iter().enumerate().map(line).collect()
}

/// Whether the owner's memory is kept out of swap, where the system tells.
fn is_locked(status: &EngineStatus) -> Option<bool> {
    Process::of(status.pid).locked().map(|bytes| bytes > 0)
}

fn without_owner(context: &Context) -> String {
    match OwnerLock::holder(&context.vault) {
        Some(holder) => {
            let pid = holder
                .pid
                .map_or_else(|| "unknown".to_owned(), |pid| pid.to_string());
            let place = context.socket();
            format!(
                "owner      pid {pid}, which does not answer at {}\n",
                place.display()
            )
        }
        None => "owner      none: nothing is refreshed; start one: tokenward --daemon\n".to_owned(),
    }
}

fn counted(status: &EngineStatus) -> impl Iterator<Item = (HealthKind, u64)> {
    status
        .healths
        .iter()
        .copied()
        .filter(|(_, count)| *count > 0)
}

fn total(status: &EngineStatus, counts: impl Fn(HealthKind) -> bool) -> u64 {
    counted(status)
        .filter(|(kind, _)| counts(*kind))
        .map(|(_, count)| count)
        .sum()
}

fn object(context: &Context, status: Option<&EngineStatus>, needs: &Needs) -> Value {
    let owner = status.map(|status| {
        let healths: Map<String, Value> = status
            .healths
            .iter()
            .filter_map(|(kind, count)| {
                let word = serde_json::to_value(kind).ok()?;
                Some((word.as_str()?.to_owned(), json!(count)))
            })
            .collect();
        json!({
            "pid": status.pid,
            "version": status.version,
            "started_at": status.started_at,
            "settings": status.settings,
            "hooks": status.hooks,
            "locked": status.locked,
            "memory_locked": is_locked(status),
            "credentials": total(status, |_| true),
            "unreadable": status.unreadable,
            "in_trouble": total(status, HealthKind::is_trouble),
            "healths": healths,
            "in_flight": status.in_flight,
            "queued": status.queued,
            "limits": limits_object(&status.limits),
            "refreshed": status.refreshed,
            "failed": status.failed,
            "next_refresh": status.next_refresh,
            "alerts": status.alerts,
            "recurring": status.chores,
            "still_alive": needs.still_alive,
            "needs_you": needs.needs_you,
            "port": status.port,
            "grants": status.grants,
            "questions": status.questions,
        })
    });
    let pid = status.map_or_else(
        || OwnerLock::holder(&context.vault).and_then(|holder| holder.pid),
        |status| Some(status.pid),
    );
    let backup = daily(context).all().pop();
    json!({
        "vault": context.vault,
        "vault_exists": context.vault.exists(),
        "backup": backup.as_ref().map(|made| &made.file),
        "backup_made_at": backup.as_ref().map(|made| made.made_at),
        "passphrase": passphrases_object(context),
        "socket": context.socket(),
        "inbox": waiting(context),
        "owner": owner,
        "owner_pid": pid,
    })
}
