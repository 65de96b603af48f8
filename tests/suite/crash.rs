//! The owner killed with SIGKILL at random moments of a storm of rotations: no refresh token is lost.
//!
//! The provider's refresh tokens are for single use, without grace and with reuse detection: the hardest kind. After
//! each kill the vault must open, verify, and hold for every credential a refresh token that the provider still
//! accepts; only an answer that was less than five milliseconds old may be missing (plus what the busy machine itself costs
//! whoever wants to run and to write, measured all the while).

use crate::sandbox::{Running, Sandbox};
use crate::vault_fixture::key_pair;
use rand::Rng;
use std::io::Write;
use std::path::PathBuf;
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
use tokenward::model::credential::{CredentialId, Secret};
use tokenward::model::name::CredentialName;
use tokenward::vault::file::VaultFile;
use tokenward::vault::open::OpenVault;
use tokenward::vault::slot::{Key, NewSlot};
use tokenward::vault::store::Store;
use tokenward::vault::verify::verify;

const KILLS: usize = 200;
const CREDENTIALS: usize = 16;
const ASKERS: usize = 4;
const ALLOWED: Duration = Duration::from_millis(5);

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
            key: Key::Identity(identity),
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

    /// Rotates everything again and again until nobody answers any more.
    fn rage(&self, over: &Arc<AtomicBool>) -> Vec<std::thread::JoinHandle<()>> {
        (0..ASKERS)
            .map(|asker| {
                let (caller, over) = (self.caller(), Arc::clone(over));
                std::thread::spawn(move || {
                    for turn in 0.. {
                        let number = 1 + (turn * ASKERS + asker) % CREDENTIALS;
                        let name = format!("demo/user-{number:05}").parse().unwrap();
                        let _ = caller.refresh(&name, Duration::from_secs(5));
                        if over.load(Ordering::Relaxed) {
                            return;
                        }
                    }
                })
            })
            .collect()
    }

    /// Credentials without a refresh token that still works, each with the age of the answer it lost.
    fn lost(&self, killed: Timestamp) -> Vec<(CredentialId, Duration)> {
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
                let (_, secret) = vault.secret(id).unwrap();
                (!self.is_alive(&secret)).then(|| (id, self.age_of_last_answer(&secret, killed)))
            })
            .collect()
    }

    fn is_alive(&self, secret: &Secret) -> bool {
        let control = self.control();
        let current = secret.refresh.as_ref().unwrap();
        control.is_live_refresh(current.expose_secret())
    }

    fn age_of_last_answer(&self, secret: &Secret, killed: Timestamp) -> Duration {
        let control = self.control();
        let refresh = secret.refresh.as_ref().unwrap();
        let grant = control.grant_of(refresh.expose_secret());
        let answers = control.requests().into_iter().filter(|request| {
            request.kind == RequestKind::Refresh && request.grant == grant && grant.is_some()
        });
        let last = answers.filter_map(|request| request.answered_at).max();
        // Not answered at all: the answer was still to come.
        last.map_or(Duration::ZERO, |at| killed.since(at))
    }
}

/// Walks the way of an answer all the while (a thread wakes, hands something to another one, which writes and syncs a
/// file) and notices how long it took at the worst: what the machine itself costs.
struct Canary {
    over: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<Duration>,
}

impl Canary {
    fn start(folder: PathBuf) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let mut worst = Duration::ZERO;
            while !seen.load(Ordering::Relaxed) {
                let begun = Instant::now();
                std::thread::sleep(Duration::from_millis(1));
                let file = folder.join("canary");
                std::thread::spawn(move || {
                    let mut file = std::fs::File::create(file).unwrap();
                    file.write_all(&[0; 8192]).unwrap();
                    file.sync_data().unwrap();
                })
                .join()
                .unwrap();
                worst = worst.max(begun.elapsed().saturating_sub(Duration::from_millis(1)));
            }
            worst
        });
        Self { over, thread }
    }

    fn worst_delay(self) -> Duration {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
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
        let canary = Canary::start(storm.sandbox.path(""));
        let over = Arc::new(AtomicBool::new(false));
        let askers = storm.rage(&over);
        std::thread::sleep(Duration::from_micros(random.random_range(0..60_000)));
        owner.signal(rustix::process::Signal::KILL);
        let killed = clock::now();
        over.store(true, Ordering::Relaxed);
        owner.wait();
        askers.into_iter().for_each(|asker| asker.join().unwrap());
        // An answer may have to wait for a batch that is being written just then: twice the machine's own time.
        let allowed = ALLOWED + canary.worst_delay() * 2;
        longest = longest.max(allowed);
        rotations += storm.control().counts().refreshed;
        let lost = storm.lost(killed);
        for (id, age) in &lost {
            oldest = oldest.max(*age);
            assert!(
                *age <= allowed,
                "round {round}: {id:?} lost an answer {age:?} old"
            );
        }
        if !lost.is_empty() {
            cut_off += lost.len();
            storm.mint_all();
        }
    }
    println!(
        "{KILLS} kills, {rotations} rotations, {cut_off} answers cut off while they arrived: {oldest:?} old at the most, \
         {longest:?} allowed at the most"
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
