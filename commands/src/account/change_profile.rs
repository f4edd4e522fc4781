//! `ChangeProfile`: a person calls themselves otherwise, or says something else of themselves.

use crate::command::{Command, Decided};
use crate::context::{Context, Names, States};
use crate::refusal::{Missing, Refusal};
use domain::account::event::ProfileChanged;
use domain::account::state::Account;
use domain::ids::AccountId;
use domain::proto::account::v1::ProfileWords;
use domain::stream::StreamName;
use domain::values::{Bio, DisplayName};
use domain::words::{Field, SealedField};

/// Changes what is given of a profile. Who may do so is the caller's to know.
#[derive(Clone, Debug)]
pub struct ChangeProfile {
    /// Whose.
    pub account: AccountId,
    /// Another display name; unchanged if none.
    pub display_name: Option<DisplayName>,
    /// Another bio, or none from now on; unchanged if none.
    pub bio: Option<Option<Bio>>,
}

/// The profile as it stands; its words are erased only with the whole account.
fn current(account: &Account, context: &Context<'_>) -> ProfileWords {
    match account {
        Account::Unknown | Account::Ending { .. } | Account::Erased => ProfileWords::default(),
        Account::Active { profile: Some(words), .. } => context.words_of(words).unwrap_or_default(),
        Account::Active { profile: None, words, .. } => {
            let display_name = context.words_of(words).map(|words| words.display_name).unwrap_or_default();
            ProfileWords { display_name, bio: None }
        }
    }
}

impl Command for ChangeProfile {
    fn name(&self) -> &'static str {
        "ChangeProfile"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::account(self.account)
    }

    /// The event holds the whole profile, so what is kept is sealed again with it.
    fn opens(&self, states: &States) -> Vec<SealedField> {
        let field = match states.account(self.account) {
            Account::Unknown | Account::Ending { .. } | Account::Erased => None,
            Account::Active { profile: Some(words), .. } => words.sealed(),
            Account::Active { profile: None, words, .. } => words.sealed(),
        };
        field.cloned().into_iter().collect()
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let account = states.account(self.account);
        if !account.exists() {
            return Err(Refusal::NotFound(Missing::Account));
        }
        let old = current(account, context);
        let display_name = self.display_name.as_ref().map_or(&*old.display_name, DisplayName::as_str).to_owned();
        let bio = match &self.bio {
            Some(bio) => bio.as_ref().map(|bio| bio.as_str().to_owned()),
            None => old.bio.clone(),
        };
        let new = ProfileWords { display_name, bio };
        if new == old {
            return Ok(vec![]);
        }
        Ok(vec![(states.primary(), ProfileChanged { words: Field::Clear(new) }.into())])
    }

    fn bytes(&self) -> usize {
        let bio = self.bio.as_ref().and_then(Option::as_ref).map_or(0, |bio| bio.as_str().len());
        256 + bio + self.display_name.as_ref().map_or(0, |name| name.as_str().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, Happened, given, registered};

    fn changed(display_name: &str, bio: Option<&str>) -> Happened {
        let words = ProfileWords { display_name: display_name.into(), bio: bio.map(Into::into) };
        (StreamName::account(ALICE), ProfileChanged { words: Field::Clear(words) }.into())
    }

    fn name(text: &str) -> Option<DisplayName> {
        Some(DisplayName::parse(text).unwrap())
    }

    const NOTHING: ChangeProfile = ChangeProfile { account: ALICE, display_name: None, bio: None };

    #[test]
    fn what_is_not_given_stays() {
        given([registered(ALICE)])
            .when(ChangeProfile { display_name: name("Alice"), ..NOTHING })
            .then([changed("Alice", None)]);
        given([registered(ALICE), changed("Alice", Some("hello"))])
            .when(ChangeProfile { display_name: name("Al"), ..NOTHING })
            .then([changed("Al", Some("hello"))]);
        given([registered(ALICE), changed("Alice", None)])
            .when(ChangeProfile { bio: Some(Some(Bio::parse("hello").unwrap())), ..NOTHING })
            .then([changed("Alice", Some("hello"))]);
    }

    #[test]
    fn a_bio_can_be_taken_back() {
        given([registered(ALICE), changed("Alice", Some("hello"))])
            .when(ChangeProfile { bio: Some(None), ..NOTHING })
            .then([changed("Alice", None)]);
    }

    #[test]
    fn a_profile_that_is_so_is_already_so() {
        given([registered(ALICE), changed("Alice", Some("hello"))])
            .when(ChangeProfile { display_name: name("Alice"), ..NOTHING })
            .then_it_is_already_so();
    }

    #[test]
    fn an_unknown_account_has_no_profile() {
        given([]).when(NOTHING).refused(Refusal::NotFound(Missing::Account));
    }
}
