//! What is told of one credential, in parts of labelled lines: for the screen and for `tokenward why`.

use crate::clock::Timestamp;
use crate::model::credential::{CredentialView, Standing};
use crate::model::event::Activity;
use crate::model::failure::Failure;
use crate::model::health::Health;
use crate::model::why::{Decision, Rule, Why};
use crate::tui::screens::tale;
use crate::tui::theme::Tone;
use crate::tui::twice;
use crate::tui::words;
use jiff::tz::TimeZone;
use std::time::Duration;

/// One part of the story.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// What it is about.
    pub title: &'static str,
    /// Its lines.
    pub lines: Vec<Said>,
}

/// One labelled line; as long as it needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// The label; empty where the line goes on with what is above it.
    pub label: String,
    /// The text.
    pub text: String,
    /// How it is meant.
    pub tone: Tone,
}

impl Part {
    /// One without lines yet.
    pub const fn new(title: &'static str) -> Self {
        Self {
            title,
            lines: Vec::new(),
        }
    }

    /// Adds a line.
    pub fn say(&mut self, label: impl Into<String>, text: impl Into<String>, tone: Tone) {
        self.lines.push(Said {
            label: label.into(),
            text: text.into(),
            tone,
        });
    }
}

/// The whole story, as of that moment.
pub fn parts(why: &Why, now: Timestamp, zone: &TimeZone) -> Vec<Part> {
    let mut parts = vec![present(why, now, zone)];
    parts.extend(trouble(&why.view));
    parts.extend(twice::part(why, now, zone));
    parts.push(ahead(why, now, zone));
    parts.push(past(why, now, zone));
    parts
}

/// How it is, and since when.
fn present(why: &Why, now: Timestamp, zone: &TimeZone) -> Part {
    let (view, moment) = (&why.view, |at| words::moment(at, now, zone));
    let profile = &view.profile;
    let mut part = Part::new("Now");
    part.say(
        "state",
        words::health(&view.health, now, zone),
        tone(&view.health),
    );
    part.say("because", because(view, now, zone), Tone::Plain);
    if let Some(restored) = &profile.restored {
        let text = words::restored(restored, now, zone);
        part.say("restored", text, Tone::Soon);
    }
    let end = match profile.expires_at {
        Some(end) if end > now => format!("expires {}", moment(end)),
        Some(_) if profile.ended_untold() => "expired, it was not told when".to_owned(),
        Some(end) => format!("expired {}", moment(end)),
        None => "without an expiry".to_owned(),
    };
    part.say(
        "token",
        format!(
            "generation {}, issued {}, {end}",
            view.generation.0,
            moment(profile.issued_at)
        ),
        Tone::Plain,
    );
    part.say(
        "sign-in",
        format!(
            "{} by {}{}",
            moment(profile.signed_in_at),
            words::flow(profile.flow),
            words::client(profile)
        ),
        Tone::Plain,
    );
    if let Some(provenance) = &profile.provenance {
        let text = words::provenance(provenance, now, zone);
        part.say("from", text, Tone::Plain);
    }
    part
}

fn tone(health: &Health) -> Tone {
    match health {
        Health::Fresh | Health::Static => Tone::Good,
        Health::Expiring
        | Health::Retrying { .. }
        | Health::RateLimited { .. }
        | Health::Revoking { .. } => Tone::Soon,
        Health::Refreshing => Tone::Work,
        Health::Expired | Health::NeedsLogin { .. } | Health::Misconfigured { .. } => Tone::Trouble,
        Health::Revoked => Tone::Dim,
    }
}

/// Why it is how it is, a sentence.
pub fn because(view: &CredentialView, now: Timestamp, zone: &TimeZone) -> String {
    match &view.health {
        Health::Fresh if !view.profile.is_renewable() => {
            "It is valid, and nothing refreshes it.".to_owned()
        }
        Health::Fresh => "Its access token is valid, and its refresh lies ahead.".to_owned(),
        Health::Expiring => {
            "Its access token is valid, and its refresh is due or its last tenth has begun."
                .to_owned()
        }
        Health::Refreshing => "New tokens are on their way.".to_owned(),
        Health::Retrying { .. } => "The last attempt failed for a passing reason.".to_owned(),
        Health::Expired => {
            "Its access token is over, and no newer one could be had yet.".to_owned()
        }
        Health::NeedsLogin { .. } if !view.profile.is_renewable() => {
            "Its access token is over, and there is no refresh token.".to_owned()
        }
        Health::NeedsLogin { .. } => "The provider wants a person to sign in again.".to_owned(),
        Health::Misconfigured { .. } => {
            "The provider refuses the client or its request until a setting is right.".to_owned()
        }
        Health::RateLimited { .. } => "A limit of the provider holds it back.".to_owned(),
        Health::Revoking { attempt, .. } => {
            let since = match &view.profile.standing {
                Standing::Revoking { since, .. } => {
                    format!(" since {}", words::moment(*since, now, zone))
                }
                Standing::Active
                | Standing::NeedsLogin { .. }
                | Standing::Misconfigured { .. }
                | Standing::Revoked { .. } => String::new(),
            };
            let told = match attempt.saturating_sub(1) {
                0 => "is being told".to_owned(),
                tries => {
                    let tries = usize::try_from(tries).unwrap_or(usize::MAX);
                    format!("could not be told {}", words::count(tries, "time"))
                }
            };
            format!(
                "It is to be revoked{since}; the provider {told}. Nothing of it is handed out or \
                 refreshed any more."
            )
        }
        Health::Revoked => match &view.profile.standing {
            Standing::Revoked { at, proof } => {
                let at = words::moment(*at, now, zone);
                let proof = words::proof_sentence(*proof);
                format!("It was revoked on purpose, {at}. {proof}")
            }
            Standing::Active
            | Standing::NeedsLogin { .. }
            | Standing::Misconfigured { .. }
            | Standing::Revoking { .. } => "It was revoked on purpose.".to_owned(),
        },
        Health::Static => "Its access token has no expiry, and nothing is refreshed.".to_owned(),
    }
}

/// The failure that matters now, in full.
fn trouble(view: &CredentialView) -> Option<Part> {
    let failure = matter(view)?;
    let mut part = Part::new("What went wrong");
    let mut lines = Vec::new();
    tale::failure_lines(failure, &mut lines);
    for (label, text) in lines {
        let tone = if label == "cause" {
            Tone::Trouble
        } else {
            Tone::Plain
        };
        part.say(label, text, tone);
    }
    Some(part)
}

/// The failure that matters now, if one does.
pub fn matter(view: &CredentialView) -> Option<&Failure> {
    match &view.profile.standing {
        Standing::NeedsLogin { cause } | Standing::Misconfigured { cause } => Some(cause),
        Standing::Revoking { cause, .. } => cause.as_ref(),
        Standing::Active | Standing::Revoked { .. } => view.profile.last_failure.as_ref(),
    }
}

/// What comes next, why then, and what the person should do.
fn ahead(why: &Why, now: Timestamp, zone: &TimeZone) -> Part {
    let mut part = Part::new("What comes next");
    let refresh = match (&why.next.rule, why.next.at) {
        (Rule::UnderWay, _) => "now".to_owned(),
        (_, None) => "none by itself".to_owned(),
        (_, Some(at)) if at <= now => "at once".to_owned(),
        (_, Some(at)) => format!(
            "{}, in {}",
            words::moment(at, now, zone),
            words::span(now.until(at))
        ),
    };
    let label = if why.next.rule == Rule::Revoking {
        "told"
    } else {
        "refresh"
    };
    part.say(label, refresh, Tone::Plain);
    part.say("why then", rule(&why.next), Tone::Plain);
    if let Some(forecast) = forecast(&why.view, now, zone) {
        part.say("forecast", forecast, Tone::Plain);
    }
    let (text, tone) = advice(&why.view, now);
    part.say("do", text, tone);
    part
}

/// When the refresh token itself will die; `None`: it is over already.
fn forecast(view: &CredentialView, now: Timestamp, zone: &TimeZone) -> Option<String> {
    let is_over = match view.profile.standing {
        Standing::NeedsLogin { .. } | Standing::Revoked { .. } | Standing::Revoking { .. } => true,
        Standing::Active | Standing::Misconfigured { .. } => false,
    };
    (!is_over).then(|| {
        words::forecast(&view.forecast, now, zone)
            .unwrap_or_else(|| "nothing is known that would end the refresh token".to_owned())
    })
}

/// What decided the moment of the next refresh, in words.
pub fn rule(decision: &Decision) -> String {
    let span = |secs: u64| words::span(Duration::from_secs(secs));
    let text = match &decision.rule {
        Rule::Revoked => "it was revoked: nothing is refreshed any more".to_owned(),
        Rule::Revoking => "it is to be revoked: the provider is told again then".to_owned(),
        Rule::NoRefreshToken => "there is no refresh token, so nothing can be refreshed".to_owned(),
        Rule::PersonFirst => "nobody tries it by itself before the person has acted".to_owned(),
        Rule::Overtaken { behind: 0 } => "it came back as it was and was forgotten here since: its refresh token may have \
                                          been spent elsewhere, and is tried once when somebody asks"
            .to_owned(),
        Rule::Overtaken { behind } => format!(
            "it came back as it was and is {} behind: its refresh token is probably spent, and is tried once when \
             somebody asks",
            words::count(usize::try_from(*behind).unwrap_or(usize::MAX), "generation")
        ),
        Rule::BackgroundOff => {
            "nobody refreshes in the background: the settings switch it off, or neither a daemon nor the UI runs".to_owned()
        }
        Rule::ExpiryUnknown => {
            "the provider names no expiry and the settings name no interval: only when somebody asks"
                .to_owned()
        }
        Rule::UnderWay => "it is under way".to_owned(),
        Rule::WaitsForPlace => {
            "it is due, and as many refreshes are under way as the limits allow".to_owned()
        }
        Rule::HostPause { host } => format!("{host} asked not to be called before then"),
        Rule::RetryAfter => "the provider asked to be left alone until then (Retry-After)".to_owned(),
        Rule::Retry { failures } => format!(
            "{} in a row failed for a passing reason; the pauses between them grow",
            words::count(usize::try_from(*failures).unwrap_or(usize::MAX), "attempt")
        ),
        Rule::Recovery => "a refresh was cut off, and it is made good at once".to_owned(),
        Rule::Spread => "much was due at once after a pause of the machine: it waits its turn".to_owned(),
        Rule::Share { share, life } => {
            let percent = share * 100.0;
            format!("{percent:.0} % of the access token's life of {} is over then", span(*life))
        }
        Rule::BeforeExpiry { before } => format!("{} before the access token expires", span(*before)),
        Rule::UnknownExpiry { after } => format!(
            "the expiry is not known, and the settings ask for a refresh every {}",
            span(*after)
        ),
        Rule::RefreshTokenDies { life } => format!(
            "the refresh token dies when it is not used for {}, and nine tenths of that are over then",
            span(*life)
        ),
        Rule::Earliest { before } => format!(
            "the provider refuses to refresh earlier than {} before expiry",
            span(*before)
        ),
        Rule::ClockSetBack => {
            "the token was issued under a clock that was set back since: how much of its life is left is not known"
                .to_owned()
        }
    };
    let earlier = Duration::from_millis(decision.earlier_by_ms);
    if earlier.as_secs() == 0 {
        return text;
    }
    format!(
        "{text}; {} earlier, so that neighbours do not all come at once",
        words::span(earlier)
    )
}

/// What the person should do.
pub fn advice(view: &CredentialView, now: Timestamp) -> (String, Tone) {
    let name = &view.profile.name;
    let sign_in = format!(
        "tokenward login {} --account {}",
        name.provider(),
        name.account()
    );
    match &view.health {
        Health::NeedsLogin { cause } => {
            let remedy = cause.likely().first().and_then(|it| it.cause.remedy());
            let remedy = remedy.map(|text| format!(" {text}")).unwrap_or_default();
            (format!("Sign in again: {sign_in}.{remedy}"), Tone::Trouble)
        }
        Health::Misconfigured { cause } => (cause.advice(), Tone::Trouble),
        Health::Expired if !view.profile.is_renewable() => {
            (format!("Sign in again: {sign_in}."), Tone::Trouble)
        }
        Health::Retrying { .. } | Health::Expired if view.profile.is_overtaken() => (
            format!("Sign in again: {sign_in}. Or try it once: tokenward refresh {name}."),
            Tone::Soon,
        ),
        Health::Retrying { .. } | Health::RateLimited { .. } | Health::Expired => {
            let advice = matter(view).map(Failure::advice);
            let advice = advice.filter(|text| !text.is_empty());
            let nothing = || "Nothing: it is tried again by itself.".to_owned();
            (advice.unwrap_or_else(nothing), Tone::Plain)
        }
        Health::Revoking { .. } => {
            let advice = matter(view).map(Failure::advice);
            let told = || "Nothing: the provider is told again by itself.".to_owned();
            (advice.unwrap_or_else(told), Tone::Soon)
        }
        Health::Revoked if view.is_alive_though_revoked() => (
            format!("Revoke it again: tokenward revoke {name}."),
            Tone::Trouble,
        ),
        Health::Revoked => (
            format!("Sign in again ({sign_in}), or forget it: tokenward remove {name}."),
            Tone::Plain,
        ),
        Health::Fresh | Health::Expiring | Health::Refreshing | Health::Static => {
            if view.forecast.is_soon(now) {
                (format!("Sign in again in time: {sign_in}."), Tone::Soon)
            } else {
                ("Nothing.".to_owned(), Tone::Good)
            }
        }
    }
}

/// What happened, the oldest first, with what explains it.
fn past(why: &Why, now: Timestamp, zone: &TimeZone) -> Part {
    let mut part = Part::new("What happened");
    for activity in &why.history {
        let (tone, text) = tale::sentence(activity);
        let (label, text) = dated(activity, text, now, zone);
        part.say(label, text, tone);
        for (label, text) in explained(activity, now, zone) {
            part.say("", format!("{label}: {text}"), Tone::Dim);
        }
    }
    if part.lines.is_empty() {
        part.say("", "nothing is in the log yet", Tone::Dim);
    }
    part
}

/// The time of day as the label; of another day the day, and the time before the text.
fn dated(activity: &Activity, text: String, now: Timestamp, zone: &TimeZone) -> (String, String) {
    let moment = words::moment(activity.at, now, zone);
    match moment.rsplit_once(' ') {
        None => (moment, text),
        Some((day, time)) => (day.to_owned(), format!("{time} {text}")),
    }
}

/// What explains a line of the log; a refresh that went well explains itself.
fn explained(activity: &Activity, now: Timestamp, zone: &TimeZone) -> Vec<(&'static str, String)> {
    let told = tale::story(activity, now, zone);
    let wanted = ["likely", "or", "it said", "asked", "then", "why"];
    told.into_iter()
        .filter(|(label, _)| wanted.contains(label))
        .collect()
}
