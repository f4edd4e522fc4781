//! Vectors that hold the cipher fast, and what a sealed field is bound to.

use super::Opened;
use crate::seal::cipher::{Binding, KeyPair, Unopened, field_key, open, seal};
use crate::seal::secret::Secret;
use domain::ids::{AccountId, ConversationId, EventId, StoryId};
use domain::words::{KeyRef, Subject};
use uuid::Uuid;

fn binding() -> Binding<'static> {
    let author = Subject::Account(AccountId::new(Uuid::from_u128(0xa1)));
    let scope = Subject::Conversation(ConversationId::new(Uuid::from_u128(0xc0)));
    Binding {
        stream: "timeline-00000000-0000-0000-0000-0000000000c0",
        event: EventId::new(Uuid::from_u128(0xe0)),
        event_type: "MessageSent",
        schema_version: 1,
        field: 3,
        keys: KeyPair {
            author: Some(KeyRef { subject: author, generation: 1 }),
            scope: KeyRef { subject: scope, generation: 2 },
        },
    }
}

/// Section A.3.1 of draft-irtf-cfrg-xchacha-03.
#[test]
fn the_cipher_is_xchacha20_poly1305() {
    let key = Secret::new(std::array::from_fn(|i| 0x80 + i as u8));
    let nonce = std::array::from_fn(|i| 0x40 + i as u8);
    let associated = hex::decode("50515253c0c1c2c3c4c5c6c7").unwrap();
    let clear = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, \
        sunscreen would be it.";
    let sealed = seal(&key, &nonce, &associated, clear).unwrap();
    let due = "404142434445464748494a4b4c4d4e4f5051525354555657\
        bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39\
        ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9\
        21f9664c97637da9768812f615c68b13b52e\
        c0875924c1c7987947deafd8780acf49";
    assert_eq!(hex::encode(&sealed), due);
    assert_eq!(open(&key, &associated, &sealed), Ok(clear.to_vec()));
}

/// The expected keys come from a second HKDF, written with Python's `hmac`.
#[test]
fn the_key_of_fields_is_hkdf_of_both_keys_in_order() {
    let (author, scope) = (Secret::new([1; 32]), Secret::new([2; 32]));
    let derived = |author, scope| hex::encode(field_key(author, scope).bytes());
    assert_eq!(derived(Some(&author), &scope), "37410d86b7e2948aa3966794be019a60cc18ff9940aa1022b1e3285075be6e9f");
    assert_eq!(derived(Some(&scope), &author), "faf12eb88bdbf319130e1ae3f9835211aa7a1e6dea0a266de35bfe1b51c9a4a3");
    assert_eq!(derived(None, &scope), "b1f192f391c379e29b714105fe6e26069deccf1c5edf056ba55e48c8935a339c");
}

/// The expected bytes come from libsodium.
#[test]
fn a_field_is_sealed_as_ever() {
    let key = field_key(Some(&Secret::new([1; 32])), &Secret::new([2; 32]));
    let associated = binding().associated_data();
    let due = "1700000000000000746964696e6773207365616c6564206669656c642076312d0000000000000074696d656c\
        696e652d30303030303030302d303030302d303030302d303030302d30303030303030303030633010000000\
        00000000000000000000000000000000000000e00b000000000000004d65737361676553656e740400000000\
        00000001000000040000000000000003000000150000000000000061000000000000000000000000000000a1\
        01000000150000000000000063000000000000000000000000000000c002000000";
    assert_eq!(hex::encode(&associated), due);
    let sealed = seal(&key, &[7; 24], &associated, b"Hello").unwrap();
    assert_eq!(
        hex::encode(sealed),
        "070707070707070707070707070707070707070707070707928b288a952d74da91f02d91089028c80f08596893"
    );
}

type Change = fn(&mut Binding<'static>);

fn opened_elsewhere(change: impl Fn(&mut Binding<'static>)) -> Opened {
    let key = Secret::new([9; 32]);
    let sealed = seal(&key, &[7; 24], &binding().associated_data(), b"Hello").unwrap();
    let mut place = binding();
    change(&mut place);
    open(&key, &place.associated_data(), &sealed)
}

/// Killed mutant: associated data that is left empty.
#[test]
fn a_field_opens_only_where_it_was_sealed() {
    assert_eq!(opened_elsewhere(|_| {}), Ok(b"Hello".to_vec()));
    let changes: [(&str, Change); 9] = [
        ("stream", |place| place.stream = "timeline-00000000-0000-0000-0000-0000000000c1"),
        ("event", |place| place.event = EventId::new(Uuid::from_u128(0xe1))),
        ("type", |place| place.event_type = "MessageEdited"),
        ("version", |place| place.schema_version = 2),
        ("field", |place| place.field = 2),
        ("author's generation", |place| place.keys.author.as_mut().unwrap().generation = 2),
        ("scope's generation", |place| place.keys.scope.generation = 1),
        ("author", |place| place.keys.author = None),
        ("scope", |place| place.keys.scope.subject = Subject::Story(StoryId::new(Uuid::from_u128(0xc0)))),
    ];
    for (what, change) in changes {
        assert_eq!(opened_elsewhere(change), Err(Unopened), "another {what}");
    }
}

#[test]
fn parts_of_the_associated_data_do_not_run_into_each_other() {
    let (mut one, mut other) = (binding(), binding());
    (one.stream, one.event_type) = ("story-ab", "c");
    (other.stream, other.event_type) = ("story-a", "bc");
    assert_ne!(one.associated_data(), other.associated_data());
}

#[test]
fn a_changed_byte_anywhere_does_not_open() {
    let key = Secret::new([9; 32]);
    let sealed = seal(&key, &[7; 24], b"here", b"Hello").unwrap();
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert_eq!(open(&key, b"here", &changed), Err(Unopened), "byte {at}");
        assert_eq!(open(&key, b"here", &sealed[..at]), Err(Unopened), "cut at {at}");
    }
    assert_eq!(open(&Secret::new([8; 32]), b"here", &sealed), Err(Unopened), "another key");
}
