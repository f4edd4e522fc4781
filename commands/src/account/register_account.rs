//! `RegisterAccount`: an account exists and its user name is taken.

use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::refusal::Refusal;
use domain::account::event::{AccountRegistered, UsernameReserved};
use domain::account::values::Username;
use domain::ids::{AccountId, Hash16};
use domain::proto::account::v1::{AccountWords, CredentialWords};
use domain::stream::StreamName;
use domain::values::DisplayName;
use domain::words::{Field, Purpose};

/// Registers an account. Nobody needs to be signed in.
#[derive(Clone, Debug)]
pub struct RegisterAccount {
    /// A fresh id.
    pub account: AccountId,
    /// How it signs in and is found.
    pub username: Username,
    /// How the person wants to be called; the user name when there is none.
    pub display_name: Option<DisplayName>,
    /// In PHC form; none for people who cannot sign in until they have a password.
    pub password_hash: Option<String>,
}

/// The keyed hash by which a user name is reserved and found.
pub fn username_hash(names: &Names<'_>, username: &Username) -> Hash16 {
    names.hash(Purpose::Username, &[username.folded().as_bytes()])
}

impl Command for RegisterAccount {
    fn name(&self) -> &'static str {
        "RegisterAccount"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::account(self.account)
    }

    fn reads(&self, names: &Names<'_>) -> Vec<Read> {
        vec![Read::Write(StreamName::username(username_hash(names, &self.username)))]
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        match states.username().holder {
            Some(holder) if holder == self.account => return Ok(vec![]),
            Some(_) => return Err(Refusal::UsernameTaken),
            None => {}
        }
        let username_hash = username_hash(&context.names(), &self.username);
        let display_name = self.display_name.as_ref().map_or(self.username.as_str(), DisplayName::as_str);
        let registered = AccountRegistered {
            account: self.account,
            username_hash,
            words: Field::Clear(AccountWords {
                username: self.username.as_str().to_owned(),
                display_name: display_name.to_owned(),
            }),
            credential: self.password_hash.clone().map(|password_hash| Field::Clear(CredentialWords { password_hash })),
        };
        let reserved = UsernameReserved { account: self.account };
        Ok(vec![(states.primary(), registered.into()), (StreamName::username(username_hash), reserved.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, BOB, given};

    fn register(account: AccountId, name: &str) -> RegisterAccount {
        let username = Username::parse(name).unwrap();
        RegisterAccount { account, username, display_name: None, password_hash: Some("phc".into()) }
    }

    fn hash_of(name: &str) -> Hash16 {
        username_hash(&Names::new(None, &crate::log::clear_words::ClearWords), &Username::parse(name).unwrap())
    }

    fn reserved(name: &str, account: AccountId) -> (StreamName, domain::event::Event) {
        (StreamName::username(hash_of(name)), UsernameReserved { account }.into())
    }

    #[test]
    fn registering_takes_the_user_name_in_the_same_unit() {
        let registered = AccountRegistered {
            account: ALICE,
            username_hash: hash_of("alice"),
            words: Field::Clear(AccountWords { username: "Alice".into(), display_name: "Alice".into() }),
            credential: Some(Field::Clear(CredentialWords { password_hash: "phc".into() })),
        };
        given([])
            .when(register(ALICE, "Alice"))
            .then([(StreamName::account(ALICE), registered.into()), reserved("ALICE", ALICE)]);
    }

    #[test]
    fn a_taken_user_name_is_refused_in_any_case() {
        given([reserved("alice", ALICE)]).when(register(BOB, "aLiCe")).refused(Refusal::UsernameTaken);
    }

    #[test]
    fn registering_the_same_account_again_is_already_so() {
        given([reserved("alice", ALICE)]).when(register(ALICE, "alice")).then_it_is_already_so();
    }
}
