//! A user of one's own for a test: temporary HOME and XDG folders, no environment, the real program.
#![allow(dead_code, reason = "tests take from it what they need")]

use serde_json::Value;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::{Consent, Quirks, RequestKind};
use tokenward::demo::settings::DemoSettings;

/// Temporary HOME and XDG folders; removed when dropped.
pub struct Sandbox {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

/// The passphrase of every sandbox's vault.
pub const PASSPHRASE: &str = "correct horse battery staple";

/// How a run of the program ended and what it said.
#[derive(Debug)]
pub struct Run {
    /// The exit code, `None` after a signal.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it said.
    pub stderr: String,
}

impl Run {
    /// Its output after success; fails the test otherwise.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout
    }

    /// Its words after a failure with this exit code; fails the test otherwise.
    #[track_caller]
    pub fn fails(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        self.stderr
    }

    /// Its output as JSON, after success.
    #[track_caller]
    pub fn json(self) -> serde_json::Value {
        let text = self.ok();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Sandbox {
    /// A new user without any file.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("tw").tempdir().unwrap();
        for name in ["home", "run"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        // A slot that costs nothing: tests open vaults all the time.
        // And no limit on what is asked for: tests ask all the time.
        let variables = [
            ("TOKENWARD_VAULT_WORK_FACTOR", "10"),
            ("TOKENWARD_LIMITS_ASKED_REFRESHES_PER_HOUR", "1000000"),
            ("TOKENWARD_LIMITS_ASKED_REFRESHES_PER_HOST_HOUR", "1000000"),
            ("TOKENWARD_LIMITS_HANDOUTS_PER_PROGRAM_HOUR", "1000000"),
            ("TOKENWARD_GRANTS_BCRYPT_COST", "4"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let variables = variables.to_vec();
        Self { folder, variables }
    }

    /// A new user with a vault that every command opens without a question.
    pub fn with_vault() -> Self {
        let mut sandbox = Self::new();
        let file = sandbox.write("passphrase", &format!("{PASSPHRASE}\n"));
        sandbox.set("TOKENWARD_PASSPHRASE_FILE", file.to_str().unwrap());
        sandbox.run(["init"]).ok();
        sandbox
    }

    /// Sets a variable of this user's environment.
    pub fn set(&mut self, variable: &str, value: &str) {
        self.unset(variable);
        self.variables.push((variable.to_owned(), value.to_owned()));
    }

    /// Takes a variable out of this user's environment.
    pub fn unset(&mut self, variable: &str) {
        self.variables.retain(|(name, _)| name != variable);
    }

    /// A path inside the sandbox.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where the vault is.
    pub fn vault(&self) -> PathBuf {
        self.path("home/.local/share/tokenward/vault.db")
    }

    /// Where the owner's socket is.
    pub fn socket(&self) -> PathBuf {
        self.path("run/tokenward/agent.sock")
    }

    /// Where the settings are.
    pub fn config(&self) -> PathBuf {
        self.path("home/.config/tokenward/config.toml")
    }

    /// Writes a file that only its owner can read and returns its path.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::OpenOptionsExt;
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .unwrap();
        file.write_all(text.as_bytes()).unwrap();
        path
    }

    /// The program with these arguments in this user's environment: nothing else is inherited.
    pub fn command(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        self.in_here(env!("CARGO_BIN_EXE_tokenward"), arguments)
    }

    /// Runs a script of the shell to its end; `$0` is the program.
    #[track_caller]
    pub fn shell(&self, script: &str) -> Run {
        let arguments = ["-c", script, env!("CARGO_BIN_EXE_tokenward")];
        let mut command = self.in_here("/bin/sh", arguments);
        command.output().unwrap().into()
    }

    /// Any program in this user's environment.
    pub fn in_here(
        &self,
        program: &str,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.path("home"))
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env("PATH", "/usr/bin:/bin")
            .env("LANG", "C.UTF-8")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.path("home"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the program to its end.
    #[track_caller]
    pub fn run(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
        self.command(arguments).output().unwrap().into()
    }

    /// Signs in over loopback as this account, its person saying yes; the new credential is `demo/ACCOUNT`.
    #[track_caller]
    pub fn sign_in(&self, provider: &DemoProvider, account: &str) -> String {
        let mut command = self.login(provider, "loopback", account);
        let mut login = Running::start(&mut command);
        let mut lines = login.lines();
        let authorize = lines.next_json();
        assert_eq!(authorize["event"], "authorize", "{authorize}");
        let consent = Consent::Allow(account.to_owned());
        let url = authorize["url"].as_str().unwrap();
        assert!(
            provider.control().visit(url, &consent),
            "the provider refused {url}"
        );
        let signed_in = lines.next_json();
        assert_eq!(signed_in["event"], "signed_in", "{signed_in}");
        assert!(login.wait().success());
        signed_in["name"].as_str().unwrap().to_owned()
    }

    /// `login demo --json` to the provider, as its public client.
    pub fn login(&self, provider: &DemoProvider, flow: &str, account: &str) -> Command {
        let issuer = provider.issuer();
        let mut command = self.command(["login", "demo", "--json", "--no-browser"]);
        command
            .args(["--issuer", &issuer, "--client-id", "demo-cli"])
            .args(["--flow", flow, "--account", account])
            .args(["--scope", "openid offline_access read"]);
        command
    }

    /// Starts a refresh of `demo/alice` that the provider takes its time to answer, and waits until it was asked.
    #[track_caller]
    pub fn slow_refresh(&self, provider: &DemoProvider) -> Running {
        let control = provider.control();
        control.change_quirks(|quirks| quirks.answer_delay = Duration::from_millis(1500));
        let refresh = Running::start(&mut self.command(["refresh", "demo/alice"]));
        eventually("the refresh is under way", || {
            control.counts().of(RequestKind::Refresh) == 1
        });
        refresh
    }

    /// Starts the headless owner and waits until it is ready.
    #[track_caller]
    pub fn daemon(&self) -> Running {
        self.daemon_with(&[])
    }

    /// The same with arguments.
    #[track_caller]
    pub fn daemon_with(&self, arguments: &[&str]) -> Running {
        let mut command = self.command(["--daemon"]);
        if !arguments.is_empty() {
            command = self.command(["daemon"]);
            command.args(arguments);
        }
        let daemon = Running::start(&mut command);
        daemon.wait_for_words("ready");
        daemon
    }
}

/// Starts a provider that behaves like this, on a thread of its own.
pub fn provider(quirks: Quirks) -> DemoProvider {
    DemoProvider::spawn(DemoSettings::with_quirks(quirks)).unwrap()
}

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running program; killed when dropped, so that a failing test leaves nothing behind.
pub struct Running {
    child: Child,
    said: Arc<(Mutex<Said>, Condvar)>,
}

#[derive(Default)]
struct Said {
    words: String,
    ended: bool,
}

impl Running {
    /// Starts it; what it says on stderr is gathered meanwhile.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let said: Arc<(Mutex<Said>, Condvar)> = Arc::default();
        let mut stderr = child.stderr.take().unwrap();
        let gathering = Arc::clone(&said);
        std::thread::spawn(move || {
            let mut portion = [0; 4096];
            loop {
                let read = stderr.read(&mut portion).unwrap_or(0);
                let mut said = gathering.0.lock().unwrap();
                said.words
                    .push_str(&String::from_utf8_lossy(&portion[..read]));
                said.ended = read == 0;
                gathering.1.notify_all();
                if read == 0 {
                    break;
                }
            }
        });
        Self { child, said }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The process itself, for its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// The lines of its stdout, as they come.
    pub fn lines(&mut self) -> Lines {
        Lines(BufReader::new(self.child.stdout.take().unwrap()))
    }

    /// What it said on stderr so far.
    pub fn words(&self) -> String {
        self.said.0.lock().unwrap().words.clone()
    }

    /// Waits until it has said this on stderr; fails the test when it ends without, or takes a minute.
    #[track_caller]
    pub fn wait_for_words(&self, words: &str) {
        let said = self.said.0.lock().unwrap();
        let (said, _) = self
            .said
            .1
            .wait_timeout_while(said, PATIENCE, |said| {
                !said.words.contains(words) && !said.ended
            })
            .unwrap();
        assert!(
            said.words.contains(words),
            "no `{words}` in: {}",
            said.words
        );
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.pid()).unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Waits for its end and gives all that it said on stderr.
    pub fn finish(mut self) -> (ExitStatus, String) {
        let status = self.wait();
        let said = self.said.0.lock().unwrap();
        let (said, _) = self
            .said
            .1
            .wait_timeout_while(said, PATIENCE, |said| !said.ended)
            .unwrap();
        (status, said.words.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of a running program's stdout.
pub struct Lines(BufReader<std::process::ChildStdout>);

impl Lines {
    /// The next line as JSON; fails the test when there is none.
    #[track_caller]
    pub fn next_json(&mut self) -> Value {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }
}

/// Waits until something is so; fails the test after a minute.
#[track_caller]
pub fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let until = std::time::Instant::now() + PATIENCE;
    while !is_so() {
        assert!(std::time::Instant::now() < until, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
