//! The state as cells: changes nothing, asks no clock, builds only what shows.

use crate::tui::app::{App, Session};
use crate::tui::layout::{self, Layout};
use crate::tui::overlays::overlay;
use crate::tui::screens::{
    activity, create, detail, grants, health, inbox, list_page, small, unlock,
};
use crate::tui::workspace::{Tab, Workspace};
use crate::tui::{frame, notices, paint};
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Draws a frame.
pub fn view(app: &App, frame: &mut Frame<'_>) {
    draw(app, frame.buffer_mut());
}

/// Draws into cells.
pub fn draw(app: &App, buf: &mut Buffer) {
    // Resized between being told and being drawn: the next message brings the size.
    if app.size != (buf.area.width, buf.area.height) {
        return;
    }
    if layout::is_too_small((buf.area.width, buf.area.height)) {
        small::draw(app, buf);
        return;
    }
    if let Some(curtain) = &app.curtain {
        unlock::draw(app, &curtain.page, buf);
        return;
    }
    match &app.session {
        Session::Create(page) => create::draw(app, page, buf),
        Session::Unlock(page) => unlock::draw(app, page, buf),
        Session::Open(workspace) => open(app, workspace, buf),
    }
    if !app.overlays.is_empty() {
        step_back(app, buf);
    }
    for overlay in &app.overlays {
        overlay::draw(app, overlay, buf);
    }
}

// What lies under an overlay is still there, but no longer what is meant.
fn step_back(app: &App, buf: &mut Buffer) {
    let faint = app.theme.dim();
    for cell in &mut buf.content {
        cell.set_style(Style::reset()).set_style(faint);
    }
}

fn open(app: &App, workspace: &Workspace, buf: &mut Buffer) {
    let layout = Layout::of(app.size);
    frame::draw(app, workspace, &layout, buf);
    match workspace.tab {
        Tab::Credentials => credentials(app, workspace, &layout, buf),
        Tab::Inbox => inbox::draw(app, workspace, layout.body, buf),
        Tab::Activity => activity::draw(app, workspace, layout.body, buf),
        Tab::Health => health::draw(app, workspace, layout.body, buf),
        Tab::Grants => grants::draw(app, workspace, &layout, buf),
    }
    notices::draw(app, layout.body, buf);
}

fn credentials(app: &App, workspace: &Workspace, layout: &Layout, buf: &mut Buffer) {
    let (left, right) = layout.panes(has_pane(workspace));
    let open = workspace.detail.as_ref();
    let scroll = open.map_or(0, |detail| detail.scroll);
    let looked_at = workspace.looked_at();
    match (right, open, looked_at) {
        (None, Some(_), Some(view)) => detail::draw(app, workspace, view, scroll, layout.body, buf),
        (None, _, _) => list_page::draw(app, workspace, left, buf),
        (Some(right), _, view) => {
            list_page::draw(app, workspace, left, buf);
            wall(
                app,
                Rect {
                    x: right.x - 1,
                    width: 1,
                    ..right
                },
                open.is_some(),
                buf,
            );
            if let Some(view) = view {
                detail::draw(app, workspace, view, scroll, right, buf);
            }
        }
    }
}

/// Whether the pane with the detail is wished for.
pub fn has_pane(workspace: &Workspace) -> bool {
    !workspace.rows.is_empty() && (!workspace.list.no_pane || workspace.detail.is_some())
}

/// Draws the wall between a list and what is opened of it.
pub fn wall(app: &App, area: Rect, focused: bool, buf: &mut Buffer) {
    let theme = app.theme;
    let style = if focused { theme.focus() } else { theme.dim() };
    for y in area.y..area.bottom() {
        paint::put(buf, (area.x, y), 1, theme.signs().wall, style, theme);
    }
}
