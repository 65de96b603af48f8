//! The protocol: discovery, flows, token requests, errors, one HTTP transport. Stores nothing.
