//! The wizard's box: its title, the present page, what is wrong with it, the keys.

use crate::tui::app::App;
use crate::tui::boxes;
use crate::tui::hints;
use crate::tui::layout;
use crate::tui::paint::{paragraph, put};
use crate::tui::signin::wizard::{Page, Wizard};
use crate::tui::signin::{flows, key, pages, scopes, session_page};
use crate::tui::theme::Tone;
use crate::tui::words;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The box on a terminal of some size.
pub fn area(size: (u16, u16)) -> Rect {
    layout::centred(
        size,
        92.min(size.0.saturating_sub(2)),
        24.min(size.1.saturating_sub(2)),
    )
}

/// Where a page's content stands.
pub fn body(size: (u16, u16)) -> Rect {
    let area = area(size);
    Rect::new(
        area.x + 2,
        area.y + 2,
        area.width.saturating_sub(4),
        area.height.saturating_sub(5),
    )
}

fn title(wizard: &Wizard) -> String {
    let what = match wizard.page {
        Page::Provider => return "Sign in".to_owned(),
        Page::Issuer => return "Sign in: another provider".to_owned(),
        Page::Parameters => "which one",
        Page::Client => "the client",
        Page::Scopes => "account and scopes",
        Page::Key => return format!("Keep a key of {}", wizard.provider_title()),
        Page::Flow => "the way",
        Page::Session if wizard.is_key() => {
            return format!("Keep a key of {}", wizard.provider_title());
        }
        Page::Session => match wizard.flows().get(wizard.flow) {
            Some(flow) => words::flow(*flow),
            None => "under way",
        },
    };
    format!("Sign in to {}: {what}", wizard.provider_title())
}

/// Draws the wizard.
pub fn draw(app: &App, wizard: &Wizard, buf: &mut Buffer) {
    let theme = app.theme;
    let running = wizard
        .session
        .as_ref()
        .filter(|session| !session.is_failed());
    let aside = running
        .and_then(|session| session.expires_at)
        .map(|at| format!("expires in {}", words::span(app.now.until(at))))
        .unwrap_or_default();
    let inner = boxes::boxed(app, area(app.size), &title(wizard), &aside, buf);
    let body = body(app.size);
    match wizard.page {
        Page::Provider if wizard.providers.is_empty() => {
            put(
                buf,
                (body.x, body.y),
                body.width,
                "asking what can be signed in to",
                theme.dim(),
                theme,
            );
        }
        Page::Provider => wizard.pick.draw(buf, body, theme),
        Page::Issuer => pages::draw_issuer(app, wizard, body, buf),
        Page::Parameters => pages::draw_parameters(app, wizard, body, buf),
        Page::Client => pages::draw_client(app, wizard, body, buf),
        Page::Scopes => scopes::draw(app, wizard, body, buf),
        Page::Key => key::draw(app, wizard, body, buf),
        Page::Flow => flows::draw(app, wizard, body, buf),
        Page::Session => session_page::draw(app, wizard, body, buf),
    }
    if let Some(trouble) = &wizard.trouble {
        let line = Rect {
            y: inner.bottom() - 2,
            height: 1,
            ..inner
        };
        paragraph(buf, line, trouble, theme.tone(Tone::Trouble), theme);
    }
    let hints = Rect {
        y: inner.bottom() - 1,
        height: 1,
        ..inner
    };
    hints::hint_line(app, &wizard.scopes(), hints, buf);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::api::Event;
    use crate::model::failure::{Failure, FailureClass};
    use crate::model::signin::{ProviderChoice, SignInStep};
    use crate::tui::effect::{Ask, Effect};
    use crate::tui::example;
    use crate::tui::message::Message;
    use crate::tui::overlays::overlay::Overlay;
    use crate::tui::update::update;
    use insta::assert_snapshot;

    fn wizard(keys: &str) -> App {
        let mut app = example::open(80, 24);
        app.open_mut().unwrap().providers = example::providers();
        example::press(&mut app, "a");
        example::press(&mut app, keys);
        app
    }

    fn step(app: &mut App, step: SignInStep) {
        let Some(Overlay::Wizard(wizard)) = app.overlays.last() else {
            panic!("no wizard")
        };
        let id = wizard.session.as_ref().unwrap().id;
        update(app, Message::Event(Event::SignIn { id, step }));
    }

    fn code() -> SignInStep {
        SignInStep::DeviceCode {
            user_code: "WDJB-MJHT".to_owned(),
            verification_uri: "https://github.com/login/device".to_owned(),
            verification_uri_complete: None,
            expires_at: example::NOW.plus(std::time::Duration::from_secs(899)),
            next_poll: example::NOW.plus(std::time::Duration::from_secs(5)),
        }
    }

    #[test]
    fn every_page_of_the_wizard() {
        for (name, keys) in [
            ("wizard_provider", ""),
            ("wizard_provider_typed", "key"),
            ("wizard_issuer", "another\n"),
            (
                "wizard_issuer_wrong",
                "another\nacme\nhttp://acme.example\n",
            ),
            ("wizard_key_of_another", "another\nacme\n\n"),
            ("wizard_parameters", "micro\n"),
            ("wizard_client_kept", "git\n\n"),
            ("wizard_client_form", "git\n\n\u{e000}"),
            ("wizard_client_wrong", "git\n\n\u{e000}8123\n\n"),
            ("wizard_scopes", "git\n\n\n"),
            ("wizard_flow", "git\n"),
            ("wizard_asking", "git\n\n\n\n"),
        ] {
            assert_snapshot!(name, example::shown(&mut wizard(keys)));
        }
    }

    #[test]
    fn nothing_is_chosen_before_there_is_something_to_choose() {
        let mut app = example::open(80, 24);
        app.open_mut().unwrap().providers = Vec::new();
        example::press(&mut app, "a");
        example::press(&mut app, "git\n");
        assert!(example::shown(&mut app).contains("asking what can be signed in to"));
    }

    #[test]
    fn what_is_typed_after_an_error_goes_into_the_field_that_is_wrong() {
        let mut app = wizard("another\nwrong name\nhttps://acme.example\n");
        example::press(&mut app, "X");
        let text = example::shown(&mut app);
        assert!(text.contains("wrong nameX"), "{text}");
        let mut app = wizard("git\n\n\n");
        example::press(&mut app, "a b\n");
        example::press(&mut app, "X");
        let text = example::shown(&mut app);
        assert!(text.contains("a bX"), "{text}");
    }

    #[test]
    fn a_provider_of_no_catalogue_may_register_the_client_itself() {
        let mut app = wizard("another\nacme\nhttps://acme.example\n\n");
        assert_snapshot!("wizard_register", example::shown(&mut app));
        let effects = example::press(&mut app, "\n\n\n\n");
        let [Effect::Ask(Ask::SignIn(request))] = effects.as_slice() else {
            panic!("{effects:?} {}", example::shown(&mut app));
        };
        assert!(request.client.is_none() && request.register.is_some());
    }

    #[test]
    fn a_key_is_pasted_in_place_of_a_client_and_scopes() {
        let mut app = wizard("anthr\n");
        let effects = example::press(&mut app, "pk-hush\nme\n90d\n");
        assert!(effects.is_empty(), "{effects:?}");
        assert_snapshot!("wizard_key_wrong", example::shown(&mut app));
        example::press(&mut app, "in-the-key-field");
        let text = example::shown(&mut app);
        assert!(!text.contains("in-the-key"), "{text}");
        let mut app = wizard("anthr\n");
        let effects = example::press(&mut app, "sk-ant-hush\nme\n90d\n");
        let [Effect::Ask(Ask::SignIn(request))] = effects.as_slice() else {
            panic!("{effects:?}")
        };
        assert_eq!(request.account.as_deref(), Some("me"));
        let wish = request.key.as_ref().unwrap();
        let days = example::NOW.until(wish.expires_at.unwrap());
        assert_eq!(days.as_secs(), 90 * 86_400);
        assert!(request.client.is_none() && !format!("{effects:?}").contains("hush"));
        let name = example::name("slack/acme");
        step(
            &mut app,
            SignInStep::SignedIn {
                name,
                apart: None,
                is_unnamed: false,
                aside: None,
            },
        );
        assert!(example::shown(&mut app).contains("kept: slack/acme"));
    }

    #[test]
    fn a_key_of_a_provider_outside_the_catalogue_is_kept_under_its_name() {
        let mut app = wizard("another\nacme\n\n");
        let effects = example::press(&mut app, "hush\nme\n\n");
        let [Effect::Ask(Ask::SignIn(request))] = effects.as_slice() else {
            panic!("{effects:?} {}", example::shown(&mut app))
        };
        let ProviderChoice::Known { name, .. } = &request.provider else {
            panic!("{request:?}")
        };
        assert_eq!(
            (name.as_str(), request.account.as_deref()),
            ("acme", Some("me"))
        );
        assert!(request.key.is_some() && request.client.is_none());
        assert!(!format!("{effects:?}").contains("hush"));
    }

    #[test]
    fn the_device_code_is_large_and_has_a_picture() {
        let mut app = wizard("git\n\n\n\n");
        step(&mut app, code());
        assert_snapshot!("wizard_device_80", example::shown(&mut app));
        app.size = (120, 36);
        assert_snapshot!("wizard_device_120", example::shown(&mut app));
        let effects = example::press(&mut app, "yo");
        assert!(matches!(
            effects.as_slice(),
            [Effect::CopyText(_), Effect::OpenBrowser(_)]
        ));
    }

    #[test]
    fn the_browser_page_takes_a_pasted_address() {
        let mut app = wizard("git\n\u{e000}\n\n\n");
        let url = format!(
            "https://github.com/login/oauth/authorize?client_id=Iv1.8a61f9b3&state={}",
            "x".repeat(80)
        );
        let redirect_uri = "http://127.0.0.1:39211/callback".to_owned();
        let expires_at = example::NOW.plus(std::time::Duration::from_secs(300));
        step(
            &mut app,
            SignInStep::Authorize {
                url,
                redirect_uri,
                expires_at,
                taken_port: None,
            },
        );
        assert_snapshot!("wizard_browser", example::shown(&mut app));
        app.around.far_end = Some("-p 2222 ann@192.0.2.9".to_owned());
        assert_snapshot!("wizard_browser_ssh", example::shown(&mut app));
        app.around.far_end = None;
        let pasted =
            zeroize::Zeroizing::new("http://127.0.0.1:39211/callback?code=c&state=s\n".to_owned());
        update(&mut app, Message::Paste(pasted));
        let effects = example::press(&mut app, "\n");
        assert!(matches!(effects.as_slice(), [Effect::Ask(Ask::Paste(..))]));
    }

    #[test]
    fn a_failure_stays_and_says_what_helps_and_everything_typed_is_kept() {
        let mut app = wizard("git\n\n\n\n");
        step(
            &mut app,
            SignInStep::Failed {
                failure: example::invalid_grant(),
            },
        );
        assert_snapshot!("wizard_failed", example::shown(&mut app));
        let again = example::press(&mut app, "r");
        assert!(matches!(again.as_slice(), [Effect::Ask(Ask::SignIn(_))]));
        step(
            &mut app,
            SignInStep::Failed {
                failure: example::invalid_grant(),
            },
        );
        example::press(&mut app, "\x1b");
        assert!(example::shown(&mut app).contains("[✓] read:user"));
    }

    #[test]
    fn success_closes_the_wizard_and_selects_the_new_row() {
        let mut app = wizard("git\n\n\n\n");
        let name = example::name("slack/acme");
        step(
            &mut app,
            SignInStep::SignedIn {
                name: name.clone(),
                apart: None,
                is_unnamed: false,
                aside: None,
            },
        );
        assert!(app.overlays.is_empty());
        assert!(example::shown(&mut app).contains("signed in: slack/acme"));
        assert_eq!(app.open().unwrap().looked_at().unwrap().profile.name, name);
    }

    #[test]
    fn a_name_that_nobody_told_is_asked_for_in_the_same_breath() {
        let mut app = wizard("git\n\n\n\n");
        let name = example::name("github/work-bot");
        let signed_in = SignInStep::SignedIn {
            name: name.clone(),
            apart: None,
            is_unnamed: true,
            aside: None,
        };
        step(&mut app, signed_in);
        let [Overlay::Naming(naming)] = app.overlays.as_slice() else {
            panic!("it is not asked for")
        };
        assert_eq!(naming.name, name);
        let effects = example::press(&mut app, "bot\n");
        assert!(
            matches!(effects.as_slice(), [Effect::Ask(Ask::Rename(_, account))] if account == "bot")
        );
    }

    #[test]
    fn a_key_that_cannot_be_written_says_why_and_its_end_is_told() {
        let mut app = wizard("another\nacme\n\n");
        example::press(&mut app, "hush\nme\n\n");
        let text = example::shown(&mut app);
        assert!(text.contains("Writing the key into the vault"), "{text}");
        let failure = Failure::new(
            FailureClass::Transient,
            "vault",
            "the key is not kept yet: the vault cannot be written: the disk is full; it waits in memory and is written \
             as soon as it can be",
            "nothing was lost; make room on the vault's disk",
        );
        let next_try = example::NOW.plus(std::time::Duration::from_secs(4));
        step(&mut app, SignInStep::Unkept { failure, next_try });
        assert_snapshot!("wizard_unkept", example::shown(&mut app));
        let effects = example::press(&mut app, "\x1b");
        let [Effect::Ask(Ask::CancelSignIn(id))] = effects.as_slice() else {
            panic!("{effects:?}")
        };
        let (id, step) = (*id, SignInStep::Cancelled);
        update(&mut app, Message::Event(Event::SignIn { id, step }));
        assert_eq!(app.notices.shown()[0].text, "the sign-in was given up");
    }

    #[test]
    fn cancelling_tells_the_engine() {
        let mut app = wizard("git\n\n\n\n");
        step(&mut app, code());
        let effects = example::press(&mut app, "\x1b");
        assert!(matches!(
            effects.as_slice(),
            [Effect::Ask(Ask::CancelSignIn(_))]
        ));
    }

    #[test]
    fn what_is_asked_for_is_what_was_decided() {
        let mut app = wizard("another\nacme\nhttps://id.acme.example\n");
        let effects = example::press(&mut app, "\nmy-client\nhush\nbob\n");
        let [Effect::Ask(Ask::SignIn(request))] = effects.as_slice() else {
            panic!("{effects:?}")
        };
        assert_eq!(request.account.as_deref(), Some("bob"));
        assert_eq!(request.client.as_ref().unwrap().id, "my-client");
        assert!(request.client.as_ref().unwrap().secret.is_some());
        assert!(!format!("{effects:?}").contains("hush"));
    }
}
