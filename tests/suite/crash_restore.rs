//! A restore killed with SIGKILL at random moments: the old vault or the new one is in its place, and whole.

use crate::restore_scene::{BACKUP, Scene, VAULT};
use crate::sandbox::Running;
use rand::Rng;
use rustix::process::Signal;
use std::time::{Duration, Instant};
use tokenward::vault::store::Store;

const KILLS: usize = 100;

#[test]
fn a_restore_that_is_killed_leaves_the_old_vault_or_the_new_one_and_loses_neither() {
    let scene = Scene::new();
    let begun = Instant::now();
    assert!(Running::start(&mut scene.restore()).wait().success());
    let mut aim = begun.elapsed();
    let mut random = rand::rng();
    let (mut still_old, mut new) = (0, 0);
    for round in 0..KILLS {
        scene.begin_anew();
        let mut restore = Running::start(&mut scene.restore());
        // Half of the kills fall anywhere before the swap, half close to it, wherever this machine has it now.
        let share = match round % 2 {
            0 => random.random_range(0.0..1.1),
            _ => random.random_range(0.85..1.15),
        };
        std::thread::sleep(aim.mul_f64(share));
        restore.signal(Signal::KILL);
        restore.wait();
        let count = scene.open(&scene.sandbox.vault()).count().unwrap();
        match count {
            VAULT => {
                still_old += 1;
                aim = aim.mul_f64(1.05).max(Duration::from_millis(1));
            }
            BACKUP => {
                new += 1;
                aim = aim.div_f64(1.05);
                let kept = scene.beside();
                let kept = kept.iter().find(|path| {
                    let name = path.file_name().unwrap().to_str().unwrap();
                    name.contains(".before-restore.") && !name.ends_with("-shm")
                });
                let kept = kept.unwrap_or_else(|| panic!("round {round}: the old one is gone"));
                assert_eq!(scene.open(kept).count().unwrap(), VAULT);
            }
            other => panic!("round {round}: {other} credentials"),
        }
        // What the kill left behind is no obstacle.
        if round % 10 == 0 {
            assert!(scene.restore().status().unwrap().success());
            scene.open(&scene.sandbox.vault());
        }
    }
    println!("{KILLS} kills: {still_old} left the old vault, {new} the new one");
    assert!(still_old > 0 && new > 0, "{still_old} {new}");
}
