//! The backups that a running engine makes by itself.

use crate::engine_rig::{Rig, eventually, name, on_demand, refresh};
use std::time::Duration;
use tokenward::clock;
use tokenward::demo::quirks::Quirks;
use tokenward::engine::settings::EngineSettings;
use tokenward::model::event::Happening;
use tokenward::vault::daily::{Daily, folder_beside};
use tokenward::vault::store::Store;
use tokenward::vault::verify::verify;

fn daily(rig: &Rig) -> Daily {
    Daily {
        folder: folder_beside(&rig.path()),
        vault: rig.path(),
        keep_daily: 7,
        keep_weekly: 4,
        after: Duration::ZERO,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_engine_makes_the_days_backup_and_notes_it() {
    let rig = Rig::new(Quirks::default(), &[("alice", 0)]).await;
    let daily = daily(&rig);
    let engine = rig.start(EngineSettings {
        backups: Some(daily.clone()),
        ..on_demand()
    });
    let link = engine.link();
    eventually(|| daily.newest().is_some()).await;
    assert!(refresh(&link, "alice").await.is_ok());
    let file = daily.newest().unwrap();
    let lines = || rig.vault().activity(None, 50).unwrap();
    let backed_up = |what: &Happening| matches!(what, Happening::BackedUp { credentials: 1 });
    eventually(|| lines().iter().any(|line| backed_up(&line.what))).await;
    engine.shutdown().await;
    let copy = tokenward::vault::file::VaultFile::open(&file).unwrap();
    let mut copy = copy.unlock(&rig.key).unwrap();
    assert!(verify(&mut copy).is_whole());
    let mut names = Vec::new();
    copy.profiles(&mut |portion| {
        names.extend(portion.into_iter().map(|it| it.unwrap().profile.name));
    })
    .unwrap();
    assert_eq!(names, [name("alice")]);
    assert!(daily.make(clock::now()).unwrap().is_none(), "one a day");
}
