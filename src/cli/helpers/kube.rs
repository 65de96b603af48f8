//! `tokenward kube-credential`: kubectl, and every client made with client-go, asks for a token.
//!
//! The protocol is that of client-go's credential plugins, `client.authentication.k8s.io`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::helpers::bearer::{self, Chosen, Freshness};
use crate::cli::session::Session;
use crate::cli::token::{self, KubeVersion};
use crate::model::event::Purpose;
use clap::Args;
use serde::Deserialize;

/// Where a client says what it wants.
const ASKED_IN: &str = "KUBERNETES_EXEC_INFO";

/// Arguments of `tokenward kube-credential`.
#[derive(Debug, Args)]
#[command(after_help = "\
A user in the kubeconfig asks here:
  users:
  - name: alice
    user:
      exec:
        apiVersion: client.authentication.k8s.io/v1
        command: tokenward
        args: [kube-credential, keycloak/alice, --id-token]
        interactiveMode: IfAvailable
A cluster that was told of an OpenID issuer (--oidc-issuer-url) wants the ID token; those of clouds (GKE, AKS) and OpenShift
want the access token.")]
pub struct KubeArgs {
    #[command(flatten)]
    chosen: Chosen,
    #[command(flatten)]
    freshness: Freshness,
}

/// What a client says of what it wants; the rest of it is for others.
#[derive(Deserialize)]
struct Asked {
    #[serde(rename = "apiVersion")]
    version: String,
    kind: String,
}

/// Answers the client.
pub fn run(args: &KubeArgs, context: &Context) -> Result<(), Failure> {
    let version = version(std::env::var(ASKED_IN).ok().as_deref())?;
    let token = Session::with(context, |session| {
        bearer::fetch_chosen(session, &args.chosen, args.freshness, Purpose::Kube)
    })?;
    context.output.exact(&token::for_kube(&token, version))
}

/// The version that is spoken: the one that was asked in.
fn version(asked: Option<&str>) -> Result<KubeVersion, Failure> {
    // Somebody tries it at a terminal.
    let Some(asked) = asked.filter(|asked| !asked.is_empty()) else {
        return Ok(KubeVersion::V1);
    };
    let read: Asked = serde_json::from_str(asked).map_err(|_| {
        Failure::usage(format!("{ASKED_IN} is no ExecCredential"))
            .hint("a client of Kubernetes sets it; at a terminal leave it out")
    })?;
    match (read.version.as_str(), read.kind.as_str()) {
        ("client.authentication.k8s.io/v1", "ExecCredential") => Ok(KubeVersion::V1),
        ("client.authentication.k8s.io/v1beta1", "ExecCredential") => Ok(KubeVersion::V1beta1),
        (version, kind) => {
            let text = format!("{version:.80} {kind:.40} is not spoken here");
            Err(Failure::usage(text).hint(
                "write apiVersion: client.authentication.k8s.io/v1 into the kubeconfig (v1beta1 for kubectl before 1.22)",
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::failure::Kind;

    fn asked(version: &str, kind: &str) -> String {
        format!(
            r#"{{"apiVersion":"client.authentication.k8s.io/{version}","kind":"{kind}","spec":{{"interactive":false}}}}"#
        )
    }

    #[test]
    fn a_client_is_answered_in_the_version_it_speaks() {
        let version = |text: &str| version(Some(text)).map_err(|failure| failure.kind);
        assert_eq!(version(&asked("v1", "ExecCredential")), Ok(KubeVersion::V1));
        assert_eq!(
            version(&asked("v1beta1", "ExecCredential")),
            Ok(KubeVersion::V1beta1)
        );
        for other in [
            asked("v1alpha1", "ExecCredential"),
            asked("v1", "Secret"),
            "{}".to_owned(),
            "x".to_owned(),
        ] {
            assert_eq!(version(&other), Err(Kind::Usage), "{other}");
        }
        assert_eq!(super::version(None).unwrap(), KubeVersion::V1);
    }
}
