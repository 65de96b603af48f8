//! Lines of ours in a text of somebody else's: between two marks, found by them, all else untouched.

use sha2::{Digest, Sha256};
use std::ops::Range;

const BEGIN: &str = "# >>> tokenward: ";
const END: &str = "# <<< tokenward: ";
/// Digits of the sum that tells whether a person changed our lines.
const SUM: usize = 12;

/// Why our lines are left as they are; numbers of lines begin at 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// Somebody changed them, and would lose that.
    #[error("the lines {0} to {1} were changed by hand")]
    Changed(usize, usize),
    /// The mark at their end is gone.
    #[error("line {0} begins lines of tokenward, and none ends them")]
    Open(usize),
    /// They are there twice.
    #[error("lines {0} and {1} begin the same lines of tokenward")]
    Twice(usize, usize),
}

/// What the text was like where our lines were put, so that taking them out leaves it as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// A file that was not there.
    New,
    /// Behind a last line without a line break.
    Joined,
    /// Between whole lines.
    Plain,
}

struct Found {
    /// With the marks.
    range: Range<usize>,
    lines: Range<usize>,
    origin: Origin,
}

/// A text without our lines.
#[derive(Debug, PartialEq, Eq)]
pub struct Rest {
    /// What is left.
    pub text: String,
    /// Whether the file was made for our lines alone, and nothing else came in.
    pub was_made: bool,
}

/// Puts our lines in: where they are already, else at `place` (a line's beginning), else at the end. `None`: they are
/// there, as they are wanted.
pub fn with(
    old: Option<&str>,
    key: &str,
    lines: &str,
    place: Option<usize>,
) -> Result<Option<String>, BlockError> {
    let text = old.unwrap_or_default();
    if let Some(found) = find(text, key)? {
        if text[found.lines.clone()] == *lines {
            return Ok(None);
        }
        let (before, after) = (&text[..found.range.start], &text[found.range.end..]);
        let ours = marked(key, lines, found.origin);
        return Ok(Some(format!("{before}{ours}{after}")));
    }
    let place = place.unwrap_or(text.len());
    let (before, after) = text.split_at(place);
    let (origin, ending) = match old {
        None => (Origin::New, ""),
        Some(_) if before.is_empty() || before.ends_with('\n') => (Origin::Plain, ""),
        Some(_) => (Origin::Joined, "\n"),
    };
    let ours = marked(key, lines, origin);
    Ok(Some(format!("{before}{ending}{ours}{after}")))
}

/// Takes our lines out; `None`: they are not there.
pub fn without(text: &str, key: &str) -> Result<Option<Rest>, BlockError> {
    let Some(found) = find(text, key)? else {
        return Ok(None);
    };
    let (before, after) = (&text[..found.range.start], &text[found.range.end..]);
    let is_joined = found.origin == Origin::Joined && after.is_empty();
    let before = match is_joined {
        true => before.strip_suffix('\n').unwrap_or(before),
        false => before,
    };
    let rest = format!("{before}{after}");
    Ok(Some(Rest {
        was_made: found.origin == Origin::New && rest.is_empty(),
        text: rest,
    }))
}

fn marked(key: &str, lines: &str, origin: Origin) -> String {
    let word = match origin {
        Origin::New => " new",
        Origin::Joined => " joined",
        Origin::Plain => "",
    };
    format!(
        "{BEGIN}{key} ({}{word}) >>>\n{lines}{END}{key} <<<\n",
        sum(lines)
    )
}

fn sum(lines: &str) -> String {
    let digest = Sha256::digest(lines.as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    hex[..SUM].to_owned()
}

/// The sum and the origin that a first line tells of.
fn begun<'a>(line: &'a str, key: &str) -> Option<(&'a str, Origin)> {
    let rest = line.trim_end().strip_prefix(BEGIN)?;
    let inner = rest.strip_prefix(key)?.strip_prefix(" (")?;
    let inner = inner.strip_suffix(") >>>")?;
    let (sum, word) = inner.split_once(' ').unwrap_or((inner, ""));
    let origin = match word {
        "new" => Origin::New,
        "joined" => Origin::Joined,
        _ => Origin::Plain,
    };
    Some((sum, origin))
}

fn find(text: &str, key: &str) -> Result<Option<Found>, BlockError> {
    let end = format!("{END}{key} <<<");
    let mut open: Option<(usize, Range<usize>, &str, Origin)> = None;
    let mut found: Option<(usize, Found)> = None;
    let mut at = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let (number, after) = (index + 1, at + line.len());
        if let Some((first, ..)) = &open
            && line.starts_with(BEGIN)
        {
            return Err(BlockError::Open(*first));
        }
        if let Some((sum, origin)) = begun(line, key) {
            if let Some((first, _)) = found {
                return Err(BlockError::Twice(first, number));
            }
            open = Some((number, at..after, sum, origin));
        } else if line.trim_end() == end
            && let Some((first, mark, told, origin)) = open.take()
        {
            let lines = mark.end..at;
            if sum(&text[lines.clone()]) != told {
                return Err(BlockError::Changed(first, number));
            }
            let range = mark.start..after;
            found = Some((
                first,
                Found {
                    range,
                    lines,
                    origin,
                },
            ));
        }
        at = after;
    }
    match open {
        Some((first, ..)) => Err(BlockError::Open(first)),
        None => Ok(found.map(|(_, found)| found)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn put(old: Option<&str>, lines: &str) -> String {
        with(old, "mail a/b", lines, None).unwrap().unwrap()
    }

    #[test]
    fn lines_come_once_are_exchanged_in_place_and_go() {
        let old = "set a\n";
        let one = put(Some(old), "set b\n");
        assert!(one.starts_with("set a\n# >>> tokenward: mail a/b ("));
        assert_eq!(with(Some(&one), "mail a/b", "set b\n", None), Ok(None));
        let more = format!("{one}set z\n");
        let two = put(Some(&more), "set c\n");
        assert!(two.contains("set c") && !two.contains("set b") && two.ends_with("set z\n"));
        let rest = without(&two, "mail a/b").unwrap().unwrap();
        assert_eq!(
            (rest.text.as_str(), rest.was_made),
            ("set a\nset z\n", false)
        );
        assert_eq!(without(&two, "mail a/c"), Ok(None));
    }

    #[test]
    fn a_file_that_was_made_is_known_until_somebody_uses_it() {
        let made = put(None, "x\n");
        assert!(without(&made, "mail a/b").unwrap().unwrap().was_made);
        let used = format!("{made}mine\n");
        let rest = without(&used, "mail a/b").unwrap().unwrap();
        assert_eq!((rest.text.as_str(), rest.was_made), ("mine\n", false));
        let empty = put(Some(""), "x\n");
        assert!(!without(&empty, "mail a/b").unwrap().unwrap().was_made);
    }

    #[test]
    fn what_a_person_changed_is_left_to_them() {
        let text = put(Some("a\n"), "b\nc\n");
        let changed = text.replace("b\n", "b2\n");
        assert_eq!(
            without(&changed, "mail a/b"),
            Err(BlockError::Changed(2, 5))
        );
        assert!(with(Some(&changed), "mail a/b", "d\n", None).is_err());
        let open = text.replace("# <<<", "# ---");
        assert_eq!(without(&open, "mail a/b"), Err(BlockError::Open(2)));
        let twice = format!("{text}{text}");
        assert_eq!(without(&twice, "mail a/b"), Err(BlockError::Twice(2, 7)));
        let other = with(Some(&open), "mail a/c", "x\n", None).unwrap().unwrap();
        assert_eq!(without(&other, "mail a/b"), Err(BlockError::Open(2)));
    }

    proptest! {
        #[test]
        fn any_text_is_as_it_was_when_the_lines_are_gone(
            old in proptest::option::of("[ -~\n\r\u{e4}#>]{0,60}"), one in "[a-z \n]{0,20}", two in "[a-z \n]{0,20}",
        ) {
            let (one, two) = (format!("{one}\n"), format!("{two}\n"));
            let first = with(old.as_deref(), "x", &one, None).unwrap().unwrap();
            let both = with(Some(&first), "y", &two, None).unwrap().unwrap();
            let rest = without(&both, "y").unwrap().unwrap();
            prop_assert_eq!(&rest.text, &first);
            let rest = without(&rest.text, "x").unwrap().unwrap();
            prop_assert_eq!(rest.was_made, old.is_none());
            prop_assert_eq!(rest.text, old.unwrap_or_default());
        }
    }
}
