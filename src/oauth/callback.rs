//! The loopback redirect: waits for the browser's answer (RFC 8252 7.3), or reads a pasted one.

use crate::model::redirect::RedirectRule;
use crate::oauth::authorize::AuthorizationRequest;
use crate::oauth::callback_answer::{Answer, Callback, Expected, read_answer};
use crate::oauth::callback_http;
use crate::oauth::error::{NotOurs, OAuthError};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Connections that are read at once; a browser opens a handful, and silent ones are dropped after a while.
const AT_ONCE: usize = 64;

/// Answers of another sign-in that are shrugged off before we give up.
const STRAYS: usize = 32;

/// How often another port is tried when half of `localhost` is taken.
const TRIES: usize = 16;

/// A bound listener: from now on the redirect address is ours.
#[derive(Debug)]
pub struct Listener {
    sockets: Vec<TcpListener>,
    host: String,
    port: u16,
    path: String,
    taken: Option<u16>,
}

impl Listener {
    /// Binds by the provider's rule: to `port` if one is given, else to the first free one of the rule's, else to any.
    /// Must be called inside a tokio runtime.
    pub fn bind(rule: &RedirectRule, port: Option<u16>) -> Result<Self, OAuthError> {
        let addresses = addresses(&rule.host)?;
        let ports: Vec<u16> = match port {
            Some(port) => vec![port],
            None if rule.ports.is_empty() => vec![0; TRIES],
            None => rule.ports.clone(),
        };
        let mut last = None;
        for port in ports {
            match bind_all(&addresses, port) {
                Ok((sockets, port)) => {
                    return Ok(Self {
                        sockets,
                        host: rule.host.clone(),
                        port,
                        path: rule.path.clone(),
                        taken: last.map(|(taken, _)| taken).filter(|taken| *taken != 0),
                    });
                }
                Err(error) => last = Some((port, error)),
            }
        }
        let (port, detail) = last.map_or((0, String::new()), |(port, e)| (port, e.to_string()));
        let address = match port {
            0 => rule.host.clone(),
            port => format!("{}:{port}", rule.host),
        };
        Err(OAuthError::Listen { address, detail })
    }

    /// The redirect address to register and to send.
    pub fn redirect_uri(&self) -> String {
        format!("http://{}:{}{}", self.host, self.port, self.path)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The port that the rule prefers and another program has; whoever registered only that one has to register ours.
    pub fn taken_port(&self) -> Option<u16> {
        self.taken
    }

    /// Waits for the browser's answer to this request. Stray requests, silent connections and answers of other
    /// sign-ins do not end it. There is no time limit here: drop it to give up.
    pub async fn wait(&self, request: &AuthorizationRequest) -> Result<Callback, OAuthError> {
        let expected = Arc::new(Expected::new(request, self.port, &self.path));
        let mut talks: JoinSet<Option<Answer>> = JoinSet::new();
        let mut strays = 0;
        loop {
            tokio::select! {
                accepted = self.accept(), if talks.len() < AT_ONCE => match accepted {
                    Ok(stream) => {
                        talks.spawn(callback_http::talk(stream, Arc::clone(&expected)));
                    }
                    // Too many open files, or a connection that is gone already: give others time.
                    Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
                },
                Some(ended) = talks.join_next() => match ended.ok().flatten() {
                    Some(Answer::Code(code)) => return Ok(code),
                    Some(Answer::Failed(error)) => return Err(error),
                    Some(Answer::Stray) => {
                        strays += 1;
                        if strays >= STRAYS {
                            return Err(OAuthError::NotOurs(NotOurs::State));
                        }
                    }
                    None => {}
                },
            }
        }
    }

    async fn accept(&self) -> io::Result<TcpStream> {
        let (stream, _) = match self.sockets.as_slice() {
            [one, two, ..] => tokio::select! {
                accepted = one.accept() => accepted?,
                accepted = two.accept() => accepted?,
            },
            [one] => one.accept().await?,
            [] => std::future::pending().await,
        };
        Ok(stream)
    }
}

fn addresses(host: &str) -> Result<Vec<IpAddr>, OAuthError> {
    let v4 = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let v6 = IpAddr::V6(Ipv6Addr::LOCALHOST);
    match host {
        "127.0.0.1" => Ok(vec![v4]),
        "[::1]" => Ok(vec![v6]),
        // A browser may take either address.
        "localhost" => Ok(vec![v4, v6]),
        _ => Err(OAuthError::Endpoint {
            what: "redirect host",
            why: "is not this machine: 127.0.0.1, [::1] or localhost",
        }),
    }
}

/// Binds all addresses to one port. A machine without IPv6 does with the first; a port that somebody else holds on one
/// of them is refused as a whole, because they would get half of our answers.
fn bind_all(addresses: &[IpAddr], port: u16) -> io::Result<(Vec<TcpListener>, u16)> {
    let mut sockets = Vec::new();
    let mut port = port;
    for address in addresses {
        match std::net::TcpListener::bind(SocketAddr::new(*address, port)) {
            Ok(socket) => {
                socket.set_nonblocking(true)?;
                port = socket.local_addr()?.port();
                sockets.push(TcpListener::from_std(socket)?);
            }
            Err(error) if sockets.is_empty() || error.kind() == io::ErrorKind::AddrInUse => {
                return Err(error);
            }
            Err(_) => {}
        }
    }
    Ok((sockets, port))
}

/// Reads the address a browser ended at, pasted by a person: the whole address, or what follows its `?`. Line breaks
/// and blanks of a terminal are ignored.
pub fn read_pasted(url: &str, request: &AuthorizationRequest) -> Result<Callback, OAuthError> {
    let joined: zeroize::Zeroizing<String> = zeroize::Zeroizing::new(
        url.chars()
            .filter(|c| !c.is_whitespace() && !c.is_control())
            .collect(),
    );
    let text = joined.trim_matches(['"', '\'', '<', '>']);
    if text.is_empty() {
        return Err(OAuthError::BadPaste("it is empty"));
    }
    let after = text.split_once(['?', '#']).map_or(text, |(_, query)| query);
    let query = after.split('#').next().unwrap_or_default();
    if !query.contains('=') {
        return Err(OAuthError::BadPaste(
            "it has no `code=` and no `state=`; the whole address is needed",
        ));
    }
    let expected = Expected::new(request, 0, "");
    match read_answer(query.as_bytes(), &expected) {
        Some(Answer::Code(code)) => Ok(code),
        Some(Answer::Failed(error)) => Err(error),
        Some(Answer::Stray) => Err(OAuthError::NotOurs(NotOurs::State)),
        None => Err(OAuthError::BadPaste(
            "it has neither a code nor an error in it; copy the address after the provider sent the browser on",
        )),
    }
}
