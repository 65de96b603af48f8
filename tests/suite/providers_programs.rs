//! The programs themselves, as Debian has them, with settings that `setup` wrote: each gets in by its token.
//!
//! `tests/providers/run programs` looks whether they are there. Reads mail from Dovecot, which asks the provider about each
//! token; sends it to, and fetches pages from, the servers of `tests/providers/programs`.

use crate::accounts::end_the_grants;
use crate::sandbox::{Running, Sandbox, eventually, provider};
use crate::sts_rig::Sts;
use rustix::process::Signal;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::Quirks;

const ROLE: &str = "arn:aws:iam::123456789012:role/deploy";

/// A person signed in as alice, with a certificate that her programs trust.
struct Scene {
    sandbox: Sandbox,
    provider: DemoProvider,
}

impl Scene {
    fn new() -> Self {
        let mut sandbox = Sandbox::with_vault();
        let provider = provider(Quirks::default());
        sandbox.sign_in(&provider, "alice");
        let bin = sandbox.path("home/.local/bin");
        sandbox.set(
            "PATH",
            &format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display()),
        );
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
            ])
            .args([
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=DNS:localhost",
            ])
            .args(["-keyout", "key.pem", "-out", "cert.pem"])
            .current_dir(sandbox.path(""))
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        Self { sandbox, provider }
    }

    fn certificate(&self) -> String {
        self.sandbox.path("cert.pem").display().to_string()
    }

    fn userinfo(&self) -> String {
        format!("{}/userinfo", self.provider.issuer())
    }

    /// Writes the lines; they are never edited by hand afterwards.
    fn setup(&self, words: &[&str]) {
        self.sandbox
            .run([&["setup"], words, &["--write"]].concat())
            .ok();
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.sandbox.path(name)).unwrap()
    }

    /// Ends the token at the provider, without the vault's knowing.
    fn spoil(&self) {
        end_the_grants(&self.provider);
    }
}

/// The relay, the cluster and the registry.
struct Servers {
    child: Child,
    relay: String,
    pages: String,
    done: Arc<Mutex<Vec<Value>>>,
}

impl Servers {
    fn start(scene: &Scene) -> Self {
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/providers/programs/servers.py"
        );
        let mut child = Command::new("python3")
            .args(["-B", script, &scene.userinfo()])
            .arg(scene.sandbox.path(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        let done: Arc<Mutex<Vec<Value>>> = Arc::default();
        let told = Arc::clone(&done);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                told.lock()
                    .unwrap()
                    .push(serde_json::from_str(&line).unwrap());
            }
        });
        Self {
            child,
            relay: first["relay"].to_string(),
            pages: first["pages"].to_string(),
            done,
        }
    }

    /// Waits until something was done with a token.
    #[track_caller]
    fn did(&self, what: &str, is_it: impl Fn(&Value) -> bool) {
        eventually(what, || self.done.lock().unwrap().iter().any(&is_it));
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A Dovecot with one mail for alice.
struct Dovecot {
    running: Running,
    _folder: TempDir,
    port: String,
}

impl Dovecot {
    fn start(scene: &Scene) -> Self {
        // Its mail processes run as nobody when it is root that starts it: a folder outside of the person's own.
        let holder = tempfile::Builder::new()
            .prefix("tw-dovecot")
            .tempdir()
            .unwrap();
        let folder = holder.path();
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        let (mail, port) = (folder.join("mail"), free_port());
        let is_root = rustix::process::geteuid().is_root();
        let settings = format!(
            include_str!("../providers/programs/dovecot.conf"),
            folder = folder.display(),
            certificate = scene.certificate(),
            key = scene.sandbox.path("key.pem").display(),
            user = if is_root {
                "nobody".to_owned()
            } else {
                who("-un")
            },
            group = if is_root {
                "nogroup".to_owned()
            } else {
                who("-gn")
            },
        );
        let settings = settings.replace("PORT", &port);
        let oauth2 = format!(
            "introspection_url = {}\nintrospection_mode = auth\nusername_attribute = sub\n",
            scene.userinfo()
        );
        fs::write(folder.join("oauth2.conf"), oauth2).unwrap();
        let file = folder.join("dovecot.conf");
        fs::write(&file, settings).unwrap();
        for name in ["cur", "tmp", "new"] {
            fs::create_dir_all(mail.join(name)).unwrap();
        }
        let letter = "From: bob@ex.org\nTo: alice@ex.org\nSubject: tea\nMessage-ID: <1@ex.org>\n\nAt five?\n";
        fs::write(mail.join("new/1.letter"), letter).unwrap();
        if is_root {
            let given = Command::new("chown")
                .args(["-R", "nobody:nogroup"])
                .arg(&mail)
                .status();
            assert!(given.unwrap().success());
        }
        let mut command = Command::new("/usr/sbin/dovecot");
        command.arg("-F").arg("-c").arg(file);
        let running = Running::start(command.stdout(Stdio::null()).stderr(Stdio::piped()));
        eventually("dovecot listens", || {
            TcpStream::connect(format!("127.0.0.1:{port}")).is_ok()
        });
        Self {
            running,
            _folder: holder,
            port,
        }
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        // Killed, it would leave its own processes behind.
        self.running.signal(Signal::TERM);
        self.running.wait();
    }
}

fn free_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port().to_string()
}

fn who(option: &str) -> String {
    let said = Command::new("id").arg(option).output().unwrap().stdout;
    String::from_utf8(said).unwrap().trim().to_owned()
}

#[test]
#[ignore = "needs the programs of tests/providers/run"]
fn msmtp_sends_a_letter() {
    let scene = Scene::new();
    let servers = Servers::start(&scene);
    for mechanism in ["xoauth2", "oauthbearer"] {
        let before = format!("defaults\ntls_trust_file {}\n", scene.certificate());
        scene.sandbox.write("home/.msmtprc", &before);
        scene.setup(&[
            "msmtp",
            "demo/alice",
            "--host",
            "localhost",
            "--port",
            &servers.relay,
            "--user",
            "alice@ex.org",
            "--mechanism",
            mechanism,
        ]);
        let letter = "printf 'Subject: tea\\n\\nAt five? %s\\n' | msmtp bob@ex.org";
        scene.sandbox.shell(&letter.replace("%s", mechanism)).ok();
        servers.did("the letter is there", |done| {
            done["relay"] == mechanism.to_uppercase()
                && done["user"] == "alice@ex.org"
                && done["message"].as_str().unwrap().contains(mechanism)
        });
    }
    scene.spoil();
    let refused = scene.sandbox.shell("echo x | msmtp bob@ex.org");
    assert_eq!(refused.code, Some(77), "{refused:?}");
    assert_eq!(servers.done.lock().unwrap().len(), 2);
}

#[test]
#[ignore = "needs the programs of tests/providers/run"]
fn mbsync_fetches_a_letter() {
    let mut scene = Scene::new();
    let dovecot = Dovecot::start(&scene);
    scene.sandbox.set("SSL_CERT_FILE", &scene.certificate());
    let here = "MaildirStore here\nPath ~/Mail/\nInbox ~/Mail/INBOX\n\nChannel all\nFar :demo-alice:\nNear :here:\n\
                Create Near\nSync Pull\nSyncState *\n";
    scene.setup(&[
        "isync",
        "demo/alice",
        "--host",
        "localhost",
        "--port",
        &dovecot.port,
    ]);
    let with_channel = format!("{}{here}", scene.text("home/.mbsyncrc"));
    scene.sandbox.write("home/.mbsyncrc", &with_channel);
    fs::create_dir(scene.sandbox.path("home/Mail")).unwrap();
    scene.sandbox.shell("mbsync all").ok();
    let said = scene
        .sandbox
        .shell("cat Mail/INBOX/new/* Mail/INBOX/cur/* 2>&1")
        .stdout;
    assert!(said.contains("At five?"), "{said}");
    scene.spoil();
    let refused = scene.sandbox.shell("mbsync all");
    assert_eq!(refused.code, Some(1), "{refused:?}");
}

#[test]
#[ignore = "needs the programs of tests/providers/run"]
fn mutt_reads_a_letter_and_sends_one() {
    let scene = Scene::new();
    let (dovecot, servers) = (Dovecot::start(&scene), Servers::start(&scene));
    let before = format!(
        "set ssl_ca_certificates_file={} from=alice@ex.org record= quit=yes confirmcreate=no folder=~\n",
        scene.certificate()
    );
    scene.sandbox.write("home/.muttrc", &before);
    let send = format!("localhost:{}", servers.relay);
    scene.setup(&[
        "mutt",
        "demo/alice",
        "--host",
        "localhost",
        "--port",
        &dovecot.port,
        "--send",
        &send,
    ]);
    let url = format!("imap://alice@localhost:{}/", dovecot.port);
    let script = format!(
        "TERM=xterm exec script -qec \"mutt -n -f {url} -e 'push <copy-message>$HOME/kept<enter>'\" /dev/null"
    );
    let file = scene.sandbox.write("read", &script);
    let mut reading = scene.sandbox.in_here("/bin/sh", [file]);
    let _reading = Running::start(reading.stdout(Stdio::null()));
    eventually("the letter is kept", || {
        fs::read_to_string(scene.sandbox.path("home/kept"))
            .is_ok_and(|text| text.contains("At five?"))
    });
    scene
        .sandbox
        .shell("echo 'With milk.' | mutt -n -s tea bob@ex.org")
        .ok();
    servers.did("the letter is there", |done| {
        done["user"] == "alice"
            && done["message"]
                .as_str()
                .is_some_and(|text| text.contains("With milk."))
    });
}

#[test]
#[ignore = "needs the programs of tests/providers/run"]
fn kubectl_asks_a_cluster() {
    let mut scene = Scene::new();
    let servers = Servers::start(&scene);
    let config = format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster:\n    server: https://localhost:{}\n    \
         certificate-authority: {}\ncontexts:\n- name: c\n  context:\n    cluster: c\n    user: other\ncurrent-context: c\n\
         users:\n- name: other\n  user: {{}}\n",
        servers.pages,
        scene.certificate()
    );
    scene.sandbox.write("home/.kube/config", &config);
    // Debian's kubectl is older than v1 of the protocol.
    let is_old = scene
        .sandbox
        .shell("kubectl version --client")
        .stdout
        .contains("v1.20.");
    let version = if is_old { "v1beta1" } else { "v1" };
    let words = ["kubectl", "demo/alice", "--api-version", version];
    scene.setup(&words);
    let denied = scene.sandbox.shell("kubectl get --raw /healthz");
    assert_ne!(denied.code, Some(0), "{denied:?}");
    scene
        .sandbox
        .shell("kubectl config set-context --current --user=demo/alice")
        .ok();
    assert_eq!(scene.sandbox.shell("kubectl get --raw /healthz").ok(), "ok");
    servers.did("the page was asked for", |done| done["page"] == "/healthz");
    // kubectl has written its file anew, without the marks: it is known all the same, and not taken for another's.
    assert!(!scene.text("home/.kube/config").contains(">>> tokenward"));
    scene.setup(&words);
    let said = scene
        .sandbox
        .run([&["setup"], &words[..], &["--undo"]].concat())
        .fails(7);
    assert!(
        said.contains("kubectl config delete-user demo/alice"),
        "{said}"
    );
    scene.spoil();
    scene.sandbox.set("HTTPS_PROXY", "");
    assert_ne!(
        scene.sandbox.shell("kubectl get --raw /healthz").code,
        Some(0)
    );
}

#[test]
#[ignore = "needs the programs of tests/providers/run"]
fn docker_asks_a_registry() {
    let mut scene = Scene::new();
    let servers = Servers::start(&scene);
    scene.sandbox.set("SSL_CERT_FILE", &scene.certificate());
    // What is asked of the registry alone needs no engine.
    scene.sandbox.set("DOCKER_HOST", "unix:///nonexistent");
    let host = format!("localhost:{}", servers.pages);
    let inspect = format!("docker manifest inspect {host}/tea:latest");
    let denied = scene.sandbox.shell(&inspect);
    assert_ne!(denied.code, Some(0), "{denied:?}");
    scene.setup(&["docker", "--host", &host, "--name", "demo/alice"]);
    let said = scene.sandbox.shell(&inspect).json();
    assert_eq!(said["schemaVersion"], 2);
    servers.did("the image was asked for", |done| {
        done["page"] == "/v2/tea/manifests/latest" && done["user"] == "oauth2"
    });
    scene.spoil();
    assert_ne!(scene.sandbox.shell(&inspect).code, Some(0));
}

#[test]
#[ignore = "needs the programs of tests/providers/run"]
fn the_aws_cli_signs_with_keys_of_the_role() {
    let scene = Scene::new();
    let control = scene.provider.control();
    let sts = Sts::start(move |token| control.is_live(token));
    let endpoint = sts.endpoint.as_str();
    scene.sandbox.write(
        "home/.aws/credentials",
        "[default]\naws_access_key_id = AKIAWRONG\naws_secret_access_key = x\n",
    );
    scene.setup(&[
        "aws",
        "demo/alice",
        "--role",
        ROLE,
        "--region",
        "eu-central-1",
        "--endpoint",
        endpoint,
    ]);
    let call = format!("aws --no-cli-pager --endpoint-url {endpoint} sts get-caller-identity");
    let signed = |number: usize, key: &str| {
        let asked = sts.asked();
        assert_eq!(asked[number]["Action"], "GetCallerIdentity");
        assert!(asked[number]["authorization"].contains(&format!("Credential={key}/")));
        assert!(asked[number].contains_key("x-amz-security-token"));
    };
    scene.sandbox.shell(&format!("{call} --profile deploy"));
    signed(1, "ASIA1");
    // Beside the endpoint on loopback no file of keys counts.
    let beside = format!(
        "\"$0\" exec demo/alice --aws-role {ROLE} --aws-region eu-central-1 --aws-endpoint {endpoint}"
    );
    scene.sandbox.shell(&format!("{beside} -- {call}"));
    signed(3, "ASIA3");
}
