//! What lies over a screen: questions, help, commands, stories.

pub mod act;
pub mod again;
pub mod arrival;
pub mod asked;
pub mod confirm;
pub mod deed;
pub mod help;
pub mod identify;
pub mod naming;
pub mod overlay;
pub mod palette;
pub mod panic;
pub mod story;
pub mod trend;
