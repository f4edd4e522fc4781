//! Disks that fill up or fail.

use super::*;
use crate::embedded::marks::Hidden;
use commands::log::LogFault;
use std::io::ErrorKind;

#[tokio::test]
async fn a_failed_sync_acknowledges_nothing_and_ends_the_log() {
    let place = Place::new();
    let log = place.open();
    commit(&log, unit(stream(1), Expected::NoStream, [1])).await;
    place.disk.faults(|faults| faults.sync = Some(ErrorKind::Other));
    let answer = log.append(vec![unit(stream(1), Expected::Exactly(0), [2])]).await;
    assert!(matches!(answer, Err(LogFault::Failed(_))), "{answer:?}");
    place.disk.faults(|faults| faults.sync = None);
    let answer = log.append(vec![unit(stream(1), Expected::Exactly(0), [3])]).await;
    assert!(matches!(answer, Err(LogFault::Failed(_))), "{answer:?}");
    assert!(matches!(log.hide(stream(1), Hidden::Before(1)).await, Err(LogFault::Failed(_))));
    assert_eq!((log.head(), everything(&log)), (Position(1), vec![(1, 1)]));
    assert_eq!(log.find(&[id(2)]).unwrap(), [None]);
    assert!(log.follow().borrow().end.is_some());
}

#[tokio::test]
async fn a_full_disk_is_answered_as_such_and_the_log_goes_on_once_there_is_space() {
    let place = Place::new();
    let log = place.open();
    commit(&log, unit(stream(1), Expected::NoStream, [1])).await;
    for room in [0, 1, 40, 100, 130, 150, 250] {
        place.disk.faults(|faults| faults.room = Some(room));
        let units = vec![unit(stream(1), Expected::Exactly(0), [2]), unit(stream(2), Expected::NoStream, [3])];
        assert!(matches!(log.append(units).await, Err(LogFault::Full)), "room {room}");
        assert!(matches!(log.append(vec![unit(stream(5), Expected::Any, [4])]).await, Err(LogFault::Full)));
        assert_eq!(everything(&log), [(1, 1)]);
        // Who was told that the disk is full finds nothing of it, also if the process or the machine dies now.
        for disk in [place.disk.after_power_loss(), place.disk.after_crash(|_, _, now| now.to_vec())] {
            assert_eq!(everything(&Place::on(disk).open()), [(1, 1)], "room {room}");
        }
    }
    place.disk.faults(|faults| faults.room = None);
    commit(&log, unit(stream(1), Expected::Exactly(0), [5])).await;
    // Nothing of the batches that failed is left behind the one that followed, also not after losing power.
    for disk in [place.disk.after_power_loss(), place.disk.after_crash(|_, _, now| now.to_vec())] {
        let log = Place::on(disk).open();
        assert_eq!(everything(&log), [(1, 1), (2, 5)]);
        assert_eq!(log.report().torn, None);
    }
}

#[tokio::test]
async fn a_disk_that_is_full_when_a_segment_is_to_begin_passes_too() {
    let place = Place::with_segments_of(4 << 10);
    let log = place.open();
    let mut n = 0;
    place.disk.faults(|faults| faults.room = Some(6 << 10));
    let refused = loop {
        n += 1;
        match log.append(vec![unit(stream(n), Expected::NoStream, [n])]).await {
            Ok(_) => {}
            Err(LogFault::Full) => break n,
            Err(other) => panic!("{other:?}"),
        }
    };
    assert_eq!(log.head(), Position(refused as u64 - 1));
    assert_eq!(everything(&log).len(), refused as usize - 1);
    place.disk.faults(|faults| faults.room = None);
    for n in refused..refused + 50 {
        commit(&log, unit(stream(n), Expected::NoStream, [n])).await;
    }
    log.close().await;
    drop(log);
    assert_eq!(everything(&place.open()).len(), refused as usize + 49);
}

#[tokio::test]
async fn another_failure_of_a_write_ends_the_log() {
    let place = Place::new();
    let log = place.open();
    commit(&log, unit(stream(1), Expected::NoStream, [1])).await;
    place.disk.faults(|faults| faults.write = Some(ErrorKind::Other));
    let answer = log.append(vec![unit(stream(2), Expected::NoStream, [2])]).await;
    assert!(matches!(answer, Err(LogFault::Failed(_))));
    place.disk.faults(|faults| faults.write = None);
    assert!(log.append(vec![unit(stream(2), Expected::NoStream, [3])]).await.is_err());
    drop(log);
    commit(&place.open(), unit(stream(2), Expected::NoStream, [3])).await;
}

#[tokio::test]
async fn a_closed_log_answers_so_and_can_still_be_read() {
    let place = Place::new();
    let log = place.open();
    commit(&log, unit(stream(1), Expected::NoStream, [1])).await;
    log.close().await;
    assert!(matches!(log.append(vec![unit(stream(2), Expected::NoStream, [2])]).await, Err(LogFault::Closed)));
    assert_eq!(everything(&log), [(1, 1)]);
    log.close().await;
    commit(&place.open(), unit(stream(2), Expected::NoStream, [2])).await;
}
