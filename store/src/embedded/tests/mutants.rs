//! The built-in faults do what they are for: the tests of the same promises would fail with them.

use super::*;
use crate::embedded::options::Mutant;
use std::io::ErrorKind;

fn with(place: &Place, mutant: Mutant) -> Log {
    Log::open(Place::dir(), Options { mutant: Some(mutant), ..place.options() }).unwrap()
}

#[tokio::test]
async fn without_a_sync_a_loss_of_power_loses_what_was_acknowledged() {
    let place = Place::new();
    let log = with(&place, Mutant::NoSync);
    // Lets the zeroing be over, whose syncs would make the batch durable by accident.
    while place.disk.get(&Place::first_segment()).is_none_or(|bytes| bytes.len() < 64 << 10) {
        tokio::task::yield_now().await;
    }
    commit(&log, unit(stream(1), Expected::NoStream, [1])).await;
    let zeroed = place.disk.after_power_loss();
    assert_eq!(everything(&Place::on(zeroed).open()), []);
}

#[tokio::test]
async fn an_early_acknowledgement_stands_although_the_sync_failed() {
    let place = Place::new();
    let log = with(&place, Mutant::EarlyAck);
    commit(&log, unit(stream(1), Expected::NoStream, [1])).await;
    place.disk.faults(|faults| faults.sync = Some(ErrorKind::Other));
    commit(&log, unit(stream(2), Expected::NoStream, [2])).await;
}

/// A kill between writing and syncing leaves what this mutant leaves: complete records in the page cache alone.
#[tokio::test]
async fn what_a_restart_serves_survives_a_loss_of_power() {
    let place = Place::new();
    let log = with(&place, Mutant::NoSync);
    while place.disk.get(&Place::first_segment()).is_none_or(|bytes| bytes.len() < 64 << 10) {
        tokio::task::yield_now().await;
    }
    commit(&log, unit(stream(1), Expected::NoStream, [1])).await;
    log.close().await;
    let again = place.open();
    let served = everything(&again);
    assert_eq!(served.len(), 1);
    let left = place.disk.after_power_loss();
    assert_eq!(everything(&Place::on(left).open()), served);
}
