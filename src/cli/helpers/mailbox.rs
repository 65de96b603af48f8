//! Whose mail: the credential, and the user name that its mail server knows it by.

use crate::model::credential::CredentialView;
use crate::model::name::CredentialName;
use clap::Args;

/// Whose mail.
#[derive(Debug, Args)]
pub struct Mailbox {
    /// Whose token, provider/account.
    pub name: CredentialName,
    /// The user name at the mail server. Without it: the account when it is an address, else the address that the
    /// provider told at the sign-in, else the account.
    #[arg(long)]
    pub user: Option<String>,
}

/// The user name that a mail server knows an account by.
pub fn user_of(view: &CredentialView) -> String {
    let account = view.profile.name.account();
    let claims = view.profile.claims.as_ref();
    let address = claims.and_then(|claims| claims.email.as_deref());
    match address {
        Some(address) if !account.contains('@') => address.to_owned(),
        Some(_) | None => account.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::health::Health;
    use crate::model::token::IdClaims;
    use crate::tui::example::credential;
    use std::sync::Arc;

    #[test]
    fn a_mail_server_knows_an_account_by_its_address() {
        let user = |name: &str, email: Option<&str>| {
            let mut view = credential(name, "Mail", Health::Static, 0, 0);
            Arc::make_mut(&mut view.profile).claims = Some(IdClaims {
                email: email.map(str::to_owned),
                ..IdClaims::default()
            });
            user_of(&view)
        };
        assert_eq!(
            user("google/alice@ex.org", Some("other@ex.org")),
            "alice@ex.org"
        );
        assert_eq!(user("google/work", Some("alice@ex.org")), "alice@ex.org");
        assert_eq!(user("stalwart/alice", None), "alice");
    }
}
