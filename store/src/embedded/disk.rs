//! The engine's only way to the disk: a small trait, so that tests can tear, lose and fill a simulated one.

use std::any::Any;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::ops::Deref;
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::Path;
use std::sync::Arc;

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// An existing file, for reading only.
    Read,
    /// An existing file, for reading and writing.
    Write,
    /// A new, empty file for reading and writing; what stood there is cut to nothing.
    Create,
}

/// A directory tree on something that keeps bytes. Every error is the operating system's.
pub trait Disk: Send + Sync + 'static {
    /// Makes a directory for its owner alone in one that is there: `AlreadyExists` if it stands there, `NotFound` if its parent does not.
    /// Durable after [`Disk::sync_dir`] of the parent.
    fn make_dir(&self, dir: &Path) -> io::Result<()>;
    /// The names of the plain files in a directory, in no order. Names that are not UTF-8 are left out.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;
    /// Opens a file.
    fn open(&self, path: &Path, mode: Mode) -> io::Result<Arc<dyn DiskFile>>;
    /// Renames a file over another one, atomically. Durable after [`Disk::sync_dir`].
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes creations, renames and removals in a directory durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
    /// The whole content of a file that will never change again.
    fn map(&self, path: &Path) -> io::Result<Mapped>;
    /// Takes the exclusive lock of a file, making it if needed; `None` if somebody else has it. The lock ends with the
    /// returned value.
    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Any + Send>>>;
}

/// An open file. Offsets and lengths are in bytes from its start.
pub trait DiskFile: Send + Sync {
    /// Fills `buffer` from `offset` on; `UnexpectedEof` if the file ends before.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
    /// Writes all of `bytes` at `offset`. After an error any part may have been written.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Makes the content durable, and the length where that changed.
    fn sync(&self) -> io::Result<()>;
    /// The length.
    fn size(&self) -> io::Result<u64>;
    /// Cuts the file, or extends it by a hole.
    fn set_len(&self, len: u64) -> io::Result<()>;
}

/// The content of an immutable file.
pub enum Mapped {
    /// A memory map.
    Map(memmap2::Mmap),
    /// A copy, from disks that are not real.
    Owned(Vec<u8>),
}

impl Deref for Mapped {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            Mapped::Map(map) => map,
            Mapped::Owned(bytes) => bytes,
        }
    }
}

/// The operating system's files.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        // Whom words were said to, and when, stands in a log in clear: it is its owner's alone.
        std::fs::DirBuilder::new().mode(0o700).create(dir)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(dir)? {
            let entry = entry?;
            if let (true, Ok(name)) = (entry.file_type()?.is_file(), entry.file_name().into_string()) {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn open(&self, path: &Path, mode: Mode) -> io::Result<Arc<dyn DiskFile>> {
        let file = match mode {
            Mode::Read => File::open(path)?,
            Mode::Write => OpenOptions::new().read(true).write(true).open(path)?,
            Mode::Create => OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?,
        };
        Ok(Arc::new(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    #[expect(unsafe_code, reason = "a memory map of an index file, which is never written after its rename")]
    fn map(&self, path: &Path) -> io::Result<Mapped> {
        let file = File::open(path)?;
        // SAFETY: index files come into being by a rename and are replaced only by another rename, so the mapped inode
        // is not written or cut while it is mapped; the directory's lock keeps other writers of ours away.
        Ok(Mapped::Map(unsafe { memmap2::Mmap::map(&file)? }))
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Any + Send>>> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

impl DiskFile for File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.read_exact_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        File::set_len(self, len)
    }
}

/// Makes a directory and those above it, durably: without the entry of any of them the whole log would be gone after a loss
/// of power. Also of those that are there already: whoever made them may have been stopped before the sync.
pub fn make_dirs(disk: &dyn Disk, dir: &Path) -> io::Result<()> {
    let missing = |made: &io::Result<()>| made.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound);
    let mut made = disk.make_dir(dir);
    if missing(&made) {
        if let Some(parent) = parent(dir) {
            make_dirs(disk, parent)?;
        }
        made = disk.make_dir(dir);
    }
    match made {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let Some(mut above) = parent(dir) else { return Ok(()) };
    disk.sync_dir(above)?;
    while let Some(next) = parent(above) {
        match disk.sync_dir(next) {
            // Not ours to open: then nobody of us made an entry there.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => return Ok(()),
            synced => synced?,
        }
        above = next;
    }
    Ok(())
}

/// A relative path ends with the directory that the process runs in, which it did not make.
fn parent(dir: &Path) -> Option<&Path> {
    let parent = if dir == Path::new(".") { None } else { dir.parent() };
    parent.map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent })
}

/// Bytes that are synced at once: more would hold up the log's own syncs on the same device.
const REPLACE_PIECE_BYTES: usize = 1 << 20;

/// Writes a file so that after a crash either the old or the new content stands there, never a part: beside it
/// under `<name>.new`, synced, renamed, directory synced.
pub fn replace(disk: &dyn Disk, dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let beside = dir.join(format!("{name}.new"));
    let file = disk.open(&beside, Mode::Create)?;
    let mut at = 0;
    for piece in bytes.chunks(REPLACE_PIECE_BYTES) {
        file.write_at(piece, at)?;
        file.sync()?;
        at += piece.len() as u64;
    }
    disk.rename(&beside, &dir.join(name))?;
    disk.sync_dir(dir)
}

/// The whole content of a small file.
pub fn read_whole(disk: &dyn Disk, path: &Path) -> io::Result<Vec<u8>> {
    let file = disk.open(path, Mode::Read)?;
    let mut bytes = vec![0; usize::try_from(file.size()?).map_err(io::Error::other)?];
    file.read_at(&mut bytes, 0)?;
    Ok(bytes)
}
