//! `ChangeSettings`: a person chooses what others are told of them, and where their day begins.

use crate::command::{Command, Decided};
use crate::context::{Context, Names, States};
use crate::refusal::{Missing, Refusal};
use domain::account::event::SettingsChanged;
use domain::account::state::Account;
use domain::account::values::TimeZone;
use domain::ids::AccountId;
use domain::proto::account::v1::SettingsWords;
use domain::stream::StreamName;
use domain::words::{Field, SealedField};

/// Changes the settings that are given. Who may do so is the caller's to know.
#[derive(Clone, Debug)]
pub struct ChangeSettings {
    /// Whose.
    pub account: AccountId,
    /// Whether others see how far the person has read; unchanged if none.
    pub read_receipts: Option<bool>,
    /// Whether others see that the person is there; unchanged if none.
    pub presence: Option<bool>,
    /// Another time zone, or none from now on; unchanged if none.
    pub time_zone: Option<Option<TimeZone>>,
}

impl Command for ChangeSettings {
    fn name(&self) -> &'static str {
        "ChangeSettings"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::account(self.account)
    }

    /// The event holds every setting, so what is kept is sealed again with it.
    fn opens(&self, states: &States) -> Vec<SealedField> {
        match states.account(self.account) {
            Account::Active { settings, .. } => {
                settings.time_zone.as_ref().and_then(Field::sealed).cloned().into_iter().collect()
            }
            Account::Unknown | Account::Ending { .. } | Account::Erased => Vec::new(),
        }
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let Account::Active { settings, .. } = states.account(self.account) else {
            return Err(Refusal::NotFound(Missing::Account));
        };
        let old_zone = settings.time_zone.as_ref().and_then(|field| context.words_of(field));
        let zone = match self.time_zone {
            Some(zone) => zone.map(|zone| SettingsWords { time_zone: zone.as_str().to_owned() }),
            None => old_zone.clone(),
        };
        let read_receipts = self.read_receipts.unwrap_or(settings.read_receipts);
        let presence = self.presence.unwrap_or(settings.presence);
        if (read_receipts, presence) == (settings.read_receipts, settings.presence) && zone == old_zone {
            return Ok(vec![]);
        }
        let changed = SettingsChanged { read_receipts, presence, time_zone: zone.map(Field::Clear) };
        Ok(vec![(states.primary(), changed.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, Happened, given, registered};

    fn vienna() -> TimeZone {
        TimeZone::parse("Europe/Vienna").unwrap()
    }

    fn changed(read_receipts: bool, presence: bool, time_zone: Option<&str>) -> Happened {
        let time_zone = time_zone.map(|zone| Field::Clear(SettingsWords { time_zone: zone.into() }));
        (StreamName::account(ALICE), SettingsChanged { read_receipts, presence, time_zone }.into())
    }

    const NOTHING: ChangeSettings =
        ChangeSettings { account: ALICE, read_receipts: None, presence: None, time_zone: None };

    #[test]
    fn what_is_not_given_stays() {
        given([registered(ALICE)])
            .when(ChangeSettings { presence: Some(false), ..NOTHING })
            .then([changed(true, false, None)]);
        given([registered(ALICE), changed(false, false, Some("Asia/Tokyo"))])
            .when(ChangeSettings { presence: Some(true), ..NOTHING })
            .then([changed(false, true, Some("Asia/Tokyo"))]);
        given([registered(ALICE), changed(false, false, Some("Asia/Tokyo"))])
            .when(ChangeSettings { time_zone: Some(Some(vienna())), ..NOTHING })
            .then([changed(false, false, Some("Europe/Vienna"))]);
    }

    #[test]
    fn a_time_zone_can_be_taken_back() {
        given([registered(ALICE), changed(true, true, Some("Asia/Tokyo"))])
            .when(ChangeSettings { time_zone: Some(None), ..NOTHING })
            .then([changed(true, true, None)]);
    }

    #[test]
    fn settings_that_are_so_are_already_so() {
        given([registered(ALICE)]).when(NOTHING).then_it_is_already_so();
        given([registered(ALICE), changed(true, false, Some("Europe/Vienna"))])
            .when(ChangeSettings { presence: Some(false), time_zone: Some(Some(vienna())), ..NOTHING })
            .then_it_is_already_so();
    }

    #[test]
    fn an_unknown_account_has_no_settings() {
        given([]).when(NOTHING).refused(Refusal::NotFound(Missing::Account));
    }
}
