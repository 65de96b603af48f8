//! How members of requests and answers are spelt where a provider does not spell them as the standard does.

/// `refreshToken` for `refresh_token`.
pub fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        text.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        text.push_str(letters.as_str());
    }
    text
}

/// `refresh_token` for `refreshToken`; what has no capitals stays as it is.
pub fn snake(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_spelling_leads_back_to_the_other() {
        for (standard, theirs) in [
            ("refresh_token", "refreshToken"),
            ("grant_type", "grantType"),
            ("client_id", "clientId"),
            ("error", "error"),
        ] {
            assert_eq!(camel(standard), theirs);
            assert_eq!(snake(theirs), standard);
            assert_eq!(
                snake(standard),
                standard,
                "errors come as the standard has them"
            );
        }
    }
}
