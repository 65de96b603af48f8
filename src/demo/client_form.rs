//! What a client posts: who it says it is, and a form; read before anything of it is believed.

use crate::demo::client_auth::{self, Presented};
use crate::demo::dpop::ProofHeader;
use crate::demo::exchange::Exchange;
use crate::demo::parameters::Parameters;
use crate::demo::problem::Problem;
use crate::demo::settings::DemoClient;
use crate::demo::shared::{Shared, State};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use std::sync::Arc;

/// A form that a client posted, or what is wrong with it.
pub struct ClientForm {
    read: Result<(Presented, Parameters), Problem>,
    proof: ProofHeader,
}

impl ClientForm {
    fn new(headers: &HeaderMap, form: Result<Parameters, Problem>, proof: ProofHeader) -> Self {
        let read = form.and_then(|form| Ok((client_auth::presented(headers, &form)?, form)));
        Self { read, proof }
    }

    /// What came in the query of a GET.
    pub fn of_query(headers: &HeaderMap, query: &str) -> Self {
        let proof = ProofHeader::of(headers, "GET");
        Self::new(headers, Parameters::from_form(query), proof)
    }

    /// The proof of a key that came with it.
    pub fn proof(&self) -> &ProofHeader {
        &self.proof
    }

    /// The identifier it came with; nothing of it is proven.
    pub fn client(&self) -> Option<String> {
        self.read.as_ref().ok()?.0.id.clone()
    }

    /// What was read, the client not proven yet.
    pub fn read(&self) -> Result<(&Presented, &Parameters), &Problem> {
        self.read
            .as_ref()
            .map(|(presented, form)| (presented, form))
    }

    /// The client, proven to be who it says, and its form.
    pub fn authenticated(
        self,
        exchange: &Exchange,
        state: &mut State,
    ) -> Result<(Arc<DemoClient>, Parameters), Problem> {
        let (presented, form) = self.read?;
        let client = client_auth::authenticated(exchange, state, &presented)?;
        Ok((client, form))
    }
}

impl FromRequest<Shared> for ClientForm {
    type Rejection = <String as FromRequest<Shared>>::Rejection;

    async fn from_request(request: Request, state: &Shared) -> Result<Self, Self::Rejection> {
        let headers = request.headers().clone();
        let proof = ProofHeader::of(&headers, request.method().as_str());
        let body = String::from_request(request, state).await?;
        let quirks = state.state().quirks.clone();
        let form = Parameters::from_body(&headers, &body).map(|form| form.named_as_usual(&quirks));
        Ok(Self::new(&headers, form, proof))
    }
}
