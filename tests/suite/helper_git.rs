//! The real git against a smart HTTP server on loopback: clone, push, and what happens when a token is refused.

use crate::accounts::signed_in;
use crate::git_rig::serve;
use crate::sandbox::{Run, Sandbox};
use std::process::Command;
use std::sync::{Arc, Mutex};
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::{Quirks, RequestKind};

/// A user with signed-in accounts, and a git server that takes their live tokens and one user name.
struct Scene {
    sandbox: Sandbox,
    provider: DemoProvider,
    host: String,
    /// A token that the server takes no more.
    refused: Arc<Mutex<String>>,
}

impl Scene {
    fn new(accounts: &[&str]) -> Self {
        let (sandbox, provider) = signed_in(Quirks::default(), accounts);
        let repositories = sandbox.path("repositories");
        let bare = repositories.join("work.git");
        let made = Command::new("git")
            .args(["init", "--quiet", "--bare", "--initial-branch=main"])
            .arg(&bare)
            .status();
        assert!(made.unwrap().success());
        let control = provider.control();
        let refused: Arc<Mutex<String>> = Arc::default();
        let taken = Arc::clone(&refused);
        let takes = move |user: &str, password: &str| {
            user == "oauth2" && control.is_live(password) && *taken.lock().unwrap() != password
        };
        let host = serve(repositories, Arc::new(takes));
        let settings = format!(
            "[providers.demo]\nissuer = {:?}\ngit_user = \"oauth2\"\ngit_hosts = [{host:?}]\n",
            provider.issuer()
        );
        sandbox.write("home/.config/tokenward/config.toml", &settings);
        let program = env!("CARGO_BIN_EXE_tokenward");
        let helper = format!(
            "[credential]\n\thelper = \"!{program} git-credential\"\n[user]\n\tname = A\n\temail = a@example.org\n"
        );
        sandbox.write("home/.gitconfig", &helper);
        Self {
            sandbox,
            provider,
            host,
            refused,
        }
    }

    fn url(&self) -> String {
        format!("http://{}/work.git", self.host)
    }

    /// Runs git as this user, with nobody to ask.
    fn git(&self, script: &str) -> Run {
        let script = format!("export GIT_TERMINAL_PROMPT=0 GIT_CONFIG_NOSYSTEM=1; {script}");
        self.sandbox.shell(&script)
    }
}

#[test]
fn git_clones_and_pushes_with_a_fresh_token_and_nothing_to_set_up_but_the_helper() {
    let scene = Scene::new(&["alice"]);
    let _daemon = scene.sandbox.daemon();
    let url = scene.url();
    scene
        .git(&format!(
            "set -e; git clone --quiet {url} copy; cd copy; echo 1 > file; git add file; \
             git commit --quiet -m first; git push --quiet origin HEAD:main"
        ))
        .ok();
    let told = scene.sandbox.run(["audit", "list", "--json"]).ok();
    assert!(told.contains("\"purpose\":\"git\""), "{told}");
    // What git has was never written anywhere by it.
    scene
        .git("! grep -r eyJ .git-credentials copy/.git/config")
        .ok();
}

#[test]
fn a_token_that_the_server_refuses_is_replaced_for_the_next_time() {
    let scene = Scene::new(&["alice"]);
    let _daemon = scene.sandbox.daemon();
    let control = scene.provider.control();
    let token = scene
        .sandbox
        .run(["get", "demo/alice", "--min-ttl", "1s"])
        .ok();
    *scene.refused.lock().unwrap() = token.trim().to_owned();
    let before = control.counts().of(RequestKind::Refresh);
    let url = scene.url();
    let refused = scene.git(&format!("git ls-remote {url}"));
    assert_eq!(refused.code, Some(128), "{refused:?}");
    assert_eq!(control.counts().of(RequestKind::Refresh), before + 1);
    scene.git(&format!("git ls-remote {url}")).ok();
    assert_eq!(control.counts().of(RequestKind::Refresh), before + 1);
}

#[test]
fn the_lines_for_git_are_printed_written_once_and_taken_out() {
    let scene = Scene::new(&["alice"]);
    let setup = |extra: &[&str]| {
        scene
            .sandbox
            .run([["setup", "git"].as_slice(), extra].concat())
    };
    let config = || std::fs::read_to_string(scene.sandbox.path("home/.gitconfig")).unwrap();
    let before = config();
    let printed = setup(&[]).ok();
    assert!(printed.contains(&format!("credential.https://{}.helper", scene.host)));
    assert_eq!(config(), before);
    for _ in 0..2 {
        setup(&["--write"]).ok();
    }
    let written = config();
    assert_eq!(written.matches("git-credential").count(), 2, "{written}");
    let asked = scene.git(&format!(
        "git config --get-urlmatch credential.helper https://{}",
        scene.host
    ));
    assert!(asked.ok().contains("git-credential"));
    setup(&["--undo"]).ok();
    assert_eq!(config().matches("git-credential").count(), 1);
    // Another tool's lines for the same host stay, whatever is done with ours.
    let others = format!(
        "\tother = 1\n[credential \"https://{}\"]\n\thelper = \n\thelper = !gh auth git-credential\n",
        scene.host
    );
    let with_others = format!("{}{others}", config());
    scene.sandbox.write("home/.gitconfig", &with_others);
    setup(&["--undo"]).ok();
    assert_eq!(config(), with_others);
    setup(&["--write"]).ok();
    setup(&["--undo"]).ok();
    let asked = format!(
        "git config --get-all credential.https://{}.helper",
        scene.host
    );
    assert_eq!(scene.git(&asked).ok(), "\n!gh auth git-credential\n");
    scene.sandbox.write("home/.gitconfig", &before);
    // What is printed does the same.
    scene.git(&printed).ok();
    assert_eq!(config().matches("git-credential").count(), 2);
    setup(&["--host", "https://a.example"]).fails(2);
}

#[test]
fn of_two_accounts_the_user_name_tells_and_without_it_none_is_guessed() {
    let scene = Scene::new(&["alice", "bob"]);
    let _daemon = scene.sandbox.daemon();
    let (host, url) = (&scene.host, scene.url());
    let unclear = scene.git(&format!("git ls-remote {url}"));
    assert_eq!(unclear.code, Some(128));
    assert!(
        unclear.stderr.contains("demo/alice, demo/bob")
            && unclear.stderr.contains("credential.http://"),
        "{unclear:?}"
    );
    scene
        .git(&format!("git ls-remote http://bob@{host}/work.git"))
        .ok();
    scene
        .git(&format!(
            "git config --global credential.http://{host}.username alice && git ls-remote {url}"
        ))
        .ok();
    let stranger = scene.git(&format!("git ls-remote http://carol@{host}/work.git"));
    assert_eq!(stranger.code, Some(128), "{stranger:?}");
}

#[test]
fn a_strange_host_an_unsafe_one_and_a_locked_vault_get_no_token() {
    let mut scene = Scene::new(&["alice"]);
    let ask = |scene: &Scene, request: &str| {
        let script = format!("printf '{request}' | \"$0\" git-credential get");
        scene.sandbox.shell(&script)
    };
    let host = scene.host.clone();
    for request in [
        "protocol=https\\nhost=git.example\\n".to_owned(),
        format!("protocol=ftp\\nhost={host}\\n"),
        "protocol=http\\nhost=git.example\\n".to_owned(),
        String::new(),
    ] {
        assert_eq!(ask(&scene, &request).ok(), "", "{request}");
    }
    let known = format!("protocol=http\\nhost={host}\\n");
    let answer = ask(&scene, &known).ok();
    assert!(
        answer.starts_with("username=oauth2\npassword="),
        "{}",
        answer.len()
    );
    assert!(answer.contains("\npassword_expiry_utc="));
    scene.sandbox.unset("TOKENWARD_PASSPHRASE_FILE");
    let locked = ask(&scene, &known);
    assert_eq!((locked.code, locked.stdout.as_str()), (Some(4), ""));
}

#[test]
fn a_credential_that_is_named_answers_for_its_own_hosts_and_those_that_are_told() {
    let scene = Scene::new(&["alice"]);
    let ask = |host: &str, extra: &str| {
        let script = format!(
            "printf 'protocol=https\\nhost={host}\\n' | \"$0\" git-credential --name demo/alice {extra} get"
        );
        scene.sandbox.shell(&script).ok()
    };
    assert!(ask(&scene.host, "").contains("password="));
    assert_eq!(ask("evil.example", ""), "");
    assert_eq!(ask("", ""), "");
    assert!(ask("git.example", "--host git.example").contains("password="));
}

#[test]
fn what_git_wants_stored_or_erased_of_others_changes_nothing() {
    let scene = Scene::new(&["alice"]);
    let before = scene.provider.control().counts().of(RequestKind::Refresh);
    for action in ["store", "erase"] {
        let script = format!(
            "printf 'protocol=http\\nhost={}\\nusername=oauth2\\npassword=of-somebody-else\\n' | \"$0\" git-credential {action}",
            scene.host
        );
        assert_eq!(scene.sandbox.shell(&script).ok(), "");
    }
    assert_eq!(
        scene.provider.control().counts().of(RequestKind::Refresh),
        before
    );
}
