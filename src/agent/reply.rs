//! Reads one HTTP answer from a blocking socket: its head, then a body of any of the three forms.

use crate::agent::error::CallError;
use httparse::Status;
use std::io::{self, ErrorKind, Read};
use zeroize::Zeroizing;

/// Longest head of an answer.
const LONGEST_HEAD: usize = 16 * 1024;
/// What every answer begins with.
const START: &[u8] = b"HTTP/1.";
/// Read at once.
const PORTION: usize = 16 * 1024;

/// An answer whose head was read. The buffer is zeroized when it is dropped.
pub struct HttpReply<R> {
    source: R,
    status: u16,
    extent: Extent,
    buffer: Zeroizing<Vec<u8>>,
    used: usize,
}

/// How far the body goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// So many bytes are left.
    Length(usize),
    /// Chunked (RFC 9112 7.1); so many bytes of the present chunk are left, its line end not counted.
    Chunk { left: usize, first: bool },
    /// Up to the end of the connection.
    Rest,
    /// It is over.
    Over,
}

impl<R: Read> HttpReply<R> {
    /// Reads the head.
    pub fn read(source: R) -> Result<Self, CallError> {
        let mut reply = Self {
            source,
            status: 0,
            extent: Extent::Over,
            buffer: Zeroizing::new(Vec::with_capacity(PORTION)),
            used: 0,
        };
        loop {
            if reply.fill()? == 0 {
                return Err(CallError::Gone);
            }
            if let Some((length, status, extent)) = parse_head(&reply.buffer)? {
                (reply.used, reply.status, reply.extent) = (length, status, extent);
                return Ok(reply);
            }
            if reply.buffer.len() > LONGEST_HEAD {
                return Err(wrong("its head is too long"));
            }
        }
    }

    /// HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The whole body, of at most `limit` bytes.
    pub fn body(mut self, limit: usize) -> Result<Zeroizing<Vec<u8>>, CallError> {
        let mut whole = Zeroizing::new(match self.extent {
            Extent::Length(length) if length <= limit => Vec::with_capacity(length),
            _ => Vec::with_capacity(PORTION),
        });
        while self.portion(&mut whole)? {
            if whole.len() > limit {
                return Err(wrong("it is too long"));
            }
        }
        Ok(whole)
    }

    /// Appends what is there of the body, reading more when nothing is; false when the body is over.
    pub fn portion(&mut self, into: &mut Vec<u8>) -> Result<bool, CallError> {
        loop {
            if self.extent == Extent::Over {
                return Ok(false);
            }
            if self.used == self.buffer.len() {
                self.used = 0;
                self.buffer.clear();
                if self.fill()? == 0 {
                    return self.end();
                }
            }
            if self.take(into)? {
                return Ok(true);
            }
        }
    }

    /// The connection ended: good when the body has no other end, bad within one.
    fn end(&mut self) -> Result<bool, CallError> {
        match self.extent {
            Extent::Rest | Extent::Over => {
                self.extent = Extent::Over;
                Ok(false)
            }
            Extent::Length(_) | Extent::Chunk { .. } => Err(CallError::Gone),
        }
    }

    /// Takes from the buffer; false when that yielded no byte of the body.
    fn take(&mut self, into: &mut Vec<u8>) -> Result<bool, CallError> {
        let ready = self.buffer.len() - self.used;
        let taken = match &mut self.extent {
            Extent::Over => 0,
            Extent::Rest => ready,
            Extent::Length(left) => {
                let taken = ready.min(*left);
                *left -= taken;
                taken
            }
            Extent::Chunk { left: 0, .. } => return self.next_chunk(),
            Extent::Chunk { left, .. } => {
                let taken = ready.min(*left);
                *left -= taken;
                taken
            }
        };
        into.extend_from_slice(&self.buffer[self.used..self.used + taken]);
        self.used += taken;
        if self.extent == Extent::Length(0) {
            self.extent = Extent::Over;
        }
        Ok(taken > 0)
    }

    /// Reads the size of the next chunk, after the line end of the one before.
    fn next_chunk(&mut self) -> Result<bool, CallError> {
        let Extent::Chunk { first, .. } = self.extent else {
            return Ok(false);
        };
        loop {
            let ahead = &self.buffer[self.used..];
            let skipped = if first { 0 } else { 2 };
            let line = ahead.get(skipped..).unwrap_or_default();
            if let Ok(Status::Complete((length, size))) = httparse::parse_chunk_size(line) {
                self.used += skipped + length;
                let left = usize::try_from(size).map_err(|_| wrong("its chunks are broken"))?;
                self.extent = match left {
                    // We send no trailers: what follows the last chunk is an empty line.
                    0 => Extent::Over,
                    left => Extent::Chunk { left, first: false },
                };
                return Ok(false);
            }
            // A size has at most 16 digits; extensions are not used here.
            if line.len() > 32 {
                return Err(wrong("its chunks are broken"));
            }
            if self.fill()? == 0 {
                return Err(CallError::Gone);
            }
        }
    }

    fn fill(&mut self) -> Result<usize, CallError> {
        let start = self.buffer.len();
        self.buffer.resize(start + PORTION, 0);
        let read = loop {
            match self.source.read(&mut self.buffer[start..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.buffer.truncate(start + *read.as_ref().unwrap_or(&0));
        read.map_err(|error| broken(&error))
    }
}

/// What an error in the middle of an exchange means.
pub fn broken(error: &io::Error) -> CallError {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => CallError::Timeout,
        _ => CallError::Gone,
    }
}

fn wrong(what: &'static str) -> CallError {
    CallError::Protocol { what }
}

/// The head, when it is here whole: its length, the status, how far the body goes.
///
/// Read by hand, unlike every other head here: this one comes from an owner that was found trustworthy, and a general
/// parser asks the processor for its features first, which costs a virtual machine a tenth of a whole `get`.
fn parse_head(bytes: &[u8]) -> Result<Option<(usize, u16, Extent)>, CallError> {
    if bytes.iter().zip(START).any(|(is, should)| is != should) {
        return Err(wrong("it is no HTTP"));
    }
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&bytes[..end]).map_err(|_| wrong("it is no HTTP"))?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(status_in);
    let status = status.ok_or_else(|| wrong("it is no HTTP"))?;
    let headers: Option<Vec<_>> = lines.map(|line| line.split_once(':')).collect();
    let headers = headers.ok_or_else(|| wrong("it is no HTTP"))?;
    Ok(Some((end + 4, status, extent(status, &headers)?)))
}

/// The status of a status line (RFC 9112 4).
fn status_in(line: &str) -> Option<u16> {
    let (_, rest) = line.split_once(' ')?;
    let code = rest.get(..3)?;
    let ends = matches!(rest.as_bytes().get(3), None | Some(b' '));
    code.parse().ok().filter(|status| ends && *status >= 100)
}

fn extent(status: u16, headers: &[(&str, &str)]) -> Result<Extent, CallError> {
    if matches!(status, 100..=199 | 204 | 304) {
        return Ok(Extent::Over);
    }
    let value = |wanted: &str| {
        let found = headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.trim())
    };
    if value("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        return Ok(Extent::Chunk {
            left: 0,
            first: true,
        });
    }
    let Some(length) = value("content-length") else {
        return Ok(Extent::Rest);
    };
    match length.parse() {
        Ok(0) => Ok(Extent::Over),
        Ok(length) => Ok(Extent::Length(length)),
        Err(_) => Err(wrong("its length is no number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Hands out its bytes a few at a time.
    struct Drip<'a> {
        bytes: &'a [u8],
        step: usize,
    }

    impl Read for Drip<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let taken = self.step.min(self.bytes.len()).min(into.len());
            into[..taken].copy_from_slice(&self.bytes[..taken]);
            self.bytes = &self.bytes[taken..];
            Ok(taken)
        }
    }

    fn whole(bytes: &[u8], step: usize) -> Result<Vec<u8>, CallError> {
        let reply = HttpReply::read(Drip { bytes, step })?;
        Ok(reply.body(1 << 20)?.to_vec())
    }

    proptest! {
        #[test]
        fn chunks_are_joined_however_they_arrive(
            chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..300), 0..6),
            step in 1_usize..400,
        ) {
            let mut bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
            for chunk in &chunks {
                bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                bytes.extend_from_slice(chunk);
                bytes.extend_from_slice(b"\r\n");
            }
            bytes.extend_from_slice(b"0\r\n\r\n");
            prop_assert_eq!(whole(&bytes, step).unwrap(), chunks.concat());
        }

        #[test]
        fn a_body_of_known_length_ends_there(body in proptest::collection::vec(any::<u8>(), 0..900), step in 1_usize..400) {
            let mut bytes = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
            bytes.extend_from_slice(&body);
            bytes.extend_from_slice(b"more");
            prop_assert_eq!(whole(&bytes, step).unwrap(), body);
        }

        #[test]
        fn garbage_is_an_error_or_a_body_and_never_a_panic(
            head in proptest::bool::ANY,
            garbage in proptest::collection::vec(any::<u8>(), 0..600),
            step in 1_usize..100,
        ) {
            let mut bytes = Vec::new();
            if head {
                bytes.extend_from_slice(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
            }
            bytes.extend_from_slice(&garbage);
            let _ = whole(&bytes, step);
        }
    }

    #[test]
    fn an_answer_longer_than_was_asked_for_is_refused() {
        for bytes in [
            &b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345"[..],
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n\r\n12345",
        ] {
            let read = |limit| {
                HttpReply::read(Drip { bytes, step: 7 })
                    .unwrap()
                    .body(limit)
            };
            assert!(matches!(read(4), Err(CallError::Protocol { .. })));
            assert_eq!(read(5).unwrap().as_slice(), b"12345");
        }
    }

    #[test]
    fn what_is_no_head_is_refused() {
        for (head, taken) in [
            ("HTTP/1.1 200 OK\r\n\r\n", true),
            ("HTTP/1.0 200\r\nConnection : close\r\n\r\n", true),
            ("HTTP/2 200 OK\r\n\r\n", false),
            ("SSH-2.0 200 OK\r\n\r\n", false),
            ("HTTP/1.1 2000 OK\r\n\r\n", false),
            ("HTTP/1.1 20 OK\r\n\r\n", false),
            ("HTTP/1.1 020 OK\r\n\r\n", false),
            ("HTTP/1.1 +20 OK\r\n\r\n", false),
            ("HTTP/1.1 200 OK\r\nno header\r\n\r\n", false),
            ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", false),
        ] {
            assert_eq!(whole(head.as_bytes(), 9).is_ok(), taken, "{head:?}");
        }
    }

    #[test]
    fn an_answer_that_is_cut_off_is_not_taken_for_whole() {
        for cut in [
            &b"HTTP/1.1 200 OK\r\nContent-Le"[..],
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfour",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfour",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n",
        ] {
            assert!(matches!(whole(cut, 7), Err(CallError::Gone)));
        }
    }
}
