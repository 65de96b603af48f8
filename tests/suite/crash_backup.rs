//! A wrapped backup killed with SIGKILL at random moments: never is a plain vault beside its file, and nothing half made.

use crate::restore_scene::Scene;
use crate::sandbox::Running;
use crate::vault_fixture::sign_in;
use rand::Rng;
use rustix::process::Signal;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokenward::secret::VaultIdentity;
use tokenward::vault::backup;
use tokenward::vault::store::Store;
use tokenward::vault::wrap;

const KILLS: usize = 100;
/// So many credentials that a copy takes its time.
const MORE: usize = 400;

/// What a file of a folder begins with.
fn beginnings(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let read = entries.filter_map(|entry| {
        let mut begins = Vec::new();
        // It may be gone by now.
        let file = File::open(entry.path()).ok()?;
        file.take(22).read_to_end(&mut begins).ok()?;
        Some((entry.file_name().into_string().unwrap(), begins))
    });
    read.collect()
}

/// Looks into the folder again and again until it is over; whether a plain vault was ever there.
fn sees_a_vault(folder: &Path, is_over: &AtomicBool) -> bool {
    let mut seen = false;
    while !is_over.load(Ordering::Relaxed) {
        seen |= beginnings(folder)
            .iter()
            .any(|(_, begins)| begins.starts_with(b"SQLite"));
    }
    seen
}

#[test]
fn a_wrapped_backup_that_is_killed_leaves_nothing_and_never_a_vault_that_can_be_read_beside_its_file()
 {
    let scene = Scene::new();
    let mut vault = scene.open(&scene.sandbox.vault());
    let names = (0..MORE).map(|n| format!("github/user-{n}"));
    let writes = names.map(|name| sign_in(&vault, &name)).collect();
    vault.apply(writes).unwrap();
    let credentials = vault.count().unwrap();
    drop(vault);
    let vault_folder = scene.sandbox.vault().parent().unwrap().to_path_buf();
    let before = scene.beside();
    let folder = scene.sandbox.path("copies");
    fs::create_dir(&folder).unwrap();
    let file = folder.join("copy.age");
    let recipient = scene.recipient();
    let name = file.to_str().unwrap();
    let args = ["vault", "backup", name, "--recipient", &recipient];
    let begun = Instant::now();
    scene.sandbox.run(args).ok();
    let mut aim = begun.elapsed();
    let key = VaultIdentity::new(fs::read_to_string(scene.sandbox.path("key.txt")).unwrap());
    let key = key.into();
    let mut random = rand::rng();
    let (mut whole, mut nothing) = (0, 0);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| sees_a_vault(&folder, &is_over));
        for round in 0..KILLS {
            let _ = fs::remove_file(&file);
            let mut running = Running::start(&mut scene.sandbox.command(args));
            let share = match round % 2 {
                0 => random.random_range(0.0..1.1),
                _ => random.random_range(0.85..1.15),
            };
            std::thread::sleep(aim.mul_f64(share));
            running.signal(Signal::KILL);
            running.wait();
            let left = beginnings(&folder);
            match &left[..] {
                [] => {
                    nothing += 1;
                    aim = aim.mul_f64(1.05).max(Duration::from_millis(1));
                }
                [(name, _)] if name == "copy.age" => {
                    whole += 1;
                    aim = aim.div_f64(1.05);
                    let opened = scene.sandbox.path("opened.db");
                    let _ = fs::remove_file(&opened);
                    wrap::unwrap(&file, &mut File::create(&opened).unwrap(), &key).unwrap();
                    assert_eq!(backup::look(&opened).unwrap(), credentials, "round {round}");
                }
                // Where files need a name, a part of an age file may be left.
                [(name, begins)] if !cfg!(target_os = "linux") => {
                    assert!(name.starts_with("copy.age.new-"), "round {round}: {name}");
                    assert!(
                        b"age-encryption.org/v1\n".starts_with(begins),
                        "round {round}"
                    );
                    fs::remove_file(folder.join(name)).unwrap();
                }
                other => panic!("round {round}: {other:?}"),
            }
            assert_eq!(
                scene.beside(),
                before,
                "round {round}: {}",
                vault_folder.display()
            );
        }
        is_over.store(true, Ordering::Relaxed);
        assert!(
            !watcher.join().unwrap(),
            "a vault that can be read was beside the backup"
        );
    });
    println!("{KILLS} kills: {nothing} left nothing, {whole} a whole backup");
    assert!(nothing > 0 && whole > 0, "{nothing} {whole}");
}
