//! How everything is: refreshes an hour over a day, success, providers, the engine's queue and limits.

use crate::engine::api::EngineStatus;
use crate::model::chore::ChoreView;
use crate::model::health::HealthKind;
use crate::model::limit::Limit;
use crate::tui::app::App;
use crate::tui::keymap::{Action, Scope, key_for};
use crate::tui::paint::{pieces, put, put_right};
use crate::tui::screens::figures::Figures;
use crate::tui::screens::hours;
use crate::tui::screens::recurring;
use crate::tui::screens::remarks;
use crate::tui::theme::Tone;
use crate::tui::words;
use crate::tui::workspace::Workspace;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const LABEL: u16 = 11;

/// Where its parts stand; on a small screen some have no room.
struct Places {
    chart: Rect,
    aside: Rect,
    about: Rect,
    table: Rect,
    providers: Rect,
    foot: Rect,
}

impl Places {
    fn of(app: &App, chores: &[ChoreView], area: Rect) -> Self {
        let (bars, step) = hours::shape(area);
        let chart = Rect {
            x: area.x + 1,
            width: hours::width(step),
            height: (bars + 3).min(area.height),
            ..area
        };
        let aside = Rect {
            x: chart.right() + 2,
            width: area.right().saturating_sub(chart.right() + 3),
            ..chart
        };
        // Empty lines between the parts only where nothing has to go for them.
        let gap = u16::from(area.height >= 16);
        let rest = |y: u16, height: u16| {
            let y = y.min(area.bottom());
            Rect {
                y,
                height: height.min(area.bottom() - y),
                ..area
            }
        };
        let rows = recurring::height(area, chores);
        let in_one_line = rows == 0 && recurring::summary(chores, app.now).is_some();
        let about = rest(chart.bottom() + gap, 3 + u16::from(in_one_line));
        let table = rest(about.bottom() + gap, rows.saturating_sub(1));
        let y = about.bottom() + gap + rows;
        let left = area.bottom().saturating_sub(y);
        // A heading alone says nothing.
        let foot = Some(remarks::height(app, area)).filter(|foot| *foot <= left);
        let foot = foot.unwrap_or(0);
        Self {
            chart,
            aside,
            about,
            table,
            providers: rest(y, left - foot),
            foot: rest(area.bottom() - foot, foot),
        }
    }

    /// How many providers show at a time.
    fn seen(&self) -> usize {
        self.providers.height.saturating_sub(1).into()
    }
}

fn chores(workspace: &Workspace) -> &[ChoreView] {
    let status = workspace.figures.status.as_ref();
    status.map_or(&[], |status| &status.chores)
}

/// How many providers show at a time in the body of a screen.
pub fn seen(app: &App, workspace: &Workspace, area: Rect) -> usize {
    Places::of(app, chores(workspace), area).seen()
}

/// Draws the health of everything.
pub fn draw(app: &App, workspace: &Workspace, area: Rect, buf: &mut Buffer) {
    let figures = &workspace.figures;
    let chores = chores(workspace);
    let places = Places::of(app, chores, area);
    hours::draw(app, figures, places.chart, hours::shape(area), buf);
    engine(app, workspace, places.aside, buf);
    let summary = recurring::summary(chores, app.now).filter(|_| places.table.height == 0);
    owner(app, workspace, (places.about, summary), buf);
    if places.table.height > 0 {
        recurring::draw(app, chores, places.table, buf);
    }
    providers(app, figures, &places, buf);
    remarks::draw(app, places.foot, buf);
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

fn providers(app: &App, figures: &Figures, places: &Places, buf: &mut Buffer) {
    let (theme, area, seen) = (app.theme, places.providers, places.seen());
    if seen == 0 {
        return;
    }
    let all = figures.providers.len();
    let first = figures.scroll.min(all.saturating_sub(seen));
    let which = match (all > seen, seen) {
        (false, _) => String::new(),
        (true, 1) => format!("  {} of {all}, {}", first + 1, more(app)),
        (true, _) => format!(
            "  {} to {} of {all}, {}",
            first + 1,
            first + seen,
            more(app)
        ),
    };
    let head = [("Providers", theme.strong()), (which.as_str(), theme.dim())];
    pieces(
        buf,
        (area.x + 1, area.y),
        area.width.saturating_sub(2),
        &head,
        theme,
    );
    let rows = figures.providers.iter().skip(first);
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
        let rate = hours::rate(provider.attempts)
            .map_or(String::new(), |rate| format!("{:.0} %", rate * 100.0));
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

/// The keys that show the rest.
fn more(app: &App) -> String {
    let keys = [Action::Up, Action::Down];
    let keys = keys.map(|action| key_for(Scope::Moving, action, app.theme));
    format!("{} show the rest", keys.join(" "))
}

#[cfg(test)]
mod tests {
    use crate::engine::api::EngineStatus;
    use crate::model::extent::{DailyBackups, Extent};
    use crate::tui::app::App;
    use crate::tui::example;
    use crate::tui::screens::remarks::Remark;
    use insta::assert_snapshot;

    fn app(columns: u16, rows: u16) -> App {
        let mut app = example::open(columns, rows);
        example::press(&mut app, "4");
        app.open_mut().unwrap().figures.status = Some(status());
        app
    }

    fn status() -> EngineStatus {
        EngineStatus {
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
        }
    }

    #[test]
    fn the_health_screen_at_its_sizes() {
        for (columns, rows) in [(60, 16), (80, 18), (80, 24), (120, 36), (160, 50)] {
            let mut app = app(columns, rows);
            assert_snapshot!(format!("health_{columns}x{rows}"), example::shown(&mut app));
        }
    }

    #[test]
    fn nothing_is_drawn_over_the_frame_and_no_word_of_the_engine_is_cut() {
        for (columns, rows) in [(60, 16), (60, 24), (79, 16), (80, 18), (100, 16), (109, 20)] {
            for remarks in [0, 3] {
                let mut app = app(columns, rows);
                let remark = Remark {
                    is_problem: true,
                    what: "others may enter the folder".to_owned(),
                };
                app.remarks = vec![remark; remarks];
                let text = example::shown(&mut app);
                let lines: Vec<&str> = text.lines().collect();
                let rule = lines[usize::from(rows) - 3];
                assert!(rule.chars().all(|c| c == '─'), "{columns}x{rows}\n{text}");
                assert!(lines[usize::from(rows) - 2].trim().is_empty(), "{text}");
                assert!(
                    text.contains("1 of 100") && text.contains("20 at most"),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn the_providers_scroll_to_the_last_and_no_further_and_say_how_many_there_are() {
        let mut app = app(80, 24);
        let text = example::shown(&mut app);
        assert!(text.contains("1 to 4 of 6"), "{text}");
        example::press(&mut app, "G");
        let text = example::shown(&mut app);
        assert!(
            text.contains("3 to 6 of 6") && text.contains("slack"),
            "{text}"
        );
        example::press(&mut app, "k");
        let text = example::shown(&mut app);
        assert!(text.contains("2 to 5 of 6"), "{text}");
    }
}
