//! `tokenward provider add`: makes a record of one's own, from an issuer or by questions.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::output::Output;
use crate::cli::provider::read_pair;
use crate::cli::{login, session};
use crate::config::layers;
use crate::model::name::{NameError, is_provider_name};
use crate::model::provider::{Endpoints, Provider};
use crate::model::signin::ProviderChoice;
use crate::oauth::http::{Http, HttpSettings};
use crate::oauth::{catalogue, discovery};
use clap::Args;
use serde::Serialize;
use std::io::Write;
use std::path::{Path, PathBuf};
use toml_edit::{Array, DocumentMut, Item, Table, value};

/// Arguments of `tokenward provider add`.
#[derive(Debug, Args)]
#[command(after_help = "\
Without --issuer and without --endpoint it asks, at a terminal. What discovery says at each sign-in is not written.
With --json: one object with name, file (null with --print) and record, the text that was written.")]
pub struct AddArgs {
    /// The name of the new provider; the provider part of credential names.
    name: String,
    /// Its issuer; its metadata says the rest.
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// An endpoint, where the metadata lacks it or there is none: authorization, token, refresh, device_authorization,
    /// revocation, introspection, userinfo, registration, pushed_authorization_request or jwks.
    #[arg(long, value_name = "KIND=URL", value_parser = read_pair)]
    endpoint: Vec<(String, String)>,
    /// What people call it.
    #[arg(long, value_name = "WORDS")]
    display_name: Option<String>,
    /// A scope to ask for by default, several times or separated by spaces.
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// Only print the record.
    #[arg(long)]
    print: bool,
    /// Take the place of a record of that name, or change the catalogue's.
    #[arg(long)]
    force: bool,
}

/// What was made.
#[derive(Serialize)]
struct Added<'a> {
    name: &'a str,
    file: Option<&'a Path>,
    record: &'a str,
}

/// Makes a record and writes it.
pub fn run(args: &AddArgs, context: &Context) -> Result<(), Failure> {
    if !is_provider_name(&args.name) {
        return Err(NameError::Provider.into());
    }
    must_be_new(args)?;
    let table = table(args, context)?;
    let text = shown(&args.name, &table);
    let file = (!args.print).then(|| file(context));
    if !context.output.json {
        context.output.data(&text)?;
    }
    if let Some(file) = &file {
        if context.output.can_ask() {
            let answer = context
                .output
                .ask(&format!("\nWrite it to {}? [Y/n] ", file.display()))?;
            if !answer.is_empty() && !is_yes(&answer) {
                return Err(Failure::new(Kind::Refused, "nothing was written"));
            }
        }
        write(&args.name, table, file)?;
        context.output.say(&format!(
            "\nWritten to {}.\nCheck it: tokenward provider check {}\nSign in:  tokenward login {1}",
            file.display(),
            args.name
        ));
    }
    if context.output.json {
        let (name, file) = (args.name.as_str(), file.as_deref());
        let record = text.as_str();
        return context.output.json_line(&Added { name, file, record });
    }
    Ok(())
}

fn must_be_new(args: &AddArgs) -> Result<(), Failure> {
    let name = &args.name;
    if args.force || args.print {
        return Ok(());
    }
    let what = if catalogue::is_own(name) {
        format!("there is a record `{name}` of your own already")
    } else if catalogue::is_listed(name) {
        format!("`{name}` is in the catalogue: a record of that name would change it")
    } else {
        return Ok(());
    };
    Err(Failure::usage(what)
        .hint("take another name, or put it in that one's place: --force")
        .hint(format!("see what there is: tokenward provider show {name}")))
}

fn file(context: &Context) -> PathBuf {
    let named = context.globals.config.as_ref();
    let file = named.unwrap_or(&context.paths.config);
    // Where it is a link, what it leads to is written, and the link stays.
    std::fs::canonicalize(file).unwrap_or_else(|_| file.clone())
}

fn table(args: &AddArgs, context: &Context) -> Result<Table, Failure> {
    if args.issuer.is_none() && args.endpoint.is_empty() {
        if !context.output.can_ask() {
            return Err(Failure::usage("there is nobody to ask")
                .hint("say where the provider is: --issuer URL, or --endpoint KIND=URL"));
        }
        return asked(args, context.output);
    }
    let by_hand = login::endpoints(&args.endpoint)?;
    let found = discovered(args, &by_hand)?;
    if args.issuer.is_some() {
        say_found(&found, context.output);
    }
    Ok(written(args, &found, &by_hand))
}

fn discovered(args: &AddArgs, by_hand: &Endpoints) -> Result<Provider, Failure> {
    let choice = ProviderChoice::Issuer {
        name: args.name.clone(),
        issuer: args.issuer.clone().unwrap_or_default(),
        endpoints: Box::new(by_hand.clone()),
    };
    let http = Http::new(HttpSettings::default());
    let found = session::runtime()?.block_on(discovery::resolve(&http, choice, None));
    found.map_err(|error| Failure::of_provider(&error.failure()))
}

fn say_found(found: &Provider, output: Output) {
    let endpoints = &found.endpoints;
    let named = [
        ("authorization", &endpoints.authorization),
        ("token", &endpoints.token),
        ("device", &endpoints.device_authorization),
        ("revocation", &endpoints.revocation),
    ];
    output.say("Discovery finds at each sign-in:");
    for (word, address) in named {
        let address = address.as_deref().unwrap_or("none");
        output.say(&format!("  {word:<14}{address}"));
    }
    output.say("");
}

/// Only what discovery does not say again.
fn written(args: &AddArgs, found: &Provider, by_hand: &Endpoints) -> Table {
    let mut table = Table::new();
    let mut put = |key: &str, text: &Option<String>| {
        if let Some(text) = text {
            table.insert(key, value(text.as_str()));
        }
    };
    put("display_name", &args.display_name);
    put("issuer", &args.issuer);
    let scopes = scopes(args, found);
    let offline = scopes.iter().find(|scope| *scope == "offline_access");
    put("offline_scope", &offline.cloned());
    insert_list(&mut table, "default_scopes", &scopes);
    let mut flows = Vec::new();
    if found.endpoints.authorization.is_some() {
        flows.push("loopback".to_owned());
    }
    if found.endpoints.device_authorization.is_some() {
        flows.push("device".to_owned());
    }
    insert_list(&mut table, "flows", &flows);
    let mut inner = Table::new();
    for (kind, address) in fields(by_hand) {
        inner.insert(kind, value(address));
    }
    if !inner.is_empty() {
        table.insert("endpoints", Item::Table(inner));
    }
    table
}

/// The scopes to ask for: as said, else those of a sign-in that the metadata names.
fn scopes(args: &AddArgs, found: &Provider) -> Vec<String> {
    let said: Vec<String> = args
        .scope
        .iter()
        .flat_map(|scopes| scopes.split_whitespace().map(str::to_owned))
        .collect();
    if !said.is_empty() {
        return said;
    }
    let usual = ["openid", "profile", "email", "offline_access"];
    let named = &found.metadata.scopes;
    let usual = usual
        .iter()
        .filter(|scope| named.iter().any(|one| one == *scope));
    usual.map(|scope| (*scope).to_owned()).collect()
}

fn insert_list(table: &mut Table, key: &str, words: &[String]) {
    if !words.is_empty() {
        let list: Array = words.iter().map(String::as_str).collect();
        table.insert(key, value(list));
    }
}

/// The endpoints that are there, by the names that the record has for them.
fn fields(endpoints: &Endpoints) -> Vec<(&'static str, &str)> {
    let all = [
        ("authorization", &endpoints.authorization),
        ("token", &endpoints.token),
        ("refresh", &endpoints.refresh),
        ("device_authorization", &endpoints.device_authorization),
        ("revocation", &endpoints.revocation),
        ("introspection", &endpoints.introspection),
        ("userinfo", &endpoints.userinfo),
        ("registration", &endpoints.registration),
        (
            "pushed_authorization_request",
            &endpoints.pushed_authorization_request,
        ),
        ("jwks", &endpoints.jwks),
    ];
    let there = all.into_iter();
    there
        .filter_map(|(kind, address)| Some((kind, address.as_deref()?)))
        .collect()
}

/// Asks a person for what an issuer would have said.
fn asked(args: &AddArgs, output: Output) -> Result<Table, Failure> {
    let issuer = output.ask("Issuer URL (just Enter if it publishes none): ")?;
    if !issuer.is_empty() {
        let args = AddArgs {
            name: args.name.clone(),
            issuer: Some(issuer),
            endpoint: Vec::new(),
            display_name: args.display_name.clone(),
            scope: args.scope.clone(),
            print: args.print,
            force: args.force,
        };
        let found = discovered(&args, &Endpoints::default())?;
        say_found(&found, output);
        return Ok(written(&args, &found, &Endpoints::default()));
    }
    let address = |what: &str| -> Result<Option<String>, Failure> {
        let text = output.ask(what)?;
        Ok((!text.is_empty()).then_some(text))
    };
    let by_hand = Endpoints {
        authorization: address("Authorization endpoint: ")?,
        token: address("Token endpoint: ")?,
        device_authorization: address("Device authorization endpoint (Enter: none): ")?,
        revocation: address("Revocation endpoint, RFC 7009 (Enter: none): ")?,
        ..Endpoints::default()
    };
    let found = discovered(args, &by_hand)?;
    let mut table = written(args, &found, &by_hand);
    if args.scope.is_empty() {
        let scopes = output.ask("Scopes, separated by spaces: ")?;
        let scopes: Vec<String> = scopes.split_whitespace().map(str::to_owned).collect();
        insert_list(&mut table, "default_scopes", &scopes);
    }
    if is_yes(&output.ask("Does it refuse PKCE? [y/N] ")?) {
        table.insert("pkce", value("forbidden"));
    }
    match output
        .ask("Where does a secret go: basic, post, or none? [basic] ")?
        .as_str()
    {
        "post" => {
            table.insert("client_auth", value("client_secret_post"));
        }
        "none" => {
            table.insert("client_auth", value("none"));
        }
        _ => {}
    }
    let port = output
        .ask("Port of the redirect, if it compares addresses to the letter (Enter: any): ")?;
    if let Ok(port) = port.parse::<u16>() {
        let mut redirect = Table::new();
        redirect.insert("host", value("127.0.0.1"));
        let ports: Array = [i64::from(port)].into_iter().collect();
        redirect.insert("ports", value(ports));
        table.insert("redirect", Item::Table(redirect));
    }
    if by_hand.revocation.is_none()
        && let Some(page) = address("Page where a person ends the grant (Enter: none): ")?
    {
        let mut revocation = Table::new();
        revocation.insert("kind", value("page"));
        revocation.insert("url", value(page));
        table.insert("revocation", Item::Table(revocation));
    }
    Ok(table)
}

fn is_yes(answer: &str) -> bool {
    answer.eq_ignore_ascii_case("y") || answer.eq_ignore_ascii_case("yes")
}

/// The record as it will stand in the file.
fn shown(name: &str, table: &Table) -> String {
    let mut document = DocumentMut::new();
    // Into an empty document any record goes.
    let _ = put(&mut document, name, table.clone());
    document.to_string()
}

/// Puts the record under `[providers]`; everything else stays as it is, comments and order too.
fn put(document: &mut DocumentMut, name: &str, table: Table) -> Option<()> {
    let mut whole = Table::new();
    whole.set_implicit(true);
    let providers = document
        .as_table_mut()
        .entry("providers")
        .or_insert(Item::Table(whole));
    providers.as_table_mut()?.insert(name, Item::Table(table));
    Some(())
}

fn write(name: &str, table: Table, file: &Path) -> Result<(), Failure> {
    let unwritten = |error: std::io::Error| {
        let text = format!("cannot write the settings {}", file.display());
        Failure::from(error).within(text)
    };
    let old = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(unwritten(error)),
    };
    let mut document: DocumentMut = old.parse().map_err(|_| not_taken(file))?;
    put(&mut document, name, table).ok_or_else(|| not_taken(file))?;
    let new = document.to_string();
    // Nothing is written that the next start would refuse.
    let tables = layers::own_records(&new, file)?;
    catalogue::read(&tables).map_err(|error| {
        Failure::from(layers::wrong_at(&new, file, &error.path, &error.message))
    })?;
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(unwritten)?;
    }
    replace(file, &new).map_err(unwritten)
}

fn not_taken(file: &Path) -> Failure {
    let text = format!("{} has no place for a record", file.display());
    Failure::new(Kind::Failed, text)
        .hint("print it and put it there by hand: tokenward provider add NAME --print")
}

/// The new text beside the file, then in its place: a crash leaves one of both.
fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    let beside = file.with_extension("toml.new");
    let mut new = std::fs::File::create(&beside)?;
    if let Ok(old) = std::fs::metadata(file) {
        new.set_permissions(old.permissions())?;
    }
    new.write_all(text.as_bytes())?;
    new.sync_all()?;
    std::fs::rename(&beside, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_order_stay_and_a_record_takes_its_own_place() {
        let old = "# mine\n[refresh]\nbackground = true # yes\n\n[providers.one]\nissuer = \"https://one.example\" # first\n";
        let mut document: DocumentMut = old.parse().unwrap();
        let mut table = Table::new();
        table.insert("issuer", value("https://two.example"));
        put(&mut document, "two", table).unwrap();
        let new = document.to_string();
        assert!(new.starts_with(old), "{new}");
        assert!(
            new.ends_with("[providers.two]\nissuer = \"https://two.example\"\n"),
            "{new}"
        );
        let mut table = Table::new();
        table.insert("issuer", value("https://three.example"));
        put(&mut document, "two", table).unwrap();
        let new = document.to_string();
        assert!(
            new.contains("three") && !new.contains("https://two.example"),
            "{new}"
        );
    }
}
