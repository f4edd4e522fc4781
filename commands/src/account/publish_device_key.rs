//! `PublishDeviceKey`: a device of the actor has this key from now on.

use crate::command::{Command, Decided};
use crate::context::{Context, Names, States};
use crate::refusal::{Missing, Refusal};
use bytes::Bytes;
use domain::account::event::DeviceKeyPublished;
use domain::ids::{DeviceId, DeviceKeyId};
use domain::limits::DEVICE_KEYS_PER_ACCOUNT_MAX;
use domain::proto::account::v1::DeviceKeyWords;
use domain::stream::StreamName;
use domain::values::DeviceKeyAlgorithm;
use domain::words::{Field, SealedField};

/// Publishes a device's key in the place of the one that it had.
#[derive(Clone, Debug)]
pub struct PublishDeviceKey {
    /// Which device.
    pub device: DeviceId,
    /// A fresh id.
    pub key: DeviceKeyId,
    /// What kind of key.
    pub algorithm: DeviceKeyAlgorithm,
    /// The key, of 1 to [`domain::limits::DEVICE_KEY_MAX_BYTES`] bytes; never looked into.
    pub public_key: Bytes,
}

impl Command for PublishDeviceKey {
    fn name(&self) -> &'static str {
        "PublishDeviceKey"
    }

    fn stream(&self, names: &Names<'_>) -> StreamName {
        StreamName::account(names.actor_or_nil())
    }

    fn opens(&self, states: &States) -> Vec<SealedField> {
        let account = states.primary().account_id().map(|id| states.account(id));
        let known = account.and_then(|account| account.device_keys().get(&self.device));
        known.and_then(|known| known.words.sealed()).cloned().into_iter().collect()
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let account = states.account(context.actor()?);
        if !account.exists() {
            return Err(Refusal::NotFound(Missing::Account));
        }
        let words =
            DeviceKeyWords { algorithm: self.algorithm.as_str().to_owned(), public_key: self.public_key.clone() };
        match account.device_keys().get(&self.device) {
            Some(known) if context.words_of(&known.words).as_ref() == Some(&words) => return Ok(vec![]),
            None if account.device_keys().len() >= DEVICE_KEYS_PER_ACCOUNT_MAX => {
                return Err(Refusal::DeviceKeyLimitReached);
            }
            Some(_) | None => {}
        }
        let published = DeviceKeyPublished { device: self.device, key: self.key, words: Field::Clear(words) };
        Ok(vec![(states.primary(), published.into())])
    }

    fn bytes(&self) -> usize {
        256 + self.public_key.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, BOB, Happened, device, given, key_id, published, registered};

    fn publish(number: u128, key: u128, public_key: u8) -> PublishDeviceKey {
        let algorithm = DeviceKeyAlgorithm::parse("x25519").unwrap();
        PublishDeviceKey { device: device(number), key: key_id(key), algorithm, public_key: vec![public_key].into() }
    }

    fn event(number: u128, key: u128, public_key: u8) -> Happened {
        let words = DeviceKeyWords { algorithm: "x25519".into(), public_key: vec![public_key].into() };
        let event = DeviceKeyPublished { device: device(number), key: key_id(key), words: Field::Clear(words) };
        (StreamName::account(ALICE), event.into())
    }

    #[test]
    fn a_device_has_one_key_and_the_newest_counts() {
        given([registered(ALICE)]).by(ALICE).when(publish(1, 1, 7)).then([event(1, 1, 7)]);
        let had_one = || [registered(ALICE), published(ALICE, 1)];
        given(had_one()).by(ALICE).when(publish(1, 2, 8)).then([event(1, 2, 8)]);
        given(had_one()).by(ALICE).when(publish(1, 2, 7)).then_it_is_already_so();
        given(had_one()).by(ALICE).when(publish(2, 2, 7)).then([event(2, 2, 7)]);
    }

    #[test]
    fn an_account_has_32_devices_with_a_key_at_most() {
        let all = || {
            let keys = (0..DEVICE_KEYS_PER_ACCOUNT_MAX).map(|number| published(ALICE, number as u128));
            std::iter::once(registered(ALICE)).chain(keys)
        };
        given(all()).by(ALICE).when(publish(99, 99, 1)).refused(Refusal::DeviceKeyLimitReached);
        given(all()).by(ALICE).when(publish(0, 99, 1)).then([event(0, 99, 1)]);
    }

    #[test]
    fn who_does_not_exist_has_no_devices() {
        given([registered(ALICE)]).by(BOB).when(publish(1, 1, 1)).refused(Refusal::NotFound(Missing::Account));
        given([]).when(publish(1, 1, 1)).refused(Refusal::NotSignedIn);
    }
}
