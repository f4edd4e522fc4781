//! `RemoveDeviceKey`: a device of the actor has no key any more.

use crate::command::{Command, Decided};
use crate::context::{Context, Names, States};
use crate::refusal::{Missing, Refusal};
use domain::account::event::DeviceKeyRemoved;
use domain::ids::DeviceId;
use domain::stream::StreamName;

/// Removes a device's key: nothing more can be sent with it.
#[derive(Clone, Debug)]
pub struct RemoveDeviceKey {
    /// Which device.
    pub device: DeviceId,
}

impl Command for RemoveDeviceKey {
    fn name(&self) -> &'static str {
        "RemoveDeviceKey"
    }

    fn stream(&self, names: &Names<'_>) -> StreamName {
        StreamName::account(names.actor_or_nil())
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let account = states.account(context.actor()?);
        if !account.exists() {
            return Err(Refusal::NotFound(Missing::Account));
        }
        if !account.device_keys().contains_key(&self.device) {
            return Ok(vec![]);
        }
        Ok(vec![(states.primary(), DeviceKeyRemoved { device: self.device }.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, BOB, device, given, published, registered};

    const REMOVE: RemoveDeviceKey = RemoveDeviceKey { device: device(1) };

    #[test]
    fn a_key_is_removed_once() {
        let removed = (StreamName::account(ALICE), DeviceKeyRemoved { device: device(1) }.into());
        given([registered(ALICE), published(ALICE, 1)]).by(ALICE).when(REMOVE).then([removed]);
        given([registered(ALICE)]).by(ALICE).when(REMOVE).then_it_is_already_so();
        given([]).by(BOB).when(REMOVE).refused(Refusal::NotFound(Missing::Account));
    }
}
