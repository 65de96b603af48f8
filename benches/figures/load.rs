//! Programs with a grant at the loopback port, as fast as they are answered, and the owner's UI meanwhile.
//!
//! The owner is the real program with its UI at 160x50 in a pseudo-terminal and 100 credentials. 64 keep-alive
//! connections (16 grants, four of each) ask for one token each in turn, one request under way on each, all from one thread: every answer must be
//! a good one, and its time is from before the request is written until it was read whole. Meanwhile a key is pressed
//! in the UI every 25 ms. Then the same with a crowd at the port: 1,000 connections that say nothing, 100 that read
//! nothing of what they asked for, 100 that send a byte of a request at a time. Client, owner and terminal emulator
//! share the machine's processors, so times under load are those of a machine that has nothing left.

use crate::memory;
use crate::sample::{Samples, Unit};
use crate::stage::{Stage, Tokens};
use crate::table::{Figure, Row};
use crate::terminal::Terminal;
use serde_json::Value;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const GRANTS: usize = 16;
const CONNECTIONS: usize = 64;
const ROUNDS: usize = 3;
/// So long that all rounds together stay below a million tokens, the most that one program gets in an hour.
const ROUND: Duration = Duration::from_secs(1);
const BETWEEN_KEYS: Duration = Duration::from_millis(25);
const IDLE: usize = 1_000;
const SLOW: usize = 100;

pub const ROW: Row = Row {
    name: "load",
    what: "64 programs with a grant at the port, and the UI meanwhile",
    reach: "a key on the screen within 16 ms, memory that does not grow",
    measure,
};

fn measure() -> Vec<Figure> {
    let stage = Stage::new(100, Tokens::Warm);
    stage.configure("[api]\nlisten = \"127.0.0.1:0\"\n");
    let mut terminal = Terminal::start(&stage);
    terminal.open_filter("100");
    let loads = Load::with_grants(&stage);
    let calm = presses(&mut terminal, ROUND);
    let before = memory::resident(terminal.pid());
    let alone = run(&mut terminal, &loads, false);
    let crowded = run(&mut terminal, &loads, true);
    let after = memory::resident(terminal.pid());
    let mut figures = Vec::new();
    for (what, run) in [("64 programs", alone), ("64 programs in a crowd", crowded)] {
        let late = format!("99 %: {}", run.times.write(run.times.share(0.99)));
        figures.push(Figure::new(format!("{what}, answers"), run.rate));
        figures.push(Figure::new(format!("{what}, time of an answer"), run.times).note(late));
        let late = format!("99 %: {}", run.keys.write(run.keys.share(0.99)));
        figures.push(Figure::new(format!("{what}, key to screen"), run.keys).note(late));
    }
    figures.push(Figure::new("nobody, key to screen", Samples::millis(calm)));
    let memory = Samples::one(Unit::Megabytes, after);
    let note = format!("{before:.1} MB before");
    figures.push(Figure::new("the owner's memory afterwards", memory).note(note));
    figures
}

/// What one kind of load showed.
struct Run {
    rate: Samples,
    times: Samples,
    keys: Samples,
}

fn run(terminal: &mut Terminal, loads: &[Load], crowded: bool) -> Run {
    let (mut rates, mut times, mut keys) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let loads = loads.to_vec();
        let asking = std::thread::spawn(move || drive(&loads, crowded));
        // The programs are all there after that time, and ask for as long as keys are pressed.
        std::thread::sleep(ROUND / 4);
        keys.extend(presses(terminal, ROUND));
        let taken = asking.join().expect("an asker panicked");
        rates.push(taken.len() as f64 / (ROUND * 3 / 2).as_secs_f64());
        times.extend(taken);
    }
    Run {
        rate: Samples::new(Unit::PerSecond, rates),
        times: Samples::millis(times),
        keys: Samples::millis(keys),
    }
}

fn presses(terminal: &mut Terminal, time: Duration) -> Vec<Duration> {
    let begun = Instant::now();
    let mut taken = Vec::new();
    while begun.elapsed() < time {
        let took = terminal.press();
        taken.push(took);
        std::thread::sleep(BETWEEN_KEYS.saturating_sub(took));
    }
    taken
}

/// What is asked, and where.
#[derive(Debug, Clone)]
struct Load {
    port: SocketAddr,
    request: String,
}

impl Load {
    fn with_grants(stage: &Stage) -> Vec<Self> {
        let json = |arguments: &[&str]| -> Value {
            let mut program = stage.program(arguments);
            let output = program.stdout(Stdio::piped()).output().expect("it runs");
            serde_json::from_slice(&output.stdout).expect("it answers")
        };
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let port = text(&json(&["status", "--json"])["owner"]["port"]);
        let port: SocketAddr = port.parse().expect("an address");
        let of = |number: usize| {
            let (grant, credential) = (format!("load-{number}"), "demo/user-00001");
            let create = ["grant", "create", &grant, "--credential", credential];
            json(&[&create[..], &["--rate", "1000000", "--json"]].concat());
            let pair = json(&["grant", "token", &grant, "--json"]);
            let access = text(&pair["access_token"]);
            let request = format!(
                "GET /api/credentials/{credential}/token HTTP/1.1\r\nHost: {port}\r\n\
                 Authorization: Bearer {access}\r\n\r\n"
            );
            Self { port, request }
        };
        (0..GRANTS).map(of).collect()
    }
}

/// Asks for one and a half rounds, and gives every answer's time.
fn drive(loads: &[Load], crowded: bool) -> Vec<Duration> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let mut askers = JoinSet::new();
        let until = Instant::now() + ROUND * 3 / 2;
        for load in loads.iter().cycle().take(CONNECTIONS) {
            askers.spawn(load.clone().ask_until(until));
        }
        let mut crowd = JoinSet::new();
        if crowded {
            for load in loads.iter().cycle().take(IDLE) {
                crowd.spawn(load.clone().rest());
            }
            for load in loads.iter().cycle().take(SLOW) {
                crowd.spawn(load.clone().read_nothing());
                crowd.spawn(load.clone().write_slowly());
            }
        }
        askers.join_all().await.concat()
    })
}

impl Load {
    async fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.port).await;
        stream.expect("the owner listens")
    }

    async fn ask_until(self, until: Instant) -> Vec<Duration> {
        let mut stream = self.connect().await;
        let mut buffer = vec![0; 8192];
        let mut taken = Vec::new();
        while Instant::now() < until {
            let begun = Instant::now();
            let wrote = stream.write_all(self.request.as_bytes()).await;
            wrote.expect("the owner reads");
            let mut filled = 0;
            while !crate::raw::is_whole(&buffer[..filled]) {
                let read = stream.read(&mut buffer[filled..]).await;
                let read = read.expect("the owner answers");
                assert!(read > 0, "the owner hung up");
                filled += read;
            }
            taken.push(begun.elapsed());
        }
        taken
    }

    async fn rest(self) {
        let _stream = self.connect().await;
        std::future::pending::<()>().await;
    }

    async fn read_nothing(self) {
        let mut stream = self.connect().await;
        // It is hung up on at some time.
        while stream.write_all(self.request.as_bytes()).await.is_ok() {}
        std::future::pending::<()>().await;
    }

    async fn write_slowly(self) {
        let mut stream = self.connect().await;
        for byte in self.request.as_bytes() {
            if stream.write_all(&[*byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        std::future::pending::<()>().await;
    }
}
