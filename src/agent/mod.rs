//! The engine behind a Unix socket, and the client of that socket.
