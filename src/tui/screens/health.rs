//! How everything is: refreshes an hour over a day, success, providers, the engine's queue and limits.

use crate::model::health::HealthKind;
use crate::model::policy::Limits;
use crate::tui::app::App;
use crate::tui::bar;
use crate::tui::paint::{pieces, put, put_right};
use crate::tui::screens::figures::{Figures, HOURS};
use crate::tui::theme::Tone;
use crate::tui::words;
use crate::tui::workspace::Workspace;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

fn rate((succeeded, failed): (usize, usize)) -> Option<f64> {
    let all = succeeded + failed;
    #[allow(clippy::cast_precision_loss, reason = "counts of a screen")]
    (all > 0).then(|| succeeded as f64 / all as f64)
}

/// Draws the health of everything.
pub fn draw(app: &App, workspace: &Workspace, area: Rect, buf: &mut Buffer) {
    let figures = &workspace.figures;
    let bars = if area.height >= 24 { 7 } else { 4 };
    let chart = Rect {
        x: area.x + 1,
        width: (HOURS as u16) * 2 + 6,
        height: bars + 3,
        ..area
    };
    hours(app, figures, chart, bars, buf);
    let aside = Rect {
        x: chart.right() + 2,
        width: area.right().saturating_sub(chart.right() + 3),
        height: chart.height,
        ..area
    };
    engine(app, workspace, aside, buf);
    let line = Rect {
        y: chart.bottom() + 1,
        height: 1,
        ..area
    };
    place(app, workspace, line, buf);
    let y = line.y + 2;
    let below = Rect {
        y,
        height: area.bottom().saturating_sub(y),
        ..area
    };
    providers(app, figures, below, buf);
}

fn hours(app: &App, figures: &Figures, area: Rect, bars: u16, buf: &mut Buffer) {
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
    let most = figures
        .hours
        .iter()
        .map(|hour| hour.0 + hour.1)
        .max()
        .unwrap_or(0)
        .max(1);
    let foot = area.y + bars;
    put_right(
        buf,
        (area.x, area.y + 1),
        4,
        &words::grouped(most),
        theme.dim(),
        theme,
    );
    put_right(buf, (area.x, foot), 4, "0", theme.dim(), theme);
    for (at, (succeeded, failed)) in figures.hours.iter().enumerate() {
        let x = area.x + 6 + u16::try_from(at).unwrap_or(0) * 2;
        let tone = if *failed > 0 { Tone::Soon } else { Tone::Good };
        #[allow(clippy::cast_precision_loss, reason = "counts of a screen")]
        let share = (succeeded + failed) as f64 / most as f64;
        bar::column(buf, (x, foot), bars, share, theme.tone(tone), theme);
        if *failed > 0 {
            put(
                buf,
                (x, foot + 1),
                1,
                theme.signs().failure,
                theme.tone(Tone::Trouble),
                theme,
            );
        } else {
            put(
                buf,
                (x, foot + 1),
                1,
                theme.signs().rule,
                theme.dim(),
                theme,
            );
        }
    }
    put(
        buf,
        (area.x + 6, foot + 2),
        12,
        "24 hours ago",
        theme.dim(),
        theme,
    );
    put_right(buf, (area.x + 6, foot + 2), 47, "now", theme.dim(), theme);
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
        put(
            buf,
            (area.x, area.y + 1),
            area.width,
            "asking",
            theme.dim(),
            theme,
        );
        return;
    };
    let limits = Limits::default();
    let next = status.next_refresh.map_or("none".to_owned(), |at| {
        format!("in {}", words::span(app.now.until(at)))
    });
    let facts = [
        (
            "in flight",
            format!("{} of {}", status.in_flight, limits.in_flight),
        ),
        ("a host", format!("{} at most", limits.in_flight_per_host)),
        (
            "queue",
            words::grouped(usize::try_from(status.queued).unwrap_or(0)),
        ),
        ("next", next),
        (
            "done",
            format!("{}, {} failed", status.refreshed, status.failed),
        ),
        ("runs for", words::span(app.now.since(status.started_at))),
    ];
    for (y, (label, text)) in (area.y + 1..area.bottom()).zip(facts) {
        put(buf, (area.x, y), 10, label, theme.dim(), theme);
        put(
            buf,
            (area.x + 10, y),
            area.width.saturating_sub(10),
            &text,
            theme.plain(),
            theme,
        );
    }
}

fn place(app: &App, workspace: &Workspace, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let Some(status) = &workspace.figures.status else {
        return;
    };
    let about = format!("   tokenward {}, process {}", status.version, status.pid);
    let line = [
        ("vault ", theme.dim()),
        (status.vault.as_str(), theme.plain()),
        (about.as_str(), theme.dim()),
    ];
    pieces(
        buf,
        (area.x + 1, area.y),
        area.width.saturating_sub(2),
        &line,
        theme,
    );
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
                format!("{code}, {} ago", words::about(app.now.since(*at))),
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
    use crate::tui::example;
    use insta::assert_snapshot;

    #[test]
    fn the_health_screen_at_its_sizes() {
        for (columns, rows) in [(80, 24), (120, 36)] {
            let mut app = example::open(columns, rows);
            example::press(&mut app, "4");
            let status = EngineStatus {
                version: "0.1.0".to_owned(),
                pid: 4711,
                started_at: example::NOW.minus(std::time::Duration::from_secs(7400)),
                healths: Vec::new(),
                in_flight: 1,
                loading: false,
                queued: 0,
                refreshed: 83,
                failed: 3,
                next_refresh: Some(example::NOW.plus(std::time::Duration::from_secs(12))),
                vault: "/home/alice/.local/share/tokenward/vault.db".to_owned(),
            };
            app.open_mut().unwrap().figures.status = Some(status);
            assert_snapshot!(format!("health_{columns}"), example::shown(&mut app));
        }
    }
}
