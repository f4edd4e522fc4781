//! Who waits for whom: batches of different lanes for being decided, and for the answers of others to be taken up.

use crate::house::{BOB, House, everybody_waits, person, say};
use crate::lanes::meddles;
use commands::account::register_account::RegisterAccount;
use commands::command::{Command, Envelope};
use commands::execute::{Done, Failure};
use domain::account::values::Username;
use futures_util::FutureExt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// More than are decided, or answered, at the same time.
const MANY: u128 = 100;
/// As long as answers that nobody takes up keep others waiting.
const PATIENCE: Duration = Duration::from_millis(20);

fn registration(number: u128) -> RegisterAccount {
    let username = Username::parse(&format!("person_{number}")).unwrap();
    RegisterAccount { account: person(0x1000 + number), username, display_name: None, password_hash: None }
}

type Sent<'a> = Pin<Box<dyn Future<Output = Result<Done, Failure>> + Send + 'a>>;

/// Commands of as many lanes that wait for the log; nobody looks at what comes of them yet.
async fn begun(house: &House) -> Vec<Sent<'_>> {
    house.log.hold();
    let begin = |number| {
        let mut sent: Sent<'_> = Box::pin(house.executor.execute(registration(number), Envelope::default()));
        assert!((&mut sent).now_or_never().is_none());
        sent
    };
    let sent = (0..MANY).map(begin).collect();
    everybody_waits().await;
    sent
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_the_log_keeps_nobody_from_being_decided() {
    let house = House::with_group().await;
    let sent = begun(&house).await;
    assert_eq!(house.log.calls.lock().len() as u128, MANY);
    house.log.release();
    for sent in sent {
        sent.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn answers_that_nobody_takes_up_keep_others_waiting_but_not_for_long() {
    let house = House::with_group().await;
    let sent = begun(&house).await;
    house.log.release();
    everybody_waits().await;
    let now = Instant::now();
    house.does(BOB, say("hi")).await.unwrap();
    assert!((PATIENCE..2 * PATIENCE).contains(&now.elapsed()), "{:?}", now.elapsed());
    for sent in sent {
        sent.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_taken_up_keep_nobody_waiting() {
    let house = House::with_group().await;
    let sent = begun(&house).await;
    house.log.release();
    let now = Instant::now();
    let all = futures_util::future::join_all(sent);
    let (all, said) = tokio::join!(all, house.does(BOB, say("hi")));
    assert!(all.iter().all(Result::is_ok) && said.is_ok());
    assert_eq!(now.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_answers_of_a_list_are_taken_up_in_whatever_order_they_come() {
    let house = House::with_group().await;
    let mut in_front: Sent<'_> = Box::pin(house.does(BOB, say("not taken up")));
    assert!((&mut in_front).now_or_never().is_none());
    everybody_waits().await;
    let now = Instant::now();
    // Its first one waits in its lane until the patience with the one in front is over.
    let mut list: Vec<Box<dyn Command>> = vec![Box::new(say("hi"))];
    list.extend((0..4 * MANY).map(|number| Box::new(registration(number)) as Box<dyn Command>));
    let list = list.into_iter().map(|command| (command, Envelope::of(BOB, Uuid::nil()))).collect();
    assert!(house.executor.execute_in_order(list).await.iter().all(Result::is_ok));
    assert!((PATIENCE..2 * PATIENCE).contains(&now.elapsed()), "{:?}", now.elapsed());
    in_front.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_command_that_was_overtaken_is_decided_again_at_once() {
    let house = House::with_group().await;
    meddles(&house, 1);
    let now = Instant::now();
    house.does(BOB, say("hi")).await.unwrap();
    assert_eq!(now.elapsed(), Duration::ZERO);
}
