//! `tokenward login`: signs in to a provider.

use crate::cli::api_key;
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::guide::Guide;
use crate::cli::inbox::instead;
use crate::cli::lines::Lines;
use crate::cli::naming;
use crate::cli::registration::Registration;
use crate::cli::session::Session;
use crate::cli::{provider, provider_show};
use crate::clock::Timestamp;
use crate::engine::api::{Command, Event, PastedUrl};
use crate::engine::link::Link;
use crate::model::asked_scopes;
use crate::model::credential::Flow;
use crate::model::name::{CredentialName, is_provider_name};
use crate::model::provider::{Endpoints, Provider};
use crate::model::signin::{
    Apart, Aside, ProviderChoice, ProviderView, SignInId, SignInRequest, SignInStep,
};
use crate::secret::AuthorizationCode;
use crate::vault::letter_box::LetterBox;
use crate::vault::parcel;
use clap::{Args, ValueEnum};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// How long it may take until it is said why a sign-in was given up.
const SAID_WITHIN: Duration = Duration::from_secs(40);

/// Arguments of `tokenward login`.
#[derive(Debug, Args)]
#[command(after_help = "\
The name of the new credential goes to stdout, everything else to stderr.
With --json: one object a line as it goes. {\"event\":\"device_code\",\"user_code\",\"verification_uri\",
\"verification_uri_complete\",\"expires_in\"} or {\"event\":\"authorize\",\"url\",\"redirect_uri\",\"expires_in\",\"note\"} with
{\"event\":\"renewed\",\"url\"} for each address that expires unopened, then
{\"event\":\"signed_in\",\"name\",\"note\",\"stored\" (vault; inbox: it waits there for the vault to be unlocked)} or {\"event\":\"failed\",\"error\",\"code\",\"hint\"}.")]
pub struct LoginArgs {
    /// A provider of the catalogue (tokenward provider list); with --issuer: the name you give to it.
    provider: String,
    /// Issuer of a provider that is not in the catalogue; its metadata says the rest.
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// An endpoint that the metadata lacks: authorization, token, refresh, device_authorization, revocation,
    /// introspection, userinfo, registration, jwks or pushed_authorization_request.
    #[arg(long, value_name = "KIND=URL", value_parser = provider::read_pair)]
    endpoint: Vec<(String, String)>,
    /// A value for a placeholder in the provider's record, tenant=contoso.
    #[arg(long, value_name = "NAME=VALUE", value_parser = provider::read_pair, conflicts_with = "issuer")]
    param: Vec<(String, String)>,
    /// The client you registered.
    #[command(flatten)]
    registration: Registration,
    /// How to sign in; left out: what the provider recommends.
    #[arg(long, value_enum)]
    flow: Option<FlowChoice>,
    /// A scope to ask for, several times or separated by spaces; left out: the provider's defaults.
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// The account part of the credential's name; left out: what the provider tells, and where it tells nothing you are
    /// asked.
    #[arg(long)]
    account: Option<String>,
    /// Port of the loopback redirect, for providers that want a fixed one.
    #[arg(long, value_name = "PORT")]
    redirect_port: Option<u16>,
    /// The resource the tokens shall be for (RFC 8707); several times for several.
    #[arg(long, value_name = "URL")]
    resource: Vec<String>,
    /// Bind the tokens to a key that never leaves the vault (DPoP, RFC 9449): who steals one cannot use it, and programs
    /// need a proof with it: get --dpop.
    #[arg(long)]
    dpop: bool,
    /// Keep a static API key instead of signing in: it is asked for without echo, or read from stdin. Works for any
    /// name; the same again puts a new key in the place of the old one.
    #[arg(long, conflicts_with_all = ["issuer", "flow", "scope", "redirect_port", "client_id"])]
    api_key: bool,
    /// When the key ends: a day (2027-03-31), or days from now (90d).
    #[arg(long, value_name = "DATE|DAYS", requires = "api_key", value_parser = api_key::end)]
    expires: Option<Timestamp>,
    /// Do not open a browser.
    #[arg(long)]
    no_browser: bool,
    /// Sign in without unlocking the vault: the tokens wait in its inbox, sealed to it, until you take them in. Clients that
    /// the vault keeps are not known then.
    #[arg(long)]
    no_unlock: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FlowChoice {
    /// A code that you enter in any browser (RFC 8628).
    Device,
    /// A browser on this machine (RFC 8252).
    Loopback,
    /// No person: the client's own secret or key is enough (RFC 6749 4.4).
    ClientCredentials,
}

impl FlowChoice {
    fn flow(self) -> Flow {
        match self {
            Self::Device => Flow::Device,
            Self::Loopback => Flow::Loopback,
            Self::ClientCredentials => Flow::ClientCredentials,
        }
    }
}

/// Signs in.
pub fn run(args: &LoginArgs, context: &Context) -> Result<(), Failure> {
    if !is_provider_name(&args.provider) {
        return Err(crate::model::name::NameError::Provider.into());
    }
    let guide = Guide::new(context.output, args.no_browser);
    let mut lines = Lines::default();
    let mut work = |session: &Session| {
        let request = request(args, context, session)?;
        session.block_on(sign_in(session.link(), request, &guide, &mut lines))
    };
    let mut waits = args.no_unlock;
    let mut result = match waits {
        true => into_the_inbox(context, &mut work),
        false => Session::with(context, &mut work),
    };
    if let Err(failure) = &result
        && failure.kind == Kind::Locked
        && !waits
    {
        waits = instead::is_wanted(context, "Sign in all the same? The tokens wait")?;
        result = match waits {
            true => into_the_inbox(context, &mut work),
            false => result.map_err(|failure| {
                failure.hint(
                    "or sign in all the same; the tokens wait in the vault's inbox: --no-unlock",
                )
            }),
        };
    }
    if let Err(failure) = &result {
        guide.failed(failure)?;
    }
    if let Ok(signed) = &result {
        let (apart, aside) = (signed.apart.as_ref(), signed.aside.as_ref());
        guide.signed_in(&signed.name, apart, aside, args.api_key, waits)?;
        if waits {
            context.output.say(
                "It waits, sealed, for the vault to be unlocked; then take it in: tokenward inbox",
            );
        }
    }
    result.map(drop)
}

/// Signs in without the vault.
fn into_the_inbox(
    context: &Context,
    work: impl FnOnce(&Session) -> Result<Signed, Failure>,
) -> Result<Signed, Failure> {
    // What could not be kept is said before anybody signs in.
    parcel::check_room(&context.vault, 1)?;
    Session::apart(context, Box::new(LetterBox::new(&context.vault)?), work)
}

fn request(
    args: &LoginArgs,
    context: &Context,
    session: &Session,
) -> Result<SignInRequest, Failure> {
    let provider = choice(args)?;
    if args.api_key {
        let mut request = SignInRequest::new(SignInId(rand::random()), provider);
        request.account.clone_from(&args.account);
        request.key = Some(api_key::wish(context, &args.provider, args.expires)?);
        return Ok(request);
    }
    let known = session.ask(|reply| Command::Providers { reply })?;
    let known = known
        .into_iter()
        .find(|view| view.provider.name == args.provider);
    let by_issuer = args.issuer.is_some();
    must_offer_a_sign_in(&args.provider, known.as_ref().filter(|_| !by_issuer))?;
    let client = args
        .registration
        .client(context, &args.provider, known.as_ref(), by_issuer)?;
    let scopes: Vec<String> = args
        .scope
        .iter()
        .flat_map(|scopes| scopes.split_whitespace().map(str::to_owned))
        .collect();
    if let Some(view) = known.as_ref().filter(|_| !by_issuer && !scopes.is_empty()) {
        say_offline(context, &view.provider, args.flow, &scopes);
    }
    Ok(SignInRequest {
        id: SignInId(rand::random()),
        provider,
        account: args.account.clone(),
        client,
        scopes: (!scopes.is_empty()).then_some(scopes),
        flow: args.flow.map(FlowChoice::flow),
        redirect_port: args.redirect_port,
        resources: args.resource.clone(),
        dpop: args.dpop,
        register: args.registration.wish()?,
        key: None,
    })
}

/// Says that a scope is added to those that were named.
fn say_offline(
    context: &Context,
    provider: &Provider,
    flow: Option<FlowChoice>,
    scopes: &[String],
) {
    let flow = flow.map_or(Flow::Loopback, FlowChoice::flow);
    if let Some(scope) = asked_scopes::missing_offline(provider, flow, scopes) {
        context.output.say(&format!(
            "Asking for {scope} too: without it {} gives no refresh token.",
            provider.display_name
        ));
    }
}

/// Some providers hand out keys and nothing else.
fn must_offer_a_sign_in(name: &str, known: Option<&ProviderView>) -> Result<(), Failure> {
    match known {
        Some(view) if !provider_show::signs_in(&view.provider) => Err(Failure::usage(format!(
            "{} has no sign-in for programs, only keys",
            view.provider.display_name
        ))
        .hint(format!("keep one: tokenward login {name} --api-key"))),
        Some(_) | None => Ok(()),
    }
}

fn choice(args: &LoginArgs) -> Result<ProviderChoice, Failure> {
    let Some(issuer) = &args.issuer else {
        if !args.endpoint.is_empty() {
            return Err(Failure::usage("--endpoint goes with --issuer").hint(
                "for a provider of the catalogue write a record of your own: [providers.NAME]",
            ));
        }
        return Ok(ProviderChoice::Known {
            name: args.provider.clone(),
            parameters: args.param.iter().cloned().collect::<BTreeMap<_, _>>(),
        });
    };
    Ok(ProviderChoice::Issuer {
        name: args.provider.clone(),
        issuer: issuer.clone(),
        endpoints: Box::new(endpoints(&args.endpoint)?),
    })
}

/// Endpoints given as KIND=URL.
pub fn endpoints(given: &[(String, String)]) -> Result<Endpoints, Failure> {
    let mut endpoints = Endpoints::default();
    for (kind, url) in given {
        let place = match kind.as_str() {
            "authorization" => &mut endpoints.authorization,
            "token" => &mut endpoints.token,
            "refresh" => &mut endpoints.refresh,
            "device_authorization" | "device" => &mut endpoints.device_authorization,
            "revocation" => &mut endpoints.revocation,
            "introspection" => &mut endpoints.introspection,
            "userinfo" => &mut endpoints.userinfo,
            "registration" => &mut endpoints.registration,
            "pushed_authorization_request" => &mut endpoints.pushed_authorization_request,
            "jwks" => &mut endpoints.jwks,
            other => {
                return Err(Failure::usage(format!("there is no endpoint `{other}`"))
                    .hint("the kinds are listed in: tokenward login --help"));
            }
        };
        *place = Some(url.clone());
    }
    Ok(endpoints)
}

/// The end of a sign-in.
struct Signed {
    name: CredentialName,
    /// Why that is not the name that was meant.
    apart: Option<Apart>,
    /// Nobody told whose account it is.
    is_unnamed: bool,
    /// What had the name until now and is still to be revoked.
    aside: Option<Aside>,
}

/// Signs in, and asks what the account is called where the provider does not tell.
async fn sign_in(
    link: &Link,
    request: SignInRequest,
    guide: &Guide,
    lines: &mut Lines,
) -> Result<Signed, Failure> {
    let signed = follow(link, request, guide, lines).await?;
    if !signed.is_unnamed || !guide.can_ask() {
        return Ok(signed);
    }
    let name = naming::ask(link, guide, lines, (signed.name, signed.apart.as_ref())).await;
    Ok(Signed {
        name,
        apart: None,
        ..signed
    })
}

/// Starts the sign-in and follows it to its end.
async fn follow(
    link: &Link,
    request: SignInRequest,
    guide: &Guide,
    lines: &mut Lines,
) -> Result<Signed, Failure> {
    let id = request.id;
    // Listening before asking: no step is missed.
    let mut events = link.subscribe();
    let request = Box::new(request);
    link.ask(|reply| Command::SignIn { request, reply }).await?;
    let (mut takes_address, mut is_given_up) = (false, false);
    loop {
        tokio::select! {
            step = next_step(&mut events, id) => {
                let step = step?;
                takes_address |= matches!(step, SignInStep::Authorize { .. });
                if matches!(step, SignInStep::Cancelled) && !is_given_up {
                    // Not by us: whoever has the engine takes it away, and says so next.
                    let why = tokio::time::timeout(SAID_WITHIN, next_step(&mut events, id)).await;
                    if let Ok(Err(failure)) = why {
                        return Err(failure);
                    }
                }
                if let Some(result) = ended(step, guide)? {
                    return result;
                }
            }
            line = lines.next(), if takes_address => match line {
                Some(line) => paste(link, id, line, guide).await,
                None => takes_address = false,
            },
            _ = tokio::signal::ctrl_c() => {
                is_given_up = true;
                let _ = link.commands().send(link.asked(Command::CancelSignIn { id })).await;
            }
        }
    }
}

/// Shows a step; the result when it was the last.
fn ended(step: SignInStep, guide: &Guide) -> Result<Option<Result<Signed, Failure>>, Failure> {
    Ok(match step {
        SignInStep::SignedIn {
            name,
            apart,
            is_unnamed,
            aside,
        } => Some(Ok(Signed {
            name,
            apart,
            is_unnamed,
            aside,
        })),
        SignInStep::Failed { failure } => Some(Err(Failure::of_provider(&failure))),
        SignInStep::Cancelled => Some(Err(Failure::new(Kind::Refused, "given up"))),
        SignInStep::Discovering
        | SignInStep::Registering
        | SignInStep::DeviceCode { .. }
        | SignInStep::Polled { .. }
        | SignInStep::Authorize { .. }
        | SignInStep::Renewed { .. }
        | SignInStep::Exchanging
        | SignInStep::Unkept { .. } => {
            guide.show(&step)?;
            None
        }
    })
}

async fn next_step(events: &mut Receiver<Event>, id: SignInId) -> Result<SignInStep, Failure> {
    loop {
        match events.recv().await {
            Ok(Event::SignIn { id: theirs, step }) if theirs == id => return Ok(step),
            Ok(Event::Locked { .. }) => {
                return Err(Failure::new(
                    Kind::Locked,
                    "the vault was locked while you were signing in",
                )
                .hint("unlock it and start again: tokenward unlock"));
            }
            Ok(Event::Stopped) | Err(RecvError::Closed) => {
                return Err(Failure::new(
                    Kind::Unavailable,
                    "the owner of the vault left while you were signing in",
                )
                .hint("start again: tokenward login"));
            }
            Ok(_) | Err(RecvError::Lagged(_)) => {}
        }
    }
}

async fn paste(link: &Link, id: SignInId, line: String, guide: &Guide) {
    if line.is_empty() {
        return;
    }
    let url = PastedUrl(AuthorizationCode::new(line));
    let taken = link
        .ask(|reply| Command::PasteCallback { id, url, reply })
        .await;
    if let Err(refusal) = taken {
        guide.not_taken(&refusal);
    }
}
