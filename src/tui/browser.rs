//! Opens an address in a browser: `$BROWSER` first, then the platform's way. Only in answer to a key.

use std::io;
use std::process::{Command, Stdio};

/// Starts a browser and does not wait for it; only web addresses are opened.
pub fn open(address: &str) -> Result<(), String> {
    if !(address.starts_with("https://") || address.starts_with("http://")) {
        return Err("the address is not a web address".to_owned());
    }
    let chosen = std::env::var("BROWSER")
        .ok()
        .filter(|browser| !browser.is_empty());
    let started = match chosen {
        Some(browser) => first_that_starts(&browser, address),
        None => open::that_detached(address),
    };
    started.map_err(|error| error.to_string())
}

// `$BROWSER` holds programs between colons; `%s` in one stands for the address.
fn first_that_starts(browsers: &str, address: &str) -> io::Result<()> {
    let mut outcome = Err(io::Error::from(io::ErrorKind::NotFound));
    for browser in browsers.split(':').filter(|browser| !browser.is_empty()) {
        let mut words = browser.split_whitespace();
        let Some(program) = words.next() else {
            continue;
        };
        let mut command = Command::new(program);
        let mut placed = false;
        for word in words {
            placed |= word.contains("%s");
            command.arg(word.replace("%s", address));
        }
        if !placed {
            command.arg(address);
        }
        outcome = spawn(command);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

fn spawn(mut command: Command) -> io::Result<()> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    // Waited for elsewhere, so that it leaves no zombie.
    std::thread::spawn(move || child.wait());
    Ok(())
}
