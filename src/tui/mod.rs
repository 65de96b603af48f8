//! The terminal UI: state, update, view, screens, widgets. IO beside `run.rs` and `terminal.rs`: none.
