//! The list of credentials as it is drawn: the filter's line, heads of groups, rows.

use crate::model::health::HealthKind;
use crate::tui::app::App;
use crate::tui::lines::{Group, Line};
use crate::tui::paint::{pieces, put};
use crate::tui::screens::columns::{self, Columns, Standout};
use crate::tui::screens::find_line;
use crate::tui::screens::list::rows_area;
use crate::tui::screens::welcome;
use crate::tui::words;
use crate::tui::workspace::Workspace;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws the list.
pub fn draw(app: &App, workspace: &Workspace, area: Rect, buf: &mut Buffer) {
    if workspace.rows.is_empty() {
        welcome::draw(app, workspace, area, buf);
        return;
    }
    let (list, rows) = (&workspace.list, &workspace.rows);
    if list.shows_filter() {
        let (list, rows) = (&workspace.list, &workspace.rows);
        let counts = (rows.shown_len(), rows.len());
        find_line::draw(app, (&list.filter, list.filtering), counts, area, buf);
    }
    let inner = rows_area(list, area);
    let columns = Columns::of(area.width, rows.widest());
    columns::titles(buf, (area.x, inner.y - 1), columns, app.theme);
    let lines = rows.lines().iter().enumerate();
    for (y, (at, line)) in (inner.y..inner.bottom()).zip(lines.skip(list.line_at(0))) {
        let selected = at == list.cursor();
        match line {
            Line::Group(group) => {
                group_line(app, &rows.groups()[*group], selected, (area, y), buf);
            }
            Line::Row(place) => {
                let Some(view) = rows.at(*place) else {
                    continue;
                };
                let standout = Standout {
                    selected,
                    marked: list.marked.contains(&view.profile.name),
                    grouped: rows.is_grouped(),
                };
                columns::row(
                    buf,
                    (area.x, y),
                    columns,
                    view,
                    standout,
                    app.now,
                    app.theme,
                );
            }
        }
    }
    if rows.lines().is_empty() {
        put(
            buf,
            (area.x + 3, inner.y),
            area.width - 3,
            "nothing fits; Esc shows everything again",
            app.theme.dim(),
            app.theme,
        );
    }
}

fn group_line(app: &App, group: &Group, selected: bool, place: (Rect, u16), buf: &mut Buffer) {
    let (area, y) = place;
    let theme = app.theme;
    let signs = theme.signs();
    if selected {
        put(buf, (area.x + 1, y), 1, signs.pointer, theme.focus(), theme);
    }
    let total: usize = group.counts.iter().sum();
    let sign = if group.folded {
        signs.folded
    } else {
        signs.unfolded
    };
    let number = format!("  {}  ", words::grouped(total));
    let style = if selected {
        theme.focus()
    } else {
        theme.strong()
    };
    let head = [
        (sign, theme.dim()),
        (" ", theme.plain()),
        (&*group.provider, style),
        (number.as_str(), theme.dim()),
    ];
    let mut x = pieces(buf, (area.x + 3, y), area.width - 3, &head, theme);
    for (kind, count) in HealthKind::ALL.iter().zip(group.counts) {
        if count > 0 {
            let text = format!(" {} {}", theme.sign(*kind), words::grouped(count));
            x = put(
                buf,
                (x, y),
                area.right().saturating_sub(x),
                &text,
                theme.health(*kind),
                theme,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::tui::example;
    use insta::assert_snapshot;

    #[test]
    fn the_list_at_its_sizes() {
        for (columns, rows) in [(80, 24), (120, 36), (160, 50)] {
            let mut app = example::open(columns, rows);
            assert_snapshot!(format!("list_{columns}"), example::shown(&mut app));
        }
    }

    #[test]
    fn the_list_alone_on_a_wide_terminal_has_more_columns() {
        let mut app = example::open(160, 24);
        example::press(&mut app, "z");
        assert_snapshot!("list_no_pane_160", example::shown(&mut app));
    }

    #[test]
    fn typing_finds_and_escape_shows_everything_again() {
        let mut app = example::open(80, 24);
        example::press(&mut app, "/alice");
        assert_snapshot!("list_filter", example::shown(&mut app));
        example::press(&mut app, "zzz");
        assert_snapshot!("list_filter_nothing", example::shown(&mut app));
        example::press(&mut app, "\x1b");
        assert!(example::shown(&mut app).contains("slack/acme"));
    }

    #[test]
    fn groups_have_heads_with_counts_and_fold() {
        let mut app = example::open(80, 24);
        example::press(&mut app, "b");
        assert_snapshot!("list_groups", example::shown(&mut app));
        example::press(&mut app, "gjjh");
        assert_snapshot!("list_groups_folded", example::shown(&mut app));
    }

    #[test]
    fn marked_rows_are_counted() {
        let mut app = example::open(80, 24);
        example::press(&mut app, "  ");
        assert_snapshot!("list_marked", example::shown(&mut app));
    }

    #[test]
    fn without_colour_and_unicode_every_state_keeps_its_word_and_sign() {
        let theme = crate::tui::theme::Theme::new(false, false);
        let mut app = example::app(example::credentials(), (80, 24), theme);
        let text = example::shown(&mut app);
        assert!(text.is_ascii(), "{text}");
        assert_snapshot!("list_ascii", text);
    }

    #[test]
    fn every_health_has_its_sign_word_and_sentence() {
        use crate::model::health::Health;
        let later = example::NOW.plus(std::time::Duration::from_secs(998));
        let all = [
            ("a/fresh", Health::Fresh, 300),
            ("b/expiring", Health::Expiring, 12),
            ("c/refreshing", Health::Refreshing, 8),
            (
                "d/retrying",
                Health::Retrying {
                    attempt: 2,
                    next: later,
                },
                100,
            ),
            ("e/expired", Health::Expired, 0),
            (
                "f/needs-login",
                Health::NeedsLogin {
                    cause: example::invalid_grant(),
                },
                0,
            ),
            (
                "g/misconfigured",
                Health::Misconfigured {
                    cause: example::invalid_grant(),
                },
                0,
            ),
            ("h/limited", Health::RateLimited { until: later }, 200),
            (
                "i/revoking",
                Health::Revoking {
                    attempt: 3,
                    next: later,
                },
                0,
            ),
            ("i/revoked", Health::Revoked, 0),
            ("j/static", Health::Static, 0),
        ];
        let views = all.map(|(name, health, left)| {
            let lives = if left == 0 && health == Health::Static {
                0
            } else {
                600
            };
            example::credential(name, "Example", health, lives, left)
        });
        let mut app = example::app(
            views.to_vec(),
            (80, 24),
            crate::tui::theme::Theme::new(true, true),
        );
        example::press(&mut app, "sg");
        let mut sentences = Vec::new();
        for _ in 0..11 {
            let text = example::shown(&mut app);
            sentences.push(text.lines().nth(22).unwrap_or_default().to_owned());
            example::press(&mut app, "j");
        }
        assert_snapshot!("list_healths", example::shown(&mut app));
        assert_snapshot!("sentences", sentences.join("\n"));
    }
}
