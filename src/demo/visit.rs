//! Plays the person's browser: opens an authorization address and delivers the answer.

use crate::demo::authorization_endpoint::{
    Rejected, account_name, allowed, checked, denied, failed,
};
use crate::demo::page::SUGGESTED_NAME;
use crate::demo::quirks::Consent;
use crate::demo::shared::Shared;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use url::Url;

const PATIENCE: Duration = Duration::from_secs(5);

/// Opens an authorization address of this provider and answers it.
pub fn visit(shared: &Shared, address: &str, answer: &Consent) -> bool {
    let Some(query) = own_query(shared, address) else {
        return false;
    };
    let mut state = shared.state();
    let client = url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| *name == state.quirks.demands.client_id_parameter)
        .map(|(_, id)| id.into_owned());
    let quirks = state.quirks_for(client.as_deref()).clone();
    let to = match checked(shared, &mut state, &query, &quirks) {
        Err(Rejected::Page(_)) => return false,
        Err(Rejected::Back(to)) => to,
        Ok(request) => match answer {
            Consent::Fail(error) => failed(shared, &state, &request, error),
            Consent::Deny => denied(shared, &state, &request),
            Consent::Allow(account) => allowed(shared, &mut state, request, account_name(account)),
            Consent::Ask => allowed(shared, &mut state, request, SUGGESTED_NAME.to_owned()),
        },
    };
    drop(state);
    deliver(to);
    true
}

/// The query of an authorization address of ours.
fn own_query(shared: &Shared, address: &str) -> Option<String> {
    let query = address
        .strip_prefix(shared.issuer.as_str())?
        .strip_prefix("/authorize?")?;
    Some(query.to_owned())
}

/// Carries an answer to a client's listener, from a thread of its own: whoever asked need not wait.
pub fn deliver(to: String) {
    let courier = std::thread::Builder::new().name("demo-browser".to_owned());
    // Without a thread, and without a listener, the client waits until its own time is up.
    courier.spawn(move || request(&to).ok()).ok();
}

/// One GET. The address was checked to be loopback when the request came.
fn request(to: &str) -> io::Result<()> {
    let url = Url::parse(to).map_err(io::Error::other)?;
    let address = url.socket_addrs(|| Some(80))?;
    let mut stream = TcpStream::connect(address.as_slice())?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let (path, query) = (url.path(), url.query().unwrap_or_default());
    let authority = url.authority();
    let head = format!(
        "GET {path}?{query} HTTP/1.1\r\nHost: {authority}\r\nAccept: text/html\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    // The listener may wait for its answer to be read before it believes that the browser was served.
    io::copy(&mut stream.take(64 * 1024), &mut io::sink())?;
    Ok(())
}
