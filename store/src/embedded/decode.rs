//! From a record to an event.

use super::record::RecordRef;
use crate::codec;
use crate::codec::stored::DecodeFault;
use bytes::Bytes;
use domain::recorded::Recorded;
use domain::source::{Filter, SourceFault, begins_with_one_of};
use domain::stream::StreamName;
use std::sync::Arc;

/// Whether a record passes a filter; decided on its bytes, before anything is made of it.
pub fn matches(filter: &Filter, record: &RecordRef<'_>) -> bool {
    let prefixes = &filter.stream_prefixes;
    (prefixes.is_empty() || begins_with_one_of(record.stream(), prefixes))
        && (filter.types.is_empty() || filter.types.iter().any(|known| known.as_str() == record.event_type()))
}

/// The event that a record holds; its words stay sealed.
pub fn decode(record: &RecordRef<'_>) -> Result<Arc<Recorded>, SourceFault> {
    let position = record.position();
    let stream = StreamName::parse(record.stream())
        .map_err(|_| SourceFault::Damaged(position, "the stream's name is none".into()))?;
    let payload = Bytes::copy_from_slice(record.payload());
    let event = codec::decode(&stream, record.id(), record.event_type(), record.schema_version(), payload).map_err(
        |fault| match fault {
            DecodeFault::Unknown { event_type, .. } => SourceFault::Unknown(position, event_type),
            DecodeFault::Malformed { .. } => SourceFault::Damaged(position, fault.to_string()),
        },
    )?;
    Ok(Arc::new(Recorded {
        position,
        stream,
        revision: record.revision(),
        id: record.id(),
        schema_version: record.schema_version(),
        occurred_at: record.occurred_at(),
        recorded_at: record.recorded_at(),
        actor: record.actor(),
        correlation_id: record.correlation_id(),
        causation_id: record.causation_id(),
        fingerprint: record.fingerprint(),
        event,
    }))
}
