//! Whether two spellings mean the same issuer (RFC 8414 3.3, RFC 9207 2.4).

/// Where Microsoft's metadata for several tenants has each tenant's id.
const TENANT: &str = "{tenantid}";

/// Tenants of Microsoft that stand for several, so that tokens name another one.
const MANY_TENANTS: [&str; 3] = ["/common/", "/organizations/", "/consumers/"];

/// Whether `said` is the issuer `expected`: to the letter, but for a slash at the end; where `expected` stands for
/// several tenants, any one of them.
pub fn is_same(expected: &str, said: &str) -> bool {
    let (expected, said) = (expected.trim_end_matches('/'), said.trim_end_matches('/'));
    if expected == said {
        return true;
    }
    if let Some((before, after)) = expected.split_once(TENANT) {
        return is_one_tenant(before, after, said);
    }
    if !expected.starts_with("https://login.microsoftonline.") {
        return false;
    }
    MANY_TENANTS.iter().any(|many| {
        expected.split_once(many).is_some_and(|(before, after)| {
            is_one_tenant(&format!("{before}/"), &format!("/{after}"), said)
        })
    })
}

fn is_one_tenant(before: &str, after: &str, said: &str) -> bool {
    said.strip_prefix(before)
        .and_then(|rest| rest.strip_suffix(after))
        .is_some_and(|tenant| {
            tenant == TENANT
                || (!tenant.is_empty()
                    && tenant
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b == b'-'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_and_a_tenant_may_differ_and_nothing_else() {
        let common = "https://login.microsoftonline.com/common/v2.0";
        let tenant = "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0";
        let template = "https://login.microsoftonline.com/{tenantid}/v2.0";
        for (expected, said, same) in [
            ("https://a.example", "https://a.example/", true),
            ("https://a.example", "https://A.example", false),
            ("https://a.example", "https://a.example.evil", false),
            ("https://a.example/x", "https://a.example/y", false),
            ("https://a.example", "http://a.example", false),
            (common, tenant, true),
            (common, template, true),
            (template, tenant, true),
            (
                template,
                "https://login.microsoftonline.com/x/y/v2.0",
                false,
            ),
            (template, "https://evil.example/x/v2.0", false),
            (tenant, common, false),
            (
                "https://a.example/common/v2.0",
                "https://a.example/x/v2.0",
                false,
            ),
        ] {
            assert_eq!(is_same(expected, said), same, "{expected} {said}");
        }
    }
}
