//! Guesses at the passphrase by several processes at once, and by some that are killed amid one: each of them counts.

use crate::sandbox::{PASSPHRASE, Running, Sandbox, eventually};
use rustix::process::Signal;
use std::path::Path;
use std::process::Command;
use tokenward::vault::tries::Tries;

/// As many as nobody types at once.
const MANY: usize = 12;

/// A command that guesses without the owner's seat, so that nothing but the counting holds it up.
fn guess(sandbox: &Sandbox, file: &Path) -> Command {
    let mut command = sandbox.command(["vault", "verify", "--passphrase-file"]);
    command.arg(file);
    command
}

/// The exit codes of many that were started at once.
fn codes(sandbox: &Sandbox, file: &Path) -> Vec<Option<i32>> {
    let all: Vec<Running> = (0..MANY)
        .map(|_| Running::start(&mut guess(sandbox, file)))
        .collect();
    let code = |mut one: Running| one.wait().code();
    all.into_iter().map(code).collect()
}

#[test]
fn wrong_guesses_of_many_processes_at_once_are_as_many_as_one_after_the_other() {
    let mut sandbox = Sandbox::with_vault();
    sandbox.set("TOKENWARD_LIMITS_PASSPHRASE_FIRST_WAIT_SECS", "600");
    sandbox.set("TOKENWARD_LIMITS_PASSPHRASE_LONGEST_WAIT_SECS", "600");
    let wrong = sandbox.write("wrong", "not this one at all");
    let codes = codes(&sandbox, &wrong);
    let of = |code| codes.iter().filter(|it| **it == Some(code)).count();
    assert_eq!((of(4), of(7)), (3, MANY - 3), "{codes:?}");
    assert_eq!(Tries::read(&sandbox.vault()).wrong, 3);
    let words = sandbox.run(["list"]).fails(7);
    assert!(words.contains("3 wrong passphrases"), "{words}");
}

#[test]
fn the_right_passphrase_given_by_many_processes_at_once_is_never_refused() {
    let sandbox = Sandbox::with_vault();
    let codes = codes(&sandbox, &sandbox.path("passphrase"));
    assert_eq!(codes, vec![Some(0); MANY]);
    assert_eq!(Tries::read(&sandbox.vault()), Tries::default());
}

#[test]
fn a_guess_that_is_killed_was_a_wrong_one_and_the_right_one_comes_through_after_the_wait() {
    let mut sandbox = Sandbox::new();
    // So slow that a kill falls into it.
    sandbox.set("TOKENWARD_VAULT_WORK_FACTOR", "18");
    let right = sandbox.write("passphrase", PASSPHRASE);
    let wrong = sandbox.write("wrong", "not this one at all");
    let right = right.to_str().unwrap();
    sandbox.run(["init", "--passphrase-file", right]).ok();
    for count in 1..=3 {
        let mut guess = Running::start(&mut guess(&sandbox, &wrong));
        eventually("it is counted", || {
            Tries::read(&sandbox.vault()).wrong == count
        });
        guess.signal(Signal::KILL);
        assert_eq!(guess.wait().code(), None, "it had ended");
    }
    let wait = "TOKENWARD_LIMITS_PASSPHRASE_FIRST_WAIT_SECS";
    let list = ["list", "--passphrase-file", right];
    sandbox.set(wait, "60");
    let words = sandbox.run(list).fails(7);
    assert!(words.contains("3 wrong passphrases"), "{words}");
    sandbox.set(wait, "1");
    eventually("the wait is over", || sandbox.run(list).code == Some(0));
    sandbox.set("TOKENWARD_PASSPHRASE_FILE", right);
    let log = sandbox.run(["audit", "list", "--json"]).ok();
    assert!(log.contains("\"count\":3"), "{log}");
    assert_eq!(Tries::read(&sandbox.vault()), Tries::default());
}
