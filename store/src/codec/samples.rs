//! One fixed event of every type, with every optional field there. Golden files hold their bytes for ever: a sample is
//! never changed, only added.

use crate::codec::fields::{EachField, Misplaced, Place, Subjects};
use crate::codec::{map_fields, schema_version};
use crate::seal::cipher::{KeyPair, NONCE_BYTES, field_key};
use crate::seal::sealing::seal_field;
use crate::seal::secret::Secret;
use domain::account::event::{
    AccountErased, AccountRegistered, AdminsChanged, DeviceKeyPublished, DeviceKeyRemoved, ErasureBegun,
    ErasureCancelled, ErasureRequested, PasswordChanged, ProfileChanged, RoleGranted, SettingsChanged,
    UsernameReserved,
};
use domain::account::values::Role;
use domain::audit::event::ContentAccessed;
use domain::clock::Time;
use domain::conversation::event::{
    ConversationChanged, ConversationClosed, ConversationCreated, MemberJoined, MemberLeft, MemberRoleChanged,
    MembershipChanged, MessagePinned, MessageUnpinned, MessagesPurged, ReadMoved, RetentionChanged,
};
use domain::conversation::values::{ConversationKind, MemberRole, MembershipSettings, Mute, Notify, PrivacyMode};
use domain::event::{Event, EventType};
use domain::ids::{
    AccountId, ConversationId, DeviceId, DeviceKeyId, EventId, Hash16, JobId, MessageId, Position, SessionId, StoryId,
};
use domain::import::event::ImportAdvanced;
use domain::job::event::{JobEnded, JobStarted};
use domain::job::values::{JobKind, JobOutcome};
use domain::keys::event::KeyDestroyed;
use domain::message::event::{MessageDeleted, MessageEdited, MessageSent, ReactionAdded, ReactionRemoved};
use domain::notification::event::NotificationsRead;
use domain::proto::account::v1::{
    AccountWords, CredentialWords, DeviceKeyWords, ProfileWords, ReasonWords, SettingsWords,
};
use domain::proto::conversation::v1::ConversationWords;
use domain::proto::message::v1::MessageWords;
use domain::proto::session::v1::DeviceWords;
use domain::proto::story::v1::StoryWords;
use domain::relationship::event::{
    AccountBlocked, AccountFollowed, AccountUnblocked, AccountUnfollowed, CloseFriendAdded, CloseFriendRemoved,
    StoriesHidden, StoriesMuted, StoriesShown, StoriesUnmuted,
};
use domain::session::event::{SessionOpened, SessionRefreshed, SessionRevoked};
use domain::session::values::RevocationReason;
use domain::story::event::{StoryDeleted, StoryExpired, StoryPosted, StoryPrivacyChanged, StoryViewed};
use domain::story::values::StoryPrivacy;
use domain::stream::StreamName;
use domain::words::{Field, KeyRef, Subject};
use prost::Message;
use uuid::Uuid;

/// Stands in every word of every sample, so that a test can look for it where no word may be.
pub const MARK: &str = "personal";

/// An event with where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Its stream.
    pub stream: StreamName,
    /// Its id.
    pub id: EventId,
    /// What happened.
    pub event: Event,
}

/// Writes the words of every sample.
pub fn alice() -> AccountId {
    AccountId::new(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_00a1))
}

/// Somebody else.
pub fn bob() -> AccountId {
    AccountId::new(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_00b0))
}

/// Where they talk.
pub fn room() -> ConversationId {
    ConversationId::new(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_00c0))
}

/// Alice's.
pub fn story() -> StoryId {
    StoryId::new(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0051))
}

/// Alice's.
pub fn session() -> SessionId {
    SessionId::new(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_005e))
}

fn device_words() -> Option<Field<DeviceWords>> {
    Some(Field::Clear(DeviceWords { device_name: format!("{MARK} telephone") }))
}

fn at() -> Time {
    Time::from_micros(1_735_689_600_123_456)
}

pub(super) fn message_words(text: &str) -> Field<MessageWords> {
    Field::Clear(MessageWords {
        text: format!("{text}, with a {MARK} note"),
        client_ref: Some(format!("{MARK} reference")),
        ciphertext: None,
    })
}

fn device() -> DeviceId {
    DeviceId::new(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_00de))
}

pub(super) fn device_key() -> DeviceKeyId {
    DeviceKeyId::new(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_00d1))
}

pub(super) fn reason() -> Field<ReasonWords> {
    Field::Clear(ReasonWords { reason: format!("a {MARK} reason") })
}

fn credential() -> Field<CredentialWords> {
    Field::Clear(CredentialWords { password_hash: format!("$argon2id$v=19${MARK}") })
}

/// The sample of a type, in clear.
pub fn sample(event_type: EventType) -> Sample {
    let account = StreamName::account(alice());
    let conversation = StreamName::conversation(room());
    let relationship = StreamName::relationship(alice());
    let message = StreamName::message(MessageId { conversation: room(), seq: 7 });
    let (stream, event) = match event_type {
        EventType::AccountRegistered => {
            let words = AccountWords { username: format!("{MARK}_alice"), display_name: format!("Alice {MARK}") };
            let (words, credential) = (Field::Clear(words), Some(credential()));
            let username_hash = Hash16([0x11; 16]);
            (account, AccountRegistered { account: alice(), username_hash, words, credential }.into())
        }
        EventType::UsernameReserved => {
            (StreamName::username(Hash16([0x11; 16])), UsernameReserved { account: alice() }.into())
        }
        EventType::PasswordChanged => {
            (account, PasswordChanged { credential: credential(), kept_session: Some(session()) }.into())
        }
        EventType::ProfileChanged => {
            let (display_name, bio) = (format!("Alice {MARK}"), Some(format!("a {MARK} life")));
            (account, ProfileChanged { words: Field::Clear(ProfileWords { display_name, bio }) }.into())
        }
        EventType::RoleGranted => {
            let reason = Some(reason());
            (account, RoleGranted { role: Role::Moderator, reason }.into())
        }
        EventType::SettingsChanged => {
            let time_zone = Some(Field::Clear(SettingsWords { time_zone: format!("Europe/{MARK}") }));
            (account, SettingsChanged { read_receipts: true, presence: false, time_zone }.into())
        }
        EventType::AdminsChanged => (StreamName::admins(), AdminsChanged { account: alice(), is_admin: true }.into()),
        EventType::ErasureRequested => (account, ErasureRequested { erases_at: at(), reason: Some(reason()) }.into()),
        EventType::ErasureCancelled => (account, ErasureCancelled {}.into()),
        EventType::ErasureBegun => (account, ErasureBegun { erases_at: at() }.into()),
        EventType::AccountErased => (account, AccountErased { account: alice() }.into()),
        EventType::ContentAccessed => {
            let message = MessageId { conversation: room(), seq: 7 };
            let event = ContentAccessed { role: Role::Moderator, message, reason: reason() };
            (StreamName::access(alice()), event.into())
        }
        EventType::DeviceKeyPublished => {
            let words =
                DeviceKeyWords { algorithm: format!("{MARK}25519"), public_key: format!("a {MARK} key").into() };
            let event = DeviceKeyPublished { device: device(), key: device_key(), words: Field::Clear(words) };
            (account, event.into())
        }
        EventType::DeviceKeyRemoved => (account, DeviceKeyRemoved { device: device() }.into()),
        EventType::SessionOpened => {
            let event = SessionOpened {
                account: alice(),
                refresh_hash: Hash16([0x22; 16]),
                refresh_expires_at: at(),
                device: device_words(),
                credential_revision: Some(3),
                opened_at: Some(at()),
            };
            (StreamName::session(session()), event.into())
        }
        EventType::SessionRefreshed => {
            let event = SessionRefreshed {
                account: alice(),
                refresh_hash: Hash16([0x44; 16]),
                refresh_expires_at: at(),
                device: device_words(),
                credential_revision: 3,
                opened_at: at(),
            };
            (StreamName::session(session()), event.into())
        }
        EventType::SessionRevoked => {
            let reason = RevocationReason::TokenReused;
            (StreamName::session(session()), SessionRevoked { account: alice(), reason }.into())
        }
        EventType::ConversationCreated => {
            let words =
                ConversationWords { name: format!("{MARK} room"), description: Some(format!("for {MARK} things")) };
            let event = ConversationCreated {
                conversation: room(),
                kind: ConversationKind::Group,
                privacy_mode: PrivacyMode::Searchable,
                created_by: alice(),
                words: Some(Field::Clear(words)),
            };
            (conversation, event.into())
        }
        EventType::ConversationChanged => {
            let words =
                ConversationWords { name: format!("{MARK} shed"), description: Some(format!("for {MARK} tools")) };
            (conversation, ConversationChanged { words: Field::Clear(words) }.into())
        }
        EventType::ConversationClosed => (conversation, ConversationClosed { closed_by: alice() }.into()),
        EventType::MemberJoined => (conversation, MemberJoined { account: bob(), role: MemberRole::Member }.into()),
        EventType::MemberLeft => (conversation, MemberLeft { account: bob() }.into()),
        EventType::MemberRoleChanged => {
            (conversation, MemberRoleChanged { account: bob(), role: MemberRole::Admin }.into())
        }
        EventType::MembershipChanged => {
            let settings =
                MembershipSettings { mute: Mute::Until(at()), pinned: true, archived: true, notify: Notify::Mentions };
            (StreamName::membership(room(), bob()), MembershipChanged { settings }.into())
        }
        EventType::MessagePinned => (conversation, MessagePinned { seq: 7, pinned_by: bob() }.into()),
        EventType::MessageUnpinned => (conversation, MessageUnpinned { seq: 7 }.into()),
        EventType::NotificationsRead => {
            (StreamName::notifications(bob()), NotificationsRead { up_to: Position(77) }.into())
        }
        EventType::MessagesPurged => {
            (conversation, MessagesPurged { through_seq: 300, count: 200, through_period: 20_454 }.into())
        }
        EventType::RetentionChanged => {
            (conversation, RetentionChanged { days: Some(7), changed_by: alice(), reason: Some(reason()) }.into())
        }
        EventType::ReadMoved => (StreamName::read(bob(), room()), ReadMoved { seq: 7 }.into()),
        EventType::MessageSent => {
            let event = MessageSent {
                sender: alice(),
                reply_to: Some(6),
                words: message_words("Hello"),
                mentions: vec![],
                period: None,
            };
            (StreamName::timeline(room()), event.into())
        }
        EventType::MessageEdited => {
            let words = message_words("Hello again");
            (message, MessageEdited { author: alice(), words, mentions: vec![], period: None }.into())
        }
        EventType::MessageDeleted => (message, MessageDeleted { deleted_by: bob(), reason: None }.into()),
        EventType::ReactionAdded => (message, ReactionAdded { account: bob(), emoji: "👍".into() }.into()),
        EventType::ReactionRemoved => (message, ReactionRemoved { account: bob(), emoji: "👍".into() }.into()),
        EventType::StoryPosted => {
            let words = StoryWords { text: format!("a {MARK} story"), caption: Some(format!("a {MARK} caption")) };
            let event = StoryPosted {
                story: story(),
                author: alice(),
                privacy: StoryPrivacy::CloseFriends,
                expires_at: at(),
                words: Field::Clear(words),
            };
            (StreamName::story(story()), event.into())
        }
        EventType::StoryExpired => {
            (StreamName::story(story()), StoryExpired { view_count: 300, reaction_count: 20 }.into())
        }
        EventType::StoryPrivacyChanged => {
            let event = StoryPrivacyChanged { privacy: StoryPrivacy::CloseFriends, previous: StoryPrivacy::Followers };
            (StreamName::story(story()), event.into())
        }
        EventType::StoryDeleted => {
            (StreamName::story(story()), StoryDeleted { deleted_by: alice(), reason: None }.into())
        }
        EventType::StoryViewed => {
            let event = StoryViewed { story: story(), author: alice(), viewer: bob(), duration_ms: Some(2_500) };
            (StreamName::view(Hash16([0x44; 16])), event.into())
        }
        EventType::AccountFollowed => (relationship, AccountFollowed { account: bob() }.into()),
        EventType::AccountUnfollowed => (relationship, AccountUnfollowed { account: bob() }.into()),
        EventType::CloseFriendAdded => (relationship, CloseFriendAdded { account: bob() }.into()),
        EventType::CloseFriendRemoved => (relationship, CloseFriendRemoved { account: bob() }.into()),
        EventType::AccountBlocked => (relationship, AccountBlocked { account: bob() }.into()),
        EventType::AccountUnblocked => (relationship, AccountUnblocked { account: bob() }.into()),
        EventType::StoriesHidden => (relationship, StoriesHidden { account: bob() }.into()),
        EventType::StoriesMuted => (relationship, StoriesMuted { account: bob() }.into()),
        EventType::StoriesShown => (relationship, StoriesShown { account: bob() }.into()),
        EventType::StoriesUnmuted => (relationship, StoriesUnmuted { account: bob() }.into()),
        EventType::ImportAdvanced => {
            (StreamName::import(Hash16([0x33; 16])), ImportAdvanced { at: at(), step: 4 }.into())
        }
        EventType::JobEnded => (StreamName::job(job()), JobEnded { outcome: JobOutcome::Failed }.into()),
        EventType::JobStarted => {
            let reason = Some(Field::Clear(ReasonWords { reason: format!("a {MARK} reason") }));
            let projections = vec!["messaging".into(), "stories".into()];
            let event = JobStarted { job: job(), kind: JobKind::Rebuild, projections, forced: true, reason };
            (StreamName::job(job()), event.into())
        }
        EventType::KeyDestroyed => {
            let subject = Subject::Story(story());
            (StreamName::keys(subject), KeyDestroyed { key: KeyRef { subject, generation: 1 } }.into())
        }
    };
    Sample { stream, id: EventId::new(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_00e0)), event }
}

fn job() -> JobId {
    JobId::new(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_006f))
}

/// A key that everybody knows: 32 times the letter of its kind.
pub fn known_secret(subject: Subject) -> Secret {
    Secret::new([subject.parts().0; Secret::BYTES])
}

/// Authors' keys are of generation 3, scopes' of generation 2, so that one cannot pass for the other.
pub fn known_keys(subjects: Subjects) -> KeyPair {
    KeyPair {
        author: subjects.author.map(|subject| KeyRef { subject, generation: 3 }),
        scope: KeyRef { subject: subjects.scope, generation: subjects.period.unwrap_or(2) },
    }
}

/// The sample of a type, sealed with known keys and the field's number as nonce.
pub fn sealed_sample(event_type: EventType) -> Sample {
    sealed(sample(event_type))
}

/// A sample, sealed likewise.
pub fn sealed(sample: Sample) -> Sample {
    let Sample { stream, id, event } = sample;
    let event_type = event.event_type();
    let mut walk = KnownSealing { stream: stream.clone(), id, event_type };
    let event = map_fields(event, &stream, &mut walk).unwrap();
    Sample { stream, id, event }
}

struct KnownSealing {
    stream: StreamName,
    id: EventId,
    event_type: EventType,
}

impl EachField for KnownSealing {
    type Fault = Misplaced;

    fn field<T: Message>(&mut self, number: u32, keys: Subjects, field: Field<T>) -> Result<Field<T>, Misplaced> {
        let schema_version = schema_version(self.event_type);
        let place = Place { stream: &self.stream, event: self.id, event_type: self.event_type, schema_version };
        let key = field_key(keys.author.map(known_secret).as_ref(), &known_secret(keys.scope));
        let nonce = [u8::try_from(number).unwrap(); NONCE_BYTES];
        let clear = field.clear().unwrap().encode_to_vec();
        Ok(Field::Sealed(seal_field(&place, number, known_keys(keys), &key, &nonce, &clear).unwrap()))
    }
}

/// Collects the sealed fields of an event.
#[derive(Default)]
pub struct Sealed(pub Vec<domain::words::SealedField>);

impl EachField for Sealed {
    type Fault = Misplaced;

    fn field<T: Message>(&mut self, _number: u32, _keys: Subjects, field: Field<T>) -> Result<Field<T>, Misplaced> {
        self.0.extend(field.sealed().cloned());
        Ok(field)
    }
}

/// The sealed fields of an event.
pub fn sealed_fields(event: &Event, stream: &StreamName) -> Vec<domain::words::SealedField> {
    let mut found = Sealed::default();
    map_fields(event.clone(), stream, &mut found).unwrap();
    found.0
}
