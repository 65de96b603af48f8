//! Which addresses a token may be sent to: https, or plain http to this machine itself.

use crate::model::provider::Provider;
use crate::oauth::error::OAuthError;
use url::{Host, Url};

/// Reads an endpoint's address and refuses those that would send a secret over the open network (RFC 6749 3.2,
/// RFC 8252 8.3) or that are shaped to mislead.
pub fn read(address: &str, what: &'static str) -> Result<Url, OAuthError> {
    let refuse = |why: &'static str| OAuthError::Endpoint { what, why };
    if address.contains(['{', '}']) {
        return Err(refuse("holds a placeholder that was not filled in"));
    }
    let url = Url::parse(address).map_err(|_| refuse("is no absolute URL"))?;
    if !url.username().is_empty() || url.password().is_some() {
        // `http://127.0.0.1@evil` reads like this machine and is not.
        return Err(refuse("holds a user name"));
    }
    if url.fragment().is_some() {
        return Err(refuse("holds a fragment (RFC 6749 3.1, 3.2)"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err(refuse(
            "is plain http to another machine, where everybody on the way could read the tokens",
        )),
        _ => Err(refuse("is neither https nor http")),
    }
}

/// The address that a request needs, or which one the provider lacks.
pub fn needed<'a>(
    address: Option<&'a str>,
    what: &'static str,
    provider: &Provider,
) -> Result<&'a str, OAuthError> {
    address.ok_or_else(|| OAuthError::NoEndpoint {
        what,
        provider: provider.display_name.clone(),
    })
}

/// Whether the URL's host is this machine by its spelling alone: `localhost`, `127.0.0.0/8` or `::1`.
///
/// Names are not resolved: `127.0.0.1.nip.io` and `localhost.evil.com` are not loopback.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Host and port of a URL, for people: never its path or query.
pub fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or("?");
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_anywhere_and_http_to_this_machine_are_taken() {
        for good in [
            "https://example.com/token",
            "http://localhost:9/token",
            "http://LOCALHOST/token",
            "http://127.0.0.1:80/token?x=1",
            "http://127.9.9.9/token",
            "http://[::1]:8080/token",
            "http://2130706433/token", // 127.0.0.1 as one number: the URL standard makes it the address
            "http://0x7f.1/token",
        ] {
            assert!(read(good, "token endpoint").is_ok(), "{good}");
        }
    }

    #[test]
    fn addresses_that_only_look_local_are_refused() {
        for bad in [
            "http://example.com/token",
            "http://localhost.evil.com/token",
            "http://127.0.0.1.nip.io/token",
            "http://127.0.0.1@evil.com/token",
            "http://localhost:80@evil.com/token",
            "https://127.0.0.1@evil.com/token",
            "https://user:pass@example.com/token",
            "http://evil.com#@127.0.0.1/",
            "http://evil.com\\@127.0.0.1/",
            "http://128.0.0.1/token",
            "http://0.0.0.0/token",
            "http://[::]/token",
            "http://[::ffff:10.0.0.1]/token",
            "http://localhost./token",
            "ftp://localhost/token",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "//localhost/token",
            "localhost/token",
            "https://{tenant}.example.com/token",
            "",
        ] {
            assert!(read(bad, "token endpoint").is_err(), "{bad}");
        }
    }

    #[test]
    fn a_place_never_shows_path_or_query() {
        let url = Url::parse("https://example.com:8443/token?secret=1").unwrap();
        assert_eq!(place(&url), "example.com:8443");
    }
}
