//! What was named on the command line: folders and files that are walked, streams that are read once.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use inkan_core::sha256;
use inkan_io::anchoring::{Found, Unread, Walk, hash_stream};
use inkan_io::files::FileError;
use inkan_ledger::anchored::{Content, RecordName};

use crate::args::AnchorAddArgs;
use crate::failure::{CliError, Failure};

/// What standard input is called if nobody says.
const STREAM: &str = "standard-input";
/// The longest line that is a record.
const LINE_LIMIT: usize = 16 << 20;

/// One place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Source {
    /// A folder, as it was named and where it is.
    Folder(PathBuf),
    /// A file.
    File(PathBuf),
    /// A pipe or device.
    Pipe(PathBuf),
    /// Standard input.
    Input,
}

impl Source {
    pub(super) fn of(text: &str) -> Result<Self, Failure> {
        if text == "-" {
            return Ok(Self::Input);
        }
        let path = PathBuf::from(text);
        let kind = fs::metadata(&path).map_err(|error| FileError::from_io(&path, error))?;
        Ok(if kind.is_dir() {
            Self::Folder(path)
        } else if kind.is_file() {
            Self::File(path)
        } else {
            Self::Pipe(path)
        })
    }

    /// What tells this place from others, wherever the command is typed.
    pub(super) fn absolute(&self) -> String {
        match self {
            Self::Input => "-".to_owned(),
            Self::Folder(path) | Self::File(path) | Self::Pipe(path) => {
                let whole = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
                whole.to_string_lossy().into_owned()
            }
        }
    }

    /// Whether it can be looked at again.
    pub(super) const fn is_stream(&self) -> bool {
        matches!(self, Self::Pipe(_) | Self::Input)
    }

    /// The files in it; nothing of a stream.
    pub(super) fn walk(&self, number: u16, ours: &[PathBuf]) -> Result<Option<Walk>, Failure> {
        match self {
            Self::Folder(path) | Self::File(path) => {
                let walk = Walk::new(path, number, ours);
                Ok(Some(walk.map_err(|error| FileError::from_io(path, error))?))
            }
            Self::Pipe(_) | Self::Input => Ok(None),
        }
    }

    /// Where a record of it is.
    pub(super) fn path_of(&self, name: &RecordName) -> PathBuf {
        match self {
            Self::Folder(path) => path.join(name.as_str()),
            Self::File(path) => fs::canonicalize(path).unwrap_or_else(|_| path.clone()),
            Self::Pipe(path) => path.clone(),
            Self::Input => PathBuf::from("-"),
        }
    }

    /// The records of a stream, which is read to its end: one, or one for each line.
    pub(super) fn read(&self, args: &AnchorAddArgs) -> Result<Vec<(RecordName, Content)>, Failure> {
        let path = self.path_of(&RecordName::parse(STREAM)?);
        let usual = match self {
            Self::Pipe(path) => path.file_name().and_then(|name| name.to_str()).unwrap_or(STREAM),
            Self::Input | Self::Folder(_) | Self::File(_) => STREAM,
        };
        let name = RecordName::parse(args.name.as_deref().unwrap_or(usual))
            .map_err(|error| Failure::from(error).during("--name"))?;
        let at = |error| FileError::from_io(&path, error);
        let source: Box<dyn Read> = match self {
            Self::Input => Box::new(io::stdin().lock()),
            Self::Pipe(path) | Self::File(path) | Self::Folder(path) => {
                Box::new(File::open(path).map_err(at)?)
            }
        };
        if args.lines {
            return lines_of(source, &name);
        }
        Ok(vec![(name, hash_stream(source).map_err(at)?)])
    }
}

/// A record for each line that is not empty: `NAME/000000001` and so on, by the number of the line; its bytes are those before
/// the line's end.
fn lines_of(source: impl Read, name: &RecordName) -> Result<Vec<(RecordName, Content)>, Failure> {
    let mut source = BufReader::with_capacity(1 << 17, source);
    let mut out = Vec::new();
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let limit = u64::try_from(LINE_LIMIT).unwrap_or(u64::MAX).saturating_add(1);
        let read = source.by_ref().take(limit).read_until(b'\n', &mut line);
        let read = read.map_err(|error| FileError::from_io(Path::new("the lines"), error))?;
        if read == 0 {
            break;
        }
        if line.len() > LINE_LIMIT {
            let path = PathBuf::from(format!("line {number}"));
            return Err(FileError::TooLarge { path, limit: LINE_LIMIT }.into());
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if !text.is_empty() {
            let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
            let name = RecordName::parse(&format!("{}/{number:09}", name.as_str()))?;
            out.push((name, Content { length, digest: sha256(&[text]) }));
        }
    }
    Ok(out)
}

/// All places, each once.
pub(super) fn all(paths: &[String]) -> Result<Vec<Source>, Failure> {
    let sources = paths.iter().map(|path| Source::of(path)).collect::<Result<Vec<_>, _>>()?;
    let mut seen: Vec<String> = sources.iter().map(Source::absolute).collect();
    seen.sort();
    if seen.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(CliError::Usage("a path is named twice".to_owned()).into());
    }
    if u16::try_from(sources.len()).is_err() {
        return Err(CliError::Usage("too many paths: name the folder".to_owned()).into());
    }
    Ok(sources)
}

/// Everything in all of them, as it is found.
pub(super) fn walk_all(
    sources: &[Source],
    ours: &[PathBuf],
) -> Result<impl Iterator<Item = Result<Found, Unread>> + Send + use<>, Failure> {
    let mut walks = Vec::new();
    for (number, source) in (0_u16..).zip(sources) {
        walks.extend(source.walk(number, ours)?);
    }
    Ok(walks.into_iter().flatten())
}

/// How many bytes there are in all of them, for the bar.
pub(super) fn bytes_in(sources: &[Source]) -> u64 {
    let Ok(found) = walk_all(sources, &[]) else { return 0 };
    let size = |found: Found| fs::symlink_metadata(&found.path).map_or(0, |data| data.len());
    found.flatten().map(size).fold(0, u64::saturating_add)
}

/// The folder that a path is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}
