//! Who is at the other end of the socket: what the system tells of a process.

use crate::model::program::Program;
use rustix::process::{Pid, geteuid, getpid, getppid};
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::UnixStream;

/// The program behind a connection, as far as the system tells.
pub fn behind(stream: &UnixStream) -> Arc<Program> {
    let Ok(peer) = stream.peer_cred() else {
        return Arc::default();
    };
    let pid = peer.pid().and_then(|pid| u32::try_from(pid).ok());
    let caller = pid.and_then(|pid| caller_of(pid, executable));
    Arc::new(Program {
        uid: Some(peer.uid()),
        pid: caller.as_ref().map(|(pid, _)| *pid).or(pid),
        executable: caller.map(|(_, executable)| executable),
        ..Program::default()
    })
}

/// The program at the other end of a connection to the port, as far as the system tells: its user, and where that is
/// this one, its process. Anything that ends or begins meanwhile only makes it unknown.
pub fn at_port(peer: SocketAddr, own: SocketAddr) -> Program {
    let Some((uid, inode)) = owner_of(peer, own) else {
        return Program::default();
    };
    let is_own = uid == geteuid().as_raw();
    let pid = is_own.then(|| holder_of(inode)).flatten();
    let caller = pid.and_then(|pid| caller_of(pid, executable));
    Program {
        uid: Some(uid),
        pid: caller.as_ref().map(|(pid, _)| *pid).or(pid),
        executable: caller.map(|(_, executable)| executable),
        ..Program::default()
    }
}

/// User and inode of the socket whose own end is `peer`, from `/proc/net/tcp` (proc_net_tcp(5)).
fn owner_of(peer: SocketAddr, own: SocketAddr) -> Option<(u32, u64)> {
    let table = match peer {
        SocketAddr::V4(_) => "/proc/net/tcp",
        SocketAddr::V6(_) => "/proc/net/tcp6",
    };
    let (peer, own) = (in_table(peer), in_table(own));
    let lines = fs::read_to_string(table).ok()?;
    lines.lines().skip(1).find_map(|line| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let ends = (fields.next()?, fields.next()?);
        if ends != (peer.as_str(), own.as_str()) {
            return None;
        }
        let mut fields = fields.skip(4);
        let uid = fields.next()?.parse().ok()?;
        Some((uid, fields.nth(1)?.parse().ok()?))
    })
}

/// An address as that table has it: words of four bytes in the machine's own order, in capitals.
fn in_table(address: SocketAddr) -> String {
    let octets = match address.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let words = octets.chunks_exact(4).map(|word| {
        let word = word.try_into().expect("chunks of four are four bytes");
        format!("{:08X}", u32::from_ne_bytes(word))
    });
    format!("{}:{:04X}", words.collect::<String>(), address.port())
}

/// The process of this user that has a socket open.
fn holder_of(inode: u64) -> Option<u32> {
    let wanted = format!("socket:[{inode}]");
    fs::read_dir("/proc").ok()?.flatten().find_map(|process| {
        let pid: u32 = process.file_name().to_str()?.parse().ok()?;
        let files = fs::read_dir(process.path().join("fd")).ok()?;
        let mut links = files
            .flatten()
            .filter_map(|file| fs::read_link(file.path()).ok());
        links
            .any(|link| link.as_os_str() == wanted.as_str())
            .then_some(pid)
    })
}

/// This very process, or rather who called it.
pub fn own() -> Arc<Program> {
    let number = |pid: Pid| pid.as_raw_nonzero().get().cast_unsigned();
    let parent = getppid().map(number);
    let parent = parent.and_then(|pid| Some((pid, executable(pid)?)));
    let pid = parent.as_ref().map(|(pid, _)| *pid);
    Arc::new(Program {
        uid: Some(geteuid().as_raw()),
        pid: pid.or_else(|| Some(number(getpid()))),
        executable: parent.map(|(_, path)| path.display().to_string()),
        ..Program::default()
    })
}

/// A person at this process's own screen.
pub fn at_the_screen() -> Arc<Program> {
    let own = Arc::unwrap_or_clone(own());
    Arc::new(Program { in_ui: true, ..own })
}

/// A process's number and executable; of one that is tokenward, as this is, its caller's: `tokenward get` tells nothing.
/// One that is not dumpable hides its executable from everybody but root, as tokenward itself does: it is known by its
/// name.
fn caller_of(pid: u32, executable: impl Fn(u32) -> Option<PathBuf>) -> Option<(u32, String)> {
    let found = executable(pid);
    let is_own = match &found {
        Some(path) => std::env::current_exe().is_ok_and(|own| own == *path),
        None => name_of(pid).is_some() && name_of(pid) == name_of(std::process::id()),
    };
    let parent = || {
        let parent = parent_of(pid).filter(|_| is_own)?;
        Some((parent, executable(parent)?.display().to_string()))
    };
    let itself = || {
        let path = found.as_ref().map(|path| path.display().to_string());
        Some((pid, path.or_else(|| name_of(pid))?))
    };
    parent().or_else(itself)
}

/// The name that a process goes by, which it may have chosen itself.
fn name_of(pid: u32) -> Option<String> {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(name.trim_end().to_owned())
}

fn executable(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/exe")).ok()
}

/// The fourth field of `/proc/PID/stat`; the second, the name, may hold spaces and brackets (proc_pid_stat(5)).
fn parent_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_connection_is_known_by_its_process() {
        let caller = own();
        for at in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = std::net::TcpListener::bind(at) else {
                continue;
            };
            let own = listener.local_addr().unwrap();
            let stream = std::net::TcpStream::connect(own).unwrap();
            let found = at_port(stream.local_addr().unwrap(), own);
            assert_eq!(found.uid, Some(geteuid().as_raw()), "{at}");
            // Of a tokenward, as this is, the number is its caller's, as the name is.
            assert_eq!(found.pid, caller.pid, "{at}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_is_known_by_its_executable_and_this_one_by_its_callers() {
        let mut child = std::process::Command::new("/bin/sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let sleep = fs::canonicalize("/bin/sleep").unwrap();
        // Until it has become the other program it is still this one.
        let found = loop {
            let found = executable(child.id()).unwrap();
            if found != std::env::current_exe().unwrap() {
                break found;
            }
        };
        assert_eq!(found, sleep);
        let caller = caller_of(child.id(), executable).unwrap();
        assert_eq!(caller, (child.id(), sleep.display().to_string()));
        assert_eq!(parent_of(child.id()), Some(std::process::id()));
        // One that hides its executable, and is no tokenward, goes by its name.
        let hidden = (child.id(), "sleep".to_owned());
        assert_eq!(caller_of(child.id(), |_| None).unwrap(), hidden);
        child.kill().unwrap();
        child.wait().unwrap();
        let this = std::process::id();
        // The number is of the same program as the name.
        let told = own().pid.zip(own().executable.clone());
        assert_eq!(told.as_ref().map(|(pid, _)| *pid), parent_of(this));
        assert_eq!(caller_of(this, executable), told);
        // As for everybody but root, to whom `tokenward get` hides its executable and its caller does not.
        let hidden = |pid| (pid != this).then(|| executable(pid)).flatten();
        assert_eq!(caller_of(this, hidden), told);
        assert_eq!(at_the_screen().to_string(), "in the UI");
    }
}
