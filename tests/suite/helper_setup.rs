//! `setup` for every program: nothing of a person's settings is lost, and `--undo` leaves them as they were.

use crate::sandbox::{Run, Sandbox, provider};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::Quirks;

const ROLE: &str = "arn:aws:iam::123456789012:role/path/deploy";

/// A program: its words, its file below the home folder, settings that somebody had there, a line that comes in.
struct Case {
    words: &'static [&'static str],
    file: &'static str,
    theirs: &'static [&'static str],
    line: &'static str,
}

const CASES: [Case; 5] = [
    Case {
        words: &[
            "msmtp",
            "demo/alice",
            "--host",
            "smtp.ex.org",
            "--user",
            "alice@ex.org",
        ],
        file: ".msmtprc",
        theirs: &[
            "# mine\naccount work\nhost x\n\taccount default : work\n",
            "account x",
        ],
        line: " sasl token demo/alice\"\n",
    },
    Case {
        words: &["isync", "demo/alice", "--host", "imap.ex.org"],
        file: ".mbsyncrc",
        theirs: &[
            "IMAPAccount x\nHost x\n\nChannel y\nFar :x:\n",
            "Expunge Both",
        ],
        line: "\nIMAPStore demo-alice\nAccount demo-alice\n",
    },
    Case {
        words: &[
            "mutt",
            "demo/alice",
            "--host",
            "imap.ex.org",
            "--user",
            "alice",
            "--send",
            "smtp.ex.org:465",
        ],
        file: ".mutt/muttrc",
        theirs: &["set folder=~/Mail\n", "set editor=vi"],
        line: "account-hook imaps://alice@imap.ex.org:993/ ",
    },
    Case {
        words: &[
            "aws",
            "demo/alice",
            "--role",
            ROLE,
            "--id-token",
            "--region",
            "eu-central-1",
        ],
        file: ".aws/config",
        theirs: &[
            "[default]\nregion = x\n\n[profile other]\ns3 =\n  a = b\n",
            "[default]",
        ],
        line: "[profile deploy]\ncredential_process = ",
    },
    Case {
        words: &["kubectl", "demo/alice", "--id-token"],
        file: ".kube/config",
        theirs: &[
            "# mine\napiVersion: v1\nusers:\n  # hers\n  - name: bob\n    user: {}\ncurrent-context: x\n",
            "apiVersion: v1\nkind: Config",
        ],
        line: "- name: \"demo/alice\"\n",
    },
];

struct Scene {
    sandbox: Sandbox,
    _provider: DemoProvider,
}

impl Scene {
    fn new() -> Self {
        let sandbox = Sandbox::with_vault();
        let provider = provider(Quirks::default());
        sandbox.sign_in(&provider, "alice");
        Self {
            sandbox,
            _provider: provider,
        }
    }

    fn setup(&self, words: &[&str], more: &[&str]) -> Run {
        self.sandbox.run([&["setup"], words, more].concat())
    }

    fn put(&self, file: &str, text: &str) {
        self.sandbox.write(&format!("home/{file}"), text);
    }

    fn text(&self, file: &str) -> String {
        fs::read_to_string(self.sandbox.path("home").join(file)).unwrap()
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn lines_come_into_settings_once_and_leave_them_as_they_were() {
    let scene = Scene::new();
    for case in &CASES {
        for theirs in case.theirs {
            scene.put(case.file, theirs);
            let path = scene.sandbox.path("home").join(case.file);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            let printed = scene.setup(case.words, &[]).ok();
            assert!(printed.contains(case.line), "{printed}");
            assert_eq!(scene.text(case.file), *theirs);
            scene.setup(case.words, &["--write"]).ok();
            let written = scene.text(case.file);
            let line = written.replace("\n  ", "\n");
            assert!(line.contains(case.line), "{written}");
            for line in theirs.lines() {
                assert!(written.contains(line), "{line}: {written}");
            }
            let number = fs::metadata(&path).unwrap().ino();
            scene.setup(case.words, &["--write"]).ok();
            assert_eq!((scene.text(case.file), mode(&path)), (written, 0o640));
            assert_eq!(fs::metadata(&path).unwrap().ino(), number);
            for _ in 0..2 {
                scene.setup(case.words, &["--undo"]).ok();
                assert_eq!(
                    (scene.text(case.file).as_str(), mode(&path)),
                    (*theirs, 0o640)
                );
            }
            let folder = fs::read_dir(path.parent().unwrap()).unwrap();
            let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            assert!(
                names
                    .into_iter()
                    .all(|name| !name.starts_with(".tokenward"))
            );
        }
    }
}

#[test]
fn a_file_that_was_not_there_is_made_for_its_owner_alone_and_goes_again() {
    let scene = Scene::new();
    for case in &CASES {
        let path = scene.sandbox.path("home/own").join(case.file);
        let more = ["--file", path.to_str().unwrap()];
        scene
            .setup(case.words, &[&more[..], &["--write"]].concat())
            .ok();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()) & 0o077, 0);
        scene
            .setup(case.words, &[&more[..], &["--undo"]].concat())
            .ok();
        assert!(!path.exists(), "{}", case.file);
    }
}

#[test]
fn what_a_person_changed_or_another_program_has_is_left_alone() {
    let scene = Scene::new();
    for case in &CASES {
        scene.put(case.file, case.theirs[0]);
        scene.setup(case.words, &["--write"]).ok();
        let written = scene.text(case.file);
        let changed = written.replace("# <<< tokenward", "# mine\n# <<< tokenward");
        scene.put(case.file, &changed);
        for wish in ["--write", "--undo"] {
            let said = scene.setup(case.words, &[wish]).fails(7);
            assert!(said.contains("changed by hand"), "{said}");
            assert_eq!(scene.text(case.file), changed);
        }
    }
    scene.put(".aws/config", "[profile deploy]\nregion = x\n");
    let said = scene.setup(CASES[3].words, &["--write"]).fails(7);
    assert!(said.contains("--profile"), "{said}");
    scene.put(".aws/credentials", "[mine]\naws_access_key_id = A\n");
    let said = scene.setup(CASES[3].words, &["--profile", "mine", "--write"]);
    assert!(said.stderr.contains("takes the keys of [mine]"), "{said:?}");
    for (theirs, hint) in [
        (
            "users:\n- name: demo/alice\n  user: {token: x}\n",
            "--user NAME",
        ),
        ("users: []\n", "kubectl config set-credentials demo/alice"),
    ] {
        scene.put(".kube/config", theirs);
        let said = scene.setup(CASES[4].words, &["--write"]).fails(7);
        assert!(said.contains(hint), "{said}");
        assert_eq!(scene.text(".kube/config"), theirs);
    }
}

#[test]
fn a_link_is_followed_at_home_and_nowhere_else() {
    let scene = Scene::new();
    let home = scene.sandbox.path("home");
    for (number, case) in CASES.iter().enumerate() {
        let link = home.join(case.file);
        let kept = format!("dotfiles/{number}");
        scene.put(&kept, case.theirs[0]);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(home.join(&kept), &link).unwrap();
        let said = scene.setup(case.words, &["--write"]);
        assert!(said.stderr.contains("It is a link"), "{said:?}");
        assert!(scene.text(&kept).contains(">>> tokenward"));
        scene.setup(case.words, &["--undo"]).ok();
        assert_eq!(scene.text(&kept), case.theirs[0]);
        assert!(link.symlink_metadata().unwrap().is_symlink());
        fs::remove_file(&link).unwrap();
        let outside = scene.sandbox.write("outside", case.theirs[0]);
        symlink(&outside, &link).unwrap();
        let said = scene.setup(case.words, &["--write"]).fails(7);
        assert!(said.contains("out of the home folder"), "{said}");
        assert_eq!(fs::read_to_string(&outside).unwrap(), case.theirs[0]);
        // Printed they are all the same.
        scene.setup(case.words, &[]).ok();
    }
}

#[test]
fn no_word_becomes_a_setting_of_its_own() {
    let scene = Scene::new();
    let mail = ["msmtp", "demo/alice", "--host"];
    let more = |words: &[&'static str]| [&mail[..], words].concat();
    for words in [
        more(&["a\npasswordeval x"]),
        more(&["a", "--user", "a\"b"]),
        more(&["a", "--user", "a;b"]),
        vec!["mutt", "demo/alice", "--host", "a'b"],
        vec!["aws", "demo/alice", "--role", ROLE, "--profile", "a]\n[b"],
        vec!["kubectl", "demo/alice", "--user", "a\": b"],
        vec!["docker", "--host", "a\": \"b"],
    ] {
        scene.setup(&words, &["--write"]).fails(2);
    }
    // The demo provider has no mail server.
    let said = scene.setup(&["isync", "demo/alice"], &[]).fails(2);
    assert!(said.contains("--host"), "{said}");
    scene
        .setup(&["isync", "demo/bob", "--host", "a"], &[])
        .fails(3);
}

#[test]
fn docker_finds_its_helper_and_its_settings_are_as_they_were() {
    let mut scene = Scene::new();
    let path = format!(
        "{}:/usr/bin:/bin",
        scene.sandbox.path("home/.local/bin").display()
    );
    scene.sandbox.set("PATH", &path);
    let docker = ["docker", "--host", "r.example", "--name", "demo/alice"];
    let theirs = "{\n\t\"auths\": {},\n\t\"credHelpers\": {\n\t\t\"gcr.io\": \"gcloud\"\n\t}\n}";
    scene.put(".docker/config.json", theirs);
    let printed = scene.setup(&docker, &[]).ok();
    assert!(
        printed.contains("\"r.example\": \"tokenward-demo-alice\""),
        "{printed}"
    );
    assert_eq!(scene.text(".docker/config.json"), theirs);
    scene.setup(&docker, &["--write"]).ok();
    let written = scene.text(".docker/config.json");
    let script = scene
        .sandbox
        .path("home/.local/bin/docker-credential-tokenward-demo-alice");
    let of_the_script = fs::read_to_string(&script).unwrap();
    assert_eq!(mode(&script), 0o755);
    scene.setup(&docker, &["--write"]).ok();
    assert_eq!(scene.text(".docker/config.json"), written);
    assert_eq!(fs::read_to_string(&script).unwrap(), of_the_script);
    let said = scene
        .sandbox
        .shell("echo r.example | docker-credential-tokenward-demo-alice get")
        .json();
    assert_eq!(said["ServerURL"], "r.example");
    assert_eq!(said["Username"], "oauth2");
    // A further registry: the script answers for both.
    let further = ["docker", "--host", "s.example", "--name", "demo/alice"];
    scene.setup(&further, &["--write"]).ok();
    for host in ["r.example", "s.example"] {
        let asked = format!("echo {host} | docker-credential-tokenward-demo-alice get");
        scene.sandbox.shell(&asked).ok();
    }
    let said = scene
        .setup(
            &["docker", "--host", "gcr.io", "--name", "demo/alice"],
            &["--write"],
        )
        .fails(7);
    assert!(said.contains("docker-credential-gcloud"), "{said}");
    scene.setup(&further, &["--undo"]).ok();
    assert!(script.exists());
    scene.setup(&["docker"], &["--undo"]).ok();
    assert_eq!(scene.text(".docker/config.json"), theirs);
    assert!(!script.exists());
    // A script of somebody else's stays, and docker is told of none then.
    let other = "#!/bin/sh\nexec other\n";
    fs::write(&script, other).unwrap();
    scene.setup(&docker, &["--write"]).fails(7);
    scene.setup(&docker, &["--undo"]).ok();
    assert_eq!(fs::read_to_string(&script).unwrap(), other);
    assert_eq!(scene.text(".docker/config.json"), theirs);
    for wrong in ["[]", "{\"credHelpers\": 1}", "{ // mine\n}"] {
        scene.put(".docker/config.json", wrong);
        scene.setup(&further, &["--write"]).fails(7);
        assert_eq!(scene.text(".docker/config.json"), wrong);
    }
}
