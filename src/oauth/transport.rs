//! What stops a request or its answer on the way.

/// What stopped a request or its answer on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// The host name could not be resolved.
    Dns,
    /// Nobody listens, or the network is unreachable.
    Connect,
    /// No connection within the time allowed.
    ConnectTimeout,
    /// The TLS handshake failed: an unknown authority, a wrong name, an old protocol.
    Tls,
    /// This machine has no root certificates to check the provider's against.
    NoRoots,
    /// No whole answer within the time allowed.
    Timeout,
    /// The connection was cut before the whole answer came.
    Cut,
    /// The answer is larger than is taken.
    TooLarge,
    /// The request could not be built.
    Unbuilt,
}

impl Transport {
    /// Whether it is certain that the provider never saw the request.
    pub fn is_unsent(self) -> bool {
        match self {
            Self::Dns
            | Self::Connect
            | Self::ConnectTimeout
            | Self::Tls
            | Self::NoRoots
            | Self::Unbuilt => true,
            Self::Timeout | Self::Cut | Self::TooLarge => false,
        }
    }

    /// A stable code for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "network",
            Self::ConnectTimeout => "connect_timeout",
            Self::Tls => "tls",
            Self::NoRoots => "no_root_certificates",
            Self::Timeout => "timeout",
            Self::Cut => "connection_cut",
            Self::TooLarge => "reply_too_large",
            Self::Unbuilt => "request_not_built",
        }
    }
}
