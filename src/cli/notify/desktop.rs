//! The desktop's notification service, on the session's D-Bus (org.freedesktop.Notifications 1.2).

use crate::cli::notify::words::Words;
use tokio::sync::mpsc::{self, Receiver, Sender};

/// Notifications that wait: of more, those that come are not shown.
const WAITING: usize = 16;

/// What becomes of notifications about credentials: there is one at the most, which is replaced.
#[derive(Debug)]
pub enum Order {
    /// That credentials need a human, in the place of what was shown about them before.
    Needing(Words),
    /// That none does any more.
    NoneNeeds,
    /// Something else, beside it.
    Beside(Words),
}

/// A desktop, served on a thread of its own: a bus may take its time.
#[derive(Debug)]
pub struct Desktop(Sender<Order>);

impl Desktop {
    /// Starts the thread; it ends with this, or with the program.
    pub fn start() -> Self {
        let (to, from) = mpsc::channel(WAITING);
        std::thread::spawn(move || serve(from));
        Self(to)
    }

    /// Has it shown, if the desktop comes along with what it was given before.
    pub fn give(&self, order: Order) {
        if self.0.try_send(order).is_err() {
            tracing::warn!("the desktop does not answer: a notification is not shown");
        }
    }
}

#[cfg(target_os = "linux")]
fn serve(mut orders: Receiver<Order>) {
    let mut bus = bus::Bus::default();
    while let Some(order) = orders.blocking_recv() {
        bus.carry_out(order);
    }
}

/// There is none that is known of here: the terminal tells.
#[cfg(not(target_os = "linux"))]
fn serve(mut orders: Receiver<Order>) {
    while orders.blocking_recv().is_some() {}
}

#[cfg(target_os = "linux")]
mod bus {
    use crate::cli::notify::desktop::Order;
    use crate::cli::notify::words::Words;
    use std::collections::HashMap;
    use std::time::Duration;
    use zbus::blocking::{Connection, Proxy, connection};
    use zbus::zvariant::Value;

    const NAME: &str = "org.freedesktop.Notifications";
    const PATH: &str = "/org/freedesktop/Notifications";
    /// A service that is started by the first call takes a moment.
    const PATIENCE: Duration = Duration::from_secs(10);

    /// Connects anew each time: the desktop may come later than we do, and go before.
    #[derive(Default)]
    pub(super) struct Bus {
        /// What is shown about credentials; 0: nothing.
        shown: u32,
        /// That nobody is there was said.
        is_said: bool,
    }

    impl Bus {
        pub(super) fn carry_out(&mut self, order: Order) {
            let done = match order {
                Order::Needing(words) => show(&words, self.shown).map(|id| self.shown = id),
                Order::Beside(words) => show(&words, 0).map(drop),
                Order::NoneNeeds if self.shown == 0 => return,
                Order::NoneNeeds => close(std::mem::take(&mut self.shown)),
            };
            match done {
                Ok(()) => self.is_said = false,
                Err(error) if !std::mem::replace(&mut self.is_said, true) => {
                    tracing::info!(%error, "no desktop shows notifications");
                }
                Err(_) => {}
            }
        }
    }

    fn connect() -> zbus::Result<Connection> {
        let builder = connection::Builder::session()?;
        builder.method_timeout(PATIENCE).build()
    }

    fn proxy(bus: &Connection) -> zbus::Result<Proxy<'_>> {
        Proxy::new(bus, NAME, PATH, NAME)
    }

    fn show(words: &Words, instead_of: u32) -> zbus::Result<u32> {
        let bus = connect()?;
        let desktop = proxy(&bus)?;
        let can: Vec<String> = desktop.call("GetCapabilities", &())?;
        let body = match can.iter().any(|it| it == "body-markup") {
            true => escaped(&words.body),
            false => words.body.clone(),
        };
        let hints = HashMap::from([("urgency", Value::U8(1))]);
        let (summary, nothing) = (words.summary.as_str(), Vec::<&str>::new());
        let as_it_does = -1_i32;
        let icon = "dialog-password";
        desktop.call(
            "Notify",
            &(
                "tokenward",
                instead_of,
                icon,
                summary,
                body,
                nothing,
                hints,
                as_it_does,
            ),
        )
    }

    fn close(id: u32) -> zbus::Result<()> {
        let bus = connect()?;
        proxy(&bus)?.call("CloseNotification", &(id,))
    }

    /// A text in which nothing is taken for markup.
    fn escaped(text: &str) -> String {
        let text = text.replace('&', "&amp;");
        text.replace('<', "&lt;").replace('>', "&gt;")
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn nothing_is_taken_for_markup() {
            assert_eq!(escaped("<b>&amp;"), "&lt;b&gt;&amp;amp;");
        }
    }
}
