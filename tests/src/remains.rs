//! What is left of words in the files of a server: found in clear, whatever the case.

use crate::world::{Mode, World};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What every word begins with that is looked for.
pub const CANARY: &str = "canary";

/// Where `word` begins in `bytes`, whatever the case of ASCII letters. Leaps over what cannot be it (Horspool), because the
/// files of a PostgreSQL are many and tests are not optimised.
pub fn places<'a>(bytes: &'a [u8], word: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let mut leaps = [word.len(); 256];
    for (at, byte) in word.iter().enumerate().take(word.len().saturating_sub(1)) {
        leaps[usize::from(byte.to_ascii_lowercase())] = word.len() - 1 - at;
        leaps[usize::from(byte.to_ascii_uppercase())] = word.len() - 1 - at;
    }
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(window) = bytes.get(at..at + word.len()) {
            let here = at;
            at += leaps[usize::from(*window.last()?)].max(1);
            if window.eq_ignore_ascii_case(word) {
                return Some(here);
            }
        }
        None
    })
}

/// Calls `look` with every file below a folder that was written at `since` or later: what is older cannot hold a word that
/// was made then. Gives how many files there are, the older ones too.
///
/// # Panics
/// When a file's time is not known.
pub fn look_through(folder: &Path, since: SystemTime, look: &mut impl FnMut(&Path, &[u8])) -> usize {
    let mut count = 0;
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path: PathBuf = entry.path();
        // A database may remove a file meanwhile.
        let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
        if metadata.is_dir() {
            count += look_through(&path, since, look);
        } else if metadata.is_file() {
            count += 1;
            if metadata.modified().expect("a time") >= since
                && let Ok(bytes) = fs::read(&path)
            {
                look(&path, &bytes);
            }
        }
    }
    count
}

/// A word that occurs nowhere else.
pub fn canary() -> String {
    format!("{CANARY}{}", uuid::Uuid::new_v4().simple())
}

/// The files below a folder that hold these bytes, and how many there are; those are left out that were last written before.
pub fn files_with(folder: &Path, bytes: &[u8], since: SystemTime) -> (Vec<PathBuf>, usize) {
    let mut found = Vec::new();
    let count = look_through(folder, since, &mut |path, content| {
        if places(content, bytes).next().is_some() {
            found.push(path.to_owned());
        }
    });
    (found, count)
}

/// Fails when the word stands in a file of Tidings, or of the PostgreSQL that `tests/run` started.
///
/// # Panics
/// When it does.
pub async fn assert_nowhere(world: &World, (word, since): (&str, SystemTime)) {
    let (found, looked_at) = files_with(world.directory(), word.as_bytes(), since);
    assert!(found.is_empty() && looked_at > 3, "{found:?} of {looked_at}");
    if world.mode == Mode::Production
        && let Ok(postgres) = std::env::var("TIDINGS_TEST_POSTGRES_DATA")
    {
        world.checkpoints().await;
        let (found, looked_at) = files_with(Path::new(&postgres), word.as_bytes(), since);
        assert!(found.is_empty() && looked_at > 100, "{found:?} of {looked_at}");
    }
}
