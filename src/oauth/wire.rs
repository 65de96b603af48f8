//! What goes out and what comes back, before anybody has read a meaning into it.

use crate::oauth::clean::clean;
use crate::oauth::transport::Transport;
use reqwest::Method;
use std::error::Error;
use std::fmt;
use std::time::{Duration, SystemTime};
use zeroize::{Zeroize, Zeroizing};

/// No provider is believed when it wants to be left alone for longer.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// One request. Its parts may hold secrets, so it shows nothing of them.
pub struct Request {
    /// HTTP method.
    pub method: Method,
    /// Address; checked before anything is sent.
    pub url: String,
    /// What the address is, for errors.
    pub what: &'static str,
    /// Value of the `Authorization` header.
    pub authorization: Option<Zeroizing<String>>,
    /// Value of the `DPoP` header (RFC 9449 4.1).
    pub proof: Option<Zeroizing<String>>,
    /// Further headers, none of them secret.
    pub headers: Vec<(String, String)>,
    /// Content type and body.
    pub body: Option<(&'static str, Zeroizing<Vec<u8>>)>,
}

impl Request {
    /// A request of nothing but a method and an address; `what` the address is, for errors.
    pub fn new(method: Method, url: &str, what: &'static str) -> Self {
        Self {
            method,
            url: url.to_owned(),
            what,
            authorization: None,
            proof: None,
            headers: Vec::new(),
            body: None,
        }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({} {})", self.method, self.what)
    }
}

/// One answer. Its body may hold tokens: it is wiped on drop and never shown.
#[derive(Debug)]
pub struct Reply {
    /// Who answered.
    pub host: String,
    /// HTTP status.
    pub status: u16,
    /// How long the provider asked not to be called.
    pub retry_after: Option<Duration>,
    /// By how many seconds this machine's clock ran ahead of the provider's, where its answer told.
    pub clock_ahead: Option<i64>,
    /// The nonce the server wants in the next proof (RFC 9449 8).
    pub dpop_nonce: Option<String>,
    /// The challenge of a protected resource (RFC 6750 3).
    pub challenge: Option<String>,
    /// The body.
    pub body: Gathered,
    /// The body was longer than is taken and was thrown away.
    pub is_overlong: bool,
}

impl Reply {
    /// Whether the status is one of success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// An answer of `p.example`, for tests of what is read in one.
    #[cfg(test)]
    pub fn sample(status: u16, body: &[u8]) -> Self {
        Self {
            host: "p.example".to_owned(),
            status,
            retry_after: None,
            clock_ahead: None,
            dpop_nonce: None,
            challenge: None,
            body: Gathered::from(body),
            is_overlong: false,
        }
    }
}

/// Bytes gathered from the network, wiped on drop and whenever they move.
#[derive(Default)]
pub struct Gathered(Zeroizing<Vec<u8>>);

impl Gathered {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Adds some more.
    pub fn extend(&mut self, more: &[u8]) {
        let needed = self.0.len() + more.len();
        if needed > self.0.capacity() {
            // Growing in place would leave the old copy behind in freed memory.
            let mut larger = Vec::with_capacity(needed.max(4096).saturating_mul(2));
            larger.extend_from_slice(&self.0);
            self.0.zeroize();
            self.0 = Zeroizing::new(larger);
        }
        self.0.extend_from_slice(more);
    }
}

impl From<&[u8]> for Gathered {
    fn from(bytes: &[u8]) -> Self {
        let mut gathered = Self::default();
        gathered.extend(bytes);
        gathered
    }
}

impl fmt::Debug for Gathered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gathered({} bytes)", self.len())
    }
}

/// `Retry-After` in seconds or as a date (RFC 9110 10.2.3), one day at most.
pub fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    let wait = match value.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => {
            Duration::try_from_secs_f64(seconds.ceil()).unwrap_or(LONGEST_RETRY_AFTER)
        }
        Ok(_) => return None,
        Err(_) => httpdate::parse_http_date(value)
            .ok()?
            .duration_since(now)
            .unwrap_or(Duration::ZERO),
    };
    Some(wait.min(LONGEST_RETRY_AFTER))
}

/// By how many seconds this machine's clock runs ahead of the clock that wrote `Date` (RFC 9110 6.6.1); negative: behind.
pub fn clock_ahead(date: &str, now: SystemTime) -> Option<i64> {
    let theirs = httpdate::parse_http_date(date.trim()).ok()?;
    let seconds = |gap: Duration| i64::try_from(gap.as_secs()).unwrap_or(i64::MAX);
    Some(match now.duration_since(theirs) {
        Ok(ahead) => seconds(ahead),
        Err(behind) => -seconds(behind.duration()),
    })
}

/// What stopped a request, and the innermost cause in a few words: never an address.
pub fn problem_of(error: reqwest::Error) -> (Transport, String) {
    let error = error.without_url();
    let problem = if error.is_builder() {
        Transport::Unbuilt
    } else if error.is_connect() {
        match () {
            () if error.is_timeout() => Transport::ConnectTimeout,
            () if error.is_dns() => Transport::Dns,
            () if is_tls(&error) => Transport::Tls,
            () => Transport::Connect,
        }
    } else if error.is_timeout() {
        Transport::Timeout
    } else {
        Transport::Cut
    };
    let mut innermost: &dyn Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let words = innermost.to_string();
    // The words before it say the same as the system's number.
    let words = words.split(" (os error ").next().unwrap_or(&words);
    let detail = clean(words, &[]).unwrap_or_else(|| "no details".to_owned());
    (problem, detail)
}

fn is_tls(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<rustls::Error>() {
            return true;
        }
        // `source` of an IO error skips what it wraps.
        let wrapped = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        next = match wrapped {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_both_forms_and_capped() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let date = httpdate::fmt_http_date(now + Duration::from_secs(90));
        let past = httpdate::fmt_http_date(now - Duration::from_secs(90));
        let far = httpdate::fmt_http_date(now + Duration::from_secs(900_000));
        for (value, seconds) in [
            ("120", Some(120)),
            (" 7 ", Some(7)),
            ("1.5", Some(2)),
            ("0", Some(0)),
            ("99999999999999999999999", Some(86_400)),
            ("-5", None),
            ("NaN", None),
            ("inf", None),
            ("soon", None),
            (date.as_str(), Some(90)),
            (past.as_str(), Some(0)),
            (far.as_str(), Some(86_400)),
        ] {
            assert_eq!(
                retry_after(value, now).map(|wait| wait.as_secs()),
                seconds,
                "{value}"
            );
        }
    }

    #[test]
    fn a_date_tells_how_far_the_clocks_are_apart() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        for (theirs, ahead) in [(0, 0), (-7200, 7200), (7200, -7200)] {
            let date = httpdate::fmt_http_date(match u64::try_from(theirs) {
                Ok(later) => now + Duration::from_secs(later),
                Err(_) => now - Duration::from_secs(7200),
            });
            assert_eq!(clock_ahead(&date, now), Some(ahead), "{date}");
        }
        assert_eq!(clock_ahead("yesterday", now), None);
    }

    #[test]
    fn debug_shows_no_body() {
        let gathered = Gathered::from(b"marker-secret".as_slice());
        assert_eq!(format!("{gathered:?}"), "Gathered(13 bytes)");
    }

    #[test]
    fn gathered_bytes_stay_in_order_while_they_grow() {
        let mut gathered = Gathered::default();
        let whole: Vec<u8> = (0..100_000_u32).map(|n| (n % 251) as u8).collect();
        for piece in whole.chunks(777) {
            gathered.extend(piece);
        }
        assert_eq!(gathered.bytes(), whole);
    }
}
