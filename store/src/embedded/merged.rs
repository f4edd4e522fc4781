//! Filters over many closed segments at once, so that looking for a stream or an id costs nearly the same however many
//! segments there are.
//!
//! Sixteen segments share a filter of level 1, sixteen of those one of level 2, and again for level 3. A search goes from
//! the newest segment to the oldest and skips whatever a filter rules out. With n segments it asks at most
//! 15 + 15 + 15 + n / 4,096 filters (45 for 256 GiB of log, where one filter a segment would be 4,096), and about 1 % of
//! them say "maybe" in vain, which costs 16 more each.
//!
//! Memory for ten million streams: none of it is on the heap for ever. The open segment's index has at most as many
//! streams as events, about 335,000 of 200 bytes in 64 MiB: 70 MB, and up to three more such while they wait to be sealed;
//! 25 MiB of heads of streams (`history`). Closed segments take less than 1 KiB of heap each. Their indexes (about 105 bytes a
//! stream and segment) and these filters (1.6 bytes for each stream and segment on each level, 1.6 for each id on level 1)
//! are memory maps, which the system takes back when memory is short. Truncated and deleted streams: see `marks`. Seen with
//! the example `log_sizes` (unoptimised, one event a stream): 56 MiB of anonymous memory with 200,000 streams, 213 MiB with
//! 1,200,000 and still 213 MiB with 2,000,000; maps grew by 80 to 100 bytes a stream.
//!
//! `<first position, 20 digits>.f<level>`, little-endian: 0 "TIDINGSF"; 8 version (4); 12 level (4); 16 log id (16);
//! 32 first position (8); 40 last position (8); 48 bytes of the streams' filter (8); 56 CRC-32C of everything after the
//! header (4); 60 CRC-32C of 0..60; then the streams' filter, then the ids' (none above level 1: ids are looked for in
//! the last two days only). It is derived: one that is missing or damaged is built again.

use super::bloom::{self, BLOCK_BYTES};
use super::closed::Closed;
use super::disk::{Disk, Mapped, Mode};
use super::mapped_index::{DamagedIndex, MappedIndex};
use domain::ids::LogId;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// How many nodes of the level below share a filter.
pub const FANOUT: usize = 16;
/// How many levels there are above the segments.
pub const LEVELS: u32 = 3;
const HEADER_BYTES: usize = 64;
const MAGIC: &[u8; 8] = b"TIDINGSF";
const VERSION: u32 = 1;
/// Bytes of a filter that are built and written at once.
const PIECE_BYTES: usize = 16 << 20;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A stream.
    Stream,
    /// An event id.
    Id,
}

/// The filters of one group of segments.
pub struct Node {
    map: Mapped,
    streams_end: usize,
}

/// Every filter that there is.
#[derive(Clone, Default)]
pub struct Merged {
    levels: [Vec<Option<Arc<Node>>>; LEVELS as usize],
}

/// Which group: `16 ^ level` segments, counted from the oldest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Group {
    /// From 1 to [`LEVELS`].
    pub level: u32,
    /// From 0.
    pub number: usize,
}

impl Group {
    fn segments(self) -> usize {
        FANOUT.pow(self.level)
    }

    fn of(self, closed: &[Arc<Closed>]) -> Option<&[Arc<Closed>]> {
        closed.get(self.number * self.segments()..(self.number + 1) * self.segments())
    }
}

impl Merged {
    fn node(&self, group: Group) -> Option<&Node> {
        self.levels.get(group.level as usize - 1)?.get(group.number)?.as_deref()
    }

    /// The first group that is complete and has no filter, and is none of those.
    pub fn missing(&self, closed: usize, but: impl Fn(Group) -> bool) -> Option<Group> {
        let groups = |level| (0..closed / FANOUT.pow(level)).map(move |number| Group { level, number });
        (1..=LEVELS).flat_map(groups).find(|group| self.node(*group).is_none() && !but(*group))
    }

    /// With one more.
    #[must_use]
    pub fn with(&self, group: Group, node: Node) -> Self {
        let mut merged = self.clone();
        if let Some(level) = merged.levels.get_mut(group.level as usize - 1) {
            level.resize(level.len().max(group.number + 1), None);
            level[group.number] = Some(Arc::new(node));
        }
        merged
    }
}

/// Segments that may hold a stream or an id, newest first.
pub struct Search<'a> {
    closed: &'a [Arc<Closed>],
    merged: &'a Merged,
    kind: Kind,
    hash: u64,
    from: usize,
    at: usize,
    /// Filters that were asked so far.
    pub asked: usize,
}

impl<'a> Search<'a> {
    /// Among the segments from number `from` on.
    pub fn new(closed: &'a [Arc<Closed>], merged: &'a Merged, from: usize, kind: Kind, hash: u64) -> Self {
        Self { closed, merged, kind, hash, from, at: closed.len(), asked: 0 }
    }

    /// How many segments before the present one need not be looked at.
    fn skip(&mut self) -> Option<usize> {
        for level in (1..=LEVELS).rev() {
            let segments = FANOUT.pow(level);
            if !self.at.is_multiple_of(segments) {
                continue;
            }
            let Some(node) = self.merged.node(Group { level, number: self.at / segments - 1 }) else { continue };
            self.asked += 1;
            if !node.may_contain(self.kind, self.hash) {
                return Some(segments.min(self.at - self.from));
            }
        }
        None
    }
}

impl<'a> Iterator for Search<'a> {
    type Item = &'a Arc<Closed>;

    fn next(&mut self) -> Option<&'a Arc<Closed>> {
        while self.at > self.from {
            if let Some(skipped) = self.skip() {
                self.at -= skipped;
                continue;
            }
            self.at -= 1;
            self.asked += 1;
            return self.closed.get(self.at);
        }
        None
    }
}

impl Node {
    fn may_contain(&self, kind: Kind, hash: u64) -> bool {
        let filter = match kind {
            Kind::Stream => self.map.get(HEADER_BYTES..self.streams_end),
            Kind::Id => self.map.get(self.streams_end..),
        };
        filter.is_none_or(|filter| bloom::may_contain(filter, hash))
    }

    fn accept(map: Mapped, log_id: LogId, level: u32, segments: &[Arc<Closed>]) -> Option<Self> {
        let (first, last) = (segments.first()?.first, segments.last()?.last);
        let header = map.get(..HEADER_BYTES)?;
        let streams_bytes = u64::from_le_bytes(header.get(48..56)?.try_into().ok()?);
        let content = map.get(HEADER_BYTES..)?;
        let is_ours = *header.get(..52)? == head(log_id, level, first, last, streams_bytes)[..52]
            && usize::try_from(streams_bytes).ok()? <= content.len()
            && header.get(56..60)? == crc32c::crc32c(content).to_le_bytes()
            && header.get(60..)? == crc32c::crc32c(&header[..60]).to_le_bytes();
        let streams_end = HEADER_BYTES + usize::try_from(streams_bytes).ok()?;
        is_ours.then_some(Self { map, streams_end })
    }
}

fn head(log_id: LogId, level: u32, first: u64, last: u64, streams_bytes: u64) -> [u8; HEADER_BYTES] {
    let mut head = [0; HEADER_BYTES];
    head[..8].copy_from_slice(MAGIC);
    head[8..12].copy_from_slice(&VERSION.to_le_bytes());
    head[12..16].copy_from_slice(&level.to_le_bytes());
    head[16..32].copy_from_slice(log_id.uuid().as_bytes());
    head[32..40].copy_from_slice(&first.to_le_bytes());
    head[40..48].copy_from_slice(&last.to_le_bytes());
    head[48..56].copy_from_slice(&streams_bytes.to_le_bytes());
    head
}

/// The filters of a group: from their file, or built and written. `None` while a segment's index is not in its file.
pub fn load_or_build(
    disk: &dyn Disk,
    dir: &Path,
    log_id: LogId,
    closed: &[Arc<Closed>],
    group: Group,
) -> io::Result<Option<Node>> {
    let Some(segments) = group.of(closed) else { return Ok(None) };
    let Some(first) = segments.first().map(|segment| segment.first) else { return Ok(None) };
    let name = format!("{first:020}.f{}", group.level);
    let accept = |map| Node::accept(map, log_id, group.level, segments);
    if let Some(node) = disk.map(&dir.join(&name)).ok().and_then(accept) {
        return Ok(Some(node));
    }
    let Some(indexes) = segments.iter().map(|segment| segment.mapped()).collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    let beside = dir.join(format!("{name}.new"));
    if write(disk, &beside, log_id, group.level, segments, &indexes)?.is_err() {
        // The damaged index is found, reported and built again when it is asked.
        disk.remove(&beside)?;
        return Ok(None);
    }
    disk.rename(&beside, &dir.join(&name))?;
    disk.sync_dir(dir)?;
    let node = accept(disk.map(&dir.join(&name))?);
    node.map(Some).ok_or_else(|| io::Error::other("a file of filters does not read back"))
}

fn write(
    disk: &dyn Disk,
    path: &Path,
    log_id: LogId,
    level: u32,
    segments: &[Arc<Closed>],
    indexes: &[&MappedIndex],
) -> io::Result<Result<(), DamagedIndex>> {
    let file = disk.open(path, Mode::Create)?;
    let blocks = bloom::blocks(indexes.iter().map(|index| index.stream_count()).sum());
    let (mut at, mut crc) = (HEADER_BYTES as u64, 0);
    let mut put = |bytes: &[u8]| {
        file.write_at(bytes, at)?;
        file.sync()?;
        at += bytes.len() as u64;
        crc = crc32c::crc32c_append(crc, bytes);
        io::Result::Ok(())
    };
    // Streams are sorted by their hashes, and a greater hash never has a smaller block: so each piece of the filter takes
    // the next of each segment's streams, and all of them are read once.
    let (mut next, piece_blocks) = (vec![0; indexes.len()], PIECE_BYTES / BLOCK_BYTES);
    for low in (0..blocks).step_by(piece_blocks) {
        let high = blocks.min(low + piece_blocks);
        let mut piece = vec![0; (high - low) * BLOCK_BYTES];
        for (index, next) in indexes.iter().zip(&mut next) {
            while let Some(hash) = match index.stream_hash(*next) {
                Ok(hash) => hash.filter(|hash| bloom::block_of(*hash, blocks) < high),
                Err(damaged) => return Ok(Err(damaged)),
            } {
                bloom::set(&mut piece, bloom::block_of(hash, blocks) - low, hash);
                *next += 1;
            }
        }
        put(&piece)?;
    }
    if level == 1 {
        let mut hashes = Vec::new();
        for index in indexes {
            match index.id_hashes() {
                Ok(of_segment) => hashes.extend(of_segment),
                Err(damaged) => return Ok(Err(damaged)),
            }
        }
        put(&bloom::build(hashes.into_iter()))?;
    }
    let (first, last) = (segments.first().map_or(0, |s| s.first), segments.last().map_or(0, |s| s.last));
    let mut header = head(log_id, level, first, last, (blocks * BLOCK_BYTES) as u64);
    header[56..60].copy_from_slice(&crc.to_le_bytes());
    let own = crc32c::crc32c(&header[..60]);
    header[60..].copy_from_slice(&own.to_le_bytes());
    file.write_at(&header, 0)?;
    file.sync()?;
    Ok(Ok(()))
}
