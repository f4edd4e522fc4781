//! How a field is sealed: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) under a key that HKDF-SHA256 (RFC 5869) derives
//! from the keys of the field's subjects, bound to the one place where the field stands. Pure: keys and nonces are
//! arguments. Nothing here may ever change for fields that were sealed; golden vectors hold it fast.

use crate::seal::secret::Secret;
use chacha20::{R20, hchacha};
use domain::ids::EventId;
use domain::words::KeyRef;
use hkdf::Hkdf;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Bytes of nonce before the ciphertext. Long enough to be drawn at random without end.
pub const NONCE_BYTES: usize = 24;
/// Bytes of tag after the ciphertext.
pub const TAG_BYTES: usize = 16;

const FIELD_KEY_INFO: &[u8] = b"tidings sealed field v1";
const FIELD_LABEL: &[u8] = b"tidings sealed field v1";

/// The bytes are not what was sealed with this key for this place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("does not open")]
pub struct Unopened;

/// The keys a field is sealed under, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyPair {
    /// The author's, where the author has a part in it.
    pub author: Option<KeyRef>,
    /// The scope's.
    pub scope: KeyRef,
}

/// Everything that a sealed field is bound to.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// The name of its event's stream.
    pub stream: &'a str,
    /// Its event.
    pub event: EventId,
    /// Its event's type.
    pub event_type: &'a str,
    /// Its event's schema version.
    pub schema_version: u32,
    /// Its protobuf field number.
    pub field: u32,
    /// Its keys.
    pub keys: KeyPair,
}

impl Binding<'_> {
    /// The associated data: every part framed by its length, so that no two bindings have the same bytes.
    pub fn associated_data(&self) -> Vec<u8> {
        let mut data = Vec::with_capacity(256);
        put(&mut data, FIELD_LABEL);
        put(&mut data, self.stream.as_bytes());
        put(&mut data, self.event.uuid().as_bytes());
        put(&mut data, self.event_type.as_bytes());
        put(&mut data, &self.schema_version.to_le_bytes());
        put(&mut data, &self.field.to_le_bytes());
        match self.keys.author {
            None => put(&mut data, &[]),
            Some(author) => put(&mut data, &key_name(author)),
        }
        put(&mut data, &key_name(self.keys.scope));
        data
    }
}

/// Appends a part with its length before it.
pub(crate) fn put(data: &mut Vec<u8>, part: &[u8]) {
    data.extend_from_slice(&(part.len() as u64).to_le_bytes());
    data.extend_from_slice(part);
}

/// A key's kind, id and generation in 21 bytes.
pub(crate) fn key_name(key: KeyRef) -> [u8; 21] {
    let (kind, id) = key.subject.parts();
    let mut name = [kind; 21];
    name[1..17].copy_from_slice(id.as_bytes());
    name[17..].copy_from_slice(&key.generation.to_le_bytes());
    name
}

/// The key of fields: HKDF of the author's key followed by the scope's, or of the scope's alone.
pub fn field_key(author: Option<&Secret>, scope: &Secret) -> Secret {
    let mut material = Zeroizing::new([0; 2 * Secret::BYTES]);
    let used = match author {
        Some(author) => {
            material[..Secret::BYTES].copy_from_slice(author.bytes());
            material[Secret::BYTES..].copy_from_slice(scope.bytes());
            &material[..]
        }
        None => {
            material[..Secret::BYTES].copy_from_slice(scope.bytes());
            &material[..Secret::BYTES]
        }
    };
    let mut derived = Secret::new([0; Secret::BYTES]);
    #[expect(clippy::expect_used, reason = "HKDF-SHA256 gives up to 8,160 bytes; this asks for 32")]
    Hkdf::<Sha256>::new(None, used).expand(FIELD_KEY_INFO, derived.bytes_mut()).expect("32 bytes are not too many");
    derived
}

/// The nonce, the ciphertext and its tag. A nonce must never serve twice under one key.
///
/// # Errors
/// Never for texts below 256 GiB.
pub fn seal(key: &Secret, nonce: &[u8; NONCE_BYTES], associated: &[u8], clear: &[u8]) -> Result<Vec<u8>, Unopened> {
    let mut sealed = Vec::with_capacity(NONCE_BYTES + clear.len() + TAG_BYTES);
    sealed.extend_from_slice(nonce);
    sealed.extend_from_slice(clear);
    let (key, nonce) = of_one_field(key, nonce)?;
    let tag = key
        .seal_in_place_separate_tag(nonce, Aad::from(associated), &mut sealed[NONCE_BYTES..])
        .map_err(|_| Unopened)?;
    sealed.extend_from_slice(tag.as_ref());
    Ok(sealed)
}

/// The reverse of [`seal`].
///
/// # Errors
/// On another key, other associated data, or bytes that are not as they were sealed.
pub fn open(key: &Secret, associated: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unopened> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(Unopened)?;
    let (key, nonce) = of_one_field(key, nonce)?;
    let mut clear = rest.to_vec();
    let length = key.open_in_place(nonce, Aad::from(associated), &mut clear).map_err(|_| Unopened)?.len();
    clear.truncate(length);
    Ok(clear)
}

/// What XChaCha20-Poly1305 is on top of ChaCha20-Poly1305: a key of its own from the first 16 bytes of the nonce, which
/// opens nothing but this field, and the other 8 bytes after 4 zeros as nonce.
fn of_one_field(key: &Secret, nonce: &[u8; NONCE_BYTES]) -> Result<(LessSafeKey, Nonce), Unopened> {
    let (first, last) = nonce.split_at(16);
    let first: &[u8; 16] = first.try_into().map_err(|_| Unopened)?;
    let subkey = Zeroizing::new(<[u8; Secret::BYTES]>::from(hchacha::<R20>(key.bytes().into(), first.into())));
    let key = UnboundKey::new(&CHACHA20_POLY1305, &*subkey).map_err(|_| Unopened)?;
    let mut short = [0; 12];
    short[4..].copy_from_slice(last);
    Ok((LessSafeKey::new(key), Nonce::assume_unique_for_key(short)))
}
