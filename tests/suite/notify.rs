//! A person is told when something needs them: by the desktop, by the terminal, once, and with names only where wished.
#![cfg(target_os = "linux")]

use crate::accounts::end_the_grants;
use crate::bus_rig::Bus;
use crate::port_rig::Scene;
use crate::sandbox::{Sandbox, provider};
use crate::tui_rig::Terminal;
use std::collections::HashMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::Quirks;
use zbus::blocking::{Connection, connection};
use zbus::zvariant::OwnedValue;

const SETTINGS: &str = "home/.config/tokenward/config.toml";
const LONG: Duration = Duration::from_secs(60);

#[derive(Debug, PartialEq)]
enum Shown {
    Notice {
        instead_of: u32,
        summary: String,
        body: String,
    },
    Closed(u32),
}

/// A desktop that notes what it is to show.
struct Desktop(Sender<Shown>);

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Desktop {
    fn get_capabilities(&self) -> Vec<String> {
        vec!["body".to_owned(), "body-markup".to_owned()]
    }

    #[allow(clippy::too_many_arguments, reason = "the interface has them")]
    fn notify(
        &self,
        app_name: &str,
        replaces_id: u32,
        _app_icon: &str,
        summary: &str,
        body: &str,
        _actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _expire_timeout: i32,
    ) -> u32 {
        assert_eq!(app_name, "tokenward");
        let notice = Shown::Notice {
            instead_of: replaces_id,
            summary: summary.to_owned(),
            body: body.to_owned(),
        };
        self.0.send(notice).unwrap();
        7
    }

    fn close_notification(&self, id: u32) {
        self.0.send(Shown::Closed(id)).unwrap();
    }
}

fn desktop(bus: &Bus) -> (Connection, Receiver<Shown>) {
    let (shown, told) = channel();
    let connection = connection::Builder::address(bus.address.as_str())
        .unwrap()
        .name("org.freedesktop.Notifications")
        .unwrap()
        .serve_at("/org/freedesktop/Notifications", Desktop(shown))
        .unwrap()
        .build()
        .unwrap();
    (connection, told)
}

/// A sandbox with a bus in its environment; `None`: no bus can be started here.
fn with_bus() -> Option<(Sandbox, Bus)> {
    let mut sandbox = Sandbox::with_vault();
    let bus = Bus::start(&sandbox)?;
    sandbox.set("DBUS_SESSION_BUS_ADDRESS", &bus.address);
    Some((sandbox, bus))
}

/// Accounts at a provider, and a desktop that notes what it is told of them.
struct Watched {
    shown: Receiver<Shown>,
    provider: DemoProvider,
    _desktop: Connection,
    _bus: Bus,
    sandbox: Sandbox,
}

impl Watched {
    /// `None`: no bus can be started here.
    fn new(accounts: &[&str]) -> Option<Self> {
        let (sandbox, bus) = with_bus()?;
        let (desktop, shown) = desktop(&bus);
        let watched = Self {
            shown,
            provider: provider(Quirks::default()),
            _desktop: desktop,
            _bus: bus,
            sandbox,
        };
        watched.sign_in(accounts);
        Some(watched)
    }

    fn sign_in(&self, accounts: &[&str]) {
        for account in accounts {
            self.sandbox.sign_in(&self.provider, account);
        }
    }

    fn next(&self) -> Shown {
        self.shown.recv_timeout(LONG).unwrap()
    }
}

#[test]
fn the_desktop_tells_once_that_a_sign_in_is_needed_and_no_longer_when_it_was_made() {
    let Some(watched) = Watched::new(&["alice", "bob"]) else {
        return;
    };
    let sandbox = &watched.sandbox;
    let _daemon = sandbox.daemon();
    end_the_grants(&watched.provider);
    sandbox.run(["refresh", "demo/alice"]).fails(5);
    let first = watched.next();
    let notice = |instead_of, summary: &str, body: &str| Shown::Notice {
        instead_of,
        summary: summary.to_owned(),
        body: body.to_owned(),
    };
    assert_eq!(
        first,
        notice(
            0,
            "demo/alice: sign in again",
            "tokenward why demo/alice says why and what to do."
        )
    );
    // Asked again it is the same; the next one takes the place of the first.
    sandbox.run(["refresh", "demo/alice"]).fails(5);
    sandbox.run(["refresh", "demo/bob"]).fails(5);
    let both = "demo/alice: sign in again\ndemo/bob: sign in again";
    let second = watched.next();
    assert_eq!(second, notice(7, "2 credentials need you", both));
    watched.sign_in(&["alice", "bob"]);
    assert_eq!(watched.next(), Shown::Closed(7));
    let rest = watched.shown.recv_timeout(Duration::from_millis(1));
    assert_eq!(rest, Err(RecvTimeoutError::Timeout));
}

#[test]
fn names_and_the_whole_of_it_can_be_left_out() {
    let Some(watched) = Watched::new(&["alice", "bob"]) else {
        return;
    };
    let sandbox = &watched.sandbox;
    sandbox.write(SETTINGS, "[notify]\nnames = false\n");
    let daemon = sandbox.daemon();
    end_the_grants(&watched.provider);
    sandbox.run(["refresh", "demo/alice"]).fails(5);
    let first = format!("{:?}", watched.next());
    assert!(first.contains("a credential needs you"), "{first}");
    assert!(!first.contains("alice"), "{first}");
    sandbox.write(SETTINGS, "[notify]\ndesktop = false\n");
    daemon.wait_for_words("changed=\"notify.desktop notify.names\"");
    sandbox.run(["refresh", "demo/bob"]).fails(5);
    // What comes next is the end of it, and not that bob needs a sign-in too.
    watched.sign_in(&["alice", "bob"]);
    assert_eq!(watched.next(), Shown::Closed(7));
}

#[test]
fn what_waits_since_before_is_told_by_an_owner_that_starts_and_hidden_by_a_lock() {
    let Some((sandbox, bus)) = with_bus() else {
        return;
    };
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    end_the_grants(&provider);
    sandbox.run(["refresh", "demo/alice"]).fails(5);
    let (_desktop, shown) = desktop(&bus);
    let _daemon = sandbox.daemon();
    let first = format!("{:?}", shown.recv_timeout(LONG).unwrap());
    assert!(first.contains("demo/alice: sign in again"), "{first}");
    sandbox.run(["lock"]).ok();
    assert_eq!(shown.recv_timeout(LONG).unwrap(), Shown::Closed(7));
}

#[test]
fn without_a_desktop_everything_goes_on() {
    let mut sandbox = Sandbox::with_vault();
    let nowhere = format!("unix:path={}", sandbox.path("nowhere").display());
    sandbox.set("DBUS_SESSION_BUS_ADDRESS", &nowhere);
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let daemon = sandbox.daemon();
    end_the_grants(&provider);
    sandbox.run(["refresh", "demo/alice"]).fails(5);
    daemon.wait_for_words("no desktop shows notifications");
    sandbox.sign_in(&provider, "alice");
    sandbox.run(["refresh", "demo/alice"]).ok();
}

#[test]
fn the_ui_tells_its_terminal_once() {
    let mut sandbox = Sandbox::with_vault();
    sandbox.set("TOKENWARD_NOTIFY_TERMINAL", "osc777");
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let screen = Terminal::start(&sandbox, &[], 120, 36);
    screen.wait_for("demo/alice");
    end_the_grants(&provider);
    sandbox.run(["refresh", "demo/alice"]).fails(5);
    let told = "\u{1b}]777;notify;tokenward;demo/alice: sign in again\u{7}";
    screen.wait_for_bytes(told);
    sandbox.run(["refresh", "demo/alice"]).fails(5);
    screen.wait_for("Inbox (1)");
    assert_eq!(screen.sent(told), 1);
}

/// This program asks on the port for a grant.
fn ask(scene: &Scene, grant: &str) {
    let wish = format!(r#"{{"grant":"{grant}","credentials":["demo/bob"]}}"#);
    let asked = scene.ask("POST", "/api/auth/token", None, &wish);
    assert_eq!(asked.status, 202, "{asked:?}");
}

/// A person refuses what waits.
fn refuse(scene: &Scene) {
    let open = scene.sandbox.run(["grant", "questions", "--json"]).json();
    let id = open[0]["id"].to_string();
    scene.sandbox.run(["grant", "deny", &id]).ok();
}

fn this_program() -> String {
    let path = std::env::current_exe().unwrap();
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn the_desktop_tells_once_that_a_program_asks_for_a_grant() {
    let mut scene = Scene::new(&[]);
    let Some(bus) = Bus::start(&scene.sandbox) else {
        eprintln!("skipped: there is no dbus-daemon");
        return;
    };
    let address = bus.address.clone();
    scene.sandbox.set("DBUS_SESSION_BUS_ADDRESS", &address);
    let (_desktop, shown) = desktop(&bus);
    scene.start();
    let who = this_program();
    let notice = |grant: &str| Shown::Notice {
        instead_of: 0,
        summary: format!("{who} asks for the grant {grant}"),
        body: "It wants tokens of demo/bob. Approve or refuse it in the inbox of the UI, or see: \
               tokenward grant questions"
            .to_owned(),
    };
    ask(&scene, "tool");
    assert_eq!(shown.recv_timeout(LONG).unwrap(), notice("tool"));
    // Neither that it asks again nor what it asks instead is news, until it was answered.
    ask(&scene, "tool");
    ask(&scene, "other");
    refuse(&scene);
    ask(&scene, "last");
    assert_eq!(shown.recv_timeout(LONG).unwrap(), notice("last"));
    // What waited is over when the vault is locked.
    scene.sandbox.run(["lock"]).ok();
    scene.sandbox.run(["unlock"]).ok();
    ask(&scene, "last");
    assert_eq!(shown.recv_timeout(LONG).unwrap(), notice("last"));
    refuse(&scene);
    scene.sandbox.write(
        SETTINGS,
        "[notify]\nnames = false\n[api]\nlisten = \"127.0.0.1:0\"",
    );
    let daemon = scene.daemon.as_ref().unwrap();
    daemon.wait_for_words("notify.names");
    ask(&scene, "secret");
    let last = format!("{:?}", shown.recv_timeout(LONG).unwrap());
    assert!(last.contains("a program asks for a grant"), "{last}");
    assert!(!last.contains(&who) && !last.contains("demo/"), "{last}");
}

#[test]
fn the_ui_tells_its_terminal_once_that_a_program_asks_for_a_grant() {
    let scene = Scene::new(&[("TOKENWARD_NOTIFY_TERMINAL", "osc9")]);
    let mut screen = Terminal::start(&scene.sandbox, &[], 80, 24);
    screen.wait_for("demo/alice");
    ask(&scene, "tool");
    let who = this_program();
    let told = format!("\u{1b}]9;tokenward: {who} asks for the grant tool\u{7}");
    screen.wait_for_bytes(&told);
    screen.wait_for("Inbox (1)");
    ask(&scene, "tool");
    refuse(&scene);
    screen.wait_without("Inbox (1)");
    assert_eq!(screen.sent("asks for the grant tool\u{7}"), 1);
    ask(&scene, "last");
    screen.wait_for_bytes(&format!("tokenward: {who} asks for the grant last\u{7}"));
    screen.keys("q");
    assert!(screen.finish().0.success());
}
