//! The log's records.

use domain::clock::Time;
use store::embedded::record::{Place, RawEvent, RecordRef, claimed_length, encode, stub};

/// Bytes where a record should stand: as they are, and once more as if somebody had made the checksum fit.
pub fn check(bytes: &[u8]) {
    look(bytes);
    let mut bytes = bytes.to_vec();
    if let Ok(length) = claimed_length(&bytes)
        && bytes.len() >= length
    {
        // CRC-32C over the record without its own field, as the format says.
        let crc = crc32c::crc32c_append(crc32c::crc32c(&bytes[..4]), &bytes[8..length]);
        bytes[4..8].copy_from_slice(&crc.to_le_bytes());
        look(&bytes);
    }
}

/// Whatever is taken for a record must be written the same way again.
fn look(bytes: &[u8]) {
    let Ok(record) = RecordRef::parse(bytes) else { return };
    assert_eq!(record.bytes(), &bytes[..record.bytes().len()]);
    if record.is_stub() { look_at_stub(&record) } else { look_at_event(&record) }
}

fn look_at_stub(record: &RecordRef<'_>) {
    let mut written = Vec::new();
    stub(&mut written, record);
    let again = RecordRef::parse(&written).expect("what was written is a stub");
    let told = |record: &RecordRef<'_>| {
        let place = (record.position(), record.revision(), record.batch(), record.recorded_at(), record.last_of_unit());
        (record.is_stub(), place, record.stream().to_owned(), record.commitment())
    };
    assert_eq!(told(&again), told(record));
}

fn look_at_event(record: &RecordRef<'_>) {
    let event = RawEvent {
        id: record.id(),
        event_type: record.event_type().to_owned().into(),
        schema_version: record.schema_version(),
        occurred_at: Some(record.occurred_at()),
        actor: record.actor(),
        correlation_id: record.correlation_id(),
        causation_id: record.causation_id(),
        fingerprint: record.fingerprint(),
        payload: bytes::Bytes::copy_from_slice(record.payload()),
    };
    let place = Place {
        position: record.position().0,
        revision: record.revision(),
        batch: record.batch(),
        recorded_at: Time::from_micros(record.recorded_at().micros()),
        last_of_unit: record.last_of_unit(),
    };
    let mut written = Vec::new();
    encode(&mut written, place, record.stream(), &event);
    let again = RecordRef::parse(&written).expect("what was written is a record");
    assert_eq!(
        (again.position(), again.revision(), again.stream(), again.event_type(), again.payload(), again.id()),
        (record.position(), record.revision(), record.stream(), record.event_type(), record.payload(), record.id()),
    );
}
