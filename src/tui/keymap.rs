//! The one table of keys: it feeds the keys themselves, the hints, the help and the commands.

use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key can be pressed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(
    missing_docs,
    reason = "each is described for people in the table below"
)]
pub enum Action {
    Quit,
    Demo,
    Suspend,
    Redraw,
    Help,
    Palette,
    Credentials,
    Inbox,
    Activity,
    Health,
    Grants,
    NextTab,
    PreviousTab,
    SignIn,
    SignInAgain,
    Approve,
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    Open,
    Back,
    Rotate,
    RotateAll,
    Revoke,
    Remove,
    Copy,
    Reveal,
    Why,
    Analyse,
    Identify,
    Lock,
    Panic,
    TakeIn,
    TakeInAs,
    Replace,
    Refuse,
    RefuseRevoking,
    TakeAllIn,
    RefuseAll,
    Allow,
    Terms,
    Deny,
    Mark,
    MarkAll,
    Filter,
    Sort,
    Reverse,
    Group,
    Fold,
    Widen,
    Confirm,
    Keep,
    Submit,
    NextField,
    PreviousField,
    Toggle,
    OpenBrowser,
    CopyAddress,
    Cancel,
    TryAgain,
}

/// Where a key has its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The list of credentials.
    Credentials,
    /// One credential.
    Detail,
    /// What needs a human.
    Inbox,
    /// What happened.
    Activity,
    /// How everything is.
    Health,
    /// What local programs may have.
    Grants,
    /// One of it.
    Grant,
    /// Whatever can be moved in.
    Moving,
    /// Every screen of an open vault.
    Everywhere,
    /// Whatever shows, locked or open.
    Program,
    /// A locked or missing vault.
    Lock,
    /// A question before something dangerous.
    Confirm,
    /// The question for the passphrase.
    Again,
    /// The question for the name of an account.
    Naming,
    /// What came in while the vault was locked, looked at.
    Arrival,
    /// A program's question, looked at.
    Asked,
    /// The terms of the grant it gets.
    Terms,
    /// The question whose a token is.
    Identify,
    /// Its answer.
    Identified,
    /// A text to be read: help, a story.
    Reading,
    /// A list to choose from by typing.
    Picking,
    /// A page with fields.
    Form,
    /// A page with boxes to tick.
    Ticking,
    /// A sign-in that waits for a device code to be entered.
    DeviceCode,
    /// A sign-in that waits for a browser.
    Browser,
    /// A sign-in that is under way or over.
    Session,
}

/// One key press, as the table writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    code: KeyCode,
    ctrl: bool,
}

const fn ch(c: char) -> Key {
    Key {
        code: KeyCode::Char(c),
        ctrl: false,
    }
}

const fn ctrl(c: char) -> Key {
    Key {
        code: KeyCode::Char(c),
        ctrl: true,
    }
}

const fn code(code: KeyCode) -> Key {
    Key { code, ctrl: false }
}

const ENTER: Key = code(KeyCode::Enter);
const ESC: Key = code(KeyCode::Esc);
const TAB: Key = code(KeyCode::Tab);
const BACK_TAB: Key = code(KeyCode::BackTab);
const UP: Key = code(KeyCode::Up);
const DOWN: Key = code(KeyCode::Down);

/// One line of the table.
#[derive(Debug)]
pub struct Binding {
    /// Where it counts.
    pub scope: Scope,
    /// What it does.
    pub action: Action,
    /// Its keys; the first is the one that is shown.
    pub keys: &'static [Key],
    /// One word for the hint bar.
    pub word: &'static str,
    /// A sentence for help and commands.
    pub title: &'static str,
    /// Place in the hint bar: 0 not there, 1 dropped last, 9 dropped first.
    pub hint: u8,
}

const fn bind(
    scope: Scope,
    action: Action,
    keys: &'static [Key],
    word: &'static str,
    title: &'static str,
    hint: u8,
) -> Binding {
    Binding {
        scope,
        action,
        keys,
        word,
        title,
        hint,
    }
}

/// Every key there is, in the order in which hints and help show them.
#[rustfmt::skip]
pub const TABLE: &[Binding] = &[
    bind(Scope::Credentials, Action::Open, &[ENTER, code(KeyCode::Right), ch('l')], "open", "Open the selected credential or group", 2),
    bind(Scope::Everywhere, Action::SignIn, &[ch('a')], "add", "Sign in: add a credential", 2),
    bind(Scope::Everywhere, Action::Approve, &[ch('p')], "approve (demo)", "Approve the pending sign-in at the demo's provider", 2),
    bind(Scope::Credentials, Action::Rotate, &[ch('r')], "rotate", "Rotate: refresh the selected or marked credentials now", 3),
    bind(Scope::Credentials, Action::SignInAgain, &[ch('A')], "sign in again", "Sign in again to the selected credential", 0),
    bind(Scope::Credentials, Action::Copy, &[ch('y')], "copy", "Copy the access token, cleared after 30 seconds", 4),
    bind(Scope::Credentials, Action::Revoke, &[ch('x')], "revoke", "Revoke at the provider, after a question", 4),
    bind(Scope::Credentials, Action::Remove, &[ch('D'), code(KeyCode::Delete)], "remove", "Remove: forget here, after a question", 8),
    bind(Scope::Credentials, Action::Mark, &[ch(' ')], "mark", "Mark or unmark the selected row", 5),
    bind(Scope::Credentials, Action::MarkAll, &[ch('*')], "mark all", "Mark every row that is shown, or unmark all", 0),
    bind(Scope::Credentials, Action::Filter, &[ch('/')], "find", "Find: show only what fits the typed text", 3),
    bind(Scope::Credentials, Action::Sort, &[ch('s')], "sort", "Sort by urgency, name, expiry, last refresh in turn", 7),
    bind(Scope::Credentials, Action::Reverse, &[ch('S')], "reverse", "Turn the order round", 0),
    bind(Scope::Credentials, Action::Group, &[ch('b')], "group", "Group by provider, or not", 7),
    bind(Scope::Credentials, Action::Fold, &[code(KeyCode::Left), ch('h')], "fold", "Fold the group of the selected row", 0),
    bind(Scope::Credentials, Action::Reveal, &[ch('v')], "reveal", "Show the access token for ten seconds", 8),
    bind(Scope::Credentials, Action::Why, &[ch('w')], "why", "Why: tell what was decided about it and what comes next", 7),
    bind(Scope::Credentials, Action::Demo, &[ch('d')], "demo", "Leave this and open the demo", 2),
    bind(Scope::Credentials, Action::RotateAll, &[ch('R')], "rotate all", "Rotate every credential that is shown, after a question", 0),
    bind(Scope::Credentials, Action::Widen, &[ch('z')], "pane", "Show or hide the pane with the detail (wide terminals)", 0),
    bind(Scope::Credentials, Action::Back, &[ESC], "back", "Drop the filter, then the marks", 0),

    bind(Scope::Detail, Action::Back, &[ESC, code(KeyCode::Left), ch('h')], "back", "Back to the list", 1),
    bind(Scope::Detail, Action::Reveal, &[ch('v')], "reveal", "Show the access token for ten seconds, or hide it", 2),
    bind(Scope::Detail, Action::Copy, &[ch('y')], "copy", "Copy the access token, cleared after 30 seconds", 2),
    bind(Scope::Detail, Action::Why, &[ch('w')], "why", "Why: tell what was decided and what comes next", 6),
    bind(Scope::Detail, Action::Rotate, &[ch('r')], "rotate", "Rotate: refresh it now", 2),
    bind(Scope::Detail, Action::SignInAgain, &[ch('A')], "sign in again", "Sign in again to this credential", 5),
    bind(Scope::Detail, Action::Revoke, &[ch('x')], "revoke", "Revoke it at the provider, after a question", 4),
    bind(Scope::Detail, Action::Remove, &[ch('D'), code(KeyCode::Delete)], "remove", "Remove it: forget it here, after a question", 6),

    bind(Scope::Inbox, Action::Submit, &[ENTER, ch('A')], "do it", "Do what the selected item asks for", 2),
    bind(Scope::Inbox, Action::Open, &[ch('o'), code(KeyCode::Right), ch('l')], "open", "Open the credential of the selected item", 3),

    bind(Scope::Inbox, Action::TakeAllIn, &[ch('T')], "take all in", "Take in all that came while locked, after a question", 4),
    bind(Scope::Inbox, Action::RefuseAll, &[ch('X')], "refuse all", "Refuse all that came while locked, after a question", 5),

    bind(Scope::Activity, Action::Open, &[ENTER, code(KeyCode::Right), ch('l')], "whole story", "Tell the whole story of the selected line", 2),
    bind(Scope::Activity, Action::Filter, &[ch('/')], "find", "Find: show only lines that fit the typed text", 3),
    bind(Scope::Activity, Action::Analyse, &[ch('n')], "analysis", "Analysis: what it adds up to, and what alarms", 2),
    bind(Scope::Activity, Action::Last, &[ch('G'), code(KeyCode::End)], "newest", "Go to the newest line and follow", 4),
    bind(Scope::Activity, Action::Back, &[ESC], "back", "Drop the filter", 0),

    bind(Scope::Grants, Action::Open, &[ENTER, code(KeyCode::Right), ch('l')], "open", "Open the selected grant", 2),
    bind(Scope::Grants, Action::Revoke, &[ch('x')], "revoke", "Revoke the grant, after a question", 2),
    bind(Scope::Grant, Action::Back, &[ESC, code(KeyCode::Left), ch('h')], "back", "Back to the grants", 1),
    bind(Scope::Grant, Action::Revoke, &[ch('x')], "revoke", "Revoke this grant, after a question: no token of it is good then", 2),

    bind(Scope::Moving, Action::Up, &[UP, ch('k')], "up", "One up", 0),
    bind(Scope::Moving, Action::Down, &[DOWN, ch('j')], "down", "One down", 0),
    bind(Scope::Moving, Action::PageUp, &[code(KeyCode::PageUp), ctrl('b')], "page up", "One screen up", 0),
    bind(Scope::Moving, Action::PageDown, &[code(KeyCode::PageDown), ctrl('f')], "page down", "One screen down", 0),
    bind(Scope::Moving, Action::First, &[ch('g'), code(KeyCode::Home)], "first", "To the first", 0),
    bind(Scope::Moving, Action::Last, &[ch('G'), code(KeyCode::End)], "last", "To the last", 0),

    bind(Scope::Everywhere, Action::Palette, &[ch(':')], "commands", "Commands: every action by name", 6),
    bind(Scope::Everywhere, Action::Help, &[ch('?')], "keys", "Show the keys", 1),
    bind(Scope::Everywhere, Action::Credentials, &[ch('1')], "credentials", "Go to the credentials", 0),
    bind(Scope::Everywhere, Action::Inbox, &[ch('2')], "inbox", "Go to the inbox: what needs you", 0),
    bind(Scope::Everywhere, Action::Activity, &[ch('3')], "activity", "Go to the activity: what just happened", 0),
    bind(Scope::Everywhere, Action::Health, &[ch('4')], "health", "Go to the health of everything", 0),
    bind(Scope::Everywhere, Action::Grants, &[ch('5')], "grants", "Go to the grants: what local programs may have", 0),
    bind(Scope::Everywhere, Action::NextTab, &[TAB], "next", "To the next screen", 0),
    bind(Scope::Everywhere, Action::PreviousTab, &[BACK_TAB], "previous", "To the screen before", 0),
    bind(Scope::Everywhere, Action::Identify, &[ch('i')], "identify", "Identify: whose is a token that was found?", 0),
    bind(Scope::Everywhere, Action::Lock, &[ch('L')], "lock", "Lock: nothing shows until the passphrase is given", 0),
    bind(Scope::Everywhere, Action::Panic, &[ch('!')], "panic", "Panic: revoke everything at once, then lock", 0),
    bind(Scope::Everywhere, Action::Quit, &[ch('q')], "quit", "Quit", 6),

    bind(Scope::Lock, Action::Submit, &[ENTER], "go on", "Go on", 1),
    bind(Scope::Lock, Action::NextField, &[TAB, DOWN], "next field", "To the next field", 2),
    bind(Scope::Lock, Action::PreviousField, &[BACK_TAB, UP], "field before", "To the field before", 0),
    bind(Scope::Lock, Action::Quit, &[ESC], "quit", "Quit", 2),

    bind(Scope::Confirm, Action::Confirm, &[ch('y')], "do it", "Do it", 0),
    bind(Scope::Confirm, Action::Submit, &[ENTER], "", "Do it when the word is typed, else keep everything", 0),
    bind(Scope::Confirm, Action::Keep, &[ESC], "keep", "Keep everything as it is", 1),

    bind(Scope::Again, Action::Submit, &[ENTER], "go on", "Go on with this passphrase", 1),
    bind(Scope::Again, Action::Keep, &[ESC], "leave it", "Leave everything as it is", 1),

    bind(Scope::Naming, Action::Submit, &[ENTER], "call it so", "Call the account so", 1),
    bind(Scope::Naming, Action::Keep, &[ESC], "keep the name", "Keep the name as it is", 1),

    bind(Scope::Arrival, Action::TakeIn, &[ch('y')], "take in", "Take it in: it becomes a credential", 1),
    bind(Scope::Arrival, Action::TakeInAs, &[ch('n')], "other name", "Take it in under another name", 2),
    bind(Scope::Arrival, Action::Replace, &[ch('R')], "replace", "Take it in, in place of the one of its name, after a question", 2),
    bind(Scope::Arrival, Action::Refuse, &[ch('x')], "refuse", "Refuse: throw it away, after a question", 1),
    bind(Scope::Arrival, Action::RefuseRevoking, &[ch('X')], "revoke, refuse", "Revoke its tokens and throw it away, after a question", 2),
    bind(Scope::Arrival, Action::Back, &[ESC, ch('q')], "leave it", "Leave it in the inbox", 1),

    bind(Scope::Asked, Action::Allow, &[ch('y')], "approve", "Approve: the program gets a pair of tokens of the grant", 1),
    bind(Scope::Asked, Action::Terms, &[ch('e')], "other terms", "Say whose tokens, with which scopes, for how long and how often", 2),
    bind(Scope::Asked, Action::Deny, &[ch('x')], "refuse", "Refuse: the program gets nothing", 1),
    bind(Scope::Asked, Action::Back, &[ESC, ch('q')], "leave it", "Leave it in the inbox", 1),
    bind(Scope::Terms, Action::Submit, &[ENTER], "approve", "Make the grant with these terms, and approve", 1),
    bind(Scope::Terms, Action::NextField, &[TAB, DOWN], "next field", "To the next field", 2),
    bind(Scope::Terms, Action::PreviousField, &[BACK_TAB, UP], "field before", "To the field before", 0),
    bind(Scope::Terms, Action::Back, &[ESC], "back", "Back to the question", 1),

    bind(Scope::Identify, Action::Submit, &[ENTER], "look it up", "Look the pasted token up", 1),
    bind(Scope::Identify, Action::Back, &[ESC], "close", "Close", 1),
    bind(Scope::Identified, Action::Revoke, &[ch('x')], "revoke", "Revoke the credential it is of, after a question", 1),
    bind(Scope::Identified, Action::Back, &[ESC, ch('q'), ENTER], "close", "Close", 1),

    bind(Scope::Reading, Action::Back, &[ESC, ch('q'), ch('?'), ENTER], "close", "Close", 1),

    bind(Scope::Picking, Action::Submit, &[ENTER], "choose", "Choose", 1),
    bind(Scope::Picking, Action::Up, &[UP, ctrl('p')], "up", "One up", 0),
    bind(Scope::Picking, Action::Down, &[DOWN, ctrl('n')], "down", "One down", 0),
    bind(Scope::Picking, Action::PageUp, &[code(KeyCode::PageUp)], "page up", "One screen up", 0),
    bind(Scope::Picking, Action::PageDown, &[code(KeyCode::PageDown)], "page down", "One screen down", 0),
    bind(Scope::Picking, Action::Back, &[ESC], "back", "Back", 1),

    bind(Scope::Ticking, Action::Toggle, &[ch(' ')], "tick", "Tick or untick", 2),

    bind(Scope::Form, Action::Submit, &[ENTER], "next", "Next", 1),
    bind(Scope::Form, Action::NextField, &[TAB, DOWN], "next field", "To the next field", 2),
    bind(Scope::Form, Action::PreviousField, &[BACK_TAB, UP], "field before", "To the field before", 0),
    bind(Scope::Form, Action::OpenBrowser, &[ctrl('o')], "open the setup page", "Open the provider's page in a browser", 3),
    bind(Scope::Form, Action::Back, &[ESC], "back", "Back", 1),

    bind(Scope::DeviceCode, Action::OpenBrowser, &[ch('o')], "open browser", "Open the address in a browser", 1),
    bind(Scope::DeviceCode, Action::CopyAddress, &[ch('y')], "copy code", "Copy the code", 2),
    bind(Scope::DeviceCode, Action::Approve, &[ch('p')], "approve (demo)", "Approve at the demo's provider", 1),

    bind(Scope::Browser, Action::OpenBrowser, &[ctrl('o'), ch('o')], "open browser", "Open the address in a browser", 1),
    bind(Scope::Browser, Action::CopyAddress, &[ctrl('y'), ch('y')], "copy address", "Copy the address", 2),
    bind(Scope::Browser, Action::Approve, &[ctrl('p'), ch('p')], "approve (demo)", "Approve at the demo's provider", 1),
    bind(Scope::Browser, Action::Submit, &[ENTER], "use the pasted address", "Use the pasted address", 3),

    bind(Scope::Session, Action::TryAgain, &[ch('r')], "try again", "Try again", 2),
    bind(Scope::Session, Action::Cancel, &[ESC], "cancel", "Give the sign-in up", 1),

    bind(Scope::Program, Action::Quit, &[ctrl('c')], "quit", "Quit at once", 0),
    bind(Scope::Program, Action::Redraw, &[ctrl('l')], "redraw", "Draw the screen anew", 0),
    bind(Scope::Program, Action::Suspend, &[ctrl('z')], "suspend", "Go to the background (fg comes back)", 0),
];

impl Key {
    fn is(self, event: KeyEvent) -> bool {
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        let alt = event.modifiers.contains(KeyModifiers::ALT);
        self.code == event.code && self.ctrl == ctrl && !alt
    }

    /// How the key is shown.
    pub fn label(self, theme: Theme) -> String {
        let signs = theme.signs();
        match self.code {
            KeyCode::Char(' ') => signs.space.to_owned(),
            KeyCode::Char(c) if self.ctrl => format!("Ctrl-{}", c.to_ascii_uppercase()),
            KeyCode::Char(c) => c.to_string(),
            KeyCode::Enter => signs.enter.to_owned(),
            KeyCode::Up => signs.arrows[0].to_owned(),
            KeyCode::Down => signs.arrows[1].to_owned(),
            KeyCode::Left => signs.arrows[2].to_owned(),
            KeyCode::Right => signs.arrows[3].to_owned(),
            KeyCode::BackTab => "Shift-Tab".to_owned(),
            KeyCode::PageUp => "PgUp".to_owned(),
            KeyCode::PageDown => "PgDn".to_owned(),
            KeyCode::Delete => "Del".to_owned(),
            other => other.to_string(),
        }
    }
}

impl Binding {
    /// Its keys as they are shown, `x` or `↑ k`.
    pub fn labels(&self, theme: Theme) -> String {
        let labels: Vec<_> = self.keys.iter().map(|key| key.label(theme)).collect();
        labels.join(" ")
    }

    /// Whether one of its keys types a character.
    fn has_bare(&self, event: KeyEvent) -> bool {
        self.keys.iter().any(|key| key.is(event))
    }
}

/// What a key means in the first of the scopes that knows it.
pub fn action(scopes: &[Scope], event: KeyEvent) -> Option<Action> {
    scopes.iter().find_map(|scope| {
        TABLE
            .iter()
            .find(|binding| binding.scope == *scope && binding.has_bare(event))
            .map(|binding| binding.action)
    })
}

/// The lines of the table for some scopes, in the table's order.
pub fn bindings(scopes: &[Scope]) -> impl Iterator<Item = &'static Binding> {
    TABLE
        .iter()
        .filter(move |binding| scopes.contains(&binding.scope))
}

/// The key that does something in a scope, as it is shown.
pub fn key_for(scope: Scope, action: Action, theme: Theme) -> String {
    TABLE
        .iter()
        .find(|binding| binding.scope == scope && binding.action == action)
        .and_then(|binding| binding.keys.first())
        .map(|key| key.label(theme))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_scope() {
        for (at, one) in TABLE.iter().enumerate() {
            for other in &TABLE[at + 1..] {
                let clash = one.keys.iter().any(|key| other.keys.contains(key));
                assert!(
                    one.scope != other.scope || !clash,
                    "{} and {}",
                    one.title,
                    other.title
                );
            }
        }
    }

    #[test]
    fn vi_and_arrow_keys_do_the_same() {
        let press = |code| KeyEvent::new(code, KeyModifiers::NONE);
        for (arrow, vi) in [(KeyCode::Up, 'k'), (KeyCode::Down, 'j')] {
            assert_eq!(
                action(&[Scope::Moving], press(arrow)),
                action(&[Scope::Moving], press(KeyCode::Char(vi)))
            );
        }
    }

    #[test]
    fn a_control_key_is_not_its_letter() {
        let key = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(action(&[Scope::Program], key), Some(Action::Quit));
        let key = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::NONE);
        assert_eq!(action(&[Scope::Program], key), None);
    }
}
