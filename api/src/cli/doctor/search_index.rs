//! The search index: whether it opens, and whether its files are as they were written.

use crate::cli::doctor::engines::in_time;
use crate::cli::doctor::finding::Finding;
use crate::config::Config;
use projections::database::examine::{ReadModel, Standing};
use projections::search;
use std::time::{Duration, Instant};

const CHECK: &str = "search index";
/// For how long its files are looked through: a large one not to its end.
const LOOK_LIMIT: Duration = Duration::from_secs(3);

/// Looks at it. Also gives what it said, if it did in time.
pub async fn examine(config: &Config) -> (Finding, Option<ReadModel>) {
    let root = config.search_directory();
    let place = root.display().to_string();
    let looking = tokio::task::spawn_blocking(move || search::examine::examine(&root, Instant::now() + LOOK_LIMIT));
    match in_time(async { Ok(looking.await) }).await {
        Ok(Ok(index)) => (finding(&index), Some(index)),
        // The library trusted what it found.
        Ok(Err(_)) => (damaged(&place, "it cannot be opened"), None),
        Err(fault) => (Finding::warning(CHECK, fault, "see how busy the disk is, and ask again"), None),
    }
}

fn damaged(place: &str, why: &str) -> Finding {
    let advice = "build it again from the log: tidings rebuild search";
    Finding::bad(CHECK, format!("it is damaged at {place}: {why}"), advice)
}

fn finding(index: &ReadModel) -> Finding {
    let place = &index.place;
    match &index.standing {
        // No commit of an index is ever broken off: it is there or not.
        Standing::Missing | Standing::BrokenOff => Finding::good(CHECK, "there is none yet: the first start makes it"),
        Standing::Sound { is_looked_through: true, .. } => Finding::good(CHECK, "its files are as they were written"),
        Standing::Sound { is_looked_through: false, .. } => {
            Finding::good(CHECK, format!("not looked through to its end in {} s", LOOK_LIMIT.as_secs()))
        }
        Standing::Damaged(why) => damaged(place, why),
        Standing::Silent(why) => {
            Finding::bad(CHECK, format!("it cannot be looked at in {place}: {why}"), "let this user read it")
        }
    }
}
