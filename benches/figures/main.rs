//! tuning only
mod raw; mod sample;
use std::sync::Arc; use std::time::Duration;
use tokenward::agent::{server, socket}; use tokenward::engine::{link::Link, shelf::Shelf};
use tokenward::model::token::IssuedToken; use tokenward::secret::AccessToken;
fn main() {
    let workers: usize = std::env::var("W").ok().and_then(|w| w.parse().ok()).unwrap_or(2);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("agent.sock");
    let shelf = Shelf::default();
    for n in 0..100 { shelf.put(format!("github/a{n}").parse().unwrap(), Arc::new(IssuedToken { access: AccessToken::new("x".repeat(40)), token_type: "Bearer".into(), expires_at: Some(tokenward::clock::now().plus(Duration::from_secs(3000))), scopes: vec!["repo".into()] })); }
    let (c, mut rx) = tokio::sync::mpsc::channel(8); let (e, _) = tokio::sync::broadcast::channel(8);
    let link = Link::new(c, e, shelf);
    let bound = socket::bind(&path).unwrap();
    std::thread::spawn(move || {
        let rt = if workers == 0 { tokio::runtime::Builder::new_current_thread().enable_all().build() } else { tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build() }.unwrap();
        rt.block_on(async {
            tokio::spawn(async move { while let Some(c) = rx.recv().await { if let tokenward::engine::api::Command::Status { reply } = c {
                let _ = reply.send(Ok(tokenward::engine::api::EngineStatus { version: "x".into(), pid: 1, started_at: tokenward::clock::now(), healths: vec![], in_flight: 0, queued: 0, refreshed: 0, failed: 0, next_refresh: None, vault: "x".into() })); } } });
            if std::env::var("SPAWN").is_ok() { tokio::spawn(server::serve(bound, link, Default::default())).await.unwrap().unwrap() } else { server::serve(bound, link, Default::default()).await.unwrap() }
        });
    });
    std::thread::sleep(Duration::from_millis(100));
    for target in ["/api/credentials/github/a5/token?min_ttl=60", "/api/health"] {
        for (conns, threads) in [(1, 1), (8, 1), (8, 2), (8, 8)] {
            let r: Vec<f64> = (0..3).map(|_| raw::rate(&path, target, conns, threads, Duration::from_secs(1))).collect();
            println!("{target} conns {conns} threads {threads}: {r:.0?}");
        }
    }
}
