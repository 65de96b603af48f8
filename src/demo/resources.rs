//! Resource indicators: which APIs there are, and which of them a token is for (RFC 8707).

use crate::demo::parameters::Parameters;
use crate::demo::problem::Problem;
use crate::demo::shared::Inner;
use url::Url;

/// Paths of the APIs under the issuer; the first one is served here, the other is somebody else's.
const PATHS: [&str; 2] = ["/api", "/reports"];

/// The API that is served here.
pub fn served(shared: &Inner) -> String {
    shared.address(PATHS[0])
}

/// The resources that a request names; each has to be absolute, without a fragment, and known (RFC 8707 2).
pub fn read(shared: &Inner, form: &Parameters) -> Result<Vec<String>, Problem> {
    let refuse = |why| Err(Problem::new("invalid_target", why));
    for resource in form.all("resource") {
        match Url::parse(resource) {
            Ok(url) if url.fragment().is_none() => {}
            Ok(_) | Err(_) => return refuse("a resource is no absolute address"),
        }
        if !PATHS.iter().any(|path| shared.address(path) == *resource) {
            return refuse("a resource is not known");
        }
    }
    Ok(form.all("resource").to_vec())
}

/// The resources that audiences of a token exchange mean: their names without the slash (RFC 8693 2.1).
pub fn audiences(shared: &Inner, form: &Parameters) -> Result<Vec<String>, Problem> {
    let address = |name: &String| {
        let path = PATHS.iter().find(|path| path[1..] == **name);
        path.map(|path| shared.address(path))
            .ok_or_else(|| Problem::new("invalid_target", "an audience is not known"))
    };
    form.all("audience").iter().map(address).collect()
}

/// Whether a token for this audience is good at the API that is served here.
pub fn is_for_us(shared: &Inner, audience: &[String]) -> bool {
    audience.is_empty() || audience.contains(&served(shared))
}
