//! `tokenward wait`: it comes back when the credential is good, whoever makes it so, and says why where it does not.

use crate::accounts::end_the_grants;
use crate::sandbox::{PASSPHRASE, Running, Sandbox, eventually, provider};
use rustix::process::Signal;
use tokenward::demo::quirks::Quirks;

fn waiting(sandbox: &Sandbox, more: &[&str]) -> Running {
    let mut command = sandbox.command(["wait", "demo/alice"]);
    command.args(more);
    Running::start(&mut command)
}

#[test]
fn what_is_good_is_told_at_once_and_what_is_not_there_is_refused() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let good = |sandbox: &Sandbox| {
        let told = sandbox.run(["wait", "demo/alice", "--json"]).json();
        assert_eq!(
            (&told["good"], &told["name"]),
            (&true.into(), &"demo/alice".into())
        );
    };
    good(&sandbox);
    let _daemon = sandbox.daemon();
    good(&sandbox);
    assert_eq!(sandbox.run(["wait", "demo/alice"]).ok(), "");
    sandbox.run(["wait", "demo/nobody"]).fails(3);
    // One that lives too short is refreshed first.
    sandbox.run(["wait", "demo/alice", "--min-ttl", "2d"]).ok();
    assert_eq!(sandbox.run(["list", "--json"]).json()[0]["generation"], 2);
}

#[test]
fn it_waits_for_the_person_who_signs_in_also_when_the_owner_is_started_anew_meanwhile() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    end_the_grants(&provider);
    sandbox.run(["refresh", "demo/alice"]).fails(5);
    let alone = sandbox.run(["wait", "demo/alice"]).fails(5);
    assert!(
        alone.contains("tokenward login demo") && alone.contains("--daemon"),
        "{alone}"
    );
    let daemon = sandbox.daemon();
    let mut first = waiting(&sandbox, &["--timeout", "10m"]);
    first.wait_for_words("Waiting: demo/alice");
    assert!(
        first
            .words()
            .contains("tokenward login demo --account alice")
    );
    daemon.signal(Signal::TERM);
    assert!(daemon.finish().0.success());
    let _daemon = sandbox.daemon();
    sandbox.sign_in(&provider, "alice");
    assert!(first.wait().success(), "{}", first.words());
    assert_eq!(first.words().matches("Waiting").count(), 1);
}

#[test]
fn when_the_time_is_over_the_code_says_what_it_waited_for() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let _daemon = sandbox.daemon();
    sandbox.run(["lock"]).ok();
    let words = sandbox
        .run(["wait", "demo/alice", "--timeout", "1s"])
        .fails(4);
    assert!(words.contains("tokenward unlock"), "{words}");
    let mut locked = waiting(&sandbox, &[]);
    locked.wait_for_words("Waiting:");
    sandbox.run(["unlock"]).ok();
    assert!(locked.wait().success(), "{}", locked.words());
    end_the_grants(&provider);
    sandbox.run(["refresh", "demo/alice"]).fails(5);
    sandbox
        .run(["wait", "demo/alice", "--timeout", "0s"])
        .fails(5);
    let words = sandbox
        .run(["wait", "demo/alice", "--timeout", "1s"])
        .fails(5);
    assert!(!words.contains(PASSPHRASE), "{words}");
    sandbox.sign_in(&provider, "alice");
    drop(provider);
    let over = ["wait", "demo/alice", "--timeout", "2s", "--min-ttl", "2d"];
    sandbox.run(over).fails(6);
}

#[test]
fn it_asks_for_nothing_while_it_waits() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    end_the_grants(&provider);
    sandbox.run(["refresh", "demo/alice"]).fails(5);
    let _daemon = sandbox.daemon();
    let mut wait = waiting(&sandbox, &["--timeout", "10m"]);
    wait.wait_for_words("Waiting: demo/alice");
    let used = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", wait.pid())).unwrap();
        let rest = stat.rsplit(')').next().unwrap().to_owned();
        let field = |at: usize| rest.split(' ').nth(at).unwrap().parse::<u64>().unwrap();
        // Its switches to sleep tell how often it did anything.
        (field(1 + 11) + field(1 + 12), switches(wait.pid()))
    };
    if !cfg!(target_os = "linux") {
        return;
    }
    eventually("it rests", || {
        let before = used();
        std::thread::sleep(std::time::Duration::from_millis(700));
        used() == before
    });
    sandbox.sign_in(&provider, "alice");
    assert!(wait.wait().success(), "{}", wait.words());
}

fn switches(pid: u32) -> Option<String> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find(|line| line.starts_with("voluntary_ctxt_switches"));
    line.map(str::to_owned)
}
