//! What a follower of a living owner hears across a lock: everything, from the first event of each engine on.

use crate::sandbox::{Sandbox, provider};
use tokenward::agent::call::Caller;
use tokenward::demo::quirks::Quirks;
use tokenward::engine::api::Event;

#[test]
fn a_follower_that_is_slow_hears_the_next_engine_from_its_first_event_on() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let _daemon = sandbox.daemon();
    let caller = Caller::new(sandbox.socket());
    let events = caller.events().unwrap();
    for _ in 0..3 {
        sandbox.run(["lock"]).ok();
        sandbox.run(["unlock"]).ok();
    }
    // The last engine is at work before anything is read of what the first one said.
    sandbox.run(["refresh", "demo/alice"]).ok();
    let until_refreshed = events.map(Result::unwrap).scan(false, |is_over, event| {
        let is_last = matches!(&event, Event::Changed { view } if view.generation.0 == 2);
        let go_on = !std::mem::replace(is_over, is_last);
        go_on.then_some(event)
    });
    let heard: Vec<Event> = until_refreshed.collect();
    let of = |is: fn(&Event) -> bool| heard.iter().filter(|event| is(event)).count();
    assert_eq!(of(|it| matches!(it, Event::Locked { .. })), 3, "{heard:?}");
    assert_eq!(of(|it| *it == Event::Unlocked), 3, "{heard:?}");
    let after = heard.split(|it| *it == Event::Unlocked).skip(1);
    for engine in after {
        let is_first = matches!(
            engine.first(),
            Some(Event::Loaded {
                loaded: 1,
                total: 1
            })
        );
        assert!(is_first, "{engine:?}");
    }
}
