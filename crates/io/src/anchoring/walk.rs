//! What is in a folder, file by file, in the order of the disk: nothing is followed, and nothing is passed over in silence.
//!
//! Memory: the folders that are open at a time, never the list of all files.

use std::fs::{self, ReadDir};
use std::io;
use std::path::{Path, PathBuf};

use inkan_ledger::anchored::RecordName;

/// A regular file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Found {
    /// Where it is.
    pub path: PathBuf,
    /// Its name as a record: its path within the folder that was named, with `/`.
    pub name: RecordName,
    /// Which of the places that were named it is in.
    pub source: u16,
}

/// Something that was not read, and why.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unread {
    /// Where it is.
    pub path: PathBuf,
    /// Why.
    pub why: Why,
}

/// Why something was not read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Why {
    /// A symbolic link: what it points to is anchored where it is.
    Link,
    /// A pipe, a socket or a device.
    Special,
    /// Its name is not UTF-8, or longer than a record's can be.
    Name,
    /// It was changed each time it was read.
    Changing,
    /// The system says so.
    Failed(String),
}

impl Why {
    /// Whether it holds bytes that should have been anchored: then a run without it is not complete.
    #[must_use]
    pub const fn is_loss(&self) -> bool {
        match self {
            Self::Link | Self::Special => false,
            Self::Name | Self::Changing | Self::Failed(_) => true,
        }
    }

    /// The reason, in a few words.
    #[must_use]
    pub fn said(&self) -> &str {
        match self {
            Self::Link => "a symbolic link",
            Self::Special => "a pipe, a socket or a device",
            Self::Name => "its name is not UTF-8, or too long",
            Self::Changing => "it changes while it is read",
            Self::Failed(said) => said,
        }
    }

    /// What the system says.
    #[must_use]
    pub fn of(error: &io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// The files below one place.
#[derive(Debug)]
pub struct Walk {
    source: u16,
    root: PathBuf,
    /// A file that was named itself.
    single: Option<Result<Found, Unread>>,
    /// Folders that are being read, innermost last, each with its name within the root.
    open: Vec<(ReadDir, PathBuf, String)>,
    left_out: Vec<PathBuf>,
}

impl Walk {
    /// Begins at a folder or a file that somebody named; a link that was named itself is followed. `left_out` are files of our
    /// own, as paths that begin like `root`.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn new(root: &Path, source: u16, left_out: &[PathBuf]) -> io::Result<Self> {
        let metadata = fs::metadata(root)?;
        let left_out = left_out.iter().filter_map(|path| fs::canonicalize(path).ok()).collect();
        let mut walk =
            Self { source, root: root.to_path_buf(), single: None, open: Vec::new(), left_out };
        if metadata.is_dir() {
            walk.open.push((fs::read_dir(root)?, root.to_path_buf(), String::new()));
        } else {
            let name = root.file_name().and_then(|name| name.to_str()).map(RecordName::parse);
            // What was named itself may be a link, and is read where it is.
            let path = fs::canonicalize(root)?;
            walk.single = Some(match name {
                Some(Ok(name)) => Ok(Found { path, name, source }),
                Some(Err(_)) | None => Err(Unread { path, why: Why::Name }),
            });
        }
        Ok(walk)
    }

    /// The place itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn is_ours(&self, path: &Path) -> bool {
        let name = path.file_name();
        self.left_out.iter().any(|ours| {
            ours.file_name() == name && fs::canonicalize(path).is_ok_and(|p| p == *ours)
        })
    }
}

impl Iterator for Walk {
    type Item = Result<Found, Unread>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(single) = self.single.take() {
            return Some(single);
        }
        loop {
            let (entries, folder, prefix) = self.open.last_mut()?;
            let entry = match entries.next() {
                Some(Ok(entry)) => entry,
                Some(Err(error)) => {
                    let path = folder.clone();
                    self.open.pop();
                    return Some(Err(Unread { path, why: Why::of(&error) }));
                }
                None => {
                    self.open.pop();
                    continue;
                }
            };
            let path = entry.path();
            let unread = |why| Some(Err(Unread { path: path.clone(), why }));
            let kind = match entry.file_type() {
                Ok(kind) => kind,
                Err(error) => return unread(Why::of(&error)),
            };
            let Some(own) = entry.file_name().to_str().map(str::to_owned) else {
                return unread(Why::Name);
            };
            let name = if prefix.is_empty() { own } else { format!("{prefix}/{own}") };
            if kind.is_dir() {
                match fs::read_dir(&path) {
                    Ok(entries) => self.open.push((entries, path, name)),
                    Err(error) => return unread(Why::of(&error)),
                }
            } else if kind.is_symlink() {
                return unread(Why::Link);
            } else if !kind.is_file() {
                return unread(Why::Special);
            } else if self.is_ours(&path) {
                continue;
            } else {
                return match RecordName::parse(&name) {
                    Ok(name) => Some(Ok(Found { path, name, source: self.source })),
                    Err(_) => unread(Why::Name),
                };
            }
        }
    }
}
