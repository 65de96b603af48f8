//! One file a screen: its state, its keys' work, its drawing.

pub mod activity;
pub mod alerts;
pub mod columns;
pub mod create;
pub mod detail;
pub mod figures;
pub mod find_line;
pub mod health;
pub mod history;
pub mod inbox;
pub mod kept;
pub mod list;
pub mod list_page;
pub mod lock;
pub mod needs;
pub mod page;
pub mod parcels;
pub mod recurring;
pub mod remarks;
pub mod reveal;
pub mod sentence;
pub mod small;
pub mod tale;
pub mod tokens;
pub mod unlock;
pub mod welcome;
