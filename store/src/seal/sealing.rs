//! Sealing the words of new events. Keys that are in memory are used without waiting; those that are not are loaded,
//! or made, all at once. A key is durable in the store before the first field is sealed under it.

use crate::codec;
use crate::codec::fields::{EachField, Misplaced, Place, Subjects};
use crate::seal::cache::SealingKey;
use crate::seal::cipher::{self, Binding, KeyPair, NONCE_BYTES, field_key};
use crate::seal::keys::{Kept, KeysFault};
use crate::seal::secret::Secret;
use crate::seal::vault::Vault;
use domain::event::Event;
use domain::ids::EventId;
use domain::stream::StreamName;
use domain::words::{Field, KeyRef, SealedField, Subject};
use prost::Message;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Makings of a subject's key, each destroyed at once by somebody else, before sealing gives up.
const MAKE_MAX_TRIES: usize = 3;

/// An event that is to be sealed, with where it will stand.
#[derive(Clone, Debug)]
pub struct Unsealed {
    /// Its stream.
    pub stream: StreamName,
    /// Its id.
    pub id: EventId,
    /// What happened, in clear.
    pub event: Event,
}

/// What sealing came to without waiting.
#[derive(Clone, Debug)]
pub enum Tried {
    /// Every field is sealed.
    Sealed(Event),
    /// Keys have to be loaded or made first; fields whose keys were there are sealed already.
    Waits {
        /// The event.
        event: Event,
        /// Whose keys.
        keys: Vec<Subjects>,
    },
}

impl Vault {
    /// Seals an event's words with keys that are in memory; never waits.
    ///
    /// # Errors
    /// When the event does not belong into the stream.
    pub fn try_seal(&self, stream: &StreamName, id: EventId, event: Event) -> Result<Tried, KeysFault> {
        let (event, missing) = seal_with(stream, id, event, |subjects| self.held(subjects))?;
        Ok(if missing.is_empty() { Tried::Sealed(event) } else { Tried::Waits { event, keys: missing } })
    }

    /// Seals an event's words.
    ///
    /// # Errors
    /// When keys cannot be had, or the event does not belong into the stream.
    pub async fn seal(&self, stream: &StreamName, id: EventId, event: Event) -> Result<Event, KeysFault> {
        match self.try_seal(stream, id, event)? {
            Tried::Sealed(event) => Ok(event),
            Tried::Waits { event, keys } => {
                let keys = self.sealing_keys(keys.into_iter().collect()).await?;
                Ok(seal_with(stream, id, event, |subjects| keys.get(subjects).cloned())?.0)
            }
        }
    }

    /// Seals the words of many events, in their order. The keys that they wait for are loaded or made together.
    ///
    /// # Errors
    /// When keys cannot be had, or an event does not belong into its stream; then none is sealed.
    pub async fn seal_all(&self, events: Vec<Unsealed>) -> Result<Vec<Event>, KeysFault> {
        let mut missing = BTreeSet::new();
        let mut tried = Vec::with_capacity(events.len());
        for Unsealed { stream, id, event } in events {
            let (event, keys) = seal_with(&stream, id, event, |subjects| self.held(subjects))?;
            let waits = !keys.is_empty();
            missing.extend(keys);
            tried.push((Unsealed { stream, id, event }, waits));
        }
        let keys = self.sealing_keys(missing).await?;
        tried
            .into_iter()
            .map(|(Unsealed { stream, id, event }, waits)| {
                if !waits {
                    return Ok(event);
                }
                Ok(seal_with(&stream, id, event, |subjects| keys.get(subjects).cloned())?.0)
            })
            .collect()
    }

    fn held(&self, subjects: &Subjects) -> Option<SealingKey> {
        let now = self.clock.now();
        self.cache.lock().sealing(subjects, now)
    }

    /// The keys that new words are sealed with, made where there are none.
    async fn sealing_keys(&self, wanted: BTreeSet<Subjects>) -> Result<HashMap<Subjects, SealingKey>, KeysFault> {
        let mut derived = HashMap::with_capacity(wanted.len());
        if wanted.is_empty() {
            return Ok(derived);
        }
        let (epoch, loaded_at) = (self.cache.lock().epoch(), self.clock.now());
        let newest = |keys: &Subjects| keys.author.into_iter().chain(keys.period.is_none().then_some(keys.scope));
        let current = self.current_keys(wanted.iter().flat_map(newest).collect()).await?;
        let periods = self.period_keys(wanted.iter().filter_map(period_of).collect()).await?;
        for subjects in wanted {
            let of = |subject: Subject| current.get(&subject).map(|(name, key)| (*name, key)).ok_or(subject);
            let author = subjects.author.map(of).transpose().map_err(contended)?;
            let (scope, is_kept) = match period_of(&subjects) {
                Some(name) => {
                    let (key, is_kept) = periods.get(&name).ok_or_else(|| contended(name.subject))?;
                    ((name, key), *is_kept)
                }
                None => (of(subjects.scope).map_err(contended)?, true),
            };
            let key = SealingKey {
                keys: KeyPair { author: author.map(|(name, _)| name), scope: scope.0 },
                key: Arc::new(field_key(author.map(|(_, key)| key), scope.1)),
            };
            if is_kept {
                self.cache.lock().keep_sealing(subjects, key.clone(), epoch, loaded_at);
            }
            derived.insert(subjects, key);
        }
        Ok(derived)
    }

    /// The keys of periods, each made when it is first needed, and whether it is kept.
    ///
    /// In place of one that was destroyed comes a key that nobody keeps. A purge destroys a period's key in the unit that
    /// says so in the conversation's stream, and whatever is sealed in a period rests on that stream: who decided before the
    /// purge is overtaken by it, and what was sealed goes nowhere.
    async fn period_keys(&self, wanted: BTreeSet<KeyRef>) -> Result<BTreeMap<KeyRef, (Secret, bool)>, KeysFault> {
        let mut found = BTreeMap::new();
        let mut open: Vec<KeyRef> = wanted.into_iter().collect();
        while !open.is_empty() {
            let mut made = Vec::new();
            for (&name, kept) in open.iter().zip(self.store.get(&open).await?) {
                match kept {
                    Kept::Wrapped(wrapped) => {
                        found.insert(name, (self.wrapping.unwrap_subject_key(name, &wrapped)?, true));
                    }
                    Kept::Destroyed => {
                        found.insert(name, (Secret::random().map_err(KeysFault::Random)?, false));
                    }
                    Kept::Unknown => {
                        let fresh = Secret::random().map_err(KeysFault::Random)?;
                        made.push((name, self.wrapping.wrap_subject_key(name, &fresh)?));
                    }
                }
            }
            // As below: what the store then holds is what is used. A key never becomes unknown again, so this ends.
            if !made.is_empty() {
                self.store.insert(&made).await?;
            }
            open = made.into_iter().map(|(name, _)| name).collect();
        }
        Ok(found)
    }

    /// The newest key of each subject, unless it was destroyed; then, and where there is none, a new generation.
    async fn current_keys(&self, wanted: BTreeSet<Subject>) -> Result<BTreeMap<Subject, (KeyRef, Secret)>, KeysFault> {
        let mut current = BTreeMap::new();
        let mut open: Vec<_> = wanted.into_iter().collect();
        for _ in 0..=MAKE_MAX_TRIES {
            let mut made = Vec::new();
            for (&subject, newest) in open.iter().zip(self.store.newest(&open).await?) {
                let generation = match newest {
                    Some((generation, Kept::Wrapped(wrapped))) => {
                        let name = KeyRef { subject, generation };
                        current.insert(subject, (name, self.wrapping.unwrap_subject_key(name, &wrapped)?));
                        continue;
                    }
                    Some((generation, Kept::Destroyed)) => generation.saturating_add(1),
                    Some((_, Kept::Unknown)) | None => 1,
                };
                let name = KeyRef { subject, generation };
                let fresh = Secret::random().map_err(KeysFault::Random)?;
                made.push((name, self.wrapping.wrap_subject_key(name, &fresh)?));
            }
            if made.is_empty() {
                return Ok(current);
            }
            // Somebody else may make the same key at this moment. The first in the store wins: what is used is what the
            // store then holds, never what was made here.
            self.store.insert(&made).await?;
            open = made.into_iter().map(|(name, _)| name.subject).collect();
        }
        Err(open.first().map_or(KeysFault::Foreign, |subject| contended(*subject)))
    }
}

/// The key of the scope, where it must be of one generation.
fn period_of(keys: &Subjects) -> Option<KeyRef> {
    keys.period.map(|generation| KeyRef { subject: keys.scope, generation })
}

fn contended(subject: Subject) -> KeysFault {
    KeysFault::Contended(subject.stream_key())
}

fn seal_with(
    stream: &StreamName,
    id: EventId,
    event: Event,
    keys: impl Fn(&Subjects) -> Option<SealingKey>,
) -> Result<(Event, Vec<Subjects>), KeysFault> {
    let event_type = event.event_type();
    let schema_version = codec::schema_version(event_type);
    let place = Place { stream, event: id, event_type, schema_version };
    let mut walk = Sealing { place, keys, missing: Vec::new() };
    let event = codec::map_fields(event, stream, &mut walk)?;
    Ok((event, walk.missing))
}

struct Sealing<'a, K> {
    place: Place<'a>,
    keys: K,
    missing: Vec<Subjects>,
}

impl<K: Fn(&Subjects) -> Option<SealingKey>> EachField for Sealing<'_, K> {
    type Fault = KeysFault;

    fn field<T: Message>(&mut self, number: u32, subjects: Subjects, field: Field<T>) -> Result<Field<T>, KeysFault> {
        let words = match field {
            Field::Clear(words) => words,
            Field::Sealed(sealed) if belongs(&sealed, &self.place, number, subjects) => {
                return Ok(Field::Sealed(sealed));
            }
            Field::Sealed(_) => return Err(Misplaced.into()),
        };
        let Some(SealingKey { keys, key }) = (self.keys)(&subjects) else {
            self.missing.push(subjects);
            return Ok(Field::Clear(words));
        };
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(KeysFault::Random)?;
        seal_field(&self.place, number, keys, &key, &nonce, &words.encode_to_vec()).map(Field::Sealed)
    }
}

/// Whether a field that is sealed already was sealed for this place: otherwise it could never be opened there.
fn belongs(sealed: &SealedField, place: &Place<'_>, number: u32, subjects: Subjects) -> bool {
    sealed.stream == *place.stream
        && sealed.event == place.event
        && sealed.event_type == place.event_type
        && sealed.schema_version == place.schema_version
        && sealed.field == number
        && sealed.author.map(|key| key.subject) == subjects.author
        && sealed.scope.subject == subjects.scope
        && subjects.takes(sealed.scope.generation)
}

/// One field, sealed for its place.
pub(crate) fn seal_field(
    place: &Place<'_>,
    field: u32,
    keys: KeyPair,
    key: &Secret,
    nonce: &[u8; NONCE_BYTES],
    clear: &[u8],
) -> Result<SealedField, KeysFault> {
    let binding = Binding {
        stream: place.stream.as_str(),
        event: place.event,
        event_type: place.event_type.as_str(),
        schema_version: place.schema_version,
        field,
        keys,
    };
    let sealed = cipher::seal(key, nonce, &binding.associated_data(), clear).map_err(|_| Misplaced)?;
    Ok(SealedField {
        stream: place.stream.clone(),
        event: place.event,
        event_type: place.event_type,
        schema_version: place.schema_version,
        field,
        author: keys.author,
        scope: keys.scope,
        bytes: sealed.into(),
    })
}
