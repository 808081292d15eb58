//! Files: read under a limit, written whole or not at all, and errors that say which file and why.
//!
//! In scope: durability (a file that was written is there after a power cut), permissions, advisory locks.
//! Out of scope: what is in the files.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use inkan_core::{encoding, rng};

use crate::os_rng::OsRng;

pub mod faults;
pub mod layer;

pub use layer::{FileLayer, LayerFile, SystemFiles};

/// Who may read what is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// Only the owner: 0600, folders 0700.
    Private,
    /// Everybody: 0644, folders 0755, less what the umask takes away.
    Public,
}

impl Access {
    #[cfg(unix)]
    const fn file_mode(self) -> u32 {
        match self {
            Self::Private => 0o600,
            Self::Public => 0o644,
        }
    }

    #[cfg(unix)]
    const fn folder_mode(self) -> u32 {
        match self {
            Self::Private => 0o700,
            Self::Public => 0o755,
        }
    }
}

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// There is no such file or folder.
    #[error("{path}: there is no such file")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The permissions forbid it.
    #[error("{path}: permission denied")]
    NotAllowed {
        /// The file.
        path: PathBuf,
    },
    /// The disk is mounted read-only.
    #[error("{path}: the disk is read-only")]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The disk, or the user's share of it, is full. Nothing was changed.
    #[error("{path}: no space left on the disk")]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// More bytes than the limit for this kind of file.
    #[error("{path}: more than {limit} bytes")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Bytes allowed.
        limit: usize,
    },
    /// A folder where a file was expected, or the other way round.
    #[error("{path}: not the kind of file that belongs here")]
    WrongKind {
        /// The file.
        path: PathBuf,
    },
    /// Another process holds the lock.
    #[error("{path}: in use by another process (pid {pid})")]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// The holder's process id, or `unknown`.
        pid: String,
    },
    /// The disk did not confirm what was written: what is there is only known after it is read again.
    #[error("{path}: the disk did not confirm a write")]
    NotSynced {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Anything else the system reports.
    #[error("{path}")]
    Failed {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl FileError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "file-not-found",
            Self::NotAllowed { .. } => "file-not-allowed",
            Self::ReadOnly { .. } => "storage-read-only",
            Self::Full { .. } => "storage-full",
            Self::TooLarge { .. } => "input-too-large",
            Self::WrongKind { .. } => "file-wrong-kind",
            Self::Locked { .. } => "profile-locked",
            Self::NotSynced { .. } => "storage-unconfirmed",
            Self::Failed { .. } => "file-failed",
        }
    }

    /// A sync of `path` failed. It is never tried again: the system may have forgotten what it could not write.
    #[must_use]
    pub fn not_synced(path: &Path, source: io::Error) -> Self {
        Self::NotSynced { path: path.to_path_buf(), source }
    }

    /// Sorts what the system reports about `path`.
    #[must_use]
    #[expect(clippy::wildcard_enum_match_arm, reason = "the system's list of errors is open")]
    pub fn from_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            ErrorKind::NotFound => Self::Missing { path },
            ErrorKind::PermissionDenied => Self::NotAllowed { path },
            ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path },
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full { path },
            ErrorKind::IsADirectory | ErrorKind::NotADirectory => Self::WrongKind { path },
            _ => Self::Failed { path, source },
        }
    }
}

/// Reads a whole file of at most `limit` bytes.
///
/// # Errors
///
/// [`FileError`]; a file that is too large is refused before it is read.
pub fn read(path: &Path, limit: usize) -> Result<Vec<u8>, FileError> {
    let file = File::open(path).map_err(|error| FileError::from_io(path, error))?;
    let size = file.metadata().map_err(|error| FileError::from_io(path, error))?.len();
    if usize::try_from(size).map_or(true, |size| size > limit) {
        return Err(FileError::TooLarge { path: path.to_path_buf(), limit });
    }
    read_all(file, path, limit)
}

/// Reads a file as [`read`] does; `None` if there is none.
///
/// # Errors
///
/// [`FileError`], never [`FileError::Missing`].
pub fn read_optional(path: &Path, limit: usize) -> Result<Option<Vec<u8>>, FileError> {
    match read(path, limit) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(FileError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads standard input to its end, at most `limit` bytes.
///
/// # Errors
///
/// [`FileError::TooLarge`] or [`FileError::Failed`].
pub fn read_stdin(limit: usize) -> Result<Vec<u8>, FileError> {
    read_all(io::stdin().lock(), Path::new("standard input"), limit)
}

fn read_all(source: impl Read, path: &Path, limit: usize) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    source
        .take(one_more)
        .read_to_end(&mut bytes)
        .map_err(|error| FileError::from_io(path, error))?;
    if bytes.len() > limit {
        return Err(FileError::TooLarge { path: path.to_path_buf(), limit });
    }
    Ok(bytes)
}

/// Writes a file so that after a crash there is the old one or the new one, never half of either.
///
/// Steps: temporary file in the same folder, fsync, rename, fsync of the folder. A device or a pipe (`/dev/stdout`, `/dev/fd/3`) is
/// no file that could be replaced: it is written to as it is.
///
/// # Errors
///
/// [`FileError`]; the old file, if any, is then still there.
pub fn write_atomic(path: &Path, bytes: &[u8], access: Access) -> Result<(), FileError> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        let open = OpenOptions::new().write(true).open(path);
        let written =
            open.and_then(|mut device| device.write_all(bytes).and_then(|()| device.flush()));
        return written.map_err(|error| FileError::from_io(path, error));
    }
    write_atomic_through(&SystemFiles, path, bytes, access)
}

/// As [`write_atomic`], through a layer.
fn write_atomic_through(
    layer: &dyn FileLayer,
    path: &Path,
    bytes: &[u8],
    access: Access,
) -> Result<(), FileError> {
    let at = |error| FileError::from_io(path, error);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let Some(name) = path.file_name() else {
        return Err(FileError::WrongKind { path: path.to_path_buf() });
    };
    if path.is_dir() {
        return Err(FileError::WrongKind { path: path.to_path_buf() });
    }
    let suffix = encoding::hex(&rng::draw::<8>(&mut OsRng));
    let temporary = folder.join(format!(".{}.{suffix}.tmp", name.to_string_lossy()));
    let written = layer
        .open(&temporary, access)
        .and_then(|mut file| file.write_at(0, bytes).and_then(|()| file.sync()))
        .and_then(|()| layer.rename(&temporary, path))
        .and_then(|()| layer.sync_folder(folder));
    written.map_err(|error| {
        let _ = layer.remove(&temporary);
        at(error)
    })
}

/// Makes a folder and its missing parents, durably; `access` holds for each that is made.
///
/// # Errors
///
/// [`FileError`].
pub fn create_folder(path: &Path, access: Access) -> Result<(), FileError> {
    layer::make_folders(&SystemFiles, path, access)
}

fn folder_builder(access: Access) -> fs::DirBuilder {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only unix has modes"))]
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(access.folder_mode());
    }
    #[cfg(not(unix))]
    let _ = access;
    builder
}

/// Removes a file, durably; that it is not there is no error.
///
/// # Errors
///
/// [`FileError`], never [`FileError::Missing`].
pub fn remove(path: &Path) -> Result<(), FileError> {
    remove_through(&SystemFiles, path)
}

/// As [`remove`], through a layer.
fn remove_through(layer: &dyn FileLayer, path: &Path) -> Result<(), FileError> {
    match layer.remove(path) {
        Ok(()) => {
            let folder = path.parent().unwrap_or_else(|| Path::new("."));
            layer.sync_folder(folder).map_err(|error| FileError::from_io(path, error))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(FileError::from_io(path, error)),
    }
}

/// Names of the files in a folder that end with `suffix`, without it, sorted; none if there is no folder.
///
/// # Errors
///
/// [`FileError`], never [`FileError::Missing`].
pub fn list(folder: &Path, suffix: &str) -> Result<Vec<String>, FileError> {
    let at = |error| FileError::from_io(folder, error);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(at(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(at)?.file_name();
        let plain = name.to_str().filter(|name| !name.starts_with('.'));
        if let Some(stem) = plain.and_then(|name| name.strip_suffix(suffix)) {
            names.push(stem.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Whether somebody besides the owner may read or write `path`; `false` where the system has no such permissions.
///
/// # Errors
///
/// [`FileError`] if `path` cannot be looked at.
pub fn open_to_others(path: &Path) -> Result<bool, FileError> {
    let metadata = fs::metadata(path).map_err(|error| FileError::from_io(path, error))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        Ok(metadata.permissions().mode() & 0o077 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        Ok(false)
    }
}

/// Takes from everybody but the owner what they may do with `path`.
///
/// # Errors
///
/// [`FileError`].
pub fn close_to_others(path: &Path) -> Result<(), FileError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = if path.is_dir() { Access::Private.folder_mode() } else { 0o600 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
            .map_err(|error| FileError::from_io(path, error))?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Between two tries to take a lock.
const LOCK_PAUSE: Duration = Duration::from_millis(50);
/// Tries in ten seconds.
const PATIENTLY: u32 = 200;
/// Tries in two seconds.
const BRIEFLY: u32 = 40;

/// An exclusive lock between processes, held until it is dropped.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

/// Takes the exclusive lock of a folder (its file `LOCK`), waiting up to ten seconds for another process.
///
/// # Errors
///
/// [`FileError::Locked`] after the wait; worth a retry.
pub fn lock(folder: &Path) -> Result<FolderLock, FileError> {
    lock_within(folder, PATIENTLY)
}

/// Takes the exclusive lock of a folder (its file `LOCK`), waiting for two seconds at most: for what runs as long as it is
/// held.
///
/// # Errors
///
/// [`FileError::Locked`].
pub fn try_lock(folder: &Path) -> Result<FolderLock, FileError> {
    lock_within(folder, BRIEFLY)
}

/// Takes the exclusive lock of a file, waiting for two seconds at most.
///
/// A lock outlives its holder for a moment: a process that the holder was just starting has its files until it has become
/// another program, and one that was killed until the system has tidied up.
pub(crate) fn lock_briefly(file: &File) -> Result<(), TryLockError> {
    lock_file(file, BRIEFLY)
}

fn lock_within(folder: &Path, tries: u32) -> Result<FolderLock, FileError> {
    let path = folder.join("LOCK");
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    restrict(&mut options, Access::Private);
    let mut file = options.open(&path).map_err(|error| FileError::from_io(&path, error))?;
    match lock_file(&file, tries) {
        Ok(()) => {
            // For whoever finds it held; the lock does not rest on it.
            let _ = sign_lock(&mut file);
            Ok(FolderLock { _file: file })
        }
        Err(TryLockError::WouldBlock) => Err(FileError::Locked { path, pid: holder_of(file) }),
        Err(TryLockError::Error(error)) => Err(FileError::from_io(&path, error)),
    }
}

/// Writes this process's id into a lock file that it holds.
pub(crate) fn sign_lock(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(format!("{}\n", std::process::id()).as_bytes())
}

/// Who holds a lock file: its process id, or `unknown`.
pub(crate) fn holder_of(file: File) -> String {
    let mut pid = String::new();
    // The holder may be about to write it.
    let _ = file.take(20).read_to_string(&mut pid);
    let pid = pid.trim();
    let known = !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit());
    if known { pid } else { "unknown" }.to_owned()
}

fn lock_file(file: &File, tries: u32) -> Result<(), TryLockError> {
    for _ in 1..tries {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            other => return other,
        }
    }
    file.try_lock()
}

#[cfg(unix)]
pub(crate) fn restrict(options: &mut OpenOptions, access: Access) {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(access.file_mode());
}

#[cfg(not(unix))]
pub(crate) fn restrict(_options: &mut OpenOptions, _access: Access) {}

/// What is opened is the file of this name, and not one that a link names.
#[cfg(unix)]
pub(crate) fn follow_no_link(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = rustix::fs::OFlags::NOFOLLOW;
    options.custom_flags(i32::try_from(flags.bits()).unwrap_or(0));
}

#[cfg(not(unix))]
pub(crate) fn follow_no_link(_options: &mut OpenOptions) {}

/// Whether an open file is a plain one, under one name, and closed to all but its owner.
#[cfg(unix)]
pub(crate) fn is_private(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let found = file.metadata()?;
    Ok(found.is_file() && found.nlink() == 1 && found.mode() & 0o077 == 0)
}

#[cfg(not(unix))]
pub(crate) fn is_private(_file: &File) -> io::Result<bool> {
    Ok(true)
}

#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
pub(crate) fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
