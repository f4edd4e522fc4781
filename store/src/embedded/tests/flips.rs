//! Every byte of a small log, changed in turn: found before anything wrong is served, and located to its position.

use super::*;
use crate::embedded::check::check;
use crate::embedded::disk::Disk;
use crate::embedded::fault::OpenFault;
use crate::embedded::marks::Hidden;
use domain::source::SourceFault;

const EVENTS: u128 = 16;

/// The files of a closed log: one closed segment with its index, the open segment, the header, a mark.
async fn files() -> Vec<(PathBuf, Vec<u8>)> {
    let place = Place::with_segments_of(2 << 10);
    let log = place.open();
    for n in 1..=EVENTS {
        commit(&log, unit(stream(n), Expected::NoStream, [n])).await;
    }
    log.hide(stream(3), Hidden::Before(1)).await.unwrap();
    log.close().await;
    drop(log);
    let names = place.disk.files().into_iter().filter(|path| !path.ends_with("spare.seg.new"));
    names.map(|path| (path.clone(), place.disk.get(&path).unwrap())).collect()
}

/// The position of the record that a byte of a segment belongs to.
fn owner(path: &Path, bytes: &[u8], byte: usize) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    let (mut position, mut at) = (name.strip_suffix(".seg")?.parse().ok()?, 0);
    loop {
        let length = u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize;
        if length == 0 {
            return None;
        }
        at += length;
        if byte < at {
            return Some(position);
        }
        position += 1;
    }
}

/// Asks everything; gives the position of the damage that was found.
fn asked(log: &Log) -> Option<u64> {
    let mut damaged = None;
    let mut answer = |fault: SourceFault| match fault {
        SourceFault::Damaged(position, _) => {
            assert!(damaged.is_none_or(|known| known == position.0), "{damaged:?} and {position}");
            damaged = Some(position.0);
        }
        other => panic!("{other:?}"),
    };
    let mut next = 1;
    let scan = log.history().scan(Position::START, Direction::Forward, usize::MAX, |record| {
        let n = record.position().0;
        assert_eq!((n, record.payload()), (next, format!("event {n}").as_bytes()));
        next += 1;
        ControlFlow::Continue(())
    });
    scan.map_or_else(&mut answer, |_| assert_eq!(next, EVENTS as u64 + 1));
    let (mut shown, all) = (0, ["conversation-".to_owned()]);
    let some = log.history().scan_by_indexes(Position::START, Direction::Forward, &all, usize::MAX, |record| {
        assert_eq!(record.payload(), format!("event {}", record.position()).as_bytes());
        shown += 1;
        ControlFlow::Continue(())
    });
    some.map_or_else(&mut answer, |_| assert_eq!(shown, EVENTS));
    for n in 1..=EVENTS {
        let mut shown = 0;
        let show = log.history().read_positions(&[Position(n as u64)], |record| {
            assert_eq!((record.id(), record.payload()), (id(n), format!("event {n}").as_bytes()));
            shown += 1;
            Ok(())
        });
        show.map_or_else(&mut answer, |()| assert_eq!(shown, 1));
        let mut shown = 0;
        let show = log.history().read_stream(&stream(n), 0, Direction::Forward, 9, |record| {
            assert_eq!((record.id(), record.payload()), (id(n), format!("event {n}").as_bytes()));
            shown += 1;
            Ok(())
        });
        show.map_or_else(&mut answer, |newest| assert_eq!((newest, shown), (Some(0), if n == 3 { 0 } else { 1 })));
        log.find(&[id(n)]).map_or_else(&mut answer, |found| assert_eq!(found, [Some(Position(n as u64))]));
        log.revisions(&[stream(n)]).map_or_else(&mut answer, |found| assert_eq!(found, [Some(0)]));
    }
    log.find(&[id(99)]).map_or_else(&mut answer, |found| assert_eq!(found, [None]));
    log.revisions(&[stream(99)]).map_or_else(&mut answer, |found| assert_eq!(found, [None]));
    damaged
}

#[tokio::test]
async fn every_changed_byte_is_found_before_anything_wrong_is_served() {
    let files = files().await;
    let (mut refused, mut served) = (0, 0);
    for (path, whole) in &files {
        for at in 0..whole.len() {
            for change in [1 << (at % 8), 0xff] {
                let place = Place::with_segments_of(2 << 10);
                files.iter().for_each(|(path, bytes)| place.disk.put(path, bytes.clone()));
                let mut changed = whole.clone();
                changed[at] ^= change;
                place.disk.put(path, changed);
                let owner = owner(path, whole, at);
                let what = format!("byte {at} of {path:?}, {change:#x}");
                match Log::assemble(Place::dir(), place.options()) {
                    Ok((log, _writer)) => {
                        assert_eq!(asked(&log), owner, "{what}");
                        served += 1;
                    }
                    Err(OpenFault::Damaged(position, _)) => {
                        assert_eq!(Some(position.0), owner, "{what}");
                        refused += 1;
                    }
                    Err(OpenFault::Header(_)) => assert!(path.ends_with("log.header"), "{what}"),
                    Err(other) => panic!("{what}: {other:?}"),
                }
            }
        }
    }
    assert!(refused > 100 && served > 1000, "{refused} {served}");
}

/// What `tidings log verify` says, of what and of which place.
#[derive(Debug, PartialEq, Eq)]
enum Reported {
    Header,
    /// A record, by its position.
    Record(u64),
    /// Bytes after the record at this position.
    Torn(u64),
    /// The index of the segment that begins at this position.
    Index(u64),
    /// The byte of the file of marks.
    Marks(usize),
}

/// The number that stands after these words.
fn after<N: std::str::FromStr>(said: &str, words: &str) -> Option<N> {
    let (_, rest) = said.split_once(words)?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// From the words of the command alone, and whether it calls them damage.
fn verified(place: &Place) -> Option<(Reported, bool)> {
    let checked = match Log::open_read_only(Place::dir(), &place.options()) {
        Ok(log) => check(&log, |_, _| {}).unwrap(),
        Err(fault) => {
            let said = fault.to_string();
            assert!(said.starts_with("the log's header is damaged"), "{said}");
            return Some((Reported::Header, true));
        }
    };
    let said = checked.to_string();
    assert_eq!(said.contains("nothing is damaged"), !checked.is_damaged(), "{said}");
    let lines: Vec<&str> = said.lines().filter(|line| !line.starts_with("verified ")).collect();
    let reported = match lines.as_slice() {
        [] => return None,
        [line] if line.starts_with("the log is damaged") => after(line, "at position ").map(Reported::Record),
        [line] if line.starts_with("the index of") => after(line, "begins at position ").map(Reported::Index),
        [line] if line.starts_with("the file `marks`") => after(line, "at byte ").map(Reported::Marks),
        [line] if line.contains("never acknowledged") => after(line, "after position ").map(Reported::Torn),
        other => panic!("{other:?}"),
    };
    Some((reported.expect("a place"), checked.is_damaged()))
}

#[tokio::test]
async fn every_changed_byte_is_reported_by_verify_with_its_place() {
    let files = files().await;
    let fresh = || {
        let place = Place::with_segments_of(2 << 10);
        files.iter().for_each(|(path, bytes)| place.disk.put(path, bytes.clone()));
        place
    };
    assert_eq!(verified(&fresh()), None);
    for (path, whole) in &files {
        let name = path.file_name().unwrap().to_str().unwrap();
        for at in 0..whole.len() {
            for change in [1 << (at % 8), 0xff] {
                let place = fresh();
                let mut changed = whole.clone();
                changed[at] ^= change;
                place.disk.put(path, changed);
                let found = verified(&place);
                let what = format!("byte {at} of {name}, {change:#x}: {found:?}");
                match (name, owner(path, whole, at)) {
                    ("log.header", _) => assert_eq!(found, Some((Reported::Header, true)), "{what}"),
                    ("marks", _) => assert_eq!(found, Some((Reported::Marks(0), true)), "{what}"),
                    ("lock", _) => {}
                    (name, _) if name.ends_with(".idx") => {
                        assert_eq!(found, Some((Reported::Index(1), true)), "{what}");
                    }
                    (_, Some(position)) => assert_eq!(found, Some((Reported::Record(position), true)), "{what}"),
                    // Where nothing is written yet, what stands there looks like the beginning of a batch.
                    (_, None) => {
                        let end = EVENTS as u64;
                        let (torn, record) =
                            (Some((Reported::Torn(end), false)), Some((Reported::Record(end + 1), true)));
                        assert!(found == torn || found == record, "{what}");
                    }
                }
            }
        }
    }
}

/// What a crash leaves is said too, and is no damage.
#[tokio::test]
async fn verify_names_a_missing_index_and_the_bytes_of_a_torn_batch() {
    let files = files().await;
    let place = Place::with_segments_of(2 << 10);
    files.iter().for_each(|(path, bytes)| place.disk.put(path, bytes.clone()));
    let index = Place::dir().join("00000000000000000001.idx");
    place.disk.remove(&index).unwrap();
    assert_eq!(verified(&place), Some((Reported::Index(1), false)));
    let log = Log::open_read_only(Place::dir(), &place.options()).unwrap();
    assert!(check(&log, |_, _| {}).unwrap().to_string().contains("is missing"));
    place.disk.put(&index, files.iter().find(|(path, _)| *path == index).unwrap().1.clone());

    let (path, whole) = files.iter().rfind(|(path, _)| path.extension().is_some_and(|it| it == "seg")).unwrap();
    let end = (0..whole.len()).find(|at| at % 8 == 0 && owner(path, whole, *at).is_none()).unwrap();
    let mut torn = whole.clone();
    torn.resize(torn.len().max(end + 1024), 0);
    torn[end + 512..end + 812].fill(7);
    place.disk.put(path, torn);
    assert_eq!(verified(&place), Some((Reported::Torn(EVENTS as u64), false)));
    let log = Log::open_read_only(Place::dir(), &place.options()).unwrap();
    assert!(check(&log, |_, _| {}).unwrap().to_string().starts_with("812 bytes after position 16 "));
}
