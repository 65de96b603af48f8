//! Reads the challenge of a protected resource (RFC 6750 3, RFC 9449 7.1, RFC 9110 11.6.1).

/// No challenge is read beyond so many bytes.
const LONGEST: usize = 4096;

/// What a challenge says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Challenge {
    /// `error`: `invalid_token`, `insufficient_scope`, `use_dpop_nonce`.
    pub error: Option<String>,
    /// `scope`: what the token would need.
    pub scopes: Vec<String>,
}

/// Reads one; what makes no sense is passed over.
pub fn read(text: &str) -> Challenge {
    let mut challenge = Challenge::default();
    let text = text.get(..LONGEST.min(text.len())).unwrap_or_default();
    let mut rest = text;
    while let Some(at) = rest.find('=') {
        let name = rest[..at].trim_end();
        let name = name.rsplit([' ', ',', '\t']).next().unwrap_or_default();
        let (value, after) = value(rest[at + 1..].trim_start());
        match name.to_ascii_lowercase().as_str() {
            "error" if is_plain(&value) => challenge.error = Some(value),
            "scope" => {
                let scopes = value
                    .split_ascii_whitespace()
                    .filter(|scope| is_plain(scope));
                challenge.scopes = scopes.map(str::to_owned).collect();
            }
            _ => {}
        }
        rest = after;
    }
    challenge
}

/// A token or a quoted string, and what follows.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(letters.next().map(|(_, letter)| letter)),
            _ => value.push(letter),
        }
    }
    (value, "")
}

/// What RFC 6749 lets scopes and error codes be made of (3.3, 5.2), not endless.
fn is_plain(text: &str) -> bool {
    (1..=256).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_error_and_the_scopes_are_found_among_the_rest() {
        let said = read(
            r#"Bearer realm="a, error=\"x\"", error="insufficient_scope", error_description="no = no", scope="read:a write""#,
        );
        assert_eq!(said.error.as_deref(), Some("insufficient_scope"));
        assert_eq!(said.scopes, ["read:a", "write"]);
        let bare = read("DPoP algs=\"ES256\", error=use_dpop_nonce");
        assert_eq!(bare.error.as_deref(), Some("use_dpop_nonce"));
        assert_eq!(read("Basic"), Challenge::default());
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in ".{0,300}") {
            let _ = read(&text);
        }
    }
}
