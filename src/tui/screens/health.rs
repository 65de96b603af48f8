//! How everything is: refreshes an hour over a day, success, providers, the engine's queue and limits.

use crate::engine::api::EngineStatus;
use crate::model::health::HealthKind;
use crate::model::limit::Limit;
use crate::tui::app::App;
use crate::tui::bar;
use crate::tui::paint::{pieces, put, put_right};
use crate::tui::screens::figures::{Figures, HOURS};
use crate::tui::screens::recurring;
use crate::tui::screens::remarks;
use crate::tui::theme::Tone;
use crate::tui::words;
use crate::tui::workspace::Workspace;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Columns of the scale beside the bars.
const SCALE: u16 = 6;
const HOURS_WIDE: u16 = HOURS as u16;
const LABEL: u16 = 11;

fn rate((succeeded, failed): (usize, usize)) -> Option<f64> {
    let all = succeeded + failed;
    #[allow(clippy::cast_precision_loss, reason = "counts of a screen")]
    (all > 0).then(|| succeeded as f64 / all as f64)
}

/// Draws the health of everything.
pub fn draw(app: &App, workspace: &Workspace, area: Rect, buf: &mut Buffer) {
    let figures = &workspace.figures;
    let step = match area.width {
        ..110 => 2,
        110..150 => 3,
        _ => 4,
    };
    let bars = match area.height {
        ..24 => 4,
        24..40 => 7,
        _ => 12,
    };
    let chart = Rect {
        x: area.x + 1,
        width: SCALE + HOURS_WIDE * step,
        height: bars + 3,
        ..area
    };
    hours(app, figures, chart, (bars, step), buf);
    let aside = Rect {
        x: chart.right() + 2,
        width: area.right().saturating_sub(chart.right() + 3),
        height: chart.height,
        ..area
    };
    engine(app, workspace, aside, buf);
    let status = workspace.figures.status.as_ref();
    let chores = status.map_or(&[][..], |status| &status.chores);
    let table = recurring::height(area, chores);
    let summary = recurring::summary(chores, app.now).filter(|_| table == 0);
    let about = Rect {
        y: chart.bottom() + 1,
        height: 3 + u16::from(summary.is_some()),
        ..area
    };
    owner(app, workspace, (about, summary), buf);
    let below = Rect {
        y: about.bottom() + 1,
        height: table.saturating_sub(1),
        ..area
    };
    if table > 0 {
        recurring::draw(app, chores, below, buf);
    }
    let y = about.bottom() + 1 + table;
    let foot = remarks::height(app, area);
    let below = Rect {
        y,
        height: area.bottom().saturating_sub(y + foot),
        ..area
    };
    providers(app, figures, below, buf);
    let foot = Rect {
        y: area.bottom() - foot,
        height: foot,
        ..area
    };
    remarks::draw(app, foot, buf);
}

fn hours(app: &App, figures: &Figures, area: Rect, (bars, step): (u16, u16), buf: &mut Buffer) {
    let theme = app.theme;
    let total = figures
        .hours
        .iter()
        .fold((0, 0), |sum, hour| (sum.0 + hour.0, sum.1 + hour.1));
    let rate = rate(total).map_or("no refresh yet".to_owned(), |rate| {
        format!("{:.1} % succeeded", rate * 100.0)
    });
    let all = total.0 + total.1;
    let noun = if all == 1 { "refresh" } else { "refreshes" };
    let title = format!("{} {noun} in 24 hours, {rate}", words::grouped(all));
    put(
        buf,
        (area.x, area.y),
        area.width,
        &title,
        theme.strong(),
        theme,
    );
    let most = figures.hours.iter().map(|hour| hour.0 + hour.1).max();
    let most = most.unwrap_or(0).max(1);
    let foot = area.y + bars;
    let dim = theme.dim();
    let top = words::grouped(most);
    put_right(buf, (area.x, area.y + 1), SCALE - 2, &top, dim, theme);
    put_right(buf, (area.x, foot), SCALE - 2, "0", dim, theme);
    let left = area.x + SCALE;
    for (x, hour) in (left..).step_by(step.into()).zip(figures.hours) {
        for x in x..x + step - 1 {
            column(app, (x, foot), bars, hour, most, buf);
        }
        if hour.1 > 0 {
            let middle = x + (step - 2) / 2;
            let style = theme.tone(Tone::Trouble);
            put(
                buf,
                (middle, foot + 1),
                1,
                theme.signs().failure,
                style,
                theme,
            );
        }
    }
    let y = foot + 2;
    put(buf, (left, y), 12, "24 hours ago", dim, theme);
    let end = HOURS_WIDE * step - 1;
    put_right(buf, (left, y), end, "now", dim, theme);
}

// What failed stands on top of what succeeded.
fn column(
    app: &App,
    foot: (u16, u16),
    bars: u16,
    (succeeded, failed): (usize, usize),
    most: usize,
    buf: &mut Buffer,
) {
    let theme = app.theme;
    #[allow(clippy::cast_precision_loss, reason = "counts of a screen")]
    let share = |count: usize| count as f64 / most as f64;
    let (good, bad) = (theme.tone(Tone::Good), theme.tone(Tone::Trouble));
    bar::column(buf, foot, bars, share(succeeded + failed), bad, theme);
    // Without colour one column is all there is; with it, the cell where both meet has the one behind the other.
    if failed == 0 {
        bar::column(buf, foot, bars, share(succeeded), good, theme);
    } else if let Some(behind) = bad.fg {
        bar::column(buf, foot, bars, share(succeeded), good.bg(behind), theme);
    }
    put(
        buf,
        (foot.0, foot.1 + 1),
        1,
        theme.signs().rule,
        theme.dim(),
        theme,
    );
}

fn engine(app: &App, workspace: &Workspace, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    put(
        buf,
        (area.x, area.y),
        area.width,
        "Engine",
        theme.strong(),
        theme,
    );
    let Some(status) = &workspace.figures.status else {
        let at = (area.x, area.y + 1);
        put(buf, at, area.width, "asking", theme.dim(), theme);
        return;
    };
    let next = match status.next_refresh {
        Some(at) if at <= app.now => "now".to_owned(),
        Some(at) => format!("in {}", words::span(app.now.until(at))),
        None => "none planned".to_owned(),
    };
    let most = |limit| status.most(limit).unwrap_or_default();
    let limited = |now: u64, most: u64| format!("{} of {}", count(now), count(most));
    let facts = [
        (
            "in flight",
            limited(status.in_flight, most(Limit::InFlight)),
        ),
        (
            "a host",
            format!("{} at most", count(most(Limit::InFlightPerHost))),
        ),
        ("queue", count(status.queued)),
        ("next", next),
        ("succeeded", count(status.refreshed)),
        ("failed", count(status.failed)),
    ];
    labelled(app, area, 1, &facts, buf);
}

fn owner(
    app: &App,
    workspace: &Workspace,
    (area, summary): (Rect, Option<String>),
    buf: &mut Buffer,
) {
    let Some(status) = &workspace.figures.status else {
        return;
    };
    let dot = app.theme.signs().dot;
    let disk = on_disk(app, status);
    let mut owner = format!("tokenward {}, process {}", status.version, status.pid);
    if let Some(memory) = status.memory {
        owner.push_str(&format!(" {dot} {} in memory", words::bytes(memory)));
    }
    let since = words::span(app.now.since(status.started_at));
    owner.push_str(&format!(" {dot} runs for {since}"));
    let inner = Rect {
        x: area.x + 1,
        width: area.width.saturating_sub(2),
        ..area
    };
    let mut vault = status.vault.clone();
    if status.unreadable > 0 {
        let many = usize::try_from(status.unreadable).unwrap_or(usize::MAX);
        let many = words::count(many, "credential");
        vault.push_str(&format!(" {dot} {many} cannot be opened"));
    }
    let mut facts = vec![("vault", vault), ("on disk", disk), ("owner", owner)];
    facts.extend(summary.map(|summary| ("recurring", summary)));
    labelled(app, inner, 0, &facts, buf);
}

/// What the vault takes, how old the newest backup is, what lies beside.
fn on_disk(app: &App, status: &EngineStatus) -> String {
    let dot = app.theme.signs().dot;
    let Some(extent) = &status.extent else {
        return "not measured".to_owned();
    };
    let mut said = words::bytes(extent.vault);
    match status.backups.map(|backups| backups.newest) {
        None => {}
        Some(None) => said.push_str(&format!(" {dot} no daily backup yet")),
        Some(Some(newest)) => said.push_str(&format!(
            " {dot} newest backup {} ago",
            words::about(app.now.since(newest))
        )),
    }
    if extent.copies > 0 {
        let many = usize::try_from(extent.copies).unwrap_or(usize::MAX);
        said.push_str(&format!(
            " {dot} {} beside it, {}",
            words::count(many, "old file"),
            words::bytes(extent.copied)
        ));
    }
    said
}

fn count(number: u64) -> String {
    words::grouped(usize::try_from(number).unwrap_or(usize::MAX))
}

fn labelled(app: &App, area: Rect, skip: u16, facts: &[(&str, String)], buf: &mut Buffer) {
    let theme = app.theme;
    for (y, (label, text)) in (area.y + skip..area.bottom()).zip(facts) {
        put(buf, (area.x, y), LABEL, label, theme.dim(), theme);
        let room = area.width.saturating_sub(LABEL);
        put(buf, (area.x + LABEL, y), room, text, theme.plain(), theme);
    }
}

fn providers(app: &App, figures: &Figures, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    put(
        buf,
        (area.x + 1, area.y),
        area.width,
        "Providers",
        theme.strong(),
        theme,
    );
    let rows = figures.providers.iter().skip(figures.scroll);
    for (y, (name, provider)) in (area.y + 1..area.bottom()).zip(rows) {
        let answers = match &provider.newest {
            None => ("not asked yet".to_owned(), Tone::Dim),
            Some((at, None)) => (
                format!("answered {} ago", words::about(app.now.since(*at))),
                Tone::Good,
            ),
            Some((at, Some(code))) => (
                format!(
                    "{}, {} ago",
                    words::code(code),
                    words::about(app.now.since(*at))
                ),
                Tone::Soon,
            ),
        };
        put(buf, (area.x + 1, y), 20, name, theme.plain(), theme);
        let rate =
            rate(provider.attempts).map_or(String::new(), |rate| format!("{:.0} %", rate * 100.0));
        put_right(buf, (area.x + 22, y), 6, &rate, theme.plain(), theme);
        put(
            buf,
            (area.x + 31, y),
            24,
            &answers.0,
            theme.tone(answers.1),
            theme,
        );
        let mut x = area.x + 56;
        for (kind, many) in HealthKind::ALL.iter().zip(provider.counts) {
            if many > 0 {
                let text = format!("{} {}  ", theme.sign(*kind), words::grouped(many));
                x = pieces(
                    buf,
                    (x, y),
                    area.right().saturating_sub(x),
                    &[(&text, theme.health(*kind))],
                    theme,
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::api::EngineStatus;
    use crate::model::extent::{DailyBackups, Extent};
    use crate::tui::example;
    use insta::assert_snapshot;

    #[test]
    fn the_health_screen_at_its_sizes() {
        for (columns, rows) in [(80, 24), (120, 36), (160, 50)] {
            let mut app = example::open(columns, rows);
            example::press(&mut app, "4");
            let status = EngineStatus {
                version: "0.1.0".to_owned(),
                pid: 4711,
                started_at: example::NOW.minus(std::time::Duration::from_secs(7400)),
                healths: Vec::new(),
                in_flight: 1,
                loading: false,
                unreadable: 0,
                queued: 0,
                refreshed: 83,
                failed: 3,
                next_refresh: Some(example::NOW.plus(std::time::Duration::from_secs(12))),
                vault: "/home/alice/.local/share/tokenward/vault.db".to_owned(),
                limits: example::limits(),
                alerts: Vec::new(),
                chores: example::chores(),
                memory: Some(34_200_000),
                extent: Some(Extent {
                    vault: 1_240_000,
                    copies: 2,
                    copied: 2_400_000,
                }),
                backups: Some(DailyBackups {
                    count: 9,
                    newest: Some(example::NOW.minus(std::time::Duration::from_secs(11_000))),
                    bytes: 1_190_000,
                }),
                ..EngineStatus::default()
            };
            app.open_mut().unwrap().figures.status = Some(status);
            assert_snapshot!(format!("health_{columns}"), example::shown(&mut app));
        }
    }
}
