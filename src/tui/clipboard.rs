//! The clipboard: the desktop's where there is one, else the terminal's own (OSC 52).

use crate::secret::AccessToken;
use arboard::Clipboard as Desktop;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io::{self, Write};
use std::sync::mpsc;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// What comes of a copy.
pub type Outcome = Result<Where, String>;

/// Where a copied text went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// It is on the desktop's clipboard.
    Desktop,
    /// The terminal was asked to take it; it does not say whether it did.
    Terminal,
}

enum Order {
    Put {
        text: Zeroizing<String>,
        secret: bool,
        done: oneshot::Sender<Outcome>,
    },
    ClearIfOurs,
}

/// A clipboard that is served on a thread of its own: a desktop may take its time, and on X11 the one who copied has
/// to stay and hand out.
pub struct Clipboard {
    orders: Option<mpsc::Sender<Order>>,
    ours_on_terminal: bool,
}

impl Clipboard {
    /// The desktop's clipboard, or the terminal's when there is no desktop here.
    pub fn new(desktop: bool) -> Self {
        let orders = desktop.then(|| {
            let (to, from) = mpsc::channel();
            let thread = std::thread::Builder::new().name("clipboard".to_owned());
            thread.spawn(move || serve(&from)).ok().map(|_| to)
        });
        Self {
            orders: orders.flatten(),
            ours_on_terminal: false,
        }
    }

    /// Copies a token.
    pub fn put_token(&mut self, token: &AccessToken) -> oneshot::Receiver<Outcome> {
        self.put(Zeroizing::new(token.expose_secret().to_owned()), true)
    }

    /// Copies what is no secret.
    pub fn put_text(&mut self, text: String) -> oneshot::Receiver<Outcome> {
        self.put(Zeroizing::new(text), false)
    }

    fn put(&mut self, text: Zeroizing<String>, secret: bool) -> oneshot::Receiver<Outcome> {
        let (done, outcome) = oneshot::channel();
        match &self.orders {
            Some(orders) => {
                // A dead thread drops `done`, which the caller reads as a failure.
                let _ = orders.send(Order::Put { text, secret, done });
            }
            None => {
                let written = osc52(&STANDARD.encode(text.as_bytes()));
                self.ours_on_terminal = secret;
                let written = written.map(|()| Where::Terminal);
                let _ = done.send(written.map_err(|error| error.to_string()));
            }
        }
        outcome
    }

    /// Empties the clipboard if the last token is still on it. A terminal cannot be asked: there it is emptied anyway.
    pub fn clear_if_ours(&mut self) {
        match &self.orders {
            Some(orders) => {
                let _ = orders.send(Order::ClearIfOurs);
            }
            None if std::mem::take(&mut self.ours_on_terminal) => {
                let _ = osc52("");
            }
            None => {}
        }
    }
}

/// Asks the terminal to take base64 text (OSC 52); tmux passes it on when `set-clipboard` allows.
fn osc52(encoded: &str) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(format!("\x1b]52;c;{encoded}\x07").as_bytes())?;
    out.flush()
}

fn serve(orders: &mpsc::Receiver<Order>) {
    let mut desktop = None;
    let mut ours: Option<Zeroizing<String>> = None;
    while let Ok(order) = orders.recv() {
        if desktop.is_none() {
            desktop = Desktop::new().ok();
        }
        match order {
            Order::Put { text, secret, done } => {
                let outcome = match &mut desktop {
                    Some(desktop) => desktop
                        .set_text(text.as_str())
                        .map(|()| Where::Desktop)
                        .map_err(|error| error.to_string()),
                    None => osc52(&STANDARD.encode(text.as_bytes()))
                        .map(|()| Where::Terminal)
                        .map_err(|error| error.to_string()),
                };
                ours = secret.then_some(text);
                let _ = done.send(outcome);
            }
            Order::ClearIfOurs => match (&mut desktop, ours.take()) {
                (Some(desktop), Some(text)) => {
                    let there = desktop.get_text().map(Zeroizing::new);
                    if there.is_ok_and(|there| *there == *text) {
                        let _ = desktop.clear();
                    }
                }
                (None, Some(_)) => {
                    let _ = osc52("");
                }
                (_, None) => {}
            },
        }
    }
}
