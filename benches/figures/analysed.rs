//! 216,000 lines of the activity log, 90 days of 100 credentials, read from the vault and added up.
//!
//! Each line is read from the file, checked against its place in the chain, opened and counted. Through the engine, as
//! `audit analyze` and the UI ask, in portions beside everything else; and on one thread without it. The same lines
//! checked as `audit verify` does. What the file holds is in the system's cache: it was just written.

use crate::sample::Samples;
use crate::stage::{Stage, Tokens, name};
use crate::table::{Figure, Row};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokenward::clock::{Timestamp, now};
use tokenward::engine::api::{Command, Reply};
use tokenward::engine::runner::Engine;
use tokenward::engine::settings::EngineSettings;
use tokenward::model::alert::Thresholds;
use tokenward::model::analyst::Analyst;
use tokenward::model::credential::Generation;
use tokenward::model::event::{Activity, Happening, Purpose};
use tokenward::model::failure::{Failure, FailureClass};
use tokenward::model::program::Program;
use tokenward::oauth::http::{Http, HttpSettings};
use tokenward::vault::store::{Store, Write};

const CREDENTIALS: usize = 100;
const LINES: usize = 90 * 24 * CREDENTIALS;
const ROUNDS: usize = 5;
const PORTION: usize = 2000;

pub const ROW: Row = Row {
    name: "analysed",
    what: "216,000 lines of the activity log analysed",
    reach: "1 s",
    measure,
};

fn measure() -> Vec<Figure> {
    let stage = Stage::new(CREDENTIALS, Tokens::Warm);
    fill(&stage);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let asked: Vec<_> = (0..ROUNDS)
        .map(|_| runtime.block_on(asked(&stage)))
        .collect();
    let alone = (0..ROUNDS).map(|_| alone(&stage));
    vec![
        Figure::new(
            "asked of the engine",
            Samples::millis(asked.iter().map(|it| it.0)),
        ),
        Figure::new("on one thread, without it", Samples::millis(alone)),
        Figure::new(
            "checked (audit verify)",
            Samples::millis(asked.iter().map(|it| it.1)),
        ),
    ]
}

/// A line an hour of each credential: three of four hand-outs, the others refreshes, of which one in fifty failed.
fn fill(stage: &Stage) {
    let mut vault = stage.open_vault();
    let begin = now().minus(Duration::from_secs(90 * 24 * 3600));
    let programs: Vec<Arc<Program>> = (0..8)
        .map(|number| {
            Arc::new(Program {
                uid: Some(1000),
                pid: Some(4000 + number),
                executable: Some(format!("/usr/bin/program-{number}")),
                ..Program::default()
            })
        })
        .collect();
    let lines: Vec<usize> = (0..LINES).collect();
    for portion in lines.chunks(PORTION) {
        let written = portion
            .iter()
            .map(|number| Write::Activity(line(*number, begin, &programs)));
        vault.apply(written.collect()).expect("room on the disk");
    }
}

fn line(number: usize, begin: Timestamp, programs: &[Arc<Program>]) -> Activity {
    let (hour, whose) = (number / CREDENTIALS, number % CREDENTIALS);
    let at = begin.plus(Duration::from_secs(hour as u64 * 3600 + whose as u64 * 36));
    let by = Some(Arc::clone(&programs[whose % programs.len()]));
    let what = match (hour + whose) % 200 {
        0 => Happening::RefreshFailed {
            failure: Failure::new(
                FailureClass::Transient,
                "http_503",
                "The provider is overloaded or down for a moment.",
                "",
            ),
            next: Some(at),
        },
        part if part % 4 == 0 => Happening::Refreshed {
            generation: Generation(hour as u64),
            took_ms: 212,
            rotated: true,
        },
        _ => Happening::HandedOut {
            purpose: Purpose::Get,
            count: 3,
        },
    };
    let by = by.filter(|_| matches!(what, Happening::HandedOut { .. }));
    Activity::new(at, Some(name(whose)), what).by(by)
}

async fn asked(stage: &Stage) -> (Duration, Duration) {
    let http = Http::new(HttpSettings::default());
    let engine = Engine::start(
        Box::new(stage.open_vault()),
        http,
        EngineSettings::default(),
    );
    let link = engine.link();
    let list = link.ask(|reply| Command::List { reply }).await;
    drop(list.expect("it answers"));
    let begun = Instant::now();
    let analysis = link
        .ask(|reply: Reply<_>| Command::AuditAnalysis {
            since: None,
            until: None,
            reply,
        })
        .await
        .expect("a whole log");
    let analysed = begun.elapsed();
    assert!(analysis.total.lines >= LINES as u64);
    let begun = Instant::now();
    let verdict = link.ask(|reply| Command::AuditVerify { reply }).await;
    assert_eq!(verdict.expect("it answers").broken, None);
    let verified = begun.elapsed();
    engine.shutdown().await;
    (analysed, verified)
}

fn alone(stage: &Stage) -> Duration {
    let mut vault = stage.open_vault();
    let begun = Instant::now();
    let zone = jiff::tz::TimeZone::system();
    let mut analyst = Analyst::new(Thresholds::default(), zone, None, None);
    let mut after = 0;
    loop {
        let portion = vault.log_after(after, PORTION).expect("a whole log");
        let Some(last) = portion.last() else { break };
        after = last.number;
        for entry in &portion {
            analyst.take(&entry.activity);
        }
    }
    assert!(analyst.finish().total.lines >= LINES as u64);
    begun.elapsed()
}
