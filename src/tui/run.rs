//! The UI's loop: takes keys, answers and events, updates the state, carries out effects, draws.

use crate::clock;
use crate::engine::api::Event;
use crate::engine::gate::{Gate, GateRequest, Start};
use crate::engine::link::Link;
use crate::model::lock::Locked;
use crate::tui::app::{App, Session};
use crate::tui::curtain::{self, Behind, Locking};
use crate::tui::door::{Answered, Door};
use crate::tui::effect::Effect;
use crate::tui::input;
use crate::tui::message::Message;
use crate::tui::outbox::Outbox;
use crate::tui::overlays::again::Proof;
use crate::tui::preferences::Preferences;
use crate::tui::screens::create::Create;
use crate::tui::screens::remarks::Remark;
use crate::tui::screens::unlock::Unlock;
use crate::tui::signals::{Signals, stop_here};
use crate::tui::surroundings::Surroundings;
use crate::tui::terminal::Guard;
use crate::tui::update::{opened, update};
use crate::tui::{bell, browser, clipboard, view};
use std::io;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::Instant;

/// Time between two frames under a storm of events: at most some 60 a second.
const FRAME: Duration = Duration::from_millis(16);

/// Approves the pending sign-ins of the demo's provider; whether there were any.
pub type Approve = Box<dyn Fn() -> bool + Send + Sync>;

/// What the caller decides.
#[derive(Default)]
pub struct Settings {
    /// The demo's way to approve pending sign-ins; must not block.
    pub approve: Option<Approve>,
    /// What is known of terminal and person; `None`: read from the environment.
    pub surroundings: Option<Surroundings>,
    /// Who tells whether a passphrase is right, where the vault is open from the start.
    pub gate: Option<Gate>,
    /// What a person has to prove before a sensitive act; `None`: nothing.
    pub proof: Option<Proof>,
    /// How it is locked; `None`: it cannot be.
    pub locking: Option<Locking>,
    /// The vault is locked, although its owner is there.
    pub locked: Option<Locked>,
    /// What is wrong with this machine.
    pub remarks: Vec<Remark>,
    /// The person's settings, whenever they are read anew; `None`: they stay.
    pub preferences: Option<watch::Receiver<Preferences>>,
}

/// Why the UI ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The person left.
    Quit,
    /// The person wants to see the demo instead.
    Demo,
    /// A signal asked for it (SIGINT, SIGTERM, SIGHUP), or the terminal is gone.
    Signal,
}

/// Why the UI could not run.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// Standard input or output is no terminal, or the terminal refused.
    #[error("the terminal could not be used")]
    Terminal(#[source] io::Error),
    /// Signals cannot be listened to.
    #[error("signals could not be listened to")]
    Signals(#[source] io::Error),
}

/// Runs the UI until the person leaves. It draws from the calling task: give it `Runtime::block_on`, not a worker.
///
/// The terminal is as before when this returns.
pub async fn run(start: Start, settings: Settings) -> Result<Ended, TuiError> {
    let mut signals = Signals::listen().map_err(TuiError::Signals)?;
    let mut guard = Guard::enter().map_err(TuiError::Terminal)?;
    let keys = input::start().map_err(TuiError::Terminal)?;
    let mut runner = Runner::new(start, settings, &guard);
    let ended = runner.serve(&mut guard, keys, &mut signals).await;
    if runner.app.clipboard.is_some() {
        runner.clipboard.clear_if_ours();
    }
    ended.map_err(TuiError::Terminal)
}

async fn next_event(
    events: &mut Option<broadcast::Receiver<Event>>,
) -> Result<Event, broadcast::error::RecvError> {
    match events {
        Some(events) => events.recv().await,
        None => std::future::pending().await,
    }
}

async fn next_preferences(told: &mut Option<watch::Receiver<Preferences>>) -> Preferences {
    if let Some(preferences) = told
        && preferences.changed().await.is_ok()
    {
        return *preferences.borrow_and_update();
    }
    *told = None;
    std::future::pending().await
}

struct Runner {
    app: App,
    preferences: Option<watch::Receiver<Preferences>>,
    link: Option<Link>,
    events: Option<broadcast::Receiver<Event>>,
    door: Door,
    outbox: Outbox,
    to_self: mpsc::UnboundedSender<Message>,
    from_self: mpsc::UnboundedReceiver<Message>,
    clipboard: clipboard::Clipboard,
    approve: Option<Approve>,
    suspend: bool,
    redraw: bool,
    quit: Option<Ended>,
}

enum Woken {
    By(Message),
    Leave,
    Stop,
    GoOn,
    Terminal,
    Events(Result<Event, broadcast::error::RecvError>),
    Gate(Answered),
    Sent,
    Draw,
}

impl Runner {
    fn new(start: Start, settings: Settings, guard: &Guard) -> Self {
        let around = settings.surroundings.unwrap_or_else(Surroundings::read);
        let size = guard
            .screen
            .size()
            .map_or((80, 24), |size| (size.width, size.height));
        // As many as the person can have answers outstanding: bounded by what the person asked for.
        let (to_self, from_self) = mpsc::unbounded_channel();
        let clipboard = clipboard::Clipboard::new(around.desktop && !around.ssh);
        let (session, gate, link) = match start {
            Start::NoVault { path, gate } => (Session::Create(Create::new(path)), Some(gate), None),
            Start::Locked { path, note, gate } => {
                (Session::Unlock(Unlock::new(path, note)), Some(gate), None)
            }
            Start::Open { link, place } => (
                Session::Unlock(Unlock::new(String::new(), None)),
                settings.gate,
                Some((link, place)),
            ),
        };
        let mut app = App::new(session, around, size, clock::now(), rand::random());
        app.can_approve = settings.approve.is_some();
        app.proof = settings.proof;
        app.locking = settings.locking;
        app.remarks = settings.remarks;
        if let Some(told) = &settings.preferences {
            app.notify = told.borrow().notify;
        }
        let mut runner = Self {
            app,
            preferences: settings.preferences,
            link: None,
            events: None,
            door: Door::new(gate),
            outbox: Outbox::new(to_self.clone()),
            to_self,
            from_self,
            clipboard,
            approve: settings.approve,
            suspend: false,
            redraw: false,
            quit: None,
        };
        if let Some((link, place)) = link {
            runner.attach(link);
            let mut effects = opened(&mut runner.app, place);
            if let Some(lock) = settings.locked {
                effects = curtain::lower(&mut runner.app, lock, Behind::Vault);
            }
            runner.carry_out(effects);
        }
        runner
    }

    fn attach(&mut self, link: Link) {
        self.events = Some(link.subscribe());
        self.link = Some(link);
    }

    async fn serve(
        &mut self,
        guard: &mut Guard,
        mut keys: mpsc::Receiver<Message>,
        signals: &mut Signals,
    ) -> io::Result<Ended> {
        let mut drawn = Instant::now();
        self.draw(guard)?;
        let mut dirty = false;
        let mut tick = Instant::now() + self.until_tick();
        loop {
            let frame = drawn + FRAME;
            let woken = tokio::select! {
                biased;
                () = Signals::leave(&mut signals.leave) => Woken::Leave,
                _ = signals.stop.recv() => Woken::Stop,
                _ = signals.go_on.recv() => Woken::GoOn,
                key = keys.recv() => key.map_or(Woken::Terminal, Woken::By),
                () = tokio::time::sleep_until(frame), if dirty => Woken::Draw,
                Some(message) = self.from_self.recv() => Woken::By(message),
                Some(answer) = self.door.answer() => Woken::Gate(answer),
                event = next_event(&mut self.events) => Woken::Events(event),
                preferences = next_preferences(&mut self.preferences) => {
                    Woken::By(Message::Preferred(preferences))
                }
                () = self.outbox.send(self.link.as_ref()), if !self.outbox.is_empty() => Woken::Sent,
                () = tokio::time::sleep_until(tick) => Woken::By(Message::Tick),
            };
            let mut at_once = false;
            match woken {
                Woken::Leave | Woken::Terminal => return Ok(Ended::Signal),
                Woken::Stop => self.suspend = true,
                Woken::GoOn => {
                    guard.retake()?;
                    at_once = true;
                }
                Woken::By(message) => {
                    at_once = matches!(
                        message,
                        Message::Key(_) | Message::Paste(_) | Message::Mouse(_)
                    );

                    self.take(message);
                    dirty = true;
                }
                Woken::Events(event) => {
                    self.take_events(event);
                    dirty = true;
                }
                Woken::Gate(answered) => {
                    let message = match answered {
                        Answered::Opened(answer) => Message::Opened(answer.map(|(link, place)| {
                            self.attach(link);
                            place
                        })),
                        Answered::Locked(answer) => Message::Locked(answer),
                        Answered::Proved(answer) => Message::Proved(answer),
                    };
                    self.take(message);
                    at_once = true;
                }
                Woken::Sent => continue,
                Woken::Draw => at_once = true,
            }
            if let Some(ended) = self.quit {
                return Ok(ended);
            }
            if std::mem::take(&mut self.suspend) {
                guard.pause(stop_here)?;
                at_once = true;
            }
            if std::mem::take(&mut self.redraw) {
                guard.repaint()?;
                at_once = true;
            }
            // A burst of keys (a held key, the wheel) is taken in whole before one frame is drawn.
            if at_once && keys.is_empty() || dirty && drawn.elapsed() >= FRAME {
                self.draw(guard)?;
                drawn = Instant::now();
                dirty = false;
            } else {
                dirty |= at_once;
            }
            tick = Instant::now() + self.until_tick();
        }
    }

    /// Time to the next full second of the wall clock, or less while something drains in sight.
    fn until_tick(&self) -> Duration {
        let pace = self.app.pace().as_millis();
        let now = u128::try_from(clock::now().as_millis()).unwrap_or(0);
        let rest = pace - now % pace;
        Duration::from_millis(u64::try_from(rest).unwrap_or(1000))
    }

    fn draw(&mut self, guard: &mut Guard) -> io::Result<()> {
        // What `draw` would do by itself, but before the state is told its size.
        guard.screen.autoresize()?;
        let size = guard.screen.size()?;
        self.app.size = (size.width, size.height);
        self.app.now = clock::now();
        crate::tui::update::settle(&mut self.app);
        let app = &self.app;
        guard
            .screen
            .draw(|frame| view::view(app, frame))
            .map(|_| ())
    }

    fn take(&mut self, message: Message) {
        self.app.now = clock::now();
        let effects = update(&mut self.app, message);
        self.carry_out(effects);
    }

    /// Takes an event, and with it all others that are there already: a storm costs one frame, not a thousand.
    fn take_events(&mut self, first: Result<Event, broadcast::error::RecvError>) {
        let mut next = Some(first);
        while let Some(event) = next.take() {
            match event {
                Ok(event) => self.take(Message::Event(event)),
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    self.take(Message::Event(Event::Lagged))
                }
                Err(broadcast::error::RecvError::Closed) => {
                    self.events = None;
                    self.take(Message::Event(Event::Stopped));
                    return;
                }
            }
            next = match self.events.as_mut().map(broadcast::Receiver::try_recv) {
                Some(Ok(event)) => Some(Ok(event)),
                Some(Err(broadcast::error::TryRecvError::Lagged(missed))) => {
                    Some(Err(broadcast::error::RecvError::Lagged(missed)))
                }
                Some(Err(_)) | None => None,
            };
        }
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Quit => self.quit = Some(Ended::Quit),
                Effect::Demo => self.quit = Some(Ended::Demo),
                Effect::Suspend => self.suspend = true,
                Effect::Redraw => self.redraw = true,
                Effect::Create(passphrase) => {
                    self.door
                        .knock(|reply| GateRequest::Create { passphrase, reply });
                }
                Effect::Unlock(passphrase) => {
                    self.door
                        .knock(|reply| GateRequest::Unlock { passphrase, reply });
                }
                Effect::Lock(reason) => self.door.lock(reason),
                Effect::Prove(passphrase) => self.door.prove(passphrase),
                Effect::Ask(ask) => self.outbox.ask(ask),
                Effect::CopyToken(token) => {
                    let outcome = self.clipboard.put_token(&token);
                    self.report_copy(outcome);
                }
                Effect::CopyText(text) => {
                    let outcome = self.clipboard.put_text(text);
                    self.report_copy(outcome);
                }
                Effect::ClearClipboard => self.clipboard.clear_if_ours(),
                Effect::Ring(sequence) => bell::ring(&sequence),
                Effect::OpenBrowser(address) => self.open_browser(address),
                Effect::Approve => {
                    let approved = self.approve.as_ref().is_some_and(|approve| approve());
                    let _ = self.to_self.send(Message::Approved(approved));
                }
            }
        }
    }

    fn report_copy(&self, outcome: oneshot::Receiver<clipboard::Outcome>) {
        let to_self = self.to_self.clone();
        tokio::spawn(async move {
            let outcome = outcome
                .await
                .unwrap_or_else(|_| Err("the clipboard does not answer".to_owned()));
            let _ = to_self.send(Message::Copied(outcome));
        });
    }

    fn open_browser(&self, address: String) {
        let to_self = self.to_self.clone();
        tokio::task::spawn_blocking(move || {
            let _ = to_self.send(Message::Browser(browser::open(&address)));
        });
    }
}
