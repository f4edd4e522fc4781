//! Giving back the bytes of what nobody reads any more, and copying: positions, streams and proofs stay.

use super::*;
use crate::embedded::copy::{CopyFault, copy};
use crate::embedded::fault::OpenFault;
use crate::embedded::marks::Hidden;
use crate::embedded::reclaim::Reclaimed;
use crate::embedded::record;
use domain::ids::{AccountId, SessionId, StoryId};
use domain::limits::REFRESH_TOKEN_LIFE_MAX_SECONDS;

/// Place, stream, commitment and whether it is a stub, of every record.
type Proof = (u64, String, u64, [u8; 32], bool);

fn read_by(n: u128) -> StreamName {
    StreamName::read(AccountId::new(Uuid::from_u128(n)), ConversationId::new(Uuid::from_u128(n)))
}

fn session(n: u128) -> StreamName {
    StreamName::session(SessionId::new(Uuid::from_u128(n)))
}

fn story(n: u128) -> StreamName {
    StreamName::story(StoryId::new(Uuid::from_u128(n)))
}

fn proofs(log: &Log) -> Vec<Proof> {
    let mut all = Vec::new();
    let scan = log.history().scan(Position::START, Direction::Forward, usize::MAX, |record| {
        let (stream, revision) = (record.stream().to_owned(), record.revision());
        all.push((record.position().0, stream, revision, record.commitment(), record.is_stub()));
        ControlFlow::Continue(())
    });
    assert!(scan.unwrap().at_end);
    all
}

fn without_stubs(proofs: &[Proof]) -> Vec<Proof> {
    proofs
        .iter()
        .cloned()
        .map(|(position, stream, at, commitment, _)| (position, stream, at, commitment, false))
        .collect()
}

/// What each stream shows, in both directions, and its newest revision.
fn shown(log: &Log) -> Vec<(Vec<u64>, Vec<u64>, Option<u64>)> {
    let streams = [read_by(1), session(1), story(1), story(2), stream(1), stream(2)];
    let of = |stream: &StreamName| {
        let forward = revisions(log, stream, 0, Direction::Forward, 999);
        let backward = revisions(log, stream, u64::MAX, Direction::Backward, 999);
        (forward, backward, log.revisions(std::slice::from_ref(stream)).unwrap()[0])
    };
    streams.iter().map(of).collect()
}

/// A log of which much is hidden: by count, by age, by truncation, by deletion.
async fn hidden(place: &Place) -> Log {
    let log = place.open();
    for n in 0..40 {
        for (k, to) in (1..).zip([read_by(1), session(1), story(1), story(2), stream(1)]) {
            commit(&log, unit(to, Expected::Any, [10 * n + k])).await;
        }
    }
    log.hide(story(1), Hidden::Before(30)).await.unwrap();
    log.hide(story(2), Hidden::Deleted).await.unwrap();
    place.clock.moves_by_seconds(REFRESH_TOKEN_LIFE_MAX_SECONDS + 10);
    for n in 1_000..1_030 {
        commit(&log, unit(stream(2), Expected::Any, [n])).await;
    }
    log.close().await;
    drop(log);
    place.open()
}

#[tokio::test]
async fn what_is_hidden_becomes_stubs_and_everything_else_stays_as_it_was() {
    let place = Place::with_segments_of(4 << 10);
    let mut log = hidden(&place).await;
    let (before, seen) = (proofs(&log), shown(&log));
    let old = Arc::clone(&log.history().state.read().closed[0]);
    let bytes = log.history().verify(|_, _| {}).unwrap().bytes;
    let reclaimed = log.reclaim(|_| true).unwrap();
    // 39 of 40 by count, 40 by age, 30 by truncation, 40 by deletion, less what stands in the segment that is too young.
    assert!((100..=149).contains(&reclaimed.events) && reclaimed.segments > 3, "{reclaimed:?}");
    assert_eq!(log.reclaim(|_| true).unwrap(), Reclaimed::default(), "there is nothing more");
    // Whoever found a record through the old index still finds it.
    let (start, end) = (old.offset(&log.history().files, 3).unwrap(), old.offset(&log.history().files, 4).unwrap());
    let mut record = vec![0; (end - start) as usize];
    old.file(&log.history().files).unwrap().read_at(&mut record, start.into()).unwrap();
    assert_eq!(crate::embedded::scan::verified(&record, 4).unwrap().payload(), b"event 4");
    for _ in 0..2 {
        let after = proofs(&log);
        assert_eq!(without_stubs(&after), before, "the commitment of a stub is that of the event");
        assert_eq!(after.iter().filter(|proof| proof.4).count() as u64, reclaimed.events);
        assert_eq!(shown(&log), seen);
        let verified = log.history().verify(|_, _| {}).unwrap();
        assert_eq!((verified.stubs, verified.bytes), (reclaimed.events, bytes - reclaimed.bytes));
        let mut picked = Vec::new();
        let everywhere: Vec<_> = (1..=log.head().0).map(Position).collect();
        let pick = log.history().read_positions(&everywhere, |record| {
            picked.push(record.position().0);
            Ok(())
        });
        pick.unwrap();
        let live: Vec<_> = after.iter().filter(|proof| !proof.4).map(|proof| proof.0).collect();
        assert_eq!(picked, live);
        drop(log);
        log = place.open();
    }
}

#[test]
fn a_commitment_tells_what_happened_and_not_how_it_was_written() {
    let commitment = |event: &RawEvent, position, batch, stream: &StreamName| {
        let recorded_at = Time::from_micros(7);
        let place = record::Place { position, revision: 3, batch, recorded_at, last_of_unit: true };
        let mut bytes = Vec::new();
        record::encode(&mut bytes, place, stream.as_str(), event);
        let live = record::RecordRef::parse(&bytes).unwrap();
        let mut stub = Vec::new();
        record::stub(&mut stub, &live);
        let stub = record::RecordRef::parse(&stub).unwrap();
        assert_eq!(
            (stub.commitment(), stub.position(), stub.batch()),
            (live.commitment(), live.position(), live.batch())
        );
        assert_eq!((stub.stream(), stub.revision(), stub.recorded_at()), (live.stream(), 3, recorded_at));
        assert!(stub.is_stub() && stub.last_of_unit() && stub.live_id().is_none() && stub.payload().is_empty());
        live.commitment()
    };
    let one = commitment(&event(1), 9, 9, &story(1));
    assert_eq!(commitment(&event(1), 9, 4, &story(1)), one, "the batch is no part of what happened");
    for other in [
        commitment(&event(2), 9, 9, &story(1)),
        commitment(&event(1), 10, 10, &story(1)),
        commitment(&event(1), 9, 9, &story(2)),
        commitment(&RawEvent { payload: Bytes::from_static(b"event 2"), ..event(1) }, 9, 9, &story(1)),
    ] {
        assert_ne!(other, one);
    }
}

#[tokio::test]
async fn ids_that_must_be_known_and_the_newest_event_are_never_given_back() {
    let place = Place::with_segments_of(2 << 10);
    let log = place.open();
    for n in 1..=60 {
        commit(&log, unit(read_by(1), Expected::Any, [n])).await;
    }
    log.close().await;
    drop(log);
    let log = place.open();
    assert_eq!(log.reclaim(|_| true).unwrap(), Reclaimed::default());
    for n in 1..=60 {
        assert_eq!(log.find(&[id(n)]).unwrap(), [Some(Position(n as u64))]);
    }
    place.clock.moves_by_seconds(49 * 3600);
    assert!(log.reclaim(|_| true).unwrap().events > 30);
    assert!(!proofs(&log).last().unwrap().4);
}

#[tokio::test]
async fn a_crash_at_any_step_leaves_a_log_that_opens_with_the_same_history() {
    let place = Place::with_segments_of(4 << 10);
    drop(hidden(&place).await);
    let start = place.disk.after_crash(|_, _, now| now.to_vec());
    let (mut before, mut seen, mut steps) = (Vec::new(), Vec::new(), 0);
    loop {
        let disk = Arc::new(start.after_power_loss());
        let here = Place { disk: Arc::clone(&disk), clock: Arc::clone(&place.clock), segment_bytes: 4 << 10 };
        let log = here.open();
        if before.is_empty() {
            (before, seen) = (proofs(&log), shown(&log));
        }
        disk.faults(|faults| faults.steps = Some(steps));
        let done = log.reclaim(|_| true);
        let crashed = [disk.after_power_loss(), disk.after_crash(|_, _, now| now.to_vec())];
        assert_eq!((without_stubs(&proofs(&log)), shown(&log)), (before.clone(), seen.clone()), "after step {steps}");
        for disk in crashed {
            let here = Place { disk: Arc::new(disk), clock: Arc::clone(&place.clock), segment_bytes: 4 << 10 };
            let log = here.open();
            assert_eq!((without_stubs(&proofs(&log)), shown(&log)), (before.clone(), seen.clone()), "step {steps}");
            log.history().verify(|_, _| {}).unwrap();
            assert_eq!(log.report().torn, None);
        }
        if done.is_ok() {
            break;
        }
        steps += 1;
    }
    assert!(steps > 30, "{steps} steps");
}

#[tokio::test]
async fn a_copy_has_the_same_bytes_at_the_same_positions_and_another_id() {
    let place = Place::with_segments_of(4 << 10);
    let log = hidden(&place).await;
    log.reclaim(|_| true).unwrap();
    let (before, seen, id) = (proofs(&log), shown(&log), log.header().log_id);
    let bytes = |log: &Log| {
        let mut all = Vec::new();
        let scan = log.history().scan(Position::START, Direction::Forward, usize::MAX, |record| {
            all.extend_from_slice(record.bytes());
            ControlFlow::Continue(())
        });
        scan.unwrap();
        all
    };
    let to = Path::new("/copy");
    // Also with the server running, and with segments of another size.
    let options = Options { segment_bytes: 3 << 10, ..place.options() };
    let copied = copy(Place::dir(), &place.options(), to, &options, |_, _| {}).unwrap();
    assert_eq!((copied.head, copied.events + copied.stubs), (log.head(), before.len() as u64));
    assert!(copied.stubs > 0);
    let twin = Log::open(to, options.clone()).unwrap();
    assert_eq!((proofs(&twin), shown(&twin), bytes(&twin)), (before, seen, bytes(&log)));
    assert_eq!(twin.report().rebuilt_indexes, []);
    assert_ne!(twin.header().log_id, id);
    assert_eq!((twin.header().log_id, twin.header().key_check), (copied.log_id, log.header().key_check));
    twin.history().verify(|_, _| {}).unwrap();
    let refused = twin.append(vec![unit(story(2), Expected::Any, [5_000])]).await.unwrap();
    assert_eq!(refused, [RawAppended::Deleted { stream: story(2) }]);
    commit(&twin, unit(stream(1), Expected::Exactly(39), [5_001])).await;
    drop(twin);
    let again = copy(Place::dir(), &place.options(), to, &options, |_, _| {});
    assert!(matches!(again, Err(CopyFault::NotEmpty(_))), "{again:?}");
}

#[tokio::test]
async fn an_interrupted_copy_is_no_log() {
    let place = Place::with_segments_of(4 << 10);
    let log = hidden(&place).await;
    let mut steps = 0;
    loop {
        let target = Place { disk: Arc::default(), ..Place::with_segments_of(4 << 10) };
        target.disk.faults(|faults| faults.steps = Some(steps));
        let done = copy(Place::dir(), &place.options(), Place::dir(), &target.options(), |_, _| {});
        for disk in [target.disk.after_power_loss(), target.disk.after_crash(|_, _, now| now.to_vec())] {
            let there = disk.get(&Place::dir().join("log.header")).is_some();
            let opened = Log::open(Place::dir(), Place::on(disk).options());
            match opened {
                Ok(copied) if there => assert_eq!(proofs(&copied), proofs(&log), "step {steps}"),
                // Nothing had reached the disk: an empty directory, as before.
                Ok(empty) => assert_eq!(empty.head(), Position::START, "step {steps}"),
                Err(OpenFault::Header(_)) => assert!(!there, "step {steps}"),
                Err(fault) => panic!("step {steps}: {fault}"),
            }
        }
        if done.is_ok() {
            break;
        }
        steps += 1;
    }
    assert!(steps > 10, "{steps} steps");
}
