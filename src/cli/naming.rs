//! Asks what an account is called, where the provider did not tell whose the new tokens are.

use crate::cli::guide::Guide;
use crate::cli::lines::Lines;
use crate::engine::api::{Command, Refusal};
use crate::engine::link::Link;
use crate::model::name::CredentialName;
use crate::model::signin::Apart;

/// Asks until a name is taken or the person keeps the one there is; gives the name it has then. The tokens are kept
/// already: nothing that happens here is a failure of the sign-in.
pub async fn ask(
    link: &Link,
    guide: &Guide,
    lines: &mut Lines,
    signed: (CredentialName, Option<&Apart>),
) -> CredentialName {
    let (name, apart) = signed;
    lines.forget();
    guide.ask_name(&name, apart);
    loop {
        let line = tokio::select! {
            line = lines.next() => line,
            _ = tokio::signal::ctrl_c() => None,
        };
        let Some(typed) = line.filter(|line| !line.is_empty()) else {
            return name;
        };
        match rename(link, &name, &typed).await {
            Ok(renamed) => return renamed,
            Err(refusal) => guide.not_named(&refusal),
        }
    }
}

async fn rename(
    link: &Link,
    name: &CredentialName,
    typed: &str,
) -> Result<CredentialName, Refusal> {
    let account = name.account_meant(typed).to_owned();
    let name = name.clone();
    let view = link
        .ask(|reply| Command::Rename {
            name,
            account,
            reply,
        })
        .await?;
    Ok(view.profile.name.clone())
}
