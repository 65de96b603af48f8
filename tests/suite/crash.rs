//! The owner killed with SIGKILL at random moments of a storm of rotations: no refresh token is lost.
//!
//! The provider's refresh tokens are for single use, without grace and with reuse detection: the hardest kind. After
//! each kill the vault must open, verify, and hold for every credential a refresh token that the provider still
//! accepts. What anyone was told must be there, without any allowance. Of what nobody was told yet only an answer that
//! was less than five milliseconds old may be missing, plus what the machine itself cost whoever wanted to run and to
//! write between that answer and the kill, measured all the while. Wall time is the only clock that counts the wait for
//! the disk too: the owner's own processor time stands still there, and so would say less.

use crate::crash_canary::Canary;
use crate::sandbox::{Running, Sandbox};
use crate::vault_fixture::key_pair;
use rand::Rng;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokenward::agent::call::Caller;
use tokenward::clock::{self, Timestamp};
use tokenward::demo::control::Control;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::RequestKind;
use tokenward::demo::seed;
use tokenward::demo::settings::DemoSettings;
use tokenward::model::credential::{CredentialId, Generation, Secret};
use tokenward::model::name::CredentialName;
use tokenward::vault::file::VaultFile;
use tokenward::vault::open::OpenVault;
use tokenward::vault::slot::{Key, NewSlot};
use tokenward::vault::store::Store;
use tokenward::vault::verify::verify;

const KILLS: usize = 200;
const CREDENTIALS: usize = 16;
const ASKERS: usize = 4;

/// The newest generation that somebody was told of, by credential.
type Told = BTreeMap<CredentialId, Generation>;

struct Storm {
    sandbox: Sandbox,
    provider: DemoProvider,
    key: Key,
}

impl Storm {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let provider = DemoProvider::spawn(DemoSettings::default()).unwrap();
        provider.control().change_quirks(|quirks| {
            quirks.access_lifetime = Some(Duration::from_secs(3600));
            quirks.refresh_lifetime = None;
            quirks.reuse_detection = true;
            quirks.reuse_grace = Duration::ZERO;
        });
        let (identity, recipient) = key_pair();
        sandbox.write("key.txt", identity.expose_secret());
        let path = sandbox.vault();
        VaultFile::create(&path, NewSlot::Recipient(recipient), 1).unwrap();
        let storm = Self {
            sandbox,
            provider,
            key: Key::Identity(identity.into()),
        };
        storm.mint_all();
        storm
    }

    fn control(&self) -> Control {
        self.provider.control()
    }

    fn open(&self) -> OpenVault {
        let file = VaultFile::open(&self.sandbox.vault()).unwrap();
        file.unlock(&self.key).unwrap()
    }

    /// Gives every credential a new family; also those that have one.
    fn mint_all(&self) -> Vec<CredentialName> {
        let mut vault = self.open();
        seed::fill_plain(&mut vault, &self.control(), CREDENTIALS, Duration::ZERO).unwrap()
    }

    fn start_owner(&self) -> Running {
        let mut command = self.sandbox.command(["--daemon", "--identity-file"]);
        command.arg(self.sandbox.path("key.txt"));
        let mut owner = Running::start(&mut command);
        let begun = Instant::now();
        while self.caller().health().is_err() {
            assert!(owner.child().try_wait().unwrap().is_none(), "it left");
            assert!(begun.elapsed() < Duration::from_secs(60), "no owner");
            std::thread::sleep(Duration::from_millis(1));
        }
        owner
    }

    fn caller(&self) -> Caller {
        Caller::new(self.sandbox.socket())
    }

    /// Rotates everything again and again until nobody answers any more; gives what it was told.
    fn rage(&self, over: &Arc<AtomicBool>) -> Vec<std::thread::JoinHandle<Told>> {
        (0..ASKERS)
            .map(|asker| {
                let (caller, over) = (self.caller(), Arc::clone(over));
                std::thread::spawn(move || {
                    let mut told = Told::new();
                    for turn in 0.. {
                        let number = 1 + (turn * ASKERS + asker) % CREDENTIALS;
                        let name = format!("demo/user-{number:05}").parse().unwrap();
                        if let Ok(view) = caller.refresh(&name, Duration::from_secs(5)) {
                            told.insert(view.id, view.generation);
                        }
                        if over.load(Ordering::Relaxed) {
                            break;
                        }
                    }
                    told
                })
            })
            .collect()
    }

    /// Credentials without a refresh token that still works, each with the moment of the answer it lost, if there was
    /// one. What was told must be there.
    fn lost(&self, told: &[Told]) -> Vec<(CredentialId, Option<Timestamp>)> {
        let mut vault = self.open();
        let report = verify(&mut vault);
        assert!(report.is_whole(), "{report:?}");
        let mut ids = Vec::new();
        vault
            .profiles(&mut |portion| {
                ids.extend(portion.into_iter().map(|stored| stored.unwrap().id));
            })
            .unwrap();
        assert_eq!(ids.len(), CREDENTIALS);
        ids.into_iter()
            .filter_map(|id| {
                let (generation, secret) = vault.secret(id).unwrap();
                for heard in told.iter().filter_map(|told| told.get(&id)) {
                    assert!(
                        generation >= *heard,
                        "{id:?}: {heard:?} was told, {generation:?} kept"
                    );
                }
                (!self.is_alive(&secret)).then(|| (id, self.last_answer(&secret)))
            })
            .collect()
    }

    fn is_alive(&self, secret: &Secret) -> bool {
        let control = self.control();
        let current = secret.refresh.as_ref().unwrap();
        control.is_live_refresh(current.expose_secret())
    }

    fn last_answer(&self, secret: &Secret) -> Option<Timestamp> {
        let control = self.control();
        let refresh = secret.refresh.as_ref().unwrap();
        let grant = control.grant_of(refresh.expose_secret());
        let answers = control.requests().into_iter().filter(|request| {
            request.kind == RequestKind::Refresh && request.grant == grant && grant.is_some()
        });
        answers.filter_map(|request| request.answered_at).max()
    }
}

#[test]
fn no_refresh_token_is_lost_when_the_owner_is_killed_in_a_storm_of_rotations() {
    let storm = Storm::new();
    let mut random = rand::rng();
    let (mut rotations, mut cut_off) = (0, 0);
    let (mut longest, mut oldest) = (Duration::ZERO, Duration::ZERO);
    for round in 0..KILLS {
        storm.control().reset_counts();
        let mut owner = storm.start_owner();
        let canary = Canary::start(storm.sandbox.path(""), owner.pid());
        let over = Arc::new(AtomicBool::new(false));
        let askers = storm.rage(&over);
        std::thread::sleep(Duration::from_micros(random.random_range(0..60_000)));
        owner.signal(rustix::process::Signal::KILL);
        let killed = clock::now();
        over.store(true, Ordering::Relaxed);
        owner.wait();
        let told: Vec<Told> = askers
            .into_iter()
            .map(|asker| asker.join().unwrap())
            .collect();
        let weather = canary.come_home();
        rotations += storm.control().counts().refreshed;
        let lost = storm.lost(&told);
        for (id, answered) in &lost {
            // Not answered at all: the answer was still to come.
            let Some(answered) = *answered else { continue };
            let age = killed.since(answered);
            let allowed = weather.allowed(answered, killed);
            (oldest, longest) = (oldest.max(age), longest.max(allowed));
            assert!(
                age <= allowed,
                "round {round}: {id:?} lost an answer {age:?} old, {allowed:?} are allowed"
            );
        }
        if !lost.is_empty() {
            cut_off += lost.len();
            storm.mint_all();
        }
    }
    println!(
        "{KILLS} kills, {rotations} rotations, {cut_off} answers cut off while they arrived: {oldest:?} old at the most, \
         {longest:?} allowed at the most of those"
    );
    assert!(rotations > KILLS as u64, "there was no storm: {rotations}");
    // What the kills left behind is taken up again: every credential rotates.
    let _owner = storm.start_owner();
    for name in storm
        .caller()
        .list()
        .unwrap()
        .iter()
        .map(|view| view.profile.name.clone())
    {
        let rotated = storm.caller().refresh(&name, Duration::from_secs(20));
        assert!(rotated.is_ok(), "{name}: {rotated:?}");
    }
}
