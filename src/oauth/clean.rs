//! Cleans a provider's own words of everything that could be a secret before anybody sees them.

/// What stands where something was taken out.
pub const REMOVED: &str = "[removed]";

/// How many characters of a provider's words are kept.
const LONGEST: usize = 300;

/// A run of token characters this long is taken for a token.
const SUSPICIOUS: usize = 20;

/// How much is looked at; the rest is dropped unseen.
const READ_AT_MOST: usize = 8 * 1024;

/// The words, in one line, without control characters, without any of `secrets`, without anything that looks like a
/// token, and not too long. `None` when nothing is left.
pub fn clean(words: &str, secrets: &[&str]) -> Option<String> {
    let mut text: String = words.chars().take(READ_AT_MOST).collect();
    for secret in secrets.iter().filter(|secret| secret.len() >= 4) {
        text = remove_all(&text, secret);
        // Echoes in HTML or in URLs are spelt differently; their token-like runs fall below.
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        if encoded != *secret {
            text = remove_all(&text, &encoded);
        }
    }
    let text: String = text
        .chars()
        .map(|c| {
            if c.is_control() || is_invisible(c) {
                ' '
            } else {
                c
            }
        })
        .collect();
    let cleaned: Vec<String> = text.split_whitespace().map(clean_word).collect();
    let joined = cleaned.join(" ");
    if joined.is_empty() {
        return None;
    }
    if joined.chars().count() <= LONGEST {
        return Some(joined);
    }
    let mut cut: String = joined.chars().take(LONGEST - 1).collect();
    cut.push('…');
    Some(cut)
}

/// An error code as a provider sent it, if it looks like one: a short word, nothing that could be a token.
pub fn code(text: &str, secrets: &[&str]) -> Option<String> {
    let text = text.trim();
    let shaped = (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b' '));
    let clean_enough = !secrets
        .iter()
        .any(|secret| secret.len() >= 4 && text.contains(secret))
        && !looks_like_a_token(text);
    (shaped && clean_enough).then(|| text.replace(' ', "_"))
}

fn remove_all(text: &str, secret: &str) -> String {
    text.replace(secret, REMOVED)
}

/// Marks that show nothing or turn the direction of writing.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Takes token-like runs out of one word and leaves its punctuation.
fn clean_word(word: &str) -> String {
    let mut out = String::new();
    let mut run = String::new();
    for c in word.chars() {
        if is_token_char(c) {
            run.push(c);
        } else {
            finish(&mut run, &mut out);
            out.push(c);
        }
    }
    finish(&mut run, &mut out);
    out
}

fn finish(run: &mut String, out: &mut String) {
    if looks_like_a_token(run) {
        out.push_str(REMOVED);
    } else {
        out.push_str(run);
    }
    run.clear();
}

/// base64, base64url, hexadecimal, JWT, and the prefixes providers give their tokens.
fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | '/' | '=' | '~' | '%')
}

fn looks_like_a_token(run: &str) -> bool {
    let prefixed = [
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        "ghp_",
        "github_pat_",
        "glpat-",
        "gloas-",
        "xox",
        "xoxe.",
        "ya29.",
        "1//",
        "eyJ",
        "sk-",
        "sl.",
        "ATATT",
        "ATOA",
    ]
    .iter()
    .any(|prefix| run.starts_with(prefix) && run.len() >= prefix.len() + 6);
    prefixed || (run.len() >= SUSPICIOUS && !reads_like_words(run))
}

/// Whether every part of the run between its punctuation is an ordinary word, a number or a UUID-free short piece:
/// `invalid_refresh_token_provided`, `login.microsoftonline.com/common/oauth2`.
fn reads_like_words(run: &str) -> bool {
    let parts = run.split(['_', '-', '.', '/', '=', '+', '%', '~']);
    let mut short_numbers = 0;
    for part in parts.filter(|part| !part.is_empty()) {
        let digits = part.bytes().filter(u8::is_ascii_digit).count();
        let upper_inside = part.bytes().skip(1).filter(u8::is_ascii_uppercase).count();
        let all_upper = part.bytes().all(|b| b.is_ascii_uppercase());
        let word =
            part.len() <= 20 && digits <= 1 && (all_upper && part.len() <= 12 || upper_inside <= 2);
        let number = digits == part.len() && part.len() <= 8;
        let version = part.len() <= 14 && part.starts_with("AADSTS");
        if number {
            short_numbers += 1;
        }
        if !(word || version || number && short_numbers <= 4) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_words_stay_as_they_are() {
        for words in [
            "The refresh token is invalid or has expired.",
            "Token has been expired or revoked.",
            "AADSTS700025: Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
            "invalid_refresh_token_provided for redirect_uri_mismatch",
            "see https://docs.example.com/oauth/errors/redirect-uri for more",
        ] {
            assert_eq!(clean(words, &[]).as_deref(), Some(words));
        }
    }

    #[test]
    fn anything_like_a_token_is_removed() {
        for token in [
            "gho_16C7e42F292c6912E7710c838347Ae178B4a",
            "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
            "0f8fad5bd9cb469fa16570867728950e",
            "0f8fad5b-d9cb-469f-a165-70867728950e",
            "1//0gAbCdEfGhIjKlMnOpQrStUv",
            "xoxb-123456789012-abcdefabcdef",
            "dGhpcyBpcyBhIHNlY3JldCB0b2tlbg==",
        ] {
            let said = format!("token '{token}' is bad, {token}.");
            let cleaned = clean(&said, &[]).unwrap();
            assert!(!cleaned.contains(&token[..8]), "{cleaned}");
            assert!(
                cleaned.contains(REMOVED) && cleaned.contains("is bad"),
                "{cleaned}"
            );
        }
    }

    #[test]
    fn a_secret_we_sent_is_removed_however_short_or_ordinary() {
        let cleaned = clean("code hunter2 and p%40ss%2Bword", &["hunter2", "p@ss+word"]).unwrap();
        assert_eq!(cleaned, "code [removed] and [removed]");
    }

    #[test]
    fn control_characters_and_length_are_tamed() {
        let cleaned = clean("a\u{1b}[31mred\r\nb\u{202e}c", &[]).unwrap();
        assert_eq!(cleaned, "a [31mred b c");
        assert_eq!(
            clean(&"word ".repeat(500), &[]).unwrap().chars().count(),
            LONGEST
        );
        assert_eq!(clean(" \n\t", &[]), None);
    }

    #[test]
    fn codes_are_short_plain_words() {
        assert_eq!(code("invalid_grant", &[]).as_deref(), Some("invalid_grant"));
        assert_eq!(code("Not Found", &[]).as_deref(), Some("Not_Found"));
        assert_eq!(code("gho_16C7e42F292c6912E7710c838347Ae178B4a", &[]), None);
        assert_eq!(code("bad\u{1b}[2J", &[]), None);
        assert_eq!(code("hunter2", &["hunter2"]), None);
    }

    proptest! {
        #[test]
        fn a_sent_secret_never_survives(secret in "[A-Za-z0-9+/=._~-]{4,80}", before in ".{0,40}", after in ".{0,40}") {
            let cleaned = clean(&format!("{before}{secret}{after}"), &[&secret]).unwrap_or_default();
            // What is left may hold the secret only if it is part of the mark itself.
            let survives = cleaned.replace(REMOVED, "\u{1}").contains(&secret);
            prop_assert!(!survives);
        }
    }
}
