//! Words that anybody reads.

use bytes::Bytes;
use domain::event::EventType;
use domain::ids::{AccountId, EventId, Hash16};
use domain::source::BoxFuture;
use domain::stream::StreamName;
use domain::words::{Content, Field, KeyRef, Purpose, SealedField, Subject, Words, WordsFault};
use std::collections::BTreeSet;
use std::sync::Mutex;
use uuid::Uuid;

/// Words in clear behind the port, with keys that can be destroyed.
#[derive(Default)]
pub(crate) struct OpenWords {
    destroyed: Mutex<BTreeSet<KeyRef>>,
    pub(crate) calls: Mutex<usize>,
}

impl OpenWords {
    pub(crate) fn destroy(&self, subject: Subject) {
        self.destroyed.lock().unwrap().insert(KeyRef { subject, generation: 1 });
    }
}

impl Words for OpenWords {
    fn open<'a>(&'a self, fields: &'a [SealedField]) -> BoxFuture<'a, Result<Vec<Content<Bytes>>, WordsFault>> {
        Box::pin(async move {
            *self.calls.lock().unwrap() += 1;
            let destroyed = self.destroyed.lock().unwrap();
            let opened = fields.iter().map(|field| {
                let gone = destroyed.contains(&field.scope) || field.author.is_some_and(|a| destroyed.contains(&a));
                if gone { Content::Erased } else { Content::Present(field.bytes.clone()) }
            });
            Ok(opened.collect())
        })
    }

    fn hash(&self, purpose: Purpose, parts: &[&[u8]]) -> Hash16 {
        let mut hasher = blake3::Hasher::new();
        hasher.update(purpose.as_str().as_bytes());
        parts.iter().for_each(|part| {
            hasher.update(part);
        });
        Hash16(hasher.finalize().as_bytes()[..16].try_into().unwrap())
    }
}

/// "Seals" words: the bytes stay readable, all that stands beside them is real.
pub(crate) fn seal<T: prost::Message>(
    words: &T,
    stream: &StreamName,
    event_type: EventType,
    author: Option<AccountId>,
    scope: Subject,
) -> Field<T> {
    Field::Sealed(SealedField {
        stream: stream.clone(),
        event: EventId::new(Uuid::from_u128(1)),
        event_type,
        schema_version: 1,
        field: 1,
        author: author.map(|id| KeyRef { subject: Subject::Account(id), generation: 1 }),
        scope: KeyRef { subject: scope, generation: 1 },
        bytes: words.encode_to_vec().into(),
    })
}
