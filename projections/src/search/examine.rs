//! What an operator wants to know of the search index before trusting it: whether it opens, whether its files are as they were
//! written, and how far it has come. Nothing is changed, and a server may write it meanwhile.

use super::index::Checkpoint;
use super::local::{NAME, current, directory};
use super::schema::Fields;
use crate::database::examine::{ReadModel, Standing};
use crate::run::fault::in_full;
use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tantivy::directory::MmapDirectory;
use tantivy::directory::error::OpenReadError;
use tantivy::index::SegmentComponent;
use tantivy::{Directory, IndexMeta, SegmentReader, TantivyError};

/// Looks at a server's files that often, at most: each commit may take away some that are being looked at.
const LOOKS: usize = 5;
/// Without it there is no index in a directory.
const META: &str = "meta.json";

/// Looks at the index below `root` that is served, `until` then at most. Waits for the disk.
pub fn examine(root: &Path, until: Instant) -> ReadModel {
    let mut looks = 1;
    loop {
        // A rebuild may have switched to another one.
        let (place, standing, before) = match current(root) {
            Ok(number) => {
                let place = directory(root, number);
                let before = std::fs::read(place.join(META)).ok();
                let standing = look(&place, until);
                (place, standing, before)
            }
            Err(fault) => (root.to_owned(), Standing::Silent(in_full(&fault)), None),
        };
        let has_changed = std::fs::read(place.join(META)).ok() != before;
        if matches!(standing, Standing::Sound { .. }) || !has_changed || looks == LOOKS {
            return ReadModel { name: NAME, place: place.display().to_string(), standing };
        }
        looks += 1;
    }
}

fn look(place: &Path, until: Instant) -> Standing {
    match std::fs::metadata(place.join(META)) {
        Ok(_) => {}
        Err(fault) if fault.kind() == ErrorKind::NotFound => return Standing::Missing,
        Err(fault) => return Standing::Silent(fault.to_string()),
    }
    match look_through(place, until) {
        Ok(standing) => standing,
        Err(TantivyError::OpenReadError(OpenReadError::IoError { io_error, filepath }))
            if io_error.kind() == ErrorKind::PermissionDenied =>
        {
            Standing::Silent(format!("{}: {io_error}", filepath.display()))
        }
        Err(fault) => Standing::Damaged(in_full(&fault)),
    }
}

fn look_through(place: &Path, until: Instant) -> Result<Standing, TantivyError> {
    let index = tantivy::Index::open(MmapDirectory::open(place)?)?;
    if index.schema() != Fields::make().0 {
        return Ok(Standing::Damaged("its fields are those of another version".into()));
    }
    let meta = index.load_metas()?;
    for segment in &meta.segments {
        // Without the lock that readers take: it would be a file.
        SegmentReader::open(&index.segment(segment.clone()))?;
    }
    let mut is_looked_through = true;
    for file in files(&meta) {
        if Instant::now() >= until {
            is_looked_through = false;
            break;
        }
        if index.directory().exists(&file)? && !index.directory().validate_checksum(&file)? {
            return Ok(Standing::Damaged(format!("the checksum of {} does not match", file.display())));
        }
    }
    let checkpoint = meta.payload.as_deref().and_then(Checkpoint::from_payload);
    Ok(Standing::Sound { at: checkpoint.map(|at| (at.position, at.log)), is_looked_through })
}

/// What segments may consist of; not every one has each.
fn files(meta: &IndexMeta) -> HashSet<PathBuf> {
    let mut files = meta.list_segment_files();
    let with_deleted = meta.segments.iter().filter(|segment| segment.has_deletes());
    files.extend(with_deleted.map(|segment| segment.relative_path(SegmentComponent::Delete)));
    files
}
