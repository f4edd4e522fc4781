//! What is over is refused, what is not passes, and what is remembered is bounded.

use super::*;
use domain::account::event::{ErasureBegun, PasswordChanged};
use domain::ids::EventId;
use domain::proto::account::v1::CredentialWords;
use domain::session::event::SessionRevoked;
use domain::session::values::RevocationReason;
use domain::stream::StreamName;
use domain::words::Field;
use uuid::Uuid;

const NOW: Time = Time::from_micros(1_700_000_000_000_000);
const LIFE_SECONDS: i64 = 900;

struct Standing(Mutex<Time>);

impl Clock for Standing {
    fn now(&self) -> Time {
        *self.0.lock()
    }
}

fn revocations() -> (Arc<Revocations>, Arc<Standing>) {
    let clock = Arc::new(Standing(Mutex::new(NOW)));
    (Revocations::new(clock.clone(), LIFE_SECONDS), clock)
}

fn account(number: u128) -> AccountId {
    AccountId::new(Uuid::from_u128(number))
}

fn session(number: u128) -> SessionId {
    SessionId::new(Uuid::from_u128(0x5000 + number))
}

fn caller(of: u128, on: u128, credential_revision: u64) -> Caller {
    let (issued_at, expires_at) = (NOW, NOW.plus_seconds(LIFE_SECONDS));
    Caller { account: account(of), session: session(on), issued_at, expires_at, credential_revision, ring: 0 }
}

fn recorded(stream: StreamName, revision: u64, at: Time, event: impl Into<Event>) -> Recorded {
    Recorded {
        position: Position(1),
        stream,
        revision,
        id: EventId::new(Uuid::nil()),
        schema_version: 1,
        occurred_at: at,
        recorded_at: at,
        actor: None,
        correlation_id: Uuid::nil(),
        causation_id: None,
        fingerprint: None,
        event: event.into(),
    }
}

fn revoked(of: u128, on: u128, at: Time) -> Recorded {
    let event = SessionRevoked { account: account(of), reason: RevocationReason::SignedOut };
    recorded(StreamName::session(session(on)), 1, at, event)
}

fn password_changed(of: u128, revision: u64, kept: Option<u128>) -> Recorded {
    let credential = Field::Clear(CredentialWords::default());
    let event = PasswordChanged { credential, kept_session: kept.map(session) };
    recorded(StreamName::account(account(of)), revision, NOW, event)
}

#[test]
fn a_revoked_session_is_refused_and_no_other() {
    let (known, _) = revocations();
    known.take(&revoked(1, 1, NOW));
    assert!(known.check(&caller(1, 1, 0)).is_err());
    assert!(known.check(&caller(1, 2, 0)).is_ok());
}

#[test]
fn the_end_of_an_account_ends_every_session() {
    let (known, _) = revocations();
    let watch = known.watch(caller(1, 2, 3)).unwrap();
    let begun = recorded(StreamName::account(account(1)), 4, NOW, ErasureBegun { erases_at: NOW });
    known.take(&begun);
    assert!(known.check(&caller(1, 1, 0)).is_err());
    assert!(known.check(&caller(1, 2, 3)).is_err());
    assert!(known.check(&caller(2, 3, 0)).is_ok());
    assert!(watch.over.is_cancelled());
}

#[test]
fn a_new_password_ends_the_sessions_of_before_but_the_kept_one() {
    let (known, _) = revocations();
    known.take(&password_changed(1, 3, Some(1)));
    assert!(known.check(&caller(1, 1, 0)).is_ok(), "it was kept");
    assert!(known.check(&caller(1, 2, 0)).is_err());
    assert!(known.check(&caller(1, 3, 3)).is_ok(), "it was opened with the new one");
    assert!(known.check(&caller(2, 4, 0)).is_ok());
    known.take(&password_changed(1, 5, None));
    assert!(known.check(&caller(1, 1, 0)).is_err(), "it was not kept again");
    assert!(known.check(&caller(1, 3, 3)).is_err());
    known.take(&password_changed(1, 3, Some(1)));
    assert!(known.check(&caller(1, 1, 0)).is_err(), "what is told twice changes nothing");
}

#[test]
fn what_is_older_than_any_token_is_forgotten() {
    let (known, clock) = revocations();
    known.take(&revoked(1, 1, NOW));
    known.take(&password_changed(1, 3, None));
    *clock.0.lock() = NOW.plus_seconds(LIFE_SECONDS + 1);
    known.take(&revoked(2, 2, clock.now()));
    assert_eq!(known.len(), 1);
    assert!(known.check(&caller(3, 3, 0)).is_ok(), "nothing was forgotten that could matter");
}

#[test]
fn when_too_much_ends_old_tokens_are_refused_rather_than_passed() {
    let (known, _) = revocations();
    for number in 0..=REMEMBERED_MAX as u128 {
        known.take(&revoked(number, number, NOW));
    }
    assert_eq!(known.len(), REMEMBERED_MAX);
    assert!(known.check(&caller(0, 0, 0)).is_err(), "it was forgotten and is still refused");
    let mut fresh = caller(7, 0x99_9999, 0);
    assert!(known.check(&fresh).is_err());
    fresh.issued_at = NOW.plus_seconds(1);
    assert!(known.check(&fresh).is_ok(), "after a refresh its client goes on");
}

#[tokio::test]
async fn connections_are_told_when_their_session_is_over() {
    let (known, _) = revocations();
    let (mine, other) = (known.watch(caller(1, 1, 0)).ok().unwrap(), known.watch(caller(1, 2, 0)).ok().unwrap());
    known.take(&revoked(1, 1, NOW));
    mine.over().await;
    assert!(!other.over.is_cancelled());
    assert!(known.watch(caller(1, 1, 0)).is_err(), "a late one is turned away");
    known.take(&password_changed(1, 3, None));
    other.over().await;
    drop((mine, other));
    assert!(known.known.lock().sockets.is_empty());
}
