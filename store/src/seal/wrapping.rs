//! Keys at rest: wrapped by a key-encryption key that never stands in the keys store itself.

use crate::seal::cipher::{self, NONCE_BYTES, key_name, put};
use crate::seal::keys::KeysFault;
use crate::seal::secret::Secret;
use domain::words::KeyRef;

const SUBJECT_KEY_LABEL: &[u8] = b"tidings subject key v1";
const HASH_KEY_LABEL: &[u8] = b"tidings log hash key v1";

/// A key as the keys store holds it: nonce, ciphertext, tag; bound to its name, so that one cannot stand for another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped(pub Vec<u8>);

/// What wraps every key of a keys store. It belongs where neither the log's nor the keys store's backups are.
#[derive(Debug)]
pub struct KeyEncryptionKey(Secret);

impl KeyEncryptionKey {
    /// From its 32 bytes.
    pub const fn new(bytes: [u8; Secret::BYTES]) -> Self {
        Self(Secret::new(bytes))
    }

    pub(crate) fn wrap_subject_key(&self, name: KeyRef, key: &Secret) -> Result<Wrapped, KeysFault> {
        self.wrap(&subject_key_place(name), key)
    }

    pub(crate) fn unwrap_subject_key(&self, name: KeyRef, wrapped: &Wrapped) -> Result<Secret, KeysFault> {
        self.unwrap(&subject_key_place(name), wrapped)
            .ok_or(KeysFault::Wrapping(name.subject.stream_key(), name.generation))
    }

    pub(crate) fn wrap_hash_key(&self, key: &Secret) -> Result<Wrapped, KeysFault> {
        self.wrap(HASH_KEY_LABEL, key)
    }

    pub(crate) fn unwrap_hash_key(&self, wrapped: &Wrapped) -> Result<Secret, KeysFault> {
        self.unwrap(HASH_KEY_LABEL, wrapped).ok_or(KeysFault::EncryptionKey)
    }

    fn wrap(&self, place: &[u8], key: &Secret) -> Result<Wrapped, KeysFault> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(KeysFault::Random)?;
        cipher::seal(&self.0, &nonce, place, key.bytes()).map(Wrapped).map_err(|_| KeysFault::EncryptionKey)
    }

    fn unwrap(&self, place: &[u8], wrapped: &Wrapped) -> Option<Secret> {
        let clear = zeroize::Zeroizing::new(cipher::open(&self.0, place, &wrapped.0).ok()?);
        clear.as_slice().try_into().ok().map(Secret::new)
    }
}

fn subject_key_place(name: KeyRef) -> Vec<u8> {
    let mut place = Vec::with_capacity(64);
    put(&mut place, SUBJECT_KEY_LABEL);
    put(&mut place, &key_name(name));
    place
}
