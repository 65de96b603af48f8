//! What a client posts: who it says it is, and a form; read before anything of it is believed.

use crate::demo::client_auth::{self, Presented};
use crate::demo::parameters::Parameters;
use crate::demo::problem::Problem;
use crate::demo::settings::DemoClient;
use crate::demo::shared::Inner;
use axum::extract::{FromRequest, Request};

/// A form that a client posted, or what is wrong with it.
pub struct ClientForm(Result<(Presented, Parameters), Problem>);

impl ClientForm {
    /// The identifier it came with; nothing of it is proven.
    pub fn client(&self) -> Option<String> {
        self.0.as_ref().ok()?.0.id.clone()
    }

    /// What was read, the client not proven yet.
    pub fn read(&self) -> Result<(&Presented, &Parameters), &Problem> {
        self.0.as_ref().map(|(presented, form)| (presented, form))
    }

    /// The client, proven to be who it says, and its form.
    pub fn authenticated(self, shared: &Inner) -> Result<(&DemoClient, Parameters), Problem> {
        let (presented, form) = self.0?;
        Ok((client_auth::authenticated(shared, &presented)?, form))
    }
}

impl<S: Send + Sync> FromRequest<S> for ClientForm {
    type Rejection = <String as FromRequest<S>>::Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let headers = request.headers().clone();
        let body = String::from_request(request, state).await?;
        let read = Parameters::from_body(&headers, &body)
            .and_then(|form| Ok((client_auth::presented(&headers, &form)?, form)));
        Ok(Self(read))
    }
}
