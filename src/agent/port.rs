//! The loopback port: the same questions as on the socket, from programs that need a grant.

use crate::agent::peer;
use crate::model::program::Program;
use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;
use tokio::net::TcpListener;

/// The port, bound: connections wait until it is served.
#[derive(Debug)]
pub struct BoundPort {
    listener: std::net::TcpListener,
    at: SocketAddr,
}

/// Why the port could not be bound.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// The address is another machine's to reach.
    #[error("{at} is not an address of this machine alone")]
    NotLoopback {
        /// The address.
        at: SocketAddr,
    },
    /// The system refused it.
    #[error("cannot listen on {at}")]
    Io {
        /// The address.
        at: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl BoundPort {
    /// Binds it. Only addresses that no other machine reaches are taken: what goes over it is not encrypted.
    pub fn bind(at: SocketAddr) -> Result<Self, PortError> {
        if !at.ip().is_loopback() {
            return Err(PortError::NotLoopback { at });
        }
        let bound = std::net::TcpListener::bind(at).and_then(|listener| {
            listener.set_nonblocking(true)?;
            let at = listener.local_addr()?;
            Ok(Self { listener, at })
        });
        bound.map_err(|source| PortError::Io { at, source })
    }

    /// Where it is, with the number that the system chose where none was given.
    pub fn at(&self) -> SocketAddr {
        self.at
    }

    /// The listener, for the runtime it is called in.
    pub fn listener(self) -> std::io::Result<TcpListener> {
        TcpListener::from_std(self.listener)
    }
}

/// One connection to the port.
#[derive(Debug)]
pub struct PortPeer {
    /// Where it comes from.
    pub peer: SocketAddr,
    /// Where it came to.
    pub own: SocketAddr,
    /// The process at its other end: looked up when it matters first.
    process: OnceLock<Program>,
}

impl PortPeer {
    /// A connection from there to here.
    pub fn new(peer: SocketAddr, own: SocketAddr) -> Self {
        Self {
            peer,
            own,
            process: OnceLock::new(),
        }
    }

    /// Its program, which calls itself `agent`, as far as the system tells.
    pub fn program(&self, agent: Option<String>) -> Program {
        let process = self
            .process
            .get_or_init(|| peer::at_port(self.peer, self.own));
        Program {
            address: Some(self.peer.ip().to_string()),
            user_agent: agent,
            ..process.clone()
        }
    }

    /// Whether that is a name of the port: an address of this machine or `localhost`, with its number.
    pub fn is_called(&self, host: &[u8]) -> bool {
        let Ok(host) = std::str::from_utf8(host) else {
            return false;
        };
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, port.parse().ok()),
            // Without a number it is 80.
            Some(_) | None => (host, Some(80)),
        };
        let address = name.trim_start_matches('[').trim_end_matches(']');
        let is_own = name.eq_ignore_ascii_case("localhost")
            || address
                .parse()
                .is_ok_and(|address: IpAddr| address.is_loopback());
        is_own && port == Some(self.own.port())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_others_reach_is_refused() {
        for at in ["0.0.0.0:0", "192.0.2.1:0", "[::]:0"] {
            let refused = BoundPort::bind(at.parse().unwrap());
            assert!(
                matches!(refused, Err(PortError::NotLoopback { .. })),
                "{at}"
            );
        }
        let port = BoundPort::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        assert_ne!(port.at().port(), 0);
        let taken = BoundPort::bind(port.at());
        assert!(matches!(taken, Err(PortError::Io { .. })));
    }

    #[test]
    fn only_names_of_this_machine_with_its_number_are_its_own() {
        let own = "127.0.0.1:7000".parse().unwrap();
        let peer = PortPeer::new("127.0.0.1:5".parse().unwrap(), own);
        for good in [
            "127.0.0.1:7000",
            "localhost:7000",
            "LOCALHOST:7000",
            "[::1]:7000",
        ] {
            assert!(peer.is_called(good.as_bytes()), "{good}");
        }
        for bad in [
            "evil.example:7000",
            "127.0.0.1",
            "localhost:7001",
            "127.0.0.1.evil.example:7000",
            "[::1]",
            "",
            ":7000",
            "192.0.2.1:7000",
        ] {
            assert!(!peer.is_called(bad.as_bytes()), "{bad}");
        }
    }
}
