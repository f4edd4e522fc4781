//! One event as bytes: the record on disk, and later on the wire.
//!
//! All numbers are little-endian; times are microseconds since 1970-01-01T00:00:00Z; lengths are bytes. A record starts
//! at a multiple of 8 from the start of its segment and its length is a multiple of 8.
//!
//! | offset | bytes | content |
//! |---|---|---|
//! | 0 | 4 | length of the record with everything, also its padding |
//! | 4 | 4 | CRC-32C (Castagnoli) over bytes 0..4 and 8..length |
//! | 8 | 1 | mark of a record, 0xE7 |
//! | 9 | 1 | flags: 1 last of its unit, 2 has an actor, 4 has a causation id, 8 has a fingerprint, 32 is a stub (see below); 16 is reserved; others are invalid |
//! | 10 | 1 | length of the stream's name (1 to 128) |
//! | 11 | 1 | length of the type's name (1 to 64, ASCII) |
//! | 12 | 4 | length of the payload (at most 1 MiB) |
//! | 16 | 8 | position |
//! | 24 | 8 | revision in its stream |
//! | 32 | 8 | `recorded_at` |
//! | 40 | 8 | `occurred_at` |
//! | 48 | 16 | event id |
//! | 64 | 16 | correlation id |
//! | 80 | 4 | how many positions its batch began before it (a batch is what one sync made durable) |
//! | 84 | 4 | schema version |
//! | 88 | 16 | actor, if flagged |
//! | … | 16 | causation id, if flagged |
//! | … | 32 | fingerprint, if flagged: of the idempotency key, of the body |
//! | … | | stream's name, type's name, payload, zeros up to a multiple of 8 |
//!
//! A length of zero means that no record follows in this segment.
//!
//! A **stub** takes the place of a record that nobody reads any more. Offsets 0 to 39 are those of the record, with no
//! flags but 32 and 1, and 11 to 15 are zeros; then commitment (40, 32), batch (72, 4), stream's name (76), zeros.
//!
//! The **commitment** of an event is SHA-256 over its record without the checksum (4..8) and the batch (80..84), which say
//! how it was written: the same for a record, its stub and every copy. See docs/decisions/2026-11-20-stubs-and-copies.md.

use super::checksum::checksum;
#[cfg(feature = "mutants")]
use super::options::{Mutant, is_on_this_thread};
use bytes::Bytes;
use domain::clock::Time;
use domain::ids::{AccountId, EventId, Hash16, Position};
use domain::limits::EVENT_MAX_BYTES;
use domain::recorded::Fingerprint;
use domain::stream::StreamName;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use uuid::Uuid;

const MARK: u8 = 0xE7;
const LAST_OF_UNIT: u8 = 1;
const HAS_ACTOR: u8 = 2;
const HAS_CAUSATION: u8 = 4;
const HAS_FINGERPRINT: u8 = 8;
const IS_STUB: u8 = 32;
const KNOWN_FLAGS: u8 = LAST_OF_UNIT | HAS_ACTOR | HAS_CAUSATION | HAS_FINGERPRINT;
/// Bytes before the optional parts.
pub const FIXED_BYTES: usize = 88;
/// Bytes of a stub before the stream's name.
const STUB_FIXED_BYTES: usize = 76;
/// Bytes of the smallest record: a stub of a stream with a short name.
const RECORD_MIN_BYTES: usize = (STUB_FIXED_BYTES + 1).next_multiple_of(8);
/// Bytes of a type's name, at most.
pub const TYPE_MAX_BYTES: usize = 64;
/// Bytes of the largest record.
pub const RECORD_MAX_BYTES: usize =
    (FIXED_BYTES + 64 + StreamName::MAX_BYTES + TYPE_MAX_BYTES + EVENT_MAX_BYTES).next_multiple_of(8);

/// An event as the engine takes it: bytes with an envelope.
#[derive(Clone, Debug, PartialEq)]
pub struct RawEvent {
    /// Known again by the log: a unit with a known id is a duplicate.
    pub id: EventId,
    /// ASCII, 1 to 64 bytes.
    pub event_type: Cow<'static, str>,
    /// The version of the payload's shape.
    pub schema_version: u32,
    /// `None` takes the writer's clock.
    pub occurred_at: Option<Time>,
    /// Who caused it.
    pub actor: Option<AccountId>,
    /// Shared by everything that one request caused.
    pub correlation_id: Uuid,
    /// The event that made a policy cause this one.
    pub causation_id: Option<EventId>,
    /// Of the first event of a command with an idempotency key.
    pub fingerprint: Option<Fingerprint>,
    /// At most [`EVENT_MAX_BYTES`].
    pub payload: Bytes,
}

/// Where the writer puts an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its place in the log.
    pub position: u64,
    /// Its place in its stream.
    pub revision: u64,
    /// The position at which its batch began.
    pub batch: u64,
    /// The writer's clock.
    pub recorded_at: Time,
    /// Whether its unit ends with it.
    pub last_of_unit: bool,
}

/// Appends the record of an event to `out`, whose length is a multiple of 8. The event's sizes are within the limits.
pub fn encode(out: &mut Vec<u8>, place: Place, stream: &str, event: &RawEvent) {
    let start = out.len();
    let optional = event.actor.map_or(0, |_| HAS_ACTOR)
        | event.causation_id.map_or(0, |_| HAS_CAUSATION)
        | event.fingerprint.map_or(0, |_| HAS_FINGERPRINT);
    let flags = optional | if place.last_of_unit { LAST_OF_UNIT } else { 0 };
    let mut fixed = [0u8; FIXED_BYTES];
    fixed[8] = MARK;
    fixed[9] = flags;
    fixed[10] = stream.len() as u8;
    fixed[11] = event.event_type.len() as u8;
    fixed[12..16].copy_from_slice(&(event.payload.len() as u32).to_le_bytes());
    fixed[16..24].copy_from_slice(&place.position.to_le_bytes());
    fixed[24..32].copy_from_slice(&place.revision.to_le_bytes());
    fixed[32..40].copy_from_slice(&place.recorded_at.micros().to_le_bytes());
    fixed[40..48].copy_from_slice(&event.occurred_at.unwrap_or(place.recorded_at).micros().to_le_bytes());
    fixed[48..64].copy_from_slice(event.id.uuid().as_bytes());
    fixed[64..80].copy_from_slice(event.correlation_id.as_bytes());
    fixed[80..84].copy_from_slice(&((place.position - place.batch) as u32).to_le_bytes());
    fixed[84..88].copy_from_slice(&event.schema_version.to_le_bytes());
    out.extend_from_slice(&fixed);
    if let Some(actor) = event.actor {
        out.extend_from_slice(actor.uuid().as_bytes());
    }
    if let Some(causation) = event.causation_id {
        out.extend_from_slice(causation.uuid().as_bytes());
    }
    if let Some(fingerprint) = event.fingerprint {
        out.extend_from_slice(&fingerprint.key.0);
        out.extend_from_slice(&fingerprint.body.0);
    }
    out.extend_from_slice(stream.as_bytes());
    out.extend_from_slice(event.event_type.as_bytes());
    out.extend_from_slice(&event.payload);
    out.resize(out.len().next_multiple_of(8), 0);
    let length = (out.len() - start) as u32;
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    let crc = checksum(&out[start..]);
    out[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
}

/// Bytes of the stub of an event of this stream. Every record that is no stub is longer.
pub fn stub_bytes(stream: &str) -> usize {
    (STUB_FIXED_BYTES + stream.len()).next_multiple_of(8)
}

/// Appends the stub of a record to `out`, whose length is a multiple of 8.
pub fn stub(out: &mut Vec<u8>, record: &RecordRef<'_>) {
    let (start, length) = (out.len(), stub_bytes(record.stream()));
    out.extend_from_slice(&record.bytes[..40]);
    out.extend_from_slice(&record.commitment());
    out.extend_from_slice(&((record.position().0 - record.batch()) as u32).to_le_bytes());
    out.extend_from_slice(record.stream().as_bytes());
    out.resize(start + length, 0);
    let stub = &mut out[start..];
    stub[..4].copy_from_slice(&(length as u32).to_le_bytes());
    stub[9] = IS_STUB | (record.bytes[9] & LAST_OF_UNIT);
    stub[11..16].fill(0);
    let crc = checksum(stub);
    stub[4..8].copy_from_slice(&crc.to_le_bytes());
}

fn is_intact(record: &[u8]) -> bool {
    #[cfg(feature = "mutants")]
    let record = if is_on_this_thread(Mutant::IgnoredChecksum) { return true } else { record };
    checksum(record) == u32_at(record, 4)
}

/// Why bytes are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRecord {
    /// The length is zero: nothing follows.
    #[error("nothing is written there")]
    End,
    /// The length cannot be one, or the bytes end before it.
    #[error("the length of the record is impossible")]
    Length,
    /// The checksum does not match.
    #[error("the checksum does not match")]
    Checksum,
    /// The checksum matches and the content is none of this format.
    #[error("the record has an unknown shape")]
    Shape,
}

/// A record whose checksum was verified, borrowed from the bytes it was read into.
#[derive(Clone, Copy, Debug)]
pub struct RecordRef<'a> {
    bytes: &'a [u8],
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[at..at + N]);
    array
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array(bytes, at))
}

/// The length that the record at the start of `bytes` claims, if it can be one; `bytes` may hold only its beginning.
pub fn claimed_length(bytes: &[u8]) -> Result<usize, NoRecord> {
    if bytes.len() < 4 {
        return Err(NoRecord::Length);
    }
    match u32_at(bytes, 0) as usize {
        0 => Err(NoRecord::End),
        length if length.is_multiple_of(8) && (RECORD_MIN_BYTES..=RECORD_MAX_BYTES).contains(&length) => Ok(length),
        _ => Err(NoRecord::Length),
    }
}

impl<'a> RecordRef<'a> {
    /// Reads the record at the start of `bytes` and verifies it. Bytes after it are not looked at.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, NoRecord> {
        let length = claimed_length(bytes)?;
        let bytes = bytes.get(..length).ok_or(NoRecord::Length)?;
        if !is_intact(bytes) {
            return Err(NoRecord::Checksum);
        }
        let record = Self { bytes };
        if record.has_known_shape() { Ok(record) } else { Err(NoRecord::Shape) }
    }

    fn has_known_shape(&self) -> bool {
        if self.is_stub() {
            return self.bytes[8] == MARK
                && self.bytes[9] & !(IS_STUB | LAST_OF_UNIT) == 0
                && self.bytes[10] != 0
                && self.bytes[11..16] == [0; 5]
                && (STUB_FIXED_BYTES + usize::from(self.bytes[10])).next_multiple_of(8) == self.bytes.len()
                && self.bytes[STUB_FIXED_BYTES..].is_ascii()
                && u64::from(u32_at(self.bytes, 72)) < self.position().0;
        }
        if self.bytes.len() < FIXED_BYTES {
            return false;
        }
        let end = self.payload_start() + self.payload_len();
        self.bytes[8] == MARK
            && self.bytes[9] & !KNOWN_FLAGS == 0
            && self.bytes[10] != 0
            && self.bytes[11] != 0
            && end.next_multiple_of(8) == self.bytes.len()
            && self.bytes[self.stream_start()..self.payload_start()].is_ascii()
            && u64::from(u32_at(self.bytes, 80)) < self.position().0
    }

    fn flag(&self, flag: u8) -> bool {
        self.bytes[9] & flag != 0
    }

    fn causation_start(&self) -> usize {
        FIXED_BYTES + if self.flag(HAS_ACTOR) { 16 } else { 0 }
    }

    fn fingerprint_start(&self) -> usize {
        self.causation_start() + if self.flag(HAS_CAUSATION) { 16 } else { 0 }
    }

    fn stream_start(&self) -> usize {
        if self.is_stub() {
            return STUB_FIXED_BYTES;
        }
        self.fingerprint_start() + if self.flag(HAS_FINGERPRINT) { 32 } else { 0 }
    }

    fn payload_start(&self) -> usize {
        self.stream_start() + usize::from(self.bytes[10]) + usize::from(self.bytes[11])
    }

    fn payload_len(&self) -> usize {
        u32_at(self.bytes, 12) as usize
    }

    /// The record as it lies on disk.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Its place in the log.
    pub fn position(&self) -> Position {
        Position(u64_at(self.bytes, 16))
    }

    /// The position at which its batch began.
    pub fn batch(&self) -> u64 {
        self.position().0 - u64::from(u32_at(self.bytes, if self.is_stub() { 72 } else { 80 }))
    }

    /// Whether it is what is left of a record. Then it has place, stream, `recorded_at` and commitment, and an empty type
    /// and payload; everything else means nothing.
    pub fn is_stub(&self) -> bool {
        self.flag(IS_STUB)
    }

    /// What proves its content; of a stub, the content of the record that stood there.
    pub fn commitment(&self) -> [u8; 32] {
        if self.is_stub() {
            return array(self.bytes, 40);
        }
        let hash = Sha256::new().chain_update(&self.bytes[..4]).chain_update(&self.bytes[8..80]);
        hash.chain_update(&self.bytes[84..]).finalize().into()
    }

    /// Where the payload of the record that begins with `fixed` ends, as it says itself; nothing of it is verified.
    pub fn claimed_end(fixed: &[u8; FIXED_BYTES]) -> u64 {
        (RecordRef { bytes: fixed }.payload_start() + RecordRef { bytes: fixed }.payload_len()) as u64
    }

    /// Its id; a stub has none.
    pub fn live_id(&self) -> Option<EventId> {
        (!self.is_stub()).then(|| self.id())
    }

    /// Whether its unit ends with it.
    pub fn last_of_unit(&self) -> bool {
        self.flag(LAST_OF_UNIT)
    }

    /// Its place in its stream.
    pub fn revision(&self) -> u64 {
        u64_at(self.bytes, 24)
    }

    /// The writer's clock.
    pub fn recorded_at(&self) -> Time {
        Time::from_micros(u64_at(self.bytes, 32).cast_signed())
    }

    /// What people see.
    pub fn occurred_at(&self) -> Time {
        Time::from_micros(u64_at(self.bytes, 40).cast_signed())
    }

    /// Its id.
    pub fn id(&self) -> EventId {
        EventId::new(Uuid::from_bytes(array(self.bytes, 48)))
    }

    /// Shared by everything that one request caused.
    pub fn correlation_id(&self) -> Uuid {
        Uuid::from_bytes(array(self.bytes, 64))
    }

    /// The version of the payload's shape.
    pub fn schema_version(&self) -> u32 {
        u32_at(self.bytes, 84)
    }

    /// Who caused it.
    pub fn actor(&self) -> Option<AccountId> {
        self.flag(HAS_ACTOR).then(|| AccountId::new(Uuid::from_bytes(array(self.bytes, FIXED_BYTES))))
    }

    /// The event that made a policy cause this one.
    pub fn causation_id(&self) -> Option<EventId> {
        let start = self.causation_start();
        self.flag(HAS_CAUSATION).then(|| EventId::new(Uuid::from_bytes(array(self.bytes, start))))
    }

    /// Of the first event of a command with an idempotency key.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        let start = self.fingerprint_start();
        self.flag(HAS_FINGERPRINT)
            .then(|| Fingerprint { key: Hash16(array(self.bytes, start)), body: Hash16(array(self.bytes, start + 16)) })
    }

    /// The stream's name.
    pub fn stream(&self) -> &'a str {
        let start = self.stream_start();
        // `parse` saw that it is ASCII.
        str::from_utf8(&self.bytes[start..start + usize::from(self.bytes[10])]).unwrap_or_default()
    }

    /// The type's name.
    pub fn event_type(&self) -> &'a str {
        let end = self.payload_start();
        str::from_utf8(&self.bytes[end - usize::from(self.bytes[11])..end]).unwrap_or_default()
    }

    /// The stored payload.
    pub fn payload(&self) -> &'a [u8] {
        let start = self.payload_start();
        &self.bytes[start..start + self.payload_len()]
    }
}
