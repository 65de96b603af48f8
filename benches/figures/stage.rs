//! A machine of its own for one row: folders, a provider, a vault with a key file, the real program.

use age::secrecy::ExposeSecret;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokenward::agent::call::Caller;
use tokenward::demo::control::Control;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::seed::fill_plain;
use tokenward::demo::settings::DemoSettings;
use tokenward::model::name::CredentialName;
use tokenward::secret::VaultIdentity;
use tokenward::vault::file::VaultFile;
use tokenward::vault::open::OpenVault;
use tokenward::vault::slot::{Key, NewSlot};

/// The machine. Everything on it goes when this is dropped.
pub struct Stage {
    home: TempDir,
    identity: String,
    _provider: DemoProvider,
    control: Control,
}

/// How the access tokens of a stage are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tokens {
    /// Valid for an hour.
    Warm,
    /// Expired an hour ago.
    Expired,
}

impl Stage {
    /// A machine with that many credentials, `demo/user-00001` and on.
    pub fn new(credentials: usize, tokens: Tokens) -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        let key = age::x25519::Identity::generate();
        let provider = DemoProvider::spawn(DemoSettings::default()).expect("a port on loopback");
        provider.control().change_quirks(|quirks| {
            quirks.access_lifetime = Some(Duration::from_secs(3600));
            quirks.refresh_lifetime = Some(Duration::from_secs(86_400));
        });
        let stage = Self {
            identity: key.to_string().expose_secret().to_owned(),
            control: provider.control(),
            _provider: provider,
            home,
        };
        for folder in ["run", "data", "config", "state", "cache"] {
            let mut builder = fs::DirBuilder::new();
            builder
                .mode(0o700)
                .create(stage.path(folder))
                .expect("an empty folder");
        }
        fs::write(stage.path("key.txt"), &stage.identity).expect("a small file");
        let slot = NewSlot::Recipient(key.to_public().to_string());
        let mut vault = VaultFile::create(&stage.vault(), slot, 10).expect("a new vault");
        let age = match tokens {
            Tokens::Warm => Duration::ZERO,
            Tokens::Expired => Duration::from_secs(7200),
        };
        let filled = fill_plain(&mut vault, &stage.control, credentials, age);
        filled.expect("room on the disk");
        stage
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub fn vault(&self) -> PathBuf {
        self.path("data/tokenward/vault.db")
    }

    pub fn socket(&self) -> PathBuf {
        self.path("run/tokenward/agent.sock")
    }

    pub fn control(&self) -> &Control {
        &self.control
    }

    pub fn caller(&self) -> Caller {
        Caller::new(self.socket())
    }

    /// Settings of the program.
    pub fn configure(&self, text: &str) {
        let folder = self.path("config/tokenward");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("config.toml"), text).expect("a small file");
    }

    /// Opens the vault in this process; no owner may live.
    pub fn open_vault(&self) -> OpenVault {
        let locked = VaultFile::open(&self.vault()).expect("a vault");
        let key = Key::Identity(VaultIdentity::new(self.identity.clone()).into());
        locked.unlock(&key).expect("its key")
    }

    /// The real program on this machine.
    pub fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tokenward"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .env("TOKENWARD_LIMITS_HANDOUTS_PER_PROGRAM_HOUR", "1000000")
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env("XDG_DATA_HOME", self.path("data"))
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_STATE_HOME", self.path("state"))
            .env("XDG_CACHE_HOME", self.path("cache"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Starts an owner and returns at once.
    pub fn start_owner(&self) -> Owner {
        let key = self.path("key.txt");
        let key = key.to_str().expect("a plain path");
        let mut command = self.program(&["--daemon", "--identity-file", key]);
        let log = fs::File::create(self.path("owner.log")).expect("a small file");
        let child = command.stderr(log).spawn().expect("the program starts");
        Owner { child }
    }

    /// Starts an owner and waits until it has loaded everything.
    pub fn owner(&self) -> Owner {
        let mut owner = self.start_owner();
        let caller = self.caller();
        let begun = Instant::now();
        while caller.status().is_err() {
            owner.insist(&self.path("owner.log"));
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "no owner answers"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        owner
    }
}

/// A credential's name, counted from 0.
pub fn name(number: usize) -> CredentialName {
    let account = format!("user-{:05}", number + 1);
    CredentialName::new("demo", &account).expect("a good name")
}

/// A living owner; killed when dropped.
pub struct Owner {
    child: Child,
}

impl Owner {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Fails with its log when it has ended by itself.
    fn insist(&mut self, log: &Path) {
        if let Ok(Some(status)) = self.child.try_wait() {
            let log = fs::read_to_string(log).unwrap_or_default();
            panic!("the owner ended: {status}\n{log}");
        }
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.end();
    }
}

/// A connection a thread: asks for all of these at once and gives each one's time.
pub fn all_at_once<T: Send + 'static>(
    count: usize,
    ask: impl Fn(usize) -> T + Send + Sync + 'static,
) -> Vec<T> {
    let ask = Arc::new(ask);
    let ready = Arc::new(std::sync::Barrier::new(count));
    let threads: Vec<_> = (0..count)
        .map(|n| {
            let (ask, ready) = (Arc::clone(&ask), Arc::clone(&ready));
            let work = move || {
                ready.wait();
                ask(n)
            };
            let thread = std::thread::Builder::new().stack_size(128 * 1024);
            thread.spawn(work).expect("a thread")
        })
        .collect();
    threads
        .into_iter()
        .map(|thread| thread.join().expect("an asker panicked"))
        .collect()
}
