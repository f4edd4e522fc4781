//! Bytes that changed after they were durable: found before they are served, and located.

use super::*;
use crate::embedded::check::{Finding, check};
use crate::embedded::disk::Disk;
use crate::embedded::fault::OpenFault;
use crate::embedded::open::Rebuilt;
use crate::embedded::record::FIXED_BYTES;
use crate::embedded::segment::{index_name, parse_segment_name, segment_name};
use domain::source::SourceFault;

async fn log_of(place: &Place, events: u128) -> Vec<u8> {
    let log = place.open();
    for n in 1..=events {
        commit(&log, unit(stream(n), Expected::NoStream, [n])).await;
    }
    log.close().await;
    drop(log);
    place.disk.get(&Place::first_segment()).unwrap()
}

#[tokio::test]
async fn damage_before_a_later_batch_refuses_to_open_and_names_the_position() {
    let place = Place::new();
    let bytes = log_of(&place, 4).await;
    let record = u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
    let second = record..2 * record;
    for at in second {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x40;
        place.disk.put(&Place::first_segment(), damaged);
        match Log::open(Place::dir(), place.options()).map(drop) {
            Err(OpenFault::Damaged(Position(2), _)) => {}
            other => panic!("byte {at}: {other:?}"),
        }
        let read_only = Log::open_read_only(Place::dir(), &place.options()).unwrap();
        assert_eq!(read_only.report().damage.as_ref().unwrap().0, Position(2));
        assert_eq!(everything(&read_only), [(1, 1)]);
    }
}

#[tokio::test]
async fn damage_in_a_closed_segment_is_found_when_it_is_read_and_by_verify() {
    let place = Place::with_segments_of(2 << 10);
    let bytes = log_of(&place, 40).await;
    assert_eq!(
        Log::open_read_only(Place::dir(), &place.options()).unwrap().history().verify(|_, _| {}).unwrap().events,
        40
    );
    let record = u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
    let mut damaged = bytes.clone();
    damaged[2 * record + 100] ^= 1;
    place.disk.put(&Place::first_segment(), damaged);
    let log = place.open();
    assert_eq!(log.head(), Position(40));
    let mut seen = 0;
    let scan = log.history().scan(Position::START, Direction::Forward, usize::MAX, |_| {
        seen += 1;
        ControlFlow::Continue(())
    });
    assert!(matches!(scan, Err(SourceFault::Damaged(Position(3), _))), "{scan:?}");
    assert_eq!(seen, 2);
    let show = log.history().read_stream(&stream(3), 0, Direction::Forward, 1, |_| Ok(()));
    assert!(matches!(show, Err(SourceFault::Damaged(Position(3), _))), "{show:?}");
    let show = log.history().read_positions(&[Position(3)], |_| Ok(()));
    assert!(matches!(show, Err(SourceFault::Damaged(Position(3), _))), "{show:?}");
    assert!(log.history().read_positions(&[Position(4)], |_| Ok(())).is_ok());
    let verified = log.history().verify(|_, _| {});
    assert!(matches!(verified, Err(SourceFault::Damaged(Position(3), _))), "{verified:?}");
}

#[tokio::test]
async fn a_missing_or_damaged_index_is_built_again() {
    let place = Place::with_segments_of(2 << 10);
    log_of(&place, 40).await;
    let index = Place::dir().join("00000000000000000001.idx");
    let whole = place.disk.get(&index).unwrap();
    for at in (0..whole.len()).step_by(7) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        place.disk.put(&index, damaged);
        let log = place.open();
        assert_eq!(everything(&log).len(), 40);
        assert_eq!(log.revisions(&[stream(1), stream(3), stream(99)]).unwrap(), [Some(0), Some(0), None], "byte {at}");
        assert_eq!(log.find(&[id(2), id(99)]).unwrap(), [Some(Position(2)), None], "byte {at}");
        assert_eq!(revisions(&log, &stream(2), 0, Direction::Forward, 9), [0], "byte {at}");
    }
    place.disk.remove(&index).unwrap();
    assert_eq!(place.open().report().rebuilt_indexes, [Rebuilt::Missing(Position(1))]);
    assert_eq!(place.disk.get(&index).unwrap(), whole);
}

#[tokio::test]
async fn a_missing_segment_refuses_to_open() {
    let place = Place::with_segments_of(2 << 10);
    log_of(&place, 40).await;
    let mut names = place.disk.list(Place::dir()).unwrap();
    names.retain(|name| name.ends_with(".seg"));
    names.sort();
    place.disk.remove(&Place::dir().join(&names[1])).unwrap();
    assert!(matches!(Log::open(Place::dir(), place.options()).map(drop), Err(OpenFault::Damaged(..))));
}

/// The first positions of the segments, in order.
fn segments(place: &Place) -> Vec<u64> {
    let mut firsts: Vec<u64> =
        place.disk.list(Place::dir()).unwrap().iter().filter_map(|name| parse_segment_name(name)).collect();
    firsts.sort_unstable();
    firsts
}

fn remove(place: &Place, name: &str) {
    place.disk.remove(&Place::dir().join(name)).unwrap();
}

#[tokio::test]
async fn the_newest_segments_are_missed_and_their_positions_are_not_given_out_again() {
    for lost in 1..=3 {
        let place = Place::with_segments_of(2 << 10);
        log_of(&place, 40).await;
        let firsts = segments(&place);
        let (kept, gone) = firsts.split_at(firsts.len() - lost);
        gone.iter().for_each(|first| remove(&place, &segment_name(*first)));
        let next = Position(gone[0]);
        let before = place.disk.files();
        match Log::open(Place::dir(), place.options()).map(drop) {
            Err(OpenFault::Damaged(position, _)) => assert_eq!(position, next),
            other => panic!("{lost} segments lost: {other:?}"),
        }
        assert_eq!(place.disk.files(), before, "a log that does not open stays as it is");
        let log = Log::open_read_only(Place::dir(), &place.options()).unwrap();
        let checked = check(&log, |_, _| {}).unwrap();
        assert!(matches!(&checked.findings[..], [Finding::Damaged(position, _)] if *position == next), "{checked}");
        assert_eq!(everything(&log).len() as u64, next.0 - 1, "what is left is read");
        drop(log);
        // An index of the segment before is not the only proof: that of a lost segment is one too.
        if lost > 1 {
            remove(&place, &index_name(*kept.last().unwrap()));
            let opened = Log::open(Place::dir(), place.options()).map(drop);
            assert!(matches!(opened, Err(OpenFault::Damaged(position, _)) if position == next), "{opened:?}");
        }
    }
}

#[tokio::test]
async fn a_log_of_which_every_segment_is_lost_does_not_begin_again() {
    let place = Place::with_segments_of(2 << 10);
    log_of(&place, 40).await;
    segments(&place).into_iter().for_each(|first| remove(&place, &segment_name(first)));
    for opened in [
        Log::open(Place::dir(), place.options()).map(drop),
        Log::open_read_only(Place::dir(), &place.options()).map(drop),
    ] {
        assert!(matches!(opened, Err(OpenFault::Damaged(Position(1), _))), "{opened:?}");
    }
}

/// A server that has the log begins a segment and writes the index of the one before between two looks.
#[tokio::test]
async fn reading_beside_a_server_that_rolls_finds_nothing_lost() {
    let place = Place::with_segments_of(600);
    let log = place.open();
    let reading = std::thread::spawn({
        let (disk, options) = (Arc::clone(&place.disk), place.options());
        move || {
            let mut looks = 0;
            while disk.get(&Place::dir().join("done")).is_none() {
                match Log::open_read_only(Place::dir(), &options) {
                    Ok(seen) => assert_eq!(seen.report().damage, None),
                    // A segment was cut to its end while it was read.
                    Err(OpenFault::Io(..)) => {}
                    Err(other) => panic!("{other:?}"),
                }
                looks += 1;
            }
            looks
        }
    });
    for n in 1..=400 {
        commit(&log, unit(stream(n), Expected::NoStream, [n])).await;
    }
    place.disk.put(&Place::dir().join("done"), Vec::new());
    assert!(reading.join().unwrap() > 1);
}

/// A length that is wrong by a little ends within the padding, as if only the last bytes had not arrived.
#[tokio::test]
async fn one_changed_bit_in_the_fixed_part_of_the_newest_record_is_never_taken_for_a_torn_tail() {
    for digits in 1..=8 {
        let place = Place::new();
        let log = place.open();
        commit(&log, unit(stream(1), Expected::NoStream, [1])).await;
        let start = log.history().state.read().open.end as usize;
        commit(&log, unit(stream(2), Expected::NoStream, [10_u128.pow(digits)])).await;
        drop(log);
        let bytes = place.disk.get(&Place::first_segment()).unwrap();
        for bit in 0..FIXED_BYTES * 8 {
            let mut changed = bytes.clone();
            changed[start + bit / 8] ^= 1 << (bit % 8);
            let disk = place.disk.after_power_loss();
            disk.put(&Place::first_segment(), changed);
            let opened = Log::open(Place::dir(), Place::on(disk).options()).map(|log| log.report().torn);
            let is_found = matches!(opened, Err(OpenFault::Damaged(Position(2), _)));
            assert!(is_found, "{digits} more digits, bit {bit}: {opened:?}");
        }
    }
}
