//! What the machine costs whoever wants to run and to write, measured all the while, moment by moment.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokenward::clock::{self, Timestamp};

/// An answer is on disk that soon on a machine that does nothing else.
const ALLOWED: Duration = Duration::from_millis(5);
/// Timestamps are whole milliseconds.
const BLUR: Duration = Duration::from_millis(1);

/// Walks the way of an answer again and again (a thread wakes, hands something to another one, which writes and syncs a
/// file), and looks each time how long the owner's threads stood ready and got no processor.
pub struct Canary {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Walk>>,
}

struct Walk {
    from: Timestamp,
    to: Timestamp,
    took: Duration,
    starved: Duration,
}

/// How the machine was while the canary lived.
pub struct Weather(Vec<Walk>);

impl Canary {
    /// Starts it; it writes in that folder and looks at that process.
    pub fn start(folder: PathBuf, owner: u32) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let tasks = PathBuf::from(format!("/proc/{owner}/task"));
            let file = folder.join("canary");
            let mut walks = Vec::new();
            let mut starved = waited(&tasks);
            while !seen.load(Ordering::Relaxed) {
                let mut walk = walk(file.clone());
                let so_far = waited(&tasks);
                walk.starved = so_far.saturating_sub(starved);
                starved = starved.max(so_far);
                walks.push(walk);
            }
            walks
        });
        Self { over, thread }
    }

    /// Ends it once it has come home from the walk it is on.
    pub fn come_home(self) -> Weather {
        self.over.store(true, Ordering::Relaxed);
        Weather(self.thread.join().unwrap())
    }
}

fn walk(file: PathBuf) -> Walk {
    let (from, begun) = (clock::now(), Instant::now());
    std::thread::sleep(BLUR);
    std::thread::spawn(move || {
        let mut file = std::fs::File::create(file).unwrap();
        file.write_all(&[0; 8192]).unwrap();
        file.sync_data().unwrap();
    })
    .join()
    .unwrap();
    Walk {
        from,
        to: clock::now(),
        took: begun.elapsed().saturating_sub(BLUR),
        starved: Duration::ZERO,
    }
}

/// How long all threads of a process together were ready to run and did not (the second number of `schedstat`, in
/// nanoseconds). Where the system does not tell, or the process is gone: nothing.
fn waited(tasks: &Path) -> Duration {
    let Ok(threads) = std::fs::read_dir(tasks) else {
        return Duration::ZERO;
    };
    threads
        .filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok())
        .filter_map(|line| line.split(' ').nth(1)?.parse().ok())
        .map(Duration::from_nanos)
        .sum()
}

impl Weather {
    /// How old an answer may be and yet not be on disk. It may have to wait for a batch that is being written just
    /// then, so twice what the way cost, and for the processor; but only what was so between the answer and the kill.
    pub fn allowed(&self, answered: Timestamp, killed: Timestamp) -> Duration {
        let knows_starving = self.0.iter().any(|walk| !walk.starved.is_zero());
        let met = |walk: &&Walk| {
            !knows_starving || (walk.to.plus(BLUR) >= answered && killed.plus(BLUR) >= walk.from)
        };
        let met: Vec<&Walk> = self.0.iter().filter(met).collect();
        let way = met.iter().map(|walk| walk.took).max().unwrap_or_default();
        let starved: Duration = met.iter().map(|walk| walk.starved).sum();
        ALLOWED + way * 2 + starved
    }
}
