//! A kubeconfig with one more user: put between its lines, and read again to prove that nothing else changed.

use crate::cli::setup::block::{self, BlockError};
use yaml_rust2::{Yaml, YamlLoader};

/// Why a kubeconfig is left alone.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// It is no YAML document, or several.
    #[error("it is no single YAML document")]
    Unreadable,
    /// A user of that name is there, and is another.
    #[error("it has a user {0} of yours")]
    Theirs(String),
    /// There is no place for one more user that would leave all else as it is.
    #[error("its list of users is not written one a line")]
    Shape,
    /// What was put there earlier is not as it was.
    #[error(transparent)]
    Block(#[from] BlockError),
}

/// The text with the user; `None`: it is there, as it is wanted.
pub fn plan(old: Option<&str>, key: &str, user: &str, item: &str) -> Result<Option<String>, Unfit> {
    let text = old.unwrap_or_default();
    let without = block::without(text, key)?;
    let (rest, start) = match &without {
        Some(rest) => {
            let start = (!rest.was_made).then_some(rest.text.as_str());
            (rest.text.as_str(), start)
        }
        None => (text, old),
    };
    let (before, ours) = (document(rest)?, only_user(item)?);
    match users(&before).iter().find(|known| is_called(known, user)) {
        None => {}
        // kubectl wrote it anew, without the marks.
        Some(known) if says(known, &ours) => return Ok(None),
        Some(_) => return Err(Unfit::Theirs(user.to_owned())),
    }
    let (lines, place) = match place(rest) {
        Place::Whole => (
            format!("apiVersion: v1\nkind: Config\nusers:\n{item}"),
            None,
        ),
        Place::End => (format!("users:\n{item}"), None),
        Place::At(place, indent) => (indented(item, &indent), Some(place)),
        Place::None => return Err(Unfit::Shape),
    };
    // In its old place it would be found again; between other lines than then, it may belong elsewhere now.
    let Some(new) = block::with(start, key, &lines, place)? else {
        return Ok(None);
    };
    let after = document(&new).map_err(|_| Unfit::Shape)?;
    let mut wanted = users(&before);
    wanted.insert(0, ours);
    let is_proven = users(&after) == wanted && is_same_beside(&before, &after);
    match is_proven {
        true => Ok(Some(new).filter(|new| new != text)),
        false => Err(Unfit::Shape),
    }
}

/// Whether there is a user of that name.
pub fn has_user(text: &str, user: &str) -> bool {
    document(text).is_ok_and(|document| users(&document).iter().any(|known| is_called(known, user)))
}

enum Place {
    /// There is nothing yet.
    Whole,
    /// There is no list of users.
    End,
    /// In front of the first user, whose line begins so.
    At(usize, String),
    /// Nowhere.
    None,
}

fn place(text: &str) -> Place {
    if text.trim().is_empty() {
        return Place::Whole;
    }
    let mut lines = text.split_inclusive('\n');
    let mut at = 0;
    let found = lines.any(|line| {
        at += line.len();
        line.trim_end().split('#').next().map(str::trim_end) == Some("users:")
    });
    if !found {
        let has_users = text.lines().any(|line| line.starts_with("users:"));
        return if has_users { Place::None } else { Place::End };
    }
    let is_said = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    match lines.find(is_said).map(|line| line.split_once('-')) {
        Some(Some((indent, _)))
            if indent.chars().all(|c| c == ' ') && text[..at].ends_with('\n') =>
        {
            Place::At(at, indent.to_owned())
        }
        _ => Place::None,
    }
}

fn indented(item: &str, indent: &str) -> String {
    item.split_inclusive('\n')
        .map(|line| format!("{indent}{line}"))
        .collect()
}

fn document(text: &str) -> Result<Yaml, Unfit> {
    let mut documents = YamlLoader::load_from_str(text).map_err(|_| Unfit::Unreadable)?;
    match documents.len() {
        0 => Ok(Yaml::Hash(Default::default())),
        1 => match documents.remove(0) {
            Yaml::Null => Ok(Yaml::Hash(Default::default())),
            Yaml::Hash(members) => Ok(Yaml::Hash(members)),
            _ => Err(Unfit::Unreadable),
        },
        _ => Err(Unfit::Unreadable),
    }
}

fn only_user(item: &str) -> Result<Yaml, Unfit> {
    let list = YamlLoader::load_from_str(item).map_err(|_| Unfit::Unreadable)?;
    let first = list
        .first()
        .and_then(|list| list.as_vec()?.first().cloned());
    first.ok_or(Unfit::Unreadable)
}

fn users(document: &Yaml) -> Vec<Yaml> {
    document["users"].as_vec().cloned().unwrap_or_default()
}

fn is_called(user: &Yaml, name: &str) -> bool {
    user["name"].as_str() == Some(name)
}

/// Whether one says all that the other does, and nothing more but that something is off.
fn says(known: &Yaml, wanted: &Yaml) -> bool {
    let (Yaml::Hash(members), Yaml::Hash(needed)) = (known, wanted) else {
        return known == wanted;
    };
    let is_said = |name, value| members.get(name).is_some_and(|known| says(known, value));
    let is_off = |value: &Yaml| matches!(value, Yaml::Null | Yaml::Boolean(false));
    needed.iter().all(|(name, value)| is_said(name, value))
        && members
            .iter()
            .all(|(name, value)| needed.contains_key(name) || is_off(value))
}

/// Whether all else is there as before; an empty file becomes one that says what it is.
fn is_same_beside(before: &Yaml, after: &Yaml) -> bool {
    let (Yaml::Hash(before), Yaml::Hash(after)) = (before, after) else {
        return false;
    };
    let is_users = |name: &Yaml| name.as_str() == Some("users");
    let is_kept = before
        .iter()
        .all(|(name, value)| is_users(name) || after.get(name) == Some(value));
    let added = after
        .iter()
        .filter(|(name, _)| !before.contains_key(name) && !is_users(name));
    is_kept && (before.is_empty() || added.count() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEM: &str = "- name: \"kc/a\"\n  user:\n    exec:\n      command: \"tokenward\"\n";

    fn planned(old: Option<&str>) -> Result<Option<String>, String> {
        plan(old, "kubectl kc/a", "kc/a", ITEM).map_err(|unfit| unfit.to_string())
    }

    #[test]
    fn a_user_comes_between_the_lines_and_nothing_else_changes() {
        for old in [
            "",
            "# mine\n",
            "apiVersion: v1\nclusters: []\n",
            "users:\n- name: b\n  user:\n    token: x\ncurrent-context: c\n",
            "kind: Config # yes\nusers: # all\n  # first\n  - name: b\n    user: {token: x}\n",
            "kind: Config",
        ] {
            let new = planned(Some(old)).unwrap().unwrap();
            assert!(has_user(&new, "kc/a"), "{new}");
            assert_eq!(has_user(&new, "b"), old.contains("name: b"));
            assert_eq!(planned(Some(&new)), Ok(None), "{new}");
            let rest = block::without(&new, "kubectl kc/a").unwrap().unwrap();
            assert_eq!(rest.text, old);
        }
        let made = planned(None).unwrap().unwrap();
        assert!(made.contains("kind: Config"));
        assert_eq!(planned(Some(&made)), Ok(None));
    }

    #[test]
    fn what_cannot_be_changed_without_harm_is_left_alone() {
        for (old, why) in [
            ("users: []\n", "one a line"),
            ("users: [{name: b}]\n", "one a line"),
            ("users:\n", "one a line"),
            ("{\"users\": []}", "one a line"),
            ("a: [\n", "no single"),
            ("a: 1\n---\nb: 1\n", "no single"),
            ("- a\n", "no single"),
            ("users:\n- name: kc/a\n  user: {token: x}\n", "of yours"),
        ] {
            let refused = planned(Some(old)).unwrap_err();
            assert!(refused.contains(why), "{old}: {refused}");
        }
    }

    #[test]
    fn one_that_kubectl_wrote_anew_is_known() {
        let anew = "apiVersion: v1\nusers:\n- name: kc/a\n  user:\n    exec:\n      command: tokenward\n      env: null\n      \
                    provideClusterInfo: false\n";
        assert_eq!(planned(Some(anew)), Ok(None));
        for (off, on) in [("null", "[x]"), ("false", "true")] {
            let refused = planned(Some(&anew.replace(off, on))).unwrap_err();
            assert!(refused.contains("of yours"), "{on}: {refused}");
        }
    }
}
