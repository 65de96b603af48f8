//! What the activity adds up to: what alarms first, then what fails, when things happen, by whom and of whom.

use crate::engine::api::Refusal;
use crate::model::analysis::{Analysis, Counted, share};
use crate::tui::app::App;
use crate::tui::bar::{self, Life};
use crate::tui::boxes;
use crate::tui::hints;
use crate::tui::keymap::Scope;
use crate::tui::layout;
use crate::tui::paint::{fit, pieces, put_right, wrap};
use crate::tui::theme::{Theme, Tone};
use crate::tui::words;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Rows of the hours' columns.
const HIGH: usize = 3;
/// Columns of one hour.
const HOUR: usize = 3;
/// Names that are shown of a kind.
const NAMES: usize = 8;
const KINDS: &str = "Kinds";
/// Columns of a number.
const NUMBER: usize = 8;
/// Alerts that are shown.
const ALERTS: usize = 20;

/// The analysis, as far as it has come.
#[derive(Default)]
pub struct Trend {
    /// What it came to; `None`: it is under way.
    pub came: Option<Result<Box<Analysis>, Refusal>>,
    /// Lines scrolled away.
    pub scroll: usize,
}

type Line = Vec<(String, Style)>;

impl Trend {
    /// Scrolls.
    pub fn go(&mut self, app: &App, by: isize) {
        let height = usize::from(body(app.size).height);
        let most = lines(app, self).len().saturating_sub(height);
        self.scroll = self.scroll.saturating_add_signed(by).min(most);
    }
}

fn area(size: (u16, u16)) -> Rect {
    layout::centred(
        size,
        100.min(size.0.saturating_sub(2)),
        size.1.saturating_sub(2),
    )
}

/// Where the lines stand.
pub fn body(size: (u16, u16)) -> Rect {
    let area = area(size);
    Rect {
        x: area.x + 2,
        y: area.y + 1,
        width: area.width.saturating_sub(4),
        height: area.height.saturating_sub(3),
    }
}

fn lines(app: &App, trend: &Trend) -> Vec<Line> {
    let theme = app.theme;
    let wide = usize::from(body(app.size).width);
    let analysis = match &trend.came {
        None => return vec![vec![("adding up".to_owned(), theme.tone(Tone::Work))]],
        Some(Err(refusal)) => {
            let text = format!("{refusal}. {}", refusal.hint());
            return paragraph(&text, wide, "", theme.tone(Tone::Trouble));
        }
        Some(Ok(analysis)) => analysis,
    };
    let mut lines = vec![vec![(head(app, analysis), theme.strong())], Vec::new()];
    lines.extend(alerts(analysis, wide, theme));
    lines.extend(rates(analysis, theme));
    let busiest = analysis.hours.iter().map(|hour| hour.lines).max();
    let busiest = busiest.unwrap_or(0).max(1);
    let most = words::count(many(busiest), "line");
    lines.push(vec![
        ("By hour of the day".to_owned(), theme.strong()),
        (format!(", the highest {most}"), theme.dim()),
    ]);
    lines.extend(hours(analysis, busiest, theme));
    for (title, counted) in [
        ("Programs", &analysis.programs),
        ("Credentials", &analysis.credentials),
        (KINDS, &analysis.kinds),
    ] {
        lines.extend(ranked(title, counted, wide, theme));
    }
    lines
}

fn head(app: &App, analysis: &Analysis) -> String {
    let since = analysis.from.map_or_else(String::new, |from| {
        format!(" since {}", words::moment(from, app.now, &app.around.zone))
    });
    format!(
        "{}{since}, {} failed, {} handed out",
        words::count(many(analysis.total.lines), "line"),
        number(analysis.total.failed),
        words::count(many(analysis.total.handed_out), "token")
    )
}

fn alerts(analysis: &Analysis, wide: usize, theme: Theme) -> Vec<Line> {
    if analysis.alerts.is_empty() {
        let text = "Nothing is out of the ordinary.".to_owned();
        return vec![vec![(text, theme.tone(Tone::Good))], Vec::new()];
    }
    let mut lines = Vec::new();
    for alert in analysis.alerts.iter().take(ALERTS) {
        let style = theme.tone(Tone::Soon);
        lines.extend(paragraph(&alert.text, wide, "! ", style));
        let command = fit(
            &alert.command,
            wide.saturating_sub(2),
            theme.signs().ellipsis,
        );
        lines.push(vec![(format!("  {command}"), theme.dim())]);
    }
    let more = analysis.alerts.len().saturating_sub(ALERTS);
    if more > 0 {
        lines.push(vec![(format!("  and {more} older ones"), theme.dim())]);
    }
    lines.push(Vec::new());
    lines
}

fn paragraph(text: &str, wide: usize, mark: &str, style: Style) -> Vec<Line> {
    let room = wide.saturating_sub(mark.len());
    let wrapped = wrap(text, room).into_iter().enumerate();
    wrapped
        .map(|(at, line)| {
            let before = if at == 0 {
                mark.to_owned()
            } else {
                " ".repeat(mark.len())
            };
            vec![(before + &line, style)]
        })
        .collect()
}

fn rates(analysis: &Analysis, theme: Theme) -> Vec<Line> {
    let mut lines = Vec::new();
    for rate in &analysis.rates {
        if let Some(share) = rate.share() {
            let tone = if rate.failed > 0 {
                Tone::Soon
            } else {
                Tone::Good
            };
            let (all, percent) = (rate.done + rate.failed, share * 100.0);
            lines.push(vec![
                (format!("{:<12}", rate.what), theme.plain()),
                (format!("{:>NUMBER$}", number(all)), theme.plain()),
                (format!("   {percent:.1} % failed"), theme.tone(tone)),
            ]);
        }
    }
    if !lines.is_empty() {
        lines.push(Vec::new());
    }
    lines
}

fn hours(analysis: &Analysis, most: u64, theme: Theme) -> Vec<Line> {
    let eighths = |lines: u64| {
        let whole = 8 * HIGH as u64;
        // Whatever there was shows.
        usize::try_from((lines * whole).div_ceil(most)).unwrap_or(0)
    };
    let mut rows: Vec<Line> = (0..HIGH)
        .rev()
        .map(|up| {
            let cells = analysis.hours.iter().map(|hour| {
                let here = eighths(hour.lines).saturating_sub(up * 8).min(8);
                let sign = here
                    .checked_sub(1)
                    .map_or(" ", |at| theme.signs().upward[at]);
                sign.repeat(HOUR - 1) + " "
            });
            vec![(cells.collect::<String>(), theme.tone(Tone::Work))]
        })
        .collect();
    let scale = (0..24).step_by(4).map(|hour| format!("{hour:<12}"));
    rows.push(vec![(scale.collect::<String>(), theme.dim())]);
    rows.push(Vec::new());
    rows
}

fn ranked(title: &str, counted: &[Counted], wide: usize, theme: Theme) -> Vec<Line> {
    if counted.is_empty() {
        return Vec::new();
    }
    let most = counted.iter().map(|it| it.tally.lines).max().unwrap_or(0);
    let bars = wide / 4;
    let names = wide.saturating_sub(bars + NUMBER + 2);
    let mut lines = vec![vec![(title.to_owned(), theme.strong())]];
    for Counted { name, tally } in counted.iter().take(NAMES) {
        let name = if title == KINDS {
            spoken(name)
        } else {
            name.clone()
        };
        let life = Life {
            left: share(tally.lines, most).unwrap_or_default(),
            planned: None,
        };
        let width = u16::try_from(bars).unwrap_or(u16::MAX);
        let name = fit(&name, names, theme.signs().ellipsis);
        let gap = names.saturating_sub(crate::tui::paint::width(&name));
        lines.push(vec![
            (format!("{name}{}", " ".repeat(gap)), theme.plain()),
            (format!("{:>NUMBER$}  ", number(tally.lines)), theme.dim()),
            (
                bar::cells(life, width, theme).concat(),
                theme.tone(Tone::Work),
            ),
        ]);
    }
    let more = counted.len().saturating_sub(NAMES);
    if more > 0 {
        let text = format!("and {} more", words::grouped(more));
        lines.push(vec![(text, theme.dim())]);
    }
    lines.push(Vec::new());
    lines
}

// A kind's code, `refresh_failed`, as words.
fn spoken(kind: &str) -> String {
    kind.replace('_', " ")
}

fn number(count: u64) -> String {
    words::grouped(many(count))
}

fn many(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// Draws it.
pub fn draw(app: &App, trend: &Trend, buf: &mut Buffer) {
    let theme = app.theme;
    let inner = boxes::boxed(app, area(app.size), "What the activity adds up to", "", buf);
    let body = body(app.size);
    let lines = lines(app, trend);
    for (y, line) in (body.y..body.bottom()).zip(lines.iter().skip(trend.scroll)) {
        let parts: Vec<(&str, Style)> =
            line.iter().map(|(text, style)| (&**text, *style)).collect();
        pieces(buf, (body.x, y), body.width, &parts, theme);
    }
    let hints = Rect {
        y: inner.bottom() - 1,
        height: 1,
        ..inner
    };
    hints::hint_line(app, &[Scope::Reading], hints, buf);
    let below = lines
        .len()
        .saturating_sub(trend.scroll + usize::from(body.height));
    if below > 0 {
        let more = format!("{below} more below");
        put_right(
            buf,
            (inner.x, hints.y),
            inner.width,
            &more,
            theme.dim(),
            theme,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::alert::Thresholds;
    use crate::model::analyst::Analyst;
    use crate::model::event::{Activity, Happening, Purpose};
    use crate::model::program::Program;
    use crate::tui::effect::{Ask, Effect};
    use crate::tui::example;
    use crate::tui::message::{Answer, Message};
    use crate::tui::update::update;
    use insta::assert_snapshot;
    use jiff::tz::TimeZone;
    use std::sync::Arc;
    use std::time::Duration;

    fn analysis() -> Analysis {
        let mut analyst = Analyst::new(Thresholds::default(), TimeZone::UTC, None, None);
        let hand_out = |hour: u64, by: &str| {
            let by = Program {
                executable: Some(by.to_owned()),
                ..Program::default()
            };
            let what = Happening::HandedOut {
                purpose: Purpose::Get,
                count: 2,
            };
            let at = example::NOW.minus(Duration::from_secs(hour * 3600));
            let name = "github/alice".parse().ok();
            Activity::new(at, name, what).by(Some(Arc::new(by)))
        };
        // A log that is old enough to know which program is new.
        analyst.take(&hand_out(10 * 24, "/usr/bin/git"));
        for hour in (0..40).rev() {
            analyst.take(&hand_out(hour % 17 + hour, "/usr/bin/git"));
        }
        analyst.take(&hand_out(
            0,
            "/home/alice/bin/a-program-with-quite-a-long-name",
        ));
        example::activity()
            .iter()
            .for_each(|line| analyst.take(line));
        analyst.finish()
    }

    #[test]
    fn the_analysis_is_one_key_away_with_what_alarms_first() {
        for size in [(80, 24), (120, 36)] {
            let mut app = example::open(size.0, size.1);
            let asked = example::press(&mut app, "3n");
            assert!(matches!(asked[..], [Effect::Ask(Ask::Analysis)]));
            assert!(example::shown(&mut app).contains("adding up"));
            let answer = Answer::Analysis(Ok(Box::new(analysis())));
            update(&mut app, Message::Answer(Box::new(answer)));
            assert_snapshot!(format!("trend_{}", size.0), example::shown(&mut app));
            example::press(&mut app, "G");
            let end = example::shown(&mut app);
            assert!(
                end.contains("Kinds") && !end.contains("more below"),
                "{end}"
            );
            example::press(&mut app, "\x1b");
            assert!(app.overlays.is_empty());
        }
    }

    #[test]
    fn a_refused_analysis_says_why() {
        let mut app = example::open(80, 24);
        example::press(&mut app, "3n");
        let answer = Answer::Analysis(Err(Refusal::Stopped));
        update(&mut app, Message::Answer(Box::new(answer)));
        assert!(example::shown(&mut app).contains("the engine has stopped. start"));
    }
}
