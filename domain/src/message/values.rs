//! What a message says: a text, or what its clients made of one.

use crate::ids::DeviceKeyId;
use crate::limits::{CIPHERTEXT_MAX_BYTES, CIPHERTEXT_NONCE_MAX_BYTES, CIPHERTEXT_RECIPIENTS_MAX_BYTES};
use crate::proto::message::v1 as proto;
use crate::values::{CiphertextScheme, Invalid, MessageText, check_bytes};
use bytes::Bytes;
use std::fmt;
use uuid::Uuid;

/// What a message says, on its way into the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageContent {
    /// In a searchable conversation.
    Text(MessageText),
    /// In a strictly encrypted one.
    Ciphertext(Ciphertext),
}

impl MessageContent {
    /// As words, with the sender's own reference.
    pub fn to_words(&self, client_ref: Option<String>) -> proto::MessageWords {
        match self {
            MessageContent::Text(text) => {
                proto::MessageWords { text: text.as_str().to_owned(), client_ref, ciphertext: None }
            }
            MessageContent::Ciphertext(ciphertext) => {
                proto::MessageWords { text: String::new(), client_ref, ciphertext: Some(ciphertext.to_proto()) }
            }
        }
    }

    /// About how many bytes it has.
    pub fn bytes(&self) -> usize {
        match self {
            MessageContent::Text(text) => text.as_str().len(),
            MessageContent::Ciphertext(ciphertext) => {
                ciphertext.bytes.len() + ciphertext.recipients.as_ref().map_or(0, String::len)
            }
        }
    }
}

impl From<MessageText> for MessageContent {
    fn from(text: MessageText) -> Self {
        MessageContent::Text(text)
    }
}

/// What the clients of a strictly encrypted conversation made of a message. Nobody here can read it.
#[derive(Clone, PartialEq, Eq)]
pub struct Ciphertext {
    /// Encrypted.
    pub bytes: Bytes,
    /// What it was encrypted with beside the key.
    pub nonce: Bytes,
    /// How, by a name that clients agree on.
    pub scheme: String,
    /// The key of the sender's device.
    pub sender_key: DeviceKeyId,
    /// What each recipient's device needs, in a form of the clients' own.
    pub recipients: Option<String>,
}

impl Ciphertext {
    /// Accepts what is within the limits.
    ///
    /// # Errors
    /// Every field that is not, by its name in the API.
    pub fn parse(
        bytes: Bytes,
        nonce: Bytes,
        scheme: &str,
        sender_key: DeviceKeyId,
        recipients: Option<&str>,
    ) -> Result<Self, Vec<(&'static str, Invalid)>> {
        let mut wrong = Vec::new();
        let mut check =
            |field, checked: Result<(), Invalid>| wrong.extend(checked.err().map(|invalid| (field, invalid)));
        check("ciphertext", check_bytes(&bytes, 1, CIPHERTEXT_MAX_BYTES));
        check("nonce", check_bytes(&nonce, 1, CIPHERTEXT_NONCE_MAX_BYTES));
        check("scheme", CiphertextScheme::parse(scheme).map(drop));
        if let Some(recipients) = recipients {
            check("recipients", check_bytes(recipients.as_bytes(), 1, CIPHERTEXT_RECIPIENTS_MAX_BYTES));
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let (scheme, recipients) = (scheme.to_owned(), recipients.map(ToOwned::to_owned));
        Ok(Self { bytes, nonce, scheme, sender_key, recipients })
    }

    fn to_proto(&self) -> proto::Ciphertext {
        proto::Ciphertext {
            ciphertext: self.bytes.clone(),
            nonce: self.nonce.clone(),
            scheme: self.scheme.clone(),
            sender_key: Bytes::copy_from_slice(self.sender_key.uuid().as_bytes()),
            recipients: self.recipients.clone(),
        }
    }

    /// As words hold it.
    pub fn from_proto(stored: proto::Ciphertext) -> Self {
        let proto::Ciphertext { ciphertext, nonce, scheme, sender_key, recipients } = stored;
        // Written by us alone, and sealed since: another length cannot occur.
        let sender_key = DeviceKeyId::new(Uuid::from_slice(&sender_key).unwrap_or_default());
        Self { bytes: ciphertext, nonce, scheme, sender_key, recipients }
    }
}

/// Never shown by accident.
impl fmt::Debug for Ciphertext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ciphertext({} bytes)", self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: usize, nonce: usize, scheme: &str, recipients: usize) -> Vec<&'static str> {
        let (bytes, nonce, recipients) = (vec![7; bytes].into(), vec![7; nonce].into(), "r".repeat(recipients));
        let parsed = Ciphertext::parse(bytes, nonce, scheme, DeviceKeyId::new(Uuid::nil()), Some(&recipients));
        parsed.err().unwrap_or_default().into_iter().map(|(field, _)| field).collect()
    }

    #[test]
    fn every_field_is_within_its_limits() {
        assert!(parse(64 << 10, 64, "mls", 64 << 10).is_empty());
        assert_eq!(parse((64 << 10) + 1, 65, "", (64 << 10) + 1), ["ciphertext", "nonce", "scheme", "recipients"]);
        assert_eq!(parse(0, 0, "mls", 1), ["ciphertext", "nonce"]);
    }

    #[test]
    fn it_is_read_back_from_words() {
        let key = DeviceKeyId::new(Uuid::from_u128(9));
        let ciphertext = Ciphertext::parse(vec![1].into(), vec![2].into(), "mls", key, Some("{}")).unwrap();
        let words = MessageContent::Ciphertext(ciphertext.clone()).to_words(None);
        assert_eq!((words.text.as_str(), words.ciphertext.map(Ciphertext::from_proto)), ("", Some(ciphertext)));
    }
}
