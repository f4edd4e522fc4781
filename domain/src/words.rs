//! Words: what people wrote. Sealed from the first event on; opened only to answer a question.

use crate::event::EventType;
use crate::ids::{AccountId, ConversationId, EventId, Hash16, StoryId};
use crate::proto::sealed::v1 as proto;
use crate::source::BoxFuture;
use crate::stream::StreamName;
use bytes::Bytes;
use prost::Message;
use serde::{Serialize, Serializer};
use std::fmt;
use uuid::Uuid;

/// Whom or what a key belongs to. Destroying the key erases everything sealed under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// What one person wrote.
    Account(AccountId),
    /// What one conversation is called, and what was written in it before its messages had keys of their own.
    Conversation(ConversationId),
    /// What was written in one conversation: its generations are periods ([`crate::message::period`]).
    Messages(ConversationId),
    /// One story.
    Story(StoryId),
    /// What belongs to nobody in particular, such as audit reasons.
    Deployment,
}

impl Subject {
    /// The form in stream names: `<letter><uuid without hyphens>`.
    pub fn stream_key(self) -> String {
        let (kind, id) = self.parts();
        format!("{}{}", kind as char, id.as_simple())
    }

    /// A letter for the kind (`a`, `c`, `m`, `s`, `d`) and the id (nil for the deployment).
    pub fn parts(self) -> (u8, Uuid) {
        match self {
            Subject::Account(id) => (b'a', id.uuid()),
            Subject::Conversation(id) => (b'c', id.uuid()),
            Subject::Messages(id) => (b'm', id.uuid()),
            Subject::Story(id) => (b's', id.uuid()),
            Subject::Deployment => (b'd', Uuid::nil()),
        }
    }

    /// The reverse of [`Subject::parts`].
    pub fn from_parts(kind: u8, id: Uuid) -> Option<Self> {
        Some(match kind {
            b'a' => Subject::Account(AccountId::new(id)),
            b'c' => Subject::Conversation(ConversationId::new(id)),
            b'm' => Subject::Messages(ConversationId::new(id)),
            b's' => Subject::Story(StoryId::new(id)),
            b'd' => Subject::Deployment,
            _ => return None,
        })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stream_key())
    }
}

/// One generation of a subject's key. The first is 1; those of [`Subject::Messages`] are periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyRef {
    /// Whose key.
    pub subject: Subject,
    /// Which of its generations.
    pub generation: u32,
}

impl KeyRef {
    /// As events and read models keep it.
    pub fn to_proto(self) -> proto::KeyRef {
        let (kind, id) = self.subject.parts();
        proto::KeyRef { kind: u32::from(kind), id: Bytes::copy_from_slice(id.as_bytes()), generation: self.generation }
    }

    /// The reverse of [`KeyRef::to_proto`]; none when it names no key.
    pub fn from_proto(key: &proto::KeyRef) -> Option<Self> {
        let id = Uuid::from_slice(&key.id).ok()?;
        let subject = Subject::from_parts(u8::try_from(key.kind).ok()?, id)?;
        (key.generation > 0).then_some(Self { subject, generation: key.generation })
    }
}

/// A sealed field as an event carries it and as read models keep it: ciphertext beside everything its associated
/// data binds, so that it can be opened without its event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedField {
    /// The stream of its event.
    pub stream: StreamName,
    /// Its event.
    pub event: EventId,
    /// Its event's type.
    pub event_type: EventType,
    /// Its event's schema version.
    pub schema_version: u32,
    /// Which of the event's sealed fields (its protobuf field number).
    pub field: u32,
    /// The author's key, where the author has a part in it.
    pub author: Option<KeyRef>,
    /// The key of the conversation, story, account or deployment.
    pub scope: KeyRef,
    /// 24 bytes of nonce, then the ciphertext with its 16-byte tag.
    pub bytes: Bytes,
}

/// The bytes are not a sealed field as [`SealedField::to_bytes`] writes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a sealed field")]
pub struct BadSealedField;

impl SealedField {
    /// As read models keep it: the protobuf message `tidings.sealed.v1.SealedField`.
    pub fn to_bytes(&self) -> Vec<u8> {
        proto::SealedField {
            stream: self.stream.as_str().to_owned(),
            event: Bytes::copy_from_slice(self.event.uuid().as_bytes()),
            event_type: self.event_type.as_str().to_owned(),
            schema_version: self.schema_version,
            field: self.field,
            author: self.author.map(KeyRef::to_proto),
            scope: Some(self.scope.to_proto()),
            bytes: self.bytes.clone(),
        }
        .encode_to_vec()
    }

    /// The reverse of [`SealedField::to_bytes`].
    ///
    /// # Errors
    /// On anything else than such bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadSealedField> {
        let field = proto::SealedField::decode(bytes).map_err(|_| BadSealedField)?;
        Ok(Self {
            stream: StreamName::parse(&field.stream).map_err(|_| BadSealedField)?,
            event: Uuid::from_slice(&field.event).map(EventId::new).map_err(|_| BadSealedField)?,
            event_type: EventType::parse(&field.event_type).ok_or(BadSealedField)?,
            schema_version: field.schema_version,
            field: field.field,
            author: field.author.map(|key| KeyRef::from_proto(&key).ok_or(BadSealedField)).transpose()?,
            scope: field.scope.and_then(|key| KeyRef::from_proto(&key)).ok_or(BadSealedField)?,
            bytes: field.bytes,
        })
    }
}

/// Words in an event: clear only between deciding and sealing, and in the in-memory twin of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field<T> {
    /// Just decided.
    Clear(T),
    /// As it stands in the log.
    Sealed(SealedField),
}

impl<T> Field<T> {
    /// The clear words, where they are still clear.
    pub fn clear(&self) -> Option<&T> {
        match self {
            Field::Clear(words) => Some(words),
            Field::Sealed(_) => None,
        }
    }

    /// The sealed form, once sealed.
    pub fn sealed(&self) -> Option<&SealedField> {
        match self {
            Field::Clear(_) => None,
            Field::Sealed(field) => Some(field),
        }
    }
}

/// In the log's listings words are never shown; only that they are there.
impl<T> Serialize for Field<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("[sealed]")
    }
}

/// What a sealed field opens to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content<T> {
    /// The words.
    Present(T),
    /// Its key was destroyed: the words are gone for ever, here and in every copy.
    Erased,
}

impl<T> Content<T> {
    /// The words, if they are still there.
    pub fn present(self) -> Option<T> {
        match self {
            Content::Present(words) => Some(words),
            Content::Erased => None,
        }
    }

    /// Applies `f` to the words.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Content<U> {
        match self {
            Content::Present(words) => Content::Present(f(words)),
            Content::Erased => Content::Erased,
        }
    }
}

/// Why words could not be opened. Never "erased": that is a [`Content`].
#[derive(Debug, thiserror::Error)]
pub enum WordsFault {
    /// A key is missing although no event says that it was destroyed (`KEY_MISSING`).
    #[error("the key of {0} generation {1} is missing and was never destroyed")]
    KeyMissing(Subject, u32),
    /// The ciphertext, its place or its keys are not those it was sealed with.
    #[error("a sealed field of event {0} does not open")]
    Damaged(EventId),
    /// The keys store did not answer.
    #[error("the keys store failed")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What a keyed hash is for. Hashes of different purposes never meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A lower-cased user name.
    Username,
    /// The two accounts of a direct conversation.
    DirectPair,
    /// An idempotency key, with its account and command: the id of the event.
    CommandEvent,
    /// An idempotency key, as it stands in the envelope.
    IdempotencyKey,
    /// A command's body, as it stands in the envelope.
    RequestBody,
    /// Things of an import: teams, channels, people.
    Import,
    /// A refresh token.
    RefreshToken,
    /// What makes a text one of our refresh tokens.
    RefreshTokenSeal,
    /// A client's address and account in the count of failed sign-ins.
    SignIn,
    /// An account as analysts see it in the log.
    Pseudonym,
    /// What makes a list's cursor one of ours.
    Cursor,
    /// A story and somebody who saw it.
    StoryView,
}

impl Purpose {
    /// A name that goes into the hash; never changed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Purpose::Username => "username",
            Purpose::DirectPair => "direct-pair",
            Purpose::CommandEvent => "command-event",
            Purpose::IdempotencyKey => "idempotency-key",
            Purpose::RequestBody => "request-body",
            Purpose::Import => "import",
            Purpose::RefreshToken => "refresh-token",
            Purpose::RefreshTokenSeal => "refresh-token-seal",
            Purpose::SignIn => "sign-in",
            Purpose::Pseudonym => "pseudonym",
            Purpose::Cursor => "cursor",
            Purpose::StoryView => "story-view",
        }
    }
}

/// The port to sealed words and keyed hashes.
pub trait Words: Send + Sync + 'static {
    /// Opens fields, in their order. One fault fails the call.
    fn open<'a>(&'a self, fields: &'a [SealedField]) -> BoxFuture<'a, Result<Vec<Content<Bytes>>, WordsFault>>;

    /// A keyed hash of the parts, each framed by its length, under the log's hash key, which never rotates.
    fn hash(&self, purpose: Purpose, parts: &[&[u8]]) -> Hash16;
}

/// Opens one field and decodes the protobuf message inside.
pub async fn open_one<T: prost::Message + Default + Clone>(
    words: &dyn Words,
    field: &Field<T>,
) -> Result<Content<T>, WordsFault> {
    match field {
        Field::Clear(clear) => Ok(Content::Present(clear.clone())),
        Field::Sealed(sealed) => {
            let opened = words.open(std::slice::from_ref(sealed)).await?.pop();
            decode_opened(sealed, opened.unwrap_or(Content::Erased))
        }
    }
}

/// Decodes the protobuf message that an opened field holds.
pub fn decode_opened<T: prost::Message + Default>(
    sealed: &SealedField,
    opened: Content<Bytes>,
) -> Result<Content<T>, WordsFault> {
    match opened {
        Content::Present(bytes) => {
            T::decode(bytes).map(Content::Present).map_err(|_| WordsFault::Damaged(sealed.event))
        }
        Content::Erased => Ok(Content::Erased),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_field_is_read_back_from_its_bytes() {
        let account = AccountId::new(Uuid::from_u128(5));
        let key = |subject| KeyRef { subject, generation: 3 };
        let mut field = SealedField {
            stream: StreamName::account(account),
            event: EventId::new(Uuid::from_u128(6)),
            event_type: EventType::AccountRegistered,
            schema_version: 1,
            field: 4,
            author: None,
            scope: key(Subject::Account(account)),
            bytes: Bytes::from_static(b"not looked into"),
        };
        assert_eq!(SealedField::from_bytes(&field.to_bytes()), Ok(field.clone()));
        (field.author, field.scope) = (Some(key(Subject::Account(account))), key(Subject::Deployment));
        assert_eq!(SealedField::from_bytes(&field.to_bytes()), Ok(field.clone()));
        field.scope.generation = 0;
        assert_eq!(SealedField::from_bytes(&field.to_bytes()), Err(BadSealedField), "no key has generation 0");
        assert_eq!(SealedField::from_bytes(b""), Err(BadSealedField));
    }
}
