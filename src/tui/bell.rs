//! Tells the terminal that something needs a human, for who looks elsewhere (OSC 9, OSC 777).

use crate::config::notify::{NotifySettings, TerminalNotice};
use std::io::{self, Write};

/// Longest text, in characters.
const LONGEST: usize = 200;

/// How a terminal is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sequence {
    /// OSC 9: iTerm2, kitty, WezTerm, Ghostty, foot.
    Osc9,
    /// OSC 777: rxvt-unicode.
    Osc777,
}

/// What is known of the terminal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bell {
    /// What this terminal is known to show; `None`: not known to show any.
    pub known: Option<Sequence>,
    /// A session bus is there, so that a desktop may be told.
    pub has_bus: bool,
    /// It is tmux, which passes on what is wrapped for it (`allow-passthrough`).
    pub is_tmux: bool,
}

impl Bell {
    /// Reads it from the environment's variables.
    pub fn of(set: &dyn Fn(&str) -> Option<String>) -> Self {
        let is = |name: &str, words: &[&str]| {
            set(name).is_some_and(|value| words.iter().any(|word| value.starts_with(word)))
        };
        let is_inside = set("TMUX").is_some() || set("STY").is_some();
        let known = if is_inside {
            None
        } else if is("TERM_PROGRAM", &["iTerm.app", "WezTerm", "ghostty"])
            || is("TERM", &["xterm-kitty", "xterm-ghostty", "wezterm", "foot"])
        {
            Some(Sequence::Osc9)
        } else if is("TERM", &["rxvt-unicode"]) {
            Some(Sequence::Osc777)
        } else {
            None
        };
        let is_near = set("SSH_CONNECTION").is_none() && set("SSH_TTY").is_none();
        Self {
            known,
            has_bus: is_near && set("DBUS_SESSION_BUS_ADDRESS").is_some(),
            is_tmux: set("TMUX").is_some(),
        }
    }

    /// What is sent for such a text; `None`: nothing.
    pub fn sequence(self, settings: NotifySettings, text: &str) -> Option<String> {
        let how = match settings.terminal {
            TerminalNotice::Off => return None,
            TerminalNotice::Osc9 => Sequence::Osc9,
            TerminalNotice::Osc777 => Sequence::Osc777,
            TerminalNotice::Auto if settings.desktop && self.has_bus => return None,
            TerminalNotice::Auto => self.known?,
        };
        let plain = |c: char| if c.is_control() || c == ';' { ' ' } else { c };
        let text: String = text.chars().take(LONGEST).map(plain).collect();
        // It begins with a word: OSC 9 with a number first means other things.
        let told = match how {
            Sequence::Osc9 => format!("\x1b]9;tokenward: {text}\x07"),
            Sequence::Osc777 => format!("\x1b]777;notify;tokenward;{text}\x07"),
        };
        Some(match self.is_tmux {
            true => format!("\x1bPtmux;{}\x1b\\", told.replace('\x1b', "\x1b\x1b")),
            false => told,
        })
    }
}

/// Sends it.
pub fn ring(sequence: &str) {
    let mut out = io::stdout();
    // A terminal that is gone is noticed by whoever draws.
    let _ = out
        .write_all(sequence.as_bytes())
        .and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bell(variables: &'static [(&str, &str)]) -> Bell {
        Bell::of(&|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn told(bell: Bell, terminal: TerminalNotice, text: &str) -> Option<String> {
        let settings = NotifySettings {
            terminal,
            ..NotifySettings::default()
        };
        bell.sequence(settings, text)
    }

    #[test]
    fn a_terminal_that_shows_it_is_told_unless_the_desktop_is() {
        let auto = |variables| told(bell(variables), TerminalNotice::Auto, "x");
        assert_eq!(
            auto(&[("TERM", "xterm-kitty")]).unwrap(),
            "\x1b]9;tokenward: x\x07"
        );
        assert!(
            auto(&[("TERM", "rxvt-unicode-256color")])
                .unwrap()
                .contains("]777;notify;")
        );
        assert_eq!(auto(&[("TERM", "xterm-256color")]), None);
        assert_eq!(auto(&[("TERM", "foot"), ("TMUX", "/tmp/x")]), None);
        let bus = ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/bus");
        assert_eq!(
            told(
                Bell {
                    has_bus: true,
                    ..bell(&[("TERM", "foot")])
                },
                TerminalNotice::Auto,
                "x"
            ),
            None
        );
        let far = [("TERM", "foot"), bus, ("SSH_TTY", "/dev/pts/1")];
        assert!(
            !bell(Box::leak(Box::new(far))).has_bus,
            "that desktop is not the person's"
        );
    }

    #[test]
    fn what_is_wished_is_sent_and_no_text_ends_it_early() {
        let text = "a\x07b\x1b]52;c;eA==\x07";
        let sent = told(Bell::default(), TerminalNotice::Osc777, text).unwrap();
        assert_eq!(sent, "\x1b]777;notify;tokenward;a b ]52 c eA== \x07");
        assert_eq!(told(Bell::default(), TerminalNotice::Off, "x"), None);
        let tmux = bell(&[("TMUX", "/tmp/x")]);
        let sent = told(tmux, TerminalNotice::Osc9, "x").unwrap();
        assert_eq!(sent, "\x1bPtmux;\x1b\x1b]9;tokenward: x\x07\x1b\\");
    }
}
