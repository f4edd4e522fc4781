//! What is found out about an index that rests.

use super::{Following, LOG, Script};
use crate::database::examine::Standing;
use crate::search::examine::examine;
use domain::ids::Position;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn look(root: &Path) -> Standing {
    examine(root, Instant::now() + Duration::from_secs(10)).standing
}

/// The files of an index's segments.
fn of_segments(root: &Path) -> Vec<PathBuf> {
    let index = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.is_dir()).unwrap();
    let files = fs::read_dir(index).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|of| of != "json" && of != "lock")).collect()
}

/// The mutants that it kills: no checksums are compared; segments are opened before; one that lacks a file is sound.
#[tokio::test]
async fn a_changed_byte_of_any_of_its_files_and_a_file_that_is_not_there_are_damage() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    assert_eq!(look(root), Standing::Missing);
    let mut script = Script::default();
    script.group(0, &[0, 1]);
    script.sends(0, 0, "red roses", None);
    script.sends(0, 1, "red tulips", None);
    let following = Following::begin(root, &script.events, LOG, Arc::default());
    following.caught_up().await;
    script.deletes(0, 2, 1);
    following.source.set(&script.events);
    following.caught_up().await;
    following.end().await;
    let at = Some((Position(script.events.len() as u64), LOG));
    assert_eq!(look(root), Standing::Sound { at, is_looked_through: true });
    assert_eq!(examine(root, Instant::now()).standing, Standing::Sound { at, is_looked_through: false });
    let files = of_segments(root);
    assert!(files.iter().any(|file| file.extension().is_some_and(|of| of == "del")), "{files:?}");
    for file in files {
        let bytes = fs::read(&file).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            fs::write(&file, changed).unwrap();
            let found = look(root);
            assert!(matches!(found, Standing::Damaged(_)), "byte {at} of {}: {found:?}", file.display());
        }
        fs::remove_file(&file).unwrap();
        let found = look(root);
        assert!(matches!(found, Standing::Damaged(_)), "without {}: {found:?}", file.display());
        fs::write(&file, bytes).unwrap();
    }
    assert_eq!(look(root), Standing::Sound { at, is_looked_through: true });
}
