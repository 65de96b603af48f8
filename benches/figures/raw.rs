//! A load generator for the socket: keep-alive connections, one request under way on each.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// One connection with a request that is asked again and again.
struct Asker {
    stream: UnixStream,
    request: Vec<u8>,
    buffer: Vec<u8>,
}

impl Asker {
    fn connect(socket: &Path, target: &str) -> Self {
        let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n").into_bytes();
        Self {
            stream: UnixStream::connect(socket).expect("the owner listens"),
            request,
            buffer: vec![0; 16 * 1024],
        }
    }

    fn send(&mut self) {
        self.stream
            .write_all(&self.request)
            .expect("the owner reads");
    }

    /// Reads one whole answer and insists on its being a good one.
    fn receive(&mut self) {
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.buffer[filled..]);
            let read = read.expect("the owner answers");
            assert!(read > 0, "the owner hung up");
            filled += read;
            if is_whole(&self.buffer[..filled]) {
                return;
            }
        }
    }
}

/// Whether these bytes are one whole answer, which must be a good one.
pub fn is_whole(bytes: &[u8]) -> bool {
    whole_length(bytes).is_some_and(|whole| {
        assert!(bytes.len() <= whole, "more than one answer");
        bytes.len() == whole
    })
}

fn whole_length(bytes: &[u8]) -> Option<usize> {
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = head.parse(bytes).expect("it is HTTP") else {
        return None;
    };
    assert_eq!(head.code, Some(200));
    let body = head
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"))
        .and_then(|header| {
            std::str::from_utf8(header.value)
                .ok()?
                .parse::<usize>()
                .ok()
        })
        .expect("the length is told");
    Some(length + body)
}

/// Requests a second over `time`, on `connections` connections shared among `threads` threads.
pub fn rate(
    socket: &Path,
    target: &str,
    connections: usize,
    threads: usize,
    time: Duration,
) -> f64 {
    let begun = Instant::now();
    let workers: Vec<_> = (0..threads)
        .map(|_| {
            let mut askers: Vec<_> = (0..connections / threads)
                .map(|_| Asker::connect(socket, target))
                .collect();
            std::thread::spawn(move || {
                let mut count = 0_u64;
                while begun.elapsed() < time {
                    for _ in 0..16 {
                        askers.iter_mut().for_each(Asker::send);
                        askers.iter_mut().for_each(Asker::receive);
                    }
                    count += 16 * askers.len() as u64;
                }
                count
            })
        })
        .collect();
    let count: u64 = workers
        .into_iter()
        .map(|worker| worker.join().expect("an asker panicked"))
        .sum();
    count as f64 / begun.elapsed().as_secs_f64()
}
