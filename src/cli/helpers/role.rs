//! A role of AWS: how it is named, which STS gives its keys, and what to do when that says no.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::helpers::arn::{Arn, LONGEST_SESSION, is_for_sessions, read_region};
use crate::cli::helpers::bearer::{self, Chosen, Freshness};
use crate::cli::session::{self, Session};
use crate::model::event::Purpose;
use crate::oauth::error::OAuthError;
use crate::oauth::http::{Http, HttpSettings};
use crate::oauth::sts::{self, RoleKeys, RoleWish, StsError};
use std::time::Duration;

/// What a session is called when the account's name is too short for AWS.
const USUAL_SESSION: &str = "tokenward";

/// A role, and how to get its keys.
#[derive(Debug, Clone)]
pub struct Role {
    /// Its ARN.
    pub arn: Arn,
    /// Whose token AWS is given.
    pub chosen: Chosen,
    /// How fresh that is.
    pub freshness: Freshness,
    /// What the session is called; `None`: as the account.
    pub session: Option<String>,
    /// How long the keys shall live.
    pub duration: Option<Duration>,
    /// The region whose STS is asked.
    pub region: Option<String>,
    /// Another address of STS.
    pub endpoint: Option<String>,
}

impl Role {
    /// Fetches the token and gives it to AWS for keys.
    pub fn keys(&self, context: &Context) -> Result<RoleKeys, Failure> {
        let endpoint = self.address()?;
        let token = Session::with(context, |session| {
            bearer::fetch_chosen(session, &self.chosen, self.freshness, Purpose::Aws)
        })?;
        let wish = RoleWish {
            role: &self.arn.text,
            session: &self.session_name(),
            duration: self.duration,
            token: &token.access,
        };
        let http = Http::new(HttpSettings::default());
        let asked = session::runtime()?.block_on(sts::assume(&http, &endpoint, wish));
        asked.map_err(|error| self.told(error))
    }

    /// Where its STS is: by the region that was said, by that of the environment, or where the partition has one.
    fn address(&self) -> Result<String, Failure> {
        if let Some(endpoint) = &self.endpoint {
            return Ok(endpoint.clone());
        }
        let set = |name: &str| std::env::var(name).ok().filter(|it| !it.is_empty());
        let own = self.region.clone();
        let region = own.or_else(|| set("AWS_REGION").or_else(|| set("AWS_DEFAULT_REGION")));
        self.address_in(region.as_deref())
    }

    fn address_in(&self, region: Option<&str>) -> Result<String, Failure> {
        let (domain, usual) = match self.arn.partition.as_str() {
            "aws" => ("amazonaws.com", None),
            "aws-cn" => ("amazonaws.com.cn", Some("cn-north-1")),
            "aws-us-gov" => ("amazonaws.com", Some("us-gov-west-1")),
            other => {
                return Err(
                    Failure::usage(format!("the STS of {other} is not known here"))
                        .hint("say where it is: --endpoint URL"),
                );
            }
        };
        let region = match region.or(usual) {
            Some(region) => region,
            None => return Ok(format!("https://sts.{domain}/")),
        };
        read_region(region).map_err(Failure::usage)?;
        Ok(format!("https://sts.{region}.{domain}/"))
    }

    fn session_name(&self) -> String {
        if let Some(session) = &self.session {
            return session.clone();
        }
        let account = self.chosen.name.account().chars();
        let tame = account.map(|c| if is_for_sessions(c) { c } else { '-' });
        let name: String = tame.take(LONGEST_SESSION).collect();
        match name.len() {
            0 | 1 => USUAL_SESSION.to_owned(),
            _ => name,
        }
    }

    /// What AWS says, and what to do about it.
    fn told(&self, error: StsError) -> Failure {
        let (code, status) = match &error {
            StsError::Http(OAuthError::Endpoint { .. }) => {
                return Failure::from_error(Kind::Usage, error)
                    .hint("write it with https://, or http:// on this machine: --endpoint URL");
            }
            StsError::Http(_) => {
                return Failure::from_error(Kind::Unavailable, error)
                    .hint("is the region right? --region; is there a network?");
            }
            StsError::Unreadable { .. } => {
                return Failure::from_error(Kind::Failed, error)
                    .hint("is the address right? --endpoint, --region");
            }
            StsError::Refused { code, status, .. } => (code.clone(), *status),
        };
        let name = &self.chosen.name;
        let other = match self.chosen.id_token {
            true => {
                "the access token, if that is a JWT with the right audience: leave --id-token out"
            }
            false => "the ID token: --id-token",
        };
        match code.as_str() {
            "InvalidIdentityToken" => Failure::from_error(Kind::Failed, error)
                .hint("the account needs an IAM identity provider for the token's issuer, with the token's audience in its list")
                .hint(format!("whose token it is, for whom: tokenward get {name} | tokenward identify"))
                .hint(format!("or try {other}")),
            "ExpiredTokenException" => Failure::from_error(Kind::NeedsLogin, error)
                .hint(format!("fetch a newer one: tokenward refresh {name}"))
                .hint("does this machine's clock go right? tokenward doctor --online"),
            "AccessDenied" => Failure::from_error(Kind::Refused, error)
                .hint("the role's trust policy has to allow sts:AssumeRoleWithWebIdentity for this issuer, audience and subject")
                .hint(format!("look at what the token says: tokenward get {name} | tokenward identify")),
            "IDPRejectedClaim" => Failure::from_error(Kind::Refused, error)
                .hint("the provider says that the token is over: tokenward validate NAME"),
            "IDPCommunicationError" => Failure::from_error(Kind::Unavailable, error)
                .hint("AWS could not read the provider's keys: can its address be reached from the internet? try again"),
            "RegionDisabledException" => Failure::from_error(Kind::Failed, error)
                .hint("STS is switched off there: switch it on in the account's settings, or use another --region"),
            "ValidationError" => Failure::from_error(Kind::Usage, error)
                .hint("--duration may not be longer than the role's maximum session duration; is the ARN right?"),
            _ if status >= 500 || code.contains("Thrott") => Failure::from_error(Kind::Unavailable, error)
                .hint("try again in a moment"),
            _ => Failure::from_error(Kind::Failed, error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::helpers::arn::read_arn;

    const ARN: &str = "arn:aws:iam::123456789012:role/path/deploy";

    fn role(arn: &str, account: &str) -> Role {
        Role {
            arn: read_arn(arn).unwrap(),
            chosen: Chosen {
                name: format!("demo/{account}").parse().unwrap(),
                id_token: false,
            },
            freshness: Freshness {
                min_ttl: Duration::from_secs(60),
                timeout: Duration::from_secs(30),
            },
            session: None,
            duration: None,
            region: None,
            endpoint: None,
        }
    }

    #[test]
    fn sts_is_asked_in_the_region_and_partition_of_the_role() {
        let at = |arn: &str, region: Option<&str>| role(arn, "alice").address_in(region).ok();
        assert_eq!(at(ARN, None).as_deref(), Some("https://sts.amazonaws.com/"));
        let here = at(ARN, Some("eu-central-1"));
        assert_eq!(
            here.as_deref(),
            Some("https://sts.eu-central-1.amazonaws.com/")
        );
        let china = at(&ARN.replace("aws:", "aws-cn:"), None);
        assert_eq!(
            china.as_deref(),
            Some("https://sts.cn-north-1.amazonaws.com.cn/")
        );
        // A region becomes part of a host's name.
        for wrong in ["", "evil.example/", "a@b", "A"] {
            assert_eq!(at(ARN, Some(wrong)), None, "{wrong}");
        }
        assert_eq!(at(&ARN.replace("aws:", "aws-iso:"), None), None);
    }

    #[test]
    fn a_session_is_called_by_the_account_as_far_as_aws_takes_that() {
        assert_eq!(role(ARN, "alice@ex.org").session_name(), "alice@ex.org");
        assert_eq!(role(ARN, "a").session_name(), "tokenward");
        assert_eq!(role(ARN, "a!ü").session_name(), "a--");
        assert_eq!(role(ARN, &"x".repeat(100)).session_name().len(), 64);
    }

    #[test]
    fn each_refusal_says_what_to_do() {
        for (code, status, kind) in [
            ("InvalidIdentityToken", 400, Kind::Failed),
            ("ExpiredTokenException", 400, Kind::NeedsLogin),
            ("AccessDenied", 403, Kind::Refused),
            ("IDPRejectedClaim", 403, Kind::Refused),
            ("IDPCommunicationError", 400, Kind::Unavailable),
            ("RegionDisabledException", 403, Kind::Failed),
            ("ValidationError", 400, Kind::Usage),
            ("Throttling", 400, Kind::Unavailable),
            ("InternalFailure", 500, Kind::Unavailable),
        ] {
            let error = StsError::Refused {
                code: code.to_owned(),
                words: None,
                status,
            };
            let failure = role(ARN, "alice").told(error);
            assert_eq!(failure.kind, kind, "{code}");
            assert!(!failure.hints.is_empty(), "{code}");
        }
    }
}
