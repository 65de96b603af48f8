//! The owner killed with SIGKILL in the first refresh after a sign-in: what the next owner finds can be refreshed.
//!
//! Until its first refresh a new credential lives on what the sign-in told the engine, and the journal names what is
//! spent by that. The provider's refresh tokens are for single use, without grace and with reuse detection.

use crate::accounts::single_use;
use crate::crash_canary::Canary;
use crate::sandbox::{Running, Sandbox, eventually, provider};
use rand::Rng;
use rustix::process::Signal;
use std::thread::JoinHandle;
use std::time::Duration;
use tokenward::agent::call::Caller;
use tokenward::agent::error::CallError;
use tokenward::clock;
use tokenward::demo::control::Control;
use tokenward::demo::log::Request;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::{Fault, RequestKind};
use tokenward::engine::api::Refusal;
use tokenward::model::credential::{CredentialView, Generation};
use tokenward::model::failure::FailureClass;
use tokenward::model::name::CredentialName;

/// Where the kill falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// The intent is on disk, the request is at the provider, and nothing is spent.
    Asked,
    /// The token is spent, and the answer never comes.
    Spent,
    /// That long after the request came to the provider, which answers at once.
    After(Duration),
    /// Somebody was told the new tokens.
    Told,
}

struct Scene {
    sandbox: Sandbox,
    provider: DemoProvider,
}

type Asking = JoinHandle<Result<CredentialView, CallError>>;

impl Scene {
    fn new() -> Self {
        Self {
            sandbox: Sandbox::with_vault(),
            provider: provider(single_use()),
        }
    }

    fn control(&self) -> Control {
        self.provider.control()
    }

    fn refresh(&self, name: &CredentialName) -> Result<CredentialView, CallError> {
        Caller::new(self.sandbox.socket()).refresh(name, Duration::from_secs(30))
    }

    /// Asks for a refresh from elsewhere; the answer may never come.
    fn ask(&self, name: &CredentialName) -> Asking {
        let (caller, name) = (Caller::new(self.sandbox.socket()), name.clone());
        std::thread::spawn(move || caller.refresh(&name, Duration::from_secs(30)))
    }

    fn refreshes(&self) -> Vec<Request> {
        let mut requests = self.control().requests();
        requests.retain(|request| request.kind == RequestKind::Refresh);
        requests
    }

    /// Kills the owner at that moment of the refresh; gives the generation that somebody was told, if anyone was.
    fn kill_at(
        &self,
        moment: Moment,
        owner: &Running,
        name: &CredentialName,
    ) -> Option<Generation> {
        let fault = match moment {
            Moment::Asked => Some(Fault::Hang),
            Moment::Spent => Some(Fault::HangAfter),
            Moment::After(_) | Moment::Told => None,
        };
        if let Some(fault) = fault {
            self.control().fail_next(RequestKind::Refresh, 1, fault);
        }
        let asking = self.ask(name);
        match moment {
            Moment::Asked => eventually("a request", || !self.refreshes().is_empty()),
            Moment::Spent => eventually("a token is spent", || {
                self.refreshes().iter().any(|it| it.token.is_some())
            }),
            Moment::After(pause) => {
                eventually("a request", || !self.refreshes().is_empty());
                std::thread::sleep(pause);
            }
            Moment::Told => eventually("an answer", || asking.is_finished()),
        }
        owner.signal(Signal::KILL);
        asking.join().unwrap().ok().map(|view| view.generation)
    }

    /// One sign-in, one kill, one new owner. Gives whether the answer was lost.
    fn play(&self, round: usize, moment: Moment) -> bool {
        self.control().reset_counts();
        let mut owner = self.sandbox.daemon();
        let account = format!("user-{round}");
        let name: CredentialName = self
            .sandbox
            .sign_in(&self.provider, &account)
            .parse()
            .unwrap();
        let canary = Canary::start(self.sandbox.path(""), owner.pid());
        let told = self.kill_at(moment, &owner, &name);
        let killed = clock::now();
        owner.wait();
        let weather = canary.come_home();
        let answered = self
            .refreshes()
            .iter()
            .filter_map(|it| it.answered_at)
            .max();

        let mut owner = self.sandbox.daemon();
        let refreshed = self.refresh(&name);
        let replays = self.control().counts().replays;
        let Err(error) = refreshed else {
            assert_eq!(replays, 0, "{moment:?}: a spent token was sent");
            assert!(told < refreshed.map(|view| view.generation).ok());
            return false;
        };
        // Only the provider may refuse it, and only where its answer was still on the way.
        let CallError::Refused(Refusal::Failed { failure }) = &error else {
            panic!("{moment:?}: {error:?}");
        };
        assert_eq!(failure.class, FailureClass::NeedsLogin, "{failure:?}");
        assert!(
            matches!(moment, Moment::Spent | Moment::After(_)) && told.is_none(),
            "{moment:?}: {failure:?}"
        );
        if let Some(answered) = answered {
            let (age, allowed) = (killed.since(answered), weather.allowed(answered, killed));
            assert!(age <= allowed, "{moment:?}: lost an answer {age:?} old");
        }
        // A new sign-in is all that it costs.
        self.sandbox.sign_in(&self.provider, &account);
        self.refresh(&name).unwrap();
        owner.signal(Signal::TERM);
        owner.wait();
        true
    }
}

#[test]
fn a_new_credential_outlives_a_kill_in_its_first_refresh() {
    let scene = Scene::new();
    let mut moments = vec![Moment::Asked, Moment::Spent, Moment::Told];
    let mut random = rand::rng();
    moments.extend(
        (0..24).map(|_| Moment::After(Duration::from_micros(random.random_range(0..12_000)))),
    );
    moments.extend([Moment::Asked, Moment::Told]);
    let mut lost = 0;
    for (round, moment) in moments.into_iter().enumerate() {
        let is_lost = scene.play(round, moment);
        assert!(is_lost || moment != Moment::Spent, "it was not spent");
        lost += usize::from(is_lost);
    }
    println!("{lost} answers cut off while they arrived");
}
