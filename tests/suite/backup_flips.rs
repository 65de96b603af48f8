//! Backups that were cut off or changed at any byte: refused, and nothing is moved; or harmless, and all of it is there.

use crate::restore_scene::{BACKUP, Scene, credentials};
use rand::Rng;
use tokenward::vault::store::Store;

/// Bytes that are changed, and lengths that are cut to, of each kind of backup.
const TRIED: usize = 40;

/// Runs the restore of these bytes; whether it was done. One that is refused moved nothing.
fn restores(scene: &Scene, bytes: &[u8], what: &str) -> bool {
    scene.begin_anew();
    std::fs::write(scene.backup(), bytes).unwrap();
    let run = scene.sandbox.run(scene.arguments());
    match run.code {
        Some(0) => return true,
        Some(1 | 4) => {}
        other => panic!("{what}: ended with {other:?}: {}", run.stderr),
    }
    assert!(run.stderr.starts_with("error: "), "{what}: {}", run.stderr);
    assert!(!run.stderr.contains("panicked"), "{what}: {}", run.stderr);
    assert!(scene.is_untouched(), "{what}: {}", run.stderr);
    false
}

/// Every backup that is shorter is refused.
fn cut_everywhere(scene: &Scene, bytes: &[u8]) {
    let mut random = rand::rng();
    let some = (0..TRIED).map(|_| random.random_range(0..bytes.len()));
    let pages = [4096, 8192, bytes.len() - 4096];
    let ends = [0, 1, 21, 99, 100, bytes.len() - 1];
    for length in some.chain(pages).chain(ends) {
        let what = format!("cut to {length} of {}", bytes.len());
        assert!(!restores(scene, &bytes[..length], &what), "{what}");
    }
}

/// Changes one byte here and there; gives how many of these were refused, and calls `taken` for each that was not.
fn change_everywhere(scene: &Scene, bytes: &[u8], taken: impl Fn(&str)) -> usize {
    let mut random = rand::rng();
    let mut refused = 0;
    let some: Vec<usize> = (0..TRIED)
        .map(|_| random.random_range(0..bytes.len()))
        .collect();
    let ends = [0, 17, 60, 71, 100, bytes.len() - 1];
    for at in some.into_iter().chain(ends) {
        let mut changed = bytes.to_vec();
        changed[at] ^= random.random_range(1..=255_u8);
        let what = format!("byte {at} is {} instead of {}", changed[at], bytes[at]);
        match restores(scene, &changed, &what) {
            true => taken(&what),
            false => refused += 1,
        }
    }
    refused
}

#[test]
fn a_backup_that_is_cut_off_is_refused_and_one_that_is_changed_is_refused_or_all_there() {
    let scene = Scene::new();
    let bytes = std::fs::read(scene.backup()).unwrap();
    assert!(restores(&scene, &bytes, "as it was written"));
    let whole = credentials(&mut scene.open(&scene.sandbox.vault()));
    cut_everywhere(&scene, &bytes);
    let refused = change_everywhere(&scene, &bytes, |what| {
        let mut vault = scene.open(&scene.sandbox.vault());
        assert_eq!(vault.count().unwrap(), BACKUP, "{what}");
        assert_eq!(credentials(&mut vault), whole, "{what}");
    });
    println!("{refused} of {} changed backups were refused", TRIED + 6);
    assert!(refused > 0);
}

#[test]
fn a_wrapped_backup_that_is_cut_off_or_changed_anywhere_is_refused() {
    let scene = Scene::new();
    let file = scene.backup();
    scene.begin_anew();
    scene.sandbox.run(scene.wrapping(&file)).ok();
    let bytes = std::fs::read(&file).unwrap();
    assert!(restores(&scene, &bytes, "as it was written"));
    cut_everywhere(&scene, &bytes);
    let refused = change_everywhere(&scene, &bytes, |what| panic!("{what}: restored"));
    assert_eq!(refused, TRIED + 6);
}
