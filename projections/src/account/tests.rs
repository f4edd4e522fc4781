//! Accounts by id and by name.

use crate::account::settings::Signals;
use crate::testing::script::{Script, account, time_of};
use crate::testing::words::OpenWords;
use crate::testing::world::{Place, World};
use domain::account::event::{PasswordChanged, RoleGranted, SettingsChanged};
use domain::account::values::Role;
use domain::event::EventType;
use domain::proto::account::v1::{CredentialWords, SettingsWords};
use domain::stream::StreamName;
use domain::words::{Content, Subject};

#[tokio::test]
async fn an_account_is_found_by_id_and_by_name_in_any_case() {
    for place in Place::all("accounts") {
        let mut script = Script::default();
        let registered = script.registers(1, "Ada", &OpenWords::default());
        script.registers(2, "ben", &OpenWords::default());
        let stream = StreamName::account(account(1));
        let hash = CredentialWords { password_hash: "argon2".into() };
        let credential =
            crate::testing::words::seal(&hash, &stream, EventType::PasswordChanged, None, Subject::Account(account(1)));
        script.record(stream.clone(), PasswordChanged { credential, kept_session: None });
        script.record(stream, RoleGranted { role: Role::Auditor, reason: None });
        let world = World::caught_up(&place, &script.events, 3).await;
        let reader = world.projections.accounts();
        let ada = reader.get(account(1)).await.unwrap().value.unwrap();
        assert_eq!(reader.by_username("aDA").await.unwrap().value.as_ref(), Some(&ada));
        assert_eq!(reader.by_username("adam").await.unwrap().value, None);
        assert_eq!((ada.role, ada.has_password, ada.created_at), (Role::Auditor, true, time_of(registered.0)));
        let names = ada.names.present().unwrap();
        assert_eq!((names.username.as_str(), names.display_name.as_str()), ("Ada", "Dr Ada"));
        assert_eq!(reader.role(account(2)).await.unwrap().value, Some(Role::User));
        assert_eq!(reader.role(account(3)).await.unwrap().value, None);
        let existing = reader.existing(&[account(2), account(3), account(2)]).await.unwrap().value;
        assert_eq!(existing.into_iter().collect::<Vec<_>>(), [account(2)]);

        world.words.destroy(Subject::Account(account(2)));
        assert_eq!(reader.get(account(2)).await.unwrap().value.unwrap().names, Content::Erased);
        world.stop().await;
        place.clean().await;
    }
}

#[tokio::test]
async fn the_newest_settings_count_and_those_of_others_are_told_in_bulk() {
    for place in Place::all("settings") {
        let mut script = Script::default();
        for number in 1..=3 {
            script.registers(number, &format!("person_{number}"), &OpenWords::default());
        }
        let stream = StreamName::account(account(1));
        let zone = |name: &str| {
            let words = SettingsWords { time_zone: name.into() };
            crate::testing::words::seal(&words, &stream, EventType::SettingsChanged, None, Subject::Account(account(1)))
        };
        let chosen = [(true, false, Some(zone("Europe/Vienna"))), (false, false, Some(zone("Asia/Tokyo")))];
        for (read_receipts, presence, time_zone) in chosen {
            script.record(stream.clone(), SettingsChanged { read_receipts, presence, time_zone });
        }
        let others = SettingsChanged { read_receipts: true, presence: false, time_zone: None };
        script.record(StreamName::account(account(2)), others);
        let world = World::caught_up(&place, &script.events, 2).await;
        let reader = world.projections.accounts();
        let mine = reader.settings(account(1)).await.unwrap().value.unwrap();
        assert_eq!(mine.signals, Signals { read_receipts: false, presence: false });
        assert_eq!((mine.time_zone, mine.revision), (Some(Content::Present("Asia/Tokyo".into())), 2));
        assert!(reader.settings(account(9)).await.unwrap().value.is_none());
        let told = reader.signals(&[account(3), account(2), account(9), account(2)]).await.unwrap().value;
        let expected = [
            (account(2), Signals { read_receipts: true, presence: false }),
            (account(3), Signals { read_receipts: true, presence: true }),
        ];
        assert_eq!(told.into_iter().collect::<Vec<_>>(), expected);

        world.words.destroy(Subject::Account(account(1)));
        let erased = reader.settings(account(1)).await.unwrap().value.unwrap();
        assert_eq!(erased.time_zone, Some(Content::Erased));
        world.stop().await;
        place.clean().await;
    }
}
