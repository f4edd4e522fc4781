//! Directories: locks, keys, foreign files, reading beside a writer. On the real disk.

use super::*;
use crate::embedded::disk::RealDisk;
use crate::embedded::fault::OpenFault;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

fn real() -> (TempDir, Options) {
    let options = Place::with_segments_of(16 << 10).options();
    (TempDir::new().unwrap(), Options { disk: Arc::new(RealDisk), ..options })
}

#[tokio::test]
async fn a_second_opener_is_refused_until_the_first_is_gone() {
    let (dir, options) = real();
    let log = Log::open(dir.path(), options.clone()).unwrap();
    assert!(matches!(Log::open(dir.path(), options.clone()).map(drop), Err(OpenFault::Locked)));
    log.close().await;
    let second = Log::open(dir.path(), options.clone()).unwrap();
    assert!(matches!(Log::open(dir.path(), options.clone()).map(drop), Err(OpenFault::Locked)));
    drop(second);
    Log::open(dir.path(), options).unwrap();
}

#[tokio::test]
async fn reading_only_needs_no_lock_and_changes_nothing() {
    let (dir, options) = real();
    assert!(matches!(Log::open_read_only(dir.path(), &options).map(drop), Err(OpenFault::Missing)));
    let log = Log::open(dir.path(), options.clone()).unwrap();
    for n in 1..=200 {
        commit(&log, unit(stream(n), Expected::NoStream, [n])).await;
    }
    let reader = Log::open_read_only(dir.path(), &options).unwrap();
    assert_eq!(everything(&reader).len(), 200);
    assert_eq!(reader.revisions(&[stream(3)]).unwrap(), [Some(0)]);
    assert!(reader.append(vec![unit(stream(1), Expected::Any, [999])]).await.is_err());
    let mut reports = Vec::new();
    let verified = reader.history().verify(|at, head| reports.push((at, head))).unwrap();
    assert_eq!((verified.events, reports.last()), (200, Some(&(Position(200), Position(200)))));
    commit(&log, unit(stream(1), Expected::Exactly(0), [201])).await;
}

#[tokio::test]
async fn files_that_are_not_ours_are_ignored() {
    let (dir, options) = real();
    for name in ["notes.txt", "00000000000000000009.seg.bak", "9.seg", "0000000000000000000x.seg", ".hidden"] {
        std::fs::write(dir.path().join(name), "not ours").unwrap();
    }
    std::fs::create_dir(dir.path().join("00000000000000000005.seg")).unwrap();
    let log = Log::open(dir.path(), options.clone()).unwrap();
    commit(&log, unit(stream(1), Expected::NoStream, [1])).await;
    drop(log);
    assert_eq!(everything(&Log::open(dir.path(), options).unwrap()), [(1, 1)]);
    assert_eq!(std::fs::read_to_string(dir.path().join("notes.txt")).unwrap(), "not ours");
}

#[tokio::test]
async fn another_hash_key_or_a_damaged_header_refuses_to_open() {
    let (dir, options) = real();
    drop(Log::open(dir.path(), options.clone()).unwrap());
    let other = Options { key_check: [8; 16], ..options.clone() };
    assert!(matches!(Log::open(dir.path(), other).map(drop), Err(OpenFault::KeyCheck)));
    let header = dir.path().join("log.header");
    let whole = std::fs::read(&header).unwrap();
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 2;
        std::fs::write(&header, damaged).unwrap();
        assert!(Log::open(dir.path(), options.clone()).is_err(), "byte {at}");
    }
    std::fs::remove_file(&header).unwrap();
    assert!(matches!(Log::open(dir.path(), options.clone()).map(drop), Err(OpenFault::Header(_))));
    let fault = Log::open_read_only(dir.path(), &options).map(drop).unwrap_err();
    assert!(matches!(fault, OpenFault::Header(_)), "there is a log in this directory: {fault}");
    std::fs::write(&header, whole).unwrap();
    Log::open(dir.path(), options).unwrap();
}

#[tokio::test]
async fn a_directory_that_is_made_is_its_owners_alone_and_one_that_is_there_stays() {
    let (dir, options) = real();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let (made, there) = (dir.path().join("made/log"), dir.path().join("there"));
    drop(Log::open(&made, options.clone()).unwrap());
    assert_eq!(mode(&made), 0o700, "{:o}", mode(&made));
    std::fs::create_dir(&there).unwrap();
    std::fs::set_permissions(&there, std::fs::Permissions::from_mode(0o755)).unwrap();
    drop(Log::open(&there, options).unwrap());
    assert_eq!(mode(&there), 0o755, "{:o}", mode(&there));
}

#[tokio::test]
async fn segments_roll_on_the_real_disk_and_are_mapped_when_opened_again() {
    let (dir, options) = real();
    let log = Log::open(dir.path(), options.clone()).unwrap();
    for n in 1..=500 {
        commit(&log, unit(stream(n % 50), Expected::Any, [n])).await;
    }
    log.close().await;
    drop(log);
    let log = Log::open(dir.path(), options).unwrap();
    assert_eq!(log.report().rebuilt_indexes, []);
    let state = log.history().state.read();
    assert!(state.closed.len() > 3 && state.closed.iter().all(|segment| segment.mapped().is_some()));
    drop(state);
    assert_eq!(everything(&log).len(), 500);
    assert_eq!(revisions(&log, &stream(7), 0, Direction::Forward, 100), (0..10).collect::<Vec<_>>());
}
