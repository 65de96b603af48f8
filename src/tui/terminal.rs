//! The terminal as the UI needs it, and put back as it was: at the end, at a panic, before a pause.

use crossterm::cursor::{Hide, Show};
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::execute;
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Position, Rect};
use std::io::{self, BufWriter, Stdout, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

static ENTERED: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// What is drawn to. One write a frame: the buffer is larger than any frame.
pub type Screen = Terminal<CrosstermBackend<BufWriter<Stdout>>>;

/// The terminal in the UI's hands; dropped, it is as before.
pub struct Guard {
    /// What is drawn to.
    pub screen: Screen,
}

impl Guard {
    /// Takes the terminal: raw mode, the other screen, mouse, bracketed paste.
    pub fn enter() -> io::Result<Self> {
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                give_back();
                before(panic);
            }));
        });
        take()?;
        let out = BufWriter::with_capacity(1 << 18, io::stdout());
        match Terminal::new(CrosstermBackend::new(out)) {
            Ok(screen) => Ok(Self { screen }),
            Err(error) => {
                give_back();
                Err(error)
            }
        }
    }

    /// Gives the terminal back, runs `pause`, and takes it again.
    pub fn pause(&mut self, pause: impl FnOnce()) -> io::Result<()> {
        give_back();
        pause();
        take()?;
        self.repaint()
    }

    /// Clears the screen and draws all of it at the next frame.
    ///
    /// Not by `Terminal::clear`: that asks the terminal where its cursor is, and the answer goes to whoever reads keys.
    pub fn repaint(&mut self) -> io::Result<()> {
        let size = self.screen.size()?;
        self.screen.resize(Rect::from((Position::ORIGIN, size)))
    }

    /// Takes the terminal again after somebody else had it, and draws all of it at the next frame.
    pub fn retake(&mut self) -> io::Result<()> {
        self.pause(|| ())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back();
    }
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    ENTERED.store(true, Ordering::SeqCst);
    let entered = execute!(
        io::stdout(),
        EnterAlternateScreen,
        // Somebody who was killed may have left the other screen full; the first frame counts on an empty one.
        Clear(ClearType::All),
        EnableMouseCapture,
        EnableBracketedPaste,
        Hide
    );
    if entered.is_err() {
        give_back();
    }
    entered
}

/// Puts the terminal back as it was. Errors are of no use to anybody here: the terminal may be gone.
pub fn give_back() {
    if ENTERED.swap(false, Ordering::SeqCst) {
        let mut out = io::stdout();
        let _ = execute!(
            out,
            DisableBracketedPaste,
            DisableMouseCapture,
            Show,
            LeaveAlternateScreen
        );
        let _ = out.flush();
        let _ = disable_raw_mode();
    }
}
