//! Temporary keys of AWS on their way out, in the two forms that its programs read.

use crate::oauth::sts::RoleKeys;
use zeroize::Zeroizing;

/// What a `credential_process` prints.
pub fn for_a_process(keys: &RoleKeys) -> Zeroizing<String> {
    let object = serde_json::json!({
        "Version": 1,
        "AccessKeyId": keys.id,
        "SecretAccessKey": keys.secret.expose_secret(),
        "SessionToken": keys.session.expose_secret(),
        "Expiration": keys.expires_at,
    });
    Zeroizing::new(format!("{object}\n"))
}

/// What the endpoint for containers answers.
pub fn for_a_container(keys: &RoleKeys) -> Zeroizing<String> {
    let object = serde_json::json!({
        "AccessKeyId": keys.id,
        "SecretAccessKey": keys.secret.expose_secret(),
        "Token": keys.session.expose_secret(),
        "Expiration": keys.expires_at,
    });
    Zeroizing::new(object.to_string())
}
