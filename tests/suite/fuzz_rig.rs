//! Inputs that are nearly right, or not at all, and what every reader of them must hold.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use serde_json::{Map, Value, json};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};
use tokenward::oauth::error::OAuthError;

/// A token as providers make them; it stands in valid inputs wherever a secret of ours would.
pub const RECEIVED: &str = "rcvd-Q7xZ2mVb9LkT4wYc8NsE1hJf6RgD3aPu0Ki5Bo_tMqXz";
/// What was sent, and may come back in an answer.
pub const SENT: &str = "sent-W3eR8tY5uI2oP7aS4dF9gH6jK1lZ0xCvBn-MqAzWsXeDc";

/// A run of a marker this long that shows is a leak; shorter ones cannot be told from words.
const LEAK: usize = 24;
/// The largest body that the transport lets through.
const LARGEST: usize = 1024 * 1024;
/// No reader takes longer, on the busiest machine.
const SLOWEST: Duration = Duration::from_secs(10);
/// How much a reader may allocate at once: this, and so many bytes for each byte of its input.
const ALLOCATED: u64 = 256 * 1024;
const ALLOCATED_PER_BYTE: u64 = 128;

/// How many inputs a test tries; a long run sets more.
fn inputs(usual: u32) -> u32 {
    let said = std::env::var("TOKENWARD_FUZZ_INPUTS");
    said.map_or(usual, |text| {
        text.parse().expect("TOKENWARD_FUZZ_INPUTS is a number")
    })
}

/// One step away from a valid input: what is done, where, and with what.
pub type Change = (u8, u32, u32);

/// An input before it is made: which valid one it begins with, the changes, noise, and a number for whatever else counts.
#[derive(Debug, Clone)]
pub struct Plan {
    seed: usize,
    changes: Vec<Change>,
    noise: Vec<u8>,
    /// For whatever else a test varies.
    pub dice: u32,
}

/// Plans, from untouched to unrecognisable.
pub fn plans() -> impl Strategy<Value = Plan> {
    let change = (any::<u8>(), any::<u32>(), any::<u32>());
    let parts = (
        any::<usize>(),
        vec(change, 0..5),
        vec(any::<u8>(), 0..48),
        any::<u32>(),
    );
    parts.prop_map(|(seed, changes, noise, dice)| Plan {
        seed,
        changes,
        noise,
        dice,
    })
}

/// What a reader made of an input, in a word for the tally, and all that it would show of it.
pub type Read = (&'static str, Vec<String>);

/// An input that was taken, nothing of which is shown.
pub const TAKEN: Read = ("taken", Vec::new());
/// One that was not.
pub const REFUSED: Read = ("refused", Vec::new());

/// Tries a reader with many inputs made of the seeds. `read` gives what it would show of an input. Panics, slowness,
/// greed and leaks fail the test, with the smallest input that does it.
pub fn try_all(name: &str, seeds: &[&str], read: impl Fn(&[u8], &Plan) -> Read) {
    try_made(name, 500, |plan| plan.input(seeds), read);
}

/// The same with inputs that are made of plans in another way, usually so many.
pub fn try_made(
    name: &str,
    usual: u32,
    make: impl Fn(&Plan) -> Vec<u8>,
    read: impl Fn(&[u8], &Plan) -> Read,
) {
    let cases = inputs(usual);
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let (most, slowest, total) = (Cell::new(0), Cell::new(Duration::ZERO), Cell::new(0));
    let tally = RefCell::new(BTreeMap::new());
    let started = Instant::now();
    let result = TestRunner::new(config).run(&plans(), |plan| {
        let input = make(&plan);
        let mut result = Ok(TAKEN);
        let begun = Instant::now();
        // A panic must not pass through the counting, which would never end then.
        let measured = || result = catch_unwind(AssertUnwindSafe(|| read(&input, &plan)));
        let allocated = allocation_counter::measure(measured).bytes_max;
        let took = begun.elapsed();
        let (was, shown) = result.map_err(|panic| TestCaseError::fail(words(&*panic)))?;
        total.set(total.get() + input.len());
        *tally.borrow_mut().entry(was).or_insert(0_u32) += 1;
        most.set(most.get().max(allocated));
        slowest.set(slowest.get().max(took));
        let bound = ALLOCATED + ALLOCATED_PER_BYTE * input.len() as u64;
        prop_assert!(took < SLOWEST, "took {took:?}");
        prop_assert!(allocated <= bound, "{allocated} bytes for {}", input.len());
        for text in &shown {
            prop_assert!(!leaks(text), "shown: {text}");
        }
        Ok(())
    });
    if let Err(TestError::Fail(why, plan)) = result {
        let input = make(&plan);
        let start = String::from_utf8_lossy(&input[..input.len().min(2000)]).into_owned();
        panic!("{name}: {why}\n{plan:?}\n{} bytes: {start}", input.len());
    }
    #[allow(clippy::print_stdout, reason = "the figures of a long run")]
    {
        println!(
            "fuzz {name}: {} inputs, {} bytes, {:.0?}, slowest {:.1?}, most allocated {} bytes, {:?}",
            cases,
            total.get(),
            started.elapsed(),
            slowest.get(),
            most.get(),
            tally.borrow()
        );
    }
    // Inputs that all end alike try nothing.
    assert!(
        tally.borrow().len() > 1,
        "{name}: all inputs came to the same"
    );
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("panicked: {}", text.unwrap_or("without words"))
}

/// Whether a marker shows, in whole or for the better part.
pub fn leaks(text: &str) -> bool {
    [RECEIVED, SENT].iter().any(|marker| {
        let starts = 0..=marker.len() - LEAK;
        text.contains(&marker[..8])
            && starts
                .into_iter()
                .any(|at| text.contains(&marker[at..at + LEAK]))
            || text.contains(&marker[marker.len() - LEAK..])
    })
}

/// The same for bytes, of a file for instance.
pub fn bytes_leak(bytes: &[u8]) -> bool {
    let marked = |marker: &[u8]| bytes.windows(LEAK).any(|window| window == &marker[..LEAK]);
    marked(RECEIVED.as_bytes()) || marked(SENT.as_bytes())
}

/// All that people, logs and other programs get to see of an error.
pub fn shown(error: &OAuthError) -> Read {
    let failure = error.failure();
    let all = vec![
        error.to_string(),
        format!("{error:?}"),
        format!("{failure:?}"),
        failure.advice(),
        serde_json::to_string(&failure).unwrap(),
    ];
    ("refused", all)
}

impl Plan {
    /// The bytes that this plan makes of the seeds.
    pub fn input(&self, seeds: &[&str]) -> Vec<u8> {
        if self
            .changes
            .first()
            .is_some_and(|change| change.0 == u8::MAX)
        {
            return self.noise.clone();
        }
        let seed = seeds[self.seed % seeds.len()];
        let (inner, outer): (Vec<&Change>, Vec<&Change>) =
            self.changes.iter().partition(|change| change.0 % 24 < 18);
        let mut bytes = match serde_json::from_str::<Value>(seed) {
            Ok(mut value) => {
                inner.iter().for_each(|change| alter(&mut value, change));
                written(&value)
            }
            Err(_) => {
                let mut text = seed.as_bytes().to_vec();
                inner
                    .iter()
                    .for_each(|change| alter_pairs(&mut text, change));
                text
            }
        };
        for change in outer {
            self.damage(&mut bytes, change);
        }
        bytes.truncate(LARGEST);
        bytes
    }

    /// A file of pages that was good: bits flipped, cut off, pages lost, doubled, swapped or overwritten.
    pub fn damaged(&self, good: &[u8]) -> Vec<u8> {
        let mut bytes = good.to_vec();
        for &(kind, at, with) in &self.changes {
            let pages = bytes.len() / PAGE;
            let start = |number: u32| number as usize % pages.max(1) * PAGE;
            let (here, there) = (start(at), start(with));
            match kind % 12 {
                // Mostly single bits: what is far from right is refused at once.
                0..=4 if !bytes.is_empty() => {
                    let place = at as usize % bytes.len();
                    bytes[place] ^= 1 << (with % 8);
                }
                5 => bytes.truncate(at as usize % (bytes.len() + 1)),
                6 if pages > 0 => drop(bytes.drain(here..here + PAGE)),
                7 if pages > 0 => bytes.copy_within(there..there + PAGE, here),
                8 if pages > 0 => {
                    let (one, other) = (here.min(there), here.max(there));
                    let (front, back) = bytes.split_at_mut(other);
                    if one != other {
                        front[one..one + PAGE].swap_with_slice(&mut back[..PAGE]);
                    }
                }
                9 if pages > 0 => {
                    let noise = self.noise.iter().chain(&[0]).cycle();
                    let page = bytes[here..here + PAGE].iter_mut();
                    page.zip(noise).for_each(|(byte, noise)| *byte = *noise);
                }
                10 => bytes.extend_from_slice(&self.noise),
                _ => {
                    let place = at as usize % (bytes.len() + 1);
                    let end = (place + self.noise.len()).min(bytes.len());
                    bytes[place..end].copy_from_slice(&self.noise[..end - place]);
                }
            }
        }
        bytes
    }

    /// Changes bytes without looking at what they mean.
    fn damage(&self, bytes: &mut Vec<u8>, &(kind, at, with): &Change) {
        let at = at as usize % (bytes.len() + 1);
        match kind % 24 {
            18 => bytes.truncate(at),
            19 if at < bytes.len() => bytes[at] ^= 1 << (with % 8),
            20 => drop(bytes.splice(at..at, self.noise.iter().copied())),
            21 => drop(bytes.splice(
                0..0,
                PREFIXES[with as usize % PREFIXES.len()].iter().copied(),
            )),
            22 => {
                let end = (at + with as usize % 64).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            _ => drop(bytes.splice(at..at, odd_text(with).into_bytes())),
        }
    }
}

/// How large a page of SQLite is here.
const PAGE: usize = 4096;

const PREFIXES: [&[u8]; 6] = [
    b"\xef\xbb\xbf",
    b" \n\t",
    b"<!doctype html>",
    b")]}',\n",
    b"[",
    b"\xff\xfe",
];

/// Numbers that JSON can write and nobody expects; they stand in for strings and lose their quotes when written.
const NUMBERS: [&str; 10] = [
    "1e400",
    "-1e400",
    "99999999999999999999999999",
    "-1",
    "0",
    "1.5",
    "-0.0",
    "9223372036854775807",
    "18446744073709551616",
    "1e-400",
];
const NUMBER_MARK: &str = "\u{e000}";

/// Text that fools terminals, parsers or readers, or is merely much.
fn odd_text(with: u32) -> String {
    match with % 14 {
        0 => "\u{1b}[2J\u{1b}]52;c;eA==\u{7}".to_owned(),
        1 => "\r\nSet-Cookie: a=b".to_owned(),
        2 => "\u{202e}\u{2066}\u{200b}\u{feff}".to_owned(),
        3 => "\0".to_owned(),
        4 => "é\u{301}😀漢\u{10ffff}".to_owned(),
        5 => format!("{RECEIVED} {SENT}"),
        6 => format!("https://p.example/?access_token={RECEIVED}#{SENT}"),
        7 => "%00%0d%0a%zz%".to_owned(),
        8 => "\"\\\"}]{[,:".to_owned(),
        9 => " ".repeat(with as usize % 5000),
        10 => "a".repeat(with as usize % 40_000),
        11 => "12:34:56:78".to_owned(),
        12 => "&code=1&state=2&error=3;=&&".to_owned(),
        // Rare: the cost is high.
        _ if with.is_multiple_of(200) => "[".repeat(LARGEST / 2),
        _ => "[".repeat(with as usize % 2000),
    }
}

fn odd_value(with: u32) -> Value {
    match with % 9 {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(format!(
            "{NUMBER_MARK}{}{NUMBER_MARK}",
            NUMBERS[with as usize / 9 % NUMBERS.len()]
        )),
        3 => json!(""),
        4 => json!([RECEIVED, SENT, 1, null, {}]),
        5 => json!({"a": RECEIVED, "message": SENT, "code": format!("{RECEIVED} {SENT}")}),
        6 => (0..with / 9 % 200).fold(json!(1), |inner, _| json!([inner])),
        7 => (0..with / 9 % 200).fold(json!({}), |inner, _| json!({"error": inner})),
        _ => json!(odd_text(with / 9)),
    }
}

/// Changes one place in a document.
fn alter(document: &mut Value, &(kind, at, with): &Change) {
    let count = size(document);
    let mut left = at as usize % count;
    let Some(place) = nth(document, &mut left) else {
        return;
    };
    match (kind % 9, &mut *place) {
        (0 | 1, _) => *place = odd_value(with),
        (2, Value::String(text)) => text.insert_str(boundary(text, with), &odd_text(with)),
        (3, Value::String(text)) => *text = odd_text(with),
        (4, Value::Object(members)) => rename(members, with),
        (5, Value::Object(members)) => {
            let key = members
                .keys()
                .nth(with as usize % members.len().max(1))
                .cloned();
            key.and_then(|key| members.remove(&key));
        }
        (6, Value::Object(members)) => {
            let known = KNOWN[with as usize % KNOWN.len()];
            members.insert(known.to_owned(), odd_value(with / 7));
        }
        (7, Value::Array(items)) => {
            let more = items.first().cloned().unwrap_or_else(|| odd_value(with));
            items.extend(std::iter::repeat_n(more, with as usize % 300));
        }
        (8, _) => {
            let inner = place.take();
            *place = (0..with % 160).fold(inner, |inner, _| json!([inner]));
        }
        _ => *place = odd_value(with),
    }
}

/// Members that readers know.
const KNOWN: [&str; 16] = [
    "error",
    "error_description",
    "error_codes",
    "error_subtype",
    "message",
    "expires_in",
    "interval",
    "scope",
    "id_token",
    "refresh_token",
    "keys",
    "aud",
    "exp",
    "issuer",
    "token_endpoint",
    "active",
];

fn rename(members: &mut Map<String, Value>, with: u32) {
    let key = members
        .keys()
        .nth(with as usize % members.len().max(1))
        .cloned();
    if let Some((key, value)) = key.and_then(|key| members.remove_entry(&key)) {
        let name = match with % 3 {
            0 => key.to_uppercase(),
            1 => KNOWN[with as usize % KNOWN.len()].to_owned(),
            _ => format!("{key}{}", odd_text(with / 3)),
        };
        members.insert(name, value);
    }
}

fn boundary(text: &str, with: u32) -> usize {
    let mut at = with as usize % (text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(members) => members.values().map(size).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn nth<'a>(value: &'a mut Value, left: &mut usize) -> Option<&'a mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| nth(item, left)),
        Value::Object(members) => members.values_mut().find_map(|member| nth(member, left)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// The document as text, odd numbers without their quotes.
fn written(value: &Value) -> Vec<u8> {
    let text = value.to_string();
    let open = format!("\"{NUMBER_MARK}");
    let close = format!("{NUMBER_MARK}\"");
    text.replace(&open, "").replace(&close, "").into_bytes()
}

/// Changes one pair of a form, or one word of any other text.
fn alter_pairs(text: &mut Vec<u8>, &(kind, at, with): &Change) {
    let whole = String::from_utf8_lossy(text).into_owned();
    let separator = if whole.contains('&') { "&" } else { " " };
    let mut parts: Vec<String> = whole.split(separator).map(str::to_owned).collect();
    let at = at as usize % parts.len();
    match kind % 9 {
        0 => drop(parts.remove(at)),
        1 => parts.insert(at, parts[at].clone()),
        2 => parts[at].push_str(&odd_text(with)),
        3 => parts.insert(at, odd_text(with)),
        4 => parts[at] = odd_text(with),
        5 => {
            let name = KNOWN[with as usize % KNOWN.len()];
            parts.push(format!("{name}={}", odd_text(with / 3)));
        }
        6 => parts.reverse(),
        7 => parts[at] = parts[at].replace('=', "=="),
        _ => parts[at] = NUMBERS[with as usize % NUMBERS.len()].to_owned(),
    }
    *text = parts.join(separator).into_bytes();
}
