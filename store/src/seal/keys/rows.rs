//! Rows of both keys stores and their order.

use crate::seal::keys::{Kept, KeysFault, Newest};
use crate::seal::wrapping::Wrapped;
use domain::ids::Position;
use domain::words::{KeyRef, Subject};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Subject, generation, wrapped key; none once destroyed.
pub(super) type Row = (String, i32, Option<Vec<u8>>);

/// A generation as a database's integer.
pub(super) fn to_column(generation: u32) -> i32 {
    // Generations are counted from 1; two thousand million destructions of one subject do not happen.
    i32::try_from(generation).unwrap_or(i32::MAX)
}

/// The reverse of [`Subject::stream_key`] and [`to_column`].
pub(super) fn key_ref(subject: &str, generation: i32) -> Result<KeyRef, KeysFault> {
    let (kind, id) = subject.split_at_checked(1).ok_or(KeysFault::Foreign)?;
    let id = Uuid::try_parse(id).map_err(|_| KeysFault::Foreign)?;
    let subject = Subject::from_parts(kind.as_bytes()[0], id).ok_or(KeysFault::Foreign)?;
    let generation = u32::try_from(generation).map_err(|_| KeysFault::Foreign)?;
    Ok(KeyRef { subject, generation })
}

/// A position as it was written.
pub(super) fn to_position(column: i64) -> Result<Position, KeysFault> {
    u64::try_from(column).map(Position).map_err(|_| KeysFault::Foreign)
}

fn kept(wrapped: Option<Vec<u8>>) -> Kept {
    wrapped.map_or(Kept::Destroyed, |bytes| Kept::Wrapped(Wrapped(bytes)))
}

/// What the rows say of each asked key.
pub(super) fn in_order_of(keys: &[KeyRef], rows: Vec<Row>) -> Result<Vec<Kept>, KeysFault> {
    let mut found = BTreeMap::new();
    for (subject, generation, wrapped) in rows {
        found.insert(key_ref(&subject, generation)?, kept(wrapped));
    }
    Ok(keys.iter().map(|key| found.get(key).cloned().unwrap_or(Kept::Unknown)).collect())
}

/// What the rows say of each asked subject.
pub(super) fn in_order_of_subjects(subjects: &[Subject], rows: Vec<Row>) -> Result<Vec<Newest>, KeysFault> {
    let mut found = BTreeMap::new();
    for (subject, generation, wrapped) in rows {
        let key = key_ref(&subject, generation)?;
        found.insert(key.subject, (key.generation, kept(wrapped)));
    }
    Ok(subjects.iter().map(|subject| found.get(subject).cloned()).collect())
}
