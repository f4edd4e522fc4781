//! A disk in memory that loses power, tears, forgets, fills up, refuses and lies, and repeats all of it for a seed.
//!
//! What it promises is what a disk and a filesystem promise and no more:
//! - a sector (512 bytes or 4 KiB, chosen at each loss of power) is written whole or not at all; what was not synced
//!   survives sector by sector, in any order, each as any unsynced write left it;
//! - a file's length is changed or not, apart from its content; where content was lost, zeros are read;
//! - a name that was made, changed or removed is durable after a sync of its directory and not before, each on its own;
//! - a sync that failed may have written any of it, and may have marked all of it as written (as Linux does): what is read
//!   then is not what the disk has, and a later sync does not help;
//! - a process that is killed loses nothing but what it was just writing.

use super::chance::{Chance, mix};
use crate::embedded::disk::{Disk, DiskFile, Mapped, Mode};
use parking_lot::{Mutex, MutexGuard};
use std::any::Any;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

const PAGE_BYTES: usize = 4096;
const SECTOR_BYTES: u64 = 512;
/// What a rename is in the trace.
const RENAME: u64 = 4;

/// Is told whether a file is being renamed.
type Meanwhile = Rc<dyn Fn(bool)>;

thread_local! {
    /// What else may happen on this thread while a disk operation is waited for.
    static MEANWHILE: RefCell<Option<Meanwhile>> = const { RefCell::new(None) };
}

/// Has `meanwhile` called before every operation that changes a disk from this thread.
pub fn set_meanwhile(meanwhile: Option<Meanwhile>) {
    MEANWHILE.with(|cell| *cell.borrow_mut() = meanwhile);
}

fn meanwhile(is_rename: bool) {
    if let Some(call) = MEANWHILE.with(|cell| cell.borrow().clone()) {
        call(is_rename);
    }
}

#[derive(Clone)]
enum Node {
    File(Arc<Mutex<Content>>),
    Directory,
}

type Names = BTreeMap<PathBuf, Node>;

/// A change of a directory that is not durable.
enum Change {
    Made(PathBuf, Node),
    Renamed(PathBuf, PathBuf, Node),
    Removed(PathBuf),
}

#[derive(Default)]
struct Content {
    /// What is read.
    now: Vec<u8>,
    /// What the disk has.
    durable: Vec<u8>,
    /// What was read after each operation that is not synced.
    versions: Vec<Vec<u8>>,
    /// Pages that are not synced, with the first version in which they were changed.
    dirty: BTreeMap<usize, usize>,
    /// Which versions cut the file, and to which length.
    cuts: Vec<(usize, usize)>,
}

/// How much of what was not synced a loss of power leaves.
#[derive(Clone, Copy)]
enum Left {
    Nothing,
    Everything,
    Some,
}

/// What goes wrong, always until it is changed.
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

/// What goes wrong once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The power is lost at an operation that changes something: it may have happened in part.
    PowerLoss,
    /// The process is killed at such an operation.
    Kill,
    /// The disk is full for so many operations; a write may have happened in part.
    Full(u64),
    /// A write fails, having happened in part.
    Write,
    /// A sync of a file fails.
    Sync,
    /// An operation on names fails.
    Names,
    /// A read fails.
    Read,
    /// A bit of what is read is another one; what is stored is not changed.
    ReadFlip,
}

struct State {
    names: Names,
    durable_names: Names,
    changes: Vec<Change>,
    faults: Faults,
    chance: Chance,
    /// At which operation from now on which trouble comes.
    trouble: Option<(u64, Trouble)>,
    happened: Option<Trouble>,
    full_for: u64,
    off: bool,
    trace: u64,
    operations: u64,
}

struct World {
    state: Mutex<State>,
    locks: Mutex<BTreeSet<PathBuf>>,
}

/// A disk in memory.
#[derive(Clone)]
pub struct SimulatedDisk(Arc<World>);

struct SimulatedFile {
    content: Arc<Mutex<Content>>,
    world: Arc<World>,
    name: u64,
}

struct Lock(Arc<World>, PathBuf);

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.locks.lock().remove(&self.1);
    }
}

impl Default for SimulatedDisk {
    fn default() -> Self {
        Self::seeded(0)
    }
}

impl SimulatedDisk {
    pub fn seeded(seed: u64) -> Self {
        let state = State {
            names: Names::new(),
            durable_names: Names::new(),
            changes: Vec::new(),
            faults: Faults::default(),
            chance: Chance::new(seed),
            trouble: None,
            happened: None,
            full_for: 0,
            off: false,
            trace: 0,
            operations: 0,
        };
        Self(Arc::new(World { state: Mutex::new(state), locks: Mutex::default() }))
    }

    /// Changes what goes wrong from now on.
    pub fn faults(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.0.state.lock().faults);
    }

    /// What comes after so many more operations; replaces what has not come yet.
    pub fn plan(&self, trouble: Option<(u64, Trouble)>) {
        let mut state = self.0.state.lock();
        state.trouble = trouble;
        state.full_for = 0;
        state.happened = None;
    }

    /// Which trouble came since [`SimulatedDisk::plan`].
    pub fn happened(&self) -> Option<Trouble> {
        self.0.state.lock().happened
    }

    /// The trouble that is planned or came.
    pub fn planned_or_happened(&self) -> Option<Trouble> {
        let state = self.0.state.lock();
        state.happened.or(state.trouble.map(|(_, trouble)| trouble))
    }

    /// Nothing works any more until the machine starts again.
    pub fn switch_off(&self) {
        self.0.state.lock().off = true;
    }

    pub fn is_off(&self) -> bool {
        self.0.state.lock().off
    }

    /// Everything that was done and read so far, as one number.
    pub fn trace(&self) -> u64 {
        self.0.state.lock().trace
    }

    pub fn operations(&self) -> u64 {
        self.0.state.lock().operations
    }

    /// Works again after a kill: everything is as it was read before.
    pub fn restart_after_kill(&self) {
        self.restart();
    }

    /// Works again after a loss of power: what was not synced survived or not, as the seed has it.
    pub fn restart_after_power_loss(&self) {
        {
            let state = &mut *self.0.state.lock();
            let sector = state.chance.pick(&[512, PAGE_BYTES]);
            let left = state.chance.pick(&[Left::Nothing, Left::Everything, Left::Some, Left::Some, Left::Some]);
            let mut names = std::mem::take(&mut state.durable_names);
            for change in state.changes.drain(..) {
                let survives = match left {
                    Left::Nothing => false,
                    Left::Everything => true,
                    Left::Some => state.chance.one_in(2),
                };
                if survives {
                    apply(&mut names, change);
                }
            }
            drop_orphans(&mut names);
            for node in names.values() {
                if let Node::File(content) = node {
                    content.lock().lose_power(&mut state.chance, sector, left);
                }
            }
            state.durable_names = names.clone();
            state.names = names;
        }
        self.restart();
    }

    fn restart(&self) {
        let mut state = self.0.state.lock();
        state.off = false;
        state.trouble = None;
        state.full_for = 0;
        self.0.locks.lock().clear();
    }

    /// The disk after the power was cut: `survives` chooses each file's content from what was durable and what was
    /// written last.
    pub fn after_crash(&self, survives: impl Fn(&Path, &[u8], &[u8]) -> Vec<u8>) -> Self {
        let after = Self::default();
        for (path, node) in &self.0.state.lock().durable_names {
            if let Node::File(content) = node {
                let content = content.lock();
                after.put(path, survives(path, &content.durable, &content.now));
            }
        }
        after
    }

    /// The disk after the power was cut, with nothing that was not synced.
    pub fn after_power_loss(&self) -> Self {
        self.after_crash(|_, durable, _| durable.to_vec())
    }

    /// A file's content as it is now.
    pub fn get(&self, path: &Path) -> Option<Vec<u8>> {
        match self.0.state.lock().names.get(path)? {
            Node::File(content) => Some(content.lock().now.clone()),
            Node::Directory => None,
        }
    }

    /// Puts a file there, durably.
    pub fn put(&self, path: &Path, bytes: Vec<u8>) {
        let content = Content { now: bytes.clone(), durable: bytes, ..Content::default() };
        let node = Node::File(Arc::new(Mutex::new(content)));
        let state = &mut *self.0.state.lock();
        for names in [&mut state.names, &mut state.durable_names] {
            path.ancestors().skip(1).for_each(|dir| drop(names.insert(dir.to_owned(), Node::Directory)));
            names.insert(path.to_owned(), node.clone());
        }
    }

    /// The files that are there now.
    pub fn files(&self) -> Vec<PathBuf> {
        let state = self.0.state.lock();
        let files = state.names.iter().filter(|(_, node)| matches!(node, Node::File(_)));
        files.map(|(path, _)| path.clone()).collect()
    }
}

fn apply(names: &mut Names, change: Change) {
    match change {
        Change::Made(path, node) => drop(names.insert(path, node)),
        Change::Renamed(from, to, node) => {
            if let (Some(Node::File(there)), Node::File(moved)) = (names.get(&from), &node)
                && Arc::ptr_eq(there, moved)
            {
                names.remove(&from);
            }
            names.insert(to, node);
        }
        Change::Removed(path) => drop(names.remove(&path)),
    }
}

/// What lies in a directory that is lost is lost.
fn drop_orphans(names: &mut Names) {
    let is_root = |dir: &Path| dir.parent().is_none();
    let there: Vec<PathBuf> =
        names.iter().filter(|(_, node)| matches!(node, Node::Directory)).map(|(path, _)| path.clone()).collect();
    let known = |dir: &Path| is_root(dir) || there.iter().any(|known| known == dir);
    names.retain(|path, _| path.ancestors().skip(1).all(known));
}

fn name_of(path: &Path) -> u64 {
    u64::from(crc32c::crc32c(path.as_os_str().as_encoded_bytes()))
}

fn refused<T>(kind: ErrorKind) -> io::Result<T> {
    Err(kind.into())
}

fn power_off<T>() -> io::Result<T> {
    Err(io::Error::other("the power is off"))
}

/// What an operation is, for the trouble that concerns it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    Write,
    Sync,
    Names,
}

/// How an operation goes.
enum Way {
    Well,
    /// It happens in part or not at all, and is answered with this.
    Wrong(io::Error),
    /// What is read is changed.
    Flipped,
}

impl World {
    /// Counts an operation and decides how it goes. The parts say what is done, for the trace.
    fn begin(&self, kind: Kind, parts: [u64; 4]) -> io::Result<(MutexGuard<'_, State>, Way)> {
        if kind != Kind::Read {
            meanwhile(parts[0] == RENAME);
        }
        let mut guard = self.state.lock();
        let state = &mut *guard;
        if state.off {
            return power_off();
        }
        if kind != Kind::Read {
            state.faults.step()?;
        }
        state.operations += 1;
        for part in parts {
            state.trace = mix(state.trace ^ part).wrapping_add(part);
        }
        let way = state.way(kind);
        Ok((guard, way))
    }
}

impl State {
    fn way(&mut self, kind: Kind) -> Way {
        if self.full_for > 0 && kind != Kind::Read {
            self.full_for -= 1;
            if kind != Kind::Sync {
                return Way::Wrong(ErrorKind::StorageFull.into());
            }
        }
        let Some((after, trouble)) = &mut self.trouble else { return Way::Well };
        if *after > 0 {
            *after -= 1;
            return Way::Well;
        }
        let trouble = *trouble;
        let changes = kind != Kind::Read;
        let way = match trouble {
            Trouble::PowerLoss | Trouble::Kill if changes => {
                self.off = true;
                Way::Wrong(io::Error::other("the power is off"))
            }
            Trouble::Full(operations) if changes && kind != Kind::Sync => {
                self.full_for = operations;
                Way::Wrong(ErrorKind::StorageFull.into())
            }
            Trouble::Write if kind == Kind::Write => Way::Wrong(io::Error::other("a write failed")),
            Trouble::Sync if kind == Kind::Sync => Way::Wrong(io::Error::other("a sync failed")),
            Trouble::Names if kind == Kind::Names => Way::Wrong(io::Error::other("a name was not changed")),
            Trouble::Read if kind == Kind::Read => Way::Wrong(io::Error::other("a read failed")),
            Trouble::ReadFlip if kind == Kind::Read => Way::Flipped,
            _ => return Way::Well,
        };
        self.trouble = None;
        self.happened = Some(trouble);
        way
    }

    /// Makes a change of names, or, where the operation goes wrong, perhaps makes it.
    fn change(&mut self, way: Way, change: Change) -> io::Result<()> {
        let error = match way {
            Way::Well | Way::Flipped => None,
            Way::Wrong(error) => Some(error),
        };
        if error.is_none() || (self.off && self.chance.one_in(2)) {
            let again = match &change {
                Change::Made(path, node) => Change::Made(path.clone(), node.clone()),
                Change::Renamed(from, to, node) => Change::Renamed(from.clone(), to.clone(), node.clone()),
                Change::Removed(path) => Change::Removed(path.clone()),
            };
            apply(&mut self.names, again);
            self.changes.push(change);
        }
        error.map_or(Ok(()), Err)
    }
}

impl Content {
    fn touch(&mut self, from: usize, to: usize) {
        for page in from / PAGE_BYTES..to.div_ceil(PAGE_BYTES) {
            self.dirty.entry(page).or_insert(self.versions.len());
        }
    }

    fn write(&mut self, bytes: &[u8], offset: usize) {
        let end = offset + bytes.len();
        if self.now.len() < end {
            self.now.resize(end, 0);
        }
        self.now[offset..end].copy_from_slice(bytes);
        self.touch(offset, end);
        self.versions.push(self.now.clone());
    }

    fn set_len(&mut self, len: usize) {
        if len < self.now.len() {
            self.cuts.push((self.versions.len(), len));
        }
        self.now.resize(len, 0);
        self.versions.push(self.now.clone());
    }

    fn sync(&mut self) {
        if let Some(cut) = self.cuts.iter().map(|(_, len)| *len).min() {
            self.durable.truncate(cut);
        }
        self.durable.resize(self.now.len(), 0);
        for page in self.dirty.keys() {
            let end = ((page + 1) * PAGE_BYTES).min(self.now.len());
            let start = (page * PAGE_BYTES).min(end);
            self.durable[start..end].copy_from_slice(&self.now[start..end]);
        }
        self.forget();
    }

    /// Nothing is known to be unsynced any more.
    fn forget(&mut self) {
        self.versions.clear();
        self.dirty.clear();
        self.cuts.clear();
    }

    fn lose_power(&mut self, chance: &mut Chance, sector: usize, left: Left) {
        self.durable = self.survivors(chance, sector, left);
        self.now.clone_from(&self.durable);
        self.forget();
    }

    /// What the disk has when nothing more is written.
    fn survivors(&self, chance: &mut Chance, sector: usize, left: Left) -> Vec<u8> {
        let count = self.versions.len();
        let mut choose = |end: usize| match left {
            Left::Nothing => 0,
            Left::Everything => end,
            Left::Some => chance.below(end as u64 + 1) as usize,
        };
        // 0 is what is durable, n the n-th version.
        let length = choose(count);
        let size = length.checked_sub(1).map_or(self.durable.len(), |version| self.versions[version].len());
        let cuts = || self.cuts.iter().filter(|(version, _)| *version < length);
        let mut out = self.durable.clone();
        out.truncate(cuts().map(|(_, len)| *len).min().unwrap_or(usize::MAX));
        out.resize(size, 0);
        for (page, first) in &self.dirty {
            let mut start = page * PAGE_BYTES;
            while start < ((page + 1) * PAGE_BYTES).min(size) {
                let end = (start + sector).min(size);
                let cut = cuts().filter(|(_, len)| *len < end).map(|(version, _)| *version).max();
                let first = cut.map_or(*first, |cut| cut.max(*first));
                if let Some(version) = choose(count - first).checked_sub(1) {
                    let version = &self.versions[first + version];
                    let there = end.min(version.len()).max(start);
                    out[start..there].copy_from_slice(&version[start.min(version.len())..there.min(version.len())]);
                    out[there..end].fill(0);
                }
                start += sector;
            }
        }
        out
    }
}

impl Disk for SimulatedDisk {
    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        let (mut state, way) = self.0.begin(Kind::Names, [1, name_of(dir), 0, 0])?;
        let there = |path: &Path| path.parent().is_none() || state.names.contains_key(path);
        if there(dir) {
            return refused(ErrorKind::AlreadyExists);
        }
        if !dir.parent().is_none_or(there) {
            return refused(ErrorKind::NotFound);
        }
        state.change(way, Change::Made(dir.to_owned(), Node::Directory))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let (state, way) = self.0.begin(Kind::Read, [2, name_of(dir), 0, 0])?;
        if let Way::Wrong(error) = way {
            return Err(error);
        }
        let files = state.names.iter().filter(|(_, node)| matches!(node, Node::File(_)));
        let here = files.map(|(path, _)| path).filter(|path| path.parent() == Some(dir));
        Ok(here.filter_map(|path| path.file_name()?.to_str().map(str::to_owned)).collect())
    }

    fn open(&self, path: &Path, mode: Mode) -> io::Result<Arc<dyn DiskFile>> {
        let name = name_of(path);
        let kind = if mode == Mode::Create { Kind::Names } else { Kind::Read };
        let (mut state, way) = self.0.begin(kind, [3, name, mode as u64, 0])?;
        let there = match state.names.get(path) {
            Some(Node::File(content)) => Some(Arc::clone(content)),
            Some(Node::Directory) => return refused(ErrorKind::IsADirectory),
            None => None,
        };
        let content = match (mode, there) {
            (Mode::Create, None) => {
                let content = Arc::<Mutex<Content>>::default();
                state.change(way, Change::Made(path.to_owned(), Node::File(Arc::clone(&content))))?;
                content
            }
            (_, None) => return refused(ErrorKind::NotFound),
            (mode, Some(content)) => {
                if let Way::Wrong(error) = way {
                    return Err(error);
                }
                if mode == Mode::Create {
                    content.lock().set_len(0);
                }
                content
            }
        };
        Ok(Arc::new(SimulatedFile { content, world: Arc::clone(&self.0), name }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (mut state, way) = self.0.begin(Kind::Names, [RENAME, name_of(from), name_of(to), 0])?;
        let node = state.names.get(from).cloned().ok_or(ErrorKind::NotFound)?;
        state.change(way, Change::Renamed(from.to_owned(), to.to_owned(), node))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let (mut state, way) = self.0.begin(Kind::Names, [5, name_of(path), 0, 0])?;
        if !state.names.contains_key(path) {
            return refused(ErrorKind::NotFound);
        }
        state.change(way, Change::Removed(path.to_owned()))
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let (mut state, way) = self.0.begin(Kind::Names, [6, name_of(dir), 0, 0])?;
        if let Way::Wrong(error) = way {
            return Err(error);
        }
        let state = &mut *state;
        let here = |path: &Path| path.parent() == Some(dir);
        state.durable_names.retain(|path, _| !here(path));
        let now = state.names.iter().filter(|(path, _)| here(path));
        state.durable_names.extend(now.map(|(path, node)| (path.clone(), node.clone())));
        state.changes.retain(|change| match change {
            Change::Made(path, _) | Change::Renamed(_, path, _) | Change::Removed(path) => !here(path),
        });
        Ok(())
    }

    fn map(&self, path: &Path) -> io::Result<Mapped> {
        let (mut state, way) = self.0.begin(Kind::Read, [7, name_of(path), 0, 0])?;
        let mut bytes = match state.names.get(path) {
            Some(Node::File(content)) => content.lock().now.clone(),
            Some(Node::Directory) | None => return refused(ErrorKind::NotFound),
        };
        state.read(way, &mut bytes)?;
        Ok(Mapped::Owned(bytes))
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Any + Send>>> {
        let free = self.0.locks.lock().insert(path.to_owned());
        Ok(if free { Some(Box::new(Lock(Arc::clone(&self.0), path.to_owned()))) } else { None })
    }
}

impl State {
    /// What was read, or not quite.
    fn read(&mut self, way: Way, bytes: &mut [u8]) -> io::Result<()> {
        match way {
            Way::Wrong(error) => return Err(error),
            Way::Flipped if !bytes.is_empty() => {
                let at = self.chance.below(bytes.len() as u64) as usize;
                bytes[at] ^= 1 << self.chance.below(8);
            }
            Way::Well | Way::Flipped => {}
        }
        let crc = u64::from(crc32c::crc32c(bytes));
        self.trace = mix(self.trace ^ crc);
        Ok(())
    }
}

impl DiskFile for SimulatedFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let (mut state, way) = self.world.begin(Kind::Read, [8, self.name, offset, buffer.len() as u64])?;
        {
            let content = self.content.lock();
            let start = offset as usize;
            let bytes = content.now.get(start..start + buffer.len()).ok_or(ErrorKind::UnexpectedEof)?;
            buffer.copy_from_slice(bytes);
        }
        state.read(way, buffer)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let crc = u64::from(crc32c::crc32c(bytes));
        let (mut state, way) = self.world.begin(Kind::Write, [9, self.name, offset, crc])?;
        if let Some(kind) = state.faults.write {
            return refused(kind);
        }
        let length = self.content.lock().now.len();
        let takes_room = offset as usize + bytes.len() > length || bytes.iter().any(|byte| *byte != 0);
        let room = state.faults.room.filter(|_| takes_room);
        let mut fits = room.map_or(bytes.len(), |room| bytes.len().min(room as usize));
        state.faults.room = state.faults.room.map(|left| if takes_room { left - fits as u64 } else { left });
        let error = match way {
            Way::Wrong(error) => {
                // A system call that ends early ends at a page of the file, and a sector is less than that.
                let cut = (offset + state.chance.below(fits as u64 + 1)) / SECTOR_BYTES * SECTOR_BYTES;
                fits = if state.chance.one_in(3) { fits } else { cut.saturating_sub(offset) as usize };
                Some(error)
            }
            Way::Well | Way::Flipped if fits < bytes.len() => Some(ErrorKind::StorageFull.into()),
            Way::Well | Way::Flipped => None,
        };
        if fits > 0 {
            self.content.lock().write(&bytes[..fits], offset as usize);
        }
        error.map_or(Ok(()), Err)
    }

    fn sync(&self) -> io::Result<()> {
        let (mut state, way) = self.world.begin(Kind::Sync, [10, self.name, 0, 0])?;
        if let Some(kind) = state.faults.sync {
            return refused(kind);
        }
        let mut content = self.content.lock();
        match way {
            Way::Well | Way::Flipped => content.sync(),
            Way::Wrong(error) => {
                let written = content.survivors(&mut state.chance, 512, Left::Some);
                if !state.off && state.chance.one_in(2) {
                    // What could not be written is taken for written from now on.
                    content.durable = written;
                    content.forget();
                }
                return Err(error);
            }
        }
        Ok(())
    }

    fn size(&self) -> io::Result<u64> {
        let (_state, way) = self.world.begin(Kind::Read, [11, self.name, 0, 0])?;
        match way {
            Way::Wrong(error) => Err(error),
            Way::Well | Way::Flipped => Ok(self.content.lock().now.len() as u64),
        }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let (_state, way) = self.world.begin(Kind::Write, [12, self.name, len, 0])?;
        match way {
            Way::Wrong(error) => Err(error),
            Way::Well | Way::Flipped => {
                self.content.lock().set_len(len as usize);
                Ok(())
            }
        }
    }
}
