//! What the program does on the network that no reply can show.

use crate::sandbox::{Sandbox, provider};
use std::net::TcpListener;
use tokenward::demo::quirks::Quirks;

#[test]
fn no_proxy_of_the_environment_ever_sees_a_token() {
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let address = format!("http://{}", trap.local_addr().unwrap());
    let mut sandbox = Sandbox::with_vault();
    for variable in ["http_proxy", "https_proxy", "all_proxy"] {
        sandbox.set(variable, &address);
        sandbox.set(&variable.to_uppercase(), &address);
    }
    let provider = provider(Quirks::default());
    let name = sandbox.sign_in(&provider, "alice");
    sandbox.run(["refresh", &name]).ok();
    sandbox.run(["revoke", &name, "--yes"]).ok();
    let met = trap.accept().unwrap_err();
    assert_eq!(met.kind(), std::io::ErrorKind::WouldBlock, "{met}");
}
