//! `exec` from outside: which variables are set, the file that is kept fresh, signals and exit codes.

use crate::sandbox::{Running, Sandbox, eventually, provider};
use rustix::process::Signal;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::time::Duration;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::Quirks;

struct Scene {
    sandbox: Sandbox,
    provider: DemoProvider,
}

impl Scene {
    fn new(quirks: Quirks) -> Self {
        let sandbox = Sandbox::with_vault();
        let provider = provider(quirks);
        sandbox.sign_in(&provider, "alice");
        Self { sandbox, provider }
    }

    fn file(&self) -> PathBuf {
        self.sandbox.path("run/token")
    }

    fn is_live(&self) -> bool {
        let held = std::fs::read_to_string(self.file());
        held.is_ok_and(|token| self.provider.control().is_live(&token))
    }

    /// Starts a program of the shell beside which a file is kept fresh. A loop in it ends with tokenward, also when a test
    /// fails and tokenward is killed: nothing of a test goes on after it.
    fn beside(&self, script: &str) -> Running {
        let file = self.file();
        let file = file.to_str().unwrap();
        let words = [
            "exec",
            "demo/alice",
            "--refresh-file",
            file,
            "--min-ttl",
            "1s",
        ];
        let mut command = self.sandbox.command(words);
        command.args(["--", "sh", "-c", script]);
        Running::start(&mut command)
    }

    fn names_in_the_folder(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.sandbox.path("run")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name != "tokenward").collect()
    }
}

#[test]
fn programs_find_the_token_where_they_look_for_it() {
    let scene = Scene::new(Quirks::default());
    let settings = format!(
        "[providers.demo]\nissuer = {:?}\ntoken_variables = [\"DEMO_TOKEN\", \"DEMO_KEY\"]\n",
        scene.provider.issuer()
    );
    scene
        .sandbox
        .write("home/.config/tokenward/config.toml", &settings);
    let told = |script: &str| {
        let run = scene.sandbox.shell(script);
        let lines = run.stdout.lines().map(str::to_owned).collect::<Vec<_>>();
        (lines, run.stderr)
    };
    let (lines, _) = told(
        "\"$0\" exec demo/alice --env demo/alice=MINE -- sh -c \
         'for v in DEMO_TOKEN DEMO_KEY TOKENWARD_TOKEN TOKENWARD_DEMO_ALICE MINE; do eval echo \\$$v; done'",
    );
    assert_eq!(lines.len(), 5);
    for line in &lines {
        assert!(scene.provider.control().is_live(line));
    }
    scene.sandbox.sign_in(&scene.provider, "bob");
    let (lines, words) =
        told("DEMO_TOKEN=before \"$0\" exec demo/alice demo/bob -- sh -c 'echo $DEMO_TOKEN'");
    assert_eq!(lines, ["before"]);
    assert!(
        words.contains("DEMO_TOKEN stays as it is: demo/alice and demo/bob"),
        "{words}"
    );
    let (lines, words) = told(
        "\"$0\" exec demo/alice demo/bob --env demo/bob=DEMO_TOKEN --env demo/bob=DEMO_KEY -- sh -c \
         '[ $DEMO_TOKEN = $TOKENWARD_DEMO_BOB ] && echo same'",
    );
    assert_eq!((lines, words.as_str()), (vec!["same".to_owned()], ""));
    let shown = scene.sandbox.run(["provider", "show", "github"]).ok();
    assert!(shown.contains("GH_TOKEN GITHUB_TOKEN"), "{shown}");
}

#[test]
fn the_file_is_there_from_the_start_private_and_gone_at_the_end_with_the_programs_exit_code() {
    let scene = Scene::new(Quirks::default());
    let script = format!(
        "[ \"$(cat {0})\" = \"$TOKENWARD_TOKEN\" ] && stat -c %a {0} && exit 7",
        scene.file().display()
    );
    let mut running = scene.beside(&script);
    let mut stdout = String::new();
    std::io::Read::read_to_string(&mut running.child().stdout.take().unwrap(), &mut stdout)
        .unwrap();
    let (status, words) = running.finish();
    assert_eq!(
        (status.code(), stdout.as_str(), words.as_str()),
        (Some(7), "600\n", "")
    );
    assert!(scene.names_in_the_folder().is_empty());
}

#[test]
fn beside_a_living_owner_a_newer_token_is_in_the_file_at_once() {
    let scene = Scene::new(Quirks::default());
    let _daemon = scene.sandbox.daemon();
    let mut running = scene.beside("while kill -0 $PPID; do sleep 0.05; done");
    eventually("the file is there", || scene.file().exists());
    let first = std::fs::read_to_string(scene.file()).unwrap();
    scene.sandbox.run(["refresh", "demo/alice"]).ok();
    let present = scene.sandbox.run(["get", "demo/alice"]).ok();
    eventually("the newer one is there", || {
        std::fs::read_to_string(scene.file()).unwrap() == present.trim()
    });
    assert_ne!(present.trim(), first);
    assert_eq!(scene.names_in_the_folder(), ["token"]);
    let mode = std::fs::metadata(scene.file())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    running.signal(Signal::TERM);
    assert_eq!(running.wait().code(), Some(143));
    assert!(scene.names_in_the_folder().is_empty());
    let told = scene.sandbox.run(["audit", "list", "--json"]).ok();
    assert!(told.contains("\"purpose\":\"exec\""), "{told}");
}

#[test]
fn without_an_owner_the_file_outlives_every_token() {
    let short = Quirks {
        access_lifetime: Some(Duration::from_secs(4)),
        ..Quirks::default()
    };
    let scene = Scene::new(short);
    let mut running = scene.beside("while kill -0 $PPID; do sleep 0.1; done");
    eventually("the file is there", || scene.file().exists());
    let first = std::fs::read_to_string(scene.file()).unwrap();
    eventually("the first one has died", || {
        !scene.provider.control().is_live(&first)
    });
    eventually("a live one is there", || scene.is_live());
    running.signal(Signal::TERM);
    assert_eq!(running.wait().code(), Some(143));
    assert!(!scene.file().exists());
}

#[test]
fn signals_reach_the_program_and_it_decides() {
    let scene = Scene::new(Quirks::default());
    // Not those that a shell has ignored by whatever it starts in the background.
    let mut running = scene.beside(
        "trap 'echo usr1 >&2' USR1; trap 'echo usr2 >&2' USR2; trap 'echo term >&2; exit 9' TERM; \
         echo ready >&2; while kill -0 $PPID; do sleep 0.05; done",
    );
    running.wait_for_words("ready");
    running.signal(Signal::USR1);
    running.wait_for_words("usr1");
    running.signal(Signal::USR2);
    running.wait_for_words("usr2");
    running.signal(Signal::TERM);
    assert_eq!(running.wait().code(), Some(9));
    assert_eq!(running.words().matches("usr1").count(), 1);
    assert!(!scene.file().exists());
    // What ends itself by a signal is told as a shell tells it.
    let mut killed = scene.beside("kill -KILL $$");
    assert_eq!(killed.wait().code(), Some(137));
    let nowhere = scene.sandbox.run([
        "exec",
        "demo/alice",
        "--refresh-file",
        "t",
        "--",
        "/no/such",
    ]);
    assert!(nowhere.fails(1).contains("cannot run /no/such"));
    assert!(!scene.sandbox.path("home/t").exists());
}

/// As `nohup` does it.
#[test]
fn what_is_ignored_stays_ignored() {
    let scene = Scene::new(Quirks::default());
    let survived = scene.sandbox.shell(
        "trap '' HUP; \"$0\" exec demo/alice --refresh-file t -- sh -c 'kill -HUP $$ && kill -HUP $PPID && echo alive'",
    );
    assert_eq!(survived.ok(), "alive\n");
    let ended = scene
        .sandbox
        .shell("\"$0\" exec demo/alice --refresh-file t -- sh -c 'kill -USR1 $$ && echo alive'");
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(138), ""));
}

#[test]
fn what_is_in_the_way_of_the_file_is_told_and_stays() {
    let mut scene = Scene::new(Quirks::default());
    let elsewhere = scene.sandbox.write("run/elsewhere", "mine");
    symlink(&elsewhere, scene.file()).unwrap();
    let file = scene.file();
    let run = |scene: &Scene, more: &[&str]| {
        let words = [
            "exec",
            "demo/alice",
            "--refresh-file",
            file.to_str().unwrap(),
        ];
        let words = [&words, more, &["--", "cat", file.to_str().unwrap()]].concat();
        scene.sandbox.run(words)
    };
    assert!(
        run(&scene, &["--replace-file"])
            .fails(7)
            .contains("is a link")
    );
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, "mine").unwrap();
    assert!(run(&scene, &[]).fails(7).contains("--replace-file"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    let token = run(&scene, &["--replace-file"]).ok();
    assert!(scene.provider.control().is_live(&token));
    let two = [
        "exec",
        "demo/alice",
        "demo/bob",
        "--refresh-file",
        "t",
        "--",
        "true",
    ];
    scene.sandbox.run(two).fails(2);
    scene.sandbox.unset("TOKENWARD_PASSPHRASE_FILE");
    run(&scene, &[]).fails(4);
    assert!(!file.exists());
}
