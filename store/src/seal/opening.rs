//! Opening words to answer a question, and hashing: the vault as the domain's port [`Words`].

use crate::seal::cache::OpeningKey;
use crate::seal::cipher::{self, Binding, KeyPair, field_key};
use crate::seal::keys::{Kept, KeysFault};
use crate::seal::secret::Secret;
use crate::seal::vault::Vault;
use bytes::Bytes;
use domain::ids::Hash16;
use domain::source::BoxFuture;
use domain::words::{Content, KeyRef, Purpose, SealedField, Words, WordsFault};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

impl Words for Vault {
    fn open<'a>(&'a self, fields: &'a [SealedField]) -> BoxFuture<'a, Result<Vec<Content<Bytes>>, WordsFault>> {
        Box::pin(async move {
            let keys = self.opening_keys(fields).await?;
            fields
                .iter()
                .map(|field| match keys.get(&pair_of(field)) {
                    Some(OpeningKey::Present(key)) => open_field(field, key).map(Content::Present),
                    Some(OpeningKey::Destroyed) => Ok(Content::Erased),
                    None => Err(key_missing(field.scope)),
                })
                .collect()
        })
    }

    fn hash(&self, purpose: Purpose, parts: &[&[u8]]) -> Hash16 {
        self.keyed_hash(purpose, parts)
    }
}

impl Vault {
    /// The keys of all fields: those in memory, the others in one read of the store.
    async fn opening_keys(&self, fields: &[SealedField]) -> Result<HashMap<KeyPair, OpeningKey>, WordsFault> {
        let now = self.clock.now();
        let mut keys = HashMap::new();
        let mut missing = BTreeSet::new();
        let epoch = {
            let mut cache = self.cache.lock();
            for pair in fields.iter().map(pair_of) {
                if keys.contains_key(&pair) || missing.contains(&pair) {
                    continue;
                }
                match cache.opening(&pair, now) {
                    Some(key) => drop(keys.insert(pair, key)),
                    None => drop(missing.insert(pair)),
                }
            }
            cache.epoch()
        };
        if missing.is_empty() {
            return Ok(keys);
        }
        let names: BTreeSet<_> = missing.iter().flat_map(|pair| pair.author.into_iter().chain([pair.scope])).collect();
        let kept = self.load(names.into_iter().collect()).await?;
        for pair in missing {
            let key = derive(pair, &kept)?;
            self.cache.lock().keep_opening(pair, key.clone(), epoch, now);
            keys.insert(pair, key);
        }
        Ok(keys)
    }

    async fn load(&self, names: Vec<KeyRef>) -> Result<HashMap<KeyRef, Loaded>, WordsFault> {
        let kept = self.store.get(&names).await.map_err(in_words)?;
        names
            .into_iter()
            .zip(kept)
            .map(|(name, kept)| {
                let loaded = match kept {
                    Kept::Wrapped(wrapped) => {
                        Loaded::Present(self.wrapping.unwrap_subject_key(name, &wrapped).map_err(in_words)?)
                    }
                    Kept::Destroyed => Loaded::Destroyed,
                    Kept::Unknown => Loaded::Unknown,
                };
                Ok((name, loaded))
            })
            .collect()
    }
}

enum Loaded {
    Present(Secret),
    Destroyed,
    Unknown,
}

/// A destroyed key of the two decides; only then a missing one is a fault.
fn derive(pair: KeyPair, loaded: &HashMap<KeyRef, Loaded>) -> Result<OpeningKey, WordsFault> {
    let of = |name: KeyRef| loaded.get(&name).unwrap_or(&Loaded::Unknown);
    match (pair.author.map(|name| (name, of(name))), of(pair.scope)) {
        (Some((_, Loaded::Destroyed)), _) | (_, Loaded::Destroyed) => Ok(OpeningKey::Destroyed),
        (Some((name, Loaded::Unknown)), Loaded::Present(_) | Loaded::Unknown) => Err(key_missing(name)),
        (Some((_, Loaded::Present(_))) | None, Loaded::Unknown) => Err(key_missing(pair.scope)),
        (Some((_, Loaded::Present(author))), Loaded::Present(scope)) => {
            Ok(OpeningKey::Present(Arc::new(field_key(Some(author), scope))))
        }
        (None, Loaded::Present(scope)) => Ok(OpeningKey::Present(Arc::new(field_key(None, scope)))),
    }
}

fn pair_of(field: &SealedField) -> KeyPair {
    KeyPair { author: field.author, scope: field.scope }
}

const fn key_missing(name: KeyRef) -> WordsFault {
    WordsFault::KeyMissing(name.subject, name.generation)
}

fn in_words(fault: KeysFault) -> WordsFault {
    WordsFault::Store(Box::new(fault))
}

/// One field, opened at the place where it says it stands.
pub(crate) fn open_field(field: &SealedField, key: &Secret) -> Result<Bytes, WordsFault> {
    let binding = Binding {
        stream: field.stream.as_str(),
        event: field.event,
        event_type: field.event_type.as_str(),
        schema_version: field.schema_version,
        field: field.field,
        keys: pair_of(field),
    };
    cipher::open(key, &binding.associated_data(), &field.bytes)
        .map(Bytes::from)
        .map_err(|_| WordsFault::Damaged(field.event))
}
