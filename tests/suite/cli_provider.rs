//! Provider records from the command line: the catalogue, and a person's own over it.

use crate::sandbox::Sandbox;

fn write_config(sandbox: &Sandbox, text: &str) {
    let file = sandbox.config();
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

#[test]
fn the_list_is_grouped_and_fits_a_terminal() {
    let list = Sandbox::new().run(["provider", "list"]).ok();
    let too_wide: Vec<&str> = list
        .lines()
        .filter(|line| line.chars().count() > 80)
        .collect();
    assert!(too_wide.is_empty(), "{too_wide:#?}");
    let mail = list.lines().position(|line| line == "mail").unwrap();
    let fastmail = list
        .lines()
        .position(|line| line.starts_with("  fastmail "))
        .unwrap();
    let cloud = list.lines().position(|line| line == "cloud").unwrap();
    assert!(mail < fastmail && fastmail < cloud, "{list}");
}

#[test]
fn a_record_of_ones_own_changes_and_extends_the_catalogue() {
    let sandbox = Sandbox::new();
    write_config(
        &sandbox,
        "[providers.gitlab.parameters]\nhost = \"git.corp.example\"\n\n[providers.corp]\nissuer = \"https://id.corp.example\"\n",
    );
    let gitlab = sandbox.run(["provider", "show", "gitlab", "--json"]).json();
    assert_eq!(gitlab["parameters"]["host"], "git.corp.example");
    assert_eq!(gitlab["display_name"], "GitLab");
    let shown = sandbox.run(["provider", "show", "gitlab"]).ok();
    assert!(
        shown.contains("https://git.corp.example/oauth/token"),
        "{shown}"
    );
    let list = sandbox.run(["provider", "list"]).ok();
    assert!(list.contains("\nyour own\n  corp "), "{list}");
}

#[test]
fn a_record_that_cannot_be_is_refused_with_its_file_and_line() {
    let sandbox = Sandbox::new();
    write_config(&sandbox, "[providers.github]\n# how\npkce = \"requird\"\n");
    let words = sandbox.run(["provider", "list"]).fails(2);
    assert!(
        words.contains("config.toml, line 3: `providers.github.pkce`"),
        "{words}"
    );
    assert!(words.contains("did you mean `required`?"), "{words}");
}

#[test]
fn a_living_owner_uses_a_record_that_is_written_while_it_runs() {
    let sandbox = Sandbox::with_vault();
    let _daemon = sandbox.daemon();
    let words = sandbox.run(["login", "corp"]).fails(2);
    assert!(words.contains("there is no provider `corp`"), "{words}");
    write_config(
        &sandbox,
        "[providers.corp]\nissuer = \"https://id.corp.example\"\n",
    );
    let words = sandbox.run(["login", "corp"]).fails(2);
    assert!(
        words.contains("no client is registered for corp yet"),
        "{words}"
    );
}
