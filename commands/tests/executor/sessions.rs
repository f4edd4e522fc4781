//! What signing in asks.

use crate::house::{ALICE, House, another_process_appends};
use commands::session::credential::credential;
use domain::account::event::PasswordChanged;
use domain::account::values::Username;
use domain::proto::account::v1::CredentialWords;
use domain::stream::StreamName;
use domain::words::Field;

#[tokio::test]
async fn a_credential_is_found_by_its_user_name_and_is_current() {
    let house = House::empty();
    let alice = Username::parse("ALICE").unwrap();
    assert!(credential(&house.executor, &alice).await.unwrap().is_none());
    house.register(ALICE, "alice").await;
    let found = credential(&house.executor, &alice).await.unwrap().unwrap();
    assert_eq!((found.account, found.password_hash.as_deref()), (ALICE, Some("hash of alice")));
    let words = Field::Clear(CredentialWords { password_hash: "another".into() });
    another_process_appends(
        &house.log.inner,
        StreamName::account(ALICE),
        PasswordChanged { credential: words, kept_session: None },
    );
    let found = credential(&house.executor, &alice).await.unwrap().unwrap();
    assert_eq!(found.password_hash.as_deref(), Some("another"));
}
