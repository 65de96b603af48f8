//! The activity log while it is pruned by a program that is killed: what is left is a chain without a gap.

use rand::Rng;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tokenward::clock::Timestamp;
use tokenward::model::audit::Verdict;
use tokenward::model::event::{Activity, Happening};
use tokenward::secret::Passphrase;
use tokenward::vault::file::VaultFile;
use tokenward::vault::log_check::LogCheck;
use tokenward::vault::open::OpenVault;
use tokenward::vault::slot::{Key, NewSlot};
use tokenward::vault::store::{Pruning, Store, Write};
use tokenward::vault::verify::verify;

const KILLS: usize = 100;
/// Lines that stay.
const KEPT: u64 = 60;
/// Lines of each transaction of the one that is killed.
const LINES: usize = 7;

fn passphrase() -> Passphrase {
    Passphrase::new("no secret at all".to_owned())
}

fn open(path: &Path) -> OpenVault {
    let key = Key::Passphrase(passphrase());
    VaultFile::open(path).unwrap().unlock(&key).unwrap()
}

fn lines() -> impl Iterator<Item = Write> {
    let line = |count| {
        let what = Happening::BackedUp { credentials: count };
        Write::Activity(Activity::new(
            Timestamp::from_secs(1_800_000_000),
            None,
            what,
        ))
    };
    (0..LINES as u64).map(line)
}

fn verdict(vault: &mut OpenVault) -> Verdict {
    let mut check = LogCheck::default();
    loop {
        if let Some(verdict) = check.step(vault).unwrap() {
            return verdict;
        }
    }
}

/// Runs in a program of its own until that is killed: adds lines, and lets old ones go.
#[test]
#[ignore = "run by the test below"]
fn prunes_until_it_is_killed() {
    let path = std::env::var_os("PRUNED_VAULT").unwrap();
    let mut vault = open(Path::new(&path));
    println!("BEGUN");
    loop {
        let pruning = Pruning {
            before: Timestamp::from_secs(0),
            most: KEPT,
            portion: rand::rng().random_range(1..20),
        };
        let mut writes: Vec<Write> = lines().collect();
        if rand::random() {
            vault.apply(std::mem::take(&mut writes)).unwrap();
        }
        writes.push(Write::Prune(pruning));
        vault.apply(writes).unwrap();
    }
}

/// Lets it prune for a while, and kills it in the middle.
fn prune_and_kill(path: &Path, after: Duration) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "vault_pruning_kill::prunes_until_it_is_killed",
            "--ignored",
            "--nocapture",
        ])
        .env("PRUNED_VAULT", path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let has_begun = out
        .lines()
        .map_while(Result::ok)
        .any(|line| line.contains("BEGUN"));
    assert!(has_begun, "it ended by itself");
    // Any moment will do: that is what is tested.
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_log_that_was_being_pruned_when_its_program_was_killed_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    drop(VaultFile::create(&path, NewSlot::Passphrase(passphrase()), 2).unwrap());
    let (mut first, mut last) = (1, 1);
    let (mut pruned, mut unpruned) = (0, 0);
    let mut aim = Duration::from_millis(2);
    for kill in 0..KILLS {
        // Half of the kills fall anywhere, half about where the first pruning of a program is.
        let share = rand::rng().random_range(0.0..2.0);
        prune_and_kill(
            &path,
            match kill % 2 {
                0 => Duration::from_millis(30).mul_f64(share),
                _ => aim.mul_f64(share),
            },
        );
        let mut vault = open(&path);
        let told = verdict(&mut vault);
        assert_eq!(told.broken, None, "kill {kill}");
        let begins = told.first.unwrap();
        let ends = begins + told.lines - 1;
        assert!(
            begins >= first && ends >= last,
            "kill {kill}: lines came back or went"
        );
        if begins > first {
            pruned += 1;
            aim = aim.div_f64(1.1);
        } else {
            unpruned += 1;
            aim = aim.mul_f64(1.1);
        }
        (first, last) = (begins, ends);
        // It goes on from there, in a chain that is whole again.
        vault.apply(lines().collect()).unwrap();
        last += LINES as u64;
        assert!(verify(&mut vault).is_whole(), "kill {kill}");
    }
    println!("{KILLS} kills: {pruned} after a pruning, {unpruned} before any");
    assert!(pruned > 0 && unpruned > 0, "{pruned} {unpruned}");
}
