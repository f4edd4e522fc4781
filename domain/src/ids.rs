//! The registry of typed ids, alphabetical. An id exists only if it parsed.

use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// The text is not an id of the asked kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid id")]
pub struct BadId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that is known to be of this kind.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID inside.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                parse_uuid(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )*};
}

/// Only the one canonical form is an id: 36 characters, lower case, hyphens.
fn parse_uuid(text: &str) -> Result<Uuid, BadId> {
    if text.len() != 36 || text.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(BadId);
    }
    Uuid::try_parse(text).map_err(|_| BadId)
}

ids! {
    /// A person or a program with an account.
    AccountId;
    /// A direct conversation (keyed hash of its sorted pair) or a group (UUIDv7; imported: keyed hash).
    ConversationId;
    /// One of an account's devices, as its client calls it.
    DeviceId;
    /// One publication of a device's key.
    DeviceKeyId;
    /// One event. Of a command with an idempotency key: a keyed hash (UUIDv8); otherwise UUIDv7.
    EventId;
    /// Long work of an operator.
    JobId;
    /// The identity of a log, renewed by restore and copy.
    LogId;
    /// One sign-in of an account on a device.
    SessionId;
    /// A story.
    StoryId;
}

/// A message: its conversation and its sequence number there (first 1). Shown as `<conversation>-<seq>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId {
    /// The conversation that it was sent to.
    pub conversation: ConversationId,
    /// Its place there: revision + 1 of its event in the timeline stream.
    pub seq: u64,
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.conversation, self.seq)
    }
}

impl FromStr for MessageId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let (conversation, seq) = text.rsplit_once('-').ok_or(BadId)?;
        Ok(Self { conversation: conversation.parse()?, seq: parse_seq(seq)? })
    }
}

impl Serialize for MessageId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Decimal, no sign, no leading zero, at least 1, at most 2^53 - 1 (a JSON number stays exact).
pub fn parse_seq(text: &str) -> Result<u64, BadId> {
    let seq: u64 = text.parse().map_err(|_| BadId)?;
    let canonical = !text.starts_with(['0', '+']);
    if canonical && seq < (1 << 53) { Ok(seq) } else { Err(BadId) }
}

/// A place in the log: opaque, increasing, first at least 1. Zero means "before everything".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

impl Position {
    /// Before everything.
    pub const START: Self = Self(0);
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Position {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let canonical = text == "0" || !text.starts_with(['0', '+']);
        let position = text.parse::<u64>().map_err(|_| BadId)?;
        if canonical && i64::try_from(position).is_ok() { Ok(Self(position)) } else { Err(BadId) }
    }
}

impl Serialize for Position {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// 16 bytes of a keyed hash: stands for something personal where the thing itself must not stand. Shown in hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash16(pub [u8; 16]);

impl Hash16 {
    /// Whether both are the same, in a time that does not tell where they differ: for hashes of secrets.
    pub fn is_same_secret(self, other: Self) -> bool {
        self.0.iter().zip(other.0).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
    }

    /// The hash as an id of RFC 9562's free form (version 8).
    pub fn uuid(self) -> Uuid {
        uuid::Builder::from_custom_bytes(self.0).into_uuid()
    }
}

impl fmt::Display for Hash16 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for Hash16 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_is_read_back_as_it_was_shown() {
        let id = MessageId { conversation: ConversationId::new(Uuid::from_u128(7)), seq: 42 };
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn only_the_canonical_form_is_an_id() {
        for bad in ["", "x", "00000000-0000-0000-0000-00000000000A", "{00000000-0000-0000-0000-00000000000a}"] {
            assert_eq!(bad.parse::<AccountId>(), Err(BadId), "{bad}");
        }
        for bad in ["0", "01", "+1", "-1", "", "9007199254740992"] {
            assert_eq!(parse_seq(bad), Err(BadId), "{bad}");
        }
    }
}
