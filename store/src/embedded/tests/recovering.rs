//! After a crash: what was acknowledged is there, what was torn is cut, and nothing stale comes back.

use super::*;
use std::ops::RangeInclusive;

/// A log of three batches: one event; two units in one batch; a unit of two events with a second unit after it, of these
/// ids.
async fn three_batches(last: RangeInclusive<u128>) -> (Place, Vec<u8>, Vec<usize>) {
    let place = Place::new();
    let log = place.open();
    let mut ends = Vec::new();
    let batches = [
        vec![unit(stream(1), Expected::NoStream, [1])],
        vec![unit(stream(2), Expected::NoStream, [2]), unit(stream(3), Expected::NoStream, [3])],
        vec![unit(stream(1), Expected::Exactly(0), [4, 5]), unit(stream(4), Expected::NoStream, last)],
    ];
    for units in batches {
        log.append(units).await.unwrap();
        ends.push(log.history().state.read().open.end as usize);
    }
    drop(log);
    let bytes = place.disk.get(&Place::first_segment()).unwrap();
    (place, bytes, ends)
}

fn reopened(place: &Place, segment: Vec<u8>) -> (Place, Log) {
    let disk = place.disk.after_power_loss();
    disk.put(&Place::first_segment(), segment);
    let place = Place::on(disk);
    let log = place.open();
    (place, log)
}

#[tokio::test]
async fn a_tail_torn_at_any_byte_is_cut_to_the_last_complete_unit() {
    let (place, bytes, ends) = three_batches(6..=6).await;
    let (start, end) = (ends[1], ends[2]);
    let after_unit = start + (end - start) / 3 * 2;
    for cut in start..end {
        let mut torn = bytes.clone();
        torn[cut..].fill(0);
        let (place, log) = reopened(&place, torn);
        // Only padding was lost where nothing but zeros was cut.
        let has = |end: usize| cut >= end || bytes[cut..end].iter().all(|byte| *byte == 0);
        let (kept, expected) = match (has(after_unit), has(end)) {
            (false, _) => (start, &[1, 2, 3][..]),
            (true, false) => (after_unit, &[1, 2, 3, 4, 5][..]),
            (true, true) => (end, &[1, 2, 3, 4, 5, 6][..]),
        };
        assert_eq!(everything(&log).iter().map(|(_, id)| *id).collect::<Vec<u128>>(), expected, "cut at {cut}");
        let whole = has(kept) && bytes[kept.min(cut)..cut].iter().all(|byte| *byte == 0);
        assert_eq!(log.report().torn.is_none(), whole, "cut at {cut}");
        let content = place.disk.get(&Place::first_segment()).unwrap();
        assert!(content[kept..].iter().all(|byte| *byte == 0), "cut at {cut}");
    }
}

#[tokio::test]
async fn a_batch_of_which_only_later_sectors_arrived_is_cut_too() {
    let (place, bytes, ends) = three_batches(6..=20).await;
    // A disk writes a sector whole or not at all.
    let mut cases = 0;
    let sectors = (ends[1]..ends[2]).filter(|at| at.is_multiple_of(512)).map(|at| at - ends[1]);
    for lost in sectors.filter(|lost| *lost > 0) {
        let mut torn = bytes.clone();
        torn[ends[1]..ends[1] + lost].fill(0);
        let (place, log) = reopened(&place, torn);
        assert_eq!(log.head(), Position(3));
        let padding = bytes[..ends[2]].iter().rev().take_while(|byte| **byte == 0).count();
        let torn = log.report().torn.unwrap();
        assert_eq!((torn.position, torn.bytes), (Position(4), (ends[2] - ends[1] - padding) as u64));
        commit(&log, unit(stream(1), Expected::Exactly(0), [77])).await;
        drop(log);
        assert_eq!(everything(&place.open()), [(1, 1), (2, 2), (3, 3), (4, 77)]);
        cases += 1;
    }
    assert!(cases > 4, "{cases}");
}

#[tokio::test]
async fn everything_acknowledged_survives_a_loss_of_what_was_not_synced() {
    let place = Place::with_segments_of(4 << 10);
    let log = place.open();
    for n in 1..=60u128 {
        commit(&log, unit(stream(n % 7), Expected::Any, [n])).await;
        if n % 9 == 0 {
            let after = Place { disk: Arc::new(place.disk.after_power_loss()), ..Place::with_segments_of(4 << 10) };
            let reopened = after.open();
            assert_eq!(reopened.head(), Position(n as u64));
            assert_eq!(everything(&reopened).len(), n as usize);
            assert_eq!(reopened.find(&[id(1), id(n)]).unwrap(), [Some(Position(1)), Some(Position(n as u64))]);
        }
    }
}

#[tokio::test]
async fn an_empty_log_and_a_log_that_was_closed_open_again_without_remarks() {
    let place = Place::new();
    drop(place.open());
    let log = place.open();
    commit(&log, unit(stream(1), Expected::NoStream, [1])).await;
    let id_before = log.header().log_id;
    log.close().await;
    let log = place.open();
    assert_eq!((log.report().torn, &log.report().damage, log.report().rebuilt_indexes.len()), (None, &None, 0));
    assert_eq!(log.header().log_id, id_before);
    commit(&log, unit(stream(1), Expected::Exactly(0), [2])).await;
    assert_eq!(everything(&log), [(1, 1), (2, 2)]);
}
