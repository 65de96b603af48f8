//! The engine behind a Unix socket, and the clients of that socket.
//!
//! HTTP/1.1 with JSON, so that `curl --unix-socket` works. [`server`] serves a link; [`client`] makes a link out of a
//! socket (for a terminal UI that attaches); [`call`] asks one question and leaves (for one-shot commands).

pub mod answer;
pub mod audit_route;
pub mod call;
pub mod caller;
pub mod client;
pub mod door;
pub mod error;
pub mod exposition;
pub mod grant_answer;
pub mod grant_client;
pub mod grant_route;
pub mod grant_wire;
pub mod guests;
pub mod health;
pub mod listener;
pub mod lock_wire;
pub mod metrics;
pub mod openapi;
pub mod parcel_route;
pub mod peer;
pub mod port;
pub mod problem;
pub mod query;
pub mod reply;
pub mod request_body;
pub mod response;
pub mod route;
pub mod route_error;
pub mod route_read;
pub mod search;
pub mod server;
pub mod socket;
pub mod stream;
pub mod table;
pub mod wire;
