//! Looks after one token for as long as a program runs: hands on each new one before the one in use dies.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::output::talk;
use crate::cli::session::{self, Session};
use crate::clock;
use crate::engine::api::{Command, Event, Reply};
use crate::model::credential::CredentialView;
use crate::model::event::Purpose;
use crate::model::fingerprint::Fingerprint;
use crate::model::name::CredentialName;
use crate::model::token::IssuedToken;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio_util::sync::CancellationToken;

/// Between two looks at the least, however short a token lives.
const BRIEFLY: Duration = Duration::from_secs(1);
/// Between two looks at the most: a clock may jump, an owner may come.
const LONG: Duration = Duration::from_secs(300);
/// The pause after a failure, doubled up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_secs(2);
/// The longest pause after a failure.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What to look after.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Whose token.
    pub name: CredentialName,
    /// It lives at least that long yet.
    pub min_ttl: Duration,
    /// How long a refresh is waited for.
    pub timeout: Duration,
    /// What becomes of it.
    pub purpose: Purpose,
}

impl Wanted {
    /// A token for a program that is run.
    pub fn new(name: &CredentialName, min_ttl: Duration, timeout: Duration) -> Self {
        Self {
            name: name.clone(),
            min_ttl,
            timeout,
            purpose: Purpose::Exec,
        }
    }

    /// The wish for it.
    pub fn command(self, reply: Reply<IssuedToken>) -> Command {
        Command::Token {
            name: self.name,
            min_ttl: self.min_ttl,
            purpose: self.purpose,
            timeout: self.timeout,
            reply,
        }
    }

    /// Asks for it once.
    pub fn fetch(&self, session: &Session) -> Result<IssuedToken, Failure> {
        session.ask(|reply| self.clone().command(reply))
    }
}

/// A thread that looks after a token; it ends when this is dropped.
pub struct Keeper {
    over: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Begins with the token that is at hand already. Each that is new goes to `hand_on`; what hinders is told on stderr,
    /// once, and tried again.
    pub fn start(
        context: &Context,
        wanted: Wanted,
        first: IssuedToken,
        hand_on: impl FnMut(&IssuedToken) -> Result<(), Failure> + Send + 'static,
    ) -> Self {
        let over = CancellationToken::new();
        let mut watch = Watch {
            context: context.clone(),
            wanted,
            over: over.clone(),
            present: Some(first),
            told: None,
            pause: PAUSE,
            hand_on,
        };
        let thread = std::thread::spawn(move || watch.run());
        Self {
            over,
            thread: Some(thread),
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.over.cancel();
        if let Some(thread) = self.thread.take() {
            // It tells what hinders by itself; a panic of its own is told by the hook.
            let _ = thread.join();
        }
    }
}

struct Watch<F> {
    context: Context,
    wanted: Wanted,
    over: CancellationToken,
    present: Option<IssuedToken>,
    told: Option<String>,
    pause: Duration,
    hand_on: F,
}

impl<F: FnMut(&IssuedToken) -> Result<(), Failure>> Watch<F> {
    fn run(&mut self) {
        while !self.over.is_cancelled() {
            let context = self.context.clone();
            let rest = match Session::with(&context, |session| self.look_after(session)) {
                Ok(rest) => rest,
                Err(failure) => self.tell(&failure),
            };
            let Ok(runtime) = session::runtime() else {
                return;
            };
            runtime.block_on(async {
                tokio::select! {
                    () = self.over.cancelled() => {}
                    () = tokio::time::sleep(rest) => {}
                }
            });
        }
    }

    /// Looks after it by one owner; gives how long nothing has to be done when that is one of our own, which leaves.
    fn look_after(&mut self, session: &Session) -> Result<Duration, Failure> {
        let mut events = session.link().subscribe();
        loop {
            let name = self.wanted.name.clone();
            let view = session.ask(|reply| Command::Show { name, reply })?;
            let rest = self.catch_up(session, &view)?;
            if session.is_ours() {
                return Ok(rest);
            }
            let seen = view.profile.access_fingerprint;
            let came = session.block_on(async {
                tokio::select! {
                    () = self.over.cancelled() => Came::End,
                    () = tokio::time::sleep(rest) => Came::Time,
                    came = newer(&mut events, &self.wanted.name, seen) => came,
                }
            });
            match came {
                Came::End => return Ok(Duration::ZERO),
                Came::Time => {}
                Came::Gone => return Ok(BRIEFLY),
            }
        }
    }

    /// Fetches it, unless the one at hand is the credential's and lives long enough: each hand-out is noted. Gives how long
    /// nothing has to be done.
    fn catch_up(&mut self, session: &Session, view: &CredentialView) -> Result<Duration, Failure> {
        let min_ttl = self.wanted.min_ttl;
        let present = self.present.as_ref();
        if let Some(token) = present.filter(|token| is_good(token, view, min_ttl)) {
            let rest = rest(token, min_ttl);
            (self.told, self.pause) = (None, PAUSE);
            return Ok(rest);
        }
        let token = self.wanted.fetch(session)?;
        let rest = rest(&token, min_ttl);
        self.take(token)?;
        Ok(rest)
    }

    fn take(&mut self, token: IssuedToken) -> Result<(), Failure> {
        let is_new = |before: &IssuedToken| !before.access.matches(&token.access);
        if self.present.as_ref().is_none_or(is_new) {
            (self.hand_on)(&token)?;
            self.present = Some(token);
        }
        (self.told, self.pause) = (None, PAUSE);
        Ok(())
    }

    /// Says what hinders, once; gives how long to wait before it is tried again.
    fn tell(&mut self, failure: &Failure) -> Duration {
        let is_passing = matches!(failure.kind, Kind::OwnerLeft);
        let text = format!(
            "tokenward: no newer token of {}, it is tried again: {}",
            self.wanted.name, failure.source
        );
        if !is_passing && self.told.as_ref() != Some(&text) {
            talk(&text);
            for hint in &failure.hints {
                talk(&format!("hint: {hint}"));
            }
            self.told = Some(text);
        }
        let pause = self.pause;
        self.pause = (pause * 2).min(LONGEST_PAUSE);
        pause
    }
}

enum Came {
    /// The program has ended.
    End,
    /// The time to ask again, or something newer is there.
    Time,
    /// The owner left.
    Gone,
}

/// Waits until the credential holds another access token than the one seen.
async fn newer(events: &mut Receiver<Event>, name: &CredentialName, seen: Fingerprint) -> Came {
    use tokio::sync::broadcast::error::RecvError;
    loop {
        match events.recv().await {
            Ok(Event::Changed { view }) if view.profile.name == *name => {
                if view.profile.access_fingerprint != seen {
                    return Came::Time;
                }
            }
            Ok(Event::Lagged) | Err(RecvError::Lagged(_)) => return Came::Time,
            Ok(Event::Stopped | Event::Locked { .. }) | Err(RecvError::Closed) => {
                return Came::Gone;
            }
            Ok(_) => {}
        }
    }
}

/// Whether it is the one that the credential holds, and lives longer than is wished at the least. One without an end is
/// not told apart from another.
fn is_good(token: &IssuedToken, view: &CredentialView, min_ttl: Duration) -> bool {
    let end = token.expires_at;
    end == view.profile.usable_until() && end.is_some_and(|end| clock::now().until(end) > min_ttl)
}

/// How long nothing has to be done about a token: until as little is left of it as is wanted, or half of what is left
/// where it never lives longer than that.
fn rest(token: &IssuedToken, min_ttl: Duration) -> Duration {
    let Some(end) = token.expires_at else {
        return LONG;
    };
    let left = clock::now().until(end);
    let rest = match left.checked_sub(min_ttl) {
        Some(rest) if rest > Duration::ZERO => rest,
        Some(_) | None => left / 2,
    };
    rest.clamp(BRIEFLY, LONG)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::secret::AccessToken;

    fn ending(end: Option<Timestamp>) -> IssuedToken {
        IssuedToken {
            access: AccessToken::new("a".to_owned()),
            token_type: "Bearer".to_owned(),
            expires_at: end,
            scopes: Vec::new(),
        }
    }

    #[test]
    fn a_token_is_replaced_before_too_little_is_left_and_never_in_a_hurry() {
        let in_seconds = |seconds| ending(Some(clock::now().plus(Duration::from_secs(seconds))));
        let minute = Duration::from_secs(60);
        let near = |rest: Duration, seconds: f64| (rest.as_secs_f64() - seconds).abs() < 2.0;
        assert!(near(rest(&in_seconds(200), minute), 140.0));
        // It never lives for a minute: half of it is as good as it gets.
        assert!(near(rest(&in_seconds(30), minute), 15.0));
        assert_eq!(rest(&in_seconds(0), minute), BRIEFLY);
        assert_eq!(rest(&in_seconds(1_000_000), minute), LONG);
        assert_eq!(rest(&ending(None), minute), LONG);
    }
}
