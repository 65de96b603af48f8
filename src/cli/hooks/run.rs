//! Runs one hook once: a bounded time, a bounded output, its own process group.

use crate::oauth::clean::clean;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// So much of its output is kept, in bytes; the rest is read and dropped.
const KEPT: usize = 4096;

/// A hook as it is started.
#[derive(Debug)]
pub struct Start {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// All of its environment.
    pub variables: Vec<(OsString, OsString)>,
    /// It is killed after that long.
    pub limit: Duration,
}

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Ran {
    /// Why it counts as failed; `None`: it went well.
    pub trouble: Option<String>,
    /// The beginning of what it printed, in one line, without anything that looks like a token.
    pub output: Option<String>,
}

/// Runs it to its end, or to the end of its time: then it is killed with everything it started. Dropping the future kills
/// it too.
pub async fn run(start: Start) -> Ran {
    let limit = start.limit;
    let (child, output) = match spawn(start) {
        Ok(spawned) => spawned,
        Err(error) => return failed(format!("it could not be started: {error}")),
    };
    let (group, end) = Group::of(child);
    let reading = tokio::spawn(beginning(output));
    let ended = timeout(limit, end).await;
    drop(group);
    let trouble = match ended {
        Ok(Ok(Ok(status))) => why(status),
        Ok(Ok(Err(error))) => Some(format!("its end could not be seen: {error}")),
        Ok(Err(_)) => Some("its end could not be seen".to_owned()),
        Err(_) => Some(format!("it was killed after {} s", limit.as_secs())),
    };
    Ran {
        trouble,
        output: said(reading).await,
    }
}

fn failed(trouble: String) -> Ran {
    Ran {
        trouble: Some(trouble),
        output: None,
    }
}

fn why(status: ExitStatus) -> Option<String> {
    (!status.success()).then(|| format!("it ended with {status}"))
}

/// What it printed by now: what it left running may print on, and nobody reads that.
async fn said(reading: tokio::task::JoinHandle<Vec<u8>>) -> Option<String> {
    let abort = reading.abort_handle();
    let read = timeout(Duration::from_millis(200), reading).await;
    abort.abort();
    let bytes = read.ok()?.ok()?;
    clean(&String::from_utf8_lossy(&bytes), &[])
}

/// A running hook with all it started; killed when dropped before its end.
struct Group {
    leader: Pid,
    is_over: Arc<Mutex<bool>>,
}

impl Group {
    /// The group of a child, and its end.
    fn of(mut child: Child) -> (Self, oneshot::Receiver<io::Result<ExitStatus>>) {
        let leader = Pid::from_child(&child);
        let is_over = Arc::new(Mutex::new(false));
        let (tell, end) = oneshot::channel();
        let over = Arc::clone(&is_over);
        std::thread::spawn(move || {
            // Seen before it is reaped: until then the number is its own, and may be killed.
            let how = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while matches!(waitid(WaitId::Pid(leader), how), Err(Errno::INTR)) {}
            *over.lock().unwrap_or_else(PoisonError::into_inner) = true;
            // Who no longer waits has killed it.
            let _ = tell.send(child.wait());
        });
        (Self { leader, is_over }, end)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Held while it is killed, so that it is not reaped meanwhile.
        let is_over = self.is_over.lock();
        let is_over = is_over.unwrap_or_else(PoisonError::into_inner);
        if !*is_over {
            let _ = kill_process_group(self.leader, Signal::KILL);
        }
    }
}

fn spawn(start: Start) -> io::Result<(Child, Receiver)> {
    let (output, print) = io::pipe()?;
    let home = start.variables.iter().find(|(name, _)| name == "HOME");
    let folder = home.map(|(_, folder)| PathBuf::from(folder));
    let folder = folder.filter(|folder| folder.is_dir());
    let mut command = Command::new(start.program);
    command
        .args(start.arguments)
        .env_clear()
        .envs(start.variables)
        .current_dir(folder.unwrap_or_else(|| PathBuf::from("/")))
        .stdin(Stdio::null())
        .stdout(print.try_clone()?)
        .stderr(print)
        .process_group(0);
    let child = command.spawn()?;
    Ok((child, Receiver::from_owned_fd(output.into())?))
}

/// Reads to the end and keeps the beginning: who prints much must not wait for a reader.
async fn beginning(mut output: Receiver) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut portion = [0; 1024];
    while let Ok(read @ 1..) = output.read(&mut portion).await {
        let room = KEPT - kept.len();
        kept.extend_from_slice(&portion[..read.min(room)]);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn shell(script: &str, limit: Duration) -> Start {
        Start {
            program: "/bin/sh".into(),
            arguments: vec!["-c".to_owned(), script.to_owned()],
            variables: vec![("WORD".into(), "said".into())],
            limit,
        }
    }

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn it_sees_its_environment_and_its_end_is_told() {
        let ran = run(shell("echo \"$WORD $HOME\"", LONG)).await;
        assert_eq!(
            (ran.trouble, ran.output.unwrap()),
            (None, "said".to_owned())
        );
        let ran = run(shell("exit 3", LONG)).await;
        assert!(ran.trouble.unwrap().contains('3'));
        let start = Start {
            program: "/no/such/program".into(),
            ..shell("", LONG)
        };
        let trouble = run(start).await.trouble.unwrap();
        assert!(trouble.contains("could not be started"), "{trouble}");
    }

    #[tokio::test]
    async fn one_that_prints_without_end_is_read_and_kept_short() {
        let script = "i=0; while [ $i -lt 20000 ]; do echo some words of it; i=$((i+1)); done";
        let ran = run(shell(script, LONG)).await;
        assert_eq!(ran.trouble, None);
        assert!(ran.output.unwrap().chars().count() <= 300);
    }

    #[tokio::test]
    async fn one_that_takes_too_long_is_killed_with_what_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let script = format!("sleep 600 & echo $! > {}; wait", file.display());
        let begun = Instant::now();
        let ran = run(shell(&script, Duration::from_secs(2))).await;
        assert!(ran.trouble.unwrap().contains("killed after 2 s"));
        assert!(begun.elapsed() < LONG);
        let pid: i32 = std::fs::read_to_string(file)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        let pid = Pid::from_raw(pid).unwrap();
        let until = Instant::now() + LONG;
        while is_alive(pid) {
            assert!(Instant::now() < until, "what it started lives on");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Whether it runs; one that ended and that nobody has asked about yet does not.
    fn is_alive(pid: Pid) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
        match stat {
            Ok(stat) => !stat.contains(") Z "),
            Err(_) => {
                cfg!(not(target_os = "linux")) && rustix::process::test_kill_process(pid).is_ok()
            }
        }
    }

    #[tokio::test]
    async fn what_it_leaves_running_holds_nobody_up() {
        let begun = Instant::now();
        let ran = run(shell("sleep 30 & exit 0", LONG)).await;
        assert_eq!(ran.trouble, None);
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
}
