//! The page a browser ends at; nothing a stranger sent stands on it unescaped.

use crate::model::failure::Failure;

const TEMPLATE: &str = include_str!("../../assets/pages/callback.html");

/// What the page says.
#[derive(Debug)]
pub enum Page {
    /// The provider said yes.
    Done,
    /// The provider said no, or its answer was refused.
    Failed(Box<Failure>),
    /// The answer belongs to another sign-in.
    Stray,
    /// There is nothing here.
    Nothing,
}

/// The whole page as HTML.
pub fn page(page: &Page, provider: &str) -> String {
    let provider = escape(provider);
    let (sign, title, text, more) = match page {
        Page::Done => (
            "ok",
            format!("{provider} said yes"),
            "You can close this tab and go back to the terminal.".to_owned(),
            String::new(),
        ),
        Page::Failed(failure) => (
            "no",
            format!("No sign-in with {provider}"),
            escape(&failure.cause),
            said(failure),
        ),
        Page::Stray => (
            "no",
            "This is the answer to another sign-in".to_owned(),
            format!(
                "tokenward waits for an answer of {provider} that belongs to the sign-in it started."
            ),
            "<p>Close this tab and use the newest one.</p>".to_owned(),
        ),
        Page::Nothing => (
            "no",
            "Nothing here".to_owned(),
            format!("tokenward waits here for the answer of {provider}."),
            String::new(),
        ),
    };
    TEMPLATE
        .replace("{{sign}}", sign)
        .replace("{{title}}", &title)
        .replace("{{text}}", &text)
        .replace("{{more}}", &more)
}

fn said(failure: &Failure) -> String {
    let mut more = format!("<p>{}</p>", escape(&failure.advice()));
    if let Some(words) = &failure.provider_words {
        more.push_str(&format!("<blockquote>{}</blockquote>", escape(words)));
    }
    more.push_str(&format!(
        "<p class=\"small\"><code>{}</code></p>",
        escape(&failure.code)
    ));
    more.push_str("<p>You can close this tab and go back to the terminal.</p>");
    more
}

/// For text and attribute values of HTML; braces too, so that nothing can pretend to be a placeholder.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '{' => escaped.push_str("&#123;"),
            '}' => escaped.push_str("&#125;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::failure::FailureClass;

    #[test]
    fn nothing_is_reflected_unescaped_and_no_placeholder_is_left() {
        let evil = "<script>alert('1')</script>{{more}}\"&";
        let failure = Failure {
            provider_words: Some(evil.to_owned()),
            ..Failure::new(FailureClass::NeedsLogin, evil, evil, evil)
        };
        for shown in [
            Page::Done,
            Page::Stray,
            Page::Nothing,
            Page::Failed(Box::new(failure)),
        ] {
            let html = page(&shown, evil);
            assert!(
                !html.contains("<script") && !html.contains("alert('1')"),
                "{html}"
            );
            assert!(!html.contains("{{"), "{html}");
        }
    }

    #[test]
    fn the_page_of_success_names_the_provider_and_says_what_to_do() {
        let html = page(&Page::Done, "GitHub");
        assert!(html.contains("GitHub said yes") && html.contains("You can close this tab"));
    }
}
