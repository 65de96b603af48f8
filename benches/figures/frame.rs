//! A drawn frame over 10,000 rows at 160x50, and the time from a key to the screen while 1,000 tokens refresh.
//!
//! In this process, with the UI's own update and drawing and ratatui's terminal over crossterm, whose bytes go nowhere.
//! A frame: the selection moves, a row changed, the filter is typed; each with all that precedes drawing. Key to screen:
//! for two seconds 3,000 events come in (each of 1,000 credentials: refreshing, refreshed, a line of activity) at random
//! moments, and a key every 20 ms; the loop is that of `tui/run.rs`: keys first and drawn at once, events together and
//! drawn at most every 16 ms. The time is from the moment the key was due to the end of the drawing it caused.

use crate::sample::Samples;
use crate::table::{Figure, Row};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use std::io::{Sink, sink};
use std::time::{Duration, Instant};
use tokenward::engine::api::Event;
use tokenward::model::credential::{CredentialView, Generation};
use tokenward::model::event::{Activity, Happening};
use tokenward::model::health::Health;
use tokenward::tui::app::App;
use tokenward::tui::example;
use tokenward::tui::message::Message;
use tokenward::tui::theme::Theme;
use tokenward::tui::update::{settle, update};
use tokenward::tui::view::view;

const SIZE: (u16, u16) = (160, 50);
const CREDENTIALS: usize = 10_000;
const ROUNDS: usize = 500;

pub const ROW: Row = Row {
    name: "frame",
    what: "a drawn frame, 10,000 rows, 160x50; key to screen while 1,000 refresh",
    reach: "1 ms; 16 ms at the worst",
    measure,
};

fn measure() -> Vec<Figure> {
    let mut screen = Screen::new();
    let still = (0..ROUNDS)
        .map(|_| screen.timed(|_| {}))
        .collect::<Vec<_>>();
    let moved = (0..ROUNDS)
        .map(|_| screen.timed(|screen| screen.press(KeyCode::Down)))
        .collect::<Vec<_>>();
    let changed = (0..ROUNDS)
        .map(|n| screen.timed(|screen| screen.happened(changes(n * 7 % CREDENTIALS).remove(1))))
        .collect::<Vec<_>>();
    screen.press(KeyCode::Char('/'));
    let keys = "user-0".chars().map(KeyCode::Char);
    let keys = keys.chain((0..6).map(|_| KeyCode::Backspace));
    let typed = (0..20).flat_map(|_| keys.clone()).collect::<Vec<_>>();
    let typed = typed
        .into_iter()
        .map(|key| screen.timed(|screen| screen.press(key)))
        .collect::<Vec<_>>();
    screen.press(KeyCode::Esc);
    vec![
        Figure::new("a frame: nothing changed", Samples::millis(still)),
        Figure::new("a frame: the selection moved", Samples::millis(moved)),
        Figure::new("a frame: a row changed", Samples::millis(changed)),
        Figure::new("a frame: a letter of the filter", Samples::millis(typed)),
        Figure::new(
            "key to screen in a storm",
            Samples::millis(storm(&mut screen)),
        ),
    ]
}

struct Screen {
    app: App,
    terminal: Terminal<CrosstermBackend<Sink>>,
}

impl Screen {
    fn new() -> Self {
        let views = (0..CREDENTIALS).map(credential).collect();
        let app = example::app(views, SIZE, Theme::new(true, true));
        let viewport = Viewport::Fixed(Rect::new(0, 0, SIZE.0, SIZE.1));
        let options = TerminalOptions { viewport };
        let terminal = Terminal::with_options(CrosstermBackend::new(sink()), options);
        let mut screen = Self {
            app,
            terminal: terminal.expect("nothing to refuse"),
        };
        screen.draw();
        screen
    }

    fn draw(&mut self) {
        settle(&mut self.app);
        let app = &self.app;
        let drawn = self.terminal.draw(|frame| view(app, frame));
        drawn.expect("nowhere to fail");
    }

    fn timed(&mut self, change: impl FnOnce(&mut Self)) -> Duration {
        let begun = Instant::now();
        change(self);
        self.draw();
        begun.elapsed()
    }

    fn press(&mut self, key: KeyCode) {
        let key = KeyEvent::new(key, KeyModifiers::NONE);
        update(&mut self.app, Message::Key(key));
    }

    fn happened(&mut self, event: Event) {
        update(&mut self.app, Message::Event(event));
    }
}

fn credential(number: usize) -> CredentialView {
    let providers = ["github", "google", "gitlab", "slack", "microsoft"];
    let provider = providers[number % providers.len()];
    let left = 60 + (number as u64 * 37) % 3500;
    let name = format!("{provider}/user-{number:05}");
    example::credential(&name, provider, Health::Fresh, 3600, left)
}

/// What a refresh tells.
fn changes(number: usize) -> Vec<Event> {
    let before = credential(number);
    let now = example::NOW;
    let generation = Generation(before.generation.0 + 1);
    let refreshed = Activity::new(
        now,
        Some(before.profile.name.clone()),
        Happening::Refreshed {
            generation,
            took_ms: 120,
            rotated: true,
        },
    );
    let after = example::changed(before.clone(), |profile| {
        profile.issued_at = now;
        profile.expires_at = Some(now.plus(Duration::from_secs(3600)));
    });
    vec![
        Event::Changed {
            view: CredentialView {
                health: Health::Refreshing,
                ..before
            },
        },
        Event::Changed {
            view: CredentialView {
                generation,
                ..after
            },
        },
        Event::Happened {
            activity: refreshed,
        },
    ]
}

fn storm(screen: &mut Screen) -> Vec<Duration> {
    const LASTS: Duration = Duration::from_secs(2);
    const FRAME: Duration = Duration::from_millis(16);
    let mut events: Vec<(Duration, Event)> = (0..1000)
        .flat_map(|n| {
            let start = LASTS.mul_f64(rand::random::<f64>() * 0.9);
            let after = [0, 100, 101].map(|ms| start + Duration::from_millis(ms));
            after.into_iter().zip(changes(n))
        })
        .collect();
    events.sort_by_key(|(at, _)| *at);
    let mut events = events.into_iter().peekable();
    let keys = [
        KeyCode::Down,
        KeyCode::PageDown,
        KeyCode::Up,
        KeyCode::End,
        KeyCode::Home,
    ];
    let mut keys = keys.into_iter().cycle();
    let mut key_due = Duration::from_millis(10);
    let (mut times, mut dirty, mut drawn) = (Vec::new(), false, Duration::ZERO);
    let begun = Instant::now();
    while begun.elapsed() < LASTS {
        if begun.elapsed() >= key_due {
            screen.press(keys.next().expect("they go round"));
            screen.draw();
            (dirty, drawn) = (false, begun.elapsed());
            times.push(drawn - key_due);
            key_due += Duration::from_millis(20);
            continue;
        }
        while let Some((_, event)) = events.next_if(|(at, _)| *at <= begun.elapsed()) {
            screen.happened(event);
            dirty = true;
        }
        if dirty && begun.elapsed() >= drawn + FRAME {
            screen.draw();
            (dirty, drawn) = (false, begun.elapsed());
        }
    }
    times
}
