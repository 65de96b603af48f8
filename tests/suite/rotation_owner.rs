//! A new key for the vault beside owners of it: one at a time, and nothing is lost whoever is killed.

use crate::accounts;
use crate::sandbox::{Running, Sandbox};
use rand::Rng;
use rustix::process::Signal;
use std::time::{Duration, Instant};
use tokenward::demo::provider::DemoProvider;
use tokenward::secret::Passphrase;
use tokenward::vault::file::VaultFile;
use tokenward::vault::slot::Key;
use tokenward::vault::verify::verify;

const ROUNDS: usize = 30;

/// A vault with one credential, whose refresh tokens are good for one use each.
fn signed_in() -> (Sandbox, DemoProvider) {
    accounts::signed_in(accounts::single_use(), &["alice"])
}

/// What the vault's rows are sealed to; the vault must be whole.
fn recipient(sandbox: &Sandbox) -> String {
    let word = Passphrase::new(crate::sandbox::PASSPHRASE.to_owned());
    let locked = VaultFile::open(&sandbox.vault()).unwrap();
    let mut vault = locked.unlock(&Key::Passphrase(word)).unwrap();
    let report = verify(&mut vault);
    assert!(report.is_whole(), "{report:?}");
    vault.keys().recipient().to_string()
}

fn rotate(sandbox: &Sandbox) -> Running {
    Running::start(&mut sandbox.command(["vault", "rotate-key"]))
}

/// How long a rotation takes here.
fn measured(sandbox: &Sandbox) -> Duration {
    let begun = Instant::now();
    sandbox.run(["vault", "rotate-key"]).ok();
    begun.elapsed()
}

fn ends(mut owner: Running) {
    owner.signal(Signal::TERM);
    assert!(owner.wait().success());
}

#[test]
fn an_owner_that_comes_after_a_rotation_that_was_killed_loses_nothing_and_keeps_others_out() {
    let (sandbox, _provider) = signed_in();
    let mut aim = measured(&sandbox);
    let mut key = recipient(&sandbox);
    let (mut done, mut undone) = (0, 0);
    for round in 0..ROUNDS {
        let mut rotation = rotate(&sandbox);
        std::thread::sleep(aim.mul_f64(rand::rng().random_range(0.5..1.2)));
        rotation.signal(Signal::KILL);
        rotation.wait();
        let owner = sandbox.daemon();
        let words = sandbox.run(["vault", "rotate-key"]).fails(6);
        assert!(
            words.contains("in use by its owner"),
            "round {round}: {words}"
        );
        sandbox.run(["refresh", "demo/alice"]).ok();
        ends(owner);
        let now = recipient(&sandbox);
        match std::mem::replace(&mut key, now.clone()) == now {
            true => {
                undone += 1;
                aim = aim.mul_f64(1.1);
            }
            false => {
                done += 1;
                aim = aim.div_f64(1.1);
            }
        }
    }
    println!("{ROUNDS} kills: {done} after the change, {undone} before it");
    assert!(done > 0 && undone > 0, "{done} {undone}");
    sandbox.run(["vault", "rotate-key"]).ok();
    sandbox.run(["refresh", "demo/alice"]).ok();
}

#[test]
fn an_owner_that_starts_amid_a_rotation_never_goes_on_with_the_old_key() {
    let (sandbox, _provider) = signed_in();
    let takes = measured(&sandbox);
    let (mut rotated, mut refused) = (0, 0);
    for round in 0..ROUNDS {
        let before = recipient(&sandbox);
        // Which of them is first is left to chance.
        let share = rand::rng().random_range(-0.5..1.0_f64);
        let pause = takes.mul_f64(share.abs());
        let (mut rotation, owner) = if share < 0.0 {
            let owner = Running::start(&mut sandbox.command(["--daemon"]));
            std::thread::sleep(pause);
            (rotate(&sandbox), owner)
        } else {
            let rotation = rotate(&sandbox);
            std::thread::sleep(pause);
            (rotation, Running::start(&mut sandbox.command(["--daemon"])))
        };
        owner.wait_for_words("ready");
        let code = rotation.wait().code();
        sandbox.run(["refresh", "demo/alice"]).ok();
        ends(owner);
        let has_changed = recipient(&sandbox) != before;
        match code {
            Some(0) => rotated += 1,
            Some(6) => refused += 1,
            other => panic!("round {round}: {other:?}: {}", rotation.words()),
        }
        assert_eq!(has_changed, code == Some(0), "round {round}");
    }
    println!("{ROUNDS} rounds: {rotated} rotations, {refused} beside an owner");
    assert!(rotated > 0 && refused > 0, "{rotated} {refused}");
}
