//! The HTML pages: templates from `assets/demo`, every value escaped, no script, no frame.

use crate::demo::csrf;
use crate::demo::parameters::Parameters;
use crate::demo::shared::Inner;
use crate::demo::tokens;
use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, SET_COOKIE,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

const FRAME: &str = include_str!("../../assets/demo/frame.html");
const AUTHORIZE: &str = include_str!("../../assets/demo/authorize.html");
const DEVICE: &str = include_str!("../../assets/demo/device.html");
const CONSENT: &str = include_str!("../../assets/demo/consent.html");
const MESSAGE: &str = include_str!("../../assets/demo/message.html");

/// The name that is filled in at first.
pub const SUGGESTED_NAME: &str = "alice";

/// What a visitor's forms carry, and the cookie to set when it is the first visit.
pub struct Visitor {
    csrf: String,
    new_cookie: Option<String>,
}

impl Visitor {
    /// Recognises a visitor by the cookie, or makes a new one.
    pub fn of(shared: &Inner, headers: &HeaderMap) -> Self {
        let (cookie, new_cookie) = match csrf::cookie(headers) {
            Some(cookie) => (cookie, None),
            None => {
                let cookie = tokens::random("");
                (cookie.clone(), Some(cookie))
            }
        };
        Self {
            csrf: shared.guard.token(&cookie),
            new_cookie,
        }
    }

    /// The visitor who sent a form of ours; `None`: another site made the browser send it.
    pub fn who_sent(shared: &Inner, headers: &HeaderMap, form: &Parameters) -> Option<Self> {
        let allowed = shared
            .guard
            .allows(&shared.issuer, headers, form.get("csrf"));
        allowed.then(|| Self::of(shared, headers))
    }

    /// The page that asks who is signing in.
    pub fn authorize(&self, client: &str, ticket: &str, username: &str) -> Response<Body> {
        let values = [
            ("client", client),
            ("ticket", ticket),
            ("username", username),
            ("csrf", &self.csrf),
        ];
        self.page(200, "Sign in", AUTHORIZE, &values)
    }

    /// The page where a user code is entered.
    pub fn device(&self, status: u16, user_code: &str, wrong: Option<&str>) -> Response<Body> {
        let notice = wrong
            .map(|wrong| format!("<p class=\"wrong\">{}</p>", escaped(wrong)))
            .unwrap_or_default();
        let values = [
            ("user_code", user_code),
            ("notice", &notice),
            ("username", SUGGESTED_NAME),
            ("csrf", &self.csrf),
        ];
        self.page(status, "Connect a device", DEVICE, &values)
    }

    /// The page that asks yes or no.
    pub fn consent(&self, asked: &Asked<'_>) -> Response<Body> {
        let scopes = if asked.scopes.is_empty() {
            "nothing in particular".to_owned()
        } else {
            asked.scopes.join(", ")
        };
        // RFC 8628 5.4: the person compares the code, so that nobody signs in another's device.
        let notice = asked.user_code.map(|code| {
            format!(
                "<p>Go on only if your device shows <code>{}</code>.</p>",
                escaped(code)
            )
        });
        let (action, key, value) = match asked.user_code {
            Some(code) => ("/device", "user_code", code),
            None => ("/authorize", "ticket", asked.ticket),
        };
        let values = [
            ("client", asked.client),
            ("account", asked.account),
            ("scopes", &scopes),
            ("notice", notice.as_deref().unwrap_or_default()),
            ("action", action),
            ("key", key),
            ("value", value),
            ("csrf", &self.csrf),
        ];
        self.page(200, "Allow?", CONSENT, &values)
    }

    fn page(
        &self,
        status: u16,
        title: &str,
        template: &str,
        values: &[(&str, &str)],
    ) -> Response<Body> {
        let mut response = framed(status, title, &filled(template, values));
        let cookie = self.new_cookie.as_ref().and_then(|cookie| {
            let name = csrf::COOKIE_NAME;
            HeaderValue::from_str(&format!(
                "{name}={cookie}; Path=/; HttpOnly; SameSite=Strict"
            ))
            .ok()
        });
        if let Some(cookie) = cookie {
            response.headers_mut().insert(SET_COOKIE, cookie);
        }
        response
    }
}

/// What a person is asked.
pub struct Asked<'a> {
    /// The client.
    pub client: &'a str,
    /// Who is asked.
    pub account: &'a str,
    /// What for.
    pub scopes: &'a [String],
    /// The ticket of a browser sign-in.
    pub ticket: &'a str,
    /// The user code of a device sign-in.
    pub user_code: Option<&'a str>,
}

/// What is shown for a form that another site made the browser send.
pub fn foreign_form() -> Response<Body> {
    let why = "The form is not from this browser.";
    message(403, "This cannot go on", why)
}

/// A page with a title and a sentence.
pub fn message(status: u16, title: &str, text: &str) -> Response<Body> {
    framed(
        status,
        title,
        &filled(MESSAGE, &[("title", title), ("text", text)]),
    )
}

/// Sends the browser on.
pub fn see_other(to: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    put(&mut response, REFERRER_POLICY, "no-referrer");
    put(&mut response, CACHE_CONTROL, "no-store");
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(LOCATION, to);
    }
    response
}

fn framed(status: u16, title: &str, content: &str) -> Response<Body> {
    let html = filled(FRAME, &[("title", title), ("content", content)]);
    let mut response = Response::new(Body::from(html));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    put(&mut response, CONTENT_TYPE, "text/html; charset=utf-8");
    put(&mut response, CACHE_CONTROL, "no-store");
    put(&mut response, REFERRER_POLICY, "no-referrer");
    // RFC 9700 4.16: no frame of another site may lay itself over the button.
    put(&mut response, X_FRAME_OPTIONS, "DENY");
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
    put(&mut response, CONTENT_SECURITY_POLICY, policy);
    response
}

fn put(response: &mut Response<Body>, name: HeaderName, value: &'static str) {
    response
        .headers_mut()
        .insert(name, HeaderValue::from_static(value));
}

/// Fills `{{name}}` with escaped values and `{{{name}}}` with HTML of ours, in one pass: values are never read again.
fn filled(template: &str, values: &[(&str, &str)]) -> String {
    let value = |name: &str| {
        let found = values.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| *value).unwrap_or_default()
    };
    let mut out = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let (raw, after) = match after.strip_prefix('{') {
            Some(after) => (true, after),
            None => (false, after),
        };
        let Some((name, after)) = after.split_once(if raw { "}}}" } else { "}}" }) else {
            break;
        };
        let value = value(name);
        out.push_str(&if raw {
            value.to_owned()
        } else {
            escaped(value)
        });
        rest = after;
    }
    out.push_str(rest);
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_and_never_read_as_templates() {
        let template = "<a title=\"{{x}}\">{{y}}</a>{{{z}}}";
        let values = [("x", "\"><script>"), ("y", "{{z}}"), ("z", "<b>")];
        assert_eq!(
            filled(template, &values),
            "<a title=\"&quot;&gt;&lt;script&gt;\">{{z}}</a><b>"
        );
    }

    #[test]
    fn every_place_of_every_template_is_filled() {
        let shared = crate::demo::shared::Inner::new(
            "http://127.0.0.1:1".to_owned(),
            crate::demo::settings::DemoSettings::default(),
        );
        let visitor = Visitor::of(&shared, &HeaderMap::new());
        assert!(visitor.new_cookie.is_some());
        for template in [AUTHORIZE, DEVICE, CONSENT, MESSAGE, FRAME] {
            assert!(!filled(template, &[]).contains("{{"));
        }
    }
}
