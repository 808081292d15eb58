//! Files that fail as disks and kernels do: for tests of crash safety.
//!
//! In scope: a layer over real files that knows what a power cut would leave: bytes and names that were not synced are lost,
//! kept, torn at any byte, or reordered; and that fails on demand. Out of scope: the databases, which write past it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Access, FileLayer, LayerFile, SystemFiles};

/// What goes wrong, once its time has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// The next sync fails, as after a write that the disk refused; what was not synced is lost.
    Sync,
    /// The disk is full: the next write stops in the middle, and so do all after it until [`FaultyFiles::heal`].
    Full,
    /// The power goes: this operation and all after it fail.
    Power,
}

/// A layer over real files below one folder, whose un-synced part a [crash](Self::crash) takes away.
#[derive(Clone, Debug)]
pub struct FaultyFiles {
    model: Arc<Mutex<Model>>,
}

#[derive(Debug)]
struct Model {
    root: PathBuf,
    random: u64,
    files: Vec<Inode>,
    /// Names as the running process sees them.
    live: BTreeMap<PathBuf, usize>,
    /// Names as they are on the disk.
    durable: BTreeMap<PathBuf, usize>,
    /// Changes of names that no sync of their folder has made durable, in order.
    names: Vec<Name>,
    /// Folders that were made and whose names no sync has made durable.
    folders: BTreeSet<PathBuf>,
    /// Operations until the fault.
    countdown: Option<(u64, Fault)>,
    broken: Option<Fault>,
    operations: u64,
    free: u64,
}

#[derive(Debug, Default)]
struct Inode {
    durable: Vec<u8>,
    live: Vec<u8>,
    /// Changes since the last sync, in order.
    changes: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

#[derive(Clone, Debug)]
enum Name {
    Made(PathBuf, usize),
    Renamed(PathBuf, PathBuf, usize),
    Removed(PathBuf),
}

#[derive(Debug)]
struct FaultyFile {
    model: Arc<Mutex<Model>>,
    inode: usize,
    real: Box<dyn LayerFile>,
}

/// What is asked of the disk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Operation {
    Write,
    Sync,
    Other,
}

/// What an operation may do.
enum Permit {
    Go,
    /// Half of it, and then fail.
    Half(io::Error),
}

impl FaultyFiles {
    /// A layer for the files below `root`; those that are there when they are first changed count as durable. `seed` decides
    /// what crashes leave.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn new(root: &Path, seed: u64) -> io::Result<Self> {
        let model = Model {
            root: root.to_path_buf(),
            random: seed.wrapping_mul(2).wrapping_add(1),
            files: Vec::new(),
            live: BTreeMap::new(),
            durable: BTreeMap::new(),
            names: Vec::new(),
            folders: BTreeSet::new(),
            countdown: None,
            broken: None,
            operations: 0,
            free: u64::MAX,
        };
        fs::create_dir_all(root)?;
        Ok(Self { model: Arc::new(Mutex::new(model)) })
    }

    /// Has `fault` happen at the operation after `operations` more.
    pub fn fail_after(&self, operations: u64, fault: Fault) {
        self.lock().countdown = Some((operations, fault));
    }

    /// Ends a fault: there is room on the disk again.
    pub fn heal(&self) {
        let mut model = self.lock();
        (model.countdown, model.broken) = (None, None);
    }

    /// Whether the fault has happened.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.lock().broken.is_some()
    }

    /// Operations so far.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.lock().operations
    }

    /// Says how much room there is.
    pub fn set_free(&self, bytes: u64) {
        self.lock().free = bytes;
    }

    /// Writes what a power cut now would leave into an empty folder. Files that were not written through this layer are
    /// copied as they are.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn crash(&self, into: &Path) -> io::Result<()> {
        let mut model = self.lock();
        let names = model.surviving_names();
        let lost = model.lost_folders();
        let is_lost = |path: &Path| path.ancestors().any(|folder| lost.contains(folder));
        for path in all_files(&model.root)? {
            let known = model.live.contains_key(&path) || model.durable.contains_key(&path);
            if !known
                && !is_lost(&path)
                && let Ok(below) = path.strip_prefix(&model.root)
            {
                let target = into.join(below);
                fs::create_dir_all(target.parent().unwrap_or(into))?;
                // A database may remove its own files meanwhile.
                if let Err(error) = fs::copy(&path, target)
                    && error.kind() != ErrorKind::NotFound
                {
                    return Err(error);
                }
            }
        }
        for (path, inode) in names {
            let bytes = model.surviving_bytes(inode);
            if is_lost(&path) {
                continue;
            }
            let Ok(below) = path.strip_prefix(&model.root) else { continue };
            let target = into.join(below);
            fs::create_dir_all(target.parent().unwrap_or(into))?;
            fs::write(target, bytes)?;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Model> {
        lock(&self.model)
    }
}

fn lock(model: &Mutex<Model>) -> MutexGuard<'_, Model> {
    model.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Model {
    /// Takes in a file that is there already, before it is changed for the first time.
    fn adopt(&mut self, path: &Path) -> io::Result<()> {
        if self.live.contains_key(path) || !path.is_file() {
            return Ok(());
        }
        let bytes = fs::read(path)?;
        let inode = self.files.len();
        self.files.push(Inode { durable: bytes.clone(), live: bytes, changes: Vec::new() });
        self.live.insert(path.to_path_buf(), inode);
        self.durable.insert(path.to_path_buf(), inode);
        Ok(())
    }

    fn draw(&mut self, below: usize) -> usize {
        // Xorshift: any sequence will do that a seed repeats.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        usize::try_from(self.random >> 11).unwrap_or(0).checked_rem(below).unwrap_or(0)
    }

    fn permit(&mut self, operation: Operation) -> io::Result<Permit> {
        let (is_sync, is_write) = (operation == Operation::Sync, operation == Operation::Write);
        self.operations = self.operations.saturating_add(1);
        if let Some((left, fault)) = &mut self.countdown {
            let applies = match fault {
                Fault::Sync => is_sync,
                Fault::Full => is_write,
                Fault::Power => true,
            };
            if *left > 0 {
                *left -= 1;
            } else if applies {
                self.broken = Some(*fault);
                self.countdown = None;
            }
        }
        match self.broken {
            Some(Fault::Power) if is_write => {
                Ok(Permit::Half(io::Error::other("the power is gone")))
            }
            Some(Fault::Power) => Err(io::Error::other("the power is gone")),
            Some(Fault::Sync) if is_sync => Err(io::Error::other("input/output error")),
            Some(Fault::Full) if is_write => {
                Ok(Permit::Half(io::Error::from(ErrorKind::StorageFull)))
            }
            Some(Fault::Sync | Fault::Full) | None => Ok(Permit::Go),
        }
    }

    fn change(&mut self, inode: usize, change: Change) {
        if let Some(file) = self.files.get_mut(inode) {
            apply(&mut file.live, &change);
            file.changes.push(change);
        }
    }

    /// Durable names, and any of the changes that were not made durable: each or not, in their order.
    fn surviving_names(&mut self) -> BTreeMap<PathBuf, usize> {
        let mut names = self.durable.clone();
        for change in self.names.clone() {
            if self.draw(2) == 0 {
                rename(&mut names, &change);
            }
        }
        names
    }

    /// Folders that are gone with all that is below them.
    fn lost_folders(&mut self) -> BTreeSet<PathBuf> {
        let folders = self.folders.clone();
        folders.into_iter().filter(|_| self.draw(2) == 0).collect()
    }

    /// Durable bytes, and any of the changes since: each wholly, in part or not.
    fn surviving_bytes(&mut self, inode: usize) -> Vec<u8> {
        let Some(file) = self.files.get(inode) else { return Vec::new() };
        let mut bytes = file.durable.clone();
        let count = file.changes.len();
        for at in 0..count {
            let choice = self.draw(3);
            let cut = match self.files.get(inode).and_then(|file| file.changes.get(at)) {
                Some(Change::Write(_, written)) => written.len(),
                Some(Change::Length(_)) | None => 0,
            };
            let cut = self.draw(cut.saturating_add(1));
            let file = self.files.get(inode);
            match (choice, file.and_then(|file| file.changes.get(at))) {
                (0, Some(change)) => apply(&mut bytes, change),
                (1, Some(Change::Write(offset, written))) => {
                    let part = written.get(..cut).unwrap_or_default().to_vec();
                    apply(&mut bytes, &Change::Write(*offset, part));
                }
                _ => {}
            }
        }
        bytes
    }
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Length(length) => bytes.resize(*length, 0),
        Change::Write(offset, written) => {
            let end = offset.saturating_add(written.len());
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            if let Some(place) = bytes.get_mut(*offset..end) {
                place.copy_from_slice(written);
            }
        }
    }
}

fn rename(names: &mut BTreeMap<PathBuf, usize>, change: &Name) {
    match change {
        Name::Made(path, inode) => {
            names.insert(path.clone(), *inode);
        }
        Name::Renamed(from, to, inode) => {
            names.remove(from);
            names.insert(to.clone(), *inode);
        }
        Name::Removed(path) => {
            names.remove(path);
        }
    }
}

impl Name {
    fn is_in(&self, folder: &Path) -> bool {
        match self {
            Self::Made(path, _) | Self::Removed(path) | Self::Renamed(_, path, _) => {
                path.parent() == Some(folder)
            }
        }
    }
}

impl FileLayer for FaultyFiles {
    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn LayerFile>> {
        let mut model = self.lock();
        model.permit(Operation::Other)?;
        model.adopt(path)?;
        let real = SystemFiles.open(path, access)?;
        let inode = match model.live.get(path) {
            Some(inode) => *inode,
            None => {
                let inode = model.files.len();
                model.files.push(Inode::default());
                model.live.insert(path.to_path_buf(), inode);
                model.names.push(Name::Made(path.to_path_buf(), inode));
                inode
            }
        };
        Ok(Box::new(FaultyFile { model: Arc::clone(&self.model), inode, real }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut model = self.lock();
        model.permit(Operation::Other)?;
        model.adopt(from)?;
        model.adopt(to)?;
        SystemFiles.rename(from, to)?;
        if let Some(inode) = model.live.remove(from) {
            model.live.insert(to.to_path_buf(), inode);
            model.names.push(Name::Renamed(from.to_path_buf(), to.to_path_buf(), inode));
        }
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut model = self.lock();
        model.permit(Operation::Other)?;
        model.adopt(path)?;
        SystemFiles.remove(path)?;
        model.live.remove(path);
        model.names.push(Name::Removed(path.to_path_buf()));
        Ok(())
    }

    fn create_folder(&self, path: &Path, access: Access) -> io::Result<()> {
        let mut model = self.lock();
        model.permit(Operation::Other)?;
        SystemFiles.create_folder(path, access)?;
        model.folders.insert(path.to_path_buf());
        Ok(())
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        let mut model = self.lock();
        model.permit(Operation::Sync)?;
        model.folders.retain(|folder| folder.parent() != Some(path));
        let names = std::mem::take(&mut model.names);
        let (synced, rest) = names.into_iter().partition::<Vec<_>, _>(|name| name.is_in(path));
        model.names = rest;
        for name in &synced {
            rename(&mut model.durable, name);
        }
        Ok(())
    }

    fn sync_disk(&self, _folder: &Path) -> io::Result<bool> {
        let mut model = self.lock();
        model.permit(Operation::Sync)?;
        for file in &mut model.files {
            file.durable.clone_from(&file.live);
            file.changes.clear();
        }
        model.folders.clear();
        for name in std::mem::take(&mut model.names) {
            rename(&mut model.durable, &name);
        }
        Ok(true)
    }

    fn free_bytes(&self, _path: &Path) -> io::Result<u64> {
        Ok(self.lock().free)
    }
}

impl LayerFile for FaultyFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut model = lock(&self.model);
        let permit = model.permit(Operation::Write)?;
        let place = usize::try_from(offset).unwrap_or(usize::MAX);
        let (written, error) = match permit {
            Permit::Go => (bytes, None),
            Permit::Half(error) => {
                let cut = model.draw(bytes.len().saturating_add(1));
                (bytes.get(..cut).unwrap_or_default(), Some(error))
            }
        };
        model.change(self.inode, Change::Write(place, written.to_vec()));
        self.real.write_at(offset, written)?;
        error.map_or(Ok(()), Err)
    }

    fn set_len(&mut self, length: u64) -> io::Result<()> {
        let mut model = lock(&self.model);
        model.permit(Operation::Other)?;
        let cut = usize::try_from(length).unwrap_or(usize::MAX);
        model.change(self.inode, Change::Length(cut));
        self.real.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut model = lock(&self.model);
        model.permit(Operation::Sync)?;
        if let Some(file) = model.files.get_mut(self.inode) {
            file.durable.clone_from(&file.live);
            file.changes.clear();
        }
        Ok(())
    }
}

fn all_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests;
