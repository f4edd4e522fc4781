//! Fields of words: where one stands, whose keys it is under, and how it is written inside its event.

use crate::codec::stored::{EncodeFault, Malformed};
use domain::event::EventType;
use domain::ids::EventId;
use domain::proto::sealed::v1 as proto;
use domain::stream::StreamName;
use domain::words::{Field, KeyRef, SealedField, Subject};
use prost::Message;

/// Where an event stands, as far as its sealed fields are bound to it.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Its stream.
    pub stream: &'a StreamName,
    /// Its id.
    pub event: EventId,
    /// Its type.
    pub event_type: EventType,
    /// The version of its shape.
    pub schema_version: u32,
}

/// Whose keys a field is sealed under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subjects {
    /// Whoever wrote the words, where they have a part in the key.
    pub author: Option<Subject>,
    /// The conversation, its messages, story, account or deployment.
    pub scope: Subject,
    /// The generation of the scope's key, where it must be exactly this one; otherwise new words are under the newest.
    pub period: Option<u32>,
}

impl Subjects {
    /// Under one key alone.
    pub const fn of(scope: Subject) -> Self {
        Self { author: None, scope, period: None }
    }

    /// Under an author's key and a scope's.
    pub const fn by(author: domain::ids::AccountId, scope: Subject) -> Self {
        Self { author: Some(Subject::Account(author)), scope, period: None }
    }

    /// Under this generation of the scope's key.
    pub const fn in_period(self, period: u32) -> Self {
        Self { period: Some(period), ..self }
    }

    /// Whether a generation of the scope's key is one that seals such words.
    pub fn takes(&self, generation: u32) -> bool {
        generation > 0 && self.period.is_none_or(|period| period == generation)
    }
}

/// The stream of an event does not tell whose keys its words are under: such an event does not belong there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stream does not tell whose keys seal the event's words")]
pub struct Misplaced;

/// What [`crate::codec::map_fields`] does with each field.
pub trait EachField {
    /// Why it may not.
    type Fault: From<Misplaced>;

    /// Takes the field with this protobuf number and gives what stands in its place.
    ///
    /// # Errors
    /// Ends the walk.
    fn field<T: Message>(&mut self, number: u32, keys: Subjects, field: Field<T>) -> Result<Field<T>, Self::Fault>;

    /// The same for a field that may be absent.
    ///
    /// # Errors
    /// Ends the walk.
    fn optional<T: Message>(
        &mut self,
        number: u32,
        keys: Subjects,
        field: Option<Field<T>>,
    ) -> Result<Option<Field<T>>, Self::Fault> {
        field.map(|field| self.field(number, keys, field)).transpose()
    }
}

impl Place<'_> {
    /// A field as its event's payload holds it, with everything that it is bound to.
    ///
    /// # Errors
    /// When it is absent, or names generations that do not fit its keys.
    pub fn field<T>(&self, number: u32, keys: Subjects, sealed: Option<proto::Sealed>) -> Result<Field<T>, Malformed> {
        self.optional(number, keys, sealed)?.ok_or(Malformed::Absent)
    }

    /// The same for a field that may be absent.
    ///
    /// # Errors
    /// When it names generations that do not fit its keys.
    pub fn optional<T>(
        &self,
        number: u32,
        keys: Subjects,
        sealed: Option<proto::Sealed>,
    ) -> Result<Option<Field<T>>, Malformed> {
        let Some(sealed) = sealed else { return Ok(None) };
        let author = match (keys.author, sealed.author_generation) {
            (None, 0) => None,
            (Some(subject), generation @ 1..) => Some(KeyRef { subject, generation }),
            (None, _) | (Some(_), 0) => return Err(Malformed::Generation),
        };
        if !keys.takes(sealed.scope_generation) {
            return Err(Malformed::Generation);
        }
        Ok(Some(Field::Sealed(SealedField {
            stream: self.stream.clone(),
            event: self.event,
            event_type: self.event_type,
            schema_version: self.schema_version,
            field: number,
            author,
            scope: KeyRef { subject: keys.scope, generation: sealed.scope_generation },
            bytes: sealed.bytes,
        })))
    }
}

/// A field as it stands inside its event's payload.
///
/// # Errors
/// When it is clear.
pub fn to_proto<T>(field: &Field<T>) -> Result<Option<proto::Sealed>, EncodeFault> {
    let sealed = field.sealed().ok_or(EncodeFault)?;
    Ok(Some(proto::Sealed {
        author_generation: sealed.author.map_or(0, |key| key.generation),
        scope_generation: sealed.scope.generation,
        bytes: sealed.bytes.clone(),
    }))
}

/// The same for a field that may be absent.
///
/// # Errors
/// When it is clear.
pub fn optional_to_proto<T>(field: Option<&Field<T>>) -> Result<Option<proto::Sealed>, EncodeFault> {
    field.map_or(Ok(None), to_proto)
}
