//! Who asked: a local program, by what the system tells of it.

use crate::model::grant::GrantName;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A program that asked for something, as far as it is known. None of it is proof against a program of the same user
/// that wants to be taken for another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Program {
    /// The user it runs as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// The number of the process whose executable is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// The path of its executable; where that is tokenward's own, of the program that called it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executable: Option<String>,
    /// The address it came from, on the loopback port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What it calls itself (`User-Agent`), on the loopback port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// A person asked, at the screen of tokenward's own UI.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_ui: bool,
    /// The grant whose token it showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantName>,
}

impl Program {
    /// Whether anything is known of it.
    pub fn is_known(&self) -> bool {
        *self != Self::default()
    }

    /// By what it is known again: its executable, else its grant, else what it calls itself, else where it came from.
    pub fn name(&self) -> &str {
        let grant = self.grant.as_ref().map(GrantName::as_str);
        [
            self.executable.as_deref(),
            grant,
            self.user_agent.as_deref(),
            self.address.as_deref(),
        ]
        .into_iter()
        .find_map(|name| name)
        .unwrap_or("unknown")
    }

    /// Whether that is the same program, as far as the port can tell.
    pub fn is_same(&self, other: &Self) -> bool {
        let host = |program: &Self| -> Option<String> {
            let address = program.address.as_deref()?;
            let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
            Some(host.to_owned())
        };
        match (&self.executable, &other.executable) {
            (Some(one), Some(other)) => one == other,
            (None, None) => host(self) == host(other) && self.user_agent == other.user_agent,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    /// The same without the folders; the slash before a version (RFC 9110 10.1.5) is none of theirs.
    pub fn short_name(&self) -> &str {
        let name = self.name();
        name.rsplit('/')
            .next()
            .filter(|last| !last.is_empty() && self.executable.is_some())
            .unwrap_or(name)
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.in_ui {
            return f.write_str("in the UI");
        }
        f.write_str(self.short_name())?;
        self.pid.map_or(Ok(()), |pid| write!(f, " ({pid})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_left_out_and_versions_are_not() {
        let program = |executable: Option<&str>| Program {
            executable: executable.map(str::to_owned),
            user_agent: Some("tool/1.2".to_owned()),
            ..Program::default()
        };
        assert_eq!(program(Some("/usr/bin/curl")).short_name(), "curl");
        assert_eq!(program(None).short_name(), "tool/1.2");
    }
}
