//! A file of JSON lines, readable by its owner alone, that begins anew each day and when it gets large.

use crate::cli::failure::{Failure, Kind};
use crate::clock;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Bytes at which a file is put aside.
const LARGE: u64 = 10_000_000;
/// Files that are kept beside the present one.
const KEPT: u32 = 5;
/// The mode of all of them.
const PRIVATE: u32 = 0o600;
/// Longer than any line.
const TAIL: u64 = 1_000_000;

/// The file.
#[derive(Debug)]
pub struct Rotated {
    path: PathBuf,
    file: File,
    size: u64,
    day: Date,
    last: u64,
    large: u64,
}

#[derive(Deserialize)]
struct Numbered {
    number: u64,
}

impl Rotated {
    /// Opens it, or begins it; refuses a file in which something else stands, or that another export writes to.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        Self::open_until(path, LARGE)
    }

    fn open_until(path: &Path, large: u64) -> Result<Self, Failure> {
        // First it is only read: what is refused is not touched, and nothing is begun beside it.
        let aside = match look_into(path)?.last {
            Some(_) => 0,
            None => look_into(&numbered(path, 1))?.last.unwrap_or(0),
        };
        let mut file = begin(path)?;
        let written_at = file.metadata()?.modified().ok();
        let day = written_at
            .and_then(|at| jiff::Timestamp::try_from(at).ok())
            .map_or_else(today, on);
        let End { last, whole } = End::of(&mut file, path)?;
        // It is an export's now for sure.
        file.set_permissions(Permissions::from_mode(PRIVATE))?;
        file.set_len(whole)?;
        let (size, last) = (whole, last.unwrap_or(aside));
        Ok(Self {
            path: path.to_path_buf(),
            file,
            size,
            day,
            last,
            large,
        })
    }

    /// The number of the last line that was written; zero: none was.
    pub const fn last(&self) -> u64 {
        self.last
    }

    /// Adds a line with its end.
    pub fn write(&mut self, line: &str) -> Result<(), Failure> {
        self.write_on(line, today())
    }

    fn write_on(&mut self, line: &str, today: Date) -> Result<(), Failure> {
        let length = line.len() as u64;
        if self.size > 0 && (self.day != today || self.size + length > self.large) {
            self.put_aside()?;
        }
        self.day = today;
        self.file.write_all(line.as_bytes())?;
        self.size += length;
        Ok(())
    }

    fn put_aside(&mut self) -> Result<(), Failure> {
        for number in (1..KEPT).rev() {
            let from = numbered(&self.path, number);
            if from.exists() {
                fs::rename(&from, numbered(&self.path, number + 1))?;
            }
        }
        fs::rename(&self.path, numbered(&self.path, 1))?;
        self.file = begin(&self.path)?;
        self.size = 0;
        Ok(())
    }
}

fn begin(path: &Path) -> Result<File, Failure> {
    let cannot =
        |error| Failure::from(error).within(format!("{} cannot be written", path.display()));
    let opened = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(PRIVATE)
        .open(path);
    let file = opened.map_err(cannot)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let text = format!("another export writes to {}", path.display());
            Err(Failure::new(Kind::Unavailable, text).hint("choose another file"))
        }
        Err(TryLockError::Error(error)) => Err(cannot(error)),
    }
}

/// How far the whole lines of a file go. A piece of a line after them was left by an export that was cut off.
#[derive(Debug, Default)]
struct End {
    /// The number of the last one.
    last: Option<u64>,
    /// Bytes of all of them.
    whole: u64,
}

impl End {
    /// Reads it; refuses a file that holds something else.
    fn of(file: &mut File, path: &Path) -> Result<Self, Failure> {
        let size = file.metadata()?.len();
        let begin = size.saturating_sub(TAIL);
        file.seek(SeekFrom::Start(begin))?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail)?;
        let end = tail.iter().rposition(|byte| *byte == b'\n');
        let whole = end.map_or(0, |at| at + 1);
        let lines = tail[..whole].trim_ascii_end();
        let last = lines.rsplit(|byte| *byte == b'\n').next();
        let last = match last.filter(|line| !line.is_empty()) {
            Some(line) => {
                Some(serde_json::from_slice::<Numbered>(line).map_err(|_| foreign(path))?)
            }
            None if begin > 0 || size > 0 && tail.first() != Some(&b'{') => {
                return Err(foreign(path));
            }
            None => None,
        };
        Ok(Self {
            last: last.map(|line| line.number),
            whole: begin + whole as u64,
        })
    }
}

/// The same of a file that may not be there, without a trace.
fn look_into(path: &Path) -> Result<End, Failure> {
    // A pipe would be waited for.
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return Err(foreign(path));
    }
    match File::open(path) {
        Ok(mut file) => End::of(&mut file, path),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(End::default()),
        Err(error) => {
            Err(Failure::from(error).within(format!("{} cannot be read", path.display())))
        }
    }
}

fn foreign(path: &Path) -> Failure {
    let text = format!("{} holds something else than an export", path.display());
    Failure::new(Kind::Failed, text).hint("choose another file; this one was not touched")
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

fn on(moment: jiff::Timestamp) -> Date {
    moment.to_zoned(TimeZone::system()).date()
}

fn today() -> Date {
    on(jiff::Timestamp::from_millisecond(clock::now().as_millis()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn line(number: u64) -> String {
        format!("{{\"number\":{number}}}\n")
    }

    fn read(path: &Path) -> String {
        fs::read_to_string(path).unwrap_or_default()
    }

    #[test]
    fn a_file_begins_anew_each_day_and_when_it_is_large_and_five_old_ones_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let mut file = Rotated::open_until(&path, 30).unwrap();
        assert_eq!(file.last(), 0);
        let day = date(2026, 11, 20);
        file.write_on(&line(1), day).unwrap();
        file.write_on(&line(2), day).unwrap();
        assert_eq!(read(&path), line(1) + &line(2));
        file.write_on(&line(3), day).unwrap();
        assert_eq!(read(&path), line(3));
        assert_eq!(read(&numbered(&path, 1)), line(1) + &line(2));
        for (number, day) in (4..11).zip(day.tomorrow().unwrap().series(jiff::Span::new().days(1)))
        {
            file.write_on(&line(number), day).unwrap();
        }
        assert_eq!(read(&path), line(10));
        assert_eq!(read(&numbered(&path, KEPT)), line(5));
        assert!(!numbered(&path, KEPT + 1).exists());
        for entry in fs::read_dir(folder.path()).unwrap() {
            let mode = entry.unwrap().metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn it_goes_on_after_the_last_whole_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        fs::write(&path, line(7) + "{\"num").unwrap();
        let file = Rotated::open(&path).unwrap();
        assert_eq!(file.last(), 7);
        assert_eq!(read(&path), line(7));
        let second = Rotated::open(&path).unwrap_err();
        assert_eq!(second.kind, Kind::Unavailable);
        drop(file);
        fs::rename(&path, numbered(&path, 1)).unwrap();
        assert_eq!(Rotated::open(&path).unwrap().last(), 7);
    }

    #[test]
    fn a_file_of_something_else_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt");
        for text in ["remember the milk\n", "no line's end", "{\"a\":1}\n"] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
            assert_eq!(Rotated::open(&path).unwrap_err().kind, Kind::Failed);
            assert_eq!(read(&path), text);
            assert_eq!(mode(&path), 0o644);
        }
        assert_eq!(
            Rotated::open(folder.path()).unwrap_err().kind,
            Kind::Failed,
            "a folder"
        );
        let beside = folder.path().join("notes");
        fs::rename(&path, numbered(&beside, 1)).unwrap();
        assert_eq!(Rotated::open(&beside).unwrap_err().kind, Kind::Failed);
        assert!(!beside.exists(), "nothing is begun beside it");
        fs::write(&beside, line(3)).unwrap();
        assert_eq!(Rotated::open(&beside).unwrap().last(), 3);
        assert_eq!(mode(&beside), 0o600, "and what is taken is its owner's");
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }
}
