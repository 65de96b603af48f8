//! Finds the client a sign-in uses: given now or kept from last time; checked before anything is opened.

use crate::engine::api::Refusal;
use crate::engine::vault_thread::{VaultDesk, trouble};
use crate::model::client::Client;
use crate::model::name::{is_account, is_provider_name};
use crate::model::preflight;
use crate::model::provider::Provider;
use crate::model::setup::Setup;
use crate::model::signin::{ProviderChoice, SignInRequest};
use crate::oauth::catalogue;
use crate::vault::store::StoredClient;

/// What a sign-in starts with.
#[derive(Debug)]
pub struct Registration {
    /// The provider's record as it was used last time, if it was.
    pub known: Option<Provider>,
    /// The client; `None`: one shall be registered.
    pub client: Option<Client>,
}

/// Finds it, or says what is missing.
pub async fn find(vault: &VaultDesk, request: &SignInRequest) -> Result<Registration, Refusal> {
    let name = provider_name(&request.provider).to_owned();
    check_names(&name, request.account.as_deref())?;
    let wanted = name.clone();
    let kept = vault
        .read(move |store| store.client(&wanted))
        .await
        .ok_or(Refusal::Stopped)?
        .map_err(|error| trouble(&error).refusal())?;
    let listed = match &request.provider {
        ProviderChoice::Known { .. } => catalogue::find(&name),
        ProviderChoice::Issuer { .. } => None,
    };
    if let (ProviderChoice::Known { .. }, None, None) = (&request.provider, &listed, &kept) {
        return Err(Refusal::Invalid {
            message: format!("there is no provider named {name}"),
            hint: "Give its address: tokenward login NAME --issuer URL".to_owned(),
        });
    }
    let (known, kept) = match kept {
        Some(StoredClient { provider, client }) => (Some(provider), Some(client)),
        None => (None, None),
    };
    let given = request.client.as_ref().map(Client::duplicate);
    let client = given.or(kept);
    if client.is_none() && request.register.is_none() {
        return Err(no_client(&name, listed.as_ref().map(|it| &it.setup)));
    }
    if let (Some(client), Some(provider)) = (&client, listed.as_deref().or(known.as_ref())) {
        check_client(client, provider)?;
    }
    Ok(Registration { known, client })
}

fn provider_name(choice: &ProviderChoice) -> &str {
    match choice {
        ProviderChoice::Known { name, .. } | ProviderChoice::Issuer { name, .. } => name,
    }
}

fn check_names(provider: &str, account: Option<&str>) -> Result<(), Refusal> {
    let invalid = |message: &str| {
        Err(Refusal::Invalid {
            message: message.to_owned(),
            hint: "Choose another name.".to_owned(),
        })
    };
    if !is_provider_name(provider) {
        return invalid("a provider's name is one to 64 of a-z, 0-9, dot, underscore and dash");
    }
    if account.is_some_and(|account| !is_account(account)) {
        return invalid("an account is one to 128 characters without spaces and slashes");
    }
    Ok(())
}

fn no_client(name: &str, setup: Option<&Setup>) -> Refusal {
    let page = setup.and_then(|setup| setup.url.as_deref());
    Refusal::Invalid {
        message: format!("no client is known for {name}"),
        hint: match page {
            Some(page) => format!("Register one at {page} and give its id, once: --client-id ID"),
            None => {
                "Register one with the provider and give its id, once: --client-id ID".to_owned()
            }
        },
    }
}

/// Checks a client against what is known of the provider's clients, so that a slip shows before a browser opens.
fn check_client(client: &Client, provider: &Provider) -> Result<(), Refusal> {
    let found = preflight::of_client(provider, client);
    found.map_or(Ok(()), |found| {
        Err(Refusal::Invalid {
            message: found.what,
            hint: found.fix,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::client::ClientAuth;

    fn client(id: &str) -> Client {
        Client::new(id, None, ClientAuth::None)
    }

    #[test]
    fn a_client_id_of_the_wrong_shape_is_refused_with_the_right_one() {
        let mut provider = Provider::unknown("github", "GitHub");
        provider.setup.client_id_pattern = Some("^(Ov23|Iv)".to_owned());
        provider.setup.client_id_hint = "Ov23li…".to_owned();
        assert!(check_client(&client("Ov23liX"), &provider).is_ok());
        let refused = check_client(&client("alice"), &provider).unwrap_err();
        assert!(refused.hint().contains("Ov23li…"));
    }

    #[test]
    fn a_missing_secret_is_noticed_where_one_is_needed() {
        let mut provider = Provider::unknown("x", "X");
        assert!(check_client(&client("a"), &provider).is_ok());
        provider.setup.needs_secret = true;
        assert!(check_client(&client("a"), &provider).is_err());
        assert!(check_client(&client(" "), &provider).is_err());
    }
}
