//! Reads the terminal on a thread of its own, so that nothing else ever waits for a key.

use crate::tui::message::Message;
use crossterm::event::{self, Event, KeyEventKind};
use std::io;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// Starts the thread. The channel closes when the terminal is gone; the thread ends with the channel or the program.
pub fn start() -> io::Result<mpsc::Receiver<Message>> {
    let (to, from) = mpsc::channel(256);
    std::thread::Builder::new()
        .name("terminal".to_owned())
        .spawn(move || {
            while let Ok(event) = event::read() {
                let Some(message) = message(event) else {
                    continue;
                };
                if to.blocking_send(message).is_err() {
                    return;
                }
            }
        })?;
    Ok(from)
}

fn message(event: Event) -> Option<Message> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Some(Message::Key(key)),
        Event::Mouse(mouse) => Some(Message::Mouse(mouse)),
        Event::Paste(text) => Some(Message::Paste(Zeroizing::new(text))),
        Event::Resize(columns, rows) => Some(Message::Resize(columns, rows)),
        Event::Key(_) | Event::FocusGained | Event::FocusLost => None,
    }
}
