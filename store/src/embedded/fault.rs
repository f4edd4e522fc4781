//! Why a log does not open.

use domain::ids::Position;
use std::io;

/// Why a log does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenFault {
    /// Another process has the directory.
    #[error("the log is in use by another process")]
    Locked,
    /// There is no log, and none may be made.
    #[error("there is no log in this directory")]
    Missing,
    /// Something that had been durable is not what it was.
    #[error("the log is damaged at position {0}: {1}")]
    Damaged(Position, String),
    /// The header is not readable.
    #[error("the log's header is damaged: {0}")]
    Header(&'static str),
    /// An entry in the file of truncations and tombstones is lost, and later ones are there: what it hid would be shown
    /// again.
    #[error("the file `marks` of truncated and deleted streams is damaged at byte {0}")]
    Marks(usize),
    /// The files are of another version of the format.
    #[error("the log has format version {0}, which this program does not know")]
    Version(u32),
    /// The log's names were made with another hash key.
    #[error("the keys store holds another hash key than this log was made with")]
    KeyCheck,
    /// The operating system refused.
    #[error("{0} failed")]
    Io(&'static str, #[source] io::Error),
}

impl OpenFault {
    /// Wraps an error of the operating system with what was being done.
    pub fn io(doing: &'static str, error: io::Error) -> Self {
        Self::Io(doing, error)
    }
}
