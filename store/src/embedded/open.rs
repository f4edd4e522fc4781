//! Opening a log: the header, the closed segments by their indexes, the open segment by its records.

use super::closed::Closed;
use super::disk::{Disk, DiskFile, Mode};
use super::fault::OpenFault;
use super::header::{self, Header};
use super::history::{History, State};
use super::mapped_index::{DamagedIndex, MappedIndex};
use super::marks::{self, Found, Marks};
use super::memory_index::MemoryIndex;
use super::options::Options;
use super::recovery::{self, Torn};
use super::sealer::write_index;
use super::segment::{Files, index_name, parse_index_name, parse_segment_name, segment_name};
use domain::clock::Time;
use domain::ids::{LogId, Position};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

/// How far a batch that failed may have reached, in bytes, unless its last unit is larger than one event may be.
const BATCH_REACH_BYTES: u64 = 6 << 20;
const NO_HEADER: &str = "it is missing, and there are segments (or this is a copy that was not finished)";
const SUCCESSOR_LOST: &str = "the segment that begins here is lost: the one before has an index, so it was closed";

/// What opening found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The rest of a batch that was never acknowledged: cut when the log was opened for appending.
    pub torn: Option<Torn>,
    /// Damage in the newest segment. Only a log that is opened for reading opens with it.
    pub damage: Option<(Position, String)>,
    /// The byte of the file of truncations and tombstones at which an entry is lost. Only a log that is opened for reading
    /// opens with it.
    pub marks_lost_at: Option<usize>,
    /// The byte of the same file from which on something is damaged or torn and nothing lost. What is opened for
    /// appending is repaired.
    pub marks_damaged_at: Option<usize>,
    /// The index files that were missing or damaged. What is opened for appending has them again.
    pub rebuilt_indexes: Vec<Rebuilt>,
}

/// An index that was built again from its segment, which begins at this position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rebuilt {
    /// There was no file: the process may have ended before it was written.
    Missing(Position),
    /// The file was not as it was written.
    Damaged(Position),
}

/// What opening gives.
pub struct Opened {
    /// What the header says.
    pub header: Header,
    /// Everything durable.
    pub history: History,
    /// What was found.
    pub report: Report,
    /// What stands in the file of truncations and tombstones.
    pub marks: Found,
}

fn io(doing: &'static str) -> impl Fn(std::io::Error) -> OpenFault {
    move |error| OpenFault::io(doing, error)
}

/// Opens the log in `dir`. For appending a missing one is made, a torn tail is cut and missing indexes are written; for
/// reading nothing is changed.
pub fn open(dir: &Path, options: &Options, for_append: bool) -> Result<Opened, OpenFault> {
    let disk = &*options.disk;
    let Names { newest_index, mut firsts } = names(disk, dir).map_err(io("listing the log's directory"))?;
    // After the names: a header stands there before the first segment.
    let header = match header::read(disk, dir)? {
        Some(header) if for_append && header.key_check != options.key_check => return Err(OpenFault::KeyCheck),
        Some(header) => header,
        None if !firsts.is_empty() || newest_index.is_some() => return Err(OpenFault::Header(NO_HEADER)),
        None if !for_append => return Err(OpenFault::Missing),
        None => make_header(dir, options)?,
    };
    if firsts.is_empty() {
        if newest_index.is_some() {
            return Err(OpenFault::Damaged(Position(1), "every segment is lost, and there are indexes of them".into()));
        }
        firsts.push(1);
        if for_append {
            make_segment(disk, dir, 1)?;
        }
    }
    let mut load = Load { disk, dir, log_id: header.log_id, for_append, report: Report::default() };
    let (closed, file, open) = load.segments(&firsts, newest_index)?;
    let marks = marks::read(disk, dir).map_err(io("reading the marks of streams"))?;
    let files = Files::new(Arc::clone(&options.disk), dir, (!for_append).then_some(header.log_id));
    let state = State { closed: Arc::new(closed), merged: Arc::default(), open, file };
    let history = History::new(header.log_id, state, files, Marks::new(&marks), Arc::clone(&options.clock));
    let report = Report { marks_lost_at: marks.lost_at, marks_damaged_at: marks.damaged_at, ..load.report };
    Ok(Opened { header, history, report, marks })
}

/// What stands in the log's directory.
struct Names {
    /// The first position of the newest segment that has an index.
    newest_index: Option<u64>,
    /// The first positions of the segments, in order.
    firsts: Vec<u64>,
}

fn names(disk: &dyn Disk, dir: &Path) -> std::io::Result<Names> {
    let list = || match disk.list(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        listed => listed,
    };
    // Two looks: a server that has the log may begin a segment meanwhile, and writes the index of the one before after that.
    // So of each index that the first look finds, the second finds the segment that follows.
    let newest_index = list()?.iter().filter_map(|name| parse_index_name(name)).max();
    let mut firsts: Vec<u64> = list()?.iter().filter_map(|name| parse_segment_name(name)).collect();
    firsts.sort_unstable();
    Ok(Names { newest_index, firsts })
}

fn make_header(dir: &Path, options: &Options) -> Result<Header, OpenFault> {
    let log_id = match options.new_log_id {
        Some(log_id) => log_id,
        None => random_log_id()?,
    };
    let header = Header { log_id, created: options.clock.now(), key_check: options.key_check };
    header::write(&*options.disk, dir, &header)?;
    Ok(header)
}

/// A fresh id for a log.
pub fn random_log_id() -> Result<LogId, OpenFault> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)
        .map_err(|error| OpenFault::io("making a log id", std::io::Error::other(error.to_string())))?;
    Ok(LogId::new(uuid::Builder::from_random_bytes(random).into_uuid()))
}

fn make_segment(disk: &dyn Disk, dir: &Path, first: u64) -> Result<(), OpenFault> {
    let make = || {
        disk.open(&dir.join(segment_name(first)), Mode::Create)?.sync()?;
        disk.sync_dir(dir)
    };
    make().map_err(io("making a segment"))
}

struct Load<'a> {
    disk: &'a dyn Disk,
    dir: &'a Path,
    log_id: LogId,
    for_append: bool,
    report: Report,
}

type Segments = (Vec<Arc<Closed>>, Arc<dyn DiskFile>, MemoryIndex);

impl Load<'_> {
    fn segments(&mut self, firsts: &[u64], newest_index: Option<u64>) -> Result<Segments, OpenFault> {
        let (mut closed, mut next, mut last_recorded_at) = (Vec::new(), 1, Time::default());
        let Some((newest, older)) = firsts.split_last() else { return Err(OpenFault::Missing) };
        for first in older {
            expect_first(next, *first)?;
            let segment = self.closed(*first)?;
            (next, last_recorded_at) = (segment.last + 1, segment.last_recorded_at);
            closed.push(Arc::new(segment));
        }
        expect_first(next, *newest)?;
        let (file, mut open) = self.open_segment(*newest, newest_index.is_some_and(|index| index >= *newest))?;
        open.last_recorded_at = open.last_recorded_at.max(last_recorded_at);
        Ok((closed, file, open))
    }

    fn closed(&mut self, first: u64) -> Result<Closed, OpenFault> {
        let rebuilt = match self.disk.map(&self.dir.join(index_name(first))) {
            Ok(map) => match MappedIndex::open(map, self.log_id, first) {
                Ok(index) => return Ok(Closed::from_mapped(index)),
                Err(DamagedIndex) => Rebuilt::Damaged(Position(first)),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => Rebuilt::Missing(Position(first)),
            Err(_) => Rebuilt::Damaged(Position(first)),
        };
        self.report.rebuilt_indexes.push(rebuilt);
        let file = self.disk.open(&self.dir.join(segment_name(first)), Mode::Read).map_err(io("opening a segment"))?;
        let recovered = recovery::recover(&*file, first).map_err(io("reading a segment"))?;
        if let Some((position, reason)) = recovered.damage {
            return Err(OpenFault::Damaged(position, reason));
        }
        if recovered.torn.is_some() || recovered.index.count() == 0 {
            let position = Position(first + u64::from(recovered.index.count()));
            return Err(OpenFault::Damaged(position, "a closed segment is incomplete".into()));
        }
        if !self.for_append {
            return Ok(Closed::from_memory(Arc::new(recovered.index)));
        }
        let index = write_index(self.disk, self.dir, self.log_id, &recovered.index).map_err(io("writing an index"))?;
        match rebuilt {
            Rebuilt::Missing(_) => tracing::warn!(segment = first, "a log segment had no index: it was built again"),
            Rebuilt::Damaged(_) => {
                tracing::warn!(segment = first, "the index of a log segment was damaged: it was built again");
            }
        }
        Ok(Closed::from_mapped(index))
    }

    /// The newest segment. With an index it is `closed`: the next one is durable before an index is written, so that is lost.
    fn open_segment(&mut self, first: u64, closed: bool) -> Result<(Arc<dyn DiskFile>, MemoryIndex), OpenFault> {
        let mode = if self.for_append { Mode::Write } else { Mode::Read };
        let file = self.disk.open(&self.dir.join(segment_name(first)), mode).map_err(io("opening a segment"))?;
        let recovered = recovery::recover(&*file, first).map_err(io("reading a segment"))?;
        let lost = || (Position(first + u64::from(recovered.index.count())), SUCCESSOR_LOST.to_owned());
        match recovered.damage.or_else(|| closed.then(lost)) {
            Some((position, reason)) if self.for_append => return Err(OpenFault::Damaged(position, reason)),
            damage => self.report.damage = damage,
        }
        let end = u64::from(recovered.index.end);
        if self.for_append {
            // Also where nothing is read: after a sync that failed, the disk may have what the page cache has not.
            let torn = recovered.torn.map_or(0, |torn| torn.bytes);
            let size = file.size().map_err(io("reading a segment"))?;
            recovery::zero(&*file, end, size.min(end + torn.max(BATCH_REACH_BYTES)))
                .map_err(io("cutting a torn tail"))?;
        }
        if let Some(torn) = recovered.torn.filter(|_| !closed) {
            if self.for_append {
                let position = torn.position.0;
                tracing::warn!(position, bytes = torn.bytes, "cut a batch that was never acknowledged off the log");
            }
            self.report.torn = Some(torn);
        }
        if self.for_append && recovered.index.count() > 0 {
            // What is served from here on is durable: events that nobody acknowledged may be in the last batch.
            let ordinal = recovered.last_batch.saturating_sub(first) as usize;
            let from = recovered.index.offsets.get(ordinal).copied().unwrap_or(0);
            recovery::rewrite(&*file, u64::from(from), end).map_err(io("making the last batch durable"))?;
        }
        Ok((file, recovered.index))
    }
}

/// Segments follow each other without a gap.
fn expect_first(expected: u64, found: u64) -> Result<(), OpenFault> {
    if expected == found {
        return Ok(());
    }
    let position = Position(expected.min(found));
    Err(OpenFault::Damaged(position, format!("a segment begins at {found} instead of {expected}")))
}
