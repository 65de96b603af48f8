//! The provider catalogue: every record is complete and makes sense.

use std::collections::{BTreeMap, BTreeSet};
use tokenward::model::category::Category;
use tokenward::model::credential::Flow;
use tokenward::model::name::is_provider_name;
use tokenward::model::provider::{Endpoints, Metadata, Pkce, Provider, Revocation, RevocationAuth};
use tokenward::model::setup::Setup;
use tokenward::oauth::callback::Listener;
use tokenward::oauth::catalogue::{all, find};
use tokenward::oauth::{endpoint, template};

/// How many there are at the least.
const LEAST: usize = 60;

/// Providers of which nothing has to be asked for: what a token may do is decided elsewhere.
const WITHOUT_SCOPES: [&str; 13] = [
    "anilist",
    "basecamp",
    "clickup",
    "home_assistant",
    "mattermost",
    "monzo",
    "netlify",
    "nextcloud",
    "notion",
    "paypal",
    "pcloud",
    "soundcloud",
    "trakt",
];

const CATEGORIES: [Category; 15] = [
    Category::CodeHost,
    Category::Mail,
    Category::Cloud,
    Category::Identity,
    Category::IssueTracker,
    Category::Chat,
    Category::Storage,
    Category::Music,
    Category::Ai,
    Category::Finance,
    Category::Social,
    Category::Productivity,
    Category::Commerce,
    Category::Developer,
    Category::Fitness,
];

fn signs_in(provider: &Provider) -> bool {
    provider.flows != [Flow::ApiKey]
}

fn opens_a_browser(provider: &Provider) -> bool {
    provider.flows.contains(&Flow::Loopback)
}

fn must_be_a_sentence(name: &str, sentence: &str) {
    let first = sentence.chars().next().unwrap();
    assert!(
        first.is_uppercase() && sentence.ends_with('.') && !sentence.contains("  "),
        "{name}: {sentence}"
    );
}

fn filled(provider: &Provider) -> Provider {
    let given: BTreeMap<String, String> = provider
        .parameters
        .keys()
        .map(|name| (name.clone(), "tenant.example".to_owned()))
        .collect();
    template::fill(provider, &given).unwrap()
}

#[test]
fn every_kind_of_service_is_there_and_each_name_once_in_order() {
    let names: Vec<String> = all().iter().map(|provider| provider.name.clone()).collect();
    assert!(names.len() >= LEAST, "{}", names.len());
    let unique: BTreeSet<&String> = names.iter().collect();
    assert_eq!(
        unique.into_iter().collect::<Vec<_>>(),
        names.iter().collect::<Vec<_>>()
    );
    let text = include_str!("../../assets/providers.toml");
    let written = text.lines().filter(|line| *line == "[[provider]]").count();
    assert_eq!(written, names.len());
    for category in CATEGORIES {
        let of_it = all()
            .iter()
            .filter(|it| it.category == Some(category))
            .count();
        assert!(of_it >= 3, "{category:?}: {of_it}");
    }
    assert!(all().iter().all(|provider| provider.category.is_some()));
}

#[test]
fn names_words_and_steps_are_there() {
    for provider in all() {
        let name = &provider.name;
        assert!(is_provider_name(name), "{name}");
        assert!(!provider.display_name.is_empty(), "{name}");
        assert!(!provider.notes.is_empty(), "{name}: notes");
        for sentence in &provider.notes {
            must_be_a_sentence(name, sentence);
        }
        if !signs_in(&provider) {
            continue;
        }
        assert!(provider.setup.steps.len() >= 2, "{name}: steps");
        assert!(!provider.setup.client_id_hint.is_empty(), "{name}: hint");
        assert!(provider.setup.url.is_some(), "{name}: setup page");
        for sentence in &provider.setup.steps {
            must_be_a_sentence(name, sentence);
        }
    }
}

#[test]
fn scopes_are_asked_for_except_where_there_are_none() {
    let without: Vec<String> = all()
        .iter()
        .filter(|provider| signs_in(provider) && provider.default_scopes.is_empty())
        .map(|provider| provider.name.clone())
        .collect();
    assert_eq!(without, WITHOUT_SCOPES);
    for provider in all() {
        let scopes = &provider.default_scopes;
        let unique: BTreeSet<&String> = scopes.iter().collect();
        assert_eq!(unique.len(), scopes.len(), "{}", provider.name);
        // Without it, a sign-in with the defaults would end with the first access token.
        if let Some(offline) = &provider.offline_scope {
            assert!(scopes.contains(offline), "{}: {offline}", provider.name);
        }
        if let Some(known) = scopes.iter().find(|it| OFFLINE.contains(&it.as_str())) {
            assert_eq!(
                provider.offline_scope.as_ref(),
                Some(known),
                "{}",
                provider.name
            );
        }
    }
}

/// Scopes that mean a refresh token wherever they are known.
const OFFLINE: [&str; 4] = [
    "offline_access",
    "offline.access",
    "offline",
    "refresh_token",
];

#[test]
fn a_provider_of_keys_alone_says_where_they_are_made_and_nothing_about_clients() {
    let mut only_keys = 0;
    for provider in all() {
        let name = &provider.name;
        assert_eq!(
            provider.flows.contains(&Flow::ApiKey),
            provider.api_key.is_some(),
            "{name}"
        );
        if let Some(keys) = &provider.api_key {
            assert!(keys.url.is_some() && !keys.steps.is_empty(), "{name}");
            for sentence in &keys.steps {
                must_be_a_sentence(name, sentence);
            }
            assert!(keys.longest_life.is_none_or(|life| life >= 3600), "{name}");
        }
        if !signs_in(&provider) {
            only_keys += 1;
            assert_eq!(provider.endpoints, Endpoints::default(), "{name}");
            assert_eq!(provider.setup, Setup::default(), "{name}");
            assert!(
                provider.issuer.is_none() && provider.default_scopes.is_empty(),
                "{name}"
            );
        }
    }
    assert!(only_keys > 10);
}

#[test]
fn patterns_can_be_read_and_fit_the_examples() {
    for provider in all() {
        let name = &provider.name;
        let keys = provider.api_key.as_ref();
        let patterns = [
            &provider.setup.client_id_pattern,
            &keys.and_then(|it| it.pattern.clone()),
        ];
        for pattern in patterns.into_iter().flatten() {
            assert!(
                pattern.starts_with('^') || pattern.ends_with('$'),
                "{name}: {pattern}"
            );
            regex_lite::Regex::new(pattern).unwrap_or_else(|e| panic!("{name}: {e}"));
        }
        let hint = &provider.setup.client_id_hint;
        let is_example = hint.starts_with("http") || hint.ends_with(".com");
        assert!(!is_example || provider.setup.fits(hint), "{name}: {hint}");
        if hint.starts_with("a UUID, ") && provider.setup.client_id_pattern.is_some() {
            assert!(
                provider.setup.fits("0b1d2c3e-4f50-4a6b-8c7d-9e0f1a2b3c4d"),
                "{name}"
            );
            assert!(
                !provider.setup.fits("0b1d2c3e4f504a6b8c7d9e0f1a2b3c4d"),
                "{name}"
            );
        }
    }
    let made: [(&str, &str); 12] = [
        ("github", "Ov23liAbCdEfGhIjKlMn"),
        ("github", "Iv1.8a61f9b3a7aba766"),
        ("github", "0123456789abcdef0123"),
        ("google", "1234567890-abc123.apps.googleusercontent.com"),
        ("slack", "1234567890.1234567890123"),
        ("okta", "0oa1gjh63g214q0Hq0g4"),
        ("discord", "1104856478384848896"),
        ("zoho_mail", "1000.ABCDEFGHIJKLMNOPQRSTUVWXYZ0123"),
        ("strava", "12345"),
        ("monzo", "oauth2client_0000AbCdEfGhIjKlMnOpQr"),
        ("twitch", "hof5gwx0su6owfnys0nyan9c87zr6t"),
        ("zitadel", "319876543210987654"),
    ];
    for (name, id) in made {
        assert!(find(name).unwrap().setup.fits(id), "{name}: {id}");
    }
}

#[test]
fn every_address_is_https_and_every_placeholder_is_declared() {
    for provider in all() {
        let mut record = filled(&provider);
        let name = record.name.clone();
        for address in template::addresses(&mut record) {
            let shown = address.replace("{client_id}", "id");
            // Pages for people may hold a fragment, which endpoints may not.
            let shown = shown.split('#').next().unwrap();
            let url = endpoint::read(shown, "address")
                .unwrap_or_else(|e| panic!("{name}: {address}: {e}"));
            assert_eq!(url.scheme(), "https", "{name}: {address}");
        }
    }
}

#[test]
fn every_parameter_is_used_and_its_default_is_sound() {
    for provider in all() {
        let text = serde_json::to_string(&provider.endpoints).unwrap()
            + provider.issuer.as_deref().unwrap_or_default();
        for (name, default) in &provider.parameters {
            assert!(
                text.contains(&format!("{{{name}}}")),
                "{}: {name}",
                provider.name
            );
            assert!(
                default.is_empty() || template::check(default).is_ok(),
                "{}: {name}",
                provider.name
            );
        }
    }
}

#[test]
fn every_flow_has_its_endpoints_or_an_issuer_to_ask() {
    for provider in all() {
        assert!(!provider.flows.is_empty(), "{}", provider.name);
        if provider.issuer.is_some() {
            continue;
        }
        let endpoints = &provider.endpoints;
        assert_eq!(
            endpoints.token.is_some(),
            signs_in(&provider),
            "{}",
            provider.name
        );
        for flow in &provider.flows {
            let has = match flow {
                Flow::Device => endpoints.device_authorization.is_some(),
                Flow::Loopback => endpoints.authorization.is_some(),
                Flow::ClientCredentials => endpoints.token.is_some(),
                Flow::ApiKey => provider.api_key.is_some(),
            };
            assert!(has, "{}: {flow:?}", provider.name);
        }
    }
}

#[tokio::test]
async fn every_redirect_rule_can_be_listened_by_and_stands_in_the_steps() {
    for provider in all() {
        if !opens_a_browser(&provider) {
            continue;
        }
        let rule = &provider.redirect;
        assert!(rule.path.starts_with('/'), "{}", provider.name);
        // All that are compared to the letter use the same ports, so that one registration's text serves them all.
        assert!(
            [&[][..], &[28542], &[28542, 28543]].contains(&rule.ports.as_slice()),
            "{}",
            provider.name
        );
        let listener = Listener::bind(rule, Some(0)).unwrap();
        assert!(
            listener
                .redirect_uri()
                .starts_with(&format!("http://{}:", rule.host))
        );
        if provider.name == "google" {
            continue; // desktop clients there register no address
        }
        let registered = match (rule.ports.first(), rule.path.as_str()) {
            (Some(port), path) => format!("http://{}:{port}{path}", rule.host),
            (None, "/") => format!("http://{}", rule.host),
            (None, path) => format!("http://{}{path}", rule.host),
        };
        let others = rule.ports.iter().skip(1);
        let others = others.map(|port| format!("http://{}:{port}{}", rule.host, rule.path));
        for registered in std::iter::once(registered).chain(others) {
            let mut steps = provider.setup.steps.iter();
            assert!(
                steps.any(|step| step.contains(&registered)),
                "{}: no step says {registered}",
                provider.name
            );
        }
    }
}

#[test]
fn every_record_says_where_its_facts_are_from() {
    for provider in all() {
        let name = &provider.name;
        assert!(!provider.sources.is_empty(), "{name}");
        for source in &provider.sources {
            assert!(
                source.starts_with("https://") && !source.contains(' '),
                "{name}: {source}"
            );
        }
    }
}

#[test]
fn every_record_was_held_against_its_pages_and_says_what_they_do_not() {
    let records: toml::Table = toml::from_str(include_str!("../../assets/providers.toml")).unwrap();
    for record in records["provider"].as_array().unwrap() {
        let name = record["name"].as_str().unwrap();
        let checked = record.get("checked").and_then(toml::Value::as_str);
        let day = checked.unwrap_or_default().parse::<jiff::civil::Date>();
        assert!(day.is_ok(), "{name} does not say when it was checked");
        let unconfirmed = record.get("unconfirmed").and_then(toml::Value::as_array);
        for member in unconfirmed.into_iter().flatten() {
            let path = member.as_str().unwrap();
            let found = path
                .split('.')
                .try_fold(record, |inner, part| inner.get(part));
            assert!(found.is_some(), "{name} has no {path}");
        }
    }
}

/// Where each refresh brings a new token with a life of its own, an end counted from the sign-in would be believed, and
/// a credential that is alive would be given up.
#[test]
fn only_a_life_that_no_refresh_prolongs_counts_from_the_sign_in() {
    let all = all();
    let absolute = all
        .iter()
        .filter(|provider| provider.refresh_absolute_life.is_some());
    let names: Vec<&str> = absolute.map(|provider| provider.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "atlassian",
            "bluesky",
            "linkedin",
            "pagerduty",
            "quickbooks",
            "spotify"
        ]
    );
}

#[test]
fn behaviour_makes_sense() {
    for provider in all() {
        let name = &provider.name;
        assert_eq!(
            provider.metadata,
            Metadata::default(),
            "{name}: metadata is never in the catalogue"
        );
        let answers = [
            &provider.account_at,
            &provider.account_in_reply,
            &provider.keep,
        ];
        let pointers = answers.into_iter().flatten();
        for pointer in pointers
            .chain(&provider.token_at)
            .chain(&provider.success_flag)
        {
            assert!(pointer.starts_with('/'), "{name}: {pointer}");
        }
        if let (Some(idle), Some(absolute)) =
            (provider.refresh_idle_life, provider.refresh_absolute_life)
        {
            assert!(idle <= absolute, "{name}");
        }
        assert!(
            provider.scope_separator == ' ' || provider.scope_separator == ',',
            "{name}"
        );
        assert_eq!(
            provider.pkce == Pkce::Forbidden,
            name == "linkedin",
            "{name}: who else refuses PKCE?"
        );
        let can_end = match &provider.revocation {
            Revocation::Standard => {
                provider.endpoints.revocation.is_some()
                    || provider.issuer.is_some()
                    || !signs_in(&provider)
            }
            Revocation::Page { .. } => true,
            Revocation::Request {
                method,
                auth,
                token_field,
                ..
            } => {
                assert!(["POST", "DELETE"].contains(&method.as_str()), "{name}");
                *auth == RevocationAuth::Bearer || token_field.is_some()
            }
        };
        assert!(can_end, "{name}: no way to end a grant");
    }
}

#[test]
fn a_misspelt_member_is_refused() {
    for wrong in [
        "pkces = \"required\"",
        "[endpoints]\ntokens = \"https://p.example\"",
        "[redirect]\nhots = \"x\"",
    ] {
        let record = format!("name = \"p\"\ndisplay_name = \"P\"\n{wrong}");
        assert!(toml::from_str::<Provider>(&record).is_err(), "{wrong}");
    }
}

#[test]
fn variables_for_tokens_are_names_of_variables_and_none_is_a_setting_of_the_system() {
    let is_name = |text: &str| {
        let letters = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        text.starts_with(|c: char| c.is_ascii_uppercase()) && text.chars().all(letters)
    };
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    for provider in all() {
        for variable in &provider.token_variables {
            let name = &provider.name;
            assert!(is_name(variable), "{name}: {variable}");
            let is_telling = ["TOKEN", "KEY", "PASSWORD"]
                .iter()
                .any(|word| variable.contains(word));
            assert!(
                is_telling && !variable.starts_with("TOKENWARD_"),
                "{name}: {variable}"
            );
            let other = owners.insert(variable.clone(), name.clone());
            assert_eq!(other, None, "{name}: {variable}");
        }
    }
    assert!(owners.len() >= 30, "{}", owners.len());
}
