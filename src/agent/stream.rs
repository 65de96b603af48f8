//! Bodies that are made while they are sent: the event stream, and lists too long for one buffer.

use crate::agent::listener::Listener;
use crate::engine::api::Event;
use futures_util::stream::{Stream, unfold};
use hyper::body::{Bytes, Frame};
use serde::Serialize;
use std::convert::Infallible;
use tokio_util::sync::CancellationToken;

/// Events that are ready together are sent together, up to about this many bytes.
const PORTION: usize = 32 * 1024;
/// Entries of a list that are made at once.
const ENTRIES: usize = 128;

/// One event a line. Ends after [`Event::Stopped`], or when the server leaves.
pub fn events(
    listener: Listener,
    shutdown: CancellationToken,
) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> {
    unfold(Some((listener, shutdown)), |state| async move {
        let (mut listener, shutdown) = state?;
        let first = tokio::select! {
            biased;
            told = listener.next() => told,
            () = shutdown.cancelled() => None,
        }?;
        let mut lines = Vec::new();
        let over = fill(&mut lines, first, &mut listener);
        let next = (!over).then_some((listener, shutdown));
        Some((Ok(Frame::data(Bytes::from(lines))), next))
    })
}

/// Writes the first event and those that are ready behind it; tells whether the last one of all was among them.
fn fill(lines: &mut Vec<u8>, first: Event, listener: &mut Listener) -> bool {
    let mut event = first;
    loop {
        write_line(lines, &event);
        if event == Event::Stopped {
            return true;
        }
        if lines.len() >= PORTION {
            return false;
        }
        event = match listener.ready() {
            Some(event) => event,
            None => return false,
        };
    }
}

fn write_line(lines: &mut Vec<u8>, event: &Event) {
    serde_json::to_writer(&mut *lines, event).expect("events always serialize");
    lines.push(b'\n');
}

/// A JSON array, made portion by portion.
pub fn array<T: Serialize>(
    entries: Vec<T>,
) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> {
    unfold(Some((entries.into_iter(), true)), |state| async move {
        let (mut entries, first) = state?;
        let mut text = Vec::with_capacity(PORTION);
        if first {
            text.push(b'[');
        }
        for (at, entry) in entries.by_ref().take(ENTRIES).enumerate() {
            if at > 0 || !first {
                text.push(b',');
            }
            serde_json::to_writer(&mut text, &entry).expect("plain data always serializes");
        }
        let over = entries.len() == 0;
        if over {
            text.push(b']');
        }
        let next = (!over).then_some((entries, false));
        Some((Ok(Frame::data(Bytes::from(text))), next))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt;

    #[tokio::test]
    async fn an_array_made_in_portions_is_one_array() {
        for length in [0, 1, ENTRIES - 1, ENTRIES, ENTRIES + 1, 3 * ENTRIES] {
            let numbers: Vec<usize> = (0..length).collect();
            let portions: Vec<_> = array(numbers.clone()).collect().await;
            let text: Vec<u8> = portions
                .into_iter()
                .flat_map(|frame| frame.unwrap().into_data().unwrap())
                .collect();
            assert_eq!(
                serde_json::from_slice::<Vec<usize>>(&text).unwrap(),
                numbers
            );
        }
    }
}
