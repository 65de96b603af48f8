//! What a notification says.

use crate::model::alert::Alert;
use crate::model::needing::Needing;
use crate::model::question::QuestionView;

/// Credentials that are named.
const NAMED: usize = 5;

/// A notification's two texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// One line.
    pub summary: String,
    /// What stands below.
    pub body: String,
}

/// That credentials need a human; `None`: none does.
pub fn needing(needing: &Needing, with_names: bool) -> Option<Words> {
    let many = needing.len();
    let (first, need) = needing.all().next()?;
    if !with_names {
        return Some(Words {
            summary: counted(many),
            body: "tokenward list says which.".to_owned(),
        });
    }
    if many == 1 {
        return Some(Words {
            summary: format!("{first}: {}", need.words()),
            body: format!("tokenward why {first} says why and what to do."),
        });
    }
    let named = needing.all().take(NAMED);
    let mut lines: Vec<String> = named
        .map(|(name, need)| format!("{name}: {}", need.words()))
        .collect();
    if many > NAMED {
        lines.push(format!("and {} more", many - NAMED));
    }
    Some(Words {
        summary: counted(many),
        body: lines.join("\n"),
    })
}

fn counted(many: usize) -> String {
    match many {
        1 => "a credential needs you".to_owned(),
        many => format!("{many} credentials need you"),
    }
}

/// That the activity log alarms.
pub fn alert(alert: &Alert, with_names: bool) -> Words {
    let body = match with_names {
        true => format!("{} ({})", alert.text, alert.command),
        false => "tokenward status says more.".to_owned(),
    };
    Words {
        summary: format!("activity log: {}", alert.kind.words()),
        body,
    }
}

/// That a program waits for an answer.
pub fn question(question: &QuestionView, with_names: bool) -> Words {
    let how = "tokenward grant questions";
    if !with_names {
        return Words {
            summary: "a program asks for a grant".to_owned(),
            body: format!("{how} shows it, and so does the inbox of the UI."),
        };
    }
    let names: Vec<&str> = question.credentials.iter().map(|it| it.as_str()).collect();
    let wanted = match names.is_empty() {
        true => String::new(),
        false => format!("It wants tokens of {}. ", names.join(" ")),
    };
    Words {
        summary: format!(
            "{} asks for the grant {}",
            question.by.short_name(),
            question.grant
        ),
        body: format!("{wanted}Approve or refuse it in the inbox of the UI, or see: {how}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::name::CredentialName;
    use crate::model::need::Need;

    fn of(many: usize) -> Needing {
        let mut all = Needing::default();
        for at in 0..many {
            let name = CredentialName::new("demo", &format!("a{at}")).unwrap();
            all.note(&name, Some(Need::SignIn));
        }
        all
    }

    #[test]
    fn one_is_told_with_its_need_and_many_are_counted() {
        assert_eq!(needing(&of(0), true), None);
        assert_eq!(
            needing(&of(1), true).unwrap().summary,
            "demo/a0: sign in again"
        );
        let words = needing(&of(7), true).unwrap();
        assert_eq!(words.summary, "7 credentials need you");
        assert_eq!(words.body.lines().count(), 6);
        assert!(
            words.body.ends_with("demo/a4: sign in again\nand 2 more"),
            "{words:?}"
        );
    }

    #[test]
    fn without_names_none_is_told() {
        for many in [1, 7] {
            let words = needing(&of(many), false).unwrap();
            assert!(!format!("{words:?}").contains("demo"), "{words:?}");
        }
    }

    #[test]
    fn a_program_that_asks_is_named_or_not() {
        use crate::clock::Timestamp;
        use crate::model::program::Program;
        use crate::model::question::QuestionId;
        let mut asked = QuestionView {
            id: QuestionId(1),
            grant: "ci".parse().unwrap(),
            credentials: vec!["demo/a".parse().unwrap()],
            by: std::sync::Arc::new(Program {
                executable: Some("/usr/bin/curl".to_owned()),
                ..Program::default()
            }),
            asked_at: Timestamp::from_secs(1),
            until: Timestamp::from_secs(2),
        };
        let words = question(&asked, true);
        assert_eq!(words.summary, "curl asks for the grant ci");
        assert!(words.body.starts_with("It wants tokens of demo/a. "));
        asked.credentials.clear();
        assert!(question(&asked, true).body.starts_with("Approve"));
        let words = format!("{:?}", question(&asked, false));
        assert!(!words.contains("curl") && !words.contains("ci"), "{words}");
    }
}
