//! What an operator wants to know of the search index before trusting it: whether its files are as they were written, whether it
//! opens, and how far it has come. Nothing is changed, and a server may write it meanwhile.

use super::index::Checkpoint;
use super::local::{NAME, current, directory};
use super::port::SearchFault;
use super::schema::Fields;
use crate::database::examine::{ReadModel, Standing};
use crate::run::fault::in_full;
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Instant;
use tantivy::directory::MmapDirectory;
use tantivy::directory::error::OpenReadError;
use tantivy::index::SegmentComponent;
use tantivy::{IndexMeta, SegmentReader, TantivyError};

/// Looks at a server's files that often, at most: each commit may take away some that are being looked at.
const LOOKS: usize = 5;
/// Without it there is no index in a directory.
const META: &str = "meta.json";
/// Bytes that are read between two looks at the clock.
const PIECE_BYTES: usize = 1 << 20;

/// Looks at the index below `root` that is served, `until` then at most. Waits for the disk.
///
/// # Panics
/// The library may, on files that are damaged and were not compared with their checksums in time.
pub fn examine(root: &Path, until: Instant) -> ReadModel {
    for _ in 0..LOOKS {
        // A rebuild may have switched to another one.
        let number = match current(root) {
            Ok(number) => number,
            Err(fault) => return model(root, unnamed(&fault)),
        };
        let place = directory(root, number);
        let before = std::fs::read(place.join(META)).ok();
        let looked = look(&place, until);
        let is_as_before =
            current(root).is_ok_and(|now| now == number) && std::fs::read(place.join(META)).ok() == before;
        match looked {
            // Whatever is not there may have been removed by whoever changed it.
            Ok(Standing::Missing) | Err(_) if !is_as_before => {}
            Err(Gone(file)) => return model(&place, Standing::Damaged(format!("{} is gone", file.display()))),
            Ok(standing) => return model(&place, standing),
        }
    }
    model(root, Standing::Sound { at: None, is_looked_through: false })
}

/// A file that is not there.
struct Gone(PathBuf);

fn model(place: &Path, standing: Standing) -> ReadModel {
    ReadModel { name: NAME, place: place.display().to_string(), standing }
}

/// Nothing tells which one is served.
fn unnamed(fault: &SearchFault) -> Standing {
    match fault {
        SearchFault::Directory(error) if error.kind() == ErrorKind::PermissionDenied => {
            Standing::Silent(error.to_string())
        }
        _ => Standing::Damaged(in_full(fault)),
    }
}

fn look(place: &Path, until: Instant) -> Result<Standing, Gone> {
    match std::fs::metadata(place.join(META)) {
        Ok(_) => {}
        Err(fault) if fault.kind() == ErrorKind::NotFound => return Ok(Standing::Missing),
        Err(fault) => return Ok(Standing::Silent(fault.to_string())),
    }
    match look_through(place, until) {
        Ok(standing) => Ok(standing),
        Err(TantivyError::OpenReadError(OpenReadError::FileDoesNotExist(file))) => Err(Gone(file)),
        Err(TantivyError::OpenReadError(OpenReadError::IoError { io_error, filepath })) => {
            let why = format!("{}: {io_error}", filepath.display());
            let is_kept_from_us = io_error.kind() == ErrorKind::PermissionDenied;
            Ok(if is_kept_from_us { Standing::Silent(why) } else { Standing::Damaged(why) })
        }
        Err(fault) => Ok(Standing::Damaged(in_full(&fault))),
    }
}

fn look_through(place: &Path, until: Instant) -> Result<Standing, TantivyError> {
    let index = tantivy::Index::open(MmapDirectory::open(place)?)?;
    if index.schema() != Fields::make().0 {
        return Ok(Standing::Damaged("its fields are those of another version".into()));
    }
    let (meta, made) = (index.load_metas()?, index.directory().list_managed_files());
    let mut is_looked_through = true;
    // Before anything is opened: opening trusts what it finds.
    for file in files(&meta) {
        match read_through(&place.join(&file), until) {
            Ok(true) => {}
            Ok(false) => {
                is_looked_through = false;
                break;
            }
            // Not every segment has each.
            Err(fault) if fault.kind() == ErrorKind::NotFound && !made.contains(&file) => continue,
            Err(fault) if fault.kind() == ErrorKind::NotFound => {
                return Err(OpenReadError::FileDoesNotExist(file).into());
            }
            Err(fault) => return Err(OpenReadError::wrap_io_error(fault, file).into()),
        }
        if !index.directory().validate_checksum(&file)? {
            return Ok(Standing::Damaged(format!("the checksum of {} does not match", file.display())));
        }
    }
    for segment in &meta.segments {
        // Without the lock that readers take: it would be a file.
        SegmentReader::open(&index.segment(segment.clone()))?;
    }
    let checkpoint = meta.payload.as_deref().and_then(Checkpoint::from_payload);
    Ok(Standing::Sound { at: checkpoint.map(|at| (at.position, at.log)), is_looked_through })
}

/// What segments may consist of.
fn files(meta: &IndexMeta) -> HashSet<PathBuf> {
    let mut files = meta.list_segment_files();
    let with_deleted = meta.segments.iter().filter(|segment| segment.has_deletes());
    files.extend(with_deleted.map(|segment| segment.relative_path(SegmentComponent::Delete)));
    files
}

/// Reads a file to its end, so that the disk's errors are told as errors: where a file is mapped they end the process. False if
/// the time is over before.
fn read_through(file: &Path, until: Instant) -> io::Result<bool> {
    let (mut file, mut piece) = (File::open(file)?, vec![0; PIECE_BYTES]);
    while Instant::now() < until {
        if file.read(&mut piece)? == 0 {
            return Ok(true);
        }
    }
    Ok(false)
}
