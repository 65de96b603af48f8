//! Disks that are full while a backup is made or brought back: nothing is lost, and nothing half made is left.

use crate::restore_scene::{BACKUP, Scene, VAULT};
use crate::sandbox::Run;
use std::path::Path;
use std::process::Command;
use tokenward::vault::backup;
use tokenward::vault::store::Store;

/// Runs the program where no file grows beyond so many blocks of 512 bytes.
fn run_within(scene: &Scene, blocks: usize, arguments: &[&str]) -> Run {
    let quoted: Vec<String> = arguments.iter().map(|it| format!("'{it}'")).collect();
    // What would end the program is an error to it instead, as a full disk is.
    let script = format!(
        "trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" {}",
        quoted.join(" ")
    );
    scene.sandbox.shell(&script)
}

/// Limits from nothing at all to more than the whole takes.
fn limits(file: &Path) -> Vec<usize> {
    let most = usize::try_from(std::fs::metadata(file).unwrap().len()).unwrap() / 512;
    let steps = (0..=12).map(|step| most * step / 10);
    [0, 1, 2, 8].into_iter().chain(steps).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn a_restore_that_finds_no_room_leaves_the_vault_as_it_is() {
    let scene = Scene::new();
    let (mut done, mut refused) = (0, 0);
    let arguments = scene.arguments();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    for blocks in limits(&scene.backup()) {
        scene.begin_anew();
        let run = run_within(&scene, blocks, &arguments);
        let count = || scene.open(&scene.sandbox.vault()).count().unwrap();
        if run.code == Some(0) {
            done += 1;
            assert_eq!(count(), BACKUP, "{blocks} blocks");
        } else {
            refused += 1;
            assert!(
                run.stderr.contains("error: "),
                "{blocks} blocks: {}",
                run.stderr
            );
            assert!(
                scene.is_untouched(),
                "{blocks} blocks: {}: {:?}",
                run.stderr,
                scene.beside()
            );
            assert_eq!(count(), VAULT, "{blocks} blocks");
        }
    }
    assert!(done > 0 && refused > 0, "{done} {refused}");
}

#[test]
fn a_backup_that_finds_no_room_leaves_what_is_there_and_nothing_half_made() {
    let scene = Scene::new();
    let folder = scene.sandbox.path("copies");
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("copy");
    let wrapped = scene.wrapping(&file);
    let wrapped = wrapped.each_ref().map(String::as_str);
    let plain = &wrapped[..4];
    for arguments in [plain, &wrapped[..]] {
        let (mut done, mut refused) = (0, 0);
        for blocks in limits(&scene.backup()) {
            std::fs::write(&file, "the one before").unwrap();
            let run = run_within(&scene, blocks, arguments);
            let is_old = std::fs::read(&file).unwrap() == b"the one before";
            match run.code {
                Some(0) => done += 1,
                _ => refused += 1,
            }
            assert_eq!(
                is_old,
                run.code != Some(0),
                "{blocks} blocks: {}",
                run.stderr
            );
            assert_eq!(names(&folder), ["copy"], "{blocks} blocks");
            if !is_old && arguments.len() == plain.len() {
                assert_eq!(backup::look(&file).unwrap(), VAULT, "{blocks} blocks");
            }
        }
        assert!(done > 0 && refused > 0, "{done} {refused}");
    }
    assert!(scene.is_untouched(), "{:?}", scene.beside());
}

/// Whether this user may have a small disk of their own; not every system lets anybody but root.
fn has_small_disks() -> bool {
    let mut tried = Command::new("unshare");
    tried.args(["-Urm", "sh", "-c", "mount -t tmpfs -o size=64k none /mnt"]);
    tried.output().is_ok_and(|run| run.status.success())
}

/// Runs a script of the shell where `folder` is a disk of so many kilobytes; it is gone afterwards.
fn on_a_small_disk(scene: &Scene, folder: &Path, kilobytes: usize, script: &str) -> Run {
    let folder = folder.display();
    let mount = format!("mount -t tmpfs -o mode=700,size={kilobytes}k none '{folder}'");
    let inner = format!("{mount} && cd '{folder}' && {{ {script}; }}");
    let quoted = inner.replace('\'', "'\\''");
    scene
        .sandbox
        .shell(&format!("exec unshare -Urm sh -c '{quoted}' \"$0\""))
}

#[test]
fn a_disk_that_is_really_full_is_named_and_keeps_what_it_has() {
    if !has_small_disks() {
        // The tests above have the same, but for the words.
        return;
    }
    let scene = Scene::new();
    let copies = scene.sandbox.path("copies");
    std::fs::create_dir(&copies).unwrap();
    for option in ["", "--recipient $R"] {
        let backup = format!(
            "echo before > copy; R={}; \"$0\" vault backup copy --force {option}; code=$?; ls -A; cat copy; exit $code",
            scene.recipient()
        );
        let run = on_a_small_disk(&scene, &copies, 40, &backup);
        assert_eq!(run.stdout, "copy\nbefore\n", "{option}: {run:?}");
        assert!(run.stderr.contains("the disk is full"), "{option}: {run:?}");
        run.fails(1);
    }
    let place = scene.sandbox.path("place");
    std::fs::create_dir(&place).unwrap();
    let room = std::fs::metadata(scene.sandbox.vault()).unwrap().len() / 1024 + 60;
    let [_, _, backup, _, key] = scene.arguments();
    let restore = format!(
        "cp '{}' vault.db; \"$0\" --vault vault.db vault restore '{backup}' --identity-file '{key}'; code=$?; ls; \
         cmp vault.db '{}' || exit 99; exit $code",
        scene.sandbox.vault().display(),
        scene.sandbox.vault().display(),
    );
    let run = on_a_small_disk(&scene, &place, usize::try_from(room).unwrap(), &restore);
    assert_eq!(run.stdout, "vault.db\nvault.db.lock\n", "{run:?}");
    assert!(run.stderr.contains("the disk is full"), "{run:?}");
    run.fails(1);
}
