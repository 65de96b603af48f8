//! Creating a vault, the ways to unlock it, and every way in which that can go wrong.

use crate::sandbox::{PASSPHRASE, Sandbox, eventually};
use crate::tui_rig::Terminal;
use std::os::unix::fs::PermissionsExt;
use tokenward::model::event::Happening;
use tokenward::secret::Passphrase;
use tokenward::vault::file::VaultFile;
use tokenward::vault::slot::Key;
use tokenward::vault::store::Store;

#[test]
fn a_new_vault_is_private_and_says_where_it_is() {
    let sandbox = Sandbox::with_vault();
    let mode = |path: std::path::PathBuf| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(sandbox.vault()) & 0o777, 0o600);
    assert_eq!(
        mode(sandbox.vault().parent().unwrap().into()) & 0o777,
        0o700
    );
    let status = sandbox.run(["status", "--json"]).json();
    assert_eq!(status["vault"], sandbox.vault().to_str().unwrap());
    assert_eq!(status["vault_exists"], true);
    assert!(status["owner"].is_null() && status["owner_pid"].is_null());
}

#[test]
fn a_second_init_changes_nothing() {
    let sandbox = Sandbox::with_vault();
    let before = std::fs::read(sandbox.vault()).unwrap();
    let words = sandbox.run(["init"]).fails(1);
    assert!(
        words.contains("exists already") && words.contains("hint:"),
        "{words}"
    );
    assert_eq!(std::fs::read(sandbox.vault()).unwrap(), before);
}

#[test]
fn without_a_terminal_and_without_a_passphrase_init_says_what_it_needs() {
    let words = Sandbox::new().run(["init"]).fails(2);
    assert!(words.contains("--passphrase-file"), "{words}");
    let words = Sandbox::new()
        .run(["init", "--recipient", "age1nonsense"])
        .fails(2);
    assert!(words.contains("not an age recipient"), "{words}");
    let words = Sandbox::new().run(["init", "--keyring"]).fails(4);
    assert!(words.contains("keyring"), "{words}");
}

#[test]
fn a_passphrase_that_others_can_read_is_warned_of() {
    let sandbox = Sandbox::new();
    let file = sandbox.write("word", PASSPHRASE);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let run = sandbox.run(["init", "--passphrase-file", file.to_str().unwrap()]);
    assert!(run.stderr.contains("warning: others can read"), "{run:?}");
    run.ok();
    let other = sandbox.path("other/vault.db");
    let words = ["init", "--json", "--vault", other.to_str().unwrap()];
    let mut command = sandbox.command(words);
    command.arg("--passphrase-file").arg(&file);
    let made: crate::sandbox::Run = command.output().unwrap().into();
    let made = made.json();
    assert_eq!(made["vault"], other.to_str().unwrap());
    assert_eq!(made["slot"], "passphrase");
}

#[test]
fn the_slots_are_listed_without_unlocking() {
    let mut sandbox = Sandbox::with_vault();
    sandbox.unset("TOKENWARD_PASSPHRASE_FILE");
    let slots = sandbox.run(["vault", "slots", "--json"]).json();
    assert_eq!(slots[0]["kind"], "passphrase");
    assert_eq!(slots.as_array().unwrap().len(), 1);
    assert!(sandbox.run(["vault", "slots"]).ok().contains("passphrase"));
}

#[test]
fn a_slot_is_added_used_and_removed_and_the_last_one_stays() {
    let sandbox = Sandbox::with_vault();
    let second = sandbox.write("second", "another word for it");
    let file = second.to_str().unwrap();
    let add = ["vault", "add-slot", "--json", "--new-passphrase-file", file];
    assert_eq!(sandbox.run(add).json()["kind"], "passphrase");
    let remove = [
        "vault",
        "remove-slot",
        "1",
        "--json",
        "--passphrase-file",
        file,
    ];
    assert_eq!(sandbox.run(remove).json()["id"], 1);
    let words = sandbox.run(["vault", "remove-slot", "2"]).fails(4);
    assert!(words.contains("passphrase opens no slot"), "{words}");
    let words = sandbox
        .run(["vault", "remove-slot", "2", "--passphrase-file", file])
        .fails(1);
    assert!(words.contains("the only one left"), "{words}");
}

#[test]
fn a_wrong_passphrase_exits_4_and_changes_nothing() {
    let mut sandbox = Sandbox::with_vault();
    let wrong = sandbox.write("wrong", "not the passphrase");
    sandbox.set("TOKENWARD_PASSPHRASE_FILE", wrong.to_str().unwrap());
    for command in [
        ["vault", "remove-slot", "1"],
        ["vault", "add-slot", "--keyring"],
    ] {
        let words = sandbox.run(command).fails(4);
        assert!(
            words.contains("passphrase") && words.contains("hint:"),
            "{words}"
        );
    }
}

#[test]
fn with_nobody_to_ask_every_way_to_unlock_is_named() {
    let mut sandbox = Sandbox::with_vault();
    sandbox.unset("TOKENWARD_PASSPHRASE_FILE");
    let words = sandbox.run(["vault", "remove-slot", "1"]).fails(4);
    assert!(words.contains("TOKENWARD_PASSPHRASE_FILE"), "{words}");
}

#[test]
fn the_system_may_hand_over_the_passphrase_as_a_credential() {
    let mut sandbox = Sandbox::with_vault();
    sandbox.unset("TOKENWARD_PASSPHRASE_FILE");
    sandbox.write("credentials/tokenward-passphrase", PASSPHRASE);
    let folder = sandbox.path("credentials");
    sandbox.set("CREDENTIALS_DIRECTORY", folder.to_str().unwrap());
    // The last slot may not go: it got as far as that.
    sandbox.run(["vault", "remove-slot", "1"]).fails(1);
}

#[test]
fn the_settings_may_name_the_file_with_the_passphrase() {
    let mut sandbox = Sandbox::with_vault();
    sandbox.unset("TOKENWARD_PASSPHRASE_FILE");
    let file = sandbox.path("passphrase");
    let settings = format!("[unlock]\npassphrase_file = {:?}\n", file.to_str().unwrap());
    sandbox.write("home/.config/tokenward/config.toml", &settings);
    sandbox.run(["vault", "remove-slot", "1"]).fails(1);
}

#[test]
fn files_that_are_no_vault_are_refused_untouched() {
    let sandbox = Sandbox::with_vault();
    let other = sandbox.write("elsewhere/letter.txt", "Dear diary");
    let path = other.to_str().unwrap();
    let words = sandbox.run(["--vault", path, "vault", "slots"]).fails(1);
    assert!(words.contains("not a tokenward vault"), "{words}");
    assert_eq!(std::fs::read_to_string(&other).unwrap(), "Dear diary");
    let words = sandbox
        .run(["--vault", "/nowhere/x.db", "vault", "slots"])
        .fails(1);
    assert!(words.contains("tokenward init"), "{words}");
}

#[test]
fn a_wrong_setting_exits_2_and_names_its_line() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "home/.config/tokenward/config.toml",
        "[refresh]\nlifetime_shre = 0.5\n",
    );
    let words = sandbox.run(["list"]).fails(2);
    assert!(
        words.contains("line 2") && words.contains("did you mean"),
        "{words}"
    );
    let status = sandbox.run(["status"]).ok();
    assert!(status.contains("line 2"), "{status}");
    let words = sandbox.run(["--config", "/nowhere.toml", "list"]).fails(2);
    assert!(words.contains("/nowhere.toml"), "{words}");
}

#[test]
fn the_catalogue_tells_how_a_client_is_registered() {
    let sandbox = Sandbox::new();
    assert!(sandbox.run(["provider", "list"]).ok().contains("github"));
    let show = sandbox.run(["provider", "show", "github"]).ok();
    assert!(show.contains("GitHub"), "{show}");
    let record = sandbox.run(["provider", "show", "github", "--json"]).json();
    assert_eq!(record["name"], "github");
    let all = sandbox.run(["provider", "list", "--json"]).json();
    assert!(all.as_array().unwrap().contains(&record));
    let words = sandbox.run(["provider", "show", "gitub"]).fails(1);
    assert!(words.contains("did you mean github"), "{words}");
}

#[test]
fn a_whole_vault_is_verified_also_beside_its_owner() {
    let sandbox = Sandbox::with_vault();
    let provider = crate::sandbox::provider(tokenward::demo::quirks::Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let report = sandbox.run(["vault", "verify", "--json"]).json();
    assert_eq!(report["ok"], true);
    assert_eq!(report["rows"]["credential"], 1);
    let _daemon = sandbox.daemon();
    assert!(
        sandbox
            .run(["vault", "verify"])
            .ok()
            .contains("1 credential")
    );
}

#[test]
fn a_damaged_vault_exits_1_and_names_what_is_wrong() {
    let sandbox = Sandbox::with_vault();
    let provider = crate::sandbox::provider(tokenward::demo::quirks::Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let database = rusqlite::Connection::open(sandbox.vault()).unwrap();
    let damage = "UPDATE credential SET secret = substr(secret, 1, length(secret) - 1) || x'00'";
    assert_eq!(database.execute(damage, []).unwrap(), 1);
    drop(database);
    let run = sandbox.run(["vault", "verify"]);
    assert!(run.stdout.contains("credential"), "{run:?}");
    run.fails(1);
    let report = sandbox.run(["vault", "verify", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&report.stdout).unwrap();
    assert_eq!(report["ok"], false);
    assert_eq!(report["problems"][0]["place"], "credential");
    let words = sandbox
        .run(["get", "demo/alice", "--min-ttl", "1s"])
        .fails(1);
    assert!(words.contains("vault verify"), "{words}");
}

#[test]
fn a_credential_that_cannot_be_opened_is_told_by_the_owner() {
    let sandbox = Sandbox::with_vault();
    let provider = crate::sandbox::provider(tokenward::demo::quirks::Quirks::default());
    for account in ["alice", "bob"] {
        sandbox.sign_in(&provider, account);
    }
    let database = rusqlite::Connection::open(sandbox.vault()).unwrap();
    let damage = "UPDATE credential SET profile = x'00' WHERE id = 1";
    assert_eq!(database.execute(damage, []).unwrap(), 1);
    drop(database);
    let daemon = sandbox.daemon();
    daemon.wait_for_words("vault verify");
    let words = sandbox.run(["status"]).ok();
    assert!(words.contains("unreadable 1"), "{words}");
    let status = sandbox.run(["status", "--json"]).json();
    assert_eq!(status["owner"]["unreadable"], 1);
    assert_eq!(status["owner"]["credentials"], 1);
}

#[test]
fn a_record_of_ones_own_stands_in_the_catalogue_and_wins() {
    let sandbox = Sandbox::new();
    let settings = "[providers.corp]\nissuer = \"https://id.corp.example\"\n[providers.github]\ndisplay_name = \"Mine\"\n";
    sandbox.write("home/.config/tokenward/config.toml", settings);
    let record = sandbox.run(["provider", "show", "corp", "--json"]).json();
    assert_eq!(record["issuer"], "https://id.corp.example");
    let record = sandbox.run(["provider", "show", "github", "--json"]).json();
    assert_eq!(record["display_name"], "Mine");
}

#[test]
fn a_weak_passphrase_from_a_file_is_explained_and_needs_a_second_yes() {
    let sandbox = Sandbox::new();
    let file = sandbox.write("word", "password1");
    let init = ["init", "--passphrase-file", file.to_str().unwrap()];
    let words = sandbox.run(init).fails(2);
    for said in ["very weak", "a second finds it", "common", "--accept-weak"] {
        assert!(words.contains(said), "{said}: {words}");
    }
    assert!(!sandbox.vault().exists());
    let run = sandbox.run([init.as_slice(), &["--accept-weak"]].concat());
    assert!(run.stderr.contains("This passphrase is"), "{run:?}");
    run.ok();
    let strong = Sandbox::new();
    let file = strong.write("word", PASSPHRASE);
    let run = strong.run(["init", "--passphrase-file", file.to_str().unwrap()]);
    assert!(!run.stderr.contains("passphrase is"), "{run:?}");
}

#[test]
fn a_weak_passphrase_at_the_terminal_is_explained_and_needs_a_second_yes() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &["init"], 100, 24);
    terminal.wait_for("New passphrase:");
    terminal.secret("password1");
    terminal.wait_for("Use it all the same? [y/N]");
    assert!(terminal.screen().contains("This passphrase is very weak"));
    // Anything but a yes is a no, and asks for another.
    terminal.keys("\r");
    terminal.wait_until("it asks for another", |screen| {
        screen.contents().matches("New passphrase:").count() == 2
    });
    terminal.secret("password1");
    terminal.wait_until("it asks again", |screen| {
        screen.contents().matches("[y/N]").count() == 2
    });
    terminal.keys("y\r");
    terminal.wait_for("The same again:");
    terminal.secret("password1");
    let (status, screen) = terminal.finish();
    assert!(status.success(), "{screen}");
    assert!(sandbox.vault().exists() && !screen.contains("password1"));
}

#[test]
fn wrong_passphrases_wait_longer_each_time_and_are_told_at_the_next_unlocking() {
    let mut sandbox = Sandbox::with_vault();
    let right = sandbox.path("passphrase");
    let wrong = sandbox.write("wrong", "not this one at all");
    sandbox.set("TOKENWARD_PASSPHRASE_FILE", wrong.to_str().unwrap());
    for _ in 0..3 {
        sandbox.run(["list"]).fails(4);
    }
    let words = sandbox.run(["list"]).fails(7);
    assert!(words.contains("3 wrong passphrases in a row"), "{words}");
    sandbox.set("TOKENWARD_PASSPHRASE_FILE", right.to_str().unwrap());
    // The right one waits as well, and then it opens the vault and the count begins anew.
    eventually("the wait is over", || {
        let run = sandbox.run(["list"]);
        assert!(matches!(run.code, Some(0 | 7)), "{run:?}");
        run.code == Some(0)
    });
    let told = sandbox.run(["audit", "list", "--kind", "wrong_passphrase", "--json"]);
    let told = told.ok();
    assert_eq!(told.matches("\"count\":3").count(), 1, "{told}");
    sandbox.set("TOKENWARD_PASSPHRASE_FILE", wrong.to_str().unwrap());
    sandbox.run(["list"]).fails(4);
}

#[test]
fn how_many_passphrases_may_be_wrong_stands_in_the_settings_and_how_many_were_in_the_status() {
    let mut sandbox = Sandbox::with_vault();
    sandbox.set("TOKENWARD_LIMITS_PASSPHRASE_FREE_TRIES", "1");
    sandbox.set("TOKENWARD_LIMITS_PASSPHRASE_FIRST_WAIT_SECS", "500");
    sandbox.set("TOKENWARD_LIMITS_PASSPHRASE_LONGEST_WAIT_SECS", "600");
    let told = || sandbox.run(["status", "--json"]).json()["passphrase"].take();
    assert_eq!(
        (&told()["wrong"], &told()["wait_secs"]),
        (&0.into(), &0.into())
    );
    let wrong = sandbox.write("wrong", "not this one at all");
    let wrong = wrong.to_str().unwrap();
    let list = ["list", "--passphrase-file", wrong];
    sandbox.run(list).fails(4);
    let words = sandbox.run(list).fails(7);
    assert!(words.contains("1 wrong passphrase"), "{words}");
    let passphrase = told();
    assert_eq!(
        (&passphrase["wrong"], &passphrase["free"]),
        (&1.into(), &1.into())
    );
    let wait = passphrase["wait_secs"].as_u64().unwrap();
    assert!((400..=500).contains(&wait), "{passphrase}");
    let words = sandbox.run(["status"]).ok();
    assert!(
        words.contains("1 of 1 wrong ones that cost nothing"),
        "{words}"
    );
    sandbox.set("TOKENWARD_LIMITS_PASSPHRASE_FREE_TRIES", "0");
    let words = sandbox.run(["list"]).fails(2);
    assert!(words.contains("limits.passphrase_free_tries"), "{words}");
}

#[test]
fn a_changed_passphrase_opens_the_vault_and_the_old_one_does_not() {
    let mut sandbox = Sandbox::with_vault();
    let new = sandbox.write("new", "velvet otters juggle at noon");
    let new = new.to_str().unwrap();
    let change = ["vault", "change-passphrase", "--new-passphrase-file"];
    let weak = sandbox.write("weak", "password1");
    let words = sandbox
        .run([change.as_slice(), &[weak.to_str().unwrap()]].concat())
        .fails(2);
    assert!(words.contains("--accept-weak"), "{words}");
    let arguments = [change.as_slice(), &[new, "--json", "--work-factor", "11"]].concat();
    let said = sandbox.run(arguments).json();
    assert_eq!((&said["id"], &said["removed"]), (&2.into(), &1.into()));
    let words = sandbox.run(["list"]).fails(4);
    assert!(words.contains("passphrase opens no slot"), "{words}");
    sandbox.set("TOKENWARD_PASSPHRASE_FILE", new);
    sandbox.run(["list"]).ok();
    let database = rusqlite::Connection::open(sandbox.vault()).unwrap();
    let sealed: Vec<u8> = database
        .query_row("SELECT sealed FROM slot", [], |row| row.get(0))
        .unwrap();
    // The age header: `-> scrypt SALT WORK_FACTOR`.
    let head = String::from_utf8_lossy(&sealed);
    assert!(head.lines().nth(1).unwrap().ends_with(" 11"), "{head}");
    let key = Key::Passphrase(Passphrase::new("velvet otters juggle at noon".to_owned()));
    let file = VaultFile::open_read_only(&sandbox.vault()).unwrap();
    let told = file.unlock(&key).unwrap().activity(None, 3).unwrap();
    let mut told: Vec<Happening> = told.into_iter().map(|line| line.what).collect();
    if let Some(Happening::WrongPassphrase { last, .. }) = told.last_mut() {
        assert!(last.take().is_some(), "it is told when the last one was");
    }
    let slot = |id| format!("slot {id}, passphrase");
    let (added, removed) = (slot(2), slot(1));
    assert_eq!(
        told,
        [
            Happening::SlotAdded { slot: added },
            Happening::SlotRemoved { slot: removed },
            Happening::WrongPassphrase {
                count: 1,
                last: None
            }
        ]
    );
}

#[test]
fn another_key_changes_a_forgotten_passphrase() {
    let mut sandbox = Sandbox::with_vault();
    let (identity, recipient) = crate::vault_fixture::key_pair();
    let key = sandbox.write("key.txt", identity.expose_secret());
    sandbox
        .run(["vault", "add-slot", "--recipient", &recipient])
        .ok();
    sandbox.set("TOKENWARD_IDENTITY_FILE", key.to_str().unwrap());
    let new = sandbox.write("new", "velvet otters juggle at noon");
    let change = [
        "vault",
        "change-passphrase",
        "--json",
        "--new-passphrase-file",
    ];
    let change = [change.as_slice(), &[new.to_str().unwrap()]].concat();
    assert_eq!(sandbox.run(&change).json()["removed"], 1);
    let words = sandbox
        .run([change.as_slice(), &["--slot", "2"]].concat())
        .fails(1);
    assert!(words.contains("not opened by a passphrase"), "{words}");
    let slots = sandbox.run(["vault", "slots", "--json"]).json();
    assert_eq!(slots.as_array().unwrap().len(), 2, "{slots}");
}

#[test]
fn an_age_identity_opens_its_vault_wherever_it_is_named() {
    let mut sandbox = Sandbox::new();
    let (identity, recipient) = crate::vault_fixture::key_pair();
    let key = sandbox.write("key.txt", identity.expose_secret());
    let key = key.to_str().unwrap().to_owned();
    sandbox.run(["init", "--recipient", &recipient]).ok();
    let words = sandbox.run(["list"]).fails(4);
    assert!(words.contains("--identity-file"), "{words}");
    sandbox.run(["list", "--identity-file", &key]).ok();
    let settings = format!("[unlock]\nidentity_file = {key:?}\n");
    sandbox.write("home/.config/tokenward/config.toml", &settings);
    sandbox.run(["list"]).ok();
    // It goes before a passphrase that is meant for other vaults.
    std::fs::remove_file(sandbox.config()).unwrap();
    let other = sandbox.write("passphrase", PASSPHRASE);
    sandbox.set("TOKENWARD_PASSPHRASE_FILE", other.to_str().unwrap());
    sandbox.run(["list"]).fails(4);
    sandbox.set("TOKENWARD_IDENTITY_FILE", &key);
    sandbox.run(["list"]).ok();
}
