//! What the environment tells about the terminal and the person in front of it.

use crate::tui::bell::Bell;
use crate::tui::theme::{Palette, Theme};
use jiff::tz::TimeZone;

/// What is known before the first key is pressed.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// How things are drawn.
    pub theme: Theme,
    /// The session comes over SSH: a browser here is not the person's.
    pub ssh: bool,
    /// How this machine is reached by SSH, where the session comes over it: what follows the tunnel's ports.
    pub far_end: Option<String>,
    /// There is a desktop on this machine for a clipboard and a browser.
    pub desktop: bool,
    /// How the terminal can be told that something needs a human.
    pub bell: Bell,
    /// Zone of the times that are shown.
    pub zone: TimeZone,
}

impl Surroundings {
    /// Reads the environment.
    pub fn read() -> Self {
        Self::from(&|name| std::env::var(name).ok(), TimeZone::system())
    }

    /// The same from given variables.
    pub fn from(variable: &dyn Fn(&str) -> Option<String>, zone: TimeZone) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let dumb = set("TERM").is_some_and(|term| term == "dumb" || term.starts_with("vt"));
        let many = set("COLORTERM").is_some_and(|it| it == "truecolor" || it == "24bit")
            || set("TERM").is_some_and(|it| it.contains("256color") || it.contains("direct"));
        let palette = if set("NO_COLOR").is_some() || dumb {
            Palette::None
        } else if many {
            Palette::Many
        } else {
            Palette::Sixteen
        };
        // The first that is set decides (POSIX, 8.2).
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
        let unicode = locale.map_or(cfg!(target_os = "macos"), |locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        Self {
            theme: Theme::new(true, unicode).with(palette),
            ssh: set("SSH_CONNECTION").is_some() || set("SSH_TTY").is_some(),
            far_end: far_end(variable),
            desktop: cfg!(target_os = "macos")
                || set("DISPLAY").is_some()
                || set("WAYLAND_DISPLAY").is_some(),
            bell: Bell::of(&set),
            zone,
        }
    }
}

/// Whom and what `ssh` has to be told to reach this machine; `None`: the session does not come over SSH.
pub fn far_end(variable: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let connection = set("SSH_CONNECTION");
    if connection.is_none() && set("SSH_TTY").is_none() {
        return None;
    }
    let user = set("USER").or_else(|| set("LOGNAME"));
    let user = user.unwrap_or_else(|| "YOU".to_owned());
    // Their address and port, then ours.
    let connection = connection.unwrap_or_default();
    let mut ours = connection.split(' ').skip(2);
    let (host, port) = (ours.next().unwrap_or("THIS_MACHINE"), ours.next());
    let port = port.filter(|port| *port != "22" && !port.is_empty());
    let port = port.map_or_else(String::new, |port| format!("-p {port} "));
    Some(format!("{port}{user}@{host}"))
}

/// The line that brings the answer of a browser on another machine to the loopback of this one (RFC 8252 7.3).
pub fn tunnel(redirect_uri: &str, far_end: &str) -> Option<String> {
    let port = url::Url::parse(redirect_uri).ok()?.port()?;
    Some(format!("ssh -N -L {port}:127.0.0.1:{port} {far_end}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &'static [(&str, &str)]) -> Surroundings {
        let variable = |name: &str| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        Surroundings::from(&variable, TimeZone::UTC)
    }

    #[test]
    fn the_locale_decides_over_unicode_and_the_first_set_one_wins() {
        assert!(with(&[("LANG", "de_DE.UTF-8")]).theme.has_unicode());
        assert!(
            !with(&[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")])
                .theme
                .has_unicode()
        );
        assert!(
            with(&[("LC_ALL", ""), ("LC_CTYPE", "C.utf8")])
                .theme
                .has_unicode()
        );
    }

    #[test]
    fn no_color_takes_the_colours_away_unless_it_is_empty() {
        let palette = |variables| with(variables).theme.palette();
        let wished = palette(&[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]);
        assert_eq!(wished, Palette::None);
        assert_eq!(palette(&[("NO_COLOR", "")]), Palette::Sixteen);
    }

    #[test]
    fn a_terminal_with_256_colours_is_noticed_and_a_dumb_one_has_none() {
        let palette = |variables| with(variables).theme.palette();
        assert_eq!(palette(&[("TERM", "xterm-256color")]), Palette::Many);
        assert_eq!(palette(&[("TERM", "foot-direct")]), Palette::Many);
        let told = palette(&[("TERM", "xterm"), ("COLORTERM", "truecolor")]);
        assert_eq!(told, Palette::Many);
        assert_eq!(palette(&[("TERM", "linux")]), Palette::Sixteen);
        assert_eq!(palette(&[("TERM", "dumb")]), Palette::None);
    }

    #[test]
    fn the_tunnel_leads_to_the_port_that_listens_here() {
        let end = |variables| with(variables).far_end;
        assert_eq!(end(&[("USER", "ann")]), None);
        let usual = end(&[
            ("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22"),
            ("USER", "ann"),
        ]);
        assert_eq!(usual.as_deref(), Some("ann@10.0.0.2"));
        let odd = end(&[
            ("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 2222"),
            ("LOGNAME", "bob"),
        ]);
        assert_eq!(odd.as_deref(), Some("-p 2222 bob@10.0.0.2"));
        let line = tunnel("http://127.0.0.1:39211/callback", "ann@host");
        assert_eq!(
            line.as_deref(),
            Some("ssh -N -L 39211:127.0.0.1:39211 ann@host")
        );
        assert_eq!(tunnel("http://127.0.0.1/callback", "ann@host"), None);
    }

    #[test]
    fn a_session_over_ssh_is_noticed() {
        assert!(with(&[("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")]).ssh);
        assert!(!with(&[]).ssh);
    }
}
