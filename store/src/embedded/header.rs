//! The log's header file: which log this is, and with which hash key its stream names were made.
//!
//! `log.header`, 64 bytes, little-endian: 0 "TIDINGSL"; 8 format version (4); 12 zeros (4); 16 log id (16);
//! 32 created, microseconds since the epoch (8); 40 check value of the hash key (16); 56 zeros (4); 60 CRC-32C of 0..60.

use super::disk::{self, Disk};
use super::fault::OpenFault;
use domain::clock::Time;
use domain::ids::LogId;
use std::io::ErrorKind;
use std::path::Path;
use uuid::Uuid;

/// The header's file name.
pub const FILE: &str = "log.header";
/// The version of the files that this program writes and reads.
pub const FORMAT_VERSION: u32 = 1;
const BYTES: usize = 64;
const MAGIC: &[u8; 8] = b"TIDINGSL";

/// What the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Random, renewed by restore and copy.
    pub log_id: LogId,
    /// When the log was made.
    pub created: Time,
    /// Says whether a keys store holds the hash key that this log was made with.
    pub key_check: [u8; 16],
}

impl Header {
    fn encode(&self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes[16..32].copy_from_slice(self.log_id.uuid().as_bytes());
        bytes[32..40].copy_from_slice(&self.created.micros().to_le_bytes());
        bytes[40..56].copy_from_slice(&self.key_check);
        let crc = crc32c::crc32c(&bytes[..60]);
        bytes[60..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Result<Self, OpenFault> {
        let damaged = || OpenFault::Header("its checksum or length is wrong");
        let bytes: &[u8; BYTES] = bytes.try_into().map_err(|_| damaged())?;
        let (content, crc) = bytes.split_at(60);
        if &content[..8] != MAGIC {
            return Err(OpenFault::Header("it is not a log's header"));
        }
        if crc32c::crc32c(content).to_le_bytes() != crc {
            return Err(damaged());
        }
        let version = u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
        if version != FORMAT_VERSION {
            return Err(OpenFault::Version(version));
        }
        let (mut log_id, mut created, mut key_check) = ([0; 16], [0; 8], [0; 16]);
        log_id.copy_from_slice(&bytes[16..32]);
        created.copy_from_slice(&bytes[32..40]);
        key_check.copy_from_slice(&bytes[40..56]);
        Ok(Self {
            log_id: LogId::new(Uuid::from_bytes(log_id)),
            created: Time::from_micros(i64::from_le_bytes(created)),
            key_check,
        })
    }
}

/// Reads the header of the log in `dir`; `None` if there is no log.
pub fn read(disk: &dyn Disk, dir: &Path) -> Result<Option<Header>, OpenFault> {
    match disk::read_whole(disk, &dir.join(FILE)) {
        Ok(bytes) => Header::decode(&bytes).map(Some),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(OpenFault::io("reading the header", error)),
    }
}

/// Writes the header of a new log, durably.
pub fn write(disk: &dyn Disk, dir: &Path, header: &Header) -> Result<(), OpenFault> {
    disk::replace(disk, dir, FILE, &header.encode()).map_err(|error| OpenFault::io("writing the header", error))
}
