//! What the README shows is what the program does.

use crate::sandbox::Sandbox;

#[test]
fn the_readmes_picture_is_what_is_drawn() {
    let mut sandbox = Sandbox::new();
    sandbox.set("TZ", "UTC");
    let made = sandbox.path("screen.svg");
    sandbox
        .run(["demo", "--picture", made.to_str().unwrap()])
        .ok();
    let kept = include_str!("../../assets/screen.svg");
    let drawn = std::fs::read_to_string(made).unwrap();
    assert!(
        drawn == kept,
        "make it anew: TZ=UTC tokenward demo --picture assets/screen.svg"
    );
}
