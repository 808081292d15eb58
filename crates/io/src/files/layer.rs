//! The file layer under everything that a ledger writes: the system's, or one in tests that fails as disks do.
//!
//! In scope: the few operations whose order durability rests on. Out of scope: reading, which goes past it; the databases,
//! which do their own writing.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::{Access, FileError};

/// So many files are worth a sync of the whole disk.
const MANY: usize = 32;

/// How writes reach the disk. An operation is durable only when a later sync of its file or folder has returned.
pub trait FileLayer: fmt::Debug + Send + Sync {
    /// Opens a file for writing; makes it if it is missing.
    ///
    /// # Errors
    ///
    /// Those of the system.
    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn LayerFile>>;

    /// Gives a file another name, in place of the file that has it.
    ///
    /// # Errors
    ///
    /// Those of the system.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    ///
    /// Those of the system.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes one folder; its parent is there.
    ///
    /// # Errors
    ///
    /// Those of the system.
    fn create_folder(&self, path: &Path, access: Access) -> io::Result<()>;

    /// Makes the names in a folder durable.
    ///
    /// # Errors
    ///
    /// Those of the system; never to be tried again.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;

    /// Makes all that was written to the disk of a folder durable, bytes and names; `false` if the system cannot do that at
    /// once, and nothing was done.
    ///
    /// # Errors
    ///
    /// Those of the system; never to be tried again.
    fn sync_disk(&self, folder: &Path) -> io::Result<bool>;

    /// Bytes that may still be written to the disk of a folder.
    ///
    /// # Errors
    ///
    /// Those of the system.
    fn free_bytes(&self, path: &Path) -> io::Result<u64>;
}

/// A file that is open for writing.
pub trait LayerFile: fmt::Debug + Send {
    /// Writes at a place; the file grows if need be.
    ///
    /// # Errors
    ///
    /// Those of the system; any part of the bytes may have been written.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Cuts the file, or fills it up with zeroes.
    ///
    /// # Errors
    ///
    /// Those of the system.
    fn set_len(&mut self, length: u64) -> io::Result<()>;

    /// Makes its bytes and length durable (`fdatasync`).
    ///
    /// # Errors
    ///
    /// Those of the system; never to be tried again, for the system forgets what it could not write.
    fn sync(&mut self) -> io::Result<()>;
}

/// The files of the system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemFiles;

#[derive(Debug)]
struct SystemFile(File);

impl FileLayer for SystemFiles {
    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn LayerFile>> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        super::restrict(&mut options, access);
        Ok(Box::new(SystemFile(options.open(path)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn create_folder(&self, path: &Path, access: Access) -> io::Result<()> {
        super::folder_builder(access).create(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        super::sync_folder(path)
    }

    #[cfg(target_os = "linux")]
    fn sync_disk(&self, folder: &Path) -> io::Result<bool> {
        rustix::fs::syncfs(File::open(folder)?)?;
        Ok(true)
    }

    #[cfg(not(target_os = "linux"))]
    fn sync_disk(&self, _folder: &Path) -> io::Result<bool> {
        Ok(false)
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        let found = rustix::fs::statvfs(path)?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }
}

impl LayerFile for SystemFile {
    #[cfg(unix)]
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(&self.0, bytes, offset)
    }

    #[cfg(not(unix))]
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        use std::io::{Seek as _, SeekFrom, Write as _};
        self.0.seek(SeekFrom::Start(offset))?;
        self.0.write_all(bytes)
    }

    fn set_len(&mut self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }
}

/// A file to be put in place whole.
#[derive(Clone, Debug)]
pub struct Put {
    /// Where.
    pub path: PathBuf,
    /// What.
    pub bytes: Vec<u8>,
}

/// Puts files in place so that after a crash each is there whole, or as it was before: all are written and synced under
/// other names, then renamed, then their folders are synced. Missing folders are made.
///
/// # Errors
///
/// [`FileError`]; what was put in place by then stays.
pub fn put_all(layer: &dyn FileLayer, files: &[Put], access: Access) -> Result<(), FileError> {
    put_in_place(layer, files, access, None)
}

/// As [`put_all`], for many files below `root` and on its disk: where the system can, one sync of the disk stands for those of
/// all files, and one more for those of all folders.
///
/// # Errors
///
/// [`FileError`]; what was put in place by then stays.
pub fn put_many(
    layer: &dyn FileLayer,
    root: &Path,
    files: &[Put],
    access: Access,
) -> Result<(), FileError> {
    put_in_place(layer, files, access, (files.len() >= MANY).then_some(root))
}

fn put_in_place(
    layer: &dyn FileLayer,
    files: &[Put],
    access: Access,
    disk: Option<&Path>,
) -> Result<(), FileError> {
    let sync_disk = || match disk {
        Some(root) => layer.sync_disk(root).map_err(|error| FileError::not_synced(root, error)),
        None => Ok(false),
    };
    let mut folders = BTreeSet::new();
    let mut opened = Vec::new();
    for file in files {
        let folder = parent(&file.path);
        if !folders.contains(&folder) {
            // Those above new ones are synced with the others, once: many files cost hardly more than one.
            make_missing(layer, &folder, access, &mut folders)?;
            folders.insert(folder);
        }
        let temporary = temporary(&file.path);
        let at = |error| FileError::from_io(&temporary, error);
        let mut open = layer.open(&temporary, access).map_err(at)?;
        // A crash may have left a longer one.
        open.set_len(0).and_then(|()| open.write_at(0, &file.bytes)).map_err(at)?;
        opened.push((open, temporary));
    }
    if !sync_disk()? {
        for (file, temporary) in &mut opened {
            file.sync().map_err(|error| FileError::not_synced(temporary, error))?;
        }
    }
    for ((_, temporary), file) in opened.iter().zip(files) {
        let renamed = layer.rename(temporary, &file.path);
        renamed.map_err(|error| FileError::from_io(&file.path, error))?;
    }
    if !sync_disk()? {
        for folder in &folders {
            layer.sync_folder(folder).map_err(|error| FileError::not_synced(folder, error))?;
        }
    }
    Ok(())
}

/// Puts one file in place, as [`put_all`] does.
///
/// # Errors
///
/// [`FileError`].
pub fn put(
    layer: &dyn FileLayer,
    path: &Path,
    bytes: &[u8],
    access: Access,
) -> Result<(), FileError> {
    put_all(layer, &[Put { path: path.to_path_buf(), bytes: bytes.to_vec() }], access)
}

/// Makes a folder and its missing parents; each new one is durable when this returns.
///
/// # Errors
///
/// [`FileError`].
pub fn make_folders(layer: &dyn FileLayer, path: &Path, access: Access) -> Result<(), FileError> {
    let mut grown = BTreeSet::new();
    make_missing(layer, path, access, &mut grown)?;
    for folder in &grown {
        layer.sync_folder(folder).map_err(|error| FileError::not_synced(folder, error))?;
    }
    Ok(())
}

/// Makes a folder and its missing parents; `grown` are those that must be synced for it.
fn make_missing(
    layer: &dyn FileLayer,
    path: &Path,
    access: Access,
    grown: &mut BTreeSet<PathBuf>,
) -> Result<(), FileError> {
    if path.is_dir() {
        return Ok(());
    }
    let above = parent(path);
    if !above.as_os_str().is_empty() {
        make_missing(layer, &above, access, grown)?;
    }
    match layer.create_folder(path, access) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(FileError::from_io(path, error));
        }
        Err(_) if !path.is_dir() => {
            return Err(FileError::from_io(path, io::ErrorKind::NotADirectory.into()));
        }
        Ok(()) | Err(_) => {}
    }
    grown.insert(above);
    Ok(())
}

fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        Some(_) | None => PathBuf::from("."),
    }
}

/// One writer at a time makes files in a ledger, so one name is enough, and a crash leaves one at most.
fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.tmp"))
}

#[cfg(test)]
mod tests;
