//! The projections: what the running server says of them, or, where none runs, what their checkpoints say beside the log.

use crate::admin::client;
use crate::admin::protocol::Outcome;
use crate::app::App;
use crate::cli::doctor::engines::in_time;
use crate::cli::doctor::finding::Finding;
use domain::ids::{LogId, Position};
use projections::database::examine::{ReadModel, Standing};
use projections::projection::SEARCH;
use projections::wait::{State, Status};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Duration;

const CHECK: &str = "projections";
/// Events that a projection may be behind: under load it is by what is gathered in a quarter of a second.
const BEHIND_GOOD_EVENTS: u64 = 10_000;
/// In this time a projection that is behind must have moved.
const MOVES_WITHIN: Duration = Duration::from_secs(1);
/// What to do about one that cannot go on by itself.
const REBUILD: &str = "mend what it says, then build it again: tidings rebuild";

/// What the running server says.
#[derive(Deserialize, Serialize)]
struct Told {
    head: u64,
    projections: Vec<One>,
}

/// What it says of one of them.
#[derive(Deserialize, Serialize)]
struct One {
    name: String,
    position: u64,
    doing: Doing,
}

#[derive(Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Doing {
    Running,
    Building,
    Retrying(String),
    Stopped(String),
}

/// The running server's side: how its projections and its index are doing.
///
/// # Errors
/// When it cannot be written down.
pub fn tell(app: &App) -> anyhow::Result<Outcome> {
    let projections = app.statuses().into_iter().map(One::of).collect();
    let told = Told { head: app.log.head().0, projections };
    Ok(Outcome { value: serde_json::to_value(&told)?, words: String::new() })
}

impl One {
    fn of(status: Status) -> Self {
        let doing = match status.state {
            State::Running => Doing::Running,
            State::Building => Doing::Building,
            State::Retrying(reason) => Doing::Retrying(reason),
            State::Stopped(reason) => Doing::Stopped(reason),
        };
        Self { name: status.name.to_owned(), position: status.position.0, doing }
    }
}

/// Asks the server; where none runs, compares the checkpoints with the end of the log, if there is one that can be read.
pub async fn examine(data: &Path, end: Option<(LogId, Position)>, read_models: &[ReadModel]) -> Vec<Finding> {
    let findings = match in_time(ask(data)).await {
        Ok(Some(told)) => running(data, &told).await,
        Ok(None) => match end {
            Some(end) => read_models.iter().filter_map(|model| resting(model, end)).collect(),
            None => return Vec::new(),
        },
        Err(fault) => {
            let advice = "if the server is of an older version, restart it";
            vec![Finding::warning(CHECK, format!("the running server does not tell of them: {fault}"), advice)]
        }
    };
    if findings.is_empty() {
        vec![Finding::good(CHECK, "none has stopped, and none is far behind the log")]
    } else {
        findings
    }
}

async fn ask(data: &Path) -> anyhow::Result<Option<Told>> {
    let outcome = client::ask_running(data, &["doctor"]).await?;
    Ok(outcome.map(|outcome| serde_json::from_value(outcome.value)).transpose()?)
}

async fn running(data: &Path, told: &Told) -> Vec<Finding> {
    let mut later = None;
    if told.projections.iter().any(|one| one.doing == Doing::Running && one.position < told.head) {
        tokio::time::sleep(MOVES_WITHIN).await;
        later = in_time(ask(data)).await.ok().flatten();
    }
    told.projections.iter().filter_map(|one| one.finding(told.head, later.as_ref())).collect()
}

impl One {
    fn finding(&self, head: u64, later: Option<&Told>) -> Option<Finding> {
        let Self { name, position, doing } = self;
        let behind = head.saturating_sub(*position);
        let now = format!("{name}, at position {position} of {head},");
        match doing {
            Doing::Stopped(reason) => {
                Some(Finding::bad(CHECK, format!("{now} has stopped: {reason}"), format!("{REBUILD} {name}")))
            }
            Doing::Retrying(reason) => {
                let advice = "see to what it needs: it goes on by itself, or stops after about a minute";
                Some(Finding::warning(CHECK, format!("{now} is tried again and again: {reason}"), advice))
            }
            Doing::Building => {
                Some(Finding::warning(CHECK, format!("{now} is being built and answers nothing yet"), "wait for it"))
            }
            Doing::Running if self.stands_still(later) => {
                let found = format!("{now} is {behind} events behind and does not move");
                Some(Finding::warning(
                    CHECK,
                    found,
                    "ask again; if it stays so, look at the server's log and restart it",
                ))
            }
            Doing::Running if behind > BEHIND_GOOD_EVENTS => {
                let found = format!("{now} is {behind} events behind");
                Some(Finding::warning(CHECK, found, "ask again: if it grows, the database is too slow for what comes"))
            }
            Doing::Running => None,
        }
    }

    /// Whether it was behind a while ago and has done nothing since.
    fn stands_still(&self, later: Option<&Told>) -> bool {
        let Some(later) = later else { return false };
        later.projections.iter().any(|one| {
            one.name == self.name
                && one.doing == Doing::Running
                && one.position == self.position
                && one.position < later.head
        })
    }
}

/// What a start would find.
fn resting(model: &ReadModel, (log, head): (LogId, Position)) -> Option<Finding> {
    let Standing::Sound { at: Some((position, of_log)), .. } = &model.standing else { return None };
    let name = model.name;
    if name == SEARCH && (*of_log != log || *position > head) {
        let found = format!("{name} is of the log {of_log} up to {position}, not of {log} up to {head}");
        return Some(Finding::warning(CHECK, found, "if the log is the right one, the next start builds it again"));
    }
    if *of_log != log {
        let found = format!(
            "{name} is of the log {of_log}, not of {log}: a start leaves its rows alone and answers nothing of it"
        );
        return Some(Finding::bad(CHECK, found, format!("build it from this log: tidings rebuild {name}")));
    }
    if *position > head {
        let found =
            format!("{name} knows of position {position}, and the log ends at {head}: a start answers nothing of it");
        return Some(Finding::bad(CHECK, found, format!("if the log is the right one: tidings rebuild {name}")));
    }
    let behind = head.0 - position.0;
    (behind > BEHIND_GOOD_EVENTS).then(|| {
        let found = format!("{name} is {behind} events behind the log's end at {head}");
        Finding::warning(CHECK, found, "the next start applies them; until then it does not answer for what is new")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const HERE: u128 = 1;

    fn found_of(name: &'static str, position: u64, log: u128) -> Option<String> {
        let at = Some((Position(position), LogId::new(Uuid::from_u128(log))));
        let standing = Standing::Sound { at, is_looked_through: true };
        let model = ReadModel { name, place: String::new(), standing };
        resting(&model, (LogId::new(Uuid::from_u128(HERE)), Position(30_000))).map(|finding| finding.found)
    }

    fn found(position: u64, log: u128) -> Option<String> {
        found_of("stories", position, log)
    }

    #[test]
    fn a_checkpoint_far_behind_or_beyond_the_end_or_of_another_log_is_found() {
        assert_eq!(found(30_000, HERE), None);
        assert_eq!(found(20_000, HERE), None);
        assert!(found(19_999, HERE).is_some_and(|found| found.contains("10001 events behind")));
        assert!(found(30_001, HERE).is_some_and(|found| found.contains("30001")));
        assert!(found(30_000, 2).is_some_and(|found| found.contains("of the log")));
    }

    fn one(position: u64, doing: Doing) -> One {
        One { name: "stories".into(), position, doing }
    }

    #[test]
    fn one_that_is_behind_must_move() {
        let later = |position| Told { head: 30, projections: vec![one(position, Doing::Running)] };
        let now = one(10, Doing::Running);
        assert!(now.finding(30, Some(&later(10))).is_some_and(|finding| finding.found.contains("does not move")));
        assert!(now.finding(30, Some(&later(20))).is_none());
        assert!(now.finding(30, None).is_none());
        assert!(one(10, Doing::Running).finding(20_000, None).is_some());
        let retrying = one(30, Doing::Retrying("gone".into())).finding(30, None);
        assert!(retrying.is_some_and(|finding| finding.found.contains("gone")));
    }

    #[test]
    fn of_an_index_of_another_log_or_beyond_the_end_it_says_that_a_start_builds_it_again() {
        let another = |found: Option<String>| found.is_some_and(|found| found.starts_with("search is of the log"));
        assert!(another(found_of(SEARCH, 3, HERE + 1)) && another(found_of(SEARCH, 30_001, HERE)));
        assert_eq!(found_of(SEARCH, 30_000, HERE), None);
        assert!(found_of(SEARCH, 3, HERE).is_some_and(|found| found.contains("29997 events behind")));
    }
}
