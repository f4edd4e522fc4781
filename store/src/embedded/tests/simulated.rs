//! A disk in memory that can lose what was not synced, fill up, and refuse.

use crate::embedded::disk::{Disk, DiskFile, Mapped, Mode};
use parking_lot::Mutex;
use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

type Names = HashMap<PathBuf, Arc<Mutex<Content>>>;

#[derive(Default)]
struct Content {
    now: Vec<u8>,
    durable: Vec<u8>,
}

/// What goes wrong.
#[derive(Default)]
pub struct Faults {
    /// Every sync of a file fails with this.
    pub sync: Option<ErrorKind>,
    /// So many more bytes are written before the disk is full. Zeros over what a file has already take none.
    pub room: Option<u64>,
    /// Every write fails with this.
    pub write: Option<ErrorKind>,
    /// So many more things are changed before everything fails.
    pub steps: Option<u64>,
}

impl Faults {
    fn step(&mut self) -> io::Result<()> {
        match &mut self.steps {
            None => Ok(()),
            Some(0) => Err(ErrorKind::Other.into()),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
        }
    }
}

#[derive(Default)]
struct World {
    names: Mutex<Names>,
    durable_names: Mutex<Names>,
    locks: Mutex<HashSet<PathBuf>>,
    faults: Mutex<Faults>,
}

/// A disk in memory.
#[derive(Clone, Default)]
pub struct SimulatedDisk(Arc<World>);

struct SimulatedFile {
    content: Arc<Mutex<Content>>,
    world: Arc<World>,
}

struct Lock(Arc<World>, PathBuf);

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.locks.lock().remove(&self.1);
    }
}

impl SimulatedDisk {
    /// Changes what goes wrong from now on.
    pub fn faults(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.0.faults.lock());
    }

    /// The disk after the power was cut: `survives` chooses each file's content from what was durable and what was
    /// written last.
    pub fn after_crash(&self, survives: impl Fn(&Path, &[u8], &[u8]) -> Vec<u8>) -> Self {
        let after = Self::default();
        for (path, content) in self.0.durable_names.lock().iter() {
            let content = content.lock();
            after.put(path, survives(path, &content.durable, &content.now));
        }
        after
    }

    /// The disk after the power was cut, with nothing that was not synced.
    pub fn after_power_loss(&self) -> Self {
        self.after_crash(|_, durable, _| durable.to_vec())
    }

    /// A file's content as it is now.
    pub fn get(&self, path: &Path) -> Option<Vec<u8>> {
        self.0.names.lock().get(path).map(|content| content.lock().now.clone())
    }

    /// Puts a file there, durably.
    pub fn put(&self, path: &Path, bytes: Vec<u8>) {
        let content = Arc::new(Mutex::new(Content { now: bytes.clone(), durable: bytes }));
        self.0.names.lock().insert(path.to_owned(), Arc::clone(&content));
        self.0.durable_names.lock().insert(path.to_owned(), content);
    }
}

impl Disk for SimulatedDisk {
    fn create_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let names = self.0.names.lock();
        let here = names.keys().filter(|path| path.parent() == Some(dir));
        Ok(here.filter_map(|path| path.file_name()?.to_str().map(str::to_owned)).collect())
    }

    fn open(&self, path: &Path, mode: Mode) -> io::Result<Arc<dyn DiskFile>> {
        if mode == Mode::Create {
            self.0.faults.lock().step()?;
        }
        let mut names = self.0.names.lock();
        let content = match (mode, names.get(path)) {
            (Mode::Create, None) => {
                let content = Arc::default();
                names.insert(path.to_owned(), Arc::clone(&content));
                content
            }
            (Mode::Create, Some(content)) => {
                content.lock().now.clear();
                Arc::clone(content)
            }
            (_, Some(content)) => Arc::clone(content),
            (_, None) => return Err(ErrorKind::NotFound.into()),
        };
        Ok(Arc::new(SimulatedFile { content, world: Arc::clone(&self.0) }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.faults.lock().step()?;
        let mut names = self.0.names.lock();
        let content = names.remove(from).ok_or(ErrorKind::NotFound)?;
        names.insert(to.to_owned(), content);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.faults.lock().step()?;
        self.0.names.lock().remove(path).map(drop).ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        self.0.faults.lock().step()?;
        *self.0.durable_names.lock() = self.0.names.lock().clone();
        Ok(())
    }

    fn map(&self, path: &Path) -> io::Result<Mapped> {
        self.get(path).map(Mapped::Owned).ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Any + Send>>> {
        let free = self.0.locks.lock().insert(path.to_owned());
        Ok(if free { Some(Box::new(Lock(Arc::clone(&self.0), path.to_owned()))) } else { None })
    }
}

impl DiskFile for SimulatedFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let content = self.content.lock();
        let start = offset as usize;
        let bytes = content.now.get(start..start + buffer.len()).ok_or(ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut faults = self.world.faults.lock();
        faults.step()?;
        if let Some(kind) = faults.write {
            return Err(kind.into());
        }
        let mut content = self.content.lock();
        let takes_room = offset as usize + bytes.len() > content.now.len() || bytes.iter().any(|byte| *byte != 0);
        let room = faults.room.filter(|_| takes_room);
        let fits = room.map_or(bytes.len(), |room| bytes.len().min(room as usize));
        faults.room = faults.room.map(|left| if takes_room { left - fits as u64 } else { left });
        let end = offset as usize + fits;
        if content.now.len() < end {
            content.now.resize(end, 0);
        }
        content.now[offset as usize..end].copy_from_slice(&bytes[..fits]);
        if fits < bytes.len() { Err(ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn sync(&self) -> io::Result<()> {
        self.world.faults.lock().step()?;
        if let Some(kind) = self.world.faults.lock().sync {
            return Err(kind.into());
        }
        let mut content = self.content.lock();
        content.durable = content.now.clone();
        Ok(())
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.content.lock().now.len() as u64)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.content.lock().now.resize(len as usize, 0);
        Ok(())
    }
}
