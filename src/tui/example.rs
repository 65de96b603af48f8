//! A made-up state at a fixed time: for the picture in the README and for the tests of what is drawn.

use crate::clock::Timestamp;
use crate::engine::gate::Place;
use crate::model::chore::{Chore, ChoreView, Ended, LastTime};
use crate::model::client::ClientAuth;
use crate::model::credential::{CredentialId, CredentialView, Flow, Generation, Profile, Standing};
use crate::model::event::{Activity, Happening};
use crate::model::failure::{Attempt, Errand, Failure, FailureClass};
use crate::model::fingerprint::Fingerprint;
use crate::model::health::{Forecast, ForecastReason, Health};
use crate::model::likely::{Evidence, Likelihood, LikelyCause};
use crate::model::limit::{Limit, LimitUse};
use crate::model::name::CredentialName;
use crate::model::policy::PolicyOverride;
use crate::tui::app::{App, Session};
use crate::tui::bell::Bell;
use crate::tui::surroundings::Surroundings;
use crate::tui::theme::Theme;
use crate::tui::workspace::Workspace;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The moment of the example: 20 November 2026, 14:03:22 UTC.
pub const NOW: Timestamp = Timestamp::from_secs(1_795_183_402);

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// A name that is known to be one.
pub fn name(text: &str) -> CredentialName {
    text.parse().expect("the examples are names")
}

/// A credential in some health: `lives` seconds in all, of which `left` are left; 0: it is over.
pub fn credential(
    text: &str,
    provider: &str,
    health: Health,
    lives: u64,
    left: u64,
) -> CredentialView {
    let name = name(text);
    let expires_at = (lives > 0).then(|| NOW.plus(secs(left)));
    let issued_at = NOW.plus(secs(left)).minus(secs(lives));
    let refresh_at = expires_at.map(|end| end.minus(secs(lives / 10)));
    let attempts = (1..=12u64).rev().map(|ago| Attempt {
        at: NOW.minus(secs(ago * 3600)),
        took_ms: 180 + ago * 7,
        failed: None,
    });
    CredentialView {
        id: CredentialId(i64::try_from(text.len()).unwrap_or(1)),
        generation: Generation(14),
        health,
        refresh_at: refresh_at.filter(|at| *at > NOW),
        forecast: Forecast::new(None, ForecastReason::Unknown),
        profile: Arc::new(Profile {
            name,
            provider_name: provider.to_owned(),
            host: format!("{}.example", provider.to_lowercase()),
            scopes: vec![
                "openid".to_owned(),
                "email".to_owned(),
                "offline_access".to_owned(),
            ],
            token_type: "Bearer".to_owned(),
            flow: Flow::Device,
            client_id: "8123-desktop.example".to_owned(),
            client_auth: ClientAuth::ClientSecretPost,
            claims: None,
            has_refresh_token: true,
            renews_itself: false,
            bound_to: None,
            resources: Vec::new(),
            kept: BTreeMap::new(),
            restored: None,
            provenance: None,
            wanted_scopes: Vec::new(),
            created_at: NOW.minus(secs(40 * 86_400)),
            signed_in_at: NOW.minus(secs(17 * 86_400)),
            issued_at,
            expires_at,
            refresh_expires_at: None,
            refresh_idle_life: None,
            refresh_absolute_life: None,
            test_life: None,
            refresh_end_moves: None,
            told_end: None,
            seen_lives: Vec::new(),
            asked_at: Vec::new(),
            earliest_refresh: None,
            last_used_at: Some(NOW.minus(secs(180))),
            access_fingerprint: Fingerprint(0x7f3a_c901_55d0_1be2),
            refresh_fingerprint: None,
            standing: Standing::Active,
            last_failure: None,
            failures_in_a_row: 0,
            policy: PolicyOverride::default(),
            attempts: attempts.collect(),
        }),
    }
}

/// A credential with its profile changed.
pub fn changed(mut view: CredentialView, change: impl FnOnce(&mut Profile)) -> CredentialView {
    change(Arc::make_mut(&mut view.profile));
    view
}

/// Limits, some of them used.
pub fn limits() -> Vec<LimitUse> {
    let uses = [
        (Limit::InFlight, 100, 1, None),
        (
            Limit::InFlightPerHost,
            20,
            1,
            Some("login.microsoftonline.com"),
        ),
        (Limit::AskedRefreshesPerHour, 5, 2, Some("github/alice")),
        (
            Limit::HandoutsPerProgramHour,
            3600,
            118,
            Some("/usr/bin/curl"),
        ),
    ];
    let uses = uses.into_iter().map(|(limit, most, used, by)| LimitUse {
        limit,
        most,
        used,
        by: by.map(str::to_owned),
    });
    uses.collect()
}

/// Recurring work of which everything stands once.
pub fn chores() -> Vec<ChoreView> {
    let done = |count| Ended::Done { count };
    let ends = [
        (None, Some(done(2))),
        (Some(5 * 86_400), Some(done(1))),
        (None, Some(done(17))),
        (Some(24), Some(done(0))),
        (Some(480), Some(done(1000))),
        (None, None),
        (Some(3000), Some(done(0))),
    ];
    let rows = Chore::ALL.into_iter().zip(ends);
    rows.map(|(chore, (next, ended))| ChoreView {
        chore,
        running: u64::from(chore == Chore::Checks),
        next: next.map(|secs| NOW.plus(Duration::from_secs(secs))),
        last: ended.map(|ended| LastTime {
            at: NOW.minus(Duration::from_secs(120)),
            ended,
        }),
        failures: 0,
    })
    .collect()
}

/// A refusal of the refresh token.
pub fn invalid_grant() -> Failure {
    Failure {
        errand: Errand::Refresh,
        provider_words: Some("Token has been expired or revoked.".to_owned()),
        ..Failure::new(
            FailureClass::NeedsLogin,
            "invalid_grant",
            "The provider no longer accepts the refresh token.",
            "Sign in again.",
        )
    }
    .with_evidence(Evidence {
        needed_scopes: Vec::new(),
        clock_ahead_secs: Some(1),
        is_open: true,
        likely: vec![Likelihood::new(
            LikelyCause::Unused,
            "It was last used 95 days ago; this provider ends one that is not used for 90 days.",
        )],
        ..Evidence::default()
    })
}

/// A passing failure.
pub fn unavailable() -> Failure {
    Failure {
        errand: Errand::Refresh,
        retry_after_secs: Some(5),
        ..Failure::new(
            FailureClass::Transient,
            "http_503",
            "The provider answered 503, service unavailable.",
            "",
        )
    }
}

/// Seven credentials in different states.
pub fn credentials() -> Vec<CredentialView> {
    let retrying = Health::Retrying {
        attempt: 3,
        next: NOW.plus(secs(12)),
    };
    let mut google = credential(
        "google/alice@example.com",
        "Google",
        Health::Fresh,
        3600,
        412,
    );
    google.forecast = Forecast {
        dies_at: Some(NOW.plus(secs(7 * 86_400))),
        because: ForecastReason::AbsoluteLife,
        warn_at: Some(NOW),
    };
    let mut atlassian = credential(
        "atlassian/alice",
        "Atlassian",
        Health::NeedsLogin {
            cause: invalid_grant(),
        },
        3600,
        0,
    );
    atlassian = changed(atlassian, |profile| {
        profile.issued_at = NOW.minus(secs(7300 + 3600));
        profile.expires_at = Some(NOW.minus(secs(7300)));
        profile.standing = Standing::NeedsLogin {
            cause: invalid_grant(),
        };
    });
    let slack = changed(
        credential("slack/acme", "Slack", retrying, 43_200, 3120),
        |profile| {
            profile.last_failure = Some(unavailable());
            profile.failures_in_a_row = 2;
            for attempt in profile.attempts.iter_mut().rev().take(2) {
                attempt.failed = Some("http_503".to_owned());
            }
        },
    );
    let bot = changed(
        credential("github/work-bot", "GitHub", Health::Static, 0, 0),
        |profile| {
            profile.has_refresh_token = false;
            profile.attempts.clear();
            profile.issued_at = NOW.minus(secs(90_000));
        },
    );
    vec![
        credential("github/alice", "GitHub", Health::Fresh, 28_800, 25_920),
        bot,
        google,
        credential("microsoft/alice", "Microsoft", Health::Refreshing, 4500, 48),
        credential("gitlab.corp/alice", "GitLab", Health::Fresh, 7200, 5460),
        slack,
        atlassian,
    ]
}

/// Some lines of activity.
pub fn activity() -> Vec<Activity> {
    let line = |ago: u64, whose: Option<&str>, what| {
        Activity::new(NOW.minus(secs(ago)), whose.map(name), what)
    };
    let refreshed = |generation| Happening::Refreshed {
        generation: Generation(generation),
        took_ms: 212,
        rotated: true,
    };
    vec![
        line(7400, None, Happening::EngineStarted { credentials: 7 }),
        line(
            7300,
            Some("atlassian/alice"),
            Happening::RefreshFailed {
                failure: invalid_grant(),
                next: None,
            },
        ),
        line(3188, Some("google/alice@example.com"), refreshed(14)),
        line(1740, Some("gitlab.corp/alice"), refreshed(14)),
        line(
            32,
            Some("slack/acme"),
            Happening::RefreshFailed {
                failure: unavailable(),
                next: Some(NOW.plus(secs(12))),
            },
        ),
    ]
}

/// An app over an open vault that holds these credentials.
pub fn app(views: Vec<CredentialView>, size: (u16, u16), theme: Theme) -> App {
    let around = Surroundings {
        theme,
        ssh: false,
        far_end: None,
        desktop: true,
        bell: Bell::default(),
        zone: TimeZone::UTC,
    };
    let mut workspace = Workspace::new(Place::Owner);
    workspace.rows.replace(views);
    workspace.listed = true;
    for line in activity() {
        workspace.log.happened(line);
    }
    App::new(Session::Open(Box::new(workspace)), around, size, NOW, 0)
}

/// A screen as text, the way a user sees it now.
#[cfg(test)]
pub fn shown(app: &mut App) -> String {
    crate::tui::update::settle(app);
    let area = ratatui::layout::Rect::new(0, 0, app.size.0, app.size.1);
    let mut buffer = ratatui::buffer::Buffer::empty(area);
    crate::tui::view::draw(app, &mut buffer);
    let rows = buffer.content.chunks(usize::from(app.size.0));
    let mut text = String::new();
    for row in rows {
        let line: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Presses keys: a character for its key, `\n` Enter, `\x1b` Esc, `\t` Tab, `\u{8}` Backspace.
#[cfg(test)]
pub fn press(app: &mut App, keys: &str) -> Vec<crate::tui::effect::Effect> {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    let mut effects = Vec::new();
    for c in keys.chars() {
        let code = match c {
            '\n' => KeyCode::Enter,
            '\x1b' => KeyCode::Esc,
            '\t' => KeyCode::Tab,
            '\u{8}' => KeyCode::Backspace,
            '\u{e000}' => KeyCode::Down,
            c => KeyCode::Char(c),
        };
        let key = KeyEvent::new(code, KeyModifiers::NONE);
        effects.extend(crate::tui::update::update(
            app,
            crate::tui::message::Message::Key(key),
        ));
    }
    effects
}

/// A token that was handed out.
#[cfg(test)]
pub fn token(text: &str) -> crate::model::token::IssuedToken {
    crate::model::token::IssuedToken {
        access: crate::secret::AccessToken::new(text.to_owned()),
        token_type: "Bearer".to_owned(),
        expires_at: None,
        scopes: Vec::new(),
    }
}

/// The example at a size, in colour and Unicode.
#[cfg(test)]
pub fn open(columns: u16, rows: u16) -> App {
    app(credentials(), (columns, rows), Theme::new(true, true))
}

/// What a wizard can offer in the example.
#[cfg(test)]
pub fn providers() -> Vec<crate::model::signin::ProviderView> {
    use crate::model::category::Category;
    use crate::model::provider::Provider;
    use crate::model::setup::{ApiKeys, Setup};
    use crate::model::signin::ProviderView;
    let mut github = Provider::unknown("github", "GitHub");
    github.flows = vec![Flow::Device, Flow::Loopback];
    github.default_scopes = vec!["read:user".to_owned(), "repo".to_owned()];
    github.setup = Setup {
        url: Some("https://github.com/settings/apps/new".to_owned()),
        steps: vec![
            "Make a GitHub App, and tick Enable Device Flow.".to_owned(),
            "Copy the client ID from its page.".to_owned(),
        ],
        client_id_hint: "Ov23li… or Iv1.…".to_owned(),
        client_id_pattern: Some(r"^(Ov23li|Iv1\.)".to_owned()),
        ..Setup::default()
    };
    let mut microsoft = Provider::unknown("microsoft", "Microsoft");
    microsoft.issuer = Some("https://login.microsoftonline.com/{tenant}/v2.0".to_owned());
    microsoft.parameters = [("tenant".to_owned(), "common".to_owned())].into();
    let keycloak = Provider::unknown("keycloak", "Keycloak");
    let mut anthropic = Provider::unknown("anthropic", "Anthropic");
    anthropic.flows = vec![Flow::ApiKey];
    anthropic.category = Some(Category::Ai);
    anthropic.api_key = Some(ApiKeys {
        url: Some("https://platform.claude.com/settings/keys".to_owned()),
        steps: vec!["Create a key, and copy it at once: it is shown only this time.".to_owned()],
        pattern: Some("^sk-ant-".to_owned()),
        longest_life: None,
    });
    vec![
        ProviderView {
            provider: anthropic,
            client_id: None,
            credentials: 0,
        },
        ProviderView {
            provider: keycloak,
            client_id: None,
            credentials: 0,
        },
        ProviderView {
            provider: microsoft,
            client_id: None,
            credentials: 0,
        },
        ProviderView {
            provider: github,
            client_id: Some("Iv1.8a61f9b3".to_owned()),
            credentials: 2,
        },
    ]
}
