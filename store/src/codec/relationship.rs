//! Events of `relationship-<account>`.

use crate::codec::fields::Place;
use crate::codec::stored::{EncodeFault, Malformed, Stored, uuid, uuid_bytes};
use domain::ids::AccountId;
use domain::proto::relationship::v1 as proto;
use domain::relationship::event::{
    AccountBlocked, AccountFollowed, AccountUnblocked, AccountUnfollowed, CloseFriendAdded, CloseFriendRemoved,
    StoriesHidden, StoriesMuted, StoriesShown, StoriesUnmuted,
};

/// All of them name the other account and nothing else.
macro_rules! naming_an_account {
    ($($event:ident)*) => {$(
        impl Stored for $event {
            type Proto = proto::$event;

            fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
                Ok(Self::Proto { account: uuid_bytes(self.account.uuid()) })
            }

            fn from_proto(proto: Self::Proto, _place: &Place<'_>) -> Result<Self, Malformed> {
                Ok(Self { account: AccountId::new(uuid(&proto.account)?) })
            }
        }
    )*};
}

naming_an_account! {
    AccountBlocked AccountFollowed AccountUnblocked AccountUnfollowed CloseFriendAdded CloseFriendRemoved
    StoriesHidden StoriesMuted StoriesShown StoriesUnmuted
}
